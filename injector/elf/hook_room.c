/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for the word behind .bss and its relocation: the last writable segment has a word more of
 * memory, and the table of relocations (DT_RELA) moves into the payload's segment, where it ends in
 * one more entry. It may be in what layout S3m moves anyway; then it becomes a move of its own.
 */
#include "elf/hook.h"
#include "elf/layout.h"
#include "elf/references.h"

/* The segment of the new table that ends where the slot begins grows over it. */
static void grow_memory(struct draft *draft)
{
    uint64_t word = codec_word_size(image_codec(draft->image));
    for (size_t i = 0; i < draft->phdr_count; i++) {
        GElf_Phdr *phdr = &draft->phdrs[i];
        uint64_t end = phdr->p_vaddr + phdr->p_memsz;
        if (phdr->p_type == PT_LOAD && i != draft->segment && (phdr->p_flags & PF_W) &&
            draft->hook.slot >= end && draft->hook.slot - end < word) {
            phdr->p_memsz = draft->hook.slot + word - phdr->p_vaddr;
        }
    }
}

/* Section headers, if there are any, have to know .bss and the table as what they are. */
static bool sections_allow(const struct draft *draft, uint64_t table, uint64_t size)
{
    const struct image *image = draft->image;
    bool has_table = image_shdr_count(image) == 0;
    bool has_bss = has_table;
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        has_table = has_table || (shdr->sh_type == SHT_RELA && (shdr->sh_flags & SHF_ALLOC) &&
                                  shdr->sh_addr == table && shdr->sh_size == size);
        has_bss = has_bss || hook_grows_section(draft, i);
    }
    return has_table && has_bss;
}

bool hook_grows_section(const struct draft *draft, size_t index)
{
    const GElf_Shdr *shdr = image_shdr(draft->image, index);
    uint64_t end = shdr->sh_addr + shdr->sh_size;
    return draft->hook.slot && shdr->sh_type == SHT_NOBITS && shdr->sh_size &&
           (shdr->sh_flags & SHF_ALLOC) && !(shdr->sh_flags & SHF_TLS) && draft->hook.slot >= end &&
           draft->hook.slot - end < codec_word_size(image_codec(draft->image));
}

static struct draft_move *insert(struct draft *draft, size_t at, struct draft_move move)
{
    memory_append(&draft->moves, &draft->move_count, &draft->move_capacity, sizeof *draft->moves);
    for (size_t i = draft->move_count - 1; i > at; i--) {
        draft->moves[i] = draft->moves[i - 1];
    }
    draft->moves[at] = move;
    return &draft->moves[at];
}

static struct draft_move part(const struct draft_move *move, uint64_t start, uint64_t size)
{
    return (struct draft_move){.offset = move->offset + start,
                               .address = move->address + start,
                               .size = size,
                               .into_segment = true};
}

/* Makes [offset, offset + table.size) a move of its own; false if it is in one partly. */
static bool isolate(struct draft *draft, struct draft_move table)
{
    for (size_t i = 0; i < draft->move_count; i++) {
        const struct draft_move whole = draft->moves[i];
        if (!bytes_overlap(whole.offset, whole.size, table.offset, table.size)) {
            continue;
        }
        uint64_t before = table.offset - whole.offset;
        if (table.offset < whole.offset || !whole.into_segment ||
            !bytes_in(before, table.size, whole.size)) {
            return false;
        }
        uint64_t after = whole.size - before - table.size;
        draft->moves[i] = table;
        if (after) {
            insert(draft, i + 1, part(&whole, before + table.size, after));
        }
        if (before) {
            insert(draft, i, part(&whole, 0, before));
        }
        return true;
    }
    size_t at = 0;
    while (at < draft->move_count && draft->moves[at].offset < table.offset) {
        at++;
    }
    insert(draft, at, table)->leaves_hole = true;
    return true;
}

bool hook_make_room(struct draft *draft, struct buffer *reasons)
{
    const struct image *image = draft->image;
    struct draft_move table = {.into_segment = true, .extra = codec_rela_size(image_codec(image))};
    const char *problem = "the table of relocations is no section, or there is no .bss";
    if (!draft->hook.slot) {
        return true;
    }
    bool found = image_dynamic_value(image, DT_RELA, &table.address) &&
                 image_dynamic_value(image, DT_RELASZ, &table.size) &&
                 image_offset_of(image, table.address, &table.offset) &&
                 sections_allow(draft, table.address, table.size) && isolate(draft, table);
    if (!found || !references_allow(draft, &problem)) {
        layout_reason(reasons, draft, "%s", problem);
        return false;
    }
    grow_memory(draft);
    return true;
}
