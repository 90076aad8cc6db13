/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a file's dynamic section holds. Imports are read off the relocations, which every
 * symbol that is needed from elsewhere has; how many symbols there are stands nowhere in a file
 * without section headers. Source: gABI chapter 5.
 */
#include "elf/dynamic.h"

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

/* What is looked for: the table of symbols, the strings of their names, a name. */
struct wanted_import {
    uint64_t symtab;
    struct bytes strings;
    const char *name;
};

/* Only as many bytes of a name are looked at as tell: each relocation may have the same long one.
 */
static bool is_import(const struct image *image, uint64_t symbol,
                      const struct wanted_import *wanted)
{
    struct codec codec = image_codec(image);
    size_t entry = codec_sym_size(codec);
    size_t length = strlen(wanted->name) + 1;
    uint64_t offset;
    uint64_t address;
    struct bytes bytes;
    if (symbol == 0 || !bytes_multiply(symbol, entry, &offset) ||
        !bytes_add(wanted->symtab, offset, &address) ||
        !image_at_address(image, address, entry, &bytes)) {
        return false;
    }
    GElf_Sym sym;
    codec_get_sym(codec, bytes.data, &sym);
    return sym.st_shndx == SHN_UNDEF && bytes_slice(wanted->strings, sym.st_name, length, &bytes) &&
           memcmp(bytes.data, wanted->name, length) == 0;
}

/* Looks through the relocations that `table_tag` and `size_tag` describe. */
static bool table_imports(const struct image *image, int64_t table_tag, int64_t size_tag, bool rela,
                          const char *name)
{
    struct codec codec = image_codec(image);
    size_t entry = rela ? codec_rela_size(codec) : codec_rel_size(codec);
    uint64_t address;
    uint64_t size;
    struct wanted_import wanted = {.name = name};
    struct bytes table;
    if (!image_dynamic_value(image, table_tag, &address) ||
        !image_dynamic_value(image, size_tag, &size) ||
        !image_dynamic_value(image, DT_SYMTAB, &wanted.symtab) ||
        !find_strings(image, &wanted.strings) || !image_at_address(image, address, size, &table)) {
        return false;
    }
    for (size_t at = 0; at + entry <= table.size; at += entry) {
        GElf_Rela relocation;
        uint64_t symbol;
        if (rela) {
            codec_get_rela(codec, table.data + at, &relocation, &symbol);
        } else {
            codec_get_rel(codec, table.data + at, &relocation, &symbol);
        }
        if (is_import(image, symbol, &wanted)) {
            return true;
        }
    }
    return false;
}

bool dynamic_imports(const struct image *image, const char *name)
{
    uint64_t kind = DT_RELA;
    image_dynamic_value(image, DT_PLTREL, &kind);
    return table_imports(image, DT_JMPREL, DT_PLTRELSZ, kind == DT_RELA, name) ||
           table_imports(image, DT_RELA, DT_RELASZ, true, name) ||
           table_imports(image, DT_REL, DT_RELSZ, false, name);
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
