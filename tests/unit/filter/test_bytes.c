/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* jeq #0x10203040, 0, 1; ret 0x7fff0000; ret 0, behind ld [4] */
static const uint8_t little[] = {
    0x20, 0, 0, 0, 4, 0, 0,    0,    0x15, 0, 0, 1, 0x40, 0x30, 0x20, 0x10,
    0x06, 0, 0, 0, 0, 0, 0xff, 0x7f, 0x06, 0, 0, 0, 0,    0,    0,    0,
};
static const uint8_t big[] = {
    0, 0x20, 0, 0, 0,    0,    0, 4, 0, 0x15, 0, 1, 0x10, 0x20, 0x30, 0x40,
    0, 0x06, 0, 0, 0x7f, 0xff, 0, 0, 0, 0x06, 0, 0, 0,    0,    0,    0,
};

static void test_bytes_of_both_orders(void **state)
{
    (void)state;
    struct filter filters[2] = {0};
    struct error error = {0};
    for (unsigned i = 0; i < 2; i++) {
        const struct bytes bytes = {i ? big : little, sizeof little};
        assert_int_equal(filter_read("program", bytes, i, &filters[i], &error), 0);
        assert_int_equal(filters[i].count, 4);
        struct buffer back = filter_encode(&filters[i], i);
        assert_int_equal(back.size, sizeof little);
        assert_memory_equal(back.data, bytes.data, bytes.size);
        buffer_free(&back);
    }
    assert_int_equal(filters[0].instructions[1].k, 0x10203040);
    assert_int_equal(filters[0].instructions[1].jf, 1);
    assert_true(filter_equal(&filters[0], &filters[1]));
    filters[1].instructions[3].k = 1;
    assert_false(filter_equal(&filters[0], &filters[1]));
    filters[1].count = 3;
    assert_false(filter_equal(&filters[0], &filters[1]));
    filter_free(&filters[0]);
    filter_free(&filters[1]);
}

static void test_bytes_that_are_no_program(void **state)
{
    (void)state;
    static const struct {
        size_t size, at;
        uint8_t byte;
        bool big_endian;
        const char *text;
    } cases[] = {
        {0, 0, 0x20, false, "program: the program is empty: build the filter again"},
        {12, 0, 0x20, false,
         "program: 12 bytes are no BPF program, whose instructions have 8 each: give it whole"},
        {32, 0, 0x28, false,
         "program: instruction 0: opcode 0x28 is none that seccomp takes: build the filter again"},
        {32, 4, 64, false,
         "program: instruction 0: load at offset 64, not a word of struct seccomp_data: build the "
         "filter again"},
        {32, 11, 2, false,
         "program: instruction 1: jump past the end of the program: build the filter again"},
        {16, 0, 0x20, false,
         "program: instruction 1: jump past the end of the program: build the filter again"},
        {8, 0, 0x20, false,
         "program: instruction 0: the last one is not a return: build the filter again"},
        {32, 0, 0x20, true,
         "program: instruction 0: opcode 0x2000 is none that seccomp takes: build the filter "
         "again"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[sizeof little];
        memcpy(bytes, little, sizeof bytes);
        bytes[cases[i].at] = cases[i].byte;
        struct filter filter = {0};
        struct error error = {0};
        assert_int_equal(filter_read("program", (struct bytes){bytes, cases[i].size},
                                     cases[i].big_endian, &filter, &error),
                         -1);
        char *line = error_line(&error);
        assert_int_equal(error.kind, ERROR_POLICY);
        assert_string_equal(line, cases[i].text);
        free(line);
        error_clear(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_of_both_orders),
        cmocka_unit_test(test_bytes_that_are_no_program),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
