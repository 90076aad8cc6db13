/* SPDX-License-Identifier: Apache-2.0 */
/* The table of named constants, private to this room. Its rows hold no pointers, so that nothing of
   it is touched when the program starts. */
#ifndef ELFCAGE_ARCH_CONSTANTS_TABLE_H
#define ELFCAGE_ARCH_CONSTANTS_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum constant_column {
    CONSTANTS_X86_64,
    CONSTANTS_I386,
    CONSTANTS_AARCH64,
    CONSTANTS_ARM,
    CONSTANTS_RISCV64,
    CONSTANT_COLUMNS
};

struct constant_row {
    uint64_t value;     /* where it is the same on all that have it */
    uint16_t differing; /* else 1 + its row in constant_differing */
    uint8_t present;    /* bit `column`: that architecture has it */
    char name[53];
};

extern const struct constant_row constant_rows[]; /* sorted by name */
extern const size_t constant_row_count;
extern const uint64_t constant_differing[][CONSTANT_COLUMNS];

#endif
