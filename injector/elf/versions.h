/* SPDX-License-Identifier: Apache-2.0 */
/* Where the tables of symbol versions are: no section header is asked. */
#ifndef ELFCAGE_ELF_VERSIONS_H
#define ELFCAGE_ELF_VERSIONS_H

#include "elf/image.h"

/* What of them is read, as addresses: [start, start + size), empty where there is none. If the
   chains of a table cannot be followed to their ends, that is all that they might lead to. */
enum { VERSIONS_OF_SYMBOLS, VERSIONS_NEEDED, VERSIONS_DEFINED, VERSIONS_TABLES };
struct versions_table {
    uint64_t start, size;
    bool unreadable;
};
/* All of them, which is found when it is first asked for. Owned by the image. */
const struct versions_table *versions_tables(const struct image *image);
struct versions_known {
    bool made;
    struct versions_table tables[VERSIONS_TABLES];
};

#endif
