/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By the dynamic section alone: section headers, which layouts go by, may leave out what it names.
 * The size of a table stands beside it, or is what the chains in it say (resolvers.c, versions.c).
 */
#include "elf/structures.h"

#include "elf/resolvers.h"
#include "elf/versions.h"

static const struct {
    const char *name;
    int64_t tag, size_tag;
    const char *own;
} tables[] = {
    {"DT_REL", DT_REL, DT_RELSZ, "hook"},
    {"DT_RELA", DT_RELA, DT_RELASZ, "hook"},
    {"DT_RELR", DT_RELR, DT_RELRSZ, ""},
    {"DT_JMPREL", DT_JMPREL, DT_PLTRELSZ, "hook"},
    {"DT_STRTAB", DT_STRTAB, DT_STRSZ, ""},
    {"DT_INIT_ARRAY", DT_INIT_ARRAY, DT_INIT_ARRAYSZ, "hook"},
    {"DT_PREINIT_ARRAY", DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ, "hook"},
    {"DT_FINI_ARRAY", DT_FINI_ARRAY, DT_FINI_ARRAYSZ, "hook"},
};

static const struct {
    const char *name, *own;
} sources[RESOLVERS_SOURCES] = {
    [RESOLVERS_HASH] = {"DT_HASH", ""},
    [RESOLVERS_GNU_HASH] = {"DT_GNU_HASH", ""},
    [RESOLVERS_SYMBOLS] = {"DT_SYMTAB", "symbols"},
};

static const char *const versions[VERSIONS_TABLES][2] = {
    [VERSIONS_OF_SYMBOLS] = {"DT_VERSYM", ""},
    [VERSIONS_NEEDED] = {"DT_VERNEED", "the unreadable rest of DT_VERNEED"},
    [VERSIONS_DEFINED] = {"DT_VERDEF", "the unreadable rest of DT_VERDEF"},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(LENGTH(tables) + LENGTH(sources) + LENGTH(versions) <= STRUCTURES_MAX,
               "there is room for all");

size_t structures_find(const struct image *image, struct structure *out, bool *complete)
{
    const struct resolvers_source *symbols = resolvers_sources(image);
    const struct versions_table *numbers = versions_tables(image);
    size_t count = 0;
    for (size_t i = 0; i < LENGTH(tables); i++) {
        struct structure structure = {.name = tables[i].name, .own = tables[i].own};
        if (image_dynamic_value(image, tables[i].tag, &structure.start) &&
            image_dynamic_value(image, tables[i].size_tag, &structure.size)) {
            out[count++] = structure;
        }
    }
    for (size_t i = 0; symbols && i < LENGTH(sources); i++) {
        out[count++] = (struct structure){.name = sources[i].name,
                                          .start = symbols[i].start,
                                          .size = symbols[i].size,
                                          .own = sources[i].own};
    }
    for (size_t i = 0; i < LENGTH(versions); i++) {
        out[count++] = (struct structure){.name = versions[i][numbers[i].unreadable],
                                          .start = numbers[i].start,
                                          .size = numbers[i].size,
                                          .own = "",
                                          .unreadable = numbers[i].unreadable};
    }
    *complete = symbols != NULL;
    return count;
}
