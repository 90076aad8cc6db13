/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the search for a number is made of. Private to search.c, search_bits.c and search_there.c.
 */
#ifndef ELFCAGE_FILTER_SEARCH_H
#define ELFCAGE_FILTER_SEARCH_H

#include "filter/dag.h"

/*
 * Prices: what seccomp(2) takes, in tests that are run. As measured: 2.7 ns for each test that runs
 * when the kernel fills its action cache, which it does by running the program for every number;
 * 90 ns for an instruction, which is checked and compiled; 145 ns more for a test that jumps either
 * way, because neither successor is the next instruction: the kernel makes two of it
 * (bpf_convert_filter). An instruction counts twice that here: it is also there to be carried.
 */
#define PRICE_INSTRUCTION 80u
#define PRICE_SECOND_JUMP 50u

/* Numbers in a row that lead to one place. Behind a test of bits not all of first..last come by. */
struct run {
    uint32_t first, last;
    node_id target;
    uint32_t weight;   /* how often one of them is looked for */
    uint64_t residues; /* bit i: one of them is i modulo 64 */
    bool single;       /* it is one number */
};

enum decision {
    DECIDED_BY_CHAIN,           /* comparisons for equality; what is left leads to one place */
    DECIDED_BY_SPLIT,           /* a comparison that halves it */
    DECIDED_BY_EXCEPTION_BELOW, /* the second number is taken out, then it is the first's turn */
    DECIDED_BY_EXCEPTION_ABOVE, /* the same from above */
    DECIDED_BY_MASK,            /* one test of bits */
    DECIDED_BY_BITS,            /* a test of bits, then what has some of them, and what has none */
    DECIDED_THERE,              /* by a part of the program that is there already */
};

/* The cheapest way to decide runs from..to. */
struct part {
    uint64_t price;
    uint32_t operand;    /* the last run of the lower half, the mask, the index in `there` */
    uint8_t decision;    /* enum decision */
    uint8_t longest;     /* tests on the longest path */
    uint8_t first, last; /* tests on the path of the first run and of the last one */
    bool is_elsewhere;   /* one place, or there already: not the next instruction */
    bool takes_lower;    /* lower numbers would go the first run's way */
    bool takes_higher;   /* higher numbers would go the last run's way */
    bool mask_fails;     /* no mask decides it, nor a part that contains it */
};

struct search {
    struct dag *dag;
    const struct run *runs;
    uint64_t *weights;  /* of runs 0..i-1 together */
    struct part *parts; /* width * width */
    size_t width;
    size_t begin; /* index in `runs` of what the parts begin with */
    /* Bit m of [i * SEARCH_SIDE_MOST + n]: mask m is worth trying for the n+1 runs from i. */
    uint64_t *masks;
    bool is_side; /* behind a test of bits */
    /* Parts of the program that are there already (search_there.c). */
    const node_id *there;
    size_t there_count;
    const uint64_t *fitting; /* of each run: bit i: there[i] leads it where it should go */
};

/* Finds the cheapest way for every part. */
void search_price(struct search *search);
/* The nodes of a part, in the way that search_price() has found. At most `width` deep. */
node_id search_make(const struct search *search, size_t from, size_t to);
/* How often the kernel looks for one of the numbers when it fills its action cache; at least 1. */
uint32_t search_weight(uint32_t first, uint32_t last);

/* search_bits.c. Fills search->masks. */
#define SEARCH_SIDE_MOST ((size_t)10)
void search_bits_list(struct search *search);
/* A mask that decides the part, or 0. */
uint32_t search_mask(const struct search *search, size_t from, size_t to);
node_id search_mask_make(const struct search *search, size_t from, size_t to, uint32_t mask);
/* A test of bits that divides the part, if there is one that makes it cheaper than *best. `once` is
   what one test of all of it costs; `longest` is how long a path may be. */
void search_bits_price(const struct search *search, size_t from, size_t to, unsigned longest,
                       uint64_t once, struct part *best);
node_id search_bits_make(const struct search *search, size_t from, size_t to, uint32_t mask);
/* Bit i: one of the numbers is i modulo 64. */
uint64_t search_residues(uint32_t first, uint32_t last);

/* search_there.c: parts of the program that are there already. */
#define THERE_MOST ((size_t)64)
/* The tests that `root` leads to without a load, as many as there is room for; how many. */
size_t search_there_list(const struct dag *dag, node_id root, node_id there[THERE_MOST]);
/* Bit i: there[i] leads the whole run where it should go. */
uint64_t search_there_fitting(const struct dag *dag, const node_id *there, size_t count,
                              const struct run *run);
/* One that decides the part, if it makes it cheaper than *best. */
void search_there_price(const struct search *search, size_t from, size_t to, unsigned longest,
                        struct part *best);

#endif
