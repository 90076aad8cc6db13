/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our compiler: every comparison at the edges of its words against arithmetic, the shape of what it
 * makes, its limits. Whether program and table are equal everywhere is the proof's business; each
 * program here is proved as well.
 */
#include "policies.h"

#define READ_NUMBER 0u

static const uint64_t edges[] = {
    0,
    1,
    2,
    0x7fffffff,
    0x80000000,
    0xfffffffe,
    0xffffffff,
    0x100000000,
    0x100000001,
    0x1ffffffff,
    0x8000000000000000,
    0xfffffffeffffffff,
    0xffffffff00000000,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};

/* Arithmetic, as seccomp's users expect it. */
static bool holds(const struct condition *c, uint64_t argument)
{
    argument = c->width == 32 ? (uint32_t)argument : argument;
    switch (c->compare) {
    case COMPARE_EQ:
        return argument == c->value;
    case COMPARE_NE:
        return argument != c->value;
    case COMPARE_LT:
        return argument < c->value;
    case COMPARE_LE:
        return argument <= c->value;
    case COMPARE_GT:
        return argument > c->value;
    case COMPARE_GE:
        return argument >= c->value;
    case COMPARE_MASKED_EQ:
        break;
    }
    return (argument & c->mask) == c->value;
}

/* A table of one ABI in which number 0 has these rules and everything else is denied. */
static void build_one(const struct table_rule *rules, size_t rule_count, struct action fallback,
                      struct table *table, struct filter *filter)
{
    static struct table_abi abi = {.name = "x86_64", .audit_architecture = 0xc000003e};
    struct error error = {0};
    abi.ranges = memory_zeroed(2, sizeof *abi.ranges);
    abi.range_count = 2;
    abi.ranges[0] = (struct table_range){.default_action = fallback, .rule_count = rule_count};
    abi.ranges[0].rules = memory_copy(rules, rule_count * sizeof *rules);
    abi.ranges[1] =
        (struct table_range){.first = 1, .last = UINT32_MAX, .default_action = DENY_CALL};
    *table = (struct table){.abis = &abi, .abi_count = 1, .other_abi = DENY_CALL};
    assert_int_equal(filter_build(table, filter, &error), 0);
    assert_proved(filter, table);
}

static void free_one(struct table *table, struct filter *filter)
{
    free(table->abis[0].ranges[0].rules);
    free(table->abis[0].ranges);
    filter_free(filter);
}

static void compare_at_edges(const struct condition *condition)
{
    struct condition copy = *condition;
    struct table_rule rule = {&copy, 1, ALLOW_CALL, {ORIGIN_RULE, 0, 0}};
    struct table table;
    struct filter filter = {0};
    build_one(&rule, 1, (struct action)KILL_CALL, &table, &filter);
    for (size_t i = 0; i < COUNT(edges); i++) {
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t argument = edges[i] + (uint64_t)delta;
            struct call_case call = {"x86_64", READ_NUMBER, KILL_CALL, {0}};
            call.arguments[condition->argument] = argument;
            if (holds(condition, argument)) {
                call.expected = (struct action)ALLOW_CALL;
            }
            assert_call(&table, &filter, &call);
        }
    }
    free_one(&table, &filter);
}

static void test_build_compares_as_arithmetic_does(void **state)
{
    (void)state;
    static const uint8_t widths[] = {32, 64};
    for (size_t w = 0; w < COUNT(widths); w++) {
        for (int compare = COMPARE_EQ; compare <= COMPARE_GE; compare++) {
            for (size_t i = 0; i < COUNT(edges); i++) {
                struct condition condition = {.argument = (uint8_t)(i % 6),
                                              .width = widths[w],
                                              .compare = (enum compare)compare,
                                              .value = edges[i]};
                if (widths[w] == 64 || edges[i] <= UINT32_MAX) {
                    compare_at_edges(&condition);
                }
            }
        }
        for (size_t i = 0; i < COUNT(edges); i++) {
            for (size_t k = 0; k < COUNT(edges); k++) {
                struct condition condition = {.argument = 5,
                                              .width = widths[w],
                                              .compare = COMPARE_MASKED_EQ,
                                              .value = edges[k] & edges[i],
                                              .mask = edges[i]};
                if (widths[w] == 64 || edges[i] <= UINT32_MAX) {
                    compare_at_edges(&condition);
                }
            }
        }
    }
}

static void test_build_takes_the_first_rule_that_holds(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .rules = {{"ioctl", KILL_CALL, {IF64(1, EQ, 0x5401), IF64(0, GT, 2)}},
                  {"ioctl", ALLOW_CALL, {IF64(1, GE, 0x5401), IF64(1, LE, 0x5410)}},
                  {"ioctl", LOG_CALL, {IF_MASKED(1, 64, 0xff00, 0x5400), IF32(2, NE, 0)}},
                  {"ioctl", ACTION(ACTION_TRAP, 7), {IF64(1, GT, 0xffffffffffffu)}},
                  {"ioctl", ACTION(ACTION_TRACE, 9), {IF64(2, EQ, 1)}}},
    };
    static const struct call_case calls[] = {
        {"x86_64", 16, KILL_CALL, {3, 0x5401}},
        {"x86_64", 16, ALLOW_CALL, {2, 0x5401}},
        {"x86_64", 16, ALLOW_CALL, {2, 0x5410}},
        {"x86_64", 16, LOG_CALL, {2, 0x5411, 1}},
        {"x86_64", 16, DENY_CALL, {2, 0x5411, 0x100000000}},
        {"x86_64", 16, LOG_CALL, {2, 0x1000000005411, 1}},
        {"x86_64", 16, ACTION(ACTION_TRAP, 7), {2, 0x1000000005411}},
        {"x86_64", 16, ACTION(ACTION_TRACE, 9), {2, 0, 1}},
        {"x86_64", 16, DENY_CALL, {2, 0, 0x100000001}},
    };
    assert_calls(&given, "x86_64", calls, COUNT(calls));
}

static void resolve_and_build(const struct policy *policy, const char *arch, struct table **table,
                              struct filter *filter)
{
    struct error error = {0};
    table_resolve(policy, arch_by_name(arch), table, NULL, NULL, &error);
    assert_no_error(&error);
    filter_build(*table, filter, &error);
    assert_no_error(&error);
}

static void test_build_is_deterministic(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"read", ALLOW_CALL, {{0}}},
                  {"clone", ALLOW_CALL, {IF_MASKED(0, 64, 0x7e020000, 0)}},
                  {"socket", KILL_CALL, {IF32(0, EQ, 40)}},
                  {"write", LOG_CALL, {{0}}},
                  {"ioctl", ALLOW_CALL, {IF64(1, GE, 0x5401), IF64(1, LE, 0x5410)}}},
    };
    struct filter first = {0};
    for (size_t i = 0; i < 3; i++) {
        struct policy *policy = policy_given(&given);
        struct table *table = NULL;
        struct filter filter = {0};
        resolve_and_build(policy, "x86_64", &table, &filter);
        if (i == 0) {
            first = filter;
            filter = (struct filter){0};
        } else {
            assert_int_equal(filter.count, first.count);
            assert_memory_equal(filter.instructions, first.instructions,
                                first.count * sizeof *first.instructions);
        }
        filter_free(&filter);
        table_free(table);
        policy_free(policy);
    }
    filter_free(&first);
}

/* Which instructions it uses, and that arguments are looked at only where they matter. */
static void test_build_leaves_plain_numbers_to_the_action_cache(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .rules = {{"read", ALLOW_CALL, {{0}}},
                  {"write", ALLOW_CALL, {{0}}},
                  {"clone", ALLOW_CALL, {IF_MASKED(0, 64, 0x7e020000, 0x20000)}},
                  {"ioctl", ALLOW_CALL, {IF64(1, GE, 0x5401), IF64(1, LE, 0x5410)}},
                  {"futex", ALLOW_CALL, {{0}}},
                  /* every outcome is the same action */
                  {"lseek", ALLOW_CALL, {IF32(0, EQ, 3)}},
                  {"lseek", ALLOW_CALL, {IF32(0, NE, 3)}},
                  {"lseek", ALLOW_CALL, {{0}}}},
    };
    struct policy *policy = policy_given(&given);
    struct table *table = NULL;
    struct filter filter = {0};
    resolve_and_build(policy, "x86_64", &table, &filter);
    static const struct {
        uint32_t number;
        bool cached;
    } cases[] = {{0, true},   {1, true},   {202, true}, {8, true},
                 {56, false}, {16, false}, {2, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(filter_is_cached(&filter, 0xc000003e, cases[i].number), cases[i].cached);
    }
    for (size_t i = 0; i < filter.count; i++) {
        switch (filter.instructions[i].code) {
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_JMP | BPF_JA:
        case BPF_JMP | BPF_JEQ | BPF_K:
        case BPF_JMP | BPF_JGE | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_K:
        case BPF_JMP | BPF_JSET | BPF_K:
        case BPF_ALU | BPF_AND | BPF_K:
        case BPF_RET | BPF_K:
            break;
        default:
            fail_msg("instruction %zu has code %x", i, filter.instructions[i].code);
        }
    }
    filter_free(&filter);
    table_free(table);
    policy_free(policy);
}

/* Equal programs for arguments are there once, whatever the number and ABI. */
static void test_build_shares_equal_parts(void **state)
{
    (void)state;
    static const char *const names[] = {"ioctl", "fcntl", "prctl", "kill", "tgkill", "flock"};
    struct policy *policy = policy_new((struct action)DENY_CALL);
    struct condition conditions[] = {IF32(1, GE, 5), IF32(1, LE, 9), IF32(0, NE, 1)};
    size_t counts[COUNT(names)];
    for (size_t i = 0; i < COUNT(names); i++) {
        struct table *table = NULL;
        struct filter filter = {0};
        policy_add_rule(policy, names[i], conditions, 3, (struct action)ALLOW_CALL,
                        (struct place){0});
        resolve_and_build(policy, "x86_64", &table, &filter);
        counts[i] = filter.count;
        assert_proved(&filter, table);
        filter_free(&filter);
        table_free(table);
    }
    for (size_t i = 1; i < COUNT(names); i++) {
        assert_true(counts[i] <= counts[i - 1] + 2);
    }
    policy_free(policy);
}

static void add_many_values(struct policy *policy, const char *name, unsigned count, unsigned step)
{
    for (unsigned i = 0; i < count; i++) {
        struct condition condition[] = {IF64(2, EQ, 0)};
        condition[0].value = (uint64_t)i * step * 0x10001u + ((uint64_t)i << 40);
        policy_add_rule(policy, name, condition, 1, (struct action)ALLOW_CALL, (struct place){0});
    }
}

static void test_build_jumps_far(void **state)
{
    (void)state;
    static const char *const names[] = {"ioctl", "fcntl", "prctl"};
    struct policy *policy = policy_new((struct action)DENY_CALL);
    struct table *table = NULL;
    struct filter filter = {0};
    for (unsigned i = 0; i < COUNT(names); i++) {
        add_many_values(policy, names[i], 300, i + 1);
    }
    resolve_and_build(policy, "x86_64", &table, &filter);
    assert_true(filter.count > 1000 && filter.count <= FILTER_MAX_INSTRUCTIONS);
    assert_proved(&filter, table);
    filter_free(&filter);
    table_free(table);
    policy_free(policy);
}

static void test_build_refuses_what_the_kernel_would(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action)DENY_CALL);
    struct table *table = NULL;
    struct filter filter = {0};
    struct error error = {0};
    add_many_values(policy, "ioctl", 3000, 1);
    table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error);
    assert_no_error(&error);
    assert_int_equal(filter_build(table, &filter, &error), -1);
    assert_error(&error, ERROR_POLICY,
                 "the filter would have more than the 4096 instructions that the kernel takes: "
                 "give it fewer conditions on arguments");
    assert_null(filter.instructions);
    table_free(table);
    policy_free(policy);
}

/* Conditions that all meet each other: the budget of the clever way runs out, and the other way is
   taken. */
static void test_build_survives_many_conditions(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action)DENY_CALL);
    struct table *table = NULL;
    struct filter filter = {0};
    for (unsigned i = 0; i < 24; i++) {
        struct condition conditions[] = {IF64(0, GE, 0), IF64(1, LT, 0), IF64(2, GE, 0),
                                         IF64(3, NE, 0)};
        for (unsigned k = 0; k < 4; k++) {
            conditions[k].value = (uint64_t)(i + k + 1) << (20 + i);
        }
        policy_add_rule(policy, "ioctl", conditions, 4, (struct action)ALLOW_CALL,
                        (struct place){0});
    }
    resolve_and_build(policy, "x86_64", &table, &filter);
    assert_true(filter.count < 500);
    filter_free(&filter);
    table_free(table);
    policy_free(policy);
}

/* As many ranges as there can be: every other number is allowed. */
static void test_build_splits_long_lists(void **state)
{
    (void)state;
    struct table_abi abi = {.name = "x86_64", .audit_architecture = 0xc000003e};
    struct table table = {.abis = &abi, .abi_count = 1, .other_abi = KILL_CALL};
    struct filter filter = {0};
    struct error error = {0};
    abi.range_count = 1000;
    abi.ranges = memory_zeroed(abi.range_count, sizeof *abi.ranges);
    for (uint32_t i = 0; i < abi.range_count; i++) {
        abi.ranges[i].first = 3 * i;
        abi.ranges[i].last = i + 1 < abi.range_count ? 3 * i + 2 : UINT32_MAX;
        abi.ranges[i].default_action = (struct action)ACTION(ACTION_ERRNO, (uint16_t)(i % 7));
    }
    assert_int_equal(filter_build(&table, &filter, &error), 0);
    assert_proved(&filter, &table);
    size_t longest = 0;
    for (uint32_t number = 0; number < 3000; number++) {
        struct seccomp_data call = {.arch = abi.audit_architecture, .nr = (int)number};
        struct trace trace = {0};
        uint32_t returned = 0;
        filter_run(&filter, &call, &returned, &trace, &error);
        assert_no_error(&error);
        longest = trace.count > longest ? trace.count : longest;
        free(trace.steps);
    }
    assert_true(longest < 24);
    filter_free(&filter);
    free(abi.ranges);
}

/* Many values of one argument are searched for, not tried one by one. */
static void test_build_searches_values(void **state)
{
    (void)state;
    static const uint8_t widths[] = {32, 64};
    for (size_t w = 0; w < COUNT(widths); w++) {
        struct policy *policy = policy_new((struct action)DENY_CALL);
        struct table *table = NULL;
        struct filter filter = {0};
        struct error error = {0};
        for (unsigned i = 0; i < 200; i++) {
            struct condition condition = IF32(1, EQ, 0);
            condition.width = widths[w];
            condition.value = 0x5400u + 7u * i * i;
            policy_add_rule(policy, "ioctl", &condition, 1, (struct action)ALLOW_CALL,
                            (struct place){0});
        }
        resolve_and_build(policy, "x86_64", &table, &filter);
        assert_proved(&filter, table);
        size_t longest = 0;
        for (unsigned value = 0x5000; value < 0x5400u + 7u * 40000u; value += 3) {
            struct seccomp_data call = {.arch = 0xc000003e, .nr = 16, .args = {0, value}};
            struct trace trace = {0};
            uint32_t returned = 0;
            filter_run(&filter, &call, &returned, &trace, &error);
            assert_no_error(&error);
            longest = trace.count > longest ? trace.count : longest;
            free(trace.steps);
        }
        assert_true(longest < 24);
        filter_free(&filter);
        table_free(table);
        policy_free(policy);
    }
}

/* Numbers from 0 on: 'A' is allowed, 'D' denied, 'K' killed; numbers behind the text are denied. */
static void ranges_of_text(const char *text, struct table_abi *abi)
{
    size_t length = strlen(text);
    abi->ranges = memory_zeroed(length + 1, sizeof *abi->ranges);
    abi->range_count = length + 1;
    for (uint32_t i = 0; i <= length; i++) {
        struct action action = DENY_CALL;
        if (text[i] == 'A') {
            action = (struct action)ALLOW_CALL;
        } else if (text[i] == 'K') {
            action = (struct action)KILL_CALL;
        }
        abi->ranges[i] = (struct table_range){
            .first = i, .last = i < length ? i : UINT32_MAX, .default_action = action};
    }
}

/* How many instructions numbers take in one ABI, or two, of which the last one is i386. */
static size_t instructions_of(const char *native, const char *compat, struct filter *filter)
{
    struct table_abi abis[] = {{.name = "x86_64", .audit_architecture = 0xc000003e},
                               {.name = "i386", .audit_architecture = 0x40000003}};
    struct table table = {.abis = abis, .abi_count = 1, .other_abi = DENY_CALL};
    struct error error = {0};
    ranges_of_text(native, &abis[0]);
    if (compat != NULL) {
        ranges_of_text(compat, &abis[1]);
        table.abi_count = 2;
    }
    assert_int_equal(filter_build(&table, filter, &error), 0);
    assert_proved(filter, &table);
    for (size_t i = 0; i < table.abi_count; i++) {
        free(abis[i].ranges);
    }
    return filter->count;
}

#define FIXED_INSTRUCTIONS 5u /* ld arch, jeq, ld nr, two actions */
#define TESTS_OF(text) (instructions_of(text, NULL, &filter) - FIXED_INSTRUCTIONS)

/* As few comparisons as the numbers need. */
static void test_build_needs_few_comparisons(void **state)
{
    (void)state;
    static const struct {
        const char *numbers;
        size_t tests;
    } cases[] = {
        {"AAAAAAAA", 1},
        {"DDDAAAAA", 2},
        /* a single number is one comparison */
        {"AAADAAAA", 2},
        {"AAADAAAAAADAAAAADAAA", 4},
        {"AAADAAADAAADAAAD", 4},
        {"AAADAAAAAADAAAAADAAAAAAAAADAAAAADAAAADAAAAA", 7},
        /* one mask */
        {"ADADADADADADADAD", 1},
        {"DDDDAAAADDDDAAAADDDDAAAADDDDAAAA", 2},
        /* bits divide: odd numbers change once, even ones never */
        {"ADADADADAAAAAAAA", 3},
        {"ADADADADAAAAAAAADDAAAA", 4},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct filter filter = {0};
        size_t tests = TESTS_OF(cases[i].numbers);
        if (tests > cases[i].tests) {
            fail_msg("%s takes %zu comparisons", cases[i].numbers, tests);
        }
        filter_free(&filter);
    }
}

/* What follows a test of bits is where they are clear: the kernel makes one instruction of that. */
static void test_build_goes_on_where_bits_are_clear(void **state)
{
    (void)state;
    struct filter filter = {0};
    size_t found = 0;
    instructions_of("ADADADADAAAAAAAADDDDKDKDKDKDDKKKDDKK", NULL, &filter);
    for (size_t i = 0; i < filter.count; i++) {
        const struct sock_filter *test = &filter.instructions[i];
        if (test->code == (BPF_JMP | BPF_JSET | BPF_K)) {
            bool acts = BPF_CLASS(filter.instructions[i + 1 + test->jf].code) == BPF_RET;
            assert_true(test->jf == 0 || acts);
            found++;
        }
    }
    assert_true(found > 0);
    filter_free(&filter);
}

/* What another ABI has in common with the first costs its own comparison and ld nr, and no more. */
static void test_build_uses_parts_of_another_abi(void **state)
{
    (void)state;
    static const char native[] = "AADAAADDAADDDAAAAADAAADDDAAADAADDAAADDDAADAADDDDAA";
    static const char moved[] = "AADDAADDDAADDAADAADAAADDDAAADAADDAAADDDAADAADDDDAA";
    struct filter filter = {0};
    size_t alone = instructions_of(native, NULL, &filter);
    filter_free(&filter);
    size_t other = instructions_of(moved, NULL, &filter);
    filter_free(&filter);
    assert_int_equal(instructions_of(native, native, &filter), alone + 1);
    filter_free(&filter);
    assert_true(instructions_of(native, moved, &filter) + 4 < alone + other - FIXED_INSTRUCTIONS);
    filter_free(&filter);
}

/* Halving again and again, and one more: however rarely a number is looked for. */
static void test_build_keeps_paths_short(void **state)
{
    (void)state;
    char numbers[1024] = {0};
    uint32_t random = 1;
    for (size_t length = 16; length < sizeof numbers; length *= 2) {
        size_t runs = 1;
        for (size_t i = 0; i < length; i++) {
            random = random * 1664525u + 1013904223u;
            numbers[i] = "ADDK"[random >> 30];
            runs += i > 0 && numbers[i] != numbers[i - 1] ? 1 : 0;
        }
        size_t longest_allowed = 1;
        while (((size_t)1 << longest_allowed) < runs + 1) {
            longest_allowed++;
        }
        struct filter filter = {0};
        instructions_of(numbers, NULL, &filter);
        for (uint32_t number = 0; number <= length; number++) {
            struct seccomp_data call = {.arch = 0xc000003e, .nr = (int)number};
            struct trace trace = {0};
            struct error error = {0};
            uint32_t returned = 0;
            filter_run(&filter, &call, &returned, &trace, &error);
            assert_no_error(&error);
            /* ld arch, jeq, ld nr, the action; long lists are halved at another place */
            assert_true(trace.count <= longest_allowed + 1 + 4 + (runs > 192 ? 1 : 0));
            free(trace.steps);
        }
        filter_free(&filter);
    }
}

/* personality(2) as Docker's profile has it: five values, two comparisons. */
static void test_build_tells_values_apart_by_a_mask(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 8, 0x20000, 0x20008, 0xffffffff};
    struct table_rule rules[COUNT(values)];
    struct condition conditions[COUNT(values)];
    for (size_t i = 0; i < COUNT(values); i++) {
        conditions[i] = (struct condition){.width = 32, .value = values[i]};
        rules[i] = (struct table_rule){&conditions[i], 1, ALLOW_CALL, {ORIGIN_RULE, 0, i}};
    }
    struct table table;
    struct filter filter = {0};
    build_one(rules, COUNT(rules), (struct action)DENY_CALL, &table, &filter);
    /* one comparison finds the number; ld args[0] */
    assert_int_equal(filter.count, FIXED_INSTRUCTIONS + 1 + 1 + 2);
    free_one(&table, &filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_compares_as_arithmetic_does),
        cmocka_unit_test(test_build_takes_the_first_rule_that_holds),
        cmocka_unit_test(test_build_is_deterministic),
        cmocka_unit_test(test_build_leaves_plain_numbers_to_the_action_cache),
        cmocka_unit_test(test_build_shares_equal_parts),
        cmocka_unit_test(test_build_jumps_far),
        cmocka_unit_test(test_build_refuses_what_the_kernel_would),
        cmocka_unit_test(test_build_survives_many_conditions),
        cmocka_unit_test(test_build_splits_long_lists),
        cmocka_unit_test(test_build_searches_values),
        cmocka_unit_test(test_build_needs_few_comparisons),
        cmocka_unit_test(test_build_goes_on_where_bits_are_clear),
        cmocka_unit_test(test_build_uses_parts_of_another_abi),
        cmocka_unit_test(test_build_keeps_paths_short),
        cmocka_unit_test(test_build_tells_values_apart_by_a_mask),
    };
    return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
