/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in which the dynamic section names bytes that their section headers call free, or a table
 * that does not end with its section: what layouts would write there is refused.
 */
#include "base/memory.h"
#include "elf/codec.h"
#include "elf/plan.h"
#include "subject_elf.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static const struct cage cage = {
    .instructions = {(const uint8_t *)allow, sizeof allow},
    .policy_text = "{}",
    .hook = HOOK_ENTRY,
};

static struct bytes view(const struct buffer *file)
{
    return (struct bytes){file->data, file->size};
}

/* The entry of that tag in the dynamic section becomes one of `tag` with that value. */
static void set(struct buffer *file, int64_t from, int64_t tag, uint64_t value)
{
    const struct codec codec = {.is_64 = file->data[EI_CLASS] == ELFCLASS64};
    Elf64_Shdr section = subject_section(view(file), ".dynamic");
    assert_int_equal(section.sh_type, SHT_DYNAMIC);
    for (uint64_t at = 0; at < section.sh_size; at += codec_dyn_size(codec)) {
        GElf_Dyn dyn;
        codec_get_dyn(codec, file->data + section.sh_offset + at, &dyn);
        if (dyn.d_tag == from) {
            dyn.d_tag = tag;
            dyn.d_un.d_val = value;
            codec_put_dyn(codec, file->data + section.sh_offset + at, &dyn);
            return;
        }
    }
    fail_msg("no entry 0x%lx", (unsigned long)from);
}

/* Cages; says so if `text` is NULL, else is refused with it. */
static void expect(const struct buffer *file, const char *text)
{
    struct error error = {0};
    struct image *image = NULL;
    struct plan *plan = NULL;
    if (image_from_bytes((struct bytes){file->data, file->size}, "subject", &image, &error) != 0) {
        fail_msg("%s", error.text);
    }
    int result = plan_inject(image, &cage, &plan, &error);
    if (result == 0 && text) {
        fail_msg("caged, though %s", text);
    } else if (result != 0 &&
               (!text || error.kind != ERROR_UNSUPPORTED || !strstr(error.text, text))) {
        fail_msg("\"%s\" is not \"%s\"", error.text, text ? text : "caged");
    }
    error_clear(&error);
    plan_free(plan);
    image_free(image);
}

/* The table of program headers would grow over it. */
static void test_nothing_grows_over_a_table(void **state)
{
    (void)state;
    static const struct {
        int64_t tag, size_tag;
        uint64_t size;
        const char *text;
    } cases[] = {
        {DT_GNU_HASH, 0, 0, "damaged: program headers and DT_GNU_HASH overlap"},
        {DT_HASH, 0, 0, "damaged: program headers and DT_HASH overlap"},
        {DT_RELA, DT_RELASZ, sizeof(Elf64_Rela), "damaged: program headers and DT_RELA overlap"},
        {DT_JMPREL, DT_PLTRELSZ, sizeof(Elf64_Rela),
         "damaged: program headers and DT_JMPREL overlap"},
        {DT_STRTAB, DT_STRSZ, 8, "damaged: program headers and DT_STRTAB overlap"},
        {DT_INIT_ARRAY, DT_INIT_ARRAYSZ, 8, "damaged: program headers and DT_INIT_ARRAY overlap"},
        {DT_FINI_ARRAY, DT_FINI_ARRAYSZ, 8, "damaged: program headers and DT_FINI_ARRAY overlap"},
        {DT_VERDEF, 0, 0, "damaged: program headers and DT_VERDEF overlap"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buffer file = subject_make(&(struct subject){.dynamic = true, .room = 256});
        Elf64_Ehdr ehdr;
        expect(&file, NULL);
        memcpy(&ehdr, file.data, sizeof ehdr);
        uint64_t room = ehdr.e_phoff + (uint64_t)ehdr.e_phnum * sizeof(Elf64_Phdr);
        /* Where the subject has no such entry, those of other tables become it. */
        bool own =
            cases[i].tag == DT_GNU_HASH || cases[i].tag == DT_RELA || cases[i].tag == DT_STRTAB;
        set(&file, own ? cases[i].tag : DT_FLAGS_1, cases[i].tag, room);
        if (cases[i].size_tag) {
            set(&file, own ? cases[i].size_tag : DT_DEBUG, cases[i].size_tag, cases[i].size);
        }
        expect(&file, cases[i].text);
        buffer_free(&file);
    }
}

/* As far as the program headers say. */
static void test_nothing_reaches_into_the_payload(void **state)
{
    (void)state;
    struct buffer file =
        subject_make(&(struct subject){.dynamic = true, .room = 256, .relro_at_zero = true});
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    for (size_t i = 0; i < ehdr.e_phnum; i++) {
        uint8_t *place = file.data + ehdr.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr phdr;
        memcpy(&phdr, place, sizeof phdr);
        if (phdr.p_type == PT_GNU_RELRO) {
            phdr.p_memsz += 0x10000;
            memcpy(place, &phdr, sizeof phdr);
        }
    }
    expect(&file, "damaged: PT_DYNAMIC or PT_GNU_RELRO reaches behind all segments");
    buffer_free(&file);
}

/* A chain that no word ends in the tables that move goes on behind them, where other bytes will be.
 */
static void test_no_hash_table_is_split(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .constants_behind = 16});
    Elf64_Shdr section = subject_section((struct bytes){file.data, file.size}, ".gnu.hash");
    expect(&file, NULL);
    /* One bucket, no filter: the only chain begins in the last word of the section. */
    const uint32_t header[] = {1, 1, 0, 0, 1};
    static const char *const tables[] = {".gnu.hash", ".dynsym", ".dynstr", ".rela.dyn"};
    for (size_t i = 0; i < LENGTH(tables); i++) {
        Elf64_Shdr table = subject_section((struct bytes){file.data, file.size}, tables[i]);
        assert_int_not_equal(table.sh_size, 0);
        memset(file.data + table.sh_offset, 0, table.sh_size);
    }
    const uint32_t last = 1;
    memcpy(file.data + section.sh_offset, header, sizeof header);
    section = subject_section((struct bytes){file.data, file.size}, ".rodata.behind");
    memcpy(file.data + section.sh_offset, &last, sizeof last);
    expect(&file, "a dynamic table would be split");
    buffer_free(&file);
}

/*
 * A hash table of 28 bytes, and behind it, in another section, what does not move. Words 3 to 6 of
 * the table are in no use; from word 3 on they are a record of DT_VERNEED, from word 2 on one of
 * DT_VERDEF, which leads to the constants or to itself.
 */
static struct buffer with_record(int64_t tag, bool to_constants)
{
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .constants_behind = 64});
    Elf64_Shdr hash = subject_section(view(&file), ".gnu.hash");
    Elf64_Shdr constants = subject_section(view(&file), ".rodata.behind");
    bool needed = tag == DT_VERNEED;
    uint64_t skip = needed ? 12 : 8;
    uint64_t distance = constants.sh_addr - (hash.sh_addr + skip);
    const uint32_t words[] = {0, 1, 0, needed ? 1 : 0, 0, to_constants ? (uint32_t)distance : 0, 0};
    assert_int_equal(hash.sh_size, sizeof words);
    memcpy(file.data + hash.sh_offset, words, sizeof words);
    memset(file.data + constants.sh_offset, 0, constants.sh_size);
    set(&file, DT_DEBUG, tag, hash.sh_addr + skip);
    return file;
}

static void test_no_chain_of_versions_is_split(void **state)
{
    (void)state;
    static const int64_t tags[] = {DT_VERNEED, DT_VERDEF};
    for (size_t i = 0; i < LENGTH(tags); i++) {
        struct buffer file = with_record(tags[i], false);
        expect(&file, NULL);
        buffer_free(&file);
        file = with_record(tags[i], true);
        expect(&file, "a dynamic table would be split");
        Elf64_Shdr constants = subject_section(view(&file), ".rodata.behind");
        memset(file.data + constants.sh_offset, 0x11, constants.sh_size);
        expect(&file, "a table of symbol versions without end may be in what would move");
        buffer_free(&file);
    }
}

/* ld.so refuses such a file, or does not look. */
static void test_a_chain_of_another_version_is_none(void **state)
{
    (void)state;
    struct buffer file = with_record(DT_VERNEED, true);
    Elf64_Shdr hash = subject_section(view(&file), ".gnu.hash");
    file.data[hash.sh_offset + 12] = 2;
    expect(&file, NULL);
    buffer_free(&file);
}

/* An entry of DT_NEEDED looks like a record of DT_VERNEED, and is rewritten with all others. */
static void test_nothing_is_written_over_needed_versions(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true});
    Elf64_Shdr section = subject_section(view(&file), ".dynamic");
    uint64_t place = section.sh_size - 2 * sizeof(Elf64_Dyn); /* in front of DT_NULL */
    expect(&file, NULL);
    set(&file, DT_DEBUG, DT_NEEDED, sizeof(Elf64_Dyn));
    expect(&file, NULL);
    set(&file, DT_FLAGS_1, DT_VERNEED, section.sh_addr + place);
    expect(&file, "damaged: dynamic section and DT_VERNEED overlap");
    buffer_free(&file);
}

/* As many numbers as there are symbols, whatever sections say. */
static void test_versions_of_symbols_are_one_for_each(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true});
    Elf64_Shdr hash = subject_section(view(&file), ".gnu.hash");
    Elf64_Shdr relocation = subject_section(view(&file), ".rela.dyn");
    Elf64_Shdr symbols = subject_section(view(&file), ".dynsym");
    /* One chain of one word: two symbols. No symbol may move, for something points to them. */
    const uint32_t words[] = {1, 1, 0, 0, 1, 1, 0};
    memcpy(file.data + hash.sh_offset, words, sizeof words);
    memcpy(file.data + relocation.sh_offset + 16, &symbols.sh_addr, sizeof symbols.sh_addr);
    set(&file, DT_DEBUG, DT_VERSYM, hash.sh_addr + 24);
    expect(&file, NULL);
    set(&file, DT_VERSYM, DT_VERSYM, hash.sh_addr + 26);
    expect(&file, "a relocation refers to what would move"); /* more than would do without it */
    buffer_free(&file);

    file = subject_make(&(struct subject){.dynamic = true, .room = 256});
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    uint64_t end = ehdr.e_phoff + (ehdr.e_phnum + 1u) * sizeof(Elf64_Phdr);
    memcpy(file.data + hash.sh_offset + 256, words, sizeof words);
    set(&file, DT_DEBUG, DT_VERSYM, end);
    expect(&file, NULL);
    set(&file, DT_VERSYM, DT_VERSYM, end - 1);
    expect(&file, "damaged: program headers and DT_VERSYM overlap");
    buffer_free(&file);
}

/* Behind everything read-only; but the dynamic section, which moves make another one, is behind it.
 */
static void test_nothing_is_written_where_a_chain_may_lead(void **state)
{
    (void)state;
    static const unsigned sizes[] = {64, 0xc00};
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        for (unsigned room = 0; room <= 256; room += 256) {
            struct buffer file = subject_make(
                &(struct subject){.dynamic = true, .room = room, .constants_behind = sizes[i]});
            Elf64_Shdr constants = subject_section(view(&file), ".rodata.behind");
            for (uint64_t at = 0; sizes[i] > 64 && at < constants.sh_size; at += 4) {
                /* A record at every word, a chain of all words behind it for each. */
                const uint32_t word = at + 32 < constants.sh_size ? 4 : 0;
                memcpy(file.data + constants.sh_offset + at, &word, sizeof word);
            }
            set(&file, DT_DEBUG, DT_VERDEF, constants.sh_addr);
            expect(&file,
                   room ? NULL
                        : "damaged: dynamic section and the unreadable rest of DT_VERDEF overlap");
            memset(file.data + constants.sh_offset, 0, constants.sh_size);
            expect(&file, NULL);
            buffer_free(&file);
        }
    }
}

/* With 32 bits a link may lead round. */
static void test_a_chain_that_goes_back_may_lead_anywhere(void **state)
{
    (void)state;
    struct buffer file = subject_make(
        &(struct subject){.is_32 = true, .dynamic = true, .room = 256, .constants_behind = 64});
    Elf64_Shdr constants = subject_section(view(&file), ".rodata.behind");
    const uint32_t back = UINT32_MAX - 64;
    memset(file.data + constants.sh_offset, 0, constants.sh_size);
    set(&file, DT_DEBUG, DT_VERDEF, constants.sh_addr);
    expect(&file, NULL);
    memcpy(file.data + constants.sh_offset + offsetof(Elf32_Verdef, vd_next), &back, sizeof back);
    expect(&file, "damaged: ELF header and the unreadable rest of DT_VERDEF overlap");
    buffer_free(&file);
}

/* The first segment of that type becomes another one. */
static void set_segment(struct buffer *file, uint32_t type, Elf64_Phdr wanted)
{
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file->data, sizeof ehdr);
    for (size_t i = 0; i < ehdr.e_phnum; i++) {
        uint8_t *place = file->data + ehdr.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr phdr;
        memcpy(&phdr, place, sizeof phdr);
        if (phdr.p_type == type) {
            memcpy(place, &wanted, sizeof wanted);
            return;
        }
    }
    fail_msg("no segment of type 0x%x", type);
}

/* As patchelf lays them. */
static void test_a_chain_may_lie_in_two_segments(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true});
    Elf64_Shdr text = subject_section(view(&file), ".text");
    set_segment(&file, PT_LOAD,
                (Elf64_Phdr){.p_type = PT_LOAD,
                             .p_flags = PF_R,
                             .p_filesz = text.sh_offset,
                             .p_memsz = text.sh_offset,
                             .p_align = text.sh_offset});
    memset(file.data + text.sh_offset - 12, 0, 40);
    set(&file, DT_DEBUG, DT_VERDEF, text.sh_addr - 12);
    expect(&file, NULL); /* it was read to its end: see above */
    buffer_free(&file);
}

static Elf64_Phdr threads(uint64_t address, uint64_t offset, uint64_t size)
{
    return (Elf64_Phdr){.p_type = PT_TLS,
                        .p_flags = PF_R,
                        .p_offset = offset,
                        .p_vaddr = address,
                        .p_paddr = address,
                        .p_filesz = size,
                        .p_memsz = size,
                        .p_align = 1};
}

static void test_thread_local_variables_keep_their_values(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true});
    Elf64_Shdr hash = subject_section(view(&file), ".gnu.hash");
    Elf64_Shdr data = subject_section(view(&file), ".data");
    const struct {
        Elf64_Phdr phdr;
        const char *text;
    } cases[] = {
        {threads(data.sh_addr, data.sh_offset, 8), NULL},
        {threads(hash.sh_addr + 20, hash.sh_offset + 20, 8), NULL},
        {threads(hash.sh_addr + 20, data.sh_offset, 8), "thread-local variables would be split"},
        {threads(data.sh_addr, hash.sh_offset + 20, 8), "thread-local variables would be split"},
        {threads(hash.sh_addr + 20, hash.sh_offset + 16, 8),
         "thread-local variables would be split"},
        {threads(hash.sh_addr - 64, data.sh_offset, 0x60), "thread-local variables would be split"},
    };
    uint32_t before = PT_GNU_STACK;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        set_segment(&file, before, cases[i].phdr);
        before = PT_TLS;
        expect(&file, cases[i].text);
    }
    buffer_free(&file);

    file = subject_make(&(struct subject){.dynamic = true, .room = 256});
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    uint64_t end = ehdr.e_phoff + (ehdr.e_phnum + 1u) * sizeof(Elf64_Phdr);
    set_segment(&file, PT_GNU_STACK, threads(end, data.sh_offset, 8));
    expect(&file, NULL);
    set_segment(&file, PT_TLS, threads(end - 1, data.sh_offset, 8));
    expect(&file, "damaged: program headers and PT_TLS overlap");
    buffer_free(&file);
}

/* Part of it is in the hash table, which moves; part behind what can. */
static void test_no_array_of_functions_is_split(void **state)
{
    (void)state;
    static const int64_t tags[][2] = {{DT_INIT_ARRAY, DT_INIT_ARRAYSZ},
                                      {DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ},
                                      {DT_FINI_ARRAY, DT_FINI_ARRAYSZ}};
    for (size_t i = 0; i < LENGTH(tags); i++) {
        struct buffer file =
            subject_make(&(struct subject){.dynamic = true, .constants_behind = 64});
        Elf64_Shdr hash = subject_section(view(&file), ".gnu.hash");
        Elf64_Shdr constants = subject_section(view(&file), ".rodata.behind");
        set(&file, DT_FLAGS_1, tags[i][0], hash.sh_addr);
        set(&file, DT_DEBUG, tags[i][1], 8);
        expect(&file, NULL);
        set(&file, tags[i][1], tags[i][1], constants.sh_addr + 8 - hash.sh_addr);
        expect(&file, "a dynamic table would be split");
        buffer_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_grows_over_a_table),
        cmocka_unit_test(test_nothing_reaches_into_the_payload),
        cmocka_unit_test(test_no_hash_table_is_split),
        cmocka_unit_test(test_no_chain_of_versions_is_split),
        cmocka_unit_test(test_a_chain_of_another_version_is_none),
        cmocka_unit_test(test_nothing_is_written_over_needed_versions),
        cmocka_unit_test(test_versions_of_symbols_are_one_for_each),
        cmocka_unit_test(test_nothing_is_written_where_a_chain_may_lead),
        cmocka_unit_test(test_a_chain_that_goes_back_may_lead_anywhere),
        cmocka_unit_test(test_a_chain_may_lie_in_two_segments),
        cmocka_unit_test(test_thread_local_variables_keep_their_values),
        cmocka_unit_test(test_no_array_of_functions_is_split),
    };
    return cmocka_run_group_tests_name("compose_check", tests, NULL, NULL);
}
