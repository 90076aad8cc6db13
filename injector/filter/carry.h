/* SPDX-License-Identifier: Apache-2.0 */
/* From the rules that a policy has for names to the rules of one number, in one ABI. */
#ifndef ELFCAGE_FILTER_CARRY_H
#define ELFCAGE_FILTER_CARRY_H

#include "filter/table.h"

struct rule_list {
    struct table_rule *rules; /* owned, with their conditions */
    size_t count;
    size_t capacity;
};

void rule_list_free(struct rule_list *list);

/* Does a rule of the list deny, before one that always holds? */
bool rules_deny(const struct syscall_rules *rules);

/*
 * Appends what decides system call `name` of `abi`: the rules that the policy has for it, and the
 * denials of every name to which `name` is another way. Nothing is appended if the policy says
 * nothing of it. *allow_lost becomes true if a rule that allows cannot be said in this ABI.
 */
void carry_rules(const struct policy *policy, const struct abi *abi, const char *name,
                 struct rule_list *list, bool *allow_lost);

#endif
