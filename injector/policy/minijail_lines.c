/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and tokens of minijail's policy files. A line that ends in a backslash goes on in the next
 * one; a token knows its place in the physical line.
 *
 * Where minijail0 (C) and compile_seccomp_policy (Python) cut lines differently, the text is
 * refused: a comment that ends in a backslash hides the next line from the first only; a backslash
 * at the very end makes the first one lose the whole line.
 */
#include "base/memory.h"
#include "policy/minijail.h"

#include <string.h>

/* One physical line, without its end. */
struct line {
    const char *text;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static struct line take_line(struct minijail_file *file)
{
    const char *start = file->text + file->at;
    size_t left = file->size - file->at;
    const char *end = memchr(start, '\n', left);
    size_t length = end ? (size_t)(end - start) : left;
    file->at += length + (end ? 1 : 0);
    file->line++;
    while (length && start[length - 1] == '\r') {
        length--;
    }
    return (struct line){start, length};
}

/* The first byte that is not blank; line.length if there is none. */
static size_t skip_blanks(struct line line, size_t at)
{
    while (at < line.length && is_blank(line.text[at])) {
        at++;
    }
    return at;
}

static struct token *add_token(struct minijail_file *file, enum token_kind kind, struct line line,
                               size_t at, size_t length)
{
    struct token *token = memory_append(&file->tokens, &file->token_count, &file->token_capacity,
                                        sizeof *file->tokens);
    *token = (struct token){
        .kind = kind,
        .text = line.text + at,
        .length = length,
        .place = {file->name, file->line, at + 1},
        .blank_before = at == 0 || is_blank(line.text[at - 1]),
    };
    return token;
}

static int fail(const struct minijail_file *file, size_t at, struct error *error, const char *text)
{
    return error_text(error, ERROR_POLICY, file->name, file->line, at + 1, "%s", text);
}

/* Punctuation; the longer ones first. */
static const struct {
    char text[3];
    enum token_kind kind;
} signs[] = {
    {"||", TOKEN_OR},
    {"&&", TOKEN_AND},
    {"==", TOKEN_EQUAL},
    {"!=", TOKEN_NOT_EQUAL},
    {"<=", TOKEN_LESS_EQUAL},
    {">=", TOKEN_GREATER_EQUAL},
    {"<", TOKEN_LESS},
    {">", TOKEN_GREATER},
    {"=", TOKEN_ASSIGN},
    {"|", TOKEN_BIT_OR},
    {"&", TOKEN_BIT_AND},
    {":", TOKEN_COLON},
    {";", TOKEN_SEMICOLON},
    {",", TOKEN_COMMA},
    {"~", TOKEN_COMPLEMENT},
    {"(", TOKEN_LEFT_PARENTHESIS},
    {")", TOKEN_RIGHT_PARENTHESIS},
    {"{", TOKEN_LEFT_BRACE},
    {"}", TOKEN_RIGHT_BRACE},
    {"[", TOKEN_LEFT_BRACKET},
    {"]", TOKEN_RIGHT_BRACKET},
};

/* The length of the sign at `at`; 0 if there is none. */
static size_t find_sign(struct line line, size_t at, enum token_kind *kind)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t length = strlen(signs[i].text);
        if (line.length - at >= length && memcmp(line.text + at, signs[i].text, length) == 0) {
            *kind = signs[i].kind;
            return length;
        }
    }
    return 0;
}

/* Does what was read last want a path? */
static bool wants_path(const struct minijail_file *file)
{
    const struct token *last = file->token_count ? &file->tokens[file->token_count - 1] : NULL;
    return last && last->kind == TOKEN_DIRECTIVE &&
           (minijail_token_is(last, "@include") || minijail_token_is(last, "@frequency"));
}

/* A path, a word or a number: its length, 0 if it is none of them. */
static size_t find_long(const struct minijail_file *file, struct line line, size_t at,
                        enum token_kind *kind)
{
    size_t end = at;
    if (wants_path(file)) {
        *kind = TOKEN_PATH;
        while (end < line.length && !is_blank(line.text[end])) {
            end++;
        }
        return end - at;
    }
    bool negative = line.text[at] == '-' && at + 1 < line.length && is_digit(line.text[at + 1]);
    if (line.text[at] == '@' || negative) {
        end++;
    } else if (!is_word(line.text[at])) {
        return 0;
    }
    bool number = negative || is_digit(line.text[at]);
    *kind = number ? TOKEN_NUMBER : line.text[at] == '@' ? TOKEN_DIRECTIVE : TOKEN_WORD;
    while (end < line.length && (is_word(line.text[end]) ||
                                 (!number && (line.text[end] == '-' || line.text[end] == '@')))) {
        end++;
    }
    return end - at;
}

/* Is the line blank, or a comment that the next one does not belong to? */
static bool says_nothing(struct line line)
{
    size_t at = skip_blanks(line, 0);
    return at == line.length || (line.text[at] == '#' && line.text[line.length - 1] != '\\');
}

static struct line peek_line(const struct minijail_file *file)
{
    struct minijail_file copy = *file;
    return take_line(&copy);
}

/* A comment up to the end of its line. */
static int take_comment(struct minijail_file *file, struct line line, size_t at,
                        struct error *error)
{
    bool continued = line.text[line.length - 1] == '\\';
    if (file->token_count) {
        file->comment = (struct place){file->name, file->line, at + 1};
    } else if (continued && file->at < file->size && !says_nothing(peek_line(file))) {
        struct line next = peek_line(file);
        if (next.text[skip_blanks(next, 0)] != '#') {
            return fail(file, line.length - 1, error,
                        "a comment that ends in a backslash: minijail0 takes the next line for a "
                        "part of it, compile_seccomp_policy does not: remove the backslash");
        }
    }
    return 0;
}

/* The tokens of one physical line. *continued: it ends in a backslash. */
static int scan(struct minijail_file *file, struct line line, bool *continued, struct error *error)
{
    *continued = false;
    for (size_t at = skip_blanks(line, 0); at < line.length; at = skip_blanks(line, at)) {
        if (line.text[at] == '#') {
            *continued = file->token_count && line.text[line.length - 1] == '\\';
            return take_comment(file, line, at, error);
        }
        if (line.text[at] == '\\') {
            if (at + 1 < line.length) {
                return fail(file, at, error,
                            "a backslash that does not end the line: remove what follows it, "
                            "blanks too");
            }
            *continued = true;
            return 0;
        }
        enum token_kind kind = TOKEN_END;
        size_t length = find_long(file, line, at, &kind);
        if (!length) {
            length = find_sign(line, at, &kind);
        }
        if (!length) {
            return fail(file, at, error,
                        "a character that has no meaning here: remove it, or put '#' in front of a "
                        "comment");
        }
        add_token(file, kind, line, at, length);
        at += length;
    }
    return 0;
}

int minijail_next_line(struct minijail_file *file, struct error *error)
{
    file->token_count = 0;
    file->comment.line = 0;
    while (file->at < file->size) {
        struct line line = take_line(file);
        bool continued;
        if (scan(file, line, &continued, error) < 0) {
            return -1;
        }
        if (continued && file->at == file->size) {
            return fail(file, line.length - 1, error,
                        "a backslash at the end of the file: minijail0 loses the line that goes on "
                        "nowhere: remove it");
        }
        if (file->token_count && !continued) {
            add_token(file, TOKEN_END, line, line.length, 0);
            return 1;
        }
    }
    return 0;
}

void minijail_file_free(struct minijail_file *file)
{
    free(file->tokens);
    *file = (struct minijail_file){0};
}

char *minijail_token_text(const struct token *token)
{
    if (token->kind == TOKEN_END) {
        return memory_strdup("the end of the line");
    }
    char *text =
        memory_printf("'%.*s'", (int)(token->length < 60 ? token->length : 60), token->text);
    for (char *c = text; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    return text;
}

bool minijail_token_is(const struct token *token, const char *word)
{
    return token->length == strlen(word) && memcmp(token->text, word, token->length) == 0;
}
