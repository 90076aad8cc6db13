/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the range that holds a number: a tree of comparisons, as cheap as it gets.
 *
 * The ranges are a list of runs, and the cheapest way to decide a part of the list is found from
 * the cheapest ways of smaller parts. A part is halved (JGE); or single numbers are taken out of it
 * (JEQ), each by one comparison where its two borders would take two; or a test of bits (JSET)
 * decides it or divides it (search_bits.c); or something that the program has already does
 * (search_there.c). No way counts whose longest path has more tests than halving the part again
 * and again would take, and one more.
 */
#include "filter/search.h"

#include "base/memory.h"

#define CACHED_NUMBERS 560u /* about as many as a system call table has */
#define PART_MOST 192u      /* the search for the best is cubic; longer lists are halved first */
#define CHAIN_MOST ((size_t)4)
#define MASK_MOST 32u /* longer lists are hardly ever told apart by one mask */

uint32_t search_weight(uint32_t first, uint32_t last)
{
    if (first >= CACHED_NUMBERS) {
        return 1;
    }
    return (last < CACHED_NUMBERS ? last : CACHED_NUMBERS - 1) - first + 2;
}

static struct part *part_at(const struct search *s, size_t from, size_t to)
{
    return &s->parts[(from - s->begin) * s->width + (to - s->begin)];
}

/* Tests on the longest path through `runs` runs. */
static unsigned longest_allowed(size_t runs)
{
    unsigned longest = 1;
    while (((size_t)1 << (longest - 1)) < runs) {
        longest++;
    }
    return longest;
}

/* Where a chain of equalities over [from, to] ends: the target of every run but single numbers. */
static bool chain_target(const struct search *s, size_t from, size_t to, node_id *target)
{
    bool found = false;
    for (size_t i = from; i <= to; i++) {
        if (!s->runs[i].single) {
            if (found && s->runs[i].target != *target) {
                return false;
            }
            *target = s->runs[i].target;
            found = true;
        }
    }
    if (!found) {
        *target = s->runs[to].target;
    }
    return true;
}

static void price_chain(const struct search *s, size_t from, size_t to, unsigned longest,
                        struct part *best)
{
    node_id target = 0;
    unsigned steps = 0;
    uint64_t run = 0;
    uint64_t rest = 0;
    if (to - from > 2 * CHAIN_MOST || !chain_target(s, from, to, &target)) {
        return;
    }
    for (size_t i = from; i <= to; i++) {
        if (s->runs[i].target == target) {
            rest += s->runs[i].weight;
        } else {
            steps++;
            run += (uint64_t)steps * s->runs[i].weight;
        }
    }
    uint64_t price = steps == 0 ? 0 : PRICE_SECOND_JUMP;
    price += (uint64_t)steps * PRICE_INSTRUCTION + run + steps * rest;
    if (steps > CHAIN_MOST || steps > longest || price >= best->price) {
        return;
    }
    *best = (struct part){
        .price = price,
        .decision = DECIDED_BY_CHAIN,
        .longest = (uint8_t)steps,
        .first = (uint8_t)steps,
        .last = (uint8_t)steps,
        .is_elsewhere = steps == 0,
        .takes_lower = s->runs[from].target == target,
        .takes_higher = s->runs[to].target == target,
    };
}

static void price_splits(const struct search *s, size_t from, size_t to, unsigned longest,
                         uint64_t once, struct part *best)
{
    for (size_t k = from; k < to; k++) {
        const struct part *below = part_at(s, from, k);
        const struct part *above = part_at(s, k + 1, to);
        uint64_t price = once + below->price + above->price;
        if (below->is_elsewhere && above->is_elsewhere) {
            price += PRICE_SECOND_JUMP;
        }
        unsigned length = 1u + (below->longest > above->longest ? below->longest : above->longest);
        if (price < best->price && length <= longest) {
            *best = (struct part){
                .price = price,
                .operand = (uint32_t)k,
                .decision = DECIDED_BY_SPLIT,
                .longest = (uint8_t)length,
                .first = (uint8_t)(below->first + 1),
                .last = (uint8_t)(above->last + 1),
                .takes_lower = below->takes_lower,
                .takes_higher = above->takes_higher,
            };
        }
    }
}

/* `rest` decides the part without its outermost run and the single number beside that; the
   outermost run goes the way of the next one, which is `at` tests long. */
static void price_exception(const struct part *rest, unsigned at, uint32_t outermost,
                            enum decision decision, unsigned longest, uint64_t once,
                            struct part *best)
{
    uint64_t price = once + rest->price + (uint64_t)at * outermost;
    if (rest->is_elsewhere) {
        price += PRICE_SECOND_JUMP;
    }
    if (price < best->price && rest->longest + 1u <= longest) {
        *best = *rest;
        best->price = price;
        best->decision = (uint8_t)decision;
        best->is_elsewhere = false;
        best->longest++;
        best->first++;
        best->last++;
    }
}

static void price_exceptions(const struct search *s, size_t from, size_t to, unsigned longest,
                             uint64_t once, struct part *best)
{
    const struct run *runs = s->runs;
    if (to - from < 3) {
        return; /* a chain */
    }
    if (runs[from + 1].single && runs[from].target == runs[from + 2].target) {
        const struct part *rest = part_at(s, from + 2, to);
        if (rest->takes_lower) {
            price_exception(rest, rest->first, runs[from].weight, DECIDED_BY_EXCEPTION_BELOW,
                            longest, once, best);
        }
    }
    if (runs[to - 1].single && runs[to].target == runs[to - 2].target) {
        const struct part *rest = part_at(s, from, to - 2);
        if (rest->takes_higher) {
            price_exception(rest, rest->last, runs[to].weight, DECIDED_BY_EXCEPTION_ABOVE, longest,
                            once, best);
        }
    }
}

static void price_mask(const struct search *s, size_t from, size_t to, uint64_t once,
                       bool *mask_fails, struct part *best)
{
    *mask_fails = to - from >= MASK_MOST || part_at(s, from, to - 1)->mask_fails ||
                  part_at(s, from + 1, to)->mask_fails;
    uint32_t mask = *mask_fails ? 0 : search_mask(s, from, to);
    *mask_fails = mask == 0;
    if (mask != 0 && once + PRICE_SECOND_JUMP < best->price) {
        *best = (struct part){.price = once + PRICE_SECOND_JUMP,
                              .operand = mask,
                              .decision = DECIDED_BY_MASK,
                              .longest = 1};
    }
}

static void price_part(const struct search *s, size_t from, size_t to)
{
    struct part best = {.price = UINT64_MAX};
    unsigned longest = longest_allowed(to - from + 1);
    uint64_t once = PRICE_INSTRUCTION + s->weights[to + 1] - s->weights[from];
    bool mask_fails = false;
    price_chain(s, from, to, longest, &best);
    price_splits(s, from, to, longest, once, &best);
    price_exceptions(s, from, to, longest, once, &best);
    if (to - from >= 2 && !s->is_side) {
        price_mask(s, from, to, once, &mask_fails, &best);
        search_bits_price(s, from, to, longest, once, &best);
    }
    search_there_price(s, from, to, longest, &best);
    best.mask_fails = mask_fails;
    *part_at(s, from, to) = best;
}

void search_price(struct search *search)
{
    for (size_t length = 1; length <= search->width; length++) {
        for (size_t i = 0; i + length <= search->width; i++) {
            price_part(search, search->begin + i, search->begin + i + length - 1);
        }
    }
}

static node_id make_chain(const struct search *s, size_t from, size_t to)
{
    node_id target = 0;
    chain_target(s, from, to, &target);
    node_id node = target;
    for (size_t i = to + 1; i-- > from;) {
        if (s->runs[i].target != target) {
            node = dag_test(s->dag, BPF_JEQ, s->runs[i].first, s->runs[i].target, node);
        }
    }
    return node;
}

static node_id make_split(const struct search *s, size_t split, node_id below, node_id above)
{
    return dag_test(s->dag, BPF_JGE, s->runs[split + 1].first, above, below);
}

static node_id make_exception(const struct search *s, size_t exception, node_id rest)
{
    const struct run *run = &s->runs[exception];
    return dag_test(s->dag, BPF_JEQ, run->first, run->target, rest);
}

node_id search_make(const struct search *search, size_t from, size_t to)
{
    const struct part *part = part_at(search, from, to);
    size_t split = part->operand;
    switch ((enum decision)part->decision) {
    case DECIDED_BY_CHAIN:
        return make_chain(search, from, to);
    case DECIDED_BY_SPLIT: {
        node_id below = search_make(search, from, split);
        node_id above = search_make(search, split + 1, to);
        return make_split(search, split, below, above);
    }
    case DECIDED_BY_EXCEPTION_BELOW:
        return make_exception(search, from + 1, search_make(search, from + 2, to));
    case DECIDED_BY_EXCEPTION_ABOVE:
        return make_exception(search, to - 1, search_make(search, from, to - 2));
    case DECIDED_BY_MASK:
        return search_mask_make(search, from, to, part->operand);
    case DECIDED_BY_BITS:
        return search_bits_make(search, from, to, part->operand);
    case DECIDED_THERE:
        break;
    }
    return search->there[part->operand];
}

static node_id build_best(struct search *s, size_t from, size_t to)
{
    s->begin = from;
    s->width = to - from + 1;
    s->parts = memory_zeroed(s->width * s->width, sizeof *s->parts);
    s->masks = memory_zeroed(s->width * SEARCH_SIDE_MOST, sizeof *s->masks);
    search_bits_list(s);
    search_price(s);
    node_id node = search_make(s, from, to);
    free(STEAL(s->parts));
    free(STEAL(s->masks));
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
    return make_split(s, split, below, above);
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
                     enum search_kind kind, const node_id *beside)
{
    CLEANUP_FREE struct target_range *merged = memory_copy(ranges, count * sizeof *ranges);
    size_t merged_count = search_merge(merged, count);
    CLEANUP_FREE struct run *runs = memory_zeroed(merged_count, sizeof *runs);
    CLEANUP_FREE uint64_t *weights = memory_zeroed(merged_count + 1, sizeof *weights);
    CLEANUP_FREE uint64_t *fitting = memory_zeroed(merged_count, sizeof *fitting);
    node_id there[THERE_MOST];
    size_t there_count = beside == NULL ? 0 : search_there_list(dag, *beside, there);
    for (size_t i = 0; i < merged_count; i++) {
        uint32_t first = merged[i].first;
        uint32_t last = merged[i].last;
        runs[i] = (struct run){
            .first = first,
            .last = last,
            .target = merged[i].target,
            .weight = kind == SEARCH_NUMBERS ? search_weight(first, last) : 1,
            .residues = search_residues(first, last),
            .single = first == last,
        };
        weights[i + 1] = weights[i] + runs[i].weight;
        fitting[i] = search_there_fitting(dag, there, there_count, &runs[i]);
    }
    struct search search = {
        .dag = dag,
        .runs = runs,
        .weights = weights,
        .there = there,
        .there_count = there_count,
        .fitting = fitting,
    };
    return build_any(&search, 0, merged_count - 1);
}
