/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols of sections that have moved: their values, and their st_shndx where the section has
 * another index now. Those are a few among as many as a large program has, so the table is only
 * looked through, and what changes is written by itself. A table may itself lie in what moved
 * (.dynsym): then the copy is changed.
 */
#include "elf/compose.h"

#include <string.h>

/* An undo record has more bytes for two changes than for one with so many symbols between them. */
#define NEAR_SYMBOLS 2u

static bool is_symbol_table(const GElf_Shdr *shdr)
{
    return shdr->sh_type == SHT_SYMTAB || shdr->sh_type == SHT_DYNSYM;
}

/* Changes one symbol of a section that has moved. */
static void change_symbol(const struct composition *c, uint8_t *bytes)
{
    GElf_Sym sym;
    codec_get_sym(c->codec, bytes, &sym);
    const GElf_Shdr *shdr = image_shdr(c->image, sym.st_shndx);
    /* GNU ld makes __ehdr_start, say, relative to the first section: it does not move with it. */
    if (sym.st_value >= shdr->sh_addr && sym.st_value - shdr->sh_addr <= shdr->sh_size) {
        sym.st_value += compose_address(c, shdr->sh_addr) - shdr->sh_addr;
    }
    sym.st_shndx = c->new_index[sym.st_shndx];
    codec_put_sym(c->codec, bytes, &sym);
}

/* The first symbol at `from` or behind it that changes; `count` if there is none. */
static size_t next_change(const struct composition *c, const uint8_t *table, size_t from,
                          size_t count)
{
    return codec_find_sym(c->codec, table, from, count, c->moves_section,
                          image_shdr_count(c->image));
}

void compose_patch_symbols(const struct composition *c, const struct draft_move *move,
                           uint8_t *bytes)
{
    size_t entry = codec_sym_size(c->codec);
    for (size_t i = 1; i < image_shdr_count(c->image); i++) {
        const GElf_Shdr *shdr = image_shdr(c->image, i);
        if (is_symbol_table(shdr) && shdr->sh_offset >= move->offset &&
            bytes_in(shdr->sh_offset - move->offset, shdr->sh_size, move->size)) {
            uint8_t *table = bytes + (shdr->sh_offset - move->offset);
            size_t count = shdr->sh_size / entry;
            for (size_t j = next_change(c, table, 0, count); j < count;
                 j = next_change(c, table, j + 1, count)) {
                change_symbol(c, table + j * entry);
            }
        }
    }
}

/* Changes symbols of a table that stays where it is, those that are near each other by one write.
 */
static void write_table(struct composition *c, const GElf_Shdr *shdr)
{
    size_t entry = codec_sym_size(c->codec);
    size_t count = shdr->sh_size / entry;
    const uint8_t *table = image_bytes(c->image).data + shdr->sh_offset;
    size_t next = next_change(c, table, 0, count);
    while (next < count) {
        size_t first = next;
        struct buffer symbols = {0};
        size_t end = first; /* of what is in the buffer */
        do {
            buffer_add(&symbols, table + end * entry, (next + 1 - end) * entry);
            change_symbol(c, symbols.data + (next - first) * entry);
            end = next + 1;
            next = next_change(c, table, end, count);
        } while (next < count && next - end <= NEAR_SYMBOLS);
        compose_write(c, c->draft->shift + shdr->sh_offset + first * entry, &symbols, "symbols");
    }
}

void compose_write_symbols(struct composition *c)
{
    for (size_t i = 1; c->draft->move_count && i < image_shdr_count(c->image); i++) {
        const GElf_Shdr *shdr = image_shdr(c->image, i);
        if (is_symbol_table(shdr) && !draft_find_move(c->draft, shdr->sh_offset, shdr->sh_size)) {
            write_table(c, shdr);
        }
    }
}
