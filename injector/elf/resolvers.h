/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a file that ld.so calls while it relocates, before any hook. */
#ifndef ELFCAGE_ELF_RESOLVERS_H
#define ELFCAGE_ELF_RESOLVERS_H

#include "elf/image.h"

/* One number that says which they are: 0 if there is none. It is the same before and after tools
   that keep the program's code, and after injection. */
uint64_t resolvers_digest(const struct image *image);

#endif
