/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions as masks, and rules without their order. Random ones go through
 * tests/proof/proof_oci.c. */
#include "policy/masks.h"
#include "policy/policy.h"
#include "policy/unorder.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const struct condition *c, uint64_t value)
{
    value &= c->width == 64 ? UINT64_MAX : UINT32_MAX;
    switch (c->compare) {
    case COMPARE_EQ:
        return value == c->value;
    case COMPARE_NE:
        return value != c->value;
    case COMPARE_LT:
        return value < c->value;
    case COMPARE_LE:
        return value <= c->value;
    case COMPARE_GT:
        return value > c->value;
    case COMPARE_GE:
        return value >= c->value;
    case COMPARE_MASKED_EQ:
        return (value & c->mask) == c->value;
    }
    return false;
}

static const uint64_t edges[] = {
    0,
    1,
    2,
    3,
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0x80000001,
    0xfffffffe,
    0xffffffff,
    1ull << 32,
    1ull << 63,
    UINT64_MAX,
    UINT64_MAX - 1,
    0xffffffff80000000,
};
#define EDGES (sizeof edges / sizeof *edges)

/* On each edge and its neighbours exactly one of the masks holds if the condition does, else none.
 */
static void check_condition(const struct condition *c)
{
    struct masked_list list = condition_masks(c);
    assert_in_range(list.count, 0, 2 * c->width);
    for (size_t i = 0; i < EDGES * 3; i++) {
        uint64_t value = edges[i / 3] + i % 3 - 1;
        size_t hits = 0;
        for (size_t k = 0; k < list.count; k++) {
            assert_int_equal(list.items[k].value & ~list.items[k].mask, 0);
            hits += (value & list.items[k].mask) == list.items[k].value;
        }
        assert_int_equal(hits, holds(c, value));
    }
    masked_list_free(&list);
}

static void test_masks_say_what_the_condition_says(void **state)
{
    (void)state;
    for (unsigned width = 32; width <= 64; width += 32) {
        for (size_t i = 0; i < EDGES; i++) {
            uint64_t value = edges[i] & (width == 64 ? UINT64_MAX : UINT32_MAX);
            for (int compare = 0; compare < COMPARE_MASKED_EQ; compare++) {
                const struct condition c = {0, (uint8_t)width, (enum compare)compare, value, 0};
                check_condition(&c);
            }
            const struct condition masked = {0, (uint8_t)width, COMPARE_MASKED_EQ, value & 0x8001,
                                             0x8001};
            check_condition(&masked);
        }
    }
}

/* One line a rule: "ACTION aN OP VALUE ...". */
static char *loose_text(const struct loose_rules *rules)
{
    static const char *const names[] = {"==", "!=", "<", "<=", ">", ">=", "&"};
    struct buffer text = {0};
    for (size_t i = 0; i < rules->count; i++) {
        char *action = action_text(rules->items[i].action);
        buffer_printf(&text, "%s%s", i ? "; " : "", action);
        free(action);
        for (size_t k = 0; k < rules->items[i].condition_count; k++) {
            const struct condition *c = &rules->items[i].conditions[k];
            buffer_printf(&text, " a%u %s ", c->argument, names[c->compare]);
            if (c->compare == COMPARE_MASKED_EQ) {
                buffer_printf(&text, "0x%" PRIx64 " ", c->mask);
            }
            buffer_printf(&text, "0x%" PRIx64, c->value);
        }
    }
    return buffer_steal_text(&text);
}

/* The rules of a canonical text's only system call. */
static struct policy *policy_of(const char *name, const char *rules)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"elfcage-policy\":1,\n\"default\":\"log\",\n\"rules\":{\n\"%s\":%s}}\n",
                  name, rules);
    struct policy *policy = NULL;
    struct error error = {0};
    if (policy_parse("p", (const char *)text.data, text.size, NULL, &policy, NULL, &error) < 0) {
        fail_msg("%s", error.text);
    }
    buffer_free(&text);
    return policy;
}

static void test_unorder(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rules, *want;
    } cases[] = {
        /* what excludes each other stays; 32 bits become a mask */
        {"socket",
         "[{\"if\":[[0,32,\"==\",1]],\"do\":\"allow\"},{\"if\":[[0,32,\"==\",2]],\"do\":"
         "\"errno:EPERM\"}]",
         "allow a0 & 0xffffffff 0x1; errno:EPERM a0 & 0xffffffff 0x2"},
        /* what is left of the second, of 64 bits as it is */
        {"lseek", "[{\"if\":[[1,64,\"<\",4096]],\"do\":\"allow\"},{\"do\":\"errno:EPERM\"}]",
         "allow a1 < 0x1000; errno:EPERM a1 >= 0x1000"},
        /* each bit of a mask on its own */
        {"clone", "[{\"if\":[[0,32,\"&\",3,1]],\"do\":\"errno:EPERM\"},{\"do\":\"allow\"}]",
         "errno:EPERM a0 & 0x3 0x1; allow a0 & 0x1 0x0; allow a0 & 0x2 0x2"},
        /* each condition of the first rule on its own */
        {"lseek",
         "[{\"if\":[[1,64,\"==\",5],[0,32,\"&\",1,1]],\"do\":\"errno:EPERM\"},"
         "{\"if\":[[0,32,\"&\",2,2]],\"do\":\"allow\"}]",
         "errno:EPERM a0 & 0x1 0x1 a1 == 0x5; allow a0 & 0x2 0x2 a1 != 0x5; allow a0 & 0x3 0x2"},
        /* one action needs no order; what is implied goes */
        {"lseek",
         "[{\"if\":[[1,64,\">\",5]],\"do\":\"allow\"},{\"if\":[[1,64,\">\",7],[1,64,\"!=\",3]],"
         "\"do\":\"allow\"}]",
         "allow a1 > 0x5; allow a1 > 0x7"},
        /* nothing is left */
        {"lseek", "[{\"do\":\"allow\"},{\"if\":[[1,64,\"==\",5]],\"do\":\"errno:EPERM\"}]",
         "allow"},
        {"lseek",
         "[{\"if\":[[1,64,\"<\",9]],\"do\":\"allow\"},{\"if\":[[1,64,\"==\",5]],\"do\":"
         "\"trap:0\"}]",
         "allow a1 < 0x9"},
        /* a range of 64 bits, whose conditions are on one argument, in blocks */
        {"lseek", "[{\"if\":[[1,64,\">=\",4],[1,64,\"<=\",7]],\"do\":\"allow\"}]",
         "allow a1 & 0xfffffffffffffffc 0x4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy *policy = policy_of(cases[i].name, cases[i].rules);
        struct loose_rules rules = {0};
        struct error error = {0};
        assert_int_equal(rules_unorder(&policy->syscalls[0], &rules, &error), 0);
        char *text = loose_text(&rules);
        assert_string_equal(text, cases[i].want);
        free(text);
        loose_rules_free(&rules);
        policy_free(policy);
    }
}

static void test_unorder_says_what_has_no_words(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rules, *want;
    } cases[] = {
        {"socket", "[{\"do\":\"allow\"},{\"if\":[[0,64,\"==\",1]],\"do\":\"allow\"}]",
         "p:4:26: rule 2 of 'socket' compares bits 0xffffffffffffffff of argument 0, of which the "
         "kernel consumes 0xffffffff: OCI JSON has no words for it, correct it"},
        {"chmod", "[{\"if\":[[1,32,\"==\",1]],\"do\":\"allow\"}]",
         "p:4:10: rule 1 of 'chmod' compares bits 0xffffffff of argument 1, of which the kernel "
         "consumes 0xfff: OCI JSON has no words for it, correct it"},
        {"getpid", "[{\"if\":[[0,32,\"==\",1]],\"do\":\"allow\"}]",
         "p:4:11: rule 1 of 'getpid' has a condition on argument 0, of which it is not known how "
         "many bits the kernel consumes: OCI JSON has no words for it, remove it"},
        {"socket", "[{\"if\":[[0,32,\"!=\",1],[1,32,\"!=\",1],[2,32,\"!=\",1]],\"do\":\"allow\"}]",
         "p:4:11: rule 1 of 'socket' takes more than 4096 rules in OCI JSON: simplify it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy *policy = policy_of(cases[i].name, cases[i].rules);
        struct loose_rules rules = {0};
        struct error error = {0};
        assert_int_equal(rules_unorder(&policy->syscalls[0], &rules, &error), -1);
        char *line = error_line(&error);
        assert_int_equal(error.kind, ERROR_POLICY);
        assert_string_equal(line, cases[i].want);
        free(line);
        error_clear(&error);
        policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks_say_what_the_condition_says),
        cmocka_unit_test(test_unorder),
        cmocka_unit_test(test_unorder_says_what_has_no_words),
    };
    return cmocka_run_group_tests_name("unorder", tests, NULL, NULL);
}
