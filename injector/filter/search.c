/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the range that holds a number: binary search, as cheap as it gets.
 *
 * A part of the list is decided by a comparison that halves it (JGE), or, where all but a few
 * single numbers lead to one place, by a chain of comparisons for equality: one single number costs
 * one comparison there, two as the border of ranges. Which is best for each part is found from its
 * smaller parts. The price of a program is what the kernel charges when it is loaded: each
 * instruction is checked and compiled once, and the action cache runs the program for every number
 * of the system call table (FACTS: seccomp_cache_prepare).
 */
#include "filter/dag.h"

#include "base/memory.h"

#define INSTRUCTION_PRICE 64u /* in executed tests while the cache is filled */
#define CACHED_NUMBERS 512u   /* about as many as a system call table has */
#define PART_MOST 192u        /* the search for the best is cubic; longer lists are halved first */
#define CHAIN_MOST ((size_t)4)

enum { DECIDED_BY_CHAIN = -1 };

struct part {
    uint64_t price;
    int32_t split; /* last index of the left half, or DECIDED_BY_CHAIN */
};

struct search {
    struct dag *dag;
    const struct target_range *ranges;
    const uint64_t *weights; /* of ranges 0..i-1 together */
    struct part *parts;      /* width * width */
    size_t width;
    size_t first; /* index in `ranges` of what the parts begin with */
};

static uint64_t weight_of(struct target_range range)
{
    uint64_t weight = 1;
    if (range.first < CACHED_NUMBERS) {
        weight += (range.last < CACHED_NUMBERS ? range.last : CACHED_NUMBERS - 1) - range.first + 1;
    }
    return weight;
}

static uint64_t weight_between(const struct search *s, size_t from, size_t to)
{
    return s->weights[to + 1] - s->weights[from];
}

static bool is_single(struct target_range range)
{
    return range.first == range.last;
}

/* Where a chain of equalities over [from, to] ends: the target of every range but single numbers.
 */
static bool chain_target(const struct search *s, size_t from, size_t to, node_id *target)
{
    bool found = false;
    for (size_t i = from; i <= to; i++) {
        if (!is_single(s->ranges[i])) {
            if (found && s->ranges[i].target != *target) {
                return false;
            }
            *target = s->ranges[i].target;
            found = true;
        }
    }
    if (!found) {
        *target = s->ranges[to].target;
    }
    return true;
}

/* False if [from, to] is no chain of at most CHAIN_MOST equalities. */
static bool chain_price(const struct search *s, size_t from, size_t to, uint64_t *price)
{
    node_id target = 0;
    uint64_t steps = 0;
    uint64_t sum = 0;
    uint64_t rest = 0;
    if (to - from > 2 * CHAIN_MOST || !chain_target(s, from, to, &target)) {
        return false;
    }
    for (size_t i = from; i <= to; i++) {
        if (s->ranges[i].target == target) {
            rest += weight_of(s->ranges[i]);
        } else {
            steps++;
            sum += steps * weight_of(s->ranges[i]);
        }
    }
    *price = steps * INSTRUCTION_PRICE + sum + steps * rest;
    return steps <= CHAIN_MOST;
}

static struct part *part_at(const struct search *s, size_t from, size_t to)
{
    return &s->parts[(from - s->first) * s->width + (to - s->first)];
}

static void price_part(const struct search *s, size_t from, size_t to)
{
    struct part best = {.price = UINT64_MAX, .split = DECIDED_BY_CHAIN};
    uint64_t price = 0;
    if (chain_price(s, from, to, &price)) {
        best.price = price;
    }
    uint64_t once = INSTRUCTION_PRICE + weight_between(s, from, to);
    for (size_t k = from; k < to; k++) {
        price = once + part_at(s, from, k)->price + part_at(s, k + 1, to)->price;
        if (price < best.price) {
            best = (struct part){.price = price, .split = (int32_t)k};
        }
    }
    *part_at(s, from, to) = best;
}

static node_id build_chain(const struct search *s, size_t from, size_t to)
{
    node_id target = 0;
    chain_target(s, from, to, &target);
    node_id node = target;
    for (size_t i = to + 1; i-- > from;) {
        if (s->ranges[i].target != target) {
            node = dag_test(s->dag, BPF_JEQ, s->ranges[i].first, s->ranges[i].target, node);
        }
    }
    return node;
}

static node_id split_node(const struct search *s, size_t split, node_id below, node_id above)
{
    return dag_test(s->dag, BPF_JGE, s->ranges[split + 1].first, above, below);
}

/* At most PART_MOST deep. */
static node_id build_part(const struct search *s, size_t from, size_t to)
{
    int32_t split = part_at(s, from, to)->split;
    if (split == DECIDED_BY_CHAIN) {
        return build_chain(s, from, to);
    }
    node_id below = build_part(s, from, (size_t)split);
    node_id above = build_part(s, (size_t)split + 1, to);
    return split_node(s, (size_t)split, below, above);
}

static node_id build_best(struct search *s, size_t from, size_t to)
{
    s->first = from;
    s->width = to - from + 1;
    s->parts = memory_zeroed(s->width * s->width, sizeof *s->parts);
    for (size_t length = 1; length <= s->width; length++) {
        for (size_t i = from; i + length - 1 <= to; i++) {
            price_part(s, i, i + length - 1);
        }
    }
    node_id node = build_part(s, from, to);
    free(s->parts);
    s->parts = NULL;
    return node;
}

/* Halves until a part is short enough: as deep as the logarithm of the length. */
static node_id build_any(struct search *s, size_t from, size_t to)
{
    if (to - from < PART_MOST) {
        return build_best(s, from, to);
    }
    size_t split = from + (to - from) / 2;
    node_id below = build_any(s, from, split);
    node_id above = build_any(s, split + 1, to);
    return split_node(s, split, below, above);
}

node_id search_build(struct dag *dag, const struct target_range *ranges, size_t count)
{
    CLEANUP_FREE struct target_range *merged = memory_zeroed(count, sizeof *merged);
    CLEANUP_FREE uint64_t *weights = memory_zeroed(count + 1, sizeof *weights);
    size_t merged_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (merged_count > 0 && merged[merged_count - 1].target == ranges[i].target) {
            merged[merged_count - 1].last = ranges[i].last;
        } else {
            merged[merged_count++] = ranges[i];
        }
    }
    for (size_t i = 0; i < merged_count; i++) {
        weights[i + 1] = weights[i] + weight_of(merged[i]);
    }
    struct search search = {.dag = dag, .ranges = merged, .weights = weights};
    return build_any(&search, 0, merged_count - 1);
}
