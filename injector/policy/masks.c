/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interval is cut into blocks of powers of two, each aligned to its size: as networks are cut
 * into prefixes.
 */
#include "policy/masks.h"

#include "base/memory.h"

void masked_list_free(struct masked_list *list)
{
    free(list->items);
    *list = (struct masked_list){0};
}

static void add(struct masked_list *list, uint64_t mask, uint64_t value)
{
    struct masked *item =
        memory_append(&list->items, &list->count, &list->capacity, sizeof *list->items);
    *item = (struct masked){mask, value};
}

static void add_interval(struct masked_list *list, uint64_t highest, uint64_t first, uint64_t last)
{
    if (first > last) {
        return;
    }
    for (;;) {
        uint64_t free_bits = 0; /* of the block that begins at `first` */
        while (free_bits != highest) {
            uint64_t wider = free_bits << 1 | 1;
            if ((first & wider) || wider > last - first) {
                break;
            }
            free_bits = wider;
        }
        add(list, highest & ~free_bits, first);
        if (last - first == free_bits) {
            return;
        }
        first += free_bits + 1;
    }
}

struct masked_list condition_masks(const struct condition *c)
{
    struct masked_list list = {0};
    uint64_t highest = c->width == 64 ? UINT64_MAX : UINT32_MAX;
    switch (c->compare) {
    case COMPARE_EQ:
        add(&list, highest, c->value);
        break;
    case COMPARE_MASKED_EQ:
        add(&list, c->mask, c->value);
        break;
    case COMPARE_NE:
        if (c->value) {
            add_interval(&list, highest, 0, c->value - 1);
        }
        if (c->value != highest) {
            add_interval(&list, highest, c->value + 1, highest);
        }
        break;
    case COMPARE_LT:
        if (c->value) {
            add_interval(&list, highest, 0, c->value - 1);
        }
        break;
    case COMPARE_LE:
        add_interval(&list, highest, 0, c->value);
        break;
    case COMPARE_GT:
        if (c->value != highest) {
            add_interval(&list, highest, c->value + 1, highest);
        }
        break;
    case COMPARE_GE:
        add_interval(&list, highest, c->value, highest);
        break;
    }
    return list;
}

struct masked_list masks_both(const struct masked_list *a, const struct masked_list *b)
{
    struct masked_list list = {0};
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            const struct masked *x = &a->items[i];
            const struct masked *y = &b->items[k];
            if (((x->value ^ y->value) & x->mask & y->mask) == 0) {
                add(&list, x->mask | y->mask, x->value | y->value);
            }
        }
    }
    return list;
}
