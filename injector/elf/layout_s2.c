/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S2: pages in front of an ET_EXEC hold a new ELF header and the longer table; the first PT_LOAD
 * begins that much lower, and every offset of the file grows by the same amount. The original
 * stands verbatim behind them. Its old headers are still loaded where they were, since programs
 * reach them by __ehdr_start; a section covers them, or strip would zero them.
 *
 * Only for fixed addresses: what is position independent has no addresses in front of its first.
 *
 * Where the build-id was in the first page, its PT_NOTE moves to the new first page: of the mapped
 * file a kernel dumps only that one into cores.
 */
#include "elf/layout.h"
#include "elf/references.h"

#include "base/memory.h"

#include <inttypes.h>

/* vm.mmap_min_addr as distributions set it: nothing may be mapped below. */
#define LOWEST_ADDRESS UINT64_C(0x10000)
#define FIRST_PAGE 4096u

/* Moves the PT_NOTE with the build-id into the new first page. False if it cannot. */
static bool move_identity(struct draft *draft, const GElf_Phdr *load, uint64_t table_end)
{
    const struct image *image = draft->image;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (!layout_is_identity(image, phdr) ||
            !bytes_in(phdr->p_offset, phdr->p_filesz, FIRST_PAGE) ||
            phdr->p_vaddr - phdr->p_offset != load->p_vaddr - load->p_offset) {
            continue; /* gold's --rosegment has it in another segment than the table */
        }
        uint64_t place = (table_end + 63) & ~UINT64_C(63);
        place += phdr->p_offset % 64;
        if (!bytes_in(place, phdr->p_filesz, FIRST_PAGE)) {
            return false;
        }
        struct draft_move *move = memory_append(&draft->moves, &draft->move_count,
                                                &draft->move_capacity, sizeof *draft->moves);
        move->offset = phdr->p_offset;
        move->address = phdr->p_vaddr;
        move->size = phdr->p_filesz;
        move->new_address = phdr->p_vaddr - phdr->p_offset - draft->shift + place;
        return true;
    }
    return false;
}

/* Sections and segments that share bytes with the moved note lie wholly in it. */
static bool note_is_whole(const struct draft *draft)
{
    const struct image *image = draft->image;
    const struct draft_move *move = &draft->moves[0];
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type != PT_LOAD && phdr->p_type != PT_NULL &&
            bytes_overlap(phdr->p_offset, phdr->p_filesz, move->offset, move->size) &&
            !draft_find_move(draft, phdr->p_offset, phdr->p_filesz)) {
            return false;
        }
    }
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        if (shdr->sh_type != SHT_NOBITS &&
            bytes_overlap(shdr->sh_offset, shdr->sh_size, move->offset, move->size) &&
            (!draft_find_move(draft, shdr->sh_offset, shdr->sh_size) ||
             shdr->sh_type != SHT_NOTE)) {
            return false;
        }
    }
    return true;
}

/* The size of the old headers; 0 if sections cover them already. */
static uint64_t headers_to_cover(const struct image *image)
{
    uint64_t size = layout_table_end(image);
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        if (shdr->sh_type != SHT_NOBITS && bytes_overlap(shdr->sh_offset, shdr->sh_size, 0, size)) {
            return 0;
        }
    }
    return size;
}

bool layout_s2(struct draft *draft, bool keep_identity, struct buffer *reasons)
{
    const struct image *image = draft->image;
    const GElf_Ehdr *ehdr = image_ehdr(image);
    const GElf_Phdr *load = image_phdr(image, image_find_phdr(image, PT_LOAD));
    struct codec codec = image_codec(image);
    uint64_t page = layout_page(image);
    uint64_t table_end =
        codec_ehdr_size(codec) + (image_phdr_count(image) + 1) * codec_phdr_size(codec);
    if (ehdr->e_type != ET_EXEC) {
        layout_reason(reasons, draft, "not at a fixed address");
        return false;
    }
    if (load->p_offset != 0 || load->p_filesz < layout_table_end(image) ||
        layout_table_end(image) > page || load->p_vaddr % page) {
        layout_reason(reasons, draft, "the first segment does not begin with the ELF header");
        return false;
    }
    if (table_end > page || load->p_vaddr < LOWEST_ADDRESS + page) {
        layout_reason(reasons, draft, "no addresses in front of 0x%" PRIx64,
                      (uint64_t)load->p_vaddr);
        return false;
    }
    draft->shift = page;
    draft->covered = headers_to_cover(image);
    const char *problem = "the build-id would leave the first page";
    if (keep_identity && (!move_identity(draft, load, table_end) || !note_is_whole(draft) ||
                          !references_allow(draft, &problem))) {
        layout_reason(reasons, draft, "%s", problem);
        return false;
    }
    layout_copy_phdrs(draft, SIZE_MAX);
    for (size_t i = 0; i < draft->phdr_count; i++) {
        if (draft->phdrs[i].p_type == PT_PHDR) {
            uint64_t address = load->p_vaddr - page + codec_ehdr_size(codec);
            draft->phdrs[i].p_vaddr = address;
            draft->phdrs[i].p_paddr = address;
            draft->phdrs[i].p_filesz = draft->phdr_count * codec_phdr_size(codec);
            draft->phdrs[i].p_memsz = draft->phdrs[i].p_filesz;
        }
    }
    return true;
}
