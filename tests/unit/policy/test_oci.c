/* SPDX-License-Identifier: Apache-2.0 */
/* OCI seccomp profiles: what each field means, what is noted, and the limits. */
#include "oci_texts.h"

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

    /* What Go prints of fields that are not set. */
    {&x86_64,
     "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrno\":\"\",\"listenerPath\":\"\","
     "\"listenerMetadata\":\"\",\"syscalls\":[{\"name\":\"\",\"names\":[\"chown\"],\"action\":"
     "\"SCMP_ACT_ERRNO\",\"errno\":\"\",\"errnoRet\":null}]}",
     "allow\",\n\"plain\":{\n\"errno:EPERM\":[\"chown\"]}"},
    {&x86_64, RULE("\"name\":\"chown\",\"names\":[]"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"chown\"]}"},

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
     "errno:EPERM\",\n\"rules\":{\n\"socket\":[{\"if\":[[0,32,\"==\",1,9]],\"do\":\"allow\"},"
     "{\"if\":[[1,32,\"==\",5]],\"do\":\"allow\"}]}"},
    {&compat_runc, ARGS("socket", ARG("0", "1", "EQ") "," ARG("1", "5", "EQ")),
     "errno:EPERM\",\n\"rules\":{\n"
     "\"socket\":[{\"if\":[[0,32,\"==\",1],[1,32,\"==\",5]],\"do\":\"allow\"}]}"},
    /* Contradictions as runc has them: what the default says is left out, a rule without conditions
       is what counts, of two the first. */
    {&compat_runc,
     RULES("{\"names\":[\"a\",\"b\"],\"action\":\"SCMP_ACT_ALLOW\"},"
           "{\"names\":[\"b\",\"c\"],\"action\":\"SCMP_ACT_KILL\"},"
           "{\"names\":[\"a\",\"d\"],\"action\":\"SCMP_ACT_ERRNO\"}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"a\",\"b\"],\n\"kill-thread\":[\"c\"]}"},
    {&compat_runc,
     RULES("{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[" ARG(
         "0", "16", "EQ") "]},{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_LOG\",\"args\":"
                          "[" ARG("0", "17", "EQ") "]},{\"names\":[\"socket\"],\"action\":"
                                                   "\"SCMP_ACT_ALLOW\"},"
                                                   "{\"names\":[\"socket\"],\"action\":\"SCMP_"
                                                   "ACT_TRAP\",\"args\":[" ARG("1", "3",
                                                                               "EQ") "]}"),
     "errno:EPERM\",\n\"plain\":{\n\"allow\":[\"socket\"]}"},
    /* Where the conditions of both may hold, the stricter one; of one kind the first. */
    {&compat_runc,
     RULES("{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_LOG\",\"args\":[" ARG(
         "0", "16", "NE") "]},{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
                          "[" ARG("1", "3",
                                  "EQ") "]},{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_"
                                        "KILL\",\"args\":[" ARG("0", "40", "EQ") "]}"),
     "errno:EPERM\",\n\"rules\":{\n\"socket\":[{\"if\":[[0,32,\"==\",40]],\"do\":\"kill-thread\"},"
     "{\"if\":[[0,32,\"!=\",16]],\"do\":\"log\"},{\"if\":[[1,32,\"==\",3]],\"do\":\"allow\"}]}"},
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
            memory_printf("{\"elfcage-policy\":2,\n\"default\":\"%s}\n", good[i].expected);
        assert_canonical(policy, expected);
        policy_free(policy);
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

static void test_oci_bad_capability(void **state)
{
    (void)state;
    static const char *const bad[] = {"SYS_ADMIN", "cap_sys_admin", " CAP_BPF", "CAP_BPFF", ""};
    static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct policy *policy = NULL;
        struct error error = {0};
        const char *const given[] = {"CAP_KILL", bad[i]};
        const struct policy_options options = {
            .architecture = "x86_64", .capabilities = given, .capability_count = 2};
        assert_int_equal(
            policy_parse("policy.json", text, strlen(text), &options, &policy, NULL, &error), -1);
        CLEANUP_FREE char *line = error_line(&error);
        CLEANUP_FREE char *expected = memory_printf(
            "--caps: unknown capability '%s': write CAP_SYS_ADMIN,CAP_BPF without blanks", bad[i]);
        assert_string_equal(line, expected);
        assert_int_equal(error.kind, ERROR_USAGE);
        error_clear(&error);
    }
}

/* Things that are no errors are said. */
static const struct {
    const char *profile;
    const char *note;
} notes_cases[] = {
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

/* With --compat runc each contradiction is said, and what counts. */
static void test_oci_notes_of_contradictions(void **state)
{
    (void)state;
    struct policy_notes notes = {0};
    policy_free(parse_good(
        RULES("{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\"},\n"
              "{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\"},\n"
              "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[" ARG(
                  "0", "16",
                  "EQ") "]},\n{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\"},\n"
                        "{\"names\":[\"dup3\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" ARG(
                            "0", "16",
                            "NE") "]},\n{\"names\":[\"dup3\"],\"action\":\"SCMP_ACT_KILL\","
                                  "\"args\":[" ARG("0", "40", "EQ") "]}"),
        &compat_runc, &notes));
    assert_int_equal(notes.count, 3);
    assert_string_equal(
        notes.lines[2],
        "policy.json:6:11: 'dup3' gets kill-thread here and allow at line 5, column "
        "11: where both match kill-thread counts, the stricter one; which one does "
        "for runc depends on values");
    assert_string_equal(notes.lines[0],
                        "policy.json:2:11: 'a' gets kill-thread here and allow at line 1, column "
                        "57: allow counts, as it does for runc");
    assert_string_equal(notes.lines[1],
                        "policy.json:4:11: 'socket' gets allow here and kill-thread at line 3, "
                        "column 11: allow counts, as it does for runc");
    policy_notes_free(&notes);
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
        cmocka_unit_test(test_oci_means),
        cmocka_unit_test(test_oci_notes),
        cmocka_unit_test(test_oci_bad_minimum_kernel),
        cmocka_unit_test(test_oci_bad_capability),
        cmocka_unit_test(test_oci_notes_of_contradictions),
        cmocka_unit_test(test_oci_places),
        cmocka_unit_test(test_oci_limits),
        cmocka_unit_test(test_policy_too_large),
    };
    return cmocka_run_group_tests_name("policy_oci", tests, NULL, NULL);
}
