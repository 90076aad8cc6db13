/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libseccomp as the compiler: policies that it compiles rightly are proved, one that it is known to
 * compile wrongly is refuted, what it cannot say is an error.
 */
#include "policies.h"

#include <seccomp.h>

static int build(const struct given_policy *given, const char *arch, struct table **table,
                 struct filter *filter, struct error *error)
{
    struct policy *policy = policy_given(given);
    table_resolve(policy, arch_by_name(arch), table, NULL, NULL, error);
    policy_free(policy);
    assert_no_error(error);
    return filter_build_libseccomp(*table, filter, error);
}

static const struct given_policy provable[] = {
    /* deny list: x32, -1 and other architectures get ENOSYS */
    {.default_action = ALLOW_CALL,
     .rules = {{"chown", DENY_CALL, {{0}}},
               {"fchownat", DENY_CALL, {{0}}},
               {"socket", DENY_WITH(EACCES), {IF32(0, EQ, 17)}},
               {"mmap", KILL_CALL, {IF_MASKED(2, 64, 4, 4)}}}},
    /* allow list with a ceiling, and a second ABI */
    {.default_action = DENY_CALL,
     .abis = {"i386", "x86_64"},
     .rules = {{"read", ALLOW_CALL, {{0}}},
               {"write", ALLOW_CALL, {{0}}},
               {"socketcall", ALLOW_CALL, {{0}}},
               {"personality", ALLOW_CALL, {IF32(0, EQ, 0)}},
               {"personality", ALLOW_CALL, {IF32(0, EQ, 8)}},
               {"ioctl", LOG_CALL, {IF64(1, EQ, 0x5401)}}}},
    {.default_action = KILL_CALL, .rules = {{"exit_group", ALLOW_CALL, {{0}}}}},
    {.default_action = LOG_CALL, .rules = {{"ptrace", ACTION(ACTION_TRACE, 3), {{0}}}}},
    {.default_action = ACTION(ACTION_KILL_THREAD, 0),
     .rules = {{"exit", ACTION(ACTION_TRAP, 0), {{0}}}}},
    /* rules that say the default, and the same thing twice */
    {.default_action = DENY_CALL,
     .rules = {{"read", ALLOW_CALL, {IF64(0, EQ, 3)}},
               {"read", ALLOW_CALL, {IF64(0, EQ, 3)}},
               {"read", DENY_CALL, {{0}}},
               {"write", ALLOW_CALL, {IF64(0, EQ, 3)}},
               {"write", ALLOW_CALL, {{0}}}}},
};

static void test_libseccomp_is_proved_on_simple_policies(void **state)
{
    (void)state;
    static const char *const arches[] = {"x86_64", "i386", "aarch64"};
    for (size_t i = 0; i < COUNT(provable); i++) {
        for (size_t a = 0; a < COUNT(arches); a++) {
            struct given_policy given = provable[i];
            if (given.abis[0] != NULL && strcmp(arches[a], "aarch64") == 0) {
                given.abis[0] = "aarch64";
                given.abis[1] = "arm";
            }
            struct table *table = NULL;
            struct filter filter = {0};
            struct error error = {0};
            build(&given, arches[a], &table, &filter, &error);
            assert_no_error(&error);
            assert_proved(&filter, table);
            filter_free(&filter);
            table_free(table);
        }
    }
}

/* Every comparison of 32 bits, which libseccomp does not have, at the edges. */
static void test_libseccomp_compares_32_bits(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 2, 38, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    for (int compare = COMPARE_EQ; compare <= COMPARE_GE; compare++) {
        for (size_t i = 0; i < COUNT(values); i++) {
            struct given_policy given = {.default_action = DENY_CALL,
                                         .rules = {{"socket", ALLOW_CALL, {{0}}}}};
            given.rules[0].conditions[0] = (struct condition){
                .width = 32, .compare = (enum compare)compare, .value = values[i]};
            struct table *table = NULL;
            struct filter filter = {0};
            struct error error = {0};
            build(&given, "x86_64", &table, &filter, &error);
            assert_no_error(&error);
            assert_proved(&filter, table);
            filter_free(&filter);
            table_free(table);
        }
    }
}

/* The smallest policy that 2.5.4 is known to compile to something weaker. */
static void test_libseccomp_is_refuted_where_it_is_wrong(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .rules = {{"ioctl", ALLOW_CALL, {IF64(1, LE, 2)}},
                  {"ioctl", ALLOW_CALL, {IF64(1, GE, 0x200000000)}}},
    };
    struct table *table = NULL;
    struct filter filter = {0};
    struct error error = {0};
    struct counterexample wrong = {0};
    build(&given, "x86_64", &table, &filter, &error);
    assert_no_error(&error);
    enum proof proof = filter_prove(&filter, table, &wrong, NULL);
    const struct scmp_version *version = seccomp_version();
    if (version->major == 2 && version->minor == 5) {
        assert_int_equal(proof, PROOF_REFUTED);
        assert_int_equal(wrong.call.nr, 16);
        assert_int_equal(wrong.program_returns, SECCOMP_RET_ALLOW);
    } else {
        assert_int_not_equal(proof, PROOF_OPEN);
    }
    filter_free(&filter);
    table_free(table);
}

static void test_libseccomp_says_what_it_cannot_say(void **state)
{
    (void)state;
    static const struct {
        struct given_policy given;
        const char *expected;
    } cases[] = {
        {{.default_action = DENY_CALL,
          .rules = {{"socket", KILL_CALL, {IF32(0, EQ, 1)}}, {"socket", ALLOW_CALL, {{0}}}}},
         "libseccomp cannot say the order of rules with different actions (system call number 41): "
         "use our own compiler"},
        {{.default_action = DENY_CALL,
          .rules = {{"socket", ALLOW_CALL, {IF32(0, GE, 1), IF32(0, LE, 9)}}}},
         "libseccomp cannot say two conditions on argument 0 of system call number 41: use our own "
         "compiler"},
        {{.default_action = DENY_CALL, .rules = {{"socket", ACTION(ACTION_TRAP, 5), {{0}}}}},
         "libseccomp cannot say a trap with data: use our own compiler"},
        {{.default_action = ACTION(ACTION_TRAP, 5), .rules = {{"socket", ALLOW_CALL, {{0}}}}},
         "libseccomp cannot say a trap with data: use our own compiler"},
        {{.default_action = DENY_CALL,
          .rules = {{"socket", ALLOW_CALL, {IF32(0, NE, 1), IF32(1, NE, 2), IF32(2, NE, 3)}}}},
         "libseccomp would need 32768 rules for one of system call number 41: use our own "
         "compiler"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct table *table = NULL;
        struct filter filter = {0};
        struct error error = {0};
        assert_int_equal(build(&cases[i].given, "x86_64", &table, &filter, &error), -1);
        assert_error(&error, ERROR_POLICY, cases[i].expected);
        assert_null(filter.instructions);
        table_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libseccomp_is_proved_on_simple_policies),
        cmocka_unit_test(test_libseccomp_compares_32_bits),
        cmocka_unit_test(test_libseccomp_is_refuted_where_it_is_wrong),
        cmocka_unit_test(test_libseccomp_says_what_it_cannot_say),
    };
    return cmocka_run_group_tests_name("backend_libseccomp", tests, NULL, NULL);
}
