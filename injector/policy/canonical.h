/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the canonical form, for printing (canonical.c) and reading (canonical_read.c). */
#ifndef ELFCAGE_POLICY_CANONICAL_H
#define ELFCAGE_POLICY_CANONICAL_H

#include "policy/model.h"

struct canonical_flag {
    const char *name;
    uint32_t value; /* SECCOMP_FILTER_FLAG_* */
};

#define CANONICAL_FLAG_COUNT 2u
extern const struct canonical_flag canonical_flags[CANONICAL_FLAG_COUNT];

#define CANONICAL_OPERATOR_COUNT 7u
extern const char *const canonical_operators[CANONICAL_OPERATOR_COUNT]; /* by enum compare */

#endif
