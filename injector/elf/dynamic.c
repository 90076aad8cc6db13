/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a file's dynamic section holds. Imports are read off the relocations, which every
 * symbol that is needed from elsewhere has; how many symbols there are stands nowhere in a file
 * without section headers. Source: gABI chapter 5.
 */
#include "elf/dynamic.h"

#include "elf/relocations.h"

#include <string.h>

/* DT_STRTAB; false if it is not in the file. */
static bool find_strings(const struct image *image, struct bytes *table)
{
    uint64_t address;
    uint64_t size;
    return image_dynamic_value(image, DT_STRTAB, &address) &&
           image_dynamic_value(image, DT_STRSZ, &size) &&
           image_at_address(image, address, size, table);
}

/* The NUL-terminated string at `offset` of DT_STRTAB; NULL if there is none. */
static const char *string_at(const struct image *image, uint64_t offset)
{
    struct bytes table;
    if (!find_strings(image, &table) || offset >= table.size) {
        return NULL;
    }
    const uint8_t *start = table.data + offset;
    return memchr(start, 0, table.size - offset) ? (const char *)start : NULL;
}

const char *dynamic_string(const struct image *image, int64_t tag, size_t *index)
{
    while (*index < image_dynamic_count(image)) {
        GElf_Dyn dyn = image_dynamic(image, (*index)++);
        const char *text = dyn.d_tag == tag ? string_at(image, dyn.d_un.d_val) : NULL;
        if (text) {
            return text;
        }
    }
    return NULL;
}

/* What is looked for: a name, in the strings of the file. */
struct wanted_import {
    struct bytes strings;
    const char *name;
    bool found;
};

/* Only as many bytes of a name are looked at as tell: each relocation may have the same long one.
 */
static bool find_import(const struct image *image, const struct relocation *relocation,
                        void *context)
{
    struct wanted_import *wanted = context;
    struct codec codec = image_codec(image);
    size_t entry = codec_sym_size(codec);
    size_t length = strlen(wanted->name) + 1;
    uint64_t offset;
    uint64_t address;
    struct bytes bytes;
    if (relocation->symbol == 0 || relocation->symbols == 0 ||
        !bytes_multiply(relocation->symbol, entry, &offset) ||
        !bytes_add(relocation->symbols, offset, &address) ||
        !image_at_address(image, address, entry, &bytes)) {
        return true;
    }
    GElf_Sym sym;
    codec_get_sym(codec, bytes.data, &sym);
    wanted->found = sym.st_shndx == SHN_UNDEF &&
                    bytes_slice(wanted->strings, sym.st_name, length, &bytes) &&
                    memcmp(bytes.data, wanted->name, length) == 0;
    return !wanted->found;
}

bool dynamic_imports(const struct image *image, const char *name)
{
    static const enum relocation_table tables[] = {RELOCATIONS_PLT, RELOCATIONS_RELA,
                                                   RELOCATIONS_REL};
    struct wanted_import wanted = {.name = name};
    bool named = find_strings(image, &wanted.strings);
    for (size_t i = 0; named && !wanted.found && i < sizeof tables / sizeof *tables; i++) {
        relocations_walk_table(image, tables[i], find_import, &wanted);
    }
    return wanted.found;
}

size_t dynamic_constructors(const struct image *image)
{
    uint64_t size = 0;
    uint64_t init = 0;
    image_dynamic_value(image, DT_INIT_ARRAYSZ, &size);
    image_dynamic_value(image, DT_INIT, &init);
    size_t count = (size_t)(size / codec_word_size(image_codec(image)));
    return count || !init ? count : 1;
}
