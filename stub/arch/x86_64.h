/* SPDX-License-Identifier: 0BSD */
/*
 * x86-64: how the stub is entered and left, and how it calls the kernel (System V psABI, AMD64
 * supplement, 3.4.1 "Initial Stack and Register State", A.2.1 "Calling Conventions").
 *
 * At process entry rsp and rdx (ld.so's finaliser) mean something; every register and the flags
 * are handed on as they came all the same. rbx, rbp and r12 to r15 are kept by the C code.
 */
#ifndef ELFCAGE_STUB_ARCH_X86_64_H
#define ELFCAGE_STUB_ARCH_X86_64_H

enum {
    STUB_SYS_WRITE = 1,
    STUB_SYS_EXIT = 60,
    STUB_SYS_PRCTL = 157,
    STUB_SYS_EXIT_GROUP = 231,
    STUB_SYS_SECCOMP = 317,
};

/*
 * The last jump reads 8 bytes below rsp, in the red zone, where no signal frame goes. It is a jump
 * and not a `ret`, which a shadow stack would refuse.
 */
__asm__(".pushsection .text.entry, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_entry\n"
        ".hidden elfcage_stub_entry\n"
        ".type elfcage_stub_entry, @function\n"
        "elfcage_stub_entry:\n"
        "    endbr64\n"
        "    pushq %rax\n" /* the place of the address to go on to */
        "    pushfq\n"
        "    pushq %rax\n"
        "    pushq %rcx\n"
        "    pushq %rdx\n"
        "    pushq %rsi\n"
        "    pushq %rdi\n"
        "    pushq %r8\n"
        "    pushq %r9\n"
        "    pushq %r10\n"
        "    pushq %r11\n"
        "    pushq %rbp\n"
        "    movq %rsp, %rbp\n"
        "    andq $-16, %rsp\n"
        "    cld\n"
        "    leaq elfcage_stub_config(%rip), %rdi\n"
        "    callq elfcage_stub_main\n"
        "    movq %rbp, %rsp\n"
        "    movq %rax, 88(%rsp)\n"
        "    popq %rbp\n"
        "    popq %r11\n"
        "    popq %r10\n"
        "    popq %r9\n"
        "    popq %r8\n"
        "    popq %rdi\n"
        "    popq %rsi\n"
        "    popq %rdx\n"
        "    popq %rcx\n"
        "    popq %rax\n"
        "    popfq\n"
        "    leaq 8(%rsp), %rsp\n"
        "    jmpq *-8(%rsp)\n"
        ".size elfcage_stub_entry, . - elfcage_stub_entry\n"
        ".popsection\n");

/* Where the stub goes on to when a loader called it and nothing else is to run: back. */
__asm__(".pushsection .text.entry, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_return\n"
        ".hidden elfcage_stub_return\n"
        ".type elfcage_stub_return, @function\n"
        "elfcage_stub_return:\n"
        "    endbr64\n"
        "    retq\n"
        ".size elfcage_stub_return, . - elfcage_stub_return\n"
        ".popsection\n");

static inline long stub_syscall(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

static inline void stub_trap(void)
{
    __asm__ volatile("ud2" ::: "memory");
}

#endif
