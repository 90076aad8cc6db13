/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small ELF programs made in memory, so that each test says exactly what its file is like. They
 * have the order of a linker's output: headers, [room], read-only tables, a page of code, a page of
 * data with the dynamic section, symbols, section headers.
 */
#ifndef ELFCAGE_TESTS_SUBJECT_ELF_H
#define ELFCAGE_TESTS_SUBJECT_ELF_H

#include "base/bytes.h"

#include <elf.h>

struct subject {
    bool is_32;           /* i386 */
    bool aarch64;         /* pages of 64 KiB */
    bool fixed;           /* ET_EXEC at 0x400000 */
    bool dynamic;         /* PT_INTERP, PT_DYNAMIC and their tables */
    bool property;        /* .note.gnu.property with PT_GNU_PROPERTY and a PT_NOTE of its own */
    bool build_id;        /* .note.gnu.build-id with a PT_NOTE */
    bool no_sections;     /* e_shoff and e_shnum are zero, nothing is left of sections */
    bool pointer_to_hash; /* a relocation without symbol whose addend is .gnu.hash */
    unsigned room;        /* zero bytes between program headers and the first table */
    uint8_t room_filler;  /* what that room is filled with */
    unsigned reserved;    /* bytes behind the program headers that PT_PHDR covers too */
    unsigned constants;   /* bytes of .rodata between the headers and everything else */
    unsigned constants_behind; /* the same behind all tables */
    unsigned library_symbol;   /* size of the undefined symbol in .dynsym */
    bool relro_at_zero;        /* a PT_GNU_RELRO with p_offset 0, as mold makes it */
    const char *note_name;     /* another note section in front of the others, with that name */
    const char *object_in_id;  /* an STT_OBJECT symbol of that name in .note.gnu.build-id */
};

/* The file; owned by the caller. */
struct buffer subject_make(const struct subject *subject);

/* The section of that name in a file of either class: its header as 64 bits, or zeros. */
Elf64_Shdr subject_section(struct bytes file, const char *name);

#endif
