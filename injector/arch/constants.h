/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named constants of system calls' arguments (O_RDONLY, AF_INET, TCGETS, ...), as the kernel has
 * them for each ABI. constants_data.c is made from the headers by generate_constants.py.
 */
#ifndef ELFCAGE_ARCH_CONSTANTS_H
#define ELFCAGE_ARCH_CONSTANTS_H

#include "arch/arch.h"

/* The value, as C converts it to 64 bits: AT_FDCWD is 0xffffffffffffff9c. False if the ABI has no
   constant of that name. */
bool constant_value(const struct abi *abi, const char *name, uint64_t *value);

/* Does any ABI have a constant of that name? */
bool constant_name_is_known(const char *name);

/* The known name that is nearest to a misspelt one; NULL if none is near. */
const char *constant_name_suggest(const char *name);

/* The name with that value that begins with `prefix` ("PR_SET_"), the first by the alphabet; NULL
   if there is none. For printing: several names may share a value. */
const char *constant_name(const struct abi *abi, const char *prefix, uint64_t value);

#endif
