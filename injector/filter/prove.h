/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof with a budget of the caller's choice, for tests of what happens when it runs out.
 */
#ifndef ELFCAGE_FILTER_PROVE_H
#define ELFCAGE_FILTER_PROVE_H

#include "filter/filter.h"

/* A step is an instruction or a test that a path meets, or an earlier test that is looked at again
   in the search for a value. Docker's profile takes about ten thousand; a linear program of 4096
   instructions some ten million. This many take a few seconds. */
#define PROVE_BUDGET_STEPS UINT64_C(200000000)

/* filter_prove() with at most `steps` steps. */
enum proof prove_with_budget(const struct filter *filter, const struct table *table, uint64_t steps,
                             struct counterexample *counterexample, char **reason);

#endif
