/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a policy. What is accepted prints canonically, and that reads back as the same model
 * and prints as the same text. The first byte chooses the options, so that their branches are
 * reached too; with its highest bit set the next byte chooses the format, which is told from the
 * content otherwise. A text that canonical_parse() takes is spelt as it prints, resolution
 * included.
 *
 * Seeds are of every format. What a policy includes is the policy itself, which has to end
 * somewhere.
 */
#include "base/memory.h"
#include "policy/policy.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_round_trip(const struct policy *policy, const struct resolution *resolution)
{
    CLEANUP_FREE char *text = canonical_print(policy, resolution);
    struct policy *again = NULL;
    struct resolution read = {0};
    struct error error = {0};
    require(canonical_parse("again", text, strlen(text), &again, &read, &error) == 0);
    require(policy_equal(policy, again));
    CLEANUP_FREE char *second = canonical_print(again, resolution ? &read : NULL);
    require(strcmp(text, second) == 0);
    policy_free(again);
    resolution_free(&read);
}

/* A refusal has a kind and one line. */
static void check_error(struct error *error)
{
    CLEANUP_FREE char *line = error_line(error);
    require(error->kind == ERROR_POLICY && !strchr(line, '\n'));
    error_clear(error);
}

struct self {
    const char *text;
    size_t size;
};

static int include_self(void *context, const char *from, const char *path, char **file,
                        struct buffer *text, struct error *error)
{
    const struct self *self = context;
    (void)from;
    if (strcmp(path, "missing") == 0) {
        return error_set(error, ERROR_POLICY, "no such file: correct the name");
    }
    buffer_add(text, self->text, self->size);
    *file = memory_strdup(path);
    return 0;
}

/* The format that a byte stands for. */
static const char *format_of(uint8_t byte)
{
    size_t index = 0;
    for (uint8_t i = 0; i < byte; i++) {
        index = policy_format_name(index + 1) ? index + 1 : 0;
    }
    return policy_format_name(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const capabilities[] = {"CAP_SYS_ADMIN"};
    static const char *const architectures[] = {"x86_64", "aarch64", NULL, "i386"};
    if (!size) {
        return 0;
    }
    struct policy_options options = {
        .architecture = architectures[data[0] & 3],
        .capabilities = capabilities,
        .capability_count = data[0] >> 2 & 1,
        .minimum_kernel = data[0] & 8 ? "6.1" : NULL,
    };
    static const int compat[] = {COMPAT_NONE, COMPAT_AND, COMPAT_RUNC, COMPAT_MINIJAIL0};
    options.compat = (unsigned)compat[data[0] >> 4 & 3];
    size_t options_size = 1;
    if (data[0] & 0x80 && size > 1) {
        options.format = format_of(data[options_size++]);
    }
    const char *text = (const char *)data + options_size;
    size -= options_size;
    struct self self = {text, size};
    options.include = include_self;
    options.include_context = &self;
    struct policy *policy = NULL;
    struct policy_notes notes = {0};
    struct error error = {0};
    static const struct action deny = {ACTION_ERRNO, 1};
    int result = policy_parse("policy", text, size, &options, &policy, &notes, &error);
    if (result < 0 && error.kind == ERROR_USAGE) { /* options of another format */
        error_clear(&error);
        options.capability_count = 0;
        options.minimum_kernel = NULL;
        options.compat = COMPAT_NONE;
        result = policy_parse("policy", text, size, &options, &policy, &notes, &error);
    }
    if (result < 0 && error.kind == ERROR_USAGE) { /* a list needs a default */
        error_clear(&error);
        options.default_action = &deny;
        result = policy_parse("policy", text, size, &options, &policy, &notes, &error);
    }
    if (result == 0) {
        check_round_trip(policy, NULL);
        policy_allow_nesting(policy);
        check_round_trip(policy, NULL);
        policy_make_audit(policy);
        check_round_trip(policy, NULL);
        policy_free(policy);
    } else {
        check_error(&error);
    }
    policy_notes_free(&notes);

    struct resolution resolution = {0};
    if (canonical_parse("policy", text, size, &policy, &resolution, &error) == 0) {
        CLEANUP_FREE char *same = canonical_print(policy, &resolution);
        require(strlen(same) == size && memcmp(same, text, size) == 0);
        check_round_trip(policy, &resolution);
        policy_free(policy);
        resolution_free(&resolution);
    } else {
        check_error(&error);
    }
    return 0;
}
