/* SPDX-License-Identifier: Apache-2.0 */
/* The shared libraries that a program loads, as far as they are on this machine. */
#ifndef ELFCAGE_LINT_LIBRARIES_H
#define ELFCAGE_LINT_LIBRARIES_H

#include "elf/image.h"

struct library {
    char *name;          /* owned: "libssl.so.3" */
    struct image *image; /* owned; NULL: not found, or not readable */
};

struct libraries {
    struct library *items; /* owned; each name once, in the order in which ld.so meets them */
    size_t count, capacity;
};

/* All that the program needs, and what those need. */
void libraries_find(const struct image *program, struct libraries *out);
void libraries_free(struct libraries *libraries); /* what it holds */

/* The dynamic loader that the program names; NULL: none. Borrowed from the image. */
const char *program_interpreter(const struct image *program);

#endif
