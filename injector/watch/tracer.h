/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command under ptrace(2), with every process and thread that it starts: what its filters say of
 * each call, as it is made. Filters are read from the program when it loads them, so that it does
 * not matter whose they are; before a thread has one, nothing is said of its calls.
 */
#ifndef ELFCAGE_WATCH_TRACER_H
#define ELFCAGE_WATCH_TRACER_H

#include "base/error.h"
#include "filter/filter.h"

#include <sys/types.h>

struct watch_call {
    pid_t process, thread;
    struct seccomp_data call;
    uint32_t returns;            /* SECCOMP_RET_*: the strictest of the thread's filters */
    const struct filter *filter; /* that one; borrowed for the time of the callback */
};

/* What is told. Any may be NULL. */
struct watcher {
    void *context;
    void (*executed)(void *context, pid_t process); /* it is another program now */
    /* A call that is not simply allowed is about to be made. */
    void (*called)(void *context, const struct watch_call *call);
    void (*killed)(void *context, pid_t thread, int signal);
    void (*loaded)(void *context, pid_t thread); /* the thread has loaded a filter */
};

/*
 * Runs arguments[0], found in PATH, until it and all that it started have ended. *status is that of
 * the command, as waitpid(2) gives it. ERROR_SYSTEM if it cannot be run or traced. SIGINT and
 * SIGQUIT are left to the command meanwhile.
 */
int watch_run(char *const *arguments, const struct watcher *watcher, int *status,
              struct error *error);

/* Up to `size` bytes of the memory of a thread that is stopped; how many were there. */
size_t watch_read(pid_t thread, uint64_t address, void *bytes, size_t size);

#endif
