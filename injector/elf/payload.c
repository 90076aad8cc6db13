/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload, version 1. Numbers are in the byte order of the target; offsets count from the start
 * of the segment, in bytes.
 *
 * The segment (one PT_LOAD, R+X) is made of three sections without a hole between them, then of
 * what layout S3m moved:
 *   .elfcage.filter  the header below, filter, policy text, version text, undo record, digest
 *   .note.elfcage    one note of type NT_VERSION without description, whose owner is the text
 *                    "elfcage payload 1 sha256:" and the identity in hexadecimal
 *   .elfcage.stub    struct elfcage_stub_config (stub/format.h) and the code of the stub
 * In front of the program, sections may say what its bytes are now: .elfcage.spare (S3m: what is
 * left of the block that moved), .elfcage.headers (S2: the old headers). They hold nothing of the
 * payload.
 *
 * Header, 176 bytes:
 *   0  magic, 8 bytes: 0xe1 "elfcage"
 *   8  u32 version (1)                     12  u32 size of this header
 *  16  u32 bytes from here to the end of the digest
 *  20  u32 layout: 1 S1, 2 S6, 3 S3m, 4 S2 24  u32 hook: 0 entry
 *  28  u32 payload flags                   32  u32 seccomp(2) flags    36  u32 stub flags
 *  40  u32 offset of the filter            44  u32 number of its instructions (8 bytes each)
 *  48  u32 offset of the policy text       52  u32 its size, NUL included
 *  56  u32 offset of elfcage's version     60  u32 its size, NUL included
 *  64  u32 offset of the undo record       68  u32 its size
 *  72  u32 offset of the note              76  u32 its size
 *  80  u32 offset of the stub              84  u32 its size
 *  88  u64 address of the segment          96  u64 its offset in the caged file
 * 104  u64 its size                       112  u64 original entry point
 * 120  u64 size of the original file      128  u64 where its byte 0 stands in the caged file
 * 136  u64 size of the caged file
 * 144  identity: SHA-256 of policy text (NUL included) and filter
 * Last 32 bytes: SHA-256 of everything before them.
 *
 * Undo record (how to get the original back from the caged file):
 *   u32 pieces, u32 guards, u32 tables, u32 entries of the section map
 *   guards: u64 offset in the caged file, u64 size, SHA-256: removal is refused unless all match
 *   tables: u64 offset in the original, u64 size: symbol tables whose st_shndx go through the map
 *   map: u16 each, the old section index for each new one; then zeros to a multiple of 8
 *   pieces: u64 offset in the original, u64 size, bytes, zeros to a multiple of 8: laid over last
 *
 * The digests find accidents, not attackers: who can forge bytes can forge digests. So everything
 * here is checked as hostile input, and verify compares the stub and the filter themselves.
 *
 * A payload is found by its magic at the start of a PT_LOAD, never by section headers or file
 * offsets, since strip, objcopy and patchelf rewrite those.
 */
#include "elf/payload.h"

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
    struct bytes payload; /* header to digest */
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
    if (version != PAYLOAD_VERSION || field32(reader, FIELD_HEADER_SIZE) != PAYLOAD_HEADER_SIZE) {
        return damaged(reader, FIELD_VERSION, "version %u with a header of %u bytes", version,
                       field32(reader, FIELD_HEADER_SIZE));
    }
    uint32_t size = field32(reader, FIELD_SIZE);
    if (size < PAYLOAD_HEADER_SIZE + BYTES_DIGEST_SIZE ||
        !bytes_slice(reader->segment, 0, size, &reader->payload)) {
        return damaged(reader, FIELD_SIZE, "its size %u does not fit its segment", size);
    }
    uint8_t digest[BYTES_DIGEST_SIZE];
    bytes_digest(reader->payload.data, size - BYTES_DIGEST_SIZE, digest);
    if (memcmp(digest, reader->payload.data + size - BYTES_DIGEST_SIZE, sizeof digest) != 0) {
        return damaged(reader, 0, "its digest does not match");
    }
    reader->payload.size -= BYTES_DIGEST_SIZE;
    payload->version = version;
    payload->layout = payload_layout_name(field32(reader, FIELD_LAYOUT));
    if (!payload->layout) {
        return damaged(reader, FIELD_LAYOUT, "layout %u does not exist",
                       field32(reader, FIELD_LAYOUT));
    }
    if (field32(reader, FIELD_HOOK) != HOOK_ENTRY) {
        return damaged(reader, FIELD_HOOK, "hook %u does not exist", field32(reader, FIELD_HOOK));
    }
    return 0;
}

/* A NUL-terminated text without a NUL inside. */
static int read_text(const struct reader *reader, enum payload_field offset,
                     enum payload_field size, const char **text)
{
    struct bytes bytes;
    if (!bytes_slice(reader->payload, field32(reader, offset), field32(reader, size), &bytes) ||
        bytes.size == 0 || memchr(bytes.data, 0, bytes.size) != bytes.data + bytes.size - 1) {
        return damaged(reader, offset, "a text is not where its header says");
    }
    *text = (const char *)bytes.data;
    return 0;
}

/* The version of elfcage is printed as it is: nothing that a terminal would obey. */
static bool is_version(const char *text)
{
    return text[strspn(text,
                       "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+~")] == 0;
}

static int read_cage(const struct reader *reader, struct payload *payload)
{
    struct cage *cage = &payload->cage;
    uint32_t count = field32(reader, FIELD_FILTER_COUNT);
    if (count == 0 || count > PAYLOAD_INSTRUCTIONS_MAX ||
        !bytes_slice(reader->payload, field32(reader, FIELD_FILTER_OFFSET),
                     (uint64_t)count * PAYLOAD_INSTRUCTION_SIZE, &cage->instructions)) {
        return damaged(reader, FIELD_FILTER_COUNT, "a filter of %u instructions does not fit",
                       count);
    }
    if (read_text(reader, FIELD_POLICY_OFFSET, FIELD_POLICY_SIZE, &cage->policy_text) != 0 ||
        read_text(reader, FIELD_MAKER_OFFSET, FIELD_MAKER_SIZE, &payload->elfcage_version) != 0) {
        return -1;
    }
    if (!is_version(payload->elfcage_version)) {
        return damaged(reader, FIELD_MAKER_OFFSET, "its version of elfcage is none");
    }
    cage->seccomp_flags = field32(reader, FIELD_SECCOMP_FLAGS);
    cage->stub_flags = field32(reader, FIELD_STUB_FLAGS);
    cage->payload_flags = field32(reader, FIELD_PAYLOAD_FLAGS);
    cage->hook = HOOK_ENTRY;
    payload_identity(cage, payload->identity);
    if (memcmp(payload->identity, reader->segment.data + FIELD_IDENTITY, BYTES_DIGEST_SIZE) != 0) {
        return damaged(reader, FIELD_IDENTITY, "its identity is not that of its policy and filter");
    }
    return 0;
}

static int read_places(const struct reader *reader, const GElf_Phdr *phdr, struct payload *payload)
{
    if (field64(reader, FIELD_ADDRESS) != phdr->p_vaddr) {
        return damaged(reader, FIELD_ADDRESS,
                       "made for address 0x%" PRIx64 ", stands at 0x%" PRIx64,
                       field64(reader, FIELD_ADDRESS), (uint64_t)phdr->p_vaddr);
    }
    uint32_t stub = field32(reader, FIELD_STUB_OFFSET);
    uint32_t stub_size = field32(reader, FIELD_STUB_SIZE);
    uint64_t size = field64(reader, FIELD_SEGMENT_SIZE);
    if (size > phdr->p_filesz || !bytes_in(stub, stub_size, size) ||
        stub_size < sizeof(struct elfcage_stub_config) ||
        !bytes_in(field32(reader, FIELD_NOTE_OFFSET), field32(reader, FIELD_NOTE_SIZE), size)) {
        return damaged(reader, FIELD_STUB_OFFSET, "note or stub are outside its segment");
    }
    payload->address = phdr->p_vaddr;
    payload->offset = phdr->p_offset;
    payload->size = phdr->p_filesz;
    payload->stub_address = phdr->p_vaddr + stub;
    payload->original_entry = field64(reader, FIELD_ORIGINAL_ENTRY);
    payload->original_size = field64(reader, FIELD_ORIGINAL_SIZE);
    payload->original_offset = field64(reader, FIELD_ORIGINAL_OFFSET);
    payload->caged_size = field64(reader, FIELD_CAGED_SIZE);
    payload->caged_offset = field64(reader, FIELD_OFFSET);
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

static int read_pieces(const struct reader *reader, struct bytes rest, uint32_t count,
                       struct payload *payload)
{
    uint32_t at = field32(reader, FIELD_UNDO_OFFSET);
    if (count > rest.size / UNDO_PIECE_SIZE) {
        return damaged(reader, at, "more pieces than fit its undo record");
    }
    payload->undo = memory_zeroed(count, sizeof *payload->undo);
    payload->undo_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct undo_piece *piece = &payload->undo[i];
        struct bytes head;
        struct bytes padding;
        if (!take(&rest, UNDO_PIECE_SIZE, &head)) {
            return damaged(reader, at, "its undo record is cut off");
        }
        piece->offset = bytes_get64(head.data, reader->big_endian);
        uint64_t size = bytes_get64(head.data + 8, reader->big_endian);
        if (!take(&rest, size, &piece->original) || !take(&rest, -size & 7, &padding)) {
            return damaged(reader, at, "its undo record is cut off");
        }
        if (!bytes_in(piece->offset, size, payload->original_size)) {
            return damaged(reader, at, "a piece to undo is outside the original file");
        }
    }
    return rest.size == 0 ? 0 : damaged(reader, at, "bytes are left over in its undo record");
}

static int read_undo(const struct reader *reader, struct payload *payload)
{
    uint32_t at = field32(reader, FIELD_UNDO_OFFSET);
    struct bytes rest;
    struct bytes head;
    struct bytes guards;
    struct bytes tables;
    struct bytes map;
    if (!bytes_slice(reader->payload, at, field32(reader, FIELD_UNDO_SIZE), &rest) ||
        !take(&rest, UNDO_HEADER_SIZE, &head)) {
        return damaged(reader, FIELD_UNDO_OFFSET, "its undo record is outside");
    }
    bool big = reader->big_endian;
    uint64_t guard_count = bytes_get32(head.data + UNDO_GUARD_COUNT, big);
    uint64_t table_count = bytes_get32(head.data + UNDO_TABLE_COUNT, big);
    uint64_t map_count = bytes_get32(head.data + UNDO_MAP_COUNT, big);
    if (!take(&rest, guard_count * UNDO_GUARD_SIZE, &guards) ||
        !take(&rest, table_count * UNDO_TABLE_SIZE, &tables) ||
        !take(&rest, (map_count * sizeof(uint16_t) + 7) & ~UINT64_C(7), &map)) {
        return damaged(reader, at, "its undo record is cut off");
    }
    payload->guards = memory_zeroed(guard_count, sizeof *payload->guards);
    payload->guard_count = guard_count;
    for (size_t i = 0; i < guard_count; i++) {
        const uint8_t *bytes = guards.data + i * UNDO_GUARD_SIZE;
        payload->guards[i].offset = bytes_get64(bytes, big);
        payload->guards[i].size = bytes_get64(bytes + 8, big);
        memcpy(payload->guards[i].digest, bytes + 16, BYTES_DIGEST_SIZE);
    }
    payload->tables = memory_zeroed(table_count, sizeof *payload->tables);
    payload->table_count = table_count;
    for (size_t i = 0; i < table_count; i++) {
        const uint8_t *bytes = tables.data + i * UNDO_TABLE_SIZE;
        payload->tables[i] =
            (struct undo_table){bytes_get64(bytes, big), bytes_get64(bytes + 8, big)};
        if (!bytes_in(payload->tables[i].offset, payload->tables[i].size, payload->original_size)) {
            return damaged(reader, at, "a symbol table to undo is outside the original file");
        }
    }
    payload->section_map = memory_zeroed(map_count, sizeof *payload->section_map);
    payload->section_map_count = map_count;
    for (size_t i = 0; i < map_count; i++) {
        payload->section_map[i] = bytes_get16(map.data + i * sizeof(uint16_t), big);
    }
    return read_pieces(reader, rest, bytes_get32(head.data + UNDO_PIECE_COUNT, big), payload);
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
        return 0;
    }
    return read_payload(&reader, found, out) == 0 ? 1 : -1;
}

void payload_clear(struct payload *payload)
{
    free(payload->undo);
    free(payload->guards);
    free(payload->tables);
    free(payload->section_map);
    *payload = (struct payload){0};
}
