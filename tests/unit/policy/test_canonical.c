/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form: exact text, the way back, and everything that the readers refuse. */
#include "policy_test.h"

#include <linux/seccomp.h>

static const struct action allow = {ACTION_ALLOW, 0};
static const struct place nowhere = {0};

/* A policy with something of everything. */
static struct policy *sample(void)
{
    struct policy *policy = policy_new((struct action){ACTION_ERRNO, 1});
    policy->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_LOG;
    policy->enosys_above = ENOSYS_ABOVE_PROFILE;
    policy_add_abi(policy, "x86_64");
    policy_add_abi(policy, "i386");
    policy_add_rule(policy, "write", NULL, 0, allow, nowhere);
    policy_add_rule(policy, "read", NULL, 0, allow, nowhere);
    policy_add_rule(policy, "clone3", NULL, 0, (struct action){ACTION_ERRNO, 38}, nowhere);
    static const struct condition masked = {0, 32, COMPARE_MASKED_EQ, 0, 0x7e020000};
    policy_add_rule(policy, "clone", &masked, 1, allow, nowhere);
    static const struct condition edges[] = {
        {0, 32, COMPARE_NE, UINT32_MAX, 0}, {1, 64, COMPARE_LT, UINT64_MAX, 0},
        {2, 64, COMPARE_LE, 0, 0},          {3, 32, COMPARE_GT, 1, 0},
        {4, 64, COMPARE_GE, 2, 0},          {5, 32, COMPARE_EQ, 3, 0},
    };
    policy_add_rule(policy, "mmap", edges, 6, (struct action){ACTION_TRAP, 5}, nowhere);
    policy_add_rule(policy, "mmap", NULL, 0, (struct action){ACTION_KILL_THREAD, 0}, nowhere);
    static const uint64_t families[] = {16, 2, 2, 10};
    for (size_t i = 0; i < COUNT(families); i++) {
        const struct condition pair[] = {{1, 32, COMPARE_EQ, 3, 0},
                                         {0, 32, COMPARE_EQ, families[i], 0}};
        policy_add_rule(policy, "socket", pair, 2, allow, nowhere);
    }
    return policy;
}

static const char sample_text[] =
    "{\"elfcage-policy\":2,\n"
    "\"default\":\"errno:EPERM\",\n"
    "\"flags\":[\"LOG\",\"SPEC_ALLOW\"],\n"
    "\"enosys-above\":\"profile\",\n"
    "\"abis\":[\"i386\",\"x86_64\"],\n"
    "\"plain\":{\n"
    "\"allow\":[\"read\",\"write\"],\n"
    "\"errno:ENOSYS\":[\"clone3\"]},\n"
    "\"rules\":{\n"
    "\"clone\":[{\"if\":[[0,32,\"&\",2114060288,0]],\"do\":\"allow\"}],\n"
    "\"mmap\":[{\"if\":[[0,32,\"!=\",4294967295],[1,64,\"<\",18446744073709551615],"
    "[2,64,\"<=\",0],[3,32,\">\",1],[4,64,\">=\",2],[5,32,\"==\",3]],\"do\":\"trap:5\"},"
    "{\"do\":\"kill-thread\"}],\n"
    "\"socket\":[{\"if\":[[1,32,\"==\",3],[0,32,\"==\",16,2,2,10]],\"do\":\"allow\"}]}}\n";

static void test_canonical_print(void **state)
{
    (void)state;
    struct policy *policy = sample();
    assert_canonical(policy, sample_text);
    policy_free(policy);
    policy = policy_new(allow);
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"allow\"}\n");
    policy->enosys_above = ENOSYS_ABOVE_NONE;
    policy->audit = true;
    policy->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n"
                             "\"flags\":[\"SPEC_ALLOW\"],\n\"audit\":true,\n"
                             "\"enosys-above\":\"none\"}\n");
    policy_free(policy);
}

/* The order in which a policy is built does not show, the order of rules does. */
static void test_canonical_is_one_spelling(void **state)
{
    (void)state;
    struct policy *policy = policy_new(allow);
    static const char *const names[] = {"b", "c", "a"};
    for (size_t i = 0; i < COUNT(names); i++) {
        policy_add_rule(policy, names[i], NULL, 0, (struct action){ACTION_LOG, (uint16_t)i},
                        nowhere);
    }
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"plain\":{\n"
                             "\"log\":[\"a\",\"b\",\"c\"]}}\n");
    policy_free(policy);
}

static void add_number(struct resolved_abi *abi, const char *name, uint32_t number)
{
    abi->names = memory_resize(abi->names, abi->name_count + 1, sizeof *abi->names);
    abi->names[abi->name_count++] =
        (struct resolved_name){.name = memory_strdup(name), .number = number};
}

static struct resolution sample_resolution(void)
{
    struct resolution r = {.abis = memory_zeroed(2, sizeof *r.abis), .abi_count = 2};
    r.abis[0] = (struct resolved_abi){.name = memory_strdup("x86_64"), .ceiling = 462};
    r.abis[1] = (struct resolved_abi){.name = memory_strdup("i386"), .ceiling = UINT32_MAX};
    add_number(&r.abis[1], "read", 470);
    add_number(&r.abis[1], "zzz", 4294967295);
    return r;
}

static bool resolution_equal(const struct resolution *a, const struct resolution *b)
{
    if (a->abi_count != b->abi_count) {
        return false;
    }
    for (size_t i = 0; i < a->abi_count; i++) {
        const struct resolved_abi *x = &a->abis[i];
        const struct resolved_abi *y = &b->abis[i];
        if (strcmp(x->name, y->name) != 0 || x->ceiling != y->ceiling ||
            x->name_count != y->name_count) {
            return false;
        }
        for (size_t k = 0; k < x->name_count; k++) {
            if (strcmp(x->names[k].name, y->names[k].name) != 0 ||
                x->names[k].number != y->names[k].number) {
                return false;
            }
        }
    }
    return true;
}

static void test_canonical_resolution(void **state)
{
    (void)state;
    struct policy *policy = sample();
    struct resolution resolution = sample_resolution();
    CLEANUP_FREE char *text = canonical_print(policy, &resolution);
    size_t head = strlen(sample_text) - 2;
    assert_memory_equal(text, sample_text, head);
    assert_string_equal(text + head,
                        ",\n\"resolved\":[\n"
                        "{\"abi\":\"x86_64\",\"ceiling\":462},\n"
                        "{\"abi\":\"i386\",\"numbers\":{\"read\":470,\"zzz\":4294967295}}]}\n");
    struct policy *again = NULL;
    struct resolution read = {0};
    struct error error = {0};
    assert_int_equal(canonical_parse("policy.json", text, strlen(text), &again, &read, &error), 0);
    assert_true(policy_equal(policy, again));
    assert_true(resolution_equal(&resolution, &read));
    policy_free(again);
    resolution_free(&read);
    assert_int_equal(read.abi_count, 0);
    assert_int_equal(canonical_parse("policy.json", text, strlen(text), &again, NULL, &error), 0);
    policy_free(again);
    /* As a policy the same text is good too; its numbers are not used, and that is said. */
    struct policy_notes notes = {0};
    again = parse_good(text, NULL, &notes);
    assert_true(policy_equal(policy, again));
    assert_int_equal(notes.count, 5); /* and four about the widths of this sample */
    assert_string_equal(notes.lines[0], "policy.json: the recorded numbers (\"resolved\") are not "
                                        "used: names are looked up again");
    policy_notes_free(&notes);
    policy_free(again);
    policy_free(policy);
    resolution_free(&resolution);
}

static void test_canonical_is_short(void **state)
{
    (void)state;
    struct policy *policy = policy_new((struct action){ACTION_ERRNO, 1});
    struct resolution r = {.abis = memory_zeroed(2, sizeof *r.abis), .abi_count = 2};
    r.abis[0] = (struct resolved_abi){.name = memory_strdup("x86_64"), .ceiling = 462};
    r.abis[1] = (struct resolved_abi){.name = memory_strdup("i386"), .ceiling = 462};
    enum { NAMES = 300, NAME_LENGTH = 8, VALUES = 100 };
    for (unsigned i = 0; i < NAMES; i++) {
        CLEANUP_FREE char *name = memory_printf("call_%03u", i);
        policy_add_rule(policy, name, NULL, 0, allow, nowhere);
    }
    for (unsigned i = 0; i < VALUES; i++) {
        const struct condition equal = {0, 32, COMPARE_EQ, 100 + i, 0};
        policy_add_rule(policy, "values", &equal, 1, allow, nowhere);
    }
    CLEANUP_FREE char *text = canonical_print(policy, &r);
    /* Quotes and comma; a value of three digits and its comma. */
    assert_in_range(strlen(text), 1, NAMES * (NAME_LENGTH + 3) + VALUES * 4 + 250);
    policy_free(policy);
    resolution_free(&r);
}

/* Which rules are written as one: neighbours that differ in the last value, and only those. */
static void test_canonical_joins_rules(void **state)
{
    (void)state;
    struct policy *policy = policy_new(allow);
    const struct action log = {ACTION_LOG, 0};
    const struct action trap = {ACTION_TRAP, 0};
    const struct {
        struct condition conditions[2];
        size_t count;
        struct action action;
    } rules[] = {
        {{{0, 32, COMPARE_EQ, 1, 0}}, 1, log},
        {{{0, 32, COMPARE_EQ, 0, 0}}, 1, log},
        {{{0, 32, COMPARE_EQ, 2, 0}}, 1, trap},
        {{{0, 32, COMPARE_NE, 3, 0}}, 1, trap},
        {{{0, 64, COMPARE_NE, 3, 0}}, 1, trap},
        {{{1, 64, COMPARE_NE, 3, 0}}, 1, trap},
        {{{1, 64, COMPARE_MASKED_EQ, 1, 3}}, 1, trap},
        {{{1, 64, COMPARE_MASKED_EQ, 2, 3}}, 1, trap},
        {{{1, 64, COMPARE_MASKED_EQ, 2, 7}}, 1, trap},
        {{{1, 64, COMPARE_MASKED_EQ, 2, 7}, {0, 32, COMPARE_EQ, 0, 0}}, 2, trap},
        {{{1, 64, COMPARE_MASKED_EQ, 2, 7}, {0, 32, COMPARE_EQ, 1, 0}}, 2, trap},
        {{{1, 64, COMPARE_MASKED_EQ, 3, 7}, {0, 32, COMPARE_EQ, 1, 0}}, 2, trap},
        {{{0}}, 0, log},
        {{{0}}, 0, log},
        {{{0, 32, COMPARE_EQ, 1, 0}}, 1, log},
    };
    for (size_t i = 0; i < COUNT(rules); i++) {
        policy_add_rule(policy, "a", rules[i].conditions, rules[i].count, rules[i].action, nowhere);
    }
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"rules\":{\n\"a\":["
                             "{\"if\":[[0,32,\"==\",1,0]],\"do\":\"log\"},"
                             "{\"if\":[[0,32,\"==\",2]],\"do\":\"trap:0\"},"
                             "{\"if\":[[0,32,\"!=\",3]],\"do\":\"trap:0\"},"
                             "{\"if\":[[0,64,\"!=\",3]],\"do\":\"trap:0\"},"
                             "{\"if\":[[1,64,\"!=\",3]],\"do\":\"trap:0\"},"
                             "{\"if\":[[1,64,\"&\",3,1,2]],\"do\":\"trap:0\"},"
                             "{\"if\":[[1,64,\"&\",7,2]],\"do\":\"trap:0\"},"
                             "{\"if\":[[1,64,\"&\",7,2],[0,32,\"==\",0,1]],\"do\":\"trap:0\"},"
                             "{\"if\":[[1,64,\"&\",7,3],[0,32,\"==\",1]],\"do\":\"trap:0\"},"
                             "{\"do\":\"log\"},{\"do\":\"log\"},"
                             "{\"if\":[[0,32,\"==\",1]],\"do\":\"log\"}]}}\n");
    policy_free(policy);
}

/* Each value is a rule, and is where it is written. */
static void test_canonical_places_of_values(void **state)
{
    (void)state;
    struct policy *policy =
        parse_good("{\"elfcage-policy\":2,\"default\":\"allow\",\n"
                   "\"rules\":{\"a\":[{\"do\":\"log\",\"if\":[[0,32,\"==\",1,\n 2]]}]}}",
                   NULL, NULL);
    const struct syscall_rules *rules = policy_find(policy, "a");
    assert_int_equal(rules->rule_count, 2);
    assert_int_equal(rules->rules[0].conditions[0].value, 1);
    assert_int_equal(rules->rules[0].place.line, 2);
    assert_int_equal(rules->rules[0].place.column, 15);
    assert_int_equal(rules->rules[1].conditions[0].value, 2);
    assert_int_equal(rules->rules[1].place.line, 3);
    assert_int_equal(rules->rules[1].place.column, 2);
    policy_free(policy);
}

/* What "show --policy" printed before there were lists of values. */
static void test_canonical_reads_version_1(void **state)
{
    (void)state;
    struct policy *policy =
        parse_good("{\"elfcage-policy\":1,\n\"default\":\"allow\",\n\"rules\":{\n"
                   "\"a\":[{\"if\":[[0,32,\"==\",1]],\"do\":\"log\"},"
                   "{\"if\":[[0,32,\"==\",2]],\"do\":\"log\"}]}}\n",
                   NULL, NULL);
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"rules\":{\n"
                             "\"a\":[{\"if\":[[0,32,\"==\",1,2]],\"do\":\"log\"}]}}\n");
    policy_free(policy);
}

/* Any other spelling of the same is good for a user's policy and not for a payload. */
static void test_canonical_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text; /* '^': where it differs */
        const char *canonical;
    } cases[] = {
        {"{\"elfcage-policy\":2,^\"default\":\"allow\"}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\"}^", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"^Allow\"}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"errno^\"}\n", "\"errno:EPERM\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"errno:^1\"}\n", "\"errno:EPERM\"}"},
        {"{\"^default\":\"allow\",\n\"elfcage-policy\":2}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\"^,\n\"flags\":[]}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"flags\":[\"^SPEC_ALLOW\",\"LOG\"]}\n",
         "\"allow\",\n\"flags\":[\"LOG\",\"SPEC_ALLOW\"]}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"flags\":[\"LOG\"^,\"LOG\"]}\n",
         "\"allow\",\n\"flags\":[\"LOG\"]}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\"^,\n\"enosys-above\":\"table\"}\n",
         "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\"^,\n\"audit\":false}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"abis\":[\"^x86_64\",\"i386\"]}\n",
         "\"allow\",\n\"abis\":[\"i386\",\"x86_64\"]}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\"^,\n\"plain\":{}}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"plain\":{\n\"log\":[\"^b\",\"a\"]}}\n",
         "\"allow\",\n\"plain\":{\n\"log\":[\"a\",\"b\"]}}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"plain\":{\n\"^trap:0\":[\"b\"],\n"
         "\"log\":[\"a\"]}}\n",
         "\"allow\",\n\"plain\":{\n\"log\":[\"a\"],\n\"trap:0\":[\"b\"]}}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"plain\":{\n\"log\":[\"^\\u0061\"]}}\n",
         "\"allow\",\n\"plain\":{\n\"log\":[\"a\"]}}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"^rules\":{\n\"a\":[{\"do\":\"log\"}]}}"
         "\n",
         "\"allow\",\n\"plain\":{\n\"log\":[\"a\"]}}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"rules\":{\n\"a\":[{\"^do\":\"log\","
         "\"if\":[[0,32,\"==\",1]]}]}}\n",
         "\"allow\",\n\"rules\":{\n\"a\":[{\"if\":[[0,32,\"==\",1]],\"do\":\"log\"}]}}"},
        {"{\"elfcage-policy\":^1,\n\"default\":\"allow\"}\n", "\"allow\"}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"rules\":{\n\"a\":[{\"if\":[[0,32,"
         "\"==\",1^]],\"do\":\"log\"},{\"if\":[[0,32,\"==\",2]],\"do\":\"log\"}]}}\n",
         "\"allow\",\n\"rules\":{\n\"a\":[{\"if\":[[0,32,\"==\",1,2]],\"do\":\"log\"}]}}"},
        {"{\"elfcage-policy\":2,\n\"default\":\"allow\",\n\"rules\":{\n\"a\":[{\"if\":[[0,32,\"=="
         "\","
         "^007]],\"do\":\"log\"}]}}\n",
         NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct marked m = unmark(cases[i].text);
        struct policy *policy = NULL;
        struct error error = {0};
        int result = canonical_parse("policy.json", m.text, strlen(m.text), &policy, NULL, &error);
        assert_int_equal(result, -1);
        assert_null(policy);
        if (cases[i].canonical) {
            assert_error_at(&error, ERROR_POLICY, m.line, m.column,
                            "not the canonical spelling: this text was not written by elfcage, or "
                            "was changed since");
            CLEANUP_FREE char *expected =
                memory_printf("{\"elfcage-policy\":2,\n\"default\":%s\n", cases[i].canonical);
            policy = parse_good(m.text, NULL, NULL);
            assert_canonical(policy, expected);
            policy_free(policy);
        }
        error_clear(&error);
        free(m.text);
    }
}

#define HEAD "{\"elfcage-policy\":2,\n\"default\":\"allow\",\n"
#define CONDITION(text) HEAD "\"rules\":{\n\"socket\":[{\"if\":[" text "],\"do\":\"log\"}]}}\n"
#define RESOLVED(text) HEAD "\"plain\":{\n\"log\":[\"a\",\"b\"]},\n\"resolved\":[" text "]}\n"
#define ABI(name, rest) "{\"abi\":\"" name "\"," rest "}"

static const struct {
    const char *text;
    const char *message;
} mistakes[] = {
    {"{\"elfcage-policy\":^3}",
     "version 3 of the canonical form: this elfcage reads versions 1 and 2"},
    {"{\"elfcage-policy\":^0}",
     "version 0 of the canonical form: this elfcage reads versions 1 and 2"},
    {"{\"elfcage-policy\":^\"1\"}", "'elfcage-policy' is a string: it has to be a number"},
    {"{\"elfcage-policy\":^1.0}",
     "'elfcage-policy': 1.0 is no whole number from 0 to 4294967295 in "
     "plain digits: write it as one"},
    {"^{\"elfcage-policy\":2}", "no 'default': say what the other calls get"},
    {"{\"elfcage-policy\":2,\"default\":^1}", "'default' is a number: it has to be a string"},
    {"{\"elfcage-policy\":2,\"default\":^\"deny\"}",
     "'deny' is not an action: allow, log, errno:NAME, trap:N, trace:N, kill-thread, kill-process"},
    {HEAD "^\"enosys_above\":\"none\"}",
     "unknown key 'enosys_above' in a canonical policy: write 'enosys-above'"},
    {HEAD "\"enosys-above\":^\"never\"}", "'never': 'enosys-above' is table, profile or none"},
    {HEAD "\"flags\":[^\"TSYNC\"]}", "'TSYNC' is not a flag: LOG or SPEC_ALLOW"},
    {HEAD "\"flags\":[^\"WAIT_KILLABLE_RECV\"]}",
     "'WAIT_KILLABLE_RECV' is not a flag: LOG or SPEC_ALLOW"},
    {HEAD "\"flags\":^\"LOG\"}", "'flags' is a string: it has to be an array"},
    {HEAD "\"audit\":^1}", "'audit' is a number: it has to be true or false"},
    {HEAD "\"plain\":{\"trap:0\":[\"a\"]},^\"audit\":true}",
     "'audit' in a policy that denies: an audit only logs, remove it"},
    {HEAD "\"rules\":{\"a\":[{\"if\":[[0,32,\"==\",1]],\"do\":\"errno:EPERM\"}]},^\"audit\":true}",
     "'audit' in a policy that denies: an audit only logs, remove it"},
    {HEAD "\"abis\":[^\"x86-64\"]}", "'x86-64' is not a name: letters, digits and '_' only"},
    {HEAD "\"abis\":[^1]}", "a number where a string has to be: correct it"},
    {HEAD "\"plain\":^[]}", "'plain' is an array: it has to be an object"},
    {HEAD "\"plain\":{^\"deny\":[]}}",
     "'deny' is not an action: allow, log, errno:NAME, trap:N, trace:N, kill-thread, kill-process"},
    {HEAD "\"plain\":{\"log\":[^\"\"]}}", "'' is not a name: letters, digits and '_' only"},
    {HEAD "\"plain\":{\"log\":[^\"a\\u0022\"]}}",
     "'a\"' is not a name: letters, digits and '_' only"},
    {HEAD "\"plain\":{\"log\":[\"a\",^\"a\"]}}", "'a' for the second time: name it once"},
    {HEAD "\"plain\":{\"log\":[\"a\"],\"allow\":[^\"a\"]}}",
     "'a' for the second time: name it once"},
    {HEAD "\"plain\":{\"log\":[\"a\"]},\"rules\":{^\"a\":[]}}",
     "'a' for the second time: name it once"},
    {HEAD "\"rules\":{\"a\":^[]}}", "'a' has no rule: remove it"},
    {HEAD "\"rules\":{\"a\":[^[]]}}", "an array where an object has to be: correct it"},
    {HEAD "\"rules\":{\"a\":[^{}]}}", "a rule without 'do': say what it does"},
    {HEAD "\"rules\":{\"a\":[{\"do\":\"log\",^\"then\":1}]}}",
     "unknown key 'then' in a rule: remove it, nothing is passed over in silence"},
    {HEAD "\"rules\":{\"a\":[{\"do\":\"log\",\"if\":^{}}]}}",
     "'if' is an object: it has to be an array"},
    {CONDITION("^0"), "a number where an array has to be: correct it"},
    {CONDITION("^[0,32,\"==\"]"),
     "a condition of 3 elements: write [argument, width, operator, value]"},
    {CONDITION("[0,32,\"==\",1,^2],[1,32,\"==\",1]"),
     "a second value in a condition that is not the last: put that condition last, or write a rule "
     "for each value"},
    {CONDITION("[0,32,\"==\",1,^null]"), "null where a number has to be: correct it"},
    {CONDITION("[0,32,\"&\",3,1,^4]"), "4 has bits that the mask 3 lacks: it can never hold"},
    {CONDITION("[^6,32,\"==\",1]"), "6 is no whole number from 0 to 5 in plain digits: write it as "
                                    "one"},
    {CONDITION("[0,^16,\"==\",1]"), "width 16: it is 32 or 64"},
    {CONDITION("[0,32,^\"=\",1]"), "'=' is not an operator: == != < <= > >= &"},
    {CONDITION("^[0,32,\"&\",1]"),
     "'&' with one number: write [argument, width, \"&\", mask, value]"},
    {CONDITION("[0,32,\"==\",^4294967296]"),
     "4294967296 is no whole number from 0 to 4294967295 in plain digits: write it as one"},
    {CONDITION("[0,32,\"&\",^4294967296,0]"),
     "4294967296 is no whole number from 0 to 4294967295 in plain digits: write it as one"},
    {CONDITION("[0,64,\"==\",^18446744073709551616]"),
     "18446744073709551616 is no whole number from 0 to 18446744073709551615 in plain digits: "
     "write it as one"},
    {CONDITION("[0,32,\"&\",1,^2]"), "2 has bits that the mask 1 lacks: it can never hold"},
    {HEAD "\"resolved\":^{}}", "'resolved' is an object: it has to be an array"},
    {RESOLVED("^1"), "a number where an object has to be: correct it"},
    {RESOLVED("^{}"), "a resolved ABI without 'abi': say which it is"},
    {RESOLVED("{\"abi\":^1}"), "'abi' is a number: it has to be a string"},
    {RESOLVED("{\"abi\":^\"x-y\"}"), "'x-y' is not a name: letters, digits and '_' only"},
    {RESOLVED(ABI("x", "\"numbers\":^[1]")), "'numbers' is an array: it has to be an object"},
    {RESOLVED(ABI("x", "\"numbers\":{\"a\":^-1}")),
     "'a': -1 is no whole number from 0 to 4294967295 in plain digits: write it as one"},
    {RESOLVED(ABI("x", "\"ceiling\":^null")), "'ceiling' is null: it has to be a number"},
    {RESOLVED(ABI("x", "\"numbers\":{^\"a b\":1}")),
     "'a b' is not a name: letters, digits and '_' only"},
    {RESOLVED(ABI("x", "\"numbers\":{\"c\":^null}")), "'c' is null: it has to be a number"},
    {RESOLVED(ABI("x", "^\"audit\":1")),
     "unknown key 'audit' in a resolved ABI: remove it, nothing is passed over in silence"},
    {RESOLVED(ABI("x", "\"ceiling\":1") ",^" ABI("x", "\"ceiling\":1")),
     "ABI 'x' is resolved twice: keep one"},
};

static void test_canonical_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct marked m = unmark(mistakes[i].text);
        struct policy *policy = NULL;
        struct resolution resolution = {0};
        struct error error = {0};
        if (canonical_parse("policy.json", m.text, strlen(m.text), &policy, &resolution, &error) ==
            0) {
            fail_msg("read without error: %s", mistakes[i].text);
        }
        assert_null(policy);
        assert_null(resolution.abis);
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, mistakes[i].message);
        if (policy_parse("policy.json", m.text, strlen(m.text), NULL, &policy, NULL, &error) == 0) {
            fail_msg("read without error: %s", mistakes[i].text);
        }
        assert_error_at(&error, ERROR_POLICY, m.line, m.column, mistakes[i].message);
        free(m.text);
    }
}

static void test_canonical_is_told_from_oci(void **state)
{
    (void)state;
    static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(canonical_parse("policy.json", text, strlen(text), &policy, NULL, &error), -1);
    assert_error_at(&error, ERROR_POLICY, 1, 1,
                    "no 'elfcage-policy': this is not the canonical form of a policy");
    policy = parse_good(text, NULL, NULL);
    policy_free(policy);
}

/* A width other than the kernel's is what the text says; it is taken and noted. */
static void test_canonical_notes_widths(void **state)
{
    (void)state;
    static const struct {
        const char *name, *condition;
        const char *note; /* NULL: none */
    } cases[] = {
        {"socket", "[0,64,\"==\",1]",
         "argument 0 of 'socket' is compared as 64 bits, the kernel consumes 32"},
        {"socket", "[0,32,\"==\",1]", NULL},
        {"socket", "[3,32,\"==\",1]",
         "argument 3 of 'socket' is compared, of which it is not known how many bits the kernel "
         "consumes"},
        {"keyctl", "[1,64,\"==\",1]",
         "argument 1 of 'keyctl' is compared, of which it is not known how many bits the kernel "
         "consumes"},
        {"prctl", "[1,32,\"==\",1]", NULL}, /* depends on the option */
        {"prctl", "[1,64,\"==\",1]", NULL},
        {"chmod", "[1,32,\"==\",1]",
         "argument 1 of 'chmod' is compared in more than the 12 bits that the kernel consumes"},
        {"chmod", "[1,32,\"&\",65535,1]",
         "argument 1 of 'chmod' is compared in more than the 12 bits that the kernel consumes"},
        {"chmod", "[1,32,\"&\",4095,1]", NULL},
        {"newer_than_the_table", "[1,64,\"==\",1]", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct policy_notes notes = {0};
        CLEANUP_FREE char *text =
            memory_printf(HEAD "\"rules\":{\n\"%s\":[{\"if\":[%s],\"do\":\"log\"}]}}\n",
                          cases[i].name, cases[i].condition);
        policy_free(parse_good(text, NULL, &notes));
        assert_int_equal(notes.count, cases[i].note ? 1 : 0);
        if (cases[i].note) {
            CLEANUP_FREE char *expected =
                memory_printf("policy.json:4:%zu: %s", strlen(cases[i].name) + 15, cases[i].note);
            assert_string_equal(notes.lines[0], expected);
        }
        policy_notes_free(&notes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_print),
        cmocka_unit_test(test_canonical_is_one_spelling),
        cmocka_unit_test(test_canonical_resolution),
        cmocka_unit_test(test_canonical_is_short),
        cmocka_unit_test(test_canonical_joins_rules),
        cmocka_unit_test(test_canonical_places_of_values),
        cmocka_unit_test(test_canonical_reads_version_1),
        cmocka_unit_test(test_canonical_spelling),
        cmocka_unit_test(test_canonical_mistakes),
        cmocka_unit_test(test_canonical_is_told_from_oci),
        cmocka_unit_test(test_canonical_notes_widths),
    };
    return cmocka_run_group_tests_name("policy_canonical", tests, NULL, NULL);
}
