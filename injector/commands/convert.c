/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing that was converted is believed: it is read back, and the filter of the original is proved
 * equal to what was read.
 */
#include "commands/convert.h"

#include "base/memory.h"
#include "commands/policy_source.h"

#include <string.h>

static int prove_text(const struct compiled *compiled, const char *text, struct error *error)
{
    const struct policy_options options = {.format = "oci", .architecture = compiled->arch->name};
    struct policy *again = NULL;
    struct table *table = NULL;
    int result =
        policy_parse("the converted policy", text, strlen(text), &options, &again, NULL, error);
    if (result == 0) {
        again->enosys_above = compiled->policy->enosys_above;
        result = table_resolve(again, compiled->arch, &table, NULL, NULL, error);
    }
    if (result == 0 && prove_or_fail(&compiled->filter, table, ERROR_POLICY, error) < 0) {
        result = error_context(error, "as OCI JSON the policy would mean something else for %s",
                               compiled->arch->name);
    }
    table_free(table);
    policy_free(again);
    return result;
}

int convert_to_oci(const struct compiled *compiled, const struct verbosity *verbosity, char **out,
                   struct error *error)
{
    struct policy_notes notes = {0};
    CLEANUP_FREE char *text = NULL;
    int result = oci_print(compiled->policy, &text, &notes, error);
    print_policy_notes(verbosity, &notes);
    if (result < 0 || prove_text(compiled, text, error) < 0) {
        return -1;
    }
    *out = STEAL(text);
    return 0;
}
