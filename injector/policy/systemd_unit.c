/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of unit files, as systemd's parser understands them.
 *
 * A line whose last backslash is not itself escaped goes on in the next; backslash and end of line
 * are one blank. A comment ('#' or ';' first) is left out even between the lines of one assignment,
 * and never goes on. An empty line ends what goes on.
 */
#include "policy/systemd_unit.h"

#include "base/memory.h"

#include <string.h>

struct unit_piece {
    size_t offset; /* in the logical line */
    size_t line, column;
};

static const char blanks[] = " \t\n\r";

void unit_reader_start(struct unit_reader *reader, const struct policy_text *text)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    *reader = (struct unit_reader){.text = text};
    if (text->size >= 3 && memcmp(text->text, byte_order_mark, 3) == 0) {
        reader->at = 3;
    }
}

void unit_reader_free(struct unit_reader *reader)
{
    buffer_free(&reader->logical);
    free(reader->pieces);
    *reader = (struct unit_reader){0};
}

/* One physical line, without its end; false at the end of the text. */
static int next_physical(struct unit_reader *reader, const char **start, size_t *size, bool *end,
                         struct error *error)
{
    const struct policy_text *text = reader->text;
    *end = reader->at >= text->size;
    if (*end) {
        return 0;
    }
    *start = text->text + reader->at;
    size_t rest = text->size - reader->at;
    const char *newline = memchr(*start, '\n', rest);
    *size = newline ? (size_t)(newline - *start) : rest;
    reader->at += *size + (newline ? 1 : 0);
    reader->line++;
    if (*size && (*start)[*size - 1] == '\r') {
        (*size)--;
    }
    const char *bad = memchr(*start, 0, *size);
    bad = bad ? bad : memchr(*start, '\r', *size);
    if (bad) {
        return error_text(error, ERROR_POLICY, text->file, reader->line, (size_t)(bad - *start) + 1,
                          *bad ? "a carriage return within a line: end lines with a newline"
                               : "a NUL byte: this is no text");
    }
    return 0;
}

static bool is_comment(const char *start, size_t size)
{
    size_t i = 0;
    while (i < size && strchr(blanks, start[i])) {
        i++;
    }
    return i < size && (start[i] == '#' || start[i] == ';');
}

static bool goes_on(const char *start, size_t size)
{
    bool escaped = false;
    for (size_t i = 0; i < size; i++) {
        escaped = !escaped && start[i] == '\\';
    }
    return escaped;
}

/* Fills the logical line; *end if there is no more. */
static int next_logical(struct unit_reader *reader, bool *end, struct error *error)
{
    const char *start = NULL;
    size_t size = 0;
    bool more = true;
    reader->logical.size = 0;
    reader->piece_count = 0;
    while (more) {
        if (next_physical(reader, &start, &size, end, error) < 0) {
            return -1;
        }
        if (*end) {
            *end = reader->piece_count == 0;
            break;
        }
        if (is_comment(start, size)) {
            continue;
        }
        more = goes_on(start, size);
        struct unit_piece *piece = memory_append(&reader->pieces, &reader->piece_count,
                                                 &reader->piece_capacity, sizeof *piece);
        *piece = (struct unit_piece){
            .offset = reader->logical.size,
            .line = reader->line,
            .column = reader->line == 1 ? 1 + (size_t)(start - reader->text->text) : 1,
        };
        buffer_add(&reader->logical, start, size - (more ? 1 : 0));
        buffer_add(&reader->logical, " ", more ? 1 : 0);
    }
    buffer_add(&reader->logical, "", 1);
    return 0;
}

/* Cuts blanks off the end and returns the first byte that is none. */
static char *strip(char *text)
{
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length && strchr(blanks, text[length - 1])) {
        length--;
    }
    text[length] = 0;
    return text;
}

struct place unit_place(const struct unit_reader *reader, const char *byte)
{
    size_t offset = (size_t)(byte - (const char *)reader->logical.data);
    size_t low = 0; /* the last piece that begins at the byte or before */
    size_t high = reader->piece_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (reader->pieces[middle].offset > offset) {
            high = middle;
        } else {
            low = middle;
        }
    }
    const struct unit_piece *piece = &reader->pieces[low];
    return (struct place){
        .file = reader->text->file,
        .line = piece->line,
        .column = piece->column + (offset - piece->offset),
    };
}

static int split(const struct unit_reader *reader, char *text, struct unit_line *line,
                 struct error *error)
{
    size_t length = strlen(text);
    if (*text == '[') {
        if (text[length - 1] != ']') {
            struct place place = unit_place(reader, text);
            return error_text(error, ERROR_POLICY, place.file, place.line, place.column,
                              "'%.60s' is no section: write [Service]", text);
        }
        text[length - 1] = 0;
        *line = (struct unit_line){.kind = UNIT_SECTION, .name = text + 1};
        return 0;
    }
    char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        *line = (struct unit_line){.kind = UNIT_OTHER, .name = text};
        return 0;
    }
    *equals = 0;
    *line = (struct unit_line){
        .kind = UNIT_ASSIGNMENT, .name = strip(text), .value = strip(equals + 1)};
    return 0;
}

int unit_read_line(struct unit_reader *reader, struct unit_line *line, struct error *error)
{
    for (;;) {
        bool end = false;
        if (next_logical(reader, &end, error) < 0) {
            return -1;
        }
        if (end) {
            *line = (struct unit_line){.kind = UNIT_END};
            return 0;
        }
        char *text = strip((char *)reader->logical.data);
        if (*text) {
            return split(reader, text, line, error);
        }
    }
}
