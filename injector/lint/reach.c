/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question is given to those who answer such questions anyway: two tables that differ in the
 * action of the asked rule alone, a program of the first, and the prover, which either shows that
 * the program says what the second table says (then no call reaches the rule) or returns a call on
 * which they differ (then that call does, which is looked up once more).
 */
#include "lint/reach.h"

#include "base/memory.h"
#include "filter/prove.h"

/* A question takes some hundred steps. */
#define MOST_STEPS UINT64_C(2000000)
#define MOST_EARLIER 64u

static const struct action asked = {.kind = ACTION_ERRNO, .data = 1};
static const struct action other = {.kind = ACTION_ERRNO, .data = 2};

static bool widths_differ(struct clause a, struct clause b)
{
    unsigned seen[POLICY_ARGUMENTS] = {0};
    for (size_t i = 0; i < a.count + b.count; i++) {
        const struct condition *c = i < a.count ? &a.conditions[i] : &b.conditions[i - a.count];
        seen[c->argument] |= c->width;
        if (seen[c->argument] == (32u | 64u)) {
            return true;
        }
    }
    return false;
}

/* Perhaps. conditions_can_hold() is exact for one width an argument. */
static bool may_meet(struct clause a, struct clause b)
{
    return widths_differ(a, b) || conditions_can_hold(a.conditions, a.count, b.conditions, b.count);
}

static void fill_rule(struct table_rule *rule, struct clause clause, struct action action)
{
    rule->conditions =
        clause.count ? memory_copy(clause.conditions, clause.count * sizeof *clause.conditions)
                     : NULL;
    rule->condition_count = clause.count;
    rule->action = action;
}

/* Number 0 of one ABI with the rules; everything else gets the other action. */
static struct table *ask(const struct clause *earlier, size_t earlier_count, struct clause clause,
                         struct action action)
{
    const struct abi *abi = abi_by_name("x86_64"); /* any of 64 bits */
    struct table *table = memory_zeroed(1, sizeof *table);
    table->other_abi = other;
    table->abis = memory_zeroed(1, sizeof *table->abis);
    table->abi_count = 1;
    struct table_abi *only = &table->abis[0];
    only->name = abi->name;
    only->audit_architecture = abi->audit_architecture;
    only->ranges = memory_zeroed(2, sizeof *only->ranges);
    only->range_count = 2;
    only->ranges[0] = (struct table_range){.default_action = other};
    only->ranges[1] = (struct table_range){.first = 1, .last = UINT32_MAX, .default_action = other};
    struct table_range *range = &only->ranges[0];
    range->rules = memory_zeroed(earlier_count + 1, sizeof *range->rules);
    range->rule_count = earlier_count + 1;
    for (size_t i = 0; i < earlier_count; i++) {
        fill_rule(&range->rules[i], earlier[i], other);
    }
    fill_rule(&range->rules[earlier_count], clause, action);
    return table;
}

static enum reach answer(const struct clause *earlier, size_t earlier_count, struct clause clause)
{
    struct table *with = ask(earlier, earlier_count, clause, asked);
    struct table *without = ask(earlier, earlier_count, clause, other);
    struct filter filter = {0};
    struct error error = {0};
    struct counterexample call = {0};
    enum reach reach = REACH_OPEN;
    if (filter_build(with, &filter, &error) == 0) {
        switch (prove_with_budget(&filter, without, MOST_STEPS, &call, NULL)) {
        case PROOF_EQUAL:
            reach = REACH_NONE;
            break;
        case PROOF_REFUTED:
            if (action_equal(table_evaluate(with, &call.call, NULL), asked)) {
                reach = REACH_SOME;
            }
            break;
        case PROOF_OPEN:
            break;
        }
    }
    error_clear(&error);
    filter_free(&filter);
    table_free(with);
    table_free(without);
    return reach;
}

enum reach clause_reach(const struct clause *earlier, size_t earlier_count, struct clause clause)
{
    struct clause met[MOST_EARLIER];
    size_t count = 0;
    for (size_t i = 0; i < earlier_count; i++) {
        if (!may_meet(earlier[i], clause)) {
            continue;
        }
        if (earlier[i].count == 0) {
            return REACH_NONE;
        }
        if (count == MOST_EARLIER) {
            return REACH_OPEN;
        }
        met[count++] = earlier[i];
    }
    if (count == 0 && !widths_differ(clause, (struct clause){0})) {
        return conditions_can_hold(clause.conditions, clause.count, NULL, 0) ? REACH_SOME
                                                                             : REACH_NONE;
    }
    return answer(met, count, clause);
}

bool clauses_meet(struct clause a, struct clause b)
{
    if (!widths_differ(a, b)) {
        return conditions_can_hold(a.conditions, a.count, b.conditions, b.count);
    }
    struct condition *both = memory_zeroed(a.count + b.count, sizeof *both);
    for (size_t i = 0; i < a.count + b.count; i++) {
        both[i] = i < a.count ? a.conditions[i] : b.conditions[i - a.count];
    }
    enum reach reach = answer(NULL, 0, (struct clause){both, a.count + b.count});
    free(both);
    return reach == REACH_SOME;
}

bool clause_implies(struct clause a, struct clause b)
{
    return b.count == 0 || clause_reach(&b, 1, a) == REACH_NONE;
}
