/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of lint speak of system calls that exist, and of arguments that can be compared; its
 * checks have codes in order and texts. What is found in which policy: tests/cli/lint.sh.
 */
#include "lint/internal.h"
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_known(const char *(*name_at)(size_t))
{
    size_t count = 0;
    for (const char *name; (name = name_at(count)); count++) {
        if (!syscall_name_is_known(name)) {
            print_error("%s\n", name);
            fail();
        }
    }
    assert_in_range(count, 10, 1000);
}

static void test_lint_names_are_known(void **unused)
{
    (void)unused;
    assert_known(lint_family_name_at);
    assert_known(lint_sibling_name_at);
    assert_known(lint_opening_name_at);
}

static void test_lint_flag_words_have_a_width(void **unused)
{
    (void)unused;
    unsigned argument = 0;
    size_t count = 0;
    for (const char *name; (name = lint_flag_word_at(count, &argument)); count++) {
        if (!syscall_name_is_known(name) || argument_width(name, argument) == 0) {
            print_error("%s %u\n", name, argument);
            fail();
        }
    }
    assert_in_range(count, 50, 1000);
}

static void test_lint_checks_are_in_order(void **unused)
{
    (void)unused;
    const char *before = "";
    for (size_t i = 0; i < LINT_CHECK_COUNT; i++) {
        const struct lint_check *check = lint_check_at(i);
        assert_true(strcmp(before, check->code) < 0);
        assert_int_equal(strlen(check->code), 5);
        assert_true(check->title[0] && check->title[strlen(check->title) - 1] != '.');
        assert_true(check->help[0] && check->help[strlen(check->help) - 1] == '.');
        assert_false(strchr(check->help, '\n'));
        before = check->code;
    }
    assert_null(lint_check_at(LINT_CHECK_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lint_names_are_known),
        cmocka_unit_test(test_lint_flag_words_have_a_width),
        cmocka_unit_test(test_lint_checks_are_in_order),
    };
    return cmocka_run_group_tests_name("lint tables", tests, NULL, NULL);
}
