/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit and its drop-ins: texts with a NUL between them, after a byte that chooses the target.
 * Every rule, and every error, has a place that is in one of the texts; what is accepted prints
 * canonically and reads back; and what is appended as an empty drop-in changes nothing.
 */
#include "base/memory.h"
#include "policy/policy.h"

#include <stdint.h>
#include <string.h>

#define TEXTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

/* The lines of a text, and the bytes of one; a place may be one behind the last. */
static void check_place(const struct policy_text *texts, size_t count, const char *file,
                        size_t line, size_t column)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i].file, file) != 0) {
            continue;
        }
        const char *at = texts[i].text;
        const char *end = at + texts[i].size;
        for (size_t k = 1; k < line; k++) {
            at = memchr(at, '\n', (size_t)(end - at));
            require(at != NULL);
            at++;
        }
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        require(column >= 1 && column - 1 <= (size_t)((newline ? newline : end) - at));
        return;
    }
    abort();
}

static void check_policy(const struct policy *policy, const struct policy_text *texts, size_t count)
{
    for (size_t i = 0; i < policy->syscall_count; i++) {
        for (size_t k = 0; k < policy->syscalls[i].rule_count; k++) {
            struct place place = policy->syscalls[i].rules[k].place;
            check_place(texts, count, place.file, place.line, place.column);
        }
    }
    CLEANUP_FREE char *text = canonical_print(policy, NULL);
    struct policy *again = NULL;
    struct error error = {0};
    require(canonical_parse("again", text, strlen(text), &again, NULL, &error) == 0);
    require(policy_equal(policy, again));
    policy_free(again);
}

static void check_appended(const struct policy *policy, struct policy_text *texts, size_t count,
                           const struct policy_options *options)
{
    static const char nothing[] = "# nothing\n[Unit]\nX=1\n[Service]\n\n";
    struct policy *again = NULL;
    struct error error = {0};
    texts[count] = (struct policy_text){"more", nothing, sizeof nothing - 1};
    require(policy_parse_texts(texts, count + 1, options, &again, NULL, &error) == 0);
    require(policy_equal(policy, again));
    policy_free(again);
}

static void check_error(struct error *error, const struct policy_text *texts, size_t count)
{
    CLEANUP_FREE char *line = error_line(error);
    require(error->kind == ERROR_POLICY && !strchr(line, '\n'));
    if (error->place == ERROR_PLACE_TEXT) {
        check_place(texts, count, error->file, error->line, error->column);
    }
    error_clear(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const architectures[] = {"x86_64", "aarch64", NULL, "i386"};
    static const char *const names[TEXTS] = {"unit", "first", "second", "third"};
    if (!size) {
        return 0;
    }
    struct policy_options options = {.architecture = architectures[data[0] & 3],
                                     .format = "systemd"};
    const char *at = (const char *)data + 1;
    const char *end = (const char *)data + size;
    struct policy_text texts[TEXTS + 1];
    size_t count = 0;
    while (count < TEXTS) {
        const char *stop = count + 1 < TEXTS ? memchr(at, 0, (size_t)(end - at)) : NULL;
        texts[count] = (struct policy_text){names[count], at, (size_t)((stop ? stop : end) - at)};
        count++;
        if (!stop) {
            break;
        }
        at = stop + 1;
    }
    struct policy *policy = NULL;
    struct policy_notes notes = {0};
    struct error error = {0};
    if (policy_parse_texts(texts, count, &options, &policy, &notes, &error) == 0) {
        check_policy(policy, texts, count);
        check_appended(policy, texts, count, &options);
        policy_free(policy);
    } else {
        check_error(&error, texts, count);
    }
    policy_notes_free(&notes);
    return 0;
}
