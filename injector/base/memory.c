/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *must(void *pointer)
{
    if (!pointer) {
        static const char message[] = "elfcage: out of memory\n";
        (void)!write(STDERR_FILENO, message, sizeof message - 1);
        _exit(5);
    }
    return pointer;
}

void *memory_zeroed(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    return must(reallocarray(old, count ? count : 1, size ? size : 1));
}

void *memory_copy(const void *bytes, size_t size)
{
    void *copy = must(malloc(size ? size : 1));
    if (size) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

char *memory_strdup(const char *text)
{
    return must(strdup(text));
}

char *memory_strndup(const char *text, size_t length)
{
    /* Not strndup(3): `text` may end without NUL, and there are checkers that want one. */
    size_t size = strnlen(text, length);
    char *copy = memory_zeroed(size + 1, 1);
    memcpy(copy, text, size);
    return copy;
}

char *memory_vprintf(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    return must(text);
}

char *memory_printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return text;
}

void *memory_append(void *array_pointer, size_t *count, size_t *capacity, size_t element_size)
{
    unsigned char *array;
    memcpy(&array, array_pointer, sizeof(void *));
    if (*count == *capacity) {
        size_t wanted = *capacity ? *capacity * 2 : 4;
        array = memory_resize(array, wanted, element_size);
        memcpy(array_pointer, &array, sizeof(void *));
        *capacity = wanted;
    }
    unsigned char *element = array + *count * element_size;
    memset(element, 0, element_size);
    (*count)++;
    return element;
}
