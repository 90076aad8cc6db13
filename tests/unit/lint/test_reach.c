/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules decide a call: against a search of every value that could matter. Constants and masks
 * lie below 8, so a value behaves as its low three bits, whether it is 8 or more, and whether it is
 * 2^32 or more, make it: 32 values stand for all.
 */
#include "base/memory.h"
#include "lint/reach.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VALUES 32u
#define ROUNDS 3000u
#define CLAUSES 4u

static uint32_t state;

/* xorshift32: the same numbers on every machine. */
static uint32_t below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static uint64_t value_at(uint32_t index)
{
    return (index & 15u) | (uint64_t)(index >> 4) << 32;
}

static bool holds(const struct condition *c, uint64_t value)
{
    uint64_t x = c->width == 32 ? value & UINT32_MAX : value;
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

static bool clause_holds(struct clause clause, const uint64_t arguments[static 2])
{
    for (size_t i = 0; i < clause.count; i++) {
        if (!holds(&clause.conditions[i], arguments[clause.conditions[i].argument])) {
            return false;
        }
    }
    return true;
}

/* Does some call make the last clause hold, and none of the others? */
static bool is_reached(const struct clause *clauses, size_t count)
{
    for (uint32_t i = 0; i < VALUES * VALUES; i++) {
        const uint64_t arguments[2] = {value_at(i % VALUES), value_at(i / VALUES)};
        bool covered = false;
        for (size_t k = 0; k + 1 < count; k++) {
            covered = covered || clause_holds(clauses[k], arguments);
        }
        if (!covered && clause_holds(clauses[count - 1], arguments)) {
            return true;
        }
    }
    return false;
}

static struct condition random_condition(bool mixed_widths)
{
    struct condition c = {
        .argument = (uint8_t)below(2),
        .width = mixed_widths && below(2) ? 32 : 64,
        .compare = (enum compare)below(7),
        .value = below(8),
    };
    if (c.compare == COMPARE_MASKED_EQ) {
        c.mask = below(8);
        c.value &= c.mask;
    }
    return c;
}

static void check_random(bool mixed_widths)
{
    struct condition conditions[CLAUSES][3];
    struct clause clauses[CLAUSES];
    unsigned reached = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t count = 1 + below(CLAUSES);
        for (size_t k = 0; k < count; k++) {
            clauses[k] = (struct clause){conditions[k], below(8) ? 1 + below(3) : 0};
            for (size_t i = 0; i < clauses[k].count; i++) {
                conditions[k][i] = random_condition(mixed_widths);
            }
        }
        bool expected = is_reached(clauses, count);
        enum reach got = clause_reach(clauses, count - 1, clauses[count - 1]);
        if (got != (expected ? REACH_SOME : REACH_NONE)) {
            print_error("round %u: %d, expected %d\n", round, (int)got, (int)expected);
            fail();
        }
        reached += expected;
        if (count == 2) {
            assert_int_equal(clause_implies(clauses[1], clauses[0]), !expected);
        }
        bool meet = false;
        for (uint32_t i = 0; i < VALUES * VALUES && count > 1; i++) {
            const uint64_t arguments[2] = {value_at(i % VALUES), value_at(i / VALUES)};
            meet = meet ||
                   (clause_holds(clauses[0], arguments) && clause_holds(clauses[1], arguments));
        }
        if (count > 1) {
            assert_int_equal(clauses_meet(clauses[0], clauses[1]), meet);
        }
    }
    assert_in_range(reached, ROUNDS / 10, ROUNDS - ROUNDS / 10); /* both answers were asked for */
}

static void test_reach_one_width(void **unused)
{
    (void)unused;
    state = 20231u;
    check_random(false);
}

static void test_reach_two_widths(void **unused)
{
    (void)unused;
    state = 77711u;
    check_random(true);
}

static void test_reach_says_when_it_is_too_much(void **unused)
{
    (void)unused;
    struct condition conditions[66];
    struct clause clauses[66];
    for (size_t i = 0; i < 66; i++) {
        conditions[i] = (struct condition){
            .argument = 0, .width = 64, .compare = COMPARE_NE, .value = i * 1000};
        clauses[i] = (struct clause){&conditions[i], 1};
    }
    conditions[65].argument = 1;
    assert_int_equal(clause_reach(clauses, 65, clauses[65]), REACH_OPEN);
    assert_int_equal(clause_reach(clauses, 64, clauses[65]), REACH_NONE);
    assert_int_equal(clause_reach(clauses, 1, clauses[65]), REACH_SOME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reach_one_width),
        cmocka_unit_test(test_reach_two_widths),
        cmocka_unit_test(test_reach_says_when_it_is_too_much),
    };
    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
