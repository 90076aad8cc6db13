/* SPDX-License-Identifier: Apache-2.0 */
/* The part of verify.c that is about what loaders do to the payload's pages. For verify.c only. */
#ifndef ELFCAGE_ELF_VERIFY_LOADER_H
#define ELFCAGE_ELF_VERIFY_LOADER_H

#include "elf/payload.h"

/* 0 if nothing that a loader does on behalf of this file before the entry point changes, covers or
   hides the payload's pages; else -1 and ERROR_CHECK. */
int verify_loader(const struct image *image, const struct payload *payload, struct error *error);

#endif
