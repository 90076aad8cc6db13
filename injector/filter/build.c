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

/* The whole program. What the first ABI needs is there when the others are made; new system calls
   have one number in every ABI. */
static node_id build_program(struct dag *dag, const struct table *table,
                             const struct abi_ranges *abis)
{
    CLEANUP_FREE node_id *searches = memory_zeroed(table->abi_count, sizeof *searches);
    for (size_t i = 0; i < table->abi_count; i++) {
        searches[i] = search_build(dag, abis[i].ranges, abis[i].count, SEARCH_NUMBERS,
                                   i == 0 ? NULL : &searches[0]);
    }
    node_id node = dag_return(dag, action_return_value(table->other_abi));
    for (size_t i = table->abi_count; i-- > 0;) {
        node_id search = dag_load(dag, (uint32_t)offsetof(struct seccomp_data, nr), searches[i]);
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
    node_id root = build_program(&dag, table, abis);
    int result = dag_emit(&dag, root, out, error);
    for (size_t i = 0; i < table->abi_count; i++) {
        free(abis[i].ranges);
    }
    dag_free(&dag);
    return result;
}
