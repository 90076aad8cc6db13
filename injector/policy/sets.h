/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of system calls: a name for a family of them. Two kinds:
 *   "@chown"            ours: every way to the same thing, on every architecture; a few, documented
 * in elfcage(1), which a test compares with own_sets. "systemd:@clock"    systemd's: as one version
 * of it has them, or as the machine's has (--sets).
 */
#ifndef ELFCAGE_POLICY_SETS_H
#define ELFCAGE_POLICY_SETS_H

#include "base/error.h"
#include "policy/policy.h"

struct syscall_set {
    const char *name;           /* "@chown" */
    const char *meaning;        /* in a few words; NULL for systemd's */
    const char *const *members; /* NULL-terminated: calls, and sets of the same table ("@aio") */
};

/* Sorted by name. */
extern const struct syscall_set own_sets[], systemd_sets[];
extern const size_t own_set_count, systemd_set_count;
/* "252 (...)": the systemd whose sets systemd_sets are. */
extern const char systemd_sets_version[];

/* The sets that one reading of a policy may use; the machine is asked once, and only if a set of
   systemd is needed. */
struct sets;
struct sets *sets_open(enum sets_source source);
void sets_free(struct sets *sets);

/* Is it written as a set is? ("@..." or "systemd:...") */
bool sets_is_set(const char *text);

/* The system calls of one set. Borrowed from the tables or from `sets`. */
struct set_calls {
    const char **names; /* owned array: known to the table of system calls, each once */
    size_t count, capacity;
    const char *
        *newer; /* owned array: nothing is known of them, nor were they in the pinned sets */
    size_t newer_count, newer_capacity;
};
void set_calls_free(struct set_calls *calls); /* what it holds */

/*
 * What `text` ("@chown", "systemd:@clock") stands for, sets within sets resolved. Calls that only
 * architectures of others have are left out. ERROR_POLICY without a place if there is no such set,
 * ERROR_SYSTEM if the machine cannot be asked. *calls is to be freed on failure too.
 */
int sets_expand(struct sets *sets, const char *text, struct set_calls *calls, struct error *error);
/* The same of a set of systemd, written as systemd writes it ("@clock"). */
int sets_expand_systemd(struct sets *sets, const char *name, struct set_calls *calls,
                        struct error *error);

/* Sets that were read at run time. */
struct set_table {
    char *text;           /* owned; all names lie in it */
    const char **members; /* owned: of all sets, each list ended by NULL */
    size_t member_count, member_capacity;
    struct syscall_set *sets; /* owned */
    size_t count, capacity;
};
/* What `systemd-analyze syscall-filter` prints, read strictly: a set in the first column, its
   members below it, indented. ERROR_SYSTEM. The caller frees the table, also on failure. */
int set_table_read(const char *text, struct set_table *table, struct error *error);
/* Has the machine's systemd-analyze print it. ERROR_SYSTEM. */
int set_table_ask(struct set_table *table, struct error *error);
void set_table_free(struct set_table *table); /* what it holds */

#endif
