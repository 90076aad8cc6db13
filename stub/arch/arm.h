/* SPDX-License-Identifier: 0BSD */
/*
 * arm: how the stub is entered and left, and how it calls the kernel (AAPCS, 6.1.1 "Core
 * registers"; Linux: arch/arm/kernel/entry-common.S, the EABI's way).
 *
 * The stub is A32 code, which every processor that runs Linux programs has, and its address is
 * even, so that it is entered as such. At process entry sp and r0 (ld.so's finaliser) mean
 * something; every register and the condition flags are handed on as they came all the same. The
 * last instruction loads pc from the stack and moves sp in one step, and goes on in T32 where bit 0
 * of the address is set (Armv5T and later).
 */
#ifndef ELFCAGE_STUB_ARCH_ARM_H
#define ELFCAGE_STUB_ARCH_ARM_H

enum {
    STUB_SYS_EXIT = 1,
    STUB_SYS_WRITE = 4,
    STUB_SYS_PRCTL = 172,
    STUB_SYS_EXIT_GROUP = 248,
    STUB_SYS_SECCOMP = 383,
};

__asm__(".pushsection .text.entry, \"ax\", %progbits\n"
        ".arm\n"
        ".balign 16\n"
        ".globl elfcage_stub_entry\n"
        ".hidden elfcage_stub_entry\n"
        ".type elfcage_stub_entry, %function\n"
        "elfcage_stub_entry:\n"
        "    str r0, [sp, #-8]!\n" /* the place of the address to go on to */
        "    push {r0-r12, lr}\n"
        "    mrs r4, cpsr\n"
        "    mov r5, sp\n"
        "    bic sp, sp, #7\n"
        "    ldr r0, 1f\n"
        "2:  add r0, pc, r0\n"
        "    bl elfcage_stub_main\n"
        "    mov sp, r5\n"
        "    str r0, [sp, #56]\n"
        "    msr cpsr_f, r4\n"
        "    pop {r0-r12, lr}\n"
        "    ldr pc, [sp], #8\n"
        "1:  .word elfcage_stub_config - (2b + 8)\n" /* pc reads as two instructions ahead */
        ".size elfcage_stub_entry, . - elfcage_stub_entry\n"
        ".popsection\n");

/* Where the stub goes on to when a loader called it and nothing else is to run: back. */
__asm__(".pushsection .text.entry, \"ax\", %progbits\n"
        ".arm\n"
        ".balign 16\n"
        ".globl elfcage_stub_return\n"
        ".hidden elfcage_stub_return\n"
        ".type elfcage_stub_return, %function\n"
        "elfcage_stub_return:\n"
        "    bx lr\n"
        ".size elfcage_stub_return, . - elfcage_stub_return\n"
        ".popsection\n");

static inline long stub_syscall(long number, long a, long b, long c, long d, long e)
{
    register long r7 __asm__("r7") = number;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    __asm__ volatile("svc #0"
                     : "+r"(r0)
                     : "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4)
                     : "memory", "cc");
    return r0;
}

static inline void stub_trap(void)
{
    __asm__ volatile(".inst 0xe7f000f0" ::: "memory"); /* udf #0 */
}

#endif
