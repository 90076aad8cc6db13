/* SPDX-License-Identifier: Apache-2.0 */
/* The part of verify.c that is about who calls the stub. */
#ifndef ELFCAGE_ELF_VERIFY_HOOK_H
#define ELFCAGE_ELF_VERIFY_HOOK_H

#include "elf/payload.h"

/* 0 if the kernel or the loader calls the stub before any other function of the file that they call
   by themselves (for HOOK_ENTRY: at the entry point); else -1 and ERROR_CHECK. */
int verify_hook(const struct image *image, const struct payload *payload, struct error *error);

/* Is there a word behind the stub that is the array of the hook? */
bool verify_hook_has_array(const struct image *image, const struct payload *payload);

#endif
