/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without section headers, an item is known only if both its start and its end are: PT_INTERP and
 * PT_NOTE by their sizes, dynamic tables by RELASZ, STRSZ, the counts in hash tables and so on.
 * "It ends where the next known one starts" is no bound: .rodata may stand between them.
 * Sources: gABI chapter 5, the GNU hash and symbol versioning specifications (LSB).
 */
#include "elf/room.h"

#include "elf/layout.h"

#include <string.h>

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

static uint32_t get32(const struct image *image, const uint8_t *bytes)
{
    return bytes_get32(bytes, image_big_endian(image));
}

/* The part of PT_LOAD from an address to the end of its file part: what a table may take. */
static bool from_address(const struct image *image, uint64_t address, struct bytes *out)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && address >= phdr->p_vaddr &&
            address - phdr->p_vaddr < phdr->p_filesz) {
            uint64_t skip = address - phdr->p_vaddr;
            return bytes_slice(image_bytes(image), phdr->p_offset + skip, phdr->p_filesz - skip,
                               out);
        }
    }
    return false;
}

static void add(struct room *room, const struct image *image, uint64_t address, uint64_t size)
{
    uint64_t offset;
    struct bytes bytes;
    if (size && image_at_address(image, address, size, &bytes) &&
        image_offset_of(image, address, &offset)) {
        room_add(room, image,
                 (struct room_item){.offset = offset,
                                    .size = size,
                                    .address = address,
                                    .movable = true,
                                    .section = SIZE_MAX});
    }
}

/* DT_HASH: two counts, buckets, one chain word for each symbol. */
static uint64_t hash_size(const struct image *image, struct bytes table, uint64_t *symbols)
{
    if (table.size < 8) {
        return 0;
    }
    *symbols = get32(image, table.data + 4);
    return 4 * (2 + (uint64_t)get32(image, table.data) + *symbols);
}

/*
 * DT_GNU_HASH: four words, bloom filter, buckets, one chain word for each symbol from `first` on.
 * The last chain ends at the word whose lowest bit is set. `*symbols` stays as it is if no symbol
 * is hashed: then the table does not know how many there are.
 */
static uint64_t gnu_hash_size(const struct image *image, struct bytes table, uint64_t *symbols)
{
    if (table.size < 16) {
        return 0;
    }
    uint64_t buckets = get32(image, table.data);
    uint64_t first = get32(image, table.data + 4);
    uint64_t chains = 16 + get32(image, table.data + 8) * codec_word_size(image_codec(image));
    uint64_t last = 0;
    if (!bytes_in(chains, 4 * buckets, table.size)) {
        return 0;
    }
    for (uint64_t i = 0; i < buckets; i++) {
        uint64_t symbol = get32(image, table.data + chains + 4 * i);
        last = symbol > last ? symbol : last;
    }
    chains += 4 * buckets;
    if (last < first) {
        return chains; /* nothing is hashed */
    }
    for (uint64_t at = chains + 4 * (last - first); bytes_in(at, 4, table.size); at += 4) {
        if (get32(image, table.data + at) & 1) {
            *symbols = first + (at - chains) / 4 + 1;
            return at + 4;
        }
    }
    return 0;
}

/* DT_VERNEED and DT_VERDEF: `count` records, each with a list; the end of the farthest one. */
static uint64_t version_size(const struct image *image, struct bytes table, uint64_t count,
                             bool needed)
{
    bool big = image_big_endian(image);
    const size_t record_size = needed ? sizeof(Elf64_Verneed) : sizeof(Elf64_Verdef);
    const size_t entry_size = needed ? sizeof(Elf64_Vernaux) : sizeof(Elf64_Verdaux);
    uint64_t end = 0;
    uint64_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (!bytes_in(at, record_size, table.size)) {
            return 0;
        }
        const uint8_t *record = table.data + at;
        uint64_t entries = bytes_get16(record + (needed ? 2 : 6), big);
        uint64_t entry = at + bytes_get32(record + (needed ? 8 : 12), big);
        end = at + record_size > end ? at + record_size : end;
        for (uint64_t j = 0; j < entries; j++) {
            if (!bytes_in(entry, entry_size, table.size)) {
                return 0;
            }
            end = entry + entry_size > end ? entry + entry_size : end;
            entry += bytes_get32(table.data + entry + entry_size - 4, big);
        }
        at += bytes_get32(record + record_size - 4, big);
    }
    return end;
}

/*
 * The number of symbols when no hash table knows it (an executable that exports nothing): linkers
 * put .dynstr or .gnu.version right behind .dynsym. Believed only if the distance is a whole number
 * of symbols and each of them has a name inside the string table.
 */
static uint64_t guess_symbols(const struct image *image, uint64_t symtab)
{
    struct codec codec = image_codec(image);
    size_t entry = codec_sym_size(codec);
    static const int64_t followers[] = {DT_STRTAB, DT_VERSYM, DT_GNU_HASH, DT_HASH};
    uint64_t distance = UINT64_MAX;
    uint64_t strings = 0;
    uint64_t address;
    struct bytes table;
    for (size_t i = 0; i < sizeof followers / sizeof *followers; i++) {
        if (image_dynamic_value(image, followers[i], &address) && address > symtab &&
            address - symtab < distance) {
            distance = address - symtab;
        }
    }
    image_dynamic_value(image, DT_STRSZ, &strings);
    if (distance % entry || !image_at_address(image, symtab, distance, &table)) {
        return 0;
    }
    for (size_t at = 0; at < table.size; at += entry) {
        GElf_Sym sym;
        codec_get_sym(codec, table.data + at, &sym);
        if (sym.st_name >= strings || GELF_ST_TYPE(sym.st_info) > STT_GNU_IFUNC) {
            return 0;
        }
    }
    return distance / entry;
}

static void add_symbols(struct room *room, const struct image *image)
{
    uint64_t address;
    uint64_t symbols = 0;
    struct bytes table;
    if (image_dynamic_value(image, DT_GNU_HASH, &address) && from_address(image, address, &table)) {
        add(room, image, address, gnu_hash_size(image, table, &symbols));
    }
    if (image_dynamic_value(image, DT_HASH, &address) && from_address(image, address, &table)) {
        add(room, image, address, hash_size(image, table, &symbols));
    }
    if (!image_dynamic_value(image, DT_SYMTAB, &address)) {
        return;
    }
    symbols = symbols ? symbols : guess_symbols(image, address);
    uint64_t size;
    if (bytes_multiply(symbols, codec_sym_size(image_codec(image)), &size)) {
        add(room, image, address, size);
    }
    if (image_dynamic_value(image, DT_VERSYM, &address)) {
        add(room, image, address, symbols * sizeof(Elf64_Versym));
    }
}

static void add_tables(struct room *room, const struct image *image)
{
    static const struct {
        int64_t start, size;
    } tables[] = {{DT_STRTAB, DT_STRSZ},
                  {DT_RELA, DT_RELASZ},
                  {DT_REL, DT_RELSZ},
                  {DT_JMPREL, DT_PLTRELSZ},
                  {DT_RELR, DT_RELRSZ}};
    uint64_t address;
    uint64_t size;
    struct bytes table;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (image_dynamic_value(image, tables[i].start, &address) &&
            image_dynamic_value(image, tables[i].size, &size)) {
            add(room, image, address, size);
        }
    }
    if (image_dynamic_value(image, DT_VERNEED, &address) &&
        image_dynamic_value(image, DT_VERNEEDNUM, &size) && from_address(image, address, &table)) {
        add(room, image, address, version_size(image, table, size, true));
    }
    if (image_dynamic_value(image, DT_VERDEF, &address) &&
        image_dynamic_value(image, DT_VERDEFNUM, &size) && from_address(image, address, &table)) {
        add(room, image, address, version_size(image, table, size, false));
    }
}

/* Notes of known owners: nothing but tools and loaders reads them. */
static bool is_movable_note(const struct image *image, const GElf_Phdr *phdr)
{
    struct bytes bytes;
    if (!bytes_slice(image_bytes(image), phdr->p_offset, phdr->p_filesz, &bytes)) {
        return false;
    }
    uint64_t at = 0;
    while (at < bytes.size) {
        if (!bytes_in(at, 16, bytes.size)) {
            return false;
        }
        const uint8_t *note = bytes.data + at;
        uint64_t owner = get32(image, note);
        bool known =
            owner == 4 && (memcmp(note + 12, "GNU", 4) == 0 || memcmp(note + 12, "FDO", 4) == 0 ||
                           memcmp(note + 12, "Go\0", 4) == 0);
        if (!known) {
            return false;
        }
        /* In units of 4 also where p_align is 8: mold puts both kinds into one PT_NOTE, and those
           of .note.gnu.property have sizes that are multiples of 8 anyway. */
        at += (16 + (uint64_t)get32(image, note + 4) + 3) & ~UINT64_C(3);
    }
    return true;
}

void room_add_known(struct room *room, const struct image *image)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if ((phdr->p_type == PT_INTERP || phdr->p_type == PT_NOTE) && phdr->p_filesz) {
            uint64_t offset;
            bool loaded =
                image_offset_of(image, phdr->p_vaddr, &offset) && offset == phdr->p_offset;
            room_add(room, image,
                     (struct room_item){.offset = phdr->p_offset,
                                        .size = phdr->p_filesz,
                                        .address = phdr->p_vaddr,
                                        .movable = loaded && (phdr->p_type == PT_INTERP ||
                                                              is_movable_note(image, phdr)),
                                        .known_first = true,
                                        .section = SIZE_MAX});
        }
    }
    bool relocated =
        image_ehdr(image)->e_type == ET_DYN || image_find_phdr(image, PT_INTERP) != SIZE_MAX;
    if (relocated) {
        add_symbols(room, image);
        add_tables(room, image);
    }
}
