/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint of any policy that is read, for each architecture: findings have their texts and are in
 * order, and what is said twice is the same. The first byte chooses the target.
 */
#include "base/memory.h"
#include "lint/lint.h"
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

static void check_report(const struct lint_report *report, const struct lint_report *again)
{
    require(report->count == again->count);
    for (size_t i = 0; i < report->count; i++) {
        const struct lint_finding *finding = &report->findings[i];
        require(finding->text[0] && finding->way_out[0] && !finding->of_binary);
        require(finding->check == again->findings[i].check);
        require(strcmp(finding->text, again->findings[i].text) == 0);
    }
}

static void check_policy(const struct policy *policy, const struct arch *arch)
{
    struct table *table = NULL;
    struct error error = {0};
    if (table_resolve(policy, arch, &table, NULL, NULL, &error) == 0) {
        const struct lint_subject subject = {.policy = policy, .arch = arch, .table = table};
        struct lint_report report;
        struct lint_report again;
        lint_run(&subject, &report);
        lint_run(&subject, &again);
        check_report(&report, &again);
        lint_report_free(&report);
        lint_report_free(&again);
    }
    error_clear(&error);
    table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const architectures[] = {"x86_64", "aarch64", "x86_64", "i386"};
    if (!size) {
        return 0;
    }
    const struct arch *arch = arch_by_name(architectures[data[0] & 3]);
    struct policy_options options = {.architecture = arch->name, .compat = COMPAT_RUNC};
    struct policy *policy = NULL;
    struct error error = {0};
    const char *text = (const char *)data + 1;
    int result = policy_parse("policy", text, size - 1, &options, &policy, NULL, &error);
    if (result < 0 && error.kind == ERROR_USAGE) { /* not OCI JSON */
        error_clear(&error);
        options.compat = COMPAT_NONE;
        result = policy_parse("policy", text, size - 1, &options, &policy, NULL, &error);
    }
    if (result == 0) {
        check_policy(policy, arch);
        policy_free(policy);
    }
    error_clear(&error);
    return 0;
}
