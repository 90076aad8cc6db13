/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of minijail's policy files: names, filters, actions. minijail.c has the grammar, and
 * what both compilers make of it; here is one function for each of its rules.
 */
#include "base/memory.h"
#include "policy/minijail.h"

#include <string.h>

#define MAX_NAMES 65536u

int minijail_unexpected(struct minijail_cursor *cursor, const char *wanted)
{
    CLEANUP_FREE char *text = minijail_token_text(cursor->token);
    return minijail_fail(cursor, cursor->token, "%s where %s should be", text, wanted);
}

bool minijail_accept(struct minijail_cursor *cursor, enum token_kind kind)
{
    if (cursor->token->kind != kind) {
        return false;
    }
    cursor->token++;
    return true;
}

int minijail_expect(struct minijail_cursor *cursor, enum token_kind kind, const char *wanted)
{
    return minijail_accept(cursor, kind) ? 0 : minijail_unexpected(cursor, wanted);
}

static bool accept_word(struct minijail_cursor *cursor, const char *word)
{
    if (cursor->token->kind != TOKEN_WORD || !minijail_token_is(cursor->token, word)) {
        return false;
    }
    cursor->token++;
    return true;
}

/* "return" has been read. */
static int read_errno(struct minijail_cursor *cursor, struct action *action)
{
    const struct token *at = cursor->token;
    uint64_t number;
    if (minijail_value(cursor, &number) < 0) {
        return -1;
    }
    if (number > POLICY_MAX_ERRNO) {
        CLEANUP_FREE char *text = minijail_token_text(at);
        return minijail_fail(cursor, at, "%s is not an errno: they are 0 to 4095", text);
    }
    *action = (struct action){ACTION_ERRNO, (uint16_t)number};
    return 0;
}

/* A word, or "1". *by_return: it is "return E", which both compilers have. */
int minijail_action(struct minijail_cursor *cursor, struct action *action, bool *by_return)
{
    static const struct {
        const char *word;
        enum action_kind kind;
    } words[] = {
        {"allow", ACTION_ALLOW},
        {"kill", ACTION_KILL_PROCESS},
        {"kill-thread", ACTION_KILL_THREAD},
        {"kill-process", ACTION_KILL_PROCESS},
        {"trap", ACTION_TRAP},
        {"trace", ACTION_TRACE},
        {"log", ACTION_LOG},
    };
    const struct token *token = cursor->token;
    *by_return = accept_word(cursor, "return");
    if (*by_return) {
        return read_errno(cursor, action);
    }
    if (token->kind == TOKEN_NUMBER && minijail_token_is(token, "1")) {
        cursor->token++;
        *action = (struct action){.kind = ACTION_ALLOW};
        return 0;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (accept_word(cursor, words[i].word)) {
            minijail_evidence(cursor, token->place);
            *action = (struct action){.kind = words[i].kind};
            return 0;
        }
    }
    if (accept_word(cursor, "user-notify")) {
        return minijail_fail(cursor, token,
                             "'user-notify': a caged program has no process that listens for it: "
                             "use another action");
    }
    return minijail_unexpected(cursor,
                               "an action: 1, allow, return ERRNO, kill, kill-thread, trap, trace "
                               "or log, or an expression that begins with arg0 to arg5,");
}

static int read_clause(struct minijail_parser *p)
{
    struct minijail_policy *parsed = &p->parsed;
    struct minijail_clause clause = {.first_atom = parsed->atom_count};
    do {
        struct minijail_atom atom;
        if (minijail_atom(&p->cursor, &atom) < 0) {
            return -1;
        }
        *(struct minijail_atom *)memory_append(&parsed->atoms, &parsed->atom_count,
                                               &parsed->atom_capacity, sizeof atom) = atom;
        clause.atom_count++;
    } while (minijail_accept(&p->cursor, TOKEN_AND));
    *(struct minijail_clause *)memory_append(&parsed->clauses, &parsed->clause_count,
                                             &parsed->clause_capacity, sizeof clause) = clause;
    return 0;
}

static bool begins_expression(const struct token *token)
{
    return token->kind == TOKEN_WORD && token->length > 3 && memcmp(token->text, "arg", 3) == 0;
}

static int read_filter(struct minijail_parser *p, bool in_braces)
{
    struct minijail_cursor *cursor = &p->cursor;
    struct minijail_filter filter = {
        .first_clause = p->parsed.clause_count,
        .action = {.kind = ACTION_ALLOW},
        .place = cursor->token->place,
    };
    bool wants_action = !begins_expression(cursor->token);
    if (!wants_action) {
        do {
            if (read_clause(p) < 0) {
                return -1;
            }
            filter.clause_count++;
        } while (minijail_accept(cursor, TOKEN_OR));
        wants_action = minijail_accept(cursor, TOKEN_SEMICOLON);
    }
    filter.action_place = cursor->token->place;
    if (wants_action) {
        bool by_return;
        if (minijail_action(cursor, &filter.action, &by_return) < 0) {
            return -1;
        }
        filter.is_either = by_return && filter.clause_count && !in_braces;
    }
    if (p->denylist && filter.action.kind != ACTION_ERRNO) {
        return error_text(p->cursor.error, ERROR_POLICY, filter.action_place.file,
                          filter.action_place.line, filter.action_place.column,
                          "under @denylist every line ends in return ERRNO: complete it");
    }
    *(struct minijail_filter *)memory_append(&p->parsed.filters, &p->parsed.filter_count,
                                             &p->parsed.filter_capacity, sizeof filter) = filter;
    return 0;
}

static int read_filters(struct minijail_parser *p, struct minijail_statement *statement)
{
    struct minijail_cursor *cursor = &p->cursor;
    const struct token *brace = cursor->token;
    statement->first_filter = p->parsed.filter_count;
    if (!minijail_accept(cursor, TOKEN_LEFT_BRACE)) {
        statement->filter_count = 1;
        return read_filter(p, false);
    }
    minijail_evidence(cursor, brace->place);
    do {
        if (read_filter(p, true) < 0) {
            return -1;
        }
        statement->filter_count++;
    } while (minijail_accept(cursor, TOKEN_COMMA));
    return minijail_expect(cursor, TOKEN_RIGHT_BRACE, "a comma or the closing brace");
}

/* minijail's names of architectures, and those that real files have besides. ours NULL: no ABI of
   ours. */
static const struct {
    const char *name;
    const char *ours;
} architectures[] = {
    {"x86_64", "x86_64"}, {"x86", "i386"},        {"arm64", "aarch64"},
    {"arm", "arm"},       {"riscv64", "riscv64"}, {"loong64", NULL},
    {"mips", NULL},       {"mips64", NULL},       {"ppc64", NULL},
};

/* One value of [arch=...]. *is_ours: the target is meant. */
static int read_architecture(struct minijail_parser *p, bool *is_ours)
{
    struct minijail_cursor *cursor = &p->cursor;
    const struct token *token = cursor->token;
    if (minijail_expect(cursor, TOKEN_WORD, "the name of an architecture") < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (minijail_token_is(token, architectures[i].name)) {
            const char *ours = architectures[i].ours;
            *is_ours = *is_ours || (ours && strcmp(ours, p->cursor.abi->name) == 0);
            return 0;
        }
    }
    /* armv7, armv7l: whoever writes that has made such a table; it is 32-bit ARM in any case. */
    if (token->length >= 4 && memcmp(token->text, "armv", 4) == 0 &&
        strcmp(p->cursor.abi->name, "arm") != 0) {
        return 0;
    }
    CLEANUP_FREE char *text = minijail_token_text(token);
    return minijail_fail(cursor, token,
                         "unknown architecture %s: x86_64, x86, arm64, arm, riscv64 or loong64",
                         text);
}

/* "[arch=x86_64,arm64]", if there is one. *applies: to the target. */
static int read_metadata(struct minijail_parser *p, bool *applies)
{
    struct minijail_cursor *cursor = &p->cursor;
    const struct token *bracket = cursor->token;
    *applies = true;
    if (!minijail_accept(cursor, TOKEN_LEFT_BRACKET)) {
        return 0;
    }
    minijail_evidence(cursor, bracket->place);
    if (!accept_word(cursor, "arch")) {
        return minijail_unexpected(cursor, "\"arch\", the only key that means something,");
    }
    if (minijail_expect(cursor, TOKEN_ASSIGN, "'='") < 0) {
        return -1;
    }
    *applies = false;
    do {
        if (read_architecture(p, applies) < 0) {
            return -1;
        }
    } while (minijail_accept(cursor, TOKEN_COMMA));
    return minijail_expect(cursor, TOKEN_RIGHT_BRACKET, "a comma or the closing bracket");
}

/* Checks the name of a system call and gives it as our table has it. */
static int check_name(struct minijail_cursor *cursor, const struct token *token,
                      char name[static POLICY_MAX_NAME_LENGTH + 1])
{
    CLEANUP_FREE char *text = minijail_token_text(token);
    if (token->kind == TOKEN_NUMBER) {
        return minijail_fail(cursor, token,
                             "%s is a number: give the name of the system call, as both of "
                             "minijail's compilers want it",
                             text);
    }
    if (memchr(token->text, '@', token->length)) {
        return minijail_fail(cursor, token,
                             "%s is a group of system calls, which are defined where minijail was "
                             "built: name the calls",
                             text);
    }
    CLEANUP_FREE char *copy = memory_strndup(token->text, token->length);
    /* Of arm's own calls minijail's table has the names that the headers begin with __ARM_NR_. */
    const char *known = strncmp(copy, "ARM_", 4) == 0 ? copy + 4 : copy;
    if (!policy_name_is_valid(known)) {
        return minijail_fail(cursor, token, "%s is not a name of a system call: correct it", text);
    }
    if (!syscall_name_is_known(known)) {
        CLEANUP_FREE char *complaint = syscall_name_complaint(known);
        return minijail_fail(cursor, token, "%s", complaint);
    }
    memcpy(name, known, strlen(known) + 1);
    return 0;
}

static int read_name(struct minijail_parser *p, struct minijail_statement *statement)
{
    struct minijail_cursor *cursor = &p->cursor;
    const struct token *token = cursor->token;
    bool applies;
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_NUMBER) {
        return minijail_unexpected(cursor, "the name of a system call");
    }
    cursor->token++;
    if (read_metadata(p, &applies) < 0) {
        return -1;
    }
    if (!applies) {
        return 0;
    }
    struct minijail_name name = {.place = token->place};
    if (check_name(cursor, token, name.name) < 0) {
        return -1;
    }
    if (p->parsed.name_count == MAX_NAMES) {
        return minijail_fail(cursor, token,
                             "names more than 65536 times a system call: this is no policy");
    }
    *(struct minijail_name *)memory_append(&p->parsed.names, &p->parsed.name_count,
                                           &p->parsed.name_capacity, sizeof name) = name;
    statement->name_count++;
    return 0;
}

static int read_names(struct minijail_parser *p, struct minijail_statement *statement)
{
    struct minijail_cursor *cursor = &p->cursor;
    const struct token *brace = cursor->token;
    statement->first_name = p->parsed.name_count;
    if (!minijail_accept(cursor, TOKEN_LEFT_BRACE)) {
        return read_name(p, statement);
    }
    minijail_evidence(cursor, brace->place);
    do {
        if (read_name(p, statement) < 0) {
            return -1;
        }
    } while (minijail_accept(cursor, TOKEN_COMMA));
    return minijail_expect(cursor, TOKEN_RIGHT_BRACE, "a comma or the closing brace");
}

int minijail_statement(struct minijail_parser *p)
{
    struct minijail_statement statement = {0};
    if (read_names(p, &statement) < 0 || minijail_expect(&p->cursor, TOKEN_COLON, "a colon") < 0 ||
        read_filters(p, &statement) < 0) {
        return -1;
    }
    *(struct minijail_statement *)memory_append(&p->parsed.statements, &p->parsed.statement_count,
                                                &p->parsed.statement_capacity, sizeof statement) =
        statement;
    return 0;
}
