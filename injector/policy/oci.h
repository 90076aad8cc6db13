/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read OCI seccomp JSON share: oci.c the profile, oci_rule.c one element of
   "syscalls", oci_filter.c its includes and excludes. */
#ifndef ELFCAGE_POLICY_OCI_H
#define ELFCAGE_POLICY_OCI_H

#include "policy/internal.h"

struct kernel_version {
    uint64_t major, minor;
};

struct oci {
    const char *file;
    const char *place_file; /* `file`, owned by the policy */
    const struct policy_options *options;
    struct kernel_version minimum_kernel;
    struct policy *policy;
    struct policy_notes *notes;
    struct error *error;
    size_t rules;    /* with conditions, so far */
    size_t mentions; /* of names, so far */
};

/* The member of that key; NULL if there is none or it is null, which is how Go prints "nothing". */
const struct json_value *oci_member(const struct json_value *object, const char *key);

/* The same, where an empty string is "nothing" too. */
const struct json_value *oci_text(const struct json_value *object, const char *key);

/* The action of `action` with its errno: `number_key` ("errnoRet") or `name_key` ("errno"). */
int oci_read_action(struct oci *oci, const struct json_value *object, const char *action_key,
                    const char *number_key, const char *name_key, struct action *action);

/* Adds what one element of "syscalls" says. */
int oci_read_rule(struct oci *oci, const struct json_value *rule);

enum oci_applies {
    OCI_APPLIES,
    OCI_APPLIES_NOT,
    OCI_APPLIES_PERHAPS, /* the kernel that it asks for is newer than the oldest allowed one */
};
/* Do includes and excludes let the rule apply to the target? */
int oci_read_filter(struct oci *oci, const struct json_value *rule, enum oci_applies *applies);

/* "4.8", "4.8.0-1"; false if it is none. `strict`: nothing behind the second number. */
bool kernel_version_parse(const char *text, bool strict, struct kernel_version *version);

#endif
