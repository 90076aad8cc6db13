/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form: printing. One spelling for each policy; it is what payloads carry, so it is
 * short. It is JSON:
 *
 *   {"elfcage-policy":2,             version of the form; always first
 *   "default":"errno:EPERM",         action (action_text())
 *   "flags":["LOG"],                 for seccomp(2), TSYNC not named; left out if none
 *   "audit":true,                    made by --audit, nothing denies; left out if not
 *   "enosys-above":"profile",        "profile" or "none"; left out for "table"
 *   "abis":["i386","x86_64"],        that the policy names, sorted; left out if none
 *   "plain":{                        system calls with one rule without conditions: by action,
 *   "allow":["read","write"]},       actions and names sorted; left out if none
 *   "rules":{                        all other system calls: name -> rules, in order
 *   "socket":[{"if":[[0,32,"==",1,2]],"do":"allow"}]},
 *   "resolved":[                     only with a resolution: one object an ABI, native first
 *   {"abi":"x86_64","ceiling":462},
 *   {"abi":"i386","ceiling":480,"numbers":{"new":475}}]}
 *
 * A condition is [argument, width, operator, value], or [argument, width, "&", mask, value] for
 * (argument & mask) == value. Operators: == != < <= > >= &. The last condition of a rule may have
 * several values: that is a rule for each of them, in order, and rules that differ in nothing else
 * are always written so. No ceiling: no "ceiling". "numbers" are those of the resolution.
 *
 * Line breaks are where a reader wants them and part of the form; the text ends with one. Version 1
 * had one value in each condition, and the numbers of all names: a user's text of that version is
 * still read.
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
    add(text, "{\"elfcage-policy\":2,\n\"default\":");
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

/* Without the bracket at its end. */
static void print_condition(struct buffer *text, const struct condition *c)
{
    buffer_printf(text, "[%u,%u,\"%s\",", (unsigned)c->argument, (unsigned)c->width,
                  canonical_operators[c->compare]);
    if (c->compare == COMPARE_MASKED_EQ) {
        buffer_printf(text, "%" PRIu64 ",", c->mask);
    }
    buffer_printf(text, "%" PRIu64, c->value);
}

/* Do they differ in the value of the last condition, or in nothing? */
static bool differ_in_value(const struct rule *a, const struct rule *b)
{
    size_t count = a->condition_count;
    if (count == 0 || count != b->condition_count || !action_equal(a->action, b->action)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct condition *x = &a->conditions[i];
        const struct condition *y = &b->conditions[i];
        if (x->argument != y->argument || x->width != y->width || x->compare != y->compare ||
            x->mask != y->mask || (x->value != y->value && i + 1 < count)) {
            return false;
        }
    }
    return true;
}

/* The rule, and as many behind it as are written with it. Returns how many. */
static size_t print_rule(struct buffer *text, const struct rule *rule, size_t left)
{
    size_t count = 1;
    add(text, "{");
    for (size_t i = 0; i < rule->condition_count; i++) {
        add(text, i ? "]," : "\"if\":[");
        print_condition(text, &rule->conditions[i]);
    }
    for (; count < left && differ_in_value(rule, &rule[count]); count++) {
        buffer_printf(text, ",%" PRIu64, rule[count].conditions[rule->condition_count - 1].value);
    }
    add(text, rule->condition_count ? "]],\"do\":" : "\"do\":");
    CLEANUP_FREE char *action = action_text(rule->action);
    json_append_string(text, action);
    add(text, "}");
    return count;
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
        for (size_t k = 0; k < s->rule_count;) {
            add(text, k ? "," : ":[");
            k += print_rule(text, &s->rules[k], s->rule_count - k);
        }
        add(text, "]");
        separator = ",\n";
        any = true;
    }
    add(text, any ? "}" : "");
}

static void print_resolution(struct buffer *text, const struct resolution *resolution)
{
    for (size_t i = 0; i < resolution->abi_count; i++) {
        const struct resolved_abi *abi = &resolution->abis[i];
        add(text, i ? ",\n{\"abi\":" : ",\n\"resolved\":[\n{\"abi\":");
        json_append_string(text, abi->name);
        if (abi->ceiling != UINT32_MAX) {
            buffer_printf(text, ",\"ceiling\":%" PRIu32, abi->ceiling);
        }
        for (size_t k = 0; k < abi->name_count; k++) {
            add(text, k ? "," : ",\"numbers\":{");
            json_append_string(text, abi->names[k].name);
            buffer_printf(text, ":%" PRIu32, abi->names[k].number);
        }
        add(text, abi->name_count ? "}}" : "}");
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
        print_resolution(&text, resolution);
    }
    add(&text, "}\n");
    return buffer_steal_text(&text);
}
