/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose.c adjusts program headers, known DT_* addresses and symbols. Whatever else a file tells
 * about references is looked at here: relocations (RELA, REL, RELR), symbols that code uses, DT_*
 * entries of unknown kind. In position-independent files that is every absolute reference there is.
 *
 * No relocation type is asked for: one without a symbol whose addend lies in a moved range is taken
 * for a pointer. That may refuse a file without need, never the other way round.
 */
#include "elf/references.h"

#include "base/memory.h"
#include "elf/relocations.h"
#include "elf/structures.h"

#include <string.h>

#ifndef DT_RELRENT
#define DT_RELRENT 37
#endif

static bool moves_address(const struct draft *draft, uint64_t address)
{
    return draft_find_address(draft, address) != NULL;
}

/* [start, start + size) of the loaded image: all in one move, or nothing of it moves. */
static bool is_whole(const struct draft *draft, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < draft->move_count; i++) {
        const struct draft_move *move = &draft->moves[i];
        if (bytes_overlap(start, size, move->address, move->size) &&
            !(start >= move->address && bytes_in(start - move->address, size, move->size))) {
            return false;
        }
    }
    return true;
}

/* An entry that holds a number, whatever that number looks like. */
static bool is_number(int64_t tag)
{
    static const int64_t numbers[] = {
        DT_NEEDED,       DT_PLTRELSZ,   DT_RELASZ,       DT_RELAENT,  DT_STRSZ,
        DT_SYMENT,       DT_SONAME,     DT_RPATH,        DT_SYMBOLIC, DT_RELSZ,
        DT_RELENT,       DT_PLTREL,     DT_DEBUG,        DT_TEXTREL,  DT_BIND_NOW,
        DT_INIT_ARRAYSZ, DT_RUNPATH,    DT_FINI_ARRAYSZ, DT_FLAGS,    DT_PREINIT_ARRAYSZ,
        DT_RELRSZ,       DT_RELRENT,    DT_RELACOUNT,    DT_RELCOUNT, DT_FLAGS_1,
        DT_VERDEFNUM,    DT_VERNEEDNUM, DT_AUXILIARY,    DT_FILTER};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (tag == numbers[i]) {
            return true;
        }
    }
    return tag >= DT_VALRNGLO && tag <= DT_VALRNGHI;
}

static bool dynamic_allows(const struct draft *draft)
{
    for (size_t i = 0; i < image_dynamic_count(draft->image); i++) {
        GElf_Dyn dyn = image_dynamic(draft->image, i);
        if (!layout_is_pointer(dyn.d_tag) && !is_number(dyn.d_tag) &&
            moves_address(draft, dyn.d_un.d_ptr)) {
            return false;
        }
    }
    return true;
}

static bool structures_allow(const struct draft *draft, const char **problem)
{
    struct structure structures[STRUCTURES_MAX];
    bool complete;
    size_t count = structures_find(draft->image, structures, &complete);
    *problem = "a dynamic table would be split";
    for (size_t i = 0; i < count; i++) {
        if (!is_whole(draft, structures[i].start, structures[i].size)) {
            if (structures[i].unreadable) {
                *problem = "a table of symbol versions without end may be in what would move";
            }
            return false;
        }
    }
    return complete;
}

/* ld.so takes the first values of thread-local variables by address, compose.c moves segments by
   offset: both have to mean the same. */
static bool threads_allow(const struct draft *draft)
{
    for (size_t i = 0; i < image_phdr_count(draft->image); i++) {
        const GElf_Phdr *phdr = image_phdr(draft->image, i);
        if (phdr->p_type != PT_TLS || phdr->p_filesz == 0) {
            continue;
        }
        const struct draft_move *move = draft_find_address(draft, phdr->p_vaddr);
        if (!is_whole(draft, phdr->p_vaddr, phdr->p_filesz) ||
            move != draft_find_move(draft, phdr->p_offset, phdr->p_filesz) ||
            (move && phdr->p_vaddr - move->address != phdr->p_offset - move->offset)) {
            return false;
        }
    }
    return true;
}

static bool leads_elsewhere(const struct image *image, const struct relocation *relocation,
                            void *context)
{
    const struct draft *draft = context;
    uint64_t pointer;
    return !(relocation->symbol == 0 && relocation_addend(image, relocation, &pointer) &&
             moves_address(draft, pointer));
}

/* Neither what is written to may move nor what a pointer leads to. */
static bool relocations_allow(struct draft *draft)
{
    const struct relocations_summary *summary = relocations_summary(draft->image);
    bool pointed_to = false;
    for (size_t i = 0; i < draft->move_count; i++) {
        const struct draft_move *move = &draft->moves[i];
        if (relocations_write_to(draft->image, move->address, move->size, NULL)) {
            return false;
        }
        pointed_to = pointed_to || move->address == 0 ||
                     (summary->pointers_lowest < move->address + move->size &&
                      summary->pointers_highest >= move->address);
    }
    return !pointed_to || relocations_walk(draft->image, leads_elsewhere, draft);
}

/* The name of a symbol, "" if it has none that ends within the string table. */
static const char *symbol_name(const struct image *image, const GElf_Shdr *table,
                               const GElf_Sym *sym)
{
    struct bytes names;
    if (table->sh_link >= image_shdr_count(image)) {
        return "";
    }
    const GElf_Shdr *strings = image_shdr(image, table->sh_link);
    if (strings->sh_type != SHT_STRTAB ||
        !bytes_slice(image_bytes(image), strings->sh_offset, strings->sh_size, &names) ||
        sym->st_name >= names.size ||
        !memchr(names.data + sym->st_name, 0, names.size - sym->st_name)) {
        return "";
    }
    return (const char *)names.data + sym->st_name;
}

/*
 * A symbol that a program defined in a note or in .interp may be used by its code. C libraries have
 * __abi_tag there, which nobody uses. __rela_iplt_start and _end, which static start-up code uses,
 * are harmless where they enclose nothing, as in every position-independent file.
 */
static bool symbol_allows(const struct draft *draft, const GElf_Shdr *table, const GElf_Sym *sym,
                          uint64_t *iplt_start, uint64_t *iplt_end)
{
    if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE ||
        !moves_address(draft, sym->st_value)) {
        return true;
    }
    unsigned type = GELF_ST_TYPE(sym->st_info);
    const char *name = symbol_name(draft->image, table, sym);
    if (strcmp(name, "__rela_iplt_start") == 0 || strcmp(name, "__rel_iplt_start") == 0) {
        *iplt_start = sym->st_value;
        return true;
    }
    if (strcmp(name, "__rela_iplt_end") == 0 || strcmp(name, "__rel_iplt_end") == 0) {
        *iplt_end = sym->st_value;
        return true;
    }
    if (type == STT_OBJECT || type == STT_FUNC || type == STT_GNU_IFUNC) {
        return strcmp(name, "__abi_tag") == 0;
    }
    return type != STT_NOTYPE || GELF_ST_BIND(sym->st_info) == STB_LOCAL;
}

/* Fills in the symbols of the draft, by the one walk through all that there are. */
static void find_symbols(struct draft *draft)
{
    const struct image *image = draft->image;
    size_t section_count = image_shdr_count(image);
    size_t entry = codec_sym_size(image_codec(image));
    CLEANUP_FREE bool *moved = memory_zeroed(section_count, sizeof *moved);
    struct codec_wanted wanted = {.sections = moved,
                                  .section_count = section_count,
                                  .start = draft->move_count ? UINT64_MAX : 0};
    for (size_t i = 0; i < draft->move_count; i++) {
        uint64_t start = draft->moves[i].address;
        uint64_t end = start + draft->moves[i].size;
        wanted.start = start < wanted.start ? start : wanted.start;
        wanted.end = end > wanted.end ? end : wanted.end;
    }
    for (size_t i = 1; i < section_count; i++) {
        moved[i] = draft_find_section(draft, i) != NULL;
    }
    draft->symbol_count = 0;
    for (size_t i = 1; i < section_count; i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        bool is_table = shdr->sh_type == SHT_SYMTAB || shdr->sh_type == SHT_DYNSYM;
        size_t count = is_table ? shdr->sh_size / entry : 0;
        for (size_t j = 0; j < count; j++) {
            j = image_find_symbol(image, shdr->sh_offset, count, j, &wanted);
            if (j < count) {
                struct draft_symbol *symbol =
                    memory_append(&draft->symbols, &draft->symbol_count, &draft->symbol_capacity,
                                  sizeof *draft->symbols);
                *symbol = (struct draft_symbol){shdr->sh_offset + j * entry, i};
            }
        }
    }
}

static bool symbols_allow(struct draft *draft)
{
    const struct image *image = draft->image;
    uint64_t iplt_start = 0;
    uint64_t iplt_end = 0;
    find_symbols(draft);
    for (size_t i = 0; i < draft->symbol_count; i++) {
        const struct draft_symbol *symbol = &draft->symbols[i];
        GElf_Sym sym;
        codec_get_sym(image_codec(image), image_bytes(image).data + symbol->offset, &sym);
        if (!symbol_allows(draft, image_shdr(image, symbol->table), &sym, &iplt_start, &iplt_end) ||
            (iplt_start && iplt_end && iplt_start != iplt_end)) {
            return false;
        }
    }
    return true;
}

bool references_allow(struct draft *draft, const char **problem)
{
    if (!dynamic_allows(draft)) {
        *problem = "a dynamic table would be split";
        return false;
    }
    if (!structures_allow(draft, problem)) {
        return false;
    }
    if (!threads_allow(draft)) {
        *problem = "the first values of thread-local variables would be split";
        return false;
    }
    if (!relocations_allow(draft)) {
        *problem = "a relocation refers to what would move";
        return false;
    }
    if (!symbols_allow(draft)) {
        *problem = "a symbol that code may use is in what would move";
        return false;
    }
    return true;
}
