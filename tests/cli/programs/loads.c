/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a library as plug-ins are: loads FILE, from a thread, beside threads that run already; then
 * says whether they are filtered (mkdir gives ENOTUNIQ) and whether no_new_privs is set. `loads
 * FILE COUNT THREADS` loads and closes it as often as that, from so many threads at a time. `loads
 * FILE own` does so beside a thread that has a filter of its own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static const char *file;
static int count;
static pthread_barrier_t loaded;

static int is_filtered(void)
{
    return mkdir("/dev/null/x", 0700) < 0 && errno == ENOTUNIQ;
}

static void *beside(void *result)
{
    int before = is_filtered();
    pthread_barrier_wait(&loaded); /* it runs */
    pthread_barrier_wait(&loaded); /* the library is there */
    *(int *)result = !before && is_filtered();
    return NULL;
}

static void *filter_itself(void *unused)
{
    struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, allow};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        exit(2);
    }
    pthread_barrier_wait(&loaded);
    pthread_barrier_wait(&loaded); /* never passed */
    return unused;
}

static void *load(void *unused)
{
    void *library = dlopen(file, RTLD_NOW);
    if (!library) {
        printf("%s\n", dlerror());
        exit(1);
    }
    return unused ? library : NULL;
}

static void *load_and_close(void *failures)
{
    for (int i = 0; i < count; i++) {
        void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        int (*function)(void) = 0;
        if (library) {
            *(void **)&function = dlsym(library, "call_quietly");
        }
        if (!function || function() != 42 || !is_filtered() || dlclose(library) != 0) {
            ++*(int *)failures;
        }
    }
    return NULL;
}

static int load_often(int thread_count)
{
    pthread_t threads[64];
    int failures[64] = {0};
    int sum = 0;
    for (int i = 0; i < thread_count; i++) {
        pthread_create(&threads[i], NULL, load_and_close, &failures[i]);
    }
    for (int i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
        sum += failures[i];
    }
    printf("%d failures\n", sum);
    return sum != 0;
}

int main(int argument_count, char **arguments)
{
    file = arguments[1];
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argument_count > 3) {
        count = atoi(arguments[2]);
        return load_often(atoi(arguments[3]));
    }
    if (argument_count > 2) {
        pthread_t thread;
        pthread_barrier_init(&loaded, NULL, 2);
        pthread_create(&thread, NULL, filter_itself, NULL);
        pthread_barrier_wait(&loaded);
        load(NULL);
        puts("loaded");
        return 0;
    }
    pthread_t threads[3];
    int filtered[2] = {0};
    pthread_barrier_init(&loaded, NULL, 3);
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, beside, &filtered[i]);
    }
    pthread_barrier_wait(&loaded);
    pthread_create(&threads[2], NULL, load, NULL);
    pthread_join(threads[2], NULL);
    pthread_barrier_wait(&loaded);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("threads %d%d, main %d, no_new_privs %d\n", filtered[0], filtered[1], is_filtered(),
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    return 0;
}
