/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tiny program around the stub. It fills every register and flag, notes them, jumps to the stub
 * and compares them when the stub goes on to `check`.
 * Exit status: 64 + n: the n-th eight bytes of the state changed; else 16, +1 if getppid(2) is
 * filtered, +2 if no_new_privs is set.
 */
#define SYS_WRITE 1
#define SYS_EXIT 60
#define SYS_GETPPID 110
#define SYS_PRCTL 157
#define SYS_EXIT_GROUP 231

    .macro save to
    movq %rax, \to(%rip)
    movq %rbx, \to+8(%rip)
    movq %rcx, \to+16(%rip)
    movq %rdx, \to+24(%rip)
    movq %rsi, \to+32(%rip)
    movq %rdi, \to+40(%rip)
    movq %rbp, \to+48(%rip)
    movq %rsp, \to+56(%rip)
    movq %r8, \to+64(%rip)
    movq %r9, \to+72(%rip)
    movq %r10, \to+80(%rip)
    movq %r11, \to+88(%rip)
    movq %r12, \to+96(%rip)
    movq %r13, \to+104(%rip)
    movq %r14, \to+112(%rip)
    movq %r15, \to+120(%rip)
    pushfq
    popq \to+128(%rip)
    fxsave64 \to+144(%rip)
    .endm

    .text
    .globl _start
_start:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movabsq $0xf0e1d2c3b4a59600+\n, %rax
    movq %rax, %xmm\n
    .endr
    fldpi
    fld1
    pushq $0xcd7 /* CF PF AF ZF SF DF OF */
    popfq
    movabsq $0x8101010101010101, %rax
    movabsq $0x8202020202020202, %rbx
    movabsq $0x8303030303030303, %rcx
    movabsq $0x8404040404040404, %rdx
    movabsq $0x8505050505050505, %rsi
    movabsq $0x8606060606060606, %rdi
    movabsq $0x8707070707070707, %rbp
    movabsq $0x8808080808080808, %r8
    movabsq $0x8909090909090909, %r9
    movabsq $0x8a0a0a0a0a0a0a0a, %r10
    movabsq $0x8b0b0b0b0b0b0b0b, %r11
    movabsq $0x8c0c0c0c0c0c0c0c, %r12
    movabsq $0x8d0d0d0d0d0d0d0d, %r13
    movabsq $0x8e0e0e0e0e0e0e0e, %r14
    movabsq $0x8f0f0f0f0f0f0f0f, %r15
    save before
    jmp stub+STUB_ENTRY

check:
    save after
    cld
    leaq before(%rip), %rsi
    leaq after(%rip), %rdi
    movl $(144+464)/8, %ecx
    repe cmpsq
    jne changed
    movl $SYS_WRITE, %eax
    movl $1, %edi
    leaq text(%rip), %rsi
    movl $text_end-text, %edx
    syscall
    movl $16, %ebx
    movl $SYS_GETPPID, %eax
    syscall
    cmpq $-42, %rax
    jne 1f
    orl $1, %ebx
1:  movl $SYS_PRCTL, %eax
    movl $39, %edi /* PR_GET_NO_NEW_PRIVS */
    xorl %esi, %esi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    syscall
    cmpq $1, %rax
    jne leave
    orl $2, %ebx
leave:
    movl $SYS_EXIT_GROUP, %eax
    movl %ebx, %edi
    syscall
    movl $SYS_EXIT, %eax
    syscall
changed:
    movl $64+(144+464)/8-1, %ebx
    subl %ecx, %ebx
    jmp leave

text:
    .ascii "main\n"
text_end:

    .balign 8
filter:
    .short 0x20, 0
    .long 0 /* A = nr */
    .byte 0x15, 0, 0, 1
    .long SYS_GETPPID
    .short 0x06, 0
    .long 0x0005002a /* ERRNO(42) */
    .short 0x06, 0
    .long 0x7fff0000 /* ALLOW */
filter_end:

    .balign 16
stub:
    .long 0x42555453
    .short 1, (filter_end-filter)/8
    .quad filter-stub, check-stub
    .long 0, 0
    .incbin STUB_BINARY, 32

    .bss
    .balign 16
before:
    .skip 144+512
    .balign 16
after:
    .skip 144+512
    .section .note.GNU-stack, "", @progbits
