/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static int is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t utf8_length(const char *bytes, size_t left)
{
    const uint8_t *b = (const uint8_t *)bytes;
    if (left >= 1 && b[0] < 0x80) {
        return 1;
    }
    if (left >= 2 && b[0] >= 0xc2 && b[0] <= 0xdf && is_continuation(b[1])) {
        return 2;
    }
    if (left >= 3 && (b[0] & 0xf0) == 0xe0 && is_continuation(b[1]) && is_continuation(b[2])) {
        uint32_t code = (uint32_t)(b[0] & 0xf) << 12 | (uint32_t)(b[1] & 0x3f) << 6;
        return code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 0 : 3;
    }
    if (left >= 4 && (b[0] & 0xf8) == 0xf0 && is_continuation(b[1]) && is_continuation(b[2]) &&
        is_continuation(b[3])) {
        uint32_t code = (uint32_t)(b[0] & 0x7) << 18 | (uint32_t)(b[1] & 0x3f) << 12;
        return code < 0x10000 || code > 0x10ffff ? 0 : 4;
    }
    return 0;
}

void utf8_make_printable(char *text)
{
    size_t left = strlen(text);
    while (left) {
        const uint8_t *b = (const uint8_t *)text;
        size_t length = utf8_length(text, left);
        bool control = b[0] < 0x20 || b[0] == 0x7f || (b[0] == 0xc2 && length == 2 && b[1] < 0xa0);
        if (!length || control) {
            length = length ? length : 1;
            memset(text, '?', length);
        }
        text += length;
        left -= length;
    }
}
