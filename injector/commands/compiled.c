/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/compiled.h"

#include "base/memory.h"
#include "commands/policy_source.h"

#include <inttypes.h>
#include <string.h>

int backend_parse(const char *text, enum backend *out, struct error *error)
{
    if (!text || strcmp(text, "elfcage") == 0) {
        *out = BACKEND_ELFCAGE;
        return 0;
    }
    if (strcmp(text, "libseccomp") == 0) {
        *out = BACKEND_LIBSECCOMP;
        return 0;
    }
    return error_set(error, ERROR_USAGE, "--backend %s: it is \"elfcage\" or \"libseccomp\"", text);
}

void compiled_free(struct compiled *compiled)
{
    policy_free(compiled->policy);
    table_free(compiled->table);
    filter_free(&compiled->filter);
    free(compiled->canonical);
    *compiled = (struct compiled){0};
}

static void move(struct compiled *to, struct compiled *from)
{
    *to = *from;
    *from = (struct compiled){0};
}

char *call_text(const struct seccomp_data *call)
{
    const struct abi *abi = abi_by_audit(call->arch);
    const char *name = abi ? abi_syscall_name(abi, (uint32_t)call->nr) : NULL;
    CLEANUP_FREE char *number = memory_printf("0x%" PRIx32, (uint32_t)call->nr);
    CLEANUP_FREE char *architecture = memory_printf("architecture 0x%" PRIx32, call->arch);
    return memory_printf("%s(0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx) of %s",
                         name ? name : number, call->args[0], call->args[1], call->args[2],
                         call->args[3], call->args[4], call->args[5],
                         abi ? abi->name : architecture);
}

char *origin_text(const struct policy *policy, struct origin origin)
{
    if (!policy) {
        return memory_strdup("the filter as it was given");
    }
    switch (origin.kind) {
    case ORIGIN_RULE: {
        const struct syscall_rules *rules = &policy->syscalls[origin.syscall];
        const struct rule *rule = &rules->rules[origin.rule];
        struct buffer text = {0};
        buffer_printf(&text, "rule %zu of %s", origin.rule + 1, rules->name);
        if (rule->set) {
            buffer_printf(&text, " by %s", rule->set);
        }
        if (rule->place.line) {
            buffer_printf(&text, " (%s:%zu:%zu)", rule->place.file, rule->place.line,
                          rule->place.column);
        }
        return buffer_steal_text(&text);
    }
    case ORIGIN_DEFAULT:
        return memory_strdup("the default action");
    case ORIGIN_CEILING:
        return memory_strdup("newer than the policy (--enosys-above)");
    case ORIGIN_FOREIGN:
        return memory_strdup("a number of a foreign ABI (x32, riscv32): refused whole");
    case ORIGIN_SKIPPED:
        return memory_strdup("number -1: a call that a tracer skips");
    case ORIGIN_REFUSED_ABI:
        return memory_strdup("an ABI that the policy does not name");
    }
    return memory_strdup("unknown");
}

int prove_or_fail(const struct filter *filter, const struct table *table, enum error_kind kind,
                  struct error *error)
{
    struct counterexample counterexample;
    char *reason = NULL;
    switch (filter_prove(filter, table, &counterexample, &reason)) {
    case PROOF_EQUAL:
        return 0;
    case PROOF_REFUTED: {
        CLEANUP_FREE char *call = call_text(&counterexample.call);
        CLEANUP_FREE char *expected = action_text(counterexample.expected);
        struct action returned;
        CLEANUP_FREE char *got = action_from_return_value(counterexample.program_returns, &returned)
                                     ? action_text(returned)
                                     : memory_strdup("a user notification");
        return error_set(
            error, kind,
            "the filter does not say what the policy says: for %s the policy wants %s, "
            "the filter gives %s",
            call, expected, got);
    }
    case PROOF_OPEN:
        break;
    }
    /* Not proved is a failure, but not a bug: a policy can be beyond the prover's budget. */
    error_set(error, kind == ERROR_INTERNAL ? ERROR_POLICY : kind,
              "the filter could not be proved equal to the policy: %s",
              reason ? reason : "no reason given");
    free(reason);
    return -1;
}

int compiled_make(struct policy *policy, const struct arch *arch, enum backend backend,
                  const struct verbosity *verbosity, struct compiled *out, struct error *error)
{
    __attribute__((cleanup(compiled_free))) struct compiled compiled = {
        .arch = arch,
        .policy = policy,
    };
    struct resolution resolution = {0};
    struct policy_notes notes = {0};
    int result = table_resolve(policy, arch, &compiled.table, &resolution, &notes, error);
    print_policy_notes(verbosity, &notes);
    if (result < 0) {
        return -1;
    }
    compiled.canonical = canonical_print(policy, &resolution);
    resolution_free(&resolution);
    result = backend == BACKEND_LIBSECCOMP
                 ? filter_build_libseccomp(compiled.table, &compiled.filter, error)
                 : filter_build(compiled.table, &compiled.filter, error);
    if (result < 0) {
        return -1;
    }
    /* A program of our own that is not proved is a bug; libseccomp's is a policy it cannot compile.
     */
    enum error_kind kind = backend == BACKEND_LIBSECCOMP ? ERROR_POLICY : ERROR_INTERNAL;
    if (prove_or_fail(&compiled.filter, compiled.table, kind, error) < 0) {
        return -1;
    }
    move(out, &compiled);
    return 0;
}

int compiled_load(const struct policy_source *source, const struct arch *arch, enum backend backend,
                  const struct verbosity *verbosity, struct compiled *out, struct error *error)
{
    struct policy *policy = NULL;
    struct filter filter = {0};
    if (policy_source_load_any(source, arch, verbosity, &policy, &filter, error) < 0) {
        return -1;
    }
    if (policy) {
        return compiled_make(policy, arch, backend, verbosity, out, error);
    }
    *out = (struct compiled){.arch = arch, .filter = filter, .canonical = memory_strdup("")};
    return 0;
}
