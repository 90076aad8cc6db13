/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trying rows of the width table: a call is made in a child as it is, and with the upper half of
 * one argument set. Where the outcome is the same the kernel has ignored it (32 bits), where it
 * differs the kernel has looked at it (64 bits).
 */
#ifndef ELFCAGE_WIDTH_PROBE_H
#define ELFCAGE_WIDTH_PROBE_H

#include <stdint.h>
#include <sys/types.h>

/* In the place of an argument: the pid of the child that makes the call. */
#define SELF UINT64_C(0x5e1f5e1f)

struct call {
    long number;
    uint64_t arguments[6];
};

/* Runs in a child and returns 0 or an errno; a child that dies counts as 255. */
typedef int call_function(const struct call *call);
int outcome_of(call_function *function, const struct call *call);
/* syscall(2) as it stands. */
int plain_call(const struct call *call);

/* The outcome of one argument's probe. */
enum probe {
    PROBE_NARROW, /* 32 bits */
    PROBE_WIDE,   /* 64 bits */
    PROBE_OPEN,   /* the call cannot be made here, or fails, so that nothing is known */
};
enum probe probe_argument(call_function *function, const struct call *call, unsigned argument);

/*
 * Tries the arguments that `which` has bits for, and fails the test where the kernel and the row do
 * not agree. probe_result() says what came of all tries of a row.
 */
void probe_call(const char *name, unsigned which, call_function *function, const struct call *call);
struct probe_result {
    uint8_t made, agreed; /* bits of arguments */
};
const struct probe_result *probe_result(const char *name);

/* Functions for calls whose effect has to be looked at. */
int clone_call(const struct call *call);  /* writes to the tids, uses stack and thread pointer */
int ptrace_call(const struct call *call); /* argument 1 is replaced by a child, upper half kept */
int mount_call(const struct call *call);  /* in namespaces of its own */

#endif
