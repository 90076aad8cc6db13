/* SPDX-License-Identifier: Apache-2.0 */
/* Actions as text and as return values, the model, and what --audit and --allow-nesting do to it.
 */
#include "policy_test.h"

#include <linux/seccomp.h>

static const struct {
    struct action action;
    uint32_t value;
    const char *text;
} actions[] = {
    {{ACTION_ALLOW, 0}, 0x7fff0000, "allow"},
    {{ACTION_LOG, 0}, 0x7ffc0000, "log"},
    {{ACTION_TRACE, 0}, 0x7ff00000, "trace:0"},
    {{ACTION_TRACE, 65535}, 0x7ff0ffff, "trace:65535"},
    {{ACTION_ERRNO, 0}, 0x00050000, "errno:0"},
    {{ACTION_ERRNO, 1}, 0x00050001, "errno:EPERM"},
    {{ACTION_ERRNO, 11}, 0x0005000b, "errno:EAGAIN"},
    {{ACTION_ERRNO, 38}, 0x00050026, "errno:ENOSYS"},
    {{ACTION_ERRNO, 41}, 0x00050029, "errno:41"},
    {{ACTION_ERRNO, 133}, 0x00050085, "errno:EHWPOISON"},
    {{ACTION_ERRNO, 134}, 0x00050086, "errno:134"},
    {{ACTION_ERRNO, 4095}, 0x00050fff, "errno:4095"},
    {{ACTION_TRAP, 7}, 0x00030007, "trap:7"},
    {{ACTION_KILL_THREAD, 0}, 0x00000000, "kill-thread"},
    {{ACTION_KILL_PROCESS, 0}, 0x80000000, "kill-process"},
};

static void test_action_forms_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(actions); i++) {
        struct action action;
        CLEANUP_FREE char *text = action_text(actions[i].action);
        assert_string_equal(text, actions[i].text);
        assert_true(action_parse(actions[i].text, &action));
        assert_true(action_equal(action, actions[i].action));
        assert_int_equal(action_return_value(actions[i].action), actions[i].value);
        assert_true(action_from_return_value(actions[i].value, &action));
        assert_true(action_equal(action, actions[i].action));
        for (size_t k = 0; k < COUNT(actions); k++) {
            assert_int_equal(action_equal(actions[i].action, actions[k].action), i == k);
        }
    }
}

static void test_action_is_normalised_as_the_kernel_does(void **state)
{
    (void)state;
    static const struct {
        uint32_t value;
        struct action action;
    } cases[] = {
        {0x7fff1234, {ACTION_ALLOW, 0}},        {0x7ffc0001, {ACTION_LOG, 0}},
        {0x00051000, {ACTION_ERRNO, 4095}},     {0x0005ffff, {ACTION_ERRNO, 4095}},
        {0x80000009, {ACTION_KILL_PROCESS, 0}}, {0x00000009, {ACTION_KILL_THREAD, 0}},
        {0x12340000, {ACTION_KILL_PROCESS, 0}}, {0xffffffff, {ACTION_KILL_PROCESS, 0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct action action;
        assert_true(action_from_return_value(cases[i].value, &action));
        assert_int_equal(action.kind, cases[i].action.kind);
        assert_int_equal(action.data, cases[i].action.data);
    }
    struct action action;
    assert_false(action_from_return_value(SECCOMP_RET_USER_NOTIF, &action));
    assert_true(action_equal((struct action){ACTION_ALLOW, 5}, (struct action){ACTION_ALLOW, 0}));
    assert_true(
        action_equal((struct action){ACTION_ERRNO, 5000}, (struct action){ACTION_ERRNO, 4095}));
    assert_false(action_equal((struct action){ACTION_TRAP, 1}, (struct action){ACTION_TRAP, 2}));
    assert_int_equal(action_return_value((struct action){ACTION_ERRNO, 60000}), 0x00050fff);
}

static void test_action_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct action action;
    } good[] = {
        {"ALLOW", {ACTION_ALLOW, 0}},
        {"errno", {ACTION_ERRNO, 1}},
        {"Errno:eacces", {ACTION_ERRNO, 13}},
        {"errno:13", {ACTION_ERRNO, 13}},
        {"errno:0", {ACTION_ERRNO, 0}},
        {"errno:EWOULDBLOCK", {ACTION_ERRNO, 11}},
        {"errno:ENOTSUP", {ACTION_ERRNO, 95}},
        {"kill", {ACTION_KILL_PROCESS, 0}},
        {"trap", {ACTION_TRAP, 0}},
        {"trap:65535", {ACTION_TRAP, 65535}},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct action action;
        assert_true(action_parse(good[i].text, &action));
        assert_int_equal(action.kind, good[i].action.kind);
        assert_int_equal(action.data, good[i].action.data);
    }
    static const char *const bad[] = {
        "",           "allow ",    " allow",
        "allow:1",    "errno:",    "errno:4096",
        "errno:-1",   "errno:0x1", "errno:01",
        "errno:EFOO", "errno:1 ",  "trap:65536",
        "trap:",      "trace",     "trace:99999",
        "log:1",      "kill:1",    "notify",
        "killthread", "errno:E",   "errno:99999999999999999999",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct action action = {ACTION_TRACE, 77};
        if (action_parse(bad[i], &action)) {
            fail_msg("'%s' is no action", bad[i]);
        }
        assert_int_equal(action.data, 77);
    }
}

static void test_action_denies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(actions); i++) {
        enum action_kind kind = actions[i].action.kind;
        assert_int_equal(action_denies(actions[i].action),
                         kind != ACTION_ALLOW && kind != ACTION_LOG);
    }
}

static const struct condition is_one = {0, 32, COMPARE_EQ, 1, 0};

static void test_policy_keeps_names_sorted_and_rules_in_order(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action){ACTION_ERRNO, 1});
    static const char *const names[] = {"write", "read", "openat", "read", "close", "write"};
    for (size_t i = 0; i < COUNT(names); i++) {
        policy_add_rule(policy, names[i], i % 2 ? &is_one : NULL, i % 2,
                        (struct action){ACTION_TRAP, (uint16_t)i}, (struct place){"f", i + 1, 1});
    }
    assert_int_equal(policy->syscall_count, 4);
    static const char *const sorted[] = {"close", "openat", "read", "write"};
    for (size_t i = 0; i < COUNT(sorted); i++) {
        assert_string_equal(policy->syscalls[i].name, sorted[i]);
        assert_ptr_equal(policy_find(policy, sorted[i]), &policy->syscalls[i]);
    }
    const struct syscall_rules *read = policy_find(policy, "read");
    assert_int_equal(read->rule_count, 2);
    assert_int_equal(read->rules[0].action.data, 1);
    assert_int_equal(read->rules[1].action.data, 3);
    assert_int_equal(read->rules[0].condition_count, 1);
    assert_ptr_not_equal(read->rules[0].conditions, &is_one);
    assert_null(policy_find(policy, "rea"));
    assert_null(policy_find(policy, "zzz"));
    policy_free(policy);
    policy_free(NULL);
}

static struct policy *sample(void)
{
    struct policy *policy = policy_new((struct action){ACTION_ERRNO, 1});
    policy_add_rule(policy, "socket", &is_one, 1, (struct action){ACTION_ALLOW, 0},
                    (struct place){0});
    policy_add_rule(policy, "mount", NULL, 0, (struct action){ACTION_KILL_PROCESS, 0},
                    (struct place){0});
    policy_add_abi(policy, "x86_64");
    return policy;
}

static void test_policy_equal(void **state)
{
    (void)state;
    struct policy *a = sample();
    struct policy *b = sample();
    assert_true(policy_equal(a, b));
    b->syscalls[0].rules[0].place.line = 7;
    assert_true(policy_equal(a, b));
    b->syscalls[1].rules[0].conditions[0].width = 64;
    assert_false(policy_equal(a, b));
    b->syscalls[1].rules[0].conditions[0].width = 32;
    b->syscalls[0].rules[0].action.kind = ACTION_LOG;
    assert_false(policy_equal(a, b));
    b->syscalls[0].rules[0].action.kind = ACTION_KILL_PROCESS;
    assert_true(policy_equal(a, b));
    b->flags = SECCOMP_FILTER_FLAG_LOG;
    assert_false(policy_equal(a, b));
    b->flags = 0;
    b->enosys_above = ENOSYS_ABOVE_NONE;
    assert_false(policy_equal(a, b));
    b->enosys_above = ENOSYS_ABOVE_TABLE;
    assert_false(policy_add_abi(b, "x86_64"));
    assert_true(policy_add_abi(b, "i386"));
    assert_false(policy_equal(a, b));
    assert_true(policy_add_abi(a, "i386"));
    assert_true(policy_equal(a, b));
    assert_string_equal(a->abis[0], "i386");
    b->default_action.data = 2;
    assert_false(policy_equal(a, b));
    policy_free(a);
    policy_free(b);
}

static void test_audit_leaves_no_denial(void **state)
{
    (void)state;
    struct policy *policy = sample();
    policy_add_rule(policy, "read", NULL, 0, (struct action){ACTION_TRACE, 9}, (struct place){0});
    policy_make_audit(policy);
    assert_canonical(
        policy,
        "{\"elfcage-policy\":2,\n\"default\":\"log\",\n\"audit\":true,\n\"abis\":[\"x86_64\"],\n"
        "\"plain\":{\n\"log\":[\"mount\",\"read\"]},\n\"rules\":{\n"
        "\"socket\":[{\"if\":[[0,32,\"==\",1]],\"do\":\"allow\"}]}}\n");
    policy_free(policy);
}

static const char nesting_rules[] =
    "\"prctl\":[{\"if\":[[0,32,\"==\",38],[1,64,\"==\",1],[2,64,\"==\",0],[3,64,\"==\",0],"
    "[4,64,\"==\",0]],\"do\":\"allow\"}%s],\n"
    "\"seccomp\":[{\"if\":[[0,32,\"==\",1],[1,32,\"&\",4294967289,1]],\"do\":\"allow\"}%s]";

__attribute__((format(printf, 2, 3))) static void assert_nested(const struct policy *policy,
                                                                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *rules = memory_vprintf(format, arguments);
    va_end(arguments);
    CLEANUP_FREE char *expected = memory_printf(
        "{\"elfcage-policy\":2,\n\"default\":\"errno:EPERM\",\n\"rules\":{\n%s}}\n", rules);
    assert_canonical(policy, expected);
}

static void test_nesting_allows_exactly_what_a_stub_calls(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action){ACTION_ERRNO, 1});
    policy_allow_nesting(policy);
    CLEANUP_FREE char *alone = memory_printf(
        "\"prctl\":[{\"if\":[[0,32,\"==\",38],[1,64,\"==\",1],[2,64,\"==\",0],[3,64,\"==\",0],"
        "[4,64,\"==\",0]],\"do\":\"allow\"}],\n"
        "\"seccomp\":[{\"if\":[[0,32,\"==\",1],[1,32,\"&\",4294967289,1]],\"do\":\"allow\"}]");
    assert_nested(policy, "%s", alone);
    policy_allow_nesting(policy); /* again: nothing to add */
    assert_nested(policy, "%s", alone);
    policy_free(policy);

    /* The flags that the mask lets through: TSYNC with or without LOG and SPEC_ALLOW. */
    uint32_t mask = 4294967289u;
    static const uint32_t good[] = {1, 1 | 2, 1 | 4, 1 | 2 | 4};
    static const uint32_t bad[] = {0, 2, 1 | 8, 1 | 16, 1 | 32, 1u | 1u << 31};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(good[i] & mask, 1);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_not_equal(bad[i] & mask, 1);
    }
}

static void test_nesting_goes_in_front(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action){ACTION_ERRNO, 1});
    policy_add_rule(policy, "prctl", NULL, 0, (struct action){ACTION_KILL_PROCESS, 0},
                    (struct place){0});
    policy_add_rule(policy, "seccomp", &is_one, 1, (struct action){ACTION_TRAP, 0},
                    (struct place){0});
    policy_allow_nesting(policy);
    assert_nested(policy, nesting_rules, ",{\"do\":\"kill-process\"}",
                  ",{\"if\":[[0,32,\"==\",1]],\"do\":\"trap:0\"}");
    policy_free(policy);
}

static void test_nesting_adds_nothing_where_all_is_allowed(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action){ACTION_ALLOW, 0});
    policy_allow_nesting(policy);
    assert_int_equal(policy->syscall_count, 0);
    policy_add_rule(policy, "prctl", NULL, 0, (struct action){ACTION_ALLOW, 0}, (struct place){0});
    policy_allow_nesting(policy);
    assert_int_equal(policy_find(policy, "prctl")->rule_count, 1);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_action_forms_agree),
        cmocka_unit_test(test_action_is_normalised_as_the_kernel_does),
        cmocka_unit_test(test_action_parse),
        cmocka_unit_test(test_action_denies),
        cmocka_unit_test(test_policy_keeps_names_sorted_and_rules_in_order),
        cmocka_unit_test(test_policy_equal),
        cmocka_unit_test(test_audit_leaves_no_denial),
        cmocka_unit_test(test_nesting_allows_exactly_what_a_stub_calls),
        cmocka_unit_test(test_nesting_goes_in_front),
        cmocka_unit_test(test_nesting_adds_nothing_where_all_is_allowed),
    };
    return cmocka_run_group_tests_name("policy_model", tests, NULL, NULL);
}
