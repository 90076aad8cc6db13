/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles from the wild. For each file: what it reads as for x86_64 without capabilities, or why
 * it is refused. The figures were counted from the files by other means than this reader.
 *
 * The folder is $ELFCAGE_POLICIES, or policies/ in the folder shared beside the source; without it
 * the test skips.
 */
#include "policy_test.h"

#include <dirent.h>
#include <unistd.h>

#define ALL_X86 "i386,x32,x86_64"

struct expectation {
    const char *file;
    /* Refused: "line:column: message". NULL if it is read: */
    const char *refused;
    const char *default_action;
    const char *abis;
    size_t syscalls;
    size_t conditional; /* rules with conditions */
};

#define NO_ORDER                                                                                   \
    ", and both can match: rules have no order in this format, let them exclude each other, or "   \
    "say with --compat runc that one counts as it does for runc"
#define LISTENER "'listenerPath': a caged program has no process that listens for it: remove it"

static const struct expectation expectations[] = {
    {.file = "binctr-leading-G.json", /* begins with "G{" */
     .refused = "1:1: not JSON (lexical error: invalid char in json text.): correct the text here"},
    {"browserserve.json", NULL, "errno:EPERM", ALL_X86, 372, 9},
    {.file = "conjur-intro-empty.json", .refused = "1:1: the file is empty: give a policy"},
    {"containers-common-example.json", NULL, "errno:EPERM", ALL_X86, 316, 6},
    /* setns is in the list for everybody, and among what needs CAP_SYS_ADMIN; libseccomp drops the
       second in silence. */
    {.file = "containers-common-seccomp-current.json",
     .refused = "720:5: 'setns' gets errno:EPERM here and allow at line 393, column 5" NO_ORDER},
    {.file = "firefox-podman.json",
     .refused = "685:17: 'setns' gets errno:EPERM here and allow at line 360, column 17" NO_ORDER},
    {"githubWorkFlowChecker.json", NULL, "errno:EPERM", "aarch64,i386,x86_64", 125, 0},
    /* Compares argument 0 of clone, fork, kill and others in one rule. */
    {.file = "halcon-cli.json",
     .refused = "200:20: 'fork' has no argument 0: remove the condition"},
    {"jats-to-pdf.json", NULL, "errno:EPERM", "", 302, 1},
    {"jessfraz-chrome.json", NULL, "errno:EPERM", "", 306, 0},
    {.file = "minibox-default.json", /* a dialect of its own */
     .refused = "2:3: unknown key 'default_action' in a seccomp profile: write 'defaultAction'"},
    {"moby-default-2016-02-names.json", NULL, "errno:EPERM", ALL_X86, 311, 4},
    {.file = "moby-default-2016-02-numeric.json",
     .refused = "2:2: 'default_action' with a number: the numbers for actions and operators that "
                "libcontainer had inside have no fixed meaning, write 'defaultAction' and "
                "SCMP_ACT_ names"},
    {"moby-default-2016-09-archmap.json", NULL, "errno:EPERM", ALL_X86, 308, 4},
    {"moby-profiles-conditional_include.json", NULL, "errno:EPERM", "", 2, 0},
    {"moby-profiles-default-current.json", NULL, "errno:EPERM", ALL_X86, 370, 9},
    {"moby-profiles-default-old-format.json", NULL, "errno:EPERM", ALL_X86, 309, 4},
    {"nix-agent-sandbox.json", NULL, "errno:EPERM", ALL_X86, 375, 9},
    {"protoMaker.json", NULL, "errno:EPERM", ALL_X86, 220, 0},
    {"redpwn-jail.json", NULL, "errno:EPERM", ALL_X86, 341, 0},
    {.file = "runc-seccomp_syscall_test1.json",
     .refused =
         "401:5: a second condition on one argument: say with --compat and that both have to "
         "hold, with --compat runc that any one suffices"},
    {"runc-seccomp_syscall_test2.json", NULL, "errno:ENXIO", "", 337, 0},
    {.file = "runc-seccompagent-runtimeconfig.json", .refused = "139:4: " LISTENER},
    {"secbeat.json", NULL, "errno:EPERM", ALL_X86, 230, 1},
    {"seccomp-gen-default.json", NULL, "errno:EPERM", ALL_X86, 311, 6},
    {.file = "seccompagent-falco-demo.json", .refused = "6:3: " LISTENER},
    {.file = "seccompagent-notify-dangerous.json", .refused = "6:3: " LISTENER},
    {.file = "singularity-default.json",
     .refused = "685:5: 'setns' gets errno:EPERM here and allow at line 361, column 5" NO_ORDER},
    {"spo-seccomp-operator-2020.json", NULL, "errno:EPERM", ALL_X86, 56, 0},
    {"spo-security-profiles-operator.json", NULL, "errno:EPERM", ALL_X86, 72, 0},
    {.file = "titus-fuse-container.json", /* allows clone3, and refuses it with ENOSYS */
     .refused =
         "717:13: 'clone3' gets errno:ENOSYS here and allow at line 107, column 13" NO_ORDER},
    {.file = "vsftpd-alpine.json", /* a comma before a ']' */
     .refused = "115:4: not JSON (parse error: unallowed token at this point in JSON text): "
                "correct the text here"},
};

/* NULL if there is none. Owned by the caller. */
static char *folder(void)
{
    const char *given = getenv("ELFCAGE_POLICIES");
    char *path = memory_printf("%s/oci", given ? given : ELFCAGE_SHARED_POLICIES);
    if (access(path, R_OK) != 0) {
        free(path);
        return NULL;
    }
    return path;
}

static char *join_abis(const struct policy *policy)
{
    struct buffer text = {0};
    for (size_t i = 0; i < policy->abi_count; i++) {
        buffer_printf(&text, "%s%s", i ? "," : "", policy->abis[i]);
    }
    return buffer_steal_text(&text);
}

static size_t count_conditional(const struct policy *policy)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->syscall_count; i++) {
        for (size_t k = 0; k < policy->syscalls[i].rule_count; k++) {
            count += policy->syscalls[i].rules[k].condition_count > 0;
        }
    }
    return count;
}

static void assert_reads_as(const struct policy *policy, const struct expectation *e)
{
    CLEANUP_FREE char *action = action_text(policy->default_action);
    CLEANUP_FREE char *abis = join_abis(policy);
    if (strcmp(action, e->default_action) != 0 || strcmp(abis, e->abis) != 0 ||
        policy->syscall_count != e->syscalls || count_conditional(policy) != e->conditional) {
        fail_msg("%s: default %s, ABIs %s, %zu system calls, %zu rules with conditions", e->file,
                 action, abis, policy->syscall_count, count_conditional(policy));
    }
    assert_canonical(policy, NULL);
    for (size_t i = 0; i < policy->syscall_count; i++) {
        for (size_t k = 0; k < policy->syscalls[i].rule_count; k++) {
            assert_true(policy->syscalls[i].rules[k].place.line > 0);
        }
    }
}

static void test_every_profile_has_its_outcome(void **state)
{
    (void)state;
    CLEANUP_FREE char *path = folder();
    assert_non_null(path);
    const struct policy_options options = {.architecture = "x86_64", .format = "oci"};
    for (size_t i = 0; i < COUNT(expectations); i++) {
        const struct expectation *e = &expectations[i];
        CLEANUP_FREE char *file = memory_printf("%s/%s", path, e->file);
        struct policy *policy = NULL;
        struct error error = {0};
        int result = policy_read(file, &options, &policy, NULL, &error);
        if (result < 0) {
            CLEANUP_FREE char *line = error_line(&error);
            if (!e->refused) {
                fail_msg("%s", line);
            }
            CLEANUP_FREE char *expected = memory_printf("%s:%s", file, e->refused);
            assert_string_equal(line, expected);
            assert_int_equal(error.kind, ERROR_POLICY);
            error_clear(&error);
        } else {
            if (e->refused) {
                fail_msg("%s is read, but should be refused: %s", e->file, e->refused);
            }
            assert_reads_as(policy, e);
        }
        policy_free(policy);
    }
}

static void test_no_profile_is_forgotten(void **state)
{
    (void)state;
    CLEANUP_FREE char *path = folder();
    assert_non_null(path);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        bool known = false;
        for (size_t i = 0; i < COUNT(expectations) && !known; i++) {
            known = strcmp(expectations[i].file, entry->d_name) == 0;
        }
        if (!known) {
            fail_msg("%s has no expectation here", entry->d_name);
        }
        count++;
    }
    closedir(directory);
    assert_int_equal(count, COUNT(expectations));
}

/* Reads one file with options and asserts that the canonical text has `piece`. */
static void assert_has(const char *path, const char *name, const struct policy_options *options,
                       const char *piece)
{
    CLEANUP_FREE char *file = memory_printf("%s/%s", path, name);
    struct policy *policy = NULL;
    struct error error = {0};
    if (policy_read(file, options, &policy, NULL, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s", line);
    }
    assert_canonical(policy, NULL);
    CLEANUP_FREE char *text = canonical_print(policy, NULL);
    if (!strstr(text, piece)) {
        fail_msg("%s: no %s in %s", name, piece, text);
    }
    policy_free(policy);
}

static void test_options_decide(void **state)
{
    (void)state;
    CLEANUP_FREE char *path = folder();
    assert_non_null(path);
    static const char *const all[] = {"CAP_SYS_ADMIN", "CAP_BPF", "CAP_AUDIT_WRITE"};
    const struct policy_options admin = {
        .architecture = "x86_64", .capabilities = all, .capability_count = 3};
    const struct policy_options runc = {.architecture = "x86_64", .compat = COMPAT_RUNC};
    const struct policy_options aarch64 = {.architecture = "aarch64"};
    const struct policy_options x86_64 = {.architecture = "x86_64"};
    /* With CAP_SYS_ADMIN clone has no condition and clone3 is allowed. */
    assert_has(path, "moby-profiles-default-current.json", &admin,
               "\"clone\",\"clone3\",\"close\"");
    assert_has(path, "moby-profiles-default-current.json", &x86_64,
               "\"errno:ENOSYS\":[\"clone3\"]");
    assert_has(path, "moby-profiles-default-current.json", &x86_64,
               "\n\"clone\":[{\"if\":[[0,32,\"&\",2114060288,0]],\"do\":\"allow\"}]");
    assert_has(path, "moby-profiles-default-current.json", &aarch64,
               "\"abis\":[\"aarch64\",\"arm\"]");
    /* Podman's contradiction about setns is gone with the capability; runc allows it. */
    assert_has(path, "containers-common-seccomp-current.json", &admin, "\"setns\"");
    assert_has(path, "containers-common-seccomp-current.json", &runc, "\"setns\",\"setpgid\"");
    assert_has(path, "runc-seccomp_syscall_test1.json", &runc,
               "\"process_vm_readv\":[{\"if\":[[0,32,\"==\",100,9001]],\"do\":\"allow\"}]");
    assert_has(path, "runc-seccomp_syscall_test1.json", &runc,
               "\"ftruncate\":[{\"if\":[[0,32,\"==\",123456789],[1,64,\"==\",1337]],"
               "\"do\":\"allow\"}]");
    assert_has(
        path, "runc-seccomp_syscall_test1.json", &runc,
        "\"process_vm_writev\":[{\"if\":[[0,32,\"==\",1337,2020]],\"do\":\"errno:ENOANO\"}]");
}

int main(void)
{
    CLEANUP_FREE char *path = folder();
    if (!path) {
        skip_all("profiles from the wild",
                 "no profiles: set ELFCAGE_POLICIES to the folder that has oci/");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_profile_has_its_outcome),
        cmocka_unit_test(test_no_profile_is_forgotten),
        cmocka_unit_test(test_options_decide),
    };
    return cmocka_run_group_tests_name("policy_oci_files", tests, NULL, NULL);
}
