/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_bytes_add_says_when_it_wraps(void **state)
{
    (void)state;
    uint64_t sum = 7;
    assert_true(bytes_add(UINT64_MAX - 1, 1, &sum));
    assert_int_equal(sum, UINT64_MAX);
    assert_false(bytes_add(UINT64_MAX, 1, &sum));
    assert_false(bytes_multiply(UINT64_MAX / 2 + 1, 2, &sum));
    assert_true(bytes_multiply(UINT32_MAX, UINT32_MAX, &sum));
}

static void test_bytes_align_up(void **state)
{
    (void)state;
    static const struct {
        uint64_t value, power, aligned;
        bool fits;
    } cases[] = {
        {0, 4096, 0, true},
        {1, 4096, 4096, true},
        {4096, 4096, 4096, true},
        {4097, 4096, 8192, true},
        {UINT64_MAX - 4095, 4096, UINT64_MAX - 4095, true},
        {UINT64_MAX - 4094, 4096, 0, false},
        {UINT64_MAX, 1, UINT64_MAX, true},
        {5, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t aligned = 0;
        assert_int_equal(bytes_align_up(cases[i].value, cases[i].power, &aligned), cases[i].fits);
        assert_int_equal(aligned, cases[i].aligned);
    }
}

static void test_bytes_in_and_overlap_never_wrap(void **state)
{
    (void)state;
    assert_true(bytes_in(0, 0, 0));
    assert_true(bytes_in(10, 0, 10));
    assert_false(bytes_in(11, 0, 10));
    assert_false(bytes_in(UINT64_MAX, 2, 10));
    assert_false(bytes_in(2, UINT64_MAX, 10));
    assert_true(bytes_overlap(0, 2, 1, 1));
    assert_false(bytes_overlap(0, 1, 1, 1));
    assert_false(bytes_overlap(5, 0, 0, 10));
    assert_true(bytes_overlap(UINT64_MAX - 1, 2, UINT64_MAX, 1));
    assert_true(bytes_overlap(0, UINT64_MAX, 5, UINT64_MAX));
}

static void test_bytes_slice(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4};
    struct bytes part = {0};
    assert_true(bytes_slice((struct bytes){data, 4}, 1, 2, &part));
    assert_ptr_equal(part.data, data + 1);
    assert_int_equal(part.size, 2);
    assert_false(bytes_slice((struct bytes){data, 4}, 3, 2, &part));
}

static void test_bytes_order(void **state)
{
    (void)state;
    uint8_t raw[9] = {0};
    for (int big = 0; big < 2; big++) {
        bytes_put16(raw + 1, big, 0x0102);
        assert_int_equal(raw[1], big ? 1 : 2);
        assert_int_equal(bytes_get16(raw + 1, big), 0x0102);
        bytes_put32(raw + 1, big, 0x01020304);
        assert_int_equal(raw[1], big ? 1 : 4);
        assert_int_equal(bytes_get32(raw + 1, big), 0x01020304);
        bytes_put64(raw + 1, big, 0x0102030405060708);
        assert_int_equal(raw[1], big ? 1 : 8);
        assert_int_equal(bytes_get64(raw + 1, big), 0x0102030405060708);
    }
}

static void test_buffer_grows_aligns_and_is_stolen(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_add(&buffer, "abc", 3);
    buffer_align(&buffer, 8);
    assert_int_equal(buffer.size, 8);
    buffer_align(&buffer, 8);
    assert_int_equal(buffer.size, 8);
    buffer_fill(&buffer, 'x', 1000);
    buffer_printf(&buffer, "%d", 42);
    assert_int_equal(buffer.size, 1010);
    assert_memory_equal(buffer.data + 1008, "42", 2);
    buffer_free(&buffer);
    assert_null(buffer.data);
    buffer_printf(&buffer, "text");
    char *text = buffer_steal_text(&buffer);
    assert_string_equal(text, "text");
    assert_null(buffer.data);
    free(text);
}

/* FIPS 180-4, example of one block. */
static void test_bytes_digest_is_sha256(void **state)
{
    (void)state;
    static const uint8_t expected[BYTES_DIGEST_SIZE] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t digest[BYTES_DIGEST_SIZE];
    bytes_digest("abc", 3, digest);
    assert_memory_equal(digest, expected, sizeof expected);
}

static void expect_line(struct error *error, enum error_kind kind, const char *line)
{
    assert_int_equal(error->kind, kind);
    char *got = error_line(error);
    assert_string_equal(got, line);
    free(got);
    error_clear(error);
    assert_int_equal(error->kind, ERROR_NONE);
}

static void test_error_lines(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(error_set(&e, ERROR_USAGE, "no %s", "command"), -1);
    expect_line(&e, ERROR_USAGE, "no command");
    error_file(&e, ERROR_UNSUPPORTED, "a", "bad");
    expect_line(&e, ERROR_UNSUPPORTED, "a: bad");
    error_text(&e, ERROR_POLICY, "p.json", 3, 14, "bad");
    expect_line(&e, ERROR_POLICY, "p.json:3:14: bad");
    error_offset(&e, ERROR_UNSUPPORTED, "a", 0x40, "bad");
    expect_line(&e, ERROR_UNSUPPORTED, "a@0x40: bad");
    error_system(&e, ENOENT, "a", "cannot be opened");
    expect_line(&e, ERROR_SYSTEM, "a: cannot be opened: No such file or directory");
    error_system(&e, EIO, NULL, "write");
    expect_line(&e, ERROR_SYSTEM, "write: Input/output error");
}

static void test_error_context_and_name(void **state)
{
    (void)state;
    struct error e = {0};
    error_set(&e, ERROR_POLICY, "bad");
    assert_int_equal(error_context(&e, "rule %d", 2), -1);
    error_name_file(&e, "p");
    error_name_file(&e, "q");
    expect_line(&e, ERROR_POLICY, "p: rule 2: bad");
    error_offset(&e, ERROR_UNSUPPORTED, "a", 1, "bad");
    error_name_file(&e, "b");
    expect_line(&e, ERROR_UNSUPPORTED, "a@0x1: bad");

    error_set(&e, ERROR_POLICY, "bad");
    assert_int_equal(error_name_place(&e, "a", 2, 3), -1);
    error_name_place(&e, "b", 4, 5);
    expect_line(&e, ERROR_POLICY, "a:2:3: bad");
}

static void test_text_search_finds_the_nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"chown", "chmod", "chroot", "read"};
    static const struct {
        const char *wanted, *nearest;
    } cases[] = {
        {"chown", "chown"}, {"chwon", "chown"}, {"chmow", "chmod"}, {"chrot", "chroot"},
        {"raed", "read"},   {"rd", NULL},       {"", NULL},         {"something", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text_search search = text_search(cases[i].wanted);
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            text_offer(&search, words[k]);
        }
        if (cases[i].nearest) {
            assert_non_null(search.nearest);
            assert_string_equal(search.nearest, cases[i].nearest);
        } else {
            assert_null(search.nearest);
        }
    }
}

static void test_memory_append_zeroes_and_keeps(void **state)
{
    (void)state;
    int *array = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (int i = 0; i < 100; i++) {
        int *element = memory_append(&array, &count, &capacity, sizeof *array);
        assert_int_equal(*element, 0);
        *element = i;
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(array[i], i);
    }
    int *stolen = STEAL(array);
    assert_null(array);
    free(stolen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_add_says_when_it_wraps),
        cmocka_unit_test(test_bytes_align_up),
        cmocka_unit_test(test_bytes_in_and_overlap_never_wrap),
        cmocka_unit_test(test_bytes_slice),
        cmocka_unit_test(test_bytes_order),
        cmocka_unit_test(test_buffer_grows_aligns_and_is_stolen),
        cmocka_unit_test(test_bytes_digest_is_sha256),
        cmocka_unit_test(test_error_lines),
        cmocka_unit_test(test_error_context_and_name),
        cmocka_unit_test(test_text_search_finds_the_nearest),
        cmocka_unit_test(test_memory_append_zeroes_and_keeps),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
