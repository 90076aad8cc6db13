/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hook answers one question: what has to change in a file, so that the stub is called? (A layout
 * answers where the stub stands.) Private to plan_inject(), and speaks of the original, as a draft
 * does.
 */
#ifndef ELFCAGE_ELF_HOOK_H
#define ELFCAGE_ELF_HOOK_H

#include "base/memory.h"
#include "elf/payload.h"

enum hook_value {
    HOOK_VALUE_NUMBER, /* `number` */
    HOOK_VALUE_STUB,   /* the address of the stub's code */
    HOOK_VALUE_ARRAY,  /* the address of a word behind the stub that holds the stub's address */
};

/* An entry of the dynamic section that changes, or that a spare DT_NULL becomes. */
struct hook_entry {
    size_t index;
    int64_t tag;
    enum hook_value kind;
    uint64_t number;
};

#define HOOK_ENTRIES_MAX 5u

struct hook_edits {
    struct hook_entry entries[HOOK_ENTRIES_MAX];
    size_t entry_count;
    bool has_word; /* the word at that offset of the file becomes the stub's address: */
    uint64_t word;
    /* A word of memory behind .bss, which one more relocation fills with the stub's address; 0:
     * none
     */
    uint64_t slot;
    uint64_t next; /* where the stub goes on: an address, or 0: back to the loader */
};

/* What the cage's hook needs. ERROR_UNSUPPORTED with the reason where the file has no place for it,
   or no loader would call it. Touches nothing. */
int hook_settle(const struct image *image, enum hook hook, struct hook_edits *out,
                struct error *error);

struct draft;
/* Makes room in a draft whose layout is fixed: for the slot, and for its relocation. False and a
   reason if there is none. */
bool hook_make_room(struct draft *draft, struct buffer *reasons);
/* Is that section the .bss that grows over the slot? */
bool hook_grows_section(const struct draft *draft, size_t index);

#endif
