/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the program that are there already, made for another ABI. One that leads every number of
 * a part where it should go decides the part, and costs nothing but its being run.
 */
#include "filter/search.h"

#include "base/memory.h"

#define ONE_BY_ONE UINT32_C(64) /* numbers that meet a test of bits */

struct walk {
    const struct dag *dag;
    node_id target;
    uint64_t steps; /* tests that are run, each as often as its numbers are looked for */
    unsigned longest;
};

size_t search_there_list(const struct dag *dag, node_id root, node_id there[THERE_MOST])
{
    CLEANUP_FREE bool *reached = memory_zeroed((size_t)root + 1, sizeof *reached);
    size_t count = 0;
    reached[root] = true;
    for (size_t i = (size_t)root + 1; i-- > 0;) { /* successors have lower numbers */
        const struct node *node = &dag->nodes[i];
        if (reached[i] && node->kind == NODE_TEST) {
            reached[node->if_true] = true;
            reached[node->if_false] = true;
        }
    }
    for (node_id i = 0; i <= root && count < THERE_MOST; i++) {
        if (reached[i] && dag->nodes[i].kind == NODE_TEST) {
            there[count++] = i;
        }
    }
    return count;
}

/* Do all numbers first..last lead from the node to the target? As deep as the longest path. */
static bool follow(struct walk *walk, node_id id, uint32_t first, uint32_t last, unsigned depth)
{
    const struct node *node = &walk->dag->nodes[id];
    uint32_t k = node->k;
    if (id == walk->target) {
        walk->steps += (uint64_t)depth * search_weight(first, last);
        walk->longest = depth > walk->longest ? depth : walk->longest;
        return true;
    }
    if (node->kind != NODE_TEST || node->jump == BPF_JGT) { /* JGT is for arguments */
        return false;
    }
    if (node->jump == BPF_JSET && first != last) {
        for (uint32_t i = 0; last - first < ONE_BY_ONE && i <= last - first; i++) {
            if (!follow(walk, id, first + i, first + i, depth)) {
                return false;
            }
        }
        return last - first < ONE_BY_ONE;
    }
    /* [from, to] is where it holds, if it holds anywhere. */
    uint32_t from = node->jump == BPF_JSET ? first : k;
    uint32_t to = node->jump == BPF_JEQ ? k : UINT32_MAX;
    bool holds = node->jump == BPF_JSET ? (first & k) != 0 : from <= last && to >= first;
    if (!holds) {
        return follow(walk, node->if_false, first, last, depth + 1);
    }
    from = from < first ? first : from;
    to = to > last ? last : to;
    return follow(walk, node->if_true, from, to, depth + 1) &&
           (from == first || follow(walk, node->if_false, first, from - 1, depth + 1)) &&
           (to == last || follow(walk, node->if_false, to + 1, last, depth + 1));
}

uint64_t search_there_fitting(const struct dag *dag, const node_id *there, size_t count,
                              const struct run *run)
{
    uint64_t fitting = 0;
    for (size_t i = 0; i < count; i++) {
        struct walk walk = {.dag = dag, .target = run->target};
        if (follow(&walk, there[i], run->first, run->last, 0)) {
            fitting |= UINT64_C(1) << i;
        }
    }
    return fitting;
}

void search_there_price(const struct search *search, size_t from, size_t to, unsigned longest,
                        struct part *best)
{
    uint64_t fitting = search->there_count == 0 ? 0 : UINT64_MAX;
    for (size_t i = from; i <= to && fitting != 0; i++) {
        fitting &= search->fitting[i];
    }
    for (size_t n = 0; n < search->there_count && fitting >> n != 0; n++) {
        if ((fitting >> n & 1) == 0) {
            continue;
        }
        struct walk walk = {.dag = search->dag};
        for (size_t i = from; i <= to; i++) {
            walk.target = search->runs[i].target;
            follow(&walk, search->there[n], search->runs[i].first, search->runs[i].last, 0);
        }
        if (walk.steps < best->price && walk.longest <= longest) {
            *best = (struct part){.price = walk.steps,
                                  .operand = (uint32_t)n,
                                  .decision = DECIDED_THERE,
                                  .longest = (uint8_t)walk.longest,
                                  .is_elsewhere = true};
        }
    }
}
