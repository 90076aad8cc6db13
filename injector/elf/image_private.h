/* SPDX-License-Identifier: Apache-2.0 */
/* What image.c and image_check.c share; of others only those who leave something there include
   it. */
#ifndef ELFCAGE_ELF_IMAGE_PRIVATE_H
#define ELFCAGE_ELF_IMAGE_PRIVATE_H

#include "elf/resolvers.h"
#include "elf/versions.h"

/* What is found when somebody first asks for it, by relocations.c, resolvers.c and
   versions.c. */
struct image_tables {
    struct relocations_summary relocations;
    struct resolvers_known resolvers;
    struct versions_known versions;
};

struct image {
    char *name;         /* owned */
    bool library;       /* image_open_library(): need not be able to run */
    bool shared;        /* a shared object */
    struct bytes bytes; /* the whole file */
    void *map;          /* owned; NULL when the bytes are borrowed */
    const struct arch *arch;
    struct codec codec;
    GElf_Ehdr ehdr;
    GElf_Phdr *phdrs; /* owned */
    size_t phdr_count;
    GElf_Shdr *shdrs; /* owned */
    size_t shdr_count;
    struct bytes section_names; /* ends in NUL, or is empty */
    struct bytes dynamic;       /* PT_DYNAMIC up to and without DT_NULL */
    size_t dynamic_count;
    struct image_tables *tables; /* owned */
};

/* Reads and checks everything; the image's name and bytes are set. */
int image_check(struct image *image, struct error *error);

#endif
