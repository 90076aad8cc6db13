/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies and system calls as tables: what the tests of resolve and build share. Each case is
 * looked up in the table and run through the program that is built from it; the program has to be
 * proved, and the record has to replay to an equal table.
 */
#ifndef ELFCAGE_TESTS_UNIT_FILTER_POLICIES_H
#define ELFCAGE_TESTS_UNIT_FILTER_POLICIES_H

#include "base/memory.h"
#include "filter/filter.h"
#include "policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Initializers; a value is (struct action)DENY_CALL. */
#define ACTION(action_kind, number)                                                                \
    {                                                                                              \
        .kind = (action_kind), .data = (number)                                                    \
    }
#define ALLOW_CALL ACTION(ACTION_ALLOW, 0)
#define LOG_CALL ACTION(ACTION_LOG, 0)
#define DENY_CALL ACTION(ACTION_ERRNO, EPERM)
#define DENY_WITH(number) ACTION(ACTION_ERRNO, number)
#define KILL_CALL ACTION(ACTION_KILL_PROCESS, 0)
#define NO_SUCH_CALL ACTION(ACTION_ERRNO, ENOSYS)

#define IF32(index, comparison, number)                                                            \
    {                                                                                              \
        .argument = (index), .width = 32, .compare = COMPARE_##comparison, .value = (number)       \
    }
#define IF64(index, comparison, number)                                                            \
    {                                                                                              \
        .argument = (index), .width = 64, .compare = COMPARE_##comparison, .value = (number)       \
    }
#define IF_MASKED(index, bits, and_mask, number)                                                   \
    {                                                                                              \
        .argument = (index), .width = (bits), .compare = COMPARE_MASKED_EQ, .value = (number),     \
        .mask = (and_mask)                                                                         \
    }

#define GIVEN_MOST 16u
#define ABIS_MOST 4u

struct given_rule {
    const char *name;
    struct action action;
    struct condition conditions[4]; /* as many as have a width */
};

struct given_policy {
    struct action default_action;
    const char *abis[ABIS_MOST];
    enum enosys_above enosys_above;
    struct given_rule rules[GIVEN_MOST];
};

struct call_case {
    const char *abi; /* "x86_64", ...; NULL: an architecture of another world */
    uint32_t number;
    struct action expected;
    uint64_t arguments[6];
};

static inline struct policy *policy_given(const struct given_policy *given)
{
    struct policy *policy = policy_new(given->default_action);
    policy->enosys_above = given->enosys_above;
    policy->abis = memory_zeroed(ABIS_MOST, sizeof *policy->abis);
    while (policy->abi_count < ABIS_MOST && given->abis[policy->abi_count] != NULL) {
        policy->abis[policy->abi_count] = memory_strdup(given->abis[policy->abi_count]);
        policy->abi_count++;
    }
    for (size_t i = 0; i < GIVEN_MOST && given->rules[i].name != NULL; i++) {
        const struct given_rule *rule = &given->rules[i];
        size_t count = 0;
        while (count < 4 && rule->conditions[count].width != 0) {
            count++;
        }
        policy_add_rule(policy, rule->name, rule->conditions, count, rule->action,
                        (struct place){0});
    }
    return policy;
}

static inline void assert_no_error(struct error *error)
{
    if (error->kind != ERROR_NONE) {
        CLEANUP_FREE char *line = error_line(error);
        print_error("%s\n", line);
        fail();
    }
}

static inline void assert_error(struct error *error, enum error_kind kind, const char *expected)
{
    CLEANUP_FREE char *line = error_line(error);
    assert_int_equal(error->kind, kind);
    assert_string_equal(line, expected);
    error_clear(error);
}

static inline void assert_proved(const struct filter *filter, const struct table *table)
{
    struct counterexample wrong = {0};
    char *reason = NULL;
    struct error error = {0};
    filter_check(filter, &error);
    assert_no_error(&error);
    enum proof proof = filter_prove(filter, table, &wrong, &reason);
    if (proof != PROOF_EQUAL) {
        print_error("proof %d: arch %x nr %d returns %x %s\n", (int)proof, wrong.call.arch,
                    wrong.call.nr, wrong.program_returns, reason != NULL ? reason : "");
        fail();
    }
    free(reason);
}

static inline void assert_call(const struct table *table, const struct filter *filter,
                               const struct call_case *call)
{
    struct seccomp_data data = {.nr = (int)call->number};
    data.arch = call->abi != NULL ? abi_by_name(call->abi)->audit_architecture : 0x1234u;
    memcpy(data.args, call->arguments, sizeof call->arguments);
    struct error error = {0};
    uint32_t returned = 0;
    struct action ran;
    struct action looked_up = table_evaluate(table, &data, NULL);
    filter_run(filter, &data, &returned, NULL, &error);
    assert_no_error(&error);
    assert_true(action_from_return_value(returned, &ran));
    if (!action_equal(looked_up, call->expected) || !action_equal(ran, call->expected)) {
        CLEANUP_FREE char *expected = action_text(call->expected);
        CLEANUP_FREE char *in_table = action_text(looked_up);
        CLEANUP_FREE char *in_program = action_text(ran);
        print_error("%s %u (%llx, %llx, %llx): expected %s, table %s, program %s\n",
                    call->abi != NULL ? call->abi : "other", call->number,
                    (unsigned long long)data.args[0], (unsigned long long)data.args[1],
                    (unsigned long long)data.args[2], expected, in_table, in_program);
        fail();
    }
}

static inline void assert_calls_of(const struct policy *policy, const char *arch_name,
                                   const struct call_case *calls, size_t count)
{
    const struct arch *arch = arch_by_name(arch_name);
    struct table *table = NULL;
    struct table *replayed = NULL;
    struct resolution resolution = {0};
    struct filter filter = {0};
    struct error error = {0};
    table_resolve(policy, arch, &table, &resolution, NULL, &error);
    assert_no_error(&error);
    filter_build(table, &filter, &error);
    assert_no_error(&error);
    for (size_t i = 0; i < count; i++) {
        assert_call(table, &filter, &calls[i]);
    }
    assert_proved(&filter, table);
    table_replay(policy, arch, &resolution, &replayed, &error);
    assert_no_error(&error);
    assert_proved(&filter, replayed);
    table_free(table);
    table_free(replayed);
    resolution_free(&resolution);
    filter_free(&filter);
}

static inline void assert_calls(const struct given_policy *given, const char *arch_name,
                                const struct call_case *calls, size_t count)
{
    struct policy *policy = policy_given(given);
    assert_calls_of(policy, arch_name, calls, count);
    policy_free(policy);
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#endif
