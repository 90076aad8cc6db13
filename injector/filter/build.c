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

static node_id build_abi(struct dag *dag, const struct table_abi *abi)
{
    CLEANUP_FREE struct target_range *ranges = memory_zeroed(abi->range_count, sizeof *ranges);
    for (size_t i = 0; i < abi->range_count; i++) {
        const struct table_range *range = &abi->ranges[i];
        ranges[i].first = range->first;
        ranges[i].last = range->last;
        ranges[i].target = arguments_build(dag, range);
    }
    node_id search = search_build(dag, ranges, abi->range_count);
    return dag_load(dag, (uint32_t)offsetof(struct seccomp_data, nr), search);
}

int filter_build(const struct table *table, struct filter *out, struct error *error)
{
    struct dag dag = {0};
    node_id node = dag_return(&dag, action_return_value(table->other_abi));
    for (size_t i = table->abi_count; i-- > 0;) {
        node_id abi = build_abi(&dag, &table->abis[i]);
        node = dag_test(&dag, BPF_JEQ, table->abis[i].audit_architecture, abi, node);
    }
    node = dag_load(&dag, (uint32_t)offsetof(struct seccomp_data, arch), node);
    int result = dag_emit(&dag, node, out, error);
    dag_free(&dag);
    return result;
}
