/* SPDX-License-Identifier: Apache-2.0 */
#include "mutation.h"

#include "base/memory.h"

#include <string.h>

/* A piece [begin, end) of a text. */
struct piece {
    size_t begin, end;
};

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* A word of letters, digits and '_', or one byte that is none of them; around a place at random. */
static struct piece random_token(struct random *random, const struct buffer *text)
{
    size_t at = random_below(random, (unsigned)text->size);
    struct piece piece = {at, at + 1};
    if (is_word(text->data[at])) {
        while (piece.begin > 0 && is_word(text->data[piece.begin - 1])) {
            piece.begin--;
        }
        while (piece.end < text->size && is_word(text->data[piece.end])) {
            piece.end++;
        }
    }
    return piece;
}

/* A line with what ends it. */
static struct piece random_line(struct random *random, const struct buffer *text)
{
    size_t at = random_below(random, (unsigned)text->size);
    struct piece piece = {at, at};
    while (piece.begin > 0 && text->data[piece.begin - 1] != '\n') {
        piece.begin--;
    }
    while (piece.end < text->size && text->data[piece.end] != '\n') {
        piece.end++;
    }
    piece.end += piece.end < text->size;
    return piece;
}

static struct piece random_stretch(struct random *random, const struct buffer *text)
{
    size_t begin = random_below(random, (unsigned)text->size);
    size_t longest = random_below(random, 4) == 0 ? 4096 : 64;
    size_t rest = text->size - begin;
    size_t size = random_below(random, (unsigned)(rest < longest ? rest : longest)) + 1;
    return (struct piece){begin, begin + size};
}

static struct piece random_piece(struct random *random, const struct buffer *text)
{
    switch (random_below(random, 3)) {
    case 0:
        return random_token(random, text);
    case 1:
        return random_line(random, text);
    default:
        return random_stretch(random, text);
    }
}

/* Puts `size` bytes of `data`, which may be part of the text, in the place of a piece. */
static void replace(struct buffer *text, struct piece piece, const void *data, size_t size)
{
    struct buffer changed = {0};
    buffer_add(&changed, text->data, piece.begin);
    buffer_add(&changed, data, size);
    buffer_add(&changed, text->data + piece.end, text->size - piece.end);
    buffer_free(text);
    *text = changed;
}

/* What readers have to think of: ends of ranges, words of every format, bytes that are no text. */
/* clang-format off */
static const char *const dictionary[] = {
    "0", "-1", "1", "6", "31", "32", "4095", "4096", "65536", "4294967295", "4294967296",
    "18446744073709551615", "18446744073709551616", "0x", "0xffffffffffffffff", "1e9", "{", "}",
    "[", "]", "(", ")", "\"", "'", ",", ":", ";", "~", "@", "=", "==", "!=", "<", "<=", ">", ">=",
    "&", "&&", "|", "||", "!", "in", "\\", "\\\n", "\n", "\r\n", "\t", " ", "#", "//",
    "\xef\xbb\xbf", "\xff", "\xc3", "\xed\xa0\x80", "null", "true", "allow", "return", "log",
    "trap", "kill", "kill-process", "errno:EPERM", "EPERM", "SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY",
    "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SystemCallFilter=", "SystemCallErrorNumber=",
    "[Service]", "@system-service", "@default", "@include", "@frequency", "@denylist", "arg0",
    "arg5", "arg6", "arg1 & 0x2", "socket", "read", "chmod", "prctl", "ioctl", "clone", "keyctl",
    "no_such_call",
};
/* clang-format on */

/* A token of the dictionary in the place of one, or before it. */
static void put_word(struct random *random, struct buffer *text, struct piece token)
{
    const char *word = dictionary[random_below(random, sizeof dictionary / sizeof *dictionary)];
    token.end = random_below(random, 3) == 0 ? token.begin : token.end;
    replace(text, token, word, strlen(word));
}

static void exchange_words(struct random *random, struct buffer *text, struct piece token)
{
    struct piece other = random_token(random, text);
    if (is_word(text->data[token.begin]) && is_word(text->data[other.begin])) {
        replace(text, token, text->data + other.begin, other.end - other.begin);
    }
}

/* A piece many times, now and then very many. */
static void multiply(struct random *random, struct buffer *text, struct piece piece)
{
    unsigned times = random_below(random, random_below(random, 8) == 0 ? 2000 : 8) + 1;
    size_t size = piece.end - piece.begin;
    struct buffer many = {0};
    for (unsigned i = 0; i < times && many.size + text->size < MUTATION_GROWN_MOST; i++) {
        buffer_add(&many, text->data + piece.begin, size);
    }
    if (many.size > 0) {
        replace(text, (struct piece){piece.end, piece.end}, many.data, many.size);
    }
    buffer_free(&many);
}

static void exchange_lines(struct random *random, struct buffer *text)
{
    struct piece first = random_line(random, text);
    struct piece last = random_line(random, text);
    if (first.end > last.begin) {
        return;
    }
    struct buffer middle = {0};
    buffer_add(&middle, text->data + last.begin, last.end - last.begin);
    buffer_add(&middle, text->data + first.end, last.begin - first.end);
    buffer_add(&middle, text->data + first.begin, first.end - first.begin);
    replace(text, (struct piece){first.begin, last.end}, middle.data, middle.size);
    buffer_free(&middle);
}

static void mutate_once(struct random *random, struct buffer *text, const struct buffer *other)
{
    if (text->size == 0) {
        buffer_add(text, "x", 1);
    }
    struct piece piece = random_piece(random, text);
    struct piece token = random_token(random, text);
    struct piece before = {piece.begin, piece.begin};
    size_t size = piece.end - piece.begin;
    uint8_t byte = (uint8_t)random_below(random, 256);
    switch (random_below(random, 12)) {
    case 0: /* a bit */
        text->data[piece.begin] ^= (uint8_t)(1u << byte % 8);
        break;
    case 1: /* a byte */
        text->data[piece.begin] = byte;
        break;
    case 2: /* a byte more */
        replace(text, before, &byte, 1);
        break;
    case 3: /* less */
        replace(text, piece, "", 0);
        break;
    case 4: /* twice */
        replace(text, before, text->data + piece.begin, size);
        break;
    case 5:
        multiply(random, text, piece);
        break;
    case 6: /* shorter */
        text->size = piece.begin;
        break;
    case 7:
        exchange_words(random, text, token);
        break;
    case 8:
        put_word(random, text, token);
        break;
    case 9: /* a piece of the text elsewhere */
        replace(text, token, text->data + piece.begin, size);
        break;
    case 10:
        exchange_lines(random, text);
        break;
    default: /* a piece of another text */
        if (other->size > 0) {
            struct piece from = random_piece(random, other);
            replace(text, token, other->data + from.begin, from.end - from.begin);
        }
        break;
    }
}

void mutate(struct random *random, struct buffer *text, const struct buffer *other)
{
    unsigned times = random_below(random, 1u << random_below(random, 5)) + 1;
    for (unsigned i = 0; i < times && text->size < MUTATION_GROWN_MOST; i++) {
        mutate_once(random, text, other);
    }
}
