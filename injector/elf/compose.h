/* SPDX-License-Identifier: Apache-2.0 */
/* What compose.c and its parts share; nobody else includes it. */
#ifndef ELFCAGE_ELF_COMPOSE_H
#define ELFCAGE_ELF_COMPOSE_H

#include "elf/layout.h"
#include "elf/payload_write.h"

#define SECTION_NONE SIZE_MAX

/* A section header of the new file. */
struct composed_section {
    GElf_Shdr header;
    size_t old; /* its index in the original; SECTION_NONE for a new one */
};

/* Symbols of the original that change, bytes from its start: some that are near each other. */
struct symbol_run {
    uint64_t offset, size;
};

/* What going over the symbol tables has shown (symbols.c). */
struct symbol_survey {
    uint64_t reach;          /* bytes behind the last segment that a symbol claims */
    bool *moved;             /* owned; for each section: do its bytes get another place? */
    struct symbol_run *runs; /* owned; outside of what moves */
    size_t run_count, run_capacity;
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

    const struct symbol_survey *symbols; /* borrowed */

    /* places: fixed before anything is written */
    struct payload_places places;
    uint64_t address, offset, size; /* of the payload's segment in the new file */
    uint64_t stub_end;              /* in the segment: the stub's section reaches to here */
    uint64_t array;                 /* in the segment: the hook's word behind the stub; 0: none */
    struct draft_move *moves;       /* owned; with new_offset and new_address */

    struct composed_section *sections; /* owned; in their new order */
    size_t section_count;
    uint16_t *new_index;                 /* owned; for each old section */
    struct buffer names;                 /* of all sections; empty if the original has none */
    uint64_t names_offset, table_offset; /* of the new section headers */

    bool measuring; /* only the size of the undo record is wanted: no digests, no copies */
};

/* Adds a write, and to the undo record what it replaces and what it leaves behind. The bytes
   become the plan's. */
void compose_write(struct composition *c, uint64_t target, struct buffer *bytes, const char *what);

/* sections: gives every section header its place and index; then writes names and table. Fails if
   there are more sections than numbers for them. */
int compose_order_sections(struct composition *c, struct error *error);
void compose_write_sections(struct composition *c);
/* symbols.c: goes over the symbol tables; writes the symbols of sections that have moved. */
struct symbol_survey compose_survey(const struct draft *draft);
void compose_survey_free(struct symbol_survey *survey);
void compose_write_symbols(struct composition *c);
/* Symbol tables that lie in moved bytes: changes `bytes`, the copy of `move`. */
void compose_patch_symbols(const struct composition *c, const struct draft_move *move,
                           uint8_t *bytes);

/* compose_hook.c: the address of the stub's code, which the hook makes known. */
uint64_t compose_stub_code(const struct composition *c);
/* Does the hook need a word behind the stub? */
bool compose_has_array(const struct draft *draft);
/* The entries of the dynamic section with the hook's, and entry `index` as the hook wants it. */
size_t compose_hook_entries(const struct draft *draft, size_t count);
void compose_hook_entry(const struct composition *c, size_t index, GElf_Dyn *dyn);
/* What of the hook is in a move, whose copy `bytes` is; and its word, if that does not move. */
void compose_patch_hook(const struct composition *c, const struct draft_move *move, uint8_t *bytes);
void compose_write_hook(struct composition *c);

/* compose_check.c: does the finished plan change nothing but what it means to? Sorts its writes. */
int compose_check(const struct composition *c, struct error *error);

/* The new address of an original one, and the new offset of an original range. */
uint64_t compose_address(const struct composition *c, uint64_t address);
uint64_t compose_offset(const struct composition *c, uint64_t offset, uint64_t size);

#endif
