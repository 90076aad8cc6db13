/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs written by hand, as tables: what the tests of run and prove share.
 */
#ifndef ELFCAGE_TESTS_UNIT_FILTER_PROGRAMS_H
#define ELFCAGE_TESTS_UNIT_FILTER_PROGRAMS_H

#include "filter/filter.h"

#include <stddef.h>

#define OFFSET_NR offsetof(struct seccomp_data, nr)
#define OFFSET_ARCH offsetof(struct seccomp_data, arch)
#define OFFSET_IP offsetof(struct seccomp_data, instruction_pointer)
#define OFFSET_LOW(argument) (offsetof(struct seccomp_data, args) + 8 * (size_t)(argument))
#define OFFSET_HIGH(argument) (OFFSET_LOW(argument) + 4u)

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define RETURN_A BPF_STMT(BPF_RET | BPF_A, 0)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define ERRNO(number) RETURN(SECCOMP_RET_ERRNO | (number))
#define KILL RETURN(SECCOMP_RET_KILL_PROCESS)
#define JEQ(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), (jt), (jf))
#define JGT(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (k), (jt), (jf))
#define JGE(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (k), (jt), (jf))
#define JSET(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (k), (jt), (jf))
#define JA(k) BPF_STMT(BPF_JMP | BPF_JA, (k))
#define AND(k) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (k))

#define PROGRAM_MAX 24

/* An array that ends with a return, and zeroes behind it, as a filter that borrows it. */
static inline struct filter program_of(struct sock_filter instructions[static PROGRAM_MAX])
{
    size_t count = PROGRAM_MAX;
    while (count > 0) {
        const struct sock_filter *last = &instructions[count - 1];
        if (last->code || last->jt || last->jf || last->k) {
            break;
        }
        count--;
    }
    return (struct filter){.instructions = instructions, .count = count};
}

#endif
