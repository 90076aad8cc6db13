/* SPDX-License-Identifier: Apache-2.0 */
/* See probe_x86_64.S. x16 is left out: the stub may change it (stub/arch/aarch64.h). */
#define SYS_WRITE 64
#define SYS_EXIT 93
#define SYS_EXIT_GROUP 94
#define SYS_PRCTL 167
#define SYS_GETPPID 173

#define STATE_SIZE (16*17+32*16)

    .macro save to
    adrp x16, \to
    add x16, x16, :lo12:\to
    stp x0, x1, [x16], #16
    stp x2, x3, [x16], #16
    stp x4, x5, [x16], #16
    stp x6, x7, [x16], #16
    stp x8, x9, [x16], #16
    stp x10, x11, [x16], #16
    stp x12, x13, [x16], #16
    stp x14, x15, [x16], #16
    stp x17, x18, [x16], #16
    stp x19, x20, [x16], #16
    stp x21, x22, [x16], #16
    stp x23, x24, [x16], #16
    stp x25, x26, [x16], #16
    stp x27, x28, [x16], #16
    stp x29, x30, [x16], #16
    mov x0, sp
    mrs x1, nzcv
    stp x0, x1, [x16], #16
    mrs x0, fpcr
    mrs x1, fpsr
    stp x0, x1, [x16], #16
    .irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
    save_pair \n
    .endr
    sub x16, x16, #STATE_SIZE
    ldp x0, x1, [x16]
    .endm

    .macro save_pair n
    .if \n == 0
    stp q0, q1, [x16], #32
    .elseif \n == 2
    stp q2, q3, [x16], #32
    .elseif \n == 4
    stp q4, q5, [x16], #32
    .elseif \n == 6
    stp q6, q7, [x16], #32
    .elseif \n == 8
    stp q8, q9, [x16], #32
    .elseif \n == 10
    stp q10, q11, [x16], #32
    .elseif \n == 12
    stp q12, q13, [x16], #32
    .elseif \n == 14
    stp q14, q15, [x16], #32
    .elseif \n == 16
    stp q16, q17, [x16], #32
    .elseif \n == 18
    stp q18, q19, [x16], #32
    .elseif \n == 20
    stp q20, q21, [x16], #32
    .elseif \n == 22
    stp q22, q23, [x16], #32
    .elseif \n == 24
    stp q24, q25, [x16], #32
    .elseif \n == 26
    stp q26, q27, [x16], #32
    .elseif \n == 28
    stp q28, q29, [x16], #32
    .else
    stp q30, q31, [x16], #32
    .endif
    .endm

    .text
    .globl _start
_start:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    movi v\n\().16b, #(\n+100)
    .endr
    mov x0, #0xf0000000
    msr nzcv, x0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    mov x\n, #(0x1000+\n)
    movk x\n, #(0x8000+\n), lsl #48
    .endr
    save before
    b stub+STUB_ENTRY

check:
    save after
    adrp x1, before
    add x1, x1, :lo12:before
    adrp x2, after
    add x2, x2, :lo12:after
    mov x20, #64
    mov x3, #(64+STATE_SIZE/8)
1:  ldr x4, [x1], #8
    ldr x5, [x2], #8
    cmp x4, x5
    b.ne leave
    add x20, x20, #1
    cmp x20, x3
    b.ne 1b
    mov x8, #SYS_WRITE
    mov x0, #1
    adr x1, text
    mov x2, #5
    svc #0
    mov x20, #16
    mov x8, #SYS_GETPPID
    svc #0
    cmn x0, #42
    b.ne 2f
    orr x20, x20, #1
2:  mov x8, #SYS_PRCTL
    mov x0, #39 /* PR_GET_NO_NEW_PRIVS */
    mov x1, #0
    mov x2, #0
    mov x3, #0
    mov x4, #0
    svc #0
    cmp x0, #1
    b.ne leave
    orr x20, x20, #2
leave:
    mov x8, #SYS_EXIT_GROUP
    mov x0, x20
    svc #0
    mov x8, #SYS_EXIT
    svc #0

text:
    .ascii "main\n"

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
    .skip STATE_SIZE
after:
    .skip STATE_SIZE
    .section .note.GNU-stack, "", %progbits
