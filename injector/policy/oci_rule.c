/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One element of "syscalls" of an OCI seccomp profile.
 *
 * The format has no order, the model has: rules of one system call that can both match have to have
 * one action (conditions_can_hold() is exact), and rules that say the same are kept once. Within a
 * rule the order of conditions means nothing: they are sorted, so that equal rules look equal.
 *
 * A condition gets the width that the kernel consumes (argument_width()). On a 32-bit argument the
 * constant has to be a 32-bit value, zero- or sign-extended; then the low halves are compared,
 * unsigned, which is right whichever way the program extended it.
 */
#include "base/memory.h"
#include "policy/fields.h"
#include "policy/oci.h"
#include "policy/oci_names.h"
#include "policy/widths.h"

#include <inttypes.h>
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
        return fail_value(oci->file, op, oci->error,
                          "unknown operator '%.60s': SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ",
                          op->text);
    }
    a.value_two_place = oci_member(object, "valueTwo");
    if (a.value_two_place &&
        expect_uint(oci->file, a.value_two_place, UINT64_MAX, &a.value_two, oci->error) < 0) {
        return -1;
    }
    if (a.value_two && a.compare != COMPARE_MASKED_EQ) {
        return fail_value(oci->file, a.value_two_place, oci->error,
                          "'valueTwo' has no meaning for %s: remove it, or use "
                          "SCMP_CMP_MASKED_EQ",
                          op->text);
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

/* The 32-bit value of which `value` is the zero or sign extension; false if it is of none. */
static bool narrow(uint64_t value, uint64_t *low)
{
    *low = value & UINT32_MAX;
    uint64_t upper = value >> 32;
    return upper == 0 || (upper == UINT32_MAX && (value & UINT64_C(0x80000000)));
}

static int narrow_or_fail(struct oci *oci, const char *name, const struct argument *a,
                          const struct json_value *place, uint64_t *value)
{
    uint64_t low;
    if (narrow(*value, &low)) {
        *value = low;
        return 0;
    }
    return fail_value(oci->file, place, oci->error,
                      "0x%" PRIx64 " has more than 32 bits, but the kernel consumes 32 bits of "
                      "argument %u of '%s': %s",
                      *value, (unsigned)a->index, name,
                      a->compare == COMPARE_EQ || a->compare == COMPARE_MASKED_EQ
                          ? "this can never hold, correct the value"
                          : "this compares bits that the kernel ignores, correct the value");
}

/*
 * The kernel keeps a few bits of the argument: what is compared has to be those. That is a
 * comparison under a mask, which the model has for equality only.
 */
static int shorten(struct oci *oci, const char *name, const struct argument *a,
                   const struct json_value *value_place, struct condition *c)
{
    uint32_t kept = argument_kept(name, a->index);
    unsigned bits = (unsigned)__builtin_popcount(kept);
    if (c->compare == COMPARE_EQ) {
        c->compare = COMPARE_MASKED_EQ;
        c->mask = kept;
    }
    if (c->compare != COMPARE_MASKED_EQ) {
        return fail_value(oci->file, value_place, oci->error,
                          "the kernel consumes %u bits of argument %u of '%s', so that this "
                          "comparison is passed by setting another: use SCMP_CMP_EQ or "
                          "SCMP_CMP_MASKED_EQ",
                          bits, (unsigned)a->index, name);
    }
    uint64_t wide = c->value > kept ? c->value : c->mask;
    if (wide > kept) {
        return fail_value(oci->file, value_place, oci->error,
                          "0x%" PRIx64 " has more than %u bits, but the kernel consumes %u bits of "
                          "argument %u of '%s': correct it",
                          wide, bits, bits, (unsigned)a->index, name);
    }
    return 0;
}

/*
 * The kernel consumes 32 or 64 bits, and we cannot know which. A denial has to hold if it holds for
 * one of them, what passes only if it holds for both. EQ and MASKED_EQ can say that, by 32 and 64
 * bits; LT and LE can for what passes.
 */
static int take_strict_width(struct oci *oci, const char *name, const struct argument *a,
                             bool denies, struct condition *c)
{
    bool equal = c->compare == COMPARE_EQ || c->compare == COMPARE_MASKED_EQ;
    bool below = c->compare == COMPARE_LT || c->compare == COMPARE_LE;
    if (!equal && (denies || !below)) {
        return fail_value(
            oci->file, a->value_place, oci->error,
            "whether the kernel consumes 32 or 64 bits of argument %u of '%s' depends "
            "on another argument, so that this comparison may be passed: use "
            "SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ",
            (unsigned)a->index, name);
    }
    if (denies) {
        c->width = 32;
        c->value &= UINT32_MAX;
        c->mask &= UINT32_MAX;
    }
    return 0;
}

/* No width: the call has no such argument, or the kernel does not consume it in one way. */
static int refuse_argument(struct oci *oci, const char *name, const struct argument *a)
{
    const struct width_row *row = width_row_find(name);
    if (row && a->index >= strlen(row->widths)) {
        return fail_value(oci->file, a->index_place, oci->error,
                          "'%s' has no argument %u: remove the condition", name,
                          (unsigned)a->index);
    }
    return fail_value(oci->file, a->value_place, oci->error,
                      "it is not known how many bits of argument %u of '%s' the kernel consumes%s%s"
                      ": remove the condition, or the rule",
                      (unsigned)a->index, name, row && row->why ? ", " : "",
                      row && row->why ? row->why : "");
}

/* The condition that `a` means for one system call. */
static int build_condition(struct oci *oci, const char *name, const struct argument *a, bool denies,
                           struct condition *out)
{
    unsigned width = argument_width(name, a->index);
    if (!width) {
        return refuse_argument(oci, name, a);
    }
    bool masked = a->compare == COMPARE_MASKED_EQ;
    struct condition c = {.argument = a->index,
                          .width = (uint8_t)width,
                          .compare = a->compare,
                          .value = masked ? a->value_two : a->value,
                          .mask = masked ? a->value : 0};
    const struct json_value *value_place =
        a->value_two_place && masked ? a->value_two_place : a->value_place;
    if (width == 32 && ((masked && narrow_or_fail(oci, name, a, a->value_place, &c.mask) < 0) ||
                        narrow_or_fail(oci, name, a, value_place, &c.value) < 0)) {
        return -1;
    }
    if (argument_is_short(name, a->index) && shorten(oci, name, a, value_place, &c) < 0) {
        return -1;
    }
    if (argument_depends(name, a->index) && take_strict_width(oci, name, a, denies, &c) < 0) {
        return -1;
    }
    if (masked && (c.value & ~c.mask)) {
        return fail_value(oci->file, value_place, oci->error,
                          "'valueTwo' 0x%" PRIx64 " has bits that the mask ('value') 0x%" PRIx64
                          " lacks: this can never hold, exchange or correct them",
                          c.value, c.mask);
    }
    if (!conditions_can_hold(&c, 1, NULL, 0)) {
        return fail_value(oci->file, a->value_place, oci->error,
                          "no value of argument %u of '%s' is %s than that: this can never hold, "
                          "correct it",
                          (unsigned)a->index, name, a->compare == COMPARE_LT ? "less" : "greater");
    }
    *out = c;
    return 0;
}

static int compare_conditions(const void *left, const void *right)
{
    const struct condition *a = left;
    const struct condition *b = right;
    if (a->argument != b->argument) {
        return a->argument < b->argument ? -1 : 1;
    }
    if (a->compare != b->compare) {
        return a->compare < b->compare ? -1 : 1;
    }
    if (a->mask != b->mask) {
        return a->mask < b->mask ? -1 : 1;
    }
    return (a->value > b->value) - (a->value < b->value);
}

/* Sorts, and drops what is said twice. */
static size_t normalise(struct condition *conditions, size_t count)
{
    qsort(conditions, count, sizeof *conditions, compare_conditions);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!kept || compare_conditions(&conditions[kept - 1], &conditions[i]) != 0) {
            conditions[kept++] = conditions[i];
        }
    }
    return kept;
}

/* Adds one rule for one system call, unless it is there; refuses one that contradicts. */
static int add_rule(struct oci *oci, const struct json_value *name,
                    const struct condition *conditions, size_t count, struct action action)
{
    struct rule candidate = {.condition_count = count, .action = action};
    struct condition copy[POLICY_MAX_CONDITIONS];
    memcpy(copy, conditions, count * sizeof *conditions);
    candidate.conditions = copy;
    const struct syscall_rules *present = policy_find(oci->policy, name->text);
    for (size_t i = 0; present && i < present->rule_count; i++) {
        const struct rule *other = &present->rules[i];
        if (rule_equal(other, &candidate)) {
            return 0;
        }
        if (!action_equal(other->action, action) &&
            conditions_can_hold(other->conditions, other->condition_count, conditions, count)) {
            CLEANUP_FREE char *here = action_text(action);
            CLEANUP_FREE char *there = action_text(other->action);
            return fail_value(oci->file, name, oci->error,
                              "'%s' gets %s here and %s at line %zu, column %zu, and both can "
                              "match: rules have no order in this format, let them exclude each "
                              "other",
                              name->text, here, there, other->place.line, other->place.column);
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
    size_t count = normalise(conditions, arguments->count);
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

/* "name" or "names": the value that holds it, checked. NULL with the error set. */
static const struct json_value *read_names(struct oci *oci, const struct json_value *rule)
{
    const struct json_value *single = oci_member(rule, "name");
    const struct json_value *many = oci_member(rule, "names");
    if (single && many) {
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
    if (arguments.repeated && oci->options->compat == COMPAT_NONE) {
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
