/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the dynamic section says of the outside: libraries, imported functions, functions that the
 * loader calls. For reports; a damaged table reads as one that says nothing.
 */
#ifndef ELFCAGE_ELF_DYNAMIC_H
#define ELFCAGE_ELF_DYNAMIC_H

#include "elf/image.h"

/* The string of the first entry of that tag (DT_NEEDED, DT_RUNPATH) from `*index` on; *index moves
   behind it. NULL if there is none. Borrowed from the image. */
const char *dynamic_string(const struct image *image, int64_t tag, size_t *index);

/* Does a relocation refer to an undefined symbol of that name? */
bool dynamic_imports(const struct image *image, const char *name);

/* Functions that ld.so calls when it has loaded this library: the elements of DT_INIT_ARRAY, or
   DT_INIT where there are none (beside an array, DT_INIT is the C run-time's own, and empty). */
size_t dynamic_constructors(const struct image *image);

#endif
