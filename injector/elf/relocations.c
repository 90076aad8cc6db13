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

#include "base/memory.h"
#include "elf/image_private.h"

/* So much of a table stays in memory while it is walked, bytes: whole entries of every form. */
#define PIECE_SIZE ((size_t)48 * 16384)

/* So many entries are decoded at once. */
#define AT_ONCE ((size_t)16)

#define TYPE_NONE 0u /* R_*_NONE */
#define GOT_WORDS 3u

/* What the dynamic section says of a table; count: relocated without a look, 0 where there is none.
 */
static const struct {
    const char *name;
    int64_t tag, size_tag, count_tag;
} tables[RELOCATION_TABLES] = {
    [RELOCATIONS_RELR] = {"DT_RELR", DT_RELR, DT_RELRSZ, 0},
    [RELOCATIONS_REL] = {"DT_REL", DT_REL, DT_RELSZ, DT_RELCOUNT},
    [RELOCATIONS_RELA] = {"DT_RELA", DT_RELA, DT_RELASZ, DT_RELACOUNT},
    [RELOCATIONS_PLT] = {"DT_JMPREL", DT_JMPREL, DT_PLTRELSZ, 0},
};

/* The form of its entries: that of DT_RELR, DT_REL or DT_RELA. */
static enum relocation_table form_of(const struct image *image, enum relocation_table table)
{
    uint64_t kind = DT_RELA;
    if (table != RELOCATIONS_PLT) {
        return table;
    }
    image_dynamic_value(image, DT_PLTREL, &kind);
    return kind == DT_RELA ? RELOCATIONS_RELA : RELOCATIONS_REL;
}

/* Bytes. */
static size_t entry_size(struct codec codec, enum relocation_table form)
{
    return form == RELOCATIONS_RELR  ? codec_word_size(codec)
           : form == RELOCATIONS_REL ? codec_rel_size(codec)
                                     : codec_rela_size(codec);
}

/* `counted`: how many entries are relative ones, whatever their types are. */
static bool find_table(const struct image *image, enum relocation_table table, struct bytes *out,
                       uint64_t *counted)
{
    size_t entry = entry_size(image_codec(image), form_of(image, table));
    uint64_t address;
    uint64_t size = 0;
    *out = (struct bytes){NULL, 0};
    *counted = 0;
    image_dynamic_value(image, tables[table].size_tag, &size);
    if (tables[table].count_tag) {
        image_dynamic_value(image, tables[table].count_tag, counted);
    }
    if (size % entry != 0 || *counted > size / entry) {
        return false;
    }
    uint64_t kind = DT_RELA;
    image_dynamic_value(image, DT_PLTREL, &kind);
    if (table == RELOCATIONS_PLT && size > 0 && kind != DT_RELA && kind != DT_REL) {
        return false; /* nobody knows its form */
    }
    return size == 0 || (image_dynamic_value(image, tables[table].tag, &address) &&
                         image_at_address(image, address, size, out));
}

/* One walk through a table: who is told of each relocation. */
struct walk {
    const struct image *image;
    uint64_t symbols;
    enum relocation_table form;
    uint64_t counted; /* of the entries that are left */
    uint64_t next;    /* RELR: the address behind what the last entry was about */
    relocation_visitor *visit;
    void *context;
};

static bool walk_entries(struct walk *walk, struct bytes piece)
{
    const struct image *image = walk->image;
    struct codec codec = image_codec(image);
    bool addends = walk->form == RELOCATIONS_RELA;
    size_t entry = entry_size(codec, walk->form);
    size_t count = piece.size / entry;
    uint64_t end = (uint64_t)(piece.data - image_bytes(image).data) + entry;
    end -= codec_word_size(codec);
    struct relocation relocation = {.has_addend = addends, .symbols = walk->symbols};
    for (size_t at = 0; at < count; at += AT_ONCE) {
        GElf_Rela relas[AT_ONCE];
        size_t taken = count - at < AT_ONCE ? count - at : AT_ONCE;
        codec_get_relas(codec, addends, piece.data + at * entry, taken, relas);
        for (size_t i = 0; i < taken; i++) {
            relocation.target = relas[i].r_offset;
            relocation.type = (uint32_t)GELF_R_TYPE(relas[i].r_info);
            relocation.symbol = GELF_R_SYM(relas[i].r_info);
            relocation.addend = (uint64_t)relas[i].r_addend;
            relocation.addend_offset = end + (at + i) * entry;
            relocation.counted = walk->counted > 0;
            walk->counted -= relocation.counted;
            if (!walk->visit(image, &relocation, walk->context)) {
                return false;
            }
        }
    }
    return true;
}

/* RELR (gABI, "Relative Relocation Table"): an even word is an address, which is relocated; an odd
   one a bitmap of the words behind the last. */
static bool walk_relr(struct walk *walk, struct bytes piece)
{
    const struct image *image = walk->image;
    struct codec codec = image_codec(image);
    size_t word = codec_word_size(codec);
    uint64_t mask = codec.is_64 ? UINT64_MAX : UINT32_MAX;
    struct relocation relocation = {.type = image_arch(image)->relocations.relative};
    for (size_t at = 0; at + word <= piece.size; at += word) {
        uint64_t value = codec_get_word(codec, piece.data + at);
        uint64_t bits = value & 1 ? value >> 1 : 1;
        relocation.target = value & 1 ? walk->next : value;
        walk->next = (value & 1 ? walk->next + word * (8 * word - 1) : value + word) & mask;
        for (; bits; bits >>= 1) {
            if ((bits & 1) && !walk->visit(image, &relocation, walk->context)) {
                return false;
            }
            relocation.target = (relocation.target + word) & mask;
        }
    }
    return true;
}

bool relocations_walk_table(const struct image *image, enum relocation_table table,
                            relocation_visitor *visit, void *context)
{
    struct walk walk = {
        .image = image, .form = form_of(image, table), .visit = visit, .context = context};
    struct bytes bytes;
    struct bytes piece;
    bool result = find_table(image, table, &bytes, &walk.counted);
    image_dynamic_value(image, DT_SYMTAB, &walk.symbols);
    for (size_t at = 0; result && at < bytes.size; at += piece.size) {
        size_t size = bytes.size - at < PIECE_SIZE ? bytes.size - at : PIECE_SIZE;
        piece = (struct bytes){bytes.data + at, size};
        result =
            walk.form == RELOCATIONS_RELR ? walk_relr(&walk, piece) : walk_entries(&walk, piece);
        if (bytes.size > PIECE_SIZE) {
            image_forget(image, (uint64_t)(piece.data - image_bytes(image).data), size);
        }
    }
    return result;
}

const char *relocations_unreadable(const struct image *image)
{
    for (size_t i = 0; i < RELOCATION_TABLES; i++) {
        struct bytes bytes;
        uint64_t counted;
        if (!find_table(image, (enum relocation_table)i, &bytes, &counted)) {
            return tables[i].name;
        }
    }
    return NULL;
}

bool relocations_walk(const struct image *image, relocation_visitor *visit, void *context)
{
    bool result = relocations_unreadable(image) == NULL;
    for (size_t i = 0; result && i < RELOCATION_TABLES; i++) {
        result = relocations_walk_table(image, (enum relocation_table)i, visit, context);
    }
    return result;
}

bool relocation_addend(const struct image *image, const struct relocation *relocation,
                       uint64_t *addend)
{
    struct codec codec = image_codec(image);
    struct bytes bytes;
    if (relocation->has_addend) {
        *addend = relocation->addend;
        return true;
    }
    if (!image_at_address(image, relocation->target, codec_word_size(codec), &bytes)) {
        return false;
    }
    *addend = codec_get_word(codec, bytes.data);
    return true;
}

uint64_t relocation_extent(const struct image *image, const struct relocation *relocation)
{
    const struct relocation_types *types = &image_arch(image)->relocations;
    struct codec codec = image_codec(image);
    size_t word = codec_word_size(codec);
    if (relocation->type == TYPE_NONE && !relocation->counted) {
        return 0;
    }
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
    /* glibc takes the smaller one of both symbols, musl this one. */
    return relocation->counted && symbol.st_size < word ? word : symbol.st_size;
}

/* Addresses [start, end); both 0: none. */
struct pages {
    uint64_t start, end;
};

/* What is summed up, with what is asked of the architecture once and not for each of them. */
struct summing {
    struct relocations_summary *summary;
    struct relocation_types types;
    uint64_t word;
    uint64_t dynamic;    /* address of the dynamic section */
    struct pages writes; /* those of the writable segment that the last one was in */
};

static void add_resolver(const struct image *image, const struct relocation *relocation,
                         struct relocations_summary *summary)
{
    uint64_t address = 0;
    relocation_addend(image, relocation, &address);
    *(uint64_t *)memory_append(&summary->resolvers, &summary->resolver_count,
                               &summary->resolver_capacity, sizeof *summary->resolvers) = address;
}

static bool holds(struct pages pages, uint64_t start, uint64_t size)
{
    return start >= pages.start && start <= pages.end && size <= pages.end - start;
}

/* Whole pages are mapped: "objcopy -R" leaves relocations behind of what it took from an edge. */
static struct pages find_writable(const struct image *image, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        struct pages pages = {.start = phdr->p_vaddr & ~(uint64_t)(SMALLEST_PAGE - 1)};
        if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_W) &&
            bytes_align_up(phdr->p_vaddr + phdr->p_memsz, SMALLEST_PAGE, &pages.end) &&
            holds(pages, start, size)) {
            return pages;
        }
    }
    return (struct pages){0, 0};
}

static void add_written(const struct image *image, struct summing *summing, uint64_t start,
                        uint64_t size)
{
    struct relocations_summary *summary = summing->summary;
    uint64_t end = size > UINT64_MAX - start ? UINT64_MAX : start + size;
    if (size == 0) {
        return;
    }
    if (!holds(summing->writes, start, size)) {
        summing->writes = find_writable(image, start, size);
        if (summing->writes.end == 0 && !summary->astray) {
            summary->astray = true;
            summary->astray_target = start;
        }
    }
    summary->written_start = start < summary->written_start ? start : summary->written_start;
    summary->written_end = end > summary->written_end ? end : summary->written_end;
    if (end <= summing->dynamic) {
        summary->untouched_start = end > summary->untouched_start ? end : summary->untouched_start;
    } else if (start > summing->dynamic) {
        summary->untouched_end = start < summary->untouched_end ? start : summary->untouched_end;
    } else {
        summary->untouched_start = UINT64_MAX;
    }
}

static void add_pointer(struct relocations_summary *summary, const struct relocation *relocation)
{
    uint64_t addend = relocation->addend;
    if (!relocation->has_addend) { /* to read them all would cost more than they save */
        summary->pointers_lowest = 0;
        summary->pointers_highest = UINT64_MAX;
    } else if (addend != 0) { /* as those of thread-local variables have it */
        summary->pointers_lowest =
            addend < summary->pointers_lowest ? addend : summary->pointers_lowest;
        summary->pointers_highest =
            addend > summary->pointers_highest ? addend : summary->pointers_highest;
    }
}

static bool sum_up(const struct image *image, const struct relocation *relocation, void *context)
{
    struct summing *summing = context;
    struct relocations_summary *summary = summing->summary;
    uint64_t size = summing->word;
    if (relocation->type == summing->types.relative && relocation->symbol == 0) {
        add_written(image, summing, relocation->target, size); /* nearly all of them */
        add_pointer(summary, relocation);
        return true;
    }
    if (relocation->type == summing->types.copy ||
        relocation->type == summing->types.tls_descriptor || relocation->type == TYPE_NONE) {
        size = relocation_extent(image, relocation);
    }
    add_written(image, summing, relocation->target, size);
    if (relocation->type == summing->types.irelative) {
        add_resolver(image, relocation, summary);
    }
    if (relocation->symbol == 0) {
        add_pointer(summary, relocation);
    }
    if (relocation->counted &&
        (relocation->type != summing->types.relative || relocation->symbol != 0)) {
        summary->counted_differ = true;
    }
    /* Symbol 0 too is looked at by glibc, but for relocations that have none. */
    bool looks = relocation->symbol != 0 ||
                 (relocation->type != summing->types.relative &&
                  relocation->type != summing->types.irelative && relocation->type != TYPE_NONE);
    if (looks && !relocation->counted && relocation->symbol >= summary->symbol_count) {
        summary->symbol_count = relocation->symbol + 1;
    }
    if (relocation->type == summing->types.copy &&
        relocation->symbol >= summary->copy_symbol_count) {
        summary->copy_symbol_count = relocation->symbol + 1;
    }
    return true;
}

/* Words that ld.so fills in for lazy binding, before it reads the tables: the first three of
   DT_PLTGOT, of which each architecture takes two (glibc, sysdeps: elf_machine_runtime_setup()). */
static bool find_got(const struct image *image, uint64_t *got)
{
    uint64_t table;
    return image_dynamic_value(image, DT_JMPREL, &table) &&
           image_dynamic_value(image, DT_PLTGOT, got);
}

const struct relocations_summary *relocations_summary(const struct image *image)
{
    struct relocations_summary *summary = &image->tables->relocations;
    uint64_t got;
    size_t index = image_find_phdr(image, PT_DYNAMIC);
    if (summary->made) {
        return summary;
    }
    *summary = (struct relocations_summary){.made = true,
                                            .written_start = UINT64_MAX,
                                            .untouched_end = UINT64_MAX,
                                            .pointers_lowest = UINT64_MAX};
    struct summing summing = {.summary = summary,
                              .types = image_arch(image)->relocations,
                              .word = codec_word_size(image_codec(image)),
                              .dynamic = index == SIZE_MAX ? 0 : image_phdr(image, index)->p_vaddr};
    summary->readable = relocations_walk(image, sum_up, &summing);
    if (find_got(image, &got)) {
        add_written(image, &summing, got, GOT_WORDS * summing.word);
    }
    return summary;
}

struct writer {
    uint64_t address, size; /* that is written to */
    uint64_t target;
};

static bool spares(const struct image *image, const struct relocation *relocation, void *context)
{
    struct writer *writer = context;
    uint64_t extent = relocation_extent(image, relocation);
    writer->target = relocation->target;
    return relocation->target < writer->address
               ? writer->address - relocation->target >= extent
               : extent == 0 || relocation->target - writer->address >= writer->size;
}

bool relocations_write_to(const struct image *image, uint64_t address, uint64_t size,
                          uint64_t *target)
{
    const struct relocations_summary *summary = relocations_summary(image);
    uint64_t end = size > UINT64_MAX - address ? UINT64_MAX : address + size;
    struct writer writer = {.address = address, .size = size};
    bool outside = address >= end || end <= summary->written_start ||
                   address >= summary->written_end ||
                   (address >= summary->untouched_start && end <= summary->untouched_end);
    bool result = !summary->readable || (!outside && !relocations_walk(image, spares, &writer));
    uint64_t got;
    if (!result && !outside && find_got(image, &got) &&
        bytes_overlap(got, GOT_WORDS * codec_word_size(image_codec(image)), address,
                      end - address)) {
        writer.target = got;
        result = true;
    }
    if (result && target) {
        *target = writer.target;
    }
    return result;
}
