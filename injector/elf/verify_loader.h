/* SPDX-License-Identifier: Apache-2.0 */
/* The part of verify.c that is about what loaders do to the payload's pages. */
#ifndef ELFCAGE_ELF_VERIFY_LOADER_H
#define ELFCAGE_ELF_VERIFY_LOADER_H

#include "elf/payload.h"

/* 0 if loaders find in memory the headers and tables that we find in the file, and keep the rights
   of its segments; else -1 and ERROR_CHECK. An original for which that does not hold cannot be
   caged. */
int loader_sees_the_same(const struct image *image, struct error *error);

/* 0 if that holds and nothing that a loader does on behalf of this file before the entry point
   changes, covers or hides the payload's pages; else -1 and ERROR_CHECK. */
int verify_loader(const struct image *image, const struct payload *payload, struct error *error);

#endif
