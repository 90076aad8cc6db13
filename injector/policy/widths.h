/* SPDX-License-Identifier: Apache-2.0 */
/* The rows behind argument_width(). */
#ifndef ELFCAGE_POLICY_WIDTHS_H
#define ELFCAGE_POLICY_WIDTHS_H

#include <stdbool.h>
#include <stddef.h>

struct width_row {
    const char *name;
    const char *widths; /* one of 'w', 'l', 'h', 'd', '?' an argument: see widths.c */
    const char *why;    /* NULL: as the prototype says */
};

/* NULL if the table lacks the system call. */
const struct width_row *width_row_find(const char *name);
/* NULL past the end. */
const struct width_row *width_row_at(size_t index);

/* Does it depend on another argument whether the kernel consumes 32 or 64 bits? argument_width()
   says 64 then. */
bool argument_depends(const char *name, unsigned argument);

/* Does the kernel consume only the low 16 of the argument's 32 bits? */
bool argument_is_short(const char *name, unsigned argument);

#endif
