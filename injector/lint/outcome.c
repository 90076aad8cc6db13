/* SPDX-License-Identifier: Apache-2.0 */
/* What a table does with one system call, over all its arguments. */
#include "lint/internal.h"

#include "base/memory.h"
#include "lint/reach.h"

#include <errno.h>
#include <string.h>

static const struct table_range *range_of(const struct table_abi *abi, uint32_t number)
{
    size_t i = 0;
    while (number > abi->ranges[i].last) {
        i++;
    }
    return &abi->ranges[i];
}

static void count_in(struct outcome *outcome, struct action action, struct origin origin)
{
    if (!action_denies(action)) {
        if (!outcome->passes && !outcome->denied) {
            outcome->origin = origin;
        }
        outcome->passes = true;
        return;
    }
    if (!outcome->denied) {
        outcome->origin = origin;
        outcome->denial = action;
        outcome->only_enosys = true;
    }
    outcome->denied = true;
    outcome->by_rule = outcome->by_rule || origin.kind == ORIGIN_RULE;
    outcome->only_enosys =
        outcome->only_enosys && action.kind == ACTION_ERRNO && action.data == ENOSYS;
}

struct outcome lint_outcome(const struct table_abi *table, const struct abi *abi, const char *name)
{
    struct outcome outcome = {0};
    uint32_t number;
    if (!abi_syscall_number(abi, name, &number)) {
        return outcome;
    }
    outcome.present = true;
    const struct table_range *range = range_of(table, number);
    CLEANUP_FREE struct clause *clauses = memory_zeroed(range->rule_count, sizeof *clauses);
    bool open = true;
    for (size_t i = 0; i < range->rule_count && open; i++) {
        const struct table_rule *rule = &range->rules[i];
        clauses[i] = (struct clause){rule->conditions, rule->condition_count};
        if (clause_reach(clauses, i, clauses[i]) != REACH_NONE) {
            count_in(&outcome, rule->action, rule->origin);
        }
        open = rule->condition_count > 0;
    }
    if (open && clause_reach(clauses, range->rule_count, (struct clause){0}) != REACH_NONE) {
        count_in(&outcome, range->default_action, range->default_origin);
    }
    return outcome;
}

struct outcome lint_native(const struct lint *lint, const char *name)
{
    return lint_outcome(&lint->subject->table->abis[0], lint->subject->arch->abis[0], name);
}

bool lint_passes(const struct table *table, const struct abi *abi, const char *name,
                 const uint64_t arguments[static POLICY_ARGUMENTS])
{
    struct seccomp_data call = {.arch = abi->audit_architecture};
    uint32_t number;
    if (!abi_syscall_number(abi, name, &number)) {
        return false;
    }
    call.nr = (int)number;
    memcpy(call.args, arguments, sizeof call.args);
    return !action_denies(table_evaluate(table, &call, NULL));
}
