/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload: what is embedded in a caged file. Self-describing and versioned; the format is
 * written down at the head of payload.c.
 *
 * In the new segment, in this order: section .elfcage.filter (header, filter, packed policy text,
 * undo record), a note with the identity, section .elfcage.stub (configuration and code).
 */
#ifndef ELFCAGE_ELF_PAYLOAD_H
#define ELFCAGE_ELF_PAYLOAD_H

#include "elf/image.h"

#define PAYLOAD_MAGIC "\341elfcage" /* 8 bytes, at the start of a PT_LOAD */
#define PAYLOAD_VERSION 3u
#define PAYLOAD_AUDIT 0x1u         /* made with --audit */
#define PAYLOAD_ALLOW_NESTING 0x2u /* made with --allow-nesting */
#define PAYLOAD_PREINIT                                                                            \
    0x4u /* the original has a DT_PREINIT_ARRAY, and the hook comes after it                       \
          */

/* What makes the stub run. The numbers are those in payloads. */
enum hook {
    HOOK_ENTRY,   /* e_entry: executables */
    HOOK_INIT,    /* the first function that ld.so calls of a shared object */
    HOOK_PREINIT, /* DT_PREINIT_ARRAY: executables that glibc's ld.so loads */
    HOOK_COUNT,
};

/* What inject wants embedded: borrowed, plain data. */
struct cage {
    struct bytes instructions;  /* struct sock_filter[], in the byte order of the target */
    const char *policy_text;    /* canonical form with resolution, or "" for none */
    struct bytes policy_packed; /* payload_pack_policy() of it; empty: it is made when needed */
    uint32_t seccomp_flags;     /* SECCOMP_FILTER_FLAG_*; TSYNC is added */
    uint32_t stub_flags;        /* ELFCAGE_STUB_* of stub/format.h */
    uint32_t payload_flags;     /* PAYLOAD_* */
    enum hook hook;
};

/* How a payload has a policy text: made once, a plan needs it several times. Owned by the caller.
 */
struct buffer payload_pack_policy(const char *text);

/* A piece of the original that injection replaced. */
struct undo_piece {
    uint64_t offset; /* bytes, in the original file */
    struct bytes original;
};

/* Bytes of the caged file that removal relies on: whoever changed them changed the file. */
struct undo_guard {
    uint64_t offset, size; /* in the caged file, bytes */
    uint8_t digest[BYTES_DIGEST_SIZE];
};

/* A payload as it was found in a caged image, checked as far as its own structure goes. Borrows
   from the image; policy text and undo pieces are its own. */
struct payload {
    uint32_t version;
    const char *elfcage_version;
    struct cage cage;         /* instructions, policy text, flags */
    char *policy_text;        /* owned: that of the cage */
    uint64_t address;         /* p_vaddr of the payload's segment */
    uint64_t offset;          /* p_offset of it */
    uint64_t size;            /* p_filesz of it, bytes */
    size_t segment;           /* index of its program header */
    uint64_t stub_address;    /* of the stub configuration */
    uint64_t next;            /* where the stub goes on: e_entry of before, or the function whose
                                           place the hook took, or 0: back to the loader */
    uint64_t resolvers;       /* resolvers_digest() of the original */
    const char *layout;       /* "S1", "S6", "S3m", "S2" */
    uint64_t original_size;   /* of the file, bytes */
    uint64_t original_offset; /* where the original's byte 0 stands in the caged file (S2: not 0) */
    struct undo_piece *undo;  /* owned */
    size_t undo_count, undo_capacity;
    uint8_t *undo_bytes;       /* owned: what the pieces borrow */
    struct undo_guard *guards; /* owned */
    size_t guard_count;
    uint64_t caged_size;                 /* of the file right after injection, bytes */
    uint64_t caged_offset;               /* where the payload stood in it */
    uint8_t identity[BYTES_DIGEST_SIZE]; /* SHA-256 of policy text and filter */
};

/* Is there a payload? 1 and *out, 0 (not caged), or -1: there is one and it is damaged
   (ERROR_UNSUPPORTED), or from a newer elfcage. */
int payload_find(const struct image *image, struct payload *out, struct error *error);
void payload_clear(struct payload *payload);

#endif
