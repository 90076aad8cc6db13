/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a file that ld.so calls while it relocates, before any hook. */
#ifndef ELFCAGE_ELF_RESOLVERS_H
#define ELFCAGE_ELF_RESOLVERS_H

#include "elf/relocations.h"

/* One number that says which they are: 0 if there is none. It is the same before and after tools
   that keep the program's code, and after injection. */
uint64_t resolvers_digest(const struct image *image);

/* What says which symbols there are, and what of it is read, as addresses: [start, start + size),
   empty where there is none. */
enum { RESOLVERS_HASH, RESOLVERS_GNU_HASH, RESOLVERS_SYMBOLS, RESOLVERS_SOURCES };
struct resolvers_source {
    uint64_t start, size;
};
/* All of them, which is found when it is first asked for; NULL if nobody can say: a hash table
   cannot be read. Owned by the image. */
const struct resolvers_source *resolvers_sources(const struct image *image);
struct resolvers_known {
    bool made, readable;
    struct resolvers_source sources[RESOLVERS_SOURCES];
};

/* Does a relocation write to any of it, or can nobody say? Then ld.so may find other symbols. */
bool resolvers_are_relocated(const struct image *image);

#endif
