/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader. YAJL (SAX) decides what is JSON; this file adds positions, the tree, and the
 * strictness that YAJL lacks (json.h).
 *
 * Positions. YAJL says only how many bytes it has consumed, which at a callback is the end of the
 * token. The start is found from the end of the token before: between two tokens that have a
 * callback there is nothing but white space, ',' and ':'.
 */
#include "policy/json.h"

#include "base/memory.h"
#include "policy/fields.h"
#include "policy/utf8.h"
#include "policy/yajl_memory.h"

#include <string.h>
#include <yajl/yajl_parse.h>

struct json {
    struct json_value *values;
    size_t count;
    size_t capacity;
    char *pool; /* decoded strings and numbers, each with its NUL; no longer than the text */
    size_t pool_size;
};

/* A place in the text that only moves forward. */
struct cursor {
    size_t offset;
    size_t line;
    size_t line_start;
};

struct reader {
    struct json *json;
    yajl_handle handle;
    const char *file;
    const char *text;
    size_t size;
    size_t previous_end; /* of the last token that had a callback */
    struct cursor cursor;
    size_t open[JSON_MAX_DEPTH]; /* indices of the containers we are in */
    size_t depth;
    const char *key; /* waiting for its value; NULL otherwise */
    size_t key_line, key_column;
    struct error *error;
};

static void cursor_move(struct cursor *cursor, const char *text, size_t offset)
{
    while (cursor->offset < offset) {
        if (text[cursor->offset++] == '\n') {
            cursor->line++;
            cursor->line_start = cursor->offset;
        }
    }
}

static size_t cursor_column(const struct cursor *cursor)
{
    return cursor->offset - cursor->line_start + 1;
}

/* Returns 0, which is also how a callback stops YAJL. */
static int fail(const struct reader *r, size_t offset, const char *message)
{
    struct cursor at = {.line = 1};
    cursor_move(&at, r->text, offset);
    error_text(r->error, ERROR_POLICY, r->file, at.line, cursor_column(&at), "%s", message);
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Start of the token that ends at `end`. A ',' or ':' that is itself the token is not passed over.
 */
static size_t token_start(const struct reader *r, size_t end)
{
    size_t at = r->previous_end;
    while (at < end && (is_space(r->text[at]) ||
                        ((r->text[at] == ',' || r->text[at] == ':') && at + 1 < end))) {
        at++;
    }
    return at;
}

/* The token that a callback is about: moves the cursor to its start, remembers its end. */
static size_t take_token(struct reader *r)
{
    size_t end = yajl_get_bytes_consumed(r->handle);
    if (end > r->size || end <= r->previous_end) {
        end = r->size; /* a number that ends the text comes out of yajl_complete_parse() */
    }
    size_t start = token_start(r, end);
    cursor_move(&r->cursor, r->text, start);
    r->previous_end = end;
    return start;
}

static const char *keep(struct reader *r, const void *bytes, size_t length)
{
    char *copy = r->json->pool + r->json->pool_size;
    memcpy(copy, bytes, length);
    copy[length] = 0;
    r->json->pool_size += length + 1;
    return copy;
}

static unsigned hex4(const char *digits)
{
    unsigned value = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        unsigned digit = c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10;
        value = value << 4 | (digit & 0xf);
    }
    return value;
}

/* The escapes that YAJL lets through, in the string token [start, end): \u0000 and surrogates
   without partner. 1, or 0 with the error set. */
static int check_escapes(const struct reader *r, size_t start, size_t end)
{
    static const char lone[] = "a surrogate (\\ud800 to \\udfff) without its partner: write the "
                               "pair, or the character itself";
    size_t leading = 0; /* where a leading surrogate waits for its partner; 0 none */
    for (size_t at = start + 1; at + 1 < end; at++) {
        bool escape = r->text[at] == '\\';
        unsigned code = 1;
        if (escape && r->text[at + 1] == 'u' && at + 6 < end) {
            code = hex4(r->text + at + 2);
        }
        if (code == 0) {
            return fail(r, at, "\\u0000 in a string: no name has a NUL, remove it");
        }
        bool trailing = code >= 0xdc00 && code <= 0xdfff;
        if (trailing != (leading != 0)) {
            return fail(r, leading ? leading : at, lone);
        }
        leading = code >= 0xd800 && code <= 0xdbff ? at : 0;
        at += !escape ? 0 : code == 1 ? 1 : 5;
    }
    return leading ? fail(r, leading, lone) : 1;
}

/* Makes the value that begins at the cursor, inside the innermost open container. */
static struct json_value *add_value(struct reader *r, enum json_kind kind, size_t start)
{
    struct json *json = r->json;
    if (json->count == JSON_MAX_VALUES) {
        fail(r, start, "more than 1048576 values: this is no policy");
        return NULL;
    }
    if (r->depth) {
        json->values[r->open[r->depth - 1]].count++;
    }
    struct json_value *value =
        memory_append(&json->values, &json->count, &json->capacity, sizeof *value);
    *value = (struct json_value){.kind = kind,
                                 .key = r->key,
                                 .line = r->cursor.line,
                                 .column = cursor_column(&r->cursor),
                                 .key_line = r->key ? r->key_line : 0,
                                 .key_column = r->key ? r->key_column : 0,
                                 .span = 1};
    r->key = NULL;
    return value;
}

static int on_null(void *context)
{
    struct reader *r = context;
    return add_value(r, JSON_NULL, take_token(r)) != NULL;
}

static int on_boolean(void *context, int boolean)
{
    struct reader *r = context;
    struct json_value *value = add_value(r, JSON_BOOLEAN, take_token(r));
    if (value) {
        value->boolean = boolean != 0;
    }
    return value != NULL;
}

static int on_number(void *context, const char *digits, size_t length)
{
    struct reader *r = context;
    struct json_value *value = add_value(r, JSON_NUMBER, take_token(r));
    if (value) {
        value->text = keep(r, digits, length);
    }
    return value != NULL;
}

static int on_string(void *context, const unsigned char *bytes, size_t length)
{
    struct reader *r = context;
    size_t start = take_token(r);
    if (!check_escapes(r, start, r->previous_end)) {
        return 0;
    }
    struct json_value *value = add_value(r, JSON_STRING, start);
    if (value) {
        value->text = keep(r, bytes, length);
    }
    return value != NULL;
}

static int on_key(void *context, const unsigned char *bytes, size_t length)
{
    struct reader *r = context;
    size_t start = take_token(r);
    if (!check_escapes(r, start, r->previous_end)) {
        return 0;
    }
    r->key = keep(r, bytes, length);
    r->key_line = r->cursor.line;
    r->key_column = cursor_column(&r->cursor);
    return 1;
}

static int open_container(struct reader *r, enum json_kind kind)
{
    size_t start = take_token(r);
    if (r->depth == JSON_MAX_DEPTH) {
        return fail(r, start, "nested more than 64 deep: this is no policy");
    }
    if (!add_value(r, kind, start)) {
        return 0;
    }
    r->open[r->depth++] = r->json->count - 1;
    return 1;
}

static int on_start_map(void *context)
{
    return open_container(context, JSON_OBJECT);
}

static int on_start_array(void *context)
{
    return open_container(context, JSON_ARRAY);
}

static void close_container(struct reader *r)
{
    take_token(r);
    size_t index = r->open[--r->depth];
    r->json->values[index].span = r->json->count - index;
}

static int on_end_array(void *context)
{
    close_container(context);
    return 1;
}

/* By key, then by place in the text. */
static int compare_members(const void *a, const void *b)
{
    const struct json_value *left = *(const struct json_value *const *)a;
    const struct json_value *right = *(const struct json_value *const *)b;
    int order = strcmp(left->key, right->key);
    return order ? order : (left > right) - (left < right);
}

/* The first member whose key an earlier one of the object has; NULL if there is none. */
static const struct json_value *find_duplicate(const struct json_value *object)
{
    if (object->count < 2) {
        return NULL;
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    CLEANUP_FREE const struct json_value **members = memory_zeroed(object->count, sizeof *members);
    size_t count = 0;
    for (const struct json_value *m = json_first(object); m; m = json_next(object, m)) {
        members[count++] = m;
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    qsort((void *)members, count, sizeof *members, compare_members);
    const struct json_value *first = NULL;
    for (size_t i = 1; i < count; i++) {
        if (strcmp(members[i - 1]->key, members[i]->key) == 0 && (!first || members[i] < first)) {
            first = members[i];
        }
    }
    return first;
}

static int on_end_map(void *context)
{
    struct reader *r = context;
    close_container(r);
    const struct json_value *duplicate = find_duplicate(&r->json->values[r->open[r->depth]]);
    if (duplicate) {
        fail_key(r->file, duplicate, r->error,
                 "key '%.60s' for the second time in one object: keep one of them", duplicate->key);
        return 0;
    }
    return 1;
}

/* What is checked byte by byte before YAJL sees the text. 1, or 0 with the error set. */
static int check_bytes(const struct reader *r)
{
    if (r->size >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0) {
        return fail(r, 0, "a UTF-8 byte order mark: JSON has none, remove the first three bytes");
    }
    for (size_t at = 0; at < r->size;) {
        unsigned char c = (unsigned char)r->text[at];
        if (c < 0x20 && !is_space((char)c)) {
            return fail(r, at,
                        c ? "a control character: JSON has only blank, tab and newline between "
                            "values, write \\u00XX within strings"
                          : "a NUL byte: this is no JSON text");
        }
        size_t length = utf8_length(r->text + at, r->size - at);
        if (!length) {
            return fail(r, at, "not UTF-8: save the file as UTF-8");
        }
        at += length;
    }
    return 1;
}

/* YAJL says no. It stops behind a token that it does not expect, and within one that is none. */
static void syntax_error(const struct reader *r, bool at_end)
{
    if (at_end) {
        bool empty = r->json->count == 0 && token_start(r, r->size) == r->size;
        fail(r, r->size,
             empty ? "the file is empty: a policy is a JSON object"
                   : "the text ends in the middle: complete it");
        return;
    }
    size_t end = yajl_get_bytes_consumed(r->handle);
    end = end > r->size ? r->size : end;
    size_t start = token_start(r, end);
    unsigned char *reason = yajl_get_error(r->handle, 0, NULL, 0);
    size_t length = strcspn((const char *)reason, "\n");
    CLEANUP_FREE char *message =
        memory_printf("not JSON (%.*s): correct the text here", (int)length, (const char *)reason);
    yajl_free_error(r->handle, reason);
    fail(r, start < r->size ? start : r->size, message);
}

static int read_text(struct reader *r)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_boolean,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_start_map,
        .yajl_map_key = on_key,
        .yajl_end_map = on_end_map,
        .yajl_start_array = on_start_array,
        .yajl_end_array = on_end_array,
    };
    if (!check_bytes(r)) {
        return -1;
    }
    r->handle = yajl_alloc(&callbacks, &YAJL_MEMORY, r);
    yajl_status status = yajl_parse(r->handle, (const unsigned char *)r->text, r->size);
    bool at_end = status == yajl_status_ok;
    if (at_end) {
        status = yajl_complete_parse(r->handle);
    }
    if (status == yajl_status_error) {
        syntax_error(r, at_end);
    }
    yajl_free(r->handle);
    return status == yajl_status_ok ? 0 : -1;
}

int json_parse(const char *file, const char *text, size_t size, struct json **out,
               struct error *error)
{
    struct json *json = memory_zeroed(1, sizeof *json);
    /* A string has two quotes, so its NUL fits; a number has something behind it, or ends all. */
    json->pool = memory_zeroed(size + 1, 1);
    struct reader reader = {.json = json,
                            .file = file,
                            .text = text,
                            .size = size,
                            .cursor = {.line = 1},
                            .error = error};
    if (read_text(&reader) < 0) {
        json_free(json);
        return -1;
    }
    *out = json;
    return 0;
}

void json_free(struct json *json)
{
    if (json) {
        free(json->values);
        free(json->pool);
        free(json);
    }
}

const struct json_value *json_root(const struct json *json)
{
    return json->values;
}

const struct json_value *json_first(const struct json_value *parent)
{
    return parent->count ? parent + 1 : NULL;
}

const struct json_value *json_next(const struct json_value *parent, const struct json_value *value)
{
    const struct json_value *next = value + value->span;
    return next < parent + parent->span ? next : NULL;
}

const struct json_value *json_find(const struct json_value *object, const char *key)
{
    if (object->kind != JSON_OBJECT) {
        return NULL;
    }
    for (const struct json_value *m = json_first(object); m; m = json_next(object, m)) {
        if (strcmp(m->key, key) == 0) {
            return m;
        }
    }
    return NULL;
}

bool json_uint(const struct json_value *value, uint64_t *number)
{
    if (value->kind != JSON_NUMBER) {
        return false;
    }
    uint64_t result = 0;
    for (const char *c = value->text; *c; c++) {
        if (*c < '0' || *c > '9' || __builtin_mul_overflow(result, UINT64_C(10), &result) ||
            __builtin_add_overflow(result, (uint64_t)(*c - '0'), &result)) {
            return false;
        }
    }
    *number = result;
    return true;
}

const char *json_kind_text(enum json_kind kind)
{
    switch (kind) {
    case JSON_NULL:
        return "null";
    case JSON_BOOLEAN:
        return "true or false";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        break;
    }
    return "an object";
}
