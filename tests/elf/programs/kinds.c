/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C program of the matrix: constructor, heap, TLS, threads, its own program headers, and a
 * system call that the policy of the matrix denies with an errno that no kernel gives for it. Its
 * output is the same in every run but for the lines that begin with "call".
 *
 *     kinds            do all that, status 0
 *     kinds hold       say "holding" and wait for the end of standard input
 *
 * Works with glibc, musl, tcc, 32 and 64 bits. argv[0] must be the path of the program: through an
 * explicit ld.so /proc/self/exe is ld.so.
 */
#define _GNU_SOURCE
#ifdef __TINYC__ /* lacks a type that glibc's <link.h> names */
typedef struct {
    long halves[2];
} __int128_t;
#endif
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS 4

#ifdef __TINYC__ /* has no thread-local variables */
#define THREAD_LOCAL
#else
#define THREAD_LOCAL static __thread
THREAD_LOCAL int tls_data = 41;
THREAD_LOCAL char tls_zero[64];
#endif

#ifdef BIG_BSS
static unsigned char big[BIG_BSS];
#endif

/* So much that no core holds the file whole: of real programs a core has the first page only. */
static const unsigned char ballast[1 << 17] = {[0] = 1, [4096] = 2, [(1 << 17) - 1] = 3};

static int constructed;
static int counter;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Pointers in data: something for dynamic relocations (RELR among them) to do. */
static const char *const words[] = {"alpha", "beta", "gamma", "delta"};

#ifndef NO_CONSTRUCTOR
static void __attribute__((constructor)) construct(void)
{
    constructed = 1;
}
#endif

#ifdef NO_START /* what start files have, and atexit() needs */
__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;
#endif

#ifdef OWN_INIT /* a shared object; named by -Wl,-init */
void own_init(void);
void own_init(void)
{
    constructed += 2;
}
#endif

static void at_end(void)
{
    puts("atexit: ran");
    fflush(stdout);
}

/* The denied call: "allowed", or the errno. */
static void try_call(const char *who, const char *directory)
{
    if (mkdir(directory, 0700) == 0) {
        rmdir(directory);
        printf("call from %s: allowed\n", who);
    } else {
        printf("call from %s: errno %d\n", who, errno);
    }
}

static void *work(void *argument)
{
    int index = *(int *)argument;
    int sum = 0;
    char *block = malloc(100000);
    if (block == NULL) {
        abort();
    }
    memset(block, index, 100000);
    for (int i = 0; i < 100000; i++) {
        sum += block[i];
    }
    free(block);
#ifndef __TINYC__
    tls_data += index;
    tls_zero[index] = (char)index;
    if (tls_data != 41 + index || tls_zero[(index + 1) % THREADS] != 0) {
        abort();
    }
#endif
    pthread_mutex_lock(&lock);
    counter += sum;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *call_in_thread(void *argument)
{
    try_call("thread", argument);
    return NULL;
}

#ifndef SHARED
/* What dl_iterate_phdr() says first is about the program. */
static int first_object(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    *(struct dl_phdr_info *)context = *info;
    return 1;
}

/* Are the bytes at AT_PHDR the program headers of the file? */
static void check_phdr(const char *self)
{
    ElfW(Ehdr) header;
    static unsigned char table[64 * sizeof(ElfW(Phdr))];
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header) {
        puts("phdr: cannot read the program");
        return;
    }
    size_t size = (size_t)header.e_phnum * sizeof(ElfW(Phdr));
    if (size > sizeof table || pread(fd, table, size, (off_t)header.e_phoff) != (ssize_t)size) {
        puts("phdr: cannot read the table");
        close(fd);
        return;
    }
    close(fd);
    const void *loaded = (const void *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    if (count != header.e_phnum) {
        puts("phdr: AT_PHNUM is not the number of the file");
    } else if (memcmp(loaded, table, size) != 0) {
        puts("phdr: AT_PHDR does not point to the table");
    } else {
        puts("phdr: AT_PHDR points to the table");
    }
    struct dl_phdr_info info;
    memset(&info, 0, sizeof info);
    dl_iterate_phdr(first_object, &info);
    if (info.dlpi_phnum != header.e_phnum || memcmp(info.dlpi_phdr, table, size) != 0) {
        puts("phdr: dl_iterate_phdr says something else");
    } else {
        puts("phdr: dl_iterate_phdr says the same");
    }
}
#endif

static int hold(void)
{
    char byte;
    puts("holding");
    fflush(stdout);
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    char directory[64];

    if (argc > 1 && strcmp(argv[1], "hold") == 0) {
        return hold();
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    atexit(at_end);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0) {
            return 3;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("threads: %d %s\n", counter, words[counter % 4]);
    printf("constructor: %d\n", constructed);
    int weight = 0;
    for (size_t i = 0; i < sizeof ballast; i++) {
        weight += ballast[i];
    }
    printf("ballast: %d\n", weight);
    printf("float: %.3f\n", atof("3.25") * 2);
#ifdef BIG_BSS
    volatile unsigned char *end = big;
    end += sizeof big - 1;
    big[0] = 1;
    *end = 2;
    printf("bss: %d %d\n", big[0], *end);
#endif
#ifndef SHARED /* AT_PHDR is about the program that loads it */
    check_phdr(argv[0]);
#endif
    snprintf(directory, sizeof directory, "kinds-directory-%ld", (long)getpid());
    try_call("main", directory);
    if (pthread_create(&threads[0], NULL, call_in_thread, directory) != 0) {
        return 3;
    }
    pthread_join(threads[0], NULL);
    puts("done");
    return 0;
}
