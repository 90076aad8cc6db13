/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may move? Only what programs reach through structures that elfcage adjusts: .interp and
 * notes by program headers, the tables of dynamic linking by DT_* entries. Code reaches .rodata or
 * a static program's .rela.plt by addresses that nobody can find again, so those stay. Notes of
 * unknown kinds stay too: crashpad's, for one, holds a distance from itself to data.
 *
 * With section headers, sections are the items; without, room_known.c finds what is known by other
 * means.
 */
#include "elf/room.h"

#include "base/memory.h"
#include "elf/layout.h"

#include <string.h>

#define ALIGNMENT_MAX 64u
/* patchelf fills the old places of sections with it. */
#define PATCHELF_FILLER 'X'

#ifndef SHT_RELR
#define SHT_RELR 19
#endif
#ifndef DT_RELR
#define DT_RELR 36
#endif

static const char *const movable_notes[] = {
    ".note.gnu.build-id", ".note.ABI-tag", ".note.gnu.property",     ".note.package",
    ".note.go.buildid",   ".note.tag",     ".note.gnu.gold-version", ".note.dlopen",
};

static bool is_movable_note(const char *name)
{
    for (size_t i = 0; i < sizeof movable_notes / sizeof *movable_notes; i++) {
        if (strcmp(name, movable_notes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Does that DT_* entry point to the start of the section, or [entry, entry + size entry) into it?
 */
static bool points_to(const struct image *image, int64_t tag, int64_t size_tag, uint64_t address)
{
    uint64_t start;
    uint64_t size = 1;
    return image_dynamic_value(image, tag, &start) &&
           (size_tag == DT_NULL || image_dynamic_value(image, size_tag, &size)) &&
           address >= start && address - start < size;
}

static bool is_dynamic_table(const struct image *image, const GElf_Shdr *shdr)
{
    uint64_t at = shdr->sh_addr;
    /* A static program at a fixed address has bounds of .rela.* in its code. */
    if (image_ehdr(image)->e_type != ET_DYN && image_find_phdr(image, PT_INTERP) == SIZE_MAX) {
        return false;
    }
    switch (shdr->sh_type) {
    case SHT_HASH:
        return points_to(image, DT_HASH, DT_NULL, at);
    case SHT_GNU_HASH:
        return points_to(image, DT_GNU_HASH, DT_NULL, at);
    case SHT_DYNSYM:
        return points_to(image, DT_SYMTAB, DT_NULL, at);
    case SHT_STRTAB:
        return points_to(image, DT_STRTAB, DT_NULL, at);
    case SHT_GNU_versym:
        return points_to(image, DT_VERSYM, DT_NULL, at);
    case SHT_GNU_verneed:
        return points_to(image, DT_VERNEED, DT_NULL, at);
    case SHT_GNU_verdef:
        return points_to(image, DT_VERDEF, DT_NULL, at);
    case SHT_RELR:
        return points_to(image, DT_RELR, DT_NULL, at);
    case SHT_RELA:
        return points_to(image, DT_RELA, DT_RELASZ, at) ||
               points_to(image, DT_JMPREL, DT_PLTRELSZ, at);
    case SHT_REL:
        return points_to(image, DT_REL, DT_RELSZ, at) ||
               points_to(image, DT_JMPREL, DT_PLTRELSZ, at);
    default:
        return false;
    }
}

static bool is_interpreter(const struct image *image, const GElf_Shdr *shdr)
{
    size_t index = image_find_phdr(image, PT_INTERP);
    return index != SIZE_MAX && image_phdr(image, index)->p_offset == shdr->sh_offset &&
           image_phdr(image, index)->p_filesz == shdr->sh_size;
}

/* What an earlier cage, which was taken out by force, has moved away: nobody's bytes. */
static bool is_spare(const char *name)
{
    return strncmp(name, SPARE_SECTION, strlen(SPARE_SECTION)) == 0;
}

static bool is_movable(const struct image *image, size_t index)
{
    const GElf_Shdr *shdr = image_shdr(image, index);
    uint64_t offset;
    if ((shdr->sh_flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR)) != SHF_ALLOC ||
        shdr->sh_addralign > ALIGNMENT_MAX || !image_offset_of(image, shdr->sh_addr, &offset) ||
        offset != shdr->sh_offset) {
        return false;
    }
    if (shdr->sh_type == SHT_NOTE) {
        return is_movable_note(image_section_name(image, index));
    }
    return (shdr->sh_type == SHT_PROGBITS &&
            (is_interpreter(image, shdr) || is_spare(image_section_name(image, index)))) ||
           is_dynamic_table(image, shdr);
}

static void look_at_sections(const struct image *image, struct room *room)
{
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        const GElf_Shdr *shdr = image_shdr(image, i);
        if (shdr->sh_type == SHT_NULL || shdr->sh_type == SHT_NOBITS || shdr->sh_size == 0) {
            continue;
        }
        room_add(room, image,
                 (struct room_item){.offset = shdr->sh_offset,
                                    .size = shdr->sh_size,
                                    .address = shdr->sh_flags & SHF_ALLOC ? shdr->sh_addr : 0,
                                    .movable = is_movable(image, i),
                                    .section = i});
    }
}

/* Segments that start behind the table: no byte of theirs is free, whatever sections say. */
static void look_at_loads(const struct image *image, struct room *room)
{
    uint64_t end = layout_table_end(image);
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && phdr->p_filesz && phdr->p_offset >= end) {
            room_add(room, image,
                     (struct room_item){.offset = phdr->p_offset,
                                        .size = phdr->p_filesz,
                                        .address = phdr->p_vaddr,
                                        .section = SIZE_MAX});
        }
    }
}

void room_add(struct room *room, const struct image *image, struct room_item item)
{
    uint64_t table_end = layout_table_end(image);
    uint64_t end = item.offset + item.size;
    if (end <= table_end) {
        return;
    }
    if (item.offset < table_end) {
        item.movable = false; /* it holds part of the table */
        item.offset = table_end;
        item.size = end - table_end;
    }
    struct room_item *added =
        memory_append(&room->items, &room->count, &room->capacity, sizeof *room->items);
    *added = item;
}

static int compare_items(const void *a, const void *b)
{
    const struct room_item *left = a;
    const struct room_item *right = b;
    if (left->offset != right->offset) {
        return left->offset < right->offset ? -1 : 1;
    }
    if (left->size != right->size) {
        return left->size < right->size ? -1 : 1;
    }
    return (left->section > right->section) - (left->section < right->section);
}

struct room room_look(const struct image *image)
{
    struct room room = {0};
    if (image_shdr_count(image)) {
        look_at_sections(image, &room);
    } else {
        room_add_known(&room, image);
    }
    look_at_loads(image, &room);
    if (room.count) {
        qsort(room.items, room.count, sizeof *room.items, compare_items);
    }
    return room;
}

bool room_is_padding(const struct image *image, uint64_t start, uint64_t end)
{
    struct bytes bytes = image_bytes(image);
    bool sections = image_shdr_count(image) != 0;
    uint64_t table = sections ? image_ehdr(image)->e_shoff : 0;
    uint64_t table_size = image_shdr_count(image) * codec_shdr_size(image_codec(image));
    for (uint64_t i = start; i < end; i++) {
        if (i >= bytes.size) {
            return false;
        }
        bool filler = bytes.data[i] == 0 || (sections && bytes.data[i] == PATCHELF_FILLER);
        if (!filler && !bytes_in(i - table, 1, table_size)) {
            return false;
        }
    }
    return true;
}

void room_clear(struct room *room)
{
    free(room->items);
    *room = (struct room){0};
}
