/* SPDX-License-Identifier: Apache-2.0 */
/* Does anything refer to bytes that are to move, other than what compose.c adjusts? */
#ifndef ELFCAGE_ELF_REFERENCES_H
#define ELFCAGE_ELF_REFERENCES_H

#include "elf/layout.h"

/* False, and `*problem` says why (static text), if the moves of the draft would break something. */
bool references_allow(struct draft *draft, const char **problem);

#endif
