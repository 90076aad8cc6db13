/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as they are written: which of them decide anything. Exact (reach.h), for system calls with
 * up to MOST_RULES rules.
 */
#include "lint/internal.h"

#include "base/memory.h"
#include "lint/reach.h"

#define MOST_RULES 128u

static struct clause clause_of(const struct rule *rule)
{
    return (struct clause){rule->conditions, rule->condition_count};
}

static bool can_hold(const struct rule *rule)
{
    return clause_reach(NULL, 0, clause_of(rule)) != REACH_NONE;
}

typedef void rule_function(struct lint *lint, size_t syscall, const struct syscall_rules *rules);

static void for_each(struct lint *lint, rule_function *function)
{
    const struct policy *policy = lint->subject->policy;
    for (size_t i = 0; i < policy->syscall_count; i++) {
        if (policy->syscalls[i].rule_count <= MOST_RULES) {
            function(lint, i, &policy->syscalls[i]);
        }
    }
}

static struct place place_at(struct lint *lint, size_t syscall, size_t rule)
{
    return lint_rule_place(lint, (struct origin){.syscall = syscall, .rule = rule});
}

static void find_never(struct lint *lint, size_t syscall, const struct syscall_rules *rules)
{
    for (size_t k = 0; k < rules->rule_count; k++) {
        if (!can_hold(&rules->rules[k])) {
            lint_find(lint, place_at(lint, syscall, k),
                      memory_printf("the conditions of rule %zu of %s can never hold", k + 1,
                                    rules->name),
                      NULL);
        }
    }
}

void lint_never(struct lint *lint)
{
    for_each(lint, find_never);
}

static void find_always(struct lint *lint, size_t syscall, const struct syscall_rules *rules)
{
    for (size_t k = 0; k < rules->rule_count; k++) {
        const struct rule *rule = &rules->rules[k];
        for (size_t c = 0; c < rule->condition_count; c++) {
            if (clause_implies((struct clause){0}, (struct clause){&rule->conditions[c], 1})) {
                lint_find(lint, place_at(lint, syscall, k),
                          memory_printf("the condition on argument %u in rule %zu of %s always "
                                        "holds",
                                        (unsigned)rule->conditions[c].argument, k + 1, rules->name),
                          NULL);
                break;
            }
        }
    }
}

void lint_always(struct lint *lint)
{
    for_each(lint, find_always);
}

/* Rules that can hold and that no call reaches. `lost`: they deny something that earlier rules let
   pass; otherwise what happens is what they say, or stricter. */
static void find_covered(struct lint *lint, size_t syscall, const struct syscall_rules *rules,
                         bool lost)
{
    CLEANUP_FREE struct clause *clauses = memory_zeroed(rules->rule_count, sizeof *clauses);
    for (size_t k = 0; k < rules->rule_count; k++) {
        const struct rule *rule = &rules->rules[k];
        clauses[k] = clause_of(rule);
        if (k == 0 || !can_hold(rule) || clause_reach(clauses, k, clauses[k]) != REACH_NONE) {
            continue;
        }
        bool passes = false;
        for (size_t i = 0; i < k; i++) {
            passes = passes || (!action_denies(rules->rules[i].action) &&
                                clauses_meet(clauses[i], clauses[k]));
        }
        if ((passes && action_denies(rule->action)) == lost) {
            CLEANUP_FREE char *action = action_text(rule->action);
            lint_find(lint, place_at(lint, syscall, k),
                      memory_printf("rule %zu of %s (%s) decides no call: earlier rules cover all "
                                    "that it matches%s",
                                    k + 1, rules->name, action,
                                    lost ? ", and let calls pass that it would deny" : ""),
                      NULL);
        }
    }
}

static void find_unreachable(struct lint *lint, size_t syscall, const struct syscall_rules *rules)
{
    find_covered(lint, syscall, rules, true);
}

static void find_redundant(struct lint *lint, size_t syscall, const struct syscall_rules *rules)
{
    find_covered(lint, syscall, rules, false);
}

void lint_unreachable(struct lint *lint)
{
    for_each(lint, find_unreachable);
}

void lint_redundant(struct lint *lint)
{
    for_each(lint, find_redundant);
}

/* The first earlier rule of another action that matches some, but not all, of what rule `k` does,
   and more than that: then their order decides. An exception followed by the general case is a
   common way to write. SIZE_MAX if there is none. */
static size_t overlapping(const struct syscall_rules *rules, size_t k)
{
    struct clause later = clause_of(&rules->rules[k]);
    for (size_t i = 0; i < k; i++) {
        struct clause earlier = clause_of(&rules->rules[i]);
        if (!action_equal(rules->rules[i].action, rules->rules[k].action) &&
            clauses_meet(earlier, later) && !clause_implies(earlier, later) &&
            !clause_implies(later, earlier)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void find_overlap(struct lint *lint, size_t syscall, const struct syscall_rules *rules)
{
    for (size_t k = 1; k < rules->rule_count; k++) {
        size_t i = overlapping(rules, k);
        if (i != SIZE_MAX) {
            CLEANUP_FREE char *first = action_text(rules->rules[i].action);
            CLEANUP_FREE char *second = action_text(rules->rules[k].action);
            lint_find(lint, place_at(lint, syscall, k),
                      memory_printf("rules %zu (%s) and %zu (%s) of %s both match some calls: the "
                                    "first decides",
                                    i + 1, first, k + 1, second, rules->name),
                      NULL);
        }
    }
}

void lint_overlap(struct lint *lint)
{
    for_each(lint, find_overlap);
}
