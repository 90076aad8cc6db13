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
 * The walk goes depth first through the program, and through the table beside it as far as what is
 * known decides its tests; where the program returns, on through what is left of the table. A
 * branch is followed only if some system call takes it. Where both have decided, their actions are
 * compared as the kernel understands them; if they differ, the witnesses of the 14 words are a
 * system call that shows it. The interpreter and table_evaluate(), which know nothing of all this,
 * have to confirm it before it is returned.
 *
 * Program and table are graphs without loops, so the walk ends; but the number of paths can be
 * exponential. Two things keep it from being walked: what was walked from before is not walked from
 * again (prove_seen.h), and where it can be, it is walked from with less known than is (attempts).
 * Neither helps always, so there is a budget; half of it is kept for a walk without them, that
 * goes into each rule first, and so comes upon a difference that is behind few tests. Nothing is
 * shared with build.c.
 */
#include "filter/prove.h"

#include "base/memory.h"
#include "filter/prove_seen.h"

#include <stddef.h>

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

/*
 * A position that is walked from with nothing known of the arguments, although something is: most
 * programs go on in the same way whatever came before a place where paths meet, and then that place
 * is done with once and for all. A difference that is found there may be none; then it is walked
 * from with what is known.
 */
struct attempt {
    struct position position;
    struct seen_mark seen;
    size_t branch_count, change_count, store_count; /* what to go back to */
};

struct walk {
    const struct filter *filter;
    const struct table_graph *graph;
    struct word words[WORD_COUNT];
    struct word_store store;
    struct seen *seen;      /* owned; NULL: every path is walked */
    struct change *changes; /* owned; what was done to words, to be undone in reverse */
    size_t change_count;
    size_t change_capacity;
    struct branch *branches; /* owned; a stack */
    size_t branch_count;
    size_t branch_capacity;
    struct attempt *attempts; /* owned; a stack */
    size_t attempt_count;
    size_t attempt_capacity;
};

static void walk_free(struct walk *walk)
{
    word_store_free(&walk->store);
    seen_free(walk->seen);
    free(walk->changes);
    free(walk->branches);
    free(walk->attempts);
}

/* Adds a test to a word. False if no system call passes. */
static bool assume(struct walk *walk, uint8_t word, struct word_test test)
{
    struct change *change = memory_append(&walk->changes, &walk->change_count,
                                          &walk->change_capacity, sizeof *walk->changes);
    *change = (struct change){.word = word, .before = walk->words[word]};
    return word_restrict(&walk->words[word], test, &walk->store);
}

static void go_back(struct walk *walk, size_t change_count, size_t store_count)
{
    while (walk->change_count > change_count) {
        const struct change *change = &walk->changes[--walk->change_count];
        walk->words[change->word] = change->before;
    }
    walk->store.count = store_count;
}

/* Takes up the next branch that some system call takes. False when none is left. */
static bool next_branch(struct walk *walk, struct position *position)
{
    while (walk->branch_count > 0 && !walk->store.exhausted) {
        while (walk->attempt_count > 0 &&
               walk->attempts[walk->attempt_count - 1].branch_count == walk->branch_count) {
            walk->attempt_count--; /* it has been walked to its end */
        }
        struct branch branch = walk->branches[--walk->branch_count];
        go_back(walk, branch.change_count, branch.store_count);
        if (assume(walk, branch.word, branch.test)) {
            *position = branch.position;
            return true;
        }
    }
    return false;
}

/* Goes on at one of the two, and later at the other. False when no branch is left. */
static bool split(struct walk *walk, uint8_t word, struct word_test test, struct position holds,
                  struct position fails, bool fails_first, struct position *position)
{
    fails_first = fails_first && walk->seen;
    struct branch *branch = memory_append(&walk->branches, &walk->branch_count,
                                          &walk->branch_capacity, sizeof *walk->branches);
    holds.is_taken_up = fails.is_taken_up = false;
    *branch = (struct branch){.position = fails_first ? holds : fails,
                              .test = fails_first ? test : word_test_negated(test),
                              .word = word,
                              .change_count = walk->change_count,
                              .store_count = walk->store.count};
    if (assume(walk, word, fails_first ? word_test_negated(test) : test)) {
        *position = fails_first ? fails : holds;
        return true;
    }
    return next_branch(walk, position);
}

/* Splits on the test of the table, the program staying where it is. Older nodes first: that leaves
   a rule, and so knows less than what goes on in it, which is then covered (prove_seen.h). */
static bool split_table(struct walk *walk, struct position *position)
{
    const struct table_node *node = &walk->graph->nodes[position->node];
    struct position holds = *position;
    struct position fails = *position;
    holds.node = node->holds;
    fails.node = node->fails;
    return split(walk, node->word, node->test, holds, fails, fails.node < holds.node, position);
}

/* Goes on in the table as far as what is known decides. */
static const struct table_node *follow_table(struct walk *walk, struct position *position)
{
    const struct table_node *node = &walk->graph->nodes[position->node];
    while (!node->is_leaf && word_store_spend(&walk->store, 1)) {
        enum word_answer answer = word_decide(&walk->words[node->word], node->test, &walk->store);
        if (answer == WORD_OPEN) {
            break;
        }
        position->node = answer == WORD_ALWAYS ? node->holds : node->fails;
        node = &walk->graph->nodes[position->node];
    }
    return node;
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

/* Is nothing left to do at the position? If there is, its walk may have become an attempt. */
static bool is_covered(struct walk *walk, struct position *position)
{
    if (position->is_taken_up || !walk->seen) {
        return false;
    }
    if (seen_before(walk->seen, position, walk->words, &walk->store)) {
        return true;
    }
    position->is_taken_up = true;
    if (seen_has_failure(walk->seen, position)) {
        return false;
    }
    const struct attempt attempt = {.position = *position,
                                    .seen = seen_now(walk->seen),
                                    .branch_count = walk->branch_count,
                                    .change_count = walk->change_count,
                                    .store_count = walk->store.count};
    for (unsigned word = WORD_ARGUMENTS; word < WORD_COUNT; word++) {
        *(struct change *)memory_append(&walk->changes, &walk->change_count, &walk->change_capacity,
                                        sizeof *walk->changes) =
            (struct change){.word = (uint8_t)word, .before = walk->words[word]};
        walk->words[word] = word_any();
    }
    if (seen_before(walk->seen, position, walk->words, &walk->store)) {
        go_back(walk, attempt.change_count,
                attempt.store_count); /* nothing is known that matters */
    } else {
        *(struct attempt *)memory_append(&walk->attempts, &walk->attempt_count,
                                         &walk->attempt_capacity, sizeof *walk->attempts) = attempt;
    }
    return false;
}

/* Gives the last attempt up, and goes on at its position with what is known there. False if there
   is none: then the difference is one. */
static bool fall_back(struct walk *walk, struct position *position)
{
    if (walk->attempt_count == 0 || walk->store.exhausted) {
        return false;
    }
    const struct attempt *attempt = &walk->attempts[--walk->attempt_count];
    walk->branch_count = attempt->branch_count;
    go_back(walk, attempt->change_count, attempt->store_count);
    seen_rewind(walk->seen, attempt->seen);
    seen_add_failure(walk->seen, &attempt->position);
    *position = attempt->position;
    return true;
}

/* A conditional jump that goes one way or the other. */
static bool step_jump(struct walk *walk, struct word_test test, struct position *position)
{
    const struct sock_filter *instruction = &walk->filter->instructions[position->at];
    const struct table_node *node = follow_table(walk, position);
    if (!node->is_leaf && node->word < WORD_ARGUMENTS && position->word >= WORD_ARGUMENTS) {
        return split_table(walk, position); /* first of all, of which system call we speak */
    }
    if (position->word >= WORD_ARGUMENTS && is_covered(walk, position)) {
        return next_branch(walk, position);
    }
    struct position holds = *position;
    struct position fails = *position;
    holds.at += 1u + instruction->jt;
    fails.at += 1u + instruction->jf;
    return split(walk, position->word, test, holds, fails, fails.at > holds.at, position);
}

/* One instruction. False when no path is left. */
static bool step_program(struct walk *walk, struct position *position)
{
    const struct sock_filter *instruction = &walk->filter->instructions[position->at];
    struct word_test test;
    switch (instruction->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        position->word = word_at_offset(instruction->k);
        position->mask = UINT32_MAX;
        break;
    case BPF_ALU | BPF_AND | BPF_K:
        position->mask &= instruction->k;
        break;
    case BPF_RET | BPF_K:
        position->has_returned = true;
        position->returned = instruction->k;
        return true;
    case BPF_JMP | BPF_JA:
        position->at += instruction->k;
        break;
    default:
        if (instruction->jt != instruction->jf && jump_test(instruction, position->mask, &test)) {
            return step_jump(walk, test, position);
        }
        position->at += instruction->jt;
        break;
    }
    position->at++;
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

/* The program has returned: what the table says. */
static enum table_step step_table(struct walk *walk, struct position *position)
{
    const struct table_node *node = follow_table(walk, position);
    bool covered = false;
    if (node->is_leaf) {
        if (!is_same_action(position->returned, node->decision)) {
            return fall_back(walk, position) ? STEP_GO_ON : STEP_DIFFERENT;
        }
        covered = true;
    } else if (node->word >= WORD_ARGUMENTS) {
        covered = is_covered(walk, position);
    }
    return (covered ? next_branch(walk, position) : split_table(walk, position)) ? STEP_GO_ON
                                                                                 : STEP_DONE;
}

/* All paths. True if they end in equal actions, or the budget ran out; otherwise the witnesses of
   walk->words are a system call that shows a difference. */
static bool walk_all(struct walk *walk)
{
    for (size_t word = 0; word < WORD_COUNT; word++) {
        walk->words[word] = word_any();
    }
    /* The accumulator starts as 0: any word, an empty mask. */
    struct position position = {.node = walk->graph->root};
    enum table_step step = STEP_GO_ON;
    while (step == STEP_GO_ON && word_store_spend(&walk->store, 1)) {
        if (position.has_returned) {
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
    bool equal = walk_all(walk);
    if (walk->store.exhausted) {
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

/* Two walks, the second without looking for what has been covered. */
static enum proof walk_twice(const struct filter *filter, const struct table *table,
                             const struct table_graph *graph, uint64_t steps,
                             struct counterexample *counterexample, char **reason)
{
    enum proof proof = PROOF_OPEN;
    for (unsigned i = 0; i < 2 && proof == PROOF_OPEN && !*reason; i++) {
        struct walk walk = {.filter = filter,
                            .graph = graph,
                            .store.steps_left = steps / 2,
                            .seen = i == 0 ? seen_new(filter, graph) : NULL};
        proof = walk_and_confirm(filter, table, &walk, counterexample, reason);
        walk_free(&walk);
    }
    if (proof == PROOF_OPEN && !*reason) {
        *reason = memory_printf("the budget of %llu steps ran out: the policy has too many "
                                "conditions on one system call",
                                (unsigned long long)steps);
    }
    return proof;
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
        proof = walk_twice(filter, table, &graph, steps, counterexample, &text);
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
