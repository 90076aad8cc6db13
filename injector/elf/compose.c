/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a draft to a plan. The new file is
 *
 *     [shift: S2's page in front] original [to 64] segment: payload, moved blocks
 *     [section names, section headers]
 *
 * with the original copied whole, and small writes laid over it. What those replace goes into the
 * undo record, and a digest of what they leave behind too. Since the record is itself in the file,
 * everything is composed twice: once to learn its size, which depends on no address, then for good.
 *
 * Why the segment stands where it does: its first page is behind all others in memory, and its
 * offset is right behind the original, not at the next page: no padding in the file. ELF asks only
 * that both have the same remainder by the page size (gABI, "Program Header"; GNU ld does so under
 * -z noseparate-code), here by the largest one of the architecture. The loader maps whole pages, so
 * that the end of the original (section headers, names) is in memory in front of the payload, as
 * the new section headers are behind it: bytes of this same file, not writable, to which nothing
 * points anywhere. No segment may share those pages: verify_loader.c looks at them whole.
 *
 * The segment begins with the payload, never with what moved: llvm-objcopy takes a lower program
 * header at the same offset for its parent.
 */
#include "elf/compose.h"

#include "base/memory.h"
#include "elf/resolvers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Highest user addresses: 32-bit programs get 3 GiB from a 32-bit kernel. */
#define LIMIT_32 UINT64_C(0xc0000000)
#define LIMIT_64 (UINT64_C(1) << 47)

static uint64_t align_up(uint64_t value, uint64_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

uint64_t compose_address(const struct composition *c, uint64_t address)
{
    for (size_t i = 0; i < c->draft->move_count; i++) {
        const struct draft_move *move = &c->moves[i];
        if (address >= move->address && address - move->address < move->size) {
            return move->new_address + (address - move->address);
        }
    }
    return address;
}

uint64_t compose_offset(const struct composition *c, uint64_t offset, uint64_t size)
{
    for (size_t i = 0; i < c->draft->move_count; i++) {
        const struct draft_move *move = &c->moves[i];
        if (offset >= move->offset && offset - move->offset < move->size &&
            bytes_in(offset - move->offset, size, move->size)) {
            return move->new_offset + (offset - move->offset);
        }
    }
    return offset + c->draft->shift;
}

static void add_piece(struct composition *c, uint64_t offset, uint64_t size)
{
    struct undo_piece *piece = memory_append(&c->undo.pieces, &c->undo.piece_count,
                                             &c->undo.piece_capacity, sizeof *c->undo.pieces);
    piece->offset = offset;
    bytes_slice(image_bytes(c->image), offset, size, &piece->original);
}

static void add_guard(struct composition *c, uint64_t offset, struct bytes bytes)
{
    struct undo_guard *guard = memory_append(&c->undo.guards, &c->undo.guard_count,
                                             &c->undo.guard_capacity, sizeof *c->undo.guards);
    guard->offset = offset;
    guard->size = bytes.size;
    if (!c->measuring) {
        bytes_digest(bytes.data, bytes.size, guard->digest);
    }
}

/* Undo for new bytes at `target`; while measuring, there need not be any. */
static void record(struct composition *c, uint64_t target, struct bytes bytes)
{
    uint64_t start = c->draft->shift;
    uint64_t end = start + image_bytes(c->image).size;
    uint64_t from = target > start ? target : start;
    uint64_t to = target + bytes.size < end ? target + bytes.size : end;
    if (from < to) {
        add_piece(c, from - start, to - from);
    }
    add_guard(c, target, bytes);
}

static void add_write(struct plan *plan, uint64_t target, struct buffer *bytes, const char *what)
{
    struct plan_write *write = memory_append(&plan->writes, &plan->write_count,
                                             &plan->write_capacity, sizeof *plan->writes);
    *write = (struct plan_write){target, bytes->data, bytes->size, what};
    *bytes = (struct buffer){0};
}

void compose_write(struct composition *c, uint64_t target, struct buffer *bytes, const char *what)
{
    if (bytes->size == 0) {
        buffer_free(bytes);
        return;
    }
    record(c, target, (struct bytes){bytes->data, bytes->size});
    add_write(c->plan, target, bytes, what);
}

/* Gives the segment and all that is in it its place. */
static int place(struct composition *c, uint64_t undo_bytes, struct error *error)
{
    const struct draft *draft = c->draft;
    const struct image *image = c->image;
    uint64_t page = layout_page(image);
    uint64_t highest = 0;
    for (size_t i = 0; i < draft->phdr_count; i++) {
        const GElf_Phdr *phdr = &draft->phdrs[i];
        if (phdr->p_type == PT_LOAD && phdr->p_vaddr + phdr->p_memsz > highest) {
            highest = phdr->p_vaddr + phdr->p_memsz;
        }
    }
    c->offset = align_up(draft->shift + image_bytes(image).size, PAYLOAD_ALIGNMENT);
    c->address = align_up(highest + c->symbols->reach, page) + c->offset % page;
    c->places = payload_measure(draft->cage, c->stub, undo_bytes);
    c->size = c->places.end;
    if (compose_has_array(draft)) {
        c->array = c->places.end;
        c->size += codec_word_size(c->codec);
    }
    c->stub_end = c->size;
    c->moves = memory_zeroed(draft->move_count, sizeof *c->moves);
    for (size_t i = 0; i < draft->move_count; i++) {
        struct draft_move *move = &c->moves[i];
        *move = draft->moves[i];
        if (!move->into_segment) {
            move->new_offset = draft->shift + move->offset + (move->new_address - move->address);
            continue;
        }
        /* Congruent to where it was, so that all alignments in it still hold. */
        uint64_t start = c->size + (move->offset - c->size) % PAYLOAD_ALIGNMENT;
        c->stub_end = c->stub_end == c->size ? start : c->stub_end;
        move->new_offset = c->offset + start;
        move->new_address = c->address + start;
        c->size = start + move->size + move->extra;
    }
    uint64_t limit = c->codec.is_64 ? LIMIT_64 : LIMIT_32;
    if (!bytes_in(c->address, c->size, limit)) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(image),
                          "no addresses left above 0x%" PRIx64 " for the payload: not supported",
                          highest);
    }
    return 0;
}

static void move_phdr(const struct composition *c, GElf_Phdr *phdr)
{
    if (phdr->p_type == PT_NULL || phdr->p_type == PT_GNU_STACK ||
        (phdr->p_filesz == 0 && phdr->p_memsz == 0)) {
        return; /* it has no place */
    }
    if (phdr->p_type == PT_LOAD || phdr->p_filesz == 0 || phdr->p_type == PT_GNU_RELRO ||
        !draft_find_move(c->draft, phdr->p_offset, phdr->p_filesz)) {
        phdr->p_offset += c->draft->shift;
        return;
    }
    uint64_t delta = compose_address(c, phdr->p_vaddr) - phdr->p_vaddr;
    phdr->p_offset = compose_offset(c, phdr->p_offset, phdr->p_filesz);
    phdr->p_vaddr += delta;
    phdr->p_paddr += delta;
}

static void write_phdrs(struct composition *c)
{
    const struct draft *draft = c->draft;
    size_t entry = codec_phdr_size(c->codec);
    struct buffer table = {0};
    buffer_fill(&table, 0, draft->phdr_count * entry);
    uint64_t place = draft->shift ? codec_ehdr_size(c->codec) : image_ehdr(c->image)->e_phoff;
    uint64_t page = layout_page(c->image);
    const GElf_Phdr *front = NULL;
    for (size_t i = 0; i < draft->phdr_count; i++) {
        GElf_Phdr phdr = draft->phdrs[i];
        if (i == draft->segment) {
            phdr = (GElf_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_X,
                               .p_offset = c->offset,
                               .p_vaddr = c->address,
                               .p_paddr = c->address,
                               .p_filesz = c->size,
                               .p_memsz = c->size,
                               .p_align = page};
        } else if (phdr.p_type == PT_PHDR) {
            phdr.p_offset = place;
        } else if (phdr.p_type == PT_LOAD && draft->shift && !front) {
            front = &draft->phdrs[i];
            phdr.p_vaddr -= draft->shift;
            phdr.p_paddr -= draft->shift;
            phdr.p_filesz += draft->shift;
            phdr.p_memsz += draft->shift;
        } else {
            move_phdr(c, &phdr);
        }
        if (phdr.p_type == PT_LOAD && phdr.p_align > page && draft->shift % phdr.p_align) {
            phdr.p_align = page; /* the file moved by less than the old alignment */
        }
        codec_put_phdr(c->codec, table.data + i * entry, &phdr);
    }
    compose_write(c, place, &table, "program headers");
}

static void write_ehdr(struct composition *c)
{
    GElf_Ehdr ehdr = *image_ehdr(c->image);
    struct buffer bytes = {0};
    buffer_fill(&bytes, 0, codec_ehdr_size(c->codec));
    if (c->draft->cage->hook == HOOK_ENTRY) {
        ehdr.e_entry = compose_stub_code(c);
    }
    ehdr.e_phoff = c->draft->shift ? codec_ehdr_size(c->codec) : ehdr.e_phoff;
    ehdr.e_phnum = (uint16_t)c->draft->phdr_count;
    if (c->section_count) {
        ehdr.e_shoff = c->table_offset;
        ehdr.e_shnum = (uint16_t)c->section_count;
        ehdr.e_shstrndx = c->new_index[ehdr.e_shstrndx];
    }
    codec_put_ehdr(c->codec, bytes.data, &ehdr);
    compose_write(c, 0, &bytes, "ELF header");
}

static void write_moves(struct composition *c)
{
    for (size_t i = 0; i < c->draft->move_count; i++) {
        const struct draft_move *move = &c->moves[i];
        if (c->measuring) {
            record(c, move->new_offset, (struct bytes){NULL, move->size + move->extra});
            continue;
        }
        struct buffer copy = {0};
        buffer_add(&copy, image_bytes(c->image).data + move->offset, move->size);
        buffer_fill(&copy, 0, move->extra);
        compose_patch_symbols(c, move, copy.data);
        compose_patch_hook(c, move, copy.data);
        compose_write(c, move->new_offset, &copy, "moved sections");
    }
}

static void write_dynamic(struct composition *c)
{
    size_t entry = codec_dyn_size(c->codec);
    size_t count = image_dynamic_count(c->image);
    size_t new_count = compose_hook_entries(c->draft, count);
    struct buffer table = {0};
    bool changed = c->draft->hook.entry_count > 0;
    for (size_t i = 0; i < new_count; i++) {
        GElf_Dyn dyn = {0};
        if (i < count) {
            dyn = image_dynamic(c->image, i);
        }
        if (layout_is_pointer(dyn.d_tag)) {
            uint64_t address = compose_address(c, dyn.d_un.d_ptr);
            changed = changed || address != dyn.d_un.d_ptr;
            dyn.d_un.d_ptr = address;
        }
        compose_hook_entry(c, i, &dyn);
        buffer_fill(&table, 0, entry);
        codec_put_dyn(c->codec, table.data + i * entry, &dyn);
    }
    if (changed) {
        const GElf_Phdr *phdr = image_phdr(c->image, image_find_phdr(c->image, PT_DYNAMIC));
        compose_write(c, compose_offset(c, phdr->p_offset, table.size), &table, "dynamic section");
    }
    buffer_free(&table);
}

static void write_payload(struct composition *c)
{
    const struct payload_values values = {
        .layout = c->draft->layout,
        .address = c->address,
        .offset = c->offset,
        .segment_size = c->size,
        .next = c->draft->hook.next,
        .original_size = image_bytes(c->image).size,
        .original_offset = c->draft->shift,
        .caged_size = c->plan->size,
        .resolvers = resolvers_digest(c->image),
    };
    struct buffer bytes =
        payload_write(c->draft->cage, c->stub, c->codec.big_endian, &c->places, &values, &c->undo);
    buffer_fill(&bytes, 0, c->stub_end - c->places.end);
    if (c->array) {
        codec_put_word(c->codec, bytes.data + c->array, compose_stub_code(c));
    }
    add_write(c->plan, c->offset, &bytes, "payload");
}

/* One round; `undo_bytes` is the size that the record is expected to have. */
static int compose(struct composition *c, uint64_t undo_bytes, struct error *error)
{
    struct plan *plan = c->plan;
    plan->layout = payload_layout_name(c->draft->layout);
    if (place(c, undo_bytes, error) != 0) {
        return -1;
    }
    if (compose_order_sections(c, error) != 0) {
        return -1;
    }
    plan->size = c->offset + c->size;
    *(struct plan_copy *)memory_append(&plan->copies, &plan->copy_count, &plan->copy_capacity,
                                       sizeof *plan->copies) =
        (struct plan_copy){0, c->draft->shift, image_bytes(c->image).size};
    write_ehdr(c);
    write_phdrs(c);
    write_dynamic(c);
    write_moves(c);
    compose_write_hook(c);
    compose_write_symbols(c);
    compose_write_sections(c);
    if (!c->measuring) {
        write_payload(c);
    }
    return 0;
}

static void composition_clear(struct composition *c)
{
    plan_free(c->plan);
    undo_free(&c->undo);
    free(c->moves);
    free(c->sections);
    free(c->new_index);
    buffer_free(&c->names);
}

/* The pieces of the original do not depend on what was guessed. */
static bool same_pieces(const struct undo *a, const struct undo *b)
{
    bool same = a->piece_count == b->piece_count;
    for (size_t i = 0; same && i < a->piece_count; i++) {
        same = a->pieces[i].offset == b->pieces[i].offset &&
               a->pieces[i].original.data == b->pieces[i].original.data &&
               a->pieces[i].original.size == b->pieces[i].original.size;
    }
    return same;
}

static int compose_twice(const struct draft *draft, const struct symbol_survey *symbols,
                         struct undo *measured, struct plan **out, struct error *error)
{
    uint64_t undo_bytes = 0;
    int result = 0;
    for (int round = 0; round < 2 && result == 0; round++) {
        struct composition c = {.measuring = round == 0,
                                .draft = draft,
                                .symbols = symbols,
                                .image = draft->image,
                                .codec = image_codec(draft->image),
                                .stub = image_arch(draft->image)->stub,
                                .plan = memory_zeroed(1, sizeof(struct plan))};
        c.undo.packed = measured->packed; /* to pack is most of the work */
        c.undo.packed_count = measured->packed_count;
        measured->packed = (struct buffer){0};
        result = compose(&c, undo_bytes, error);
        if (result == 0 && c.measuring) {
            undo_bytes = undo_size(&c.undo);
            *measured = c.undo;
            c.undo = (struct undo){0};
        } else if (result == 0 &&
                   (undo_bytes != undo_size(&c.undo) || !same_pieces(&c.undo, measured))) {
            result = error_file(error, ERROR_INTERNAL, image_name(draft->image),
                                "the undo record changes its size: report this");
        } else if (result == 0) {
            result = compose_check(&c, error);
            *out = result == 0 ? STEAL(c.plan) : *out;
        }
        composition_clear(&c);
    }
    return result;
}

int draft_compose(const struct draft *draft, struct plan **out, struct error *error)
{
    image_forget(draft->image, 0, image_bytes(draft->image).size); /* layouts read whole tables */
    struct symbol_survey symbols = compose_survey(draft);
    struct undo measured = {0};
    int result = compose_twice(draft, &symbols, &measured, out, error);
    undo_free(&measured);
    compose_survey_free(&symbols);
    image_forget(draft->image, 0, image_bytes(draft->image).size); /* so do we */
    return result;
}
