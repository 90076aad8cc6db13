/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in which the dynamic section names bytes that their section headers call free, or a table
 * that does not end with its section: what layouts would write there is refused.
 */
#include "base/memory.h"
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

/* The entry of that tag in the dynamic section becomes one of `tag` with that value. */
static void set(struct buffer *file, int64_t from, int64_t tag, uint64_t value)
{
    Elf64_Shdr section = subject_section((struct bytes){file->data, file->size}, ".dynamic");
    assert_int_equal(section.sh_type, SHT_DYNAMIC);
    for (uint64_t at = 0; at < section.sh_size; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn dyn;
        memcpy(&dyn, file->data + section.sh_offset + at, sizeof dyn);
        if (dyn.d_tag == from) {
            dyn.d_tag = tag;
            dyn.d_un.d_val = value;
            memcpy(file->data + section.sh_offset + at, &dyn, sizeof dyn);
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
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct buffer file = subject_make(&(struct subject){.dynamic = true, .room = 256});
        Elf64_Ehdr ehdr;
        expect(&file, NULL);
        memcpy(&ehdr, file.data, sizeof ehdr);
        uint64_t room = ehdr.e_phoff + (uint64_t)ehdr.e_phnum * sizeof(Elf64_Phdr);
        /* Where the subject has no such entry, those of other tables become it. */
        bool own =
            cases[i].tag != DT_HASH && cases[i].tag != DT_JMPREL && cases[i].tag != DT_INIT_ARRAY;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_grows_over_a_table),
        cmocka_unit_test(test_nothing_reaches_into_the_payload),
        cmocka_unit_test(test_no_hash_table_is_split),
    };
    return cmocka_run_group_tests_name("compose_check", tests, NULL, NULL);
}
