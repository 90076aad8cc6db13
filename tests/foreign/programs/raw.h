/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw system calls and an entry point for each architecture, so that a program needs no C library.
 * start() gets the initial stack: argc, argv, environment, auxiliary vector.
 */
#ifndef ELFCAGE_TESTS_FOREIGN_RAW_H
#define ELFCAGE_TESTS_FOREIGN_RAW_H

#include <stdint.h>

__attribute__((noreturn, used)) void start(uintptr_t *stack);

#if defined __x86_64__
__asm__(".globl _start\n_start:\n"
        "    mov %rsp, %rdi\n    xor %ebp, %ebp\n    and $-16, %rsp\n    call start\n");
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined __i386__
__asm__(".globl _start\n_start:\n"
        "    mov %esp, %eax\n    xor %ebp, %ebp\n    and $-16, %esp\n    sub $12, %esp\n"
        "    push %eax\n    call start\n");
/* The sixth argument, in ebp, is left out: nothing here needs it. */
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    (void)f;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}
#elif defined __aarch64__
__asm__(".globl _start\n.type _start, %function\n_start:\n"
        "    mov x29, xzr\n    mov x0, sp\n    bl start\n");
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#elif defined __arm__
__asm__(".globl _start\n.type _start, %function\n"
#ifdef __thumb__
        ".thumb\n.thumb_func\n"
#else
        ".arm\n"
#endif
        "_start:\n    mov r0, sp\n    bl start\n");
/* r7 is the frame pointer of Thumb code, so that it is set by hand. */
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    __asm__ volatile("mov r12, r7\n    mov r7, %1\n    svc #0\n    mov r7, r12"
                     : "+r"(r0)
                     : "r"(number), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                     : "r12", "memory");
    return r0;
}
#elif defined __riscv
__asm__(".globl _start\n.type _start, @function\n_start:\n"
        "    mv a0, sp\n    andi sp, sp, -16\n    tail start\n");
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}
#endif

/* Numbers: the kernel's headers have them for the architecture that is compiled for. */
#include <asm/unistd.h>

__attribute__((unused)) static void put(const char *text)
{
    long size = 0;
    while (text[size] != '\0') {
        size++;
    }
    raw(__NR_write, 1, (long)text, size, 0, 0, 0);
}

__attribute__((unused)) static void put_number(long number)
{
    char digits[24];
    int at = 23;
    unsigned long rest = number < 0 ? -(unsigned long)number : (unsigned long)number;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    put(digits + at);
}

/* A filter may refuse to let it end in a good way. */
__attribute__((noreturn, unused)) static void leave(int status)
{
    raw(__NR_exit_group, status, 0, 0, 0, 0, 0);
    for (;;) {
        __builtin_trap();
    }
}

/* A copy of this process, as fork(2) makes it; the order of clone's parameters does not matter. */
__attribute__((unused)) static long make_child(void)
{
    return raw(__NR_clone, 17 /* SIGCHLD */, 0, 0, 0, 0, 0);
}

/* The status of a child as a shell gives it: 128 and the signal for one that was killed. */
__attribute__((unused)) static int wait_for(long child)
{
    int status = -1;
    raw(__NR_wait4, child, (long)&status, 0, 0, 0, 0);
    return (status & 0x7f) != 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
}

#endif
