/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a text at random: bytes, words, lines and stretches are changed, dropped, repeated,
   moved, exchanged, cut off, or taken from elsewhere. */
#ifndef ELFCAGE_TESTS_POLICIES_MUTATION_H
#define ELFCAGE_TESTS_POLICIES_MUTATION_H

#include "../proof/harness.h"

#include "base/bytes.h"

#define MUTATION_GROWN_MOST (1u << 20) /* bytes; a text of that size grows no more */

/* One to sixteen changes; `other` is a text to take pieces from. */
void mutate(struct random *random, struct buffer *text, const struct buffer *other);

#endif
