/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one system call that its filter denies (getpriority, which nothing in libc makes by itself)
 * from every place a process can make it from, and says what came of each:
 *
 *     contexts [PROGRAM...]
 *
 * Each line is `WHERE RESULT FILTER`: the result as an errno name or `ok`, and `Seccomp:` of that
 * task in /proc. PROGRAM is executed at the end, in a child.
 * With -DEARLY it is linked to early.c, whose constructor starts a thread before the entry hook.
 */
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int seccomp_mode(void)
{
    char path[64];
    char line[256];
    int mode = -1;
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", (long)syscall(SYS_gettid));
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "Seccomp: %d", &mode);
    }
    if (status) {
        fclose(status);
    }
    return mode;
}

void report(const char *where);
void report(const char *where)
{
    errno = 0;
    long result = syscall(SYS_getpriority, 0, 0);
    const char *name = result == -1 ? strerrorname_np(errno) : "ok";
    dprintf(1, "%s %s %d\n", where, name, seccomp_mode());
}

static void *thread(void *where)
{
    report(where);
    return NULL;
}

static void run_thread(const char *where)
{
    pthread_t id;
    pthread_create(&id, NULL, thread, (void *)(uintptr_t)where);
    pthread_join(id, NULL);
}

static void handler(int signal)
{
    report(signal == SIGUSR1 ? "signal" : "alternate-stack");
}

static void child(const char *where, pid_t pid)
{
    if (pid == 0) {
        report(where);
        _exit(0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        dprintf(1, "%s failed\n", where);
    }
}

#ifdef EARLY
void early_report(void);
#endif

int main(int argc, char **argv)
{
    report("main");
    run_thread("thread");

    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);

    child("fork", fork());
    pid_t pid = vfork();
    if (pid == 0) {
        report("vfork");
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    child("clone3", (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments));
    pid = fork();
    if (pid == 0) {
        run_thread("thread-of-child");
        child("grandchild", fork());
        _exit(0);
    }
    waitpid(pid, NULL, 0);
#ifdef EARLY
    early_report();
#endif
    fflush(stdout);
    if (argc > 1) {
        pid = fork();
        if (pid == 0) {
            execv(argv[1], argv + 1);
            _exit(127);
        }
        waitpid(pid, NULL, 0);
    }
    return 0;
}
