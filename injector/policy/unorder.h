/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules without order, for formats that have none (OCI JSON): rules of one system call of which two
 * that can both match have one action, each with at most one condition on an argument.
 */
#ifndef ELFCAGE_POLICY_UNORDER_H
#define ELFCAGE_POLICY_UNORDER_H

#include "base/error.h"
#include "policy/model.h"

struct loose_rule {
    struct condition conditions[POLICY_ARGUMENTS];
    size_t condition_count;
    struct action action;
};

struct loose_rules {
    struct loose_rule *items; /* owned */
    size_t count, capacity;
};

bool loose_equal(const struct loose_rule *a, const struct loose_rule *b);
void loose_rules_free(struct loose_rules *rules); /* what it holds */

/*
 * What the rules of one system call mean, without order. Exact. A condition of 32 bits becomes
 * MASKED_EQ, which says the same where 64 bits are compared; so does one that the format's readers
 * would take otherwise. ERROR_POLICY, with the place of the rule, for what they could not take at
 * all, and where more than 4096 rules would be needed.
 */
int rules_unorder(const struct syscall_rules *rules, struct loose_rules *out, struct error *error);

/* ERROR_POLICY about one rule, with its place if it has one: "rule 2 of 'socket' ...". */
int rule_error(const struct syscall_rules *rules, size_t index, struct error *error,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
