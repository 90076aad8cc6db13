/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/fields.h"

#include "base/memory.h"
#include "policy/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

int fail_value(const char *file, const struct json_value *value, struct error *error,
               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    utf8_make_printable(message);
    return error_text(error, ERROR_POLICY, file, value->line, value->column, "%s", message);
}

int fail_key(const char *file, const struct json_value *member, struct error *error,
             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *message = memory_vprintf(format, arguments);
    va_end(arguments);
    utf8_make_printable(message);
    return error_text(error, ERROR_POLICY, file, member->key_line, member->key_column, "%s",
                      message);
}

int expect_kind(const char *file, const struct json_value *value, enum json_kind kind,
                struct error *error)
{
    if (value->kind == kind) {
        return 0;
    }
    const char *wanted = json_kind_text(kind);
    const char *given = json_kind_text(value->kind);
    if (value->key) {
        return fail_value(file, value, error, "'%s' is %s: it has to be %s", value->key, given,
                          wanted);
    }
    return fail_value(file, value, error, "%s where %s has to be: correct it", given, wanted);
}

int expect_uint(const char *file, const struct json_value *value, uint64_t highest,
                uint64_t *number, struct error *error)
{
    if (expect_kind(file, value, JSON_NUMBER, error) < 0) {
        return -1;
    }
    uint64_t result = 0;
    if (!json_uint(value, &result) || result > highest) {
        return fail_value(file, value, error,
                          "%s%s%s%.40s is no whole number from 0 to %" PRIu64
                          " in plain digits: write it as one",
                          value->key ? "'" : "", value->key ? value->key : "",
                          value->key ? "': " : "", value->text, highest);
    }
    *number = result;
    return 0;
}

static const char *skip_separators(const char *text)
{
    return text + strspn(text, "_-");
}

/* The key that differs from `key` by case, '_' and '-' only; NULL if there is none. */
static const char *find_similar(const char *key, const char *const *keys, size_t key_count)
{
    for (size_t i = 0; i < key_count; i++) {
        const char *a = skip_separators(key);
        const char *b = skip_separators(keys[i]);
        while (*a && strncasecmp(a, b, 1) == 0) {
            a = skip_separators(a + 1);
            b = skip_separators(b + 1);
        }
        if (!*a && !*b) {
            return keys[i];
        }
    }
    return NULL;
}

int expect_keys(const char *file, const struct json_value *object, const char *const *keys,
                size_t key_count, const char *where, struct error *error)
{
    for (const struct json_value *m = json_first(object); m; m = json_next(object, m)) {
        bool known = false;
        for (size_t i = 0; i < key_count && !known; i++) {
            known = strcmp(m->key, keys[i]) == 0;
        }
        if (known) {
            continue;
        }
        const char *similar = find_similar(m->key, keys, key_count);
        if (similar) {
            return fail_key(file, m, error, "unknown key '%.60s' in %s: write '%s'", m->key, where,
                            similar);
        }
        return fail_key(file, m, error,
                        "unknown key '%.60s' in %s: remove it, nothing is passed over in silence",
                        m->key, where);
    }
    return 0;
}
