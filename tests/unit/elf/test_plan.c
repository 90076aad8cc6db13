/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans on files that are made here (subject_elf.c): which layout is chosen, that the caged file
 * keeps its promises (check_cage.c), that removal gives the original back, and what is refused.
 */
#include "base/memory.h"
#include "check_cage.h"
#include "elf/codec.h"
#include "elf/plan.h"
#include "stub/format.h"
#include "subject_elf.h"

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

static const struct cage cage = {
    .instructions = {(const uint8_t *)allow, sizeof allow},
    .policy_text = "{\"a\":1}",
    .payload_flags = PAYLOAD_AUDIT,
    .hook = HOOK_ENTRY,
};

static struct bytes view(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->size};
}

static struct image *open_or_fail(struct bytes bytes)
{
    struct error error = {0};
    struct image *image = NULL;
    if (image_from_bytes(bytes, "subject", &image, &error) != 0) {
        fail_msg("%s", error.text);
    }
    return image;
}

/* Cages the file; NULL and the text of the error (owned) if it is refused. */
static struct buffer inject(struct bytes file, const char **layout, char **refusal)
{
    struct error error = {0};
    struct image *image = open_or_fail(file);
    struct plan *plan = NULL;
    struct buffer caged = {0};
    if (plan_inject(image, &cage, &plan, &error) == 0) {
        *layout = plan->layout;
        caged = plan_apply(plan, image);
        plan_free(plan);
    } else {
        assert_int_equal(error.kind, ERROR_UNSUPPORTED);
        *refusal = error_line(&error);
        error_clear(&error);
    }
    image_free(image);
    return caged;
}

/* Removes; an empty buffer and the line of the error (owned) if it is refused. */
static struct buffer remove_cage(struct bytes file, char **refusal)
{
    struct error error = {0};
    struct image *image = open_or_fail(file);
    struct payload payload = {0};
    struct plan *plan = NULL;
    struct buffer original = {0};
    if (payload_find(image, &payload, &error) == 1 &&
        plan_remove(image, &payload, &plan, &error) == 0) {
        original = plan_apply(plan, image);
        plan_free(plan);
    } else {
        assert_int_equal(error.kind, ERROR_UNSUPPORTED);
        *refusal = error_line(&error);
        error_clear(&error);
    }
    payload_clear(&payload);
    image_free(image);
    return original;
}

static struct buffer inject_or_fail(struct bytes file, const char **layout)
{
    char *refusal = NULL;
    struct buffer caged = inject(file, layout, &refusal);
    if (refusal || !caged.data || !*layout) {
        fail_msg("%s", refusal ? refusal : "nothing");
        abort(); /* for analysers, who do not know fail_msg() */
    }
    return caged;
}

/* Cages, checks everything, removes; returns the layout. */
static const char *go_round(struct bytes file)
{
    const char *layout = NULL;
    char *refusal = NULL;
    struct buffer caged = inject_or_fail(file, &layout);
    struct error error = {0};
    struct image *image = open_or_fail(view(&caged));
    struct payload payload = {0};
    assert_int_equal(payload_find(image, &payload, &error), 1);
    assert_string_equal(payload.layout, layout);
    assert_int_equal(payload.original_size, file.size);
    assert_string_equal(payload.cage.policy_text, cage.policy_text);
    const char *problem =
        check_cage(file, view(&caged), &payload, image_arch(image)->page_size, true);
    if (problem) {
        fail_msg("%s: %s", layout, problem);
    }
    payload_clear(&payload);
    image_free(image);
    struct buffer original = remove_cage(view(&caged), &refusal);
    assert_null(refusal);
    assert_int_equal(original.size, file.size);
    assert_memory_equal(original.data, file.data, file.size);
    buffer_free(&original);
    buffer_free(&caged);
    return layout;
}

static void expect_layout(const struct subject *subject, const char *layout)
{
    struct buffer file = subject_make(subject);
    assert_string_equal(go_round(view(&file)), layout);
    buffer_free(&file);
}

/* The line of an error (taken over) is there and says that. */
static void expect_text(char *refusal, const char *part)
{
    if (!refusal || !strstr(refusal, part)) {
        fail_msg("\"%s\" does not say \"%s\"", refusal ? refusal : "accepted", part);
    }
    free(refusal);
}

static void expect_refusal(const struct subject *subject, const char *part)
{
    struct buffer file = subject_make(subject);
    const char *layout = NULL;
    char *refusal = NULL;
    struct buffer caged = inject(view(&file), &layout, &refusal);
    expect_text(refusal, part);
    buffer_free(&caged);
    buffer_free(&file);
}

static void test_plan_uses_room_behind_the_table(void **state)
{
    (void)state;
    expect_layout(&(struct subject){.room = 56}, "S1");
    expect_layout(&(struct subject){.room = 32, .is_32 = true}, "S1");
    expect_layout(&(struct subject){.room = 200, .dynamic = true, .property = true}, "S1");
    expect_layout(&(struct subject){.room = 4000, .fixed = true, .aarch64 = true}, "S1");
}

/* LIEF reserves room for the table by PT_PHDR. What else is there is not free for that. */
static void test_plan_uses_room_that_pt_phdr_reserves(void **state)
{
    (void)state;
    struct subject subject = {.room = 200, .reserved = 200, .dynamic = true};
    expect_layout(&subject, "S1");
    subject.no_sections = true;
    expect_layout(&subject, "S1");
    subject.room_filler = 'Y';
    expect_refusal(&subject, "S1: no room behind the program headers");
    expect_refusal(&(struct subject){.reserved = 64, .constants = 64, .dynamic = true},
                   "S1: no room behind the program headers");
}

/* patchelf leaves X where it moved sections away. Without section headers it may be anything. */
static void test_plan_uses_room_that_patchelf_left(void **state)
{
    (void)state;
    struct subject subject = {.room = 56, .room_filler = 'X', .dynamic = true};
    expect_layout(&subject, "S1");
    subject.room_filler = 'Y';
    expect_refusal(&subject, "S3m: what stands behind the program headers cannot move");
    subject.room_filler = 'X';
    subject.no_sections = true;
    expect_refusal(&subject, "S1: no room behind the program headers");
}

static void test_plan_takes_a_note_that_repeats_the_property(void **state)
{
    (void)state;
    const struct subject subjects[] = {
        {.property = true, .dynamic = true, .build_id = true},
        {.property = true, .dynamic = true, .build_id = true, .no_sections = true},
        {.property = true, .fixed = true, .constants = 8},
        {.property = true, .room = 8},
        {.property = true, .dynamic = true, .is_32 = true},
    };
    for (size_t i = 0; i < LENGTH(subjects); i++) {
        expect_layout(&subjects[i], "S6");
    }
}

static void test_plan_moves_tables(void **state)
{
    (void)state;
    const struct subject subjects[] = {
        {.dynamic = true},
        {.dynamic = true, .build_id = true},
        {.dynamic = true, .build_id = true, .is_32 = true},
        {.dynamic = true, .build_id = true, .fixed = true},
        {.dynamic = true, .build_id = true, .aarch64 = true},
        {.dynamic = true, .build_id = true, .room = 40},
        {.dynamic = true, .build_id = true, .no_sections = true},
        {.dynamic = true, .note_name = ".note.ABI-tag", .build_id = true},
        {.dynamic = true, .no_sections = true},
        {.dynamic = true, .relro_at_zero = true},
        /* A static program whose notes slide into padding of the first page. */
        {.fixed = true, .build_id = true},
    };
    for (size_t i = 0; i < LENGTH(subjects); i++) {
        expect_layout(&subjects[i], "S3m");
    }
}

/* A hole in the first page would be filled by patchelf, with what must be writable. */
static void test_plan_leaves_no_hole(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    const char *layout = NULL;
    struct buffer caged = inject_or_fail(view(&file), &layout);
    Elf64_Shdr in_front = subject_section(view(&caged), ".elfcage.spare1");
    Elf64_Shdr note = subject_section(view(&caged), ".note.gnu.build-id");
    Elf64_Shdr behind = subject_section(view(&caged), ".elfcage.spare2");
    Elf64_Shdr next = subject_section(view(&caged), ".dynsym");
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, caged.data, sizeof ehdr);
    assert_int_equal(in_front.sh_type, SHT_PROGBITS);
    assert_int_equal(in_front.sh_flags, SHF_ALLOC);
    assert_int_equal(in_front.sh_offset, ehdr.e_phoff + ehdr.e_phnum * sizeof(Elf64_Phdr));
    assert_int_equal(in_front.sh_offset + in_front.sh_size, note.sh_offset);
    assert_int_equal(behind.sh_type, SHT_PROGBITS);
    assert_int_equal(behind.sh_flags, SHF_ALLOC);
    assert_int_equal(behind.sh_offset, note.sh_offset + note.sh_size);
    assert_int_equal(next.sh_offset, behind.sh_offset + behind.sh_size);
    buffer_free(&caged);
    buffer_free(&file);
}

/* Tables with megabytes are only changed where a symbol's section moved. */
static void test_plan_writes_only_symbols_that_move(void **state)
{
    (void)state;
    struct error error = {0};
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    Elf64_Shdr symtab = subject_section(view(&file), ".symtab");
    struct image *image = open_or_fail(view(&file));
    struct plan *plan = NULL;
    assert_int_equal(plan_inject(image, &cage, &plan, &error), 0);
    uint64_t written = 0;
    for (size_t i = 0; i < plan->write_count; i++) {
        if (bytes_in(plan->writes[i].target - symtab.sh_offset, plan->writes[i].size,
                     symtab.sh_size)) {
            assert_string_equal(plan->writes[i].what, "symbols");
            written += plan->writes[i].size;
        }
    }
    assert_string_equal(plan->layout, "S3m");
    assert_true(written > 0);
    assert_true(written < symtab.sh_size);
    plan_free(plan);
    image_free(image);
    buffer_free(&file);
}

static void test_plan_keeps_its_distance_from_large_symbols(void **state)
{
    (void)state;
    const struct {
        unsigned size;
        uint64_t page;
    } cases[] = {{0, 0x3000}, {0x1f00, 0x4000}, {1u << 20, 0x3000}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const struct subject subject = {.dynamic = true, .library_symbol = cases[i].size};
        struct buffer file = subject_make(&subject);
        const char *layout = NULL;
        struct buffer caged = inject_or_fail(view(&file), &layout);
        uint64_t address = subject_section(view(&caged), ".elfcage.filter").sh_addr;
        assert_int_equal(address & ~UINT64_C(0xfff), cases[i].page);
        buffer_free(&caged);
        buffer_free(&file);
    }
}

/* A symbol of a section that does not exist, but will. */
static void test_plan_gives_strange_symbols_back(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    Elf64_Shdr symtab = subject_section(view(&file), ".symtab");
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    for (unsigned beyond = 0; beyond < 8; beyond++) {
        bytes_put16(file.data + symtab.sh_offset + sizeof(Elf64_Sym) +
                        offsetof(Elf64_Sym, st_shndx),
                    false, (uint16_t)(ehdr.e_shnum + beyond));
        const char *layout = NULL;
        char *refusal = NULL;
        struct buffer caged = inject_or_fail(view(&file), &layout);
        struct buffer original = remove_cage(view(&caged), &refusal);
        assert_string_equal(layout, "S3m");
        assert_null(refusal);
        assert_int_equal(original.size, file.size);
        assert_memory_equal(original.data, file.data, file.size);
        buffer_free(&original);
        buffer_free(&caged);
    }
    buffer_free(&file);
}

static void test_plan_extends_fixed_programs_in_front(void **state)
{
    (void)state;
    const struct subject subjects[] = {
        {.fixed = true, .constants = 64},
        {.fixed = true, .constants = 64, .no_sections = true},
        {.fixed = true, .build_id = true, .constants_behind = 64},
        {.fixed = true, .build_id = true, .note_name = ".note.mine"},
        {.fixed = true, .build_id = true, .is_32 = true, .constants_behind = 64},
        {.fixed = true, .build_id = true, .aarch64 = true, .constants_behind = 64},
        /* Enough notes to move, but then cores would lose the build-id. */
        {.fixed = true, .build_id = true, .note_name = ".note.ABI-tag", .constants_behind = 64},
        {.fixed = true, .dynamic = true, .constants = 64},
    };
    for (size_t i = 0; i < LENGTH(subjects); i++) {
        expect_layout(&subjects[i], "S2");
    }
}

static void test_plan_refuses_what_has_no_room(void **state)
{
    (void)state;
    expect_refusal(&(struct subject){.constants = 64}, "no layout fits this file (S1: no room");
    expect_refusal(&(struct subject){.constants = 64, .dynamic = true},
                   "S3m: nothing behind the program headers");
    /* The bytes behind the table are zero, but nobody says that they are nothing. */
    expect_refusal(&(struct subject){.room = 64, .no_sections = true}, "S1: no room");
}

static void test_plan_moves_nothing_that_is_referred_to(void **state)
{
    (void)state;
    expect_refusal(&(struct subject){.dynamic = true, .pointer_to_hash = true},
                   "a relocation refers to what would move");
    expect_refusal(
        &(struct subject){.dynamic = true, .build_id = true, .object_in_id = "my_build_id"},
        "a symbol that code may use");
    expect_refusal(&(struct subject){.dynamic = true, .note_name = ".note.crashpad.info"},
                   "too little behind the program headers can move");
}

static void test_plan_refuses_a_trailer(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.property = true, .dynamic = true});
    size_t size = file.size;
    buffer_add(&file, "PK\5\6", 4);
    const char *layout = NULL;
    char *refusal = NULL;
    struct buffer caged = inject(view(&file), &layout, &refusal);
    CLEANUP_FREE char *expected = memory_printf(
        "subject@0x%zx: 4 bytes are appended behind the ELF image, and the program may look for "
        "them from the end of the file: not supported: cage the program before the data are put "
        "behind it",
        size);
    expect_text(refusal, expected);
    buffer_free(&caged);
    /* Padding is no trailer. */
    file.size = size;
    buffer_fill(&file, 0, 16);
    assert_string_equal(go_round(view(&file)), "S6");
    buffer_free(&file);
}

/* A program header that says PT_NULL covers nothing, whatever stands in its other fields. */
static void test_plan_sees_a_trailer_under_pt_null(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.property = true, .dynamic = true});
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    size_t place = 0;
    Elf64_Phdr phdr = {0};
    for (size_t i = 0; i < ehdr.e_phnum; i++) {
        place = ehdr.e_phoff + i * sizeof phdr;
        memcpy(&phdr, file.data + place, sizeof phdr);
        if (phdr.p_type == PT_GNU_STACK) {
            break;
        }
    }
    assert_int_equal(phdr.p_type, PT_GNU_STACK);
    buffer_add(&file, "PK\5\6", 4);
    phdr = (Elf64_Phdr){.p_type = PT_NULL, .p_offset = 0, .p_filesz = file.size};
    for (int beyond = 0; beyond < 2; beyond++) {
        phdr.p_filesz += beyond ? 4096 : 0;
        memcpy(file.data + place, &phdr, sizeof phdr);
        const char *layout = NULL;
        char *refusal = NULL;
        struct buffer caged = inject(view(&file), &layout, &refusal);
        expect_text(refusal, ": 4 bytes are appended behind the ELF image");
        buffer_free(&caged);
    }
    buffer_free(&file);
}

static void test_plan_refuses_what_upx_packed(void **state)
{
    (void)state;
    for (int at_end = 0; at_end < 2; at_end++) {
        struct buffer file =
            subject_make(&(struct subject){.property = true, .dynamic = true, .room = 64});
        Elf64_Ehdr ehdr;
        memcpy(&ehdr, file.data, sizeof ehdr);
        size_t table_end = ehdr.e_phoff + ehdr.e_phnum * sizeof(Elf64_Phdr);
        if (at_end) {
            buffer_add(&file, "UPX!", 4);
            buffer_fill(&file, 1, 32);
        } else {
            memcpy(file.data + table_end + 4, "UPX!", 4);
        }
        const char *layout = NULL;
        char *refusal = NULL;
        struct buffer caged = inject(view(&file), &layout, &refusal);
        expect_text(refusal, "subject: packed by UPX, whose code finds the program by where it "
                             "lies in this file: not supported: unpack it (upx -d) and cage that; "
                             "what is caged can be packed");
        buffer_free(&caged);
        buffer_free(&file);
    }
}

static void test_plan_accepts_section_headers_that_nobody_names(void **state)
{
    (void)state;
    struct buffer file =
        subject_make(&(struct subject){.property = true, .dynamic = true, .build_id = true});
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    ehdr.e_shoff = 0;
    ehdr.e_shnum = ehdr.e_shstrndx = 0;
    memcpy(file.data, &ehdr, sizeof ehdr);
    assert_string_equal(go_round(view(&file)), "S6");
    buffer_free(&file);
}

static void test_plan_refuses_symbol_tables_that_overlap(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    Elf64_Ehdr ehdr;
    memcpy(&ehdr, file.data, sizeof ehdr);
    for (size_t i = 1; i < ehdr.e_shnum; i++) {
        uint8_t *place = file.data + ehdr.e_shoff + i * sizeof(Elf64_Shdr);
        Elf64_Shdr shdr;
        memcpy(&shdr, place, sizeof shdr);
        if (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM) {
            shdr.sh_offset = 0;
            shdr.sh_size = file.size;
            memcpy(place, &shdr, sizeof shdr);
        }
    }
    const char *layout = NULL;
    char *refusal = NULL;
    struct buffer caged = inject(view(&file), &layout, &refusal);
    expect_text(refusal, "subject@0x0: damaged: its symbol tables overlap");
    buffer_free(&caged);
    buffer_free(&file);
}

static void test_plan_refuses_a_caged_file(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    const char *layout = NULL;
    char *refusal = NULL;
    struct buffer once = inject_or_fail(view(&file), &layout);
    struct buffer twice = inject(view(&once), &layout, &refusal);
    expect_text(refusal, "subject: caged already: remove the cage first");
    buffer_free(&twice);
    buffer_free(&once);
    buffer_free(&file);
}

static void test_plan_is_deterministic(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    const char *layout = NULL;
    struct buffer once = inject_or_fail(view(&file), &layout);
    struct buffer twice = inject_or_fail(view(&file), &layout);
    assert_int_equal(once.size, twice.size);
    assert_memory_equal(once.data, twice.data, once.size);
    buffer_free(&once);
    buffer_free(&twice);
    buffer_free(&file);
}

static void test_plan_embeds_nothing_without_a_filter(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.room = 56});
    struct image *image = open_or_fail(view(&file));
    struct cage empty = cage;
    empty.instructions.size = 0;
    struct plan *plan = NULL;
    struct error error = {0};
    assert_int_equal(plan_inject(image, &empty, &plan, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERNAL);
    error_clear(&error);
    image_free(image);
    buffer_free(&file);
}

/* Each byte that removal relies on is changed in turn; each change is refused. */
static void test_remove_refuses_a_changed_file(void **state)
{
    (void)state;
    const struct subject subjects[] = {{.dynamic = true, .build_id = true},
                                       {.dynamic = true, .property = true},
                                       {.fixed = true, .build_id = true, .constants_behind = 64}};
    for (size_t s = 0; s < LENGTH(subjects); s++) {
        struct buffer file = subject_make(&subjects[s]);
        const char *layout = NULL;
        char *refusal = NULL;
        struct buffer caged = inject_or_fail(view(&file), &layout);
        const char *const parts[] = {".shstrtab", ".dynsym", ".symtab", ".note.gnu.build-id"};
        for (size_t i = 0; i < LENGTH(parts); i++) {
            Elf64_Shdr old = subject_section(view(&file), parts[i]);
            Elf64_Shdr new = subject_section(view(&caged), parts[i]);
            if (new.sh_offset == old.sh_offset || new.sh_size == 0) {
                continue; /* not changed by this layout: whoever changes it changes the original */
            }
            if (strcmp(layout, "S2") == 0 && i == 2) {
                continue; /* shifted with everything else */
            }
            caged.data[new.sh_offset + 1] ^= 1;
            struct buffer original = remove_cage(view(&caged), &refusal);
            caged.data[new.sh_offset + 1] ^= 1;
            assert_int_equal(original.size, 0);
            expect_text(STEAL(refusal), "changed since it was caged");
        }
        buffer_fill(&caged, 0, 1);
        struct buffer original = remove_cage(view(&caged), &refusal);
        expect_text(STEAL(refusal), "changed since it was caged (its size)");
        buffer_free(&original);
        buffer_free(&caged);
        buffer_free(&file);
    }
}

/* Each could be as large as the file, and there is room for many. */
static void test_remove_refuses_guards_that_overlap(void **state)
{
    (void)state;
    struct error error = {0};
    struct plan *plan = NULL;
    struct image *image = NULL;
    const char *layout = NULL;
    struct buffer file = subject_make(&(struct subject){.dynamic = true});
    struct buffer caged = inject_or_fail(view(&file), &layout);
    assert_int_equal(image_from_bytes(view(&caged), "file", &image, &error), 0);
    struct undo_guard guards[2] = {{.size = caged.size}, {.offset = 1, .size = 1}};
    bytes_digest(caged.data, caged.size, guards[0].digest);
    bytes_digest(caged.data + 1, 1, guards[1].digest);
    struct payload payload = {.caged_size = caged.size, .guards = guards, .guard_count = 1};
    assert_int_equal(plan_remove(image, &payload, &plan, &error), 0);
    plan_free(plan);
    payload.guard_count = 2;
    assert_int_equal(plan_remove(image, &payload, &plan, &error), -1);
    assert_int_equal(error.kind, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "parts that removal relies on overlap"));
    error_clear(&error);
    image_free(image);
    buffer_free(&caged);
    buffer_free(&file);
}

/* What injection did not touch passes through. */
static void test_remove_keeps_what_others_changed(void **state)
{
    (void)state;
    struct buffer file = subject_make(&(struct subject){.dynamic = true, .build_id = true});
    const char *layout = NULL;
    char *refusal = NULL;
    struct buffer caged = inject_or_fail(view(&file), &layout);
    Elf64_Shdr data = subject_section(view(&caged), ".data");
    caged.data[data.sh_offset] = 0x42;
    file.data[data.sh_offset] = 0x42;
    struct buffer original = remove_cage(view(&caged), &refusal);
    assert_null(refusal);
    assert_int_equal(original.size, file.size);
    assert_memory_equal(original.data, file.data, file.size);
    buffer_free(&original);
    buffer_free(&caged);
    buffer_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_uses_room_behind_the_table),
        cmocka_unit_test(test_plan_uses_room_that_pt_phdr_reserves),
        cmocka_unit_test(test_plan_uses_room_that_patchelf_left),
        cmocka_unit_test(test_plan_leaves_no_hole),
        cmocka_unit_test(test_plan_writes_only_symbols_that_move),
        cmocka_unit_test(test_plan_gives_strange_symbols_back),
        cmocka_unit_test(test_plan_keeps_its_distance_from_large_symbols),
        cmocka_unit_test(test_plan_takes_a_note_that_repeats_the_property),
        cmocka_unit_test(test_plan_moves_tables),
        cmocka_unit_test(test_plan_extends_fixed_programs_in_front),
        cmocka_unit_test(test_plan_refuses_what_has_no_room),
        cmocka_unit_test(test_plan_moves_nothing_that_is_referred_to),
        cmocka_unit_test(test_plan_refuses_a_trailer),
        cmocka_unit_test(test_plan_sees_a_trailer_under_pt_null),
        cmocka_unit_test(test_plan_refuses_what_upx_packed),
        cmocka_unit_test(test_plan_accepts_section_headers_that_nobody_names),
        cmocka_unit_test(test_plan_refuses_symbol_tables_that_overlap),
        cmocka_unit_test(test_plan_refuses_a_caged_file),
        cmocka_unit_test(test_plan_is_deterministic),
        cmocka_unit_test(test_plan_embeds_nothing_without_a_filter),
        cmocka_unit_test(test_remove_refuses_a_changed_file),
        cmocka_unit_test(test_remove_refuses_guards_that_overlap),
        cmocka_unit_test(test_remove_keeps_what_others_changed),
    };
    return cmocka_run_group_tests_name("elf/plan", tests, NULL, NULL);
}
