/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ptrace(2) stops a thread at the entry of each system call, before its filters see it
 * (syscall_trace_enter(), since Linux 4.8), and says what the call is (PTRACE_GET_SYSCALL_INFO,
 * since Linux 5.3). What will happen is computed from the filters that the thread has loaded.
 *
 * A thread that is started is announced by its parent's stop, or by its own first one, whichever is
 * seen first: it goes on when both have been.
 */
#include "watch/tracer.h"

#include "base/memory.h"
#include "watch/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct thread {
    pid_t id, process;
    struct filter_stack *filters;
    bool announced; /* by its parent, so that `filters` is right */
    bool waiting;   /* stopped until it is announced */
    bool loading;   /* inside a call that loads `loaded` */
    struct filter loaded;
    uint64_t load_flags;
};

struct tracer {
    const struct watcher *watcher;
    struct thread *threads;
    size_t count, capacity;
    pid_t command;
    int status; /* of the command */
    struct error *error;
};

/* ptrace(2) takes numbers as pointers. */
static void *as_pointer(uint64_t value)
{
    return (void *)(uintptr_t)value; /* NOLINT(performance-no-int-to-ptr) */
}

size_t watch_read(pid_t thread, uint64_t address, void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        /* Page by page, since a piece that is partly missing is not read at all. */
        size_t step = 4096 - (size_t)((address + done) % 4096);
        step = step < size - done ? step : size - done;
        struct iovec here = {(uint8_t *)bytes + done, step};
        struct iovec there = {as_pointer(address + done), step};
        if (process_vm_readv(thread, &here, 1, &there, 1, 0) != (ssize_t)step) {
            break;
        }
        done += step;
    }
    return done;
}

static struct thread *find(struct tracer *tracer, pid_t id)
{
    for (size_t i = 0; i < tracer->count; i++) {
        if (tracer->threads[i].id == id) {
            return &tracer->threads[i];
        }
    }
    return NULL;
}

/* The process that a thread belongs to. */
static pid_t process_of(pid_t thread)
{
    CLEANUP_FREE char *path = memory_printf("/proc/%d/status", (int)thread);
    FILE *file = fopen(path, "re");
    char line[256];
    int process = (int)thread;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Tgid:", 5) == 0) {
            process = (int)strtol(line + 5, NULL, 10);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return (pid_t)process;
}

static struct thread *add(struct tracer *tracer, pid_t id)
{
    struct thread *thread =
        memory_append(&tracer->threads, &tracer->count, &tracer->capacity, sizeof *thread);
    thread->id = id;
    thread->process = process_of(id);
    return thread;
}

static void thread_clear(struct thread *thread)
{
    filter_stack_drop(thread->filters);
    filter_free(&thread->loaded);
}

static void forget(struct tracer *tracer, struct thread *thread)
{
    thread_clear(thread);
    *thread = tracer->threads[--tracer->count];
}

/* A thread that dies meanwhile (ESRCH) is reported by waitpid(2). */
static int resume(struct tracer *tracer, pid_t id, int signal)
{
    if (ptrace(PTRACE_SYSCALL, id, NULL, as_pointer((uint64_t)signal)) < 0 && errno != ESRCH) {
        return error_system(tracer->error, errno, NULL, "a traced thread cannot go on");
    }
    return 0;
}

/* The filter that the thread was about to load is loaded. */
static void loaded(struct tracer *tracer, struct thread *thread)
{
    thread->filters = filter_stack_push(thread->filters, &thread->loaded);
    if (tracer->watcher->loaded) {
        tracer->watcher->loaded(tracer->watcher->context, thread->id);
    }
    for (size_t i = 0; i < tracer->count; i++) {
        struct thread *other = &tracer->threads[i];
        if ((thread->load_flags & SECCOMP_FILTER_FLAG_TSYNC) && other != thread &&
            other->process == thread->process) {
            filter_stack_drop(other->filters);
            other->filters = filter_stack_take(thread->filters);
        }
    }
}

static void enter(struct tracer *tracer, struct thread *thread,
                  const struct __ptrace_syscall_info *info)
{
    struct watch_call call = {
        .process = thread->process,
        .thread = thread->id,
        .call = {.nr = (int)info->entry.nr,
                 .arch = info->arch,
                 .instruction_pointer = info->instruction_pointer},
    };
    for (size_t i = 0; i < 6; i++) {
        call.call.args[i] = info->entry.args[i];
    }
    call.returns = filter_stack_run(thread->filters, &call.call, &call.filter);
    if (call.filter && tracer->watcher->called) {
        tracer->watcher->called(tracer->watcher->context, &call);
    }
    filter_free(&thread->loaded);
    thread->loading =
        filter_stack_read_load(thread->id, &call.call, &thread->loaded, &thread->load_flags);
}

static void leave(struct tracer *tracer, struct thread *thread,
                  const struct __ptrace_syscall_info *info)
{
    /* With TSYNC a positive result names a thread that could not follow; with NEW_LISTENER it is a
       descriptor. */
    bool done = !info->exit.is_error &&
                (info->exit.rval == 0 || (thread->load_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER));
    if (thread->loading && done) {
        loaded(tracer, thread);
    }
    thread->loading = false;
}

static int stopped_at_call(struct tracer *tracer, struct thread *thread)
{
    struct __ptrace_syscall_info info = {0};
    long size = ptrace(PTRACE_GET_SYSCALL_INFO, thread->id, as_pointer(sizeof info), &info);
    if (size < 0 && errno != ESRCH) {
        return error_system(tracer->error, errno, NULL,
                            "the kernel does not say which call is made (Linux 5.3 does)");
    }
    if (size > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        enter(tracer, thread, &info);
    } else if (size > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT) {
        leave(tracer, thread, &info);
    }
    return resume(tracer, thread->id, 0);
}

/* The thread `parent`, which has these filters, has started a thread or a process. */
static int started(struct tracer *tracer, pid_t parent, struct filter_stack *filters)
{
    unsigned long message = 0;
    if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &message) < 0) {
        return 0;
    }
    pid_t id = (pid_t)message;
    struct thread *child = find(tracer, id);
    if (!child) {
        child = add(tracer, id);
    }
    filter_stack_drop(child->filters);
    child->filters = filter_stack_take(filters);
    child->announced = true;
    if (!child->waiting) {
        return 0;
    }
    child->waiting = false;
    return resume(tracer, id, 0);
}

/* The process has become another program. It is one thread now, that which called execve(2), and
   has the id of the process. */
static void executed(struct tracer *tracer, struct thread *leader)
{
    unsigned long message = 0;
    pid_t id = leader->id;
    struct thread *former =
        ptrace(PTRACE_GETEVENTMSG, id, NULL, &message) < 0 ? NULL : find(tracer, (pid_t)message);
    leader->process = id;
    leader->loading = false;
    if (former && former != leader) {
        filter_stack_drop(leader->filters);
        leader->filters = filter_stack_take(former->filters);
        forget(tracer, former); /* `leader` may have moved */
    }
    if (tracer->watcher->executed) {
        tracer->watcher->executed(tracer->watcher->context, id);
    }
}

static bool stops_group(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static int stopped(struct tracer *tracer, pid_t id, int status)
{
    int signal = WSTOPSIG(status);
    int event = status >> 16;
    struct thread *thread = find(tracer, id);
    if (!thread) {
        thread = add(tracer, id);
    }
    if (!thread->announced) {
        thread->waiting = true;
        return 0;
    }
    if (signal == (SIGTRAP | 0x80)) {
        return stopped_at_call(tracer, thread);
    }
    switch (event) {
    case 0:
        return resume(tracer, id, signal);
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        if (started(tracer, id, thread->filters) < 0) {
            return -1;
        }
        break;
    case PTRACE_EVENT_EXEC:
        executed(tracer, thread);
        break;
    case PTRACE_EVENT_STOP:
        if (stops_group(signal)) {
            return ptrace(PTRACE_LISTEN, id, NULL, NULL) < 0 && errno != ESRCH
                       ? error_system(tracer->error, errno, NULL, "a stopped process is lost")
                       : 0;
        }
        break;
    default:
        break;
    }
    return resume(tracer, id, 0);
}

/* A parent that was killed announces nobody: those that only wait for that go on. */
static int release(struct tracer *tracer)
{
    for (size_t i = 0; i < tracer->count; i++) {
        if (!tracer->threads[i].waiting) {
            return 0;
        }
    }
    for (size_t i = 0; i < tracer->count; i++) {
        tracer->threads[i].waiting = false;
        tracer->threads[i].announced = true;
        if (resume(tracer, tracer->threads[i].id, 0) < 0) {
            return -1;
        }
    }
    return 0;
}

static int ended(struct tracer *tracer, pid_t id, int status)
{
    if (WIFSIGNALED(status) && tracer->watcher->killed) {
        tracer->watcher->killed(tracer->watcher->context, id, WTERMSIG(status));
    }
    if (id == tracer->command) {
        tracer->status = status;
    }
    struct thread *thread = find(tracer, id);
    if (thread) {
        forget(tracer, thread);
    }
    return release(tracer);
}

static int watch(struct tracer *tracer)
{
    for (;;) {
        int status = 0;
        pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0 && errno == EINTR) {
            continue;
        }
        if (id < 0) {
            return errno == ECHILD ? 0
                                   : error_system(tracer->error, errno, NULL, "cannot wait for it");
        }
        if ((WIFSTOPPED(status) ? stopped(tracer, id, status) : ended(tracer, id, status)) < 0) {
            return -1;
        }
    }
}

/* In the child: waits until it is traced, then becomes the command. Says on `report` why not. */
static void become(char *const *arguments, int gate, int report)
{
    char byte;
    while (read(gate, &byte, 1) < 0 && errno == EINTR) {
    }
    execvp(arguments[0], arguments);
    int reason = errno;
    ssize_t ignored = write(report, &reason, sizeof reason);
    (void)ignored;
    _exit(127);
}

static int seize(pid_t child, struct error *error)
{
    unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                            PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, child, NULL, as_pointer(options)) < 0) {
        return error_system(error, errno, NULL,
                            "the command cannot be traced: run it where ptrace(2) is allowed");
    }
    return 0;
}

/* The child has been started; the gate is open once this returns. */
static int trace(struct tracer *tracer, const char *name, int *gate, int report)
{
    if (seize(tracer->command, tracer->error) < 0) {
        kill(tracer->command, SIGKILL);
        return -1;
    }
    if (ptrace(PTRACE_INTERRUPT, tracer->command, NULL, NULL) < 0) {
        return error_system(tracer->error, errno, NULL, "the command cannot be traced");
    }
    add(tracer, tracer->command)->announced = true;
    close(*gate);
    *gate = -1;
    if (watch(tracer) < 0) {
        return -1;
    }
    int reason = 0;
    if (read(report, &reason, sizeof reason) == sizeof reason) {
        return error_system(tracer->error, reason, name, "cannot be run");
    }
    return 0;
}

int watch_run(char *const *arguments, const struct watcher *watcher, int *status,
              struct error *error)
{
    int gate[2];
    int report[2];
    if (pipe2(gate, O_CLOEXEC) < 0) {
        return error_system(error, errno, NULL, "cannot make a pipe");
    }
    if (pipe2(report, O_CLOEXEC) < 0) {
        close(gate[0]);
        close(gate[1]);
        return error_system(error, errno, NULL, "cannot make a pipe");
    }
    struct tracer tracer = {.watcher = watcher, .error = error, .command = fork()};
    if (tracer.command == 0) {
        close(gate[1]);
        become(arguments, gate[0], report[1]);
    }
    close(gate[0]);
    close(report[1]);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction old_interrupt;
    struct sigaction old_quit;
    sigaction(SIGINT, &ignore, &old_interrupt);
    sigaction(SIGQUIT, &ignore, &old_quit);
    int result = tracer.command < 0 ? error_system(error, errno, NULL, "cannot start a process")
                                    : trace(&tracer, arguments[0], &gate[1], report[0]);
    sigaction(SIGINT, &old_interrupt, NULL);
    sigaction(SIGQUIT, &old_quit, NULL);
    if (gate[1] >= 0) {
        close(gate[1]);
    }
    close(report[0]);
    for (size_t i = 0; i < tracer.count; i++) {
        thread_clear(&tracer.threads[i]);
    }
    free(tracer.threads);
    *status = tracer.status;
    return result;
}
