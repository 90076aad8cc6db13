/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names by the record of a caged file, not by our table: a newer table's record holds, and one that
 * somebody has changed does not.
 */
#include "policies.h"

struct forgery {
    const char *what;
    void (*forge)(struct resolution *resolution);
    const char *expected;
};

/* Adds a number to the record of ABI `index`. */
static void add(struct resolution *resolution, size_t index, const char *name, uint32_t number)
{
    struct resolved_abi *abi = &resolution->abis[index];
    abi->names = memory_resize(abi->names, abi->name_count + 1, sizeof *abi->names);
    abi->names[abi->name_count++] = (struct resolved_name){memory_strdup(name), number};
}

static void forge_number(struct resolution *resolution)
{
    add(resolution, 0, "read", 1);
}

static void forge_known_number(struct resolution *resolution)
{
    add(resolution, 0, "read", 0);
}

static void forge_abi_away(struct resolution *resolution)
{
    const struct resolved_abi *abi = &resolution->abis[--resolution->abi_count];
    free(abi->names);
    free(abi->name);
}

static void forge_abi(struct resolution *resolution)
{
    resolution->abis = memory_resize(resolution->abis, 3, sizeof *resolution->abis);
    resolution->abis[resolution->abi_count++] =
        (struct resolved_abi){.name = memory_strdup("x32"), .ceiling = 469};
}

static void forge_abi_name(struct resolution *resolution)
{
    free(resolution->abis[1].name);
    resolution->abis[1].name = memory_strdup("arm");
}

static void forge_ceiling(struct resolution *resolution)
{
    resolution->abis[0].ceiling = 5;
}

static void forge_order(struct resolution *resolution)
{
    add(resolution, 0, "zzz", 471);
    add(resolution, 0, "yyy", 472);
}

static void forge_twice(struct resolution *resolution)
{
    add(resolution, 1, "yyy", 471);
    add(resolution, 1, "zzz", 471);
}

static void forge_unknown(struct resolution *resolution)
{
    add(resolution, 0, "zzz", 59); /* execve's */
}

static void forge_x32_number(struct resolution *resolution)
{
    add(resolution, 0, "zzz", 0x40000001);
}

#define CHANGED(abi, what)                                                                         \
    "the recorded numbers of " abi " do not fit the policy: " what ": the payload has been "       \
    "changed"

static const struct forgery forgeries[] = {
    {"another number", forge_number,
     "the record says read has number 1 in the x86_64 ABI, the table 0: the payload has been "
     "changed"},
    {"a number that every table has", forge_known_number,
     CHANGED("x86_64", "a number that follows from its name is there")},
    {"an ABI less", forge_abi_away, CHANGED("i386", "the ABI is missing")},
    {"an ABI more", forge_abi, CHANGED("x32", "the ABI is not covered")},
    {"another ABI", forge_abi_name, CHANGED("i386", "the ABI is missing")},
    {"another ceiling", forge_ceiling, CHANGED("x86_64", "the ceiling is another")},
    {"another order", forge_order, CHANGED("x86_64", "names are not in order")},
    {"one number twice", forge_twice, CHANGED("i386", "a number is there twice")},
    {"an unknown name", forge_unknown,
     "the record says zzz has number 59 in the x86_64 ABI, which it cannot have: the payload has "
     "been changed"},
    {"a number of x32", forge_x32_number,
     "the record says zzz has number 1073741825 in the x86_64 ABI, which it cannot have: the "
     "payload has been changed"},
};

static void test_replay_refuses_forged_records(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .abis = {"i386", "x86_64"},
        .rules = {{"read", ALLOW_CALL, {{0}}},
                  {"write", ALLOW_CALL, {{0}}},
                  {"socket", KILL_CALL, {{0}}}},
    };
    const struct arch *arch = arch_by_name("x86_64");
    struct policy *policy = policy_given(&given);
    for (size_t i = 0; i < COUNT(forgeries); i++) {
        struct resolution resolution = {0};
        struct table *table = NULL;
        struct error error = {0};
        table_resolve(policy, arch, &table, &resolution, NULL, &error);
        assert_no_error(&error);
        table_free(STEAL(table));
        assert_int_equal(resolution.abi_count, 2);
        assert_int_equal(resolution.abis[0].name_count, 0);
        assert_int_equal(resolution.abis[1].name_count, 0);
        forgeries[i].forge(&resolution);
        assert_int_equal(table_replay(policy, arch, &resolution, &table, &error), -1);
        assert_null(table);
        assert_error(&error, ERROR_CHECK, forgeries[i].expected);
        resolution_free(&resolution);
    }
    policy_free(policy);
}

/* A record made with a newer table: a name we do not know, a higher ceiling. */
static void test_replay_takes_a_newer_record(void **state)
{
    (void)state;
    static const struct given_policy given = {
        .default_action = DENY_CALL,
        .rules = {{"read", ALLOW_CALL, {{0}}}, {"zzz", ALLOW_CALL, {{0}}}},
    };
    struct policy *policy = policy_given(&given);
    struct resolved_name name = {memory_strdup("zzz"), 475};
    struct resolved_abi abi = {.name = memory_strdup("x86_64"),
                               .ceiling = 480,
                               .names = memory_copy(&name, sizeof name),
                               .name_count = 1};
    struct resolution resolution = {.abis = memory_copy(&abi, sizeof abi), .abi_count = 1};
    struct table *table = NULL;
    struct filter filter = {0};
    struct error error = {0};
    table_replay(policy, arch_by_name("x86_64"), &resolution, &table, &error);
    assert_no_error(&error);
    filter_build(table, &filter, &error);
    assert_no_error(&error);
    static const struct call_case calls[] = {
        {"x86_64", 0, ALLOW_CALL, {0}},
        {"x86_64", 475, ALLOW_CALL, {0}},
        {"x86_64", 480, DENY_CALL, {0}},
        {"x86_64", 481, NO_SUCH_CALL, {0}},
    };
    for (size_t i = 0; i < COUNT(calls); i++) {
        assert_call(table, &filter, &calls[i]);
    }
    filter_free(&filter);
    table_free(table);
    resolution_free(&resolution);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_refuses_forged_records),
        cmocka_unit_test(test_replay_takes_a_newer_record),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
