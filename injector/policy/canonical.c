/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form: printing. One spelling for each policy; it is what payloads carry, so it is
 * short. It is JSON:
 *
 *   {"elfcage-policy":1,             version of the form; always first
 *   "default":"errno:EPERM",         action (action_text())
 *   "flags":["LOG"],                 for seccomp(2), TSYNC not named; left out if none
 *   "audit":true,                    made by --audit, nothing denies; left out if not
 *   "enosys-above":"profile",        "profile" or "none"; left out for "table"
 *   "abis":["i386","x86_64"],        that the policy names, sorted; left out if none
 *   "plain":{                        system calls with one rule without conditions: by action,
 *   "allow":["read","write"]},       actions and names sorted; left out if none
 *   "rules":{                        all other system calls: name -> rules, in order
 *   "socket":[{"if":[[0,32,"==",1]],"do":"allow"}]},
 *   "resolved":[                     only with a resolution: one object an ABI, native first
 *   {"abi":"x86_64","audit":3221225534,"ceiling":462,
 *   "numbers":[0,null],              of the system calls above, sorted by name; null: it has none
 *   "more":{"chown32":212}}]}        numbers of further names; left out if none
 *
 * A condition is [argument, width, operator, value], or [argument, width, "&", mask, value] for
 * (argument & mask) == value. Operators: == != < <= > >= &. No ceiling: no "ceiling".
 *
 * Line breaks are where a reader wants them and part of the form; the text ends with one.
 */
#include "policy/internal.h"

#include "base/memory.h"
#include "policy/canonical.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <string.h>

/* WAIT_KILLABLE_RECV is none of them: without a listener seccomp(2) refuses it (EINVAL). */
const struct canonical_flag canonical_flags[CANONICAL_FLAG_COUNT] = {
    {"LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
};

const char *const canonical_operators[CANONICAL_OPERATOR_COUNT] = {
    [COMPARE_EQ] = "==", [COMPARE_NE] = "!=", [COMPARE_LT] = "<",        [COMPARE_LE] = "<=",
    [COMPARE_GT] = ">",  [COMPARE_GE] = ">=", [COMPARE_MASKED_EQ] = "&",
};

static void add(struct buffer *text, const char *piece)
{
    buffer_add(text, piece, strlen(piece));
}

static void print_head(struct buffer *text, const struct policy *policy)
{
    CLEANUP_FREE char *action = action_text(policy->default_action);
    add(text, "{\"elfcage-policy\":1,\n\"default\":");
    json_append_string(text, action);
    bool any = false;
    for (size_t i = 0; i < CANONICAL_FLAG_COUNT; i++) {
        if (policy->flags & canonical_flags[i].value) {
            add(text, any ? "," : ",\n\"flags\":[");
            json_append_string(text, canonical_flags[i].name);
            any = true;
        }
    }
    add(text, any ? "]" : "");
    add(text, policy->audit ? ",\n\"audit\":true" : "");
    if (policy->enosys_above != ENOSYS_ABOVE_TABLE) {
        add(text, policy->enosys_above == ENOSYS_ABOVE_PROFILE ? ",\n\"enosys-above\":\"profile\""
                                                               : ",\n\"enosys-above\":\"none\"");
    }
    for (size_t i = 0; i < policy->abi_count; i++) {
        add(text, i ? "," : ",\n\"abis\":[");
        json_append_string(text, policy->abis[i]);
    }
    add(text, policy->abi_count ? "]" : "");
}

static bool is_plain(const struct syscall_rules *s)
{
    return s->rule_count == 1 && s->rules[0].condition_count == 0;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The actions of plain system calls as texts, sorted, each once. */
static char **plain_actions(const struct policy *policy, size_t *count)
{
    char **texts = NULL;
    size_t capacity = 0;
    *count = 0;
    for (size_t i = 0; i < policy->syscall_count; i++) {
        if (!is_plain(&policy->syscalls[i])) {
            continue;
        }
        char *text = action_text(policy->syscalls[i].rules[0].action);
        bool present = false;
        for (size_t k = 0; k < *count && !present; k++) {
            present = strcmp(texts[k], text) == 0;
        }
        if (present) {
            free(text);
        } else {
            char **slot = memory_append(&texts, count, &capacity, sizeof *texts);
            *slot = text;
        }
    }
    if (*count) {
        qsort((void *)texts, *count, sizeof *texts, compare_text);
    }
    return texts;
}

static void print_plain(struct buffer *text, const struct policy *policy)
{
    size_t count;
    char **actions = plain_actions(policy, &count);
    for (size_t k = 0; k < count; k++) {
        add(text, k ? ",\n" : ",\n\"plain\":{\n");
        json_append_string(text, actions[k]);
        const char *separator = ":[";
        struct action action;
        (void)action_parse(actions[k], &action);
        for (size_t i = 0; i < policy->syscall_count; i++) {
            const struct syscall_rules *s = &policy->syscalls[i];
            if (is_plain(s) && action_equal(s->rules[0].action, action)) {
                add(text, separator);
                json_append_string(text, s->name);
                separator = ",";
            }
        }
        add(text, "]");
        free(actions[k]);
    }
    add(text, count ? "}" : "");
    free((void *)actions);
}

static void print_condition(struct buffer *text, const struct condition *c)
{
    buffer_printf(text, "[%u,%u,\"%s\",", (unsigned)c->argument, (unsigned)c->width,
                  canonical_operators[c->compare]);
    if (c->compare == COMPARE_MASKED_EQ) {
        buffer_printf(text, "%" PRIu64 ",", c->mask);
    }
    buffer_printf(text, "%" PRIu64 "]", c->value);
}

static void print_rule(struct buffer *text, const struct rule *rule)
{
    add(text, "{");
    for (size_t i = 0; i < rule->condition_count; i++) {
        add(text, i ? "," : "\"if\":[");
        print_condition(text, &rule->conditions[i]);
    }
    add(text, rule->condition_count ? "],\"do\":" : "\"do\":");
    CLEANUP_FREE char *action = action_text(rule->action);
    json_append_string(text, action);
    add(text, "}");
}

static void print_rules(struct buffer *text, const struct policy *policy)
{
    const char *separator = ",\n\"rules\":{\n";
    bool any = false;
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *s = &policy->syscalls[i];
        if (is_plain(s) || !s->rule_count) {
            continue;
        }
        add(text, separator);
        json_append_string(text, s->name);
        for (size_t k = 0; k < s->rule_count; k++) {
            add(text, k ? "," : ":[");
            print_rule(text, &s->rules[k]);
        }
        add(text, "]");
        separator = ",\n";
        any = true;
    }
    add(text, any ? "}" : "");
}

/* Names and numbers of one ABI: those of the policy in its order, then the others. */
static void print_numbers(struct buffer *text, const struct policy *policy,
                          const struct resolved_abi *abi)
{
    struct buffer more = {0};
    size_t at = 0;
    add(text, "\"numbers\":[");
    for (size_t i = 0; i <= policy->syscall_count; i++) {
        const char *name = i < policy->syscall_count ? policy->syscalls[i].name : NULL;
        for (; at < abi->name_count && (!name || strcmp(abi->names[at].name, name) < 0); at++) {
            add(&more, more.size ? "," : "");
            json_append_string(&more, abi->names[at].name);
            buffer_printf(&more, ":%" PRIu32, abi->names[at].number);
        }
        if (!name) {
            break;
        }
        add(text, i ? "," : "");
        if (at < abi->name_count && strcmp(abi->names[at].name, name) == 0) {
            buffer_printf(text, "%" PRIu32, abi->names[at++].number);
        } else {
            add(text, "null");
        }
    }
    add(text, "]");
    if (more.size) {
        add(text, ",\n\"more\":{");
        buffer_add(text, more.data, more.size);
        add(text, "}");
    }
    buffer_free(&more);
}

static void print_resolution(struct buffer *text, const struct policy *policy,
                             const struct resolution *resolution)
{
    for (size_t i = 0; i < resolution->abi_count; i++) {
        const struct resolved_abi *abi = &resolution->abis[i];
        add(text, i ? ",\n{\"abi\":" : ",\n\"resolved\":[\n{\"abi\":");
        json_append_string(text, abi->name);
        buffer_printf(text, ",\"audit\":%" PRIu32 ",", abi->audit_architecture);
        if (abi->ceiling != UINT32_MAX) {
            buffer_printf(text, "\"ceiling\":%" PRIu32 ",", abi->ceiling);
        }
        add(text, "\n");
        print_numbers(text, policy, abi);
        add(text, "}");
    }
    add(text, resolution->abi_count ? "]" : "");
}

char *canonical_print(const struct policy *policy, const struct resolution *resolution)
{
    struct buffer text = {0};
    print_head(&text, policy);
    print_plain(&text, policy);
    print_rules(&text, policy);
    if (resolution) {
        print_resolution(&text, policy, resolution);
    }
    add(&text, "}\n");
    return buffer_steal_text(&text);
}
