/* SPDX-License-Identifier: Apache-2.0 */
/* The part of verify_loader.c that is about where loaders find the program headers. */
#ifndef ELFCAGE_ELF_VERIFY_TABLE_H
#define ELFCAGE_ELF_VERIFY_TABLE_H

#include "elf/image.h"

/* 0 if a loader that goes by AT_PHDR finds the program headers that the kernel reads from the file,
   or none that lead it anywhere; else -1 and ERROR_CHECK. */
int verify_table(const struct image *image, struct error *error);

/* Do some kernels lead the loader to memory of the program that is not the table? It then knows no
   dynamic section, and calls none of its functions. */
bool table_is_missed(const struct image *image);

#endif
