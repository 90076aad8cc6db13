/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the loader can be made to call the stub, in the order of how little changes. What the
 * loader calls is initialisers.c's to say.
 *
 * init (shared objects): DT_INIT, which comes before all of DT_INIT_ARRAY, has the stub's address,
 * in place of its own or in a spare entry; or else the first element of DT_INIT_ARRAY has it.
 *
 * preinit (executables): the first element of DT_PREINIT_ARRAY has the stub's address. Where there
 * is no such array, two spare entries of the dynamic section make one, of a single element. At a
 * fixed address that is a word behind the stub; else ld.so has to relocate it, the payload is not
 * writable, and it is a word behind .bss. Where relocations have their addends in place (i386,
 * arm), .bss has no room for one: then it is the first word of DT_FINI_ARRAY, whose function is the
 * last of that array to be called, and becomes DT_FINI, which is called next.
 *
 * A spare entry is a DT_NULL that is not the last one, as GNU ld and mold leave some, or one that
 * means nothing (is_idle() says why).
 */
#include "elf/hook.h"

#include "elf/dynamic.h"
#include "elf/initialisers.h"
#include "elf/relocations.h"
#include "elf/verify_table.h"

#include <inttypes.h>
#include <string.h>

static int refuse(const struct image *image, struct error *error, const char *text)
{
    return error_file(error, ERROR_UNSUPPORTED, image_name(image), "%s", text);
}

static void add_entry(struct hook_edits *edits, size_t index, int64_t tag, enum hook_value kind,
                      uint64_t number)
{
    edits->entries[edits->entry_count++] = (struct hook_entry){index, tag, kind, number};
}

static bool matches(const struct image *image, uint64_t address, const struct code_pattern *pattern)
{
    struct bytes code;
    if (!image_at_address(image, address, pattern->size, &code)) {
        return false;
    }
    for (size_t i = 0; i < pattern->size; i++) {
        if ((code.data[i] ^ pattern->bytes[i]) & (pattern->mask ? pattern->mask[i] : 0xff)) {
            return false;
        }
    }
    if (!pattern->callee) {
        return true;
    }
    uint32_t displacement = bytes_get32(code.data + pattern->call, image_big_endian(image));
    uint64_t from = address + pattern->call + sizeof displacement;
    return matches(image, from + (uint64_t)(int64_t)(int32_t)displacement, pattern->callee);
}

/* Does that code do nothing but what the pattern says? */
static bool is_code_of(const struct image *image, uint64_t address,
                       const struct code_pattern *pattern)
{
    const struct code_pattern *pad = image_arch(image)->landing_pad;
    if (pad && matches(image, address, pad)) {
        address += pad->size;
    }
    return pattern && matches(image, address, pattern);
}

/* Is that entry the one of its tag that counts, and the only one? */
static bool is_only(const struct image *image, size_t index)
{
    for (size_t i = 0; i < image_dynamic_count(image); i++) {
        if (i != index && image_dynamic(image, i).d_tag == image_dynamic(image, index).d_tag) {
            return false;
        }
    }
    return true;
}

/*
 * Does the file mean the same to every loader without this entry?
 *  - DT_RELACOUNT, DT_RELCOUNT: how many relocations at the start of the table need no look at
 *    their type. glibc looks at each where the entry is missing, and has to see the same; musl
 * never reads it.
 *  - DT_BIND_NOW, and a DT_FLAGS of DF_BIND_NOW alone: where DT_FLAGS_1 says DF_1_NOW.
 *  - DT_FINI of a program, whose code is that of the C library's start files, and does nothing.
 *  - DT_INIT of a program, whose code is theirs: it calls __gmon_start__, which is only in programs
 *    that are linked with -pg, and this one has it from nowhere.
 */
static bool is_idle(const struct image *image, size_t index)
{
    GElf_Dyn dyn = image_dynamic(image, index);
    uint64_t flags = 0;
    image_dynamic_value(image, DT_FLAGS_1, &flags);
    if (!is_only(image, index)) {
        return false;
    }
    switch (dyn.d_tag) {
    case DT_RELACOUNT:
    case DT_RELCOUNT:
        return !relocations_summary(image)->counted_differ;
    case DT_BIND_NOW:
        return (flags & DF_1_NOW) != 0;
    case DT_FLAGS:
        return (flags & DF_1_NOW) != 0 && dyn.d_un.d_val == DF_BIND_NOW;
    case DT_FINI:
        return !image_is_shared(image) &&
               is_code_of(image, dyn.d_un.d_ptr, image_arch(image)->idle_fini);
    case DT_INIT:
        return !image_is_shared(image) &&
               is_code_of(image, dyn.d_un.d_ptr, image_arch(image)->idle_init) &&
               dynamic_imports(image, "__gmon_start__");
    default:
        return false;
    }
}

/*
 * The last resort, for a shared object that lld made without any constructor: the size of a symbol,
 * which is a constant. The gABI wants it to be there; neither glibc nor musl reads it, and tools
 * know the size.
 */
static bool is_symbol_size(const struct image *image, size_t index)
{
    GElf_Dyn dyn = image_dynamic(image, index);
    return dyn.d_tag == DT_SYMENT && is_only(image, index) &&
           dyn.d_un.d_val == codec_sym_size(image_codec(image));
}

/* Entries behind the last one, without the DT_NULL that has to stay. */
static size_t count_spare(const struct image *image)
{
    size_t entry = codec_dyn_size(image_codec(image));
    size_t used = image_dynamic_count(image);
    size_t index = image_find_phdr(image, PT_DYNAMIC);
    struct bytes table;
    if (index == SIZE_MAX || !bytes_slice(image_bytes(image), image_phdr(image, index)->p_offset,
                                          image_phdr(image, index)->p_filesz, &table)) {
        return 0;
    }
    size_t zeros = used * entry;
    while (zeros < table.size && table.data[zeros] == 0) {
        zeros++;
    }
    size_t spare = zeros / entry - used;
    return spare ? spare - 1 : 0;
}

/* Finds `wanted` entries that may become others: spare ones, then (if `idle`) such as mean nothing.
 `except`: not that one; SIZE_MAX: any. */
static bool take_entries(const struct image *image, bool idle, size_t wanted, size_t except,
                         size_t *indices)
{
    size_t found = 0;
    size_t used = image_dynamic_count(image);
    size_t spare = count_spare(image);
    for (size_t i = 0; i < spare && found < wanted; i++) {
        indices[found++] = used + i;
    }
    for (size_t i = 0; idle && i < used && found < wanted; i++) {
        if (i != except && is_idle(image, i)) {
            indices[found++] = i;
        }
    }
    for (size_t i = 0; idle && image_is_shared(image) && i < used && found < wanted; i++) {
        if (is_symbol_size(image, i)) {
            indices[found++] = i;
        }
    }
    return found == wanted;
}

/* --- init --- */

/* The loader itself, of glibc or musl: it calls the functions of others. */
static bool is_loader(const struct image *image)
{
    static const char *const names[] = {"ld-linux", "ld64.so", "ld.so", "ld-musl", "libc.musl"};
    size_t index = 0;
    const char *name = dynamic_string(image, DT_SONAME, &index);
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return name && strcmp(name, "libc.so") == 0;
}

static int settle_init(const struct image *image, struct hook_edits *out, struct error *error)
{
    bool calls_init = image_arch(image)->calls_dt_init;
    size_t index;
    if (!image_is_shared(image)) {
        return refuse(image, error,
                      "an executable, whose own first function runs later than its entry point: "
                      "use --hook entry");
    }
    if (!image_is_dynamic(image) || is_loader(image)) {
        return refuse(image, error, "the dynamic loader: not supported, cage what it loads");
    }
    if (initialisers_preinit(image).kind != INITIALISER_NONE) {
        return refuse(image, error,
                      "it has a DT_PREINIT_ARRAY, which glibc calls before all else of a shared "
                      "object that dlopen(3) opens: not supported");
    }
    struct initialiser first = initialisers_first(image);
    bool has_element = first.kind == INITIALISER_ELEMENT && first.known;
    if (first.kind == INITIALISER_FUNCTION) {
        out->next = first.function;
        add_entry(out, first.entry, DT_INIT, HOOK_VALUE_STUB, 0);
    } else if (calls_init && take_entries(image, !has_element, 1, SIZE_MAX, &index)) {
        add_entry(out, index, DT_INIT, HOOK_VALUE_STUB, 0); /* the array is called after it */
    } else if (has_element) {
        out->next = first.function;
        out->has_word = true;
        out->word = first.offset;
    } else {
        return refuse(
            image, error,
            first.kind == INITIALISER_ELEMENT
                ? "its first constructor is known only when it is loaded, and its dynamic "
                  "section has no entry to spare for the hook: not supported"
                : "it has no constructor, and its dynamic section no entry to spare for "
                  "one: not supported, link it with one");
    }
    return 0;
}

/* --- preinit --- */

/* The index of the last entry of that tag; SIZE_MAX if there is none. */
static size_t find_entry(const struct image *image, int64_t tag)
{
    for (size_t i = image_dynamic_count(image); i > 0; i--) {
        if (image_dynamic(image, i - 1).d_tag == tag) {
            return i - 1;
        }
    }
    return SIZE_MAX;
}

/* A word of memory behind the last writable segment, in a page that is its own. */
static bool find_slot(const struct image *image, uint64_t *slot)
{
    const GElf_Phdr *last = NULL;
    uint64_t word = codec_word_size(image_codec(image));
    uint64_t limit = UINT64_MAX;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && phdr->p_memsz) {
            limit = last ? phdr->p_vaddr & ~(uint64_t)(image_arch(image)->page_size - 1) : limit;
            if (phdr->p_flags & PF_W) {
                last = phdr;
                limit = UINT64_MAX;
            }
        }
    }
    return last && last->p_memsz > last->p_filesz &&
           bytes_align_up(last->p_vaddr + last->p_memsz, word, slot) &&
           bytes_in(*slot, word, limit);
}

/* An array of one element. `indices`: two entries that are free for it. */
static int make_array(const struct image *image, const size_t *indices, struct hook_edits *out,
                      struct error *error)
{
    struct codec codec = image_codec(image);
    uint64_t word = codec_word_size(codec);
    add_entry(out, indices[1], DT_PREINIT_ARRAYSZ, HOOK_VALUE_NUMBER, word);
    if (image_ehdr(image)->e_type == ET_EXEC) {
        add_entry(out, indices[0], DT_PREINIT_ARRAY, HOOK_VALUE_ARRAY, 0);
        return 0;
    }
    size_t size = find_entry(image, DT_RELASZ);
    if (size == SIZE_MAX || find_entry(image, DT_RELA) == SIZE_MAX ||
        image_dynamic(image, size).d_un.d_val == 0) {
        return refuse(image, error,
                      "--hook preinit needs relocations with addends (DT_RELA), or destructors and "
                      "a DT_FINI that does nothing: not supported, use --hook entry");
    }
    if (!find_slot(image, &out->slot)) {
        return refuse(image, error,
                      "--hook preinit needs a .bss that can grow by a word: not supported, use "
                      "--hook entry");
    }
    add_entry(out, indices[0], DT_PREINIT_ARRAY, HOOK_VALUE_NUMBER, out->slot);
    add_entry(out, size, DT_RELASZ, HOOK_VALUE_NUMBER,
              image_dynamic(image, size).d_un.d_val + codec_rela_size(codec));
    return 0;
}

/* The first word of DT_FINI_ARRAY becomes the array; see above. */
static bool take_destructor(const struct image *image, struct hook_edits *out)
{
    const size_t array = find_entry(image, DT_FINI_ARRAY);
    const size_t size = find_entry(image, DT_FINI_ARRAYSZ);
    const size_t fini = find_entry(image, DT_FINI);
    uint64_t word = codec_word_size(image_codec(image));
    struct initialiser last = initialisers_last_destructor(image);
    if (!image_arch(image)->calls_dt_init || !last.known || fini == SIZE_MAX ||
        !is_only(image, array) || !is_only(image, size) || !is_idle(image, fini)) {
        return false;
    }
    size_t indices[2] = {array, size};
    uint64_t address = image_dynamic(image, array).d_un.d_ptr;
    uint64_t rest = image_dynamic(image, size).d_un.d_val - word;
    *out = (struct hook_edits){.has_word = true, .word = last.offset};
    if (rest > 0) {
        if (!take_entries(image, true, 2, fini, indices)) {
            return false;
        }
        add_entry(out, array, DT_FINI_ARRAY, HOOK_VALUE_NUMBER, address + word);
        add_entry(out, size, DT_FINI_ARRAYSZ, HOOK_VALUE_NUMBER, rest);
    }
    add_entry(out, fini, DT_FINI, HOOK_VALUE_NUMBER, last.function);
    add_entry(out, indices[0], DT_PREINIT_ARRAY, HOOK_VALUE_NUMBER, address);
    add_entry(out, indices[1], DT_PREINIT_ARRAYSZ, HOOK_VALUE_NUMBER, word);
    return true;
}

static int settle_preinit(const struct image *image, struct hook_edits *out, struct error *error)
{
    if (image_is_shared(image)) {
        return refuse(
            image, error,
            "a shared object, whose DT_PREINIT_ARRAY is not called where a program needs it: use "
            "--hook init");
    }
    if (image_find_phdr(image, PT_INTERP) == SIZE_MAX) {
        return refuse(image, error,
                      "static: nothing of it runs before its entry point: use --hook entry");
    }
    if (!initialisers_preinit_is_called(image)) {
        return refuse(image, error,
                      "its loader (PT_INTERP) is not glibc's, and musl's ignores DT_PREINIT_ARRAY: "
                      "use --hook entry");
    }
    if (table_is_missed(image)) {
        return refuse(image, error,
                      "Linux before 5.18 takes other bytes for its program headers, so that ld.so "
                      "would not see DT_PREINIT_ARRAY: use --hook entry");
    }
    struct initialiser first = initialisers_preinit(image);
    if (first.kind != INITIALISER_NONE) {
        out->has_word = true;
        out->word = first.offset;
        out->next = first.function;
        return first.known ? 0
                           : refuse(image, error,
                                    "the first function of its DT_PREINIT_ARRAY is known only when "
                                    "it is loaded: not supported, use --hook entry");
    }
    size_t indices[2];
    if (find_entry(image, DT_PREINIT_ARRAY) != SIZE_MAX ||
        find_entry(image, DT_PREINIT_ARRAYSZ) != SIZE_MAX) {
        return refuse(
            image, error,
            "its DT_PREINIT_ARRAY is empty or half there: not supported, use --hook entry");
    }
    int result = take_entries(image, true, 2, SIZE_MAX, indices)
                     ? make_array(image, indices, out, error)
                     : refuse(image, error,
                              "its dynamic section has no two entries to spare for "
                              "DT_PREINIT_ARRAY: not supported, use --hook entry");
    if (result != 0 && take_destructor(image, out)) {
        error_clear(error);
        result = 0;
    }
    return result;
}

int hook_settle(const struct image *image, enum hook hook, struct hook_edits *out,
                struct error *error)
{
    *out = (struct hook_edits){0};
    if (hook == HOOK_ENTRY) {
        out->next = image_ehdr(image)->e_entry;
        return !image_is_shared(image)
                   ? 0
                   : refuse(image, error,
                            "a shared object, which nobody enters at its entry point: use --hook "
                            "init");
    }
    if (initialisers_are_relocated(image)) {
        return refuse(image, error,
                      "its relocations cannot be read, or write to its dynamic section or to each "
                      "other: no hook but the entry point is safe there");
    }
    return hook == HOOK_INIT ? settle_init(image, out, error) : settle_preinit(image, out, error);
}
