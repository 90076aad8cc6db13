/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays open and makes much of the rest worth less: io_uring, whose operations no filter sees;
 * other programs; other processes; the calls of later kernels.
 */
#include "lint/internal.h"

#include "base/memory.h"

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC
#error "linux/seccomp.h of Linux 4.14 or later is needed"
#endif

/* Calls that an operation of io_uring does (enum io_uring_op, linux/io_uring.h). */
static const char *const ring_calls[] = {
    "openat",          "openat2",   "open",      "creat",     "connect",
    "socket",          "bind",      "listen",    "accept",    "accept4",
    "sendto",          "sendmsg",   "recvfrom",  "recvmsg",   "shutdown",
    "unlink",          "unlinkat",  "rmdir",     "rename",    "renameat",
    "renameat2",       "mkdir",     "mkdirat",   "link",      "linkat",
    "symlink",         "symlinkat", "setxattr",  "fsetxattr", "getxattr",
    "fgetxattr",       "truncate",  "ftruncate", "stat",      "lstat",
    "newfstatat",      "statx",     "read",      "write",     "readv",
    "writev",          "pread64",   "pwrite64",  "preadv",    "pwritev",
    "splice",          "tee",       "fallocate", "fsync",     "fdatasync",
    "sync_file_range", "fadvise64", "madvise",   "epoll_ctl", "epoll_wait",
    "waitid",          "close",     "pipe",      "pipe2",
};
#define RING_COUNT (sizeof ring_calls / sizeof *ring_calls)

/* Ways to make a process that is not caged do what this one may not. */
static const char *const process_calls[] = {"ptrace", "process_vm_writev", "pidfd_getfd"};
#define PROCESS_COUNT (sizeof process_calls / sizeof *process_calls)

const char *lint_opening_name_at(size_t index)
{
    if (index < RING_COUNT) {
        return ring_calls[index];
    }
    index -= RING_COUNT;
    return index < PROCESS_COUNT ? process_calls[index] : NULL;
}

static void find_ring(struct lint *lint, bool by_rule)
{
    if (!lint_native(lint, "io_uring_setup").passes) {
        return;
    }
    struct name_list denied = {0};
    for (size_t i = 0; i < RING_COUNT; i++) {
        struct outcome outcome = lint_native(lint, ring_calls[i]);
        if (outcome.denied && outcome.by_rule == by_rule) {
            name_list_add(&denied, ring_calls[i]);
        }
    }
    if (denied.count) {
        CLEANUP_FREE char *text = name_list_text(&denied, 6);
        lint_find(lint, lint_name_place(lint, "io_uring_setup"),
                  memory_printf("io_uring is open, and does what is %s: %s",
                                by_rule ? "denied" : "not allowed", text),
                  memory_strdup("deny io_uring_setup, io_uring_enter and io_uring_register"));
    }
    name_list_free(&denied);
}

void lint_ring_denied(struct lint *lint)
{
    find_ring(lint, true);
}

void lint_ring_refused(struct lint *lint)
{
    find_ring(lint, false);
}

void lint_exec(struct lint *lint)
{
    struct name_list open = {0};
    static const char *const names[] = {"execve", "execveat"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (lint_native(lint, names[i]).passes) {
            name_list_add(&open, names[i]);
        }
    }
    if (open.count) {
        CLEANUP_FREE char *text = name_list_text(&open, 2);
        lint_find(lint, lint_name_place(lint, open.names[0]),
                  memory_printf("%s %s open: the program can become any other program, under the "
                                "same filter",
                                text, open.count > 1 ? "are" : "is"),
                  NULL);
    }
    name_list_free(&open);
}

bool lint_nesting_is_blocked(const struct table *table, const struct arch *arch)
{
    static const uint64_t any[POLICY_ARGUMENTS] = {0};
    static const uint64_t no_new_privs[POLICY_ARGUMENTS] = {PR_SET_NO_NEW_PRIVS, 1};
    static const uint64_t set_filter[POLICY_ARGUMENTS] = {SECCOMP_SET_MODE_FILTER,
                                                          SECCOMP_FILTER_FLAG_TSYNC};
    const struct abi *abi = arch->abis[0];
    bool starts =
        lint_passes(table, abi, "execve", any) || lint_passes(table, abi, "execveat", any);
    return starts && !(lint_passes(table, abi, "prctl", no_new_privs) &&
                       lint_passes(table, abi, "seccomp", set_filter));
}

void lint_nesting(struct lint *lint)
{
    if (lint_nesting_is_blocked(lint->subject->table, lint->subject->arch)) {
        lint_find(lint, lint_name_place(lint, "execve"),
                  memory_strdup("the program may start others, but a caged one could not load its "
                                "filter and would exit with status 126"),
                  memory_strdup("--allow-nesting allows the two calls that it needs"));
    }
}

void lint_other_processes(struct lint *lint)
{
    struct name_list open = {0};
    for (size_t i = 0; i < PROCESS_COUNT; i++) {
        struct outcome outcome = lint_native(lint, process_calls[i]);
        if (outcome.passes && !outcome.denied) {
            name_list_add(&open, process_calls[i]);
        }
    }
    if (open.count) {
        CLEANUP_FREE char *text = name_list_text(&open, PROCESS_COUNT);
        lint_find(lint, lint_name_place(lint, open.names[0]),
                  memory_printf("%s %s open: a process of the same user that is not caged can be "
                                "made to do what is denied here",
                                text, open.count > 1 ? "are" : "is"),
                  memory_printf("deny %s unless the program debugs others", text));
    }
    name_list_free(&open);
}

void lint_future(struct lint *lint)
{
    const struct policy *policy = lint->subject->policy;
    if (!action_denies(policy->default_action)) {
        size_t denials = 0;
        for (size_t i = 0; i < policy->syscall_count; i++) {
            denials += lint_native(lint, policy->syscalls[i].name).denied;
        }
        lint_find(lint, lint_policy_place(lint),
                  memory_printf("the default lets through what no rule names (rules deny %zu), and "
                                "every system call of later kernels",
                                denials),
                  NULL);
    }
}
