/* SPDX-License-Identifier: Apache-2.0 */
/* --allow, --deny, --log and --kill. */
#include "policy_test.h"

static void test_inline_lists(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action){ACTION_ALLOW, 0});
    struct error error = {0};
    assert_int_equal(policy_add_inline(policy, POLICY_INLINE_DENY, "chown,fchown,lchown,fchownat",
                                       SETS_PINNED, NULL, &error),
                     0);
    assert_int_equal(
        policy_add_inline(policy, POLICY_INLINE_DENY, "clone3:ENOSYS", SETS_PINNED, NULL, &error),
        0);
    assert_int_equal(policy_add_inline(policy, POLICY_INLINE_DENY, "mount,umount2:13", SETS_PINNED,
                                       NULL, &error),
                     0);
    assert_int_equal(
        policy_add_inline(policy, POLICY_INLINE_KILL, "ptrace", SETS_PINNED, NULL, &error), 0);
    assert_int_equal(
        policy_add_inline(policy, POLICY_INLINE_LOG, "connect,bind", SETS_PINNED, NULL, &error), 0);
    assert_int_equal(
        policy_add_inline(policy, POLICY_INLINE_ALLOW, "read", SETS_PINNED, NULL, &error), 0);
    /* Said twice with one meaning. */
    assert_int_equal(policy_add_inline(policy, POLICY_INLINE_DENY, "chown,chown:EPERM", SETS_PINNED,
                                       NULL, &error),
                     0);
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"plain\":{\n"
                             "\"allow\":[\"read\"],\n"
                             "\"errno:EACCES\":[\"mount\",\"umount2\"],\n"
                             "\"errno:ENOSYS\":[\"clone3\"],\n"
                             "\"errno:EPERM\":[\"chown\",\"fchown\",\"fchownat\",\"lchown\"],\n"
                             "\"kill-process\":[\"ptrace\"],\n"
                             "\"log\":[\"bind\",\"connect\"]}}\n");
    policy_free(policy);
}

/* A name wins over a set, the stricter of two sets over the other, in any order. */
static void test_inline_sets(void **state)
{
    (void)state;
    static const struct {
        enum policy_inline_verb verb;
        const char *list;
    } options[] = {
        {POLICY_INLINE_DENY, "@chown"},
        {POLICY_INLINE_ALLOW, "@chown,@exec"},
        {POLICY_INLINE_ALLOW, "fchown"},
        {POLICY_INLINE_KILL, "systemd:@keyring"},
        {POLICY_INLINE_DENY, "@keyring:ENOSYS"},
        {POLICY_INLINE_DENY, "systemd:@swap,execveat:EACCES"},
    };
    static const char expected[] = "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"plain\":{\n"
                                   "\"allow\":[\"execve\",\"fchown\"],\n"
                                   "\"errno:EACCES\":[\"execveat\",\"swapoff\",\"swapon\"],\n"
                                   "\"errno:EPERM\":[\"chown\",\"chown32\",\"fchown32\","
                                   "\"fchownat\",\"lchown\",\"lchown32\"],\n"
                                   "\"kill-process\":[\"add_key\",\"keyctl\",\"request_key\"]}}\n";
    for (size_t order = 0; order < COUNT(options); order++) {
        struct policy *policy = policy_new((struct action){ACTION_ALLOW, 0});
        struct error error = {0};
        for (size_t i = 0; i < COUNT(options); i++) {
            size_t k = (i + order) % COUNT(options);
            assert_int_equal(policy_add_inline(policy, options[k].verb, options[k].list,
                                               SETS_PINNED, NULL, &error),
                             0);
        }
        assert_canonical(policy, expected);
        assert_null(policy_find(policy, "fchown")->rules[0].set);
        assert_string_equal(policy_find(policy, "lchown")->rules[0].set, "@chown");
        assert_string_equal(policy_find(policy, "swapon")->rules[0].set, "systemd:@swap");
        policy_free(policy);
    }
}

static const struct {
    enum policy_inline_verb verb;
    enum error_kind kind;
    const char *list;
    const char *message;
} mistakes[] = {
    {POLICY_INLINE_DENY, ERROR_USAGE, "",
     "--deny '': an empty name: write NAME,NAME without blanks"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "a,,b",
     "--deny 'a,,b': an empty name: write NAME,NAME without blanks"},
    {POLICY_INLINE_ALLOW, ERROR_USAGE, "a,",
     "--allow 'a,': an empty name: write NAME,NAME without blanks"},
    {POLICY_INLINE_DENY, ERROR_USAGE, ":EPERM",
     "--deny ':EPERM': an empty name: write NAME,NAME without blanks"},
    {POLICY_INLINE_LOG, ERROR_USAGE, "a, b",
     "--log: ' b' is not a name of a system call: write NAME,NAME without blanks"},
    {POLICY_INLINE_KILL, ERROR_POLICY, "@mnt",
     "--kill: there is no set '@mnt': did you mean '@mount'?"},
    {POLICY_INLINE_ALLOW, ERROR_POLICY, "@nothing-like-it",
     "--allow: there is no set '@nothing-like-it': elfcage(1) lists them"},
    {POLICY_INLINE_ALLOW, ERROR_POLICY, "read,@system-service",
     "--allow: '@system-service' is a set of systemd's: write systemd:@system-service to have "
     "that"},
    {POLICY_INLINE_ALLOW, ERROR_POLICY, "systemd:@system-sevrice",
     "--allow: systemd 252 (252.39-1~deb12u2) has no set '@system-sevrice': did you mean "
     "'@system-service'?"},
    {POLICY_INLINE_DENY, ERROR_POLICY, "systemd:@x:EPERM",
     "--deny: systemd 252 (252.39-1~deb12u2) has no set '@x': "
     "\"systemd-analyze syscall-filter\" lists them"},
    {POLICY_INLINE_ALLOW, ERROR_POLICY, "systemd:clock",
     "--allow: 'systemd:clock': a set begins with '@': write systemd:@clock"},
    {POLICY_INLINE_ALLOW, ERROR_USAGE, "systemd:@clock:EPERM",
     "--allow 'systemd:@clock:EPERM': only --deny takes :ERRNO: remove ':EPERM'"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "mount:EPERM,systemd:@clock",
     "--deny: 'mount:EPERM' is not a name of a system call: write NAME,NAME without blanks"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "59",
     "--deny: '59' begins with a digit: give the name of the system call, numbers differ from ABI "
     "to ABI"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "chown:",
     "--deny 'chown:': '' is neither the name of an errno nor a number from 0 to 4095: write "
     "LIST:EPERM"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "chown:EFOO",
     "--deny 'chown:EFOO': 'EFOO' is neither the name of an errno nor a number from 0 to 4095: "
     "write LIST:EPERM"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "chown:4096",
     "--deny 'chown:4096': '4096' is neither the name of an errno nor a number from 0 to 4095: "
     "write LIST:EPERM"},
    {POLICY_INLINE_DENY, ERROR_USAGE, "chown:EPERM,mount",
     "--deny 'chown:EPERM,mount': 'EPERM,mount' is neither the name of an errno nor a number from "
     "0 to 4095: write LIST:EPERM"},
    {POLICY_INLINE_ALLOW, ERROR_USAGE, "chown:EPERM",
     "--allow 'chown:EPERM': only --deny takes :ERRNO: remove ':EPERM'"},
    {POLICY_INLINE_ALLOW, ERROR_POLICY, "read,write",
     "--allow: 'write' would get allow, but it has errno:EPERM already: name it once"},
    {POLICY_INLINE_DENY, ERROR_POLICY, "write:EACCES",
     "--deny: 'write' would get errno:EACCES, but it has errno:EPERM already: name it once"},
    {POLICY_INLINE_ALLOW, ERROR_POLICY, "socket",
     "--allow: 'socket' would get allow, but it has rules with conditions, first allow already: "
     "name it once"},
};

static void test_inline_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct policy *policy = policy_new((struct action){ACTION_ALLOW, 0});
        struct error error = {0};
        assert_int_equal(
            policy_add_inline(policy, POLICY_INLINE_DENY, "write", SETS_PINNED, NULL, &error), 0);
        const struct condition c = {0, 32, COMPARE_EQ, 1, 0};
        policy_add_rule(policy, "socket", &c, 1, (struct action){ACTION_ALLOW, 0},
                        (struct place){0});
        assert_int_equal(policy_add_inline(policy, mistakes[i].verb, mistakes[i].list, SETS_PINNED,
                                           NULL, &error),
                         -1);
        CLEANUP_FREE char *line = error_line(&error);
        assert_string_equal(line, mistakes[i].message);
        assert_int_equal(error.kind, mistakes[i].kind);
        error_clear(&error);
        policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_lists),
        cmocka_unit_test(test_inline_sets),
        cmocka_unit_test(test_inline_mistakes),
    };
    return cmocka_run_group_tests_name("policy_inline", tests, NULL, NULL);
}
