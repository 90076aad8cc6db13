/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule holds where its conditions do and no earlier rule of another action does. Taking an
 * earlier rule away from a rule gives one rule for each condition of it, negated; what cannot hold
 * is dropped. Then conditions on one argument are made one: those that another implies go, and what
 * is left is said in masks, of which two are one again.
 */
#include "policy/unorder.h"

#include "base/memory.h"
#include "policy/internal.h"
#include "policy/masks.h"
#include "policy/widths.h"

#include <inttypes.h>
#include <string.h>

#define MOST_RULES POLICY_MAX_RULES
#define MOST_STEPS 2000000u /* pieces that are looked at for one system call */

/* A conjunction, perhaps with several conditions on one argument. */
struct term {
    struct condition *conditions; /* owned */
    size_t count, capacity;
};

struct terms {
    struct term *items; /* owned */
    size_t count, capacity;
};

/* What one call of rules_unorder() knows. */
struct unorder {
    const struct syscall_rules *rules;
    size_t index; /* of the rule that is being said */
    size_t steps;
    struct error *error;
};

void loose_rules_free(struct loose_rules *rules)
{
    free(rules->items);
    *rules = (struct loose_rules){0};
}

static void terms_free(struct terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        free(terms->items[i].conditions);
    }
    free(terms->items);
    *terms = (struct terms){0};
}

int rule_error(const struct syscall_rules *rules, size_t index, struct error *error,
               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    const struct place *place = &rules->rules[index].place;
    if (place->line) {
        return error_text(error, ERROR_POLICY, place->file, place->line, place->column,
                          "rule %zu of '%s' %s", index + 1, rules->name, text);
    }
    return error_set(error, ERROR_POLICY, "rule %zu of '%s' %s", index + 1, rules->name, text);
}

static bool widths_differ(const struct condition *a, size_t a_count, const struct condition *b,
                          size_t b_count)
{
    unsigned seen[POLICY_ARGUMENTS] = {0};
    for (size_t i = 0; i < a_count + b_count; i++) {
        const struct condition *c = i < a_count ? &a[i] : &b[i - a_count];
        seen[c->argument] |= c->width;
        if (seen[c->argument] == (32u | 64u)) {
            return true;
        }
    }
    return false;
}

/* Can they hold at once? Perhaps, where conditions_can_hold() is not made for it. */
static bool may_hold(const struct condition *a, size_t a_count, const struct condition *b,
                     size_t b_count)
{
    return widths_differ(a, a_count, b, b_count) || conditions_can_hold(a, a_count, b, b_count);
}

static void add_condition(struct term *term, struct condition condition)
{
    struct condition *added =
        memory_append(&term->conditions, &term->count, &term->capacity, sizeof *added);
    *added = condition;
}

/* When the condition does not hold: any of the conditions added to `out`. */
static void negate(struct condition c, struct term *out)
{
    static const enum compare opposites[] = {
        [COMPARE_EQ] = COMPARE_NE, [COMPARE_NE] = COMPARE_EQ, [COMPARE_LT] = COMPARE_GE,
        [COMPARE_LE] = COMPARE_GT, [COMPARE_GT] = COMPARE_LE, [COMPARE_GE] = COMPARE_LT,
    };
    uint64_t highest = c.width == 64 ? UINT64_MAX : UINT32_MAX;
    if (c.compare == COMPARE_MASKED_EQ && c.mask == highest) {
        c.compare = COMPARE_EQ;
        c.mask = 0;
    }
    if (c.compare != COMPARE_MASKED_EQ) {
        c.compare = opposites[c.compare];
        add_condition(out, c);
        return;
    }
    for (unsigned i = 0; i < c.width; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (c.mask & bit) {
            struct condition one = c;
            one.mask = bit;
            one.value = ~c.value & bit;
            add_condition(out, one);
        }
    }
}

/* `terms` less what `rule` matches. */
static int subtract(struct unorder *u, struct terms *terms, const struct rule *rule)
{
    struct terms left = {0};
    struct term negations = {0};
    int result = 0;
    for (size_t c = 0; c < rule->condition_count; c++) {
        negate(rule->conditions[c], &negations);
    }
    for (size_t t = 0; t < terms->count && result == 0; t++) {
        const struct term *term = &terms->items[t];
        bool meets =
            may_hold(term->conditions, term->count, rule->conditions, rule->condition_count);
        for (size_t n = 0; n < (meets ? negations.count : 1); n++) {
            const struct condition *more = &negations.conditions[n];
            size_t more_count = meets ? 1 : 0;
            u->steps += 1 + term->count;
            if (!may_hold(term->conditions, term->count, more, more_count)) {
                continue;
            }
            struct term *kept =
                memory_append(&left.items, &left.count, &left.capacity, sizeof *left.items);
            for (size_t i = 0; i < term->count; i++) {
                add_condition(kept, term->conditions[i]);
            }
            if (meets) {
                add_condition(kept, *more);
            }
        }
        if (left.count > MOST_RULES || u->steps > MOST_STEPS) {
            result =
                rule_error(u->rules, u->index, u->error,
                           "overlaps with earlier rules of other actions, and to say it without "
                           "their order takes more than %u rules: simplify them",
                           MOST_RULES);
        }
    }
    free(negations.conditions);
    terms_free(terms);
    *terms = left;
    return result;
}

/* Does `a`, whenever it holds, make `b` hold? */
static bool implies(const struct condition *a, const struct condition *b)
{
    struct term not_b = {0};
    negate(*b, &not_b);
    bool result = a->width == b->width;
    for (size_t i = 0; i < not_b.count && result; i++) {
        result = !conditions_can_hold(a, 1, &not_b.conditions[i], 1);
    }
    free(not_b.conditions);
    return result;
}

/* The conditions of `term` on `argument`, less those that others imply. */
static void pick(const struct term *term, unsigned argument, struct term *out)
{
    for (size_t i = 0; i < term->count; i++) {
        const struct condition *c = &term->conditions[i];
        bool implied = c->argument != argument;
        for (size_t k = 0; k < term->count && !implied; k++) {
            const struct condition *other = &term->conditions[k];
            /* Of two that imply each other the first stays. */
            implied = k != i && other->argument == argument && implies(other, c) &&
                      (k < i || !implies(c, other));
        }
        if (!implied) {
            add_condition(out, *c);
        }
    }
}

/* What a reader makes of a condition on the argument of a rule of that action. */
struct reading {
    uint64_t highest; /* bits that a mask may have */
    bool natural;     /* EQ, NE, LT, ... compare 64 bits */
};

static int reading_of(const struct unorder *u, const struct rule *rule, unsigned argument,
                      struct reading *out)
{
    const char *name = u->rules->name;
    unsigned width = argument_width(name, argument);
    if (!width) {
        return rule_error(
            u->rules, u->index, u->error,
            "has a condition on argument %u, of which it is not known how many bits the "
            "kernel consumes: OCI JSON has no words for it, remove it",
            argument);
    }
    bool depends = argument_depends(name, argument);
    *out = (struct reading){UINT64_MAX, width == 64 && !depends};
    if (width == 32 || (depends && action_denies(rule->action))) {
        out->highest = argument_kept(name, argument);
    }
    return 0;
}

/* Any of which holds when all conditions of `term` do. */
static struct masked_list term_masks(const struct term *term)
{
    const struct condition always = {.width = 64, .compare = COMPARE_MASKED_EQ};
    struct masked_list all = condition_masks(&always);
    for (size_t i = 0; i < term->count; i++) {
        struct masked_list more = condition_masks(&term->conditions[i]);
        struct masked_list both = masks_both(&all, &more);
        masked_list_free(&more);
        masked_list_free(&all);
        all = both;
    }
    return all;
}

/* Conditions that readers take for those of `term` on `argument`, any of which holds; a mask of 0
   where there is none. */
static int say_argument(const struct unorder *u, const struct rule *rule, const struct term *term,
                        unsigned argument, struct term *out)
{
    struct term picked = {0};
    struct reading reading = {UINT64_MAX, true};
    pick(term, argument, &picked);
    int result = picked.count ? reading_of(u, rule, argument, &reading) : 0;
    if (result == 0 && picked.count == 1 && reading.natural && picked.conditions[0].width == 64) {
        *out = picked;
        return 0;
    }
    struct masked_list all = term_masks(&picked);
    for (size_t i = 0; i < all.count && result == 0; i++) {
        if (all.items[i].mask & ~reading.highest) {
            result = rule_error(u->rules, u->index, u->error,
                                "compares bits 0x%" PRIx64 " of argument %u, of which the kernel "
                                "consumes 0x%" PRIx64 ": OCI JSON has no words for it, correct it",
                                all.items[i].mask, argument, reading.highest);
        } else {
            add_condition(out, (struct condition){(uint8_t)argument, 64, COMPARE_MASKED_EQ,
                                                  all.items[i].value, all.items[i].mask});
        }
    }
    masked_list_free(&all);
    free(picked.conditions);
    return result;
}

bool loose_equal(const struct loose_rule *a, const struct loose_rule *b)
{
    struct rule left = {.condition_count = a->condition_count, .action = a->action};
    struct rule right = {.condition_count = b->condition_count, .action = b->action};
    struct condition left_conditions[POLICY_ARGUMENTS];
    struct condition right_conditions[POLICY_ARGUMENTS];
    memcpy(left_conditions, a->conditions, sizeof left_conditions);
    memcpy(right_conditions, b->conditions, sizeof right_conditions);
    left.conditions = left_conditions;
    right.conditions = right_conditions;
    return rule_equal(&left, &right);
}

static void add_loose(struct loose_rules *out, const struct loose_rule *rule)
{
    for (size_t i = 0; i < out->count; i++) {
        if (loose_equal(&out->items[i], rule)) {
            return;
        }
    }
    struct loose_rule *added =
        memory_append(&out->items, &out->count, &out->capacity, sizeof *added);
    *added = *rule;
}

/* One term as the product of what its arguments say. */
static int say_term(const struct unorder *u, const struct rule *rule, const struct term *term,
                    struct loose_rules *out)
{
    struct term said[POLICY_ARGUMENTS] = {{0}};
    size_t combinations = 1;
    int result = 0;
    for (unsigned a = 0; a < POLICY_ARGUMENTS && result == 0; a++) {
        result = say_argument(u, rule, term, a, &said[a]);
        combinations *= said[a].count;
        if (result == 0 && combinations + out->count > MOST_RULES) {
            result = rule_error(u->rules, u->index, u->error,
                                "takes more than %u rules in OCI JSON: simplify it", MOST_RULES);
        }
    }
    for (size_t n = 0; n < combinations && result == 0; n++) {
        struct loose_rule loose = {.action = rule->action};
        size_t rest = n;
        for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
            const struct condition *c = &said[a].conditions[rest % said[a].count];
            rest /= said[a].count;
            if (c->compare != COMPARE_MASKED_EQ || c->mask) {
                loose.conditions[loose.condition_count++] = *c;
            }
        }
        add_loose(out, &loose);
    }
    for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
        free(said[a].conditions);
    }
    return result;
}

/* The rule of that index, less all before it that do something else. */
static int unorder_rule(struct unorder *u, struct loose_rules *out)
{
    const struct rule *rule = &u->rules->rules[u->index];
    struct terms terms = {0};
    struct term *first = memory_append(&terms.items, &terms.count, &terms.capacity, sizeof *first);
    for (size_t i = 0; i < rule->condition_count; i++) {
        add_condition(first, rule->conditions[i]);
    }
    int result = 0;
    for (size_t i = 0; i < u->index && result == 0 && terms.count; i++) {
        if (!action_equal(u->rules->rules[i].action, rule->action)) {
            result = subtract(u, &terms, &u->rules->rules[i]);
        }
    }
    for (size_t i = 0; i < terms.count && result == 0; i++) {
        const struct term *term = &terms.items[i];
        if (may_hold(term->conditions, term->count, NULL, 0)) {
            result = say_term(u, rule, term, out);
        }
    }
    terms_free(&terms);
    return result;
}

int rules_unorder(const struct syscall_rules *rules, struct loose_rules *out, struct error *error)
{
    struct unorder u = {.rules = rules, .error = error};
    struct loose_rules made = {0};
    for (u.index = 0; u.index < rules->rule_count; u.index++) {
        if (unorder_rule(&u, &made) < 0) {
            loose_rules_free(&made);
            return -1;
        }
    }
    *out = made;
    return 0;
}
