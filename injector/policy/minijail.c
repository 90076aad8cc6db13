/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minijail's policy files (google/minijail: minijail0.5, syscall_filter.c, tools/parser.py).
 *
 *     file      = { [ statement | directive ] , newline }
 *     directive = "@include" PATH | "@frequency" PATH | "@default" action | "@denylist"
 *     statement = ( name | "{" , name , { "," , name } , "}" ) , ":" , filters
 *     name      = NAME , [ "[" , KEY , "=" , VALUE , { "," , VALUE } , "]" ]
 *     filters   = filter | "{" , filter , { "," , filter } , "}"
 *     filter    = action | expression , [ ";" , action ]
 *     expression = clause , { "||" , clause }        clause = atom , { "&&" , atom }
 *     action    = "1" | "allow" | "return" , value | "kill" | "kill-process" | "kill-thread" |
 *                 "trap" | "trace" | "log"
 *
 * Two compilers read these files. minijail0 -S (C) knows no braces, no [arch=...], no action but
 * "1" and "return E", no @default and no @denylist; compile_seccomp_policy (Python) knows all of
 * it. Where both read a text and differ, it is refused unless --compat says whose reading is meant:
 *   - "EXPRESSION; return E": C returns E where the expression does not hold, Python where it does;
 *   - a system call named again after conditions.
 * A text that only the second one takes has its meaning.
 *
 * Nothing that matches means what @default says, or --default; else, and for "kill", the process is
 * killed, as minijail does under SECCOMP_FILTER_FLAG_TSYNC, which a cage always has. A file is for
 * one architecture: constants differ, and every other ABI is killed. So the policy names that one
 * ABI.
 */
#include "policy/minijail.h"
#include "base/memory.h"

#include <string.h>

#define MAX_DEPTH 10u     /* files within each other, as compile_seccomp_policy has it */
#define MAX_INCLUDES 256u /* in all */
#define MAX_NAMES 65536u

struct included {
    struct minijail_file file;
    char *name;         /* owned; NULL: the policy itself */
    struct buffer text; /* owned */
    bool denylist;      /* it says @denylist */
};

struct reader {
    const struct policy_options *options;
    const struct abi *abi;
    struct policy *policy;
    struct policy_notes *notes;
    struct minijail_policy parsed;
    struct minijail_cursor cursor;
    /* All files; those that are open are a stack of indices. */
    struct included *files;
    size_t file_count, file_capacity;
    size_t open[MAX_DEPTH];
    size_t depth;
    size_t included_bytes;
    struct place default_place, denylist_place; /* line 0: not there */
    bool frequency_noted;
    struct error *error;
};

static int fail_unexpected(struct minijail_cursor *cursor, const char *wanted)
{
    CLEANUP_FREE char *text = minijail_token_text(cursor->token);
    return minijail_fail(cursor, cursor->token, "%s where %s should be", text, wanted);
}

static bool accept(struct minijail_cursor *cursor, enum token_kind kind)
{
    if (cursor->token->kind != kind) {
        return false;
    }
    cursor->token++;
    return true;
}

static int expect(struct minijail_cursor *cursor, enum token_kind kind, const char *wanted)
{
    return accept(cursor, kind) ? 0 : fail_unexpected(cursor, wanted);
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
static int read_action(struct minijail_cursor *cursor, struct action *action, bool *by_return)
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
    return fail_unexpected(cursor,
                           "an action: 1, allow, return ERRNO, kill, kill-thread, trap, trace "
                           "or log, or an expression that begins with arg0 to arg5,");
}

static int read_clause(struct reader *r)
{
    struct minijail_policy *parsed = &r->parsed;
    struct minijail_clause clause = {.first_atom = parsed->atom_count};
    do {
        struct minijail_atom atom;
        if (minijail_atom(&r->cursor, &atom) < 0) {
            return -1;
        }
        *(struct minijail_atom *)memory_append(&parsed->atoms, &parsed->atom_count,
                                               &parsed->atom_capacity, sizeof atom) = atom;
        clause.atom_count++;
    } while (accept(&r->cursor, TOKEN_AND));
    *(struct minijail_clause *)memory_append(&parsed->clauses, &parsed->clause_count,
                                             &parsed->clause_capacity, sizeof clause) = clause;
    return 0;
}

static bool begins_expression(const struct token *token)
{
    return token->kind == TOKEN_WORD && token->length > 3 && memcmp(token->text, "arg", 3) == 0;
}

static int read_filter(struct reader *r, bool in_braces)
{
    struct minijail_cursor *cursor = &r->cursor;
    struct minijail_filter filter = {
        .first_clause = r->parsed.clause_count,
        .action = {.kind = ACTION_ALLOW},
        .place = cursor->token->place,
    };
    bool wants_action = !begins_expression(cursor->token);
    if (!wants_action) {
        do {
            if (read_clause(r) < 0) {
                return -1;
            }
            filter.clause_count++;
        } while (accept(cursor, TOKEN_OR));
        wants_action = accept(cursor, TOKEN_SEMICOLON);
    }
    filter.action_place = cursor->token->place;
    if (wants_action) {
        bool by_return;
        if (read_action(cursor, &filter.action, &by_return) < 0) {
            return -1;
        }
        filter.is_either = by_return && filter.clause_count && !in_braces;
    }
    if (r->denylist_place.line && filter.action.kind != ACTION_ERRNO) {
        return error_text(r->error, ERROR_POLICY, filter.action_place.file,
                          filter.action_place.line, filter.action_place.column,
                          "under @denylist every line ends in return ERRNO: complete it");
    }
    *(struct minijail_filter *)memory_append(&r->parsed.filters, &r->parsed.filter_count,
                                             &r->parsed.filter_capacity, sizeof filter) = filter;
    return 0;
}

static int read_filters(struct reader *r, struct minijail_statement *statement)
{
    struct minijail_cursor *cursor = &r->cursor;
    const struct token *brace = cursor->token;
    statement->first_filter = r->parsed.filter_count;
    if (!accept(cursor, TOKEN_LEFT_BRACE)) {
        statement->filter_count = 1;
        return read_filter(r, false);
    }
    minijail_evidence(cursor, brace->place);
    do {
        if (read_filter(r, true) < 0) {
            return -1;
        }
        statement->filter_count++;
    } while (accept(cursor, TOKEN_COMMA));
    return expect(cursor, TOKEN_RIGHT_BRACE, "a comma or the closing brace");
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
static int read_architecture(struct reader *r, bool *is_ours)
{
    struct minijail_cursor *cursor = &r->cursor;
    const struct token *token = cursor->token;
    if (expect(cursor, TOKEN_WORD, "the name of an architecture") < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (minijail_token_is(token, architectures[i].name)) {
            const char *ours = architectures[i].ours;
            *is_ours = *is_ours || (ours && strcmp(ours, r->abi->name) == 0);
            return 0;
        }
    }
    /* armv7, armv7l: whoever writes that has made such a table; it is 32-bit ARM in any case. */
    if (token->length >= 4 && memcmp(token->text, "armv", 4) == 0 &&
        strcmp(r->abi->name, "arm") != 0) {
        return 0;
    }
    CLEANUP_FREE char *text = minijail_token_text(token);
    return minijail_fail(cursor, token,
                         "unknown architecture %s: x86_64, x86, arm64, arm, riscv64 or loong64",
                         text);
}

/* "[arch=x86_64,arm64]", if there is one. *applies: to the target. */
static int read_metadata(struct reader *r, bool *applies)
{
    struct minijail_cursor *cursor = &r->cursor;
    const struct token *bracket = cursor->token;
    *applies = true;
    if (!accept(cursor, TOKEN_LEFT_BRACKET)) {
        return 0;
    }
    minijail_evidence(cursor, bracket->place);
    if (!accept_word(cursor, "arch")) {
        return fail_unexpected(cursor, "\"arch\", the only key that means something,");
    }
    if (expect(cursor, TOKEN_ASSIGN, "'='") < 0) {
        return -1;
    }
    *applies = false;
    do {
        if (read_architecture(r, applies) < 0) {
            return -1;
        }
    } while (accept(cursor, TOKEN_COMMA));
    return expect(cursor, TOKEN_RIGHT_BRACKET, "a comma or the closing bracket");
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
        const char *near = syscall_name_suggest(known);
        CLEANUP_FREE char *advice =
            near ? memory_printf("write '%s'", near) : memory_strdup("correct or remove it");
        return minijail_fail(cursor, token, "unknown system call %s: %s", text, advice);
    }
    memcpy(name, known, strlen(known) + 1);
    return 0;
}

static int read_name(struct reader *r, struct minijail_statement *statement)
{
    struct minijail_cursor *cursor = &r->cursor;
    const struct token *token = cursor->token;
    bool applies;
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_NUMBER) {
        return fail_unexpected(cursor, "the name of a system call");
    }
    cursor->token++;
    if (read_metadata(r, &applies) < 0) {
        return -1;
    }
    if (!applies) {
        return 0;
    }
    struct minijail_name name = {.place = token->place};
    if (check_name(cursor, token, name.name) < 0) {
        return -1;
    }
    if (r->parsed.name_count == MAX_NAMES) {
        return minijail_fail(cursor, token,
                             "names more than 65536 times a system call: this is no policy");
    }
    *(struct minijail_name *)memory_append(&r->parsed.names, &r->parsed.name_count,
                                           &r->parsed.name_capacity, sizeof name) = name;
    statement->name_count++;
    return 0;
}

static int read_names(struct reader *r, struct minijail_statement *statement)
{
    struct minijail_cursor *cursor = &r->cursor;
    const struct token *brace = cursor->token;
    statement->first_name = r->parsed.name_count;
    if (!accept(cursor, TOKEN_LEFT_BRACE)) {
        return read_name(r, statement);
    }
    minijail_evidence(cursor, brace->place);
    do {
        if (read_name(r, statement) < 0) {
            return -1;
        }
    } while (accept(cursor, TOKEN_COMMA));
    return expect(cursor, TOKEN_RIGHT_BRACE, "a comma or the closing brace");
}

static int read_statement(struct reader *r)
{
    struct minijail_statement statement = {0};
    if (read_names(r, &statement) < 0 || expect(&r->cursor, TOKEN_COLON, "a colon") < 0 ||
        read_filters(r, &statement) < 0) {
        return -1;
    }
    *(struct minijail_statement *)memory_append(&r->parsed.statements, &r->parsed.statement_count,
                                                &r->parsed.statement_capacity, sizeof statement) =
        statement;
    return 0;
}

/* The path behind @include or @frequency. */
static int read_path(struct minijail_cursor *cursor, const struct token **path)
{
    *path = cursor->token;
    if (expect(cursor, TOKEN_PATH, "a path") < 0) {
        return -1;
    }
    const char *text = (*path)->text;
    size_t length = (*path)->length;
    if (memchr(text, '\0', length) ||
        (text[0] != '/' && (length < 2 || memcmp(text, "./", 2) != 0))) {
        CLEANUP_FREE char *shown = minijail_token_text(*path);
        return minijail_fail(cursor, *path,
                             "%s: a path begins with / or ./ here, minijail takes no other", shown);
    }
    return 0;
}

static int check_cycle(struct reader *r, const struct token *path, const char *name)
{
    for (size_t i = 0; i < r->depth; i++) {
        if (strcmp(r->files[r->open[i]].file.name, name) == 0) {
            return minijail_fail(&r->cursor, path,
                                 "%s includes itself, by way of this: remove one include", name);
        }
    }
    return 0;
}

/* Opens the file; its lines come next. */
static int open_include(struct reader *r, const struct token *path)
{
    CLEANUP_FREE char *text = memory_strndup(path->text, path->length);
    if (!r->options->include) {
        return minijail_fail(&r->cursor, path, "'%s' cannot be included here: put its lines here",
                             text);
    }
    if (r->depth == MAX_DEPTH) {
        return minijail_fail(&r->cursor, path,
                             "more than 10 files within each other: include less");
    }
    if (r->file_count > MAX_INCLUDES) {
        return minijail_fail(&r->cursor, path, "includes more than 256 files: this is no policy");
    }
    struct included *included =
        memory_append(&r->files, &r->file_count, &r->file_capacity, sizeof *r->files);
    size_t index = r->file_count - 1;
    if (r->options->include(r->options->include_context, path->place.file, text, &included->name,
                            &included->text, r->error) < 0) {
        return error_name_place(r->error, path->place.file, path->place.line, path->place.column);
    }
    r->included_bytes += included->text.size;
    if (r->included_bytes > POLICY_MAX_BYTES) {
        return minijail_fail(&r->cursor, path, "includes more than 16 MiB: this is no policy");
    }
    if (check_cycle(r, path, included->name) < 0) {
        return -1;
    }
    included->file = (struct minijail_file){
        .name = policy_add_file(r->policy, included->name),
        .text = included->text.data ? (const char *)included->text.data : "",
        .size = included->text.size,
    };
    r->open[r->depth++] = index;
    return 0;
}

static int read_include(struct reader *r, const struct token *directive)
{
    const struct token *path;
    if (read_path(&r->cursor, &path) < 0 ||
        expect(&r->cursor, TOKEN_END, "the end of the line") < 0) {
        return -1;
    }
    if (r->depth > 1) {
        minijail_evidence(&r->cursor, directive->place); /* the other compiler has one level */
    }
    return open_include(r, path);
}

static int read_frequency(struct reader *r, const struct token *directive)
{
    const struct token *path;
    if (read_path(&r->cursor, &path) < 0) {
        return -1;
    }
    if (!r->frequency_noted) {
        policy_note(r->notes,
                    "%s:%zu:%zu: @frequency is not used: it is a hint in which order to test, and "
                    "changes nothing of what is allowed",
                    directive->place.file, directive->place.line, directive->place.column);
        r->frequency_noted = true;
    }
    return 0;
}

static int read_default(struct reader *r, const struct token *directive)
{
    struct minijail_cursor *cursor = &r->cursor;
    const struct token *at = cursor->token;
    struct action action;
    bool by_return;
    minijail_evidence(cursor, directive->place);
    if (read_action(cursor, &action, &by_return) < 0) {
        return -1;
    }
    if (action.kind != ACTION_KILL_PROCESS && action.kind != ACTION_KILL_THREAD &&
        action.kind != ACTION_TRAP) {
        return minijail_fail(cursor, at,
                             "@default takes kill, kill-process, kill-thread or trap: remove the "
                             "line and use --default");
    }
    if (r->default_place.line && !action_equal(r->policy->default_action, action)) {
        return minijail_fail(cursor, directive,
                             "@default says something else at %s:%zu:%zu: keep one of them",
                             r->default_place.file, r->default_place.line, r->default_place.column);
    }
    if (r->options->default_action) {
        return minijail_fail(cursor, directive,
                             "the policy has a default action of its own: leave --default out, or "
                             "remove the line");
    }
    r->policy->default_action = action;
    r->default_place = directive->place;
    return 0;
}

static int read_denylist(struct reader *r, const struct token *directive)
{
    if (r->options->default_action) {
        return minijail_fail(&r->cursor, directive,
                             "what @denylist does not name is allowed: leave --default out, or "
                             "remove the line");
    }
    if (!r->denylist_place.line && r->parsed.statement_count) {
        return minijail_fail(&r->cursor, directive,
                             "@denylist changes what the lines before it mean: put it first");
    }
    minijail_evidence(&r->cursor, directive->place);
    r->denylist_place = directive->place;
    r->files[r->open[r->depth - 1]].denylist = true;
    return 0;
}

static int read_directive(struct reader *r)
{
    static const struct {
        const char *name;
        int (*read)(struct reader *r, const struct token *directive);
    } directives[] = {
        {"@include", read_include},
        {"@frequency", read_frequency},
        {"@default", read_default},
        {"@denylist", read_denylist},
    };
    const struct token *token = r->cursor.token;
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        if (minijail_token_is(token, directives[i].name)) {
            r->cursor.token++;
            return directives[i].read(r, token);
        }
    }
    CLEANUP_FREE char *text = minijail_token_text(token);
    return minijail_fail(&r->cursor, token,
                         "unknown directive %s: @include, @default, @denylist or @frequency", text);
}

/* One line. `file` may move when another is included, its tokens do not. */
static int read_line(struct reader *r, const struct minijail_file *file)
{
    r->cursor.token = file->tokens;
    if (file->comment.line) {
        minijail_evidence(&r->cursor, file->comment);
    }
    if (file->tokens->kind == TOKEN_DIRECTIVE) {
        if (minijail_token_is(file->tokens, "@include")) {
            return read_directive(r); /* the end of the line has been looked at */
        }
        return read_directive(r) < 0 ? -1 : expect(&r->cursor, TOKEN_END, "the end of the line");
    }
    return read_statement(r) < 0 ? -1 : expect(&r->cursor, TOKEN_END, "the end of the line");
}

/* All files, each where it is included. */
static int read_files(struct reader *r)
{
    while (r->depth) {
        struct included *current = &r->files[r->open[r->depth - 1]];
        int found = minijail_next_line(&current->file, r->error);
        if (found < 0 || (found > 0 && read_line(r, &current->file) < 0)) {
            return -1;
        }
        if (found == 0) {
            if (r->denylist_place.line && !current->denylist) {
                return error_text(r->error, ERROR_POLICY, current->file.name, 1, 1,
                                  "has no @denylist, but %s has: add it, or remove the other",
                                  r->denylist_place.file);
            }
            r->depth--;
        }
    }
    return 0;
}

static enum minijail_compiler choose_compiler(const struct reader *r)
{
    if (r->options->compat == COMPAT_MINIJAIL0) {
        return MINIJAIL_C;
    }
    return r->options->compat == COMPAT_COMPILE_SECCOMP_POLICY || r->cursor.only_compiler.line
               ? MINIJAIL_PYTHON
               : MINIJAIL_EITHER;
}

static int read_all(struct reader *r, const struct policy_text *text)
{
    if (!r->abi) {
        return error_file(r->error, ERROR_POLICY, text->file,
                          "a policy of minijail is for one architecture: say for which it is read");
    }
    struct included *first =
        memory_append(&r->files, &r->file_count, &r->file_capacity, sizeof *r->files);
    first->file = (struct minijail_file){
        .name = policy_add_file(r->policy, text->file), .text = text->text, .size = text->size};
    r->open[r->depth++] = 0;
    policy_add_abi(r->policy, r->abi->name);
    if (read_files(r) < 0) {
        return -1;
    }
    if (r->denylist_place.line) {
        r->policy->default_action = (struct action){.kind = ACTION_ALLOW};
    }
    if (!r->parsed.statement_count) {
        return error_text(r->error, ERROR_POLICY, text->file, 1, 1,
                          "names no system call: complete it");
    }
    return minijail_lower(&r->parsed, choose_compiler(r), r->abi, r->policy, r->error);
}

static int minijail_read(const struct policy_text *texts, size_t count,
                         const struct policy_options *options, struct policy **out,
                         struct policy_notes *notes, struct error *error)
{
    (void)count;
    static const struct action kill = {.kind = ACTION_KILL_PROCESS};
    struct reader reader = {
        .options = options,
        .abi = options->architecture ? abi_by_name(options->architecture) : NULL,
        .policy = policy_new(options->default_action ? *options->default_action : kill),
        .notes = notes,
        .error = error,
    };
    reader.cursor = (struct minijail_cursor){.abi = reader.abi, .error = error};
    int result = read_all(&reader, texts);
    for (size_t i = 0; i < reader.file_count; i++) {
        minijail_file_free(&reader.files[i].file);
        buffer_free(&reader.files[i].text);
        free(reader.files[i].name);
    }
    free(reader.files);
    minijail_policy_free(&reader.parsed);
    if (result < 0) {
        policy_free(reader.policy);
        return -1;
    }
    *out = reader.policy;
    return 0;
}

/* Its first line that says something is a directive, or begins with a name and a colon, or with
   names in braces. */
static bool is_minijail(const struct policy_text *text)
{
    struct minijail_file file = {.name = text->file, .text = text->text, .size = text->size};
    struct error ignored = {0};
    bool found = false;
    if (minijail_next_line(&file, &ignored) > 0) {
        const struct token *t = file.tokens;
        if (t->kind == TOKEN_DIRECTIVE) {
            found = minijail_token_is(t, "@include") || minijail_token_is(t, "@default") ||
                    minijail_token_is(t, "@denylist") || minijail_token_is(t, "@frequency");
        } else if (t->kind == TOKEN_LEFT_BRACE) {
            found = t[1].kind == TOKEN_WORD;
        } else if (t->kind == TOKEN_WORD || t->kind == TOKEN_NUMBER) {
            found = t[1].kind == TOKEN_COLON || t[1].kind == TOKEN_LEFT_BRACKET;
        }
    }
    error_clear(&ignored);
    minijail_file_free(&file);
    return found;
}

const struct policy_format minijail_format = {
    .name = "minijail",
    .title = "a policy of minijail",
    .open_default = true,
    .recognise = is_minijail,
    .read = minijail_read,
};
