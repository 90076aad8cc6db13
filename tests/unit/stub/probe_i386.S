/* SPDX-License-Identifier: Apache-2.0 */
/* See probe_x86_64.S. Here 64 + n is the n-th four bytes of the state. */
#define SYS_EXIT 1
#define SYS_WRITE 4
#define SYS_GETPPID 64
#define SYS_PRCTL 172
#define SYS_EXIT_GROUP 252

    .macro save to
    movl %eax, \to
    movl %ebx, \to+4
    movl %ecx, \to+8
    movl %edx, \to+12
    movl %esi, \to+16
    movl %edi, \to+20
    movl %ebp, \to+24
    movl %esp, \to+28
    pushfl
    popl \to+32
    fxsave \to+48
    .endm

    .text
    .globl _start
_start:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    movl $0xf0e1d200+\n, %eax
    movd %eax, %xmm\n
    .endr
    fldpi
    fld1
    pushl $0xcd7 /* CF PF AF ZF SF DF OF */
    popfl
    movl $0x81010101, %eax
    movl $0x82020202, %ebx
    movl $0x83030303, %ecx
    movl $0x84040404, %edx
    movl $0x85050505, %esi
    movl $0x86060606, %edi
    movl $0x87070707, %ebp
    save before
    jmp stub+STUB_ENTRY

check:
    save after
    cld
    movl $before, %esi
    movl $after, %edi
    movl $(48+464)/4, %ecx
    repe cmpsl
    jne changed
    movl $SYS_WRITE, %eax
    movl $1, %ebx
    movl $text, %ecx
    movl $text_end-text, %edx
    int $0x80
    movl $16, %ebp
    movl $SYS_GETPPID, %eax
    int $0x80
    cmpl $-42, %eax
    jne 1f
    orl $1, %ebp
1:  movl $SYS_PRCTL, %eax
    movl $39, %ebx /* PR_GET_NO_NEW_PRIVS */
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    int $0x80
    cmpl $1, %eax
    jne leave
    orl $2, %ebp
leave:
    movl $SYS_EXIT_GROUP, %eax
    movl %ebp, %ebx
    int $0x80
    movl $SYS_EXIT, %eax
    int $0x80
changed:
    movl $64+(48+464)/4-1, %ebp
    subl %ecx, %ebp
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
    .skip 48+512
    .balign 16
after:
    .skip 48+512
    .section .note.GNU-stack, "", @progbits
