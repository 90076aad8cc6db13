/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static int
set(struct error *e, enum error_kind kind, const char *file, const char *format, va_list arguments)
{
    assert(e->kind == ERROR_NONE && kind != ERROR_NONE);
    e->kind = kind;
    e->place = file ? ERROR_PLACE_FILE : ERROR_PLACE_NONE;
    e->file = file ? memory_strdup(file) : NULL;
    e->text = memory_vprintf(format, arguments);
    return -1;
}

int error_set(struct error *e, enum error_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(e, kind, NULL, format, arguments);
    va_end(arguments);
    return -1;
}

int error_file(struct error *e, enum error_kind kind, const char *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(e, kind, file, format, arguments);
    va_end(arguments);
    return -1;
}

int error_text(struct error *e, enum error_kind kind, const char *file, size_t line, size_t column,
               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(e, kind, file, format, arguments);
    va_end(arguments);
    e->place = ERROR_PLACE_TEXT;
    e->line = line;
    e->column = column;
    return -1;
}

int error_offset(struct error *e, enum error_kind kind, const char *file, uint64_t offset,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(e, kind, file, format, arguments);
    va_end(arguments);
    e->place = ERROR_PLACE_OFFSET;
    e->offset = offset;
    return -1;
}

int error_system(struct error *e, int errnum, const char *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(e, ERROR_SYSTEM, file, format, arguments);
    va_end(arguments);
    char *whole = memory_printf("%s: %s", e->text, strerror(errnum));
    free(e->text);
    e->text = whole;
    return -1;
}

int error_context(struct error *e, const char *format, ...)
{
    assert(e->kind != ERROR_NONE);
    va_list arguments;
    va_start(arguments, format);
    char *context = memory_vprintf(format, arguments);
    va_end(arguments);
    char *whole = memory_printf("%s: %s", context, e->text);
    free(context);
    free(e->text);
    e->text = whole;
    return -1;
}

void error_name_file(struct error *e, const char *file)
{
    assert(e->kind != ERROR_NONE);
    if (e->file) {
        return;
    }
    e->file = memory_strdup(file);
    if (e->place == ERROR_PLACE_NONE) {
        e->place = ERROR_PLACE_FILE;
    }
}

int error_name_place(struct error *e, const char *file, size_t line, size_t column)
{
    if (e->place == ERROR_PLACE_NONE) {
        e->place = ERROR_PLACE_TEXT;
        e->file = memory_strdup(file);
        e->line = line;
        e->column = column;
    }
    return -1;
}

char *error_line(const struct error *e)
{
    const char *file = e->file ? e->file : "";
    switch (e->place) {
    case ERROR_PLACE_FILE:
        return memory_printf("%s: %s", file, e->text);
    case ERROR_PLACE_TEXT:
        return memory_printf("%s:%zu:%zu: %s", file, e->line, e->column, e->text);
    case ERROR_PLACE_OFFSET:
        return memory_printf("%s@0x%" PRIx64 ": %s", file, e->offset, e->text);
    case ERROR_PLACE_NONE:
        break;
    }
    return memory_printf("%s", e->text ? e->text : "no error");
}

void error_clear(struct error *e)
{
    free(e->text);
    free(e->file);
    *e = (struct error){0};
}
