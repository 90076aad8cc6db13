/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share and nobody else needs. */
#ifndef ELFCAGE_LINT_INTERNAL_H
#define ELFCAGE_LINT_INTERNAL_H

#include "base/bytes.h"
#include "lint/lint.h"

/* One run of one check. */
struct lint {
    const struct lint_subject *subject;
    const struct lint_check *check;
    struct lint_report *report;
};

/* The checks, one function a row of the table in lint.c. */
typedef void lint_function(struct lint *lint);
lint_function lint_ways, lint_partial_ways, lint_argument_ways, lint_pointer_ways,
    lint_newer_siblings, lint_older_siblings; /* families.c, siblings.c */
lint_function lint_ring_denied, lint_ring_refused, lint_exec, lint_nesting, lint_other_processes,
    lint_future; /* openings.c */
lint_function lint_kill_thread, lint_errno_zero, lint_log_default, lint_trace, lint_spec_allow,
    lint_exit, lint_signal_return, lint_probes; /* actions.c */
lint_function lint_never, lint_always, lint_unreachable, lint_redundant, lint_overlap; /* rules.c */
lint_function lint_flag_words_passed, lint_flag_words_strict; /* flag_words.c */
lint_function lint_abi_open, lint_abi_ways, lint_lacking_denials, lint_lacking_names,
    lint_void_allowances, lint_no_ceiling; /* abis.c */
lint_function lint_before_hook, lint_preinit, lint_privileges, lint_loads_code, lint_self_exec,
    lint_no_exec, lint_other_cage, lint_fails_open, lint_go; /* binary.c */

/* Reports. Takes both texts over; `way_out` NULL: what the check's help says. */
void lint_find(struct lint *lint, struct place place, char *text, char *way_out);
void lint_find_binary(struct lint *lint, char *text, char *way_out);

/* The place of a rule of the policy; of the policy as a whole. */
struct place lint_rule_place(const struct lint *lint, struct origin origin);
struct place lint_policy_place(const struct lint *lint);
/* Of the first rule for that name, or of the policy. */
struct place lint_name_place(const struct lint *lint, const char *name);

/* What the filter does with a system call, over all its arguments. Exact, but for a call with so
   many rules that the prover gives up: then a rule counts as reached. */
struct outcome {
    bool present;         /* the ABI has the call; otherwise all is false */
    bool passes, denied;  /* for some arguments; at least one is true */
    bool by_rule;         /* a rule of the policy (not the default) denies some */
    bool only_enosys;     /* every denial is ENOSYS: "as on an older kernel" */
    struct action denial; /* one of the denials, if denied */
    struct origin origin; /* of the first denial if denied, else of what lets it pass */
};
struct outcome lint_outcome(const struct table_abi *table, const struct abi *abi, const char *name);
/* In the native ABI. */
struct outcome lint_native(const struct lint *lint, const char *name);
/* Does the call pass with these arguments? */
bool lint_passes(const struct table *table, const struct abi *abi, const char *name,
                 const uint64_t arguments[static POLICY_ARGUMENTS]);

/* "a, b and c"; "a, b, c, d, e and 7 more" where there are more than `most`. */
struct name_list {
    const char **names; /* owned array of borrowed names */
    size_t count, capacity;
};
void name_list_add(struct name_list *list, const char *name); /* once */
bool name_list_has(const struct name_list *list, const char *name);
char *name_list_text(const struct name_list *list, size_t most);
char *name_list_joined(const struct name_list *list); /* "a,b,c", as --deny takes it */
void name_list_free(struct name_list *list);

/* Families of calls (families.c): the calls, open in the native ABI, that do what `name` does. */
void lint_open_ways(const struct lint *lint, const char *name, struct name_list *out);
/* Every name that the tables of this room have, for the test that all are known; NULL past the
   end. */
const char *lint_family_name_at(size_t index);
const char *lint_sibling_name_at(size_t index);
const char *lint_opening_name_at(size_t index);
const char *lint_flag_word_at(size_t index, unsigned *argument);

#endif
