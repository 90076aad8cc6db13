/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions in terms of masks: the one comparison that means the same in 32 and in 64 bits, and of
 * which two on one argument are again one. Whoever has to say a condition to something that
 * compares 64 bits only (libseccomp, and so OCI JSON) says it this way.
 */
#ifndef ELFCAGE_POLICY_MASKS_H
#define ELFCAGE_POLICY_MASKS_H

#include "policy/model.h"

/* (argument & mask) == value; value is a subset of mask. */
struct masked {
    uint64_t mask, value;
};

/* Any of which holds. Empty: never. */
struct masked_list {
    struct masked *items; /* owned */
    size_t count, capacity;
};

void masked_list_free(struct masked_list *list); /* what it holds */

/* When the condition holds; no two of the list at once. At most 2 * width of them. */
struct masked_list condition_masks(const struct condition *condition);

/* When one of `a` and one of `b` hold. */
struct masked_list masks_both(const struct masked_list *a, const struct masked_list *b);

#endif
