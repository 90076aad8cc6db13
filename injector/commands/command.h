/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command is one const entry: name, summary, options, function. main.c holds the table; help
 * texts are printed from the same data that the options are parsed by, so that they cannot drift
 * apart.
 */
#ifndef ELFCAGE_COMMANDS_COMMAND_H
#define ELFCAGE_COMMANDS_COMMAND_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct option_definition {
    const char *name;     /* long name, without "--" */
    char letter;          /* short name; 0: none */
    const char *argument; /* how help calls the value; NULL: takes none */
    const char *help;
    int id; /* what `take` of the group is told */
};

/* Options that belong together and fill one struct. */
struct option_group {
    const char *title; /* heading in help; NULL: the command's own */
    const struct option_definition *definitions;
    size_t count;
    /* One option into the struct; value is NULL if it takes none. ERROR_USAGE. */
    int (*take)(void *into, int id, const char *value, struct error *error);
};

/* A group and the struct it fills, for one call. */
struct option_target {
    const struct option_group *group;
    void *into;
};

#define COMMAND_MAX_GROUPS 4

struct command {
    const char *name;
    const char *summary;  /* one line */
    const char *synopsis; /* after "elfcage NAME " */
    const char *example;  /* one or more whole command lines, each indented by two */
    const struct option_group *groups[COMMAND_MAX_GROUPS];
    /* Returns 0, -1 with the error set, or a positive exit status of its own (explain --run).
       `arguments` are those after the command's name. */
    int (*run)(const struct command *command, int argument_count, char **arguments,
               struct error *error);
};

extern const struct command command_inject, command_remove, command_show, command_verify,
    command_compile, command_simulate, command_lint, command_explain;

/*
 * Parses `arguments` into the targets, one for each group of the command, in the same order.
 * *operands points into `arguments`. Returns 1 when --help was asked for and has been printed: the
 * command is done then. A negative number ends the options: it and what follows are operands.
 */
int command_parse(const struct command *command, int argument_count, char **arguments,
                  void *const *into, char ***operands, size_t *operand_count, struct error *error);

/* "elfcage NAME --help" on standard output. */
void command_help(const struct command *command);

/* ERROR_USAGE, with a pointer to the command's help. */
int command_usage_error(const struct command *command, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Options of every command: -q and -v. */
struct verbosity {
    bool quiet, verbose;
};
extern const struct option_group verbosity_options;
/* "elfcage: note: ..." on standard error, unless quiet. */
void note(const struct verbosity *verbosity, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
