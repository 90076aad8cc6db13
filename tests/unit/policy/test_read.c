/* SPDX-License-Identifier: Apache-2.0 */
/* policy_read(): files, standard input, and what is neither. */
#include "policy_test.h"

#include <fcntl.h>
#include <unistd.h>

#define PATH_SIZE 64

static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_LOG\"}";

/* A file of its own; removed by the caller. */
static void make_file(char *path, const char *text)
{
    (void)snprintf(path, PATH_SIZE, "/tmp/elfcage-read-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void assert_refused(const char *path, enum error_kind kind, const char *format)
{
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(policy_read(path, NULL, &policy, NULL, &error), -1);
    assert_null(policy);
    CLEANUP_FREE char *line = error_line(&error);
    CLEANUP_FREE char *expected = memory_printf("%s: %s", path, format);
    assert_string_equal(line, expected);
    assert_int_equal(error.kind, kind);
    error_clear(&error);
}

static void test_read_file(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    make_file(path, profile);
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(policy_read(path, NULL, &policy, NULL, &error), 0);
    assert_canonical(policy, "{\"elfcage-policy\":2,\n\"default\":\"log\"}\n");
    assert_string_equal(policy->files[0], path);
    policy_free(policy);
    unlink(path);
}

static void test_read_what_is_no_file(void **state)
{
    (void)state;
    assert_refused("/nonexistent/policy.json", ERROR_SYSTEM,
                   "cannot open the policy: No such file or directory");
    assert_refused("/", ERROR_SYSTEM, "cannot read the policy: Is a directory");
}

static void test_read_empty_file(void **state)
{
    (void)state;
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(policy_read("/dev/null", NULL, &policy, NULL, &error), -1);
    CLEANUP_FREE char *line = error_line(&error);
    assert_string_equal(line, "/dev/null:1:1: the file is empty: give a policy");
    assert_int_equal(error.kind, ERROR_POLICY);
    error_clear(&error);
}

/* What editors of other systems put in front, or make of the whole. */
static void test_read_other_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"\xef\xbb\xbf{}", "a byte order mark, which units of systemd alone may begin with: "
                           "remove it"},
        {"\xff\xfe{", "this is UTF-16: save it as UTF-8, without a byte order mark"},
        {"\xfe\xff", "this is UTF-16: save it as UTF-8, without a byte order mark"},
        {"\xfe\xfe", "this is no policy of a format that elfcage reads (bpf, systemd, minijail, "
                     "elfcage, oci, list): if it is, say which by --format"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[PATH_SIZE];
        make_file(path, cases[i].text);
        struct policy *policy = NULL;
        struct error error = {0};
        assert_int_equal(policy_read(path, NULL, &policy, NULL, &error), -1);
        CLEANUP_FREE char *line = error_line(&error);
        CLEANUP_FREE char *expected = memory_printf("%s:1:1: %s", path, cases[i].message);
        assert_string_equal(line, expected);
        assert_int_equal(error.kind, ERROR_POLICY);
        error_clear(&error);
        unlink(path);
    }
}

static void test_read_stops_at_the_limit(void **state)
{
    (void)state;
    assert_refused("/dev/zero", ERROR_POLICY, "larger than 16 MiB: this is no policy");
}

/* `text` on standard input. */
static void put_on_standard_input(const char *text)
{
    char path[PATH_SIZE];
    make_file(path, text);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
    unlink(path);
}

static void test_read_standard_input(void **state)
{
    (void)state;
    put_on_standard_input(profile);
    struct policy *policy = NULL;
    struct error error = {0};
    assert_int_equal(policy_read("-", NULL, &policy, NULL, &error), 0);
    policy_free(policy);
    put_on_standard_input("{\n x");
    assert_int_equal(policy_read("-", NULL, &policy, NULL, &error), -1);
    CLEANUP_FREE char *line = error_line(&error);
    assert_string_equal(line, "<standard input>:2:2: not JSON (lexical error: invalid char in json "
                              "text.): correct the text here");
    error_clear(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_file),           cmocka_unit_test(test_read_what_is_no_file),
        cmocka_unit_test(test_read_empty_file),     cmocka_unit_test(test_read_stops_at_the_limit),
        cmocka_unit_test(test_read_standard_input), cmocka_unit_test(test_read_other_encodings),
    };
    return cmocka_run_group_tests_name("policy_read", tests, NULL, NULL);
}
