/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict of the prover, compared with the expected one; a counterexample has to be one by the
 * interpreter and the table. To be included after cmocka.h.
 */
#ifndef ELFCAGE_TESTS_UNIT_FILTER_ASSERT_PROOF_H
#define ELFCAGE_TESTS_UNIT_FILTER_ASSERT_PROOF_H

#include "base/memory.h"
#include "filter/run.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline void assert_confirmed(const struct filter *filter, const struct table *table,
                                    const struct counterexample *found, const char *name)
{
    struct action action;
    uint32_t returned = filter_execute(filter, &found->call, NULL);
    struct action expected = table_evaluate(table, &found->call, NULL);
    if (returned != found->program_returns || !action_equal(expected, found->expected) ||
        (action_from_return_value(returned, &action) && action_equal(action, expected))) {
        fail_msg("%s: the counterexample is none", name);
    }
}

static inline void assert_proof(const char *name, const struct filter *filter,
                                const struct table *table, enum proof expected)
{
    struct counterexample found;
    CLEANUP_FREE char *reason = NULL;
    enum proof proof = filter_prove(filter, table, &found, &reason);
    if (proof != expected) {
        fail_msg("%s: proof %d, expected %d (%s)", name, proof, expected, reason ? reason : "");
    }
    if (proof == PROOF_REFUTED) {
        assert_confirmed(filter, table, &found, name);
    }
    if ((reason != NULL) != (proof == PROOF_OPEN)) {
        fail_msg("%s: a reason without need, or none", name);
    }
}

#endif
