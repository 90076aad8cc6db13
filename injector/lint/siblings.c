/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of what is allowed that was made with one libc breaks under another, or under the same a
 * version later: what a program calls by one name, libc asks of the kernel by another. Seen with
 * strace: glibc 2.36 and musl 1.2.3 on x86-64; the calls of later glibc versions are from its
 * sources (clone3 since 2.34, fchmodat2 since 2.39).
 *
 * A newer call that gives ENOSYS is as good as allowed where libc falls back to the older one.
 */
#include "lint/internal.h"

#include "base/memory.h"

#include <string.h>

struct sibling {
    const char *has, *lacks;
    bool falls_back; /* if `lacks` gives ENOSYS */
};

/* What glibc, coreutils or Go call now in place of `has`. */
static const struct sibling newer[] = {
    {"open", "openat", false},         {"creat", "openat", false},
    {"stat", "newfstatat", false},     {"lstat", "newfstatat", false},
    {"fstat", "newfstatat", false},    {"newfstatat", "statx", true},
    {"faccessat", "faccessat2", true}, {"fchmodat", "fchmodat2", true},
    {"fork", "clone", false},          {"vfork", "clone", false},
    {"clone", "clone3", true},         {"mknod", "mknodat", false},
    {"utime", "utimensat", false},     {"utimes", "utimensat", false},
    {"futimesat", "utimensat", false}, {"select", "pselect6", false},
    {"pipe", "pipe2", false},          {"eventfd", "eventfd2", false},
    {"signalfd", "signalfd4", false},  {"getrlimit", "prlimit64", false},
    {"setrlimit", "prlimit64", false}, {"nanosleep", "clock_nanosleep", false},
    {"getdents", "getdents64", false}, {"tkill", "tgkill", false},
    {"_llseek", "lseek", false},       {"exit", "exit_group", false},
};

/* What musl, an older glibc or a program without libc calls in place of `has`. */
static const struct sibling older[] = {
    {"openat", "open", false},
    {"newfstatat", "stat", false},
    {"newfstatat", "lstat", false},
    {"newfstatat", "fstat", false},
    {"statx", "newfstatat", false},
    {"faccessat", "access", false},
    {"faccessat2", "faccessat", false},
    {"clone", "fork", false},
    {"clone", "vfork", false},
    {"clone3", "clone", false},
    {"mkdirat", "mkdir", false},
    {"unlinkat", "unlink", false},
    {"unlinkat", "rmdir", false},
    {"renameat", "rename", false},
    {"renameat2", "renameat", false},
    {"linkat", "link", false},
    {"symlinkat", "symlink", false},
    {"readlinkat", "readlink", false},
    {"fchmodat", "chmod", false},
    {"fchownat", "chown", false},
    {"fchownat", "lchown", false},
    {"pselect6", "select", false},
    {"ppoll", "poll", false},
    {"pipe2", "pipe", false},
    {"dup3", "dup2", false},
    {"epoll_pwait", "epoll_wait", false},
    {"accept4", "accept", false},
    {"clock_nanosleep", "nanosleep", false},
    {"exit_group", "exit", false},
};

#define NEWER_COUNT (sizeof newer / sizeof *newer)
#define OLDER_COUNT (sizeof older / sizeof *older)

const char *lint_sibling_name_at(size_t index)
{
    size_t row = index / 2;
    if (row >= NEWER_COUNT + OLDER_COUNT) {
        return NULL;
    }
    const struct sibling *sibling = row < NEWER_COUNT ? &newer[row] : &older[row - NEWER_COUNT];
    return index % 2 ? sibling->lacks : sibling->has;
}

/* Has the program the one call and not the other? Denials by a rule are meant. */
static bool lacks(const struct lint *lint, const struct sibling *sibling)
{
    struct outcome has = lint_native(lint, sibling->has);
    struct outcome other = lint_native(lint, sibling->lacks);
    return has.passes && other.denied && !other.passes && !other.by_rule &&
           !(sibling->falls_back && other.only_enosys);
}

void lint_newer_siblings(struct lint *lint)
{
    if (!action_denies(lint->subject->policy->default_action)) {
        return;
    }
    struct name_list done = {0};
    for (size_t i = 0; i < NEWER_COUNT; i++) {
        const struct sibling *sibling = &newer[i];
        if (name_list_has(&done, sibling->lacks) || !lacks(lint, sibling)) {
            continue;
        }
        name_list_add(&done, sibling->lacks);
        lint_find(lint, lint_name_place(lint, sibling->has),
                  memory_printf("%s is allowed, but %s is not, which current libcs and "
                                "programs call for the same purpose",
                                sibling->has, sibling->lacks),
                  sibling->falls_back
                      ? memory_printf("allow %s, or give it ENOSYS, so that libc falls back",
                                      sibling->lacks)
                      : memory_printf("allow %s too", sibling->lacks));
    }
    name_list_free(&done);
}

void lint_older_siblings(struct lint *lint)
{
    if (!action_denies(lint->subject->policy->default_action)) {
        return;
    }
    struct name_list has = {0};
    struct name_list missing = {0};
    for (size_t i = 0; i < OLDER_COUNT; i++) {
        if (lacks(lint, &older[i])) {
            name_list_add(&has, older[i].has);
            name_list_add(&missing, older[i].lacks);
        }
    }
    if (missing.count) {
        CLEANUP_FREE char *has_text = name_list_text(&has, 30);
        CLEANUP_FREE char *missing_text = name_list_text(&missing, 30);
        CLEANUP_FREE char *joined = name_list_joined(&missing);
        lint_find(lint, lint_name_place(lint, has.names[0]),
                  memory_printf("%s %s allowed, but not the older %s, which musl and older libcs "
                                "call",
                                has_text, has.count > 1 ? "are" : "is", missing_text),
                  memory_printf("allow %s too if the program may meet another libc", joined));
    }
    name_list_free(&has);
    name_list_free(&missing);
}
