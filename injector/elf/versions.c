/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol versions (LSB, "Symbol Versioning"): DT_VERSYM has a number of 16 bits for each symbol.
 * DT_VERNEED and DT_VERDEF are chains of records, and each record has a chain of entries. A link is
 * a distance of 32 bits without sign from the record that holds it, and 0 ends a chain.
 *
 * glibc (elf/dl-version.c) and musl follow the links and look at no count: not DT_VERNEEDNUM, not
 * vn_cnt. So it is done here, where the question is what they read. glibc refuses a file whose
 * first record of DT_VERNEED has another version than 1; musl reads none of them.
 */
#include "elf/versions.h"

#include "elf/image_private.h"

#include <string.h>

/* Versions have numbers of 15 bits. So many records and entries are enough for a file that needs or
   defines all of them, with two parents each; in more there is no sense, but much time. */
#define STEPS_MAX 0x20000u
/* A record over the border of two segments takes as long as that many others. */
#define STEPS_SPLIT 16u
#define RECORD_MAX sizeof(Elf64_Verdef)
#define LINK_SIZE sizeof(Elf64_Word)

/* The records are the same in both classes. The link to the next is the last word in all of them,
   that of a record to its entries stands in front of it. */
_Static_assert(sizeof(Elf32_Verneed) == sizeof(Elf64_Verneed) &&
                   sizeof(Elf32_Vernaux) == sizeof(Elf64_Vernaux) &&
                   sizeof(Elf32_Verdef) == sizeof(Elf64_Verdef) &&
                   sizeof(Elf32_Verdaux) == sizeof(Elf64_Verdaux),
               "one form for both classes");

struct walk {
    const struct image *image;
    bool needed;               /* DT_VERNEED, not DT_VERDEF */
    uint64_t end;              /* of what was read */
    uint64_t limit;            /* the last address */
    unsigned left;             /* steps */
    bool goes_back;            /* a link leads behind the last address, that is to the first ones */
    uint8_t bytes[RECORD_MAX]; /* the record or entry that was read last */
};

static bool read_record(struct walk *walk, uint64_t address, size_t size)
{
    struct bytes whole;
    bool split = !image_at_address(walk->image, address, size, &whole);
    unsigned steps = split ? STEPS_SPLIT : 1;
    if (walk->left < steps || !bytes_in(address, size, walk->limit)) {
        return false;
    }
    walk->left -= steps;
    if (split) {
        return image_read(walk->image, address, size, walk->bytes);
    }
    memcpy(walk->bytes, whole.data, size);
    return true;
}

static void extend(struct walk *walk, uint64_t address, size_t size)
{
    walk->end = address + size > walk->end ? address + size : walk->end;
}

static uint32_t link_at(const struct walk *walk, size_t place)
{
    return bytes_get32(walk->bytes + place, image_big_endian(walk->image));
}

static bool follow(struct walk *walk, uint32_t link, uint64_t *address)
{
    walk->goes_back = link > walk->limit - *address; /* what was read is below the limit */
    *address += link;
    return !walk->goes_back;
}

static bool walk_entries(struct walk *walk, uint64_t address)
{
    const size_t size = walk->needed ? sizeof(Elf64_Vernaux) : sizeof(Elf64_Verdaux);
    uint32_t next;
    do {
        if (!read_record(walk, address, size)) {
            return false;
        }
        extend(walk, address, size);
        next = link_at(walk, size - LINK_SIZE);
    } while (next != 0 && follow(walk, next, &address));
    return !walk->goes_back;
}

static bool walk_records(struct walk *walk, uint64_t address)
{
    const size_t size = walk->needed ? sizeof(Elf64_Verneed) : sizeof(Elf64_Verdef);
    uint32_t next;
    do {
        if (!read_record(walk, address, size)) {
            return false;
        }
        extend(walk, address, size);
        next = link_at(walk, size - LINK_SIZE);
        uint64_t entries = address;
        if (!follow(walk, link_at(walk, size - 2 * LINK_SIZE), &entries) ||
            !walk_entries(walk, entries)) {
            return false;
        }
    } while (next != 0 && follow(walk, next, &address));
    return !walk->goes_back;
}

/* No loader reads further. */
static bool is_refused(struct walk *walk, uint64_t address)
{
    return walk->needed && read_record(walk, address, sizeof(Elf64_Verneed)) &&
           bytes_get16(walk->bytes, image_big_endian(walk->image)) != 1;
}

static struct versions_table find_chains(const struct image *image, bool needed)
{
    struct versions_table table = {0};
    if (!image_dynamic_value(image, needed ? DT_VERNEED : DT_VERDEF, &table.start)) {
        return table;
    }
    struct walk walk = {.image = image,
                        .needed = needed,
                        .end = table.start,
                        .limit = image_codec(image).is_64 ? UINT64_MAX : UINT32_MAX,
                        .left = STEPS_MAX};
    if (is_refused(&walk, table.start)) {
        return (struct versions_table){0};
    }
    table.unreadable = !walk_records(&walk, table.start);
    if (table.unreadable) {
        table.start = walk.goes_back ? 0 : table.start;
        walk.end = UINT64_MAX;
    }
    table.size = walk.end - table.start;
    return table;
}

static struct versions_table find_numbers(const struct image *image)
{
    struct versions_table table = {0};
    const struct resolvers_source *sources = resolvers_sources(image);
    if (sources && image_dynamic_value(image, DT_VERSYM, &table.start)) {
        uint64_t symbols = sources[RESOLVERS_SYMBOLS].size / codec_sym_size(image_codec(image));
        table.size = symbols * sizeof(Elf64_Versym); /* less than what they take themselves */
    }
    return table;
}

const struct versions_table *versions_tables(const struct image *image)
{
    struct versions_known *known = &image->tables->versions;
    if (!known->made) {
        known->made = true;
        known->tables[VERSIONS_OF_SYMBOLS] = find_numbers(image);
        known->tables[VERSIONS_NEEDED] = find_chains(image, true);
        known->tables[VERSIONS_DEFINED] = find_chains(image, false);
    }
    return known->tables;
}
