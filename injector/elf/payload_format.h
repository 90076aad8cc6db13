/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things stand in a payload; the format itself is written down at the head of payload.c.
 * Shared by the reader (payload.c) and the writer (payload_write.c), nobody else includes it.
 */
#ifndef ELFCAGE_ELF_PAYLOAD_FORMAT_H
#define ELFCAGE_ELF_PAYLOAD_FORMAT_H

enum payload_field {
    FIELD_MAGIC = 0,
    FIELD_VERSION = 8,
    FIELD_HEADER_SIZE = 12,
    FIELD_SIZE = 16,
    FIELD_LAYOUT = 20,
    FIELD_HOOK = 24,
    FIELD_PAYLOAD_FLAGS = 28,
    FIELD_SECCOMP_FLAGS = 32,
    FIELD_STUB_FLAGS = 36,
    FIELD_FILTER_OFFSET = 40,
    FIELD_FILTER_COUNT = 44,
    FIELD_POLICY_OFFSET = 48,
    FIELD_POLICY_SIZE = 52,
    FIELD_MAKER_OFFSET = 56,
    FIELD_MAKER_SIZE = 60,
    FIELD_UNDO_OFFSET = 64,
    FIELD_UNDO_SIZE = 68,
    FIELD_NOTE_OFFSET = 72,
    FIELD_NOTE_SIZE = 76,
    FIELD_STUB_OFFSET = 80,
    FIELD_STUB_SIZE = 84,
    FIELD_ADDRESS = 88,
    FIELD_OFFSET = 96,
    FIELD_SEGMENT_SIZE = 104,
    FIELD_ORIGINAL_ENTRY = 112,
    FIELD_ORIGINAL_SIZE = 120,
    FIELD_ORIGINAL_OFFSET = 128,
    FIELD_CAGED_SIZE = 136,
    FIELD_IDENTITY = 144,
    PAYLOAD_HEADER_SIZE = 176,
};

enum undo_field {
    UNDO_PIECE_COUNT = 0,
    UNDO_GUARD_COUNT = 4,
    UNDO_TABLE_COUNT = 8,
    UNDO_MAP_COUNT = 12,
    UNDO_HEADER_SIZE = 16,
    UNDO_GUARD_SIZE = 48,
    UNDO_TABLE_SIZE = 16,
    UNDO_PIECE_SIZE = 16, /* without its bytes */
};

#define PAYLOAD_MAGIC_SIZE 8u
#define PAYLOAD_INSTRUCTION_SIZE 8u
#define PAYLOAD_INSTRUCTIONS_MAX 4096u

#endif
