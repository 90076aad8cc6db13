/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command writes an ELF file to: -o OUT or -i, and the promises about it.
 */
#ifndef ELFCAGE_COMMANDS_OUTPUT_H
#define ELFCAGE_COMMANDS_OUTPUT_H

#include "commands/command.h"
#include "elf/write.h"

struct output {
    const char *path; /* -o */
    bool in_place;    /* -i */
    bool break_hardlinks, sync;
};

extern const struct option_group output_options;

/* ERROR_USAGE unless exactly one of -o and -i was given. */
int output_settle(const struct output *output, struct error *error);

/* ERROR_USAGE unless there is one FILE, or with -i one or more. */
int output_check_operands(const struct command *command, const struct output *output, size_t count,
                          struct error *error);

/* The path that is written when `source` is the input. */
const char *output_path(const struct output *output, const char *source);

/* Opens an input file for reading; it has to be a regular file. -1 and the error, or the
 * descriptor. */
int output_open_source(const char *path, struct error *error);

/* write_plan() with these options. With -o the new file belongs to the caller, so that set-user-ID
   and set-group-ID may have to go: a note says so. */
int output_write(const struct output *output, const struct verbosity *verbosity, const char *source,
                 const struct plan *plan, const struct image *image, int source_fd,
                 write_check *check, void *context, struct error *error);

#endif
