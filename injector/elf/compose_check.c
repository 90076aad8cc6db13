/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every byte of a file belongs to one structure, or a plan for one of them changes another. Files
 * made to confuse, or damaged ones, have two in one place; section headers, which layouts go by,
 * may leave out what the dynamic section names. So the finished plan is held against what ld.so
 * reads.
 */
#include "elf/compose.h"
#include "elf/structures.h"

#include <stdlib.h>
#include <string.h>

static int compare_writes(const void *a, const void *b)
{
    const struct plan_write *left = a;
    const struct plan_write *right = b;
    return (left->target > right->target) - (left->target < right->target);
}

static int refuse(const struct composition *c, uint64_t offset, const char *a, const char *b,
                  struct error *error)
{
    return error_offset(error, ERROR_UNSUPPORTED, image_name(c->image), offset,
                        "damaged: %s and %s overlap", a, b);
}

/* [offset, offset + size) of the original. */
static int check_bytes(const struct composition *c, const struct structure *structure,
                       uint64_t offset, uint64_t size, struct error *error)
{
    if (size == 0 || draft_find_move(c->draft, offset, size)) {
        return 0; /* it is read from its new place */
    }
    uint64_t place = c->draft->shift + offset;
    for (size_t i = 0; i < c->plan->write_count; i++) {
        const struct plan_write *write = &c->plan->writes[i];
        if (bytes_overlap(place, size, write->target, write->size) &&
            strcmp(write->what, structure->own) != 0) {
            return refuse(c, write->target, write->what, structure->name, error);
        }
    }
    return 0;
}

/* Wherever in the file it is loaded from. */
static int check_structure(const struct composition *c, const struct structure *structure,
                           struct error *error)
{
    uint64_t end = structure->start + structure->size;
    int result = 0;
    if (end < structure->start) {
        end = UINT64_MAX;
    }
    for (size_t i = 0; result == 0 && i < image_phdr_count(c->image); i++) {
        const GElf_Phdr *phdr = image_phdr(c->image, i);
        uint64_t phdr_end = phdr->p_vaddr + phdr->p_filesz; /* in range: image_check.c */
        uint64_t from = structure->start > phdr->p_vaddr ? structure->start : phdr->p_vaddr;
        uint64_t to = end < phdr_end ? end : phdr_end;
        if (phdr->p_type == PT_LOAD && from < to) {
            result = check_bytes(c, structure, phdr->p_offset + (from - phdr->p_vaddr), to - from,
                                 error);
        }
    }
    return result;
}

static int check_segments(const struct composition *c, struct error *error)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < image_phdr_count(c->image); i++) {
        const GElf_Phdr *phdr = image_phdr(c->image, i);
        bool dynamic = phdr->p_type == PT_DYNAMIC;
        if (dynamic || phdr->p_type == PT_INTERP) {
            const struct structure structure = {.name = dynamic ? "PT_DYNAMIC" : "PT_INTERP",
                                                .own = dynamic ? "dynamic section" : ""};
            result = check_bytes(c, &structure, phdr->p_offset, phdr->p_filesz, error);
        } else if (phdr->p_type == PT_TLS) { /* threads start with a copy of it from memory */
            const struct structure structure = {
                .name = "PT_TLS", .start = phdr->p_vaddr, .size = phdr->p_filesz, .own = ""};
            result = check_structure(c, &structure, error);
        }
    }
    return result;
}

int compose_check(const struct composition *c, struct error *error)
{
    struct plan *plan = c->plan;
    qsort(plan->writes, plan->write_count, sizeof *plan->writes, compare_writes);
    for (size_t i = 1; i < plan->write_count; i++) {
        const struct plan_write *before = &plan->writes[i - 1];
        const struct plan_write *after = &plan->writes[i];
        if (after->target - before->target < before->size) {
            return refuse(c, after->target, before->what, after->what, error);
        }
    }
    struct structure structures[STRUCTURES_MAX];
    bool complete;
    size_t count = structures_find(c->image, structures, &complete);
    int result = check_segments(c, error);
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = check_structure(c, &structures[i], error);
    }
    if (result == 0 && !complete) {
        return error_file(error, ERROR_UNSUPPORTED, image_name(c->image),
                          "damaged: its hash tables cannot be read");
    }
    return result;
}
