/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3m: what stands right behind the program headers moves into the payload's segment, so that the
 * table grows where it is. Moved are whole items of room.c, from the first one up to a boundary;
 * the smallest such block that breaks no rule:
 *  - no segment (PT_NOTE and so on) and no dynamic table is split,
 *  - no relocation writes to or points into what moves, no symbol that code uses is in it,
 *  - where cores name the build-id (its note is in the first page), they still do: then the
 *    PT_NOTE that holds it stays in the first page, and slides behind the grown table if it must.
 *
 * What is left of the block is nobody's, and a section of its own says that it is taken: patchelf
 * fills a hole in the first page of an ET_EXEC with .dynamic, which is then read-only.
 *
 * The table never moves: strip and objcopy lose a table that is elsewhere, and kernels before 5.18
 * compute AT_PHDR from e_phoff.
 */
#include "elf/layout.h"
#include "elf/references.h"
#include "elf/room.h"

#include "base/memory.h"

#include <inttypes.h>

#define FIRST_PAGE 4096u
/* Without section headers: more zeros than this between two known items may be something else. */
#define PADDING_MAX 16u

/* The block that is looked at: the first `count` items, bytes [start, boundary) of the file. */
struct block {
    const struct room *room;
    size_t count;
    uint64_t start, needed, boundary;
    const GElf_Phdr *kept; /* the PT_NOTE that stays in the first page, or NULL */
    uint64_t kept_offset;  /* its new one */
};

/* Sets the boundary; false if the items are not a clean row of movable ones. */
static bool set_boundary(const struct image *image, struct block *block)
{
    uint64_t end = block->start;
    const struct room_item *items = block->room->items;
    for (size_t i = 0; i < block->count; i++) {
        if (!items[i].movable || items[i].offset < end ||
            !room_is_padding(image, end, items[i].offset)) {
            return false;
        }
        end = items[i].offset + items[i].size;
    }
    block->boundary = end;
    if (block->count < block->room->count) {
        uint64_t next = items[block->count].offset;
        if (next < end) {
            return false;
        }
        bool near = image_shdr_count(image) || next - end < PADDING_MAX;
        block->boundary = near && room_is_padding(image, end, next) ? next : end;
    }
    return true;
}

/* Finds the note that must stay, and its place. False if there is no room for it. */
static bool keep(const struct image *image, struct block *block)
{
    block->kept = NULL;
    if (block->needed > FIRST_PAGE) {
        return false;
    }
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (!layout_is_identity(image, phdr) ||
            !bytes_in(phdr->p_offset, phdr->p_filesz, FIRST_PAGE)) {
            continue;
        }
        if (!bytes_overlap(phdr->p_offset, phdr->p_filesz, block->start,
                           block->boundary - block->start)) {
            return true;
        }
        uint64_t align = phdr->p_align > 8 ? phdr->p_align : 8;
        uint64_t slid = 0;
        if (!bytes_align_up(block->needed, align, &slid)) {
            return false;
        }
        block->kept = phdr;
        block->kept_offset = slid;
        return bytes_in(phdr->p_offset - block->start, phdr->p_filesz,
                        block->boundary - block->start) &&
               bytes_in(block->kept_offset, phdr->p_filesz, block->boundary) &&
               bytes_in(block->kept_offset, phdr->p_filesz, FIRST_PAGE);
    }
    return false;
}

static void add_move(struct draft *draft, const struct room_item *first,
                     const struct room_item *last, uint64_t new_offset)
{
    struct draft_move *move = memory_append(&draft->moves, &draft->move_count,
                                            &draft->move_capacity, sizeof *draft->moves);
    move->offset = first->offset;
    move->address = first->address;
    move->size = last->offset + last->size - first->offset;
    move->into_segment = new_offset == 0;
    move->new_address = first->address + (new_offset - first->offset);
}

/* Turns the block into moves: runs of items that leave, and the note that slides. */
static bool add_moves(struct draft *draft, const struct block *block)
{
    const struct room_item *items = block->room->items;
    draft->move_count = 0;
    size_t first = 0;
    while (first < block->count) {
        const GElf_Phdr *kept = block->kept;
        bool stays = kept && bytes_in(items[first].offset - kept->p_offset, items[first].size,
                                      kept->p_filesz);
        size_t last = first;
        while (last + 1 < block->count &&
               stays == (kept && bytes_in(items[last + 1].offset - kept->p_offset,
                                          items[last + 1].size, kept->p_filesz))) {
            last++;
        }
        if (!stays) {
            add_move(draft, &items[first], &items[last], 0);
        } else if (block->kept_offset != kept->p_offset) {
            if (items[first].offset != kept->p_offset) {
                return false;
            }
            add_move(draft, &items[first], &items[last], block->kept_offset);
        }
        first = last + 1;
    }
    return true;
}

/* Is every byte of [offset, offset + size) in one move, or none in any and none under the table? */
static bool is_whole(const struct draft *draft, const struct block *block, uint64_t offset,
                     uint64_t size)
{
    if (size == 0 || draft_find_move(draft, offset, size)) {
        return true;
    }
    for (size_t i = 0; i < draft->move_count; i++) {
        if (bytes_overlap(offset, size, draft->moves[i].offset, draft->moves[i].size)) {
            return false;
        }
    }
    return !bytes_overlap(offset, size, block->start, block->needed - block->start);
}

static bool segments_are_whole(const struct draft *draft, const struct block *block)
{
    const struct image *image = draft->image;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type != PT_LOAD && phdr->p_type != PT_PHDR && phdr->p_type != PT_NULL &&
            phdr->p_type != PT_GNU_RELRO && /* it is about memory; mold gives it offset 0 */
            !is_whole(draft, block, phdr->p_offset, phdr->p_filesz)) {
            return false;
        }
    }
    return true;
}

static bool fits(struct draft *draft, struct block *block, bool keep_identity, const char **problem)
{
    const struct image *image = draft->image;
    block->kept = NULL;
    if (!set_boundary(image, block)) {
        *problem = "what stands behind the program headers cannot move";
        return false;
    }
    if (block->boundary < block->needed) {
        *problem = "too little behind the program headers can move";
        return false;
    }
    if (keep_identity && !keep(image, block)) {
        *problem = "the build-id would leave the first page";
        return false;
    }
    if (!add_moves(draft, block) || !segments_are_whole(draft, block)) {
        *problem = "a segment would be split";
        return false;
    }
    return references_allow(draft, problem);
}

/* What is left of the block, as far as it is loaded. */
static void set_gaps(struct draft *draft, const struct block *block)
{
    const GElf_Phdr *load = image_phdr(draft->image, image_find_phdr(draft->image, PT_LOAD));
    uint64_t loaded = load->p_offset + load->p_filesz;
    uint64_t end = block->boundary < loaded ? block->boundary : loaded;
    uint64_t behind = block->needed;
    if (block->kept) {
        draft->kept = block->kept->p_offset;
        draft->gaps[0] = (struct draft_gap){block->needed, block->kept_offset - block->needed};
        behind = block->kept_offset + block->kept->p_filesz;
    }
    draft->gaps[1] = (struct draft_gap){behind, end > behind ? end - behind : 0};
}

/* Kinds of sections that hold indices which are not followed here. */
static bool has_strange_sections(const struct image *image)
{
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        if (shdr->sh_type == SHT_GROUP || shdr->sh_type == SHT_SYMTAB_SHNDX ||
            shdr->sh_link >= image_shdr_count(image)) {
            return true;
        }
    }
    return false;
}

bool layout_s3m(struct draft *draft, bool keep_identity, struct buffer *reasons)
{
    const struct image *image = draft->image;
    if (has_strange_sections(image)) {
        layout_reason(reasons, draft, "section groups or extended indices");
        return false;
    }
    struct room room = room_look(image);
    struct block block = {.room = &room, .start = layout_table_end(image)};
    block.needed = block.start + codec_phdr_size(image_codec(image));
    const char *problem = "nothing behind the program headers";
    bool found = false;
    while (!found && block.count < room.count && room.items[block.count].movable) {
        block.count++;
        found = fits(draft, &block, keep_identity, &problem);
    }
    room_clear(&room);
    if (!found) {
        layout_reason(reasons, draft, "%s", problem);
        return false;
    }
    set_gaps(draft, &block);
    layout_copy_phdrs(draft, SIZE_MAX);
    uint64_t kept_end = block.kept ? block.kept_offset + block.kept->p_filesz : 0;
    return layout_grow_table(draft, kept_end, reasons);
}
