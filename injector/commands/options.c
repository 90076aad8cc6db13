/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables to getopt_long(3), and to help.
 */
#include "base/memory.h"
#include "commands/command.h"
#include "commands/printable.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    ID_HELP = 1,
    ID_FIRST = 256, /* getopt's value of option i of the flattened list is ID_FIRST + i */
};

/* The options of all groups of a command in one row, as getopt_long wants them, and what each is.
 */
struct flat_entry {
    const struct option_definition *definition;
    size_t group;
};

struct flat {
    struct option *long_options;
    char *short_options;
    struct flat_entry *entries;
    size_t count;
};

static void flat_free(struct flat *flat)
{
    free(flat->long_options);
    free(flat->short_options);
    free(flat->entries);
}

static struct flat flatten(const struct command *command)
{
    size_t total = 0;
    for (size_t g = 0; g < COMMAND_MAX_GROUPS && command->groups[g]; g++) {
        total += command->groups[g]->count;
    }
    struct flat flat = {
        .long_options = memory_zeroed(total + 2, sizeof *flat.long_options),
        .short_options = memory_zeroed(2 * total + 4, 1),
        .entries = memory_zeroed(total, sizeof *flat.entries),
    };
    char *letter = flat.short_options;
    *letter++ = ':';
    *letter++ = 'h';
    for (size_t g = 0; g < COMMAND_MAX_GROUPS && command->groups[g]; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct option_definition *definition = &command->groups[g]->definitions[i];
            flat.long_options[flat.count] = (struct option){
                .name = definition->name,
                .has_arg = definition->argument ? required_argument : no_argument,
                .val = ID_FIRST + (int)flat.count,
            };
            if (definition->letter) {
                *letter++ = definition->letter;
                if (definition->argument) {
                    *letter++ = ':';
                }
            }
            flat.entries[flat.count++] = (struct flat_entry){definition, g};
        }
    }
    flat.long_options[flat.count] = (struct option){.name = "help", .val = 'h'};
    return flat;
}

/* Index of what getopt returned in the flat row; flat->count if it is none of ours. */
static size_t flat_find(const struct flat *flat, int value)
{
    if (value >= ID_FIRST) {
        return (size_t)(value - ID_FIRST);
    }
    size_t i = 0;
    while (i < flat->count && flat->entries[i].definition->letter != value) {
        i++;
    }
    return i;
}

int command_usage_error(const struct command *command, struct error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_set(error, ERROR_USAGE, "%s: see \"elfcage %s --help\"", text, command->name);
}

/* Arguments before the first negative number. That and what follows it are operands (simulate). */
static int count_before_negative(int argument_count, char **arguments)
{
    int count = 1;
    while (count < argument_count && !(arguments[count][0] == '-' && arguments[count][1] >= '0' &&
                                       arguments[count][1] <= '9')) {
        count++;
    }
    return count;
}

int command_parse(const struct command *command, int argument_count, char **arguments,
                  void *const *into, char ***operands, size_t *operand_count, struct error *error)
{
    __attribute__((cleanup(flat_free))) struct flat flat = flatten(command);
    int parsed_count = count_before_negative(argument_count, arguments);
    optind = 0; /* glibc and musl: start anew, whatever was parsed before */
    opterr = 0;
    for (;;) {
        /* arguments[0] is the command's name, which getopt skips */
        int value = getopt_long(parsed_count, arguments, flat.short_options, flat.long_options,
                                NULL); /* NOLINT(concurrency-mt-unsafe): one thread */
        if (value == -1) {
            break;
        }
        if (value == 'h') {
            command_help(command);
            return 1;
        }
        char letter[3] = {'-', (char)optopt, 0};
        const char *given = optopt > 0 && optopt < ID_FIRST ? letter : arguments[optind - 1];
        if (value == ':') {
            return command_usage_error(command, error, "option %s needs a value", given);
        }
        if (value == '?') {
            return command_usage_error(command, error, "option %s is not known, or is not unique",
                                       given);
        }
        size_t i = flat_find(&flat, value);
        assert(i < flat.count);
        const struct option_definition *definition = flat.entries[i].definition;
        size_t g = flat.entries[i].group;
        if (command->groups[g]->take(into[g], definition->id, definition->argument ? optarg : NULL,
                                     error) < 0) {
            return error->kind == ERROR_USAGE
                       ? error_context(error, "option --%s", definition->name)
                       : -1;
        }
    }
    *operands = arguments + optind;
    *operand_count = (size_t)(argument_count - optind);
    return 0;
}

static void print_option(const struct option_definition *definition)
{
    CLEANUP_FREE char *left = memory_printf("%s%c%s--%s%s%s", definition->letter ? "-" : " ",
                                            definition->letter ? definition->letter : ' ',
                                            definition->letter ? ", " : "  ", definition->name,
                                            definition->argument ? " " : "",
                                            definition->argument ? definition->argument : "");
    if (strlen(left) > 26) {
        printf("  %s\n  %-26s  ", left, "");
    } else {
        printf("  %-26s  ", left);
    }
    for (const char *text = definition->help; *text; text++) {
        if (*text == '\n') {
            printf("\n  %-26s  ", "");
        } else {
            putchar(*text);
        }
    }
    putchar('\n');
}

void command_help(const struct command *command)
{
    printf("%s\n\nusage: elfcage %s %s\n", command->summary, command->name, command->synopsis);
    for (size_t g = 0; g < COMMAND_MAX_GROUPS && command->groups[g]; g++) {
        const struct option_group *group = command->groups[g];
        if (group->title) {
            printf("\n%s:\n", group->title);
        } else if (g == 0) {
            printf("\noptions:\n");
        }
        for (size_t i = 0; i < group->count; i++) {
            print_option(&group->definitions[i]);
        }
    }
    printf("  -h, --help                  this text\n\nexample:\n%s\n", command->example);
}

enum { VERBOSITY_QUIET, VERBOSITY_VERBOSE };

static int verbosity_take(void *into, int id, const char *value, struct error *error)
{
    (void)value;
    (void)error;
    struct verbosity *verbosity = into;
    if (id == VERBOSITY_QUIET) {
        verbosity->quiet = true;
    } else {
        verbosity->verbose = true;
    }
    return 0;
}

static const struct option_definition verbosity_definitions[] = {
    {"quiet", 'q', NULL, "no notes, errors only", VERBOSITY_QUIET},
    {"verbose", 'v', NULL, "say what is done", VERBOSITY_VERBOSE},
};

const struct option_group verbosity_options = {
    .title = "general",
    .definitions = verbosity_definitions,
    .count = sizeof verbosity_definitions / sizeof *verbosity_definitions,
    .take = verbosity_take,
};

void note(const struct verbosity *verbosity, const char *format, ...)
{
    if (verbosity->quiet) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *raw = memory_vprintf(format, arguments);
    va_end(arguments);
    CLEANUP_FREE char *text = printable(raw);
    fprintf(stderr, "elfcage: note: %s\n", text);
}
