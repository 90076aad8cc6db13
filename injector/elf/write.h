/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying a plan out. The only code that writes files of users: a temporary file in the directory
 * of the destination, checked, then rename(2).
 */
#ifndef ELFCAGE_ELF_WRITE_H
#define ELFCAGE_ELF_WRITE_H

#include "elf/plan.h"

struct write_options {
    const char *destination; /* path; a symbolic link is followed, what is there is replaced */
    bool in_place;           /* the destination is the source; else it is found out */
    bool break_hardlinks; /* in place only: a file with more than one link is refused otherwise */
    bool sync;            /* fsync(2) the file and its directory */
};

/* Looks at the finished temporary file before it gets its name; -1 and an error stops everything.
 */
typedef int write_check(int fd, const char *name, void *context, struct error *error);

/*
 * Writes the new file. `source_fd` is the file the image was opened from. In place, its owner,
 * mode, ACL, file capabilities, security label and attributes go along, and what cannot be kept is
 * an error. Otherwise the new file is a copy that belongs to the caller: mode, ACL, capabilities
 * and attributes go along; set-user-ID and set-group-ID only where owner and group are the same
 * (privileges.c says why). On any error nothing is left behind: the destination is as before.
 * SIGHUP, SIGINT and SIGTERM wait until the temporary file is gone.
 */
int write_plan(const struct plan *plan, const struct image *image, int source_fd,
               const struct write_options *options, write_check *check, void *context,
               struct error *error);

/* A small file (compile -o, policies): same promises, mode 0666 less umask. */
int write_file(const char *destination, struct bytes contents, struct error *error);

#endif
