/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of bits in the search for a number, in two ways.
 *
 * One mask may tell all numbers of a part from each other that lead to different places.
 *
 * Or (number & mask) != 0 divides a part into two sides: what has some of the bits and what has
 * none. Each is a list of runs of its own, in which runs that had others between them have become
 * neighbours, and is decided by comparisons. That pays where neighbouring numbers lead to different
 * places: odd ones here and even ones there.
 */
#include "filter/search.h"

#define BITS 6u            /* the lowest ones */
#define MASKS (1u << BITS) /* residues are modulo this */
#define SIDE_MOST SEARCH_SIDE_MOST
#define NUMBERS_MOST UINT32_C(256) /* numbers of a part: they are looked at one by one */
#define TAKEN_MOST 9               /* bits of a set of numbers that is looked at one by one */

/* All bits that some number of the run has. */
static uint32_t bits_of(const struct run *run)
{
    uint32_t bits = run->last;
    for (uint32_t changing = run->first ^ run->last; changing != 0; changing >>= 1) {
        bits |= changing;
    }
    return bits;
}

static node_id target_in(const struct search *s, size_t from, size_t to, uint32_t number)
{
    size_t i = from;
    while (i < to && number > s->runs[i].last) {
        i++;
    }
    return s->runs[i].target;
}

/* A mask that has a bit of every number of the part that leads elsewhere, and none of those that
   lead to `clear`; 0 if there is none. */
static uint32_t mask_for(const struct search *s, size_t from, size_t to, node_id clear)
{
    uint32_t taken = 0;
    uint32_t others = 0;
    for (size_t i = from; i <= to; i++) {
        if (s->runs[i].target == clear) {
            taken |= bits_of(&s->runs[i]);
        } else {
            others |= bits_of(&s->runs[i]);
        }
    }
    if (__builtin_popcount(taken) > TAKEN_MOST) {
        return 0;
    }
    /* Numbers that have no other bits than `taken` must all lead to `clear`. */
    uint32_t number = taken;
    for (;;) {
        bool inside = number >= s->runs[from].first && number <= s->runs[to].last;
        if (inside && target_in(s, from, to, number) != clear) {
            return 0;
        }
        if (number == 0) {
            return others & ~taken;
        }
        number = (number - 1) & taken;
    }
}

uint32_t search_mask(const struct search *search, size_t from, size_t to)
{
    node_id first = search->runs[from].target;
    node_id other = first;
    for (size_t i = from; i <= to; i++) {
        node_id target = search->runs[i].target;
        if (target != first && other != first && target != other) {
            return 0; /* a third one */
        }
        other = target != first ? target : other;
    }
    uint32_t mask = mask_for(search, from, to, first);
    return mask != 0 ? mask : mask_for(search, from, to, other);
}

node_id search_mask_make(const struct search *search, size_t from, size_t to, uint32_t mask)
{
    node_id nodes[2] = {0};
    for (size_t i = from; i <= to; i++) {
        nodes[(search->runs[i].first & mask) != 0] = search->runs[i].target;
    }
    return dag_test(search->dag, BPF_JSET, mask, nodes[1], nodes[0]);
}

/* Bit i: i has some of the mask's bits. */
static uint64_t residues_of_mask(uint32_t mask)
{
    static const uint64_t of_bit[BITS] = {
        UINT64_C(0xaaaaaaaaaaaaaaaa), UINT64_C(0xcccccccccccccccc), UINT64_C(0xf0f0f0f0f0f0f0f0),
        UINT64_C(0xff00ff00ff00ff00), UINT64_C(0xffff0000ffff0000), UINT64_C(0xffffffff00000000),
    };
    uint64_t residues = 0;
    for (unsigned bit = 0; bit < BITS; bit++) {
        if ((mask & (1u << bit)) != 0) {
            residues |= of_bit[bit];
        }
    }
    return residues;
}

uint64_t search_residues(uint32_t first, uint32_t last)
{
    if (last - first >= MASKS - 1) {
        return UINT64_MAX;
    }
    uint64_t residues = 0;
    for (uint32_t i = 0; i <= last - first; i++) {
        residues |= UINT64_C(1) << ((first + i) % MASKS);
    }
    return residues;
}

/* One side, while its runs are counted. */
struct tally {
    uint32_t runs;
    uint32_t tests;       /* comparisons that it takes at least */
    node_id before, last; /* targets of the last two runs */
    bool last_is_single;
    bool covers_next; /* the last test may be one for equality, which covers the next border too */
};

static void tally_add(struct tally *tally, const struct run *run, uint64_t residues)
{
    uint64_t common = run->residues & residues;
    if (common == 0) {
        return;
    }
    if (tally->runs != 0 && run->target == tally->last) {
        tally->last_is_single = false;
        return;
    }
    if (tally->runs != 0) {
        bool covered = tally->covers_next && tally->last_is_single && tally->before == run->target;
        tally->tests += covered ? 0 : 1;
        tally->covers_next = !covered;
    }
    tally->runs++;
    tally->before = tally->last;
    tally->last = run->target;
    tally->last_is_single = (common & (common - 1)) == 0;
}

void search_bits_list(struct search *search)
{
    for (size_t from = 0; from < search->width; from++) {
        const struct run *runs = &search->runs[search->begin + from];
        size_t most = search->width - from < SIDE_MOST ? search->width - from : SIDE_MOST;
        while (runs[most - 1].last - runs[0].first >= NUMBERS_MOST && most > 1) {
            most--;
        }
        for (uint32_t mask = 1; mask < MASKS; mask++) {
            uint64_t residues = residues_of_mask(mask);
            struct tally set = {0};
            struct tally clear = {0};
            for (size_t i = 0; i < most; i++) {
                tally_add(&set, &runs[i], residues);
                tally_add(&clear, &runs[i], ~residues);
                if (set.runs != 0 && clear.runs != 0 && set.runs + clear.runs <= i + 1) {
                    search->masks[from * SIDE_MOST + i] |= UINT64_C(1) << mask;
                }
            }
        }
    }
}

/* A side while it is looked at. */
struct side {
    struct run runs[SIDE_MOST];
    uint64_t weights[SIDE_MOST + 1];
    struct part parts[SIDE_MOST * SIDE_MOST];
    struct search search;
};

static void add_number(struct side *side, const struct run *run, uint32_t number)
{
    size_t *count = &side->search.width;
    uint32_t weight = run->weight > 1 ? 1 : 0; /* a value counts once, however many it stands for */
    if (*count > 0 && side->runs[*count - 1].target == run->target) {
        struct run *last = &side->runs[*count - 1];
        last->last = number;
        last->weight += weight;
        last->single = false;
    } else {
        side->runs[(*count)++] = (struct run){
            .first = number, .last = number, .target = run->target, .weight = 1, .single = true};
    }
}

/* The side whose numbers have some of the mask's bits, or none; how it is decided. */
static const struct part *make_side(const struct search *s, size_t from, size_t to, uint32_t mask,
                                    bool set, struct side *side)
{
    side->search = (struct search){
        .dag = s->dag,
        .runs = side->runs,
        .weights = side->weights,
        .parts = side->parts,
        .is_side = true,
    };
    for (size_t i = from; i <= to; i++) {
        for (uint32_t n = s->runs[i].first;
             n - s->runs[i].first <= s->runs[i].last - s->runs[i].first; n++) {
            if (((n & mask) != 0) == set) {
                add_number(side, &s->runs[i], n);
            }
        }
    }
    side->weights[0] = 0;
    for (size_t i = 0; i < side->search.width; i++) {
        side->weights[i + 1] = side->weights[i] + side->runs[i].weight;
    }
    search_price(&side->search);
    return &side->parts[side->search.width - 1];
}

/* What a side costs at least: its comparisons, and that each number meets one. */
static uint64_t least_price(const struct search *s, size_t from, size_t to, uint64_t residues,
                            const struct tally *side)
{
    if (side->tests == 0) {
        return 0;
    }
    uint64_t price = side->tests * (uint64_t)PRICE_INSTRUCTION + PRICE_SECOND_JUMP;
    for (size_t i = from; i <= to; i++) {
        uint32_t numbers = (uint32_t)__builtin_popcountll(s->runs[i].residues & residues);
        price += numbers < s->runs[i].weight ? numbers : s->runs[i].weight;
    }
    return price;
}

static void price_mask(const struct search *s, size_t from, size_t to, uint32_t mask,
                       unsigned longest, uint64_t once, struct part *best)
{
    struct part whole = {.price = once, .operand = mask, .decision = DECIDED_BY_BITS, .longest = 1};
    for (unsigned set = 0; set < 2 && whole.price < best->price; set++) {
        struct side side;
        const struct part *part = make_side(s, from, to, mask, set != 0, &side);
        whole.price += part->price;
        if (set == 0 && part->is_elsewhere) {
            whole.price += PRICE_SECOND_JUMP; /* a JSET cannot be turned round */
        }
        if (part->longest + 1u > whole.longest) {
            whole.longest = (uint8_t)(part->longest + 1u);
        }
    }
    if (whole.price < best->price && whole.longest <= longest) {
        *best = whole;
    }
}

void search_bits_price(const struct search *search, size_t from, size_t to, unsigned longest,
                       uint64_t once, struct part *best)
{
    if (to - from < 2 || to - from >= SIDE_MOST) {
        return;
    }
    uint64_t masks = search->masks[(from - search->begin) * SIDE_MOST + (to - from)];
    for (uint32_t mask = 1; mask < MASKS && masks >> mask != 0; mask++) {
        if ((masks >> mask & 1) == 0) {
            continue;
        }
        uint64_t residues = residues_of_mask(mask);
        struct tally set = {0};
        struct tally clear = {0};
        for (size_t i = from; i <= to; i++) {
            tally_add(&set, &search->runs[i], residues);
            tally_add(&clear, &search->runs[i], ~residues);
        }
        if (once + least_price(search, from, to, residues, &set) +
                least_price(search, from, to, ~residues, &clear) <
            best->price) {
            price_mask(search, from, to, mask, longest, once, best);
        }
    }
}

node_id search_bits_make(const struct search *search, size_t from, size_t to, uint32_t mask)
{
    node_id nodes[2];
    for (unsigned set = 0; set < 2; set++) {
        struct side side;
        make_side(search, from, to, mask, set != 0, &side);
        nodes[set] = search_make(&side.search, 0, side.search.width - 1);
    }
    return dag_test(search->dag, BPF_JSET, mask, nodes[1], nodes[0]);
}
