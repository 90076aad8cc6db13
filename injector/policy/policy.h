/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and printing policies: the public face of this room.
 */
#ifndef ELFCAGE_POLICY_POLICY_H
#define ELFCAGE_POLICY_POLICY_H

#include "base/error.h"
#include "policy/model.h"

/* What a reader may be told from the command line, for questions a file leaves open. */
struct policy_options {
    const char *architecture;        /* "x86_64": decides OCI includes/excludes.arches */
    const char *const *capabilities; /* --caps: "CAP_SYS_ADMIN", ...; default none */
    size_t capability_count;
    const char *minimum_kernel; /* --min-kernel "4.14"; NULL: the oldest */
    enum { COMPAT_NONE, COMPAT_AND, COMPAT_RUNC } compat; /* two OCI conditions on one argument */
};

/* Things a reader wants to say that are not errors ("x32 is named; it is refused"). */
struct policy_notes {
    char **lines; /* owned */
    size_t count;
    size_t capacity;
};
void policy_notes_free(struct policy_notes *notes);
void policy_note(struct policy_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Reads a policy from a text of `size` bytes; the format (OCI JSON, or the canonical form of
 * elfcage) is told from the content. `file` is the name used in errors and places. ERROR_POLICY
 * with line and column on whatever cannot be honoured. The caller frees *out.
 */
int policy_parse(const char *file, const char *text, size_t size,
                 const struct policy_options *options, struct policy **out,
                 struct policy_notes *notes, struct error *error);

/* policy_parse() on a file, "-" being standard input. At most POLICY_MAX_BYTES. */
#define POLICY_MAX_BYTES (16u << 20)
int policy_read(const char *path, const struct policy_options *options, struct policy **out,
                struct policy_notes *notes, struct error *error);

/*
 * Inline rules, in the order of the command line. `list` is LIST[:ERRNO] for POLICY_INLINE_DENY
 * (default EPERM), a comma-separated list of names otherwise. `allow`, `log`, `kill` likewise. A
 * name given twice with different actions is an error.
 */
enum policy_inline_verb {
    POLICY_INLINE_ALLOW,
    POLICY_INLINE_DENY,
    POLICY_INLINE_LOG,
    POLICY_INLINE_KILL, /* kill-process */
};
int policy_add_inline(struct policy *policy, enum policy_inline_verb verb, const char *list,
                      struct error *error);

/*
 * The canonical form: JSON with one spelling for each policy, printed deterministically, that
 * policy_parse() reads back to an equal model. With a resolution it also has the numbers and
 * ceilings; canonical_parse() gives those back too (`resolution` may be NULL). Owned by the caller.
 */
char *canonical_print(const struct policy *policy, const struct resolution *resolution);
int canonical_parse(const char *file, const char *text, size_t size, struct policy **out,
                    struct resolution *resolution, struct error *error);

/*
 * Bits of argument `argument` of system call `name` that the kernel consumes: 32 or 64; 0 if the
 * table does not know. From policy/widths.c, whose rows are tested under the running kernel.
 */
unsigned argument_width(const char *name, unsigned argument);

#endif
