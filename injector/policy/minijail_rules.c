/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what minijail's policy files say to rules of the model.
 *
 * An expression is an OR of clauses: each becomes a rule, in order. In a clause, "a in m" is one
 * comparison under a mask, (a & ~m) == 0. "a & m" asks whether any bit of m is set, which no single
 * condition says, unless m is all bits from some bit up (a >= lowest); so the clause becomes a rule
 * for every bit. Where several such tests stand in one clause, there is a rule for every choice.
 *
 * What the kernel compares is looked at in condition_build(), as for every format.
 */
#include "base/memory.h"
#include "policy/comparison.h"
#include "policy/minijail.h"
#include "policy/widths.h"

#include <string.h>

#define MAX_WORK 65536u

struct lowering {
    const struct minijail_policy *parsed;
    enum minijail_compiler compiler;
    const struct abi *abi;
    struct policy *policy;
    size_t conditional; /* rules with conditions so far */
    size_t work;        /* rules that were made, kept or not */
    struct error *error;
};

static int fail(const struct lowering *l, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(const struct lowering *l, struct place at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_text(l->error, ERROR_POLICY, at.file, at.line, at.column, "%s", text);
}

/* The comparisons any one of which makes an atom hold; none: it always holds. */
struct choices {
    struct condition items[64];
    size_t count;
};

static int build(const struct lowering *l, const char *name, const struct minijail_atom *atom,
                 const struct comparison *wanted, bool denies, struct choices *choices)
{
    static const struct comparison_words words = {"'==' or 'in'", "the value", "the mask"};
    enum comparison_part part;
    if (condition_build(name, wanted, denies, &words, &choices->items[choices->count], &part,
                        l->error) < 0) {
        struct place at = part == COMPARISON_ARGUMENT ? atom->place : atom->value_place;
        return error_name_place(l->error, at.file, at.line, at.column);
    }
    choices->count++;
    return 0;
}

/* The bits of the value that the kernel looks at: all, or the lower 32 of a value that is a 32-bit
   one, zero- or sign-extended. */
static int consumed_bits(const struct lowering *l, const char *name,
                         const struct minijail_atom *atom, uint64_t *bits)
{
    uint64_t upper = atom->value >> 31;
    *bits = atom->value;
    if (argument_width(name, atom->argument) != 32) {
        return 0;
    }
    *bits &= UINT32_MAX;
    if (upper >> 1 == 0 || upper == UINT64_MAX >> 31) {
        return 0;
    }
    return fail(l, atom->value_place,
                "0x%llx has more than 32 bits, but the kernel consumes 32 bits of argument %u of "
                "'%s': correct it",
                (unsigned long long)atom->value, (unsigned)atom->argument, name);
}

/* The largest value that the kernel can see in the argument. */
static uint64_t highest(const struct lowering *l, const char *name,
                        const struct minijail_atom *atom)
{
    return l->abi->bits == 32 || argument_width(name, atom->argument) == 32 ? UINT32_MAX
                                                                            : UINT64_MAX;
}

static int choose_in(const struct lowering *l, const char *name, const struct minijail_atom *atom,
                     bool denies, struct choices *choices)
{
    uint64_t bits;
    if (consumed_bits(l, name, atom, &bits) < 0) {
        return -1;
    }
    uint64_t kept = highest(l, name, atom);
    if (argument_is_short(name, atom->argument)) {
        kept = argument_kept(name, atom->argument);
    }
    const struct comparison wanted = {atom->argument, COMPARE_MASKED_EQ, 0, ~bits & kept};
    if (!wanted.mask && argument_width(name, atom->argument)) {
        return 0; /* every value is in there */
    }
    return build(l, name, atom, &wanted, denies, choices);
}

static int choose_any(const struct lowering *l, const char *name, const struct minijail_atom *atom,
                      bool denies, struct choices *choices)
{
    uint64_t bits;
    if (consumed_bits(l, name, atom, &bits) < 0) {
        return -1;
    }
    if (!bits) {
        return fail(l, atom->value_place,
                    "no bit of 0 is ever set: this can never hold, use == or in, or leave it out");
    }
    /* The bits from `run` up are all there, and there is more than one of them. */
    uint64_t top = highest(l, name, atom);
    uint64_t absent = ~bits & top;
    uint64_t run = absent ? UINT64_C(1) << (64 - __builtin_clzll(absent)) % 64 : 1;
    if (absent <= top / 4 && !argument_is_short(name, atom->argument) &&
        !argument_depends(name, atom->argument)) {
        const struct comparison wanted = {atom->argument, COMPARE_GE, run, 0};
        if (build(l, name, atom, &wanted, denies, choices) < 0) {
            return -1;
        }
        bits &= run - 1;
    }
    while (bits) {
        uint64_t bit = bits & (~bits + 1);
        const struct comparison wanted = {atom->argument, COMPARE_MASKED_EQ, bit, bit};
        if (build(l, name, atom, &wanted, denies, choices) < 0) {
            return -1;
        }
        bits &= ~bit;
    }
    return 0;
}

static int choose(const struct lowering *l, const char *name, const struct minijail_atom *atom,
                  bool denies, struct choices *choices)
{
    choices->count = 0;
    if (atom->test == MINIJAIL_IN) {
        return choose_in(l, name, atom, denies, choices);
    }
    if (atom->test == MINIJAIL_ANY) {
        return choose_any(l, name, atom, denies, choices);
    }
    const struct comparison wanted = {atom->argument, atom->compare, atom->value, 0};
    return build(l, name, atom, &wanted, denies, choices);
}

/* The rule of `name` that leaves nothing to later ones; NULL if there is none yet. */
static const struct rule *closing_rule(const struct lowering *l, const char *name)
{
    const struct syscall_rules *rules = policy_find(l->policy, name);
    const struct rule *last =
        rules && rules->rule_count ? &rules->rules[rules->rule_count - 1] : NULL;
    return last && !last->condition_count ? last : NULL;
}

static bool is_there(const struct lowering *l, const char *name, const struct rule *rule)
{
    const struct syscall_rules *rules = policy_find(l->policy, name);
    for (size_t i = 0; rules && i < rules->rule_count; i++) {
        if (rule_equal(&rules->rules[i], rule)) {
            return true;
        }
    }
    return false;
}

static int add_rule(struct lowering *l, const char *name, struct condition *conditions,
                    size_t count, struct action action, struct place place)
{
    const struct rule wanted = {
        .conditions = conditions, .condition_count = count, .action = action};
    const struct rule *closing = closing_rule(l, name);
    if (++l->work > MAX_WORK) {
        return fail(l, place, "comes to more than 65536 rules: this is no policy");
    }
    if (is_there(l, name, &wanted)) {
        return 0; /* it is said twice */
    }
    if (closing) {
        CLEANUP_FREE char *there = action_text(closing->action);
        return fail(l, place,
                    "'%s' gets %s without a condition at %s:%zu:%zu: what follows has no effect, "
                    "remove one of the two",
                    name, there, closing->place.file, closing->place.line, closing->place.column);
    }
    if (l->policy->syscall_count == POLICY_MAX_SYSCALLS) {
        return fail(l, place, "more than 4096 system calls: no filter could hold them");
    }
    if (count && ++l->conditional > POLICY_MAX_RULES) {
        return fail(l, place, "more than 4096 rules with conditions: no filter could hold them");
    }
    policy_add_rule(l->policy, name, conditions, count, action, place);
    return 0;
}

/* The next choice, counting like a number with a digit for each atom; false after the last. */
static bool next_choice(const struct choices *choices, size_t count, size_t *digits)
{
    for (size_t i = 0; i < count; i++) {
        if (digits[i] + 1 < choices[i].count) {
            digits[i]++;
            return true;
        }
        digits[i] = 0;
    }
    return false;
}

/* A rule for every choice of one clause. */
static int add_choices(struct lowering *l, const char *name, const struct choices *choices,
                       size_t count, struct action action, struct place place)
{
    size_t digits[POLICY_MAX_CONDITIONS] = {0};
    bool any = false;
    do {
        struct condition conditions[POLICY_MAX_CONDITIONS];
        size_t used = 0;
        for (size_t i = 0; i < count; i++) {
            if (choices[i].count) {
                conditions[used++] = choices[i].items[digits[i]];
            }
        }
        if (!conditions_can_hold(conditions, used, NULL, 0)) {
            l->work++;
            continue;
        }
        any = true;
        used = conditions_normalise(conditions, used);
        if (add_rule(l, name, conditions, used, action, place) < 0) {
            return -1;
        }
    } while (next_choice(choices, count, digits));
    if (!any) {
        return fail(l, place,
                    "the comparisons contradict each other: this can never hold, correct or remove "
                    "it");
    }
    return 0;
}

static int add_clause(struct lowering *l, const char *name, const struct minijail_clause *clause,
                      struct action action)
{
    const struct minijail_atom *atoms = &l->parsed->atoms[clause->first_atom];
    struct place place = atoms[0].place;
    if (clause->atom_count > POLICY_MAX_CONDITIONS) {
        return fail(l, place, "more than 64 comparisons: split it");
    }
    CLEANUP_FREE struct choices *choices = memory_zeroed(clause->atom_count, sizeof *choices);
    size_t product = 1;
    for (size_t i = 0; i < clause->atom_count; i++) {
        if (choose(l, name, &atoms[i], action_denies(action), &choices[i]) < 0) {
            return -1;
        }
        product *= choices[i].count ? choices[i].count : 1;
        if (product > POLICY_MAX_RULES) {
            return fail(l, place,
                        "the tests by & come to more than 4096 rules, one for every choice of "
                        "bits: no filter could hold them, use == or in");
        }
    }
    return add_choices(l, name, choices, clause->atom_count, action, place);
}

/* Which reading of "EXPRESSION; return E": true if E is for what the expression does not match. */
static int returns_otherwise(const struct lowering *l, const struct minijail_filter *filter,
                             bool *otherwise)
{
    *otherwise = false;
    if (!filter->is_either) {
        return 0;
    }
    if (l->compiler == MINIJAIL_EITHER) {
        return fail(
            l, filter->action_place,
            "minijail0 returns this where the expression does not hold, and "
            "compile_seccomp_policy where it does: write {EXPRESSION; allow, return "
            "ERRNO}, or say which by --compat minijail0 or --compat compile_seccomp_policy");
    }
    *otherwise = l->compiler == MINIJAIL_C;
    return 0;
}

static int add_filter(struct lowering *l, const struct minijail_name *name,
                      const struct minijail_filter *filter)
{
    static const struct action allow = {.kind = ACTION_ALLOW};
    bool otherwise;
    if (returns_otherwise(l, filter, &otherwise) < 0) {
        return -1;
    }
    for (size_t i = 0; i < filter->clause_count; i++) {
        if (add_clause(l, name->name, &l->parsed->clauses[filter->first_clause + i],
                       otherwise ? allow : filter->action) < 0) {
            return -1;
        }
    }
    if (filter->clause_count && !otherwise) {
        return 0;
    }
    return add_rule(l, name->name, NULL, 0, filter->action,
                    filter->clause_count ? filter->action_place : filter->place);
}

/*
 * A system call that is named again after conditions. minijail0 stops at the first line, so that
 * the second may as well not be there (and takes no second one but "1"); compile_seccomp_policy
 * goes on with it.
 */
static int check_repetition(const struct lowering *l, const struct minijail_name *name,
                            const struct minijail_statement *statement)
{
    const struct minijail_filter *filter = &l->parsed->filters[statement->first_filter];
    const struct syscall_rules *rules = policy_find(l->policy, name->name);
    if (!rules || !rules->rule_count || closing_rule(l, name->name) ||
        l->compiler == MINIJAIL_PYTHON) {
        return 0;
    }
    struct place first = rules->rules[0].place;
    if (l->compiler == MINIJAIL_C) {
        return fail(l, name->place,
                    "'%s' is named at %s:%zu:%zu already, and minijail0 does not go on here: put "
                    "all of it on one line",
                    name->name, first.file, first.line, first.column);
    }
    if (!filter->clause_count && filter->action.kind == ACTION_ALLOW) {
        return fail(
            l, name->place,
            "'%s' has conditions at %s:%zu:%zu, where minijail0 stops and "
            "compile_seccomp_policy goes on to this: remove one of the two, or say which by "
            "--compat minijail0 or --compat compile_seccomp_policy",
            name->name, first.file, first.line, first.column);
    }
    return 0;
}

static int add_statement(struct lowering *l, const struct minijail_statement *statement)
{
    for (size_t i = 0; i < statement->name_count; i++) {
        const struct minijail_name *name = &l->parsed->names[statement->first_name + i];
        if (check_repetition(l, name, statement) < 0) {
            return -1;
        }
        for (size_t k = 0; k < statement->filter_count; k++) {
            if (add_filter(l, name, &l->parsed->filters[statement->first_filter + k]) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

int minijail_lower(const struct minijail_policy *parsed, enum minijail_compiler compiler,
                   const struct abi *abi, struct policy *policy, struct error *error)
{
    struct lowering lowering = {
        .parsed = parsed, .compiler = compiler, .abi = abi, .policy = policy, .error = error};
    for (size_t i = 0; i < parsed->statement_count; i++) {
        if (add_statement(&lowering, &parsed->statements[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

void minijail_policy_free(struct minijail_policy *parsed)
{
    free(parsed->atoms);
    free(parsed->clauses);
    free(parsed->filters);
    free(parsed->names);
    free(parsed->statements);
    *parsed = (struct minijail_policy){0};
}
