/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What seccomp(2) itself takes for several filters: `load_filters ROUNDS FILE...` prints, for each
 * round and file, INDEX <tab> ns. A FILE is an array of struct sock_filter.
 *
 * Each filter is loaded by a child of its own, since none can be taken off again; the clock is read
 * in the child, right before and after the call. All files take turns within a round, in changing
 * order; the first round warms up and is not printed.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILES = 32 };

static struct sock_fprog programs[MAX_FILES];

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_filter(const char *path, struct sock_fprog *program)
{
    static struct sock_filter instructions[MAX_FILES][BPF_MAXINSNS];
    struct sock_filter *into = instructions[program - programs];
    FILE *file = fopen(path, "re");
    if (!file) {
        fail(path);
    }
    program->len = (unsigned short)fread(into, sizeof *into, BPF_MAXINSNS, file);
    program->filter = into;
    fclose(file);
}

/* Returns ns, or -1. The result comes back through shared memory: a filter may refuse pipes. */
static int64_t load(const struct sock_fprog *program, volatile int64_t *result)
{
    *result = -1;
    pid_t child = fork();
    if (child < 0) {
        fail("fork");
    }
    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        now();
        int64_t start = now();
        long status =
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program);
        int64_t end = now();
        *result = status == 0 ? end - start : -1;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return *result;
}

int main(int argument_count, char **arguments)
{
    int count = argument_count - 2;
    if (count < 1 || count > MAX_FILES) {
        fputs("usage: load_filters ROUNDS FILE...\n", stderr);
        return 2;
    }
    int rounds = (int)strtol(arguments[1], NULL, 10);
    for (int i = 0; i < count; i++) {
        read_filter(arguments[i + 2], &programs[i]);
    }
    volatile int64_t *result =
        mmap(NULL, sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (result == MAP_FAILED) {
        fail("mmap");
    }
    for (int round = 0; round <= rounds; round++) {
        for (int i = 0; i < count; i++) {
            /* One step on each round, every other round backwards. */
            int index = (round + i) % count;
            index = round % 2 ? count - 1 - index : index;
            int64_t taken = load(&programs[index], result);
            if (taken < 0) {
                fprintf(stderr, "%s: the kernel refuses it\n", arguments[index + 2]);
                return 1;
            }
            if (round > 0) {
                printf("%d\t%lld\n", index, (long long)taken);
            }
        }
    }
    return 0;
}
