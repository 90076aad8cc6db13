/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy's words mean for one number of one ABI.
 *
 * A name's own rules go to its own number, in order. A denial also goes to every other way
 * (arch/ways.c), since the policy refuses a thing and not one of its spellings; what allows goes
 * nowhere else. On one number the order is
 *   1. own rules that deny, up to the first that does not,
 *   2. denied sub-calls, if the number is a multiplexer: allowing socketcall allows those only that
 *      nobody denied,
 *   3. the other own rules,
 *   4. denials carried from siblings: where the policy speaks of both names, its words for this one
 *      come first.
 * A default that denies refuses every way that the policy does not name: there a denial is carried
 * only if it is stricter than the default.
 * A condition that cannot be said here, because a parameter is elsewhere or hidden in memory, makes
 * a denial unconditional and an allowance void. A denial that becomes unconditional so takes the
 * strictest action of the denials from there on.
 * A denial of a command that the ABI knows by other values too denies those.
 */
#include "filter/carry.h"

#include "base/memory.h"

#include <string.h>

enum mapping {
    MAPPED,
    MAPPED_NEVER,    /* it cannot hold in this ABI */
    MAPPED_UNSAYABLE /* its arguments are not where the condition looks */
};

void rule_list_free(struct rule_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->rules[i].conditions);
    }
    free(list->rules);
    *list = (struct rule_list){0};
}

static void rule_list_add(struct rule_list *list, const struct condition *conditions, size_t count,
                          struct action action, struct origin origin)
{
    struct table_rule *rule =
        memory_append(&list->rules, &list->count, &list->capacity, sizeof *rule);
    rule->conditions = count == 0 ? NULL : memory_copy(conditions, count * sizeof *conditions);
    rule->condition_count = count;
    rule->action = action;
    rule->origin = origin;
}

bool rules_deny(const struct syscall_rules *rules)
{
    for (size_t i = 0; i < rules->rule_count; i++) {
        if (action_denies(rules->rules[i].action)) {
            return true;
        }
        if (rules->rules[i].condition_count == 0) {
            return false;
        }
    }
    return false;
}

/* The strictest action of the denials from rule `from` to the first that always holds; there is a
   denial at `from`. Kinds of actions are ordered, the strictest first. */
static struct action strictest_from(const struct syscall_rules *rules, size_t from)
{
    struct action strictest = rules->rules[from].action;
    for (size_t i = from; i < rules->rule_count; i++) {
        struct action action = rules->rules[i].action;
        if (action_denies(action) && action.kind < strictest.kind) {
            strictest = action;
        }
        if (rules->rules[i].condition_count == 0) {
            break;
        }
    }
    return strictest;
}

static unsigned first_split(const struct abi *abi, const char *name)
{
    for (size_t i = 0; i < abi->split_count; i++) {
        if (strcmp(abi->splits[i].name, name) == 0) {
            return abi->splits[i].first;
        }
    }
    return POLICY_ARGUMENTS;
}

enum truth { TRUTH_OPEN, TRUTH_ALWAYS, TRUTH_NEVER };

/*
 * Registers of a 32-bit ABI reach the filter zero-extended, so a 64-bit comparison there is one of
 * 32 bits, or decided by its constant alone. Comparisons that cannot fail, or not hold, are decided
 * in every ABI.
 */
static enum truth reduce_condition(struct condition *c, unsigned bits)
{
    uint64_t top = c->width == 64 ? UINT64_MAX : UINT32_MAX;
    uint64_t reach = bits == 32 ? UINT32_MAX : top;
    switch (c->compare) {
    case COMPARE_EQ:
        if (c->value > reach) {
            return TRUTH_NEVER;
        }
        break;
    case COMPARE_NE:
        if (c->value > reach) {
            return TRUTH_ALWAYS;
        }
        break;
    case COMPARE_LT:
        if (c->value > reach || c->value == 0) {
            return c->value == 0 ? TRUTH_NEVER : TRUTH_ALWAYS;
        }
        break;
    case COMPARE_GE:
        if (c->value > reach || c->value == 0) {
            return c->value == 0 ? TRUTH_ALWAYS : TRUTH_NEVER;
        }
        break;
    case COMPARE_LE:
        if (c->value >= reach) {
            return TRUTH_ALWAYS;
        }
        break;
    case COMPARE_GT:
        if (c->value >= reach) {
            return TRUTH_NEVER;
        }
        break;
    case COMPARE_MASKED_EQ:
        if (c->value > reach || (c->value & ~c->mask) != 0) {
            return TRUTH_NEVER;
        }
        c->mask &= reach;
        if (c->mask == 0) {
            return TRUTH_ALWAYS;
        }
        break;
    }
    if (bits == 32) {
        c->width = 32;
    }
    return TRUTH_OPEN;
}

/* Does it hold for this value of 32 bits? The condition is reduced to them. */
static bool holds(const struct condition *c, uint32_t value)
{
    switch (c->compare) {
    case COMPARE_EQ:
        return value == c->value;
    case COMPARE_NE:
        return value != c->value;
    case COMPARE_LT:
        return value < c->value;
    case COMPARE_LE:
        return value <= c->value;
    case COMPARE_GT:
        return value > c->value;
    case COMPARE_GE:
        return value >= c->value;
    case COMPARE_MASKED_EQ:
        return (value & c->mask) == c->value;
    }
    return true;
}

/*
 * Widens the conditions of a denial on a command of which the ABI ignores some bits. False if that
 * cannot be said: an order looks at all bits. A command without any of those bits has one spelling.
 */
static bool ignore_bits(const struct spelling *spelling, struct condition *conditions,
                        size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        struct condition c = conditions[i];
        if (c.argument == spelling->argument && c.compare != COMPARE_NE) {
            bool equal = c.compare == COMPARE_EQ;
            if (!equal && c.compare != COMPARE_MASKED_EQ) {
                return false;
            }
            if (equal ? (c.value & spelling->ignored) != 0 : (c.mask & spelling->ignored) != 0) {
                c.mask = (equal ? UINT32_MAX : c.mask) & ~(uint64_t)spelling->ignored;
                c.value &= c.mask;
                c.compare = COMPARE_MASKED_EQ;
            }
            if (c.compare == COMPARE_MASKED_EQ && c.mask == 0) {
                continue;
            }
        }
        conditions[kept++] = c;
    }
    *count = kept;
    return true;
}

/* What ignore_bits() does, for all spellings of `target`. */
static bool widen(const struct abi *abi, const char *target, struct condition *conditions,
                  size_t *count)
{
    for (size_t i = 0; i < abi->spelling_count; i++) {
        const struct spelling *spelling = &abi->spellings[i];
        if (spelling->ignored != 0 && strcmp(spelling->name, target) == 0 &&
            !ignore_bits(spelling, conditions, count)) {
            return false;
        }
    }
    return true;
}

/* Adds the denial that was just added again, for each value that is another one's spelling. */
static void add_spellings(const struct abi *abi, const char *target,
                          const struct condition *conditions, size_t count, struct action action,
                          struct origin origin, struct rule_list *list)
{
    for (size_t i = 0; i < abi->spelling_count; i++) {
        const struct spelling *spelling = &abi->spellings[i];
        if (spelling->ignored != 0 || strcmp(spelling->name, target) != 0) {
            continue;
        }
        CLEANUP_FREE struct condition *other = memory_zeroed(count + 1, sizeof *other);
        size_t others = 0;
        bool value_holds = true;
        bool other_holds = true;
        for (size_t k = 0; k < count; k++) {
            if (conditions[k].argument != spelling->argument) {
                other[others++] = conditions[k];
                continue;
            }
            value_holds = value_holds && holds(&conditions[k], spelling->value);
            other_holds = other_holds && holds(&conditions[k], spelling->other);
        }
        if (value_holds && !other_holds) {
            other[others++] = (struct condition){.argument = spelling->argument,
                                                 .width = 32,
                                                 .compare = COMPARE_EQ,
                                                 .value = spelling->other};
            rule_list_add(list, other, others, action, origin);
        }
    }
}

/* The conditions of `rule` as they are for `target`, in the ABI; `mapped` has room for all. */
static enum mapping map_conditions(const struct abi *abi, const char *target,
                                   const struct rule *rule, bool same_arguments,
                                   struct condition *mapped, size_t *mapped_count)
{
    unsigned split = same_arguments ? first_split(abi, target) : 0;
    enum mapping mapping = MAPPED;
    size_t count = 0;
    for (size_t i = 0; i < rule->condition_count; i++) {
        struct condition condition = rule->conditions[i];
        bool sayable = condition.argument < split;
        /* A parameter that is elsewhere may well be of 64 bits there: two registers. */
        enum truth truth = reduce_condition(&condition, sayable ? abi->bits : 64);
        if (truth == TRUTH_NEVER) {
            return MAPPED_NEVER;
        }
        if (truth == TRUTH_ALWAYS) {
            continue;
        }
        if (!sayable) {
            mapping = MAPPED_UNSAYABLE;
        } else {
            mapped[count++] = condition;
        }
    }
    *mapped_count = count;
    return mapping;
}

/* What a way does to the rules of a name: NULL is the name itself. */
static void append_mapped(const struct abi *abi, const char *target, const struct way *way,
                          const struct syscall_rules *rules, size_t syscall, struct rule_list *list,
                          bool *allow_lost)
{
    bool same_arguments = way == NULL || way->same_arguments;
    struct condition selector = {.width = 32};
    size_t selector_count = way != NULL && way->selector_mask != 0 ? 1 : 0;
    if (selector_count != 0) {
        selector.argument = way->selector_argument;
        selector.value = way->selector_value;
        selector.compare = way->selector_mask == UINT32_MAX ? COMPARE_EQ : COMPARE_MASKED_EQ;
        selector.mask = way->selector_mask == UINT32_MAX ? 0 : way->selector_mask;
    }
    for (size_t i = 0; i < rules->rule_count; i++) {
        const struct rule *rule = &rules->rules[i];
        CLEANUP_FREE struct condition *mapped =
            memory_zeroed(rule->condition_count, sizeof *mapped);
        size_t count = 0;
        enum mapping mapping = map_conditions(abi, target, rule, same_arguments, mapped, &count);
        if (mapping == MAPPED_NEVER) {
            continue;
        }
        struct origin origin = {.kind = ORIGIN_RULE, .syscall = syscall, .rule = i};
        bool denies = action_denies(rule->action);
        if (denies && mapping == MAPPED && !widen(abi, target, mapped, &count)) {
            mapping = MAPPED_UNSAYABLE;
        }
        if (mapping == MAPPED_UNSAYABLE) {
            if (denies) {
                rule_list_add(list, &selector, selector_count, strictest_from(rules, i), origin);
                return;
            }
            *allow_lost = *allow_lost || way == NULL;
            continue;
        }
        if (denies || way == NULL) {
            /* With a selector there are no other conditions: they were unsayable. */
            rule_list_add(list, selector_count != 0 ? &selector : mapped,
                          selector_count != 0 ? selector_count : count, rule->action, origin);
        }
        if (denies && selector_count == 0) {
            add_spellings(abi, target, mapped, count, rule->action, origin, list);
        }
        if (count == 0) {
            return;
        }
    }
}

/* Drops the rules from `first` on whose calls the default denies as strictly. */
static void leave_to_default(struct rule_list *list, size_t first, struct action default_action)
{
    size_t kept = first;
    for (size_t i = first; i < list->count; i++) {
        if (action_denies(default_action) && default_action.kind <= list->rules[i].action.kind) {
            free(list->rules[i].conditions);
        } else {
            list->rules[kept++] = list->rules[i];
        }
    }
    list->count = kept;
}

/* Appends the denials that ways carry to `name`: from multiplexed names, or from siblings. `last`:
   what they do not decide, the default does. */
static void append_carried(const struct policy *policy, const struct abi *abi, const char *name,
                           bool multiplexed, bool last, struct rule_list *list)
{
    size_t first = list->count;
    for (size_t i = 0; i < abi->way_count; i++) {
        const struct way *way = &abi->ways[i];
        if ((way->selector_mask != 0) != multiplexed || strcmp(way->way, name) != 0) {
            continue;
        }
        const struct syscall_rules *rules = policy_find(policy, way->name);
        if (rules != NULL) {
            bool unused = false;
            append_mapped(abi, name, way, rules, (size_t)(rules - policy->syscalls), list, &unused);
        }
    }
    if (last) {
        leave_to_default(list, first, policy->default_action);
    }
}

/* Drops what comes after a rule that always holds. */
static void prune(struct rule_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rules[i].condition_count == 0) {
            for (size_t k = i + 1; k < list->count; k++) {
                free(list->rules[k].conditions);
            }
            list->count = i + 1;
        }
    }
}

static void move_rules(struct rule_list *to, struct rule_list *from, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        struct table_rule *rule =
            memory_append(&to->rules, &to->count, &to->capacity, sizeof *rule);
        *rule = from->rules[i];
        from->rules[i] = (struct table_rule){0};
    }
}

void carry_rules(const struct policy *policy, const struct abi *abi, const char *name,
                 struct rule_list *list, bool *allow_lost)
{
    struct rule_list own = {0};
    const struct syscall_rules *rules = policy_find(policy, name);
    if (rules != NULL) {
        append_mapped(abi, name, NULL, rules, (size_t)(rules - policy->syscalls), &own, allow_lost);
    }
    size_t denials = 0;
    while (denials < own.count && action_denies(own.rules[denials].action)) {
        denials++;
    }
    move_rules(list, &own, 0, denials);
    append_carried(policy, abi, name, true, denials == own.count, list);
    move_rules(list, &own, denials, own.count);
    append_carried(policy, abi, name, false, true, list);
    rule_list_free(&own);
    prune(list);
}
