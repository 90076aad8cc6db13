/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our compiler. Table in, program out:
 *   load arch; for each ABI: is it this one? load nr; search for the range; its action, or the
 *   comparisons of its arguments.
 * On the way to an action that depends on no argument there are loads of nr and arch, jumps and
 * RET only: that much the kernel's action cache can evaluate (seccomp_is_const_allow), so an
 * allowed system call never runs the program. Deterministic: the order of everything comes from
 * the table.
 */
#include "filter/dag.h"

#include "base/memory.h"

#include <stddef.h>

void filter_free(struct filter *filter)
{
    free(filter->instructions);
    *filter = (struct filter){0};
}

/* The ranges of one ABI, merged, each with the part of the program that it leads to. */
struct abi_ranges {
    struct target_range *ranges; /* owned */
    size_t count;
};

static struct abi_ranges ranges_of(struct dag *dag, const struct table_abi *abi)
{
    struct abi_ranges out = {.count = abi->range_count};
    out.ranges = memory_zeroed(abi->range_count, sizeof *out.ranges);
    for (size_t i = 0; i < abi->range_count; i++) {
        const struct table_range *range = &abi->ranges[i];
        out.ranges[i].first = range->first;
        out.ranges[i].last = range->last;
        out.ranges[i].target = arguments_build(dag, range);
    }
    out.count = search_merge(out.ranges, out.count);
    return out;
}

/* How many ranges both have at the end. */
static size_t common_end(const struct abi_ranges *a, const struct abi_ranges *b)
{
    size_t common = 0;
    while (common < a->count && common < b->count) {
        const struct target_range *left = &a->ranges[a->count - 1 - common];
        const struct target_range *right = &b->ranges[b->count - 1 - common];
        if (left->first != right->first || left->target != right->target) {
            break;
        }
        common++;
    }
    return common;
}

/* A search in which the last `shared` ranges are a part of their own. */
static node_id search_with_end(struct dag *dag, const struct abi_ranges *abi, size_t shared)
{
    if (shared < 2 || shared == abi->count) {
        return search_build(dag, abi->ranges, abi->count, SEARCH_NUMBERS);
    }
    size_t own = abi->count - shared;
    CLEANUP_FREE struct target_range *ranges = memory_copy(abi->ranges, (own + 1) * sizeof *ranges);
    CLEANUP_FREE struct target_range *end = memory_copy(&abi->ranges[own], shared * sizeof *end);
    ranges[own].last = UINT32_MAX;
    ranges[own].target = search_build(dag, end, shared, SEARCH_NUMBERS);
    return search_build(dag, ranges, own + 1, SEARCH_NUMBERS);
}

/* The whole program, in which the ABIs share the search of their last `shared` ranges. */
static node_id build_program(struct dag *dag, const struct table *table,
                             const struct abi_ranges *abis, size_t shared)
{
    node_id node = dag_return(dag, action_return_value(table->other_abi));
    for (size_t i = table->abi_count; i-- > 0;) {
        node_id search = search_with_end(dag, &abis[i], shared < abis[i].count ? shared : 0);
        search = dag_load(dag, (uint32_t)offsetof(struct seccomp_data, nr), search);
        node = dag_test(dag, BPF_JEQ, table->abis[i].audit_architecture, search, node);
    }
    return dag_load(dag, (uint32_t)offsetof(struct seccomp_data, arch), node);
}

int filter_build(const struct table *table, struct filter *out, struct error *error)
{
    struct dag dag = {0};
    CLEANUP_FREE struct abi_ranges *abis = memory_zeroed(table->abi_count, sizeof *abis);
    for (size_t i = 0; i < table->abi_count; i++) {
        abis[i] = ranges_of(&dag, &table->abis[i]);
    }
    node_id root = build_program(&dag, table, abis, 0);
    if (table->abi_count > 1) {
        /* New system calls have one number in every ABI. */
        node_id sharing = build_program(&dag, table, abis, common_end(&abis[0], &abis[1]));
        if (dag_reachable(&dag, sharing) < dag_reachable(&dag, root)) {
            root = sharing;
        }
    }
    int result = dag_emit(&dag, root, out, error);
    for (size_t i = 0; i < table->abi_count; i++) {
        free(abis[i].ranges);
    }
    dag_free(&dag);
    return result;
}
