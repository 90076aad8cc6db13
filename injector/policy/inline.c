/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inline rules: --allow, --deny, --log and --kill LIST of the command line.
 *
 * They have no order: a name may be given twice, but with one action only. What cannot be read is
 * ERROR_USAGE; what contradicts is ERROR_POLICY.
 */
#include "base/memory.h"
#include "policy/internal.h"

#include <string.h>

static const char *verb_option(enum policy_inline_verb verb)
{
    switch (verb) {
    case POLICY_INLINE_ALLOW:
        return "--allow";
    case POLICY_INLINE_DENY:
        return "--deny";
    case POLICY_INLINE_LOG:
        return "--log";
    case POLICY_INLINE_KILL:
        return "--kill";
    }
    return "";
}

static struct action verb_action(enum policy_inline_verb verb)
{
    switch (verb) {
    case POLICY_INLINE_ALLOW:
        return (struct action){ACTION_ALLOW, 0};
    case POLICY_INLINE_DENY:
        return (struct action){ACTION_ERRNO, 1}; /* EPERM */
    case POLICY_INLINE_LOG:
        return (struct action){ACTION_LOG, 0};
    case POLICY_INLINE_KILL:
        break;
    }
    return (struct action){ACTION_KILL_PROCESS, 0};
}

/* Is `text` a name that a system call may have? Sets the error if not. */
static int check_name(const char *option, const char *list, const char *text, struct error *error)
{
    if (!*text) {
        return error_set(error, ERROR_USAGE,
                         "%s '%s': an empty name: write NAME,NAME without blanks", option, list);
    }
    if (*text >= '0' && *text <= '9') {
        return error_set(error, ERROR_USAGE,
                         "%s: '%s' begins with a digit: give the name of the system call, numbers "
                         "differ from ABI to ABI",
                         option, text);
    }
    if (!policy_name_is_valid(text)) {
        return error_set(error, ERROR_USAGE,
                         "%s: '%s' is not a name of a system call: write NAME,NAME without blanks",
                         option, text);
    }
    return 0;
}

static int add_name(struct policy *policy, const char *option, const char *name,
                    struct action action, struct error *error)
{
    const struct syscall_rules *present = policy_find(policy, name);
    if (!present || !present->rule_count) {
        policy_add_rule(policy, name, NULL, 0, action, (struct place){0});
        return 0;
    }
    const struct rule *rule = &present->rules[0];
    if (present->rule_count == 1 && rule->condition_count == 0 &&
        action_equal(rule->action, action)) {
        return 0;
    }
    CLEANUP_FREE char *wanted = action_text(action);
    CLEANUP_FREE char *has = action_text(rule->action);
    return error_set(error, ERROR_POLICY,
                     "%s: '%s' would get %s, but it has %s%s already: name it once", option, name,
                     wanted, rule->condition_count ? "rules with conditions, first " : "", has);
}

int policy_add_inline(struct policy *policy, enum policy_inline_verb verb, const char *list,
                      struct error *error)
{
    const char *option = verb_option(verb);
    struct action action = verb_action(verb);
    CLEANUP_FREE char *names = memory_strdup(list);
    char *colon = strchr(names, ':');
    if (colon && verb != POLICY_INLINE_DENY) {
        return error_set(error, ERROR_USAGE, "%s '%s': only --deny takes :ERRNO: remove '%s'",
                         option, list, colon);
    }
    if (colon) {
        *colon = 0;
        if (!errno_parse(colon + 1, &action.data)) {
            return error_set(error, ERROR_USAGE,
                             "%s '%s': '%s' is neither the name of an errno nor a number from 0 to "
                             "4095: write LIST:EPERM",
                             option, list, colon + 1);
        }
    }
    /* Two passes, so that an error leaves the policy as it was. */
    char *rest = names;
    for (char *name; (name = strsep(&rest, ","));) {
        if (check_name(option, list, name, error)) {
            return -1;
        }
        if (rest) {
            rest[-1] = ',';
        }
    }
    rest = names;
    for (char *name; (name = strsep(&rest, ","));) {
        if (add_name(policy, option, name, action, error)) {
            return -1;
        }
    }
    return 0;
}
