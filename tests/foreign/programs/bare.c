/* SPDX-License-Identifier: Apache-2.0 */
/* A program without a C library: it prints its arguments and how many program headers it has. */
#include "raw.h"

#include <elf.h>

void start(uintptr_t *stack)
{
    uintptr_t count = *stack;
    char **argument = (char **)(stack + 1);
    for (uintptr_t i = 0; i < count; i++) {
        put(argument[i]);
        put("\n");
    }
    uintptr_t *words = stack + 1 + count + 1;
    while (*words != 0) {
        words++;
    }
    for (words++; *words != AT_NULL; words += 2) {
        if (*words == AT_PHENT) {
            put("size of a program header: ");
            put_number((long)words[1]);
            put("\n");
        }
    }
    leave(0);
}
