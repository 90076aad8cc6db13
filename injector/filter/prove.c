/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that a program says what a table says, for every (arch, nr, args).
 *
 * A system call is 14 independent 32-bit words: the number, the architecture, two halves of each of
 * six arguments. The instructions that are accepted can only test one word at a time against
 * constants, and so can the table once its 64-bit comparisons are split (prove_table.c). So every
 * path through the program, continued through the table, is a conjunction of tests on single words,
 * and whether a system call takes it is decided word by word (prove_word.c), exactly.
 *
 * The walk goes depth first through the program and, where it returns, on through the table under
 * the same constraints. A branch is followed only if some system call takes it. Where the table
 * decides, its action and the program's are compared as the kernel understands them; if they
 * differ, the witnesses of the 14 words are a system call that shows it. The interpreter and
 * table_evaluate(), which know nothing of all this, have to confirm it before it is returned.
 *
 * Program and table are graphs without loops, so the walk ends; but the number of paths can be
 * exponential, so it has a budget. Nothing is shared with build.c.
 */
#include "filter/prove.h"

#include "base/memory.h"
#include "filter/prove_table.h"
#include "filter/prove_word.h"

#include <stddef.h>

/* Where a path stands: before an instruction, the accumulator holding word & mask; or, after the
   program's return, before a node of the table. */
struct position {
    bool in_table;
    uint8_t word;
    uint32_t mask;
    uint32_t at;
    uint32_t returned; /* in_table only */
};

/* A branch that is left for later: `position`, reached if `test` holds of word `word`. */
struct branch {
    struct position position;
    struct word_test test;
    uint8_t word;
    size_t change_count; /* what to go back to before it is taken */
    size_t store_count;
};

struct change {
    uint8_t word;
    struct word before;
};

struct walk {
    const struct filter *filter;
    const struct table_graph *graph;
    struct word words[WORD_COUNT];
    struct word_store store;
    struct change *changes; /* owned; what was done to words, to be undone in reverse */
    size_t change_count;
    size_t change_capacity;
    struct branch *branches; /* owned; a stack */
    size_t branch_count;
    size_t branch_capacity;
};

static void walk_free(struct walk *walk)
{
    word_store_free(&walk->store);
    free(walk->changes);
    free(walk->branches);
}

/* Adds a test to a word. False if no system call passes. */
static bool assume(struct walk *walk, uint8_t word, struct word_test test)
{
    struct change *change = memory_append(&walk->changes, &walk->change_count,
                                          &walk->change_capacity, sizeof *walk->changes);
    *change = (struct change){.word = word, .before = walk->words[word]};
    return word_restrict(&walk->words[word], test, &walk->store);
}

/* Takes up the next branch that some system call takes. False when none is left. */
static bool next_branch(struct walk *walk, struct position *position)
{
    while (walk->branch_count > 0 && !walk->store.exhausted) {
        struct branch branch = walk->branches[--walk->branch_count];
        while (walk->change_count > branch.change_count) {
            const struct change *change = &walk->changes[--walk->change_count];
            walk->words[change->word] = change->before;
        }
        walk->store.count = branch.store_count;
        if (assume(walk, branch.word, branch.test)) {
            *position = branch.position;
            return true;
        }
    }
    return false;
}

/* Goes on at `holds`, and later at `fails`. False when no branch is left. */
static bool split(struct walk *walk, uint8_t word, struct word_test test, struct position holds,
                  struct position fails, struct position *position)
{
    struct branch *branch = memory_append(&walk->branches, &walk->branch_count,
                                          &walk->branch_capacity, sizeof *walk->branches);
    *branch = (struct branch){.position = fails,
                              .test = word_test_negated(test),
                              .word = word,
                              .change_count = walk->change_count,
                              .store_count = walk->store.count};
    if (assume(walk, word, test)) {
        *position = holds;
        return true;
    }
    return next_branch(walk, position);
}

/* The word at a byte offset of struct seccomp_data, whose words are in little-endian order on all
   our targets. */
static uint8_t word_at(uint32_t offset)
{
    if (offset == offsetof(struct seccomp_data, nr)) {
        return WORD_NR;
    }
    if (offset == offsetof(struct seccomp_data, arch)) {
        return WORD_ARCH;
    }
    return (uint8_t)(WORD_ARGUMENTS + (offset - offsetof(struct seccomp_data, args)) / 4);
}

/* The test of a conditional jump, whose accumulator is word & mask. False if it always holds. */
static bool jump_test(const struct sock_filter *instruction, uint32_t mask, struct word_test *test)
{
    uint32_t k = instruction->k;
    switch (BPF_OP(instruction->code)) {
    case BPF_JEQ:
        *test = (struct word_test){mask, k, WORD_EQ};
        return true;
    case BPF_JGT:
        *test = (struct word_test){mask, k, WORD_GT};
        return true;
    case BPF_JGE:
        *test = (struct word_test){mask, k - 1, WORD_GT};
        return k != 0;
    default: /* BPF_JSET */
        *test = (struct word_test){mask & k, 0, WORD_NE};
        return true;
    }
}

/* One instruction. False when no path is left. */
static bool step_program(struct walk *walk, struct position *position)
{
    const struct sock_filter *instruction = &walk->filter->instructions[position->at];
    struct position next = *position;
    next.at++;
    switch (instruction->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        next.word = word_at(instruction->k);
        next.mask = UINT32_MAX;
        break;
    case BPF_ALU | BPF_AND | BPF_K:
        next.mask &= instruction->k;
        break;
    case BPF_RET | BPF_K:
        next = (struct position){
            .in_table = true, .at = walk->graph->root, .returned = instruction->k};
        break;
    case BPF_JMP | BPF_JA:
        next.at += instruction->k;
        break;
    default: {
        struct position holds = next;
        struct position fails = next;
        struct word_test test;
        holds.at += instruction->jt;
        fails.at += instruction->jf;
        if (holds.at != fails.at && jump_test(instruction, next.mask, &test)) {
            return split(walk, next.word, test, holds, fails, position);
        }
        next = holds;
        break;
    }
    }
    *position = next;
    return true;
}

static struct action normalised(struct action action)
{
    (void)action_from_return_value(action_return_value(action), &action);
    return action;
}

static bool is_same_action(uint32_t returned, struct action expected)
{
    struct action action;
    return action_from_return_value(returned, &action) &&
           action_equal(action, normalised(expected));
}

enum table_step { STEP_GO_ON, STEP_DONE, STEP_DIFFERENT };

/* One node of the table. */
static enum table_step step_table(struct walk *walk, struct position *position)
{
    const struct table_node *node = &walk->graph->nodes[position->at];
    if (node->is_leaf) {
        if (!is_same_action(position->returned, node->decision)) {
            return STEP_DIFFERENT;
        }
        return next_branch(walk, position) ? STEP_GO_ON : STEP_DONE;
    }
    struct position holds = *position;
    struct position fails = *position;
    holds.at = node->holds;
    fails.at = node->fails;
    return split(walk, node->word, node->test, holds, fails, position) ? STEP_GO_ON : STEP_DONE;
}

/* All paths. True if they end in equal actions, or the budget ran out; otherwise the witnesses of
   walk->words are a system call that shows a difference. */
static bool walk_all(struct walk *walk)
{
    for (size_t word = 0; word < WORD_COUNT; word++) {
        walk->words[word] = word_any();
    }
    struct position position = {0}; /* the accumulator starts as 0: any word, an empty mask */
    enum table_step step = STEP_GO_ON;
    while (step == STEP_GO_ON && word_store_spend(&walk->store, 1)) {
        if (position.in_table) {
            step = step_table(walk, &position);
        } else if (!step_program(walk, &position)) {
            step = STEP_DONE;
        }
    }
    return step != STEP_DIFFERENT;
}

/* Is every instruction one that the walk understands? Also those that no path reaches. */
static bool is_accepted(const struct filter *filter, char **reason)
{
    for (size_t pc = 0; pc < filter->count; pc++) {
        const struct sock_filter *instruction = &filter->instructions[pc];
        switch (instruction->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (instruction->k == offsetof(struct seccomp_data, instruction_pointer) ||
                instruction->k == offsetof(struct seccomp_data, instruction_pointer) + 4) {
                *reason = memory_printf(
                    "instruction %zu: it looks at the instruction pointer, which no policy names",
                    pc);
                return false;
            }
            break;
        case BPF_ALU | BPF_AND | BPF_K:
        case BPF_RET | BPF_K:
        case BPF_JMP | BPF_JA:
        case BPF_JMP | BPF_JEQ | BPF_K:
        case BPF_JMP | BPF_JGT | BPF_K:
        case BPF_JMP | BPF_JGE | BPF_K:
        case BPF_JMP | BPF_JSET | BPF_K:
            break;
        default:
            *reason = memory_printf("instruction %zu: the proof does not cover opcode 0x%02x", pc,
                                    instruction->code);
            return false;
        }
    }
    return true;
}

/* Do the interpreter and the table differ on it? Fills in what they say. */
static bool confirm(const struct filter *filter, const struct table *table,
                    struct counterexample *counterexample)
{
    struct error error = {0};
    if (filter_run(filter, &counterexample->call, &counterexample->program_returns, NULL, &error) <
        0) {
        error_clear(&error);
        return false;
    }
    counterexample->expected = table_evaluate(table, &counterexample->call, NULL);
    return !is_same_action(counterexample->program_returns, counterexample->expected);
}

static struct seccomp_data witness_call(const struct walk *walk)
{
    struct seccomp_data call = {.nr = (int)walk->words[WORD_NR].witness,
                                .arch = walk->words[WORD_ARCH].witness};
    for (unsigned a = 0; a < POLICY_ARGUMENTS; a++) {
        uint64_t low = walk->words[word_of_argument(a, false)].witness;
        uint64_t high = walk->words[word_of_argument(a, true)].witness;
        call.args[a] = high << 32 | low;
    }
    return call;
}

static enum proof walk_and_confirm(const struct filter *filter, const struct table *table,
                                   struct walk *walk, struct counterexample *counterexample,
                                   char **reason)
{
    uint64_t budget = walk->store.steps_left;
    bool equal = walk_all(walk);
    if (walk->store.exhausted) {
        *reason = memory_printf("the budget of %llu steps ran out: the policy has too many "
                                "conditions on one system call",
                                (unsigned long long)budget);
        return PROOF_OPEN;
    }
    if (equal) {
        return PROOF_EQUAL;
    }
    struct counterexample found = {.call = witness_call(walk)};
    if (!confirm(filter, table, &found)) {
        *reason = memory_strdup("internal: the interpreter does not confirm the counterexample");
        return PROOF_OPEN;
    }
    if (counterexample) {
        *counterexample = found;
    }
    return PROOF_REFUTED;
}

enum proof prove_with_budget(const struct filter *filter, const struct table *table, uint64_t steps,
                             struct counterexample *counterexample, char **reason)
{
    CLEANUP_FREE char *text = NULL;
    struct table_graph graph = {0};
    struct error error = {0};
    enum proof proof = PROOF_OPEN;

    if (filter_check(filter, &error) < 0) {
        text = memory_printf("the kernel would not load the program: %s", error.text);
        error_clear(&error);
    } else if (is_accepted(filter, &text) && table_graph_make(table, &graph, &text)) {
        struct walk walk = {.filter = filter, .graph = &graph, .store.steps_left = steps};
        proof = walk_and_confirm(filter, table, &walk, counterexample, &text);
        walk_free(&walk);
        table_graph_free(&graph);
    }
    if (reason && proof == PROOF_OPEN) {
        *reason = STEAL(text);
    }
    return proof;
}

enum proof filter_prove(const struct filter *filter, const struct table *table,
                        struct counterexample *counterexample, char **reason)
{
    return prove_with_budget(filter, table, PROVE_BUDGET_STEPS, counterexample, reason);
}
