/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section headers of the new file. A caged file's sections describe every byte of the new segment,
 * since strip and eu-strip zero what no section covers.
 *
 * Every section that stays where it is keeps its index, so that symbol tables, which may have
 * megabytes, need no change. New sections are appended, and so are those that moved into the
 * segment (but for symbol tables, see keeps_header()): headers have to be in the order of addresses
 * (patchelf 0.14 relies on it). The header
 * that one of those had becomes an .elfcage.spare: it says that its share of the bytes which were
 * left over is taken, or patchelf would fill such a hole in the first page of an ET_EXEC with
 * .dynamic, which would then be read-only.
 *
 * Names and table are written anew behind the segment; the old ones stay as dead bytes for removal.
 */
#include "elf/compose.h"

#include "base/memory.h"

#include <string.h>

/* Sections that are added, beside an .elfcage.spare for each that leaves. */
#define ADDED_MAX 4u
/* How many program headers patchelf may add at once. */
#define PATCHELF_PHDRS 2u

static void append(struct composition *c, size_t old, const GElf_Shdr *header)
{
    struct composed_section *section = &c->sections[c->section_count];
    *section = (struct composed_section){.header = *header, .old = old};
    if (old != SECTION_NONE) {
        c->new_index[old] = (uint16_t)c->section_count;
    }
    c->section_count++;
}

static void append_added(struct composition *c, const char *name, GElf_Shdr header)
{
    if (c->names.size) {
        header.sh_name = (uint32_t)c->names.size;
        buffer_add(&c->names, name, strlen(name) + 1);
    }
    append(c, SECTION_NONE, &header);
}

/* A part of the segment, from `start` to `end` in it. */
static void append_part(struct composition *c, const char *name, uint64_t start, uint64_t end,
                        GElf_Shdr header)
{
    header.sh_flags |= SHF_ALLOC;
    header.sh_addr = c->address + start;
    header.sh_offset = c->offset + start;
    header.sh_size = end - start;
    append_added(c, name, header);
}

/* Bytes of the original that are loaded where they were, but belong to no section of it. */
static void append_covering(struct composition *c, const char *name, uint64_t offset, uint64_t size,
                            uint64_t alignment)
{
    const GElf_Phdr *load = image_phdr(c->image, image_find_phdr(c->image, PT_LOAD));
    append_added(c, name,
                 (GElf_Shdr){.sh_type = SHT_PROGBITS,
                             .sh_flags = SHF_ALLOC,
                             .sh_addr = load->p_vaddr - load->p_offset + offset,
                             .sh_offset = c->draft->shift + offset,
                             .sh_size = size,
                             .sh_addralign = alignment});
}

static bool leaves(const struct composition *c, size_t section)
{
    return c->symbols->moved[section] && draft_find_section(c->draft, section)->into_segment;
}

/* Does it leave a hole of its own, not in the gaps? */
static bool leaves_hole(const struct composition *c, size_t section)
{
    return draft_find_section(c->draft, section)->leaves_hole;
}

/* Which of the gaps a section that leaves is from. */
static size_t gap_of(const struct composition *c, size_t section)
{
    return image_shdr(c->image, section)->sh_offset < c->draft->kept ? 0 : 1;
}

/*
 * Does a section that leaves keep its header where it is? A symbol table does, if it can, since BFD
 * (strip, objcopy) makes its sections while it reads headers, and one that a string table or
 * relocations ask for earlier gets a number in front of others; st_shndx in .dynsym, which BFD does
 * not touch, would then name others. patchelf looks for what is in the way of more program headers
 * by the order of headers, and stops at this one: a spare has to be in front, and large enough.
 */
static bool keeps_header(const struct composition *c, size_t section)
{
    /* patchelf moves the note too that may stand between. */
    const struct draft_gap *last = &c->draft->gaps[1];
    uint64_t needed = (1 + PATCHELF_PHDRS) * codec_phdr_size(c->codec);
    if (image_shdr(c->image, section)->sh_type != SHT_DYNSYM || leaves_hole(c, section) ||
        last->offset + last->size < layout_table_end(c->image) + needed) {
        return false;
    }
    for (size_t i = 1; i < section; i++) {
        if (leaves(c, i) && !leaves_hole(c, i)) {
            return gap_of(c, i) == gap_of(c, section);
        }
    }
    return false;
}

/* The next name of a spare. Numbered, since patchelf knows sections by their names; an earlier cage
   that was taken out by force has left some. Owned by the caller. */
static char *spare_name(const struct composition *c, size_t *number)
{
    char *name = memory_printf(SPARE_SECTION "%zu", ++*number);
    for (size_t i = 1; i < image_shdr_count(c->image); i++) {
        if (strcmp(image_section_name(c->image, i), name) == 0) {
            free(name);
            name = memory_printf(SPARE_SECTION "%zu", ++*number);
            i = 0;
        }
    }
    return name;
}

/* All sections of the original with their indices. Those that leave share what is left over. */
static void append_old(struct composition *c)
{
    size_t count = image_shdr_count(c->image);
    struct draft_gap left[2] = {c->draft->gaps[0], c->draft->gaps[1]};
    size_t sharers[2] = {0, 0};
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        bool shares = leaves(c, i) && !leaves_hole(c, i) && !keeps_header(c, i);
        sharers[gap_of(c, i)] += shares ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!leaves(c, i) || keeps_header(c, i)) {
            append(c, i, image_shdr(c->image, i));
            continue;
        }
        size_t which = gap_of(c, i);
        struct draft_gap *gap = &left[which];
        if (leaves_hole(c, i)) {
            CLEANUP_FREE char *name = spare_name(c, &number);
            const GElf_Shdr *hole = image_shdr(c->image, i);
            append_added(c, name,
                         (GElf_Shdr){.sh_type = SHT_PROGBITS,
                                     .sh_flags = SHF_ALLOC,
                                     .sh_addr = hole->sh_addr,
                                     .sh_offset = c->draft->shift + hole->sh_offset,
                                     .sh_size = hole->sh_size,
                                     .sh_addralign = 1});
            continue;
        }
        uint64_t share = sharers[which] > 1 ? gap->size / sharers[which] : gap->size;
        CLEANUP_FREE char *name = spare_name(c, &number);
        append_covering(c, name, gap->offset, share, 1);
        gap->offset += share;
        gap->size -= share;
        sharers[which]--;
    }
}

static void append_new(struct composition *c)
{
    append_part(c, ".elfcage.filter", 0, c->places.note,
                (GElf_Shdr){.sh_type = SHT_PROGBITS, .sh_addralign = 8});
    append_part(c, ".note.elfcage", c->places.note, c->places.stub,
                (GElf_Shdr){.sh_type = SHT_NOTE, .sh_addralign = 4});
    append_part(c, ".elfcage.stub", c->places.stub, c->stub_end,
                (GElf_Shdr){.sh_type = SHT_PROGBITS,
                            .sh_flags = SHF_EXECINSTR,
                            .sh_addralign = PAYLOAD_ALIGNMENT});
    for (size_t i = 1; i < image_shdr_count(c->image); i++) {
        if (leaves(c, i) && !keeps_header(c, i)) {
            append(c, i, image_shdr(c->image, i));
        }
    }
    if (c->draft->covered) {
        /* Old headers that programs reach through __ehdr_start. */
        append_covering(c, ".elfcage.headers", 0, c->draft->covered, 8);
    }
}

int compose_order_sections(struct composition *c, struct error *error)
{
    size_t count = image_shdr_count(c->image);
    if (count == 0) {
        return 0;
    }
    size_t new_count = count + ADDED_MAX;
    for (size_t i = 0; i < count; i++) {
        new_count += leaves(c, i) ? 1 : 0;
    }
    if (new_count >= SHN_LORESERVE) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(c->image),
                          "no section numbers left (%zu are taken): strip it first", count);
    }
    c->sections = memory_zeroed(new_count, sizeof *c->sections);
    c->new_index = memory_zeroed(count, sizeof *c->new_index);
    size_t names = image_ehdr(c->image)->e_shstrndx;
    if (names) {
        const GElf_Shdr *shdr = image_shdr(c->image, names);
        buffer_add(&c->names, image_bytes(c->image).data + shdr->sh_offset, shdr->sh_size);
    }
    append_old(c);
    append_new(c);
    c->names_offset = c->offset + c->size;
    c->table_offset = (c->names_offset + c->names.size + 7) & ~UINT64_C(7);
    return 0;
}

/* The new header of a section of the original. */
static void move_section(const struct composition *c, size_t old, GElf_Shdr *header)
{
    if (old == 0) {
        return;
    }
    if (c->symbols->moved[old]) {
        header->sh_offset = compose_offset(c, header->sh_offset, header->sh_size);
        header->sh_addr = compose_address(c, header->sh_addr);
    } else {
        header->sh_offset += c->draft->shift;
    }
    const struct draft_move *move = draft_find_section(c->draft, old);
    uint64_t word = codec_word_size(c->codec);
    if (hook_grows_section(c->draft, old)) {
        header->sh_size = c->draft->hook.slot + word - header->sh_addr;
    }
    if (move && move->extra) {
        header->sh_size += move->extra;
    }
    size_t count = image_shdr_count(c->image);
    if (header->sh_link < count) {
        header->sh_link = c->new_index[header->sh_link];
    }
    bool info_is_index = header->sh_flags & SHF_INFO_LINK || header->sh_type == SHT_REL ||
                         header->sh_type == SHT_RELA;
    if (info_is_index && header->sh_info < count) {
        header->sh_info = c->new_index[header->sh_info];
    }
    if (old == image_ehdr(c->image)->e_shstrndx) {
        header->sh_offset = c->names_offset;
        header->sh_size = c->names.size;
    }
}

void compose_write_sections(struct composition *c)
{
    if (c->section_count == 0) {
        return;
    }
    size_t entry = codec_shdr_size(c->codec);
    struct buffer table = {0};
    buffer_fill(&table, 0, c->section_count * entry);
    for (size_t i = 0; i < c->section_count; i++) {
        GElf_Shdr header = c->sections[i].header;
        if (c->sections[i].old != SECTION_NONE) {
            move_section(c, c->sections[i].old, &header);
        }
        codec_put_shdr(c->codec, table.data + i * entry, &header);
    }
    c->plan->size = c->table_offset + table.size;
    compose_write(c, c->names_offset, &c->names, "section names");
    compose_write(c, c->table_offset, &table, "section headers");
}
