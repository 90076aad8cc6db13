/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/internal.h"
int oci_read(const char *file, const struct json_value *root, const struct policy_options *options,
             struct policy **out, struct policy_notes *notes, struct error *error)
{
    (void)options;
    (void)out;
    (void)notes;
    return error_text(error, ERROR_POLICY, file, root->line, root->column, "not read yet");
}
