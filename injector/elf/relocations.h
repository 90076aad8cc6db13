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

/* How many bytes from its target a relocation writes, at most; UINT64_MAX if nobody can say. */
uint64_t relocation_extent(const struct image *image, const struct relocation *relocation);

/*
 * What all of them come to. Tables of half a million are not rare, and many questions are asked of
 * them, so this is found by one walk for each image, when it is first asked for.
 */
struct relocations_summary {
    bool made;
    bool readable;                           /* else nothing below means anything */
    uint64_t written_start, written_end;     /* all that is written to; start >= end: nothing */
    uint64_t untouched_start, untouched_end; /* the widest gap in that around the start of the
                                                dynamic section; start >= end: it is none */
    bool astray; /* one of them writes where no writable segment is, and that is: */
    uint64_t astray_target;
    bool counted_differ; /* one of DT_RELCOUNT, DT_RELACOUNT is relative by that count alone */
    uint64_t pointers_lowest, pointers_highest; /* addends other than 0 of those without
                                                   a symbol; lowest > highest: none */
    uint64_t symbol_count;                      /* in DT_SYMTAB, as far as they lead to it */
    uint64_t copy_symbol_count;                 /* the same for copy relocations */
    uint64_t *resolvers;                        /* what IRELATIVE ones call: owned by the image */
    size_t resolver_count, resolver_capacity;
};
const struct relocations_summary *relocations_summary(const struct image *image);

/* Does any of them write to [address, address + size)? Then `*target` (unless it is NULL) is the
   start of what the first such one writes. True also if there is an unreadable table. */
bool relocations_write_to(const struct image *image, uint64_t address, uint64_t size,
                          uint64_t *target);

#endif
