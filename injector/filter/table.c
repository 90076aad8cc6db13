/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into a table, and letting go of it. resolve.c makes them. */
#include "filter/table.h"

#include "base/memory.h"

void table_free(struct table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t a = 0; a < table->abi_count; a++) {
        struct table_abi *abi = &table->abis[a];
        for (size_t r = 0; r < abi->range_count; r++) {
            struct table_range *range = &abi->ranges[r];
            for (size_t i = 0; i < range->rule_count; i++) {
                free(range->rules[i].conditions);
            }
            free(range->rules);
        }
        free(abi->ranges);
    }
    free(table->abis);
    free(table);
}

static const struct table_range *range_of(const struct table_abi *abi, uint32_t number)
{
    size_t low = 0;
    size_t high = abi->range_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number <= abi->ranges[middle].last) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return &abi->ranges[low];
}

static bool condition_holds(const struct condition *condition, const struct seccomp_data *call)
{
    uint64_t argument = call->args[condition->argument];
    if (condition->width == 32) {
        argument &= UINT32_MAX;
    }
    switch (condition->compare) {
    case COMPARE_EQ:
        return argument == condition->value;
    case COMPARE_NE:
        return argument != condition->value;
    case COMPARE_LT:
        return argument < condition->value;
    case COMPARE_LE:
        return argument <= condition->value;
    case COMPARE_GT:
        return argument > condition->value;
    case COMPARE_GE:
        return argument >= condition->value;
    case COMPARE_MASKED_EQ:
        return (argument & condition->mask) == condition->value;
    }
    return false;
}

static bool rule_holds(const struct table_rule *rule, const struct seccomp_data *call)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (!condition_holds(&rule->conditions[i], call)) {
            return false;
        }
    }
    return true;
}

static struct action evaluate_range(const struct table_range *range,
                                    const struct seccomp_data *call, struct origin *origin)
{
    for (size_t i = 0; i < range->rule_count; i++) {
        if (rule_holds(&range->rules[i], call)) {
            *origin = range->rules[i].origin;
            return range->rules[i].action;
        }
    }
    *origin = range->default_origin;
    return range->default_action;
}

struct action table_evaluate(const struct table *table, const struct seccomp_data *call,
                             struct origin *origin)
{
    struct origin unused;
    for (size_t i = 0; i < table->abi_count; i++) {
        if (table->abis[i].audit_architecture == call->arch) {
            const struct table_range *range = range_of(&table->abis[i], (uint32_t)call->nr);
            return evaluate_range(range, call, origin != NULL ? origin : &unused);
        }
    }
    if (origin != NULL) {
        *origin = (struct origin){.kind = ORIGIN_REFUSED_ABI};
    }
    return table->other_abi;
}
