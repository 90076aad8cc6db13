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

#define INSTRUCTION_PRICE 96u /* in executed tests while the cache is filled */
#define CACHED_NUMBERS 512u   /* about as many as a system call table has */
#define PART_MOST 192u        /* the search for the best is cubic; longer lists are halved first */
#define CHAIN_MOST ((size_t)4)
#define BITS_MOST_RANGES 12u /* longer lists are hardly ever told apart by one mask */
#define BITS_MOST 9          /* bits of a set of numbers that is looked at number by number */

enum decision { DECIDED_BY_CHAIN, DECIDED_BY_SPLIT, DECIDED_BY_BITS };

struct part {
    uint64_t price;
    uint32_t operand; /* last index of the left half, DECIDED_BY_SPLIT only */
    enum decision decision;
    bool bits_fail; /* no test of bits decides it, nor any part that contains it */
};

struct search {
    struct dag *dag;
    const struct target_range *ranges;
    const uint64_t *weights; /* of ranges 0..i-1 together */
    struct part *parts;      /* width * width */
    size_t width;
    enum search_kind kind;
    size_t first; /* index in `ranges` of what the parts begin with */
};

static uint64_t weight_of(const struct search *s, struct target_range range)
{
    uint64_t weight = 1;
    if (s->kind == SEARCH_NUMBERS && range.first < CACHED_NUMBERS) {
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
            rest += weight_of(s, s->ranges[i]);
        } else {
            steps++;
            sum += steps * weight_of(s, s->ranges[i]);
        }
    }
    *price = steps * INSTRUCTION_PRICE + sum + steps * rest;
    return steps <= CHAIN_MOST;
}

/* All bits that some number of [first, last] has. */
static uint32_t bits_of(struct target_range range)
{
    uint32_t bits = range.last;
    for (uint32_t changing = range.first ^ range.last; changing != 0; changing >>= 1) {
        bits |= changing;
    }
    return bits;
}

/* A part without one of its ranges; PART_WHOLE: with all of them. */
struct selection {
    size_t from, to, without;
};
#define PART_WHOLE SIZE_MAX

static node_id target_in(const struct search *s, struct selection part, uint32_t number)
{
    size_t i = part.from;
    while (i < part.to && number > s->ranges[i].last) {
        i++;
    }
    return s->ranges[i].target;
}

/*
 * A mask that has a bit of every number of the part that leads elsewhere, and none of those that
 * lead to `clear`; 0 if there is none. On the way to the part it is known that the number is in it,
 * and that it is not in the range that is left out.
 */
static uint32_t mask_of(const struct search *s, struct selection part, node_id clear)
{
    uint32_t taken = 0;
    uint32_t others = 0;
    for (size_t i = part.from; i <= part.to; i++) {
        if (i == part.without) {
            continue;
        }
        if (s->ranges[i].target == clear) {
            taken |= bits_of(s->ranges[i]);
        } else {
            others |= bits_of(s->ranges[i]);
        }
    }
    if (__builtin_popcount(taken) > BITS_MOST) {
        return 0;
    }
    /* Numbers that have no other bits than `taken` must all lead to `clear`. */
    uint32_t number = taken;
    for (;;) {
        bool inside = number >= s->ranges[part.from].first && number <= s->ranges[part.to].last;
        bool out = part.without != PART_WHOLE && number >= s->ranges[part.without].first &&
                   number <= s->ranges[part.without].last;
        if (inside && !out && target_in(s, part, number) != clear) {
            return 0;
        }
        if (number == 0) {
            return others & ~taken;
        }
        number = (number - 1) & taken;
    }
}

/* The two targets of the part, or its only one twice; false if it has more. */
static bool two_targets(const struct search *s, struct selection part, node_id targets[2])
{
    size_t count = 0;
    targets[0] = 0;
    targets[1] = 0;
    for (size_t i = part.from; i <= part.to; i++) {
        node_id target = s->ranges[i].target;
        if (i == part.without || (count > 0 && target == targets[0]) ||
            (count > 1 && target == targets[1])) {
            continue;
        }
        if (count == 2) {
            return false;
        }
        targets[count] = target;
        targets[1] = target;
        count++;
    }
    return true;
}

/* One test of bits. */
struct bits_test {
    uint32_t mask;
    node_id if_set, if_clear;
};

static bool bits_decide(const struct search *s, struct selection part, struct bits_test *test)
{
    node_id targets[2];
    if (!two_targets(s, part, targets)) {
        return false;
    }
    *test = (struct bits_test){0, targets[0], targets[0]};
    if (targets[0] == targets[1]) {
        return true; /* no test at all, which dag_test() sees */
    }
    for (size_t i = 0; i < 2; i++) {
        *test = (struct bits_test){mask_of(s, part, targets[i]), targets[1 - i], targets[i]};
        if (test->mask != 0) {
            return true;
        }
    }
    return false;
}

/* Is a test of bits enough for [from, to], perhaps after one equality? Which range that asks for is
 *without. */
static bool find_bits(const struct search *s, size_t from, size_t to, size_t *without)
{
    struct bits_test test;
    if (to - from >= BITS_MOST_RANGES) {
        return false;
    }
    *without = PART_WHOLE;
    if (bits_decide(s, (struct selection){from, to, PART_WHOLE}, &test)) {
        return true;
    }
    for (size_t i = from; i <= to; i++) {
        if (is_single(s->ranges[i]) && bits_decide(s, (struct selection){from, to, i}, &test)) {
            *without = i;
            return true;
        }
    }
    return false;
}

static struct part *part_at(const struct search *s, size_t from, size_t to)
{
    return &s->parts[(from - s->first) * s->width + (to - s->first)];
}

static void price_part(const struct search *s, size_t from, size_t to)
{
    struct part best = {.price = UINT64_MAX, .decision = DECIDED_BY_CHAIN};
    uint64_t price = 0;
    uint64_t once = INSTRUCTION_PRICE + weight_between(s, from, to);
    size_t without = PART_WHOLE;
    if (chain_price(s, from, to, &price)) {
        best.price = price;
    }
    if (to - from >= 2) {
        best.bits_fail = part_at(s, from, to - 1)->bits_fail ||
                         part_at(s, from + 1, to)->bits_fail || !find_bits(s, from, to, &without);
        price = without == PART_WHOLE ? once : 2 * once;
        if (!best.bits_fail && price < best.price) {
            best.price = price;
            best.decision = DECIDED_BY_BITS;
        }
    }
    for (size_t k = from; k < to; k++) {
        price = once + part_at(s, from, k)->price + part_at(s, k + 1, to)->price;
        if (price < best.price) {
            best.price = price;
            best.operand = (uint32_t)k;
            best.decision = DECIDED_BY_SPLIT;
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

static node_id build_bits(const struct search *s, size_t from, size_t to)
{
    struct bits_test test = {0};
    size_t without = PART_WHOLE;
    find_bits(s, from, to, &without);
    bits_decide(s, (struct selection){from, to, without}, &test);
    node_id node = dag_test(s->dag, BPF_JSET, test.mask, test.if_set, test.if_clear);
    if (without == PART_WHOLE) {
        return node;
    }
    return dag_test(s->dag, BPF_JEQ, s->ranges[without].first, s->ranges[without].target, node);
}

static node_id split_node(const struct search *s, size_t split, node_id below, node_id above)
{
    return dag_test(s->dag, BPF_JGE, s->ranges[split + 1].first, above, below);
}

/* At most PART_MOST deep. */
static node_id build_part(const struct search *s, size_t from, size_t to)
{
    const struct part *part = part_at(s, from, to);
    size_t split = part->operand;
    if (part->decision == DECIDED_BY_CHAIN) {
        return build_chain(s, from, to);
    }
    if (part->decision == DECIDED_BY_BITS) {
        return build_bits(s, from, to);
    }
    node_id below = build_part(s, from, split);
    node_id above = build_part(s, split + 1, to);
    return split_node(s, split, below, above);
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

size_t search_merge(struct target_range *ranges, size_t count)
{
    size_t merged = 0;
    for (size_t i = 0; i < count; i++) {
        if (merged > 0 && ranges[merged - 1].target == ranges[i].target) {
            ranges[merged - 1].last = ranges[i].last;
        } else {
            ranges[merged++] = ranges[i];
        }
    }
    return merged;
}

node_id search_build(struct dag *dag, const struct target_range *ranges, size_t count,
                     enum search_kind kind)
{
    CLEANUP_FREE struct target_range *merged = memory_copy(ranges, count * sizeof *ranges);
    CLEANUP_FREE uint64_t *weights = memory_zeroed(count + 1, sizeof *weights);
    size_t merged_count = search_merge(merged, count);
    struct search search = {.dag = dag, .ranges = merged, .weights = weights, .kind = kind};
    for (size_t i = 0; i < merged_count; i++) {
        weights[i + 1] = weights[i] + weight_of(&search, merged[i]);
    }
    return build_any(&search, 0, merged_count - 1);
}
