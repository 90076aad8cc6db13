/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the graph to instructions. Jumps go forward only, so the program is written from its end to
 * its beginning: a node follows its successors, and what it needs to know is how far back they lie.
 * Conditional jumps reach 255 instructions; for what is farther a copy of the RET, or a JA, is put
 * in between. Of two successors the larger part is written first, so that the far jump leads over
 * the smaller one; but what follows a JSET is where its bits are clear, because the kernel makes
 * two instructions of a JSET that jumps there (bpf_convert_filter).
 */
#include "filter/dag.h"

#include "base/memory.h"

#include <string.h>

#define JUMP_REACH 255u
#define NOT_YET UINT32_MAX

struct emitter {
    const struct dag *dag;
    struct sock_filter *reversed; /* the last instruction first */
    size_t count;
    size_t capacity;
    uint32_t *positions; /* of each node in `reversed`: the nearest copy of it */
};

static void append(struct emitter *e, uint16_t code, uint32_t jt, uint32_t jf, uint32_t k)
{
    struct sock_filter *instruction =
        memory_append(&e->reversed, &e->count, &e->capacity, sizeof *instruction);
    instruction->code = code;
    instruction->jt = (uint8_t)jt;
    instruction->jf = (uint8_t)jf;
    instruction->k = k;
}

/* Instructions between the one that is written next and the node. */
static uint32_t gap(const struct emitter *e, node_id id)
{
    return (uint32_t)e->count - 1 - e->positions[id];
}

/* Makes the instruction written last stand for the node. */
static void bring_near(struct emitter *e, node_id id)
{
    const struct node *node = &e->dag->nodes[id];
    uint32_t distance = gap(e, id);
    if (node->kind == NODE_RETURN) {
        append(e, BPF_RET | BPF_K, 0, 0, node->k);
    } else {
        append(e, BPF_JMP | BPF_JA, 0, 0, distance);
    }
    e->positions[id] = (uint32_t)e->count - 1;
}

static void emit_test(struct emitter *e, const struct node *node)
{
    /* What is put in between moves the other one away by one. */
    if (gap(e, node->if_true) > JUMP_REACH) {
        bring_near(e, node->if_true);
    }
    if (gap(e, node->if_false) > JUMP_REACH) {
        bring_near(e, node->if_false);
        if (gap(e, node->if_true) > JUMP_REACH) {
            bring_near(e, node->if_true);
        }
    }
    append(e, (uint16_t)(BPF_JMP | BPF_K | node->jump), gap(e, node->if_true),
           gap(e, node->if_false), node->k);
}

static void emit_node(struct emitter *e, node_id id)
{
    const struct node *node = &e->dag->nodes[id];
    if (node->kind == NODE_LOAD || node->kind == NODE_AND) {
        if (gap(e, node->if_false) != 0) {
            bring_near(e, node->if_false);
        }
    }
    switch (node->kind) {
    case NODE_RETURN:
        append(e, BPF_RET | BPF_K, 0, 0, node->k);
        break;
    case NODE_LOAD:
        append(e, BPF_LD | BPF_W | BPF_ABS, 0, 0, node->k);
        break;
    case NODE_AND:
        append(e, BPF_ALU | BPF_AND | BPF_K, 0, 0, node->k);
        break;
    case NODE_TEST:
        emit_test(e, node);
        break;
    }
    e->positions[id] = (uint32_t)e->count - 1;
}

/* Successors that are not written yet, the one to be written first last; at most two. */
static size_t pending(const struct emitter *e, const struct node *node, node_id out[2])
{
    size_t count = 0;
    if (node->kind == NODE_RETURN) {
        return 0;
    }
    node_id first = node->if_false;
    node_id second = node->kind == NODE_TEST ? node->if_true : node->if_false;
    bool is_bits = node->kind == NODE_TEST && node->jump == BPF_JSET;
    if (is_bits || e->dag->nodes[second].expanded > e->dag->nodes[first].expanded) {
        node_id larger = second;
        second = first;
        first = larger;
    }
    if (second != first && e->positions[second] == NOT_YET) {
        out[count++] = second;
    }
    if (e->positions[first] == NOT_YET) {
        out[count++] = first;
    }
    return count;
}

static void emit_all(struct emitter *e, node_id root)
{
    /* Each node waits at most twice: once for each that leads to it first. */
    CLEANUP_FREE node_id *stack = memory_zeroed(2 * e->dag->count + 2, sizeof *stack);
    size_t depth = 0;
    stack[depth++] = root;
    while (depth > 0 && e->count <= FILTER_MAX_INSTRUCTIONS) {
        node_id id = stack[depth - 1];
        node_id waiting[2] = {0};
        size_t count = 0;
        if (e->positions[id] == NOT_YET) {
            count = pending(e, &e->dag->nodes[id], waiting);
        }
        if (count > 0) {
            memcpy(&stack[depth], waiting, count * sizeof *waiting);
            depth += count;
            continue;
        }
        depth--;
        if (e->positions[id] == NOT_YET) {
            emit_node(e, id);
        }
    }
}

int dag_emit(const struct dag *dag, node_id root, struct filter *out, struct error *error)
{
    struct emitter e = {.dag = dag};
    e.positions = memory_zeroed(dag->count, sizeof *e.positions);
    memset(e.positions, 0xff, dag->count * sizeof *e.positions);
    emit_all(&e, root);
    free(e.positions);
    if (e.count > FILTER_MAX_INSTRUCTIONS) {
        free(e.reversed);
        return error_set(error, ERROR_POLICY,
                         "the filter would have more than the %u instructions that the kernel "
                         "takes: give it fewer conditions on arguments",
                         FILTER_MAX_INSTRUCTIONS);
    }
    for (size_t i = 0; i < e.count / 2; i++) {
        struct sock_filter other = e.reversed[i];
        e.reversed[i] = e.reversed[e.count - 1 - i];
        e.reversed[e.count - 1 - i] = other;
    }
    out->instructions = e.reversed;
    out->count = e.count;
    return 0;
}
