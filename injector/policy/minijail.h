/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minijail's policy files, between the files that read them: tokens of a line, what the lines say,
 * and the rules that are made of it. minijail.c has the grammar.
 */
#ifndef ELFCAGE_POLICY_MINIJAIL_H
#define ELFCAGE_POLICY_MINIJAIL_H

#include "arch/arch.h"
#include "policy/internal.h"

enum token_kind {
    TOKEN_END, /* of the line; its place is where something is missing */
    TOKEN_WORD,
    TOKEN_NUMBER,
    TOKEN_DIRECTIVE, /* "@include" */
    TOKEN_PATH,      /* what follows @include and @frequency */
    TOKEN_COLON,
    TOKEN_SEMICOLON,
    TOKEN_COMMA,
    TOKEN_COMPLEMENT, /* ~ */
    TOKEN_LEFT_PARENTHESIS,
    TOKEN_RIGHT_PARENTHESIS,
    TOKEN_LEFT_BRACE,
    TOKEN_RIGHT_BRACE,
    TOKEN_LEFT_BRACKET,
    TOKEN_RIGHT_BRACKET,
    TOKEN_OR,
    TOKEN_AND,
    TOKEN_BIT_OR,
    TOKEN_BIT_AND,
    TOKEN_EQUAL, /* == */
    TOKEN_NOT_EQUAL,
    TOKEN_LESS_EQUAL,
    TOKEN_LESS,
    TOKEN_GREATER_EQUAL,
    TOKEN_GREATER,
    TOKEN_ASSIGN, /* = */
};

struct token {
    enum token_kind kind;
    const char *text; /* borrowed from the file */
    size_t length;
    struct place place;
    bool blank_before;
};

/* A file that is being read, line after line. */
struct minijail_file {
    const char *name;
    const char *text; /* borrowed */
    size_t size;
    size_t at;            /* bytes read */
    size_t line;          /* of `at`, from 1 */
    struct token *tokens; /* owned; of one line and what continues it, ended by TOKEN_END */
    size_t token_count, token_capacity;
    struct place comment; /* behind the tokens; line 0: none */
};

/* The tokens of the next line that has any. 1, 0 at the end of the file, or -1. */
int minijail_next_line(struct minijail_file *file, struct error *error);
void minijail_file_free(struct minijail_file *file); /* what it owns */

/* "'word'", or "the end of the line"; cut to what a message can hold. Owned by the caller. */
char *minijail_token_text(const struct token *token);
bool minijail_token_is(const struct token *token, const char *word);

/* A position in a line, and what tells words from numbers there. */
struct minijail_cursor {
    const struct token *token;
    const struct abi *abi; /* whose constants they are */
    struct error *error;
    struct place only_compiler; /* see minijail_evidence(); line 0: nowhere yet */
};

int minijail_fail(struct minijail_cursor *cursor, const struct token *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is at `at` shows that only compile_seccomp_policy, not minijail0, takes the policy; the
   first such place is kept. */
void minijail_evidence(struct minijail_cursor *cursor, struct place at);

enum minijail_test {
    MINIJAIL_COMPARE, /* one of enum compare */
    MINIJAIL_ANY,     /* &: some bit of the value is set */
    MINIJAIL_IN,      /* in: no bit but those of the value is set */
};

struct minijail_atom {
    uint8_t argument;
    enum minijail_test test;
    enum compare compare;
    uint64_t value;
    struct place place, value_place;
};

struct minijail_clause {
    size_t first_atom, atom_count; /* all have to hold */
};

/* A constant expression: numbers, names, |, ~, parentheses; of the register's size. */
int minijail_value(struct minijail_cursor *cursor, uint64_t *value);
/* "arg1 in PROT_READ|PROT_WRITE" */
int minijail_atom(struct minijail_cursor *cursor, struct minijail_atom *atom);

/* "EXPRESSION; ACTION" or "ACTION". */
struct minijail_filter {
    size_t first_clause, clause_count; /* any one suffices; none: it always holds */
    struct action action;
    struct place place; /* of the expression or the action */
    struct place action_place;
    bool is_either; /* "EXPRESSION; return E" outside braces: the compilers differ */
};

struct minijail_name {
    char name[POLICY_MAX_NAME_LENGTH + 1];
    struct place place;
};

/* "{NAME, NAME}: {FILTER, FILTER}" */
struct minijail_statement {
    size_t first_name, name_count;
    size_t first_filter, filter_count;
};

/* What all files together say, in order. */
struct minijail_policy {
    struct minijail_atom *atoms;
    size_t atom_count, atom_capacity;
    struct minijail_clause *clauses;
    size_t clause_count, clause_capacity;
    struct minijail_filter *filters;
    size_t filter_count, filter_capacity;
    struct minijail_name *names;
    size_t name_count, name_capacity;
    struct minijail_statement *statements;
    size_t statement_count, statement_capacity;
};
void minijail_policy_free(struct minijail_policy *parsed);

/* A file's statements, on their way into `parsed`. */
struct minijail_parser {
    struct minijail_cursor cursor;
    struct minijail_policy parsed; /* owned */
    bool denylist;                 /* @denylist has been read */
};

/* Moves on if that token is next. */
bool minijail_accept(struct minijail_cursor *cursor, enum token_kind kind);
/* The same, or the error that `wanted` ("a colon") is missing. */
int minijail_expect(struct minijail_cursor *cursor, enum token_kind kind, const char *wanted);
int minijail_unexpected(struct minijail_cursor *cursor, const char *wanted);

/* *by_return: it is "return E", which both compilers have. */
int minijail_action(struct minijail_cursor *cursor, struct action *action, bool *by_return);
/* "{NAME, NAME}: {FILTER, FILTER}", to the end of it, not of the line. */
int minijail_statement(struct minijail_parser *parser);

/* Which of minijail's two compilers the policy is for. */
enum minijail_compiler { MINIJAIL_EITHER, MINIJAIL_C, MINIJAIL_PYTHON };

/* The rules of `parsed`, added to `policy`, whose default action is set. */
int minijail_lower(const struct minijail_policy *parsed, enum minijail_compiler compiler,
                   const struct abi *abi, struct policy *policy, struct error *error);

#endif
