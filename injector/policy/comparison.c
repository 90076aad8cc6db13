/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A condition gets the width that the kernel consumes (argument_width()). On a 32-bit argument the
 * constant has to be a 32-bit value, zero- or sign-extended; then the low halves are compared,
 * unsigned, which is right whichever way the program extended it.
 */
#include "policy/comparison.h"
#include "policy/internal.h"
#include "policy/widths.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One comparison on its way. */
struct builder {
    const char *name;
    const struct comparison *wanted;
    const struct comparison_words *words;
    enum comparison_part part; /* what is looked at */
    struct error *error;
};

/* The 32-bit value of which `value` is the zero or sign extension; false if it is of none. */
static bool narrow(uint64_t value, uint64_t *low)
{
    *low = value & UINT32_MAX;
    uint64_t upper = value >> 32;
    return upper == 0 || (upper == UINT32_MAX && (value & UINT64_C(0x80000000)));
}

static int narrow_or_fail(struct builder *b, enum comparison_part part, uint64_t *value)
{
    uint64_t low;
    b->part = part;
    if (narrow(*value, &low)) {
        *value = low;
        return 0;
    }
    return error_set(b->error, ERROR_POLICY,
                     "0x%" PRIx64 " has more than 32 bits, but the kernel consumes 32 bits of "
                     "argument %u of '%s': %s",
                     *value, (unsigned)b->wanted->argument, b->name,
                     b->wanted->compare == COMPARE_EQ || b->wanted->compare == COMPARE_MASKED_EQ
                         ? "this can never hold, correct the value"
                         : "this compares bits that the kernel ignores, correct the value");
}

/*
 * The kernel keeps a few bits of the argument: what is compared has to be those. That is a
 * comparison under a mask, which the model has for equality only.
 */
static int shorten(struct builder *b, struct condition *c)
{
    uint32_t kept = argument_kept(b->name, c->argument);
    unsigned bits = (unsigned)__builtin_popcount(kept);
    b->part = COMPARISON_VALUE;
    if (c->compare == COMPARE_EQ) {
        c->compare = COMPARE_MASKED_EQ;
        c->mask = kept;
    }
    if (c->compare != COMPARE_MASKED_EQ) {
        return error_set(b->error, ERROR_POLICY,
                         "the kernel consumes %u bits of argument %u of '%s', so that this "
                         "comparison is passed by setting another: use %s",
                         bits, (unsigned)c->argument, b->name, b->words->equalities);
    }
    uint64_t wide = c->value > kept ? c->value : c->mask;
    if (wide > kept) {
        return error_set(b->error, ERROR_POLICY,
                         "0x%" PRIx64 " has more than %u bits, but the kernel consumes %u bits of "
                         "argument %u of '%s': correct it",
                         wide, bits, bits, (unsigned)c->argument, b->name);
    }
    return 0;
}

/*
 * The kernel consumes 32 or 64 bits, and we cannot know which. A denial has to hold if it holds for
 * one of them, what passes only if it holds for both. EQ and MASKED_EQ can say that, by 32 and 64
 * bits; LT and LE can for what passes.
 */
static int take_strict_width(struct builder *b, bool denies, struct condition *c)
{
    bool equal = c->compare == COMPARE_EQ || c->compare == COMPARE_MASKED_EQ;
    bool below = c->compare == COMPARE_LT || c->compare == COMPARE_LE;
    if (!equal && (denies || !below)) {
        b->part = COMPARISON_VALUE;
        return error_set(b->error, ERROR_POLICY,
                         "whether the kernel consumes 32 or 64 bits of argument %u of '%s' depends "
                         "on another argument, so that this comparison may be passed: use %s",
                         (unsigned)c->argument, b->name, b->words->equalities);
    }
    if (denies) {
        c->width = 32;
        c->value &= UINT32_MAX;
        c->mask &= UINT32_MAX;
    }
    return 0;
}

/* No width: the call has no such argument, or the kernel does not consume it in one way. */
static int refuse_argument(struct builder *b)
{
    const struct width_row *row = width_row_find(b->name);
    unsigned argument = b->wanted->argument;
    if (row && argument >= strlen(row->widths)) {
        b->part = COMPARISON_ARGUMENT;
        return error_set(b->error, ERROR_POLICY, "'%s' has no argument %u: remove the condition",
                         b->name, argument);
    }
    b->part = b->wanted->compare == COMPARE_MASKED_EQ ? COMPARISON_MASK : COMPARISON_VALUE;
    return error_set(b->error, ERROR_POLICY,
                     "it is not known how many bits of argument %u of '%s' the kernel consumes%s%s"
                     ": remove the condition, or the rule",
                     argument, b->name, row && row->why ? ", " : "",
                     row && row->why ? row->why : "");
}

static int build(struct builder *b, bool denies, struct condition *c)
{
    bool masked = b->wanted->compare == COMPARE_MASKED_EQ;
    if (!c->width) {
        return refuse_argument(b);
    }
    if (c->width == 32 && ((masked && narrow_or_fail(b, COMPARISON_MASK, &c->mask) < 0) ||
                           narrow_or_fail(b, COMPARISON_VALUE, &c->value) < 0)) {
        return -1;
    }
    if (argument_is_short(b->name, c->argument) && shorten(b, c) < 0) {
        return -1;
    }
    if (argument_depends(b->name, c->argument) && take_strict_width(b, denies, c) < 0) {
        return -1;
    }
    b->part = COMPARISON_VALUE;
    if (masked && (c->value & ~c->mask)) {
        return error_set(b->error, ERROR_POLICY,
                         "%s 0x%" PRIx64 " has bits that %s 0x%" PRIx64
                         " lacks: this can never hold, exchange or correct them",
                         b->words->value, c->value, b->words->mask, c->mask);
    }
    if (!conditions_can_hold(c, 1, NULL, 0)) {
        b->part = COMPARISON_VALUE;
        return error_set(b->error, ERROR_POLICY,
                         "no value of argument %u of '%s' is %s than that: this can never hold, "
                         "correct it",
                         (unsigned)c->argument, b->name,
                         c->compare == COMPARE_LT ? "less" : "greater");
    }
    return 0;
}

int condition_build(const char *name, const struct comparison *wanted, bool denies,
                    const struct comparison_words *words, struct condition *out,
                    enum comparison_part *part, struct error *error)
{
    bool masked = wanted->compare == COMPARE_MASKED_EQ;
    struct condition condition = {.argument = wanted->argument,
                                  .width = (uint8_t)argument_width(name, wanted->argument),
                                  .compare = wanted->compare,
                                  .value = wanted->value,
                                  .mask = masked ? wanted->mask : 0};
    struct builder builder = {name, wanted, words, COMPARISON_ARGUMENT, error};
    if (build(&builder, denies, &condition) < 0) {
        *part = builder.part;
        return -1;
    }
    *out = condition;
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

size_t conditions_normalise(struct condition *conditions, size_t count)
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
