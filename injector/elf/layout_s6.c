/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S6: GNU ld for x86 describes .note.gnu.property twice, by PT_GNU_PROPERTY and by a PT_NOTE of the
 * same offset and size. Kernel and ld.so read the first, so the entry of the second becomes the
 * payload's PT_LOAD. Nothing moves and nothing grows: the smallest change of all.
 */
#include "elf/layout.h"

static bool same_place(const GElf_Phdr *a, const GElf_Phdr *b)
{
    return a->p_offset == b->p_offset && a->p_vaddr == b->p_vaddr && a->p_filesz == b->p_filesz &&
           a->p_memsz == b->p_memsz;
}

bool layout_s6(struct draft *draft, bool keep_identity, struct buffer *reasons)
{
    const struct image *image = draft->image;
    size_t property = image_find_phdr(image, PT_GNU_PROPERTY);
    for (size_t i = 0; property != SIZE_MAX && i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_NOTE && phdr->p_filesz &&
            same_place(phdr, image_phdr(image, property)) &&
            !(keep_identity && layout_is_identity(image, phdr))) {
            layout_copy_phdrs(draft, i);
            return true;
        }
    }
    layout_reason(reasons, draft, "no PT_NOTE that repeats PT_GNU_PROPERTY");
    return false;
}
