/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant expressions and comparisons of minijail's policy files:
 *
 *     value    = constant , { "|" , constant }
 *     constant = [ "~" ] , ( "(" , value , ")" | NUMBER | NAME )
 *     atom     = "arg" DIGIT , operator , value
 *
 * Values have the size of a register of the target: ~0 has 32 bits on i386. Numbers are C's, octal
 * and hexadecimal too, negative ones two's complement.
 */
#include "arch/constants.h"
#include "base/memory.h"
#include "policy/minijail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define MAX_PARENTHESES 32u

int minijail_fail(struct minijail_cursor *cursor, const struct token *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_text(cursor->error, ERROR_POLICY, at->place.file, at->place.line, at->place.column,
                      "%s", text);
}

void minijail_evidence(struct minijail_cursor *cursor, struct place at)
{
    if (!cursor->only_compiler.line) {
        cursor->only_compiler = at;
    }
}

static uint64_t word_mask(const struct abi *abi)
{
    return abi->bits == 64 ? UINT64_MAX : UINT32_MAX;
}

static int too_large(struct minijail_cursor *cursor, const struct token *token)
{
    CLEANUP_FREE char *text = minijail_token_text(token);
    return minijail_fail(cursor, token, "%s has more than the %u bits of an argument: correct it",
                         text, cursor->abi->bits);
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

static int read_number(struct minijail_cursor *cursor, const struct token *token, uint64_t *value)
{
    const char *text = token->text;
    const char *end = text + token->length;
    bool negative = *text == '-';
    text += negative ? 1 : 0;
    int base = 10;
    if (end - text > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    } else if (end - text > 1 && text[0] == '0') {
        base = 8;
    }
    uint64_t number = 0;
    for (; text < end; text++) {
        int digit = digit_value(*text);
        if (digit >= base) {
            CLEANUP_FREE char *written = minijail_token_text(token);
            return minijail_fail(cursor, token, "%s is not %s number: correct it", written,
                                 base == 16  ? "a hexadecimal"
                                 : base == 8 ? "an octal"
                                             : "a decimal");
        }
        if (number > (UINT64_MAX - (uint64_t)digit) / (uint64_t)base) {
            return too_large(cursor, token);
        }
        number = number * (uint64_t)base + (uint64_t)digit;
    }
    uint64_t mask = word_mask(cursor->abi);
    if (number > (negative ? mask / 2 + 1 : mask)) {
        return too_large(cursor, token);
    }
    *value = negative ? (~number + 1) & mask : number;
    return 0;
}

static int unknown_name(struct minijail_cursor *cursor, const struct token *token, const char *name)
{
    if (constant_name_is_known(name)) {
        return minijail_fail(cursor, token,
                             "%s has no constant '%s', other architectures have: give its value, "
                             "or leave the comparison out",
                             cursor->abi->name, name);
    }
    const char *near = constant_name_suggest(name);
    CLEANUP_FREE char *advice =
        near ? memory_printf("write '%s'", near) : memory_strdup("give its value as a number");
    return minijail_fail(cursor, token, "unknown constant '%s': %s", name, advice);
}

static int read_name(struct minijail_cursor *cursor, const struct token *token, uint64_t *value)
{
    char name[POLICY_MAX_NAME_LENGTH + 1] = "";
    memcpy(name, token->text, token->length < sizeof name ? token->length : sizeof name - 1);
    uint64_t found;
    if (!constant_value(cursor->abi, name, &found)) {
        return unknown_name(cursor, token, name);
    }
    uint64_t mask = word_mask(cursor->abi);
    bool extends = mask == UINT32_MAX && (found >> 31) == UINT64_MAX >> 31; /* a negative int */
    if (found > mask && !extends) {
        return too_large(cursor, token);
    }
    *value = found & mask;
    return 0;
}

static int read_single(struct minijail_cursor *cursor, uint64_t *value)
{
    const struct token *token = cursor->token;
    if (token->kind != TOKEN_NUMBER && token->kind != TOKEN_WORD) {
        CLEANUP_FREE char *text = minijail_token_text(token);
        return minijail_fail(
            cursor, token, "%s where a constant should be: give a number or the name of one", text);
    }
    cursor->token++;
    return token->kind == TOKEN_NUMBER ? read_number(cursor, token, value)
                                       : read_name(cursor, token, value);
}

/* An open parenthesis, and what has been read behind it. */
struct open_value {
    const struct token *parenthesis;
    uint64_t sum;
    bool complement;
};

/* The ends of constants after one has been read: closes parentheses, and says whether a '|' wants
   one more. */
static int close_values(struct minijail_cursor *cursor, struct open_value *open, size_t *depth,
                        uint64_t value, bool *more)
{
    open[*depth].sum |= value;
    while (*depth && cursor->token->kind == TOKEN_RIGHT_PARENTHESIS) {
        cursor->token++;
        value =
            open[*depth].complement ? ~open[*depth].sum & word_mask(cursor->abi) : open[*depth].sum;
        open[--*depth].sum |= value;
    }
    *more = cursor->token->kind == TOKEN_BIT_OR;
    if (*depth && !*more) {
        return minijail_fail(cursor, open[*depth].parenthesis,
                             "a parenthesis that is not closed: close it");
    }
    if (*more) {
        cursor->token++;
    }
    return 0;
}

int minijail_value(struct minijail_cursor *cursor, uint64_t *value)
{
    struct open_value open[MAX_PARENTHESES + 1] = {{0}};
    size_t depth = 0;
    bool more = true;
    const struct token *first = cursor->token;
    while (more) {
        bool complement = cursor->token->kind == TOKEN_COMPLEMENT;
        cursor->token += complement ? 1 : 0;
        if (cursor->token->kind == TOKEN_LEFT_PARENTHESIS) {
            if (depth == MAX_PARENTHESES) {
                return minijail_fail(
                    cursor, cursor->token,
                    "more than 32 parentheses within each other: write it simpler");
            }
            open[++depth] = (struct open_value){cursor->token++, 0, complement};
            continue;
        }
        uint64_t single = 0;
        if (read_single(cursor, &single) < 0) {
            return -1;
        }
        single = complement ? ~single & word_mask(cursor->abi) : single;
        if (close_values(cursor, open, &depth, single, &more) < 0) {
            return -1;
        }
    }
    for (const struct token *t = first + 1; t < cursor->token; t++) {
        if (t->blank_before) {
            minijail_evidence(cursor, t->place); /* the other compiler ends a constant at a blank */
        }
    }
    *value = open[0].sum;
    return 0;
}

static const struct {
    enum token_kind kind;
    enum compare compare;
} compares[] = {
    {TOKEN_EQUAL, COMPARE_EQ},   {TOKEN_NOT_EQUAL, COMPARE_NE},
    {TOKEN_LESS, COMPARE_LT},    {TOKEN_LESS_EQUAL, COMPARE_LE},
    {TOKEN_GREATER, COMPARE_GT}, {TOKEN_GREATER_EQUAL, COMPARE_GE},
};

static int read_operator(struct minijail_cursor *cursor, struct minijail_atom *atom)
{
    const struct token *token = cursor->token;
    if (token->kind == TOKEN_BIT_AND ||
        (token->kind == TOKEN_WORD && minijail_token_is(token, "in"))) {
        atom->test = token->kind == TOKEN_WORD ? MINIJAIL_IN : MINIJAIL_ANY;
        cursor->token++;
        return 0;
    }
    for (size_t i = 0; i < sizeof compares / sizeof *compares; i++) {
        if (compares[i].kind == token->kind) {
            atom->test = MINIJAIL_COMPARE;
            atom->compare = compares[i].compare;
            cursor->token++;
            return 0;
        }
    }
    CLEANUP_FREE char *text = minijail_token_text(token);
    return minijail_fail(cursor, token,
                         "%s where an operator should be: ==, !=, <, <=, >, >=, & or in", text);
}

int minijail_atom(struct minijail_cursor *cursor, struct minijail_atom *atom)
{
    const struct token *token = cursor->token;
    if (token->kind != TOKEN_WORD || token->length < 3 || memcmp(token->text, "arg", 3) != 0) {
        CLEANUP_FREE char *text = minijail_token_text(token);
        return minijail_fail(cursor, token, "%s where an argument should be: arg0 to arg5", text);
    }
    if (token->length != 4 || token->text[3] < '0' || token->text[3] > '5') {
        CLEANUP_FREE char *text = minijail_token_text(token);
        return minijail_fail(cursor, token, "there is no argument %s: they are arg0 to arg5", text);
    }
    *atom =
        (struct minijail_atom){.argument = (uint8_t)(token->text[3] - '0'), .place = token->place};
    cursor->token++;
    const struct token *sign = cursor->token;
    if (read_operator(cursor, atom) < 0) {
        return -1;
    }
    atom->value_place = cursor->token->place;
    if (!sign->blank_before || !cursor->token->blank_before) {
        minijail_evidence(cursor, sign->place); /* the other compiler wants blanks around it */
    }
    return minijail_value(cursor, &atom->value);
}
