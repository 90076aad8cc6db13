/* SPDX-License-Identifier: Apache-2.0 */
/* What printing (canonical.c) and reading (canonical_read.c, canonical_condition.c) share. */
#ifndef ELFCAGE_POLICY_CANONICAL_H
#define ELFCAGE_POLICY_CANONICAL_H

#include "policy/json.h"
#include "policy/policy.h"

struct canonical_flag {
    const char *name;
    uint32_t value; /* SECCOMP_FILTER_FLAG_* */
};

#define CANONICAL_FLAG_COUNT 2u
extern const struct canonical_flag canonical_flags[CANONICAL_FLAG_COUNT];

#define CANONICAL_OPERATOR_COUNT 7u
extern const char *const canonical_operators[CANONICAL_OPERATOR_COUNT]; /* by enum compare */

struct canonical_reader {
    const char *file;
    const char *place_file; /* `file`, owned by the policy */
    struct policy *policy;
    struct policy_notes *notes;
    struct error *error;
    size_t rules; /* with conditions, so far */
};

/* A condition as it is written: with one value, or as the last one of a rule with several. */
struct canonical_condition {
    const struct json_value *list;        /* all of it */
    const struct json_value *mask;        /* NULL if it has none */
    const struct json_value *first_value; /* the others follow it in the list */
    struct condition condition;           /* without value and mask */
};

/* Reads the array at `value`; *out is the condition with its first value. Notes a comparison of
   other bits than the kernel consumes of that argument of system call `name`. */
int canonical_read_condition(const struct canonical_reader *r, const struct json_value *value,
                             const char *name, struct canonical_condition *written,
                             struct condition *out);
/* The same condition with the value at `value`. */
int canonical_read_value(const struct canonical_reader *r,
                         const struct canonical_condition *written, const struct json_value *value,
                         struct condition *out);

#endif
