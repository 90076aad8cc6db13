/* SPDX-License-Identifier: Apache-2.0 */
/* Does a rule decide any call at all? */
#ifndef ELFCAGE_LINT_REACH_H
#define ELFCAGE_LINT_REACH_H

#include "policy/model.h"

/* The conditions of one rule, all of which have to hold. Borrowed. */
struct clause {
    const struct condition *conditions;
    size_t count;
};

enum reach {
    REACH_SOME, /* some arguments make it hold, and none of the earlier ones */
    REACH_NONE,
    REACH_OPEN, /* more than the prover could decide */
};

/* Of `clause` behind `earlier`, of which the first that holds decides. Exact. */
enum reach clause_reach(const struct clause *earlier, size_t earlier_count, struct clause clause);

/* Can both hold at once? Does `b` hold whenever `a` does? False where the prover cannot say. */
bool clauses_meet(struct clause a, struct clause b);
bool clause_implies(struct clause a, struct clause b);

#endif
