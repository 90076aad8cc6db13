/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout answers one question: where does the program header of the payload's segment find
 * room? It fills in a draft; compose.c makes the plan from it, the same way for every layout.
 * Private to plan_inject().
 *
 * A draft speaks of the original: its offsets and addresses are those of the image.
 */
#ifndef ELFCAGE_ELF_LAYOUT_H
#define ELFCAGE_ELF_LAYOUT_H

#include "elf/hook.h"
#include "elf/plan.h"

/* The name, and a number behind it, of a section that says: what an injection left over here is
   nobody's, and taken. */
#define SPARE_SECTION ".elfcage.spare"

/* A run of original bytes that gets another place. */
struct draft_move {
    uint64_t offset, address, size; /* in the original */
    bool into_segment;              /* behind the stub; else to new_address: */
    uint64_t new_address;
    uint64_t new_offset; /* set by compose.c, in the new file */
    uint64_t extra;      /* the hook's: bytes behind it, for one more relocation */
    bool leaves_hole;    /* its old place is no part of the draft's gaps */
};

/* A symbol of the original: of a section that moves, or with an address that does. */
struct draft_symbol {
    uint64_t offset; /* in the file */
    size_t table;    /* index of its section */
};

/* Bytes of the first page that what moved has left over, offset in the original. */
struct draft_gap {
    uint64_t offset, size;
};

struct draft {
    const struct image *image;
    const struct cage *cage;
    uint32_t layout;  /* number, see payload_layout_name() */
    GElf_Phdr *phdrs; /* owned; the new table */
    size_t phdr_count;
    size_t segment;           /* index of the payload's PT_LOAD in it, blank so far */
    struct draft_move *moves; /* owned; no two share a byte */
    size_t move_count, move_capacity;
    struct draft_symbol *symbols; /* owned; found by references_allow() */
    size_t symbol_count, symbol_capacity;
    struct draft_gap gaps[2]; /* S3m: in front of the note that stays, and behind it */
    uint64_t kept;            /* the offset of that note in the original; 0 if none stays */
    uint64_t shift;           /* bytes put in front of the original: S2 */
    uint64_t covered;         /* S2: a section covers that many bytes of the old headers */
    struct hook_edits hook;
};

/*
 * Each returns true and fills the draft, or false and adds why to `reasons`. `keep_identity`: only
 * if a core of the new file still names its build-id.
 */
typedef bool layout_function(struct draft *draft, bool keep_identity, struct buffer *reasons);
layout_function layout_s1, layout_s6, layout_s3m, layout_s2;

/* The table of the image with a blank entry for the payload behind the last PT_LOAD, and without
   entry `dropped` (SIZE_MAX: none). */
void layout_copy_phdrs(struct draft *draft, size_t dropped);
/* Makes PT_PHDR and the first PT_LOAD cover one more entry, and the latter whatever moved to file
   offsets below `end`. False and a reason if the table is not where both rules for AT_PHDR find it,
   or the segment cannot grow. */
bool layout_grow_table(struct draft *draft, uint64_t end, struct buffer *reasons);
/* Does a core of the image name its build-id: is the note in the first page, with the tables? */
bool layout_has_identity(const struct image *image);
/* Is this the PT_NOTE (in the original) that holds the build-id? */
bool layout_is_identity(const struct image *image, const GElf_Phdr *phdr);
/* The page size that segments are laid out for. */
uint64_t layout_page(const struct image *image);
/* End of the program headers in the file. */
uint64_t layout_table_end(const struct image *image);
/* Does that tag of the dynamic section hold an address? */
bool layout_is_pointer(int64_t tag);
void layout_reason(struct buffer *reasons, const struct draft *draft, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void draft_clear(struct draft *draft);

/* The move that holds [offset, offset + size) of the original, or NULL. */
const struct draft_move *draft_find_move(const struct draft *draft, uint64_t offset, uint64_t size);
/* The move that holds a section as it is loaded, or NULL. */
const struct draft_move *draft_find_section(const struct draft *draft, size_t index);
/* The same for an address. */
const struct draft_move *draft_find_address(const struct draft *draft, uint64_t address);

/* Makes the plan. ERROR_UNSUPPORTED if addresses run out or structures of the file overlap. */
int draft_compose(const struct draft *draft, struct plan **out, struct error *error);

#endif
