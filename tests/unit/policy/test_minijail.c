/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of minijail: the model that a text becomes, places, includes, and each mistake. What
 * texts mean for calls is tests/unit/filter/test_minijail_calls.c.
 */
#include "policy_test.h"

static const struct policy_options x86_64 = {.architecture = "x86_64", .format = "minijail"};

/* '^' marks the place. */
static const struct {
    const char *text;
    const char *message;
} mistakes[] = {
    /* Lines. */
    {"read: 1 ^\\ \n",
     "a backslash that does not end the line: remove what follows it, blanks too"},
    {"read: arg0 == 1 ^\\", "a backslash at the end of the file: minijail0 loses the line that "
                            "goes on nowhere: remove it"},
    {"# comment ^\\\nread: 1\n",
     "a comment that ends in a backslash: minijail0 takes the next line for a part of it, "
     "compile_seccomp_policy does not: remove the backslash"},
    {"read: ^$1\n",
     "a character that has no meaning here: remove it, or put '#' in front of a comment"},
    {"read: 1 ^1\n", "'1' where the end of the line should be"},
    {"read^\n", "the end of the line where a colon should be"},
    {"read: arg0 == 1 || \\\n  arg1 == 2 ||^\nwrite: 1\n",
     "the end of the line where an argument should be: arg0 to arg5"},
    {"^# only a comment\n", "names no system call: complete it"},
    {"^: 1\n", "':' where the name of a system call should be"},
    {"read:^\n", "the end of the line where an action: 1, allow, return ERRNO, kill, kill-thread, "
                 "trap, trace or log, or an expression that begins with arg0 to arg5, should be"},
    {"read: ^2\n", "'2' where an action: 1, allow, return ERRNO, kill, kill-thread, trap, trace or "
                   "log, or an expression that begins with arg0 to arg5, should be"},
    /* Names. */
    {"^raed: 1\n", "unknown system call \"raed\": did you mean \"read\"?"},
    {"^frobnicate_it: 1\n",
     "unknown system call \"frobnicate_it\": no architecture has it, see \"man 2 syscalls\""},
    {"^ARM_frobnicate: 1\n",
     "unknown system call \"frobnicate\": no architecture has it, see \"man 2 syscalls\""},
    {"^12: 1\n", "'12' is a number: give the name of the system call, as both of minijail's "
                 "compilers want it"},
    {"{^basic-io@systemd}: 1\n",
     "'basic-io@systemd' is a group of system calls, which are defined where minijail was built: "
     "name the calls"},
    {"^a-b: 1\n", "'a-b' is not a name of a system call: correct it"},
    {"{read, write^: 1\n", "':' where a comma or the closing brace should be"},
    {"{read,^}: 1\n", "'}' where the name of a system call should be"},
    {"read[^frequency=1]: 1\n",
     "'frequency' where \"arch\", the only key that means something, should be"},
    {"read[arch^]: 1\n", "']' where '=' should be"},
    {"read[arch=^x86-64]: 1\n",
     "unknown architecture 'x86-64': x86_64, x86, arm64, arm, riscv64 or loong64"},
    {"read[arch=^aarch64]: 1\n",
     "unknown architecture 'aarch64': x86_64, x86, arm64, arm, riscv64 or loong64"},
    {"read[arch=x86_64^;]: 1\n", "';' where a comma or the closing bracket should be"},
    /* Expressions. */
    {"read: ^arg6 == 1\n", "there is no argument 'arg6': they are arg0 to arg5"},
    {"open: ^argnn ==\n", "there is no argument 'argnn': they are arg0 to arg5"},
    {"read: arg0 ^= 1\n", "'=' where an operator should be: ==, !=, <, <=, >, >=, & or in"},
    {"read: arg0 ^1\n", "'1' where an operator should be: ==, !=, <, <=, >, >=, & or in"},
    {"read: arg0 == ^\n",
     "the end of the line where a constant should be: give a number or the name of one"},
    {"read: arg0 == 1 |^\n",
     "the end of the line where a constant should be: give a number or the name of one"},
    {"read: arg0 == ~^~1\n", "'~' where a constant should be: give a number or the name of one"},
    {"read: arg0 == ^(1|2\n", "a parenthesis that is not closed: close it"},
    {"read: arg0 == 1^)\n", "')' where the end of the line should be"},
    {"open: arg1 == ^O_RDONYL\n", "unknown constant 'O_RDONYL': write 'O_RDONLY'"},
    {"open: arg1 == ^QUITE_ANOTHER_THING_ENTIRELY\n",
     "unknown constant 'QUITE_ANOTHER_THING_ENTIRELY': give its value as a number"},
    {"mprotect: arg2 == ^PROT_BTI\n",
     "x86_64 has no constant 'PROT_BTI', other architectures have: give its value, or leave the "
     "comparison out"},
    {"read: arg0 == ^089\n", "'089' is not an octal number: correct it"},
    {"read: arg0 == ^0x1g\n", "'0x1g' is not a hexadecimal number: correct it"},
    {"read: arg0 == ^12ab\n", "'12ab' is not a decimal number: correct it"},
    {"read: arg1 == ^18446744073709551616\n",
     "'18446744073709551616' has more than the 64 bits of an argument: correct it"},
    {"read: arg1 == ^-9223372036854775809\n",
     "'-9223372036854775809' has more than the 64 bits of an argument: correct it"},
    {"read: arg0 == 1; ^arg1 == 2\n",
     "'arg1' where an action: 1, allow, return ERRNO, kill, kill-thread, trap, trace or log, or an "
     "expression that begins with arg0 to arg5, should be"},
    /* What the kernel does not see, or what never holds. */
    {"fork: ^arg0 == 1\n", "'fork' has no argument 0: remove the condition"},
    {"socket: arg0 == ^0x100000001\n", "0x100000001 has more than 32 bits, but the kernel consumes "
                                       "32 bits of argument 0 of 'socket': "
                                       "this can never hold, correct the value"},
    {"socket: arg0 & ^0x100000001\n", "0x100000001 has more than 32 bits, but the kernel consumes "
                                      "32 bits of argument 0 of 'socket': "
                                      "correct it"},
    {"open: arg1 & ^O_RDONLY\n",
     "no bit of 0 is ever set: this can never hold, use == or in, or leave it out"},
    {"read: arg0 < ^0\n",
     "no value of argument 0 of 'read' is less than that: this can never hold, correct it"},
    {"chmod: arg1 >= ^01000\n",
     "the kernel consumes 12 bits of argument 1 of 'chmod', so that this comparison is passed by "
     "setting another: use '==' or 'in'"},
    {"read: ^arg0 == 1 && arg0 == 2\n",
     "the comparisons contradict each other: this can never hold, correct or remove it"},
    {"munmap: ^arg0 & 0x5555555555 && arg1 & 0x5555555555 && arg0 & 0x5555555555 && arg1 & "
     "0x5555555555\n",
     "the tests by & come to more than 4096 rules, one for every choice of bits: no filter could "
     "hold them, use == or in"},
    /* Actions. */
    {"read: ^allowed\n",
     "'allowed' where an action: 1, allow, return ERRNO, kill, kill-thread, trap, trace or log, or "
     "an expression that begins with arg0 to arg5, should be"},
    {"read: ^user-notify\n", "'user-notify': a caged program has no process that listens for it: "
                             "use another action"},
    {"read: return^\n",
     "the end of the line where a constant should be: give a number or the name of one"},
    {"read: return ^4096\n", "'4096' is not an errno: they are 0 to 4095"},
    {"read: return ^-1\n", "'-1' is not an errno: they are 0 to 4095"},
    {"read: return ^EPREM\n", "unknown constant 'EPREM': write 'EPERM'"},
    {"read: {arg0 == 1; allow, trap^\n",
     "the end of the line where a comma or the closing brace should be"},
    {"read: {allow, ^return 1}\n",
     "'read' gets allow without a condition at policy.json:1:8: what follows has no effect, remove "
     "one of the two"},
    {"read: 1\nwrite: 1\nread: ^arg0 == 1\n",
     "'read' gets allow without a condition at policy.json:1:7: what follows has no effect, remove "
     "one of the two"},
    {"read: return 1\nread: ^1\n",
     "'read' gets errno:EPERM without a condition at policy.json:1:7: what follows has no effect, "
     "remove one of the two"},
    /* The two compilers. */
    {"read: arg0 == 0; ^return EBADF\n",
     "minijail0 returns this where the expression does not hold, and compile_seccomp_policy where "
     "it does: write {EXPRESSION; allow, return ERRNO}, or say which by --compat minijail0 or "
     "--compat compile_seccomp_policy"},
    {"read: arg0 == 0\n^read: 1\n",
     "'read' has conditions at policy.json:1:7, where minijail0 stops and compile_seccomp_policy "
     "goes on to this: remove one of the two, or say which by --compat minijail0 or --compat "
     "compile_seccomp_policy"},
    /* Directives. */
    {"^@nothing\n", "unknown directive '@nothing': @include, @default, @denylist or @frequency"},
    {"@default^\n", "the end of the line where an action: 1, allow, return ERRNO, kill, "
                    "kill-thread, trap, trace or log, or an expression that begins with arg0 to "
                    "arg5, should be"},
    {"@default ^allow\nread: 1\n", "@default takes kill, kill-process, kill-thread or trap: remove "
                                   "the line and use --default"},
    {"@default ^return 1\nread: 1\n", "@default takes kill, kill-process, kill-thread or trap: "
                                      "remove the line and use --default"},
    {"@default trap\n^@default kill\nread: 1\n",
     "@default says something else at policy.json:1:1: keep one of them"},
    {"@denylist\nread: ^1\n", "under @denylist every line ends in return ERRNO: complete it"},
    {"@denylist\nread: arg0 == 1^\n",
     "under @denylist every line ends in return ERRNO: complete it"},
    {"@denylist\n^@default trap\nread: return 1\n",
     "what @denylist does not name is allowed: remove this line"},
    {"read: 1\n^@denylist\n", "@denylist changes what the lines before it mean: put it first"},
    {"@include^\n", "the end of the line where a path should be"},
    {"@include ^other.policy\n",
     "'other.policy': a path begins with / or ./ here, minijail takes no other"},
    {"@include ./a ^b\n", "'b' where the end of the line should be"},
    {"@include ^./other.policy\n", "'./other.policy' cannot be included here: put its lines here"},
    {"@frequency ^x\nread: 1\n", "'x': a path begins with / or ./ here, minijail takes no other"},
};

static void test_minijail_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct marked m = unmark(mistakes[i].text);
        struct policy *policy = NULL;
        struct error error = {0};
        if (policy_parse("policy.json", m.text, strlen(m.text), &x86_64, &policy, NULL, &error) ==
            0) {
            fail_msg("accepted: %s", mistakes[i].text);
        }
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, mistakes[i].message);
        free(m.text);
    }
}

static void test_minijail_reads_as(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *canonical;
    } texts[] = {
        {"read: 1\nopen: return ENOENT\n@default trap\n", NULL},
        {"ioctl: arg1 & 5 && arg0 in 1 || arg2 == 7\n", NULL},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct policy *policy = parse_good(texts[i].text, &x86_64, NULL);
        assert_int_equal(policy->abi_count, 1);
        assert_string_equal(policy->abis[0], "x86_64");
        assert_canonical(policy, texts[i].canonical);
        policy_free(policy);
    }
}

/* A rule's place is that of its clause, in the physical line; that of what is for all is the
   action's. */
static void test_minijail_places(void **state)
{
    (void)state;
    struct policy *policy = parse_good(
        "read: 1\n\n{write, ioctl}: {arg0 == 1 || \\\n    arg1 & 3, trap}\n", &x86_64, NULL);
    const struct syscall_rules *rules = policy_find(policy, "ioctl");
    static const size_t places[][2] = {{3, 18}, {4, 5}, {4, 5}, {4, 15}};
    assert_int_equal(rules->rule_count, COUNT(places));
    for (size_t i = 0; i < COUNT(places); i++) {
        assert_string_equal(rules->rules[i].place.file, "policy.json");
        assert_int_equal(rules->rules[i].place.line, places[i][0]);
        assert_int_equal(rules->rules[i].place.column, places[i][1]);
    }
    rules = policy_find(policy, "read");
    assert_int_equal(rules->rules[0].place.line, 1);
    assert_int_equal(rules->rules[0].place.column, 7);
    policy_free(policy);
}

/* Files that can be included, by what is written. */
static const struct {
    const char *path;
    const char *text;
} includes[] = {
    {"./a.policy", "open: 1\n@include ./b.policy\n"},
    {"./b.policy", "\nclose: return EPERM\n"},
    {"./bad.policy", "close: 1\n  close: nothing\n"},
    {"./loop.policy", "@include ./loop.policy\n"},
    {"./round.policy", "@include ././back.policy\n"},
    {"././back.policy", "@include ./round.policy\n"},
    {"./deny.policy", "@denylist\nclose: return EPERM\n"},
    {"./empty.policy", ""},
};

static int include_text(void *context, const char *from, const char *path, char **file,
                        struct buffer *text, struct error *error)
{
    (void)context;
    (void)from;
    for (size_t i = 0; i < COUNT(includes); i++) {
        if (strcmp(includes[i].path, path) == 0) {
            buffer_add(text, includes[i].text, strlen(includes[i].text));
            *file = memory_strdup(path + 2);
            return 0;
        }
    }
    return error_set(error, ERROR_POLICY, "there is no %s", path);
}

static void test_minijail_includes(void **state)
{
    (void)state;
    struct policy_options options = x86_64;
    options.include = include_text;
    struct policy *policy =
        parse_good("@include ./a.policy\nread: 1\n@include ./empty.policy\n", &options, NULL);
    assert_int_equal(policy->syscall_count, 3);
    const struct rule *rule = &policy_find(policy, "close")->rules[0];
    assert_string_equal(rule->place.file, "b.policy");
    assert_int_equal(rule->place.line, 2);
    assert_int_equal(rule->place.column, 8);
    policy_free(policy);
    /* More than one level shows which compiler it is for. */
    policy = parse_good("@include ./a.policy\nread: arg0 == 1; return EPERM\n", &options, NULL);
    assert_int_equal(policy_find(policy, "read")->rule_count, 1);
    policy_free(policy);
}

static void test_minijail_mistakes_in_includes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
    } texts[] = {
        {"@include ./bad.policy\n", "bad.policy:2:10: 'nothing' where an action"},
        {"read: 1\n@include ./none.policy\n", "policy.json:2:10: there is no ./none.policy"},
        {"@include ./loop.policy\n",
         "loop.policy:1:10: loop.policy includes itself (loop.policy -> loop.policy): remove "
         "one include"},
        {"@include ./round.policy\n",
         "./back.policy:1:10: round.policy includes itself (round.policy -> ./back.policy -> "
         "round.policy): remove one include"},
        {"@include ./deny.policy\nopen: return 1\n",
         "policy.json:1:1: has no @denylist, but deny.policy has: add it, or remove the other"},
        {"@denylist\n@include ./b.policy\n",
         "b.policy:1:1: has no @denylist, but policy.json has: add it, or remove the other"},
        {"close: 1\n@include ./b.policy\n",
         "b.policy:2:8: 'close' gets allow without a condition at policy.json:1:8: what follows "
         "has no effect, remove one of the two"},
    };
    struct policy_options options = x86_64;
    options.include = include_text;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct policy *policy = NULL;
        struct error error = {0};
        assert_int_equal(policy_parse("policy.json", texts[i].text, strlen(texts[i].text), &options,
                                      &policy, NULL, &error),
                         -1);
        CLEANUP_FREE char *line = error_line(&error);
        line[strlen(texts[i].line) < strlen(line) ? strlen(texts[i].line) : strlen(line)] = 0;
        assert_string_equal(line, texts[i].line);
        error_clear(&error);
    }
}

static void test_minijail_options(void **state)
{
    (void)state;
    static const struct action errno_default = {ACTION_ERRNO, 1};
    struct policy_options options = x86_64;
    options.default_action = &errno_default;
    struct policy *policy = parse_good("read: 1\n", &options, NULL);
    assert_true(action_equal(policy->default_action, errno_default));
    policy_free(policy);
    static const struct {
        const char *text;
        const char *line;
    } refused[] = {
        {"@default trap\nread: 1\n", "policy.json:1:1: the policy has a default action of its own: "
                                     "leave --default out, or remove the line"},
        {"@denylist\nread: return 1\n", "policy.json:1:1: what @denylist does not name is allowed: "
                                        "leave --default out, or remove the line"},
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct error error = {0};
        assert_int_equal(policy_parse("policy.json", refused[i].text, strlen(refused[i].text),
                                      &options, &policy, NULL, &error),
                         -1);
        CLEANUP_FREE char *line = error_line(&error);
        assert_string_equal(line, refused[i].line);
        error_clear(&error);
    }
    options = x86_64;
    options.compat = COMPAT_MINIJAIL0;
    struct error error = {0};
    const char *text = "read: arg0 == 1\nread: 1\n";
    assert_int_equal(
        policy_parse("policy.json", text, strlen(text), &options, &policy, NULL, &error), -1);
    assert_error_at(
        &error, ERROR_POLICY, 2, 1,
        "'read' is named at policy.json:1:7 already, and minijail0 does not go on here: "
        "put all of it on one line");
    options = (struct policy_options){.format = "minijail"};
    assert_int_equal(policy_parse("policy.json", "read: 1\n", 8, &options, &policy, NULL, &error),
                     -1);
    CLEANUP_FREE char *line = error_line(&error);
    assert_string_equal(line, "policy.json: a policy of minijail is for one architecture: say for "
                              "which it is read");
    error_clear(&error);
}

/* Told from other formats by its first line. */
static void test_minijail_is_recognised(void **state)
{
    (void)state;
    static const char *const ours[] = {
        "read: 1\n",
        "# x\n\n  read : 1\n",
        "{read, write}: 1\n",
        "{ read[arch=x86_64]}: 1\n",
        "@denylist\nread: return 1\n",
        "@default kill\nread: 1\n",
        "@frequency ./x\nread: 1\n",
        "read[arch=x86_64]: 1\n",
    };
    struct policy_options options = x86_64;
    options.format = NULL;
    for (size_t i = 0; i < COUNT(ours); i++) {
        struct policy *policy = parse_good(ours[i], &options, NULL);
        policy_free(policy);
    }
}

static void test_minijail_notes(void **state)
{
    (void)state;
    struct policy_notes notes = {0};
    struct policy *policy =
        parse_good("@frequency ./a\nread: 1\n@frequency ./b # twice\n", &x86_64, &notes);
    assert_int_equal(notes.count, 1);
    assert_string_equal(notes.lines[0], "policy.json:1:1: @frequency is not used: it is a hint in "
                                        "which order to test, and changes nothing of what is "
                                        "allowed");
    policy_notes_free(&notes);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minijail_mistakes),
        cmocka_unit_test(test_minijail_reads_as),
        cmocka_unit_test(test_minijail_places),
        cmocka_unit_test(test_minijail_includes),
        cmocka_unit_test(test_minijail_mistakes_in_includes),
        cmocka_unit_test(test_minijail_options),
        cmocka_unit_test(test_minijail_is_recognised),
        cmocka_unit_test(test_minijail_notes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
