/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans made from plans: pure data to pure data.
 */
#include "base/memory.h"
#include "elf/plan.h"

#include <string.h>

static void add_copy(struct plan *plan, uint64_t source, uint64_t target, uint64_t size)
{
    struct plan_copy *copy =
        memory_append(&plan->copies, &plan->copy_count, &plan->copy_capacity, sizeof *plan->copies);
    *copy = (struct plan_copy){source, target, size};
}

static void add_write(struct plan *plan, uint64_t target, const uint8_t *bytes, size_t size,
                      const char *what)
{
    struct plan_write *write = memory_append(&plan->writes, &plan->write_count,
                                             &plan->write_capacity, sizeof *plan->writes);
    *write = (struct plan_write){target, memory_copy(bytes, size), size, what};
}

struct plan *plan_identity(const struct image *image)
{
    struct plan *plan = memory_zeroed(1, sizeof *plan);
    plan->layout = "copy";
    plan->size = image_bytes(image).size;
    add_copy(plan, 0, 0, plan->size);
    return plan;
}

/* The common part of [a, a + a_size) and [b, b + b_size); false if there is none. */
static bool intersect(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size, uint64_t *start,
                      uint64_t *size)
{
    if (!bytes_overlap(a, a_size, b, b_size)) {
        return false;
    }
    uint64_t end = a + a_size < b + b_size ? a + a_size : b + b_size;
    *start = a > b ? a : b;
    *size = end - *start;
    return true;
}

struct plan *plan_compose(const struct plan *first, const struct plan *second)
{
    struct plan *plan = memory_zeroed(1, sizeof *plan);
    plan->layout = second->layout;
    plan->size = second->size;
    for (size_t i = 0; i < second->copy_count; i++) {
        const struct plan_copy *outer = &second->copies[i];
        uint64_t start;
        uint64_t size;
        for (size_t j = 0; j < first->copy_count; j++) {
            const struct plan_copy *inner = &first->copies[j];
            if (intersect(outer->source, outer->size, inner->target, inner->size, &start, &size)) {
                add_copy(plan, inner->source + (start - inner->target),
                         outer->target + (start - outer->source), size);
            }
        }
        for (size_t j = 0; j < first->write_count; j++) {
            const struct plan_write *inner = &first->writes[j];
            if (intersect(outer->source, outer->size, inner->target, inner->size, &start, &size)) {
                add_write(plan, outer->target + (start - outer->source),
                          inner->bytes + (start - inner->target), size, inner->what);
            }
        }
    }
    for (size_t i = 0; i < second->write_count; i++) {
        const struct plan_write *outer = &second->writes[i];
        add_write(plan, outer->target, outer->bytes, outer->size, outer->what);
    }
    return plan;
}
