/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inline rules: --allow, --deny, --log and --kill LIST of the command line.
 *
 * They have no order. A name may be given twice, but with one action only. A name that is written
 * wins over a set that has it, since it is more exact; where two sets disagree, the stricter action
 * holds, so that no order of options makes a policy weaker. What cannot be read is ERROR_USAGE;
 * what contradicts, and a set that is not there, is ERROR_POLICY.
 */
#include "base/memory.h"
#include "policy/internal.h"
#include "policy/sets.h"

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

/* Is `text` a name that a system call or a set may have? Sets the error if not. */
static int check_name(const char *option, const char *list, const char *text, struct error *error)
{
    if (!*text) {
        return error_set(error, ERROR_USAGE,
                         "%s '%s': an empty name: write NAME,NAME without blanks", option, list);
    }
    if (sets_is_set(text)) {
        return 0; /* looked up later */
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

/* One option, while it is read. All borrowed. */
struct inline_rules {
    struct policy *policy;
    struct sets *sets;
    struct policy_notes *notes;
    const char *option;
    struct action action;
};

/* One name; `set` is where it comes from if nobody wrote it. */
static int add_name(const struct inline_rules *rules, const char *name, const char *set,
                    struct error *error)
{
    struct action action = rules->action;
    struct policy *policy = rules->policy;
    struct syscall_rules *present = policy_syscall(policy, name);
    if (!present->rule_count) {
        policy_add_rule(policy, name, NULL, 0, action, (struct place){0})->set = set;
        return 0;
    }
    struct rule *rule = &present->rules[0];
    bool plain = present->rule_count == 1 && rule->condition_count == 0;
    if (plain && rule->set && (!set || action.kind < rule->action.kind)) {
        /* Kinds of actions are ordered, the strictest first. */
        rule->action = action;
        rule->set = set;
        return 0;
    }
    if (plain && (set || action_equal(rule->action, action))) {
        return 0;
    }
    CLEANUP_FREE char *wanted = action_text(action);
    CLEANUP_FREE char *has = action_text(rule->action);
    return error_set(error, ERROR_POLICY,
                     "%s: '%s' would get %s, but it has %s%s already: name it once", rules->option,
                     name, wanted, rule->condition_count ? "rules with conditions, first " : "",
                     has);
}

/* What the machine has and our table of names has not: a denial must not lose it. */
static int check_newer(const char *option, const char *text, const struct set_calls *calls,
                       struct action action, struct policy_notes *notes, struct error *error)
{
    for (size_t i = 0; i < calls->newer_count; i++) {
        if (action_denies(action)) {
            return error_set(error, ERROR_POLICY,
                             "%s: %s has '%s', which is newer than elfcage's table of system calls "
                             "and cannot be denied: use --sets pinned",
                             option, text, calls->newer[i]);
        }
        policy_note(notes, "%s: '%s' of %s is newer than elfcage's table of system calls: left out",
                    option, calls->newer[i], text);
    }
    return 0;
}

static int add_set(const struct inline_rules *rules, const char *text, struct error *error)
{
    __attribute__((cleanup(set_calls_free))) struct set_calls calls = {0};
    const char *option = rules->option;
    if (sets_expand(rules->sets, text, &calls, error) < 0) {
        return error_context(error, "%s", option);
    }
    if (check_newer(option, text, &calls, rules->action, rules->notes, error) < 0) {
        return -1;
    }
    const char *set = policy_add_file(rules->policy, text);
    for (size_t i = 0; i < calls.count; i++) {
        if (add_name(rules, calls.names[i], set, error) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The ':' of ":ERRNO"; NULL if there is none. That of "systemd:@clock" is another. */
static char *errno_colon(char *list)
{
    char *colon = strrchr(list, ':');
    if (!colon || colon[1] == '@') {
        return NULL;
    }
    char *word = colon;
    while (word > list && word[-1] != ',') {
        word--;
    }
    return strncmp(word, "systemd:", 8) == 0 && word + 7 == colon ? NULL : colon;
}

int policy_add_inline(struct policy *policy, enum policy_inline_verb verb, const char *list,
                      enum sets_source source, struct policy_notes *notes, struct error *error)
{
    const char *option = verb_option(verb);
    struct action action = verb_action(verb);
    CLEANUP_FREE char *names = memory_strdup(list);
    char *colon = errno_colon(names);
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
    /* Two passes, so that a name that cannot be one leaves the policy as it was. */
    char *rest = names;
    for (char *name; (name = strsep(&rest, ","));) {
        if (check_name(option, list, name, error)) {
            return -1;
        }
        if (rest) {
            rest[-1] = ',';
        }
    }
    struct inline_rules rules = {policy, sets_open(source), notes, option, action};
    int result = 0;
    rest = names;
    for (char *name; result == 0 && (name = strsep(&rest, ","));) {
        result =
            sets_is_set(name) ? add_set(&rules, name, error) : add_name(&rules, name, NULL, error);
    }
    sets_free(rules.sets);
    return result;
}
