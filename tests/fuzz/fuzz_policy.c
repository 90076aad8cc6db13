/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a policy. What is accepted prints canonically, and that reads back as the same model
 * and prints as the same text. The first byte chooses the options, so that their branches are
 * reached too. A text that canonical_parse() takes is spelt as it prints, resolution included.
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
    static const int compat[] = {COMPAT_NONE, COMPAT_AND, COMPAT_RUNC, COMPAT_NONE};
    options.compat = (unsigned)compat[data[0] >> 4 & 3];
    const char *text = (const char *)data + 1;
    size--;
    struct policy *policy = NULL;
    struct policy_notes notes = {0};
    struct error error = {0};
    if (policy_parse("policy", text, size, &options, &policy, &notes, &error) == 0) {
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
