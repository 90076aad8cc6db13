/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof where paths meet, with different things known on each: programs that say what a random
 * table says, in two copies that join somewhere, with one or two instructions changed. Whether that
 * made a difference is enumerated.
 *
 *     test_prove_seen [ROUNDS]
 */
#include "programs.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_proof.h"

#define RULES 5u
#define LENGTH_MOST 160u
#define ARCHITECTURE 3u

static const struct action allow = {ACTION_ALLOW, 0};
static const struct action eperm = {ACTION_ERRNO, 1};

/* xorshift64: the same numbers everywhere. */
static uint32_t below(uint64_t *seed, uint32_t limit)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32) % limit;
}

/* Rules on two arguments for every number, all constants below 8. */
struct small_table {
    struct table table;
    struct table_abi abi;
    struct table_range range;
    struct table_rule rules[RULES];
    struct condition conditions[RULES][2];
};

static void random_table(uint64_t *seed, struct small_table *t)
{
    *t = (struct small_table){0};
    for (unsigned r = 0; r < RULES; r++) {
        for (unsigned i = 0; i < 2; i++) {
            struct condition *c = &t->conditions[r][i];
            c->argument = (uint8_t)below(seed, 2);
            c->width = 32;
            c->compare = (enum compare)below(seed, 7);
            c->compare = below(seed, 2) ? COMPARE_MASKED_EQ : c->compare;
            c->mask = c->compare == COMPARE_MASKED_EQ ? 1 + below(seed, 7) : 0;
            c->value = below(seed, 8) & (c->mask ? c->mask : 7);
        }
        t->rules[r] = (struct table_rule){
            t->conditions[r], 1 + below(seed, 2), below(seed, 2) ? allow : eperm, {0}};
    }
    t->range = (struct table_range){0,   UINT32_MAX, below(seed, 2) ? allow : eperm,
                                    {0}, t->rules,   2 + below(seed, RULES - 1)};
    t->abi = (struct table_abi){"small", ARCHITECTURE, &t->range, 1};
    t->table = (struct table){&t->abi, 1, allow};
}

struct program {
    struct sock_filter instructions[LENGTH_MOST];
    size_t count;
};

static void emit(struct program *p, struct sock_filter instruction)
{
    assert_true(p->count < LENGTH_MOST);
    p->instructions[p->count++] = instruction;
}

/* Goes on behind itself if the condition holds, else at a place that is patched: the jump has 255
   there. */
static void emit_condition(struct program *p, const struct condition *c)
{
    uint32_t k = (uint32_t)c->value;
    emit(p, (struct sock_filter)LOAD((uint32_t)OFFSET_LOW(c->argument)));
    switch (c->compare) {
    case COMPARE_EQ:
        emit(p, (struct sock_filter)JEQ(k, 0, 255));
        break;
    case COMPARE_NE:
        emit(p, (struct sock_filter)JEQ(k, 255, 0));
        break;
    case COMPARE_LT:
        emit(p, (struct sock_filter)JGE(k, 255, 0));
        break;
    case COMPARE_LE:
        emit(p, (struct sock_filter)JGT(k, 255, 0));
        break;
    case COMPARE_GT:
        emit(p, (struct sock_filter)JGT(k, 0, 255));
        break;
    case COMPARE_GE:
        emit(p, (struct sock_filter)JGE(k, 0, 255));
        break;
    case COMPARE_MASKED_EQ:
        if (c->mask == c->value && (c->mask & (c->mask - 1)) == 0) {
            emit(p, (struct sock_filter)JSET((uint32_t)c->mask, 0, 255));
            break;
        }
        emit(p, (struct sock_filter)AND((uint32_t)c->mask));
        emit(p, (struct sock_filter)JEQ(k, 0, 255));
        break;
    }
}

static void emit_return(struct program *p, struct action action)
{
    emit(p, (struct sock_filter)RETURN(action_return_value(action)));
}

static void emit_rules(struct program *p, const struct table_range *range, size_t first,
                       size_t last)
{
    for (size_t r = first; r < last; r++) {
        size_t start = p->count;
        for (size_t c = 0; c < range->rules[r].condition_count; c++) {
            emit_condition(p, &range->rules[r].conditions[c]);
        }
        emit_return(p, range->rules[r].action);
        for (size_t pc = start; pc < p->count; pc++) {
            struct sock_filter *i = &p->instructions[pc];
            uint8_t to_next = (uint8_t)(p->count - pc - 1);
            i->jt = i->jt == 255 ? to_next : i->jt;
            i->jf = i->jf == 255 ? to_next : i->jf;
        }
    }
}

/* A test that decides which copy of the first rules is run; behind them is what both share. */
static void emit_program(uint64_t *seed, struct program *p, const struct small_table *t)
{
    const struct sock_filter head[] = {LOAD(OFFSET_ARCH), JEQ(ARCHITECTURE, 1, 0), ALLOW};
    p->count = 0;
    for (size_t i = 0; i < COUNT(head); i++) {
        emit(p, head[i]);
    }
    size_t copied = below(seed, (uint32_t)t->range.rule_count + 1);
    struct condition which = t->conditions[below(seed, RULES)][0];
    which.value = which.mask ? which.value : below(seed, 8);
    size_t start = p->count;
    emit_condition(p, &which);
    size_t jump = p->count - 1;
    emit_rules(p, &t->range, 0, copied);
    emit(p, (struct sock_filter)JA(0));
    size_t over = p->count - 1;
    struct sock_filter *i = &p->instructions[jump];
    assert_true(jump > start && (i->jt == 255) != (i->jf == 255));
    *(i->jt == 255 ? &i->jt : &i->jf) = (uint8_t)(p->count - jump - 1);
    emit_rules(p, &t->range, 0, copied);
    p->instructions[over].k = (uint32_t)(p->count - over - 1);
    emit_rules(p, &t->range, copied, t->range.rule_count);
    emit_return(p, t->range.default_action);
}

static void change(uint64_t *seed, struct program *p)
{
    static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
    size_t pc = 3 + below(seed, (uint32_t)p->count - 3); /* behind the test of the architecture */
    struct sock_filter *i = &p->instructions[pc];
    size_t behind = p->count - pc - 1;
    uint8_t distance = (uint8_t)(behind ? below(seed, behind < 12 ? (uint32_t)behind : 12) : 0);
    switch (BPF_CLASS(i->code)) {
    case BPF_LD:
        i->k ^= (uint32_t)(OFFSET_LOW(0) ^ OFFSET_LOW(1));
        break;
    case BPF_RET:
        i->k = i->k == SECCOMP_RET_ALLOW ? SECCOMP_RET_ERRNO | 1 : SECCOMP_RET_ALLOW;
        break;
    case BPF_ALU:
        i->k = below(seed, 8);
        break;
    default:
        if (BPF_OP(i->code) == BPF_JA) {
            i->k = distance;
            break;
        }
        switch (below(seed, 4)) {
        case 0:
            i->code = BPF_JMP | BPF_K | jumps[below(seed, 4)];
            break;
        case 1:
            i->k = below(seed, 8);
            break;
        case 2:
            i->jt = distance;
            break;
        default:
            i->jf = distance;
            break;
        }
        break;
    }
}

/* With constants below 8, bits above the fourth make no difference that the fourth does not. */
static bool differs_somewhere(const struct filter *filter, const struct table *table)
{
    for (unsigned i = 0; i < 1u << 8; i++) {
        const struct seccomp_data call = {.arch = ARCHITECTURE, .args = {i & 15, i >> 4}};
        struct action action;
        if (!action_from_return_value(filter_execute(filter, &call, NULL), &action) ||
            !action_equal(action, table_evaluate(table, &call, NULL))) {
            return true;
        }
    }
    return false;
}

static unsigned rounds = 30000;

static void test_prove_agrees_with_enumeration_where_paths_meet(void **state)
{
    (void)state;
    uint64_t seed = 3;
    unsigned equal = 0;
    struct program *p = memory_zeroed(1, sizeof *p);
    struct small_table t;
    for (unsigned round = 0; round < rounds; round++) {
        random_table(&seed, &t);
        emit_program(&seed, p, &t);
        const struct filter filter = {p->instructions, p->count};
        if (differs_somewhere(&filter, &t.table)) {
            fail_msg("round %u: the program is wrong before it is changed", round);
        }
        char name[32];
        (void)snprintf(name, sizeof name, "round %u", round);
        for (unsigned changes = below(&seed, 3); changes > 0; changes--) {
            change(&seed, p);
        }
        bool differs = differs_somewhere(&filter, &t.table);
        assert_proof(name, &filter, &t.table, differs ? PROOF_REFUTED : PROOF_EQUAL);
        equal += !differs;
    }
    free(p);
    assert_true(equal > rounds / 4 && rounds - equal > rounds / 4);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rounds = (unsigned)strtoul(argv[1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prove_agrees_with_enumeration_where_paths_meet),
    };
    return cmocka_run_group_tests_name("filter/prove_seen", tests, NULL, NULL);
}
