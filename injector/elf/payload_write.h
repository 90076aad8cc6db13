/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a payload. The sizes are known before the contents: first payload_measure(), then the
 * plan fixes all addresses, then payload_write().
 */
#ifndef ELFCAGE_ELF_PAYLOAD_WRITE_H
#define ELFCAGE_ELF_PAYLOAD_WRITE_H

#include "elf/payload.h"

/* The stub is aligned to this, and so is what moves into the segment, bytes. */
#define PAYLOAD_ALIGNMENT 64u
#define PAYLOAD_NOTE_SIZE 104u

/* "S1", "S6", "S3m", "S2", or NULL: what a layout number in a payload stands for. */
const char *payload_layout_name(uint32_t number);

/* What removal needs. */
struct undo {
    struct undo_piece *pieces; /* owned; their bytes are borrowed from the original */
    size_t piece_count, piece_capacity;
    struct undo_guard *guards; /* owned */
    size_t guard_count, guard_capacity;
    struct buffer
        packed; /* undo_size() and payload_write() keep here how `packed_count` pieces are */
    size_t packed_count; /* written, so that it is made once */
};

/* Of the record, bytes. It depends on what the pieces are, and on how many guards there are, not on
   what is in those. */
uint64_t undo_size(struct undo *undo);
void undo_free(struct undo *undo);

/* Where the parts of the segment stand, bytes from its start. Each part reaches to the next. */
struct payload_places {
    uint64_t filter; /* in .elfcage.filter */
    uint64_t size;   /* of .elfcage.filter, its digest included */
    uint64_t note, stub;
    uint64_t end; /* of the stub */
};

/* The stub's place behind `size` bytes and the note, which ends there. */
uint64_t payload_stub_place(uint64_t size);
struct payload_places payload_measure(const struct cage *cage, const struct stub_image *stub,
                                      uint64_t undo_bytes);

/* What is known only when everything has its place. */
struct payload_values {
    uint32_t layout; /* number */
    uint64_t address, offset, segment_size;
    uint64_t next, original_size, original_offset, caged_size, resolvers;
};

/* The bytes from the start of the segment to `end` of the places. Owned by the caller. */
struct buffer payload_write(const struct cage *cage, const struct stub_image *stub, bool big_endian,
                            const struct payload_places *places,
                            const struct payload_values *values, struct undo *undo);

/* The note in section .note.elfcage: it follows from the identity. */
void payload_note(bool big_endian, const uint8_t identity[static BYTES_DIGEST_SIZE],
                  uint8_t note[static PAYLOAD_NOTE_SIZE]);
/* What stands in its place when the payload was blanked (plan_disarm.c). */
void payload_note_removed(bool big_endian, uint8_t note[static PAYLOAD_NOTE_SIZE]);

/* Of policy text (its NUL included) and filter. */
void payload_identity(const struct cage *cage, uint8_t identity[static BYTES_DIGEST_SIZE]);

#endif
