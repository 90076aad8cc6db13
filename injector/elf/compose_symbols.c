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

#include <string.h>

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
    if (moved) {
        sym.st_value += compose_address(c, shdr->sh_addr) - shdr->sh_addr;
    }
    sym.st_shndx = c->new_index[sym.st_shndx];
    codec_put_sym(c->codec, bytes, &sym);
    return moved;
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

static void write_table(struct composition *c, const GElf_Shdr *shdr)
{
    size_t entry = codec_sym_size(c->codec);
    struct buffer table = {0};
    buffer_add(&table, image_bytes(c->image).data + shdr->sh_offset, shdr->sh_size / entry * entry);
    for (uint64_t at = 0; at < table.size; at += entry) {
        if (change_symbol(c, table.data + at)) {
            compose_piece(c, shdr->sh_offset + at, entry);
        }
    }
    compose_write_mapped(c, shdr->sh_offset, &table);
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
