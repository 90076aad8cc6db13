/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: status 0 only if the file is caged, intact, hooked, and its filter is proved equal to the
 * policy that is recorded in it, and with a policy on the command line, to that one.
 */
#include "elf/verify.h"
#include "base/memory.h"
#include "commands/batch.h"
#include "commands/caged.h"
#include "commands/compiled.h"
#include "commands/policy_source.h"
#include "commands/printable.h"
#include "commands/report.h"

#include <stdio.h>
#include <string.h>

struct verify {
    struct verify_accept accept;
    bool unproved, json;
};

enum { VERIFY_ACCEPT, VERIFY_JSON };

static const struct option_definition definitions[] = {
    {"accept", 0, "audit|warn|unproved",
     "let a cage pass that was made with --audit, with --on-load-failure\n"
     "warn, or of a BPF program, so that no policy is recorded",
     VERIFY_ACCEPT},
    {"json", 'j', NULL, "print the result as JSON", VERIFY_JSON},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct verify *verify = into;
    if (id == VERIFY_JSON) {
        verify->json = true;
    } else if (strcmp(value, "audit") == 0) {
        verify->accept.audit = true;
    } else if (strcmp(value, "warn") == 0) {
        verify->accept.warn = true;
    } else if (strcmp(value, "unproved") == 0) {
        verify->unproved = true;
    } else {
        return error_set(error, ERROR_USAGE, "%s: it is \"audit\", \"warn\" or \"unproved\"",
                         value);
    }
    return 0;
}

static const struct option_group verify_options = {
    .title = "verification",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

/* Names have the numbers that were recorded, which caged_read() has checked against the name table;
   the ceiling is the recorded one. What no policy is recorded for is proved. */
static int compare_policy(const char *file, const struct caged *caged, const struct policy *policy,
                          struct error *error)
{
    struct table *table = NULL;
    int result = table_resolve(policy, image_arch(caged->image), &table, NULL, NULL, error);
    if (result == 0 && !caged->policy) {
        result = prove_or_fail(&caged->filter, table, ERROR_CHECK, error);
        if (result < 0) {
            error_name_file(error, file);
        }
    } else if (result == 0 && !policy_equal(policy, caged->policy)) {
        result =
            error_file(error, ERROR_CHECK, file,
                       "carries another policy than the one given: compare with \"elfcage show "
                       "--policy\"");
    }
    table_free(table);
    return result;
}

/* What passed. */
struct outcome {
    bool proved;
    const char *text;
};

/* Does the cage carry the policy, or the filter, of the command line? */
static int compare(const char *file, const struct caged *caged, const struct policy_source *source,
                   const struct verbosity *verbosity, struct outcome *outcome, struct error *error)
{
    struct policy *policy = NULL;
    struct filter filter = {0};
    if (policy_source_load_any(source, image_arch(caged->image), verbosity, &policy, &filter,
                               error) < 0) {
        return -1;
    }
    int result = 0;
    if (policy) {
        *outcome = (struct outcome){true, "filter proved, policy as given"};
        result = compare_policy(file, caged, policy, error);
    } else if (!filter_equal(&filter, &caged->filter)) {
        result = error_file(error, ERROR_CHECK, file,
                            "carries another filter than the one given: compare with \"elfcage "
                            "show --filter\"");
    }
    if (!policy) {
        outcome->text = caged->policy ? "filter proved, filter as given"
                                      : "filter as given, no policy recorded: not proved";
    }
    policy_free(policy);
    filter_free(&filter);
    return result;
}

static int verify_file(const char *file, const struct verify *verify,
                       const struct policy_source *source, const struct verbosity *verbosity,
                       struct outcome *outcome, struct error *error)
{
    struct image *image = NULL;
    __attribute__((cleanup(caged_free))) struct caged caged = {0};
    if (image_open(file, &image, error) < 0) {
        return -1;
    }
    if (caged_read(image, &caged, error) < 0) {
        error->kind = ERROR_CHECK;
        return -1;
    }
    if (caged_verify(&caged, &verify->accept, error) < 0) {
        return -1;
    }
    *outcome = caged.policy ? (struct outcome){true, "filter proved"}
                            : (struct outcome){false, "no policy recorded: not proved"};
    if (policy_source_given(source)) {
        return compare(file, &caged, source, verbosity, outcome, error);
    }
    if (!caged.policy && !verify->unproved) {
        return error_file(
            error, ERROR_CHECK, file,
            "carries a filter as it was given, no policy is recorded, so that nothing "
            "is proved: --policy compares it, --accept unproved lets it pass");
    }
    return 0;
}

struct run_of_files {
    const struct verify *verify;
    const struct policy_source *source;
    const struct verbosity *verbosity;
};

static int verify_and_tell(const char *file, void *context, struct error *error)
{
    const struct run_of_files *files = context;
    struct outcome outcome = {0};
    int result = verify_file(file, files->verify, files->source, files->verbosity, &outcome, error);
    if (files->verify->json && (result == 0 || error->kind == ERROR_CHECK)) {
        report_verify(file, result == 0 && outcome.proved, result < 0 ? error : NULL);
    } else if (result == 0 && !files->verbosity->quiet) {
        CLEANUP_FREE char *name = printable(file);
        printf("%s: caged, intact, %s\n", name, outcome.text);
    }
    return result;
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct verify verify = {0};
    struct verbosity verbosity = {0};
    __attribute__((cleanup(policy_source_free))) struct policy_source source = {0};
    void *into[] = {&verify, &source, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (count == 0) {
        return command_usage_error(command, error, "give a FILE");
    }
    if (count > 1 && policy_source_is_read_once(&source)) {
        return command_usage_error(command, error,
                                   "standard input cannot be read again for each FILE: give the "
                                   "policy as a file");
    }
    struct run_of_files files = {&verify, &source, &verbosity};
    return batch_run(operands, count, verify_and_tell, &files, error);
}

const struct command command_verify = {
    .name = "verify",
    .summary = "is a file caged, intact, and its filter the policy?",
    .synopsis = "[--policy FILE | --default ACTION [RULES]] [OPTION...] FILE...",
    .example = "  elfcage verify --policy server.json server.caged",
    .groups = {&verify_options, &policy_options, &verbosity_options},
    .run = run,
};
