/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy of minijail and the files that it includes (./1, ./2, ./3), or a plain list of names:
 * texts with a NUL between them, after a byte that chooses the target and the format. Every rule
 * and every error has a place that is in one of the texts; what is accepted prints canonically and
 * reads back. What both of minijail's compilers are said to take alike is what the reading of the
 * one that takes more gives.
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

struct input {
    struct policy_text texts[TEXTS];
    size_t count;
};

static int include_text(void *context, const char *from, const char *path, char **file,
                        struct buffer *text, struct error *error)
{
    const struct input *input = context;
    (void)from;
    for (size_t i = 1; i < input->count; i++) {
        if (strcmp(input->texts[i].file, path) == 0) {
            buffer_add(text, input->texts[i].text, input->texts[i].size);
            *file = memory_strdup(path);
            return 0;
        }
    }
    return error_set(error, ERROR_POLICY, "no such file: correct the name");
}

/* A place may be one byte behind the end of its line. */
static void check_place(const struct input *input, const char *file, size_t line, size_t column)
{
    for (size_t i = 0; i < input->count; i++) {
        if (strcmp(input->texts[i].file, file) != 0) {
            continue;
        }
        const char *at = input->texts[i].text;
        const char *end = at + input->texts[i].size;
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

static void check_policy(const struct policy *policy, const struct input *input)
{
    for (size_t i = 0; i < policy->syscall_count; i++) {
        for (size_t k = 0; k < policy->syscalls[i].rule_count; k++) {
            struct place place = policy->syscalls[i].rules[k].place;
            check_place(input, place.file, place.line, place.column);
        }
    }
    CLEANUP_FREE char *text = canonical_print(policy, NULL);
    struct policy *again = NULL;
    struct error error = {0};
    require(canonical_parse("again", text, strlen(text), &again, NULL, &error) == 0);
    require(policy_equal(policy, again));
    policy_free(again);
}

static void check_error(struct error *error, const struct input *input)
{
    CLEANUP_FREE char *line = error_line(error);
    require(error->kind == ERROR_POLICY && !strchr(line, '\n'));
    require(error->place == ERROR_PLACE_TEXT);
    check_place(input, error->file, error->line, error->column);
    error_clear(error);
}

static void check_reading(const struct policy *policy, const struct input *input,
                          struct policy_options options)
{
    struct policy *again = NULL;
    struct error error = {0};
    options.compat = COMPAT_COMPILE_SECCOMP_POLICY;
    require(policy_parse_texts(input->texts, 1, &options, &again, NULL, &error) == 0);
    require(policy_equal(policy, again));
    policy_free(again);
    options.compat = COMPAT_MINIJAIL0;
    if (policy_parse_texts(input->texts, 1, &options, &again, NULL, &error) == 0) {
        check_policy(again, input);
        policy_free(again);
    } else {
        check_error(&error, input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[TEXTS] = {"policy", "./1", "./2", "./3"};
    static const char *const architectures[] = {"x86_64", "i386", "aarch64", "riscv64"};
    static const struct action deny = {ACTION_ERRNO, 1};
    if (size < 2 || !data[1]) {
        return 0;
    }
    struct input input = {.count = 0};
    const char *text = (const char *)data + 1;
    const char *end = text + size - 1;
    while (input.count < TEXTS && text < end) {
        const char *stop = memchr(text, '\0', (size_t)(end - text));
        stop = stop && input.count + 1 < TEXTS ? stop : end;
        input.texts[input.count] =
            (struct policy_text){names[input.count], text, (size_t)(stop - text)};
        input.count++;
        text = stop < end ? stop + 1 : end;
    }
    bool list = data[0] & 4;
    struct policy_options options = {
        .architecture = architectures[data[0] & 3],
        .format = list ? "list" : "minijail",
        .default_action = list || data[0] & 8 ? &deny : NULL,
        .include = include_text,
        .include_context = &input,
    };
    struct policy *policy = NULL;
    struct policy_notes notes = {0};
    struct error error = {0};
    if (policy_parse_texts(input.texts, 1, &options, &policy, &notes, &error) == 0) {
        check_policy(policy, &input);
        if (!list) {
            check_reading(policy, &input, options);
        }
        policy_free(policy);
    } else {
        check_error(&error, &input);
    }
    policy_notes_free(&notes);
    return 0;
}
