/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef ELFCAGE_POLICY_UTF8_H
#define ELFCAGE_POLICY_UTF8_H

#include <stddef.h>

/* Bytes of the character at `bytes`, of which `left` may be looked at: 1 to 4; 0 if it is none. */
size_t utf8_length(const char *bytes, size_t left);

/* Makes a message that quotes somebody's text one line that a terminal shows and does not obey:
   control characters, and bytes that are not UTF-8, become '?'. */
void utf8_make_printable(char *text);

#endif
