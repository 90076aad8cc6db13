/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind the program headers: in the way of one more entry, or free to move. Private to
 * the layouts.
 */
#ifndef ELFCAGE_ELF_ROOM_H
#define ELFCAGE_ELF_ROOM_H

#include "elf/image.h"

struct room_item {
    uint64_t offset, size; /* in the file, bytes */
    uint64_t address;      /* 0 if it is not loaded */
    bool movable;          /* only structures point to it, never code */
    bool known_first;      /* PT_INTERP or PT_NOTE: linkers put nothing in front of them */
    size_t section;        /* its index; SIZE_MAX if it is known by other means */
};

struct room {
    struct room_item *items; /* owned; by offset, all behind the end of the program headers */
    size_t count, capacity;
};

struct room room_look(const struct image *image);
void room_clear(struct room *room);
/* Is [start, end), which no item claims, nothing but padding: zeros, or what a tool that moved
   sections away left in their place? */
bool room_is_padding(const struct image *image, uint64_t start, uint64_t end);

/* For room.c and room_known.c: adds what is not wholly in front of the end of the table. */
void room_add(struct room *room, const struct image *image, struct room_item item);
/* Without section headers: what program headers and the dynamic section tell. */
void room_add_known(struct room *room, const struct image *image);

#endif
