/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies are built and proved, for every target: the program that build makes is equal to
 * the table; the interpreter agrees with the table on every edge, and in 64-bit ABIs with the
 * policy itself, which depends on neither build nor prove. And what is always allowed is left to
 * the kernel's action cache.
 *
 *     proof_random --count 100000
 */
#include "harness.h"

#include "base/memory.h"
#include "filter/run.h"

#include <inttypes.h>
#include <stdio.h>

struct totals {
    uint64_t policies, programs, instructions, calls, meant, cached;
    uint64_t unresolved, unbuilt, unproved, disagreeing, misunderstood, uncached;
};

static bool may_print(const struct totals *totals)
{
    return totals->unresolved + totals->unbuilt + totals->unproved + totals->disagreeing +
               totals->misunderstood + totals->uncached <=
           10;
}

static void complain(const struct totals *totals, uint64_t index, const struct arch *arch,
                     const struct policy *policy, const struct filter *filter, const char *what)
{
    if (may_print(totals)) {
        printf("# policy %" PRIu64 " for %s: %s\n", index, arch->name, what);
        print_policy(policy);
        if (filter) {
            print_filter(filter);
        }
    }
}

/* Numbers that are allowed whatever their arguments are, at both ends of their range. */
static bool allowed_is_cached(const struct filter *filter, const struct table *table,
                              uint64_t *cached)
{
    for (size_t a = 0; a < table->abi_count; a++) {
        const struct table_abi *abi = &table->abis[a];
        for (size_t r = 0; r < abi->range_count; r++) {
            const struct table_range *range = &abi->ranges[r];
            if (range->rule_count > 0 || range->default_action.kind != ACTION_ALLOW) {
                continue;
            }
            if (!filter_is_cached(filter, abi->audit_architecture, range->first) ||
                !filter_is_cached(filter, abi->audit_architecture, range->last)) {
                return false;
            }
            (*cached)++;
        }
    }
    return true;
}

/* The interpreter against the policy. */
struct meaning {
    const struct filter *filter;
    const struct policy *policy;
    const struct abi *abi;
    uint64_t calls;
    struct seccomp_data differing;
};

static bool visit_meaning(void *context, const struct seccomp_data *call)
{
    struct meaning *meaning = context;
    struct action expected;
    struct action action;
    if (call->arch != meaning->abi->audit_architecture ||
        !policy_means(meaning->policy, meaning->abi, call, &expected)) {
        return true;
    }
    meaning->calls++;
    meaning->differing = *call;
    return action_from_return_value(filter_execute(meaning->filter, call, NULL), &action) &&
           action_equal(action, expected);
}

static void check_meaning(struct totals *totals, uint64_t index, const struct arch *arch,
                          const struct policy *policy, const struct table *table,
                          const struct filter *filter, struct random *random)
{
    struct meaning meaning = {.filter = filter, .policy = policy, .abi = arch->abis[0]};
    if (meaning.abi->bits != 64) {
        return;
    }
    if (!edges_visit(table, random, visit_meaning, &meaning)) {
        totals->misunderstood++;
        complain(totals, index, arch, policy, filter, "the interpreter disagrees with the policy");
        print_call("call", &meaning.differing);
    }
    totals->meant += meaning.calls;
}

static void prove_one(struct totals *totals, uint64_t index, const struct arch *arch,
                      const struct policy *policy, const struct table *table, struct random *random)
{
    struct filter filter = {0};
    struct error error = {0};
    if (filter_build(table, &filter, &error) < 0 || filter_check(&filter, &error) < 0) {
        totals->unbuilt++;
        complain(totals, index, arch, policy, NULL, error.text);
        error_clear(&error);
        filter_free(&filter);
        return;
    }
    totals->programs++;
    totals->instructions += filter.count;
    struct counterexample found;
    struct seccomp_data differing;
    CLEANUP_FREE char *reason = NULL;
    enum proof proof = filter_prove(&filter, table, &found, &reason);
    if (proof != PROOF_EQUAL) {
        totals->unproved++;
        complain(totals, index, arch, policy, &filter, reason ? reason : "refuted");
        if (proof == PROOF_REFUTED && may_print(totals)) {
            print_call("counterexample", &found.call);
        }
    }
    if (!edges_agree(&filter, table, random, &totals->calls, &differing)) {
        totals->disagreeing++;
        complain(totals, index, arch, policy, &filter, "the interpreter disagrees with the table");
        print_call("call", &differing);
    }
    check_meaning(totals, index, arch, policy, table, &filter, random);
    if (!allowed_is_cached(&filter, table, &totals->cached)) {
        totals->uncached++;
        complain(totals, index, arch, policy, &filter, "an allowed call runs the program");
    }
    filter_free(&filter);
}

static bool is_named(const struct policy *policy, const struct arch *arch)
{
    for (size_t i = 0; i < policy->abi_count; i++) {
        if (abi_by_name(policy->abis[i]) == arch->abis[0]) {
            return true;
        }
    }
    return policy->abi_count == 0;
}

static void prove_policy(struct totals *totals, uint64_t seed, uint64_t index)
{
    struct random random = random_of(seed, index);
    struct policy *policy = random_policy(&random);
    totals->policies++;
    const struct arch *arch;
    for (size_t i = 0; (arch = arch_at(i)); i++) {
        struct table *table = NULL;
        struct error error = {0};
        if (!is_named(policy, arch)) {
            continue;
        }
        if (table_resolve(policy, arch, &table, NULL, NULL, &error) < 0) {
            totals->unresolved++;
            complain(totals, index, arch, policy, NULL, error.text);
            error_clear(&error);
            continue;
        }
        prove_one(totals, index, arch, policy, table, &random);
        table_free(table);
    }
    policy_free(policy);
}

int main(int argc, char **argv)
{
    const struct options options = options_read(argc, argv, 1000);
    struct totals totals = {0};
    struct tap tap = {0};
    for (uint64_t i = 0; i < options.count; i++) {
        prove_policy(&totals, options.seed, options.first + i);
    }
    printf("# seed %" PRIu64 ": %" PRIu64 " policies, %" PRIu64 " programs, %" PRIu64
           " instructions\n",
           options.seed, totals.policies, totals.programs, totals.instructions);
    tap_check(&tap, totals.unresolved == 0, "every random policy has a table (%" PRIu64 ")",
              totals.policies);
    tap_check(&tap, totals.unbuilt == 0 && totals.programs >= totals.policies,
              "every table is built (%" PRIu64 " programs)", totals.programs);
    tap_check(&tap, totals.unproved == 0, "every program is proved equal (%" PRIu64 " are not)",
              totals.unproved);
    tap_check(&tap, totals.disagreeing == 0,
              "the interpreter agrees with the table on %" PRIu64 " edge calls", totals.calls);
    tap_check(&tap, totals.misunderstood == 0 && totals.meant > 0,
              "and with the policy on %" PRIu64 " of 64-bit ABIs", totals.meant);
    tap_check(&tap, totals.uncached == 0,
              "the action cache decides what is always allowed (%" PRIu64 " ranges)",
              totals.cached);
    return tap_done(&tap);
}
