/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other ABIs through which a program can call the kernel, and names that the target does not
 * have. Denials are carried over to other ABIs (filter/carry.c); what is allowed there is what the
 * policy names, and socketcall and ipc hide from a filter what is asked of them.
 */
#include "lint/internal.h"

#include "base/memory.h"
#include "filter/carry.h"

#include <string.h>

/* Does anything of the ABI pass? */
static bool is_open(const struct table_abi *table)
{
    for (size_t r = 0; r < table->range_count; r++) {
        const struct table_range *range = &table->ranges[r];
        if (!action_denies(range->default_action)) {
            return true;
        }
        for (size_t i = 0; i < range->rule_count; i++) {
            if (!action_denies(range->rules[i].action)) {
                return true;
            }
        }
    }
    return false;
}

void lint_abi_open(struct lint *lint)
{
    const struct arch *arch = lint->subject->arch;
    struct name_list open = {0};
    for (size_t i = 1; i < arch->abi_count; i++) {
        if (is_open(&lint->subject->table->abis[i])) {
            name_list_add(&open, arch->abis[i]->name);
        }
    }
    if (open.count) {
        CLEANUP_FREE char *text = name_list_text(&open, 4);
        bool named = lint->subject->policy->abi_count > 0;
        lint_find(lint, lint_policy_place(lint),
                  memory_printf("the program may also call the kernel through the %s ABI%s", text,
                                open.count > 1 ? "s" : ""),
                  named ? memory_printf("name only %s among the policy's architectures if the "
                                        "program does not need it",
                                        arch->abis[0]->name)
                        : NULL);
    }
    name_list_free(&open);
}

/* Is a thing that the native ABI refuses, at least for some arguments, to be had by this way? */
static bool way_is_open(const struct lint *lint, size_t abi_index, const struct way *way)
{
    const struct abi *abi = lint->subject->arch->abis[abi_index];
    const struct table_abi *table = &lint->subject->table->abis[abi_index];
    struct outcome native = lint_native(lint, way->name);
    struct outcome other = lint_outcome(table, abi, way->way);
    if (!native.denied || !other.passes) {
        return false;
    }
    if (way->selector_mask == 0) {
        return !other.denied;
    }
    uint64_t arguments[POLICY_ARGUMENTS] = {0};
    arguments[way->selector_argument] = way->selector_value;
    return lint_passes(lint->subject->table, abi, way->way, arguments);
}

static void find_abi_ways(struct lint *lint, size_t abi_index)
{
    const struct abi *abi = lint->subject->arch->abis[abi_index];
    struct name_list ways = {0};
    struct name_list things = {0};
    for (size_t k = 0; k < abi->way_count; k++) {
        if (way_is_open(lint, abi_index, &abi->ways[k])) {
            name_list_add(&ways, abi->ways[k].way);
            name_list_add(&things, abi->ways[k].name);
        }
    }
    if (ways.count) {
        CLEANUP_FREE char *ways_text = name_list_text(&ways, 6);
        CLEANUP_FREE char *things_text = name_list_text(&things, 6);
        CLEANUP_FREE char *joined = name_list_joined(&ways);
        lint_find(lint, lint_name_place(lint, ways.names[0]),
                  memory_printf("%s of the %s ABI %s open and %s what the %s ABI refuses or "
                                "restricts: %s",
                                ways_text, abi->name, ways.count > 1 ? "are" : "is",
                                ways.count > 1 ? "do" : "does", lint->subject->arch->abis[0]->name,
                                things_text),
                  memory_printf("do not allow %s, or do not name the %s ABI", joined, abi->name));
    }
    name_list_free(&ways);
    name_list_free(&things);
}

void lint_abi_ways(struct lint *lint)
{
    for (size_t i = 1; i < lint->subject->arch->abi_count; i++) {
        find_abi_ways(lint, i);
    }
}

/* Adds the calls, open in the native ABI, of which `name` is another way in some other ABI. */
static void open_counterparts(const struct lint *lint, const char *name, struct name_list *out)
{
    const struct arch *arch = lint->subject->arch;
    for (size_t i = 0; i < arch->abi_count; i++) {
        for (size_t k = 0; k < arch->abis[i]->way_count; k++) {
            const struct way *way = &arch->abis[i]->ways[k];
            struct outcome outcome = {0};
            if (way->selector_mask == 0 && strcmp(way->way, name) == 0) {
                outcome = lint_native(lint, way->name);
            }
            if (outcome.passes && !outcome.denied) {
                name_list_add(out, way->name);
            }
        }
    }
}

void lint_lacking_denials(struct lint *lint)
{
    const struct arch *arch = lint->subject->arch;
    const struct policy *policy = lint->subject->policy;
    if (action_denies(policy->default_action)) {
        return; /* what is open is so because the policy names it */
    }
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *rules = &policy->syscalls[i];
        uint32_t unused;
        if (!rules_deny(rules) || abi_syscall_number(arch->abis[0], rules->name, &unused)) {
            continue;
        }
        struct name_list open = {0};
        lint_open_ways(lint, rules->name, &open);
        open_counterparts(lint, rules->name, &open);
        if (open.count) {
            CLEANUP_FREE char *text = name_list_text(&open, 6);
            CLEANUP_FREE char *joined = name_list_joined(&open);
            lint_find(lint, lint_rule_place(lint, (struct origin){.syscall = i}),
                      memory_printf("%s is denied, but the %s ABI has no such call: %s is open",
                                    rules->name, arch->abis[0]->name, text),
                      memory_printf("deny %s", joined));
        }
        name_list_free(&open);
    }
}

void lint_lacking_names(struct lint *lint)
{
    const struct arch *arch = lint->subject->arch;
    const struct policy *policy = lint->subject->policy;
    struct name_list lacking = {0};
    for (size_t i = 0; i < policy->syscall_count; i++) {
        /* Sets name calls of all architectures. */
        bool present =
            policy->syscalls[i].rule_count == 0 || syscall_rules_set(&policy->syscalls[i]) != NULL;
        for (size_t k = 0; k < arch->abi_count && !present; k++) {
            uint32_t unused;
            present = abi_syscall_number(arch->abis[k], policy->syscalls[i].name, &unused);
        }
        if (!present) {
            name_list_add(&lacking, policy->syscalls[i].name);
        }
    }
    if (lacking.count) {
        CLEANUP_FREE char *text = name_list_text(&lacking, 8);
        lint_find(lint, lint_name_place(lint, lacking.names[0]),
                  memory_printf("no ABI of %s has %s: %s no effect", arch->name, text,
                                lacking.count > 1 ? "these names have" : "this name has"),
                  NULL);
    }
    name_list_free(&lacking);
}

/* Is the ABI one that the policy speaks of at all? */
static bool is_covered(const struct table_abi *table)
{
    return table->ranges[0].default_origin.kind != ORIGIN_REFUSED_ABI;
}

static void find_void_allowances(struct lint *lint, const struct abi *abi)
{
    const struct policy *policy = lint->subject->policy;
    struct name_list lost = {0};
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const char *name = policy->syscalls[i].name;
        uint32_t unused;
        bool allow_lost = false;
        if (abi_syscall_number(abi, name, &unused)) {
            struct rule_list rules = {0};
            carry_rules(policy, abi, name, &rules, &allow_lost);
            rule_list_free(&rules);
        }
        if (allow_lost) {
            name_list_add(&lost, name);
        }
    }
    if (lost.count) {
        CLEANUP_FREE char *text = name_list_text(&lost, 6);
        lint_find(lint, lint_name_place(lint, lost.names[0]),
                  memory_printf("what allows %s has no effect in the %s ABI: its conditions look "
                                "at arguments that are elsewhere there",
                                text, abi->name),
                  NULL);
    }
    name_list_free(&lost);
}

void lint_void_allowances(struct lint *lint)
{
    const struct arch *arch = lint->subject->arch;
    for (size_t i = 1; i < arch->abi_count; i++) {
        if (is_covered(&lint->subject->table->abis[i])) {
            find_void_allowances(lint, arch->abis[i]);
        }
    }
}

void lint_no_ceiling(struct lint *lint)
{
    const struct policy *policy = lint->subject->policy;
    if (action_denies(policy->default_action) && policy->enosys_above == ENOSYS_ABOVE_NONE) {
        CLEANUP_FREE char *action = action_text(policy->default_action);
        lint_find(lint, lint_policy_place(lint),
                  memory_printf("system calls newer than the policy get %s, not ENOSYS", action),
                  NULL);
    }
}
