/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file under a temporary name beside its destination, until it gets its name or goes away. For
 * write.c only.
 */
#ifndef ELFCAGE_ELF_TEMPORARY_H
#define ELFCAGE_ELF_TEMPORARY_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct temporary {
    const char *destination; /* as the user wrote it, for errors; borrowed */
    int directory;           /* the destination's, after symbolic links; O_PATH */
    char *base;              /* the destination's name in it; owned */
    char *name;              /* the temporary name in it; owned; NULL: there is no file */
    int fd;                  /* of the file, read and write */
    int lock;                /* of the file, for reading; says that it is in use */
    sigset_t signals;        /* that were blocked before */
};

/*
 * Makes an empty file beside `destination` (a symbolic link is followed, also one that leads to
 * nothing yet). `mode` is subject to the umask. *existing is the destination as it is now; its
 * st_mode is 0 if there is none. A destination that is there and no regular file is refused. Until
 * temporary_discard(), signals that end the program wait.
 */
int temporary_create(struct temporary *t, const char *destination, mode_t mode,
                     struct stat *existing, struct error *error);

/* To be called between steps: -1 and an error if a signal waits. */
int temporary_check_signals(const struct temporary *t, struct error *error);

/* Closes the file and gives it its name, in one step for whoever looks. `sync`: on disk before. */
int temporary_commit(struct temporary *t, bool sync, struct error *error);

/* Removes the file unless it was committed, and lets signals through. To be called in any case,
   also when temporary_create() failed. */
void temporary_discard(struct temporary *t);

#endif
