/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc (elf/dl-init.c, elf/get-dynamic-info.h): of several entries with one tag the last one
 * counts. _dl_init() calls the elements of the main program's DT_PREINIT_ARRAY, then for each
 * object, what it needs first, DT_INIT and the elements of DT_INIT_ARRAY. What dlopen(3) opens is
 * the main program there: its DT_PREINIT_ARRAY is called, that of what it needs is not. musl
 * (ldso/dynlink.c, do_init_fini()) does the same, knows no DT_PREINIT_ARRAY, and takes a DT_INIT of
 * 0 for none. Where loaders do not know DT_INIT, the architecture says so.
 *
 * All of this is read from memory after relocation. So what an element of an array is comes from
 * the relocation that writes it, and a relocation over the dynamic section itself would change all,
 * or one over other relocations, or the symbols that say how much a copy relocation writes and
 * which functions are indirect ones.
 */
#include "elf/initialisers.h"

#include "elf/relocations.h"
#include "elf/resolvers.h"

#include <string.h>

/* The word of an array that is looked for. */
struct search {
    uint64_t address;
    size_t hits;
    struct relocation last;
};

static bool find_writer(const struct image *image, const struct relocation *relocation,
                        void *context)
{
    struct search *search = context;
    uint64_t extent = relocation_extent(image, relocation);
    uint64_t word = codec_word_size(image_codec(image));
    bool near = relocation->target <= search->address
                    ? search->address - relocation->target < extent
                    : relocation->target - search->address < word;
    if (near) {
        search->hits++;
        search->last = *relocation;
    }
    return true;
}

/* The word at an address, and where it is in the file. */
static bool read_word(const struct image *image, uint64_t address, struct initialiser *out)
{
    struct codec codec = image_codec(image);
    struct bytes bytes;
    if (!image_at_address(image, address, codec_word_size(codec), &bytes)) {
        return false;
    }
    out->function = codec_get_word(codec, bytes.data);
    out->offset = (uint64_t)(bytes.data - image_bytes(image).data);
    return true;
}

static struct initialiser element(const struct image *image, uint64_t address)
{
    struct initialiser result = {.kind = INITIALISER_ELEMENT};
    struct search search = {.address = address};
    if (!relocations_walk(image, find_writer, &search) || search.hits > 1) {
        return result; /* two that write one word: it depends on their order */
    }
    const struct relocation *relocation = &search.last;
    if (search.hits == 0) {
        result.known = image_ehdr(image)->e_type == ET_EXEC && read_word(image, address, &result);
    } else if (relocation->type == image_arch(image)->relocations.relative &&
               relocation->symbol == 0 && relocation->target == address) {
        result.function = relocation->addend;
        result.offset = relocation->addend_offset;
        result.known = relocation->has_addend || read_word(image, address, &result);
    }
    return result;
}

static struct initialiser first_element(const struct image *image, int64_t tag, int64_t size_tag)
{
    uint64_t address;
    uint64_t size;
    if (!image_dynamic_value(image, tag, &address) ||
        !image_dynamic_value(image, size_tag, &size) ||
        size < codec_word_size(image_codec(image))) {
        return (struct initialiser){.kind = INITIALISER_NONE};
    }
    return element(image, address);
}

struct initialiser initialisers_first(const struct image *image)
{
    for (size_t i = image_dynamic_count(image); image_arch(image)->calls_dt_init && i > 0; i--) {
        GElf_Dyn dyn = image_dynamic(image, i - 1);
        if (dyn.d_tag == DT_INIT) {
            return (struct initialiser){.kind = INITIALISER_FUNCTION,
                                        .known = true,
                                        .function = dyn.d_un.d_ptr,
                                        .entry = i - 1};
        }
    }
    return first_element(image, DT_INIT_ARRAY, DT_INIT_ARRAYSZ);
}

struct initialiser initialisers_preinit(const struct image *image)
{
    return first_element(image, DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ);
}

struct initialiser initialisers_last_destructor(const struct image *image)
{
    return first_element(image, DT_FINI_ARRAY, DT_FINI_ARRAYSZ);
}

bool initialisers_are_relocated(const struct image *image)
{
    static const int64_t tables[][2] = {
        {DT_RELR, DT_RELRSZ}, {DT_REL, DT_RELSZ}, {DT_RELA, DT_RELASZ}, {DT_JMPREL, DT_PLTRELSZ}};
    size_t entry = codec_sym_size(image_codec(image));
    size_t index = image_find_phdr(image, PT_DYNAMIC);
    uint64_t address;
    uint64_t size;
    if (index == SIZE_MAX) {
        return false;
    }
    const GElf_Phdr *dynamic = image_phdr(image, index);
    size = dynamic->p_memsz > dynamic->p_filesz ? dynamic->p_memsz : dynamic->p_filesz;
    if (relocations_write_to(image, dynamic->p_vaddr, size, NULL)) {
        return true;
    }
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (image_dynamic_value(image, tables[i][0], &address) &&
            image_dynamic_value(image, tables[i][1], &size) &&
            relocations_write_to(image, address, size, NULL)) {
            return true;
        }
    }
    uint64_t copied = relocations_summary(image)->copy_symbol_count;
    if (copied > 0 && image_dynamic_value(image, DT_SYMTAB, &address) &&
        (!bytes_multiply(copied, entry, &size) ||
         relocations_write_to(image, address, size, NULL))) {
        return true;
    }
    return resolvers_are_relocated(image);
}

bool initialisers_preinit_is_called(const struct image *image)
{
    static const char *const known[] = {"ld-linux", "ld64.so.", "ld.so."};
    size_t index = image_find_phdr(image, PT_INTERP);
    struct bytes path;
    if (index == SIZE_MAX ||
        !bytes_slice(image_bytes(image), image_phdr(image, index)->p_offset,
                     image_phdr(image, index)->p_filesz, &path) ||
        path.size == 0 || path.data[path.size - 1] != 0) {
        return false;
    }
    const char *text = (const char *)path.data;
    const char *slash = strrchr(text, '/');
    const char *name = slash ? slash + 1 : text;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(name, known[i], strlen(known[i])) == 0) {
            return true;
        }
    }
    return false;
}
