/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caged file, changed, with all digests made anew, as somebody would who forges an undo record:
 * its pieces are unpacked, changed and packed again. What removal then gives, by either way
 * (plan_remove, plan_disarm), stays inside both files; a file whose cage was taken out is an image
 * without a payload, and what can be caged of those goes back.
 */
#include "base/compress.h"
#include "base/memory.h"
#include "elf/payload.h"
#include "elf/payload_format.h"
#include "elf/payload_write.h"
#include "elf/plan.h"
#include "elf/verify.h"
#include "tests/unit/elf/check_cage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

/* --- forging --- */

/* A payload in a file of x86-64 or i386: where its parts are. */
struct parts {
    uint8_t *start;  /* the header */
    size_t rest;     /* bytes from there to the end of the file */
    uint64_t record; /* the undo record, from the start */
    uint64_t pieces; /* in it */
    uint64_t digest;
    uint64_t guard_count;
};

static bool find_parts(uint8_t *data, size_t size, struct parts *out)
{
    struct parts p = {0};
    p.start = memmem(data, size, PAYLOAD_MAGIC, PAYLOAD_MAGIC_SIZE);
    p.rest = p.start ? (size_t)(data + size - p.start) : 0;
    if (p.rest < PAYLOAD_HEADER_SIZE) {
        return false;
    }
    uint64_t whole = bytes_get32(p.start + FIELD_SIZE, false);
    p.record =
        PAYLOAD_HEADER_SIZE +
        (uint64_t)bytes_get32(p.start + FIELD_FILTER_COUNT, false) * PAYLOAD_INSTRUCTION_SIZE +
        bytes_get32(p.start + FIELD_POLICY_SIZE, false) +
        bytes_get32(p.start + FIELD_MAKER_SIZE, false);
    if (whole > p.rest || whole < BYTES_DIGEST_SIZE + UNDO_HEADER_SIZE ||
        p.record > whole - BYTES_DIGEST_SIZE - UNDO_HEADER_SIZE) {
        return false;
    }
    p.digest = whole - BYTES_DIGEST_SIZE;
    p.guard_count = bytes_get32(p.start + p.record + UNDO_GUARD_COUNT, false);
    p.pieces = p.record + UNDO_HEADER_SIZE + p.guard_count * UNDO_GUARD_SIZE;
    *out = p;
    return p.pieces <= p.digest;
}

static void seal(uint8_t *data, size_t size)
{
    struct parts p;
    if (!find_parts(data, size, &p)) {
        return;
    }
    for (uint64_t i = 0; i < p.guard_count; i++) {
        uint8_t *guard = p.start + p.record + UNDO_HEADER_SIZE + i * UNDO_GUARD_SIZE;
        uint64_t offset = bytes_get64(guard, false);
        uint64_t length = bytes_get64(guard + 8, false);
        if (bytes_in(offset, length, size)) {
            bytes_digest(data + offset, (size_t)length, guard + 16);
        }
    }
    bytes_digest(p.start, (size_t)p.digest, p.start + p.digest);
}

/* Changes the pieces; false if they do not fit in their place then. */
static bool change_pieces(uint8_t *data, size_t size)
{
    struct parts p;
    struct buffer plain = {0};
    if (!find_parts(data, size, &p) ||
        !compress_unpack((struct bytes){p.start + p.pieces, (size_t)(p.digest - p.pieces)},
                         PIECES_MAX, &plain) ||
        plain.size == 0) {
        buffer_free(&plain);
        return false;
    }
    size_t changed = LLVMFuzzerMutate(plain.data, plain.size, plain.size);
    struct buffer packed = compress_pack((struct bytes){plain.data, changed});
    buffer_free(&plain);
    uint64_t whole = p.pieces + packed.size + BYTES_DIGEST_SIZE;
    uint64_t before = p.digest + BYTES_DIGEST_SIZE;
    bool fits = whole <= p.rest && payload_stub_place(whole) == payload_stub_place(before);
    if (fits) {
        memset(p.start + p.pieces, 0, (size_t)(before - p.pieces));
        memcpy(p.start + p.pieces, packed.data, packed.size);
        bytes_put32(p.start + FIELD_SIZE, false, (uint32_t)whole);
        bytes_put32(p.start + FIELD_UNDO_SIZE, false,
                    (uint32_t)(p.pieces + packed.size - p.record));
    }
    buffer_free(&packed);
    return fits;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct parts p;
    switch (seed % 4) {
    case 0:
        if (change_pieces(data, size)) {
            return size;
        }
        break;
    case 1: /* the guards */
        if (find_parts(data, size, &p)) {
            LLVMFuzzerMutate(p.start + p.record, (size_t)(p.pieces - p.record),
                             (size_t)(p.pieces - p.record));
            return size;
        }
        break;
    case 2: /* the header */
        if (find_parts(data, size, &p)) {
            LLVMFuzzerMutate(p.start + PAYLOAD_MAGIC_SIZE, PAYLOAD_HEADER_SIZE - PAYLOAD_MAGIC_SIZE,
                             PAYLOAD_HEADER_SIZE - PAYLOAD_MAGIC_SIZE);
            return size;
        }
        break;
    default:
        break;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

/* --- looking --- */

/* A cage around a file whose cage was taken out: it goes in, and out again. */
static void cage_again(const struct image *image, enum hook hook)
{
    static const uint8_t filter[16] = {6, 0, 0, 0, 0, 0, 0xff, 0x7f, 6};
    const struct cage cage = {
        .instructions = {filter, sizeof filter}, .policy_text = "{}", .hook = hook};
    struct error error = {0};
    struct plan *plan = NULL;
    if (plan_inject(image, &cage, &plan, &error) == 0) {
        struct buffer caged = plan_apply(plan, image);
        struct image *again = NULL;
        struct payload payload = {0};
        struct plan *back = NULL;
        struct bytes bytes = {caged.data, caged.size};
        require(image_from_bytes(bytes, "caged again", &again, &error) == 0, "it is an image");
        require(payload_find(again, &payload, &error) == 1, "the payload is found");
        const char *problem =
            check_cage(image_bytes(image), bytes, &payload, image_arch(image)->page_size, false);
        require(!problem, problem);
        require(plan_remove(again, &payload, &back, &error) == 0, "it can be removed");
        struct buffer original = plan_apply(back, again);
        require(original.size == image_bytes(image).size &&
                    memcmp(original.data, image_bytes(image).data, original.size) == 0,
                "it goes back");
        buffer_free(&original);
        plan_free(back);
        payload_clear(&payload);
        image_free(again);
        buffer_free(&caged);
    }
    plan_free(plan);
    require(error.kind != ERROR_INTERNAL, "no bug of ours");
    error_clear(&error);
}

static void disarm(const struct image *image, const struct payload *payload)
{
    struct error error = {0};
    struct plan *plan = NULL;
    if (plan_disarm(image, payload, &plan, &error) == 0) {
        struct buffer bytes = plan_apply(plan, image);
        struct image *without = NULL;
        struct payload none = {0};
        require(image_from_bytes((struct bytes){bytes.data, bytes.size}, "disarmed", &without,
                                 &error) == 0,
                "a file without its cage is an image");
        require(payload_find(without, &none, &error) == 0, "the payload is gone");
        cage_again(without, payload->cage.hook);
        image_free(without);
        buffer_free(&bytes);
    }
    plan_free(plan);
    require(error.kind != ERROR_INTERNAL, "no bug of ours");
    error_clear(&error);
}

static void take_out(const struct image *image)
{
    struct error error = {0};
    struct payload payload = {0};
    struct plan *plan = NULL;
    if (payload_find(image, &payload, &error) == 1) {
        if (verify_cage(image, &payload, NULL, &error) != 0) {
            error_clear(&error);
        }
        if (plan_remove(image, &payload, &plan, &error) == 0) {
            struct buffer original = plan_apply(plan, image);
            require(original.size == payload.original_size, "the original has its size");
            buffer_free(&original);
            plan_free(plan);
        }
        error_clear(&error);
        disarm(image, &payload);
    }
    error_clear(&error);
    payload_clear(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct image *image = NULL;
    uint8_t *forged = memory_copy(data, size);
    seal(forged, size);
    if (image_from_bytes((struct bytes){forged, size}, "fuzz", &image, &error) == 0) {
        take_out(image);
    }
    error_clear(&error);
    image_free(image);
    free(forged);
    return 0;
}
