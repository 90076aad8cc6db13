/* SPDX-License-Identifier: Apache-2.0 */
/* What ld.so writes to memory before it calls any function of a file: its relocations, as data. */
#ifndef ELFCAGE_ELF_RELOCATIONS_H
#define ELFCAGE_ELF_RELOCATIONS_H

#include "elf/image.h"

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

struct relocation {
    uint64_t target; /* address that is written to */
    uint32_t type;
    uint64_t symbol; /* index in DT_SYMTAB, 0 for none */
    bool has_addend; /* else the word at the target is the addend (REL, RELR) */
    uint64_t addend;
    uint64_t addend_offset; /* in the file */
    uint64_t symbols;       /* address of DT_SYMTAB; 0: there is none */
};

/* Called for each relocation; false ends the walk. */
typedef bool relocation_visitor(const struct image *image, const struct relocation *relocation,
                                void *context);

/* Visits all of DT_RELR, DT_REL, DT_RELA and DT_JMPREL. False if a table is not in the file, so
   that nobody can say what it holds, or the visitor ended the walk. */
bool relocations_walk(const struct image *image, relocation_visitor *visit, void *context);

/* How many bytes from its target a relocation writes, at most. */
uint64_t relocation_extent(const struct image *image, const struct relocation *relocation);

#endif
