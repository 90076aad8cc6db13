/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share: cmocka, marked texts, and assertions on errors. */
#ifndef ELFCAGE_POLICY_TEST_H
#define ELFCAGE_POLICY_TEST_H

#include "base/memory.h"
#include "policy/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* All tests of a program in one line, as skipped. (cmocka's own skip() prints "not ok".) */
static inline void skip_all(const char *what, const char *reason)
{
    printf("1..1\nok 1 - %s # SKIP %s\n", what, reason);
}

/* A text in which '^' marks the place that an error has to name. */
struct marked {
    char *text; /* without the mark; owned */
    size_t line, column;
};

static inline struct marked unmark(const char *text)
{
    const char *mark = strchr(text, '^');
    if (!mark) {
        fail_msg("no mark in %s", text);
        abort();
    }
    size_t before = (size_t)(mark - text);
    struct marked m = {.line = 1, .column = 1};
    for (size_t i = 0; i < before; i++) {
        m.column++;
        if (text[i] == '\n') {
            m.line++;
            m.column = 1;
        }
    }
    struct buffer rest = {0};
    buffer_add(&rest, text, before);
    buffer_add(&rest, mark + 1, strlen(mark + 1));
    m.text = buffer_steal_text(&rest);
    return m;
}

/* The error is of that kind, at that place of "policy.json", and says exactly that. */
static inline void assert_error_at(struct error *error, enum error_kind kind, size_t line,
                                   size_t column, const char *message)
{
    CLEANUP_FREE char *said = error_line(error);
    CLEANUP_FREE char *expected = memory_printf("policy.json:%zu:%zu: %s", line, column, message);
    assert_string_equal(said, expected);
    assert_int_equal(error->kind, kind);
    assert_int_equal(error->place, ERROR_PLACE_TEXT);
    error_clear(error);
}

/* policy_parse() of a text that has to be good. */
static inline struct policy *parse_good(const char *text, const struct policy_options *options,
                                        struct policy_notes *notes)
{
    struct policy *policy = NULL;
    struct error error = {0};
    if (policy_parse("policy.json", text, strlen(text), options, &policy, notes, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s, in %s", line, text);
    }
    return policy;
}

/* The policy reads as that canonical text, which reads back as the same policy. */
static inline void assert_canonical(const struct policy *policy, const char *expected)
{
    CLEANUP_FREE char *text = canonical_print(policy, NULL);
    if (expected) {
        assert_string_equal(text, expected);
    }
    struct policy *again = NULL;
    struct error error = {0};
    if (canonical_parse("policy.json", text, strlen(text), &again, NULL, &error) < 0) {
        CLEANUP_FREE char *line = error_line(&error);
        fail_msg("%s, in %s", line, text);
    }
    assert_true(policy_equal(policy, again));
    policy_free(again);
}

#endif
