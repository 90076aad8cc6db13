/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program headers of which loaders see others than the file has: at the end of a segment that does
 * not hold all of them, at another address for another kernel, mapped twice.
 */
#include "base/memory.h"
#include "elf/verify_table.h"
#include "subject_elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PAGE UINT64_C(0x1000)
#define BASE UINT64_C(0x400000)

/* A file whose program headers stand at its end: those of a small program, and more. */
struct moved {
    struct buffer file;
    Elf64_Phdr phdrs[16];
    size_t count;
};

static Elf64_Phdr *find(struct moved *m, uint32_t type)
{
    size_t i = 0;
    while (i + 1 < m->count && m->phdrs[i].p_type != type) {
        i++;
    }
    assert_int_equal(m->phdrs[i].p_type, type);
    return &m->phdrs[i];
}

static void make(struct moved *m, bool fixed)
{
    Elf64_Ehdr ehdr;
    *m = (struct moved){.file = subject_make(&(struct subject){.dynamic = true, .fixed = fixed})};
    memcpy(&ehdr, m->file.data, sizeof ehdr);
    m->count = ehdr.e_phnum;
    memcpy(m->phdrs, m->file.data + ehdr.e_phoff, m->count * sizeof *m->phdrs);
}

/* One more PT_LOAD behind all others: `size` bytes of the file from `offset`. */
static void add_load(struct moved *m, uint64_t offset, uint64_t address, uint64_t size)
{
    const Elf64_Phdr load = {.p_type = PT_LOAD,
                             .p_flags = PF_R,
                             .p_offset = offset,
                             .p_vaddr = address,
                             .p_paddr = address,
                             .p_filesz = size,
                             .p_memsz = size,
                             .p_align = PAGE};
    m->phdrs[m->count++] = load;
}

static void put_table(struct moved *m, uint64_t offset)
{
    Elf64_Ehdr ehdr;
    uint64_t end = offset + m->count * sizeof *m->phdrs;
    memcpy(&ehdr, m->file.data, sizeof ehdr);
    ehdr.e_phoff = offset;
    ehdr.e_phnum = (uint16_t)m->count;
    memcpy(m->file.data, &ehdr, sizeof ehdr);
    if (m->file.size < end) {
        buffer_fill(&m->file, 0, (size_t)(end - m->file.size));
    }
    memcpy(m->file.data + offset, m->phdrs, m->count * sizeof *m->phdrs);
}

/* `expected`: part of the error's text, "" if there is to be none. */
static void assert_verdict(const struct moved *m, const char *expected, bool missed)
{
    struct error error = {0};
    struct image *image = NULL;
    const struct bytes bytes = {m->file.data, m->file.size};
    assert_int_equal(image_from_bytes(bytes, "moved", &image, &error), 0);
    int result = verify_table(image, &error);
    assert_int_equal(table_is_missed(image), missed);
    assert_int_equal(result, *expected ? -1 : 0);
    if (*expected) {
        assert_int_equal(error.kind, ERROR_CHECK);
        assert_non_null(strstr(error.text, expected));
    }
    error_clear(&error);
    image_free(image);
}

static void test_table_where_linkers_put_it(void **state)
{
    (void)state;
    for (int fixed = 0; fixed < 2; fixed++) {
        struct moved m;
        make(&m, fixed != 0);
        assert_verdict(&m, "", false);
        find(&m, PT_PHDR)->p_vaddr += sizeof(Elf64_Phdr);
        put_table(&m, sizeof(Elf64_Ehdr));
        assert_verdict(&m, "PT_PHDR does not lead to the program headers", false);
        buffer_free(&m.file);
    }
}

/* The first headers are at the end of a segment, the others behind it in the file: in memory there
   is what the next segment says. */
static void test_table_over_the_end_of_a_segment(void **state)
{
    (void)state;
    struct moved m;
    make(&m, true);
    find(&m, PT_PHDR)->p_type = PT_NULL;
    buffer_fill(&m.file, 0, (size_t)(-m.file.size & (PAGE - 1)));
    uint64_t start = m.file.size;
    add_load(&m, start, BASE + 16 * PAGE, PAGE);
    put_table(&m, start + PAGE - 2 * sizeof(Elf64_Phdr));
    assert_verdict(&m, "no segment maps all of the program headers", false);
    m.phdrs[m.count - 1].p_filesz = m.phdrs[m.count - 1].p_memsz = 2 * PAGE;
    put_table(&m, start + PAGE - 2 * sizeof(Elf64_Phdr));
    buffer_fill(&m.file, 0, PAGE);
    assert_verdict(&m, "", false);
    buffer_free(&m.file);
}

static void test_table_in_no_segment(void **state)
{
    (void)state;
    struct moved m;
    make(&m, true);
    find(&m, PT_PHDR)->p_type = PT_NULL;
    put_table(&m, m.file.size);
    assert_verdict(&m, "no segment maps all of the program headers", true);
    /* A program without a loader: nobody looks. */
    find(&m, PT_INTERP)->p_type = PT_NULL;
    put_table(&m, m.file.size);
    assert_verdict(&m, "", true);
    buffer_free(&m.file);
}

static void test_table_in_two_segments(void **state)
{
    (void)state;
    struct moved m;
    make(&m, true);
    buffer_fill(&m.file, 0, (size_t)(-m.file.size & (PAGE - 1)));
    uint64_t start = m.file.size;
    add_load(&m, start, BASE + 16 * PAGE, PAGE);
    add_load(&m, start, BASE + 17 * PAGE, PAGE);
    find(&m, PT_PHDR)->p_vaddr = BASE + 16 * PAGE;
    put_table(&m, start);
    buffer_fill(&m.file, 0, PAGE);
    assert_verdict(&m, "several segments map the program headers", true);
    buffer_free(&m.file);
}

/* As patchelf does it: at the end, in a segment of its own, whose distance from the file is not
   that of the first one. What older kernels take for the table is in a segment or not. */
static void test_table_at_another_address_for_older_kernels(void **state)
{
    (void)state;
    struct moved m;
    make(&m, true);
    buffer_fill(&m.file, 0, (size_t)(-m.file.size & (PAGE - 1)));
    uint64_t start = m.file.size;
    uint64_t older = BASE + start;
    add_load(&m, start + PAGE, older, PAGE);
    add_load(&m, start, BASE + 16 * PAGE, PAGE);
    find(&m, PT_PHDR)->p_vaddr = BASE + 16 * PAGE;
    put_table(&m, start);
    buffer_fill(&m.file, 0, (size_t)(start + 2 * PAGE - m.file.size));
    assert_verdict(&m, "", true);

    Elf64_Phdr other = *find(&m, PT_DYNAMIC);
    memcpy(m.file.data + start + PAGE + sizeof other, &other, sizeof other);
    assert_verdict(&m, "Linux before 5.18", true);
    other.p_type = PT_NOTE;
    memcpy(m.file.data + start + PAGE + sizeof other, &other, sizeof other);
    assert_verdict(&m, "", true);

    /* Behind the end of the segment, in the same page. */
    other.p_type = PT_DYNAMIC;
    memcpy(m.file.data + start + PAGE + sizeof other, &other, sizeof other);
    m.phdrs[m.count - 2].p_filesz = m.phdrs[m.count - 2].p_memsz = 1;
    put_table(&m, start);
    assert_verdict(&m, "Linux before 5.18", true);
    buffer_free(&m.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_where_linkers_put_it),
        cmocka_unit_test(test_table_over_the_end_of_a_segment),
        cmocka_unit_test(test_table_in_no_segment),
        cmocka_unit_test(test_table_in_two_segments),
        cmocka_unit_test(test_table_at_another_address_for_older_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
