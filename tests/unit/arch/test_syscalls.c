/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of system calls against the two sources that are at hand: libseccomp and the kernel
 * headers of the machine, each in both directions. What one of them lacks is listed, so that a
 * difference nobody has thought of fails.
 */
#include "arch/arch.h"
#include "arch/syscalls.h"

#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const abi_names[] = {"x86_64", "i386", "aarch64", "arm", "riscv64"};
#define ABI_COUNT (sizeof abi_names / sizeof abi_names[0])

/* Since Linux 6.8, or what one ABI has for itself: riscv_hwprobe (6.4), uretprobe (6.11) and uprobe
   (6.18) of x86-64: newer than libseccomp 2.5.4. */
static const char *const newer_than_libseccomp[] = {
    "statmount",      "listmount",    "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules",
    "mseal",          "setxattrat",   "getxattrat",        "listxattrat",       "removexattrat",
    "open_tree_attr", "file_getattr", "file_setattr",      "uretprobe",         "uprobe",
    "riscv_hwprobe",
};

/* In libseccomp, not in the headers of Linux 6.1. */
static const char *const newer_than_headers[] = {
    "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue",
};

static bool listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}
#define LISTED(list, name) listed(list, sizeof(list) / sizeof(list)[0], name)

/* libseccomp has pseudo numbers for what i386 reaches through socketcall (-101 to -120) and ipc
   (-201 to -224), also where the kernel has given the call a number of its own since. */
static bool multiplexed(const struct abi *abi, const char *name, int theirs)
{
    bool has_way = false;
    for (size_t i = 0; i < abi->way_count; i++) {
        has_way =
            has_way || (abi->ways[i].selector_mask != 0 && strcmp(abi->ways[i].name, name) == 0);
    }
    return has_way && theirs <= -101 && theirs >= -224;
}

static void test_table_is_sorted_and_without_doubles(void **state)
{
    (void)state;
    for (size_t i = 1; i < syscall_row_count; i++) {
        assert_true(strcmp(syscall_rows[i - 1].name, syscall_rows[i].name) < 0);
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        for (size_t i = 0; i < syscall_row_count; i++) {
            for (size_t k = 0; k < i && syscall_rows[i].numbers[c] != NONE; k++) {
                assert_int_not_equal(syscall_rows[i].numbers[c], syscall_rows[k].numbers[c]);
            }
        }
    }
}

static void test_table_agrees_with_libseccomp(void **state)
{
    (void)state;
    for (size_t a = 0; a < ABI_COUNT; a++) {
        const struct abi *abi = abi_by_name(abi_names[a]);
        for (size_t i = 0; i < syscall_row_count; i++) {
            const char *name = syscall_rows[i].name;
            uint32_t number = 0;
            bool ours = abi_syscall_number(abi, name, &number);
            int theirs = seccomp_syscall_resolve_name_arch(abi->scmp_architecture, name);
            if (multiplexed(abi, name, theirs)) {
                continue;
            }
            if (theirs >= 0 ? !ours || number != (uint32_t)theirs
                            : ours && !LISTED(newer_than_libseccomp, name)) {
                fail_msg("%s %s: libseccomp says %d", abi->name, name, theirs);
            }
        }
    }
}

static void test_libseccomp_has_no_name_that_the_table_lacks(void **state)
{
    (void)state;
    for (size_t a = 0; a < ABI_COUNT; a++) {
        const struct abi *abi = abi_by_name(abi_names[a]);
        for (int number = 0; number < 0x0f0010; number++) {
            if (number == 1024) {
                number = 0x0f0000; /* arm's private numbers */
            }
            char *theirs = seccomp_syscall_resolve_num_arch(abi->scmp_architecture, number);
            const char *ours = abi_syscall_name(abi, (uint32_t)number);
            if (theirs != NULL && (ours == NULL || strcmp(ours, theirs) != 0)) {
                fail_msg("%s %d: libseccomp says %s", abi->name, number, theirs);
            }
            free(theirs);
        }
    }
}

/* A header that says "#define PREFIXname NUMBER", or "(BASE+NUMBER)". */
struct header {
    const char *abi;
    const char *path;
    const char *prefix;
    const char *base; /* NULL: none */
    uint32_t offset;  /* what the base stands for */
};

static const struct header headers[] = {
    {"x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "__NR_", NULL, 0},
    {"i386", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h", "__NR_", NULL, 0},
    {"arm", "/usr/arm-linux-gnueabihf/include/asm/unistd-eabi.h", "__NR_", "(__NR_SYSCALL_BASE + ",
     0},
    {"arm", "/usr/arm-linux-gnueabihf/include/asm/unistd.h", "__ARM_NR_", "(__ARM_NR_BASE+",
     0x0f0000},
    {"aarch64", "/usr/aarch64-linux-gnu/include/asm-generic/unistd.h", "__NR_", NULL, 0},
    {"aarch64", "/usr/aarch64-linux-gnu/include/asm-generic/unistd.h", "__NR3264_", NULL, 0},
    {"riscv64", "/usr/riscv64-linux-gnu/include/asm-generic/unistd.h", "__NR_", NULL, 0},
    {"riscv64", "/usr/riscv64-linux-gnu/include/asm-generic/unistd.h", "__NR3264_", NULL, 0},
    {"riscv64", "/usr/riscv64-linux-gnu/include/asm/unistd.h", "__NR_",
     "(__NR_arch_specific_syscall + ", 244},
};

/* What asm-generic/unistd.h defines that is no call of a 64-bit ABI: 32-bit forms (403 to 423), the
   count, the base of the private numbers, and calls that it takes under conditions only. */
static const char *const not_of_64bit[] = {
    "syscalls", "arch_specific_syscall", "sync_file_range2", "fstatat", "stat", "lstat"};

static bool excepted(const struct header *header, const char *name, uint32_t number)
{
    if (strstr(header->path, "asm-generic") == NULL) {
        return false;
    }
    return (number >= 403 && number <= 423) || LISTED(not_of_64bit, name) ||
           (strcmp(header->abi, "riscv64") == 0 && strcmp(name, "renameat") == 0);
}

/* "name NUMBER" of one line; false if it defines no number. */
static bool read_definition(const struct header *header, const char *line, char name[64],
                            uint32_t *number)
{
    static const char define[] = "#define ";
    size_t prefix = strlen(header->prefix);
    if (strncmp(line, define, strlen(define)) != 0 ||
        strncmp(line + strlen(define), header->prefix, prefix) != 0) {
        return false;
    }
    const char *begin = line + strlen(define) + prefix;
    size_t length = strcspn(begin, " \t\n");
    const char *value = begin + length + strspn(begin + length, " \t");
    if (header->base != NULL) {
        if (strncmp(value, header->base, strlen(header->base)) != 0) {
            return false;
        }
        value += strlen(header->base);
    }
    char *end = NULL;
    unsigned long parsed = strtoul(value, &end, 10);
    if (length >= 64 || end == value) {
        return false;
    }
    memcpy(name, begin, length);
    name[length] = '\0';
    *number = (uint32_t)parsed + header->offset;
    return true;
}

/* Marks the rows that the header has; returns how many, 0 if there is no such file. */
static size_t compare_header(const struct header *header, bool *seen)
{
    FILE *file = fopen(header->path, "r");
    if (file == NULL) {
        print_message("# SKIP %s is not installed\n", header->path);
        return 0;
    }
    const struct abi *abi = abi_by_name(header->abi);
    char line[512];
    size_t count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char name[64];
        uint32_t number = 0;
        uint32_t ours = 0;
        if (!read_definition(header, line, name, &number) || excepted(header, name, number)) {
            continue;
        }
        if (!abi_syscall_number(abi, name, &ours) || ours != number) {
            fail_msg("%s: %s is %u, ours %u", header->path, name, number, ours);
        }
        for (size_t i = 0; i < syscall_row_count; i++) {
            seen[i] = seen[i] || strcmp(syscall_rows[i].name, name) == 0;
        }
        count++;
    }
    assert_int_equal(fclose(file), 0);
    return count;
}

static void test_table_agrees_with_kernel_headers(void **state)
{
    (void)state;
    for (size_t a = 0; a < ABI_COUNT; a++) {
        const struct abi *abi = abi_by_name(abi_names[a]);
        bool *seen = calloc(syscall_row_count, sizeof *seen);
        size_t count = 0;
        bool all = true;
        for (size_t h = 0; h < sizeof headers / sizeof headers[0]; h++) {
            if (strcmp(headers[h].abi, abi->name) == 0) {
                size_t found = compare_header(&headers[h], seen);
                all = all && found > 0;
                count += found;
            }
        }
        for (size_t i = 0; i < syscall_row_count && all; i++) {
            const char *name = syscall_rows[i].name;
            uint32_t number = 0;
            /* newfstatat's number has the name fstatat in asm-generic/unistd.h. */
            if (abi_syscall_number(abi, name, &number) && !seen[i] &&
                !LISTED(newer_than_headers, name) && !LISTED(newer_than_libseccomp, name) &&
                strcmp(name, "newfstatat") != 0) {
                fail_msg("%s %s (%u) is in no header", abi->name, name, number);
            }
        }
        free(seen);
        assert_true(!all || count > 300);
    }
}

static void test_table_answers(void **state)
{
    (void)state;
    static const struct {
        const char *abi, *name;
        int number; /* -1: none */
    } cases[] = {
        {"x86_64", "read", 0},
        {"x86_64", "file_setattr", 469},
        {"x86_64", "uretprobe", 335},
        {"i386", "uretprobe", -1},
        {"i386", "socketcall", 102},
        {"i386", "semop", -1},
        {"i386", "mmap", 90},
        {"i386", "mmap2", 192},
        {"aarch64", "chown", -1},
        {"aarch64", "mseal", 462},
        {"arm", "socketcall", -1},
        {"arm", "set_tls", 0xf0005},
        {"arm", "cacheflush", 0xf0002},
        {"x32", "read", -1},
        {"riscv64", "openat", 56},
        {"riscv64", "open", -1},
        {"riscv64", "renameat", -1},
        {"riscv64", "riscv_flush_icache", 259},
        {"riscv64", "file_setattr", 469},
        {"aarch64", "riscv_hwprobe", -1},
        {"x86_64", "nonsense", -1},
        {"x86_64", "", -1},
        {"x86_64", "s390_sthyi", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t number = 0;
        const struct abi *abi = abi_by_name(cases[i].abi);
        bool found = abi_syscall_number(abi, cases[i].name, &number);
        assert_int_equal(found ? (int)number : -1, cases[i].number);
        if (found) {
            assert_string_equal(abi_syscall_name(abi, number), cases[i].name);
        }
    }
    assert_null(abi_syscall_name(abi_by_name("x86_64"), 400));
    assert_null(abi_syscall_name(abi_by_name("x86_64"), UINT32_MAX));
    for (size_t a = 0; a < ABI_COUNT; a++) {
        assert_int_equal(abi_highest_number(abi_by_name(abi_names[a])), 469);
    }
    assert_true(abi_number_is_private(abi_by_name("arm"), 0x0f0002));
    assert_false(abi_number_is_private(abi_by_name("x86_64"), 0x0f0002));
    assert_true(syscall_name_is_known("s390_sthyi"));
    assert_false(syscall_name_is_known("s390_sthyj"));
    assert_string_equal(syscall_table_version(), "6.18");
}

static void test_table_suggests(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *right;
    } cases[] = {
        {"opent", "open"},
        {"raed", "read"},
        {"clock_get_time", "clock_gettime"},
        {"fchownatt", "fchownat"},
        {"Read", "read"},
        {"xyzzyxyzzy", NULL},
        {"", NULL},
        {"a_name_that_is_much_longer_than_any_system_call_has_ever_had_so_far", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *suggested = syscall_name_suggest(cases[i].wrong);
        if (cases[i].right == NULL) {
            assert_null(suggested);
        } else {
            assert_non_null(suggested);
            assert_string_equal(suggested, cases[i].right);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted_and_without_doubles),
        cmocka_unit_test(test_table_agrees_with_libseccomp),
        cmocka_unit_test(test_libseccomp_has_no_name_that_the_table_lacks),
        cmocka_unit_test(test_table_agrees_with_kernel_headers),
        cmocka_unit_test(test_table_answers),
        cmocka_unit_test(test_table_suggests),
    };
    return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
