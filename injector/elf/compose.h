/* SPDX-License-Identifier: Apache-2.0 */
/* What compose.c and its parts share; nobody else includes it. */
#ifndef ELFCAGE_ELF_COMPOSE_H
#define ELFCAGE_ELF_COMPOSE_H

#include "elf/layout.h"
#include "elf/payload_write.h"

#define SECTION_NONE SIZE_MAX
#define COMPOSE_SECTIONS_MAX 5 /* that are added */

/* A section header of the new file. */
struct composed_section {
    GElf_Shdr header;
    size_t old; /* its index in the original; SECTION_NONE for a new one */
};

/* A plan in the making. The layout of the draft is fixed; compose.c gives everything its place,
   then the parts write their bytes. */
struct composition {
    const struct draft *draft;
    const struct image *image;
    struct codec codec;
    const struct stub_image *stub;
    struct plan *plan;
    struct undo undo;

    /* places: fixed before anything is written */
    struct payload_places places;
    uint64_t address, offset, size; /* of the payload's segment in the new file */
    uint64_t stub_end;              /* in the segment: the stub's section reaches to here */
    struct draft_move *moves;       /* owned; with new_offset and new_address */

    struct composed_section *sections; /* owned; in their new order */
    size_t section_count;
    uint16_t *new_index; /* owned; for each old section */
    uint16_t *old_index; /* owned; for each new section, 0 for an added one */
    bool sections_permuted, spare_done;
    uint64_t names_offset, names_size, table_offset; /* of the new section headers */

    bool measuring; /* only the size of the undo record is wanted: no digests */
};

/* Adds a write, and to the undo record what it replaces and what it leaves behind. The bytes
   become the plan's. */
void compose_write(struct composition *c, uint64_t target, struct buffer *bytes, const char *what);
/* The same for a symbol table at `offset` of the original that is undone by the section map. While
   measuring, the contents of `table` do not count. */
void compose_write_mapped(struct composition *c, uint64_t offset, uint64_t size,
                          struct buffer *table);
/* Adds a piece of the original to undo. */
void compose_piece(struct composition *c, uint64_t offset, uint64_t size);

/* sections: gives every section header its place and index; then writes names and table. */
void compose_order_sections(struct composition *c);
void compose_write_sections(struct composition *c);
/* symbols.c: symbol tables after sections have moved. */
void compose_write_symbols(struct composition *c);
/* Symbol tables that lie in moved bytes: changes `bytes`, the copy of `move`. */
void compose_patch_symbols(struct composition *c, const struct draft_move *move, uint8_t *bytes);

/* The new address of an original one, and the new offset of an original range. */
uint64_t compose_address(const struct composition *c, uint64_t address);
uint64_t compose_offset(const struct composition *c, uint64_t offset, uint64_t size);

#endif
