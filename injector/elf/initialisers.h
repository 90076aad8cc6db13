/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of a file that ld.so calls when it has loaded it: which is really the first, by
 * what glibc and musl do with the dynamic section and the relocations.
 */
#ifndef ELFCAGE_ELF_INITIALISERS_H
#define ELFCAGE_ELF_INITIALISERS_H

#include "elf/image.h"

enum initialiser_kind {
    INITIALISER_NONE,     /* nothing is called */
    INITIALISER_FUNCTION, /* what DT_INIT names */
    INITIALISER_ELEMENT,  /* an element of an array */
};

struct initialiser {
    enum initialiser_kind kind;
    bool known;        /* does the file alone say which function it is? */
    uint64_t function; /* its address in the file */
    /* Where that address is written down: entry of the dynamic section (DT_INIT), or offset of a
       word in the file. */
    size_t entry;
    uint64_t offset;
};

/* The first function that ld.so calls of a shared object that has no DT_PREINIT_ARRAY. */
struct initialiser initialisers_first(const struct image *image);
/* The first element of a DT_PREINIT_ARRAY: of an executable, glibc calls it before the constructors
   of all libraries; of a shared object only where that is what dlopen(3) opens. */
struct initialiser initialisers_preinit(const struct image *image);
/* The first element of DT_FINI_ARRAY, which is the last of them that is called. */
struct initialiser initialisers_last_destructor(const struct image *image);
/* Does any relocation write to the dynamic section or to what relocations are read from, or can
   nobody say? Then what the file says is not what ld.so goes by. */
bool initialisers_are_relocated(const struct image *image);
/* Does that loader (PT_INTERP) call the functions of DT_PREINIT_ARRAY? Known of glibc's; musl's
   does not. False for a file without one. */
bool initialisers_preinit_is_called(const struct image *image);

#endif
