/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy to proved filter, for one target: the middle part of inject, compile and simulate.
 */
#ifndef ELFCAGE_COMMANDS_COMPILED_H
#define ELFCAGE_COMMANDS_COMPILED_H

#include "commands/command.h"
#include "filter/filter.h"
#include "policy/policy.h"

enum backend { BACKEND_ELFCAGE, BACKEND_LIBSECCOMP };

struct compiled {
    const struct arch *arch;
    struct policy *policy; /* owned; NULL: the filter was given as it is, by --policy FILTER */
    struct table *table;   /* owned; NULL likewise */
    struct filter filter;  /* proved equal to the table, if there is one */
    char *canonical;       /* owned: the policy with its resolution; "" if there is none */
};

/* "elfcage" or "libseccomp"; ERROR_USAGE. */
int backend_parse(const char *text, enum backend *out, struct error *error);

/* Takes `policy` over, also on failure. ERROR_POLICY if it cannot be honoured or is not proved. */
int compiled_make(struct policy *policy, const struct arch *arch, enum backend backend,
                  const struct verbosity *verbosity, struct compiled *out, struct error *error);
/* What the command line says, compiled and proved; a BPF program as it is. */
struct policy_source;
int compiled_load(const struct policy_source *source, const struct arch *arch, enum backend backend,
                  const struct verbosity *verbosity, struct compiled *out, struct error *error);
void compiled_free(struct compiled *compiled); /* what it holds */

/* Proves the filter equal to the table; otherwise `kind` and a text that names the call on which
   they differ, or why there is no proof. */
int prove_or_fail(const struct filter *filter, const struct table *table, enum error_kind kind,
                  struct error *error);

/* "syscall read(0, ...) of x86_64": one call, for messages. Owned by the caller. */
char *call_text(const struct seccomp_data *call);

/* "rule 2 of socket (FILE:LINE:COL)", "the default action", ...; without a policy (NULL), "the
   filter as it was given". Owned by the caller. */
char *origin_text(const struct policy *policy, struct origin origin);

#endif
