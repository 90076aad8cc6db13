/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables: a symbol in a moved section moves with it, and where section headers were sorted,
 * every st_shndx goes through the map. A table may itself lie in what moved (.dynsym): then the
 * copy is changed, else the table in place.
 *
 * Undo: a whole table whose indices were mapped is not kept a second time, it may have megabytes.
 * The map is kept, and the entries that changed otherwise.
 */
#include "elf/compose.h"

#include "base/memory.h"

#include <string.h>

#define PIECE_SYMBOLS ((size_t)16384)

static bool is_symbol_table(const GElf_Shdr *shdr)
{
    return shdr->sh_type == SHT_SYMTAB || shdr->sh_type == SHT_DYNSYM;
}

/* Changes one entry; true if the section map alone does not lead back. */
static bool change_symbol(const struct composition *c, uint8_t *bytes)
{
    GElf_Sym sym;
    codec_get_sym(c->codec, bytes, &sym);
    if (sym.st_shndx == SHN_UNDEF || sym.st_shndx >= image_shdr_count(c->image)) {
        /* It names no section. Of those that are added now, it must not come back as one. */
        return sym.st_shndx != SHN_UNDEF && sym.st_shndx < c->section_count;
    }
    const GElf_Shdr *shdr = image_shdr(c->image, sym.st_shndx);
    /* GNU ld makes __ehdr_start, say, relative to the first section: it does not move with it. */
    bool moved = shdr->sh_flags & SHF_ALLOC && shdr->sh_type != SHT_NOBITS &&
                 sym.st_value >= shdr->sh_addr && sym.st_value - shdr->sh_addr <= shdr->sh_size &&
                 draft_find_move(c->draft, shdr->sh_offset, shdr->sh_size);
    sym.st_shndx = c->new_index[sym.st_shndx];
    if (!moved) {
        codec_put_sym_section(c->codec, bytes, sym.st_shndx);
        return false;
    }
    sym.st_value += compose_address(c, shdr->sh_addr) - shdr->sh_addr;
    codec_put_sym(c->codec, bytes, &sym);
    return true;
}

void compose_patch_symbols(struct composition *c, const struct draft_move *move, uint8_t *bytes)
{
    size_t entry = codec_sym_size(c->codec);
    for (size_t i = 1; i < image_shdr_count(c->image); i++) {
        const GElf_Shdr *shdr = image_shdr(c->image, i);
        if (is_symbol_table(shdr) && shdr->sh_offset >= move->offset &&
            bytes_in(shdr->sh_offset - move->offset, shdr->sh_size, move->size)) {
            uint8_t *table = bytes + (shdr->sh_offset - move->offset);
            for (uint64_t at = 0; at + entry <= shdr->sh_size; at += entry) {
                change_symbol(c, table + at);
            }
        }
    }
}

/* Indices hold: only entries of moved sections change, each by a write of its own. */
static void write_entries(struct composition *c, const GElf_Shdr *shdr)
{
    size_t entry = codec_sym_size(c->codec);
    const uint8_t *old = image_bytes(c->image).data + shdr->sh_offset;
    for (uint64_t at = 0; at + entry <= shdr->sh_size; at += entry) {
        uint8_t bytes[sizeof(GElf_Sym)];
        memcpy(bytes, old + at, entry);
        change_symbol(c, bytes);
        if (memcmp(bytes, old + at, entry) != 0) {
            struct buffer change = {0};
            buffer_add(&change, bytes, entry);
            compose_write(c, c->draft->shift + shdr->sh_offset + at, &change, "symbol");
        }
    }
}

/* Copies `size` bytes of a table from `offset` to the end of `table`, and changes them there. */
static void add_symbols(struct composition *c, uint64_t offset, size_t size, struct buffer *table)
{
    size_t entry = codec_sym_size(c->codec);
    uint8_t *copy = table->data + table->size;
    buffer_add(table, image_bytes(c->image).data + offset, size);
    for (size_t at = 0; at < size; at += entry) {
        if (change_symbol(c, copy + at)) {
            compose_piece(c, offset + at, entry);
        }
    }
}

/* In pieces, so that of a table with megabytes there is one copy in memory and not two, and none
   while measuring. */
static void write_table(struct composition *c, const GElf_Shdr *shdr)
{
    size_t entry = codec_sym_size(c->codec);
    size_t size = shdr->sh_size / entry * entry;
    size_t piece_size = size < PIECE_SYMBOLS * entry ? size : PIECE_SYMBOLS * entry;
    struct buffer table = {.capacity = c->measuring ? piece_size : size};
    if (size == 0) {
        return;
    }
    table.data = memory_zeroed(table.capacity, 1);
    for (size_t at = 0; at < size; at += piece_size) {
        size_t piece = size - at < piece_size ? size - at : piece_size;
        table.size = c->measuring ? 0 : at;
        add_symbols(c, shdr->sh_offset + at, piece, &table);
        image_forget(c->image, shdr->sh_offset + at, piece);
    }
    compose_write_mapped(c, shdr->sh_offset, size, &table);
}

void compose_write_symbols(struct composition *c)
{
    for (size_t i = 1; c->draft->move_count && i < image_shdr_count(c->image); i++) {
        const GElf_Shdr *shdr = image_shdr(c->image, i);
        if (!is_symbol_table(shdr) || draft_find_move(c->draft, shdr->sh_offset, shdr->sh_size)) {
            continue;
        }
        if (c->sections_permuted) {
            write_table(c, shdr);
        } else {
            write_entries(c, shdr);
        }
    }
}
