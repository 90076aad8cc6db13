/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file or thousands in one run: what went wrong with one is told, and the rest goes on.
 */
#ifndef ELFCAGE_COMMANDS_BATCH_H
#define ELFCAGE_COMMANDS_BATCH_H

#include "base/error.h"

typedef int batch_function(const char *file, void *context, struct error *error);

/*
 * Calls the function for each file. Of a single file its result is handed on. Of several, an error
 * that names the file is printed when it comes, and the result is the highest exit status among
 * them, or 0. Any other error (command line, policy) concerns all files alike: it ends the run and
 * is handed on.
 */
int batch_run(char **files, size_t count, batch_function *function, void *context,
              struct error *error);

/* "elfcage: FILE...: what is wrong: what to do" on standard error. */
void print_error(const struct error *error);

#endif
