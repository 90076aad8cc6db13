/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing that was converted is believed: it is read back, and the filter of the original is proved
 * equal to what was read.
 */
#include "commands/convert.h"

#include "base/memory.h"
#include "commands/policy_source.h"
#include "policy/unorder.h"

#include <string.h>

/* The rule of the policy by which the two readings differ: that which decides the call, or one of
   the JSON's action where the JSON has a rule for it and the policy has none. NULL: none. */
static const struct rule *differing_rule(const struct policy *policy, const struct policy *again,
                                         struct origin meant, struct origin written,
                                         struct action action, const struct syscall_rules **syscall)
{
    *syscall = NULL;
    if (meant.kind == ORIGIN_RULE) {
        *syscall = &policy->syscalls[meant.syscall];
        return &(*syscall)->rules[meant.rule];
    }
    if (written.kind == ORIGIN_RULE) {
        *syscall = policy_find(policy, again->syscalls[written.syscall].name);
    }
    for (size_t i = 0; *syscall && i < (*syscall)->rule_count; i++) {
        if (action_equal((*syscall)->rules[i].action, action)) {
            return &(*syscall)->rules[i];
        }
    }
    return NULL;
}

/* The call on which the JSON's reading (`again`, `table`) is another than the policy's. */
static int differs(const struct compiled *compiled, const struct policy *again,
                   const struct table *table, const struct seccomp_data *call, struct error *error)
{
    struct origin meant;
    struct origin written;
    struct action wanted = table_evaluate(compiled->table, call, &meant);
    struct action got = table_evaluate(table, call, &written);
    const struct abi *abi = abi_by_audit(call->arch);
    const char *where = abi ? abi->name : "that the policy does not name";
    CLEANUP_FREE char *call_words = call_text(call);
    CLEANUP_FREE char *wanted_words = action_text(wanted);
    CLEANUP_FREE char *got_words = action_text(got);
    const struct syscall_rules *syscall;
    const struct rule *rule =
        differing_rule(compiled->policy, again, meant, written, got, &syscall);
    if (!rule) {
        return error_set(error, ERROR_POLICY,
                         "the policy cannot be said in OCI JSON for the ABI %s: for %s the policy "
                         "wants %s, the JSON would give %s",
                         where, call_words, wanted_words, got_words);
    }
    return rule_error(syscall, (size_t)(rule - syscall->rules), error,
                      "cannot be said in OCI JSON for the ABI %s, which knows no order of rules: "
                      "for %s the policy wants %s, the JSON would give %s",
                      where, call_words, wanted_words, got_words);
}

/* Is the filter of the policy what the JSON, read again, says? */
static int prove_again(const struct compiled *compiled, const struct policy *again,
                       const struct table *table, struct error *error)
{
    struct counterexample counterexample;
    char *reason = NULL;
    enum proof proof = filter_prove(&compiled->filter, table, &counterexample, &reason);
    if (proof == PROOF_REFUTED) {
        return differs(compiled, again, table, &counterexample.call, error);
    }
    if (proof == PROOF_OPEN) {
        error_set(error, ERROR_POLICY, "the OCI JSON could not be proved equal to the policy: %s",
                  reason ? reason : "no reason given");
        free(reason);
        return -1;
    }
    return 0;
}

static int prove_text(const struct compiled *compiled, const char *text, struct error *error)
{
    const struct policy_options options = {.format = "oci", .architecture = compiled->arch->name};
    struct policy *again = NULL;
    struct table *table = NULL;
    int result =
        policy_parse("the converted policy", text, strlen(text), &options, &again, NULL, error);
    if (result == 0) {
        again->enosys_above = compiled->policy->enosys_above;
        result = table_resolve(again, compiled->arch, &table, NULL, NULL, error);
    }
    if (result == 0) {
        result = prove_again(compiled, again, table, error);
    }
    table_free(table);
    policy_free(again);
    return result;
}

int convert_to_oci(const struct compiled *compiled, const struct verbosity *verbosity, char **out,
                   struct error *error)
{
    struct policy_notes notes = {0};
    CLEANUP_FREE char *text = NULL;
    int result = oci_print(compiled->policy, &text, &notes, error);
    print_policy_notes(verbosity, &notes);
    if (result < 0 || prove_text(compiled, text, error) < 0) {
        return -1;
    }
    *out = STEAL(text);
    return 0;
}
