/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings on a policy, and on the pair of policy and program. What a filter does is looked up in
 * its table, never guessed from names; what is asked of the text (a rule that no call reaches) is
 * decided by the prover.
 *
 * A check is one const entry (lint.c holds the table). Its code never changes its meaning; its
 * severity is
 *   error    the policy does not do what it says
 *   warning  it probably does not do what is meant, or breaks programs
 *   note     worth knowing
 */
#ifndef ELFCAGE_LINT_LINT_H
#define ELFCAGE_LINT_LINT_H

#include "elf/payload.h"
#include "filter/table.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
#define SEVERITY_COUNT 3u

/* "note", "warning", "error". */
const char *severity_text(enum severity severity);
bool severity_parse(const char *text, enum severity *out);

struct lint_check {
    const char *code; /* "EC101" */
    enum severity severity;
    const char *title; /* one line */
    const char *help;  /* why it matters, and the way out */
};

/* All checks, in the order of their codes. */
#define LINT_CHECK_COUNT 42u
const struct lint_check *lint_check_at(size_t index); /* NULL past the end */

struct lint_finding {
    const struct lint_check *check;
    struct place place; /* line 0: the policy as a whole; file NULL: it has none, or the program */
    bool of_binary;     /* about the program rather than a rule */
    char *text;         /* owned; what is wrong */
    char *way_out;      /* owned */
};

struct lint_report {
    struct lint_finding *findings; /* owned; by place, then code */
    size_t count, capacity;
};

/* What is looked at; all borrowed. */
struct lint_subject {
    const struct policy *policy;
    const struct arch *arch;
    const struct table *table;           /* of `policy` for `arch` */
    const struct image *image;           /* the program; NULL: the policy alone */
    const struct payload *payload;       /* NULL: it is not caged */
    const struct policy *carried_policy; /* that it is caged with, if not `policy`; else NULL */
};

void lint_run(const struct lint_subject *subject, struct lint_report *out);
void lint_report_free(struct lint_report *report); /* what it holds */

/* May a program under this table start another program, but a caged one not load its filter? */
bool lint_nesting_is_blocked(const struct table *table, const struct arch *arch);

#endif
