/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_cage on cages that were tampered with, in memory. The subject is a small dynamic program
 * that is built beside this test (subject.c). A forger knows the format: what is changed inside the
 * payload gets its digest made anew, so that the check that is meant has to find it.
 */
#include "base/memory.h"
#include "elf/payload_format.h"
#include "elf/payload_write.h"
#include "elf/plan.h"
#include "elf/verify.h"
#include "stub/format.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct sock_filter allow[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* A caged file that may be changed, and where things stand in it. */
struct caged {
    struct buffer file;
    uint64_t segment; /* offset of the payload's segment */
    uint64_t size;    /* of it */
    uint64_t phdr;    /* offset of its program header */
    uint64_t stub;    /* offset of the stub's configuration */
    struct image *image;
    struct payload payload;
};

static void locate(struct caged *c)
{
    c->segment = c->payload.offset;
    c->size = c->payload.size;
    c->phdr = image_ehdr(c->image)->e_phoff + c->payload.segment * sizeof(Elf64_Phdr);
    c->stub = c->segment + (c->payload.stub_address - c->payload.address);
}

static void close_caged(struct caged *c)
{
    payload_clear(&c->payload);
    image_free(c->image);
    c->image = NULL;
}

/* Reads the file as it is now: 0, or -1 and why it cannot be read. */
static int open_caged(struct caged *c, struct error *error)
{
    c->payload = (struct payload){0};
    c->image = NULL;
    const struct bytes bytes = {c->file.data, c->file.size};
    if (image_from_bytes(bytes, "caged", &c->image, error) < 0) {
        return -1;
    }
    int found = payload_find(c->image, &c->payload, error);
    return found == 1 ? 0 : found == 0 ? error_set(error, ERROR_CHECK, "not caged") : -1;
}

static void make(struct caged *c, const char *subject, const struct cage *cage)
{
    struct error error = {0};
    struct image *image = NULL;
    struct plan *plan = NULL;
    int result = image_open(subject, &image, &error);
    if (result == 0) {
        result = plan_inject(image, cage, &plan, &error);
    }
    if (result != 0) {
        print_error("%s\n", error.text);
    }
    assert_int_equal(result, 0);
    c->file = plan_apply(plan, image);
    plan_free(plan);
    image_free(image);
    assert_int_equal(open_caged(c, &error), 0);
    locate(c);
    close_caged(c);
}

static const struct cage plain = {
    .instructions = {(const uint8_t *)allow, sizeof allow},
    .policy_text = "{}",
};

static int set_up(void **state)
{
    struct caged *c = memory_zeroed(1, sizeof *c);
    make(c, SUBJECT, &plain);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct caged *c = *state;
    buffer_free(&c->file);
    free(c);
    return 0;
}

/* The text of the error, NULL if there is none. Owned by the caller. */
static char *verdict(struct caged *c, const struct verify_accept *accept)
{
    struct error error = {0};
    char *text = NULL;
    if (open_caged(c, &error) < 0 || verify_cage(c->image, &c->payload, accept, &error) < 0) {
        assert_int_not_equal(error.kind, ERROR_NONE);
        assert_int_not_equal(error.kind, ERROR_INTERNAL);
        text = memory_strdup(error.text);
        error_clear(&error);
    }
    close_caged(c);
    return text;
}

static void assert_verifies(struct caged *c, const struct verify_accept *accept)
{
    char *text = verdict(c, accept);
    if (text) {
        print_error("%s\n", text);
    }
    assert_null(text);
}

/* `expected` is the beginning of the text. */
static void assert_fails(struct caged *c, const char *expected)
{
    char *text = verdict(c, NULL);
    assert_non_null(text);
    if (strncmp(text, expected, strlen(expected)) != 0) {
        assert_string_equal(text, expected);
    }
    free(text);
}

static uint64_t get(const struct caged *c, uint64_t at, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, c->file.data + at, size);
    return value;
}

static void put(struct caged *c, uint64_t at, size_t size, uint64_t value)
{
    memcpy(c->file.data + at, &value, size);
}

static void fix_digest(struct caged *c)
{
    uint64_t size = get(c, c->segment + FIELD_SIZE, 4) - BYTES_DIGEST_SIZE;
    uint8_t *start = c->file.data + c->segment;
    bytes_digest(start, size, start + size);
}

#define PHDR(field) offsetof(Elf64_Phdr, field), sizeof(((Elf64_Phdr *)0)->field)
#define CONFIG(field)                                                                              \
    offsetof(struct elfcage_stub_config, field), sizeof(((struct elfcage_stub_config *)0)->field)

static void test_verify_passes_a_fresh_cage(void **state)
{
    assert_verifies(*state, NULL);
}

/* The bar: whatever byte of entry point, program header and segment is changed, verify says no. */
static void test_verify_finds_each_changed_byte(void **state)
{
    struct caged *c = *state;
    const struct {
        uint64_t start, size;
    } parts[] = {
        {offsetof(Elf64_Ehdr, e_entry), 8}, {c->phdr, sizeof(Elf64_Phdr)}, {c->segment, c->size}};
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < LENGTH(parts); i++) {
        for (uint64_t at = parts[i].start; at < parts[i].start + parts[i].size; at++) {
            for (size_t j = 0; j < LENGTH(masks); j++) {
                c->file.data[at] ^= masks[j];
                char *text = verdict(c, &(struct verify_accept){true, true});
                if (!text) {
                    print_error("part %zu, byte %lu, mask %x\n", i,
                                (unsigned long)(at - parts[i].start), masks[j]);
                }
                assert_non_null(text);
                free(text);
                c->file.data[at] ^= masks[j];
            }
        }
    }
    assert_verifies(c, NULL);
}

static void test_verify_looks_at_the_segment(void **state)
{
    struct caged *c = *state;
    static const struct {
        size_t field, size;
        uint64_t value;
        const char *text;
    } cases[] = {
        {PHDR(p_flags), 7, "the payload's segment is writable"},
        {PHDR(p_flags), 0x105, "the payload's segment has flags 0x105"},
        {PHDR(p_memsz), 0x100000, "the payload's segment is larger in memory than in the file"},
        {PHDR(p_paddr), 0, "the payload's segment has a physical address of its own"},
        {PHDR(p_align), 0x800, "the payload's segment has alignment 0x800, not 0x1000"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint64_t before = get(c, c->phdr + cases[i].field, cases[i].size);
        put(c, c->phdr + cases[i].field, cases[i].size, cases[i].value);
        assert_fails(c, cases[i].text);
        put(c, c->phdr + cases[i].field, cases[i].size, before);
    }
    assert_verifies(c, NULL);
}

static void test_verify_looks_at_the_hook(void **state)
{
    struct caged *c = *state;
    put(c, offsetof(Elf64_Ehdr, e_entry), 8, get(c, c->segment + FIELD_NEXT, 8));
    assert_fails(c, "the hook is gone: the entry point is 0x");
}

static void test_verify_compares_the_stub(void **state)
{
    struct caged *c = *state;
    c->file.data[c->stub + stub_image_x86_64.entry_offset + 3] ^= 1;
    char *text = memory_printf("the stub is not the published one for x86_64: byte %zu differs",
                               stub_image_x86_64.entry_offset + 3);
    assert_fails(c, text);
    free(text);
}

static void test_verify_looks_at_each_field_of_the_configuration(void **state)
{
    struct caged *c = *state;
    static const struct {
        size_t field, size;
        const char *text;
    } cases[] = {
        {CONFIG(magic), "the stub's configuration is none (magic number)"},
        {CONFIG(version), "the stub's configuration has another version than the stub"},
        {CONFIG(instruction_count),
         "the stub's configuration loads another number of instructions than the filter has"},
        {CONFIG(filter_displacement),
         "the stub's configuration loads another filter than the payload's"},
        {CONFIG(next_displacement),
         "the stub's configuration does not go on to the original entry point"},
        {CONFIG(seccomp_flags),
         "the stub's configuration has other seccomp(2) flags than the payload"},
        {CONFIG(stub_flags), "the stub's configuration has other flags than the payload"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint64_t at = c->stub + cases[i].field;
        uint64_t before = get(c, at, cases[i].size);
        put(c, at, cases[i].size, before ^ 2);
        assert_fails(c, cases[i].text);
        put(c, at, cases[i].size, before);
    }
    assert_verifies(c, NULL);
}

static void test_verify_looks_at_what_is_between(void **state)
{
    struct caged *c = *state;
    uint64_t note = c->stub - c->segment - PAYLOAD_NOTE_SIZE;
    uint64_t end = get(c, c->segment + FIELD_SIZE, 4);
    c->file.data[c->segment + note + 12] ^= 1;
    assert_fails(c, "the note does not name the identity of the policy and filter");
    c->file.data[c->segment + note + 12] ^= 1;
    if (end < note) {
        c->file.data[c->segment + note - 1] = 1;
        assert_fails(c, "the padding in front of the note is not zero");
        c->file.data[c->segment + note - 1] = 0;
    }
    put(c, c->segment + FIELD_STUB_SIZE, 4, 64);
    fix_digest(c);
    assert_fails(c, "the stub has 64 bytes, and the published one for x86_64 has ");
}

static void test_verify_looks_at_the_flags(void **state)
{
    struct caged *c = *state;
    static const struct {
        enum payload_field field;
        size_t config, size; /* 0: none */
        uint64_t value;
        const char *text;
    } cases[] = {
        {FIELD_SECCOMP_FLAGS, CONFIG(seccomp_flags), 0, "the filter is not for all threads"},
        {FIELD_SECCOMP_FLAGS, CONFIG(seccomp_flags), 9,
         "the seccomp(2) flags 0x9 are not such that the stub can load a filter"},
        {FIELD_STUB_FLAGS, CONFIG(stub_flags), 4, "the stub does not know its flags 0x4"},
        {FIELD_PAYLOAD_FLAGS, 0, 0, 8, "the payload has unknown flags 0x8"},
        {FIELD_PAYLOAD_FLAGS, 0, 0, PAYLOAD_PREINIT,
         "the payload speaks of a DT_PREINIT_ARRAY, which the file does not have"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint64_t before = get(c, c->segment + cases[i].field, 4);
        put(c, c->segment + cases[i].field, 4, cases[i].value);
        put(c, c->stub + cases[i].config, cases[i].size, cases[i].value);
        fix_digest(c);
        assert_fails(c, cases[i].text);
        put(c, c->segment + cases[i].field, 4, before);
        put(c, c->stub + cases[i].config, cases[i].size, before);
        fix_digest(c);
    }
    assert_verifies(c, NULL);
}

static void test_verify_asks_for_acceptance(void **state)
{
    (void)state;
    static const char *const texts[] = {"made with --audit, which logs and denies nothing",
                                        "made with --on-load-failure=warn, so that it may run"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct cage cage = plain;
        struct caged c;
        cage.payload_flags = i == 0 ? PAYLOAD_AUDIT : PAYLOAD_ALLOW_NESTING;
        cage.stub_flags = i == 0 ? ELFCAGE_STUB_KEEP_PRIVILEGES : ELFCAGE_STUB_WARN;
        make(&c, SUBJECT, &cage);
        assert_fails(&c, texts[i]);
        assert_verifies(&c, &(struct verify_accept){.audit = i == 0, .warn = i == 1});
        char *text = verdict(&c, &(struct verify_accept){.audit = i == 1, .warn = i == 0});
        assert_non_null(text);
        free(text);
        buffer_free(&c.file);
    }
}

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
            char *text = memory_printf("a relocation writes to 0x%lx, into the payload's segment",
                                       (unsigned long)targets[j]);
            assert_fails(c, text);
            free(text);
        }
        put(c, at, 8, address - 8);
        assert_verifies(c, NULL);
        put(c, at, 8, before);
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
        if (cases[i].hit) {
            assert_fails(c, "a relocation writes to 0x");
        } else {
            assert_verifies(c, NULL);
        }
    }
}

static void test_verify_looks_at_the_original(void **state)
{
    struct caged *c = *state;
    uint64_t before = get(c, c->segment + FIELD_NEXT, 8);
    uint64_t next = c->stub + offsetof(struct elfcage_stub_config, next_displacement);
    uint64_t displacement = get(c, next, 8);
    const struct {
        uint64_t entry;
        const char *text;
    } cases[] = {
        {0x10, "the original entry point 0x10 is in no executable segment"},
        {before + 4,
         "the payload was made for another file: the original's entry point is not the one in its "
         "ELF header"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        put(c, c->segment + FIELD_NEXT, 8, cases[i].entry);
        put(c, next, 8, displacement + cases[i].entry - before);
        fix_digest(c);
        assert_fails(c, cases[i].text);
    }
    put(c, c->segment + FIELD_NEXT, 8, before);
    put(c, next, 8, displacement);
    fix_digest(c);
    assert_verifies(c, NULL);
    put(c, offsetof(Elf64_Ehdr, e_type), 2, ET_EXEC);
    assert_fails(c, "the payload was made for another file: the original's type");
}

/* The whole cage of another program, grafted on at the same address, with entry point and all. */
static void test_verify_finds_a_grafted_payload(void **state)
{
    struct caged *c = *state;
    struct caged other;
    make(&other, OTHER_SUBJECT, &plain);
    struct caged grafted = {.file = {0}};
    buffer_add(&grafted.file, c->file.data, c->segment);
    buffer_fill(&grafted.file, 0, (other.segment - c->segment) % 0x1000); /* as the address asks */
    uint64_t place = grafted.file.size;
    buffer_add(&grafted.file, other.file.data + other.segment, other.size);
    memcpy(grafted.file.data + c->phdr, other.file.data + other.phdr, sizeof(Elf64_Phdr));
    put(&grafted, c->phdr + offsetof(Elf64_Phdr, p_offset), 8, place);
    put(&grafted, offsetof(Elf64_Ehdr, e_entry), 8, get(&other, offsetof(Elf64_Ehdr, e_entry), 8));
    put(&grafted, offsetof(Elf64_Ehdr, e_shoff), 8, 0);
    put(&grafted, offsetof(Elf64_Ehdr, e_shnum), 2, 0);
    put(&grafted, offsetof(Elf64_Ehdr, e_shstrndx), 2, 0);
    assert_fails(&grafted, "the payload was made for another file: the original's code is not "
                           "this file's");
    buffer_free(&grafted.file);
    buffer_free(&other.file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verify_passes_a_fresh_cage),
        TEST(test_verify_finds_each_changed_byte),
        TEST(test_verify_looks_at_the_segment),
        TEST(test_verify_looks_at_the_hook),
        TEST(test_verify_compares_the_stub),
        TEST(test_verify_looks_at_each_field_of_the_configuration),
        TEST(test_verify_looks_at_what_is_between),
        TEST(test_verify_looks_at_the_flags),
        cmocka_unit_test(test_verify_asks_for_acceptance),
        TEST(test_verify_looks_at_the_other_segments),
        TEST(test_verify_looks_at_relocations),
        TEST(test_verify_looks_at_the_dynamic_section),
        TEST(test_verify_decodes_relr),
        TEST(test_verify_knows_the_resolvers),
        TEST(test_verify_finds_relocated_relocations),
        TEST(test_verify_looks_at_the_original),
        TEST(test_verify_finds_a_grafted_payload),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
