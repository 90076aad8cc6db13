/* SPDX-License-Identifier: Apache-2.0 */
/* What ld.so reads of a file, but for headers and segments: tables that no plan may write over, and
   that move as a whole or not at all. */
#ifndef ELFCAGE_ELF_STRUCTURES_H
#define ELFCAGE_ELF_STRUCTURES_H

#include "elf/image.h"

struct structure {
    const char *name;
    uint64_t start, size; /* addresses [start, start + size) */
    const char *own;      /* the plan's write that may change it; "": none */
    bool unreadable;      /* it has no end that anybody can say: all that it might reach to */
};

enum { STRUCTURES_MAX = 16 };
/* Those that the file has, in `out`, which has room for STRUCTURES_MAX. Returns how many. False in
   `*complete` if nobody can say where the symbols and their hash tables end. */
size_t structures_find(const struct image *image, struct structure *out, bool *complete);

#endif
