/* SPDX-License-Identifier: Apache-2.0 */
/* What tries of system calls are written with, and those that are in files of their own. */
#ifndef ELFCAGE_WIDTH_CALLS_H
#define ELFCAGE_WIDTH_CALLS_H

#include "width_probe.h"

#include "arch/arch.h"

/* A pointer or a signed number as a register. */
#define P(pointer) ((uint64_t)(uintptr_t)(pointer))
#define N(number) ((uint64_t)(int64_t)(number))

/* Bits of `which`. */
enum { A = 1, B = 2, C = 4, D = 8, E = 16, F = 32, AB = 3, ABC = 7, ABCD = 15, ABCDE = 31 };

/* The number of a call, also of one that the headers of this machine lack. */
static inline long number_of(const char *name)
{
    uint32_t number = UINT32_MAX;
    (void)abi_syscall_number(arch_host()->abis[0], name, &number);
    return (long)number;
}

/* Tries the arguments that `which` has bits for, by a call of `function` that does what it needs
   around the system call. */
#define TRY_WITH(function, which, name, ...)                                                       \
    probe_call(#name, (which), function, &(struct call){number_of(#name), {__VA_ARGS__}})
#define TRY(which, name, ...) TRY_WITH(plain_call, which, name, __VA_ARGS__)

/* Makes the call in a folder of its own, thrown away afterwards, with a file "f" and a folder "d".
 */
int folder_call(const struct call *call);
/* As root, or as root of a user namespace: in namespaces of mounts, names and IPC of its own. */
int namespace_call(const struct call *call);
/* 0 if this process is in namespaces of its own now. */
int enter_namespaces(void);

/* Argument `index` is an object that was made for the call: its number goes into the lower half. */
struct call with_object(const struct call *call, unsigned index, long object);

void test_widths_of_changes_to_files(void **state);
void test_widths_of_attributes(void **state);
void test_widths_of_mounts(void **state);
void test_widths_of_time(void **state);
void test_widths_of_signals_and_scheduling(void **state);
void test_widths_of_queues_and_memory(void **state);
void test_widths_of_talking_sockets(void **state);
void test_widths_of_rings_and_rules(void **state);
void test_widths_not_tried_are_argued(void **state);

#endif
