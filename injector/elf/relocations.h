/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ld.so writes to memory before it calls any function of a file: its relocations, as data.
 * This is the one place that decodes them. A table may have many megabytes; what was walked through
 * need not stay in memory.
 */
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
    bool counted;           /* one of DT_RELCOUNT, DT_RELACOUNT: relative, whatever its type is */
};

enum relocation_table {
    RELOCATIONS_RELR,
    RELOCATIONS_REL,
    RELOCATIONS_RELA,
    RELOCATIONS_PLT, /* DT_JMPREL */
    RELOCATION_TABLES,
};

/* Called for each relocation; false ends the walk. */
typedef bool relocation_visitor(const struct image *image, const struct relocation *relocation,
                                void *context);

/* The tag of the first table that is not in the file as a whole, so that nobody can say what it
   holds ("DT_RELA"); NULL if there is none. */
const char *relocations_unreadable(const struct image *image);

/* Visits all of DT_RELR, DT_REL, DT_RELA and DT_JMPREL, in this order. False if there is an
   unreadable one, then nothing is visited, or the visitor ended the walk. */
bool relocations_walk(const struct image *image, relocation_visitor *visit, void *context);

/* The same for one of them; one that the file does not have is empty. */
bool relocations_walk_table(const struct image *image, enum relocation_table table,
                            relocation_visitor *visit, void *context);

/* What is added to the load address: the addend, or the word at the target. False if that word is
   not in the file (then it is zero). */
bool relocation_addend(const struct image *image, const struct relocation *relocation,
                       uint64_t *addend);

/* How many bytes from its target a relocation writes, at most. */
uint64_t relocation_extent(const struct image *image, const struct relocation *relocation);

#endif
