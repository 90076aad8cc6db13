/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Running out of it ends the program (one line, status 5): nothing has been written then
 * that a reader could mistake for a result, since output files appear by rename(2) only. Sizes that
 * come from input are bounded by the size of the file before they get here.
 */
#ifndef ELFCAGE_BASE_MEMORY_H
#define ELFCAGE_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Zeroed memory for `count` elements of `size` bytes; never NULL, also for 0. Owned by the caller.
 */
void *memory_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* realloc() to `count` elements of `size` bytes; the product is checked. Never NULL. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of `size` bytes. Never NULL. */
void *memory_copy(const void *bytes, size_t size) __attribute__((malloc, returns_nonnull));

char *memory_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *memory_strndup(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
char *memory_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *memory_vprintf(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/*
 * Makes room for one more element at the end of a growing array and counts it. `capacity` is the
 * allocated number of elements. Returns the new element, zeroed:
 *     struct rule *r = memory_append(&p->rules, &p->count, &p->capacity, sizeof *r);
 */
void *memory_append(void *array_pointer, size_t *count, size_t *capacity, size_t element_size)
    __attribute__((returns_nonnull));

/* For __attribute__((cleanup(...))). */
static inline void memory_free_cleanup(void *pointer)
{
    free(*(void **)pointer);
}

static inline void memory_close_cleanup(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

#define CLEANUP_FREE __attribute__((cleanup(memory_free_cleanup)))
#define CLEANUP_CLOSE __attribute__((cleanup(memory_close_cleanup)))

/* Hands a pointer over and leaves NULL behind. */
#define STEAL(pointer)                                                                             \
    __extension__({                                                                                \
        __auto_type stolen_ = (pointer);                                                           \
        (pointer) = NULL;                                                                          \
        stolen_;                                                                                   \
    })

#endif
