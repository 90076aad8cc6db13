/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/printable.h"

#include "base/memory.h"
#include "policy/utf8.h"

char *printable(const char *text)
{
    char *copy = memory_strdup(text);
    utf8_make_printable(copy);
    return copy;
}
