/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a file that ld.so calls while it relocates, before any hook. */
#ifndef ELFCAGE_ELF_RESOLVERS_H
#define ELFCAGE_ELF_RESOLVERS_H

#include "elf/relocations.h"

/* One number that says which they are: 0 if there is none. It is the same before and after tools
   that keep the program's code, and after injection. */
uint64_t resolvers_digest(const struct image *image);

/* The same for who walks through the relocations anyway: from zeros, each of them is seen, then
   resolvers_end() says the number and frees. */
struct resolvers {
    uint64_t *addresses; /* owned */
    size_t count, capacity;
    uint64_t symbol_count; /* in DT_SYMTAB, as far as relocations lead to it */
};
void resolvers_see(const struct image *image, const struct relocation *relocation,
                   struct resolvers *resolvers);
uint64_t resolvers_end(const struct image *image, struct resolvers *resolvers);

/* Does a relocation write to symbols or hash tables, so that ld.so may find others than these?
   `symbol_count`: in DT_SYMTAB, as far as relocations lead to it. */
bool resolvers_are_relocated(const struct image *image, uint64_t symbol_count);

#endif
