/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and printing policies: the public face of this room.
 */
#ifndef ELFCAGE_POLICY_POLICY_H
#define ELFCAGE_POLICY_POLICY_H

#include "base/bytes.h"
#include "base/error.h"
#include "policy/model.h"

/*
 * Reads a file that a policy includes. `from` is the file that includes it, as its texts are named,
 * `path` what stands there. Appends its bytes to `text`, and makes *file its name, owned by the
 * caller. ERROR_POLICY without a place, which the reader adds, or ERROR_SYSTEM.
 */
typedef int policy_include_fn(void *context, const char *from, const char *path, char **file,
                              struct buffer *text, struct error *error);

/* Where systemd's sets of system calls are taken from. */
enum sets_source {
    SETS_PINNED, /* the table of one version of systemd, policy/sets_systemd_data.c */
    SETS_HOST,   /* systemd-analyze of this machine */
};

struct policy_text;
/* Takes a text that is a BPF program and no policy. ERROR_POLICY. */
typedef int policy_program_fn(void *context, const struct policy_text *text, struct error *error);

/* What a reader may be told from the command line, for questions a file leaves open. */
struct policy_options {
    const char *format;                  /* --format, a policy_format_name(); NULL: by content */
    const struct action *default_action; /* --default, for formats that leave it open; NULL: none */
    const char *architecture;            /* "x86_64": decides OCI includes/excludes.arches */
    const char *const *capabilities;     /* --caps: "CAP_SYS_ADMIN", ...; default none */
    size_t capability_count;
    const char *minimum_kernel; /* --min-kernel "4.14"; NULL: the oldest */
    /* OCI: what two conditions on one argument mean; minijail: whose reading of what its two
       compilers read differently. */
    enum {
        COMPAT_NONE,
        COMPAT_AND,
        COMPAT_RUNC,
        COMPAT_MINIJAIL0,
        COMPAT_COMPILE_SECCOMP_POLICY
    } compat;
    enum sets_source sets;              /* --sets */
    bool sets_given;                    /* is `sets` what somebody said? */
    const char *const *include_folders; /* --include-dir: where included files are looked for */
    size_t include_folder_count;
    policy_program_fn *program; /* NULL: a BPF program is refused; else *out is NULL for one */
    void *program_context;
    policy_include_fn *include; /* NULL: a policy that includes a file is refused */
    void *include_context;
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

/* One text that a policy is read from. All borrowed. */
struct policy_text {
    const char *file; /* the name used in errors and places */
    const char *text; /* not NUL-terminated */
    size_t size;      /* bytes, at most POLICY_MAX_BYTES */
};
#define POLICY_MAX_BYTES (16u << 20)

/* The name of a format that is read, as --format takes it; NULL past the last. */
const char *policy_format_name(size_t index);

/*
 * Reads a policy from `count` texts: the first one, and drop-ins in the order in which they apply
 * (formats without drop-ins take one text). The format is options->format, or told from the content
 * of the first. ERROR_POLICY with line and column on whatever cannot be honoured. The caller frees
 * *out.
 */
int policy_parse_texts(const struct policy_text *texts, size_t count,
                       const struct policy_options *options, struct policy **out,
                       struct policy_notes *notes, struct error *error);

/* The same of one text. */
int policy_parse(const char *file, const char *text, size_t size,
                 const struct policy_options *options, struct policy **out,
                 struct policy_notes *notes, struct error *error);

/*
 * policy_parse_texts() on files, "-" being standard input. Unless options->include says otherwise,
 * an included file is looked for as it is written, a relative one from the folder of the file that
 * names it; and in each of the include_folders, as FOLDER/PATH and as FOLDER/NAME. These come first
 * for an absolute path, last for a relative one.
 */
int policy_read_files(const char *const *paths, size_t count, const struct policy_options *options,
                      struct policy **out, struct policy_notes *notes, struct error *error);
int policy_read(const char *path, const struct policy_options *options, struct policy **out,
                struct policy_notes *notes, struct error *error);

/*
 * Inline rules, whatever their order. `list` is LIST[:ERRNO] for POLICY_INLINE_DENY (default
 * EPERM), a comma-separated list of names and sets ("@chown", "systemd:@clock") otherwise. A name
 * given twice with different actions is an error. A name wins over a set that has it; of two sets,
 * the stricter action.
 */
enum policy_inline_verb {
    POLICY_INLINE_ALLOW,
    POLICY_INLINE_DENY,
    POLICY_INLINE_LOG,
    POLICY_INLINE_KILL, /* kill-process */
};
int policy_add_inline(struct policy *policy, enum policy_inline_verb verb, const char *list,
                      enum sets_source sets, struct policy_notes *notes, struct error *error);

/*
 * The canonical form: JSON with one spelling for each policy, printed deterministically, that
 * policy_parse() reads back to an equal model. With a resolution it also has the numbers and
 * ceilings; canonical_parse() gives those back too (`resolution` may be NULL). Owned by the caller.
 */
char *canonical_print(const struct policy *policy, const struct resolution *resolution);
int canonical_parse(const char *file, const char *text, size_t size, struct policy **out,
                    struct resolution *resolution, struct error *error);

/*
 * The policy as OCI seccomp JSON: rules without order, and 32-bit comparisons as masks, so that it
 * means the same to elfcage and to what compares 64 bits. Owned by the caller. ERROR_POLICY for
 * what the format has no words for. `notes` may be NULL.
 */
int oci_print(const struct policy *policy, char **out, struct policy_notes *notes,
              struct error *error);

/*
 * Bits of argument `argument` of system call `name` that the kernel consumes: 32 or 64; 0 if the
 * table does not know. From policy/widths_data.c, whose rows are tested under the running kernel.
 */
unsigned argument_width(const char *name, unsigned argument);

#endif
