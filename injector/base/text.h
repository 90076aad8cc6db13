/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": which of the words that are known is nearest to one that is not. */
#ifndef ELFCAGE_BASE_TEXT_H
#define ELFCAGE_BASE_TEXT_H

#include <stddef.h>

/*
 * One search. Offer it every known word; `nearest` is the best of those that are near enough to be
 * meant (1 slip in words under 4 bytes, 2 under 9, else 3), the first of equals; NULL if none is.
 *     struct text_search search = text_search("chwon");
 *     for each word: text_offer(&search, word);
 */
struct text_search {
    const char *wanted;  /* borrowed */
    const char *nearest; /* borrowed from what was offered */
    size_t limit;        /* slips that the next word may have */
};
struct text_search text_search(const char *wanted);
void text_offer(struct text_search *search, const char *word);

#endif
