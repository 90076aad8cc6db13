/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: a tree in which every value knows where it stands, and a writer. The only module that
 * includes the JSON library (YAJL).
 *
 * The reader takes RFC 8259 and nothing more: one value, UTF-8 without byte order mark, no
 * comments. On top of that it refuses what makes readers disagree or C strings lie: a key given
 * twice in one object, NUL (also as \u0000), an escaped surrogate without its partner. Depth and
 * number of values are limited. Numbers stay text, so that a 64-bit value is exact.
 */
#ifndef ELFCAGE_POLICY_JSON_H
#define ELFCAGE_POLICY_JSON_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 64u
#define JSON_MAX_VALUES (1u << 20)

enum json_kind { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Values lie in one array in the order of the text: a container is followed by what it contains. */
struct json_value {
    enum json_kind kind;
    bool boolean;
    const char *text;            /* STRING: decoded; NUMBER: as written; otherwise NULL. Borrowed */
    const char *key;             /* in an object: the key; otherwise NULL. Borrowed */
    size_t line, column;         /* of the first byte of the value, 1-based, column in bytes */
    size_t key_line, key_column; /* of the first byte of the key */
    size_t count;                /* of elements or members */
    size_t span;                 /* values in the array that it takes, itself included */
};

struct json;

/* Reads one JSON text. ERROR_POLICY with line and column if it is none. */
int json_parse(const char *file, const char *text, size_t size, struct json **out,
               struct error *error);
void json_free(struct json *json);
const struct json_value *json_root(const struct json *json);

/* for (v = json_first(parent); v; v = json_next(parent, v)): the elements or members, in order. */
const struct json_value *json_first(const struct json_value *parent);
const struct json_value *json_next(const struct json_value *parent, const struct json_value *value);
/* The member of an object, NULL if it has none of that key. */
const struct json_value *json_find(const struct json_value *object, const char *key);

/* The value of a number that is written as plain decimal digits and fits; false otherwise (also for
   1.0, 1e3, -1, -0). */
bool json_uint(const struct json_value *value, uint64_t *number);
/* "a number", "an object", ...: for messages. */
const char *json_kind_text(enum json_kind kind);

/* Appends `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void json_append_string(struct buffer *buffer, const char *text);

/*
 * The writer. Calls follow the structure of the text; a call that does not fit there is a bug and
 * ends the program. Deterministic: the same calls give the same bytes.
 */
struct json_writer;

struct json_writer *json_writer_new(bool beautify);
void json_writer_object(struct json_writer *writer);
void json_writer_end_object(struct json_writer *writer);
void json_writer_array(struct json_writer *writer);
void json_writer_end_array(struct json_writer *writer);
void json_writer_key(struct json_writer *writer, const char *key);
/* Bytes that are not UTF-8 become U+FFFD. NULL becomes null. */
void json_writer_string(struct json_writer *writer, const char *text);
void json_writer_uint(struct json_writer *writer, uint64_t number);
void json_writer_bool(struct json_writer *writer, bool value);
void json_writer_null(struct json_writer *writer);
/* Ends the text and frees the writer: the text with a newline at its end, owned by the caller. */
char *json_writer_finish(struct json_writer *writer);
/* json_writer_finish() to a stream. */
void json_writer_print(struct json_writer *writer, FILE *stream);

#endif
