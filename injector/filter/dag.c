/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of a program, each kept once. What a node does is decided by its fields and its successors
 * alone, so two nodes with equal fields may be one, whatever path leads there.
 */
#include "filter/dag.h"

#include "base/memory.h"

#include <string.h>

#define EXPANDED_MOST (1u << 30)

void dag_free(struct dag *dag)
{
    free(dag->nodes);
    free(dag->buckets);
    *dag = (struct dag){0};
}

static size_t hash_node(const struct node *node)
{
    uint64_t hash = (uint64_t)node->kind * 4 + node->jump;
    const uint64_t words[] = {node->k, node->if_true, node->if_false};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return (size_t)hash;
}

static bool node_equal(const struct node *a, const struct node *b)
{
    return a->kind == b->kind && a->jump == b->jump && a->k == b->k && a->if_true == b->if_true &&
           a->if_false == b->if_false;
}

static void insert_bucket(struct dag *dag, node_id id)
{
    size_t at = hash_node(&dag->nodes[id]) % dag->bucket_count;
    while (dag->buckets[at] != 0) {
        at = (at + 1) % dag->bucket_count;
    }
    dag->buckets[at] = id + 1;
}

static void grow_buckets(struct dag *dag)
{
    free(dag->buckets);
    dag->bucket_count = dag->bucket_count == 0 ? 256 : dag->bucket_count * 2;
    dag->buckets = memory_zeroed(dag->bucket_count, sizeof *dag->buckets);
    for (size_t i = 0; i < dag->count; i++) {
        insert_bucket(dag, (node_id)i);
    }
}

static uint32_t expanded_size(const struct dag *dag, const struct node *node)
{
    uint32_t size = 1;
    if (node->kind != NODE_RETURN) {
        size += dag->nodes[node->if_false].expanded;
    }
    if (node->kind == NODE_TEST) {
        size += dag->nodes[node->if_true].expanded;
    }
    return size < EXPANDED_MOST ? size : EXPANDED_MOST;
}

static node_id intern(struct dag *dag, struct node node)
{
    if (dag->count * 2 >= dag->bucket_count) {
        grow_buckets(dag);
    }
    size_t at = hash_node(&node) % dag->bucket_count;
    while (dag->buckets[at] != 0) {
        node_id id = dag->buckets[at] - 1;
        if (node_equal(&dag->nodes[id], &node)) {
            return id;
        }
        at = (at + 1) % dag->bucket_count;
    }
    node.expanded = expanded_size(dag, &node);
    node_id id = (node_id)dag->count;
    struct node *added = memory_append(&dag->nodes, &dag->count, &dag->capacity, sizeof *added);
    *added = node;
    dag->buckets[at] = id + 1;
    return id;
}

node_id dag_return(struct dag *dag, uint32_t value)
{
    return intern(dag, (struct node){.kind = NODE_RETURN, .k = value});
}

/* Does the node look at what the accumulator holds? */
static bool uses_accumulator(const struct dag *dag, node_id id)
{
    enum node_kind kind = dag->nodes[id].kind;
    return kind == NODE_TEST || kind == NODE_AND;
}

node_id dag_load(struct dag *dag, uint32_t offset, node_id next)
{
    if (!uses_accumulator(dag, next)) {
        return next;
    }
    return intern(dag, (struct node){.kind = NODE_LOAD, .k = offset, .if_false = next});
}

node_id dag_and(struct dag *dag, uint32_t mask, node_id next)
{
    if (!uses_accumulator(dag, next)) {
        return next;
    }
    return intern(dag, (struct node){.kind = NODE_AND, .k = mask, .if_false = next});
}

node_id dag_test(struct dag *dag, uint16_t jump, uint32_t k, node_id if_true, node_id if_false)
{
    if (if_true == if_false) {
        return if_true;
    }
    return intern(
        dag,
        (struct node){
            .kind = NODE_TEST, .jump = jump, .k = k, .if_true = if_true, .if_false = if_false});
}

size_t dag_reachable(const struct dag *dag, node_id root)
{
    CLEANUP_FREE uint8_t *marked = memory_zeroed(dag->count, 1);
    size_t reachable = 0;
    marked[root] = 1;
    /* Successors have lower numbers than their node. */
    for (size_t i = (size_t)root + 1; i-- > 0;) {
        const struct node *node = &dag->nodes[i];
        if (marked[i] == 0) {
            continue;
        }
        reachable++;
        if (node->kind != NODE_RETURN) {
            marked[node->if_false] = 1;
        }
        if (node->kind == NODE_TEST) {
            marked[node->if_true] = 1;
        }
    }
    return reachable;
}
