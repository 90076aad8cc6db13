/* SPDX-License-Identifier: Apache-2.0 */
/* verify_cage on cages that were tampered with: segment, hook, stub, configuration, flags,
   original. What loaders do to them is in test_verify_loader.c. */
#include "verify_fixture.h"

#include "stub/format.h"

#include <linux/seccomp.h>

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
        TEST(test_verify_looks_at_the_original),
        TEST(test_verify_finds_a_grafted_payload),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
