/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One element of "syscalls" of an OCI seccomp profile.
 *
 * The format has no order, the model has: rules of one system call that can both match have to have
 * one action (conditions_can_hold() is exact), and rules that say the same are kept once. Within a
 * rule the order of conditions means nothing: they are sorted, so that equal rules look equal.
 */
#include "base/memory.h"
#include "policy/comparison.h"
#include "policy/fields.h"
#include "policy/oci.h"
#include "policy/oci_names.h"

#include <stdlib.h>
#include <string.h>

#define MAX_MENTIONS 65536u

/* One element of "args" as it was written. */
struct argument {
    const struct json_value *index_place;
    const struct json_value *value_place;
    const struct json_value *value_two_place; /* NULL if it is missing */
    uint8_t index;
    uint64_t value;
    uint64_t value_two;
    enum compare compare;
};

struct argument_list {
    const struct json_value *place;
    struct argument items[POLICY_MAX_CONDITIONS];
    size_t count;
    const struct json_value *repeated; /* the first that repeats an index; NULL if none does */
};

static int require(struct oci *oci, const struct json_value *object, const char *key,
                   const char *what, const struct json_value **member)
{
    *member = json_find(object, key);
    if (*member) {
        return 0;
    }
    return fail_value(oci->file, object, oci->error, "no '%s' in %s: complete it", key, what);
}

static int read_argument(struct oci *oci, const struct json_value *object, struct argument *out)
{
    static const char *const keys[] = {"index", "value", "valueTwo", "op", "comment"};
    const struct json_value *op = NULL;
    struct argument a = {0};
    uint64_t number = 0;
    if (expect_kind(oci->file, object, JSON_OBJECT, oci->error) < 0 ||
        expect_keys(oci->file, object, keys, sizeof keys / sizeof *keys, "args", oci->error) < 0 ||
        require(oci, object, "index", "args", &a.index_place) < 0 ||
        expect_uint(oci->file, a.index_place, POLICY_ARGUMENTS - 1, &number, oci->error) < 0 ||
        require(oci, object, "value", "args", &a.value_place) < 0 ||
        expect_uint(oci->file, a.value_place, UINT64_MAX, &a.value, oci->error) < 0 ||
        require(oci, object, "op", "args", &op) < 0 ||
        expect_kind(oci->file, op, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    a.index = (uint8_t)number;
    if (!oci_compare(op->text, &a.compare)) {
        fail_value(oci->file, op, oci->error,
                   "unknown operator '%.60s': SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ",
                   op->text);
        return -1;
    }
    a.value_two_place = oci_member(object, "valueTwo");
    if (a.value_two_place &&
        expect_uint(oci->file, a.value_two_place, UINT64_MAX, &a.value_two, oci->error) < 0) {
        return -1;
    }
    if (a.value_two && a.compare != COMPARE_MASKED_EQ) {
        fail_value(oci->file, a.value_two_place, oci->error,
                   "'valueTwo' has no meaning for %s: remove it, or use "
                   "SCMP_CMP_MASKED_EQ",
                   op->text);
        return -1;
    }
    const struct json_value *comment = oci_member(object, "comment");
    if (comment && expect_kind(oci->file, comment, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    *out = a;
    return 0;
}

static int read_arguments(struct oci *oci, const struct json_value *rule,
                          struct argument_list *list)
{
    list->count = 0;
    list->repeated = NULL;
    list->place = oci_member(rule, "args");
    if (!list->place) {
        return 0;
    }
    if (expect_kind(oci->file, list->place, JSON_ARRAY, oci->error) < 0) {
        return -1;
    }
    if (list->place->count > POLICY_MAX_CONDITIONS) {
        return fail_value(oci->file, list->place, oci->error,
                          "more than 64 conditions: split the rule");
    }
    unsigned seen = 0;
    for (const struct json_value *v = json_first(list->place); v; v = json_next(list->place, v)) {
        struct argument *a = &list->items[list->count];
        if (read_argument(oci, v, a) < 0) {
            return -1;
        }
        if ((seen >> a->index & 1u) && !list->repeated) {
            list->repeated = v;
        }
        seen |= 1u << a->index;
        list->count++;
    }
    return 0;
}

/* The condition that `a` means for one system call. */
static int build_condition(struct oci *oci, const char *name, const struct argument *a, bool denies,
                           struct condition *out)
{
    static const struct comparison_words words = {"SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ", "'valueTwo'",
                                                  "the mask ('value')"};
    bool masked = a->compare == COMPARE_MASKED_EQ;
    const struct comparison wanted = {a->index, a->compare, masked ? a->value_two : a->value,
                                      masked ? a->value : 0};
    enum comparison_part part;
    if (condition_build(name, &wanted, denies, &words, out, &part, oci->error) == 0) {
        return 0;
    }
    const struct json_value *place = part == COMPARISON_ARGUMENT ? a->index_place : a->value_place;
    if (part == COMPARISON_VALUE && masked && a->value_two_place) {
        place = a->value_two_place;
    }
    return error_name_place(oci->error, oci->file, place->line, place->column);
}

/*
 * Two rules of one system call that can both match, with different actions: refused, but with
 * COMPAT_RUNC what libseccomp does with them, where that is plain: a rule without conditions is
 * what counts, of two of them the first. Of two with conditions libseccomp takes one or the other,
 * by the values that they compare with; then the stricter one counts (strictest_first). Returns 1
 * if the new rule is to be added, 0 if not, -1 if they are refused.
 */
static int settle(struct oci *oci, const struct json_value *name, struct syscall_rules *present,
                  const struct rule *other, size_t count, struct action action)
{
    CLEANUP_FREE char *here = action_text(action);
    CLEANUP_FREE char *there = action_text(other->action);
    bool plain = !count || !other->condition_count;
    if (oci->options->compat != COMPAT_RUNC) {
        return fail_value(oci->file, name, oci->error,
                          "'%s' gets %s here and %s at line %zu, column %zu, and both can match: "
                          "rules have no order in this format, let them exclude each other, or say "
                          "with --compat runc that %s",
                          name->text, here, there, other->place.line, other->place.column,
                          plain ? "one counts as it does for runc" : "the stricter one counts");
    }
    if (!plain) {
        policy_note(oci->notes,
                    "%s:%zu:%zu: '%s' gets %s here and %s at line %zu, column %zu: where both "
                    "match %s counts, the stricter one; which one does for runc depends on values",
                    oci->file, name->line, name->column, name->text, here, there, other->place.line,
                    other->place.column, action.kind < other->action.kind ? here : there);
        return 1;
    }
    bool is_first = !other->condition_count;
    policy_note(oci->notes,
                "%s:%zu:%zu: '%s' gets %s here and %s at line %zu, column %zu: %s counts, as it "
                "does for runc",
                oci->file, name->line, name->column, name->text, here, there, other->place.line,
                other->place.column, is_first ? there : here);
    if (is_first) {
        return 0;
    }
    for (size_t i = 0; i < present->rule_count; i++) {
        free(present->rules[i].conditions);
    }
    present->rule_count = 0;
    return 1;
}

/* Kinds of actions are ordered, the strictest first. Rules of one kind stay in their order. */
static void strictest_first(struct syscall_rules *rules)
{
    for (size_t i = 1; i < rules->rule_count; i++) {
        struct rule moved = rules->rules[i];
        size_t at = i;
        for (; at && rules->rules[at - 1].action.kind > moved.action.kind; at--) {
            rules->rules[at] = rules->rules[at - 1];
        }
        rules->rules[at] = moved;
    }
}

/* Adds one rule for one system call, unless it is there; refuses one that contradicts. */
static int add_rule(struct oci *oci, const struct json_value *name,
                    const struct condition *conditions, size_t count, struct action action)
{
    if (oci->options->compat == COMPAT_RUNC && action_equal(action, oci->policy->default_action)) {
        return 0; /* runc leaves out what the default says anyway */
    }
    struct rule candidate = {.condition_count = count, .action = action};
    struct condition copy[POLICY_MAX_CONDITIONS];
    memcpy(copy, conditions, count * sizeof *conditions);
    candidate.conditions = copy;
    struct syscall_rules *present =
        policy_find(oci->policy, name->text) ? policy_syscall(oci->policy, name->text) : NULL;
    bool contradicts = false;
    for (size_t i = 0; present && i < present->rule_count; i++) {
        const struct rule *other = &present->rules[i];
        if (rule_equal(other, &candidate)) {
            return 0;
        }
        if (!action_equal(other->action, action) &&
            conditions_can_hold(other->conditions, other->condition_count, conditions, count)) {
            int counts = settle(oci, name, present, other, count, action);
            if (counts <= 0) {
                return counts;
            }
            contradicts = true;
        }
    }
    if (!present && oci->policy->syscall_count == POLICY_MAX_SYSCALLS) {
        return fail_value(oci->file, name, oci->error,
                          "more than 4096 system calls: no filter could hold them");
    }
    if (count && ++oci->rules > POLICY_MAX_RULES) {
        return fail_value(oci->file, name, oci->error,
                          "more than 4096 rules with conditions: no filter could hold them");
    }
    struct place place = {oci->place_file, name->line, name->column};
    policy_add_rule(oci->policy, name->text, conditions, count, action, place);
    if (contradicts) {
        strictest_first(policy_syscall(oci->policy, name->text));
    }
    return 0;
}

/* The rule for one of its names. */
static int add_name(struct oci *oci, const struct json_value *name,
                    const struct argument_list *arguments, struct action action)
{
    struct condition conditions[POLICY_MAX_CONDITIONS];
    for (size_t i = 0; i < arguments->count; i++) {
        if (build_condition(oci, name->text, &arguments->items[i], action_denies(action),
                            &conditions[i]) < 0) {
            return -1;
        }
    }
    if (arguments->repeated && oci->options->compat == COMPAT_RUNC) {
        /* runc makes one rule of each condition, of all of them, as soon as one repeats. */
        for (size_t i = 0; i < arguments->count; i++) {
            if (add_rule(oci, name, &conditions[i], 1, action) < 0) {
                return -1;
            }
        }
        return 0;
    }
    if (!conditions_can_hold(conditions, arguments->count, NULL, 0)) {
        return fail_value(oci->file, arguments->place, oci->error,
                          "the conditions contradict each other: the rule can never hold, correct "
                          "or remove it");
    }
    size_t count = conditions_normalise(conditions, arguments->count);
    return add_rule(oci, name, conditions, count, action);
}

static int check_name(struct oci *oci, const struct json_value *name)
{
    if (expect_kind(oci->file, name, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    if (!name->text[0]) {
        return fail_value(oci->file, name, oci->error, "an empty name: name a system call");
    }
    if (name->text[0] >= '0' && name->text[0] <= '9') {
        return fail_value(oci->file, name, oci->error,
                          "'%.60s' is a number: give the name of the system call, numbers differ "
                          "from ABI to ABI",
                          name->text);
    }
    if (!policy_name_is_valid(name->text)) {
        return fail_value(oci->file, name, oci->error,
                          "'%.80s' is not a name of a system call: letters, digits and '_' only",
                          name->text);
    }
    if (++oci->mentions > MAX_MENTIONS) {
        return fail_value(oci->file, name, oci->error,
                          "names more than 65536 times a system call: this is no policy");
    }
    return 0;
}

static bool is_empty_list(const struct json_value *value)
{
    return value->kind == JSON_ARRAY && !value->count;
}

/* "name" or "names": the value that holds it, checked. NULL with the error set. */
static const struct json_value *read_names(struct oci *oci, const struct json_value *rule)
{
    const struct json_value *many = oci_member(rule, "names");
    const struct json_value *single = many ? oci_text(rule, "name") : oci_member(rule, "name");
    if (single && many && !is_empty_list(many)) {
        fail_key(oci->file, single > many ? single : many, oci->error,
                 "'name' and 'names' in one rule: use one of them");
        return NULL;
    }
    if (single) {
        return check_name(oci, single) < 0 ? NULL : single;
    }
    if (!many) {
        fail_value(oci->file, rule, oci->error, "a rule without 'names': name the system calls");
        return NULL;
    }
    if (expect_kind(oci->file, many, JSON_ARRAY, oci->error) < 0) {
        return NULL;
    }
    if (!many->count) {
        fail_value(oci->file, many, oci->error,
                   "'names' is empty: name the system calls, or remove the rule");
        return NULL;
    }
    for (const struct json_value *v = json_first(many); v; v = json_next(many, v)) {
        if (check_name(oci, v) < 0) {
            return NULL;
        }
    }
    return many;
}

/* Does the rule count, given that it applies only perhaps? See oci_filter.c. */
static bool resolve_perhaps(struct oci *oci, const struct json_value *rule, struct action action)
{
    bool counts = action_denies(action);
    policy_note(oci->notes,
                "%s:%zu:%zu: a rule that depends on the kernel (minKernel) is %s, "
                "--min-kernel decides otherwise",
                oci->file, rule->line, rule->column,
                counts ? "taken, since it denies" : "left out, since it allows");
    return counts;
}

int oci_read_rule(struct oci *oci, const struct json_value *rule)
{
    static const char *const keys[] = {"name", "names",   "action",   "errnoRet", "errno",
                                       "args", "comment", "includes", "excludes"};
    struct action action;
    struct argument_list arguments = {0};
    enum oci_applies applies;
    if (expect_kind(oci->file, rule, JSON_OBJECT, oci->error) < 0 ||
        expect_keys(oci->file, rule, keys, sizeof keys / sizeof *keys, "a rule", oci->error) < 0) {
        return -1;
    }
    const struct json_value *names = read_names(oci, rule);
    if (!names || oci_read_action(oci, rule, "action", "errnoRet", "errno", &action) < 0 ||
        read_arguments(oci, rule, &arguments) < 0 || oci_read_filter(oci, rule, &applies) < 0) {
        return -1;
    }
    const struct json_value *comment = oci_member(rule, "comment");
    if (comment && expect_kind(oci->file, comment, JSON_STRING, oci->error) < 0) {
        return -1;
    }
    if (applies == OCI_APPLIES_NOT ||
        (applies == OCI_APPLIES_PERHAPS && !resolve_perhaps(oci, rule, action))) {
        return 0;
    }
    if (arguments.repeated && oci->options->compat != COMPAT_AND &&
        oci->options->compat != COMPAT_RUNC) {
        return fail_value(oci->file, arguments.repeated, oci->error,
                          "a second condition on one argument: say with --compat and that both "
                          "have to hold, with --compat runc that any one suffices");
    }
    if (names->kind == JSON_STRING) {
        return add_name(oci, names, &arguments, action);
    }
    for (const struct json_value *v = json_first(names); v; v = json_next(names, v)) {
        if (add_name(oci, v, &arguments, action) < 0) {
            return -1;
        }
    }
    return 0;
}
