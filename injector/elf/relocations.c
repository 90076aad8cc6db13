/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relocations of all forms as one list, as glibc (elf/do-rel.h, elf/dl-reloc.c) and musl
 * (ldso/dynlink.c) see them: of two entries of the dynamic section with one tag the last one
 * counts.
 *
 * Where a table ends, they do not agree. glibc takes an entry of which only a part is inside, and
 * relocates DT_RELACOUNT entries without a look at their type, or at the end of the table. Linkers
 * make neither, so such tables are taken for unreadable.
 */
#include "elf/relocations.h"

/* `entry`: of the table, bytes. */
static bool find_table(const struct image *image, int64_t tag, int64_t size_tag, size_t entry,
                       struct bytes *table)
{
    uint64_t address;
    uint64_t size;
    *table = (struct bytes){NULL, 0};
    if (!image_dynamic_value(image, size_tag, &size) || size == 0) {
        return true;
    }
    return size % entry == 0 && image_dynamic_value(image, tag, &address) &&
           image_at_address(image, address, size, table);
}

/* Are as many entries there as are to be relocated without a look? */
static bool holds_count(const struct image *image, int64_t count_tag, struct bytes table,
                        size_t entry)
{
    uint64_t count = 0;
    image_dynamic_value(image, count_tag, &count);
    return count <= table.size / entry;
}

/* One walk: who is told of each relocation. */
struct walk {
    const struct image *image;
    uint64_t symbols;
    relocation_visitor *visit;
    void *context;
};

static bool walk_entries(const struct walk *walk, struct bytes table, bool addends)
{
    const struct image *image = walk->image;
    struct codec codec = image_codec(image);
    size_t entry = addends ? codec_rela_size(codec) : codec_rel_size(codec);
    for (size_t at = 0; at + entry <= table.size; at += entry) {
        GElf_Rela rela;
        struct relocation relocation = {.has_addend = addends, .symbols = walk->symbols};
        if (addends) {
            codec_get_rela(codec, table.data + at, &rela, &relocation.symbol);
        } else {
            codec_get_rel(codec, table.data + at, &rela, &relocation.symbol);
        }
        relocation.target = rela.r_offset;
        relocation.type =
            (uint32_t)(codec.is_64 ? ELF64_R_TYPE(rela.r_info) : ELF32_R_TYPE(rela.r_info));
        relocation.addend = (uint64_t)rela.r_addend;
        relocation.addend_offset =
            (uint64_t)(table.data - image_bytes(image).data) + at + entry - codec_word_size(codec);
        if (!walk->visit(image, &relocation, walk->context)) {
            return false;
        }
    }
    return true;
}

/* RELR (gABI, "Relative Relocation Table"): an even word is an address, which is relocated; an odd
   one a bitmap of the words behind the last. */
static bool walk_relr(const struct walk *walk, struct bytes table)
{
    const struct image *image = walk->image;
    struct codec codec = image_codec(image);
    size_t word = codec_word_size(codec);
    uint64_t mask = codec.is_64 ? UINT64_MAX : UINT32_MAX;
    struct relocation relocation = {.type = image_arch(image)->relocations.relative};
    uint64_t next = 0;
    for (size_t at = 0; at + word <= table.size; at += word) {
        uint64_t value = codec_get_word(codec, table.data + at);
        uint64_t bits = value & 1 ? value >> 1 : 1;
        relocation.target = value & 1 ? next : value;
        next = (value & 1 ? next + word * (8 * word - 1) : value + word) & mask;
        for (; bits; bits >>= 1) {
            if ((bits & 1) && !walk->visit(image, &relocation, walk->context)) {
                return false;
            }
            relocation.target = (relocation.target + word) & mask;
        }
    }
    return true;
}

bool relocations_walk(const struct image *image, relocation_visitor *visit, void *context)
{
    struct bytes rel;
    struct bytes rela;
    struct bytes relr;
    struct bytes plt;
    uint64_t plt_kind = DT_RELA;
    struct codec codec = image_codec(image);
    size_t rel_entry = codec_rel_size(codec);
    size_t rela_entry = codec_rela_size(codec);
    struct walk walk = {image, 0, visit, context};
    image_dynamic_value(image, DT_PLTREL, &plt_kind);
    image_dynamic_value(image, DT_SYMTAB, &walk.symbols);
    return find_table(image, DT_REL, DT_RELSZ, rel_entry, &rel) &&
           find_table(image, DT_RELA, DT_RELASZ, rela_entry, &rela) &&
           find_table(image, DT_RELR, DT_RELRSZ, codec_word_size(codec), &relr) &&
           find_table(image, DT_JMPREL, DT_PLTRELSZ, plt_kind == DT_RELA ? rela_entry : rel_entry,
                      &plt) &&
           holds_count(image, DT_RELCOUNT, rel, rel_entry) &&
           holds_count(image, DT_RELACOUNT, rela, rela_entry) && walk_relr(&walk, relr) &&
           walk_entries(&walk, rel, false) && walk_entries(&walk, rela, true) &&
           walk_entries(&walk, plt, plt_kind == DT_RELA);
}

uint64_t relocation_extent(const struct image *image, const struct relocation *relocation)
{
    const struct relocation_types *types = &image_arch(image)->relocations;
    struct codec codec = image_codec(image);
    size_t word = codec_word_size(codec);
    if (relocation->type != types->copy) {
        return relocation->type == types->tls_descriptor ? 2 * word : word;
    }
    uint64_t at;
    struct bytes bytes;
    if (relocation->symbols == 0 ||
        !bytes_multiply(relocation->symbol, codec_sym_size(codec), &at) ||
        !bytes_add(relocation->symbols, at, &at) ||
        !image_at_address(image, at, codec_sym_size(codec), &bytes)) {
        return UINT64_MAX; /* nobody can say */
    }
    GElf_Sym symbol;
    codec_get_sym(codec, bytes.data, &symbol);
    /* glibc takes the smaller one of both symbols, musl this one. Never less than a word: it may be
       among those that glibc takes for relative ones. */
    return symbol.st_size > word ? symbol.st_size : word;
}
