/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command gets its policy from: --policy FILE, or inline rules; and what changes it on the
 * way.
 */
#ifndef ELFCAGE_COMMANDS_POLICY_SOURCE_H
#define ELFCAGE_COMMANDS_POLICY_SOURCE_H

#include "arch/arch.h"
#include "commands/command.h"
#include "filter/filter.h"
#include "policy/policy.h"

struct inline_rule {
    enum policy_inline_verb verb;
    const char *list;
};

/* All strings are borrowed from the command line. */
struct policy_source {
    const char **files; /* owned array; --policy, once or more */
    size_t file_count, file_capacity;
    const char **include_folders; /* owned array; --include-dir */
    size_t include_folder_count, include_folder_capacity;
    const char *format;         /* --format */
    const char *sets;           /* --sets */
    const char *default_action; /* --default */
    struct inline_rule *rules;  /* owned; in the order of the command line */
    size_t rule_count, rule_capacity;
    const char *capabilities; /* --caps: comma-separated */
    const char *minimum_kernel;
    const char *compat;
    const char *enosys_above;
    bool allow_nesting;
    bool audit;
};

/* Every command that takes a policy has this group. */
extern const struct option_group policy_options;

/* What --target TARGET names, this machine if NULL. NULL and ERROR_USAGE if there is none. */
const struct arch *target_arch(const char *target, struct error *error);

bool policy_source_given(const struct policy_source *source);
/* Is any of it standard input, which can be read once only? */
bool policy_source_is_read_once(const struct policy_source *source);

/* The policy for `arch`. ERROR_USAGE if none, or two, were given. Notes go to standard error. */
int policy_source_load(const struct policy_source *source, const struct arch *arch,
                       const struct verbosity *verbosity, struct policy **out, struct error *error);

/* The same where a BPF program is taken as it is: then *out is NULL and *filter is it, which
   filter_check() has accepted. Else *filter is not touched. */
int policy_source_load_any(const struct policy_source *source, const struct arch *arch,
                           const struct verbosity *verbosity, struct policy **out,
                           struct filter *filter, struct error *error);

void policy_source_free(struct policy_source *source); /* what it holds */

/* Prints each note of a reader, and frees them. */
void print_policy_notes(const struct verbosity *verbosity, struct policy_notes *notes);

#endif
