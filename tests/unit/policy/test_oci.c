/* SPDX-License-Identifier: Apache-2.0 */
/* OCI seccomp profiles: what each field means, and every mistake with kind, place and message. */
#include "policy_test.h"

#define RULES(rules) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" rules "]}"
#define RULE(members) RULES("{\"action\":\"SCMP_ACT_ALLOW\"," members "}")
#define ARGS(name, arguments) RULE("\"names\":[\"" name "\"],\"args\":[" arguments "]")
#define ARG(index, value, op) "{\"index\":" index ",\"value\":" value ",\"op\":\"SCMP_CMP_" op "\"}"
#define MASKED(index, mask, value)                                                                 \
    "{\"index\":" index ",\"value\":" mask ",\"valueTwo\":" value ",\"op\":\"SCMP_CMP_MASKED_"     \
    "EQ\"}"

static const char *const admin[] = {"CAP_SYS_ADMIN", "CAP_SYSLOG"};

static const struct policy_options x86_64 = {.architecture = "x86_64"};
static const struct policy_options aarch64 = {.architecture = "aarch64"};
static const struct policy_options no_architecture = {0};
static const struct policy_options as_admin = {
    .architecture = "x86_64", .capabilities = admin, .capability_count = 2};
static const struct policy_options kernel_5_4 = {.architecture = "x86_64",
                                                 .minimum_kernel = "5.4.0-13-generic"};
static const struct policy_options compat_and = {.architecture = "x86_64", .compat = COMPAT_AND};
static const struct policy_options compat_runc = {.architecture = "x86_64", .compat = COMPAT_RUNC};

/* What the profile reads as: the canonical text between the default action and the end. */
static const struct {
    const struct policy_options *options;
    const char *profile;
    const char *expected;
} good[] = {
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "allow\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":null}", "kill-thread\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_KILL_THREAD\",\"syscalls\":[]}", "kill-thread\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_KILL_PROCESS\"}", "kill-process\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_LOG\"}", "log\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_TRAP\"}", "trap:0\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_TRACE\"}", "trace:1\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_TRACE\",\"defaultErrnoRet\":65535}", "trace:65535\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":null}", "errno:EPERM\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38}", "errno:ENOSYS\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4095}", "errno:4095\""},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\"}",
     "errno:ENOSYS\""},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\",\"defaultErrnoRet\":38}",
     "errno:ENOSYS\""},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\","
     "\"SCMP_ARCH_X86\",\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_S390X\"]}",
     "allow\",\n\"abis\":[\"aarch64\",\"i386\",\"s390x\",\"x86_64\"]"},
    /* Every runtime's filter has the native ABI, named or not. */
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}",
     "allow\",\n\"abis\":[\"i386\",\"x86_64\"]"},
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":null,\"archMap\":[]}",
     "allow\""},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_AARCH64\","
     "\"subArchitectures\":[\"SCMP_ARCH_ARM\"]},{\"architecture\":\"SCMP_ARCH_X86_64\","
     "\"subArchitectures\":[\"SCMP_ARCH_X86\"]}]}",
     "allow\",\n\"abis\":[\"i386\",\"x86_64\"]"},
    {&aarch64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[],\"archMap\":[{\"architecture\":"
     "\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]},{\"architecture\":"
     "\"SCMP_ARCH_AARCH64\",\"subArchitectures\":null}]}",
     "allow\",\n\"abis\":[\"aarch64\"]"},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
     "\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\",\"SECCOMP_FILTER_FLAG_LOG\"],\"comment\":\"x\"}",
     "allow\",\n\"flags\":[\"LOG\",\"SPEC_ALLOW\"]"},
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"
     "}",
     "allow\""},
    {&x86_64,
     "{\"ociVersion\":\"1.0.2\",\"process\":{\"x\":[1,2]},\"linux\":{\"namespaces\":[],"
     "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\"}}}",
     "log\""},

    /* Rules. */
    {&x86_64, RULE("\"name\":\"read\",\"args\":[]"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"read\"]}"},
    {&x86_64,
     RULE("\"names\":[\"read\",\"write\",\"read\"],\"args\":null,\"comment\":null,"
          "\"includes\":{},\"excludes\":null,\"errnoRet\":null"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"read\",\"write\"]}"},
    {&x86_64,
     RULES("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\"},{\"names\":[\"b\"],\"action\":"
           "\"SCMP_ACT_ERRNO\",\"errnoRet\":0},{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ERRNO\","
           "\"errno\":\"EACCES\"},{\"names\":[\"d\"],\"action\":\"SCMP_ACT_TRACE\"}"),
     "errno:EPERM\",\n\"plain\":{\n\"errno:0\":[\"b\"],\n\"errno:EACCES\":[\"c\"],\n"
     "\"errno:EPERM\":[\"a\"],\n\"trace:1\":[\"d\"]}"},
    {&x86_64, ARGS("socket", ARG("0", "1", "EQ") "," ARG("2", "9", "NE")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"socket\":[{\"if\":[[0,32,\"==\",1],[2,32,\"!=\",9]],\"do\":\"allow\"}]}"},
    /* The order of conditions means nothing, and saying one twice neither. */
    {&compat_and,
     ARGS("socket", ARG("2", "9", "NE") "," ARG("0", "1", "EQ") "," ARG("2", "9", "NE")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"socket\":[{\"if\":[[0,32,\"==\",1],[2,32,\"!=\",9]],\"do\":\"allow\"}]}"},
    {&x86_64, ARGS("clone", MASKED("0", "2114060288", "0")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"clone\":[{\"if\":[[0,32,\"&\",2114060288,0]],\"do\":\"allow\"}]}"},
    {&x86_64,
     ARGS("lseek", ARG("1", "18446744073709551615",
                       "LE") "," ARG("2", "2", "LT") "," ARG("0", "2147483648", "GE")),
     "errno:EPERM\",\n\"rules\":{\n\"lseek\":[{\"if\":[[0,32,\">=\",2147483648],"
     "[1,64,\"<=\",18446744073709551615],[2,32,\"<\",2]],\"do\":\"allow\"}]}"},
    /* AT_FDCWD, sign-extended and not: one condition. */
    {&x86_64,
     RULES("{\"names\":[\"openat\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" ARG(
         "0", "18446744073709551516", "EQ") "]},{\"names\":[\"openat\"],\"action\":\"SCMP_ACT_"
                                            "ALLOW\",\"args\":[" ARG("0", "4294967196", "EQ") "]}"),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"openat\":[{\"if\":[[0,32,\"==\",4294967196]],\"do\":\"allow\"}]}"},
    {&x86_64, ARGS("clone", MASKED("0", "18446744071562067968", "18446744071562067968")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"clone\":[{\"if\":[[0,32,\"&\",2147483648,2147483648]],\"do\":\"allow\"}]}"},
    /* One rule, names whose arguments differ in width. */
    {&x86_64, RULE("\"names\":[\"lseek\",\"dup3\"],\"args\":[" ARG("1", "7", "EQ") "]"),
     "errno:EPERM\",\n\"rules\":{\n\"dup3\":[{\"if\":[[1,32,\"==\",7]],\"do\":\"allow\"}],\n"
     "\"lseek\":[{\"if\":[[1,64,\"==\",7]],\"do\":\"allow\"}]}"},
    /* Two conditions on one argument: both, or as runc does, each for itself. */
    {&compat_and, ARGS("socket", ARG("0", "1", "GE") "," ARG("0", "9", "LE")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"socket\":[{\"if\":[[0,32,\"<=\",9],[0,32,\">=\",1]],\"do\":\"allow\"}]}"},
    {&compat_runc,
     ARGS("socket", ARG("0", "1", "EQ") "," ARG("0", "9", "EQ") "," ARG("1", "5", "EQ")),
     "errno:EPERM\",\n\"rules\":{\n\"socket\":[{\"if\":[[0,32,\"==\",1]],\"do\":\"allow\"},"
     "{\"if\":[[0,32,\"==\",9]],\"do\":\"allow\"},{\"if\":[[1,32,\"==\",5]],\"do\":\"allow\"}]}"},
    {&compat_runc, ARGS("socket", ARG("0", "1", "EQ") "," ARG("1", "5", "EQ")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"socket\":[{\"if\":[[0,32,\"==\",1],[1,32,\"==\",5]],\"do\":\"allow\"}]}"},
    /* Different actions are good where only one can match. */
    {&x86_64,
     RULES("{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22,\"args\":[" ARG(
         "0", "16",
         "EQ") "," ARG("2", "9",
                       "EQ") "]},"
                             "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" ARG(
                                 "2", "9",
                                 "NE") "]},"
                                       "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\","
                                       "\"args\":[" ARG("0", "16",
                                                        "NE") "]},"
                                                              "{\"names\":[\"socket\"],\"action\":"
                                                              "\"SCMP_ACT_ALLOW\",\"args\":[" ARG(
                                                                  "2", "9", "NE") "]}"),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"socket\":[{\"if\":[[0,32,\"==\",16],[2,32,\"==\",9]],\"do\":\"errno:EINVAL\"},"
     "{\"if\":[[2,32,\"!=\",9]],\"do\":\"allow\"},{\"if\":[[0,32,\"!=\",16]],\"do\":\"allow\"}]}"},

    /* includes and excludes. */
    {&x86_64, RULE("\"names\":[\"a\"],\"includes\":{\"arches\":[\"amd64\",\"x32\"]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    {&aarch64, RULE("\"names\":[\"a\"],\"includes\":{\"arches\":[\"amd64\",\"x32\"]}"),
     "errno:EPERM\""},
    {&x86_64, RULE("\"names\":[\"a\"],\"excludes\":{\"arches\":[\"s390\",\"amd64\"]}"),
     "errno:EPERM\""},
    {&x86_64, RULE("\"names\":[\"a\"],\"excludes\":{\"arches\":[\"s390\"]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    {&no_architecture, RULE("\"names\":[\"a\"],\"excludes\":{\"arches\":[]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    {&x86_64, RULE("\"names\":[\"a\"],\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"),
     "errno:EPERM\""},
    {&as_admin, RULE("\"names\":[\"a\"],\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    /* includes: all of them; excludes: any. */
    {&as_admin, RULE("\"names\":[\"a\"],\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]}"),
     "errno:EPERM\""},
    {&as_admin, RULE("\"names\":[\"a\"],\"excludes\":{\"caps\":[\"CAP_BPF\",\"CAP_SYS_ADMIN\"]}"),
     "errno:EPERM\""},
    {&x86_64, RULE("\"names\":[\"a\"],\"excludes\":{\"caps\":[\"CAP_BPF\",\"CAP_SYS_ADMIN\"]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    /* Both at once: each has to let it through. */
    {&as_admin,
     RULE("\"names\":[\"a\"],\"includes\":{\"caps\":[\"CAP_SYSLOG\"]},"
          "\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"),
     "errno:EPERM\""},
    {&as_admin,
     RULE("\"names\":[\"a\"],\"includes\":{\"caps\":[\"CAP_SYSLOG\"],\"arches\":[\"amd64\"]},"
          "\"excludes\":{\"caps\":[\"CAP_BPF\"],\"arches\":[\"arm64\"]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    /* minKernel: certain for every kernel from 4.14 on, or not. */
    {&x86_64, RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"4.8\"}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    {&x86_64, RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"4.14\"}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    {&x86_64, RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"4.15\"}"), "errno:EPERM\""},
    {&x86_64, RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"10.0\"}"), "errno:EPERM\""},
    {&kernel_5_4, RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"5.4\"}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\"]}"},
    {&kernel_5_4, RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"5.10\"}"), "errno:EPERM\""},
    {&x86_64, RULE("\"names\":[\"a\"],\"excludes\":{\"minKernel\":\"4.8\"}"), "errno:EPERM\""},
    {&x86_64, RULE("\"names\":[\"a\"],\"excludes\":{\"minKernel\":\"5.0\"}"), "errno:EPERM\""},
    {&x86_64,
     RULES(
         "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"includes\":{\"minKernel\":\"5.10\"}}"),
     "errno:EPERM\",\n\"plain\":{\n\"kill-thread\":[\"a\"]}"},
    /* A rule that does not apply need not be one that the target could have. */
    {&x86_64,
     RULE("\"names\":[\"spu_run\"],\"args\":[" ARG("0", "1", "EQ") "],\"includes\":{\"arches\":["
                                                                   "\"ppc64le\"]}"),
     "errno:EPERM\""},
};

static void test_oci_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct policy *policy = parse_good(good[i].profile, good[i].options, NULL);
        CLEANUP_FREE char *expected =
            memory_printf("{\"elfcage-policy\":1,\n\"default\":\"%s}\n", good[i].expected);
        assert_canonical(policy, expected);
        policy_free(policy);
    }
}

#define NOT_UINT(what, value, highest)                                                             \
    what value " is no whole number from 0 to " highest " in plain digits: write it as one"
#define U64 "18446744073709551615"

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
    {&x86_64, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":^\"\"}",
     "'' is not the name of an errno: write it as \"EPERM\""},
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
     "no order in this format, let them exclude each other"},
    {&x86_64,
     RULES("{\"name\":\"socket\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" ARG(
         "0", "5",
         "LE") "]},\n{\"name\":^\"socket\",\"action\":\"SCMP_ACT_KILL\",\"args\":[" ARG("1", "0",
                                                                                        "EQ") "]}"),
     "'socket' gets kill-thread here and allow at line 1, column 55, and both can match: rules "
     "have no order in this format, let them exclude each other"},
    {&x86_64,
     RULES("{\"name\":\"socket\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13},\n"
           "{\"name\":^\"socket\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}"),
     "'socket' gets errno:EPERM here and errno:EACCES at line 1, column 55, and both can match: "
     "rules have no order in this format, let them exclude each other"},
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

static void test_oci_bad_minimum_kernel(void **state)
{
    (void)state;
    struct policy *policy = NULL;
    struct error error = {0};
    const struct policy_options options = {.architecture = "x86_64", .minimum_kernel = "new"};
    const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
    assert_int_equal(
        policy_parse("policy.json", text, strlen(text), &options, &policy, NULL, &error), -1);
    CLEANUP_FREE char *line = error_line(&error);
    assert_string_equal(line, "--min-kernel 'new' is not a kernel version: write it as 4.14");
    assert_int_equal(error.kind, ERROR_USAGE);
    error_clear(&error);
}

/* Things that are no errors are said. */
static const struct {
    const char *profile;
    const char *note;
} notes_cases[] = {
    {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\","
     "\"SCMP_ARCH_X32\"]}",
     "policy.json: x32 is named; its calls are refused all the same"},
    {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"]}",
     "policy.json:1:51: 'architectures' does not name x86_64: added, as every runtime does"},
    {"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"
     "}",
     "policy.json:1:44: WAIT_KILLABLE_RECV has no effect without a listener"},
    {RULE("\"names\":[\"a\"],\"includes\":{\"minKernel\":\"5.0\"}"),
     "policy.json:1:47: a rule that depends on the kernel (minKernel) is left out, since it "
     "allows, "
     "--min-kernel decides otherwise"},
    {RULES("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"excludes\":{\"minKernel\":\"5.0\"}}"),
     "policy.json:1:47: a rule that depends on the kernel (minKernel) is taken, since it denies, "
     "--min-kernel decides otherwise"},
};

static void test_oci_notes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(notes_cases); i++) {
        struct policy_notes notes = {0};
        policy_free(parse_good(notes_cases[i].profile, &x86_64, &notes));
        assert_int_equal(notes.count, 1);
        assert_string_equal(notes.lines[0], notes_cases[i].note);
        policy_notes_free(&notes);
    }
}

static void test_oci_places(void **state)
{
    (void)state;
    struct policy *policy = parse_good(
        RULES("{\"names\":[\"b\",\n  \"a\"],\"action\":\"SCMP_ACT_ALLOW\"}"), &x86_64, NULL);
    const struct place *a = &policy_find(policy, "a")->rules[0].place;
    assert_string_equal(a->file, "policy.json");
    assert_int_equal(a->line, 2);
    assert_int_equal(a->column, 3);
    const struct place *b = &policy_find(policy, "b")->rules[0].place;
    assert_int_equal(b->line, 1);
    assert_int_equal(b->column, 57);
    policy_free(policy);
}

/* A profile with `count` distinct names or rules. */
static char *many(size_t count, const char *format)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&text, "%s", i ? ",\n" : "");
        CLEANUP_FREE char *number = memory_printf("%zu", i);
        const char *mark = strchr(format, '#');
        buffer_add(&text, format, (size_t)(mark - format));
        buffer_add(&text, number, strlen(number));
        buffer_add(&text, mark + 1, strlen(mark + 1));
    }
    buffer_printf(&text, "]}");
    return buffer_steal_text(&text);
}

static void test_oci_limits(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        size_t column;
        const char *message;
    } cases[] = {
        {"{\"name\":\"n#\",\"action\":\"SCMP_ACT_ALLOW\"}", 9,
         "more than 4096 system calls: no filter could hold them"},
        {"{\"name\":\"ioctl\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1,\"value\":#,"
         "\"op\":\"SCMP_CMP_EQ\"}]}",
         9, "more than 4096 rules with conditions: no filter could hold them"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CLEANUP_FREE char *good_text = many(4096, cases[i].format);
        policy_free(parse_good(good_text, &x86_64, NULL));
        CLEANUP_FREE char *text = many(4097, cases[i].format);
        struct policy *policy = NULL;
        struct error error = {0};
        assert_int_equal(
            policy_parse("policy.json", text, strlen(text), &x86_64, &policy, NULL, &error), -1);
        assert_error_at(&error, ERROR_POLICY, 4097, cases[i].column, cases[i].message);
    }
}

static void test_policy_too_large(void **state)
{
    (void)state;
    CLEANUP_FREE char *text = memory_zeroed(POLICY_MAX_BYTES + 1, 1);
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(
        policy_parse("policy.json", text, POLICY_MAX_BYTES + 1, &x86_64, &policy, NULL, &error),
        -1);
    CLEANUP_FREE char *line = error_line(&error);
    assert_string_equal(line, "policy.json: larger than 16 MiB: this is no policy");
    assert_int_equal(error.kind, ERROR_POLICY);
    error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oci_means),        cmocka_unit_test(test_oci_mistakes),
        cmocka_unit_test(test_oci_notes),        cmocka_unit_test(test_oci_bad_minimum_kernel),
        cmocka_unit_test(test_oci_places),       cmocka_unit_test(test_oci_limits),
        cmocka_unit_test(test_policy_too_large),
    };
    return cmocka_run_group_tests_name("policy_oci", tests, NULL, NULL);
}
