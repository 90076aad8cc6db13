/* SPDX-License-Identifier: 0BSD */
/*
 * What the stub reads at run time. Shared by the stub (which includes nothing else) and the
 * injector. All fields are in the byte order of the target.
 */
#ifndef ELFCAGE_STUB_FORMAT_H
#define ELFCAGE_STUB_FORMAT_H

#include <stdint.h>

#define ELFCAGE_STUB_MAGIC 0x42555453u /* "STUB" */
#define ELFCAGE_STUB_VERSION 1u

#define ELFCAGE_STUB_KEEP_PRIVILEGES 0x1u /* --nnp never: do not set no_new_privs */
#define ELFCAGE_STUB_WARN 0x2u            /* --on-load-failure warn: go on without the filter */

/* At the very start of section .elfcage.stub. Displacements are from the address of this struct. */
struct elfcage_stub_config {
    uint32_t magic;
    uint16_t version;
    uint16_t instruction_count;  /* of the filter, 1..4096 */
    int64_t filter_displacement; /* to the first struct sock_filter */
    int64_t next_displacement;   /* to where it goes on: the original entry point, say */
    uint32_t seccomp_flags;      /* for seccomp(2): SECCOMP_FILTER_FLAG_*, TSYNC always */
    uint32_t stub_flags;         /* ELFCAGE_STUB_* */
};

#ifdef __STDC_VERSION__
_Static_assert(sizeof(struct elfcage_stub_config) == 32, "the stub and the injector agree on this");
#endif

#endif
