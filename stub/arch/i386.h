/* SPDX-License-Identifier: 0BSD */
/*
 * i386: how the stub is entered and left, and how it calls the kernel (System V psABI, Intel386
 * supplement, 2.3.1 "Initial Stack and Register State").
 *
 * At process entry esp and edx (ld.so's finaliser) mean something; every register and the flags
 * are handed on as they came all the same.
 */
#ifndef ELFCAGE_STUB_ARCH_I386_H
#define ELFCAGE_STUB_ARCH_I386_H

enum {
    STUB_SYS_EXIT = 1,
    STUB_SYS_WRITE = 4,
    STUB_SYS_PRCTL = 172,
    STUB_SYS_EXIT_GROUP = 252,
    STUB_SYS_SECCOMP = 354,
};

/*
 * There is no red zone, so a signal frame may be put right below esp: the address to go on to has
 * to be popped, and `ret` does that. Linux has no shadow stack for 32-bit programs.
 */
__asm__(".pushsection .text.entry, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_entry\n"
        ".hidden elfcage_stub_entry\n"
        ".type elfcage_stub_entry, @function\n"
        "elfcage_stub_entry:\n"
        "    endbr32\n"
        "    pushl %eax\n" /* the place of the address to go on to */
        "    pushfl\n"
        "    pushal\n"
        "    movl %esp, %ebp\n"
        "    andl $-16, %esp\n"
        "    cld\n"
        "    calll 1f\n"
        "1:  popl %eax\n"
        "    leal elfcage_stub_config-1b(%eax), %eax\n"
        "    subl $12, %esp\n"
        "    pushl %eax\n"
        "    calll elfcage_stub_main\n"
        "    movl %ebp, %esp\n"
        "    movl %eax, 36(%esp)\n"
        "    popal\n"
        "    popfl\n"
        "    retl\n"
        ".size elfcage_stub_entry, . - elfcage_stub_entry\n"
        ".popsection\n");

/* Where the stub goes on to when a loader called it and nothing else is to run: back. */
__asm__(".pushsection .text.entry, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl elfcage_stub_return\n"
        ".hidden elfcage_stub_return\n"
        ".type elfcage_stub_return, @function\n"
        "elfcage_stub_return:\n"
        "    endbr32\n"
        "    retl\n"
        ".size elfcage_stub_return, . - elfcage_stub_return\n"
        ".popsection\n");

static inline long stub_syscall(long number, long a, long b, long c, long d, long e)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}

static inline void stub_trap(void)
{
    __asm__ volatile("ud2" ::: "memory");
}

#endif
