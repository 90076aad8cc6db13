/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate: what happens to one system call, and why. The action is what the filter program returns
 * when it is run on the call; the reason comes from the table; the two have been proved equal. A
 * filter that was given as it is has no table, and so no reasons.
 */
#include "base/memory.h"
#include "commands/caged.h"
#include "commands/call.h"
#include "commands/compiled.h"
#include "commands/policy_source.h"
#include "commands/report.h"

struct simulate {
    const char *target, *abi;
    bool json, trace;
};

enum { SIMULATE_TARGET, SIMULATE_ABI, SIMULATE_JSON, SIMULATE_TRACE };

static const struct option_definition definitions[] = {
    {"target", 't', "ARCH",
     "with a policy: x86_64, i386, aarch64, arm or riscv64\n"
     "(default: this machine's)",
     SIMULATE_TARGET},
    {"abi", 'a', "ABI",
     "the ABI of the call: x86_64, x32, i386, aarch64, arm or riscv64\n"
     "(default: native)",
     SIMULATE_ABI},
    {"trace", 0, NULL, "also print the instructions that are run", SIMULATE_TRACE},
    {"json", 'j', NULL, "print the result as JSON", SIMULATE_JSON},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct simulate *simulate = into;
    (void)error;
    switch (id) {
    case SIMULATE_TARGET:
        simulate->target = value;
        break;
    case SIMULATE_ABI:
        simulate->abi = value;
        break;
    case SIMULATE_TRACE:
        simulate->trace = true;
        break;
    default:
        simulate->json = true;
        break;
    }
    return 0;
}

static const struct option_group simulate_options = {
    .title = "simulation",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

/* Policy and table are NULL for a filter that was given as it is. */
static int simulate_call(const struct simulate *simulate, const struct arch *arch,
                         const struct policy *policy, const struct table *table,
                         const struct filter *filter, char **operands, size_t count,
                         struct error *error)
{
    struct simulation result = {.arch = arch, .policy = policy, .filter = filter};
    if (call_parse(arch, simulate->abi, operands, count, &result.call, error) < 0) {
        return -1;
    }
    uint32_t returned;
    if (filter_run(filter, &result.call, &returned, &result.trace, error) < 0) {
        return -1;
    }
    result.notifies = !action_from_return_value(returned, &result.action);
    int status = 0;
    if (table &&
        (result.notifies ||
         !action_equal(result.action, table_evaluate(table, &result.call, &result.origin)))) {
        status = error_set(error, ERROR_CHECK,
                           "the filter does not say what the policy says: run \"elfcage verify\"");
    } else {
        report_simulation(&result, simulate->json, simulate->trace);
    }
    free(result.trace.steps);
    return status;
}

static int simulate_policy(const struct simulate *simulate, const struct policy_source *source,
                           const struct verbosity *verbosity, char **operands, size_t count,
                           struct error *error)
{
    const struct arch *arch = target_arch(simulate->target, error);
    if (!arch) {
        return -1;
    }
    __attribute__((cleanup(compiled_free))) struct compiled compiled = {0};
    if (compiled_load(source, arch, BACKEND_ELFCAGE, verbosity, &compiled, error) < 0) {
        return -1;
    }
    return simulate_call(simulate, arch, compiled.policy, compiled.table, &compiled.filter,
                         operands, count, error);
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct simulate simulate = {0};
    struct verbosity verbosity = {0};
    __attribute__((cleanup(policy_source_free))) struct policy_source source = {0};
    void *into[] = {&source, &simulate, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (policy_source_given(&source)) {
        if (count == 0) {
            return command_usage_error(command, error, "give a system call");
        }
        return simulate_policy(&simulate, &source, &verbosity, operands, count, error);
    }
    if (count < 2) {
        return command_usage_error(command, error,
                                   "give a caged FILE (or a policy) and a system call");
    }
    if (simulate.target) {
        return command_usage_error(command, error, "--target goes with a policy");
    }
    __attribute__((cleanup(caged_free))) struct caged caged = {0};
    if (caged_open(operands[0], &caged, error) < 0) {
        return -1;
    }
    return simulate_call(&simulate, image_arch(caged.image), caged.policy, caged.table,
                         &caged.filter, operands + 1, count - 1, error);
}

const struct command command_simulate = {
    .name = "simulate",
    .summary = "what happens to one system call, and why",
    .synopsis =
        "[OPTION...] (FILE | --policy FILE | --default ACTION [RULES]) SYSCALL [ARGUMENT...]",
    .example = "  elfcage simulate server.caged fchownat\n"
               "  elfcage simulate --policy docker.json --abi i386 socket AF_VSOCK SOCK_STREAM",
    .groups = {&policy_options, &simulate_options, &verbosity_options},
    .run = run,
};
