/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What journalctl makes of a message (systemd.journal-fields(7), JOURNAL_EXPORT_FORMATS):
 *
 * -o json         {"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","MESSAGE":"SECCOMP auid=...",...}
 * -o json-pretty  the same, each field on a line of its own, with a comma behind it
 * -o json-sse     "data: " in front of it;  -o json-seq: 0x1e
 * -o export       MESSAGE=SECCOMP auid=...
 * -o verbose      the same, indented
 *
 * A message that is no text is an array of its bytes; one that is too long is null.
 */
#include "watch/journal.h"

#include "base/memory.h"
#include "policy/json.h"

#include <string.h>

static const char key[] = "\"MESSAGE\"";

struct span {
    const char *text;
    size_t size;
};

static bool take_prefix(struct span *span, const char *prefix)
{
    size_t length = strlen(prefix);
    if (span->size < length || memcmp(span->text, prefix, length) != 0) {
        return false;
    }
    span->text += length;
    span->size -= length;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trimmed(const char *line, size_t size)
{
    struct span span = {line, size};
    while (span.size > 0 && (is_blank(*span.text) || *span.text == 0x1e)) {
        span.text++;
        span.size--;
    }
    while (span.size > 0 && is_blank(span.text[span.size - 1])) {
        span.size--;
    }
    return span;
}

/* A text, or the bytes of one; NULL: neither. */
static char *message_of(const struct json_value *value)
{
    if (value->kind == JSON_STRING) {
        return memory_strdup(value->text);
    }
    if (value->kind != JSON_ARRAY) {
        return NULL;
    }
    struct buffer bytes = {0};
    for (const struct json_value *v = json_first(value); v; v = json_next(value, v)) {
        uint64_t number;
        if (!json_uint(v, &number) || number == 0 || number > UINT8_MAX) {
            buffer_free(&bytes);
            return NULL;
        }
        buffer_fill(&bytes, (uint8_t)number, 1);
    }
    return buffer_steal_text(&bytes);
}

static enum journal_found from_object(const char *text, size_t size, char **message)
{
    struct json *json = NULL;
    struct error error = {0};
    if (json_parse("journal", text, size, &json, &error) < 0) {
        error_clear(&error);
        return JOURNAL_NONE;
    }
    const struct json_value *root = json_root(json);
    const struct json_value *value = root->kind == JSON_OBJECT ? json_find(root, "MESSAGE") : NULL;
    const struct json_value *type =
        root->kind == JSON_OBJECT ? json_find(root, "_AUDIT_TYPE") : NULL;
    enum journal_found found = JOURNAL_NONE;
    char *copy = value ? message_of(value) : NULL;
    if (copy) {
        *message = copy;
        found = JOURNAL_MESSAGE;
    } else if (type && type->kind == JSON_STRING && strcmp(type->text, "1326") == 0) {
        found = JOURNAL_LOST;
    }
    json_free(json);
    return found;
}

enum journal_found journal_message(const char *line, size_t size, char **message)
{
    struct span span = trimmed(line, size);
    (void)take_prefix(&span, "data: ");
    if (span.size == 0) {
        return JOURNAL_NONE;
    }
    if (*span.text == '{') {
        return from_object(span.text, span.size, message);
    }
    if (span.size > strlen(key) && memcmp(span.text, key, strlen(key)) == 0) {
        size_t used = span.text[span.size - 1] == ',' ? span.size - 1 : span.size;
        CLEANUP_FREE char *object = memory_printf("{%.*s}", (int)used, span.text);
        return from_object(object, strlen(object), message);
    }
    if (take_prefix(&span, "MESSAGE=")) {
        *message = memory_strndup(span.text, span.size);
        return JOURNAL_MESSAGE;
    }
    return JOURNAL_NONE;
}
