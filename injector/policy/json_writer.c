/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON writer: YAJL's generator behind a face that cannot fail. Strings are made valid UTF-8
 * before they get there, numbers are printed here (YAJL's integers are signed).
 */
#include "base/memory.h"
#include "policy/json.h"
#include "policy/utf8.h"
#include "policy/yajl_memory.h"

#include <inttypes.h>
#include <string.h>
#include <yajl/yajl_gen.h>

struct json_writer {
    yajl_gen generator;
};

/* Calls that do not fit together: a bug, nothing that a caller could mend. */
static void check(yajl_gen_status status)
{
    if (status != yajl_gen_status_ok) {
        abort();
    }
}

struct json_writer *json_writer_new(bool beautify)
{
    struct json_writer *writer = memory_zeroed(1, sizeof *writer);
    writer->generator = yajl_gen_alloc(&YAJL_MEMORY);
    yajl_gen_config(writer->generator, yajl_gen_beautify, beautify ? 1 : 0);
    yajl_gen_config(writer->generator, yajl_gen_indent_string, "  ");
    return writer;
}

void json_writer_object(struct json_writer *writer)
{
    check(yajl_gen_map_open(writer->generator));
}

void json_writer_end_object(struct json_writer *writer)
{
    check(yajl_gen_map_close(writer->generator));
}

void json_writer_array(struct json_writer *writer)
{
    check(yajl_gen_array_open(writer->generator));
}

void json_writer_end_array(struct json_writer *writer)
{
    check(yajl_gen_array_close(writer->generator));
}

void json_writer_key(struct json_writer *writer, const char *key)
{
    json_writer_string(writer, key);
}

/* A copy with U+FFFD in the place of every byte that is not part of UTF-8. */
static void add_valid(struct buffer *buffer, const char *text)
{
    size_t left = strlen(text);
    while (left) {
        size_t length = utf8_length(text, left);
        if (length) {
            buffer_add(buffer, text, length);
        } else {
            buffer_add(buffer, "\xef\xbf\xbd", 3);
            length = 1;
        }
        text += length;
        left -= length;
    }
}

void json_writer_string(struct json_writer *writer, const char *text)
{
    if (!text) {
        json_writer_null(writer);
        return;
    }
    struct buffer valid = {0};
    add_valid(&valid, text);
    check(yajl_gen_string(writer->generator, valid.data ? valid.data : (const uint8_t *)"",
                          valid.size));
    buffer_free(&valid);
}

void json_writer_uint(struct json_writer *writer, uint64_t number)
{
    CLEANUP_FREE char *text = memory_printf("%" PRIu64, number);
    check(yajl_gen_number(writer->generator, text, strlen(text)));
}

void json_writer_bool(struct json_writer *writer, bool value)
{
    check(yajl_gen_bool(writer->generator, value ? 1 : 0));
}

void json_writer_null(struct json_writer *writer)
{
    check(yajl_gen_null(writer->generator));
}

char *json_writer_finish(struct json_writer *writer)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    check(yajl_gen_get_buf(writer->generator, &bytes, &size));
    struct buffer text = {0};
    buffer_add(&text, bytes, size);
    if (!size || bytes[size - 1] != '\n') {
        buffer_add(&text, "\n", 1);
    }
    yajl_gen_free(writer->generator);
    free(writer);
    return buffer_steal_text(&text);
}

void json_writer_print(struct json_writer *writer, FILE *stream)
{
    CLEANUP_FREE char *text = json_writer_finish(writer);
    (void)fputs(text, stream);
}

void json_append_string(struct buffer *buffer, const char *text)
{
    struct buffer valid = {0};
    add_valid(&valid, text);
    buffer_add(buffer, "\"", 1);
    for (size_t i = 0; i < valid.size; i++) {
        uint8_t c = valid.data[i];
        if (c < 0x20 || c == 0x7f) {
            buffer_printf(buffer, "\\u%04x", (unsigned)c);
        } else {
            if (c == '"' || c == '\\') {
                buffer_add(buffer, "\\", 1);
            }
            buffer_add(buffer, &c, 1);
        }
    }
    buffer_add(buffer, "\"", 1);
    buffer_free(&valid);
}
