/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: each way in which a file can be wrong is refused by its own message, with the offset;
 * a file cut off at any length is refused; what is an executable and what is not.
 */
#include "base/memory.h"
#include "elf/codec.h"
#include "elf/image.h"
#include "subject_elf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct subject plain = {.dynamic = true, .build_id = true, .property = true};

/* The line of the error that opening gives (owned), NULL if the file is accepted. */
static char *refusal_of(struct bytes bytes)
{
    struct error error = {0};
    struct image *image = NULL;
    if (image_from_bytes(bytes, "file", &image, &error) == 0) {
        image_free(image);
        return NULL;
    }
    assert_null(image);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    char *line = error_line(&error);
    error_clear(&error);
    return line;
}

static void expect(struct bytes bytes, const char *expected)
{
    CLEANUP_FREE char *line = refusal_of(bytes);
    if (!expected) {
        if (line) {
            fail_msg("refused: %s", line);
        }
        return;
    }
    if (!line || !strstr(line, expected)) {
        fail_msg("\"%s\" is not \"%s\"", line ? line : "accepted", expected);
    }
}

/* One field is set to a value; the message is a part of the line. */
struct damage {
    size_t at, size; /* bytes */
    uint64_t value;
    const char *message;
};

#define EHDR(field) offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
/* Program header `index` of the plain subject: 0 PHDR, 1 INTERP, 2 to 4 PT_LOAD, 5 DYNAMIC. */
#define PHDR(index, field)                                                                         \
    sizeof(Elf64_Ehdr) + (index) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field),               \
        sizeof(((Elf64_Phdr *)0)->field)

static void put(uint8_t *at, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void test_image_refuses_damage(void **state)
{
    (void)state;
    const struct damage damages[] = {
        {0, 1, 'X', "file@0x0: not an ELF file"},
        {EI_CLASS, 1, 3, "file@0x4: damaged: ELF class 3"},
        {EI_DATA, 1, 0, "file@0x5: damaged: byte order 0"},
        {EI_VERSION, 1, 9, "file@0x6: damaged: ELF version 9"},
        {EI_OSABI, 1, ELFOSABI_FREEBSD, "file@0x7: not a Linux program: OS/ABI 9"},
        {EHDR(e_type), ET_REL, "file@0x10: a relocatable object or kernel module"},
        {EHDR(e_type), ET_CORE, "file@0x10: a core dump"},
        {EHDR(e_type), 0x1234, "file@0x10: not an executable (e_type)"},
        {EHDR(e_machine), EM_SPARC, "file@0x12: architecture not supported: e_machine 2, 64-bit"},
        {EHDR(e_machine), EM_386, "architecture not supported: e_machine 3, 64-bit, little"},
        {EI_DATA, 1, ELFDATA2MSB, "file@0x10: not an executable (e_type)"},
        {EHDR(e_version), 2, "file@0x14: damaged: e_version 2"},
        {EHDR(e_ehsize), 63, "damaged: e_ehsize is 63, must be 64"},
        {EHDR(e_phnum), 0, "no program headers"},
        {EHDR(e_phnum), PN_XNUM, "65535 or more program headers"},
        {EHDR(e_phnum), 1170, "truncated: 1170 program headers"},
        {EHDR(e_phnum), 1171, "1171 program headers, more than a kernel takes (1170)"},
        {EHDR(e_phentsize), 32, "damaged: e_phentsize is 32, must be 56"},
        {EHDR(e_phoff), 1u << 20, "file@0x100000: truncated: 10 program headers"},
        {EHDR(e_phoff), UINT64_MAX - 8, "truncated: 10 program headers"},
        {EHDR(e_phoff), 8, "file@0x8: damaged: the program headers overlap the ELF header"},
        {EHDR(e_shoff), 8, "file@0x8: damaged: the section headers overlap the ELF header"},
        {EHDR(e_shoff), UINT64_MAX - 8, "truncated: 14 section headers"},
        {EHDR(e_shentsize), 40, "damaged: e_shentsize is 40, must be 64"},
        {EHDR(e_shnum), 0, "damaged, or more than 65279 sections"},
        {EHDR(e_shnum), 0xff00, "damaged, or more than 65279 sections"},
        {EHDR(e_shstrndx), 200, "damaged: section 200 is no table of section names"},
        {EHDR(e_shstrndx), 1, "damaged: section 1 is no table of section names"},
        {EHDR(e_entry), 0x40,
         "file@0x18: damaged: the entry point 0x40 is in no executable segment"},
        {PHDR(3, p_filesz), 1u << 20, "file@0xe8: truncated: segment 3 needs bytes"},
        {PHDR(3, p_offset), UINT64_MAX - 15, "truncated: segment 3 needs bytes"},
        {PHDR(1, p_filesz), 1u << 20, "truncated: segment 1 needs bytes"},
        {PHDR(3, p_memsz), 1, "damaged: segment 3 has p_filesz 0x40 over p_memsz 0x1"},
        {PHDR(4, p_memsz), UINT64_MAX - 15, "leaves the address space"},
        {PHDR(4, p_vaddr), UINT64_C(1) << 47, "leaves the address space"},
        {PHDR(3, p_align), 3, "alignment 0x3, not a power of two"},
        {PHDR(3, p_vaddr), 0x1800, "differ modulo its alignment 0x1000"},
        {PHDR(2, p_memsz), 0x1001, "damaged: segment 3 overlaps segment 2 or lies below it"},
        {PHDR(3, p_vaddr), 0x5000, "damaged: segment 4 overlaps segment 3 or lies below it"},
        {PHDR(5, p_vaddr), 0x10, "damaged: the dynamic section is not loaded from where"},
        {PHDR(5, p_filesz), 16, "damaged: the dynamic section has no end (DT_NULL)"},
        {PHDR(2, p_type), PT_NULL, NULL},
        {PHDR(0, p_align), 3, NULL}, /* nobody minds */
    };
    struct buffer file = subject_make(&plain);
    for (size_t i = 0; i < LENGTH(damages); i++) {
        struct buffer damaged = {0};
        buffer_add(&damaged, file.data, file.size);
        put(damaged.data + damages[i].at, damages[i].size, damages[i].value);
        expect((struct bytes){damaged.data, damaged.size}, damages[i].message);
        buffer_free(&damaged);
    }
    buffer_free(&file);
}

static void test_image_refuses_damaged_sections(void **state)
{
    (void)state;
    struct buffer file = subject_make(&plain);
    struct bytes view = {file.data, file.size};
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    uint8_t *names = file.data + ehdr.e_shoff + ehdr.e_shstrndx * sizeof(Elf64_Shdr);
    uint8_t *first = file.data + ehdr.e_shoff + sizeof(Elf64_Shdr);
    Elf64_Shdr shdr;

    memcpy(&shdr, names, sizeof shdr);
    file.data[shdr.sh_offset + shdr.sh_size - 1] = 'x';
    expect(view, "damaged: the section names do not end in a NUL");
    file.data[shdr.sh_offset + shdr.sh_size - 1] = 0;

    memcpy(&shdr, first, sizeof shdr);
    Elf64_Shdr changed = shdr;
    changed.sh_name = 60000;
    memcpy(first, &changed, sizeof changed);
    expect(view, "damaged: the name of section 1 is outside the section names");
    changed = shdr;
    changed.sh_size = file.size;
    memcpy(first, &changed, sizeof changed);
    expect(view, "truncated: section 1 needs bytes");
    changed.sh_type = SHT_NOBITS;
    memcpy(first, &changed, sizeof changed);
    expect(view, NULL);
    buffer_free(&file);
}

/* Takes the bytes from loaded sections, but from notes and from section `kept`, and code's flag if
   it is to be none. Says whether a section has kept its own. */
static bool take_bytes(struct buffer *file, size_t kept, bool has_code)
{
    bool left = false;
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file->data, sizeof ehdr);
    for (size_t i = 1; i < ehdr.e_shnum; i++) {
        uint8_t *place = file->data + ehdr.e_shoff + i * sizeof(Elf64_Shdr);
        Elf64_Shdr shdr;
        memcpy(&shdr, place, sizeof shdr);
        if (!(shdr.sh_flags & SHF_ALLOC) || shdr.sh_type == SHT_NOTE) {
            continue;
        }
        left = left || i == kept;
        shdr.sh_type = i == kept ? shdr.sh_type : SHT_NOBITS;
        shdr.sh_flags &= has_code ? shdr.sh_flags : ~(Elf64_Xword)SHF_EXECINSTR;
        memcpy(place, &shdr, sizeof shdr);
    }
    return left;
}

/* Whatever segments and dynamic section are like. */
static void test_image_knows_files_of_debug_information(void **state)
{
    (void)state;
    static const char *const message = "file: a separate file of debug information, nothing of "
                                       "which is run: name the program itself";
    for (size_t kept = 0, end = 1; kept < end; kept++) {
        struct buffer file = subject_make(&plain);
        Elf64_Ehdr ehdr;
        memcpy(&ehdr, file.data, sizeof ehdr);
        end = ehdr.e_shnum;
        bool left = take_bytes(&file, kept, true);
        expect((struct bytes){file.data, file.size}, left ? NULL : message);
        put(file.data + sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) +
                offsetof(Elf64_Phdr, p_filesz),
            8, file.size + 1);
        expect((struct bytes){file.data, file.size}, left ? "truncated: segment 2" : message);
        buffer_free(&file);
    }
    struct buffer file = subject_make(&plain);
    take_bytes(&file, 0, false);
    expect((struct bytes){file.data, file.size}, NULL);
    buffer_free(&file);
}

static void test_image_refuses_every_cut(void **state)
{
    (void)state;
    const struct subject subjects[] = {plain,
                                       {.dynamic = true, .is_32 = true, .build_id = true},
                                       {.fixed = true, .no_sections = true}};
    for (size_t i = 0; i < LENGTH(subjects); i++) {
        struct buffer file = subject_make(&subjects[i]);
        for (size_t size = 0; size < file.size; size++) {
            /* A copy of its own, so that a sanitizer sees a read behind the end. */
            uint8_t *cut = memory_copy(file.data, size);
            char *line = refusal_of((struct bytes){cut, size});
            if (!line) {
                fail_msg("accepted when cut off at %zu of %zu", size, file.size);
            }
            free(line);
            free(cut);
        }
        expect((struct bytes){file.data, file.size}, NULL);
        buffer_free(&file);
    }
}

/* Replaces the value of one tag, or the tag, in the dynamic section. */
static void edit_dynamic(struct buffer *file, int64_t from, int64_t to, uint64_t value)
{
    Elf64_Shdr shdr = subject_section((struct bytes){file->data, file->size}, ".dynamic");
    for (uint64_t at = 0; at < shdr.sh_size; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn dyn;
        memcpy(&dyn, file->data + shdr.sh_offset + at, sizeof dyn);
        if (dyn.d_tag == from) {
            dyn.d_tag = to;
            dyn.d_un.d_val = value;
            memcpy(file->data + shdr.sh_offset + at, &dyn, sizeof dyn);
            return;
        }
    }
    fail_msg("tag %ld is not there", (long)from);
}

/* What is looked for in a dynamic section is looked for from one end, for each relocation. */
static void test_image_bounds_the_dynamic_section(void **state)
{
    (void)state;
    for (size_t count = 4096; count <= 4097; count++) {
        struct buffer file = subject_make(&plain);
        const size_t load = 4;
        Elf64_Phdr phdr;
        memcpy(&phdr, file.data + sizeof(Elf64_Ehdr) + load * sizeof phdr, sizeof phdr);
        buffer_align(&file, 16);
        uint64_t start = file.size;
        for (size_t i = 0; i < count; i++) {
            buffer_add(&file, &(Elf64_Dyn){.d_tag = DT_NEEDED}, sizeof(Elf64_Dyn));
        }
        buffer_fill(&file, 0, sizeof(Elf64_Dyn));
        const struct damage changes[] = {
            {PHDR(load, p_filesz), file.size - phdr.p_offset, NULL},
            {PHDR(load, p_memsz), file.size - phdr.p_offset, NULL},
            {PHDR(5, p_offset), start, NULL},
            {PHDR(5, p_vaddr), phdr.p_vaddr + (start - phdr.p_offset), NULL},
            {PHDR(5, p_filesz), file.size - start, NULL}};
        for (size_t i = 0; i < LENGTH(changes); i++) {
            put(file.data + changes[i].at, changes[i].size, changes[i].value);
        }
        expect((struct bytes){file.data, file.size},
               count > 4096 ? "the dynamic section has more than 4096 entries" : NULL);
        buffer_free(&file);
    }
}

static void expect_shared(struct bytes bytes, bool shared)
{
    struct error error = {0};
    struct image *image = NULL;
    assert_int_equal(image_from_bytes(bytes, "file", &image, &error), 0);
    assert_int_equal(image_is_shared(image), shared);
    image_free(image);
}

static void test_image_tells_programs_from_libraries(void **state)
{
    (void)state;
    struct buffer file = subject_make(&plain);
    struct bytes view = {file.data, file.size};
    edit_dynamic(&file, DT_STRSZ, DT_SONAME, 1);
    expect_shared(view, false); /* DF_1_PIE decides */
    edit_dynamic(&file, DT_FLAGS_1, DT_FLAGS_1, 0);
    expect_shared(view, true); /* libc.so.6: PT_INTERP, entry point, and a name */
    edit_dynamic(&file, DT_SONAME, DT_STRSZ, 5);
    expect_shared(view, false); /* a PIE from before DF_1_PIE */
    uint8_t *interp = file.data + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    put(interp, 4, PT_NULL);
    expect_shared(view, false); /* static-pie: DT_DEBUG */
    edit_dynamic(&file, DT_DEBUG, DT_BIND_NOW, 0);
    expect_shared(view, true); /* a plug-in without a name */
    buffer_free(&file);
}

static void test_image_reads_both_classes(void **state)
{
    (void)state;
    for (int is_32 = 0; is_32 < 2; is_32++) {
        const struct subject subject = {.dynamic = true, .is_32 = is_32 != 0, .build_id = true};
        struct buffer file = subject_make(&subject);
        struct error error = {0};
        struct image *image = NULL;
        assert_int_equal(
            image_from_bytes((struct bytes){file.data, file.size}, "file", &image, &error), 0);
        assert_string_equal(image_arch(image)->name, is_32 ? "i386" : "x86_64");
        assert_false(image_big_endian(image));
        assert_true(image_is_dynamic(image));
        assert_int_equal(image_phdr_count(image), 8);
        assert_string_equal(image_section_name(image, 1), ".interp");
        assert_int_equal(image_end(image), file.size);
        uint64_t value = 0;
        assert_true(image_dynamic_value(image, DT_STRSZ, &value));
        assert_int_equal(value, 5);
        assert_false(image_dynamic_value(image, DT_TEXTREL, &value));
        uint64_t offset = 0;
        assert_true(image_offset_of(image, image_ehdr(image)->e_entry, &offset));
        assert_int_equal(file.data[offset], 0x90);
        struct bytes bytes;
        assert_true(image_at_address(image, image_ehdr(image)->e_entry, 0x40, &bytes));
        assert_false(image_at_address(image, image_ehdr(image)->e_entry, 0x41, &bytes));
        assert_false(image_at_address(image, UINT64_MAX, 2, &bytes));
        image_free(image);
        buffer_free(&file);
    }
}

static void test_image_opens_regular_files_only(void **state)
{
    (void)state;
    struct error error = {0};
    struct image *image = NULL;
    assert_int_equal(image_open("/nonexistent/file", &image, &error), -1);
    assert_int_equal(error.kind, ERROR_SYSTEM);
    assert_string_equal(error.text, "cannot be opened: No such file or directory");
    error_clear(&error);
    assert_int_equal(image_open("/", &image, &error), -1);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    assert_string_equal(error.text, "not a regular file: name the program itself");
    error_clear(&error);
    char path[] = "/tmp/test_image.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(image_open(path, &image, &error), -1); /* empty: nothing to map */
    assert_string_equal(error.text, "not an ELF file: name a program");
    error_clear(&error);
    struct buffer file = subject_make(&plain);
    assert_int_equal(write(fd, file.data, file.size), file.size);
    assert_int_equal(image_from_fd(fd, "name", &image, &error), 0);
    assert_string_equal(image_name(image), "name");
    assert_int_equal(image_bytes(image).size, file.size);
    image_free(image);
    buffer_free(&file);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image_refuses_damage),
        cmocka_unit_test(test_image_refuses_damaged_sections),
        cmocka_unit_test(test_image_knows_files_of_debug_information),
        cmocka_unit_test(test_image_refuses_every_cut),
        cmocka_unit_test(test_image_bounds_the_dynamic_section),
        cmocka_unit_test(test_image_tells_programs_from_libraries),
        cmocka_unit_test(test_image_reads_both_classes),
        cmocka_unit_test(test_image_opens_regular_files_only),
    };
    return cmocka_run_group_tests_name("elf/image", tests, NULL, NULL);
}
