/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of a table (filter/table.h), spelt out as a graph of tests. Built from the leaves up,
 * so that every edge leads to a node that exists already, and the graph has no loop.
 *
 * An argument of 64 bits is two words, which a comparison looks at one after the other: with h and
 * l the halves of the argument and H and L those of the value, argument > value is h > H, or h == H
 * and l > L.
 */
#include "filter/prove_table.h"

#include "base/memory.h"

void table_graph_free(struct table_graph *graph)
{
    free(graph->nodes);
    *graph = (struct table_graph){0};
}

static uint32_t add_leaf(struct table_graph *graph, struct action decision)
{
    struct table_node *node =
        memory_append(&graph->nodes, &graph->count, &graph->capacity, sizeof *graph->nodes);
    node->is_leaf = true;
    node->decision = decision;
    return (uint32_t)(graph->count - 1);
}

static uint32_t add_test(struct table_graph *graph, uint8_t word, struct word_test test,
                         uint32_t holds, uint32_t fails)
{
    struct table_node *node =
        memory_append(&graph->nodes, &graph->count, &graph->capacity, sizeof *graph->nodes);
    *node = (struct table_node){.word = word, .test = test, .holds = holds, .fails = fails};
    return (uint32_t)(graph->count - 1);
}

/* argument > value, at most the low half of it when the width is 32. */
static uint32_t add_greater(struct table_graph *graph, const struct condition *condition,
                            uint64_t value, uint32_t holds, uint32_t fails)
{
    const struct word_test low = {UINT32_MAX, (uint32_t)value, WORD_GT};
    uint32_t node =
        add_test(graph, word_of_argument(condition->argument, false), low, holds, fails);
    if (condition->width == 32) {
        return node;
    }
    uint8_t high_word = word_of_argument(condition->argument, true);
    const struct word_test high_equal = {UINT32_MAX, (uint32_t)(value >> 32), WORD_EQ};
    const struct word_test high_above = {UINT32_MAX, (uint32_t)(value >> 32), WORD_GT};
    node = add_test(graph, high_word, high_equal, node, fails);
    return add_test(graph, high_word, high_above, holds, node);
}

/* (argument & mask) == value. */
static uint32_t add_equal(struct table_graph *graph, const struct condition *condition,
                          uint64_t mask, uint32_t holds, uint32_t fails)
{
    const struct word_test low = {(uint32_t)mask, (uint32_t)condition->value, WORD_EQ};
    uint32_t node =
        add_test(graph, word_of_argument(condition->argument, false), low, holds, fails);
    if (condition->width == 32) {
        return node;
    }
    const struct word_test high = {(uint32_t)(mask >> 32), (uint32_t)(condition->value >> 32),
                                   WORD_EQ};
    return add_test(graph, word_of_argument(condition->argument, true), high, node, fails);
}

static uint32_t add_condition(struct table_graph *graph, const struct condition *condition,
                              uint32_t holds, uint32_t fails)
{
    uint64_t value = condition->value;
    switch (condition->compare) {
    case COMPARE_EQ:
        return add_equal(graph, condition, UINT64_MAX, holds, fails);
    case COMPARE_NE:
        return add_equal(graph, condition, UINT64_MAX, fails, holds);
    case COMPARE_MASKED_EQ:
        return add_equal(graph, condition, condition->mask, holds, fails);
    case COMPARE_GT:
        return add_greater(graph, condition, value, holds, fails);
    case COMPARE_LE:
        return add_greater(graph, condition, value, fails, holds);
    case COMPARE_GE: /* above value - 1; everything is at least 0 */
        return value == 0 ? holds : add_greater(graph, condition, value - 1, holds, fails);
    case COMPARE_LT:
        return value == 0 ? fails : add_greater(graph, condition, value - 1, fails, holds);
    }
    return fails;
}

/* NULL if the condition is one that the model allows, else what is wrong with it. */
static const char *condition_fault(const struct condition *condition)
{
    if (condition->argument >= POLICY_ARGUMENTS) {
        return "a condition on an argument past the sixth";
    }
    if (condition->width != 32 && condition->width != 64) {
        return "a condition of a width other than 32 and 64";
    }
    if (condition->width == 32 && ((condition->value | condition->mask) >> 32) != 0) {
        return "a value wider than its condition";
    }
    if ((unsigned)condition->compare > COMPARE_MASKED_EQ) {
        return "an unknown comparison";
    }
    if (condition->compare == COMPARE_MASKED_EQ && (condition->value & ~condition->mask) != 0) {
        return "a value outside its mask";
    }
    return NULL;
}

static bool add_range(struct table_graph *graph, const struct table_range *range, uint32_t *root,
                      char **reason)
{
    uint32_t next = add_leaf(graph, range->default_action);
    for (size_t r = range->rule_count; r-- > 0;) {
        const struct table_rule *rule = &range->rules[r];
        uint32_t node = add_leaf(graph, rule->action);
        for (size_t c = rule->condition_count; c-- > 0;) {
            const char *fault = condition_fault(&rule->conditions[c]);
            if (fault) {
                *reason = memory_printf("the table has %s, at number %u", fault, range->first);
                return false;
            }
            node = add_condition(graph, &rule->conditions[c], node, next);
        }
        next = node;
    }
    *root = next;
    return true;
}

/* Halving the list of `roots`, one for each range, by the last number of its left half: a path
   that is confined to few numbers then meets few ranges. */
static uint32_t add_choice(struct table_graph *graph, const struct table_abi *abi,
                           const uint32_t *roots, size_t first, size_t count)
{
    if (count == 1) {
        return roots[first];
    }
    size_t half = count / 2;
    uint32_t left = add_choice(graph, abi, roots, first, half);
    uint32_t right = add_choice(graph, abi, roots, first + half, count - half);
    const struct word_test test = {UINT32_MAX, abi->ranges[first + half - 1].last, WORD_LE};
    return add_test(graph, WORD_NR, test, left, right);
}

static bool ranges_are_gapless(const struct table_abi *abi)
{
    uint64_t next = 0;
    for (size_t r = 0; r < abi->range_count; r++) {
        const struct table_range *range = &abi->ranges[r];
        if (range->first != next || range->last < range->first) {
            return false;
        }
        next = (uint64_t)range->last + 1;
    }
    return next == (uint64_t)UINT32_MAX + 1;
}

static bool add_abi(struct table_graph *graph, const struct table_abi *abi, uint32_t other,
                    uint32_t *root, char **reason)
{
    if (!ranges_are_gapless(abi)) {
        *reason = memory_printf("the table's ranges for %s have a gap", abi->name);
        return false;
    }
    CLEANUP_FREE uint32_t *roots = memory_zeroed(abi->range_count, sizeof *roots);
    for (size_t r = 0; r < abi->range_count; r++) {
        if (!add_range(graph, &abi->ranges[r], &roots[r], reason)) {
            return false;
        }
    }
    uint32_t numbers = add_choice(graph, abi, roots, 0, abi->range_count);
    const struct word_test test = {UINT32_MAX, abi->audit_architecture, WORD_EQ};
    *root = add_test(graph, WORD_ARCH, test, numbers, other);
    return true;
}

bool table_graph_make(const struct table *table, struct table_graph *graph, char **reason)
{
    uint32_t root = add_leaf(graph, table->other_abi);
    for (size_t a = table->abi_count; a-- > 0;) {
        if (!add_abi(graph, &table->abis[a], root, &root, reason)) {
            table_graph_free(graph);
            return false;
        }
    }
    graph->root = root;
    return true;
}
