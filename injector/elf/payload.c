/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload, version 3. Numbers are in the byte order of the target; offsets count from the start
 * of the segment, in bytes.
 *
 * The segment (one PT_LOAD, R+X) is made of three sections without a hole between them, then of
 * what layout S3m moved:
 *   .elfcage.filter  what follows here
 *   .note.elfcage    one note of type NT_VERSION without description, whose owner is the text
 *                    "elfcage payload 3 sha256:" and the identity in hexadecimal
 *   .elfcage.stub    struct elfcage_stub_config (stub/format.h) and the code of the stub; it starts
 *                    at the first multiple of 64 that leaves room for the note in front of it
 * In front of the program, sections may say what its bytes are now: .elfcage.spare (S3m: what is
 * left of the block that moved), .elfcage.headers (S2: the old headers). They hold nothing of the
 * payload.
 *
 * .elfcage.filter is, one part right behind the other:
 *   header, 120 bytes:
 *     0  magic, 8 bytes: 0xe1 "elfcage"
 *     8  u32 version (3)
 *    12  u32 bytes from here to the end of the digest (all of this list)
 *    16  u32 layout: 1 S1, 2 S6, 3 S3m, 4 S2
 *    20  u32 hook: 0 entry, 1 init, 2 preinit
 *    24  u32 payload flags
 *    28  u32 seccomp(2) flags          32  u32 stub flags
 *    36  u32 number of instructions    40  u32 size of the policy, packed
 *    44  u32 size of the maker         48  u32 size of the undo record
 *    52  u32 size of the stub
 *    56  u64 address of the segment    64  u64 its offset in the caged file
 *    72  u64 its size
 *    80  u64 where the stub goes on: the original entry point; init, preinit: the function whose
 *        place the hook took, or 0 for none: back to the loader
 *    88  u64 size of the original      96  u64 where its byte 0 stands in the caged file
 *   104  u64 size of the caged file
 *   112  u64 which resolvers of indirect functions the original has (resolvers.c), 0 for none
 *   filter: its instructions, 8 bytes each
 *   policy: its text in canonical form, with a NUL, packed (base/compress.h)
 *   maker: the version of elfcage, with a NUL
 *   undo record: how to get the original back from the caged file
 *     u32 number of guards; each: u64 offset in the caged file, u64 size, SHA-256: removal is
 *     refused unless all match
 *     pieces of the original, packed: u64 offset in it and u64 size, both little-endian, bytes:
 *     laid over what is copied from the caged file
 *   digest: SHA-256 of everything before it
 * Then zeros up to the note. The identity is SHA-256 of policy text (NUL included) and filter.
 *
 * The digests find accidents, not attackers: who can forge bytes can forge digests. So everything
 * here is checked as hostile input, and verify compares the stub and the filter themselves.
 *
 * A payload is found by its magic at the start of a PT_LOAD, never by section headers or file
 * offsets, since strip, objcopy and patchelf rewrite those.
 */
#include "elf/payload.h"

#include "base/compress.h"
#include "base/memory.h"
#include "elf/payload_format.h"
#include "elf/payload_write.h"
#include "stub/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* What is read from, for the length of one payload_find(). */
struct reader {
    const struct image *image;
    struct bytes segment; /* file part of the PT_LOAD */
    struct bytes rest;    /* of header to digest: what is not read yet */
    bool big_endian;
    struct error *error;
};

__attribute__((format(printf, 3, 4))) static int damaged(const struct reader *reader, uint64_t at,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    uint64_t start = (uint64_t)(reader->segment.data - image_bytes(reader->image).data);
    return error_offset(reader->error, ERROR_UNSUPPORTED, image_name(reader->image), start + at,
                        "the payload is damaged: %s", text);
}

static uint32_t field32(const struct reader *reader, enum payload_field field)
{
    return bytes_get32(reader->segment.data + field, reader->big_endian);
}

static uint64_t field64(const struct reader *reader, enum payload_field field)
{
    return bytes_get64(reader->segment.data + field, reader->big_endian);
}

static int read_frame(struct reader *reader, struct payload *payload)
{
    uint32_t version = field32(reader, FIELD_VERSION);
    if (version > PAYLOAD_VERSION) {
        return error_file(reader->error, ERROR_UNSUPPORTED, image_name(reader->image),
                          "caged by a newer elfcage (payload version %u, this one knows %u): use "
                          "that one",
                          version, PAYLOAD_VERSION);
    }
    if (version != PAYLOAD_VERSION) {
        return damaged(reader, FIELD_VERSION, "version %u", version);
    }
    uint32_t size = field32(reader, FIELD_SIZE);
    if (size < PAYLOAD_HEADER_SIZE + BYTES_DIGEST_SIZE || size > reader->segment.size) {
        return damaged(reader, FIELD_SIZE, "its size %u does not fit its segment", size);
    }
    uint8_t digest[BYTES_DIGEST_SIZE];
    bytes_digest(reader->segment.data, size - BYTES_DIGEST_SIZE, digest);
    if (memcmp(digest, reader->segment.data + size - BYTES_DIGEST_SIZE, sizeof digest) != 0) {
        return damaged(reader, 0, "its digest does not match");
    }
    bytes_slice(reader->segment, PAYLOAD_HEADER_SIZE,
                size - BYTES_DIGEST_SIZE - PAYLOAD_HEADER_SIZE, &reader->rest);
    payload->version = version;
    payload->layout = payload_layout_name(field32(reader, FIELD_LAYOUT));
    if (!payload->layout) {
        return damaged(reader, FIELD_LAYOUT, "layout %u does not exist",
                       field32(reader, FIELD_LAYOUT));
    }
    if (field32(reader, FIELD_HOOK) >= HOOK_COUNT) {
        return damaged(reader, FIELD_HOOK, "hook %u does not exist", field32(reader, FIELD_HOOK));
    }
    return 0;
}

/* Takes `size` bytes off the front of `rest`. */
static bool take(struct bytes *rest, uint64_t size, struct bytes *taken)
{
    if (!bytes_slice(*rest, 0, size, taken)) {
        return false;
    }
    rest->data += size;
    rest->size -= (size_t)size;
    return true;
}

/* Is it a text with a NUL at its end and nowhere else? */
static bool is_text(struct bytes bytes)
{
    return bytes.size > 0 && memchr(bytes.data, 0, bytes.size) == bytes.data + bytes.size - 1;
}

/* The version of elfcage is printed as it is: nothing that a terminal would obey. */
static bool is_version(const char *text)
{
    return text[strspn(text,
                       "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+~")] == 0;
}

/* The next part, of the size in `field`. */
static int take_part(struct reader *reader, enum payload_field field, struct bytes *part)
{
    uint32_t size = field32(reader, field);
    return take(&reader->rest, size, part)
               ? 0
               : damaged(reader, field, "a part of %u bytes does not fit", size);
}

static int read_policy(struct reader *reader, struct payload *payload)
{
    struct bytes packed;
    struct buffer text = {0};
    if (take_part(reader, FIELD_POLICY_SIZE, &packed) != 0) {
        return -1;
    }
    bool unpacked = compress_unpack(packed, PAYLOAD_POLICY_MAX, &text);
    payload->policy_text = (char *)text.data;
    payload->cage.policy_text = payload->policy_text;
    return unpacked && is_text((struct bytes){text.data, text.size})
               ? 0
               : damaged(reader, FIELD_POLICY_SIZE, "its policy is no packed text");
}

static int read_cage(struct reader *reader, struct payload *payload)
{
    struct cage *cage = &payload->cage;
    uint32_t count = field32(reader, FIELD_FILTER_COUNT);
    if (count == 0 || count > PAYLOAD_INSTRUCTIONS_MAX ||
        !take(&reader->rest, (uint64_t)count * PAYLOAD_INSTRUCTION_SIZE, &cage->instructions)) {
        return damaged(reader, FIELD_FILTER_COUNT, "a filter of %u instructions does not fit",
                       count);
    }
    struct bytes maker;
    if (read_policy(reader, payload) != 0 || take_part(reader, FIELD_MAKER_SIZE, &maker) != 0) {
        return -1;
    }
    if (!is_text(maker) || !is_version((const char *)maker.data)) {
        return damaged(reader, FIELD_MAKER_SIZE, "its version of elfcage is none");
    }
    payload->elfcage_version = (const char *)maker.data;
    cage->seccomp_flags = field32(reader, FIELD_SECCOMP_FLAGS);
    cage->stub_flags = field32(reader, FIELD_STUB_FLAGS);
    cage->payload_flags = field32(reader, FIELD_PAYLOAD_FLAGS);
    cage->hook = (enum hook)field32(reader, FIELD_HOOK);
    payload_identity(cage, payload->identity);
    return 0;
}

static int read_places(const struct reader *reader, const GElf_Phdr *phdr, struct payload *payload)
{
    if (field64(reader, FIELD_ADDRESS) != phdr->p_vaddr) {
        return damaged(reader, FIELD_ADDRESS,
                       "made for address 0x%" PRIx64 ", stands at 0x%" PRIx64,
                       field64(reader, FIELD_ADDRESS), (uint64_t)phdr->p_vaddr);
    }
    uint64_t stub = payload_stub_place(field32(reader, FIELD_SIZE));
    uint32_t stub_size = field32(reader, FIELD_STUB_SIZE);
    uint64_t size = field64(reader, FIELD_SEGMENT_SIZE);
    if (size > phdr->p_filesz || !bytes_in(stub, stub_size, size) ||
        stub_size < sizeof(struct elfcage_stub_config)) {
        return damaged(reader, FIELD_STUB_SIZE, "the stub is outside its segment");
    }
    payload->address = phdr->p_vaddr;
    payload->offset = phdr->p_offset;
    payload->size = phdr->p_filesz;
    payload->stub_address = phdr->p_vaddr + stub;
    payload->next = field64(reader, FIELD_NEXT);
    payload->original_size = field64(reader, FIELD_ORIGINAL_SIZE);
    payload->original_offset = field64(reader, FIELD_ORIGINAL_OFFSET);
    payload->caged_size = field64(reader, FIELD_CAGED_SIZE);
    payload->resolvers = field64(reader, FIELD_RESOLVERS);
    payload->caged_offset = field64(reader, FIELD_OFFSET);
    return 0;
}

static int read_guards(const struct reader *reader, struct bytes *record, struct payload *payload)
{
    struct bytes head;
    struct bytes guards;
    bool big = reader->big_endian;
    uint64_t count = take(record, UNDO_HEADER_SIZE, &head)
                         ? bytes_get32(head.data + UNDO_GUARD_COUNT, big)
                         : UINT32_MAX;
    if (!take(record, count * UNDO_GUARD_SIZE, &guards)) {
        return damaged(reader, FIELD_UNDO_SIZE, "its undo record is cut off");
    }
    payload->guards = memory_zeroed(count, sizeof *payload->guards);
    payload->guard_count = count;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = guards.data + i * UNDO_GUARD_SIZE;
        payload->guards[i].offset = bytes_get64(bytes, big);
        payload->guards[i].size = bytes_get64(bytes + 8, big);
        memcpy(payload->guards[i].digest, bytes + 16, BYTES_DIGEST_SIZE);
    }
    return 0;
}

static int read_pieces(const struct reader *reader, struct bytes packed, struct payload *payload)
{
    /* Pieces are parts of the original, which is in the file, each with a head that is no larger.
     */
    struct buffer plain = {0};
    if (!compress_unpack(packed, 2 * image_bytes(reader->image).size, &plain)) {
        return damaged(reader, FIELD_UNDO_SIZE, "the pieces of its undo record are not packed");
    }
    payload->undo_bytes = plain.data;
    struct bytes rest = {plain.data, plain.size};
    while (rest.size > 0) {
        struct undo_piece *piece = memory_append(&payload->undo, &payload->undo_count,
                                                 &payload->undo_capacity, sizeof *payload->undo);
        struct bytes head;
        if (!take(&rest, UNDO_PIECE_SIZE, &head) ||
            !take(&rest, bytes_get64(head.data + 8, false), &piece->original)) {
            return damaged(reader, FIELD_UNDO_SIZE, "a piece of its undo record is cut off");
        }
        piece->offset = bytes_get64(head.data, false);
        if (!bytes_in(piece->offset, piece->original.size, payload->original_size)) {
            return damaged(reader, FIELD_UNDO_SIZE, "a piece to undo is outside the original file");
        }
    }
    return 0;
}

static int read_undo(struct reader *reader, struct payload *payload)
{
    struct bytes record;
    if (take_part(reader, FIELD_UNDO_SIZE, &record) != 0 ||
        read_guards(reader, &record, payload) != 0 || read_pieces(reader, record, payload) != 0) {
        return -1;
    }
    return reader->rest.size == 0 ? 0
                                  : damaged(reader, FIELD_SIZE, "bytes are left over behind it");
}

static int read_payload(struct reader *reader, size_t segment, struct payload *out)
{
    struct payload payload = {.segment = segment};
    if (read_frame(reader, &payload) != 0 ||
        read_places(reader, image_phdr(reader->image, segment), &payload) != 0 ||
        read_cage(reader, &payload) != 0 || read_undo(reader, &payload) != 0) {
        payload_clear(&payload);
        return -1;
    }
    *out = payload;
    return 0;
}

int payload_find(const struct image *image, struct payload *out, struct error *error)
{
    struct reader reader = {.image = image, .big_endian = image_big_endian(image), .error = error};
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        struct bytes segment;
        if (phdr->p_type != PT_LOAD || phdr->p_filesz < PAYLOAD_HEADER_SIZE ||
            !bytes_slice(image_bytes(image), phdr->p_offset, phdr->p_filesz, &segment) ||
            memcmp(segment.data, PAYLOAD_MAGIC, PAYLOAD_MAGIC_SIZE) != 0) {
            continue;
        }
        if (found != SIZE_MAX) {
            return error_offset(error, ERROR_UNSUPPORTED, image_name(image), phdr->p_offset,
                                "damaged: two payloads in one file, segments %zu and %zu", found,
                                i);
        }
        found = i;
        reader.segment = segment;
    }
    if (found == SIZE_MAX) {
        image_forget(image, 0, image_bytes(image).size); /* the first page of each segment */
        return 0;
    }
    return read_payload(&reader, found, out) == 0 ? 1 : -1;
}

void payload_clear(struct payload *payload)
{
    free(payload->policy_text);
    free(payload->undo);
    free(payload->undo_bytes);
    free(payload->guards);
    *payload = (struct payload){0};
}
