/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a payload; the format is at the head of payload.c. */
#include "elf/payload_write.h"

#include "base/compress.h"
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

/* --- undo --- */

/* Little-endian whatever the target is, so that the size is the same for all. */
static void pack_pieces(struct undo *undo)
{
    if (undo->packed.size > 0 && undo->packed_count == undo->piece_count) {
        return;
    }
    struct buffer plain = {0};
    for (size_t i = 0; i < undo->piece_count; i++) {
        add64(&plain, false, undo->pieces[i].offset);
        add64(&plain, false, undo->pieces[i].original.size);
        buffer_add(&plain, undo->pieces[i].original.data, undo->pieces[i].original.size);
    }
    buffer_free(&undo->packed);
    undo->packed = compress_pack((struct bytes){plain.data, plain.size});
    undo->packed_count = undo->piece_count;
    buffer_free(&plain);
}

static void add_undo(struct buffer *buffer, bool big_endian, struct undo *undo)
{
    add32(buffer, big_endian, undo->guard_count);
    for (size_t i = 0; i < undo->guard_count; i++) {
        add64(buffer, big_endian, undo->guards[i].offset);
        add64(buffer, big_endian, undo->guards[i].size);
        buffer_add(buffer, undo->guards[i].digest, BYTES_DIGEST_SIZE);
    }
    pack_pieces(undo);
    buffer_add(buffer, undo->packed.data, undo->packed.size);
}

uint64_t undo_size(struct undo *undo)
{
    pack_pieces(undo);
    return UNDO_HEADER_SIZE + undo->guard_count * UNDO_GUARD_SIZE + undo->packed.size;
}

void undo_free(struct undo *undo)
{
    free(undo->pieces);
    free(undo->guards);
    buffer_free(&undo->packed);
    *undo = (struct undo){0};
}

/* --- places --- */

struct buffer payload_pack_policy(const char *text)
{
    return compress_pack((struct bytes){(const uint8_t *)text, strlen(text) + 1});
}

/* That of the cage; `made` is to be freed. */
static struct bytes packed_policy(const struct cage *cage, struct buffer *made)
{
    *made = (struct buffer){0};
    if (cage->policy_packed.size > 0) {
        return cage->policy_packed;
    }
    *made = payload_pack_policy(cage->policy_text);
    return (struct bytes){made->data, made->size};
}

uint64_t payload_stub_place(uint64_t size)
{
    return align_up(size + PAYLOAD_NOTE_SIZE, PAYLOAD_ALIGNMENT);
}

struct payload_places payload_measure(const struct cage *cage, const struct stub_image *stub,
                                      uint64_t undo_bytes)
{
    struct buffer made;
    struct bytes policy = packed_policy(cage, &made);
    struct payload_places places;
    places.filter = PAYLOAD_HEADER_SIZE;
    places.size = places.filter + cage->instructions.size + policy.size + sizeof ELFCAGE_VERSION +
                  undo_bytes + BYTES_DIGEST_SIZE;
    places.stub = payload_stub_place(places.size);
    places.note = places.stub - PAYLOAD_NOTE_SIZE;
    places.end = places.stub + stub->size;
    buffer_free(&made);
    return places;
}

/* --- contents --- */

void payload_identity(const struct cage *cage, uint8_t identity[static BYTES_DIGEST_SIZE])
{
    struct buffer both = {0};
    buffer_add(&both, cage->policy_text, strlen(cage->policy_text) + 1);
    buffer_add(&both, cage->instructions.data, cage->instructions.size);
    bytes_digest(both.data, both.size, identity);
    buffer_free(&both);
}

/* `sizes`: of packed policy and undo record. */
static void add_header(struct buffer *buffer, const struct cage *cage,
                       const struct stub_image *stub, bool big_endian,
                       const struct payload_values *values, const uint64_t sizes[static 2])
{
    const uint64_t words[] = {
        PAYLOAD_VERSION,
        PAYLOAD_HEADER_SIZE + cage->instructions.size + sizes[0] + sizeof ELFCAGE_VERSION +
            sizes[1] + BYTES_DIGEST_SIZE,
        values->layout,
        cage->hook,
        cage->payload_flags,
        cage->seccomp_flags | SECCOMP_FILTER_FLAG_TSYNC,
        cage->stub_flags,
        cage->instructions.size / PAYLOAD_INSTRUCTION_SIZE,
        sizes[0],
        sizeof ELFCAGE_VERSION,
        sizes[1],
        stub->size,
    };
    const uint64_t longs[] = {values->address,    values->offset,        values->segment_size,
                              values->next,       values->original_size, values->original_offset,
                              values->caged_size, values->resolvers};
    _Static_assert(PAYLOAD_MAGIC_SIZE + sizeof words / 2 == FIELD_ADDRESS, "one word a field");
    _Static_assert(FIELD_ADDRESS + sizeof longs == PAYLOAD_HEADER_SIZE, "one long a field");
    buffer_add(buffer, PAYLOAD_MAGIC, PAYLOAD_MAGIC_SIZE);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        add32(buffer, big_endian, words[i]);
    }
    for (size_t i = 0; i < sizeof longs / sizeof *longs; i++) {
        add64(buffer, big_endian, longs[i]);
    }
}

/*
 * A version note (NT_VERSION) says what it says in the owner's name and has no description. Readers
 * show it as it is, and eu-elflint, which knows few owners, accepts it.
 */
static void write_note(bool big_endian, struct buffer *text, uint8_t note[static PAYLOAD_NOTE_SIZE])
{
    buffer_fill(text, 0, PAYLOAD_NOTE_SIZE - NOTE_HEADER_SIZE - text->size);
    bytes_put32(note, big_endian, PAYLOAD_NOTE_SIZE - NOTE_HEADER_SIZE);
    bytes_put32(note + 4, big_endian, 0);
    bytes_put32(note + 8, big_endian, NT_VERSION);
    memcpy(note + NOTE_HEADER_SIZE, text->data, text->size);
    buffer_free(text);
}

void payload_note(bool big_endian, const uint8_t identity[static BYTES_DIGEST_SIZE],
                  uint8_t note[static PAYLOAD_NOTE_SIZE])
{
    struct buffer text = {0};
    buffer_printf(&text, "elfcage payload %u sha256:", PAYLOAD_VERSION);
    for (size_t i = 0; i < BYTES_DIGEST_SIZE; i++) {
        buffer_printf(&text, "%02x", identity[i]);
    }
    write_note(big_endian, &text, note);
}

void payload_note_removed(bool big_endian, uint8_t note[static PAYLOAD_NOTE_SIZE])
{
    struct buffer text = {0};
    buffer_printf(&text, "elfcage payload removed");
    write_note(big_endian, &text, note);
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
                values->next || cage->hook == HOOK_ENTRY ? values->next - address
                                                         : stub->return_offset);
    bytes_put32(config + offsetof(struct elfcage_stub_config, seccomp_flags), big_endian,
                cage->seccomp_flags | SECCOMP_FILTER_FLAG_TSYNC);
    bytes_put32(config + offsetof(struct elfcage_stub_config, stub_flags), big_endian,
                cage->stub_flags);
}

struct buffer payload_write(const struct cage *cage, const struct stub_image *stub, bool big_endian,
                            const struct payload_places *places,
                            const struct payload_values *values, struct undo *undo)
{
    struct buffer made;
    struct bytes policy = packed_policy(cage, &made);
    struct buffer record = {0};
    add_undo(&record, big_endian, undo);
    struct buffer buffer = {0};
    add_header(&buffer, cage, stub, big_endian, values, (uint64_t[]){policy.size, record.size});
    buffer_add(&buffer, cage->instructions.data, cage->instructions.size);
    buffer_add(&buffer, policy.data, policy.size);
    buffer_add(&buffer, ELFCAGE_VERSION, sizeof ELFCAGE_VERSION);
    buffer_add(&buffer, record.data, record.size);
    buffer_free(&made);
    buffer_free(&record);
    uint8_t digest[BYTES_DIGEST_SIZE];
    bytes_digest(buffer.data, buffer.size, digest);
    buffer_add(&buffer, digest, sizeof digest);
    uint8_t identity[BYTES_DIGEST_SIZE];
    payload_identity(cage, identity);
    uint8_t note[PAYLOAD_NOTE_SIZE];
    payload_note(big_endian, identity, note);
    uint64_t stub_place = payload_stub_place(buffer.size);
    buffer_fill(&buffer, 0, stub_place - PAYLOAD_NOTE_SIZE - buffer.size);
    buffer_add(&buffer, note, sizeof note);
    add_stub(&buffer, cage, stub, big_endian, places, values);
    return buffer;
}
