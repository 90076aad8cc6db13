/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a comparison as a policy's text has it to the condition that the model has: with the width
 * that the kernel consumes. Readers of every format go through it.
 */
#ifndef ELFCAGE_POLICY_COMPARISON_H
#define ELFCAGE_POLICY_COMPARISON_H

#include "base/error.h"
#include "policy/model.h"

/* Of the whole register, as written. */
struct comparison {
    uint8_t argument; /* 0..5 */
    enum compare compare;
    uint64_t value;
    uint64_t mask; /* COMPARE_MASKED_EQ only */
};

/* What of it an error is about. */
enum comparison_part { COMPARISON_ARGUMENT, COMPARISON_VALUE, COMPARISON_MASK };

/* The format's own words, for advice. */
struct comparison_words {
    const char *equalities;   /* "SCMP_CMP_EQ or SCMP_CMP_MASKED_EQ": what can be used always */
    const char *value, *mask; /* "'valueTwo'", "the mask ('value')", of a comparison under a mask */
};

/*
 * The condition for system call `name` in a rule that denies or not. ERROR_POLICY without a place,
 * *part saying which it is, if it can never hold, or compares what the kernel ignores.
 */
int condition_build(const char *name, const struct comparison *wanted, bool denies,
                    const struct comparison_words *words, struct condition *out,
                    enum comparison_part *part, struct error *error);

/* Sorts conditions that all have to hold, and drops what is said twice. Returns how many stay. */
size_t conditions_normalise(struct condition *conditions, size_t count);

#endif
