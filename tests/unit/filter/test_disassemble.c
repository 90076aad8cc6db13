/* SPDX-License-Identifier: Apache-2.0 */
/* What a program looks like in print. */
#include "programs.h"

#include "base/memory.h"

#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_disassembles(struct sock_filter *program, const char *arch, const char *expected)
{
    struct filter filter = program_of(program);
    CLEANUP_FREE char *text = filter_disassemble(&filter, arch != NULL ? arch_by_name(arch) : NULL);
    assert_string_equal(text, expected);
}

static void test_disassemble_names_what_it_can(void **state)
{
    (void)state;
    struct sock_filter program[PROGRAM_MAX] = {
        LOAD(OFFSET_ARCH),
        JEQ(AUDIT_ARCH_X86_64, 0, 7),
        LOAD(OFFSET_NR),
        JGE(59, 0, 3),
        JEQ(400, 8, 0),
        LOAD(OFFSET_HIGH(1)),
        JSET(0x59, 7, 6),
        JEQ(0, 0, 5),
        JA(4),
        JEQ(AUDIT_ARCH_I386, 0, 3),
        LOAD(OFFSET_NR),
        JEQ(11, 2, 0),
        AND(0xff),
        JGT(11, 0, 0),
        ERRNO(38),
        RETURN(SECCOMP_RET_USER_NOTIF),
    };
    assert_disassembles(program, "x86_64",
                        "   0  ld   arch\n"
                        "   1  jeq  0xc000003e (x86_64)              then 2, else 9\n"
                        "   2  ld   nr\n"
                        "   3  jge  59 (execve)                      then 4, else 7\n"
                        "   4  jeq  400                              then 13, else 5\n"
                        "   5  ld   args[1] high\n"
                        "   6  jset 0x59                             then 14, else 13\n"
                        "   7  jeq  0 (read)                         then 8, else 13\n"
                        "   8  ja   13\n"
                        "   9  jeq  0x40000003 (i386)                then 10, else 13\n"
                        "  10  ld   nr\n"
                        "  11  jeq  11 (execve)                      then 14, else 12\n"
                        "  12  and  0xff\n"
                        "  13  jgt  0xb                              then 14, else 14\n"
                        "  14  ret  errno:ENOSYS\n"
                        "  15  ret  0x7fc00000\n");
}

/* Where two ABIs may be meant, a name is printed if both have it at that number. */
static void test_disassemble_where_abis_meet(void **state)
{
    (void)state;
    struct sock_filter program[PROGRAM_MAX] = {
        LOAD(OFFSET_ARCH),
        JEQ(AUDIT_ARCH_X86_64, 1, 0),
        JEQ(AUDIT_ARCH_I386, 0, 3),
        LOAD(OFFSET_NR),
        JEQ(434, 1, 0),
        JEQ(1, 0, 0),
        ALLOW,
    };
    assert_disassembles(program, "x86_64",
                        "   0  ld   arch\n"
                        "   1  jeq  0xc000003e (x86_64)              then 3, else 2\n"
                        "   2  jeq  0x40000003 (i386)                then 3, else 6\n"
                        "   3  ld   nr\n"
                        "   4  jeq  434 (pidfd_open)                 then 6, else 5\n"
                        "   5  jeq  1                                then 6, else 6\n"
                        "   6  ret  allow\n");
}

static void test_disassemble_without_architecture(void **state)
{
    (void)state;
    struct sock_filter program[PROGRAM_MAX] = {
        LOAD(OFFSET_NR), JEQ(59, 0, 1), LOAD(OFFSET_LOW(5)), LOAD(OFFSET_IP), ALLOW,
    };
    assert_disassembles(program, NULL,
                        "   0  ld   nr\n"
                        "   1  jeq  0x3b                             then 2, else 3\n"
                        "   2  ld   args[5]\n"
                        "   3  ld   instruction_pointer\n"
                        "   4  ret  allow\n");
}

/* Somebody else's program is printed too, whatever it holds. */
static void test_disassemble_takes_any_instruction(void **state)
{
    (void)state;
    struct sock_filter program[PROGRAM_MAX] = {
        BPF_STMT(BPF_LD | BPF_IMM, 5),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 200),
        LOAD(7),
        JA(0xfffffff0),
        BPF_JUMP(0xffff, 0x12345678, 255, 254),
    };
    assert_disassembles(program, "aarch64",
                        "   0  code 0x0000 jt 0 jf 0 k 0x5\n"
                        "   1  code 0x001d jt 1 jf 200 k 0x0\n"
                        "   2  ld   [7]\n"
                        "   3  ja   4294967284\n"
                        "   4  code 0xffff jt 255 jf 254 k 0x12345678\n");
    struct filter empty = {0};
    CLEANUP_FREE char *text = filter_disassemble(&empty, NULL);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disassemble_names_what_it_can),
        cmocka_unit_test(test_disassemble_where_abis_meet),
        cmocka_unit_test(test_disassemble_without_architecture),
        cmocka_unit_test(test_disassemble_takes_any_instruction),
    };
    return cmocka_run_group_tests_name("disassemble", tests, NULL, NULL);
}
