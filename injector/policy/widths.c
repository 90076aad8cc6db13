/* SPDX-License-Identifier: Apache-2.0 */
/* What the table of widths (widths_data.c) says of an argument. */
#include "policy/widths.h"

#include "policy/policy.h"

#include <string.h>

const struct width_row *width_row_at(size_t index)
{
    return index < width_row_count ? &width_rows[index] : NULL;
}

const struct width_row *width_row_find(const char *name)
{
    size_t low = 0;
    size_t high = width_row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(width_rows[middle].name, name);
        if (order == 0) {
            return &width_rows[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

unsigned argument_width(const char *name, unsigned argument)
{
    const struct width_row *row = width_row_find(name);
    if (!row || argument >= strlen(row->widths)) {
        return 0;
    }
    switch (row->widths[argument]) {
    case 'w':
    case 'h':
    case 'm':
    case 't':
    case 'p':
    case 'b':
        return 32;
    case 'l':
    case 'd':
        return 64;
    default:
        return 0;
    }
}

static char letter_of(const char *name, unsigned argument)
{
    const struct width_row *row = width_row_find(name);
    if (!row || argument >= strlen(row->widths)) {
        return '?';
    }
    return row->widths[argument];
}

bool argument_depends(const char *name, unsigned argument)
{
    return letter_of(name, argument) == 'd';
}

uint32_t argument_kept(const char *name, unsigned argument)
{
    switch (letter_of(name, argument)) {
    case 'h':
        return 0xffff;
    case 'm':
        return 07777;
    case 't':
        return 01777;
    case 'p':
        return 0777;
    case 'b':
        return 0xff;
    default:
        return UINT32_MAX;
    }
}

bool argument_is_short(const char *name, unsigned argument)
{
    return argument_kept(name, argument) != UINT32_MAX;
}
