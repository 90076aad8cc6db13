/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show: what is inside a caged file.
 */
#include "base/memory.h"
#include "commands/caged.h"
#include "commands/command.h"
#include "commands/report.h"
#include "commands/show_list.h"

#include <stdio.h>

struct show {
    bool policy, filter, json, recursive;
};

enum { SHOW_POLICY, SHOW_FILTER, SHOW_JSON, SHOW_RECURSIVE };

static const struct option_definition definitions[] = {
    {"policy", 'p', NULL, "print the policy alone, in the form that --policy reads", SHOW_POLICY},
    {"filter", 'f', NULL, "print the filter too, disassembled", SHOW_FILTER},
    {"json", 'j', NULL, "print all as JSON", SHOW_JSON},
    {"recursive", 'r', NULL, "FILE is a folder: list every caged file below it", SHOW_RECURSIVE},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct show *show = into;
    (void)value;
    (void)error;
    switch (id) {
    case SHOW_POLICY:
        show->policy = true;
        break;
    case SHOW_FILTER:
        show->filter = true;
        break;
    case SHOW_JSON:
        show->json = true;
        break;
    default:
        show->recursive = true;
        break;
    }
    return 0;
}

static const struct option_group show_options = {
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

static int show_file(const char *file, const struct show *show, struct error *error)
{
    __attribute__((cleanup(caged_free))) struct caged caged = {0};
    if (caged_open(file, &caged, error) < 0) {
        return -1;
    }
    if (show->policy && !caged.policy) {
        return error_file(error, ERROR_UNSUPPORTED, file,
                          "no policy is recorded in it: the filter was given as it is, --filter "
                          "prints it");
    }
    if (show->policy) {
        CLEANUP_FREE char *text = canonical_print(caged.policy, NULL);
        fputs(text, stdout);
        return 0;
    }
    report_cage(file, &caged, show->json, show->filter);
    return 0;
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct show show = {0};
    struct verbosity verbosity = {0};
    void *into[] = {&show, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (count != 1) {
        return command_usage_error(command, error, "give one FILE (%zu were given)", count);
    }
    if (show.recursive && (show.policy || show.filter)) {
        return command_usage_error(command, error, "--recursive lists: it takes no --%s",
                                   show.policy ? "policy" : "filter");
    }
    return show.recursive ? show_list(operands[0], show.json, error)
                          : show_file(operands[0], &show, error);
}

const struct command command_show = {
    .name = "show",
    .summary = "what is inside a caged file",
    .synopsis = "[OPTION...] FILE",
    .example = "  elfcage show server.caged\n"
               "  elfcage show --policy server.caged > server.json",
    .groups = {&show_options, &verbosity_options},
    .run = run,
};
