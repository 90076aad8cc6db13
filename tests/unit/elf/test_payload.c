/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads: what was written is read back; each field that lies is found, also when the digest was
 * made anew by somebody who knows the format.
 */
#include "base/compress.h"
#include "base/memory.h"
#include "elf/payload.h"
#include "elf/payload_format.h"
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
    .policy_text = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}",
    .seccomp_flags = SECCOMP_FILTER_FLAG_LOG,
    .stub_flags = ELFCAGE_STUB_WARN,
    .payload_flags = PAYLOAD_ALLOW_NESTING,
    .hook = HOOK_ENTRY,
};

struct caged {
    struct buffer original, file;
    uint64_t start; /* of the payload in it */
};

static int set_up(void **state)
{
    struct caged *caged = memory_zeroed(1, sizeof *caged);
    const struct subject subject = {.dynamic = true, .build_id = true};
    caged->original = subject_make(&subject);
    struct error error = {0};
    struct image *image = NULL;
    struct plan *plan = NULL;
    assert_int_equal(image_from_bytes((struct bytes){caged->original.data, caged->original.size},
                                      "original", &image, &error),
                     0);
    assert_int_equal(plan_inject(image, &cage, &plan, &error), 0);
    caged->file = plan_apply(plan, image);
    plan_free(plan);
    image_free(image);
    caged->start =
        subject_section((struct bytes){caged->file.data, caged->file.size}, ".elfcage.filter")
            .sh_offset;
    *state = caged;
    return 0;
}

static int tear_down(void **state)
{
    struct caged *caged = *state;
    buffer_free(&caged->original);
    buffer_free(&caged->file);
    free(caged);
    return 0;
}

/* What payload_find() says; the line of its error (owned) goes to *line. */
static int find(const struct caged *caged, struct payload *payload, struct image **image,
                char **line)
{
    struct error error = {0};
    *image = NULL;
    *line = NULL;
    assert_int_equal(
        image_from_bytes((struct bytes){caged->file.data, caged->file.size}, "file", image, &error),
        0);
    int found = payload_find(*image, payload, &error);
    if (found < 0) {
        assert_int_equal(error.kind, ERROR_UNSUPPORTED);
        *line = error_line(&error);
        error_clear(&error);
    }
    return found;
}

static void test_payload_is_read_as_written(void **state)
{
    struct caged *caged = *state;
    struct payload payload = {0};
    struct image *image;
    char *line;
    assert_int_equal(find(caged, &payload, &image, &line), 1);
    assert_int_equal(payload.version, PAYLOAD_VERSION);
    assert_string_equal(payload.elfcage_version, ELFCAGE_VERSION);
    assert_string_equal(payload.layout, "S3m");
    assert_string_equal(payload.cage.policy_text, cage.policy_text);
    assert_int_equal(payload.cage.instructions.size, sizeof allow);
    assert_memory_equal(payload.cage.instructions.data, allow, sizeof allow);
    assert_int_equal(payload.cage.seccomp_flags,
                     SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC);
    assert_int_equal(payload.cage.stub_flags, ELFCAGE_STUB_WARN);
    assert_int_equal(payload.cage.payload_flags, PAYLOAD_ALLOW_NESTING);
    assert_int_equal(payload.cage.hook, HOOK_ENTRY);
    assert_int_equal(payload.original_size, caged->original.size);
    assert_int_equal(payload.next, 0x1000);
    assert_int_equal(payload.original_offset, 0);
    assert_int_equal(payload.caged_size, caged->file.size);
    assert_int_equal(payload.offset, caged->start);
    assert_int_equal(payload.address, image_phdr(image, payload.segment)->p_vaddr);
    struct buffer both = {0};
    uint8_t identity[BYTES_DIGEST_SIZE];
    buffer_add(&both, cage.policy_text, strlen(cage.policy_text) + 1);
    buffer_add(&both, allow, sizeof allow);
    bytes_digest(both.data, both.size, identity);
    buffer_free(&both);
    assert_memory_equal(payload.identity, identity, sizeof identity);
    payload_clear(&payload);
    image_free(image);
}

static void test_payload_is_absent_from_others(void **state)
{
    struct caged *caged = *state;
    struct payload payload = {0};
    struct image *image;
    char *line;
    caged->file.data[caged->start] ^= 1; /* the magic */
    assert_int_equal(find(caged, &payload, &image, &line), 0);
    image_free(image);
}

static void test_payload_is_found_without_section_headers(void **state)
{
    struct caged *caged = *state;
    memset(caged->file.data + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
    memset(caged->file.data + offsetof(Elf64_Ehdr, e_shnum), 0, 4);
    struct payload payload = {0};
    struct image *image;
    char *line;
    assert_int_equal(find(caged, &payload, &image, &line), 1);
    payload_clear(&payload);
    image_free(image);
}

/* A forger's: the digest at the end is made anew. */
static void seal(struct caged *caged)
{
    uint8_t *payload = caged->file.data + caged->start;
    uint32_t size = bytes_get32(payload + FIELD_SIZE, false) - BYTES_DIGEST_SIZE;
    if (size < caged->file.size - caged->start) {
        bytes_digest(payload, size, payload + size);
    }
}

static void expect_damage(struct caged *caged, const char *part)
{
    struct payload payload = {0};
    struct image *image;
    char *line;
    int found = find(caged, &payload, &image, &line);
    if (found != -1 || !strstr(line, part)) {
        fail_msg("\"%s\" does not say \"%s\"", found < 0 ? line : "found", part);
    }
    free(line);
    image_free(image);
}

static void test_payload_refuses_every_changed_byte(void **state)
{
    struct caged *caged = *state;
    uint32_t size = bytes_get32(caged->file.data + caged->start + FIELD_SIZE, false);
    for (uint32_t i = PAYLOAD_MAGIC_SIZE; i < size; i++) {
        uint8_t *byte = caged->file.data + caged->start + i;
        *byte ^= 0x40;
        expect_damage(caged, "file");
        *byte ^= 0x40;
    }
}

static void test_payload_refuses_lies(void **state)
{
    struct caged *caged = *state;
    static const struct {
        enum payload_field field;
        uint32_t value;
        bool sealed;
        const char *message;
    } lies[] = {
        {FIELD_VERSION, 4, false, "file: caged by a newer elfcage (payload version 4, this one"},
        {FIELD_VERSION, 1, true, "the payload is damaged: version 1"},
        {FIELD_VERSION, 0, true, "the payload is damaged: version 0"},
        {FIELD_SIZE, 100, false, "its size 100 does not fit its segment"},
        {FIELD_SIZE, UINT32_MAX, false, "its size 4294967295 does not fit its segment"},
        {FIELD_POLICY_SIZE, 3, false, "its digest does not match"},
        {FIELD_LAYOUT, 0, true, "layout 0 does not exist"},
        {FIELD_LAYOUT, 5, true, "layout 5 does not exist"},
        {FIELD_HOOK, 3, true, "hook 3 does not exist"},
        {FIELD_FILTER_COUNT, 0, true, "a filter of 0 instructions does not fit"},
        {FIELD_FILTER_COUNT, 4097, true, "a filter of 4097 instructions does not fit"},
        {FIELD_FILTER_COUNT, 4096, true, "a filter of 4096 instructions does not fit"},
        {FIELD_POLICY_SIZE, 3, true, "its policy is no packed text"},
        {FIELD_POLICY_SIZE, 0, true, "its policy is no packed text"},
        {FIELD_POLICY_SIZE, UINT32_MAX, true, "a part of 4294967295 bytes does not fit"},
        {FIELD_MAKER_SIZE, UINT32_MAX, true, "a part of 4294967295 bytes does not fit"},
        {FIELD_MAKER_SIZE, 0, true, "its version of elfcage is none"},
        {FIELD_MAKER_SIZE, sizeof ELFCAGE_VERSION + 1, true, "its version of elfcage is none"},
        {FIELD_STUB_SIZE, UINT32_MAX, true, "the stub is outside its segment"},
        {FIELD_STUB_SIZE, 31, true, "the stub is outside its segment"},
        {FIELD_SEGMENT_SIZE, 1u << 30, true, "the stub is outside its segment"},
        {FIELD_ADDRESS, 0x1000, true, "made for address 0x1000, stands at 0x"},
        {FIELD_UNDO_SIZE, 3, true, "its undo record is cut off"},
        {FIELD_UNDO_SIZE, 100, true, "its undo record is cut off"},
        {FIELD_UNDO_SIZE, UINT32_MAX, true, "a part of 4294967295 bytes does not fit"},
        {FIELD_ORIGINAL_SIZE, 16, true, "is outside the original file"},
    };
    for (size_t i = 0; i < LENGTH(lies); i++) {
        struct buffer saved = {0};
        buffer_add(&saved, caged->file.data, caged->file.size);
        bytes_put32(caged->file.data + caged->start + lies[i].field, false, lies[i].value);
        if (lies[i].sealed) {
            seal(caged);
        }
        expect_damage(caged, lies[i].message);
        memcpy(caged->file.data, saved.data, saved.size);
        buffer_free(&saved);
    }
}

/* Where a part begins, from the size of what is before it. */
static uint8_t *part(struct caged *caged, const enum payload_field *before, size_t count)
{
    uint8_t *payload = caged->file.data + caged->start;
    size_t at = PAYLOAD_HEADER_SIZE +
                (size_t)bytes_get32(payload + FIELD_FILTER_COUNT, false) * PAYLOAD_INSTRUCTION_SIZE;
    for (size_t i = 0; i < count; i++) {
        at += bytes_get32(payload + before[i], false);
    }
    return payload + at;
}

/* It would be printed. */
static void test_payload_refuses_a_version_that_is_none(void **state)
{
    struct caged *caged = *state;
    static const enum payload_field before[] = {FIELD_POLICY_SIZE};
    *part(caged, before, LENGTH(before)) = '\033';
    seal(caged);
    expect_damage(caged, "its version of elfcage is none");
}

/* Changes one plain byte from `first` to `last` of a packed part, such that it keeps its size. */
static void change_packed(uint8_t *packed, uint32_t size, size_t first, size_t last)
{
    struct buffer plain = {0};
    assert_true(compress_unpack((struct bytes){packed, size}, SIZE_MAX, &plain));
    for (size_t at = first; at <= last; at++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            plain.data[at] ^= (uint8_t)flip;
            struct buffer again = compress_pack((struct bytes){plain.data, plain.size});
            bool fits = again.size == size;
            if (fits) {
                memcpy(packed, again.data, size);
            }
            plain.data[at] ^= (uint8_t)flip;
            buffer_free(&again);
            if (fits) {
                buffer_free(&plain);
                return;
            }
        }
    }
    fail_msg("no byte to change");
}

static void test_payload_refuses_a_policy_that_is_no_text(void **state)
{
    struct caged *caged = *state;
    uint8_t *payload = caged->file.data + caged->start;
    uint32_t size = bytes_get32(payload + FIELD_POLICY_SIZE, false);
    uint8_t *policy = part(caged, NULL, 0);
    struct buffer saved = {0};
    buffer_add(&saved, policy, size);
    /* Its NUL is another byte; then a bit behind its end is set. */
    change_packed(policy, size, strlen(cage.policy_text), strlen(cage.policy_text));
    seal(caged);
    expect_damage(caged, "its policy is no packed text");
    memcpy(policy, saved.data, size);
    policy[size - 1] ^= 1;
    seal(caged);
    expect_damage(caged, "its policy is no packed text");
    buffer_free(&saved);
}

static void test_payload_refuses_a_forged_undo_record(void **state)
{
    struct caged *caged = *state;
    static const enum payload_field before[] = {FIELD_POLICY_SIZE, FIELD_MAKER_SIZE};
    uint8_t *payload = caged->file.data + caged->start;
    uint8_t *undo = part(caged, before, LENGTH(before));
    uint32_t guards = bytes_get32(undo + UNDO_GUARD_COUNT, false);
    bytes_put32(undo + UNDO_GUARD_COUNT, false, UINT32_MAX);
    seal(caged);
    expect_damage(caged, "its undo record is cut off");
    bytes_put32(undo + UNDO_GUARD_COUNT, false, guards - 1);
    seal(caged);
    expect_damage(caged, "the pieces of its undo record are not packed");
    bytes_put32(undo + UNDO_GUARD_COUNT, false, guards);

    /* Heads of pieces: an offset outside of the original, a size that is not there. */
    uint8_t *pieces = undo + UNDO_HEADER_SIZE + (size_t)guards * UNDO_GUARD_SIZE;
    uint32_t size = bytes_get32(payload + FIELD_UNDO_SIZE, false) - (uint32_t)(pieces - undo);
    struct buffer saved = {0};
    buffer_add(&saved, pieces, size);
    change_packed(pieces, size, 3, 7);
    seal(caged);
    expect_damage(caged, "a piece to undo is outside the original file");
    memcpy(pieces, saved.data, size);
    change_packed(pieces, size, 11, 15);
    seal(caged);
    expect_damage(caged, "a piece of its undo record is cut off");
    buffer_free(&saved);
}

static void test_payload_refuses_two(void **state)
{
    struct caged *caged = *state;
    /* The data segment's bytes become a payload's magic. */
    memcpy(caged->file.data + 0x2000, PAYLOAD_MAGIC, PAYLOAD_MAGIC_SIZE);
    struct error error = {0};
    struct image *image = NULL;
    uint8_t *phdr = caged->file.data + sizeof(Elf64_Ehdr);
    Elf64_Phdr data;
    for (int i = 0; i < 6; i++, phdr += sizeof(Elf64_Phdr)) {
        memcpy(&data, phdr, sizeof data);
        if (data.p_type == PT_DYNAMIC) {
            bytes_put32(phdr, false, PT_NULL);
        }
        if (data.p_flags == (PF_R | PF_W) && data.p_type == PT_LOAD &&
            data.p_filesz < PAYLOAD_HEADER_SIZE) {
            fail_msg("the data segment is too small for this test");
        }
    }
    assert_int_equal(image_from_bytes((struct bytes){caged->file.data, caged->file.size}, "file",
                                      &image, &error),
                     0);
    struct payload payload = {0};
    assert_int_equal(payload_find(image, &payload, &error), -1);
    assert_non_null(strstr(error.text, "damaged: two payloads in one file"));
    error_clear(&error);
    image_free(image);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_payload_is_read_as_written),
        TEST(test_payload_is_absent_from_others),
        TEST(test_payload_is_found_without_section_headers),
        TEST(test_payload_refuses_every_changed_byte),
        TEST(test_payload_refuses_lies),
        TEST(test_payload_refuses_a_version_that_is_none),
        TEST(test_payload_refuses_a_policy_that_is_no_text),
        TEST(test_payload_refuses_a_forged_undo_record),
        TEST(test_payload_refuses_two),
    };
    return cmocka_run_group_tests_name("elf/payload", tests, NULL, NULL);
}
