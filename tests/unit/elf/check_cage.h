/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true of a caged file beside its original, whatever the layout: read by libelf, not
 * by our own code, and knowing nothing of how plans are made. Used by unit tests and fuzzers.
 */
#ifndef ELFCAGE_TESTS_CHECK_CAGE_H
#define ELFCAGE_TESTS_CHECK_CAGE_H

#include "elf/payload.h"

/*
 * NULL if all holds; else what does not (static text). `whole`: also what only a well-formed
 * original can promise (sections and segments that agree with each other).
 */
const char *check_cage(struct bytes original, struct bytes caged, const struct payload *payload,
                       uint64_t page, bool whole);

#endif
