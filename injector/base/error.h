/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error object for the whole program.
 *
 * A function that can fail takes a `struct error *` last, returns 0 or -1, and sets the error once.
 * Callers may put context in front on the way up. Only main() prints it and turns it into an exit
 * status. Nothing here allocates on the success path.
 */
#ifndef ELFCAGE_BASE_ERROR_H
#define ELFCAGE_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>

/* The value of each kind is the exit status that main() gives for it. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_CHECK = 1,       /* a check says no: verify, lint */
    ERROR_USAGE = 2,       /* the command line is wrong */
    ERROR_POLICY = 3,      /* the policy is wrong, or cannot be honoured */
    ERROR_UNSUPPORTED = 4, /* the ELF file is damaged or of a kind that is not supported */
    ERROR_SYSTEM = 5,      /* the operating system said no */
    ERROR_INTERNAL = 70,   /* a bug of ours */
};

enum error_place { ERROR_PLACE_NONE, ERROR_PLACE_FILE, ERROR_PLACE_TEXT, ERROR_PLACE_OFFSET };

struct error {
    enum error_kind kind;
    enum error_place place;
    char *text;      /* owned; what is wrong: what to do */
    char *file;      /* owned; NULL if the error is not about a file */
    size_t line;     /* 1-based, ERROR_PLACE_TEXT only */
    size_t column;   /* 1-based, in bytes, ERROR_PLACE_TEXT only */
    uint64_t offset; /* bytes from the start of the file, ERROR_PLACE_OFFSET only */
};

/* Sets `e`, which must not be set yet. All return -1, so that `return error_set(...)` works. */
int error_set(struct error *e, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_file(struct error *e, enum error_kind kind, const char *file, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int error_text(struct error *e, enum error_kind kind, const char *file, size_t line, size_t column,
               const char *format, ...) __attribute__((format(printf, 6, 7)));
int error_offset(struct error *e, enum error_kind kind, const char *file, uint64_t offset,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* ERROR_SYSTEM; appends ": " and strerror(errnum). `file` may be NULL. */
int error_system(struct error *e, int errnum, const char *file, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "CONTEXT: " in front of the text of an error that is set. Returns -1. */
int error_context(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names the file of an error that has none yet. */
void error_name_file(struct error *e, const char *file);
/* Gives an error that has no place yet one in a text. Returns -1. */
int error_name_place(struct error *e, const char *file, size_t line, size_t column);

/* The one line that main() prints, without "elfcage: " and newline. Owned by the caller. */
char *error_line(const struct error *e);

/* Frees what the error holds and makes it unset. */
void error_clear(struct error *e);

#endif
