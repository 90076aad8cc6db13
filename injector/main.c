/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command table; the one place that prints an error and turns it into an exit status.
 */
#include "arch/arch.h"
#include "commands/batch.h"
#include "commands/command.h"
#include "policy/sets.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_inject,  &command_remove,  &command_show,
    &command_verify,  &command_compile, &command_simulate,
    &command_explain, &command_lint,    NULL,
};

static void print_help(void)
{
    puts("elfcage puts a seccomp filter inside an ELF file that is already built.\n"
         "\n"
         "usage: elfcage COMMAND [OPTION...] [FILE]\n"
         "\n"
         "commands:");
    for (const struct command *const *c = commands; *c; c++) {
        printf("  %-10s  %s\n", (*c)->name, (*c)->summary);
    }
    puts("\n"
         "options:\n"
         "  -h, --help  this text; \"elfcage COMMAND --help\" says more about one command\n"
         "  --version   versions of elfcage, its system calls, its sets of systemd\n"
         "\n"
         "exit status:\n"
         "  0 done, 1 a check says no, 2 usage, 3 policy, 4 ELF file not supported or damaged,\n"
         "  5 operating system, 70 a bug in elfcage\n"
         "\n"
         "example:\n"
         "  elfcage inject --default allow --deny chown,fchown,lchown,fchownat server -o "
         "server.caged");
}

static const struct command *find_command(const char *name)
{
    for (const struct command *const *c = commands; *c; c++) {
        if (strcmp((*c)->name, name) == 0) {
            return *c;
        }
    }
    return NULL;
}

static int run(int argument_count, char **arguments, struct error *error)
{
    if (argument_count < 2) {
        return error_set(error, ERROR_USAGE, "no command: see \"elfcage --help\"");
    }
    const char *name = arguments[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        const struct command *about = argument_count > 2 ? find_command(arguments[2]) : NULL;
        if (about) {
            command_help(about);
        } else {
            print_help();
        }
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        printf("elfcage %s (system calls: %s; sets: systemd %s)\n", ELFCAGE_VERSION,
               syscall_table_version(), systemd_sets_version);
        return 0;
    }
    const struct command *command = find_command(name);
    if (!command) {
        return error_set(error, ERROR_USAGE, "\"%s\" is not a command: see \"elfcage --help\"",
                         name);
    }
    return command->run(command, argument_count - 1, arguments + 1, error);
}

int main(int argument_count, char **arguments)
{
    struct error error = {0};
    int result = run(argument_count, arguments, &error);
    /* Findings that nobody can read are no answer: not even "no". */
    if ((result >= 0 || error.kind == ERROR_CHECK) && (fflush(stdout) != 0 || ferror(stdout))) {
        error_clear(&error);
        error_set(&error, ERROR_SYSTEM, "standard output cannot be written");
    } else if (result < 0 && error.kind == ERROR_NONE) {
        /* A failure must never pass for success, not even one that forgot to say what it is. */
        error_set(&error, ERROR_INTERNAL, "a failure without a reason: please report it");
    }
    if (error.kind == ERROR_NONE) {
        return result;
    }
    print_error(&error);
    int status = (int)error.kind;
    error_clear(&error);
    return status;
}
