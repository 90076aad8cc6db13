/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a value that passes all tests of a word.
 *
 * Most tests are about the whole word and end up in the interval, or are equalities and end up in
 * the fixed bits; what is left (holes in the interval, comparisons under a mask) is kept in a list.
 * If the old witness passes a new test, nothing needs to be searched. Otherwise the search builds a
 * value bit by bit from the top. A comparison is decided by the first bit in which (value & mask)
 * and k differ; until then it is pending. A prefix is abandoned when a test is decided the wrong
 * way, and accepted as soon as none is pending. The depth is the number of bits.
 */
#include "filter/prove_word.h"

#include "base/memory.h"

#include <stdlib.h>

#define ALL_BITS UINT32_MAX
#define TOP_BIT 0x80000000u

void word_store_free(struct word_store *store)
{
    free(store->others);
    free(store->pending);
    *store = (struct word_store){0};
}

bool word_store_spend(struct word_store *store, uint64_t steps)
{
    if (steps > store->steps_left) {
        store->steps_left = 0;
        store->exhausted = true;
        return false;
    }
    store->steps_left -= steps;
    return true;
}

struct word word_any(void)
{
    return (struct word){.low = 0, .high = UINT32_MAX, .others = WORD_NONE, .witness = 0};
}

bool word_test_holds(const struct word_test *test, uint32_t value)
{
    uint32_t masked = value & test->mask;
    switch (test->compare) {
    case WORD_EQ:
        return masked == test->k;
    case WORD_NE:
        return masked != test->k;
    case WORD_GT:
        return masked > test->k;
    case WORD_LE:
        return masked <= test->k;
    }
    return false;
}

struct word_test word_test_negated(struct word_test test)
{
    switch (test.compare) {
    case WORD_EQ:
        test.compare = WORD_NE;
        break;
    case WORD_NE:
        test.compare = WORD_EQ;
        break;
    case WORD_GT:
        test.compare = WORD_LE;
        break;
    case WORD_LE:
        test.compare = WORD_GT;
        break;
    }
    return test;
}

/* Does `value` pass the interval, the fixed bits and all others? */
static bool passes(const struct word *word, uint32_t value, struct word_store *store)
{
    if (value < word->low || value > word->high || (value & word->fixed) != word->fixed_value) {
        return false;
    }
    for (uint32_t at = word->others; at != WORD_NONE; at = store->others[at].older) {
        if (!word_store_spend(store, 1) || !word_test_holds(&store->others[at].test, value)) {
            return false;
        }
    }
    return true;
}

/* WORD_EQ and WORD_GT. */
static enum word_answer decide_positive(const struct word *word, struct word_test test,
                                        struct word_store *store)
{
    bool equal = test.compare == WORD_EQ;
    uint32_t known = word->fixed & test.mask;
    if (equal ? (test.k & ~test.mask) || ((word->fixed_value ^ test.k) & known)
              : test.k >= test.mask) {
        return WORD_NEVER;
    }
    if (equal && known == test.mask) {
        return WORD_ALWAYS;
    }
    if (word->low == word->high) {
        return word_test_holds(&test, word->low) ? WORD_ALWAYS : WORD_NEVER;
    }
    if (test.mask == ALL_BITS) {
        if (word->high <= test.k && (!equal || word->high < test.k)) {
            return WORD_NEVER;
        }
        if (word->low > test.k) {
            return equal ? WORD_NEVER : WORD_ALWAYS;
        }
    }
    for (uint32_t at = word->others; at != WORD_NONE; at = store->others[at].older) {
        const struct word_test *other = &store->others[at].test;
        if (!word_store_spend(store, 1)) {
            return WORD_OPEN;
        }
        if (other->mask == test.mask && other->k == test.k) {
            if (other->compare == test.compare) {
                return WORD_ALWAYS;
            }
            if (other->compare == word_test_negated(test).compare) {
                return WORD_NEVER;
            }
        }
    }
    return WORD_OPEN;
}

enum word_answer word_decide(const struct word *word, struct word_test test,
                             struct word_store *store)
{
    if (test.compare == WORD_EQ || test.compare == WORD_GT) {
        return decide_positive(word, test, store);
    }
    switch (decide_positive(word, word_test_negated(test), store)) {
    case WORD_ALWAYS:
        return WORD_NEVER;
    case WORD_NEVER:
        return WORD_ALWAYS;
    case WORD_OPEN:
        break;
    }
    return WORD_OPEN;
}

enum decision { DECIDED_TRUE, DECIDED_FALSE, PENDING };

/* A test that was pending above `bit` (a power of two), when the value has `choice` there (`bit` or
   0). */
static enum decision decide(const struct word_test *test, uint32_t bit, uint32_t choice)
{
    uint32_t ours = choice & test->mask;
    uint32_t theirs = bit & test->k;
    if (ours == theirs) {
        if (bit > 1) {
            return PENDING;
        }
        return test->compare == WORD_LE || test->compare == WORD_EQ ? DECIDED_TRUE : DECIDED_FALSE;
    }
    switch (test->compare) {
    case WORD_NE:
        return DECIDED_TRUE;
    case WORD_GT:
        return ours > theirs ? DECIDED_TRUE : DECIDED_FALSE;
    case WORD_LE:
        return ours < theirs ? DECIDED_TRUE : DECIDED_FALSE;
    case WORD_EQ:
        break;
    }
    return DECIDED_FALSE;
}

/* Moves the tests that are still pending to the front of the first `count`, and counts them. False
   if one is decided the wrong way. */
static bool sift(struct word_store *store, size_t count, uint32_t bit, uint32_t choice,
                 size_t *pending)
{
    if (!word_store_spend(store, count)) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct word_test *test = store->pending[i];
        enum decision decision = decide(test, bit, choice);
        if (decision == DECIDED_FALSE) {
            return false;
        }
        if (decision == PENDING) {
            store->pending[i] = store->pending[kept];
            store->pending[kept++] = test;
        }
    }
    *pending = kept;
    return true;
}

/* Are the tests that stay pending with the bit set a part of those that stay pending without it?
   Then a failure of the first is one of the second. */
static bool set_is_easier(const struct word_store *store, size_t count, uint32_t bit)
{
    for (size_t i = 0; i < count; i++) {
        const struct word_test *test = store->pending[i];
        if (decide(test, bit, bit) == PENDING && decide(test, bit, 0) != PENDING) {
            return false;
        }
    }
    return true;
}

/* The bits from `bit` (a power of two) down of a value, the higher ones being in *value. The first
   `count` of store->pending are the tests that are still open; their order may change. */
static bool search(const struct word *word, struct word_store *store, size_t count, uint32_t bit,
                   uint32_t *value)
{
    if (count == 0) {
        *value |= word->fixed_value & (bit | (bit - 1));
        return true;
    }
    const uint32_t choices[] = {bit, 0};
    bool set_failed = false;
    for (size_t i = 0; i < 2; i++) {
        uint32_t choice = choices[i];
        if ((word->fixed & bit) != 0 && (word->fixed_value & bit) != choice) {
            continue;
        }
        size_t pending = 0;
        if (!sift(store, count, bit, choice, &pending)) {
            continue;
        }
        if (set_failed && set_is_easier(store, count, bit)) {
            return false;
        }
        uint32_t extended = *value | choice;
        if (bit == 1 || search(word, store, pending, bit >> 1, &extended)) {
            *value = extended;
            return true;
        }
        set_failed = true;
    }
    return false;
}

static void add_pending(struct word_store *store, size_t *count, const struct word_test *test)
{
    if (*count == store->pending_capacity) {
        store->pending_capacity = store->pending_capacity ? store->pending_capacity * 2 : 64;
        const struct word_test **grown =
            memory_resize(store->pending, store->pending_capacity, sizeof(struct word_test *));
        store->pending = grown;
    }
    store->pending[(*count)++] = test;
}

/* Finds a new witness. */
static bool solve(struct word *word, struct word_store *store)
{
    /* The ends of the interval are the usual answer, and the only one when they meet. */
    if (passes(word, word->high, store)) {
        word->witness = word->high;
        return true;
    }
    if (word->low == word->high || store->exhausted) {
        return false;
    }
    const struct word_test above = {ALL_BITS, word->low ? word->low - 1 : 0, WORD_GT};
    const struct word_test below = {ALL_BITS, word->high, WORD_LE};
    size_t count = 0;
    if (word->low > 0) {
        add_pending(store, &count, &above);
    }
    if (word->high < UINT32_MAX) {
        add_pending(store, &count, &below);
    }
    for (uint32_t at = word->others; at != WORD_NONE; at = store->others[at].older) {
        const struct word_test *test = &store->others[at].test;
        bool is_hole_outside =
            test->mask == ALL_BITS && (test->k < word->low || test->k > word->high);
        if (!is_hole_outside) {
            add_pending(store, &count, test);
        }
        if (!word_store_spend(store, 1)) {
            return false;
        }
    }
    uint32_t value = 0;
    if (!search(word, store, count, TOP_BIT, &value)) {
        return false;
    }
    word->witness = value;
    return !store->exhausted;
}

static bool fix(struct word *word, uint32_t mask, uint32_t value)
{
    uint32_t both = word->fixed & mask;
    if ((word->fixed_value & both) != (value & both)) {
        return false;
    }
    word->fixed |= mask;
    word->fixed_value |= value;
    return true;
}

static void remember(struct word *word, struct word_test test, struct word_store *store)
{
    struct word_other *other =
        memory_append(&store->others, &store->count, &store->capacity, sizeof *store->others);
    *other = (struct word_other){.test = test, .older = word->others};
    word->others = (uint32_t)(store->count - 1);
}

/* A test of the whole word: into the interval. False if that is empty then. */
static bool restrict_interval(struct word *word, struct word_test test, struct word_store *store)
{
    switch (test.compare) {
    case WORD_EQ:
        if (test.k < word->low || test.k > word->high) {
            return false;
        }
        word->low = word->high = test.k;
        break;
    case WORD_NE:
        if (test.k < word->low || test.k > word->high) {
            break;
        }
        if (word->low == word->high) {
            return false;
        }
        if (test.k == word->low) {
            word->low++;
        } else if (test.k == word->high) {
            word->high--;
        } else {
            remember(word, test, store);
        }
        break;
    case WORD_GT:
        if (test.k >= word->high) {
            return false;
        }
        word->low = test.k >= word->low ? test.k + 1 : word->low;
        break;
    case WORD_LE:
        if (test.k < word->low) {
            return false;
        }
        word->high = test.k < word->high ? test.k : word->high;
        break;
    }
    return true;
}

/* A test under a mask. False if it contradicts the fixed bits. */
static bool restrict_masked(struct word *word, struct word_test test, struct word_store *store)
{
    bool is_one_bit = (test.mask & (test.mask - 1)) == 0;
    if (test.compare == WORD_EQ) {
        return fix(word, test.mask, test.k);
    }
    if (test.compare == WORD_NE && is_one_bit) {
        return fix(word, test.mask, test.k ^ test.mask);
    }
    remember(word, test, store);
    return true;
}

bool word_restrict(struct word *word, struct word_test test, struct word_store *store)
{
    /* word & mask has no bit outside the mask and is no greater than it: a test that asks for
       more has one answer whatever the word is. An empty mask leaves EQ 0, NE 0 and LE. */
    if (test.compare == WORD_EQ || test.compare == WORD_NE) {
        if (test.k & ~test.mask) {
            return test.compare == WORD_NE;
        }
        if (test.mask == 0) {
            return test.compare == WORD_EQ;
        }
    } else if (test.k >= test.mask) {
        return test.compare == WORD_LE;
    }
    bool open = test.mask == ALL_BITS ? restrict_interval(word, test, store)
                                      : restrict_masked(word, test, store);
    if (!open) {
        return false;
    }
    if (word_test_holds(&test, word->witness)) {
        return true;
    }
    return solve(word, store);
}
