/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One policy of what systemd loads as a stack of filters, each with its own default.
 *
 * The kernel runs all of them and takes the strictest answer; among answers with an errno, that of
 * the filter that was loaded last. SystemCallFilter= is the last. So for each call: what the two
 * lists say, the stricter of both; where that lets it pass, the other settings' refusals come
 * first.
 */
#include "policy/systemd.h"

#include "arch/arch.h"
#include "base/memory.h"

#include <string.h>

/* Kinds of actions are ordered, the strictest first. */
static struct action stricter(struct action a, struct action b)
{
    return b.kind < a.kind ? b : a;
}

static struct action default_of_filter(const struct systemd *systemd)
{
    return systemd->filter.given && systemd->filter.allows ? systemd->refusal
                                                           : (struct action){ACTION_ALLOW, 0};
}

static struct action default_of_log(const struct systemd *systemd)
{
    return systemd->log.given && !systemd->log.allows ? (struct action){ACTION_LOG, 0}
                                                      : (struct action){ACTION_ALLOW, 0};
}

static struct action filter_action(const struct systemd *systemd, const struct systemd_call *call)
{
    if (!call) {
        return default_of_filter(systemd);
    }
    if (call->has_action) {
        return call->action;
    }
    return systemd->filter.allows ? (struct action){ACTION_ALLOW, 0} : systemd->refusal;
}

static struct action log_action(const struct systemd *systemd, const struct systemd_call *call)
{
    if (!call) {
        return default_of_log(systemd);
    }
    return (struct action){systemd->log.allows ? ACTION_LOG : ACTION_ALLOW, 0};
}

/* What the two lists say of one call. */
static void add_listed(struct systemd *systemd, const char *name)
{
    const struct systemd_call *filter = systemd_find(&systemd->filter, name);
    const struct systemd_call *log = systemd_find(&systemd->log, name);
    struct action action = stricter(filter_action(systemd, filter), log_action(systemd, log));
    if (!filter && action_equal(action, systemd->policy->default_action)) {
        return;
    }
    const struct syscall_rules *present = policy_find(systemd->policy, name);
    if (present && present->rules[present->rule_count - 1].condition_count == 0) {
        return; /* a restriction refuses it whole */
    }
    const struct systemd_call *call = filter ? filter : log;
    policy_add_rule(systemd->policy, name, NULL, 0, action, call->place)->set = call->set;
}

/* Does what the lists say let it pass, at least? */
static bool passes_lists(const struct systemd *systemd, const char *name)
{
    return !action_denies(filter_action(systemd, systemd_find(&systemd->filter, name)));
}

static void add_restrictions(struct systemd *systemd, const struct systemd_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct systemd_rule *rule = &rules->rules[i];
        if (passes_lists(systemd, rule->name)) {
            policy_add_rule(systemd->policy, rule->name, rule->conditions, rule->condition_count,
                            (struct action){ACTION_ERRNO, rule->errno_number}, rule->place)
                ->set = rule->set;
        }
    }
}

/* systemd loads the same list for the other ABIs of the machine too. We refuse them, and say so. */
static void note_other_abis(const struct systemd *systemd)
{
    const struct arch *arch =
        systemd->options->architecture ? arch_by_name(systemd->options->architecture) : NULL;
    if (systemd->architectures || !arch || arch->abi_count < 2 ||
        !action_denies(systemd->policy->default_action)) {
        return;
    }
    policy_note(systemd->notes,
                "%s: no SystemCallArchitectures=: what is listed is allowed to %s code; other ABIs "
                "are refused, unless it names them",
                systemd->policy->files[0], systemd->options->architecture);
}

static int fail_empty(const struct systemd *systemd)
{
    return error_file(
        systemd->error, ERROR_POLICY, systemd->policy->files[0],
        "nothing in it limits system calls: give a unit with SystemCallFilter= or its "
        "like");
}

int systemd_build(struct systemd *systemd)
{
    struct systemd_rules rules = {0};
    if (systemd_name_abis(systemd) < 0 || systemd_restrictions(systemd, &rules) < 0) {
        free(rules.rules);
        return -1;
    }
    struct policy *policy = systemd->policy;
    policy->default_action = stricter(default_of_filter(systemd), default_of_log(systemd));
    add_restrictions(systemd, &rules);
    bool restricts = rules.count > 0;
    free(rules.rules);
    for (size_t i = 0; i < systemd->filter.count; i++) {
        add_listed(systemd, systemd->filter.calls[i].name);
    }
    for (size_t i = 0; i < systemd->log.count; i++) {
        if (!systemd_find(&systemd->filter, systemd->log.calls[i].name)) {
            add_listed(systemd, systemd->log.calls[i].name);
        }
    }
    if (!restricts && !systemd->architectures && !policy->syscall_count &&
        policy->default_action.kind == ACTION_ALLOW) {
        return fail_empty(systemd);
    }
    note_other_abis(systemd);
    return 0;
}
