/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs under construction: a graph of instructions in which equal parts are one node. A node
 * stands for "what happens from here on". Nodes are numbered in the order in which they were made,
 * successors first.
 */
#ifndef ELFCAGE_FILTER_DAG_H
#define ELFCAGE_FILTER_DAG_H

#include "filter/filter.h"

typedef uint32_t node_id;

enum node_kind { NODE_RETURN, NODE_LOAD, NODE_AND, NODE_TEST };

struct node {
    enum node_kind kind;
    uint16_t jump;     /* NODE_TEST: BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET */
    uint32_t k;        /* value, offset in struct seccomp_data, mask */
    node_id if_true;   /* NODE_TEST */
    node_id if_false;  /* NODE_TEST; of the others the only successor */
    uint32_t expanded; /* instructions if nothing were shared; saturates */
};

struct dag {
    struct node *nodes; /* owned */
    size_t count;
    size_t capacity;
    uint32_t *buckets; /* owned: hash table of node_id + 1; 0: empty */
    size_t bucket_count;
};

void dag_free(struct dag *dag);

/* Each gives the node that is equal if there is one. Tests that lead to the same node either way,
   and loads whose value nobody looks at, are left out. */
node_id dag_return(struct dag *dag, uint32_t value);
node_id dag_load(struct dag *dag, uint32_t offset, node_id next);
node_id dag_and(struct dag *dag, uint32_t mask, node_id next);
node_id dag_test(struct dag *dag, uint16_t jump, uint32_t k, node_id if_true, node_id if_false);

/* Instructions of the part that begins at `root`, shared ones counted once. */
size_t dag_reachable(const struct dag *dag, node_id root);

/* The instructions (emit.c). ERROR_POLICY if they are more than FILTER_MAX_INSTRUCTIONS. */
int dag_emit(const struct dag *dag, node_id root, struct filter *out, struct error *error);

/* arguments.c: the part that decides a range with rules. */
node_id arguments_build(struct dag *dag, const struct table_range *range);

/* search.c: the part that finds the range of the word that the accumulator holds; the ranges are
   sorted and cover all words without gap. What counts is SEARCH_NUMBERS: how often the kernel runs
   the program for a number when it fills its action cache; SEARCH_VALUES: every range alike.
   `beside` (may be NULL): the same for another ABI, of which parts may be used again. */
struct target_range {
    uint32_t first, last;
    node_id target;
};
enum search_kind { SEARCH_NUMBERS, SEARCH_VALUES };
node_id search_build(struct dag *dag, const struct target_range *ranges, size_t count,
                     enum search_kind kind, const node_id *beside);
/* Joins neighbours with one target; returns how many are left. */
size_t search_merge(struct target_range *ranges, size_t count);

#endif
