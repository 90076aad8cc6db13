/* SPDX-License-Identifier: Apache-2.0 */
/* Looking architectures up, and whether their data is of one piece. */
#include "arch/arch.h"
#include "arch/syscalls.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_arch_finds_by_header(void **state)
{
    (void)state;
    static const struct {
        const char *name; /* NULL: not supported */
        uint32_t page_size;
        uint16_t machine;
        uint8_t elf_class, data;
    } cases[] = {
        {"x86_64", 4096, EM_X86_64, ELFCLASS64, ELFDATA2LSB},
        {"i386", 4096, EM_386, ELFCLASS32, ELFDATA2LSB},
        {"aarch64", 65536, EM_AARCH64, ELFCLASS64, ELFDATA2LSB},
        {"arm", 65536, EM_ARM, ELFCLASS32, ELFDATA2LSB},
        {"riscv64", 4096, EM_RISCV, ELFCLASS64, ELFDATA2LSB},
        {NULL, 0, EM_X86_64, ELFCLASS32, ELFDATA2LSB}, /* x32 */
        {NULL, 0, EM_AARCH64, ELFCLASS64, ELFDATA2MSB},
        {NULL, 0, EM_AARCH64, ELFCLASS32, ELFDATA2LSB},
        {NULL, 0, EM_ARM, ELFCLASS32, ELFDATA2MSB},
        {NULL, 0, EM_RISCV, ELFCLASS32, ELFDATA2LSB},
        {NULL, 0, EM_NONE, ELFCLASSNONE, ELFDATANONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct arch *arch = arch_find(cases[i].machine, cases[i].elf_class, cases[i].data);
        if (cases[i].name == NULL) {
            assert_null(arch);
            continue;
        }
        assert_non_null(arch);
        assert_string_equal(arch->name, cases[i].name);
        assert_int_equal(arch->page_size, cases[i].page_size);
        assert_ptr_equal(arch_by_name(cases[i].name), arch);
        assert_non_null(arch->stub);
        assert_string_equal(arch->stub->architecture, cases[i].name);
    }
    assert_null(arch_by_name("vax"));
}

static void test_arch_lists_native_abi_first(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct arch *arch = arch_at(0); arch != NULL; arch = arch_at(++count)) {
        assert_true(arch->abi_count > 0);
        assert_string_equal(arch->abis[0]->name, arch->name);
        assert_int_equal(arch->abis[0]->bits, arch->elf_class == ELFCLASS64 ? 64 : 32);
    }
    assert_int_equal(count, 5);
}

static void test_arch_covers_what_its_kernels_accept(void **state)
{
    (void)state;
    static const struct {
        const char *arch, *abis[3];
    } cases[] = {
        {"x86_64", {"x86_64", "i386"}},  {"i386", {"i386", "x86_64"}},
        {"aarch64", {"aarch64", "arm"}}, {"arm", {"arm", "aarch64"}},
        {"riscv64", {"riscv64"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct arch *arch = arch_by_name(cases[i].arch);
        for (size_t k = 0; k < arch->abi_count; k++) {
            assert_string_equal(arch->abis[k]->name, cases[i].abis[k]);
        }
        assert_null(cases[i].abis[arch->abi_count]);
    }
}

static void test_arch_of_this_program(void **state)
{
    (void)state;
    const struct arch *arch = arch_host();
    assert_non_null(arch);
    assert_int_equal(arch->abis[0]->scmp_architecture, seccomp_arch_native());
}

static void test_abi_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t audit, scmp;
    } cases[] = {
        {"x86_64", AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64},
        {"i386", AUDIT_ARCH_I386, SCMP_ARCH_X86},
        {"x32", AUDIT_ARCH_X86_64, SCMP_ARCH_X32},
        {"aarch64", AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64},
        {"arm", AUDIT_ARCH_ARM, SCMP_ARCH_ARM},
        {"riscv64", AUDIT_ARCH_RISCV64, SCMP_ARCH_RISCV64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct abi *abi = abi_by_name(cases[i].name);
        assert_non_null(abi);
        assert_int_equal(abi->audit_architecture, cases[i].audit);
        assert_int_equal(abi->scmp_architecture, cases[i].scmp);
        if (strcmp(abi->name, "x32") != 0) {
            assert_ptr_equal(abi_by_audit(cases[i].audit), abi);
        }
    }
    assert_null(abi_by_name("mips"));
    assert_null(abi_by_audit(AUDIT_ARCH_PPC64));
}

static void test_abi_foreign_numbers(void **state)
{
    (void)state;
    const struct abi *abi = abi_by_name("x86_64");
    assert_int_equal(abi->foreign_range_count, 2);
    assert_int_equal(abi->foreign_ranges[0].first, 512);
    assert_int_equal(abi->foreign_ranges[0].last, 547);
    assert_int_equal(abi->foreign_ranges[1].first, 0x40000000u);
    assert_int_equal(abi->foreign_ranges[1].last, 0xfffffffeu); /* -1 is a call that is skipped */
    assert_string_equal(abi->foreign_name, "x32");
    assert_int_equal(abi_by_name("i386")->foreign_range_count, 0);
    /* riscv64: every call that 32-bit programs have for themselves, and no call of 64-bit ones. */
    const struct abi *riscv64 = abi_by_name("riscv64");
    assert_string_equal(riscv64->foreign_name, "riscv32");
    assert_int_equal(riscv64->foreign_range_count, 1);
    for (uint32_t number = riscv64->foreign_ranges[0].first;
         number <= riscv64->foreign_ranges[0].last; number++) {
        assert_null(abi_syscall_name(riscv64, number));
    }
    for (size_t i = 0; i < syscall_row_count; i++) {
        const char *name = syscall_rows[i].name;
        uint32_t number = 0;
        if (strstr(name, "64") != NULL && abi_syscall_number(abi_by_name("i386"), name, &number) &&
            number >= 403 && number <= 423) {
            assert_false(abi_syscall_number(riscv64, name, &number));
        }
    }
}

/* A row for a name that no ABI has is a slip of the pen. */
static void test_ways_lead_between_known_calls(void **state)
{
    (void)state;
    static const char *const abis[] = {"i386", "arm"};
    for (size_t a = 0; a < 2; a++) {
        const struct abi *abi = abi_by_name(abis[a]);
        for (size_t i = 0; i < abi->way_count; i++) {
            const struct way *way = &abi->ways[i];
            if (!syscall_name_is_known(way->name) || !syscall_name_is_known(way->way) ||
                strcmp(way->name, way->way) == 0) {
                fail_msg("way from %s to %s", way->name, way->way);
            }
            assert_int_equal(way->selector_value & ~way->selector_mask, 0);
            for (size_t k = 0; k < i; k++) {
                if (strcmp(abi->ways[k].name, way->name) == 0 &&
                    strcmp(abi->ways[k].way, way->way) == 0 &&
                    abi->ways[k].selector_value == way->selector_value) {
                    fail_msg("%s to %s twice", way->name, way->way);
                }
            }
        }
        for (size_t i = 0; i < abi->split_count; i++) {
            if (!syscall_name_is_known(abi->splits[i].name)) {
                fail_msg("split %s", abi->splits[i].name);
            }
        }
        for (size_t i = 0; i < abi->spelling_count; i++) {
            const struct spelling *spelling = &abi->spellings[i];
            if (!syscall_name_is_known(spelling->name) ||
                (spelling->ignored == 0) == (spelling->value == spelling->other)) {
                fail_msg("spelling %zu, of %s", i, spelling->name);
            }
        }
    }
}

/* Every name of i386 that differs from another one by its width alone has a way from it. */
static void test_ways_cover_the_width_variants(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"32", "64", "_time64"};
    /* Not the same call: other results, or no such pair. */
    static const char *const exceptions[] = {"getdents64", "prlimit64", "pread64", "pwrite64",
                                             "fadvise64"};
    const struct abi *abi = abi_by_name("i386");
    for (size_t r = 0; r < syscall_row_count; r++) {
        const char *name = syscall_rows[r].name;
        uint32_t number = 0;
        bool excepted = !abi_syscall_number(abi, name, &number);
        for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
            excepted = excepted || strcmp(exceptions[i], name) == 0;
        }
        for (size_t s = 0; s < sizeof suffixes / sizeof suffixes[0] && !excepted; s++) {
            char base[64];
            size_t length = strlen(name);
            size_t cut = strlen(suffixes[s]);
            if (length <= cut || strcmp(name + length - cut, suffixes[s]) != 0) {
                continue;
            }
            memcpy(base, name, length - cut);
            base[length - cut] = '\0';
            bool found = !syscall_name_is_known(base);
            for (size_t i = 0; i < abi->way_count; i++) {
                found = found || (strcmp(abi->ways[i].name, base) == 0 &&
                                  strcmp(abi->ways[i].way, name) == 0);
            }
            if (!found) {
                fail_msg("no way from %s to %s", base, name);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arch_finds_by_header),
        cmocka_unit_test(test_arch_lists_native_abi_first),
        cmocka_unit_test(test_arch_covers_what_its_kernels_accept),
        cmocka_unit_test(test_arch_of_this_program),
        cmocka_unit_test(test_abi_is_found),
        cmocka_unit_test(test_abi_foreign_numbers),
        cmocka_unit_test(test_ways_lead_between_known_calls),
        cmocka_unit_test(test_ways_cover_the_width_variants),
    };
    return cmocka_run_group_tests_name("arch", tests, NULL, NULL);
}
