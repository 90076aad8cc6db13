/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table as a graph of tests on 32-bit words. Private to the prover.
 */
#ifndef ELFCAGE_FILTER_PROVE_TABLE_H
#define ELFCAGE_FILTER_PROVE_TABLE_H

#include "filter/prove_word.h"
#include "filter/table.h"

#include <stddef.h>

/* The words of struct seccomp_data that a program may look at. */
enum { WORD_NR, WORD_ARCH, WORD_ARGUMENTS, WORD_COUNT = WORD_ARGUMENTS + 2 * POLICY_ARGUMENTS };

/* Low or high half of an argument. */
static inline uint8_t word_of_argument(unsigned argument, bool high)
{
    return (uint8_t)(WORD_ARGUMENTS + 2 * argument + (high ? 1 : 0));
}

/* The word at a byte offset of struct seccomp_data, whose words are in little-endian order on all
   our targets. */
static inline uint8_t word_at_offset(uint32_t offset)
{
    if (offset == offsetof(struct seccomp_data, nr)) {
        return WORD_NR;
    }
    if (offset == offsetof(struct seccomp_data, arch)) {
        return WORD_ARCH;
    }
    return (uint8_t)(WORD_ARGUMENTS + (offset - offsetof(struct seccomp_data, args)) / 4);
}

struct table_node {
    bool is_leaf;
    uint8_t word;           /* WORD_*; not a leaf */
    struct word_test test;  /* not a leaf */
    uint32_t holds, fails;  /* the next node; not a leaf */
    struct action decision; /* leaf */
};

struct table_graph {
    struct table_node *nodes; /* owned; every edge leads to a smaller index */
    size_t count;
    size_t capacity;
    uint32_t root;
};

void table_graph_free(struct table_graph *graph);

/* False if the table breaks its own rules (ranges with gaps, a value wider than its condition);
 *reason is then a text owned by the caller. */
bool table_graph_make(const struct table *table, struct table_graph *graph, char **reason);

#endif
