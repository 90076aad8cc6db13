/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An indirect function (GNU's STT_GNU_IFUNC) has a resolver, which says where the function is.
 * glibc (elf/do-rel.h, elf/dl-lookup.c, sysdeps: dl-irel.h, dl-machine.h) calls, when it relocates
 *   - what an R_*_IRELATIVE adds to the load address,
 *   - the value of a defined symbol of that type which a relocation leads to: by its index, if it
 *     is the file's own, or by its name, from any file.
 * musl calls none. What runs then has no filter yet, so payloads remember which there were.
 *
 * How many symbols can be found by name is what the hash tables say: no index in them is higher.
 * Tools move tables and may sort symbols, but leave code where it is. So the addresses are sorted
 * here, and no more is made of them. What nobody can read counts as one more address.
 */
#include "elf/resolvers.h"

#include "base/memory.h"
#include "elf/image_private.h"

#include <stdlib.h>

#define UNREADABLE UINT64_MAX
/* Those in hash tables have 32 bits in either class, bytes. */
#define NUMBER_SIZE 4u

struct resolvers {
    uint64_t *addresses; /* owned */
    size_t count, capacity;
};

static void add(struct resolvers *resolvers, uint64_t address)
{
    *(uint64_t *)memory_append(&resolvers->addresses, &resolvers->count, &resolvers->capacity,
                               sizeof *resolvers->addresses) = address;
}

/* A table as it is loaded. */
struct table {
    const struct image *image;
    uint64_t address;
    size_t entry;       /* bytes */
    struct bytes whole; /* in the file; empty if it is not in one segment, or its end not known */
};

/* `count`: of its entries, 0 if that is not known. */
static struct table table_at(const struct image *image, uint64_t address, size_t entry,
                             uint64_t count)
{
    struct table table = {.image = image, .address = address, .entry = entry};
    uint64_t size;
    if (!bytes_multiply(count, entry, &size) ||
        !image_at_address(image, address, size, &table.whole)) {
        table.whole = (struct bytes){NULL, 0};
    }
    return table;
}

/* `buffer` may be used, and has room for an entry. NULL if it is not in the file. */
static const uint8_t *entry_at(const struct table *table, uint64_t index, uint8_t *buffer)
{
    uint64_t start = index * table->entry; /* both are small */
    uint64_t at;
    struct bytes bytes;
    if (bytes_slice(table->whole, start, table->entry, &bytes)) {
        return bytes.data;
    }
    return bytes_add(table->address, start, &at) &&
                   image_read(table->image, at, table->entry, buffer)
               ? buffer
               : NULL;
}

static bool read_number(const struct table *table, uint64_t index, uint32_t *number)
{
    uint8_t buffer[NUMBER_SIZE];
    const uint8_t *bytes = entry_at(table, index, buffer);
    if (bytes) {
        *number = bytes_get32(bytes, image_big_endian(table->image));
    }
    return bytes != NULL;
}

/* The highest of `count` numbers; 0 if there is none. */
static bool read_highest(const struct image *image, uint64_t array, uint64_t count,
                         uint32_t *highest)
{
    struct table table = table_at(image, array, NUMBER_SIZE, count);
    const uint8_t *whole = table.whole.data; /* programs with many symbols have many of these */
    bool big_endian = image_big_endian(image);
    *highest = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t number;
        if (whole) {
            number = bytes_get32(whole + i * NUMBER_SIZE, big_endian);
        } else if (!read_number(&table, i, &number)) {
            return false;
        }
        *highest = number > *highest ? number : *highest;
    }
    return true;
}

/* DT_HASH: numbers of buckets and chain words, then these. There are as many chain words as
   symbols, and no word leads behind them. `size`: of the table, bytes; `symbols`: how many it has.
 */
static bool count_hash(const struct image *image, uint64_t address, uint64_t *size,
                       uint64_t *symbols)
{
    struct table header = table_at(image, address, NUMBER_SIZE, 2);
    uint32_t buckets;
    uint32_t chains;
    uint32_t highest;
    uint64_t start;
    if (!read_number(&header, 0, &buckets) || !read_number(&header, 1, &chains) ||
        !bytes_add(address, (uint64_t)2 * NUMBER_SIZE, &start) ||
        !read_highest(image, start, (uint64_t)buckets + chains, &highest)) {
        return false;
    }
    *size = (2 + (uint64_t)buckets + chains) * NUMBER_SIZE;
    *symbols = chains;
    return chains == 0 || highest < chains;
}

/* DT_GNU_HASH: numbers of buckets, of symbols that are in none, of words of the Bloom filter, a
   shift; filter, buckets, chain words. The chain that begins highest ends last, at the first word
   with bit 0. */
static bool count_gnu_hash(const struct image *image, uint64_t address, uint64_t *size,
                           uint64_t *symbols)
{
    struct table header = table_at(image, address, NUMBER_SIZE, 4);
    uint32_t buckets;
    uint32_t unhashed;
    uint32_t bloom;
    uint32_t highest;
    uint64_t start;
    if (!read_number(&header, 0, &buckets) || !read_number(&header, 1, &unhashed) ||
        !read_number(&header, 2, &bloom) ||
        !bytes_add(address,
                   (uint64_t)4 * NUMBER_SIZE +
                       bloom * (uint64_t)codec_word_size(image_codec(image)),
                   &start) ||
        !read_highest(image, start, buckets, &highest)) {
        return false;
    }
    *size = start + (uint64_t)buckets * NUMBER_SIZE - address; /* all of it was read */
    *symbols = 0;
    if (highest == 0) {
        return true; /* all buckets are empty */
    }
    if (highest < unhashed || !bytes_add(start, (uint64_t)buckets * NUMBER_SIZE, &start)) {
        return false;
    }
    struct table chains = table_at(image, start, NUMBER_SIZE, 0);
    uint64_t index = highest;
    uint32_t word;
    do {
        if (!read_number(&chains, index - unhashed, &word)) {
            return false;
        }
        index++;
    } while ((word & 1) == 0);
    *size = start + (index - unhashed) * NUMBER_SIZE - address;
    *symbols = index;
    return true;
}

static void add_symbol(const struct image *image, const uint8_t *bytes, struct resolvers *resolvers)
{
    GElf_Sym symbol;
    codec_get_sym(image_codec(image), bytes, &symbol);
    if (GELF_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC && symbol.st_shndx != SHN_UNDEF) {
        add(resolvers, symbol.st_value);
    }
}

/* `symbols`: those of DT_SYMTAB, bytes. */
static bool find_symbols(const struct image *image, const struct resolvers_source *symbols,
                         struct resolvers *resolvers)
{
    const struct codec_wanted wanted = {.type = STT_GNU_IFUNC};
    size_t entry = codec_sym_size(image_codec(image));
    size_t count = (size_t)(symbols->size / entry);
    struct table table = table_at(image, symbols->start, entry, count);
    if (table.whole.size > 0) {
        uint64_t offset = (uint64_t)(table.whole.data - image_bytes(image).data);
        for (size_t i = 0; i < count; i++) {
            i = image_find_symbol(image, offset, count, i, &wanted);
            if (i < count) {
                add_symbol(image, table.whole.data + i * entry, resolvers);
            }
        }
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t buffer[sizeof(Elf64_Sym)];
        const uint8_t *bytes = entry_at(&table, i, buffer);
        if (!bytes) {
            return false;
        }
        add_symbol(image, bytes, resolvers);
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* The first bytes of SHA-256 over the addresses in order, each as eight bytes, little-endian. */
static uint64_t digest(struct resolvers *resolvers)
{
    uint8_t result[BYTES_DIGEST_SIZE];
    struct buffer text = {0};
    if (resolvers->count == 0) {
        return 0;
    }
    qsort(resolvers->addresses, resolvers->count, sizeof *resolvers->addresses, compare);
    for (size_t i = 0; i < resolvers->count; i++) {
        uint8_t bytes[8];
        bytes_put64(bytes, false, resolvers->addresses[i]);
        buffer_add(&text, bytes, sizeof bytes);
    }
    bytes_digest(text.data, text.size, result);
    buffer_free(&text);
    return bytes_get64(result, false);
}

static bool find_sources(const struct image *image, struct resolvers_source *out)
{
    struct resolvers_source *hash = &out[RESOLVERS_HASH];
    struct resolvers_source *gnu_hash = &out[RESOLVERS_GNU_HASH];
    struct resolvers_source *symbols = &out[RESOLVERS_SYMBOLS];
    uint64_t count = relocations_summary(image)->symbol_count;
    uint64_t more = 0;
    uint64_t end;
    if (image_dynamic_value(image, DT_HASH, &hash->start) &&
        !count_hash(image, hash->start, &hash->size, &more)) {
        return false;
    }
    count = more > count ? more : count;
    if (image_dynamic_value(image, DT_GNU_HASH, &gnu_hash->start) &&
        !count_gnu_hash(image, gnu_hash->start, &gnu_hash->size, &more)) {
        return false;
    }
    count = more > count ? more : count;
    return count == 0 ||
           (image_dynamic_value(image, DT_SYMTAB, &symbols->start) &&
            bytes_multiply(count, codec_sym_size(image_codec(image)), &symbols->size) &&
            bytes_add(symbols->start, symbols->size, &end));
}

const struct resolvers_source *resolvers_sources(const struct image *image)
{
    struct resolvers_known *known = &image->tables->resolvers;
    if (!known->made) {
        known->made = true;
        known->readable = find_sources(image, known->sources);
    }
    return known->readable ? known->sources : NULL;
}

uint64_t resolvers_digest(const struct image *image)
{
    const struct relocations_summary *summary = relocations_summary(image);
    const struct resolvers_source *sources = resolvers_sources(image);
    struct resolvers resolvers = {0};
    for (size_t i = 0; summary->readable && i < summary->resolver_count; i++) {
        add(&resolvers, summary->resolvers[i]);
    }
    if (!summary->readable || !sources ||
        !find_symbols(image, &sources[RESOLVERS_SYMBOLS], &resolvers)) {
        add(&resolvers, UNREADABLE);
    }
    uint64_t result = digest(&resolvers);
    free(resolvers.addresses);
    return result;
}

/* Can a program write to pages of that? Elsewhere a relocation ends it. */
static bool is_writable(const struct image *image, const struct resolvers_source *source)
{
    uint64_t page = image_arch(image)->page_size;
    for (size_t i = 0; source->size > 0 && i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_W) &&
            ((source->start + source->size - 1) | (page - 1)) >= phdr->p_vaddr &&
            (source->start & ~(page - 1)) < phdr->p_vaddr + phdr->p_memsz) {
            return true;
        }
    }
    return false;
}

bool resolvers_are_relocated(const struct image *image)
{
    const struct resolvers_source *sources = resolvers_sources(image);
    if (!sources) {
        return true;
    }
    for (size_t i = 0; i < RESOLVERS_SOURCES; i++) {
        if (is_writable(image, &sources[i]) &&
            relocations_write_to(image, sources[i].start, sources[i].size, NULL)) {
            return true;
        }
    }
    return false;
}
