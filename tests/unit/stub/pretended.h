/* SPDX-License-Identifier: 0BSD */
/* In the place of an architecture: system calls of the stub become calls of the test. */
#ifndef ELFCAGE_TESTS_STUB_PRETENDED_H
#define ELFCAGE_TESTS_STUB_PRETENDED_H

enum {
    STUB_SYS_WRITE = 1,
    STUB_SYS_EXIT,
    STUB_SYS_PRCTL,
    STUB_SYS_EXIT_GROUP,
    STUB_SYS_SECCOMP,
};

long stub_syscall(long number, long a, long b, long c, long d, long e);
void stub_trap(void);

#endif
