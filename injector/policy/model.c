/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy as data: building it, comparing it, and the two changes that options make to it
 * (--audit, --allow-nesting).
 *
 * Invariant kept here: `syscalls` and `abis` are sorted by name, each name once. Readers find by
 * binary search and print without sorting.
 */
#include "policy/model.h"

#include "base/memory.h"
#include "policy/internal.h"

#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <string.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC
#error "linux/seccomp.h of Linux 4.14 or later is needed"
#endif

const char *syscall_rules_set(const struct syscall_rules *rules)
{
    for (size_t i = 0; i < rules->rule_count; i++) {
        if (rules->rules[i].set == NULL) {
            return NULL;
        }
    }
    return rules->rule_count > 0 ? rules->rules[0].set : NULL;
}

struct policy *policy_new(struct action default_action)
{
    struct policy *policy = memory_zeroed(1, sizeof *policy);
    policy->default_action = default_action;
    return policy;
}

static void rule_free(struct rule *rule)
{
    free(rule->conditions);
}

void policy_free(struct policy *policy)
{
    if (!policy) {
        return;
    }
    for (size_t i = 0; i < policy->syscall_count; i++) {
        struct syscall_rules *s = &policy->syscalls[i];
        for (size_t k = 0; k < s->rule_count; k++) {
            rule_free(&s->rules[k]);
        }
        free(s->rules);
        free(s->name);
    }
    free(policy->syscalls);
    for (size_t i = 0; i < policy->abi_count; i++) {
        free(policy->abis[i]);
    }
    free((void *)policy->abis);
    for (size_t i = 0; i < policy->file_count; i++) {
        free(policy->files[i]);
    }
    free((void *)policy->files);
    free(policy);
}

/* Where `name` is, or would have to be inserted. */
static size_t lower_bound(const struct policy *policy, const char *name)
{
    size_t low = 0;
    size_t high = policy->syscall_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(policy->syscalls[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct syscall_rules *policy_find(const struct policy *policy, const char *name)
{
    size_t at = lower_bound(policy, name);
    if (at == policy->syscall_count || strcmp(policy->syscalls[at].name, name) != 0) {
        return NULL;
    }
    return &policy->syscalls[at];
}

struct syscall_rules *policy_syscall(struct policy *policy, const char *name)
{
    size_t at = lower_bound(policy, name);
    if (at == policy->syscall_count || strcmp(policy->syscalls[at].name, name) != 0) {
        size_t count = policy->syscall_count + 1;
        policy->syscalls = memory_resize(policy->syscalls, count, sizeof *policy->syscalls);
        struct syscall_rules *slot = &policy->syscalls[at];
        memmove(slot + 1, slot, (policy->syscall_count - at) * sizeof *slot);
        *slot = (struct syscall_rules){.name = memory_strdup(name)};
        policy->syscall_count = count;
    }
    return &policy->syscalls[at];
}

static void rule_set(struct rule *rule, const struct condition *conditions, size_t count,
                     struct action action, struct place place)
{
    rule->conditions = count ? memory_copy(conditions, count * sizeof *conditions) : NULL;
    rule->condition_count = count;
    rule->action = action;
    rule->place = place;
    rule->set = NULL;
}

struct rule *policy_add_rule(struct policy *policy, const char *name,
                             const struct condition *conditions, size_t condition_count,
                             struct action action, struct place place)
{
    struct syscall_rules *s = policy_syscall(policy, name);
    struct rule *rule =
        memory_append(&s->rules, &s->rule_count, &s->rule_capacity, sizeof *s->rules);
    rule_set(rule, conditions, condition_count, action, place);
    return rule;
}

static bool condition_equal(const struct condition *a, const struct condition *b)
{
    return a->argument == b->argument && a->width == b->width && a->compare == b->compare &&
           a->value == b->value && a->mask == b->mask;
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
    if (!action_equal(a->action, b->action) || a->condition_count != b->condition_count) {
        return false;
    }
    for (size_t i = 0; i < a->condition_count; i++) {
        if (!condition_equal(&a->conditions[i], &b->conditions[i])) {
            return false;
        }
    }
    return true;
}

static bool syscall_equal(const struct syscall_rules *a, const struct syscall_rules *b)
{
    if (strcmp(a->name, b->name) != 0 || a->rule_count != b->rule_count) {
        return false;
    }
    for (size_t i = 0; i < a->rule_count; i++) {
        if (!rule_equal(&a->rules[i], &b->rules[i])) {
            return false;
        }
    }
    return true;
}

bool policy_equal(const struct policy *a, const struct policy *b)
{
    if (!action_equal(a->default_action, b->default_action) || a->flags != b->flags ||
        a->enosys_above != b->enosys_above || a->audit != b->audit ||
        a->abi_count != b->abi_count || a->syscall_count != b->syscall_count) {
        return false;
    }
    for (size_t i = 0; i < a->abi_count; i++) {
        if (strcmp(a->abis[i], b->abis[i]) != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < a->syscall_count; i++) {
        if (!syscall_equal(&a->syscalls[i], &b->syscalls[i])) {
            return false;
        }
    }
    return true;
}

bool policy_add_abi(struct policy *policy, const char *name)
{
    size_t at = 0;
    while (at < policy->abi_count && strcmp(policy->abis[at], name) < 0) {
        at++;
    }
    if (at < policy->abi_count && strcmp(policy->abis[at], name) == 0) {
        return false;
    }
    policy->abis = memory_resize((void *)policy->abis, policy->abi_count + 1, sizeof *policy->abis);
    memmove((void *)(policy->abis + at + 1), (const void *)(policy->abis + at),
            (policy->abi_count - at) * sizeof *policy->abis);
    policy->abis[at] = memory_strdup(name);
    policy->abi_count++;
    return true;
}

const char *policy_add_file(struct policy *policy, const char *file)
{
    for (size_t i = 0; i < policy->file_count; i++) {
        if (strcmp(policy->files[i], file) == 0) {
            return policy->files[i];
        }
    }
    policy->files =
        memory_resize((void *)policy->files, policy->file_count + 1, sizeof *policy->files);
    char *copy = memory_strdup(file);
    policy->files[policy->file_count++] = copy;
    return copy;
}

static void audit_action(struct action *action)
{
    if (action_denies(*action)) {
        *action = (struct action){.kind = ACTION_LOG};
    }
}

void policy_make_audit(struct policy *policy)
{
    policy->audit = true;
    audit_action(&policy->default_action);
    for (size_t i = 0; i < policy->syscall_count; i++) {
        struct syscall_rules *s = &policy->syscalls[i];
        for (size_t k = 0; k < s->rule_count; k++) {
            audit_action(&s->rules[k].action);
        }
    }
}

/* A condition of the width that the kernel consumes; both names are in our width table. */
static struct condition condition_on(const char *name, uint8_t argument, enum compare compare,
                                     uint64_t value, uint64_t mask)
{
    return (struct condition){.argument = argument,
                              .width = (uint8_t)argument_width(name, argument),
                              .compare = compare,
                              .value = value,
                              .mask = mask};
}

/* Puts the rule "if all conditions hold: allow" first, unless nothing before could deny. */
static void allow_first(struct policy *policy, const char *name, const struct condition *conditions,
                        size_t count)
{
    struct rule first;
    rule_set(&first, conditions, count, (struct action){.kind = ACTION_ALLOW}, (struct place){0});
    const struct syscall_rules *present = policy_find(policy, name);
    bool allowed = present && present->rule_count
                       ? (present->rules[0].condition_count == 0 &&
                          present->rules[0].action.kind == ACTION_ALLOW) ||
                             rule_equal(&present->rules[0], &first)
                       : policy->default_action.kind == ACTION_ALLOW;
    if (allowed) {
        rule_free(&first);
        return;
    }
    struct syscall_rules *s = policy_syscall(policy, name);
    memory_append(&s->rules, &s->rule_count, &s->rule_capacity, sizeof *s->rules);
    memmove(s->rules + 1, s->rules, (s->rule_count - 1) * sizeof *s->rules);
    s->rules[0] = first;
}

void policy_allow(struct policy *policy, const char *name, const struct condition *conditions,
                  size_t condition_count)
{
    if (condition_count) {
        allow_first(policy, name, conditions, condition_count);
        return;
    }
    struct syscall_rules *s = policy_syscall(policy, name);
    for (size_t i = 0; i < s->rule_count; i++) {
        rule_free(&s->rules[i]);
    }
    s->rule_count = 0;
    policy_add_rule(policy, name, NULL, 0, (struct action){.kind = ACTION_ALLOW},
                    (struct place){0});
}

void policy_allow_nesting(struct policy *policy)
{
    /* The kernel wants exactly (1, 0, 0, 0), as whole registers: kernel/sys.c. */
    const struct condition no_new_privs[] = {
        condition_on("prctl", 0, COMPARE_EQ, PR_SET_NO_NEW_PRIVS, 0),
        condition_on("prctl", 1, COMPARE_EQ, 1, 0),
        condition_on("prctl", 2, COMPARE_EQ, 0, 0),
        condition_on("prctl", 3, COMPARE_EQ, 0, 0),
        condition_on("prctl", 4, COMPARE_EQ, 0, 0),
    };
    /* TSYNC always; LOG and SPEC_ALLOW as a policy asks for them. No listener: it would let the
       program answer for its own system calls. WAIT_KILLABLE_RECV needs a listener (EINVAL). */
    const uint32_t free_flags = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    const struct condition set_filter[] = {
        condition_on("seccomp", 0, COMPARE_EQ, SECCOMP_SET_MODE_FILTER, 0),
        condition_on("seccomp", 1, COMPARE_MASKED_EQ, SECCOMP_FILTER_FLAG_TSYNC,
                     UINT32_MAX & ~free_flags),
    };
    allow_first(policy, "prctl", no_new_privs, sizeof no_new_privs / sizeof *no_new_privs);
    allow_first(policy, "seccomp", set_filter, sizeof set_filter / sizeof *set_filter);
}

void resolution_free(struct resolution *resolution)
{
    for (size_t i = 0; i < resolution->abi_count; i++) {
        struct resolved_abi *abi = &resolution->abis[i];
        for (size_t k = 0; k < abi->name_count; k++) {
            free(abi->names[k].name);
        }
        free(abi->names);
        free(abi->name);
    }
    free(resolution->abis);
    *resolution = (struct resolution){0};
}
