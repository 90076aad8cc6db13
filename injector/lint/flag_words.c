/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments that are words of flags, compared as a whole. Who denies socket type == SOCK_RAW is
 * passed by SOCK_RAW | SOCK_CLOEXEC; who allows it breaks a program that sets SOCK_CLOEXEC. Only
 * MASKED_EQ looks at the bits that are meant.
 *
 * Source: the manual pages of section 2, and uapi headers of Linux 6.18.
 */
#include "lint/internal.h"

#include "base/memory.h"

#include <string.h>

struct flag_word {
    const char *name;
    uint8_t argument; /* 0..5 */
};

static const struct flag_word words[] = {
    {"accept4", 3},
    {"chmod", 1},
    {"clone", 0},
    {"close_range", 2},
    {"copy_file_range", 5},
    {"delete_module", 1},
    {"dup3", 2},
    {"epoll_create1", 0},
    {"eventfd2", 1},
    {"execveat", 4},
    {"faccessat2", 3},
    {"fallocate", 1},
    {"fanotify_init", 0},
    {"fanotify_init", 1},
    {"fanotify_mark", 1},
    {"fchmod", 1},
    {"fchmodat", 2},
    {"fchmodat2", 2},
    {"fchmodat2", 3},
    {"fchownat", 4},
    {"finit_module", 2},
    {"fsconfig", 0},
    {"fsmount", 1},
    {"fsmount", 2},
    {"fsopen", 1},
    {"fspick", 2},
    {"getrandom", 2},
    {"inotify_init1", 0},
    {"io_uring_enter", 3},
    {"kexec_file_load", 4},
    {"kexec_load", 3},
    {"linkat", 4},
    {"memfd_create", 1},
    {"mknod", 1},
    {"mknodat", 2},
    {"mlock2", 2},
    {"mlockall", 0},
    {"mmap", 2},
    {"mmap", 3},
    {"mmap2", 2},
    {"mmap2", 3},
    {"mount", 3},
    {"mount_setattr", 2},
    {"move_mount", 4},
    {"mprotect", 2},
    {"mremap", 3},
    {"msgget", 1},
    {"msync", 2},
    {"name_to_handle_at", 4},
    {"newfstatat", 3},
    {"open", 1},
    {"open_by_handle_at", 2},
    {"open_tree", 2},
    {"openat", 2},
    {"perf_event_open", 4},
    {"pidfd_getfd", 2},
    {"pidfd_open", 1},
    {"pidfd_send_signal", 3},
    {"pipe2", 1},
    {"pkey_mprotect", 2},
    {"preadv2", 5},
    {"pwritev2", 5},
    {"recvfrom", 3},
    {"recvmmsg", 3},
    {"recvmsg", 2},
    {"renameat2", 4},
    {"seccomp", 1},
    {"semget", 2},
    {"sendmmsg", 3},
    {"sendmsg", 2},
    {"sendto", 3},
    {"setns", 1},
    {"shmat", 2},
    {"shmget", 2},
    {"signalfd4", 3},
    {"socket", 1},
    {"socketpair", 1},
    {"splice", 5},
    {"statx", 2},
    {"sync_file_range", 3},
    {"tee", 3},
    {"timerfd_create", 1},
    {"timerfd_settime", 1},
    {"umount2", 1},
    {"unlinkat", 2},
    {"unshare", 0},
    {"userfaultfd", 0},
    {"vmsplice", 3},
    {"wait4", 2},
    {"waitid", 3},
};
#define WORD_COUNT (sizeof words / sizeof *words)

const char *lint_flag_word_at(size_t index, unsigned *argument)
{
    if (index >= WORD_COUNT) {
        return NULL;
    }
    *argument = words[index].argument;
    return words[index].name;
}

static bool is_flag_word(const char *name, unsigned argument)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (words[i].argument == argument && strcmp(words[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Is it the whole word that is compared? *equal: for being a value, or for not being it. */
static bool compares_whole(const struct condition *c, bool *equal)
{
    uint64_t highest = c->width == 64 ? UINT64_MAX : UINT32_MAX;
    *equal = c->compare != COMPARE_NE;
    return c->compare == COMPARE_EQ || c->compare == COMPARE_NE ||
           (c->compare == COMPARE_MASKED_EQ && c->mask == highest);
}

/* `passed`: one more bit in the word gets the call past a denial, or into an allowance. */
static bool find_in_rule(struct lint *lint, size_t syscall, size_t k, bool passed)
{
    const struct syscall_rules *rules = &lint->subject->policy->syscalls[syscall];
    const struct rule *rule = &rules->rules[k];
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct condition *c = &rule->conditions[i];
        bool equal;
        if (!is_flag_word(rules->name, c->argument) || !compares_whole(c, &equal) ||
            (action_denies(rule->action) == equal) != passed) {
            continue;
        }
        lint_find(lint, lint_rule_place(lint, (struct origin){.syscall = syscall, .rule = k}),
                  memory_printf("argument %u of %s is a word of flags, compared as a whole: %s",
                                (unsigned)c->argument, rules->name,
                                passed ? "one more flag passes the rule"
                                       : "a harmless flag more, and the call is refused"),
                  NULL);
        return true;
    }
    return false;
}

static void find(struct lint *lint, bool passed)
{
    const struct policy *policy = lint->subject->policy;
    for (size_t i = 0; i < policy->syscall_count; i++) {
        for (size_t k = 0; k < policy->syscalls[i].rule_count; k++) {
            if (find_in_rule(lint, i, k, passed)) {
                break; /* one finding a system call */
            }
        }
    }
}

void lint_flag_words_passed(struct lint *lint)
{
    find(lint, true);
}

void lint_flag_words_strict(struct lint *lint)
{
    find(lint, false);
}
