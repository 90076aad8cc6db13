/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What show, verify and simulate print on standard output, as text or as JSON. Every JSON report is
 * one object with "elfcage-report" (the kind) and "schema" (REPORT_SCHEMA; raised when the meaning
 * of a key changes; new keys may come without).
 */
#ifndef ELFCAGE_COMMANDS_REPORT_H
#define ELFCAGE_COMMANDS_REPORT_H

#include "commands/caged.h"

#define REPORT_SCHEMA 1u

/* The opening that all JSON reports have; `kind` is "show", "verify", ... */
struct json_writer;
struct json_writer *report_begin(const char *kind);

struct simulation {
    const struct arch *arch;
    const struct policy *policy; /* NULL: the filter was given as it is */
    const struct filter *filter;
    struct seccomp_data call;
    bool notifies; /* a process that listens would decide; `action` is not set */
    struct action action;
    struct origin origin;
    struct trace trace;
};

void report_simulation(const struct simulation *simulation, bool json, bool trace);

/* `error` is NULL if the file passed; `proved`: and its filter was proved equal to a policy. */
void report_verify(const char *file, bool proved, const struct error *error);

/* The first `size` bytes of its identity, as hexadecimal digits. Owned by the caller. */
char *identity_text(const struct payload *payload, size_t size);

/* `with_filter`: the disassembly too. */
void report_cage(const char *file, const struct caged *caged, bool json, bool with_filter);

#endif
