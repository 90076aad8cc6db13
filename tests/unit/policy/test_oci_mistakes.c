/* SPDX-License-Identifier: Apache-2.0 */
/* OCI seccomp profiles: every mistake, with the place and the message of its error. */
#include "oci_texts.h"

#define NOT_UINT(what, value, highest)                                                             \
    what value " is no whole number from 0 to " highest " in plain digits: write it as one"
#define U64 "18446744073709551615"

#define OR_STRICTER ", or say with --compat runc that the stricter one counts"
#define OR_RUNC ", or say with --compat runc that one counts as it does for runc"

/* '^' in the text is where the error has to be. */
static const struct {
    const struct policy_options *options;
    const char *profile;
    const char *message;
} mistakes[] = {
    /* The profile. */
    {&x86_64, "^[]", "an array where a policy, which is an object, should be: give a policy file"},
    {&x86_64, "^\"x\"",
     "a string where a policy, which is an object, should be: give a policy file"},
    {&x86_64, "^{}", "no 'defaultAction': say what happens to the calls"},
    {&x86_64, "{\"defaultAction\":^null}", "'defaultAction' is null: it has to be a string"},
    {&x86_64, "{\"defaultAction\":^2}", "'defaultAction' is a number: it has to be a string"},
    {&x86_64, "{\"defaultAction\":^\"SCMP_ACT_DENY\"}",
     "unknown action 'SCMP_ACT_DENY': SCMP_ACT_ALLOW, LOG, ERRNO, TRAP, TRACE, KILL_THREAD or "
     "KILL_PROCESS"},
    {&x86_64, "{\"defaultAction\":^\"SCMP_ACT_NOTIFY\"}",
     "SCMP_ACT_NOTIFY needs a process that listens, which a caged program does not have: use "
     "another action"},
    {&x86_64, "{\n \"defaultAction\":\"SCMP_ACT_ALLOW\",\n ^\"defaultaction\":1}",
     "unknown key 'defaultaction' in a seccomp profile: write 'defaultAction'"},
    {&x86_64, "{^\"default_action\":\"allow\"}",
     "unknown key 'default_action' in a seccomp profile: write 'defaultAction'"},
    {&x86_64, "{^\"default_action\":2}",
     "'default_action' with a number: the numbers for actions and operators that libcontainer had "
     "inside have no fixed meaning, write 'defaultAction' and SCMP_ACT_ names"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",^\"x\":1}",
     "unknown key 'x' in a seccomp profile: remove it, nothing is passed over in silence"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",^\"defaultErrnoRet\":1}",
     "'defaultErrnoRet' has no meaning for SCMP_ACT_ALLOW: remove it, or use SCMP_ACT_ERRNO"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_KILL\",^\"defaultErrno\":\"EPERM\"}",
     "'defaultErrno' has no meaning for SCMP_ACT_KILL: remove it, or use SCMP_ACT_ERRNO"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":^4096}",
     NOT_UINT("'defaultErrnoRet': ", "4096", "4095")},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":^65536}",
     NOT_UINT("'defaultErrnoRet': ", "65536", "65535")},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":^\"EPERM\"}",
     "'defaultErrnoRet' is a string: it has to be a number"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":^1}",
     "'defaultErrno' is a number: it has to be a string"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":^\" \"}",
     "' ' is not the name of an errno: write it as \"EPERM\""},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":^\"ENOSYS\",\"defaultErrnoRet\":1}",
     "'ENOSYS' is 38, but 'defaultErrnoRet' is 1: let them agree"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",^\"listenerPath\":\"/run/x\"}",
     "'listenerPath': a caged program has no process that listens for it: remove it"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",^\"listenerMetadata\":\"x\"}",
     "'listenerMetadata': a caged program has no process that listens for it: remove it"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"comment\":^1}",
     "'comment' is a number: it has to be a string"},

    /* Architectures. */
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":^\"SCMP_ARCH_X86\"}",
     "'architectures' is a string: it has to be an array"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[^1]}",
     "a number where a string has to be: correct it"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\n^\"x86_64\"]}",
     "unknown architecture 'x86_64': write it as SCMP_ARCH_X86_64"},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],^\"archMap\":[{"
     "\"architecture\":\"SCMP_ARCH_X86_64\"}]}",
     "'architectures' and 'archMap' in one profile: use one of them"},
    {&aarch64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":^[{\"architecture\":\"SCMP_ARCH_X86_64\"}]"
     "}",
     "'archMap' has no entry for aarch64, which the policy is wanted for: add one"},
    {&no_architecture,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":^[{\"architecture\":\"SCMP_ARCH_X86_64\"}]"
     "}",
     "'archMap' depends on the architecture: say for which the policy is read"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[^1]}",
     "a number where an object has to be: correct it"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[^{}]}",
     "no 'architecture' in archMap: complete it"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{^\"arch\":1}]}",
     "unknown key 'arch' in archMap: remove it, nothing is passed over in silence"},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\","
     "\"subArchitectures\":[^\"arm\"]}]}",
     "unknown architecture 'arm': write it as SCMP_ARCH_X86_64"},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\"},{"
     "\"architecture\":^\"SCMP_ARCH_X86_64\"}]}",
     "SCMP_ARCH_X86_64 for the second time in archMap: keep one entry"},

    /* Flags. */
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":^{}}",
     "'flags' is an object: it has to be an array"},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[^\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"]}",
     "NEW_LISTENER needs a process that listens, which a caged program does not have: remove it"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[^\"LOG\"]}",
     "unknown flag 'LOG': SECCOMP_FILTER_FLAG_TSYNC, LOG, SPEC_ALLOW or WAIT_KILLABLE_RECV"},

    /* A runtime configuration. */
    {&x86_64, "^{\"ociVersion\":\"1.0.2\"}",
     "a runtime configuration without 'linux.seccomp': it has no policy"},
    {&x86_64, "{\"linux\":^{\"seccomp\":null}}",
     "a runtime configuration without 'linux.seccomp': it has no policy"},
    {&x86_64, "{\"linux\":^1}", "'linux' is a number: it has to be an object"},
    {&x86_64, "{\"linux\":{\"seccomp\":^[]}}", "'seccomp' is an array: it has to be an object"},
    {&x86_64, "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",^\"ociVersion\":1}}}",
     "unknown key 'ociVersion' in a seccomp profile: remove it, nothing is passed over in silence"},

    /* Rules. */
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":^{}}",
     "'syscalls' is an object: it has to be an array"},
    {&x86_64, RULES("^null"), "null where an object has to be: correct it"},
    {&x86_64, RULES("^\"read\""), "a string where an object has to be: correct it"},
    {&x86_64, RULES("^{\"action\":\"SCMP_ACT_ALLOW\"}"),
     "a rule without 'names': name the system calls"},
    {&x86_64, RULES("^{\"names\":null,\"action\":\"SCMP_ACT_ALLOW\"}"),
     "a rule without 'names': name the system calls"},
    {&x86_64, RULES("{\"names\":^[],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'names' is empty: name the system calls, or remove the rule"},
    {&x86_64, RULES("{\"names\":[\"read\",^\"\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "an empty name: name a system call"},
    {&x86_64, RULES("{\"name\":^\"\",\"action\":\"SCMP_ACT_ALLOW\"}"),
     "an empty name: name a system call"},
    {&x86_64, RULES("{\"name\":^[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'name' is an array: it has to be a string"},
    {&x86_64, RULES("{\"names\":^\"read\",\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'names' is a string: it has to be an array"},
    {&x86_64, RULES("{\"names\":[\"read\",^0],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "a number where a string has to be: correct it"},
    {&x86_64, RULES("{\"names\":[^\"59\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'59' is a number: give the name of the system call, numbers differ from ABI to ABI"},
    {&x86_64, RULES("{\"names\":[^\"read \"],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'read ' is not a name of a system call: letters, digits and '_' only"},
    {&x86_64,
     RULES("{\"names\":[^\"a\\n\\u001b[2J\\u009b\\u00e9\"],\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'a??[2J??\xc3\xa9' is not a name of a system call: letters, digits and '_' only"},
    {&x86_64, RULES("{\"names\":[\"read\"],^\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\"}"),
     "'name' and 'names' in one rule: use one of them"},
    {&x86_64, RULES("^{\"names\":[\"read\"]}"), "no 'action': say what happens to the calls"},
    {&x86_64, RULES("{\"names\":[\"read\"],\"action\":^\"SCMP_ACT_NOTIFY\"}"),
     "SCMP_ACT_NOTIFY needs a process that listens, which a caged program does not have: use "
     "another action"},
    {&x86_64, RULE("\"names\":[\"read\"],^\"errnoRet\":1"),
     "'errnoRet' has no meaning for SCMP_ACT_ALLOW: remove it, or use SCMP_ACT_ERRNO"},
    {&x86_64, RULES("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRAP\",^\"errno\":\"EPERM\"}"),
     "'errno' has no meaning for SCMP_ACT_TRAP: remove it, or use SCMP_ACT_ERRNO"},
    {&x86_64, RULES("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":^-1}"),
     NOT_UINT("'errnoRet': ", "-1", "4095")},
    {&x86_64,
     RULES("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22,\"errno\":^"
           "\"EPERM\"}"),
     "'EPERM' is 1, but 'errnoRet' is 22: let them agree"},
    {&x86_64, RULE("\"names\":[\"read\"],\"comment\":^[]"),
     "'comment' is an array: it has to be a string"},
    {&x86_64, RULE("\"names\":[\"read\"],^\"priority\":1"),
     "unknown key 'priority' in a rule: remove it, nothing is passed over in silence"},
    {&x86_64, RULE("\"names\":[\"read\"],^\"errno_ret\":1"),
     "unknown key 'errno_ret' in a rule: write 'errnoRet'"},

    /* Arguments. */
    {&x86_64, RULE("\"names\":[\"socket\"],\"args\":^{}"),
     "'args' is an object: it has to be an array"},
    {&x86_64, ARGS("socket", "^null"), "null where an object has to be: correct it"},
    {&x86_64, ARGS("socket", "^{\"value\":1,\"op\":\"SCMP_CMP_EQ\"}"),
     "no 'index' in args: complete it"},
    {&x86_64, ARGS("socket", "^{\"index\":1,\"op\":\"SCMP_CMP_EQ\"}"),
     "no 'value' in args: complete it"},
    {&x86_64, ARGS("socket", "^{\"index\":1,\"value\":1}"), "no 'op' in args: complete it"},
    {&x86_64, ARGS("socket", ARG("^6", "1", "EQ")), NOT_UINT("'index': ", "6", "5")},
    {&x86_64, ARGS("socket", ARG("^\"0\"", "1", "EQ")),
     "'index' is a string: it has to be a number"},
    {&x86_64, ARGS("socket", ARG("0", "^1e3", "EQ")), NOT_UINT("'value': ", "1e3", U64)},
    {&x86_64, ARGS("socket", ARG("0", "^-1", "EQ")), NOT_UINT("'value': ", "-1", U64)},
    {&x86_64, ARGS("socket", ARG("0", "^1.0", "EQ")), NOT_UINT("'value': ", "1.0", U64)},
    {&x86_64, ARGS("socket", ARG("0", "^18446744073709551616", "EQ")),
     NOT_UINT("'value': ", "18446744073709551616", U64)},
    {&x86_64, ARGS("socket", ARG("0", "^null", "EQ")), "'value' is null: it has to be a number"},
    {&x86_64, ARGS("socket", "{\"index\":0,\"value\":1,\"op\":^\"EQ\"}"),
     "unknown operator 'EQ': SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ"},
    {&x86_64, ARGS("socket", "{\"index\":0,\"value\":1,\"op\":^7}"),
     "'op' is a number: it has to be a string"},
    {&x86_64, ARGS("socket", "{\"index\":0,\"value\":1,\"valueTwo\":^2,\"op\":\"SCMP_CMP_EQ\"}"),
     "'valueTwo' has no meaning for SCMP_CMP_EQ: remove it, or use SCMP_CMP_MASKED_EQ"},
    {&x86_64, ARGS("socket", "{\"index\":0,\"value\":1,^\"value_two\":2,\"op\":\"SCMP_CMP_EQ\"}"),
     "unknown key 'value_two' in args: write 'valueTwo'"},
    {&x86_64, ARGS("socket", ARG("0", "1", "EQ") ",^" ARG("0", "2", "EQ")),
     "a second condition on one argument: say with --compat and that both have to hold, with "
     "--compat runc that any one suffices"},
    {&compat_and,
     RULE("\"names\":[\"socket\"],\"args\":^[" ARG("0", "1", "EQ") "," ARG("0", "2", "EQ") "]"),
     "the conditions contradict each other: the rule can never hold, correct or remove it"},

    /* What the kernel consumes. */
    {&x86_64, ARGS("socket", ARG("0", "^4294967297", "EQ")),
     "0x100000001 has more than 32 bits, but the kernel consumes 32 bits of argument 0 of "
     "'socket': this can never hold, correct the value"},
    {&x86_64, ARGS("socket", ARG("0", "^4294967297", "NE")),
     "0x100000001 has more than 32 bits, but the kernel consumes 32 bits of argument 0 of "
     "'socket': this compares bits that the kernel ignores, correct the value"},
    {&x86_64, ARGS("socket", ARG("0", "^18446744069414584321", "GT")), /* upper half 1, low 1 */
     "0xffffffff00000001 has more than 32 bits, but the kernel consumes 32 bits of argument 0 of "
     "'socket': this compares bits that the kernel ignores, correct the value"},
    {&x86_64, ARGS("clone", MASKED("0", "^1099511627776", "0")),
     "0x10000000000 has more than 32 bits, but the kernel consumes 32 bits of argument 0 of "
     "'clone': this can never hold, correct the value"},
    {&x86_64, ARGS("clone", MASKED("0", "255", "^4294967296")),
     "0x100000000 has more than 32 bits, but the kernel consumes 32 bits of argument 0 of "
     "'clone': this can never hold, correct the value"},
    {&x86_64, ARGS("chmod", ARG("1", "^65536", "EQ")),
     "0x10000 has more than 12 bits, but the kernel consumes 12 bits of argument 1 of 'chmod': "
     "correct it"},
    {&x86_64, ARGS("mknodat", MASKED("2", "65536", "^0")),
     "0x10000 has more than 16 bits, but the kernel consumes 16 bits of argument 2 of 'mknodat': "
     "correct it"},
    {&x86_64, ARGS("chmod", ARG("1", "^511", "NE")),
     "the kernel consumes 12 bits of argument 1 of 'chmod', so that this comparison is passed by "
     "setting another: use SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ"},
    {&x86_64, ARGS("prctl", ARG("1", "^1", "NE")),
     "whether the kernel consumes 32 or 64 bits of argument 1 of 'prctl' depends on another "
     "argument, so that this comparison may be passed: use SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ"},
    {&x86_64, ARGS("clone", MASKED("0", "1", "^2")),
     "'valueTwo' 0x2 has bits that the mask ('value') 0x1 lacks: this can never hold, exchange or "
     "correct them"},
    {&x86_64, ARGS("lseek", ARG("1", "^0", "LT")),
     "no value of argument 1 of 'lseek' is less than that: this can never hold, correct it"},
    {&x86_64, ARGS("lseek", ARG("1", "^18446744073709551615", "GT")),
     "no value of argument 1 of 'lseek' is greater than that: this can never hold, correct it"},
    {&x86_64, ARGS("lseek", ARG("0", "^4294967295", "GT")),
     "no value of argument 0 of 'lseek' is greater than that: this can never hold, correct it"},
    {&x86_64, ARGS("fork", ARG("^0", "1", "EQ")), "'fork' has no argument 0: remove the condition"},
    {&x86_64, ARGS("frobnicate", ARG("0", "^1", "EQ")),
     "it is not known how many bits of argument 0 of 'frobnicate' the kernel consumes: remove the "
     "condition, or the rule"},
    {&x86_64, ARGS("semctl", ARG("3", "^1", "EQ")),
     "it is not known how many bits of argument 3 of 'semctl' the kernel consumes, arg is a number "
     "of 32 bits (SETVAL) or a pointer: it depends on cmd: remove the condition, or the rule"},

    /* includes and excludes. */
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":^[]"),
     "'includes' is an array: it has to be an object"},
    {&x86_64, RULE("\"names\":[\"read\"],\"excludes\":{^\"kernel\":1}"),
     "unknown key 'kernel' in excludes: remove it, nothing is passed over in silence"},
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":{\"caps\":[^\"CAP_SYS_ADMN\"]}"),
     "unknown capability 'CAP_SYS_ADMN': write it as CAP_SYS_ADMIN"},
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":{\"caps\":^\"CAP_BPF\"}"),
     "'caps' is a string: it has to be an array"},
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":{\"arches\":[^\"x86_64\"]}"),
     "unknown architecture 'x86_64': write it as Go does (amd64, arm64, ...)"},
    {&no_architecture, RULE("\"names\":[\"read\"],\"includes\":{\"arches\":^[\"amd64\"]}"),
     "depends on the architecture: say for which the policy is read"},
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":{\"minKernel\":^4.8}"),
     "'minKernel' is a number: it has to be a string"},
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":{\"minKernel\":^\"4\"}"),
     "'4' is not a kernel version: write it as \"4.8\""},
    {&x86_64, RULE("\"names\":[\"read\"],\"includes\":{\"minKernel\":^\"4.8.1\"}"),
     "'4.8.1' is not a kernel version: write it as \"4.8\""},
    {&x86_64, RULE("\"names\":[\"read\"],\"excludes\":{\"minKernel\":^\"v4.8\"}"),
     "'v4.8' is not a kernel version: write it as \"4.8\""},

    /* Rules that contradict each other. */
    {&x86_64,
     RULES("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},\n"
           "{\"names\":[\"write\",^\"read\"],\"action\":\"SCMP_ACT_ERRNO\"}"),
     "'read' gets errno:EPERM here and allow at line 1, column 57, and both can match: rules have "
     "no order in this format, let them exclude each other" OR_RUNC},
    {&x86_64,
     RULES("{\"name\":\"socket\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" ARG(
         "0", "5",
         "LE") "]},\n{\"name\":^\"socket\",\"action\":\"SCMP_ACT_KILL\",\"args\":[" ARG("1", "0",
                                                                                        "EQ") "]}"),
     "'socket' gets kill-thread here and allow at line 1, column 55, and both can match: rules "
     "have no order in this format, let them exclude each other" OR_STRICTER},
    {&x86_64,
     RULES("{\"name\":\"socket\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13},\n"
           "{\"name\":^\"socket\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}"),
     "'socket' gets errno:EPERM here and errno:EACCES at line 1, column 55, and both can match: "
     "rules have no order in this format, let them exclude each other" OR_RUNC},
};

static void test_oci_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct marked m = unmark(mistakes[i].profile);
        struct policy *policy = NULL;
        struct error error = {0};
        if (policy_parse("policy.json", m.text, strlen(m.text), mistakes[i].options, &policy, NULL,
                         &error) == 0) {
            fail_msg("read without error: %s", mistakes[i].profile);
        }
        assert_null(policy);
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, mistakes[i].message);
        free(m.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oci_mistakes)};
    return cmocka_run_group_tests_name("policy_oci_mistakes", tests, NULL, NULL);
}
