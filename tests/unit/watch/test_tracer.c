/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer on children of this program itself: `test_tracer CASE` is the command. They load
 * filters of libseccomp's kind by hand, so that nothing of elfcage's is involved.
 */
#include "watch/tracer.h"

#include "base/memory.h"

#include <errno.h>
#include <linux/audit.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Loads "number: action, else allow". */
static void load(int number, uint32_t action, unsigned flags, bool by_prctl)
{
    struct sock_filter program[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number},
        {BPF_RET | BPF_K, 0, 0, action},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog loaded = {4, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        (by_prctl ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded)
                  : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &loaded)) != 0) {
        _exit(100);
    }
}

static void *call_chown(void *count)
{
    for (int i = 0; i < *(const int *)count; i++) {
        syscall(SYS_chown, "/nonexistent", 1, i);
    }
    return NULL;
}

static void make_calls(int count)
{
    call_chown(&count);
}

static pthread_barrier_t loaded;

static void *call_chown_later(void *count)
{
    pthread_barrier_wait(&loaded);
    return call_chown(count);
}

/* TSYNC gives the filter to a thread that is there already; one that is started later inherits it.
 */
static void case_threads(void)
{
    pthread_t before;
    pthread_t after;
    int count = 2;
    pthread_barrier_init(&loaded, NULL, 2);
    load(SYS_fchown, SECCOMP_RET_ERRNO | EPERM, 0, true);
    pthread_create(&before, NULL, call_chown_later, &count);
    load(SYS_chown, SECCOMP_RET_ERRNO | EACCES, SECCOMP_FILTER_FLAG_TSYNC, false);
    pthread_barrier_wait(&loaded);
    pthread_join(before, NULL);
    pthread_create(&after, NULL, call_chown, &count);
    pthread_join(after, NULL);
    make_calls(1);
}

static void *call_exec(void *unused)
{
    load(SYS_chown, SECCOMP_RET_ERRNO | EPERM, 0, false); /* this thread's alone */
    execl("/proc/self/exe", "test_tracer", "calls", NULL);
    return unused;
}

/* A program that another thread than the first has started has that thread's filters. */
static void case_thread_becomes_process(void)
{
    pthread_t thread;
    make_calls(3);
    pthread_create(&thread, NULL, call_exec, NULL);
    pthread_join(thread, NULL);
}

static void case_children(void)
{
    make_calls(5); /* before there is a filter: nothing is said of them */
    load(SYS_chown, SECCOMP_RET_ERRNO | EPERM, 0, false);
    pid_t child = fork();
    if (child == 0) {
        make_calls(2);
        execl("/proc/self/exe", "test_tracer", "calls", NULL);
        _exit(101);
    }
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 9) {
        _exit(102);
    }
}

static int run_case(const char *name)
{
    if (strcmp(name, "threads") == 0) {
        case_threads();
        return 3;
    }
    if (strcmp(name, "children") == 0) {
        case_children();
        return 4;
    }
    if (strcmp(name, "becomes") == 0) {
        case_thread_becomes_process();
        return 10;
    }
    if (strcmp(name, "calls") == 0) {
        make_calls(1);
        return 9;
    }
    if (strcmp(name, "stacked") == 0) { /* the stricter of two wins, of equals the later */
        load(SYS_chown, SECCOMP_RET_ERRNO | EPERM, 0, false);
        load(SYS_chown, SECCOMP_RET_LOG, 0, false);
        load(SYS_chown, SECCOMP_RET_ERRNO | EACCES, 0, false);
        make_calls(1);
        return 5;
    }
    if (strcmp(name, "refused") == 0) { /* a load that fails changes nothing */
        load(SYS_chown, SECCOMP_RET_ERRNO | EPERM, 0, false);
        struct sock_fprog nowhere = {4, NULL};
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &nowhere);
        make_calls(1);
        return 6;
    }
    load(SYS_chown, SECCOMP_RET_KILL_PROCESS, 0, false);
    make_calls(1);
    return 7;
}

struct seen {
    size_t calls, kills, executed, loaded;
    uint32_t last_returns;
    size_t last_count; /* instructions of the filter that decided */
};

static void called(void *context, const struct watch_call *call)
{
    struct seen *seen = context;
    char path[32] = {0};
    assert_int_equal(call->call.nr, SYS_chown);
    assert_true(watch_read(call->thread, call->call.args[0], path, 13) == 13);
    assert_string_equal(path, "/nonexistent");
    seen->calls++;
    seen->last_returns = call->returns;
    seen->last_count = call->filter->count;
}

static void killed(void *context, pid_t thread, int signal)
{
    struct seen *seen = context;
    (void)thread;
    seen->kills += signal == SIGSYS;
}

static void executed(void *context, pid_t process)
{
    struct seen *seen = context;
    (void)process;
    seen->executed++;
}

static void has_loaded(void *context, pid_t thread)
{
    struct seen *seen = context;
    (void)thread;
    seen->loaded++;
}

static const char *self;

static struct seen watch_case(const char *name, int *status)
{
    struct seen seen = {0};
    const struct watcher watcher = {.context = &seen,
                                    .executed = executed,
                                    .loaded = has_loaded,
                                    .called = called,
                                    .killed = killed};
    CLEANUP_FREE char *program = memory_strdup(self);
    CLEANUP_FREE char *argument = memory_strdup(name);
    char *const arguments[] = {program, argument, NULL};
    struct error error = {0};
    int result = watch_run(arguments, &watcher, status, &error);
    if (result < 0) {
        print_message("# skipping: %s\n", error.text);
        error_clear(&error);
        skip();
    }
    return seen;
}

static void test_tracer_follows_threads(void **state)
{
    (void)state;
    int status = 0;
    struct seen seen = watch_case("threads", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    assert_int_equal(seen.calls, 5);
    assert_int_equal(seen.last_returns, SECCOMP_RET_ERRNO | EACCES);
}

static void test_tracer_follows_children_and_exec(void **state)
{
    (void)state;
    int status = 0;
    struct seen seen = watch_case("children", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 4);
    assert_int_equal(seen.calls, 3);
    assert_int_equal(seen.executed, 2);
}

static void test_tracer_follows_a_thread_that_becomes_the_process(void **state)
{
    (void)state;
    int status = 0;
    struct seen seen = watch_case("becomes", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.executed, 2);
}

static void test_tracer_takes_the_strictest_filter(void **state)
{
    (void)state;
    int status = 0;
    struct seen seen = watch_case("stacked", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    assert_int_equal(seen.loaded, 3);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.last_returns, SECCOMP_RET_ERRNO | EACCES);
    assert_int_equal(seen.last_count, 4);
}

static void test_tracer_ignores_a_filter_that_was_refused(void **state)
{
    (void)state;
    int status = 0;
    struct seen seen = watch_case("refused", &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 6);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.last_returns, SECCOMP_RET_ERRNO | EPERM);
}

static void test_tracer_sees_the_kill(void **state)
{
    (void)state;
    int status = 0;
    struct seen seen = watch_case("kill", &status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    assert_int_equal(seen.loaded, 1);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.kills, 1);
    assert_int_equal(seen.last_returns, SECCOMP_RET_KILL_PROCESS);
}

static void test_tracer_says_what_cannot_be_run(void **state)
{
    (void)state;
    const struct watcher watcher = {0};
    char *const arguments[] = {(char[]){"/nonexistent/program"}, NULL};
    struct error error = {0};
    int status = 0;
    assert_int_equal(watch_run(arguments, &watcher, &status, &error), -1);
    assert_int_equal(error.kind, ERROR_SYSTEM);
    assert_string_equal(error.text, "cannot be run: No such file or directory");
    error_clear(&error);
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 1) {
        _exit(run_case(arguments[1])); /* no leak check in a process that is traced */
    }
    self = arguments[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tracer_follows_threads),
        cmocka_unit_test(test_tracer_follows_children_and_exec),
        cmocka_unit_test(test_tracer_follows_a_thread_that_becomes_the_process),
        cmocka_unit_test(test_tracer_takes_the_strictest_filter),
        cmocka_unit_test(test_tracer_ignores_a_filter_that_was_refused),
        cmocka_unit_test(test_tracer_sees_the_kill),
        cmocka_unit_test(test_tracer_says_what_cannot_be_run),
    };
    return cmocka_run_group_tests_name("tracer", tests, NULL, NULL);
}
