/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof, and its search for values, on small random programs and tables: compared with an
 * enumeration of every value that matters.
 */
#include "programs.h"

#include "filter/prove_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assert_proof.h"

static const struct action allow = {ACTION_ALLOW, 0};

/* xorshift64: the same numbers everywhere. */
static uint32_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

static bool pass_all(const struct word_test *tests, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (!word_test_holds(&tests[i], value)) {
            return false;
        }
    }
    return true;
}

static void test_word_search_agrees_with_enumeration(void **state)
{
    (void)state;
    uint64_t seed = 1;
    unsigned satisfiable = 0;
    unsigned contradictory = 0;
    for (unsigned round = 0; round < 20000; round++) {
        struct word_test tests[16] = {{UINT32_MAX, 63, WORD_LE}};
        unsigned count = 2 + next_random(&seed) % 14;
        struct word_store store = {.steps_left = UINT64_MAX};
        struct word word = word_any();
        assert_true(word_restrict(&word, tests[0], &store));
        bool open = true;
        for (unsigned i = 1; i < count && open; i++) {
            tests[i].mask = next_random(&seed) % 3 == 0 ? UINT32_MAX : next_random(&seed) % 64;
            tests[i].k = next_random(&seed) % 64;
            tests[i].compare = (enum word_compare)(next_random(&seed) % 8);
            if (tests[i].compare > WORD_LE) {
                tests[i].compare = WORD_NE;
            }
            open = word_restrict(&word, tests[i], &store);
            bool any = false;
            for (uint32_t value = 0; value < 64 && !any; value++) {
                any = pass_all(tests, i + 1, value);
            }
            if (any != open || (open && !pass_all(tests, i + 1, word.witness))) {
                fail_msg("round %u, test %u", round, i);
            }
        }
        satisfiable += open;
        contradictory += !open;
        word_store_free(&store);
    }
    assert_true(satisfiable > 1000 && contradictory > 1000);
}

/* A random program over number, architecture and one argument's halves, with constants below 8. */
static size_t random_program(uint64_t *seed, struct sock_filter *program, unsigned kills)
{
    static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
    static const uint32_t offsets[] = {OFFSET_NR, OFFSET_ARCH, OFFSET_LOW(2), OFFSET_HIGH(2)};
    unsigned count = 2 + next_random(seed) % (PROGRAM_MAX - 2);
    for (unsigned pc = 0; pc + 1 < count; pc++) {
        unsigned behind = count - pc - 1;
        uint32_t k = next_random(seed) % 8;
        unsigned kind = next_random(seed) % 16;
        if (kind < 4) {
            program[pc] = (struct sock_filter)LOAD(offsets[next_random(seed) % 4]);
        } else if (kind < 6) {
            program[pc] = (struct sock_filter)AND(k);
        } else if (kind < 7) {
            program[pc] = (struct sock_filter)JA(next_random(seed) % behind);
        } else if (kind < 9) {
            program[pc] = (struct sock_filter)ALLOW;
            program[pc].k = next_random(seed) % 100 < kills ? 0 : SECCOMP_RET_ALLOW;
        } else {
            uint16_t code = BPF_JMP | BPF_K | jumps[next_random(seed) % 4];
            program[pc] = (struct sock_filter)BPF_JUMP(
                code, k, (uint8_t)(next_random(seed) % (behind < 6 ? behind : 6)),
                (uint8_t)(next_random(seed) % (behind < 6 ? behind : 6)));
        }
    }
    program[count - 1] = (struct sock_filter)ALLOW;
    return count;
}

/* A table over the same values: architecture 3 has ranges and up to two rules, the rest one action.
 */
struct small_table {
    struct table table;
    struct table_abi abi;
    struct table_range ranges[3];
    struct table_rule rules[3][2];
    struct condition conditions[3][2];
};

static void random_table(uint64_t *seed, struct small_table *t, unsigned kills)
{
    const struct action kill_thread = {ACTION_KILL_THREAD, 0};
    *t = (struct small_table){0};
    uint32_t first = 0;
    for (unsigned r = 0; r < 3; r++) {
        uint32_t last = r == 2 ? UINT32_MAX : first + next_random(seed) % 3;
        t->ranges[r] = (struct table_range){.first = first,
                                            .last = last,
                                            .rules = t->rules[r],
                                            .rule_count = next_random(seed) % 3};
        t->ranges[r].default_action = next_random(seed) % 100 < kills ? kill_thread : allow;
        for (unsigned rule = 0; rule < 2; rule++) {
            struct condition *c = &t->conditions[r][rule];
            c->argument = 2;
            c->width = next_random(seed) % 2 ? 32 : 64;
            c->compare = (enum compare)(next_random(seed) % 7);
            c->value = next_random(seed) % 8;
            if (c->width == 64) {
                c->value |= (uint64_t)(next_random(seed) % 8) << 32;
            }
            if (c->compare == COMPARE_MASKED_EQ) {
                c->mask = c->value | next_random(seed) % 8;
            }
            t->rules[r][rule] = (struct table_rule){.conditions = c, .condition_count = 1};
            t->rules[r][rule].action = next_random(seed) % 100 < kills ? kill_thread : allow;
        }
        first = last + 1;
    }
    t->abi = (struct table_abi){"small", 3, t->ranges, 3};
    t->table = (struct table){&t->abi, 1, allow};
}

/* With constants below 8, bits above the fourth make no difference that the fourth does not. */
static bool differs_somewhere(const struct filter *filter, const struct table *table)
{
    for (unsigned i = 0; i < 1u << 16; i++) {
        const struct seccomp_data call = {.nr = (int)(i & 15),
                                          .arch = i >> 4 & 15,
                                          .args = {0, 0, (uint64_t)(i >> 8 & 15) << 32 | i >> 12}};
        struct action action;
        if (!action_from_return_value(filter_execute(filter, &call, NULL), &action) ||
            !action_equal(action, table_evaluate(table, &call, NULL))) {
            return true;
        }
    }
    return false;
}

static void test_prove_agrees_with_enumeration(void **state)
{
    (void)state;
    uint64_t seed = 2;
    unsigned equal = 0;
    unsigned refuted = 0;
    for (unsigned round = 0; round < 400; round++) {
        struct sock_filter program[PROGRAM_MAX];
        struct small_table t;
        struct filter filter = {program, random_program(&seed, program, 20)};
        random_table(&seed, &t, round % 2 ? 0 : 20);
        bool differs = differs_somewhere(&filter, &t.table);
        assert_proof("random", &filter, &t.table, differs ? PROOF_REFUTED : PROOF_EQUAL);
        equal += !differs;
        refuted += differs;
    }
    assert_true(equal > 50 && refuted > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_search_agrees_with_enumeration),
        cmocka_unit_test(test_prove_agrees_with_enumeration),
    };
    return cmocka_run_group_tests_name("filter/prove_enumeration", tests, NULL, NULL);
}
