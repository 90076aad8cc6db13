/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table: a policy with numbers in place of names, for one target. It is what the filter program
 * has to say, no more and no less: build turns it into a program, prove shows that a program says
 * it, and both see nothing else of the policy.
 *
 * Meaning. A system call is (arch, nr, args[6]) of struct seccomp_data. The ABI whose
 * audit_architecture is arch, else `other_abi`; in it the range that holds nr (ranges are sorted
 * and cover 0..0xffffffff without gap); in it the first rule whose conditions all hold, else the
 * range's default.
 */
#ifndef ELFCAGE_FILTER_TABLE_H
#define ELFCAGE_FILTER_TABLE_H

#include "arch/arch.h"
#include "base/error.h"
#include "policy/model.h"

#include <linux/seccomp.h>

/* Why an action was chosen. */
enum origin_kind {
    ORIGIN_RULE,        /* rule `rule` of system call `syscall` of the policy */
    ORIGIN_DEFAULT,     /* the policy's default action */
    ORIGIN_CEILING,     /* newer than the policy: ENOSYS */
    ORIGIN_FOREIGN,     /* numbers of another ABI (x32), refused whole */
    ORIGIN_SKIPPED,     /* number -1: a tracer skips the call: ENOSYS */
    ORIGIN_REFUSED_ABI, /* an ABI that the policy does not name */
};

struct origin {
    enum origin_kind kind;
    size_t syscall; /* index in policy->syscalls, ORIGIN_RULE only */
    size_t rule;    /* index in its rules, ORIGIN_RULE only */
};

struct table_rule {
    struct condition *conditions; /* owned */
    size_t condition_count;
    struct action action;
    struct origin origin;
};

struct table_range {
    uint32_t first, last; /* inclusive */
    struct action default_action;
    struct origin default_origin;
    struct table_rule *rules; /* owned, in order; a range with rules is a single number */
    size_t rule_count;
};

struct table_abi {
    const char *name;
    uint32_t audit_architecture; /* AUDIT_ARCH_* */
    struct table_range *ranges;  /* owned, sorted, gapless over 0..0xffffffff */
    size_t range_count;
};

struct table {
    struct table_abi *abis; /* owned, native first */
    size_t abi_count;
    struct action other_abi; /* for every other value of arch */
};

/*
 * Gives every name of the policy its numbers on `arch`, and carries denials over to every way that
 * the target's other ABIs have to the same thing (DESIGN: multiplexers, siblings, split arguments).
 * A name that the target lacks: a note for an allow, a note for a denial; a name no ABI of ours
 * knows: ERROR_POLICY with the place, and a suggestion. *resolution (may be NULL) is the record of
 * it. `notes` may be NULL.
 */
struct policy_notes;
int table_resolve(const struct policy *policy, const struct arch *arch, struct table **out,
                  struct resolution *resolution, struct policy_notes *notes, struct error *error);

/* The same from a record: ceilings, and names that not every table of names knows, come from
   `resolution`, not from our name table; a recorded number that contradicts it is ERROR_CHECK. */
int table_replay(const struct policy *policy, const struct arch *arch,
                 const struct resolution *resolution, struct table **out, struct error *error);

void table_free(struct table *table);

/* The action of one system call, and where it comes from (`origin` may be NULL). */
struct action table_evaluate(const struct table *table, const struct seccomp_data *call,
                             struct origin *origin);

#endif
