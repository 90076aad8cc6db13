/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a payload; the format is at the head of payload.c. */
#include "elf/payload_write.h"

#include "base/memory.h"
#include "elf/payload_format.h"
#include "stub/format.h"

#include <linux/seccomp.h>
#include <string.h>

/* Sizes of owner and description, type; the same in both classes. */
#define NOTE_HEADER_SIZE 12u

const char *payload_layout_name(uint32_t number)
{
    static const char *const names[] = {NULL, "S1", "S6", "S3m", "S2"};
    return number < sizeof names / sizeof *names ? names[number] : NULL;
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

uint64_t undo_size(const struct undo *undo)
{
    uint64_t size = UNDO_HEADER_SIZE + undo->guard_count * UNDO_GUARD_SIZE +
                    undo->table_count * UNDO_TABLE_SIZE +
                    align_up(undo->section_map_count * sizeof(uint16_t), 8);
    for (size_t i = 0; i < undo->piece_count; i++) {
        size += UNDO_PIECE_SIZE + align_up(undo->pieces[i].original.size, 8);
    }
    return size;
}

void undo_free(struct undo *undo)
{
    free(undo->pieces);
    free(undo->guards);
    free(undo->tables);
    *undo = (struct undo){0};
}

struct payload_places payload_measure(const struct cage *cage, const struct stub_image *stub,
                                      uint64_t undo_bytes)
{
    struct payload_places places;
    places.filter = PAYLOAD_HEADER_SIZE;
    places.policy = places.filter + cage->instructions.size;
    places.maker = places.policy + strlen(cage->policy_text) + 1;
    places.undo = align_up(places.maker + sizeof ELFCAGE_VERSION, 8);
    places.size = places.undo + undo_bytes + BYTES_DIGEST_SIZE;
    places.note = align_up(places.size, PAYLOAD_ALIGNMENT);
    places.stub = places.note + PAYLOAD_NOTE_SIZE;
    places.end = places.stub + stub->size;
    return places;
}

void payload_identity(const struct cage *cage, uint8_t identity[static BYTES_DIGEST_SIZE])
{
    struct buffer both = {0};
    buffer_add(&both, cage->policy_text, strlen(cage->policy_text) + 1);
    buffer_add(&both, cage->instructions.data, cage->instructions.size);
    bytes_digest(both.data, both.size, identity);
    buffer_free(&both);
}

static void add32(struct buffer *buffer, bool big_endian, uint64_t value)
{
    uint8_t bytes[4];
    bytes_put32(bytes, big_endian, (uint32_t)value);
    buffer_add(buffer, bytes, sizeof bytes);
}

static void add64(struct buffer *buffer, bool big_endian, uint64_t value)
{
    uint8_t bytes[8];
    bytes_put64(bytes, big_endian, value);
    buffer_add(buffer, bytes, sizeof bytes);
}

static void add_undo(struct buffer *buffer, bool big_endian, const struct undo *undo)
{
    add32(buffer, big_endian, undo->piece_count);
    add32(buffer, big_endian, undo->guard_count);
    add32(buffer, big_endian, undo->table_count);
    add32(buffer, big_endian, undo->section_map_count);
    for (size_t i = 0; i < undo->guard_count; i++) {
        add64(buffer, big_endian, undo->guards[i].offset);
        add64(buffer, big_endian, undo->guards[i].size);
        buffer_add(buffer, undo->guards[i].digest, BYTES_DIGEST_SIZE);
    }
    for (size_t i = 0; i < undo->table_count; i++) {
        add64(buffer, big_endian, undo->tables[i].offset);
        add64(buffer, big_endian, undo->tables[i].size);
    }
    for (size_t i = 0; i < undo->section_map_count; i++) {
        uint8_t bytes[2];
        bytes_put16(bytes, big_endian, undo->section_map[i]);
        buffer_add(buffer, bytes, sizeof bytes);
    }
    buffer_align(buffer, 8);
    for (size_t i = 0; i < undo->piece_count; i++) {
        add64(buffer, big_endian, undo->pieces[i].offset);
        add64(buffer, big_endian, undo->pieces[i].original.size);
        buffer_add(buffer, undo->pieces[i].original.data, undo->pieces[i].original.size);
        buffer_align(buffer, 8);
    }
}

static void add_header(struct buffer *buffer, const struct cage *cage,
                       const struct stub_image *stub, bool big_endian,
                       const struct payload_places *places, const struct payload_values *values,
                       const struct undo *undo, const uint8_t *identity)
{
    const uint64_t words[] = {
        PAYLOAD_VERSION,
        PAYLOAD_HEADER_SIZE,
        places->size,
        values->layout,
        cage->hook,
        cage->payload_flags,
        cage->seccomp_flags | SECCOMP_FILTER_FLAG_TSYNC,
        cage->stub_flags,
        places->filter,
        cage->instructions.size / PAYLOAD_INSTRUCTION_SIZE,
        places->policy,
        strlen(cage->policy_text) + 1,
        places->maker,
        sizeof ELFCAGE_VERSION,
        places->undo,
        undo_size(undo),
        places->note,
        PAYLOAD_NOTE_SIZE,
        places->stub,
        stub->size,
    };
    const uint64_t longs[] = {values->address,       values->offset,
                              values->segment_size,  values->original_entry,
                              values->original_size, values->original_offset,
                              values->caged_size};
    _Static_assert(PAYLOAD_MAGIC_SIZE + sizeof words / 2 == FIELD_ADDRESS, "one word a field");
    _Static_assert(FIELD_ADDRESS + sizeof longs == FIELD_IDENTITY, "one long a field");
    buffer_add(buffer, PAYLOAD_MAGIC, PAYLOAD_MAGIC_SIZE);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        add32(buffer, big_endian, words[i]);
    }
    for (size_t i = 0; i < sizeof longs / sizeof *longs; i++) {
        add64(buffer, big_endian, longs[i]);
    }
    buffer_add(buffer, identity, BYTES_DIGEST_SIZE);
}

/*
 * A version note (NT_VERSION) says what it says in the owner's name and has no description. Readers
 * show it as it is, and eu-elflint, which knows few owners, accepts it.
 */
void payload_note(bool big_endian, const uint8_t identity[static BYTES_DIGEST_SIZE],
                  uint8_t note[static PAYLOAD_NOTE_SIZE])
{
    struct buffer text = {0};
    buffer_printf(&text, "elfcage payload %u sha256:", PAYLOAD_VERSION);
    for (size_t i = 0; i < BYTES_DIGEST_SIZE; i++) {
        buffer_printf(&text, "%02x", identity[i]);
    }
    buffer_fill(&text, 0, PAYLOAD_NOTE_SIZE - NOTE_HEADER_SIZE - text.size);
    bytes_put32(note, big_endian, PAYLOAD_NOTE_SIZE - NOTE_HEADER_SIZE);
    bytes_put32(note + 4, big_endian, 0);
    bytes_put32(note + 8, big_endian, NT_VERSION);
    memcpy(note + NOTE_HEADER_SIZE, text.data, text.size);
    buffer_free(&text);
}

static void add_stub(struct buffer *buffer, const struct cage *cage, const struct stub_image *stub,
                     bool big_endian, const struct payload_places *places,
                     const struct payload_values *values)
{
    size_t start = buffer->size;
    buffer_add(buffer, stub->bytes, stub->size);
    uint8_t *config = buffer->data + start;
    uint64_t address = values->address + places->stub;
    bytes_put32(config + offsetof(struct elfcage_stub_config, magic), big_endian,
                ELFCAGE_STUB_MAGIC);
    bytes_put16(config + offsetof(struct elfcage_stub_config, version), big_endian,
                ELFCAGE_STUB_VERSION);
    bytes_put16(config + offsetof(struct elfcage_stub_config, instruction_count), big_endian,
                (uint16_t)(cage->instructions.size / PAYLOAD_INSTRUCTION_SIZE));
    bytes_put64(config + offsetof(struct elfcage_stub_config, filter_displacement), big_endian,
                values->address + places->filter - address);
    bytes_put64(config + offsetof(struct elfcage_stub_config, next_displacement), big_endian,
                values->original_entry - address);
    bytes_put32(config + offsetof(struct elfcage_stub_config, seccomp_flags), big_endian,
                cage->seccomp_flags | SECCOMP_FILTER_FLAG_TSYNC);
    bytes_put32(config + offsetof(struct elfcage_stub_config, stub_flags), big_endian,
                cage->stub_flags);
}

struct buffer payload_write(const struct cage *cage, const struct stub_image *stub, bool big_endian,
                            const struct payload_places *places,
                            const struct payload_values *values, const struct undo *undo)
{
    struct buffer buffer = {0};
    uint8_t identity[BYTES_DIGEST_SIZE];
    uint8_t digest[BYTES_DIGEST_SIZE];
    payload_identity(cage, identity);
    add_header(&buffer, cage, stub, big_endian, places, values, undo, identity);
    buffer_add(&buffer, cage->instructions.data, cage->instructions.size);
    buffer_add(&buffer, cage->policy_text, strlen(cage->policy_text) + 1);
    buffer_add(&buffer, ELFCAGE_VERSION, sizeof ELFCAGE_VERSION);
    buffer_align(&buffer, 8);
    add_undo(&buffer, big_endian, undo);
    bytes_digest(buffer.data, buffer.size, digest);
    buffer_add(&buffer, digest, sizeof digest);
    buffer_align(&buffer, PAYLOAD_ALIGNMENT);
    uint8_t note[PAYLOAD_NOTE_SIZE];
    payload_note(big_endian, identity, note);
    buffer_add(&buffer, note, sizeof note);
    add_stub(&buffer, cage, stub, big_endian, places, values);
    return buffer;
}
