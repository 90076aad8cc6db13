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
    struct minijail_parser parser;
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

/* The path behind @include or @frequency. */
static int read_path(struct minijail_cursor *cursor, const struct token **path)
{
    *path = cursor->token;
    if (minijail_expect(cursor, TOKEN_PATH, "a path") < 0) {
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

/* The first component that names something: behind slashes and "./". */
static const char *component(const char *path)
{
    while (path[0] == '/' || (path[0] == '.' && path[1] == '/')) {
        path++;
    }
    return path;
}

/* Are they one path but for "./" and slashes? Each include has a "./" of its own. */
static bool same_path(const char *a, const char *b)
{
    if ((*a == '/') != (*b == '/')) {
        return false;
    }
    for (;;) {
        a = component(a);
        b = component(b);
        size_t length = strcspn(a, "/");
        if (length != strcspn(b, "/") || strncmp(a, b, length) != 0) {
            return false;
        }
        if (!length) {
            return true;
        }
        a += length;
        b += length;
    }
}

static int check_cycle(struct reader *r, const struct token *path, const char *name)
{
    size_t first = 0;
    while (first < r->depth && !same_path(r->files[r->open[first]].file.name, name)) {
        first++;
    }
    if (first == r->depth) {
        return 0;
    }
    struct buffer chain = {0};
    for (size_t i = first; i < r->depth; i++) {
        buffer_printf(&chain, "%s -> ", r->files[r->open[i]].file.name);
    }
    CLEANUP_FREE char *text = buffer_steal_text(&chain);
    return minijail_fail(&r->parser.cursor, path, "%s includes itself (%s%s): remove one include",
                         r->files[r->open[first]].file.name, text, name);
}

/* Opens the file; its lines come next. */
static int open_include(struct reader *r, const struct token *path)
{
    CLEANUP_FREE char *text = memory_strndup(path->text, path->length);
    if (!r->options->include) {
        return minijail_fail(&r->parser.cursor, path,
                             "'%s' cannot be included here: put its lines here", text);
    }
    if (r->depth == MAX_DEPTH) {
        return minijail_fail(&r->parser.cursor, path,
                             "more than 10 files within each other: include less");
    }
    if (r->file_count > MAX_INCLUDES) {
        return minijail_fail(&r->parser.cursor, path,
                             "includes more than 256 files: this is no policy");
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
        return minijail_fail(&r->parser.cursor, path,
                             "includes more than 16 MiB: this is no policy");
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
    if (read_path(&r->parser.cursor, &path) < 0 ||
        minijail_expect(&r->parser.cursor, TOKEN_END, "the end of the line") < 0) {
        return -1;
    }
    if (r->depth > 1) {
        minijail_evidence(&r->parser.cursor,
                          directive->place); /* the other compiler has one level */
    }
    return open_include(r, path);
}

static int read_frequency(struct reader *r, const struct token *directive)
{
    const struct token *path;
    if (read_path(&r->parser.cursor, &path) < 0) {
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
    struct minijail_cursor *cursor = &r->parser.cursor;
    const struct token *at = cursor->token;
    struct action action;
    bool by_return;
    minijail_evidence(cursor, directive->place);
    if (minijail_action(cursor, &action, &by_return) < 0) {
        return -1;
    }
    if (action.kind != ACTION_KILL_PROCESS && action.kind != ACTION_KILL_THREAD &&
        action.kind != ACTION_TRAP) {
        return minijail_fail(cursor, at,
                             "@default takes kill, kill-process, kill-thread or trap: remove the "
                             "line and use --default");
    }
    if (r->denylist_place.line) {
        return minijail_fail(cursor, directive,
                             "what @denylist does not name is allowed: remove this line");
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
        return minijail_fail(&r->parser.cursor, directive,
                             "what @denylist does not name is allowed: leave --default out, or "
                             "remove the line");
    }
    if (!r->denylist_place.line && (r->parser.parsed.statement_count || r->default_place.line)) {
        return minijail_fail(&r->parser.cursor, directive,
                             "@denylist changes what the lines before it mean: put it first");
    }
    minijail_evidence(&r->parser.cursor, directive->place);
    r->denylist_place = directive->place;
    r->parser.denylist = true;
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
    const struct token *token = r->parser.cursor.token;
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        if (minijail_token_is(token, directives[i].name)) {
            r->parser.cursor.token++;
            return directives[i].read(r, token);
        }
    }
    CLEANUP_FREE char *text = minijail_token_text(token);
    return minijail_fail(&r->parser.cursor, token,
                         "unknown directive %s: @include, @default, @denylist or @frequency", text);
}

/* One line. `file` may move when another is included, its tokens do not. */
static int read_line(struct reader *r, const struct minijail_file *file)
{
    r->parser.cursor.token = file->tokens;
    if (file->comment.line) {
        minijail_evidence(&r->parser.cursor, file->comment);
    }
    if (file->tokens->kind == TOKEN_DIRECTIVE) {
        if (minijail_token_is(file->tokens, "@include")) {
            return read_directive(r); /* the end of the line has been looked at */
        }
        return read_directive(r) < 0
                   ? -1
                   : minijail_expect(&r->parser.cursor, TOKEN_END, "the end of the line");
    }
    return minijail_statement(&r->parser) < 0
               ? -1
               : minijail_expect(&r->parser.cursor, TOKEN_END, "the end of the line");
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
    return r->options->compat == COMPAT_COMPILE_SECCOMP_POLICY ||
                   r->parser.cursor.only_compiler.line
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
    if (!r->parser.parsed.statement_count) {
        return error_text(r->error, ERROR_POLICY, text->file, 1, 1,
                          "names no system call: complete it");
    }
    return minijail_lower(&r->parser.parsed, choose_compiler(r), r->abi, r->policy, r->error);
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
    reader.parser.cursor = (struct minijail_cursor){.abi = reader.abi, .error = error};
    int result = read_all(&reader, texts);
    for (size_t i = 0; i < reader.file_count; i++) {
        minijail_file_free(&reader.files[i].file);
        buffer_free(&reader.files[i].text);
        free(reader.files[i].name);
    }
    free(reader.files);
    minijail_policy_free(&reader.parser.parsed);
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
            /* "systemd:@set" is a set in a list of names */
            found = t[1].kind == TOKEN_LEFT_BRACKET ||
                    (t[1].kind == TOKEN_COLON && t[2].kind != TOKEN_DIRECTIVE);
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
    .includes = true,
    .readings = 1u << COMPAT_MINIJAIL0 | 1u << COMPAT_COMPILE_SECCOMP_POLICY,
    .recognise = is_minijail,
    .read = minijail_read,
};
