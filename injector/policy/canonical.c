/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "policy/internal.h"
int canonical_read(const char *file, const struct json_value *root, struct policy **out,
                   struct resolution *resolution, struct error *error)
{
    (void)resolution;
    (void)out;
    return error_text(error, ERROR_POLICY, file, root->line, root->column, "not read yet");
}
char *canonical_print(const struct policy *policy, const struct resolution *resolution)
{
    (void)policy;
    (void)resolution;
    return memory_strdup("{}");
}
int canonical_parse(const char *file, const char *text, size_t size, struct policy **out,
                    struct resolution *resolution, struct error *error)
{
    (void)text;
    (void)size;
    (void)out;
    (void)resolution;
    return error_file(error, ERROR_POLICY, file, "not read yet");
}
