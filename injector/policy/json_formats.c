/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two formats that are JSON: the seccomp profile of the OCI and the canonical form of elfcage.
 * A text that begins like JSON is parsed once; the key "elfcage-policy" tells which of them it is.
 */
#include "base/memory.h"
#include "policy/internal.h"

#include <string.h>

static const char canonical_key[] = "elfcage-policy";

static bool is_json(const struct policy_text *text)
{
    return policy_text_begins(text, "{[\"");
}

/* Only a text that has the key somewhere is worth a second look. */
static bool is_canonical(const struct policy_text *text)
{
    if (!is_json(text) ||
        !memmem(text->text, text->size, canonical_key, sizeof canonical_key - 1)) {
        return false;
    }
    struct json *json = NULL;
    struct error ignored = {0};
    if (json_parse(text->file, text->text, text->size, &json, &ignored) < 0) {
        error_clear(&ignored);
        return false; /* the OCI reader says the same of it */
    }
    const struct json_value *root = json_root(json);
    bool canonical = root->kind == JSON_OBJECT && json_find(root, canonical_key);
    json_free(json);
    return canonical;
}

/* The root of the text, an object; NULL and the error otherwise. *json is the caller's to free. */
static const struct json_value *parse_object(const struct policy_text *text, struct json **json,
                                             struct error *error)
{
    if (json_parse(text->file, text->text, text->size, json, error) < 0) {
        return NULL;
    }
    const struct json_value *root = json_root(*json);
    if (root->kind != JSON_OBJECT) {
        error_text(error, ERROR_POLICY, text->file, root->line, root->column,
                   "%s where a policy, which is an object, should be: give a policy file",
                   json_kind_text(root->kind));
        json_free(*json);
        return NULL;
    }
    return root;
}

static int read_canonical(const struct policy_text *texts, size_t count,
                          const struct policy_options *options, struct policy **out,
                          struct policy_notes *notes, struct error *error)
{
    (void)count;
    (void)options;
    struct json *json;
    const struct json_value *root = parse_object(texts, &json, error);
    if (!root) {
        return -1;
    }
    if (json_find(root, "resolved")) {
        policy_note(notes,
                    "%s: the recorded numbers (\"resolved\") are not used: names are looked "
                    "up again",
                    texts->file);
    }
    int result = canonical_read(texts->file, root, out, NULL, notes, error);
    json_free(json);
    return result;
}

static int read_oci(const struct policy_text *texts, size_t count,
                    const struct policy_options *options, struct policy **out,
                    struct policy_notes *notes, struct error *error)
{
    (void)count;
    struct json *json;
    const struct json_value *root = parse_object(texts, &json, error);
    if (!root) {
        return -1;
    }
    int result = oci_read(texts->file, root, options, out, notes, error);
    json_free(json);
    return result;
}

const struct policy_format canonical_format = {
    .name = "elfcage",
    .title = "a policy in elfcage's own form",
    .recognise = is_canonical,
    .read = read_canonical,
};

const struct policy_format oci_format = {
    .name = "oci",
    .title = "OCI seccomp JSON",
    .depends = true,
    .readings = 1u << COMPAT_AND | 1u << COMPAT_RUNC,
    .recognise = is_json,
    .read = read_oci,
};
