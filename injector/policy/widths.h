/* SPDX-License-Identifier: Apache-2.0 */
/* The rows behind argument_width(). */
#ifndef ELFCAGE_POLICY_WIDTHS_H
#define ELFCAGE_POLICY_WIDTHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct width_row {
    const char *name;
    const char *widths; /* a letter an argument: see widths_data.c */
    const char *why;    /* NULL: as the prototype says */
};

extern const struct width_row width_rows[]; /* sorted by name (strcmp) */
extern const size_t width_row_count;

/* NULL if the table lacks the system call. */
const struct width_row *width_row_find(const char *name);
/* NULL past the end. */
const struct width_row *width_row_at(size_t index);

/* Does it depend on another argument whether the kernel consumes 32 or 64 bits? argument_width()
   says 64 then. */
bool argument_depends(const char *name, unsigned argument);

/* The bits that the kernel keeps of a 32-bit argument: all, or the lowest few (0xffff). A
   comparison of more is passed by setting a bit above; so it is one under this mask. */
uint32_t argument_kept(const char *name, unsigned argument);

/* Does it keep fewer than 32? */
bool argument_is_short(const char *name, unsigned argument);

#endif
