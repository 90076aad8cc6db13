/* SPDX-License-Identifier: Apache-2.0 */
/* explain --run: the command under ptrace, and what its filters refuse. */
#ifndef ELFCAGE_COMMANDS_EXPLAIN_RUN_H
#define ELFCAGE_COMMANDS_EXPLAIN_RUN_H

#include "commands/caged.h"
#include "commands/explanation.h"

#include <stdio.h>

/* Caged programs that were run, and what they are explained by. */
struct run_cages {
    struct run_cage {
        struct caged caged;
        struct subject subject;
        char *path; /* owned */
    } * *items;     /* owned; each stays where it is, since events point to its subject */
    size_t count, capacity;
};
void run_cages_free(struct run_cages *cages); /* what it holds */

struct explained_run {
    const struct subject *policy; /* of the command line; NULL: none */
    FILE *stream;                 /* a line for each call as it happens; NULL: none */
    struct run_cages cages;
    struct events events;
    int status;  /* of the command, as waitpid(2) gives it */
    bool loaded; /* a filter, by the command or what it started */
};

/* Fills in cages, events, status and loaded. */
int explain_run(struct explained_run *run, char *const *arguments, struct error *error);

#endif
