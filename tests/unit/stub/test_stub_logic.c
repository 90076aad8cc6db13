/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logic of the stub (stub.c, which is the same for every architecture), with system calls that
 * answer as the test wants: what it calls, in which order, with what, and what it says and does
 * after each answer. That its code of each architecture works is for test_stub.c.
 */
#include <stdint.h>

#define STUB_ARCH "tests/unit/stub/pretended.h"
#include "stub/stub.c" // NOLINT(bugprone-suspicious-include): it is what is tested

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILTER_BYTES 64
#define NEXT_BYTES 4096

/* As in a payload: the configuration, and what follows from it. */
static struct {
    struct elfcage_stub_config config;
    struct texts texts;
} image;

static struct {
    long answers[8]; /* by number of the call */
    long prctl_arguments[2];
    unsigned long seccomp_arguments[2];
    unsigned short program_count;
    uintptr_t program_instructions;
    char calls[64]; /* a letter each */
    char said[256];
    jmp_buf trap;
} kernel;

/* Arguments of system calls are numbers. */
static const void *pointer(long argument)
{
    return (const void *)(uintptr_t)argument; // NOLINT(performance-no-int-to-ptr)
}

long stub_syscall(long number, long a, long b, long c, long d, long e)
{
    static const char letters[] = "?wxpgs";
    assert_int_equal(e, 0);
    assert_int_equal(d, 0);
    size_t count = strlen(kernel.calls);
    assert_true(count + 1 < sizeof kernel.calls);
    kernel.calls[count] = letters[number];
    if (number == STUB_SYS_WRITE) {
        assert_int_equal(a, 2);
        size_t before = strlen(kernel.said);
        assert_true(before + (size_t)c < sizeof kernel.said);
        memcpy(kernel.said + before, pointer(b), (size_t)c);
    } else if (number == STUB_SYS_PRCTL) {
        kernel.prctl_arguments[0] = a;
        kernel.prctl_arguments[1] = b;
    } else if (number == STUB_SYS_SECCOMP) {
        const struct program *program = pointer(c);
        kernel.seccomp_arguments[0] = (unsigned long)a;
        kernel.seccomp_arguments[1] = (unsigned long)b;
        kernel.program_count = program->instruction_count;
        kernel.program_instructions = program->instructions;
    } else {
        assert_int_equal(a, 126);
    }
    return kernel.answers[number];
}

void stub_trap(void)
{
    kernel.calls[strlen(kernel.calls)] = '!';
    longjmp(kernel.trap, 1);
}

static int set_up(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    image.texts = elfcage_stub_texts;
    image.config = (struct elfcage_stub_config){
        .magic = ELFCAGE_STUB_MAGIC,
        .version = ELFCAGE_STUB_VERSION,
        .instruction_count = 17,
        .filter_displacement = -FILTER_BYTES,
        .next_displacement = NEXT_BYTES,
        .seccomp_flags = 2,
    };
    return 0;
}

/* The address that it goes on to; 0 if it stopped by an instruction that traps. */
static uintptr_t start(void)
{
    if (setjmp(kernel.trap)) {
        return 0;
    }
    return elfcage_stub_main(&image.config);
}

#define STOPPED "wgx!"

static void test_stub_loads_the_filter(void **state)
{
    (void)state;
    assert_int_equal(start(), (uintptr_t)&image.config + NEXT_BYTES);
    assert_string_equal(kernel.calls, "ps");
    assert_int_equal(kernel.prctl_arguments[0], 38); /* PR_SET_NO_NEW_PRIVS */
    assert_int_equal(kernel.prctl_arguments[1], 1);
    assert_int_equal(kernel.seccomp_arguments[0], 1); /* SECCOMP_SET_MODE_FILTER */
    assert_int_equal(kernel.seccomp_arguments[1], 3); /* TSYNC is added */
    assert_int_equal(kernel.program_count, 17);
    assert_int_equal(kernel.program_instructions, (uintptr_t)&image.config - FILTER_BYTES);
    assert_string_equal(kernel.said, "");
}

static void test_stub_keeps_privileges_if_told_to(void **state)
{
    (void)state;
    image.config.stub_flags = ELFCAGE_STUB_KEEP_PRIVILEGES;
    assert_int_equal(start(), (uintptr_t)&image.config + NEXT_BYTES);
    assert_string_equal(kernel.calls, "s");
}

/* One call gives an answer; what is said of it. */
static void test_stub_stops_at_every_refusal(void **state)
{
    static const struct {
        long number, answer;
        const char *calls, *said;
    } cases[] = {
        {STUB_SYS_PRCTL, -1, "p" STOPPED, "prctl: error 1"},
        {STUB_SYS_PRCTL, -22, "p" STOPPED, "prctl: error 22"},
        {STUB_SYS_SECCOMP, -1, "ps" STOPPED, "seccomp: error 1"},
        {STUB_SYS_SECCOMP, -4095, "ps" STOPPED, "seccomp: error 4095"},
        {STUB_SYS_SECCOMP, 1, "ps" STOPPED, "seccomp: thread 1"},
        {STUB_SYS_SECCOMP, 4194304, "ps" STOPPED, "seccomp: thread 4194304"},
        {STUB_SYS_SECCOMP, -4096, "ps" STOPPED, "seccomp: thread 18446744073709547520"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(state);
        kernel.answers[cases[i].number] = cases[i].answer;
        assert_int_equal(start(), 0);
        char line[160];
        snprintf(line, sizeof line,
                 "elfcage: the seccomp filter was not loaded (%s): the program does not start\n",
                 cases[i].said);
        assert_string_equal(kernel.said, line);
        assert_string_equal(kernel.calls, cases[i].calls);
    }
}

static void test_stub_warns_if_told_to(void **state)
{
    (void)state;
    image.config.stub_flags = ELFCAGE_STUB_WARN;
    kernel.answers[STUB_SYS_SECCOMP] = -22;
    assert_int_equal(start(), (uintptr_t)&image.config + NEXT_BYTES);
    assert_string_equal(kernel.calls, "psw");
    assert_string_equal(kernel.said, "elfcage: the seccomp filter was not loaded (seccomp: error "
                                     "22): the program runs unfiltered\n");
}

/* Not even with the flag to warn: what makes no sense says nothing. */
static void test_stub_stops_where_its_configuration_makes_no_sense(void **state)
{
    for (int i = 0; i < 8; i++) {
        set_up(state);
        image.config.stub_flags = ELFCAGE_STUB_WARN;
        switch (i) {
        case 0:
            image.config.magic++;
            break;
        case 1:
            image.config.version++;
            break;
        case 2:
            image.config.instruction_count = 0;
            break;
        case 3:
            image.config.instruction_count = 4097;
            break;
        case 4:
            image.config.stub_flags = 4 | ELFCAGE_STUB_WARN;
            break;
        case 5:
            image.config.filter_displacement = 0;
            break;
        case 6:
            image.config.next_displacement = 0;
            break;
        default:
            memset(&image.config, 0, sizeof image.config);
            break;
        }
        assert_int_equal(start(), 0);
        assert_string_equal(kernel.calls, STOPPED);
        assert_string_equal(kernel.said, "elfcage: the seccomp filter was not loaded "
                                         "(configuration: error 22): the program does not "
                                         "start\n");
    }
}

/* More than fits is cut off, and nothing is written beside it. */
static void test_stub_keeps_to_its_line(void **state)
{
    (void)state;
    struct line line = {.size = 0};
    for (int i = 0; i < 20; i++) {
        add_text(&line, "123456789");
        add_number(&line, 18446744073709551615UL);
    }
    assert_int_equal(line.size, sizeof line.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_stub_loads_the_filter, set_up),
        cmocka_unit_test_setup(test_stub_keeps_privileges_if_told_to, set_up),
        cmocka_unit_test_setup(test_stub_stops_at_every_refusal, set_up),
        cmocka_unit_test_setup(test_stub_warns_if_told_to, set_up),
        cmocka_unit_test_setup(test_stub_stops_where_its_configuration_makes_no_sense, set_up),
        cmocka_unit_test_setup(test_stub_keeps_to_its_line, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
