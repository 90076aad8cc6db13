/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing: what comes back is what went in; there is one packed form for given bytes, and what is
 * not it is refused, whoever made it.
 */
#include "base/compress.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BLOCK ((size_t)65536)
#define LIMIT ((size_t)1 << 24)

static struct bytes view(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->size};
}

static struct bytes text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* `plain` comes back, and from nothing that is cut off or has something behind it. Returns the size
   of the packed form. */
static size_t assert_round_trip(struct bytes plain)
{
    struct buffer packed = compress_pack(plain);
    struct buffer again = {0};
    assert_true(compress_unpack(view(&packed), plain.size, &again));
    assert_true(bytes_equal(plain, view(&again)));
    buffer_free(&again);
    struct bytes part = view(&packed);
    if (plain.size > 0) {
        assert_false(compress_unpack(part, plain.size - 1, &again));
    }
    for (part.size = 0; part.size < packed.size; part.size += 1 + packed.size / 1000 * 97) {
        assert_false(compress_unpack(part, LIMIT, &again));
    }
    size_t size = packed.size;
    buffer_fill(&packed, 0, 1);
    assert_false(compress_unpack(view(&packed), LIMIT, &again));
    assert_null(again.data);
    buffer_free(&packed);
    return size;
}

/* A number that looks random, the same on every machine. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* `size` bytes out of `letters` values, with copies of what was before among them. */
static struct buffer made_up(size_t size, uint32_t letters, uint32_t seed)
{
    struct buffer bytes = {0};
    uint32_t state = seed;
    while (bytes.size < size) {
        if (bytes.size > 0 && next(&state) % 4 == 0) {
            size_t from = bytes.size - 1 - next(&state) % bytes.size;
            for (size_t length = 1 + next(&state) % 400; length > 0 && bytes.size < size;
                 length--) {
                uint8_t byte = bytes.data[from++];
                buffer_add(&bytes, &byte, 1);
            }
        } else {
            uint8_t byte = (uint8_t)(next(&state) % letters);
            buffer_add(&bytes, &byte, 1);
        }
    }
    return bytes;
}

static void test_compress_gives_back_what_it_got(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "a",
        "ab",
        "aa",
        "aaa",
        "abab",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\x80\xff",
        "read,write,pread64,pwrite64,readv,writev,preadv,pwritev,preadv2,pwritev2"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_round_trip(text(texts[i]));
    }
    static const uint8_t zeros[300] = {0};
    for (size_t size = 0; size <= sizeof zeros; size++) {
        assert_round_trip((struct bytes){zeros, size});
    }
    static const uint32_t letters[] = {1, 2, 10, 256};
    for (size_t i = 0; i < COUNT(letters); i++) {
        for (size_t size = 1; size < 3000; size += 1 + size / 7) {
            struct buffer bytes = made_up(size, letters[i], (uint32_t)size);
            assert_round_trip(view(&bytes));
            buffer_free(&bytes);
        }
    }
}

static void test_compress_blocks(void **state)
{
    (void)state;
    static const size_t sizes[] = {BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (uint32_t letters = 2; letters <= 256; letters += 254) {
            struct buffer bytes = made_up(sizes[i], letters, 7);
            size_t packed = assert_round_trip(view(&bytes));
            assert_in_range(packed, 1, sizes[i] / 8 * 9 + 8);
            buffer_free(&bytes);
        }
    }
}

/* Text of policies gets to less than half, bytes that no copy helps to 9/8. */
static void test_compress_sizes(void **state)
{
    (void)state;
    struct buffer names = {0};
    for (int i = 0; i < 300; i++) {
        buffer_printf(&names, "\"call_%d\",", i * 37);
    }
    assert_in_range(assert_round_trip(view(&names)), 1, names.size / 3);
    buffer_free(&names);
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    assert_int_equal(assert_round_trip((struct bytes){all, sizeof all}), 2 + 256 * 9 / 8);
}

/* Choosing other items is a new form, and what stored the old one could not be read any more. */
static void test_compress_form_stays(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint32_t letters;
        size_t packed;
        const char *digest;
    } forms[] = {
        {4000, 3, 115, "1c3a8a0cfc7ac5c0"},
        {4000, 40, 139, "5183dec222897546"},
        {70000, 4, 4231, "1092b57fcfebdb47"},
        {200000, 200, 17095, "6a45d1e62c4a3796"},
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct buffer bytes = made_up(forms[i].size, forms[i].letters, 1);
        struct buffer packed = compress_pack(view(&bytes));
        uint8_t digest[BYTES_DIGEST_SIZE];
        bytes_digest(packed.data, packed.size, digest);
        CLEANUP_FREE char *hex =
            memory_printf("%02x%02x%02x%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2],
                          digest[3], digest[4], digest[5], digest[6], digest[7]);
        assert_string_equal(hex, forms[i].digest);
        assert_int_equal(packed.size, forms[i].packed);
        buffer_free(&packed);
        buffer_free(&bytes);
    }
}

/* A changed bit gives nothing, or other bytes, whose form it then is. */
static void test_compress_every_bit_counts(void **state)
{
    (void)state;
    struct buffer plain = made_up(400, 5, 3);
    struct buffer packed = compress_pack(view(&plain));
    for (size_t bit = 0; bit < packed.size * 8; bit++) {
        packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct buffer other = {0};
        if (compress_unpack(view(&packed), LIMIT, &other)) {
            assert_false(bytes_equal(view(&other), view(&plain)));
            buffer_free(&other);
        }
        packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t i = 0; i < packed.size; i++) {
        for (unsigned value = 3; value < 256; value += 12) {
            packed.data[i] ^= (uint8_t)value;
            struct buffer other = {0};
            if (compress_unpack(view(&packed), LIMIT, &other)) {
                assert_false(bytes_equal(view(&other), view(&plain)));
                buffer_free(&other);
            }
            packed.data[i] ^= (uint8_t)value;
        }
    }
    buffer_free(&packed);
    buffer_free(&plain);
}

/* Bytes from a text of '0' and '1', spaces ignored, zeros at the end. */
static struct buffer from_bits(const char *bits)
{
    struct buffer bytes = {0};
    size_t count = 0;
    for (; *bits; bits++) {
        if (*bits == ' ') {
            continue;
        }
        if (count % 8 == 0) {
            buffer_fill(&bytes, 0, 1);
        }
        if (*bits == '1') {
            bytes.data[count / 8] |= (uint8_t)(0x80u >> count % 8);
        }
        count++;
    }
    return bytes;
}

#define SIZE(bits) "0" bits " "
#define A "001100001 " /* a byte, 'a' */
#define B "001100010 "

static void test_compress_form(void **state)
{
    (void)state;
    static const struct {
        const char *plain;
        const char *packed; /* as it is described at the head of compress.c */
    } forms[] = {
        {"", SIZE("0000000")},
        {"a", SIZE("0000001") A},
        {"ab", SIZE("0000010") A B},
        /* One copy of three from one back: length - 1 = 2, distance - 1 = 0. */
        {"aaaa", SIZE("0000100") A "1 010 1 00000"},
        /* Four from two back. */
        {"ababab", SIZE("0000110") A B "1 011 1 00001"},
        /* 60 of one letter: a copy of 59. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         SIZE("0111100") A "1 00000111010 1 00000"},
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct buffer packed = compress_pack(text(forms[i].plain));
        struct buffer expected = from_bits(forms[i].packed);
        assert_int_equal(packed.size, expected.size);
        assert_memory_equal(packed.data, expected.data, expected.size);
        buffer_free(&packed);
        buffer_free(&expected);
    }
}

static void test_compress_refuses_other_forms(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *bits;
    } bad[] = {
        {"nothing at all", ""},
        {"a size that goes on and does not", "10000001"},
        {"a size with a zero too much", "10000001 00000000 " A},
        {"a size of many bytes",
         "11111111 11111111 11111111 11111111 11111111 11111111 11111111 11111111 11111111 0"},
        {"a size above the limit", "10000001 10000000 10000000 00001000 " A},
        {"bytes in place of a copy", SIZE("0000100") A A A A},
        {"a copy in place of bytes", SIZE("0000011") A "1 1 1 00000 " A},
        {"two copies in place of one", SIZE("0000111") A "1 010 1 00000 1 010 1 00000"},
        {"a copy from farther back", SIZE("0001000") A B A B "1 011 1 00011"},
        {"a copy from before the start", SIZE("0000100") A "1 010 1 00001"},
        {"a copy at the start", SIZE("0000100") "1 010 1 00000 " A},
        {"a copy over the end", SIZE("0000011") A "1 010 1 00000"},
        {"a length that is no number", SIZE("0000100") A "1 00000000000000000000000000000000"},
        {"a distance that is no number", SIZE("0000100") A "1 010 0000000000000000000000000000"},
        {"a length of 257", "10000011 00000010 " A "1 00000000100000000 1 00000"},
        {"a bit behind the last item", SIZE("0000001") A "0000001"},
        {"a byte behind the last item", SIZE("0000001") A "0000000 00000000"},
        {"no room for the last byte", SIZE("0000010") A "0011000"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buffer packed = from_bits(bad[i].bits);
        struct buffer plain = {0};
        if (compress_unpack(view(&packed), (size_t)1 << 20, &plain)) {
            fail_msg("unpacked: %s", bad[i].what);
        }
        assert_null(plain.data);
        buffer_free(&packed);
    }
}

/* A small input does not ask for much memory: 256 bytes come from 22 bits at the least. */
static void test_compress_has_no_bombs(void **state)
{
    (void)state;
    enum { SIZE_OF_ALL = 1 << 21 };
    struct buffer zeros = {0};
    buffer_fill(&zeros, 0, SIZE_OF_ALL);
    struct buffer packed = compress_pack(view(&zeros));
    assert_in_range(packed.size, SIZE_OF_ALL / 94, SIZE_OF_ALL / 50);
    buffer_free(&packed);
    buffer_free(&zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compress_gives_back_what_it_got),
        cmocka_unit_test(test_compress_blocks),
        cmocka_unit_test(test_compress_sizes),
        cmocka_unit_test(test_compress_form_stays),
        cmocka_unit_test(test_compress_every_bit_counts),
        cmocka_unit_test(test_compress_form),
        cmocka_unit_test(test_compress_refuses_other_forms),
        cmocka_unit_test(test_compress_has_no_bombs),
    };
    return cmocka_run_group_tests_name("base_compress", tests, NULL, NULL);
}
