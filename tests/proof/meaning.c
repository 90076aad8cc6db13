/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy means for a call of a 64-bit ABI, said again without a table: first match wins, on
 * the low bits that each condition asks for. In those ABIs a name has one number, and no other way
 * leads there.
 */
#include "harness.h"

#include <errno.h>

static bool holds(const struct condition *condition, const struct seccomp_data *call)
{
    const uint64_t bits = condition->width == 64 ? UINT64_MAX : UINT32_MAX;
    const uint64_t argument = call->args[condition->argument] & bits;
    const bool less = argument < condition->value;
    const bool equal = argument == condition->value;
    switch (condition->compare) {
    case COMPARE_EQ:
        return equal;
    case COMPARE_NE:
        return !equal;
    case COMPARE_LT:
        return less;
    case COMPARE_LE:
        return less || equal;
    case COMPARE_GT:
        return !less && !equal;
    case COMPARE_GE:
        return !less;
    case COMPARE_MASKED_EQ:
        return (argument & condition->mask) == condition->value;
    }
    return false;
}

static bool all_hold(const struct rule *rule, const struct seccomp_data *call)
{
    bool all = true;
    for (size_t i = 0; i < rule->condition_count; i++) {
        all = all && holds(&rule->conditions[i], call);
    }
    return all;
}

/* Numbers by which programs of another ABI call: refused whole. */
static bool is_foreign(const struct abi *abi, uint32_t number)
{
    bool is = false;
    for (size_t i = 0; i < abi->foreign_range_count; i++) {
        is =
            is || (number >= abi->foreign_ranges[i].first && number <= abi->foreign_ranges[i].last);
    }
    return is;
}

bool policy_means(const struct policy *policy, const struct abi *abi,
                  const struct seccomp_data *call, struct action *action)
{
    uint32_t highest = 0;
    *action = policy->default_action;
    for (size_t s = 0; s < policy->syscall_count; s++) {
        const struct syscall_rules *syscall = &policy->syscalls[s];
        uint32_t number = 0;
        if (!abi_syscall_number(abi, syscall->name, &number)) {
            continue;
        }
        highest = number > highest ? number : highest;
        for (size_t r = 0; number == (uint32_t)call->nr && r < syscall->rule_count; r++) {
            if (all_hold(&syscall->rules[r], call)) {
                *action = syscall->rules[r].action;
                return true;
            }
        }
    }
    if (is_foreign(abi, (uint32_t)call->nr)) {
        *action = (struct action){.kind = ACTION_ERRNO, .data = ENOSYS};
        if (policy->audit) {
            *action = (struct action){.kind = ACTION_LOG};
        }
        return true;
    }
    return (uint32_t)call->nr <= highest;
}
