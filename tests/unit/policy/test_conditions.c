/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions_can_hold() is exact: against a search of every value that could matter. For a set of
 * conditions it is enough to look at the values at and next to each constant, with every way of
 * putting the masks' bits into them.
 */
#include "policy_test.h"

static bool holds(const struct condition *c, uint64_t x)
{
    switch (c->compare) {
    case COMPARE_EQ:
        return x == c->value;
    case COMPARE_NE:
        return x != c->value;
    case COMPARE_LT:
        return x < c->value;
    case COMPARE_LE:
        return x <= c->value;
    case COMPARE_GT:
        return x > c->value;
    case COMPARE_GE:
        return x >= c->value;
    case COMPARE_MASKED_EQ:
        return (x & c->mask) == c->value;
    }
    return false;
}

/* Small deterministic random numbers (xorshift64). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A condition on one of `bits` low bits; with `bits` 64 values at the edges. */
static struct condition random_condition(uint64_t *state, unsigned bits)
{
    struct condition c = {.width = 64, .compare = (enum compare)(next_random(state) % 7)};
    uint64_t domain = (UINT64_C(1) << bits) - 1;
    c.value = next_random(state) & domain;
    if (c.compare == COMPARE_MASKED_EQ) {
        c.mask = next_random(state) & domain;
        c.value &= c.mask;
    }
    return c;
}

/* Over a domain of 6 bits (a condition keeps the argument in it) every value is tried. */
static void test_conditions_against_search(void **state)
{
    (void)state;
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    size_t satisfiable = 0;
    enum { ROUNDS = 50000, BITS = 6 };
    for (size_t round = 0; round < ROUNDS; round++) {
        struct condition c[6];
        size_t count = 1 + next_random(&random) % 5;
        for (size_t i = 0; i < count; i++) {
            c[i] = random_condition(&random, BITS);
        }
        c[count] = (struct condition){0, 64, COMPARE_LE, (1u << BITS) - 1, 0};
        bool expected = false;
        for (uint64_t x = 0; x < 1u << BITS && !expected; x++) {
            expected = true;
            for (size_t i = 0; i < count && expected; i++) {
                expected = holds(&c[i], x);
            }
        }
        size_t split = next_random(&random) % (count + 2);
        assert_int_equal(conditions_can_hold(c, split, c + split, count + 1 - split), expected);
        satisfiable += expected;
    }
    assert_in_range(satisfiable, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

#define C(argument, width, compare, value, mask)                                                   \
    {                                                                                              \
        argument, width, COMPARE_##compare, value, mask                                            \
    }

static const struct {
    bool can_hold;
    struct condition conditions[4];
    size_t count;
} cases[] = {
    {true, {{0}}, 0},
    {false, {C(0, 64, LT, 0, 0)}, 1},
    {false, {C(0, 64, GT, UINT64_MAX, 0)}, 1},
    {false, {C(0, 32, GT, UINT32_MAX, 0)}, 1},
    {true, {C(0, 64, GT, UINT32_MAX, 0)}, 1},
    {true, {C(0, 32, GE, UINT32_MAX, 0)}, 1},
    {false, {C(0, 32, GE, UINT32_MAX, 0), C(0, 32, NE, UINT32_MAX, 0)}, 2},
    {true, {C(0, 64, GE, UINT64_MAX, 0), C(0, 64, EQ, UINT64_MAX, 0)}, 2},
    {false, {C(0, 64, GE, UINT64_MAX, 0), C(0, 64, NE, UINT64_MAX, 0)}, 2},
    {false, {C(0, 32, EQ, 1, 0), C(0, 32, EQ, 2, 0)}, 2},
    {true, {C(0, 32, EQ, 1, 0), C(1, 32, EQ, 2, 0)}, 2},
    {false, {C(0, 32, EQ, 1, 0), C(5, 64, LT, 7, 0), C(5, 64, GT, 6, 0)}, 3},
    {false, {C(0, 64, MASKED_EQ, 1, 1), C(0, 64, MASKED_EQ, 0, 3)}, 2},
    {true, {C(0, 64, MASKED_EQ, 1, 1), C(0, 64, MASKED_EQ, 2, 2)}, 2},
    {true, {C(0, 64, MASKED_EQ, 0, UINT64_MAX)}, 1},
    {false, {C(0, 64, MASKED_EQ, 0, UINT64_MAX), C(0, 64, NE, 0, 0)}, 2},
    {true, {C(0, 64, MASKED_EQ, UINT64_C(1) << 63, UINT64_C(1) << 63), C(0, 64, GT, 5, 0)}, 2},
    {false,
     {C(0, 64, MASKED_EQ, UINT64_C(1) << 63, UINT64_C(1) << 63),
      C(0, 64, LT, UINT64_C(1) << 63, 0)},
     2},
    /* Above 2^32 - 1 there is nothing on 32 bits. */
    {false, {C(0, 32, MASKED_EQ, 0, 0xffffffff), C(0, 32, GT, 0, 0)}, 2},
    {true, {C(0, 32, MASKED_EQ, 0, 0x7fffffff), C(0, 32, GT, 0, 0)}, 2},
    {false,
     {C(0, 32, MASKED_EQ, 0, 0x7fffffff), C(0, 32, GT, 0, 0), C(0, 32, NE, 0x80000000, 0)},
     3},
};

static void test_conditions_at_the_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (conditions_can_hold(cases[i].conditions, cases[i].count, NULL, 0) !=
            cases[i].can_hold) {
            fail_msg("case %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions_against_search),
        cmocka_unit_test(test_conditions_at_the_edges),
    };
    return cmocka_run_group_tests_name("policy_conditions", tests, NULL, NULL);
}
