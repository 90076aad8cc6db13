/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of one 32-bit word of a system call, as a conjunction of tests, and whether any
 * value passes them all. Private to the prover.
 *
 * A test is (word & mask) COMPARE k. The answer is exact and comes with a value (the witness), so
 * that a path through a program is followed only if some system call takes it.
 */
#ifndef ELFCAGE_FILTER_PROVE_WORD_H
#define ELFCAGE_FILTER_PROVE_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum word_compare { WORD_EQ, WORD_NE, WORD_GT, WORD_LE };

struct word_test {
    uint32_t mask;
    uint32_t k;
    enum word_compare compare;
};

#define WORD_NONE UINT32_MAX

/* Plain data, copied to go back to an earlier state. */
struct word {
    uint32_t low, high;          /* the value lies in low..high */
    uint32_t fixed, fixed_value; /* value & fixed == fixed_value */
    uint32_t others;             /* newest test that the above does not say; WORD_NONE: none */
    uint32_t witness;            /* a value that passes everything */
};

struct word_other {
    struct word_test test;
    uint32_t older; /* next test of the same word; WORD_NONE: none */
};

/* The tests that words refer to. They are taken back in reverse order, by restoring `count`. */
struct word_store {
    struct word_other *others; /* owned */
    size_t count;
    size_t capacity;
    const struct word_test **pending; /* owned; scratch of the search */
    size_t pending_capacity;
    uint64_t steps_left; /* one for each test that is looked at */
    bool exhausted;      /* steps_left ran out: answers since then mean nothing */
};

void word_store_free(struct word_store *store);
/* Takes `steps` off the budget. False when there are not as many left. */
bool word_store_spend(struct word_store *store, uint64_t steps);

/* A word of which nothing is known. */
struct word word_any(void);
bool word_test_holds(const struct word_test *test, uint32_t value);
struct word_test word_test_negated(struct word_test test);

/* Does a test hold of all values that pass, or of none? Open also where that would have to be
   searched for. */
enum word_answer { WORD_ALWAYS, WORD_NEVER, WORD_OPEN };
enum word_answer word_decide(const struct word *word, struct word_test test,
                             struct word_store *store);

/* Adds a test. False if no value passes then; *word and the store are unspecified in that case and
   have to be restored by the caller. */
bool word_restrict(struct word *word, struct word_test test, struct word_store *store);

#endif
