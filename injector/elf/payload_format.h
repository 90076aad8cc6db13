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
    FIELD_SIZE = 12,
    FIELD_LAYOUT = 16,
    FIELD_HOOK = 20,
    FIELD_PAYLOAD_FLAGS = 24,
    FIELD_SECCOMP_FLAGS = 28,
    FIELD_STUB_FLAGS = 32,
    FIELD_FILTER_COUNT = 36,
    FIELD_POLICY_SIZE = 40,
    FIELD_MAKER_SIZE = 44,
    FIELD_UNDO_SIZE = 48,
    FIELD_STUB_SIZE = 52,
    FIELD_ADDRESS = 56,
    FIELD_OFFSET = 64,
    FIELD_SEGMENT_SIZE = 72,
    FIELD_NEXT = 80,
    FIELD_ORIGINAL_SIZE = 88,
    FIELD_ORIGINAL_OFFSET = 96,
    FIELD_CAGED_SIZE = 104,
    FIELD_RESOLVERS = 112,
    PAYLOAD_HEADER_SIZE = 120,
};

enum undo_field {
    UNDO_GUARD_COUNT = 0,
    UNDO_HEADER_SIZE = 4,
    UNDO_GUARD_SIZE = 48,
    UNDO_PIECE_SIZE = 16, /* without its bytes */
};

#define PAYLOAD_MAGIC_SIZE 8u
#define PAYLOAD_INSTRUCTION_SIZE 8u
#define PAYLOAD_INSTRUCTIONS_MAX 4096u
#define PAYLOAD_POLICY_MAX (16u << 20) /* bytes, unpacked */

#endif
