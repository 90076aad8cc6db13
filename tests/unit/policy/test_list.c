/* SPDX-License-Identifier: Apache-2.0 */
/* Plain lists of names: what they allow, and what is no list. */
#include "policy_test.h"

static const struct action errno_default = {ACTION_ERRNO, 1};
static const struct policy_options options = {.default_action = &errno_default, .format = "list"};

static void test_list_allows_its_names(void **state)
{
    (void)state;
    struct policy *policy = parse_good("# what it needs\nread, write\topenat\r\n\n  close # and\n"
                                       "@chown systemd:@timer,read\nfchown",
                                       &options, NULL);
    static const char *const names[] = {"read",      "write", "openat",        "close", "fchownat",
                                        "setitimer", "chown", "timer_settime", "fchown"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct syscall_rules *rules = policy_find(policy, names[i]);
        assert_non_null(rules);
        assert_int_equal(rules->rule_count, 1);
        assert_int_equal(rules->rules[0].action.kind, ACTION_ALLOW);
    }
    assert_null(policy_find(policy, "open"));
    assert_true(action_equal(policy->default_action, errno_default));
    assert_int_equal(policy->abi_count, 0);
    /* What somebody wrote is not what a set brings along. */
    const struct rule *read = &policy_find(policy, "read")->rules[0];
    assert_null(read->set);
    assert_int_equal(read->place.line, 5);
    assert_int_equal(read->place.column, 23);
    assert_string_equal(policy_find(policy, "chown")->rules[0].set, "@chown");
    assert_int_equal(policy_find(policy, "chown")->rules[0].place.line, 5);
    assert_null(policy_find(policy, "fchown")->rules[0].set);
    assert_int_equal(policy_find(policy, "fchown")->rules[0].place.line, 6);
    assert_canonical(policy, NULL);
    policy_free(policy);
}

static void test_list_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } mistakes[] = {
        {"read\n ^raed\n", "unknown system call \"raed\": did you mean \"read\"?"},
        {"^frobnicate_it",
         "unknown system call \"frobnicate_it\": no architecture has it, see \"man 2 syscalls\""},
        {"read ^12\n",
         "'12' is a number: give the name of the system call, numbers differ from ABI to ABI"},
        {"read,^write:1\n", "'write:1': a list has names of what is allowed, and nothing else: use "
                            "another format, or inline rules"},
        {"^!read\n", "'!read': a list has names of what is allowed, and nothing else: use another "
                     "format, or inline rules"},
        {"^read()\n",
         "'read()': a list has names of what is allowed, and nothing else: use another "
         "format, or inline rules"},
        {"read\n^@nix\n", "there is no set '@nix': elfcage(1) lists them"},
        {"^# nothing\n", "names no system call: complete it"},
        {"read ^wri\377te\n", "'wri?te' is not a name of a system call: letters, digits and '_' "
                              "only"},
    };
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct marked m = unmark(mistakes[i].text);
        struct policy *policy = NULL;
        struct error error = {0};
        assert_int_equal(
            policy_parse("policy.json", m.text, strlen(m.text), &options, &policy, NULL, &error),
            -1);
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, mistakes[i].message);
        free(m.text);
    }
}

static void test_list_needs_a_default(void **state)
{
    (void)state;
    static const struct action allow = {.kind = ACTION_ALLOW};
    static const struct {
        const struct action *action;
        const char *line;
    } given[] = {
        {NULL, "policy.json: a list says what is allowed: say by --default what happens to all "
               "other calls"},
        {&allow, "policy.json: a list says what is allowed, and --default allow allows the rest: "
                 "name another action, errno for example"},
    };
    for (size_t i = 0; i < COUNT(given); i++) {
        struct policy_options used = {.default_action = given[i].action};
        struct policy *policy = NULL;
        struct error error = {0};
        assert_int_equal(policy_parse("policy.json", "read\n", 5, &used, &policy, NULL, &error),
                         -1);
        CLEANUP_FREE char *line = error_line(&error);
        assert_string_equal(line, given[i].line);
        assert_int_equal(error.kind, ERROR_USAGE);
        error_clear(&error);
    }
}

/* Told from other formats: names alone on the first line, of which the first is a system call. */
static void test_list_is_recognised(void **state)
{
    (void)state;
    struct policy_options used = options;
    used.format = NULL;
    static const char *const lists[] = {"read",         "# x\nread write,open # y\nclose",
                                        "@chown\n",     "systemd:@timer\nread",
                                        ",read",        "read seccomp write",
                                        "seccomp,read", "seccomp\nread"};
    for (size_t i = 0; i < COUNT(lists); i++) {
        policy_free(parse_good(lists[i], &used, NULL));
    }
    static const char *const others[] = {"hello world", "read = 1", "read the file\xc3\xa9", "#",
                                         "seccomp mount,umount2\n"};
    for (size_t i = 0; i < COUNT(others); i++) {
        struct policy *policy = NULL;
        struct error error = {0};
        assert_int_equal(
            policy_parse("policy.json", others[i], strlen(others[i]), &used, &policy, NULL, &error),
            -1);
        CLEANUP_FREE char *line = error_line(&error);
        assert_non_null(strstr(line, "this is no policy of a format that elfcage reads"));
        error_clear(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_allows_its_names),
        cmocka_unit_test(test_list_mistakes),
        cmocka_unit_test(test_list_needs_a_default),
        cmocka_unit_test(test_list_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
