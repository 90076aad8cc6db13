/* SPDX-License-Identifier: Apache-2.0 */
/* What a file carries besides its bytes: owner, mode, ACL, extended attributes. For write.c only.
 */
#ifndef ELFCAGE_ELF_PRIVILEGES_H
#define ELFCAGE_ELF_PRIVILEGES_H

#include "base/error.h"

#include <stdbool.h>

/*
 * Gives the file `to` what the file `from` carries. Nothing may be written to `to` afterwards: a
 * write drops set-user-ID and capabilities. `in_place`: `to` is going to replace `from`. `name` is
 * what errors say. What cannot be kept is ERROR_SYSTEM; privileges.c says what is not meant to be.
 */
int privileges_copy(int from, int to, bool in_place, const char *name, struct error *error);

#endif
