/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint: findings on a policy, and with a program on the pair. A caged program without a policy on
 * the command line is looked at with the policy that it carries.
 */
#include "base/memory.h"
#include "commands/caged.h"
#include "commands/lint_report.h"
#include "commands/policy_source.h"

#include <string.h>

struct lint_options {
    const char *target;
    bool json, sarif;
    enum severity threshold;
};

enum { LINT_TARGET, LINT_THRESHOLD, LINT_JSON, LINT_SARIF };

static const struct option_definition definitions[] = {
    {"target", 't', "ARCH",
     "without BINARY: x86_64, i386, aarch64, arm or riscv64\n"
     "(default: this machine's)",
     LINT_TARGET},
    {"threshold", 0, "note|warning|error",
     "findings of this severity or a higher one give status 1 (default: warning)", LINT_THRESHOLD},
    {"json", 'j', NULL, "print the findings as JSON", LINT_JSON},
    {"sarif", 0, NULL, "print them as SARIF 2.1.0", LINT_SARIF},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct lint_options *options = into;
    switch (id) {
    case LINT_TARGET:
        options->target = value;
        return 0;
    case LINT_THRESHOLD:
        return severity_parse(value, &options->threshold)
                   ? 0
                   : error_set(error, ERROR_USAGE, "%s: it is \"note\", \"warning\" or \"error\"",
                               value);
    case LINT_JSON:
        options->json = true;
        return 0;
    default:
        options->sarif = true;
        return 0;
    }
}

static const struct option_group lint_options_group = {
    .title = "findings",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

static int print_report(const struct lint_options *options, const struct lint_output *output,
                        struct error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < output->report->count; i++) {
        count += output->report->findings[i].check->severity >= options->threshold;
    }
    if (options->json) {
        report_lint_json(output);
    } else if (options->sarif) {
        report_lint_sarif(output);
    } else {
        report_lint_text(output);
    }
    if (count == 0) {
        return 0;
    }
    return error_set(
        error, ERROR_CHECK,
        "%zu finding%s of severity %s or higher: mend the policy, or raise --threshold", count,
        count == 1 ? "" : "s", severity_text(options->threshold));
}

/* Looks at the subject, whose table has still to be made if it is NULL. */
static int lint_subject(const struct lint_options *options, struct lint_subject subject,
                        bool recorded, struct error *error)
{
    struct table *table = NULL;
    if (!subject.table) {
        if (table_resolve(subject.policy, subject.arch, &table, NULL, NULL, error) < 0) {
            return -1;
        }
        subject.table = table;
    }
    struct lint_report report;
    lint_run(&subject, &report);
    const struct lint_output output = {
        .report = &report,
        .arch = subject.arch,
        .binary = subject.image ? image_name(subject.image) : NULL,
        .recorded = recorded,
    };
    int result = print_report(options, &output, error);
    lint_report_free(&report);
    table_free(table);
    return result;
}

static int lint_policy(const struct lint_options *options, const struct policy_source *source,
                       const struct verbosity *verbosity, struct error *error)
{
    const struct arch *arch = target_arch(options->target, error);
    if (!arch) {
        return -1;
    }
    struct policy *policy = NULL;
    if (policy_source_load(source, arch, verbosity, &policy, error) < 0) {
        return -1;
    }
    const struct lint_subject subject = {.policy = policy, .arch = arch};
    int result = lint_subject(options, subject, false, error);
    policy_free(policy);
    return result;
}

/* By the policy of the command line; `caged` is zeroed if the program is not. */
static int lint_pair(const struct lint_options *options, const struct policy_source *source,
                     const struct verbosity *verbosity, const struct image *image,
                     const struct caged *caged, struct error *error)
{
    struct policy *policy = NULL;
    if (policy_source_load(source, image_arch(image), verbosity, &policy, error) < 0) {
        return -1;
    }
    const struct lint_subject subject = {
        .policy = policy,
        .arch = image_arch(image),
        .image = image,
        .payload = caged->image ? &caged->payload : NULL,
        .carried_policy = caged->policy,
    };
    int result = lint_subject(options, subject, false, error);
    policy_free(policy);
    return result;
}

static int lint_caged(const struct lint_options *options, const struct caged *caged,
                      struct error *error)
{
    if (!caged->policy) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(caged->image),
                          "no policy is recorded in it, the filter was given as it is: give the "
                          "policy by --policy");
    }
    const struct lint_subject subject = {
        .policy = caged->policy,
        .arch = image_arch(caged->image),
        .table = caged->table,
        .image = caged->image,
        .payload = &caged->payload,
    };
    return lint_subject(options, subject, true, error);
}

static int lint_binary(const struct lint_options *options, const struct policy_source *source,
                       const struct verbosity *verbosity, const char *path, struct error *error)
{
    struct image *image = NULL;
    struct payload payload = {0};
    __attribute__((cleanup(caged_free))) struct caged caged = {0};
    if (image_open(path, &image, error) < 0) {
        return -1;
    }
    int found = payload_find(image, &payload, error);
    payload_clear(&payload);
    if (found < 0) {
        image_free(image);
        return -1;
    }
    if (found > 0 && caged_read(image, &caged, error) < 0) {
        return -1; /* caged_read() has freed the image */
    }
    if (policy_source_given(source)) {
        int result = lint_pair(options, source, verbosity, image, &caged, error);
        if (found == 0) {
            image_free(image);
        }
        return result;
    }
    if (found == 0) {
        image_free(image);
        return error_file(error, ERROR_USAGE, path,
                          "not caged: give the policy by --policy, or --default ACTION and rules");
    }
    return lint_caged(options, &caged, error);
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct lint_options options = {.threshold = SEVERITY_WARNING};
    struct verbosity verbosity = {0};
    __attribute__((cleanup(policy_source_free))) struct policy_source source = {0};
    void *into[] = {&source, &options, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (count > 1) {
        return command_usage_error(command, error, "give one BINARY (%zu were given)", count);
    }
    if (options.json && options.sarif) {
        return command_usage_error(command, error, "--json and --sarif exclude each other");
    }
    if (count == 1 && options.target) {
        return command_usage_error(command, error,
                                   "--target goes with a policy alone: BINARY says what it is for");
    }
    if (count == 1) {
        return lint_binary(&options, &source, &verbosity, operands[0], error);
    }
    if (!policy_source_given(&source)) {
        return command_usage_error(command, error, "give a policy, or a caged BINARY");
    }
    return lint_policy(&options, &source, &verbosity, error);
}

const struct command command_lint = {
    .name = "lint",
    .summary = "what a policy leaves open, breaks, or says in vain",
    .synopsis = "[--policy FILE | --default ACTION [RULES]] [OPTION...] [BINARY]",
    .example = "  elfcage lint --policy server.json server\n"
               "  elfcage lint --default allow --deny chown --threshold error",
    .groups = {&policy_options, &lint_options_group, &verbosity_options},
    .run = run,
};
