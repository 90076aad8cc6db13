/* SPDX-License-Identifier: 0BSD */
/*
 * riscv64: how the stub is entered and left, and how it calls the kernel (RISC-V psABI, "Integer
 * Calling Convention"; Linux: arch/riscv/kernel/entry.S).
 *
 * At process entry sp and a0 (ld.so's finaliser) mean something; every register is handed on as it
 * came all the same, but for t3: it holds the address to go on to, as in the PLT, so that any call
 * may find another value in it. s0 to s11 are kept by the C code, gp and tp are not used.
 */
#ifndef ELFCAGE_STUB_ARCH_RISCV64_H
#define ELFCAGE_STUB_ARCH_RISCV64_H

enum {
    STUB_SYS_WRITE = 64,
    STUB_SYS_EXIT = 93,
    STUB_SYS_EXIT_GROUP = 94,
    STUB_SYS_PRCTL = 167,
    STUB_SYS_SECCOMP = 277,
};

__asm__(".pushsection .text.entry, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_entry\n"
        ".hidden elfcage_stub_entry\n"
        ".type elfcage_stub_entry, @function\n"
        "elfcage_stub_entry:\n"
        "    addi sp, sp, -128\n"
        "    sd ra, 0(sp)\n"
        "    sd t0, 8(sp)\n"
        "    sd t1, 16(sp)\n"
        "    sd t2, 24(sp)\n"
        "    sd t4, 32(sp)\n"
        "    sd t5, 40(sp)\n"
        "    sd t6, 48(sp)\n"
        "    sd a0, 56(sp)\n"
        "    sd a1, 64(sp)\n"
        "    sd a2, 72(sp)\n"
        "    sd a3, 80(sp)\n"
        "    sd a4, 88(sp)\n"
        "    sd a5, 96(sp)\n"
        "    sd a6, 104(sp)\n"
        "    sd a7, 112(sp)\n"
        "    lla a0, elfcage_stub_config\n"
        "    call elfcage_stub_main\n"
        "    mv t3, a0\n"
        "    ld ra, 0(sp)\n"
        "    ld t0, 8(sp)\n"
        "    ld t1, 16(sp)\n"
        "    ld t2, 24(sp)\n"
        "    ld t4, 32(sp)\n"
        "    ld t5, 40(sp)\n"
        "    ld t6, 48(sp)\n"
        "    ld a0, 56(sp)\n"
        "    ld a1, 64(sp)\n"
        "    ld a2, 72(sp)\n"
        "    ld a3, 80(sp)\n"
        "    ld a4, 88(sp)\n"
        "    ld a5, 96(sp)\n"
        "    ld a6, 104(sp)\n"
        "    ld a7, 112(sp)\n"
        "    addi sp, sp, 128\n"
        "    jr t3\n"
        ".size elfcage_stub_entry, . - elfcage_stub_entry\n"
        ".popsection\n");

/* Where the stub goes on to when a loader called it and nothing else is to run: back. */
__asm__(".pushsection .text.entry, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_return\n"
        ".hidden elfcage_stub_return\n"
        ".type elfcage_stub_return, @function\n"
        "elfcage_stub_return:\n"
        "    ret\n"
        ".size elfcage_stub_return, . - elfcage_stub_return\n"
        ".popsection\n");

static inline long stub_syscall(long number, long a, long b, long c, long d, long e)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
    return a0;
}

static inline void stub_trap(void)
{
    __asm__ volatile("unimp" ::: "memory");
}

#endif
