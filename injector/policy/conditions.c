/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a set of conditions hold? Decided exactly: arguments are independent of each other, and what
 * the conditions leave of one argument is an interval, less some points, under one mask. The
 * smallest member of that is found directly.
 */
#include "policy/internal.h"

/* What the conditions of one argument leave of it. */
struct remainder {
    uint64_t highest; /* of the width */
    uint64_t low, high;
    uint64_t mask, value; /* (x & mask) == value */
    bool empty;
};

/* The smallest x >= low with (x & mask) == value; false if there is none. */
static bool smallest_match(uint64_t low, uint64_t mask, uint64_t value, uint64_t *x)
{
    if ((low & mask) == value) {
        *x = low;
        return true;
    }
    /* A larger x agrees with low above some bit, has 1 there where low has 0, and is free below:
       the lowest such bit that works gives the smallest x. */
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (low & bit) {
            continue;
        }
        uint64_t candidate = ((low | bit) & ~(bit - 1)) | (value & (bit - 1));
        if ((candidate & mask) == value) {
            *x = candidate;
            return true;
        }
    }
    return false;
}

static void raise_low(struct remainder *r, uint64_t low)
{
    r->low = low > r->low ? low : r->low;
}

static void lower_high(struct remainder *r, uint64_t high)
{
    r->high = high < r->high ? high : r->high;
}

static void restrict_to(struct remainder *r, const struct condition *c)
{
    switch (c->compare) {
    case COMPARE_EQ:
        raise_low(r, c->value);
        lower_high(r, c->value);
        return;
    case COMPARE_NE: /* looked at in the end */
        return;
    case COMPARE_LT:
        r->empty = r->empty || c->value == 0;
        lower_high(r, c->value - 1);
        return;
    case COMPARE_LE:
        lower_high(r, c->value);
        return;
    case COMPARE_GT:
        r->empty = r->empty || c->value == r->highest;
        raise_low(r, c->value + 1);
        return;
    case COMPARE_GE:
        raise_low(r, c->value);
        return;
    case COMPARE_MASKED_EQ:
        r->empty = r->empty || ((r->value ^ c->value) & r->mask & c->mask) != 0;
        r->mask |= c->mask;
        r->value |= c->value;
        return;
    }
}

static bool is_excluded(uint64_t x, unsigned argument, const struct condition *conditions,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (conditions[i].argument == argument && conditions[i].compare == COMPARE_NE &&
            conditions[i].value == x) {
            return true;
        }
    }
    return false;
}

static bool argument_can_hold(unsigned argument, const struct condition *a, size_t a_count,
                              const struct condition *b, size_t b_count)
{
    struct remainder r = {.highest = UINT64_MAX};
    for (size_t i = 0; i < a_count + b_count; i++) {
        const struct condition *c = i < a_count ? &a[i] : &b[i - a_count];
        if (c->argument == argument && c->width == 32) {
            r.highest = UINT32_MAX;
        }
    }
    r.high = r.highest;
    for (size_t i = 0; i < a_count + b_count; i++) {
        const struct condition *c = i < a_count ? &a[i] : &b[i - a_count];
        if (c->argument == argument) {
            restrict_to(&r, c);
        }
    }
    /* Each turn passes over one excluded point, so there are at most as many as conditions. */
    uint64_t x = r.low;
    while (!r.empty && smallest_match(x, r.mask, r.value, &x) && x <= r.high) {
        if (!is_excluded(x, argument, a, a_count) && !is_excluded(x, argument, b, b_count)) {
            return true;
        }
        if (x == r.high) {
            break;
        }
        x++;
    }
    return false;
}

bool conditions_can_hold(const struct condition *a, size_t a_count, const struct condition *b,
                         size_t b_count)
{
    for (unsigned argument = 0; argument < POLICY_ARGUMENTS; argument++) {
        if (!argument_can_hold(argument, a, a_count, b, b_count)) {
            return false;
        }
    }
    return true;
}
