/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the walk of the prover has been. Private to the prover.
 *
 * What comes of a position depends on the bits of the 14 words that the program and the table can
 * still look at from there, and on nothing else. So a walk from a position that was taken up
 * before, under constraints that left those bits no less freedom, would find nothing new. That
 * keeps "A1 and B1, or A2 and B2, or ..." from having a path for each set of the A that hold.
 */
#ifndef ELFCAGE_FILTER_PROVE_SEEN_H
#define ELFCAGE_FILTER_PROVE_SEEN_H

#include "filter/filter.h"
#include "filter/prove_table.h"
#include "filter/prove_word.h"

/* Where a path stands in the program, before an instruction, the accumulator holding word & mask,
   or having returned; and before which node of the table. */
struct position {
    bool has_returned;
    uint8_t word;
    uint32_t mask;
    uint32_t at;
    uint32_t returned; /* has_returned only */
    uint32_t node;
    bool is_taken_up; /* seen_before() has been asked */
};

struct seen;

/* Both are borrowed until seen_free(). Every jump of the filter has to lead forward, to an
   instruction that is_accepted() by the prover. */
struct seen *seen_new(const struct filter *filter, const struct table_graph *graph);
void seen_free(struct seen *seen);

/* Was the position taken up before under constraints that these imply, as far as they matter? Then
   true; otherwise it is remembered, if there is room. What is true has to be walked to its end, or
   to a difference. */
bool seen_before(struct seen *seen, const struct position *position,
                 const struct word words[static WORD_COUNT], struct word_store *store);

/* What is remembered, to go back to. */
struct seen_mark {
    size_t entry_count, word_count, test_count;
};
struct seen_mark seen_now(const struct seen *seen);
/* Forgets what was remembered since. */
void seen_rewind(struct seen *seen, struct seen_mark mark);

/* Remembers for good that a difference was found from there, with nothing known of the arguments.
   Has there been one, or are there too many to tell? */
void seen_add_failure(struct seen *seen, const struct position *position);
bool seen_has_failure(const struct seen *seen, const struct position *position);

#endif
