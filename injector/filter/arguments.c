/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules with conditions as comparisons of 32-bit words (classic BPF has no others). A 64-bit
 * comparison looks at the high word and, where that does not decide, at the low one.
 *
 * Built twice, and the shorter one is kept. The first way carries along what a path has learnt: the
 * interval that each word lies in, and what the accumulator holds; so no word is loaded twice in a
 * row, and no comparison is made whose outcome is known. Its work can grow without bound, so it has
 * a budget. The second way forgets everything between conditions; its size is that of the rules.
 */
#include "filter/dag.h"

#include "base/memory.h"

#include <stddef.h>

#define WORDS (2u * POLICY_ARGUMENTS)
#define NO_WORD WORDS
#define ALL_BITS UINT32_MAX
#define BUDGET 2000u        /* steps, and so the depth of the recursion */
#define RUN_BUDGET 4000000u /* comparisons made in advance, see build_run() */

struct knowledge {
    uint32_t low[WORDS], high[WORDS]; /* each word lies in [low, high] */
    unsigned word;                    /* in the accumulator; NO_WORD: nothing known */
    uint32_t mask;                    /* that it has been ANDed with */
};

/* Where a path stands: before condition `condition` of rule `rule`, or between its two words. */
struct position {
    size_t rule;
    size_t condition;
    bool low_word;
};

struct builder {
    struct dag *dag;
    const struct table_range *range;
    size_t steps;
    size_t compared;
    bool exhausted;
    node_id *known; /* second way: node of each condition, by `first_known[rule] + condition` */
    size_t *first_known;
};

struct branch {
    unsigned word;
    uint32_t mask;
    uint16_t jump;
    uint32_t k;
    struct position if_true, if_false;
};

static node_id build_from(struct builder *b, const struct knowledge *know, struct position at);

static struct knowledge ignorance(void)
{
    struct knowledge know = {.word = NO_WORD, .mask = ALL_BITS};
    for (unsigned i = 0; i < WORDS; i++) {
        know.high[i] = UINT32_MAX;
    }
    return know;
}

static uint32_t word_offset(unsigned word)
{
    /* Little-endian, as every target is: the low word comes first. */
    return (uint32_t)offsetof(struct seccomp_data, args) + 4 * word;
}

enum outcome { OUTCOME_OPEN, OUTCOME_TRUE, OUTCOME_FALSE };

static enum outcome foresee(const struct knowledge *know, const struct branch *branch)
{
    uint32_t low = know->low[branch->word];
    uint32_t high = know->high[branch->word];
    uint32_t k = branch->k;
    if (branch->mask != ALL_BITS) {
        low &= branch->mask;
        high &= branch->mask;
        if (know->low[branch->word] != know->high[branch->word]) {
            return OUTCOME_OPEN;
        }
    }
    switch (branch->jump) {
    case BPF_JGE:
        return low >= k ? OUTCOME_TRUE : high < k ? OUTCOME_FALSE : OUTCOME_OPEN;
    case BPF_JGT:
        return low > k ? OUTCOME_TRUE : high <= k ? OUTCOME_FALSE : OUTCOME_OPEN;
    case BPF_JEQ:
        if (k < low || k > high) {
            return OUTCOME_FALSE;
        }
        return low == high ? OUTCOME_TRUE : OUTCOME_OPEN;
    default: /* BPF_JSET */
        if (low != high) {
            return OUTCOME_OPEN;
        }
        return (low & k) != 0 ? OUTCOME_TRUE : OUTCOME_FALSE;
    }
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* What is known once the branch, which was open, has gone one way. */
static struct knowledge learn(const struct knowledge *know, const struct branch *branch, bool holds)
{
    struct knowledge learnt = *know;
    uint32_t *low = &learnt.low[branch->word];
    uint32_t *high = &learnt.high[branch->word];
    learnt.word = branch->word;
    learnt.mask = branch->mask;
    if (branch->mask != ALL_BITS) {
        return learnt;
    }
    switch (branch->jump) {
    case BPF_JGE:
        *low = holds ? larger(*low, branch->k) : *low;
        *high = holds ? *high : smaller(*high, branch->k - 1);
        break;
    case BPF_JGT:
        *low = holds ? larger(*low, branch->k + 1) : *low;
        *high = holds ? *high : smaller(*high, branch->k);
        break;
    case BPF_JEQ:
        if (holds) {
            *low = branch->k;
            *high = branch->k;
        } else if (*low == branch->k) {
            *low += 1;
        } else if (*high == branch->k) {
            *high -= 1;
        }
        break;
    default: /* BPF_JSET */
        break;
    }
    return learnt;
}

static node_id build_branch(struct builder *b, const struct knowledge *know,
                            const struct branch *branch)
{
    enum outcome outcome = foresee(know, branch);
    if (outcome != OUTCOME_OPEN) {
        return build_from(b, know, outcome == OUTCOME_TRUE ? branch->if_true : branch->if_false);
    }
    struct knowledge yes = learn(know, branch, true);
    struct knowledge no = learn(know, branch, false);
    node_id if_true = build_from(b, &yes, branch->if_true);
    node_id if_false = build_from(b, &no, branch->if_false);
    node_id node = dag_test(b->dag, branch->jump, branch->k, if_true, if_false);
    if (know->word == branch->word && know->mask == branch->mask) {
        return node;
    }
    if (branch->mask != ALL_BITS) {
        node = dag_and(b->dag, branch->mask, node);
    }
    if (know->word == branch->word && know->mask == ALL_BITS) {
        return node;
    }
    return dag_load(b->dag, word_offset(branch->word), node);
}

/* (word & mask) == value, without an AND where JSET does. */
static struct branch masked_branch(unsigned word, uint32_t mask, uint32_t value,
                                   struct position holds, struct position fails)
{
    struct branch branch = {word, mask, BPF_JEQ, value, holds, fails};
    bool one_bit = (mask & (mask - 1)) == 0;
    if (mask != ALL_BITS && (value == 0 || (one_bit && value == mask))) {
        branch.mask = ALL_BITS;
        branch.jump = BPF_JSET;
        branch.k = mask;
        branch.if_true = value == 0 ? fails : holds;
        branch.if_false = value == 0 ? holds : fails;
    }
    return branch;
}

/* A condition as one of three questions, perhaps with its answers exchanged. */
struct question {
    enum { QUESTION_EQUAL, QUESTION_AT_LEAST, QUESTION_MASKED, QUESTION_NONE } kind;
    bool negated; /* QUESTION_NONE: never holds, negated: always */
    uint64_t value;
    uint64_t mask;
};

static struct question question_of(const struct condition *c)
{
    uint64_t top = c->width == 64 ? UINT64_MAX : UINT32_MAX;
    bool beyond = c->value >= top;
    switch (c->compare) {
    case COMPARE_EQ:
        return (struct question){QUESTION_EQUAL, false, c->value, 0};
    case COMPARE_NE:
        return (struct question){QUESTION_EQUAL, true, c->value, 0};
    case COMPARE_GE:
        return (struct question){QUESTION_AT_LEAST, false, c->value, 0};
    case COMPARE_LT:
        return (struct question){QUESTION_AT_LEAST, true, c->value, 0};
    case COMPARE_GT:
        return (struct question){beyond ? QUESTION_NONE : QUESTION_AT_LEAST, false,
                                 beyond ? 0 : c->value + 1, 0};
    case COMPARE_LE:
        return (struct question){beyond ? QUESTION_NONE : QUESTION_AT_LEAST, true,
                                 beyond ? 0 : c->value + 1, 0};
    case COMPARE_MASKED_EQ:
        break;
    }
    return (struct question){QUESTION_MASKED, false, c->value, c->mask};
}

/* The comparison of one word: `holds` and `fails` are where the whole condition is decided. */
static node_id ask_word(struct builder *b, const struct knowledge *know, struct question q,
                        unsigned word, struct position holds, struct position fails)
{
    uint32_t value = (uint32_t)q.value;
    if (q.kind == QUESTION_MASKED) {
        if ((uint32_t)q.mask == 0) {
            return build_from(b, know, holds);
        }
        struct branch masked = masked_branch(word, (uint32_t)q.mask, value, holds, fails);
        return build_branch(b, know, &masked);
    }
    uint16_t jump = q.kind == QUESTION_EQUAL ? BPF_JEQ : BPF_JGE;
    struct branch branch = {word, ALL_BITS, jump, value, holds, fails};
    return build_branch(b, know, &branch);
}

/* "At least", high word: above decides, below decides, equal leaves it to the low word. */
static node_id ask_high_word(struct builder *b, const struct knowledge *know, uint32_t value,
                             unsigned word, struct position low_word, struct position holds,
                             struct position fails)
{
    struct branch above = {word, ALL_BITS, BPF_JGT, value, holds, low_word};
    struct branch equal = {word, ALL_BITS, BPF_JEQ, value, low_word, fails};
    enum outcome outcome = foresee(know, &above);
    if (outcome == OUTCOME_TRUE) {
        return build_from(b, know, holds);
    }
    if (outcome == OUTCOME_FALSE) {
        return build_branch(b, know, &equal);
    }
    struct knowledge yes = learn(know, &above, true);
    struct knowledge no = learn(know, &above, false);
    node_id if_true = build_from(b, &yes, holds);
    node_id if_false = build_branch(b, &no, &equal);
    node_id node = dag_test(b->dag, above.jump, above.k, if_true, if_false);
    if (know->word == word && know->mask == ALL_BITS) {
        return node;
    }
    return dag_load(b->dag, word_offset(word), node);
}

static node_id ask(struct builder *b, const struct knowledge *know, const struct condition *c,
                   struct position at)
{
    struct question q = question_of(c);
    struct position next = {at.rule, at.condition + 1, false};
    struct position other = {at.rule + 1, 0, false};
    struct position holds = q.negated ? other : next;
    struct position fails = q.negated ? next : other;
    unsigned word = 2u * c->argument;
    if (q.kind == QUESTION_NONE) {
        return build_from(b, know, fails);
    }
    if (c->width == 32 || at.low_word) {
        return ask_word(b, know, q, word, holds, fails);
    }
    struct position low_word = {at.rule, at.condition, true};
    struct question high = {q.kind, q.negated, q.value >> 32, q.mask >> 32};
    if (q.kind == QUESTION_AT_LEAST && (uint32_t)q.value != 0) {
        return ask_high_word(b, know, (uint32_t)high.value, word + 1, low_word, holds, fails);
    }
    bool decided = q.kind == QUESTION_AT_LEAST;
    return ask_word(b, know, high, word + 1, decided ? holds : low_word, fails);
}

/*
 * Rules in a row that compare one word with constants, and nothing else, are a search like that for
 * numbers: [from, end) below. For a comparison of 64 bits the high word must be known.
 */
struct run {
    unsigned word;
    uint64_t high; /* what the high word is, in place */
    size_t from, end;
};

/* The last condition of the rule, if it compares a word, or two of which one is known. */
static bool is_run_rule(const struct builder *b, const struct knowledge *know, size_t rule,
                        struct run *run)
{
    const struct table_rule *r = &b->range->rules[rule];
    const struct condition *c = &r->conditions[r->condition_count - 1];
    run->word = 2u * c->argument;
    run->high = (uint64_t)know->low[run->word + 1] << 32;
    return c->compare != COMPARE_MASKED_EQ &&
           (c->width == 32 || know->low[run->word + 1] == know->high[run->word + 1]);
}

static bool find_run(const struct builder *b, const struct knowledge *know, struct position at,
                     struct run *run)
{
    const struct table_range *range = b->range;
    if (b->known != NULL || at.condition + 1 != range->rules[at.rule].condition_count ||
        !is_run_rule(b, know, at.rule, run)) {
        return false;
    }
    run->from = at.rule;
    run->end = at.rule + 1;
    struct run next;
    while (run->end < range->rule_count && range->rules[run->end].condition_count == 1 &&
           is_run_rule(b, know, run->end, &next) && next.word == run->word) {
        run->end++;
    }
    return run->end - run->from > 1;
}

static bool holds_for(const struct condition *c, uint64_t value)
{
    value = c->width == 32 ? (uint32_t)value : value;
    switch (c->compare) {
    case COMPARE_EQ:
        return value == c->value;
    case COMPARE_NE:
        return value != c->value;
    case COMPARE_LT:
        return value < c->value;
    case COMPARE_LE:
        return value <= c->value;
    case COMPARE_GT:
        return value > c->value;
    case COMPARE_GE:
        return value >= c->value;
    case COMPARE_MASKED_EQ:
        break;
    }
    return false;
}

static int compare_words(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static node_id build_run(struct builder *b, const struct knowledge *know, const struct run *run)
{
    size_t most = 2 * (run->end - run->from) + 1;
    b->compared += most * (run->end - run->from);
    if (b->compared > RUN_BUDGET) {
        b->exhausted = true;
        return 0;
    }
    CLEANUP_FREE uint32_t *starts = memory_zeroed(most, sizeof *starts);
    CLEANUP_FREE struct target_range *ranges = memory_zeroed(most, sizeof *ranges);
    size_t count = 1;
    /* The outcome can change at a constant and behind it. */
    for (size_t i = run->from; i < run->end; i++) {
        const struct table_rule *rule = &b->range->rules[i];
        uint32_t value = (uint32_t)rule->conditions[rule->condition_count - 1].value;
        starts[count++] = value;
        starts[count++] = value == UINT32_MAX ? value : value + 1;
    }
    qsort(starts, count, sizeof *starts, compare_words);
    struct knowledge loaded = *know;
    loaded.word = run->word;
    loaded.mask = ALL_BITS;
    node_id otherwise = build_from(b, &loaded, (struct position){run->end, 0, false});
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t last = i + 1 < count ? starts[i + 1] - 1 : UINT32_MAX;
        bool empty = i + 1 < count && starts[i + 1] == starts[i];
        if (empty || last < know->low[run->word] || starts[i] > know->high[run->word]) {
            continue;
        }
        node_id target = otherwise;
        for (size_t k = run->end; k-- > run->from;) {
            const struct table_rule *rule = &b->range->rules[k];
            if (holds_for(&rule->conditions[rule->condition_count - 1], run->high | starts[i])) {
                target = dag_return(b->dag, action_return_value(rule->action));
            }
        }
        ranges[used++] = (struct target_range){starts[i], last, target};
    }
    ranges[0].first = know->low[run->word];
    ranges[used - 1].last = know->high[run->word];
    node_id node = search_build(b->dag, ranges, used, SEARCH_VALUES, NULL);
    if (know->word == run->word && know->mask == ALL_BITS) {
        return node;
    }
    return dag_load(b->dag, word_offset(run->word), node);
}

static node_id build_from(struct builder *b, const struct knowledge *know, struct position at)
{
    const struct table_range *range = b->range;
    if (at.rule >= range->rule_count) {
        return dag_return(b->dag, action_return_value(range->default_action));
    }
    const struct table_rule *rule = &range->rules[at.rule];
    if (at.condition >= rule->condition_count) {
        return dag_return(b->dag, action_return_value(rule->action));
    }
    if (b->known != NULL && !at.low_word) {
        return b->known[b->first_known[at.rule] + at.condition];
    }
    if (b->exhausted || ++b->steps > BUDGET) {
        b->exhausted = true;
        return 0;
    }
    struct run run;
    if (find_run(b, know, at, &run)) {
        return build_run(b, know, &run);
    }
    return ask(b, know, &rule->conditions[at.condition], at);
}

static node_id build_forgetful(struct dag *dag, const struct table_range *range)
{
    size_t conditions = 0;
    CLEANUP_FREE size_t *first_known = memory_zeroed(range->rule_count, sizeof *first_known);
    for (size_t i = 0; i < range->rule_count; i++) {
        first_known[i] = conditions;
        conditions += range->rules[i].condition_count;
    }
    CLEANUP_FREE node_id *known = memory_zeroed(conditions, sizeof *known);
    struct builder b = {.dag = dag, .range = range, .known = known, .first_known = first_known};
    for (size_t r = range->rule_count; r-- > 0;) {
        const struct table_rule *rule = &range->rules[r];
        for (size_t c = rule->condition_count; c-- > 0;) {
            struct knowledge nothing = ignorance();
            b.steps = 0;
            known[first_known[r] + c] =
                ask(&b, &nothing, &rule->conditions[c], (struct position){r, c, false});
        }
    }
    struct knowledge nothing = ignorance();
    return build_from(&b, &nothing, (struct position){0, 0, false});
}

node_id arguments_build(struct dag *dag, const struct table_range *range)
{
    struct builder b = {.dag = dag, .range = range};
    struct knowledge nothing = ignorance();
    node_id clever = build_from(&b, &nothing, (struct position){0, 0, false});
    node_id forgetful = build_forgetful(dag, range);
    if (clever == forgetful) {
        return clever;
    }
    if (b.exhausted || dag_reachable(dag, forgetful) < dag_reachable(dag, clever)) {
        return forgetful;
    }
    return clever;
}
