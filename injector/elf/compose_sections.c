/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section headers of the new file. A caged file's sections describe every byte of the new segment,
 * since strip and eu-strip zero what no section covers.
 *
 * Where nothing was moved into the segment, new sections are appended and all indices hold. Else
 * headers are put in the order of addresses (patchelf 0.14 relies on it), and every index that
 * points to a section (sh_link, sh_info, st_shndx, e_shstrndx) goes through the map.
 *
 * Names and table are written anew behind the segment; the old ones stay as dead bytes for removal.
 */
#include "elf/compose.h"

#include "base/memory.h"

#include <string.h>

enum { PART_FILTER, PART_NOTE, PART_STUB, PART_HEADERS, PART_SPARE, PART_COUNT };
_Static_assert(PART_COUNT == COMPOSE_SECTIONS_MAX, "plan.c counts on it");

static const char *const new_names[PART_COUNT] = {
    ".elfcage.filter", ".note.elfcage", ".elfcage.stub", ".elfcage.headers", ".elfcage.spare"};

static void append(struct composition *c, size_t old, const GElf_Shdr *header)
{
    struct composed_section *section = &c->sections[c->section_count];
    *section = (struct composed_section){.header = *header, .old = old};
    if (old != SECTION_NONE) {
        c->new_index[old] = (uint16_t)c->section_count;
        c->old_index[c->section_count] = (uint16_t)old;
        c->sections_permuted = c->sections_permuted || old != c->section_count;
    }
    c->section_count++;
}

/* Part `index` of the segment, from `start` to `end` in it. sh_name is set with the names. */
static void append_part(struct composition *c, size_t index, uint32_t type, uint64_t start,
                        uint64_t end)
{
    append(c, SECTION_NONE,
           &(GElf_Shdr){.sh_name = (uint32_t)index,
                        .sh_type = type,
                        .sh_flags = SHF_ALLOC | (index == PART_STUB ? SHF_EXECINSTR : 0),
                        .sh_addr = c->address + start,
                        .sh_offset = c->offset + start,
                        .sh_size = end - start,
                        .sh_addralign = index == PART_FILTER ? 8
                                        : index == PART_NOTE ? 4
                                                             : PAYLOAD_ALIGNMENT});
}

static const struct draft_move *move_of(const struct composition *c, size_t section)
{
    const GElf_Shdr *shdr = image_shdr(c->image, section);
    if (!(shdr->sh_flags & SHF_ALLOC) || shdr->sh_type == SHT_NOBITS) {
        return NULL;
    }
    return draft_find_move(c->draft, shdr->sh_offset, shdr->sh_size);
}

static bool goes_to_segment(const struct composition *c, size_t section)
{
    const struct draft_move *move = section ? move_of(c, section) : NULL;
    return move && move->into_segment;
}

/* What is left over of the block that S3m moved away, in front of the first section behind it. */
static void append_spare(struct composition *c, size_t next)
{
    const struct draft *draft = c->draft;
    const GElf_Shdr *shdr = image_shdr(c->image, next);
    bool behind = shdr->sh_flags & SHF_ALLOC && !move_of(c, next) &&
                  shdr->sh_offset >= draft->spare + draft->spare_size;
    if (draft->spare_size && behind && !c->spare_done) {
        const GElf_Phdr *load = image_phdr(c->image, image_find_phdr(c->image, PT_LOAD));
        append(c, SECTION_NONE,
               &(GElf_Shdr){.sh_name = PART_SPARE,
                            .sh_type = SHT_PROGBITS,
                            .sh_flags = SHF_ALLOC,
                            .sh_addr = load->p_vaddr - load->p_offset + draft->spare,
                            .sh_offset = draft->spare,
                            .sh_size = draft->spare_size,
                            .sh_addralign = 1});
        c->spare_done = true;
    }
}

static void append_new(struct composition *c)
{
    append_part(c, PART_FILTER, SHT_PROGBITS, 0, c->places.note);
    append_part(c, PART_NOTE, SHT_NOTE, c->places.note, c->places.stub);
    append_part(c, PART_STUB, SHT_PROGBITS, c->places.stub, c->stub_end);
    for (size_t i = 1; c->draft->sort_sections && i < image_shdr_count(c->image); i++) {
        if (goes_to_segment(c, i)) {
            append(c, i, image_shdr(c->image, i));
        }
    }
    if (c->draft->covered) {
        /* Old headers that programs reach through __ehdr_start. */
        uint64_t offset = c->draft->shift;
        const GElf_Phdr *load = image_phdr(c->image, image_find_phdr(c->image, PT_LOAD));
        append(c, SECTION_NONE,
               &(GElf_Shdr){.sh_name = PART_HEADERS,
                            .sh_type = SHT_PROGBITS,
                            .sh_flags = SHF_ALLOC,
                            .sh_addr = load->p_vaddr,
                            .sh_offset = offset,
                            .sh_size = c->draft->covered,
                            .sh_addralign = 8});
    }
}

void compose_order_sections(struct composition *c)
{
    size_t count = image_shdr_count(c->image);
    if (count == 0) {
        return;
    }
    c->sections = memory_zeroed(count + PART_COUNT, sizeof *c->sections);
    c->new_index = memory_zeroed(count, sizeof *c->new_index);
    c->old_index = memory_zeroed(count + PART_COUNT, sizeof *c->old_index);
    size_t last = count - 1; /* new ones go behind it */
    if (c->draft->sort_sections) {
        last = 0;
        for (size_t i = 1; i < count; i++) {
            bool loaded = image_shdr(c->image, i)->sh_flags & SHF_ALLOC;
            last = loaded && !goes_to_segment(c, i) ? i : last;
        }
    }
    for (size_t i = 0; i < count; i++) {
        append_spare(c, i);
        if (!c->draft->sort_sections || !goes_to_segment(c, i)) {
            append(c, i, image_shdr(c->image, i));
        }
        if (i == last) {
            append_new(c);
        }
    }
    if (c->sections_permuted) {
        c->undo.section_map = c->old_index;
        c->undo.section_map_count = c->section_count;
    }
    size_t names = image_ehdr(c->image)->e_shstrndx;
    c->names_size = names ? image_shdr(c->image, names)->sh_size : 0;
    for (size_t i = 0; names && i < PART_COUNT; i++) {
        c->names_size += strlen(new_names[i]) + 1;
    }
    c->names_offset = c->offset + c->size;
    c->table_offset = (c->names_offset + c->names_size + 7) & ~UINT64_C(7);
}

/* The new header of a section of the original. */
static void move_section(const struct composition *c, size_t old, GElf_Shdr *header)
{
    if (old == 0) {
        return;
    }
    const struct draft_move *move = move_of(c, old);
    if (move) {
        header->sh_offset = compose_offset(c, header->sh_offset, header->sh_size);
        header->sh_addr = compose_address(c, header->sh_addr);
    } else {
        header->sh_offset += c->draft->shift;
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
        header->sh_size = c->names_size;
    }
}

void compose_write_sections(struct composition *c)
{
    if (c->section_count == 0) {
        return;
    }
    size_t names_index = image_ehdr(c->image)->e_shstrndx;
    uint32_t offsets[PART_COUNT] = {0};
    struct buffer names = {0};
    if (names_index) {
        const GElf_Shdr *old = image_shdr(c->image, names_index);
        buffer_add(&names, image_bytes(c->image).data + old->sh_offset, old->sh_size);
        for (size_t i = 0; i < PART_COUNT; i++) {
            offsets[i] = (uint32_t)names.size;
            buffer_add(&names, new_names[i], strlen(new_names[i]) + 1);
        }
    }
    size_t entry = codec_shdr_size(c->codec);
    struct buffer table = {0};
    buffer_fill(&table, 0, c->section_count * entry);
    for (size_t i = 0; i < c->section_count; i++) {
        GElf_Shdr header = c->sections[i].header;
        if (c->sections[i].old == SECTION_NONE) {
            header.sh_name = offsets[header.sh_name];
        } else {
            move_section(c, c->sections[i].old, &header);
        }
        codec_put_shdr(c->codec, table.data + i * entry, &header);
    }
    c->plan->size = c->table_offset + table.size;
    compose_write(c, c->names_offset, &names, "section names");
    compose_write(c, c->table_offset, &table, "section headers");
}
