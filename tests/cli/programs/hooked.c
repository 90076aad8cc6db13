/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program or a library that says of each of its functions that a loader calls, in the order in
 * which they are called, whether the filter is there: mkdir gives ENOTUNIQ. What there is depends
 * on macros.
 *
 * All by raw system calls, since resolvers of indirect functions run before ld.so has relocated
 * anything that they could call.
 */
#define ENOTUNIQ 76

#if defined __x86_64__
#define SYS_WRITE 1
#define SYS_MKDIR 83
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined __i386__
#define SYS_WRITE 4
#define SYS_MKDIR 39
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}
#else
#error "not written for this architecture"
#endif

/* One line, by one call; the text is put together without the help of any function. */
static inline __attribute__((always_inline)) void say(const char *what)
{
    char line[64];
    unsigned long size = 0;
    const char *path = "/dev/null/x";
    const char *end = call(SYS_MKDIR, (long)path, 0700, 0) == -ENOTUNIQ ? " filtered\n" : " free\n";
    while (*what) {
        line[size++] = *what++;
    }
    while (*end) {
        line[size++] = *end++;
    }
    call(SYS_WRITE, 1, (long)line, (long)size);
}

#ifndef NAME
#define NAME "library"
#endif

#ifdef RESOLVER
static int resolved(void)
{
    return 0;
}
/* static: called by way of a resolver, and by no symbol that another file could have. */
static void *resolve(void)
{
    say(NAME " resolver");
    return (void *)resolved;
}
#ifdef LIBRARY
__attribute__((visibility("protected")))
#endif
int indirect(void) __attribute__((ifunc("resolve")));
#endif

#ifdef INIT
/* To be named by -Wl,-init. */
void own_init(void);
void own_init(void)
{
    say(NAME " DT_INIT");
}
#endif

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void first(void)
{
    say(NAME " constructor");
}
#endif

#ifdef ARGUMENTS
/* glibc hands over the arguments of main; musl does not. */
__attribute__((constructor)) static void second(int count, char **words, char **environment)
{
    say(count == 1 && words[0] && !words[1] && words + 2 == environment ? NAME " arguments"
                                                                        : NAME " no arguments");
}
#endif

#ifdef PREINIT
static void before_all(void)
{
    say(NAME " preinit");
}
__attribute__((section(".preinit_array"), used)) static void (*const array)(void) = before_all;
#endif

#ifdef LIBRARY
#ifdef BELOW
int call_below(void);
#endif
int CALL(void);
int CALL(void)
{
#ifdef BELOW
    call_below();
#endif
#ifdef RESOLVER
    indirect();
#endif
    say(NAME);
    return 0;
}
#else
int call_library(void);
int main(void)
{
#ifdef RESOLVER
    indirect();
#endif
#ifndef ALONE
    call_library();
#endif
    say("main");
    return 0;
}
#endif
