/* SPDX-License-Identifier: Apache-2.0 */
/* Actions and flags that do something else than their name promises, and calls that no program can
   do without. */
#include "lint/internal.h"

#include "base/memory.h"

#include <linux/seccomp.h>
#include <string.h>

/* Reports the default action, and each system call that has rules with such an action once. */
static void find_actions(struct lint *lint, bool (*is)(struct action), const char *what)
{
    const struct policy *policy = lint->subject->policy;
    if (is(policy->default_action)) {
        CLEANUP_FREE char *action = action_text(policy->default_action);
        lint_find(lint, lint_policy_place(lint),
                  memory_printf("the default is %s: %s", action, what), NULL);
    }
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *rules = &policy->syscalls[i];
        for (size_t k = 0; k < rules->rule_count; k++) {
            if (is(rules->rules[k].action)) {
                CLEANUP_FREE char *action = action_text(rules->rules[k].action);
                lint_find(lint, lint_rule_place(lint, (struct origin){.syscall = i, .rule = k}),
                          memory_printf("%s gets %s: %s", rules->name, action, what), NULL);
                break;
            }
        }
    }
}

static bool is_kill_thread(struct action action)
{
    return action.kind == ACTION_KILL_THREAD;
}

void lint_kill_thread(struct lint *lint)
{
    find_actions(lint, is_kill_thread, "the other threads of the process live on without it");
}

static bool is_errno_zero(struct action action)
{
    return action.kind == ACTION_ERRNO && action.data == 0;
}

void lint_errno_zero(struct lint *lint)
{
    find_actions(lint, is_errno_zero,
                 "the call does nothing and returns 0, which the program takes for success");
}

void lint_log_default(struct lint *lint)
{
    const struct policy *policy = lint->subject->policy;
    if (policy->default_action.kind == ACTION_LOG) {
        lint_find(lint, lint_policy_place(lint),
                  memory_strdup(policy->audit ? "made with --audit: nothing is denied"
                                              : "the default is log: what no rule names is let "
                                                "through"),
                  NULL);
    }
}

static bool is_trace(struct action action)
{
    return action.kind == ACTION_TRACE;
}

void lint_trace(struct lint *lint)
{
    find_actions(lint, is_trace, "without a tracer that asked for it, the call fails with ENOSYS");
}

void lint_spec_allow(struct lint *lint)
{
    if (lint->subject->policy->flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW) {
        lint_find(lint, lint_policy_place(lint),
                  memory_strdup("the flag SPEC_ALLOW keeps the mitigations against speculative "
                                "store bypass off"),
                  NULL);
    }
}

void lint_exit(struct lint *lint)
{
    struct outcome outcome = lint_native(lint, "exit_group");
    if (outcome.denied && !outcome.passes) {
        lint_find(lint, lint_name_place(lint, "exit_group"),
                  memory_strdup("exit_group is refused: the program cannot end, or ends by a "
                                "signal"),
                  memory_strdup("allow exit_group"));
    }
}

void lint_signal_return(struct lint *lint)
{
    struct outcome outcome = lint_native(lint, "rt_sigreturn");
    if (outcome.denied && !outcome.passes) {
        lint_find(lint, lint_name_place(lint, "rt_sigreturn"),
                  memory_strdup("rt_sigreturn is refused: the program dies when a handler of a "
                                "signal returns"),
                  memory_strdup("allow rt_sigreturn"));
    }
}

/* Calls that libc makes at the start of every program, or the first allocation, and does without:
   glibc 2.36, seen with strace; tests/cli/lint.sh tries it. */
static const char *const probes[] = {"rseq", "set_robust_list", "getrandom"};

void lint_probes(struct lint *lint)
{
    struct name_list killed = {0};
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        struct outcome outcome = lint_native(lint, probes[i]);
        if (outcome.denied && !outcome.passes && outcome.denial.kind <= ACTION_TRAP) {
            name_list_add(&killed, probes[i]);
        }
    }
    if (killed.count) {
        CLEANUP_FREE char *text = name_list_text(&killed, 3);
        lint_find(
            lint, lint_name_place(lint, killed.names[0]),
            memory_printf("%s would kill the program: libc makes such calls at every start, "
                          "and does without if they only fail",
                          text),
            memory_printf("allow %s, or give %s ENOSYS", text, killed.count > 1 ? "them" : "it"));
    }
    name_list_free(&killed);
}
