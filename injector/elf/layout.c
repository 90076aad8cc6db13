/* SPDX-License-Identifier: Apache-2.0 */
/* What layouts share: the new table, growing it in place, and the identity of cores. */
#include "elf/layout.h"

#include "base/memory.h"
#include "elf/payload_write.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#ifndef DT_RELR
#define DT_RELR 36
#endif

/* A kernel dumps this much of a mapped ELF file into a core, whatever its page size is. */
#define FIRST_PAGE 4096u

void layout_reason(struct buffer *reasons, const struct draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    buffer_printf(reasons, "%s%s: %s", reasons->size ? "; " : "",
                  payload_layout_name(draft->layout), text);
}

void draft_clear(struct draft *draft)
{
    free(draft->phdrs);
    free(draft->moves);
    free(draft->symbols);
    *draft = (struct draft){0};
}

uint64_t layout_page(const struct image *image)
{
    return image_arch(image)->page_size;
}

uint64_t layout_table_end(const struct image *image)
{
    return image_ehdr(image)->e_phoff +
           image_phdr_count(image) * codec_phdr_size(image_codec(image));
}

void layout_copy_phdrs(struct draft *draft, size_t dropped)
{
    const struct image *image = draft->image;
    size_t last_load = 0;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        last_load = image_phdr(image, i)->p_type == PT_LOAD ? i : last_load;
    }
    draft->phdrs = memory_zeroed(image_phdr_count(image) + 1, sizeof *draft->phdrs);
    draft->phdr_count = 0;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        if (i != dropped) {
            draft->phdrs[draft->phdr_count++] = *image_phdr(image, i);
        }
        if (i == last_load) {
            draft->segment = draft->phdr_count;
            draft->phdrs[draft->phdr_count++] = (GElf_Phdr){.p_type = PT_LOAD};
        }
    }
}

static GElf_Phdr *first_load(struct draft *draft)
{
    for (size_t i = 0; i < draft->phdr_count; i++) {
        if (draft->phdrs[i].p_type == PT_LOAD && draft->phdrs[i].p_memsz) {
            return &draft->phdrs[i];
        }
    }
    return NULL;
}

/* Raises the sizes of `load` so that it reaches to `end` in the file. */
static bool reach(struct draft *draft, GElf_Phdr *load, uint64_t end, struct buffer *reasons)
{
    if (end <= load->p_offset + load->p_filesz) {
        return true;
    }
    uint64_t size = end - load->p_offset;
    if (load->p_filesz != load->p_memsz || end > image_bytes(draft->image).size) {
        layout_reason(reasons, draft, "the first segment cannot grow over the table");
        return false;
    }
    uint64_t page = layout_page(draft->image);
    for (size_t i = 0; i < draft->phdr_count; i++) {
        const GElf_Phdr *other = &draft->phdrs[i];
        if (other != load && other->p_type == PT_LOAD && i != draft->segment &&
            (other->p_vaddr & ~(page - 1)) < load->p_vaddr + size) {
            layout_reason(reasons, draft, "the next segment is in the way of the first one");
            return false;
        }
    }
    load->p_filesz = size;
    load->p_memsz = size;
    return true;
}

bool layout_grow_table(struct draft *draft, uint64_t end, struct buffer *reasons)
{
    const GElf_Ehdr *ehdr = image_ehdr(draft->image);
    uint64_t size = draft->phdr_count * codec_phdr_size(image_codec(draft->image));
    GElf_Phdr *load = first_load(draft);
    if (!load || ehdr->e_phoff < load->p_offset ||
        ehdr->e_phoff - load->p_offset >= load->p_filesz) {
        layout_reason(reasons, draft, "the program headers are not in the first segment");
        return false;
    }
    uint64_t address = load->p_vaddr + (ehdr->e_phoff - load->p_offset);
    for (size_t i = 0; i < draft->phdr_count; i++) {
        GElf_Phdr *phdr = &draft->phdrs[i];
        if (phdr->p_type != PT_PHDR) {
            continue;
        }
        if (phdr->p_offset != ehdr->e_phoff || phdr->p_vaddr != address) {
            layout_reason(reasons, draft, "PT_PHDR does not point to the program headers");
            return false;
        }
        phdr->p_filesz = size;
        phdr->p_memsz = size;
    }
    uint64_t table_end = ehdr->e_phoff + size;
    return reach(draft, load, end > table_end ? end : table_end, reasons);
}

bool layout_is_identity(const struct image *image, const GElf_Phdr *phdr)
{
    struct bytes rest;
    if (phdr->p_type != PT_NOTE ||
        !bytes_slice(image_bytes(image), phdr->p_offset, phdr->p_filesz, &rest)) {
        return false;
    }
    bool big = image_big_endian(image);
    /* In units of 4 also where p_align is 8: mold puts notes of both kinds into one PT_NOTE. */
    const uint64_t unit = 4;
    while (rest.size >= 12) {
        uint64_t owner_size = bytes_get32(rest.data, big);
        uint64_t text_size = bytes_get32(rest.data + 4, big);
        uint32_t type = bytes_get32(rest.data + 8, big);
        uint64_t text = (12 + owner_size + unit - 1) & ~(unit - 1);
        uint64_t next = (text + text_size + unit - 1) & ~(unit - 1);
        if (type == NT_GNU_BUILD_ID && owner_size == 4 && bytes_in(text, text_size, rest.size) &&
            memcmp(rest.data + 12, "GNU", 4) == 0) {
            return true;
        }
        if (next >= rest.size) {
            break;
        }
        rest.data += next;
        rest.size -= (size_t)next;
    }
    return false;
}

bool layout_has_identity(const struct image *image)
{
    if (layout_table_end(image) > FIRST_PAGE) {
        return false;
    }
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (bytes_in(phdr->p_offset, phdr->p_filesz, FIRST_PAGE) &&
            layout_is_identity(image, phdr)) {
            return true;
        }
    }
    return false;
}

bool layout_is_pointer(int64_t tag)
{
    switch (tag) {
    case DT_PLTGOT:
    case DT_HASH:
    case DT_STRTAB:
    case DT_SYMTAB:
    case DT_RELA:
    case DT_INIT:
    case DT_FINI:
    case DT_REL:
    case DT_JMPREL:
    case DT_INIT_ARRAY:
    case DT_FINI_ARRAY:
    case DT_PREINIT_ARRAY:
    case DT_SYMTAB_SHNDX:
    case DT_RELR:
    case DT_VERSYM:
    case DT_VERDEF:
    case DT_VERNEED:
        return true;
    default:
        return tag >= DT_ADDRRNGLO && tag <= DT_ADDRRNGHI;
    }
}

const struct draft_move *draft_find_move(const struct draft *draft, uint64_t offset, uint64_t size)
{
    for (size_t i = 0; i < draft->move_count; i++) {
        const struct draft_move *move = &draft->moves[i];
        if (offset >= move->offset && offset - move->offset < move->size &&
            bytes_in(offset - move->offset, size, move->size)) {
            return move;
        }
    }
    return NULL;
}

const struct draft_move *draft_find_section(const struct draft *draft, size_t index)
{
    const GElf_Shdr *shdr = image_shdr(draft->image, index);
    if (index == 0 || !(shdr->sh_flags & SHF_ALLOC) || shdr->sh_type == SHT_NOBITS) {
        return NULL;
    }
    return draft_find_move(draft, shdr->sh_offset, shdr->sh_size);
}

const struct draft_move *draft_find_address(const struct draft *draft, uint64_t address)
{
    for (size_t i = 0; i < draft->move_count; i++) {
        const struct draft_move *move = &draft->moves[i];
        if (address >= move->address && address - move->address < move->size) {
            return move;
        }
    }
    return NULL;
}
