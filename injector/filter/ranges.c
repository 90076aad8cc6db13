/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges without gap over 0..0xffffffff. Each number that has rules is a range of its own, so that
 * origins stay exact; what lies between is cut where its reason changes: x32 (or another foreign
 * ABI), ceiling, -1.
 */
#include "filter/ranges.h"

#include "base/memory.h"

#include <errno.h>

#define SKIPPED_NUMBER UINT32_MAX /* a tracer sets it to skip a call */

struct reason {
    struct action action;
    struct origin origin;
};

struct action own_refusal(const struct policy *policy)
{
    if (policy->audit) {
        return (struct action){.kind = ACTION_LOG};
    }
    return (struct action){.kind = ACTION_ERRNO, .data = ENOSYS};
}

void ranges_fill(struct table_abi *abi, struct action action, enum origin_kind kind)
{
    abi->ranges = memory_zeroed(1, sizeof *abi->ranges);
    abi->range_count = 1;
    abi->ranges[0] = (struct table_range){
        .first = 0, .last = UINT32_MAX, .default_action = action, .default_origin.kind = kind};
}

/* Why a number without rules has the action it has. */
static struct reason reason_of(const struct policy *policy, const struct abi *abi, uint32_t ceiling,
                               uint32_t number)
{
    struct reason reason = {.action = own_refusal(policy)};
    for (size_t i = 0; i < abi->foreign_range_count; i++) {
        if (number >= abi->foreign_ranges[i].first && number <= abi->foreign_ranges[i].last) {
            reason.origin.kind = ORIGIN_FOREIGN;
            return reason;
        }
    }
    if (number == SKIPPED_NUMBER) {
        reason.origin.kind = ORIGIN_SKIPPED;
    } else if (number > ceiling) {
        reason.origin.kind = ORIGIN_CEILING;
    } else {
        reason = (struct reason){policy->default_action, {.kind = ORIGIN_DEFAULT}};
    }
    return reason;
}

/* Lowest number above `number` at which the reason may change; 0 if there is none. */
static uint32_t next_cut(const struct abi *abi, uint32_t ceiling, uint32_t number)
{
    uint32_t cut = number < SKIPPED_NUMBER ? SKIPPED_NUMBER : 0;
    if (ceiling < UINT32_MAX && number < ceiling + 1 && ceiling + 1 < cut) {
        cut = ceiling + 1;
    }
    for (size_t i = 0; i < abi->foreign_range_count; i++) {
        struct number_range foreign = abi->foreign_ranges[i];
        if (number < foreign.first && foreign.first < cut) {
            cut = foreign.first;
        }
        if (foreign.last < UINT32_MAX && number < foreign.last + 1 && foreign.last + 1 < cut) {
            cut = foreign.last + 1;
        }
    }
    return cut;
}

void ranges_make(struct table_abi *out, const struct policy *policy, const struct abi *abi,
                 uint32_t ceiling, struct number_rules *numbers, size_t number_count)
{
    size_t capacity = 0;
    size_t next = 0;
    uint64_t first = 0;
    while (first <= UINT32_MAX) {
        uint32_t start = (uint32_t)first;
        struct table_range *range =
            memory_append(&out->ranges, &out->range_count, &capacity, sizeof *range);
        range->first = start;
        if (next < number_count && numbers[next].number == start) {
            /* A name of the policy is below no ceiling: its own default is the policy's. */
            range->last = start;
            range->default_action = policy->default_action;
            range->default_origin.kind = ORIGIN_DEFAULT;
            range->rules = STEAL(numbers[next].list.rules);
            range->rule_count = numbers[next].list.count;
            numbers[next].list = (struct rule_list){0};
            next++;
        } else {
            struct reason reason = reason_of(policy, abi, ceiling, start);
            uint32_t cut = next_cut(abi, ceiling, start);
            range->last = cut == 0 ? UINT32_MAX : cut - 1;
            if (next < number_count && numbers[next].number <= range->last) {
                range->last = numbers[next].number - 1;
            }
            range->default_action = reason.action;
            range->default_origin = reason.origin;
        }
        first = (uint64_t)range->last + 1;
    }
}
