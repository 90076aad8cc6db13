/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: status 0 only if the file is caged, intact, hooked, and its filter is proved equal to the
 * policy that is recorded in it, and with a policy on the command line, to that one.
 */
#include "elf/verify.h"
#include "base/memory.h"
#include "commands/caged.h"
#include "commands/compiled.h"
#include "commands/policy_source.h"
#include "commands/report.h"

#include <stdio.h>
#include <string.h>

struct verify {
    struct verify_accept accept;
    bool json;
};

enum { VERIFY_ACCEPT, VERIFY_JSON };

static const struct option_definition definitions[] = {
    {"accept", 0, "audit|warn",
     "let a cage pass that was made with --audit, or with\n--on-load-failure warn", VERIFY_ACCEPT},
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
    } else {
        return error_set(error, ERROR_USAGE, "%s: it is \"audit\" or \"warn\"", value);
    }
    return 0;
}

static const struct option_group verify_options = {
    .title = "verification",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

/* Does the cage carry the policy of the command line? Names have the numbers that were recorded,
   which caged_read() has checked against the name table; the ceiling is the recorded one. */
static int compare_policy(const char *file, const struct caged *caged,
                          const struct policy_source *source, const struct verbosity *verbosity,
                          struct error *error)
{
    struct policy *policy = NULL;
    if (policy_source_load(source, image_arch(caged->image), verbosity, &policy, error) < 0) {
        return -1;
    }
    struct table *table = NULL;
    int result = table_resolve(policy, image_arch(caged->image), &table, NULL, NULL, error);
    table_free(table);
    if (result == 0 && !policy_equal(policy, caged->policy)) {
        result =
            error_file(error, ERROR_CHECK, file,
                       "carries another policy than the one given: compare with \"elfcage show "
                       "--policy\"");
    }
    policy_free(policy);
    return result;
}

static int verify_file(const char *file, const struct verify *verify,
                       const struct policy_source *source, const struct verbosity *verbosity,
                       struct error *error)
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
    return policy_source_given(source) ? compare_policy(file, &caged, source, verbosity, error) : 0;
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
    if (count != 1) {
        return command_usage_error(command, error, "give one FILE (%zu were given)", count);
    }
    int result = verify_file(operands[0], &verify, &source, &verbosity, error);
    if (verify.json && (result == 0 || error->kind == ERROR_CHECK)) {
        report_verify(operands[0], result < 0 ? error : NULL);
    } else if (result == 0 && !verbosity.quiet) {
        printf("%s: caged, intact, filter proved%s\n", operands[0],
               policy_source_given(&source) ? ", policy as given" : "");
    }
    return result;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "is a file caged, intact, and its filter the policy?",
    .synopsis = "[--policy FILE | --default ACTION [RULES]] [OPTION...] FILE",
    .example = "  elfcage verify --policy server.json server.caged",
    .groups = {&verify_options, &policy_options, &verbosity_options},
    .run = run,
};
