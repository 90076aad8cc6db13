/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of one ABI of a table, from the rules of its numbers. */
#ifndef ELFCAGE_FILTER_RANGES_H
#define ELFCAGE_FILTER_RANGES_H

#include "filter/carry.h"

struct number_rules {
    uint32_t number;
    struct rule_list list;
};

/* One range over all numbers, with one action. */
void ranges_fill(struct table_abi *abi, struct action action, enum origin_kind kind);

/*
 * Numbers with rules (sorted, each once; their lists are emptied), and what holds for the others:
 * the default, above `ceiling` ENOSYS, and what every ABI refuses.
 */
void ranges_make(struct table_abi *out, const struct policy *policy, const struct abi *abi,
                 uint32_t ceiling, struct number_rules *numbers, size_t number_count);

/* What elfcage refuses by itself: ENOSYS, or LOG in an audit. */
struct action own_refusal(const struct policy *policy);

#endif
