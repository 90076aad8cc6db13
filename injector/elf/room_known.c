/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without section headers, an item is known only if both its start and its end are: PT_INTERP and
 * PT_NOTE by their sizes, dynamic tables by RELASZ, STRSZ, the counts in hash tables and so on.
 * "It ends where the next known one starts" is no bound: .rodata may stand between them.
 * Sources: gABI chapter 5, the GNU hash and symbol versioning specifications (LSB).
 */
#include "elf/room.h"

#include "elf/layout.h"

#include <string.h>

void room_add_known(struct room *room, const struct image *image)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if ((phdr->p_type == PT_INTERP || phdr->p_type == PT_NOTE) && phdr->p_filesz) {
            room_add(room, image,
                     (struct room_item){.offset = phdr->p_offset,
                                        .size = phdr->p_filesz,
                                        .address = phdr->p_vaddr,
                                        .known_first = true,
                                        .section = SIZE_MAX});
        }
    }
}
