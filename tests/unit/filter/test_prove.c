/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof, on programs and tables written by hand. test_prove_enumeration.c has random ones.
 */
#include "programs.h"

#include "base/memory.h"
#include "filter/prove.h"

#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assert_proof.h"

static const struct action allow = {ACTION_ALLOW, 0};
static const struct action kill_process = {ACTION_KILL_PROCESS, 0};
static const struct action eperm = {ACTION_ERRNO, 1};

/* Every program of the tables below begins by killing other architectures. */
#define HEAD LOAD(OFFSET_ARCH), JEQ(AUDIT_ARCH_X86_64, 1, 0), KILL

/* One ABI, one rule for every number: allow if the conditions hold, else errno 1. */
struct one_rule {
    struct table table;
    struct table_abi abi;
    struct table_range range;
    struct table_rule rule;
    struct condition conditions[2];
};

static struct one_rule *one_rule(struct condition first, struct condition second)
{
    struct one_rule *t = memory_zeroed(1, sizeof *t);
    t->conditions[0] = first;
    t->conditions[1] = second;
    t->rule = (struct table_rule){
        .conditions = t->conditions, .condition_count = second.width ? 2 : 1, .action = allow};
    t->range = (struct table_range){.first = 0,
                                    .last = UINT32_MAX,
                                    .default_action = eperm,
                                    .rules = &t->rule,
                                    .rule_count = 1};
    t->abi = (struct table_abi){.name = "x86_64",
                                .audit_architecture = AUDIT_ARCH_X86_64,
                                .ranges = &t->range,
                                .range_count = 1};
    t->table = (struct table){.abis = &t->abi, .abi_count = 1, .other_abi = kill_process};
    return t;
}

struct condition_case {
    const char *name;
    struct condition first, second;
    enum proof expected;
    struct sock_filter program[PROGRAM_MAX];
};

#define V UINT64_C(0x100000002)
#define LOW LOAD(OFFSET_LOW(0))
#define HIGH LOAD(OFFSET_HIGH(0))

static struct condition_case condition_cases[] = {
    {"EQ 32",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"EQ 32, the program looks at 64",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, HIGH, JEQ(0, 0, 3), LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"EQ 64, the program looks at 32",
     {0, 64, COMPARE_EQ, 5, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"EQ 64",
     {0, 64, COMPARE_EQ, V, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JEQ(2, 0, 3), HIGH, JEQ(1, 0, 1), ALLOW, ERRNO(1)}},
    {"NE 64",
     {0, 64, COMPARE_NE, V, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JEQ(2, 0, 3), HIGH, JEQ(1, 0, 1), ERRNO(1), ALLOW}},
    {"GT 64",
     {0, 64, COMPARE_GT, V, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, JGT(1, 3, 0), JEQ(1, 0, 3), LOW, JGT(2, 0, 1), ALLOW, ERRNO(1)}},
    {"GT 64 without the high half",
     {0, 64, COMPARE_GT, V, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, HIGH, JGE(1, 0, 3), LOW, JGT(2, 0, 1), ALLOW, ERRNO(1)}},
    {"GE 64",
     {0, 64, COMPARE_GE, V, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, JGT(1, 3, 0), JEQ(1, 0, 3), LOW, JGE(2, 0, 1), ALLOW, ERRNO(1)}},
    {"GE 64 at a carry",
     {0, 64, COMPARE_GE, UINT64_C(0x100000000), 0},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, JEQ(0, 1, 0), ALLOW, ERRNO(1)}},
    {"LT 64",
     {0, 64, COMPARE_LT, V, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, JGT(1, 4, 0), JEQ(1, 0, 2), LOW, JGE(2, 1, 0), ALLOW, ERRNO(1)}},
    {"LE 64",
     {0, 64, COMPARE_LE, V, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, JGT(1, 4, 0), JEQ(1, 0, 2), LOW, JGT(2, 1, 0), ALLOW, ERRNO(1)}},
    {"LT 64 taken for LE",
     {0, 64, COMPARE_LT, V, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, HIGH, JGT(1, 4, 0), JEQ(1, 0, 2), LOW, JGT(2, 1, 0), ALLOW, ERRNO(1)}},
    {"LT 0 never holds", {0, 64, COMPARE_LT, 0, 0}, {0}, PROOF_EQUAL, {HEAD, ERRNO(1)}},
    {"GE 0 always holds", {0, 32, COMPARE_GE, 0, 0}, {0}, PROOF_EQUAL, {HEAD, ALLOW}},
    {"GT the greatest never holds",
     {0, 64, COMPARE_GT, UINT64_MAX, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, ERRNO(1)}},
    {"LE the greatest always holds",
     {0, 32, COMPARE_LE, UINT32_MAX, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, ALLOW}},
    {"LE nearly the greatest",
     {0, 32, COMPARE_LE, UINT32_MAX - 1, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, ALLOW}},
    {"GT 32",
     {0, 32, COMPARE_GT, 0x80000000, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JGE(0x80000001, 0, 1), ALLOW, ERRNO(1)}},
    {"MASKED_EQ 32",
     {0, 32, COMPARE_MASKED_EQ, 0x10, 0xf0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, AND(0xf0), JEQ(0x10, 0, 1), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by two ANDs",
     {0, 32, COMPARE_MASKED_EQ, 0x10, 0xf0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, AND(0xff0), AND(0xf8f0), AND(0xf0), JEQ(0x10, 0, 1), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by JSET",
     {0, 32, COMPARE_MASKED_EQ, 0, 0x81},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JSET(0x81, 1, 0), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by two JSETs",
     {0, 32, COMPARE_MASKED_EQ, 0x01, 0x81},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JSET(0x80, 2, 0), JSET(0x01, 0, 1), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by JSET of another bit",
     {0, 32, COMPARE_MASKED_EQ, 0, 0x81},
     {0},
     PROOF_REFUTED,
     {HEAD, LOW, JSET(0x80, 1, 0), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by an interval",
     {0, 32, COMPARE_MASKED_EQ, 0, 0xfffffff0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JGT(0xf, 1, 0), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by a masked comparison",
     {0, 32, COMPARE_MASKED_EQ, 0xc0, 0xc0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, AND(0xf0), JGE(0xc0, 0, 1), ALLOW, ERRNO(1)}},
    {"MASKED_EQ by exclusion",
     {0, 32, COMPARE_MASKED_EQ, 3, 3},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, AND(3), JEQ(0, 2, 0), JEQ(1, 1, 0), JEQ(2, 0, 1), ERRNO(1), ALLOW}},
    {"MASKED_EQ 64",
     {0, 64, COMPARE_MASKED_EQ, V, UINT64_C(0xf0000000f)},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, AND(0xf), JEQ(1, 0, 4), LOW, AND(0xf), JEQ(2, 0, 1), ALLOW, ERRNO(1)}},
    {"MASKED_EQ with an empty mask always holds",
     {0, 64, COMPARE_MASKED_EQ, 0, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, ALLOW}},
    {"an interval of two conditions",
     {0, 32, COMPARE_GT, 5, 0},
     {0, 32, COMPARE_LT, 7, 0},
     PROOF_EQUAL,
     {HEAD, LOW, JEQ(6, 0, 1), ALLOW, ERRNO(1)}},
    {"two conditions that exclude each other",
     {0, 64, COMPARE_GT, 5, 0},
     {0, 64, COMPARE_LT, 6, 0},
     PROOF_EQUAL,
     {HEAD, ERRNO(1)}},
    {"two arguments",
     {0, 32, COMPARE_EQ, 5, 0},
     {5, 32, COMPARE_EQ, 6, 0},
     PROOF_EQUAL,
     {HEAD, LOAD(OFFSET_LOW(5)), JEQ(6, 0, 3), LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"two arguments, one forgotten",
     {0, 32, COMPARE_EQ, 5, 0},
     {5, 32, COMPARE_EQ, 6, 0},
     PROOF_REFUTED,
     {HEAD, LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"accumulator 0 at the start",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {JEQ(0, 1, 0), ALLOW, JGT(0, 0, 1), ALLOW, HEAD, LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"accumulator emptied by AND",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, AND(5), AND(2), JSET(0xffffffff, 3, 0), LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"equal targets",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JGT(77, 0, 0), JEQ(3, 1, 1), ALLOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"JGE 0 always holds",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JGE(0, 1, 0), ALLOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"JSET 0 never holds",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JSET(0, 0, 1), ALLOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"code that no path reaches",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, LOW, JA(1), ALLOW, JEQ(5, 0, 4), JGT(5, 0, 1), ALLOW, ALLOW, KILL, ERRNO(1)}},
    {"a tail that two paths share",
     {0, 64, COMPARE_EQ, 5, 0},
     {0},
     PROOF_EQUAL,
     {HEAD, HIGH, JEQ(0, 1, 0), JA(3), LOW, JGE(5, 0, 1), JEQ(5, 1, 0), ERRNO(1), ALLOW}},
    {"a tail reached with the other accumulator",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, HIGH, JEQ(0, 0, 1), LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"no architecture",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_REFUTED,
     {LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"another architecture allowed",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_REFUTED,
     {LOAD(OFFSET_ARCH), JEQ(AUDIT_ARCH_I386, 2, 0), JEQ(AUDIT_ARCH_X86_64, 2, 0), KILL, ALLOW, LOW,
      JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
    {"one number that differs",
     {0, 32, COMPARE_EQ, 5, 0},
     {0},
     PROOF_REFUTED,
     {HEAD, LOAD(OFFSET_NR), JEQ(0xffffffff, 2, 0), LOW, JEQ(5, 0, 1), ALLOW, ERRNO(1)}},
};

static void test_prove_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(condition_cases); i++) {
        struct condition_case *c = &condition_cases[i];
        struct one_rule *t = one_rule(c->first, c->second);
        const struct filter filter = program_of(c->program);
        assert_proof(c->name, &filter, &t->table, c->expected);
        free(t);
    }
}

static void test_prove_condition_of_argument_in_any_order_of_rules(void **state)
{
    (void)state;
    /* First match: 5 kills though the second rule would allow it. */
    struct condition five = {0, 32, COMPARE_EQ, 5, 0};
    struct condition few = {0, 32, COMPARE_LE, 9, 0};
    struct table_rule rules[] = {{&five, 1, kill_process, {0}}, {&few, 1, allow, {0}}};
    struct table_range range = {0, UINT32_MAX, eperm, {0}, rules, 2};
    struct table_abi abi = {"x86_64", AUDIT_ARCH_X86_64, &range, 1};
    const struct table table = {&abi, 1, kill_process};
    struct sock_filter right[PROGRAM_MAX] = {HEAD,  LOW,  JEQ(5, 2, 0), JGT(9, 2, 0),
                                             ALLOW, KILL, ERRNO(1)};
    struct sock_filter wrong[PROGRAM_MAX] = {HEAD, LOW, JGT(9, 1, 0), ALLOW, ERRNO(1)};
    const struct filter right_filter = program_of(right);
    const struct filter wrong_filter = program_of(wrong);
    assert_proof("first match", &right_filter, &table, PROOF_EQUAL);
    assert_proof("last match", &wrong_filter, &table, PROOF_REFUTED);
}

/* Numbers: two ABIs, one of them twice (the first counts). */
struct range_case {
    const char *name;
    enum proof expected;
    struct sock_filter program[PROGRAM_MAX];
};

static struct range_case range_cases[] = {
    {"binary",
     PROOF_EQUAL,
     {LOAD(OFFSET_ARCH), JEQ(AUDIT_ARCH_X86_64, 2, 0), JEQ(AUDIT_ARCH_I386, 5, 0), KILL,
      LOAD(OFFSET_NR), JGE(10, 0, 3), JGE(21, 2, 0), ALLOW, ERRNO(1), ERRNO(1)}},
    {"last number missed",
     PROOF_REFUTED,
     {LOAD(OFFSET_ARCH), JEQ(AUDIT_ARCH_X86_64, 2, 0), JEQ(AUDIT_ARCH_I386, 5, 0), KILL,
      LOAD(OFFSET_NR), JGE(10, 0, 3), JGE(20, 2, 0), ALLOW, ERRNO(1), ERRNO(1)}},
    {"other ABI", PROOF_REFUTED, {LOAD(OFFSET_NR), JGE(10, 0, 2), JGE(21, 1, 0), ALLOW, ERRNO(1)}},
    {"number before architecture",
     PROOF_EQUAL,
     {LOAD(OFFSET_NR), JGE(10, 0, 4), JGE(21, 3, 0), LOAD(OFFSET_ARCH),
      JEQ(AUDIT_ARCH_X86_64, 0, 2), ALLOW, LOAD(OFFSET_ARCH), JEQ(AUDIT_ARCH_I386, 2, 0),
      JEQ(AUDIT_ARCH_X86_64, 1, 0), KILL, ERRNO(1)}},
};

static void test_prove_ranges(void **state)
{
    (void)state;
    struct table_range ranges[] = {{0, 9, eperm, {0}, NULL, 0},
                                   {10, 20, allow, {0}, NULL, 0},
                                   {21, UINT32_MAX, eperm, {0}, NULL, 0}};
    struct table_range refuse = {0, UINT32_MAX, eperm, {0}, NULL, 0};
    struct table_abi abis[] = {{"x86_64", AUDIT_ARCH_X86_64, ranges, 3},
                               {"i386", AUDIT_ARCH_I386, &refuse, 1},
                               {"x32", AUDIT_ARCH_X86_64, &refuse, 1}};
    const struct table table = {abis, 3, kill_process};
    for (size_t i = 0; i < COUNT(range_cases); i++) {
        const struct filter filter = program_of(range_cases[i].program);
        assert_proof(range_cases[i].name, &filter, &table, range_cases[i].expected);
    }
}

struct action_case {
    uint32_t returned;
    struct action expected;
    enum proof proof;
};

static const struct action_case action_cases[] = {
    {SECCOMP_RET_ALLOW, {ACTION_ALLOW, 0}, PROOF_EQUAL},
    {SECCOMP_RET_ALLOW | 77, {ACTION_ALLOW, 0}, PROOF_EQUAL},
    {SECCOMP_RET_ALLOW, {ACTION_ALLOW, 77}, PROOF_EQUAL},
    {SECCOMP_RET_ALLOW, {ACTION_LOG, 0}, PROOF_REFUTED},
    {SECCOMP_RET_LOG | 3, {ACTION_LOG, 0}, PROOF_EQUAL},
    {SECCOMP_RET_ERRNO | 1, {ACTION_ERRNO, 1}, PROOF_EQUAL},
    {SECCOMP_RET_ERRNO | 1, {ACTION_ERRNO, 2}, PROOF_REFUTED},
    {SECCOMP_RET_ERRNO | 0, {ACTION_ERRNO, 1}, PROOF_REFUTED},
    {SECCOMP_RET_ERRNO | 5000, {ACTION_ERRNO, 4095}, PROOF_EQUAL},
    {SECCOMP_RET_ERRNO | 5000, {ACTION_ERRNO, 6000}, PROOF_EQUAL},
    {SECCOMP_RET_ERRNO | 4095, {ACTION_ERRNO, 4094}, PROOF_REFUTED},
    {SECCOMP_RET_TRAP | 1, {ACTION_TRAP, 1}, PROOF_EQUAL},
    {SECCOMP_RET_TRAP | 1, {ACTION_TRAP, 0}, PROOF_REFUTED},
    {SECCOMP_RET_TRACE | 0xffff, {ACTION_TRACE, 0xffff}, PROOF_EQUAL},
    {SECCOMP_RET_TRACE | 1, {ACTION_TRACE, 2}, PROOF_REFUTED},
    {SECCOMP_RET_KILL_THREAD | 9, {ACTION_KILL_THREAD, 0}, PROOF_EQUAL},
    {SECCOMP_RET_KILL_THREAD, {ACTION_KILL_PROCESS, 0}, PROOF_REFUTED},
    {SECCOMP_RET_KILL_PROCESS | 9, {ACTION_KILL_PROCESS, 0}, PROOF_EQUAL},
    {0x12340000, {ACTION_KILL_PROCESS, 0}, PROOF_EQUAL},
    {0x12340000, {ACTION_KILL_THREAD, 0}, PROOF_REFUTED},
    {0x7ffe0000, {ACTION_KILL_PROCESS, 0}, PROOF_EQUAL},
    {0xffffffff, {ACTION_KILL_PROCESS, 0}, PROOF_EQUAL},
    {0xffffffff, {ACTION_ALLOW, 0}, PROOF_REFUTED},
    {SECCOMP_RET_USER_NOTIF, {ACTION_KILL_PROCESS, 0}, PROOF_REFUTED},
    {SECCOMP_RET_USER_NOTIF, {ACTION_ALLOW, 0}, PROOF_REFUTED},
};

static void test_prove_compares_actions_as_the_kernel_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(action_cases); i++) {
        const struct action_case *c = &action_cases[i];
        struct sock_filter program[PROGRAM_MAX] = {RETURN(c->returned)};
        const struct filter filter = {program, 1};
        const struct table table = {NULL, 0, c->expected};
        CLEANUP_FREE char *name = memory_printf("action case %zu", i);
        assert_proof(name, &filter, &table, c->proof);
    }
}

struct open_case {
    const char *reason;
    struct sock_filter program[PROGRAM_MAX];
};

static struct open_case open_cases[] = {
    {"the kernel would not load the program: the program is empty: build the filter again", {{0}}},
    {"the kernel would not load the program: instruction 0: jump past the end of the program: "
     "build the filter again",
     {JEQ(1, 1, 0), ALLOW}},
    {"the kernel would not load the program: instruction 1: opcode 0x94 is none that seccomp "
     "takes: build the filter again",
     {JA(1), BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 1), ALLOW}},
    {"instruction 0: it looks at the instruction pointer, which no policy names",
     {LOAD(OFFSET_IP), ALLOW}},
    {"instruction 0: it looks at the instruction pointer, which no policy names",
     {LOAD(OFFSET_IP + 4), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x80",
     {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x81",
     {BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x00", {BPF_STMT(BPF_LD | BPF_IMM, 1), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x01",
     {BPF_STMT(BPF_LDX | BPF_IMM, 1), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x02",
     {BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x03", {BPF_STMT(BPF_STX, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x07",
     {BPF_STMT(BPF_MISC | BPF_TAX, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x87",
     {BPF_STMT(BPF_MISC | BPF_TXA, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x04",
     {BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x5c",
     {BPF_STMT(BPF_ALU | BPF_AND | BPF_X, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x84",
     {BPF_STMT(BPF_ALU | BPF_NEG, 0), ALLOW}},
    {"instruction 0: the proof does not cover opcode 0x1d",
     {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 0), ALLOW}},
    {"instruction 1: the proof does not cover opcode 0x16", {LOAD(OFFSET_NR), RETURN_A}},
    {"instruction 1: the proof does not cover opcode 0x44",
     {JA(1), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0), ALLOW}},
};

static void test_prove_leaves_open_what_it_does_not_cover(void **state)
{
    (void)state;
    const struct table table = {NULL, 0, allow};
    for (size_t i = 0; i < COUNT(open_cases); i++) {
        const struct filter filter = program_of(open_cases[i].program);
        CLEANUP_FREE char *reason = NULL;
        struct counterexample found;
        assert_int_equal(filter_prove(&filter, &table, &found, &reason), PROOF_OPEN);
        assert_string_equal(reason, open_cases[i].reason);
        assert_int_equal(filter_prove(&filter, &table, NULL, NULL), PROOF_OPEN);
    }
}

static void assert_table_fault(const struct table *table, const char *expected)
{
    struct sock_filter program[] = {ALLOW};
    const struct filter filter = {program, 1};
    CLEANUP_FREE char *reason = NULL;
    assert_int_equal(filter_prove(&filter, table, NULL, &reason), PROOF_OPEN);
    assert_string_equal(reason, expected);
}

static void test_prove_leaves_open_a_table_with_gaps(void **state)
{
    (void)state;
    static const struct {
        uint32_t first[2], last[2];
        size_t count;
    } cases[] = {
        {{0}, {0}, 0},
        {{1}, {UINT32_MAX}, 1},
        {{0}, {UINT32_MAX - 1}, 1},
        {{0, 11}, {9, UINT32_MAX}, 2},
        {{0, 9}, {9, UINT32_MAX}, 2},
        {{0, 10}, {9, 5}, 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct table_range ranges[2] = {{cases[i].first[0], cases[i].last[0], allow, {0}, NULL, 0},
                                        {cases[i].first[1], cases[i].last[1], allow, {0}, NULL, 0}};
        struct table_abi abi = {"x86_64", AUDIT_ARCH_X86_64, ranges, cases[i].count};
        const struct table table = {&abi, 1, allow};
        assert_table_fault(&table, "the table's ranges for x86_64 have a gap");
    }
}

static void test_prove_leaves_open_a_table_with_odd_conditions(void **state)
{
    (void)state;
    static const struct {
        struct condition condition;
        const char *reason;
    } cases[] = {
        {{6, 32, COMPARE_EQ, 0, 0},
         "the table has a condition on an argument past the sixth, at number 0"},
        {{0, 16, COMPARE_EQ, 0, 0},
         "the table has a condition of a width other than 32 and 64, at number 0"},
        {{0, 32, COMPARE_EQ, UINT64_C(1) << 32, 0},
         "the table has a value wider than its condition, at number 0"},
        {{0, 32, COMPARE_MASKED_EQ, 0, UINT64_C(1) << 32},
         "the table has a value wider than its condition, at number 0"},
        {{0, 32, COMPARE_MASKED_EQ, 3, 1}, "the table has a value outside its mask, at number 0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct one_rule *t = one_rule(cases[i].condition, (struct condition){0});
        assert_table_fault(&t->table, cases[i].reason);
        free(t);
    }
}

/* "Is this bit set", both answers going on at the same place: 2^bits paths. */
static size_t add_idle_tests(struct sock_filter *program, size_t count, unsigned bits)
{
    program[count++] = (struct sock_filter)LOAD(OFFSET_LOW(0));
    for (unsigned bit = 0; bit < bits; bit++) {
        program[count++] = (struct sock_filter)JSET(1u << bit, 1, 0);
        program[count++] = (struct sock_filter)AND(0xffffffff);
    }
    return count;
}

/* Allow if for some pair bit `pair` of argument 0 and bit `pair * step % 32` of argument 1 are set,
   else errno 1; in that order, in the table and in the program. */
#define PAIRS_MOST 64
struct pairs {
    struct table table;
    struct table_abi abi;
    struct table_range range;
    struct table_rule rules[PAIRS_MOST];
    struct condition conditions[PAIRS_MOST][2];
    struct sock_filter program[8 * PAIRS_MOST];
    struct filter filter;
};

static struct pairs *make_pairs(unsigned pairs, unsigned step)
{
    struct pairs *p = memory_zeroed(1, sizeof *p);
    static const struct sock_filter head[] = {HEAD};
    memcpy(p->program, head, sizeof head);
    size_t count = COUNT(head);
    for (unsigned i = 0; i < pairs; i++) {
        uint32_t first = 1u << i % 32;
        uint32_t second = 1u << i * step % 32;
        p->conditions[i][0] = (struct condition){0, 32, COMPARE_MASKED_EQ, first, first};
        p->conditions[i][1] = (struct condition){1, 32, COMPARE_MASKED_EQ, second, second};
        p->rules[i] = (struct table_rule){p->conditions[i], 2, allow, {0}};
        const struct sock_filter rule[] = {LOAD(OFFSET_LOW(0)), JSET(first, 0, 3),
                                           LOAD(OFFSET_LOW(1)), JSET(second, 0, 1), ALLOW};
        memcpy(&p->program[count], rule, sizeof rule);
        count += COUNT(rule);
    }
    p->program[count++] = (struct sock_filter)ERRNO(1);
    p->filter = (struct filter){p->program, count};
    p->range = (struct table_range){0, UINT32_MAX, eperm, {0}, p->rules, pairs};
    p->abi = (struct table_abi){"x86_64", AUDIT_ARCH_X86_64, &p->range, 1};
    p->table = (struct table){&p->abi, 1, kill_process};
    return p;
}

/* Each pair that fails does so at its first test or at its second: 2^pairs paths. */
static void test_prove_many_alternatives(void **state)
{
    (void)state;
    static const unsigned steps[] = {1, 7, 8, 0}; /* 8, 0: bits of argument 1 again and again */
    for (size_t s = 0; s < COUNT(steps); s++) {
        struct pairs *p = make_pairs(PAIRS_MOST, steps[s]);
        assert_int_equal(prove_with_budget(&p->filter, &p->table, 20000, NULL, NULL), PROOF_EQUAL);
        free(p);
    }
}

static void test_prove_finds_the_one_alternative_that_differs(void **state)
{
    (void)state;
    for (size_t pair = 0; pair < 32; pair++) {
        struct pairs *p = make_pairs(32, 7);
        struct sock_filter *second = &p->program[3 + 5 * pair + 3]; /* HEAD, rules of five */
        assert_int_equal(second->code, BPF_JMP | BPF_JSET | BPF_K);
        second->k = second->k == 4 ? 8 : 4;
        struct counterexample found;
        assert_int_equal(prove_with_budget(&p->filter, &p->table, 1000000, &found, NULL),
                         PROOF_REFUTED);
        assert_confirmed(&p->filter, &p->table, &found, "a pair");
        free(p);
    }
}

static void test_prove_leaves_open_when_the_budget_runs_out(void **state)
{
    (void)state;
    /* Bits are asked for in front, and what is known of them matters behind: in the program alone,
       which has a rule in front that the table has last. */
    struct pairs *p = make_pairs(30, 1);
    const struct table_rule first = p->rules[0];
    memmove(&p->rules[0], &p->rules[1], 29 * sizeof *p->rules);
    p->rules[29] = first;
    const struct filter *filter = &p->filter;
    const struct table all_allow = {NULL, 0, allow};
    struct sock_filter idle[2 * 20 + 2];
    size_t count = add_idle_tests(idle, 0, 20);
    idle[count++] = (struct sock_filter)ALLOW;
    const struct filter short_filter = {idle, count};
    CLEANUP_FREE char *reason = NULL;
    assert_int_equal(prove_with_budget(filter, &p->table, 200, NULL, &reason), PROOF_OPEN);
    assert_string_equal(reason, "the budget of 200 steps ran out: the policy has too many "
                                "conditions on one system call");
    assert_int_equal(prove_with_budget(filter, &p->table, 100000, NULL, NULL), PROOF_EQUAL);
    assert_int_equal(prove_with_budget(&short_filter, &all_allow, 1000, NULL, NULL), PROOF_EQUAL);
    /* Whatever the budget is, it never turns into another answer. */
    const struct table other = {NULL, 0, eperm};
    for (uint64_t steps = 0; steps < 40; steps++) {
        assert_int_not_equal(prove_with_budget(filter, &p->table, steps, NULL, NULL), PROOF_EQUAL);
        assert_int_not_equal(prove_with_budget(filter, &p->table, steps, NULL, NULL),
                             PROOF_REFUTED);
        assert_int_not_equal(prove_with_budget(&short_filter, &other, steps, NULL, NULL),
                             PROOF_EQUAL);
    }
    free(p);
}

static void test_prove_covers_the_longest_program(void **state)
{
    (void)state;
    /* Every second number allowed, one comparison each: as many holes as a program can make. */
    const size_t numbers = 2045;
    struct sock_filter *program = memory_zeroed(FILTER_MAX_INSTRUCTIONS, sizeof *program);
    struct table_range *ranges = memory_zeroed(2 * numbers, sizeof *ranges);
    static const struct sock_filter head[] = {JA(0), HEAD, LOAD(OFFSET_NR)};
    memcpy(program, head, sizeof head);
    size_t count = COUNT(head);
    for (uint32_t i = 0; i < numbers; i++) {
        struct table_range *pair = &ranges[2 * (size_t)i];
        pair[0] = (struct table_range){2 * i, 2 * i, allow, {0}, NULL, 0};
        pair[1] = (struct table_range){2 * i + 1, 2 * i + 1, eperm, {0}, NULL, 0};
        program[count++] = (struct sock_filter)JEQ(2 * i, 0, 1);
        program[count++] = (struct sock_filter)ALLOW;
    }
    ranges[2 * numbers - 1].last = UINT32_MAX;
    program[count++] = (struct sock_filter)ERRNO(1);
    struct table_abi abi = {"x86_64", AUDIT_ARCH_X86_64, ranges, 2 * numbers};
    const struct table table = {&abi, 1, kill_process};
    const struct filter filter = {program, count};
    assert_int_equal(count, FILTER_MAX_INSTRUCTIONS);
    assert_proof("longest", &filter, &table, PROOF_EQUAL);
    ranges[2 * numbers - 3].default_action = kill_process;
    assert_proof("one hole filled", &filter, &table, PROOF_REFUTED);
    free(program);
    free(ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prove_conditions),
        cmocka_unit_test(test_prove_condition_of_argument_in_any_order_of_rules),
        cmocka_unit_test(test_prove_ranges),
        cmocka_unit_test(test_prove_compares_actions_as_the_kernel_does),
        cmocka_unit_test(test_prove_leaves_open_what_it_does_not_cover),
        cmocka_unit_test(test_prove_leaves_open_a_table_with_gaps),
        cmocka_unit_test(test_prove_leaves_open_a_table_with_odd_conditions),
        cmocka_unit_test(test_prove_many_alternatives),
        cmocka_unit_test(test_prove_finds_the_one_alternative_that_differs),
        cmocka_unit_test(test_prove_leaves_open_when_the_budget_runs_out),
        cmocka_unit_test(test_prove_covers_the_longest_program),
    };
    return cmocka_run_group_tests_name("filter/prove", tests, NULL, NULL);
}
