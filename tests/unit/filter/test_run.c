/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter, the loader's checks and the action cache, each as a table; and the running
 * kernel as the judge of the first two.
 */
#include "programs.h"

#include "base/memory.h"
#include "filter/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ALU(op, source, k) BPF_STMT(BPF_ALU | (op) | (source), (k))
#define IMMEDIATE(k) BPF_STMT(BPF_LD | BPF_IMM, (k))
#define IMMEDIATE_X(k) BPF_STMT(BPF_LDX | BPF_IMM, (k))
#define JUMP_X(op, jt, jf) BPF_JUMP(BPF_JMP | (op) | BPF_X, 0, (jt), (jf))
#define TAX BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define TXA BPF_STMT(BPF_MISC | BPF_TXA, 0)

/* A program that is run with these two arguments. Each ends in RET A, so that the kernel's answer
   can be read out too. */
struct run_case {
    const char *name;
    struct sock_filter program[PROGRAM_MAX];
    uint64_t arguments[2];
    uint32_t expected;
};

static struct run_case run_cases[] = {
    {"A starts as 0", {RETURN_A}, {0}, 0},
    {"X starts as 0", {TXA, RETURN_A}, {0}, 0},
    {"low half", {LOAD(OFFSET_LOW(0)), RETURN_A}, {0x1122334455667788}, 0x55667788},
    {"high half", {LOAD(OFFSET_HIGH(0)), RETURN_A}, {0x1122334455667788}, 0x11223344},
    {"second argument", {LOAD(OFFSET_HIGH(1)), RETURN_A}, {0, 0x99aabbccddeeff00}, 0x99aabbcc},
    {"LD LEN", {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 7), RETURN_A}, {0}, 64},
    {"LDX LEN", {BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 7), TXA, RETURN_A}, {0}, 64},
    {"LD IMM", {IMMEDIATE(0xdeadbeef), RETURN_A}, {0}, 0xdeadbeef},
    {"LDX IMM", {IMMEDIATE_X(0xdeadbeef), TXA, RETURN_A}, {0}, 0xdeadbeef},
    {"TAX", {IMMEDIATE(5), TAX, IMMEDIATE(0), TXA, RETURN_A}, {0}, 5},
    {"ST, LD MEM",
     {IMMEDIATE(9), BPF_STMT(BPF_ST, 15), IMMEDIATE(0), BPF_STMT(BPF_LD | BPF_MEM, 15), RETURN_A},
     {0},
     9},
    {"STX, LDX MEM",
     {IMMEDIATE_X(9), BPF_STMT(BPF_STX, 0), IMMEDIATE_X(0), BPF_STMT(BPF_LDX | BPF_MEM, 0), TXA,
      RETURN_A},
     {0},
     9},
    {"ADD K wraps", {IMMEDIATE(0xffffffff), ALU(BPF_ADD, BPF_K, 3), RETURN_A}, {0}, 2},
    {"ADD X", {IMMEDIATE(1), IMMEDIATE_X(3), ALU(BPF_ADD, BPF_X, 0), RETURN_A}, {0}, 4},
    {"SUB K wraps", {IMMEDIATE(1), ALU(BPF_SUB, BPF_K, 3), RETURN_A}, {0}, 0xfffffffe},
    {"SUB X", {IMMEDIATE(9), IMMEDIATE_X(3), ALU(BPF_SUB, BPF_X, 0), RETURN_A}, {0}, 6},
    {"MUL K wraps", {IMMEDIATE(0x80000001), ALU(BPF_MUL, BPF_K, 3), RETURN_A}, {0}, 0x80000003},
    {"MUL X", {IMMEDIATE(9), IMMEDIATE_X(3), ALU(BPF_MUL, BPF_X, 0), RETURN_A}, {0}, 27},
    {"DIV K is unsigned",
     {IMMEDIATE(0xfffffffe), ALU(BPF_DIV, BPF_K, 2), RETURN_A},
     {0},
     0x7fffffff},
    {"DIV X", {IMMEDIATE(9), IMMEDIATE_X(4), ALU(BPF_DIV, BPF_X, 0), RETURN_A}, {0}, 2},
    {"AND K", {IMMEDIATE(0xff00ff), AND(0xf0f0f0), RETURN_A}, {0}, 0xf000f0},
    {"AND X", {IMMEDIATE(12), IMMEDIATE_X(10), ALU(BPF_AND, BPF_X, 0), RETURN_A}, {0}, 8},
    {"OR K", {IMMEDIATE(12), ALU(BPF_OR, BPF_K, 10), RETURN_A}, {0}, 14},
    {"OR X", {IMMEDIATE(12), IMMEDIATE_X(10), ALU(BPF_OR, BPF_X, 0), RETURN_A}, {0}, 14},
    {"XOR K", {IMMEDIATE(12), ALU(BPF_XOR, BPF_K, 10), RETURN_A}, {0}, 6},
    {"XOR X", {IMMEDIATE(12), IMMEDIATE_X(10), ALU(BPF_XOR, BPF_X, 0), RETURN_A}, {0}, 6},
    {"LSH K", {IMMEDIATE(3), ALU(BPF_LSH, BPF_K, 31), RETURN_A}, {0}, 0x80000000},
    {"LSH X", {IMMEDIATE(3), IMMEDIATE_X(4), ALU(BPF_LSH, BPF_X, 0), RETURN_A}, {0}, 48},
    {"LSH X by 33", {IMMEDIATE(3), IMMEDIATE_X(33), ALU(BPF_LSH, BPF_X, 0), RETURN_A}, {0}, 6},
    {"RSH K is unsigned", {IMMEDIATE(0x80000000), ALU(BPF_RSH, BPF_K, 31), RETURN_A}, {0}, 1},
    {"RSH X", {IMMEDIATE(48), IMMEDIATE_X(4), ALU(BPF_RSH, BPF_X, 0), RETURN_A}, {0}, 3},
    {"RSH X by 32", {IMMEDIATE(3), IMMEDIATE_X(32), ALU(BPF_RSH, BPF_X, 0), RETURN_A}, {0}, 3},
    {"NEG", {IMMEDIATE(1), ALU(BPF_NEG, 0, 0), RETURN_A}, {0}, 0xffffffff},
    {"JA", {IMMEDIATE(1), JA(1), IMMEDIATE(2), RETURN_A}, {0}, 1},
    {"JEQ holds", {LOAD(16), JEQ(7, 1, 0), IMMEDIATE(2), RETURN_A}, {7}, 7},
    {"JEQ fails", {LOAD(16), JEQ(7, 1, 0), IMMEDIATE(2), RETURN_A}, {8}, 2},
    {"JEQ X", {LOAD(16), IMMEDIATE_X(7), JUMP_X(BPF_JEQ, 1, 0), IMMEDIATE(2), RETURN_A}, {7}, 7},
    {"JGT holds, unsigned", {LOAD(16), JGT(7, 1, 0), IMMEDIATE(2), RETURN_A}, {~0u}, ~0u},
    {"JGT fails on equal", {LOAD(16), JGT(7, 1, 0), IMMEDIATE(2), RETURN_A}, {7}, 2},
    {"JGT X", {LOAD(16), IMMEDIATE_X(7), JUMP_X(BPF_JGT, 1, 0), IMMEDIATE(2), RETURN_A}, {8}, 8},
    {"JGE holds on equal", {LOAD(16), JGE(7, 1, 0), IMMEDIATE(2), RETURN_A}, {7}, 7},
    {"JGE fails", {LOAD(16), JGE(7, 1, 0), IMMEDIATE(2), RETURN_A}, {6}, 2},
    {"JGE X", {LOAD(16), IMMEDIATE_X(7), JUMP_X(BPF_JGE, 1, 0), IMMEDIATE(2), RETURN_A}, {7}, 7},
    {"JSET holds", {LOAD(16), JSET(6, 1, 0), IMMEDIATE(2), RETURN_A}, {4}, 4},
    {"JSET fails", {LOAD(16), JSET(6, 1, 0), IMMEDIATE(2), RETURN_A}, {9}, 2},
    {"JSET X", {LOAD(16), IMMEDIATE_X(6), JUMP_X(BPF_JSET, 1, 0), IMMEDIATE(2), RETURN_A}, {4}, 4},
    {"jump over both branches", {LOAD(16), JEQ(1, 2, 1), JA(0), JA(1), JA(0), RETURN_A}, {1}, 1},
};

static void test_run_computes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof run_cases / sizeof run_cases[0]; i++) {
        struct run_case *c = &run_cases[i];
        struct filter filter = program_of(c->program);
        struct seccomp_data call = {.args = {c->arguments[0], c->arguments[1]}};
        struct error error = {0};
        uint32_t returns = 0xcccccccc;
        assert_int_equal(filter_run(&filter, &call, &returns, NULL, &error), 0);
        if (returns != c->expected) {
            fail_msg("%s: 0x%x, expected 0x%x", c->name, returns, c->expected);
        }
    }
}

static void test_run_reads_every_word(void **state)
{
    (void)state;
    const struct seccomp_data call = {.nr = -1,
                                      .arch = 0xc000003e,
                                      .instruction_pointer = 0x1111111122222222,
                                      .args = {0x3333333344444444, 0x5555555566666666,
                                               0x7777777788888888, 0x99999999aaaaaaaa,
                                               0xbbbbbbbbcccccccc, 0xddddddddeeeeeeee}};
    static const uint32_t words[] = {0xffffffff, 0xc000003e, 0x22222222, 0x11111111,
                                     0x44444444, 0x33333333, 0x66666666, 0x55555555,
                                     0x88888888, 0x77777777, 0xaaaaaaaa, 0x99999999,
                                     0xcccccccc, 0xbbbbbbbb, 0xeeeeeeee, 0xdddddddd};
    for (unsigned i = 0; i < 16; i++) {
        struct sock_filter program[] = {LOAD(4 * i), RETURN_A};
        const struct filter filter = {program, 2};
        assert_int_equal(filter_execute(&filter, &call, NULL), words[i]);
    }
}

static void test_run_division_by_zero_returns_0(void **state)
{
    (void)state;
    struct sock_filter program[] = {IMMEDIATE(9), ALU(BPF_DIV, BPF_X, 0), ALLOW};
    const struct filter filter = {program, 3};
    const struct seccomp_data call = {0};
    assert_int_equal(filter_execute(&filter, &call, NULL), 0);
}

static void test_run_traces_what_was_executed(void **state)
{
    (void)state;
    struct sock_filter program[] = {LOAD(OFFSET_NR), JEQ(3, 1, 0), ALLOW, JA(1), KILL, ERRNO(1)};
    const struct filter filter = {program, 6};
    const struct seccomp_data call = {.nr = 3};
    struct trace trace = {0};
    struct error error = {0};
    uint32_t returns = 0;
    assert_int_equal(filter_run(&filter, &call, &returns, &trace, &error), 0);
    assert_int_equal(returns, SECCOMP_RET_ERRNO | 1);
    static const uint16_t steps[] = {0, 1, 3, 5};
    assert_int_equal(trace.count, 4);
    assert_memory_equal(trace.steps, steps, sizeof steps);
    free(trace.steps);
}

static void test_run_refuses_what_the_kernel_would_not_take(void **state)
{
    (void)state;
    struct sock_filter program[] = {LOAD(OFFSET_NR)};
    const struct filter filter = {program, 1};
    const struct seccomp_data call = {0};
    struct error error = {0};
    uint32_t returns = 0xcccccccc;
    assert_int_equal(filter_run(&filter, &call, &returns, NULL, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERNAL);
    assert_string_equal(error.text,
                        "instruction 0: the last one is not a return: build the filter again");
    assert_int_equal(returns, 0xcccccccc);
    error_clear(&error);
}

/* NULL: accepted. Otherwise the text up to the advice. */
struct check_case {
    const char *error;
    struct sock_filter program[PROGRAM_MAX];
};

static struct check_case check_cases[] = {
    {NULL, {ALLOW}},
    {NULL, {RETURN_A}},
    {"the program is empty", {{0}}},
    {"instruction 0: the last one is not a return", {LOAD(OFFSET_NR)}},
    {"instruction 1: the last one is not a return", {ALLOW, AND(0)}},
    {"instruction 0: jump past the end of the program", {JA(0), {0}}},
    {"instruction 0: jump past the end of the program", {JA(1), ALLOW}},
    {NULL, {JA(0), ALLOW}},
    {"instruction 0: jump past the end of the program", {JA(0xffffffff), ALLOW}},
    {"instruction 0: jump past the end of the program", {JEQ(0, 1, 0), ALLOW}},
    {"instruction 0: jump past the end of the program", {JGT(0, 0, 1), ALLOW}},
    {"instruction 0: jump past the end of the program", {JGE(0, 255, 0), ALLOW}},
    {"instruction 0: jump past the end of the program", {JUMP_X(BPF_JSET, 0, 255), ALLOW}},
    {NULL, {JSET(0, 1, 0), ALLOW, KILL}},
    {"instruction 0: load at offset 64, not a word of struct seccomp_data", {LOAD(64), ALLOW}},
    {NULL, {LOAD(60), ALLOW}},
    {"instruction 0: load at offset 17, not a word of struct seccomp_data", {LOAD(17), ALLOW}},
    {"instruction 0: load at offset 18, not a word of struct seccomp_data", {LOAD(18), ALLOW}},
    {"instruction 0: load at offset 4294963200, not a word of struct seccomp_data",
     {LOAD((uint32_t)SKF_AD_OFF), ALLOW}},
    {"instruction 0: division by zero", {ALU(BPF_DIV, BPF_K, 0), ALLOW}},
    {NULL, {ALU(BPF_DIV, BPF_X, 0), ALLOW}},
    {"instruction 0: shift by 32 of a 32-bit word", {ALU(BPF_LSH, BPF_K, 32), ALLOW}},
    {"instruction 0: shift by 32 of a 32-bit word", {ALU(BPF_RSH, BPF_K, 32), ALLOW}},
    {NULL, {ALU(BPF_RSH, BPF_K, 31), ALLOW}},
    {"instruction 0: memory cell 16 of 16", {BPF_STMT(BPF_ST, 16), ALLOW}},
    {"instruction 0: memory cell 16 of 16", {BPF_STMT(BPF_STX, 16), ALLOW}},
    {"instruction 0: memory cell 16 of 16", {BPF_STMT(BPF_LD | BPF_MEM, 16), ALLOW}},
    {"instruction 0: memory cell 16 of 16", {BPF_STMT(BPF_LDX | BPF_MEM, 16), ALLOW}},
    {"instruction 0: memory cell 3 is read before it is written",
     {BPF_STMT(BPF_LD | BPF_MEM, 3), ALLOW}},
    {"instruction 3: memory cell 3 is read before it is written",
     {LOAD(16), JEQ(0, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LDX | BPF_MEM, 3), ALLOW}},
    {"instruction 4: memory cell 1 is read before it is written",
     {BPF_STMT(BPF_ST, 0), JEQ(0, 1, 0), JA(1), BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 1),
      ALLOW}},
    {NULL,
     {LOAD(16), JEQ(0, 0, 2), BPF_STMT(BPF_ST, 3), JA(1), BPF_STMT(BPF_STX, 3),
      BPF_STMT(BPF_LDX | BPF_MEM, 3), ALLOW}},
    {"instruction 0: opcode 0x94 is none that seccomp takes", {ALU(BPF_MOD, BPF_K, 2), ALLOW}},
    {"instruction 0: opcode 0x30 is none that seccomp takes",
     {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW}},
    {"instruction 0: opcode 0x28 is none that seccomp takes",
     {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW}},
    {"instruction 0: opcode 0x40 is none that seccomp takes",
     {BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW}},
    {"instruction 0: opcode 0xb1 is none that seccomp takes",
     {BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), ALLOW}},
    {"instruction 1: opcode 0x0e is none that seccomp takes",
     {ALLOW, BPF_STMT(BPF_RET | BPF_X, 0)}},
};

static void test_check_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof check_cases / sizeof check_cases[0]; i++) {
        struct check_case *c = &check_cases[i];
        struct filter filter = program_of(c->program);
        struct error error = {0};
        int status = filter_check(&filter, &error);
        if (!c->error) {
            if (status != 0) {
                fail_msg("case %zu: %s", i, error.text);
            }
            continue;
        }
        assert_int_equal(status, -1);
        assert_int_equal(error.kind, ERROR_CHECK);
        CLEANUP_FREE char *expected = memory_printf("%s: build the filter again", c->error);
        assert_string_equal(error.text, expected);
        error_clear(&error);
    }
}

static void test_check_bounds_the_length(void **state)
{
    (void)state;
    struct sock_filter *program = memory_zeroed(FILTER_MAX_INSTRUCTIONS + 1, sizeof *program);
    for (size_t i = 0; i <= FILTER_MAX_INSTRUCTIONS; i++) {
        program[i] = (struct sock_filter)ALLOW;
    }
    struct filter filter = {program, FILTER_MAX_INSTRUCTIONS};
    struct error error = {0};
    assert_int_equal(filter_check(&filter, &error), 0);
    filter.count++;
    assert_int_equal(filter_check(&filter, &error), -1);
    assert_string_equal(error.text, "the program has 4097 instructions, the kernel takes 4096: "
                                    "write a shorter policy");
    error_clear(&error);
    free(program);
}

/* Loads it into this process. */
static long load_filter(const struct filter *filter)
{
    const struct sock_fprog program = {(unsigned short)filter->count, filter->instructions};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Does the kernel take it? Asked in a child, which the filter may well kill afterwards. */
static bool kernel_takes(const struct filter *filter)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        long status = load_filter(filter);
        _exit(status == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static bool kernel_has_seccomp(void)
{
    struct sock_filter allow[] = {ALLOW};
    const struct filter filter = {allow, 1};
    return kernel_takes(&filter);
}

/* The opcodes that we refuse, all tried in one child. Returns the first that the kernel takes. */
static int kernel_takes_refused_opcode(void)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (unsigned code = 0; code <= UINT16_MAX; code++) {
            struct sock_filter program[] = {BPF_STMT(code, 4), ALLOW};
            const struct filter filter = {program, 2};
            struct error error = {0};
            if (filter_check(&filter, &error) < 0 && load_filter(&filter) == 0) {
                _exit(1);
            }
            error_clear(&error);
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_check_agrees_with_the_kernel(void **state)
{
    (void)state;
    if (!kernel_has_seccomp()) {
        print_message("# skipping: seccomp(2) does not work here\n");
        skip();
    }
    for (size_t i = 0; i < sizeof check_cases / sizeof check_cases[0]; i++) {
        struct filter filter = program_of(check_cases[i].program);
        if (kernel_takes(&filter) != !check_cases[i].error) {
            fail_msg("case %zu: the kernel says otherwise", i);
        }
    }
    unsigned accepted = 0;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        struct sock_filter program[] = {BPF_STMT(BPF_ST, 4), BPF_STMT(code, 4), ALLOW};
        struct filter filter = {program, 3};
        struct error error = {0};
        if (BPF_CLASS(code) == BPF_JMP) {
            program[1].k = 0;
        }
        if (filter_check(&filter, &error) == 0) {
            accepted++;
            if (!kernel_takes(&filter)) {
                fail_msg("opcode 0x%02x: the kernel does not take it", code);
            }
        }
        error_clear(&error);
    }
    assert_int_equal(accepted, 41);
    assert_int_equal(kernel_takes_refused_opcode(), 0);
}

/* Byte `byte` of what the kernel computes for a case. The last instruction, RET A, is replaced by
   one that returns the byte as an errno. */
static uint32_t kernel_byte(struct run_case *c, unsigned byte)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sock_filter head[] = {LOAD(OFFSET_NR), JEQ(SYS_getppid, 1, 0), ALLOW, IMMEDIATE(0)};
        struct sock_filter tail[] = {ALU(BPF_RSH, BPF_K, 8 * byte), AND(0xff),
                                     ALU(BPF_ADD, BPF_K, 1), ALU(BPF_OR, BPF_K, SECCOMP_RET_ERRNO),
                                     RETURN_A};
        struct sock_filter all[4 + PROGRAM_MAX + 5];
        struct filter middle = program_of(c->program);
        memcpy(all, head, sizeof head);
        memcpy(all + 4, middle.instructions, middle.count * sizeof all[0]);
        memcpy(all + 4 + middle.count - 1, tail, sizeof tail);
        const struct filter filter = {all, 4 + middle.count - 1 + 5};
        if (load_filter(&filter) != 0) {
            _exit(255);
        }
        long result = syscall(SYS_getppid, c->arguments[0], c->arguments[1]);
        _exit(result == -1 ? errno - 1 : 255);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (uint32_t)WEXITSTATUS(status);
}

static void test_run_agrees_with_the_kernel(void **state)
{
    (void)state;
    if (!kernel_has_seccomp()) {
        print_message("# skipping: seccomp(2) does not work here\n");
        skip();
    }
    for (size_t i = 0; i < sizeof run_cases / sizeof run_cases[0]; i++) {
        uint32_t value = 0;
        for (unsigned byte = 0; byte < 4; byte++) {
            value |= kernel_byte(&run_cases[i], byte) << (8 * byte);
        }
        if (value != run_cases[i].expected) {
            fail_msg("%s: the kernel computes 0x%x, expected 0x%x", run_cases[i].name, value,
                     run_cases[i].expected);
        }
    }
}

struct cache_case {
    const char *name;
    bool cached;
    struct sock_filter program[PROGRAM_MAX];
};

static struct cache_case cache_cases[] = {
    {"allow", true, {ALLOW}},
    {"errno", false, {ERRNO(1)}},
    {"allow with data", false, {RETURN(SECCOMP_RET_ALLOW | 1)}},
    {"number and architecture",
     true,
     {LOAD(OFFSET_ARCH), JEQ(0xc000003e, 1, 0), KILL, LOAD(OFFSET_NR), JEQ(39, 1, 0), KILL, ALLOW}},
    {"other number", false, {LOAD(OFFSET_NR), JEQ(38, 1, 0), KILL, ALLOW}},
    {"every jump",
     true,
     {LOAD(OFFSET_NR), JGT(38, 0, 4), JGE(39, 0, 3), JSET(32, 0, 2), JA(0), ALLOW, KILL, KILL}},
    {"and", true, {LOAD(OFFSET_NR), AND(7), JEQ(7, 0, 1), ALLOW, KILL}},
    {"argument off the path", true, {JA(1), LOAD(16), ALLOW}},
    {"argument on the path", false, {LOAD(16), ALLOW}},
    {"instruction pointer", false, {LOAD(OFFSET_IP), ALLOW}},
    {"other arithmetic", false, {ALU(BPF_OR, BPF_K, 1), ALLOW}},
    {"constant", false, {IMMEDIATE(SECCOMP_RET_ALLOW), RETURN_A}},
    {"jump on X", false, {JUMP_X(BPF_JEQ, 0, 0), ALLOW}},
};

static void test_cache_decides_as_the_kernel(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cache_cases / sizeof cache_cases[0]; i++) {
        struct filter filter = program_of(cache_cases[i].program);
        if (filter_is_cached(&filter, 0xc000003e, 39) != cache_cases[i].cached) {
            fail_msg("%s: wrong answer", cache_cases[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_computes),
        cmocka_unit_test(test_run_reads_every_word),
        cmocka_unit_test(test_run_division_by_zero_returns_0),
        cmocka_unit_test(test_run_traces_what_was_executed),
        cmocka_unit_test(test_run_refuses_what_the_kernel_would_not_take),
        cmocka_unit_test(test_run_agrees_with_the_kernel),
        cmocka_unit_test(test_check_says_what_is_wrong),
        cmocka_unit_test(test_check_bounds_the_length),
        cmocka_unit_test(test_check_agrees_with_the_kernel),
        cmocka_unit_test(test_cache_decides_as_the_kernel),
    };
    return cmocka_run_group_tests_name("filter/run", tests, NULL, NULL);
}
