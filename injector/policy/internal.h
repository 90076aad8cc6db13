/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share and nobody else needs. */
#ifndef ELFCAGE_POLICY_INTERNAL_H
#define ELFCAGE_POLICY_INTERNAL_H

#include "policy/json.h"
#include "policy/policy.h"

/* What a filter of 4096 instructions (BPF_MAXINSNS) could not hold anyway; readers refuse more, so
   that hostile input costs little. */
#define POLICY_MAX_SYSCALLS 4096u
#define POLICY_MAX_RULES 4096u     /* with conditions, in one policy */
#define POLICY_MAX_CONDITIONS 64u  /* of one rule */
#define POLICY_MAX_NAME_LENGTH 64u /* of a system call, bytes */

/* Letters, digits and '_', not beginning with a digit, not too long. */
bool policy_name_is_valid(const char *name);

/* Adds to `abis`, kept sorted. False if it is there already. */
bool policy_add_abi(struct policy *policy, const char *name);

/* A copy of `file` that lives as long as the policy; for places. */
const char *policy_add_file(struct policy *policy, const char *file);

/* Same conditions in the same order, same action. */
bool rule_equal(const struct rule *a, const struct rule *b);

/* A format that is read: one const struct in the file of its reader, one line in parse.c. */
struct policy_format {
    const char *name;  /* as --format takes it */
    const char *title; /* "OCI seccomp JSON", for messages */
    bool drop_ins;     /* takes more than one text */
    bool open_default; /* --default may say what the text leaves open */
    bool depends;      /* on --caps and --min-kernel */
    bool sets;         /* may name sets of systemd: --sets */
    bool includes;     /* may include files: --include-dir */
    unsigned readings; /* 1 << COMPAT_*: what --compat may say */
    /* Is the content of this format? The first in the table that says so reads it. NULL: only
       --format chooses it. */
    bool (*recognise)(const struct policy_text *text);
    /* texts[0..count), count being 1 unless drop_ins; options are never NULL, notes may be. */
    int (*read)(const struct policy_text *texts, size_t count, const struct policy_options *options,
                struct policy **out, struct policy_notes *notes, struct error *error);
};
extern const struct policy_format canonical_format, oci_format, systemd_format, minijail_format,
    list_format, bpf_format;

/* Does the text begin, after blanks, with one of `first`? */
bool policy_text_begins(const struct policy_text *text, const char *first);

/* Readers of a parsed text of JSON. */
int oci_read(const char *file, const struct json_value *root, const struct policy_options *options,
             struct policy **out, struct policy_notes *notes, struct error *error);
int canonical_read(const char *file, const struct json_value *root, struct policy **out,
                   struct resolution *resolution, struct policy_notes *notes, struct error *error);

#endif
