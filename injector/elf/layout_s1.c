/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S1: there is room behind the table (Go, static musl, LIEF), so that it grows where it is.
 *
 * Room is what no section and no segment but the first PT_LOAD claims, and what is zero (a linker's
 * padding) or what patchelf left where it moved sections away. The section headers may be in it
 * (Go), since they are written anew. Without section headers nobody says what the bytes behind the
 * table are; then padding must either not be loaded at all, or reach to PT_INTERP or PT_NOTE, in
 * front of which no linker puts anything else.
 */
#include "elf/layout.h"
#include "elf/room.h"

#include "base/memory.h"

/* Is [start, end) padding, given that no item lies in it? `next` is the item behind it or NULL. */
static bool is_padding(const struct image *image, uint64_t start, uint64_t end,
                       const struct room_item *next)
{
    uint64_t checked = end;
    if (!image_shdr_count(image)) {
        uint64_t loaded = 0;
        for (size_t i = 0; i < image_phdr_count(image); i++) {
            const GElf_Phdr *phdr = image_phdr(image, i);
            if (phdr->p_type == PT_LOAD && phdr->p_offset <= start &&
                phdr->p_offset + phdr->p_filesz > loaded) {
                loaded = phdr->p_offset + phdr->p_filesz;
            }
        }
        if (loaded > start) {
            if (!next || !next->known_first) {
                return false;
            }
            checked = next->offset;
        }
    }
    return room_is_padding(image, start, checked);
}

/* Segments that no section covers count too. PT_PHDR is the table itself, and what it reserves
   behind the table (LIEF does, lld too) is there for the table to grow. */
static bool is_in_segment(const struct image *image, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        bool counts = phdr->p_type != PT_NULL && phdr->p_type != PT_LOAD &&
                      phdr->p_type != PT_GNU_RELRO && phdr->p_type != PT_PHDR;
        if (counts && bytes_overlap(phdr->p_offset, phdr->p_filesz, start, end - start)) {
            return true;
        }
    }
    return false;
}

bool layout_s1(struct draft *draft, bool keep_identity, struct buffer *reasons)
{
    (void)keep_identity; /* nothing moves */
    const struct image *image = draft->image;
    uint64_t start = layout_table_end(image);
    uint64_t end = start + codec_phdr_size(image_codec(image));
    struct room room = room_look(image);
    const struct room_item *next = room.count ? &room.items[0] : NULL;
    bool fits = !(next && next->offset < end) && !is_in_segment(image, start, end) &&
                is_padding(image, start, end, next);
    room_clear(&room);
    if (!fits) {
        layout_reason(reasons, draft, "no room behind the program headers");
        return false;
    }
    layout_copy_phdrs(draft, SIZE_MAX);
    return layout_grow_table(draft, 0, reasons);
}
