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

#include <stdlib.h>

#define UNREADABLE UINT64_MAX
/* So many symbols stay in memory while they are looked through. */
#define PIECE_SYMBOLS ((uint64_t)16384)
/* Headers of both hash tables, bytes; all their numbers have 32 bits (gABI; GNU_HASH likewise). */
#define HASH_HEADER_SIZE 8u
#define GNU_HASH_HEADER_SIZE 16u
#define NUMBER_SIZE 4u

static void add(struct resolvers *resolvers, uint64_t address)
{
    *(uint64_t *)memory_append(&resolvers->addresses, &resolvers->count, &resolvers->capacity,
                               sizeof *resolvers->addresses) = address;
}

static void add_symbol_count(struct resolvers *resolvers, uint64_t count)
{
    resolvers->symbol_count = count > resolvers->symbol_count ? count : resolvers->symbol_count;
}

void resolvers_see(const struct image *image, const struct relocation *relocation,
                   struct resolvers *resolvers)
{
    uint64_t address = 0;
    if (relocation->type == image_arch(image)->relocations.irelative) {
        relocation_addend(image, relocation, &address);
        add(resolvers, address);
    }
    add_symbol_count(resolvers, relocation->symbol ? relocation->symbol + 1 : 0);
}

static uint32_t number_at(const struct image *image, struct bytes numbers, uint64_t index)
{
    return bytes_get32(numbers.data + index * NUMBER_SIZE, image_big_endian(image));
}

/* The highest of them; 0 if there is none. */
static uint32_t highest_of(const struct image *image, struct bytes numbers)
{
    uint32_t highest = 0;
    for (uint64_t i = 0; i < numbers.size / NUMBER_SIZE; i++) {
        uint32_t number = number_at(image, numbers, i);
        highest = number > highest ? number : highest;
    }
    return highest;
}

/* DT_HASH: as many chain words as symbols, and no word leads behind them. */
static bool count_hash(const struct image *image, uint64_t table, struct resolvers *resolvers)
{
    struct bytes header;
    struct bytes words;
    uint64_t start;
    if (!image_at_address(image, table, HASH_HEADER_SIZE, &header) ||
        !bytes_add(table, HASH_HEADER_SIZE, &start)) {
        return false;
    }
    uint64_t buckets = number_at(image, header, 0);
    uint64_t chains = number_at(image, header, 1);
    add_symbol_count(resolvers, chains);
    return image_at_address(image, start, (buckets + chains) * NUMBER_SIZE, &words) &&
           (chains == 0 || highest_of(image, words) < chains);
}

/* DT_GNU_HASH: the chain that begins highest ends last, at the first word with bit 0. */
static bool count_gnu_hash(const struct image *image, uint64_t table, struct resolvers *resolvers)
{
    struct bytes header;
    struct bytes words;
    uint64_t start;
    if (!image_at_address(image, table, GNU_HASH_HEADER_SIZE, &header)) {
        return false;
    }
    uint64_t buckets = number_at(image, header, 0);
    uint64_t first = number_at(image, header, 1);
    uint64_t bloom = (uint64_t)number_at(image, header, 2) * codec_word_size(image_codec(image));
    if (!bytes_add(table, GNU_HASH_HEADER_SIZE + bloom, &start) ||
        !image_at_address(image, start, buckets * NUMBER_SIZE, &words)) {
        return false;
    }
    uint64_t index = highest_of(image, words);
    if (index == 0) {
        return true; /* all buckets are empty */
    }
    if (index < first || !bytes_add(start, buckets * NUMBER_SIZE, &start)) {
        return false;
    }
    do {
        uint64_t address;
        if (!bytes_add(start, (index - first) * NUMBER_SIZE, &address) ||
            !image_at_address(image, address, NUMBER_SIZE, &words)) {
            return false;
        }
        index++;
    } while ((number_at(image, words, 0) & 1) == 0);
    add_symbol_count(resolvers, index);
    return true;
}

static bool find_symbols(const struct image *image, struct resolvers *resolvers)
{
    struct codec codec = image_codec(image);
    size_t entry = codec_sym_size(codec);
    uint64_t address = 0;
    uint64_t size;
    struct bytes table;
    if (resolvers->symbol_count == 0) {
        return true;
    }
    if (!image_dynamic_value(image, DT_SYMTAB, &address) ||
        !bytes_multiply(resolvers->symbol_count, entry, &size) ||
        !image_at_address(image, address, size, &table)) {
        return false;
    }
    uint64_t start = (uint64_t)(table.data - image_bytes(image).data);
    for (uint64_t i = 0; i < resolvers->symbol_count; i++) {
        GElf_Sym symbol;
        codec_get_sym(codec, table.data + i * entry, &symbol);
        if (GELF_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC && symbol.st_shndx != SHN_UNDEF) {
            add(resolvers, symbol.st_value);
        }
        if ((i + 1) % PIECE_SYMBOLS == 0) {
            image_forget(image, start + (i + 1 - PIECE_SYMBOLS) * entry, PIECE_SYMBOLS * entry);
        }
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

uint64_t resolvers_end(const struct image *image, struct resolvers *resolvers)
{
    uint64_t table;
    bool readable = relocations_unreadable(image) == NULL;
    if (image_dynamic_value(image, DT_HASH, &table)) {
        readable = count_hash(image, table, resolvers) && readable;
    }
    if (image_dynamic_value(image, DT_GNU_HASH, &table)) {
        readable = count_gnu_hash(image, table, resolvers) && readable;
    }
    if (!find_symbols(image, resolvers) || !readable) {
        add(resolvers, UNREADABLE);
    }
    uint64_t result = digest(resolvers);
    free(resolvers->addresses);
    *resolvers = (struct resolvers){0};
    return result;
}

static bool see(const struct image *image, const struct relocation *relocation, void *context)
{
    resolvers_see(image, relocation, context);
    return true;
}

uint64_t resolvers_digest(const struct image *image)
{
    struct resolvers resolvers = {0};
    relocations_walk(image, see, &resolvers);
    return resolvers_end(image, &resolvers);
}
