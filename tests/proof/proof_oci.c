/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies survive the way through OCI JSON, which has neither order nor widths: random ones are
 * written, read back, and the filter of the original is proved equal to what was read, for every
 * target. What the format has no words for is refused.
 *
 * And they mean the same to those who read OCI JSON by libseccomp, as runc does, comparing 64 bits:
 * such a program agrees with the policy on all edges, upper halves included. Policies with
 * comparisons that are said neither by EQ nor by a mask are left out of that: libseccomp 2.5.4
 * compiles one in ten of them wrongly (proof_libseccomp).
 *
 *     proof_oci --count 100000
 */
#include "harness.h"

#include "base/memory.h"
#include "filter/prove.h"
#include "filter/run.h"
#include "policy/internal.h"
#include "policy/widths.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libseccomp 2.5.4 loses memory of rules that it merges. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libseccomp.so\n";
}

struct totals {
    uint64_t policies, refused, plausible_refused, written, proofs, elsewhere, open, compiled,
        calls;
    uint64_t wrong_refusals, unread, unequal, disagreeing;
};

static void complain(struct totals *totals, uint64_t index, const struct policy *policy,
                     const char *what, const char *text)
{
    if (totals->wrong_refusals + totals->unread + totals->unequal + totals->disagreeing < 5) {
        printf("# policy %" PRIu64 ": %s\n", index, what);
        print_policy(policy);
        for (const char *line = text; line && *line; line += *line == '\n') {
            int length = (int)strcspn(line, "\n");
            printf("#   | %.*s\n", length, line);
            line += length;
        }
    }
}

/* Policies as readers make them: widths are what the kernel consumes, and each rule can hold. Every
   tenth stays wild; one whose rules can never hold may mean something else without them, where what
   is named decides what is newer than the policy. That is refused too. */
static void make_plausible(struct policy *policy)
{
    policy->audit = false;
    for (size_t s = 0; s < policy->syscall_count; s++) {
        struct syscall_rules *syscall = &policy->syscalls[s];
        for (size_t r = 0; r < syscall->rule_count; r++) {
            struct rule *rule = &syscall->rules[r];
            size_t kept = 0;
            rule->action.data = rule->action.kind == ACTION_TRAP ? 0 : rule->action.data;
            for (size_t c = 0; c < rule->condition_count; c++) {
                struct condition *condition = &rule->conditions[c];
                unsigned width = argument_width(syscall->name, condition->argument);
                if (!width || argument_is_short(syscall->name, condition->argument)) {
                    continue;
                }
                condition->width = (uint8_t)width;
                if (argument_depends(syscall->name, condition->argument)) {
                    condition->width = action_denies(rule->action) ? 32 : 64;
                }
                if (condition->width == 32) {
                    condition->value &= UINT32_MAX;
                    condition->mask &= UINT32_MAX;
                }
                rule->conditions[kept++] = *condition;
            }
            rule->condition_count = kept;
            if (!conditions_can_hold(rule->conditions, kept, NULL, 0)) {
                rule->condition_count = 0; /* readers refuse such a rule */
            }
        }
    }
    if (policy->default_action.kind == ACTION_TRAP) {
        policy->default_action.data = 0;
    }
}

/* Is every comparison one by EQ or by a mask? */
static bool is_simple(const struct policy *policy)
{
    for (size_t s = 0; s < policy->syscall_count; s++) {
        const struct syscall_rules *syscall = &policy->syscalls[s];
        for (size_t r = 0; r < syscall->rule_count; r++) {
            for (size_t c = 0; c < syscall->rules[r].condition_count; c++) {
                enum compare compare = syscall->rules[r].conditions[c].compare;
                if (compare != COMPARE_EQ && compare != COMPARE_MASKED_EQ) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* The program of libseccomp for x86-64, as runc has it made from what the JSON says. */
static bool compile_as_runc(const struct policy *read, struct filter *out)
{
    scmp_filter_ctx context = seccomp_init(action_return_value(read->default_action));
    bool made = context != NULL;
    for (size_t s = 0; s < read->syscall_count && made; s++) {
        const struct syscall_rules *syscall = &read->syscalls[s];
        uint32_t number;
        if (!abi_syscall_number(abi_by_name("x86_64"), syscall->name, &number)) {
            continue;
        }
        for (size_t r = 0; r < syscall->rule_count && made; r++) {
            const struct rule *rule = &syscall->rules[r];
            struct scmp_arg_cmp arguments[POLICY_ARGUMENTS];
            if (action_equal(rule->action, read->default_action)) {
                continue; /* runc leaves those out */
            }
            for (size_t c = 0; c < rule->condition_count; c++) {
                const struct condition *condition = &rule->conditions[c];
                bool masked = condition->compare == COMPARE_MASKED_EQ;
                arguments[c] = (struct scmp_arg_cmp){
                    condition->argument, masked ? SCMP_CMP_MASKED_EQ : SCMP_CMP_EQ,
                    masked ? condition->mask : condition->value, masked ? condition->value : 0};
            }
            int result =
                seccomp_rule_add_array(context, action_return_value(rule->action), (int)number,
                                       (unsigned)rule->condition_count, arguments);
            made = result == 0 || result == -EEXIST;
        }
    }
    int fd = memfd_create("filter", MFD_CLOEXEC);
    made = made && seccomp_export_bpf(context, fd) == 0;
    off_t size = made ? lseek(fd, 0, SEEK_END) : 0;
    out->count = (size_t)size / sizeof *out->instructions;
    out->instructions = memory_zeroed(out->count, sizeof *out->instructions);
    made = made && pread(fd, out->instructions, (size_t)size, 0) == size;
    close(fd);
    if (context) {
        seccomp_release(context);
    }
    return made;
}

struct agreement {
    const struct filter *filter;
    const struct policy *policy;
    uint64_t calls;
    struct seccomp_data differing;
};

static bool visit(void *context, const struct seccomp_data *call)
{
    struct agreement *a = context;
    const struct abi *abi = abi_by_name("x86_64");
    const char *name =
        call->arch == abi->audit_architecture ? abi_syscall_name(abi, (uint32_t)call->nr) : NULL;
    struct action expected;
    struct action action;
    if (!name || !policy_find(a->policy, name) || !policy_means(a->policy, abi, call, &expected)) {
        return true;
    }
    a->calls++;
    a->differing = *call;
    return action_from_return_value(filter_execute(a->filter, call, NULL), &action) &&
           action_equal(action, expected);
}

static void compare_with_libseccomp(struct totals *totals, uint64_t index,
                                    const struct policy *policy, const struct policy *read,
                                    const char *text, struct random *random)
{
    struct table *table = NULL;
    struct error error = {0};
    struct agreement agreement = {.policy = policy};
    struct filter filter = {0};
    if (table_resolve(policy, arch_by_name("x86_64"), &table, NULL, NULL, &error) < 0) {
        error_clear(&error);
        return;
    }
    if (compile_as_runc(read, &filter) && filter_check(&filter, &error) == 0) {
        totals->compiled++;
        agreement.filter = &filter;
        if (!edges_visit(table, random, visit, &agreement)) {
            complain(totals, index, policy, "libseccomp makes something else of the JSON", text);
            print_call("call", &agreement.differing);
            totals->disagreeing++;
        }
        totals->calls += agreement.calls;
    }
    error_clear(&error);
    filter_free(&filter);
    table_free(table);
}

static bool is_named(const struct policy *policy, const struct arch *arch)
{
    for (size_t i = 0; i < policy->abi_count; i++) {
        if (strcmp(policy->abis[i], arch->abis[0]->name) == 0) {
            return true;
        }
    }
    return policy->abi_count == 0;
}

/* Of a refusal: is it allowed? In 32-bit ABIs elfcage carries denials over to other calls, where it
   is the coarser the more order and comparisons a policy has; where that makes a difference, or the
   proof runs out of its budget, "compile --to oci" says so and writes nothing. */
static bool is_refused(struct totals *totals, enum proof proof, const struct counterexample *found)
{
    const struct abi *abi = proof == PROOF_REFUTED ? abi_by_audit(found->call.arch) : NULL;
    totals->open += proof == PROOF_OPEN;
    totals->elsewhere += abi && abi->bits == 32;
    return proof == PROOF_OPEN || (abi && abi->bits == 32);
}

/* Reads the text for one target and proves the filter of the policy equal to it. */
static void check_target(struct totals *totals, uint64_t index, const struct policy *policy,
                         bool wild, const struct arch *arch, const char *text,
                         struct random *random)
{
    const struct policy_options options = {.format = "oci", .architecture = arch->name};
    struct policy *read = NULL;
    struct table *tables[2] = {0};
    struct filter filter = {0};
    struct counterexample found;
    struct error error = {0};
    if (policy_parse("text", text, strlen(text), &options, &read, NULL, &error) < 0) {
        complain(totals, index, policy, error.text, text);
        totals->unread++;
        error_clear(&error);
        return;
    }
    read->enosys_above = policy->enosys_above;
    enum proof proof = PROOF_OPEN;
    if (table_resolve(policy, arch, &tables[0], NULL, NULL, &error) == 0 &&
        table_resolve(read, arch, &tables[1], NULL, NULL, &error) == 0 &&
        filter_build(tables[0], &filter, &error) == 0) {
        proof = prove_with_budget(&filter, tables[1], PROVE_BUDGET_STEPS / 5, &found, NULL);
    }
    if (error.text || (proof != PROOF_EQUAL && !is_refused(totals, proof, &found) && !wild)) {
        complain(totals, index, policy, error.text ? error.text : "another meaning", text);
        if (!error.text) {
            print_call(arch->name, &found.call);
        }
        totals->unequal++;
        error_clear(&error);
    }
    totals->proofs++;
    if (strcmp(arch->name, "x86_64") == 0 && is_simple(read)) {
        compare_with_libseccomp(totals, index, policy, read, text, random);
    }
    filter_free(&filter);
    table_free(tables[0]);
    table_free(tables[1]);
    policy_free(read);
}

static void check_policy(struct totals *totals, uint64_t seed, uint64_t index)
{
    struct random random = random_of(seed, index);
    struct policy *policy = random_policy(&random);
    bool wild = index % 10 == 9;
    if (!wild) {
        make_plausible(policy);
    }
    struct error error = {0};
    CLEANUP_FREE char *text = NULL;
    totals->policies++;
    if (oci_print(policy, &text, NULL, &error) == 0) {
        totals->written++;
        const struct arch *arch;
        for (size_t i = 0; (arch = arch_at(i)); i++) {
            if (is_named(policy, arch)) {
                check_target(totals, index, policy, wild, arch, text, &random);
            }
        }
    } else {
        totals->refused++;
        totals->plausible_refused += !wild;
        if (error.kind != ERROR_POLICY ||
            !(strstr(error.text, "no words") || strstr(error.text, "takes more than"))) {
            complain(totals, index, policy, error.text, NULL);
            totals->wrong_refusals++;
        }
        error_clear(&error);
    }
    policy_free(policy);
}

int main(int argc, char **argv)
{
    const struct options options = options_read(argc, argv, 1000);
    struct totals totals = {0};
    struct tap tap = {0};
    for (uint64_t i = 0; i < options.count; i++) {
        check_policy(&totals, options.seed, options.first + i);
    }
    printf("# seed %" PRIu64 ": %" PRIu64 " policies, %" PRIu64 " written\n", options.seed,
           totals.policies, totals.written);
    tap_check(&tap, totals.wrong_refusals == 0 && totals.plausible_refused * 50 < totals.written,
              "what is refused has no words in the format (%" PRIu64 " policies)", totals.refused);
    tap_check(&tap, totals.unread == 0, "what is written is read (%" PRIu64 ")", totals.written);
    tap_check(&tap, totals.unequal == 0 && (totals.elsewhere + totals.open) * 20 < totals.proofs,
              "and proved equal, for every target (%" PRIu64 " proofs, %" PRIu64
              " refused for other ABIs, %" PRIu64 " left open)",
              totals.proofs, totals.elsewhere, totals.open);
    tap_check(&tap, totals.disagreeing == 0 && totals.calls > 0,
              "libseccomp, as runc calls it, agrees on %" PRIu64 " calls (%" PRIu64 " programs)",
              totals.calls, totals.compiled);
    return tap_done(&tap);
}
