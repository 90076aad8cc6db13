/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols of sections that have moved: their values, and their st_shndx where the section has
 * another index now. Those are a few among as many as a large program has, so the table is only
 * looked through, and what changes is written by itself. A table may itself lie in what moved
 * (.dynsym): then the copy is changed.
 */
#include "elf/compose.h"

#include "base/memory.h"

#include <stdlib.h>

/* An undo record has more bytes for two changes than for one with so many symbols between them. */
#define NEAR_SYMBOLS 2u

/* A symbol of a library that claims to be larger is not believed. */
#define REACH_MAX (UINT64_C(1) << 20)

static bool is_symbol_table(const GElf_Shdr *shdr)
{
    return shdr->sh_type == SHT_SYMTAB || shdr->sh_type == SHT_DYNSYM;
}

/*
 * eu-elflint takes a relocation to change as many bytes as its symbol has, also if that symbol is
 * in a library (mold writes such sizes), and complains if those would reach a read-only segment.
 */
static uint64_t symbol_reach(const struct image *image)
{
    static const bool undefined[] = {[SHN_UNDEF] = true};
    const struct codec_wanted wanted = {.sections = undefined, .section_count = 1};
    struct codec codec = image_codec(image);
    size_t entry = codec_sym_size(codec);
    uint64_t reach = 0;
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        size_t count = shdr->sh_type == SHT_DYNSYM ? shdr->sh_size / entry : 0;
        for (size_t j = 0; j < count; j++) {
            j = image_find_symbol(image, shdr->sh_offset, count, j, &wanted);
            if (j < count) {
                GElf_Sym sym;
                codec_get_sym(codec, image_bytes(image).data + shdr->sh_offset + j * entry, &sym);
                reach = sym.st_size > reach && sym.st_size < REACH_MAX ? sym.st_size : reach;
            }
        }
    }
    return reach;
}

/* Symbols that are near each other in one table become a run. */
static void add_runs(struct symbol_survey *survey, const struct draft *draft)
{
    const struct image *image = draft->image;
    struct codec codec = image_codec(image);
    size_t entry = codec_sym_size(codec);
    size_t table = 0; /* of the last run */
    for (size_t i = 0; i < draft->symbol_count; i++) {
        const struct draft_symbol *symbol = &draft->symbols[i];
        GElf_Sym sym;
        codec_get_sym(codec, image_bytes(image).data + symbol->offset, &sym);
        if (sym.st_shndx >= image_shdr_count(image) || !survey->moved[sym.st_shndx] ||
            draft_find_move(draft, symbol->offset, entry)) {
            continue;
        }
        struct symbol_run *run = survey->run_count ? &survey->runs[survey->run_count - 1] : NULL;
        if (!run || table != symbol->table ||
            symbol->offset - (run->offset + run->size) > NEAR_SYMBOLS * entry) {
            run = memory_append(&survey->runs, &survey->run_count, &survey->run_capacity,
                                sizeof *survey->runs);
            run->offset = symbol->offset;
            table = symbol->table;
        }
        run->size = symbol->offset + entry - run->offset;
    }
}

struct symbol_survey compose_survey(const struct draft *draft)
{
    const struct image *image = draft->image;
    size_t count = image_shdr_count(image);
    struct symbol_survey survey = {.reach = symbol_reach(image)};
    survey.moved = memory_zeroed(count, sizeof *survey.moved);
    for (size_t i = 1; draft->move_count && i < count; i++) {
        survey.moved[i] = draft_find_section(draft, i) != NULL;
    }
    add_runs(&survey, draft);
    return survey;
}

void compose_survey_free(struct symbol_survey *survey)
{
    free(survey->moved);
    free(survey->runs);
    *survey = (struct symbol_survey){0};
}

/* Changes those of `count` symbols whose sections have moved. */
static void change_symbols(const struct composition *c, uint8_t *table, size_t count)
{
    const struct codec_wanted wanted = {.sections = c->symbols->moved,
                                        .section_count = image_shdr_count(c->image)};
    for (size_t i = codec_find_sym(c->codec, table, 0, count, &wanted); i < count;
         i = codec_find_sym(c->codec, table, i + 1, count, &wanted)) {
        uint8_t *bytes = table + i * codec_sym_size(c->codec);
        GElf_Sym sym;
        codec_get_sym(c->codec, bytes, &sym);
        const GElf_Shdr *shdr = image_shdr(c->image, sym.st_shndx);
        /* GNU ld makes __ehdr_start, say, relative to the first section: it does not move with it.
         */
        if (sym.st_value >= shdr->sh_addr && sym.st_value - shdr->sh_addr <= shdr->sh_size) {
            sym.st_value += compose_address(c, shdr->sh_addr) - shdr->sh_addr;
        }
        sym.st_shndx = c->new_index[sym.st_shndx];
        codec_put_sym(c->codec, bytes, &sym);
    }
}

void compose_patch_symbols(const struct composition *c, const struct draft_move *move,
                           uint8_t *bytes)
{
    for (size_t i = 1; i < image_shdr_count(c->image); i++) {
        const GElf_Shdr *shdr = image_shdr(c->image, i);
        if (is_symbol_table(shdr) && shdr->sh_offset >= move->offset &&
            bytes_in(shdr->sh_offset - move->offset, shdr->sh_size, move->size)) {
            change_symbols(c, bytes + (shdr->sh_offset - move->offset),
                           shdr->sh_size / codec_sym_size(c->codec));
        }
    }
}

void compose_write_symbols(struct composition *c)
{
    for (size_t i = 0; i < c->symbols->run_count; i++) {
        const struct symbol_run *run = &c->symbols->runs[i];
        struct buffer symbols = {0};
        buffer_add(&symbols, image_bytes(c->image).data + run->offset, run->size);
        change_symbols(c, symbols.data, run->size / codec_sym_size(c->codec));
        compose_write(c, c->draft->shift + run->offset, &symbols, "symbols");
    }
}
