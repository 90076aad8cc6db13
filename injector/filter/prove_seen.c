/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a position is its constraints without those that no longer matter: a word that
 * nothing looks at any more; and of a word the bits that nothing looks at, where no test ties them
 * to bits that something does. A part of a conjunction that shares no bit with the rest can be
 * left out, since the whole has a solution. Then the kept constraints admit, of the bits that
 * matter, what the position's own admit and no more, and whatever implies them has been covered.
 *
 * A position that is remembered need not have been walked to its end yet: what is left of it is on
 * the stack, and the proof is made only when that is empty. It cannot be reached from itself:
 * program and table have no loops.
 */
#include "filter/prove_seen.h"

#include "base/memory.h"

#define ALL_BITS UINT32_MAX
#define BUCKETS 4096u
#define NO_ENTRY UINT32_MAX
/* Some 60 MiB; what comes when they are full is walked every time. */
#define MOST_ENTRIES (1u << 18)
#define MOST_WORDS (1u << 20)
#define MOST_TESTS (1u << 20)
#define MOST_FAILURES 4096u
#define MOST_OF_ONE_KEY 256u /* entries of one position, which are looked at in turn */

/* Bits of the words, and of the accumulator, on which it depends what comes next. */
struct needs {
    uint32_t words[WORD_COUNT];
    uint32_t accumulator;
};

struct kept_word {
    uint8_t word;
    uint32_t low, high, fixed, fixed_value;
    uint32_t first_test, test_count; /* in seen.tests */
};

struct entry {
    struct position position;
    uint32_t next;                   /* of the same bucket; NO_ENTRY: none */
    uint32_t first_word, word_count; /* in seen.words */
};

struct failure {
    struct position position;
    uint32_t next;
};

struct seen {
    struct needs *program; /* owned; of each instruction */
    struct needs *table;   /* owned; of each node; accumulator unused */
    struct entry *entries; /* owned, and all arrays below */
    size_t entry_count, entry_capacity;
    struct kept_word *words;
    size_t word_count, word_capacity;
    struct word_test *tests;
    size_t test_count, test_capacity;
    struct failure *failures; /* owned */
    size_t failure_count, failure_capacity;
    uint32_t buckets[BUCKETS], failure_buckets[BUCKETS];
};

static void add_needs(struct needs *needs, const struct needs *more)
{
    for (size_t w = 0; w < WORD_COUNT; w++) {
        needs->words[w] |= more->words[w];
    }
    needs->accumulator |= more->accumulator;
}

/* From the last instruction up, since jumps lead forward. */
static void find_program_needs(const struct filter *filter, struct needs *all)
{
    for (size_t pc = filter->count; pc-- > 0;) {
        const struct sock_filter *instruction = &filter->instructions[pc];
        uint32_t k = instruction->k;
        struct needs *needs = &all[pc];
        switch (instruction->code) {
        case BPF_RET | BPF_K:
            break;
        case BPF_JMP | BPF_JA:
            *needs = all[pc + 1 + k];
            break;
        case BPF_LD | BPF_W | BPF_ABS:
            *needs = all[pc + 1];
            needs->words[word_at_offset(k)] |= needs->accumulator;
            needs->accumulator = 0;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            *needs = all[pc + 1];
            needs->accumulator &= k;
            break;
        default:
            *needs = all[pc + 1 + instruction->jt];
            add_needs(needs, &all[pc + 1 + instruction->jf]);
            needs->accumulator |= BPF_OP(instruction->code) == BPF_JSET ? k : ALL_BITS;
            break;
        }
    }
}

/* Edges lead to nodes that were made earlier. */
static void find_table_needs(const struct table_graph *graph, struct needs *all)
{
    for (size_t i = 0; i < graph->count; i++) {
        const struct table_node *node = &graph->nodes[i];
        if (!node->is_leaf) {
            all[i] = all[node->holds];
            add_needs(&all[i], &all[node->fails]);
            all[i].words[node->word] |= node->test.mask;
        }
    }
}

struct seen *seen_new(const struct filter *filter, const struct table_graph *graph)
{
    struct seen *seen = memory_zeroed(1, sizeof *seen);
    seen->program = memory_zeroed(filter->count, sizeof *seen->program);
    seen->table = memory_zeroed(graph->count, sizeof *seen->table);
    find_program_needs(filter, seen->program);
    find_table_needs(graph, seen->table);
    for (size_t i = 0; i < BUCKETS; i++) {
        seen->buckets[i] = seen->failure_buckets[i] = NO_ENTRY;
    }
    return seen;
}

void seen_free(struct seen *seen)
{
    if (seen) {
        free(seen->program);
        free(seen->table);
        free(seen->entries);
        free(seen->words);
        free(seen->tests);
        free(seen->failures);
        free(seen);
    }
}

/* The position without what makes no difference, and what does make one from there. */
static struct position settle(const struct seen *seen, const struct position *position,
                              struct needs *needs)
{
    struct position key = {.node = position->node};
    *needs = seen->table[position->node];
    if (position->has_returned) {
        key.has_returned = true;
        key.returned = position->returned;
        return key;
    }
    const struct needs *program = &seen->program[position->at];
    add_needs(needs, program);
    key.at = position->at;
    key.mask = position->mask & program->accumulator;
    key.word = key.mask ? position->word : 0;
    needs->words[key.word] |= key.mask;
    return key;
}

static bool is_same(const struct position *a, const struct position *b)
{
    return a->has_returned == b->has_returned && a->word == b->word && a->mask == b->mask &&
           a->at == b->at && a->returned == b->returned && a->node == b->node;
}

static size_t bucket_of(const struct position *key)
{
    uint64_t hash = key->at * UINT64_C(0x9e3779b97f4a7c15) + key->node;
    hash = (hash ^ key->returned ^ (uint64_t)key->mask << 8 ^ key->word) *
           UINT64_C(0xff51afd7ed558ccd);
    return (size_t)(hash >> 32) % BUCKETS;
}

/* Do the constraints of `word` imply those that were kept? */
static bool implies(const struct seen *seen, const struct word *word, const struct kept_word *kept,
                    struct word_store *store)
{
    if (word->low < kept->low || word->high > kept->high) {
        return false;
    }
    const struct word_test fixed = {kept->fixed, kept->fixed_value, WORD_EQ};
    if (word_decide(word, fixed, store) != WORD_ALWAYS) {
        return false;
    }
    for (uint32_t t = 0; t < kept->test_count; t++) {
        if (word_decide(word, seen->tests[kept->first_test + t], store) != WORD_ALWAYS) {
            return false;
        }
    }
    return true;
}

static bool covers(const struct seen *seen, const struct entry *entry, const struct word *words,
                   struct word_store *store)
{
    for (uint32_t w = 0; w < entry->word_count; w++) {
        const struct kept_word *kept = &seen->words[entry->first_word + w];
        if (!word_store_spend(store, 1) || !implies(seen, &words[kept->word], kept, store)) {
            return false;
        }
    }
    return true;
}

/* Does it follow from the fixed bits alone? */
static bool is_idle(const struct word *word, const struct word_test *test)
{
    return test->compare == WORD_NE &&
           ((word->fixed_value ^ test->k) & word->fixed & test->mask) != 0;
}

/* The bits that `bits` are tied to: all, by an interval; those of the tests that share one. */
static uint32_t tied(const struct word *word, uint32_t bits, struct word_store *store)
{
    if (word->low > 0 || word->high < UINT32_MAX) {
        return ALL_BITS;
    }
    uint32_t before;
    do {
        before = bits;
        for (uint32_t at = word->others; at != WORD_NONE; at = store->others[at].older) {
            const struct word_test *test = &store->others[at].test;
            if (!word_store_spend(store, 1)) {
                return ALL_BITS;
            }
            if ((test->mask & bits) != 0 && !is_idle(word, test)) {
                bits |= test->mask;
            }
        }
    } while (bits != before);
    return bits;
}

static void keep_word(struct seen *seen, uint8_t index, const struct word *word, uint32_t bits,
                      struct word_store *store)
{
    bits = tied(word, bits, store);
    struct kept_word kept = {.word = index,
                             .low = word->low,
                             .high = word->high,
                             .fixed = word->fixed & bits,
                             .fixed_value = word->fixed_value & bits,
                             .first_test = (uint32_t)seen->test_count};
    for (uint32_t at = word->others; at != WORD_NONE; at = store->others[at].older) {
        const struct word_test *test = &store->others[at].test;
        if (word_store_spend(store, 1) && (test->mask & bits) != 0 && !is_idle(word, test)) {
            struct word_test *copy = memory_append(&seen->tests, &seen->test_count,
                                                   &seen->test_capacity, sizeof *seen->tests);
            *copy = *test;
            kept.test_count++;
        }
    }
    if (kept.low > 0 || kept.high < UINT32_MAX || kept.fixed || kept.test_count) {
        *(struct kept_word *)memory_append(&seen->words, &seen->word_count, &seen->word_capacity,
                                           sizeof *seen->words) = kept;
    }
}

static void keep(struct seen *seen, const struct position *key, size_t bucket,
                 const struct needs *needs, const struct word *words, struct word_store *store)
{
    struct entry entry = {
        .position = *key, .next = seen->buckets[bucket], .first_word = (uint32_t)seen->word_count};
    for (unsigned w = 0; w < WORD_COUNT; w++) {
        if (needs->words[w]) {
            keep_word(seen, (uint8_t)w, &words[w], needs->words[w], store);
        }
    }
    entry.word_count = (uint32_t)(seen->word_count - entry.first_word);
    seen->buckets[bucket] = (uint32_t)seen->entry_count;
    *(struct entry *)memory_append(&seen->entries, &seen->entry_count, &seen->entry_capacity,
                                   sizeof *seen->entries) = entry;
}

bool seen_before(struct seen *seen, const struct position *position,
                 const struct word words[static WORD_COUNT], struct word_store *store)
{
    struct needs needs;
    const struct position key = settle(seen, position, &needs);
    size_t bucket = bucket_of(&key);
    size_t of_this_key = 0;
    for (uint32_t at = seen->buckets[bucket]; at != NO_ENTRY; at = seen->entries[at].next) {
        if (!word_store_spend(store, 1)) {
            return false;
        }
        if (is_same(&seen->entries[at].position, &key)) {
            of_this_key++;
            if (covers(seen, &seen->entries[at], words, store)) {
                return true;
            }
        }
    }
    if (of_this_key < MOST_OF_ONE_KEY && seen->entry_count < MOST_ENTRIES &&
        seen->word_count < MOST_WORDS && seen->test_count < MOST_TESTS) {
        keep(seen, &key, bucket, &needs, words, store);
    }
    return false;
}

struct seen_mark seen_now(const struct seen *seen)
{
    return (struct seen_mark){seen->entry_count, seen->word_count, seen->test_count};
}

void seen_rewind(struct seen *seen, struct seen_mark mark)
{
    while (seen->entry_count > mark.entry_count) {
        const struct entry *last = &seen->entries[--seen->entry_count];
        seen->buckets[bucket_of(&last->position)] = last->next;
    }
    seen->word_count = mark.word_count;
    seen->test_count = mark.test_count;
}

void seen_add_failure(struct seen *seen, const struct position *position)
{
    struct needs needs;
    const struct position key = settle(seen, position, &needs);
    size_t bucket = bucket_of(&key);
    struct failure *failure = memory_append(&seen->failures, &seen->failure_count,
                                            &seen->failure_capacity, sizeof *seen->failures);
    *failure = (struct failure){key, seen->failure_buckets[bucket]};
    seen->failure_buckets[bucket] = (uint32_t)(seen->failure_count - 1);
}

bool seen_has_failure(const struct seen *seen, const struct position *position)
{
    struct needs needs;
    const struct position key = settle(seen, position, &needs);
    uint32_t at = seen->failure_buckets[bucket_of(&key)];
    while (at != NO_ENTRY && !is_same(&seen->failures[at].position, &key)) {
        at = seen->failures[at].next;
    }
    return at != NO_ENTRY || seen->failure_count >= MOST_FAILURES;
}
