/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a caged file intact and hooked? Looks at the loaded image, not at sections. What the filter
 * says is the business of filter/prove.
 */
#ifndef ELFCAGE_ELF_VERIFY_H
#define ELFCAGE_ELF_VERIFY_H

#include "elf/payload.h"

struct verify_accept {
    bool audit; /* --accept audit */
    bool warn;  /* --accept warn */
};

/* 0, or -1 and ERROR_CHECK with a text of its own for each way to fail. */
int verify_cage(const struct image *image, const struct payload *payload,
                const struct verify_accept *accept, struct error *error);

#endif
