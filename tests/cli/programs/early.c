/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library whose constructor starts a thread: on glibc it runs before the entry hook does, so only
 * SECCOMP_FILTER_FLAG_TSYNC gives that thread the filter. early_report() makes it report (see
 * contexts.c) and waits until it has. With -DOWN_FILTER the thread loads a filter of its own first,
 * so that the cage's cannot be given to it.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void report(const char *where);
void early_report(void);

static pthread_t early;
static sem_t asked;
static sem_t started;

static void *wait_and_report(void *nothing)
{
#ifdef OWN_FILTER
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog load = {.len = 1, .filter = &all};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &load);
#endif
    sem_post(&started);
    while (sem_wait(&asked) != 0) {
    }
    report("thread-of-constructor");
    return nothing;
}

__attribute__((constructor)) static void start(void)
{
    sem_init(&asked, 0, 0);
    sem_init(&started, 0, 0);
    pthread_create(&early, NULL, wait_and_report, NULL);
    while (sem_wait(&started) != 0) {
    }
}

void early_report(void)
{
    sem_post(&asked);
    pthread_join(early, NULL);
}
