/* SPDX-License-Identifier: Apache-2.0 */
/* See probe_x86_64.S. The state is 16 core registers, the flags and 16 VFP registers. `check` is T32
   code, so that going on to an odd address is tried as well. */
#define SYS_EXIT 1
#define SYS_WRITE 4
#define SYS_GETPPID 64
#define SYS_PRCTL 172
#define SYS_EXIT_GROUP 248

#define STATE_SIZE (16*4+8+16*8)

    .syntax unified
    .arch armv7-a
    .fpu vfpv3-d16

/* r1 has to point to `to`; its value of before lies on the stack. */
    .macro save
    str r0, [r1]
    pop {r0}
    str r0, [r1, #4]
    add r0, r1, #8
    stmia r0!, {r2-r12}
    str sp, [r0], #4
    str lr, [r0], #4
    mrs r2, apsr
    str r2, [r0], #12 /* and 8 bytes of nothing: it is aligned behind them */
    vstmia r0, {d0-d15}
    .endm

    .macro address register, of
    movw \register, #:lower16:\of
    movt \register, #:upper16:\of
    .endm

    .text
    .arm
    .globl _start
_start:
    address r0, numbers
    vldmia r0, {d0-d15}
    mov r0, #0xf8000000
    msr apsr_nzcvq, r0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14
    movw r\n, #(0x1000+\n)
    movt r\n, #(0x8000+\n)
    .endr
    push {r1}
    address r1, before
    save
    address r1, before
    ldr r0, [r1]
    ldr r2, [r1, #8]
    ldr r1, [r1, #4]
    b stub+STUB_ENTRY

    .balign 8
numbers:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .quad 0xf0e1d2c3b4a59600+\n
    .endr

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
    .long filter-stub, -1, check-stub+1, 0
    .long 0, 0
    .incbin STUB_BINARY, 32

    .balign 4
    .thumb
check:
    push {r1}
    address r1, after
    save
    address r1, before
    address r2, after
    mov r6, #64
    mov r3, #(STATE_SIZE/8)
1:  ldrd r4, r5, [r1], #8
    ldrd r8, r9, [r2], #8
    cmp r4, r8
    it eq
    cmpeq r5, r9
    bne leave
    add r6, r6, #1
    subs r3, r3, #1
    bne 1b
    mov r7, #SYS_WRITE
    mov r0, #1
    address r1, text
    mov r2, #5
    svc #0
    mov r6, #16
    mov r7, #SYS_GETPPID
    svc #0
    cmn r0, #42
    it eq
    orreq r6, r6, #1
    mov r7, #SYS_PRCTL
    mov r0, #39 /* PR_GET_NO_NEW_PRIVS */
    mov r1, #0
    mov r2, #0
    mov r3, #0
    mov r4, #0
    svc #0
    cmp r0, #1
    bne leave
    orr r6, r6, #2
leave:
    mov r7, #SYS_EXIT_GROUP
    mov r0, r6
    svc #0
    mov r7, #SYS_EXIT
    svc #0

text:
    .ascii "main\n"

    .bss
    .balign 16
before:
    .skip STATE_SIZE
    .balign 16
after:
    .skip STATE_SIZE
    .section .note.GNU-stack, "", %progbits
