/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax of unit files, systemd.syntax(7): sections, assignments, comments, lines that go on.
 * Where each byte of a value stands in the file is kept, since a value may lie on many lines.
 */
#ifndef ELFCAGE_POLICY_SYSTEMD_UNIT_H
#define ELFCAGE_POLICY_SYSTEMD_UNIT_H

#include "base/bytes.h"
#include "policy/policy.h"

#include <stdbool.h>

struct unit_piece; /* of a logical line, from one physical line */

struct unit_reader {
    const struct policy_text *text; /* borrowed */
    size_t at;                      /* bytes read */
    size_t line;                    /* physical lines read */
    struct buffer logical;          /* the logical line, NUL-terminated */
    struct unit_piece *pieces;
    size_t piece_count, piece_capacity;
};

enum unit_line_kind {
    UNIT_END,
    UNIT_SECTION,    /* "[name]" */
    UNIT_ASSIGNMENT, /* "name=value" */
    UNIT_OTHER,      /* none of these: systemd passes over it */
};

/* Texts are borrowed from the reader until the next line, without blanks around them. */
struct unit_line {
    enum unit_line_kind kind;
    char *name;  /* of the section, of the key */
    char *value; /* of an assignment */
};

void unit_reader_start(struct unit_reader *reader, const struct policy_text *text);
void unit_reader_free(struct unit_reader *reader);

/* The next line that says something. ERROR_POLICY on what no text file has. */
int unit_read_line(struct unit_reader *reader, struct unit_line *line, struct error *error);

/* Where a byte of the line that was read last stands in the file. */
struct place unit_place(const struct unit_reader *reader, const char *byte);

#endif
