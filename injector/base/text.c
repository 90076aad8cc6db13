/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slips are counted as Levenshtein's distance with swapped neighbours counted once: a letter too
 * many, one missing, a wrong one, or two exchanged.
 */
#include "base/text.h"

#include <string.h>

#define LONGEST 64u /* longer than any word that has something near to it here */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Both texts are shorter than LONGEST. */
static size_t distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *current = rows[2];
    for (size_t j = 0; j <= b_length; j++) {
        last[j] = j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= a_length; i++) {
        current[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            current[j] = smallest(last[j] + 1, current[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < current[j]) {
                current[j] = before[j - 2] + 1;
            }
        }
        size_t *reused = before;
        before = last;
        last = current;
        current = reused;
    }
    return last[b_length];
}

struct text_search text_search(const char *wanted)
{
    size_t length = strlen(wanted);
    return (struct text_search){
        .wanted = wanted,
        .limit = length < 4   ? 1
                 : length < 9 ? 2
                              : 3,
    };
}

void text_offer(struct text_search *search, const char *word)
{
    if ((search->nearest && search->limit == 0) || strlen(search->wanted) >= LONGEST ||
        strlen(word) >= LONGEST) {
        return;
    }
    size_t length = strlen(word);
    size_t wanted = strlen(search->wanted);
    if ((length > wanted ? length - wanted : wanted - length) > search->limit) {
        return; /* as many letters are missing */
    }
    size_t far = distance(search->wanted, word);
    /* Once there is one, only a nearer one will do. */
    if (search->nearest ? far < search->limit : far <= search->limit) {
        search->nearest = word;
        search->limit = far;
    }
}
