/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel writes down when a filter kills, logs or, with SECCOMP_FILTER_FLAG_LOG, refuses:
 * an audit record of type 1326 (AUDIT_SECCOMP), as it stands in the kernel's log, in the journal
 * (also as JSON), in audit.log, enriched or not, or as ausearch prints it.
 */
#ifndef ELFCAGE_WATCH_RECORD_H
#define ELFCAGE_WATCH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
    uint32_t architecture; /* AUDIT_ARCH_*; 0: the record does not say (Linux before 3.16) */
    uint32_t number;       /* of the system call */
    uint32_t code;         /* SECCOMP_RET_*, without data: the record has none */
    uint64_t pid;          /* 0: not said */
    char *command;         /* owned: comm=, printable; NULL: not said */
    char *program;         /* owned: exe= */
};

enum record_found {
    RECORD_NONE,  /* the line is something else */
    RECORD_FOUND, /* *out is set */
    RECORD_BAD,   /* one, but it does not say which call: *why is a text */
};

/* Looks for a record in one line, of `size` bytes. */
enum record_found record_parse(const char *line, size_t size, struct record *out, const char **why);
void record_clear(struct record *record); /* what it holds */

#endif
