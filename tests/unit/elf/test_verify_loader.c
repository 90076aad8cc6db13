/* SPDX-License-Identifier: Apache-2.0 */
/* verify_cage on cages around which other segments, the dynamic section and relocations were
   tampered with: on what loaders do before the hook. */
#include "verify_fixture.h"

#include "elf/plan.h"
#include "subject_elf.h"

/* The file offset of the first program header of that type. */
static uint64_t phdr_of(const struct caged *c, uint32_t type)
{
    uint64_t at = get(c, offsetof(Elf64_Ehdr, e_phoff), 8);
    while (get(c, at, 4) != type) {
        at += sizeof(Elf64_Phdr);
    }
    return at;
}

static void test_verify_looks_at_the_other_segments(void **state)
{
    struct caged *c = *state;
    uint64_t address = get(c, c->phdr + offsetof(Elf64_Phdr, p_vaddr), 8);
    uint64_t last_page = (address + c->size) & ~UINT64_C(0xfff);

    /* No byte in common, one page. */
    uint64_t at = phdr_of(c, PT_GNU_STACK);
    Elf64_Phdr before;
    memcpy(&before, c->file.data + at, sizeof before);
    Elf64_Phdr phdr = {.p_type = PT_LOAD,
                       .p_flags = PF_R | PF_X,
                       .p_vaddr = last_page + 0xff0,
                       .p_offset = 0xff0,
                       .p_filesz = 8,
                       .p_memsz = 8,
                       .p_align = 0x1000};
    memcpy(c->file.data + at, &phdr, sizeof phdr);
    assert_fails(c, "segment ");
    phdr.p_filesz = 0;
    phdr.p_memsz = 0;
    memcpy(c->file.data + at, &phdr, sizeof phdr);
    assert_fails(c, "segment ");
    phdr.p_vaddr += 0x1000;
    memcpy(c->file.data + at, &phdr, sizeof phdr);
    assert_verifies(c, NULL);
    phdr.p_type = PT_DYNAMIC;
    memcpy(c->file.data + at, &phdr, sizeof phdr);
    assert_fails(c, "2 program headers are PT_DYNAMIC");
    phdr.p_type = PT_INTERP;
    memcpy(c->file.data + at, &phdr, sizeof phdr);
    assert_fails(c, "2 program headers are PT_INTERP");
    memcpy(c->file.data + at, &before, sizeof before);

    at = phdr_of(c, PT_GNU_RELRO);
    memcpy(&before, c->file.data + at, sizeof before);
    put(c, at + offsetof(Elf64_Phdr, p_vaddr), 8, address + 16);
    assert_fails(c, "PT_GNU_RELRO covers the payload's pages");
    /* In front of the payload's first byte, or that byte itself: the same page. */
    put(c, at + offsetof(Elf64_Phdr, p_vaddr), 8, address & ~UINT64_C(0xfff));
    put(c, at + offsetof(Elf64_Phdr, p_memsz), 8, 1);
    assert_fails(c, "PT_GNU_RELRO covers the payload's pages");
    memcpy(c->file.data + at, &before, sizeof before);

    at = phdr_of(c, PT_PHDR) + offsetof(Elf64_Phdr, p_vaddr);
    put(c, at, 8, get(c, at, 8) + sizeof(Elf64_Phdr));
    assert_fails(c, "PT_PHDR does not lead to the program headers");
}

/* The file offset of the first entry with that tag in the dynamic section. */
static uint64_t dynamic_of(const struct caged *c, uint64_t tag)
{
    uint64_t at = get(c, phdr_of(c, PT_DYNAMIC) + offsetof(Elf64_Phdr, p_offset), 8);
    while (get(c, at, 8) != tag) {
        assert_int_not_equal(get(c, at, 8), DT_NULL);
        at += sizeof(Elf64_Dyn);
    }
    return at;
}

static uint64_t table_of(struct caged *c, uint64_t tag)
{
    struct error error = {0};
    uint64_t offset;
    uint64_t address = get(c, dynamic_of(c, tag) + 8, 8);
    assert_int_equal(open_caged(c, &error), 0);
    assert_true(image_offset_of(c->image, address, &offset));
    close_caged(c);
    return offset;
}

#define NOT_WRITABLE "a relocation writes to no writable segment, but to 0x"

static void test_verify_looks_at_relocations(void **state)
{
    struct caged *c = *state;
    uint64_t address = get(c, c->phdr + offsetof(Elf64_Phdr, p_vaddr), 8);
    const uint64_t targets[] = {address - 7, address, address + c->size - 1};
    static const uint64_t tables[] = {DT_RELA, DT_JMPREL};
    for (size_t i = 0; i < LENGTH(tables); i++) {
        uint64_t at = table_of(c, tables[i]);
        uint64_t before = get(c, at, 8);
        for (size_t j = 0; j < LENGTH(targets); j++) {
            put(c, at, 8, targets[j]);
            char *text = memory_printf("a relocation writes into the payload's segment, to 0x%lx",
                                       (unsigned long)targets[j]);
            assert_fails(c, text);
            free(text);
        }
        /* Beside it is no memory of the program's. */
        static const uint64_t others[] = {0, 8, UINT64_MAX - 7, UINT64_MAX};
        for (size_t j = 0; j <= LENGTH(others); j++) {
            put(c, at, 8, j < LENGTH(others) ? others[j] : address - 8);
            assert_fails(c, NOT_WRITABLE);
        }
        put(c, at, 8, before);
        assert_verifies(c, NULL);
    }
}

/* The dynamic section of the subject, with one entry that nothing here needs (DT_DEBUG) replaced.
 */
static void test_verify_looks_at_the_dynamic_section(void **state)
{
    struct caged *c = *state;
    static const struct {
        uint64_t tag, value;
        const char *text;
    } cases[] = {
        {DT_TEXTREL, 0, "DT_TEXTREL: ld.so would make the payload's segment writable"},
        {DT_FLAGS, DF_TEXTREL, "DF_TEXTREL: ld.so would make the payload's segment writable"},
        {0x60000011, 0, "relocations in Android's packed form, which cannot be checked"},
        {0x6fffe000, 0, "relocations in Android's packed form, which cannot be checked"},
        {DT_GNU_CONFLICT, 0, "prelinked: conflicts (DT_GNU_CONFLICT)"},
        {DT_RELASZ, 0, "the dynamic section has tag 8 twice"},
        {DT_RELSZ, 8, "the relocations of DT_REL are not in the file as a whole"},
        {DT_RELRSZ, 8, "the relocations of DT_RELR are not in the file as a whole"},
    };
    uint64_t at = dynamic_of(c, DT_DEBUG);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        put(c, at, 8, cases[i].tag);
        put(c, at + 8, 8, cases[i].value);
        assert_fails(c, cases[i].text);
    }
    put(c, at, 8, DT_DEBUG);
    /* glibc relocates an entry of which only a part is inside, and DT_RELACOUNT ones in any case.
     */
    static const uint64_t ends[][2] = {{DT_RELASZ, 8}, {DT_RELACOUNT, 1000}};
    for (size_t i = 0; i < LENGTH(ends); i++) {
        at = dynamic_of(c, ends[i][0]) + 8;
        uint64_t before = get(c, at, 8);
        put(c, at, 8, before + ends[i][1]);
        assert_fails(c, "the relocations of DT_RELA are not in the file as a whole");
        put(c, at, 8, before);
    }
    assert_verifies(c, NULL);
    at = dynamic_of(c, DT_PLTREL) + 8;
    put(c, at, 8, 3);
    assert_fails(c, "the relocations of DT_JMPREL are of no known kind (DT_PLTREL)");
}

#define OTHER_RESOLVERS "the resolvers of indirect functions (IRELATIVE relocations, "

/* A resolver that was added since would run before the hook. */
static void test_verify_knows_the_resolvers(void **state)
{
    struct caged *c = *state;
    const uint64_t info = offsetof(Elf64_Rela, r_info);
    uint64_t table = table_of(c, DT_RELA);
    uint64_t size = get(c, dynamic_of(c, DT_RELASZ) + 8, 8);
    assert_int_equal(get(c, table + info, 8), R_X86_64_RELATIVE);
    put(c, table + info, 8, R_X86_64_IRELATIVE);
    assert_fails(c, OTHER_RESOLVERS);
    put(c, table + info, 8, R_X86_64_RELATIVE);
    assert_verifies(c, NULL);

    /* The payload must not speak of resolvers that are not there. */
    put(c, c->segment + FIELD_RESOLVERS, 8, 1);
    fix_digest(c);
    assert_fails(c, OTHER_RESOLVERS);
    put(c, c->segment + FIELD_RESOLVERS, 8, 0);
    fix_digest(c);

    /* The symbol of a relocation becomes a defined indirect function. */
    uint64_t symbols = table_of(c, DT_SYMTAB);
    uint64_t index = ELF64_R_SYM(get(c, table_of(c, DT_JMPREL) + info, 8));
    uint64_t at = symbols + index * sizeof(Elf64_Sym);
    Elf64_Sym before;
    memcpy(&before, c->file.data + at, sizeof before);
    Elf64_Sym symbol = before;
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
    memcpy(c->file.data + at, &symbol, sizeof symbol);
    assert_verifies(c, NULL); /* imported: its resolver is a library's */
    symbol.st_shndx = 1;
    memcpy(c->file.data + at, &symbol, sizeof symbol);
    assert_fails(c, OTHER_RESOLVERS);
    memcpy(c->file.data + at, &before, sizeof before);
    assert_verifies(c, NULL);

    /* The whole table and one more, in a segment of its own. */
    const Elf64_Rela more = {
        .r_offset = get(c, table, 8),
        .r_info = R_X86_64_IRELATIVE,
        .r_addend = (int64_t)get(c, c->segment + FIELD_NEXT, 8),
    };
    uint64_t address = get(c, c->phdr + offsetof(Elf64_Phdr, p_vaddr), 8) + c->size;
    address = (address + 0x2000) & ~UINT64_C(0xfff);
    buffer_fill(&c->file, 0, -c->file.size & 0xfff);
    const Elf64_Phdr phdr = {.p_type = PT_LOAD,
                             .p_flags = PF_R,
                             .p_vaddr = address,
                             .p_paddr = address,
                             .p_offset = c->file.size,
                             .p_filesz = size + sizeof more,
                             .p_memsz = size + sizeof more,
                             .p_align = 0x1000};
    CLEANUP_FREE uint8_t *entries = memory_copy(c->file.data + table, size);
    buffer_add(&c->file, entries, size);
    buffer_add(&c->file, &more, sizeof more);
    memcpy(c->file.data + phdr_of(c, PT_GNU_STACK), &phdr, sizeof phdr);
    put(c, dynamic_of(c, DT_RELA) + 8, 8, address);
    assert_verifies(c, NULL); /* the same relocations, in another place */
    put(c, dynamic_of(c, DT_RELASZ) + 8, 8, size + sizeof more);
    assert_fails(c, OTHER_RESOLVERS);
}

/* Each architecture has its own number for it. */
static void test_verify_knows_the_resolvers_of_others(void **state)
{
    (void)state;
    static const struct {
        struct subject subject;
        uint32_t type;
    } cases[] = {
        {{.dynamic = true}, R_X86_64_IRELATIVE},
        {{.dynamic = true, .is_32 = true}, R_386_IRELATIVE},
        {{.dynamic = true, .aarch64 = true}, R_AARCH64_IRELATIVE},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct error error = {0};
        struct plan *plan = NULL;
        struct caged c = {.file = {0}};
        struct image *image = NULL;
        struct buffer original = subject_make(&cases[i].subject);
        const struct bytes bytes = {original.data, original.size};
        assert_int_equal(image_from_bytes(bytes, "subject", &image, &error), 0);
        assert_int_equal(plan_inject(image, &plain, &plan, &error), 0);
        c.file = plan_apply(plan, image);
        plan_free(plan);
        image_free(image);
        assert_verifies(&c, NULL);
        bool wide = !cases[i].subject.is_32;
        const struct bytes caged = {c.file.data, c.file.size};
        uint64_t info = subject_section(caged, ".rela.dyn").sh_offset + (wide ? 8 : 4);
        assert_int_equal(get(&c, info, 4), 8);
        put(&c, info, 4, cases[i].type + 1);
        assert_verifies(&c, NULL);
        put(&c, info, 4, cases[i].type);
        assert_fails(&c, OTHER_RESOLVERS);
        buffer_free(&c.file);
        buffer_free(&original);
    }
}

/* Who relocates the relocations makes others of them than are in the file. */
static void test_verify_finds_relocated_relocations(void **state)
{
    struct caged *c = *state;
    const uint64_t targets[] = {get(c, dynamic_of(c, DT_JMPREL) + 8, 8) + 8,
                                get(c, phdr_of(c, PT_DYNAMIC) + offsetof(Elf64_Phdr, p_vaddr), 8)};
    uint64_t table = table_of(c, DT_RELA);
    for (size_t i = 0; i < LENGTH(targets); i++) {
        put(c, table, 8, targets[i]);
        assert_fails(c, "a relocation writes to the dynamic section, to relocations or to their ");
    }
}

/* What ld.so does before it looks at the tables, or at a symbol that no hash table counts. */
static void test_verify_knows_what_comes_first(void **state)
{
    struct caged *c = *state;
    uint64_t got = dynamic_of(c, DT_PLTGOT) + 8;
    uint64_t before = get(c, got, 8);
    uint64_t sizes = get(c, phdr_of(c, PT_DYNAMIC) + offsetof(Elf64_Phdr, p_vaddr), 8);
    put(c, got, 8, sizes);
    assert_fails(c, "a relocation writes to the dynamic section, to relocations or to their ");
    put(c, got, 8, before);
    assert_verifies(c, NULL);
    uint64_t memory = phdr_of(c, PT_DYNAMIC) + offsetof(Elf64_Phdr, p_memsz);
    uint64_t table = table_of(c, DT_RELA);
    put(c, memory, 8, 0);
    put(c, table, 8, sizes);
    assert_fails(c, "a relocation writes to the dynamic section, to relocations or to their ");
}

/* DT_RELA and DT_RELASZ become DT_RELR and DT_RELRSZ, over words of our own. */
static void test_verify_decodes_relr(void **state)
{
    struct caged *c = *state;
    uint64_t address = get(c, c->phdr + offsetof(Elf64_Phdr, p_vaddr), 8);
    uint64_t table = table_of(c, DT_RELA);
    put(c, dynamic_of(c, DT_RELACOUNT) + 8, 8, 0);
    put(c, dynamic_of(c, DT_RELASZ) + 8, 8, 24);
    put(c, dynamic_of(c, DT_RELASZ), 8, DT_RELRSZ);
    put(c, dynamic_of(c, DT_RELA), 8, DT_RELR);
    const struct {
        uint64_t words[3];
        bool hit;
    } cases[] = {
        {{address, 1, 1}, true},
        {{address - 8, 1, 1}, false},
        {{address - 16, 3, 1}, false},              /* bit 1: the word at address - 8 */
        {{address - 16, 5, 1}, true},               /* bit 2: at address */
        {{address - UINT64_C(8) * 64, 1, 3}, true}, /* the second bitmap begins 63 words on */
        {{address - UINT64_C(8) * 65, 1, 3}, false},
        {{address - UINT64_C(8) * 64, UINT64_MAX, 1}, false}, /* 63 words behind the first */
        {{address - UINT64_C(8) * 63, UINT64_MAX, 1}, true},
        {{address + c->size, 1, 1}, false},
        {{(address + c->size - 1) & ~UINT64_C(7), 1, 1}, true},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        for (size_t j = 0; j < 3; j++) {
            put(c, table + j * 8, 8, cases[i].words[j]);
        }
        assert_fails(c, cases[i].hit ? "a relocation writes into the payload's segment, to 0x"
                                     : NOT_WRITABLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verify_looks_at_the_other_segments),
        TEST(test_verify_looks_at_relocations),
        TEST(test_verify_looks_at_the_dynamic_section),
        TEST(test_verify_decodes_relr),
        TEST(test_verify_knows_what_comes_first),
        TEST(test_verify_knows_the_resolvers),
        cmocka_unit_test(test_verify_knows_the_resolvers_of_others),
        TEST(test_verify_finds_relocated_relocations),
    };
    return cmocka_run_group_tests_name("verify_loader", tests, NULL, NULL);
}
