/* SPDX-License-Identifier: 0BSD */
/*
 * aarch64: how the stub is entered and left, and how it calls the kernel (AAPCS64, 6.1.1 "General-
 * purpose Registers"; Linux: Documentation/arch/arm64).
 *
 * At process entry sp and x0 (ld.so's finaliser) mean something; every register and the condition
 * flags are handed on as they came all the same, but for x16: it holds the address to go on to, and
 * the ABI lets any call clobber it. `br x16` is also the one indirect jump that lands on `bti c`.
 * x19 to x29 are kept by the C code.
 */
#ifndef ELFCAGE_STUB_ARCH_AARCH64_H
#define ELFCAGE_STUB_ARCH_AARCH64_H

enum {
    STUB_SYS_WRITE = 64,
    STUB_SYS_EXIT = 93,
    STUB_SYS_EXIT_GROUP = 94,
    STUB_SYS_PRCTL = 167,
    STUB_SYS_SECCOMP = 277,
};

__asm__(".pushsection .text.entry, \"ax\", %progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_entry\n"
        ".hidden elfcage_stub_entry\n"
        ".type elfcage_stub_entry, %function\n"
        "elfcage_stub_entry:\n"
        "    hint #34\n" /* bti c, a no-op before Armv8.5 */
        "    sub sp, sp, #176\n"
        "    stp x0, x1, [sp, #0]\n"
        "    stp x2, x3, [sp, #16]\n"
        "    stp x4, x5, [sp, #32]\n"
        "    stp x6, x7, [sp, #48]\n"
        "    stp x8, x9, [sp, #64]\n"
        "    stp x10, x11, [sp, #80]\n"
        "    stp x12, x13, [sp, #96]\n"
        "    stp x14, x15, [sp, #112]\n"
        "    stp x17, x18, [sp, #128]\n"
        "    mrs x16, nzcv\n"
        "    stp x30, x16, [sp, #144]\n"
        "    adr x0, elfcage_stub_config\n"
        "    bl elfcage_stub_main\n"
        "    mov x16, x0\n"
        "    ldp x30, x17, [sp, #144]\n"
        "    msr nzcv, x17\n"
        "    ldp x17, x18, [sp, #128]\n"
        "    ldp x14, x15, [sp, #112]\n"
        "    ldp x12, x13, [sp, #96]\n"
        "    ldp x10, x11, [sp, #80]\n"
        "    ldp x8, x9, [sp, #64]\n"
        "    ldp x6, x7, [sp, #48]\n"
        "    ldp x4, x5, [sp, #32]\n"
        "    ldp x2, x3, [sp, #16]\n"
        "    ldp x0, x1, [sp, #0]\n"
        "    add sp, sp, #176\n"
        "    br x16\n"
        ".size elfcage_stub_entry, . - elfcage_stub_entry\n"
        ".popsection\n");

/* Where the stub goes on to when a loader called it and nothing else is to run: back. */
__asm__(".pushsection .text.entry, \"ax\", %progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_return\n"
        ".hidden elfcage_stub_return\n"
        ".type elfcage_stub_return, %function\n"
        "elfcage_stub_return:\n"
        "    hint #34\n"
        "    ret\n"
        ".size elfcage_stub_return, . - elfcage_stub_return\n"
        ".popsection\n");

static inline long stub_syscall(long number, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
                     : "memory", "cc");
    return x0;
}

static inline void stub_trap(void)
{
    __asm__ volatile("udf #0" ::: "memory");
}

#endif
