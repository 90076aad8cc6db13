/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy as OCI seccomp JSON, as Docker, Podman and runc take it.
 *
 * The format has no order: rules are made to exclude each other first (unorder.h). It has no width
 * either, and what reads it compares 64 bits: 32 are said by SCMP_CMP_MASKED_EQ, so that a denial
 * holds there too whatever the upper half is. Runtimes leave out a rule that says the default; it
 * is written all the same, because elfcage carries denials over to other ABIs.
 *
 * Rules that differ in their names only are one element of "syscalls".
 */
#include "base/memory.h"
#include "policy/internal.h"
#include "policy/json.h"
#include "policy/oci_names.h"
#include "policy/unorder.h"

#include <linux/seccomp.h>

struct group {
    struct loose_rule rule;
    const char **names; /* owned array of borrowed names */
    size_t count, capacity;
};

struct groups {
    struct group *items; /* owned */
    size_t count, capacity;
    size_t conditional; /* rules with conditions, of all names */
};

static void groups_free(struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        free((void *)groups->items[i].names);
    }
    free(groups->items);
}

static struct group *find_group(struct groups *groups, const struct loose_rule *rule)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (loose_equal(&groups->items[i].rule, rule)) {
            return &groups->items[i];
        }
    }
    struct group *group =
        memory_append(&groups->items, &groups->count, &groups->capacity, sizeof *group);
    group->rule = *rule;
    return group;
}

static int add_rules(struct groups *groups, const char *name, const struct loose_rules *rules,
                     bool conditional, struct error *error)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct loose_rule *rule = &rules->items[i];
        if ((rule->condition_count != 0) != conditional) {
            continue;
        }
        if (conditional && ++groups->conditional > POLICY_MAX_RULES) {
            return error_set(error, ERROR_POLICY,
                             "more than %u rules with conditions in OCI JSON: write a shorter "
                             "policy",
                             POLICY_MAX_RULES);
        }
        struct group *group = find_group(groups, rule);
        const char **slot =
            memory_append(&group->names, &group->count, &group->capacity, sizeof *group->names);
        *slot = name;
    }
    return 0;
}

/* Groups in the order of the policy, those without conditions first. */
static int make_groups(const struct policy *policy, struct groups *groups, struct error *error)
{
    struct loose_rules *rules = memory_zeroed(policy->syscall_count, sizeof *rules);
    int result = 0;
    for (size_t i = 0; i < policy->syscall_count && result == 0; i++) {
        result = rules_unorder(&policy->syscalls[i], &rules[i], error);
    }
    for (int conditional = 0; conditional < 2; conditional++) {
        for (size_t i = 0; i < policy->syscall_count && result == 0; i++) {
            result = add_rules(groups, policy->syscalls[i].name, &rules[i], conditional, error);
        }
    }
    for (size_t i = 0; i < policy->syscall_count; i++) {
        loose_rules_free(&rules[i]);
    }
    free(rules);
    return result;
}

static void member_string(struct json_writer *writer, const char *key, const char *value)
{
    json_writer_key(writer, key);
    json_writer_string(writer, value);
}

static void member_uint(struct json_writer *writer, const char *key, uint64_t value)
{
    json_writer_key(writer, key);
    json_writer_uint(writer, value);
}

static void write_action(struct json_writer *writer, const char *action_key, const char *errno_key,
                         struct action action)
{
    member_string(writer, action_key, oci_action_name(action.kind));
    if (action.kind == ACTION_ERRNO || action.kind == ACTION_TRACE) {
        member_uint(writer, errno_key, action.data);
    }
}

static void write_condition(struct json_writer *writer, const struct condition *c)
{
    bool masked = c->compare == COMPARE_MASKED_EQ;
    json_writer_object(writer);
    member_uint(writer, "index", c->argument);
    member_uint(writer, "value", masked ? c->mask : c->value);
    if (masked) {
        member_uint(writer, "valueTwo", c->value);
    }
    member_string(writer, "op", oci_compare_name(c->compare));
    json_writer_end_object(writer);
}

static void write_group(struct json_writer *writer, const struct group *group)
{
    json_writer_object(writer);
    json_writer_key(writer, "names");
    json_writer_array(writer);
    for (size_t i = 0; i < group->count; i++) {
        json_writer_string(writer, group->names[i]);
    }
    json_writer_end_array(writer);
    write_action(writer, "action", "errnoRet", group->rule.action);
    if (group->rule.condition_count) {
        json_writer_key(writer, "args");
        json_writer_array(writer);
        for (size_t i = 0; i < group->rule.condition_count; i++) {
            write_condition(writer, &group->rule.conditions[i]);
        }
        json_writer_end_array(writer);
    }
    json_writer_end_object(writer);
}

static void write_list(struct json_writer *writer, const char *key, const char *const *items,
                       size_t count)
{
    if (!count) {
        return;
    }
    json_writer_key(writer, key);
    json_writer_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_writer_string(writer, items[i]);
    }
    json_writer_end_array(writer);
}

static char *write_profile(const struct policy *policy, const char *const *architectures,
                           const struct groups *groups)
{
    const char *flags[2];
    size_t flag_count = 0;
    if (policy->flags & SECCOMP_FILTER_FLAG_LOG) {
        flags[flag_count++] = "SECCOMP_FILTER_FLAG_LOG";
    }
    if (policy->flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW) {
        flags[flag_count++] = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";
    }
    struct json_writer *writer = json_writer_new(true);
    json_writer_object(writer);
    write_action(writer, "defaultAction", "defaultErrnoRet", policy->default_action);
    write_list(writer, "architectures", architectures, policy->abi_count);
    write_list(writer, "flags", flags, flag_count);
    json_writer_key(writer, "syscalls");
    json_writer_array(writer);
    for (size_t i = 0; i < groups->count; i++) {
        write_group(writer, &groups->items[i]);
    }
    json_writer_end_array(writer);
    json_writer_end_object(writer);
    return json_writer_finish(writer);
}

/* The words that the format lacks. */
static int check_actions(const struct policy *policy, struct error *error)
{
    if (policy->audit) {
        return error_set(error, ERROR_POLICY,
                         "a policy made by --audit lets pass what elfcage refuses by itself, for "
                         "which OCI JSON has no words: leave --audit out");
    }
    if (policy->default_action.kind == ACTION_TRAP && policy->default_action.data) {
        return error_set(error, ERROR_POLICY,
                         "the default action is a trap with data, for which OCI JSON has no words: "
                         "use \"trap:0\"");
    }
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *s = &policy->syscalls[i];
        for (size_t k = 0; k < s->rule_count; k++) {
            if (s->rules[k].action.kind == ACTION_TRAP && s->rules[k].action.data) {
                return rule_error(s, k, error,
                                  "is a trap with data, for which OCI JSON has no words: use "
                                  "\"trap:0\"");
            }
        }
    }
    return 0;
}

int oci_print(const struct policy *policy, char **out, struct policy_notes *notes,
              struct error *error)
{
    if (check_actions(policy, error) < 0) {
        return -1;
    }
    CLEANUP_FREE const char **architectures =
        memory_zeroed(policy->abi_count, sizeof *architectures);
    for (size_t i = 0; i < policy->abi_count; i++) {
        architectures[i] = oci_architecture(policy->abis[i]);
        if (!architectures[i]) {
            return error_set(error, ERROR_POLICY,
                             "the policy names the ABI %s, for which OCI JSON has no words",
                             policy->abis[i]);
        }
    }
    struct groups groups = {0};
    int result = make_groups(policy, &groups, error);
    if (result == 0) {
        *out = write_profile(policy, architectures, &groups);
        if (policy->enosys_above != ENOSYS_ABOVE_TABLE) {
            policy_note(notes,
                        "OCI JSON has no words for --enosys-above %s: say it again where elfcage "
                        "reads the file",
                        policy->enosys_above == ENOSYS_ABOVE_NONE ? "none" : "profile");
        }
    }
    groups_free(&groups);
    return result;
}
