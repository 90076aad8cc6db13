/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain list of names: what is allowed. One or several a line, separated by blanks or commas; '#'
 * begins a comment. Sets may stand in it as in options: "@chown", "systemd:@clock". What happens to
 * everything else is not in the file: --default says it.
 *
 * Order and repetition mean nothing. What other notations would need (an action for a name, a
 * number, a denial) is an error rather than a guess.
 */
#include "arch/arch.h"
#include "base/memory.h"
#include "policy/internal.h"
#include "policy/sets.h"

#include <string.h>

#define LONGEST_WORD 128u /* of a set, bytes */

struct reader {
    const char *file; /* lives as long as the policy */
    struct policy *policy;
    struct sets *sets;
    struct policy_notes *notes;
    struct error *error;
};

/* A name or a set, and where it stands. */
struct word {
    const char *text;
    size_t length;
    size_t line, column;
};

/* A position in the text. */
struct scanner {
    const char *at, *end;
    const char *line_start;
    size_t line;
};

static bool separates(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == '\v' || c == '\f';
}

/* The next word that is no comment; false at the end. */
static bool next_word(struct scanner *s, struct word *word)
{
    while (s->at < s->end && (separates(*s->at) || *s->at == '#')) {
        if (*s->at == '#') {
            const char *stop = memchr(s->at, '\n', (size_t)(s->end - s->at));
            s->at = stop ? stop : s->end;
            continue;
        }
        if (*s->at == '\n') {
            s->line++;
            s->line_start = s->at + 1;
        }
        s->at++;
    }
    const char *start = s->at;
    while (s->at < s->end && !separates(*s->at) && *s->at != '#') {
        s->at++;
    }
    *word =
        (struct word){start, (size_t)(s->at - start), s->line, (size_t)(start - s->line_start) + 1};
    return word->length > 0;
}

static int fail(const struct reader *r, const struct word *word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(const struct reader *r, const struct word *word, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_text(r->error, ERROR_POLICY, r->file, word->line, word->column, "%s", text);
}

static void add_name(const struct reader *r, const char *name, const char *set,
                     const struct word *word)
{
    struct place place = {r->file, word->line, word->column};
    struct syscall_rules *present = policy_syscall(r->policy, name);
    if (!present->rule_count) {
        static const struct action allow = {.kind = ACTION_ALLOW};
        policy_add_rule(r->policy, name, NULL, 0, allow, place)->set = set;
    } else if (!set) {
        present->rules[0].set = NULL; /* somebody did write it */
        present->rules[0].place = place;
    }
}

static int add_set(const struct reader *r, const char *text, const struct word *word)
{
    __attribute__((cleanup(set_calls_free))) struct set_calls calls = {0};
    if (sets_expand(r->sets, text, &calls, r->error) < 0) {
        return error_name_place(r->error, r->file, word->line, word->column);
    }
    for (size_t i = 0; i < calls.newer_count; i++) {
        policy_note(
            r->notes,
            "%s:%zu:%zu: '%s' of %s is newer than elfcage's table of system calls: left out",
            r->file, word->line, word->column, calls.newer[i], text);
    }
    const char *set = policy_add_file(r->policy, text);
    for (size_t i = 0; i < calls.count; i++) {
        add_name(r, calls.names[i], set, word);
    }
    return 0;
}

static int add_word(const struct reader *r, const struct word *word)
{
    char text[LONGEST_WORD + 1] = "";
    size_t length = word->length < LONGEST_WORD ? word->length : LONGEST_WORD;
    for (size_t i = 0; i < length; i++) {
        char c = word->text[i];
        text[i] = (char)(c < '!' || c > '~' ? '?' : c);
    }
    if (sets_is_set(text)) {
        return add_set(r, text, word);
    }
    if (strspn(text, "0123456789") == strlen(text)) {
        return fail(
            r, word,
            "'%.60s' is a number: give the name of the system call, numbers differ from ABI "
            "to ABI",
            text);
    }
    if (strpbrk(text, "!~:=()")) {
        return fail(r, word,
                    "'%.60s': a list has names of what is allowed, and nothing else: use another "
                    "format, or inline rules",
                    text);
    }
    if (!policy_name_is_valid(text)) {
        return fail(r, word, "'%.60s' is not a name of a system call: letters, digits and '_' only",
                    text);
    }
    if (!syscall_name_is_known(text)) {
        CLEANUP_FREE char *complaint = syscall_name_complaint(text);
        return fail(r, word, "%s", complaint);
    }
    add_name(r, text, NULL, word);
    return 0;
}

static int read_words(const struct reader *r, const struct policy_text *text)
{
    struct scanner scanner = {text->text, text->text + text->size, text->text, 1};
    struct word word;
    while (next_word(&scanner, &word)) {
        if (add_word(r, &word) < 0) {
            return -1;
        }
    }
    if (!r->policy->syscall_count) {
        return error_text(r->error, ERROR_POLICY, r->file, 1, 1,
                          "names no system call: complete it");
    }
    return 0;
}

static int check_default(const struct policy_text *text, const struct policy_options *options,
                         struct error *error)
{
    if (!options->default_action) {
        return error_file(error, ERROR_USAGE, text->file,
                          "a list says what is allowed: say by --default what happens to all other "
                          "calls");
    }
    if (options->default_action->kind == ACTION_ALLOW) {
        return error_file(error, ERROR_USAGE, text->file,
                          "a list says what is allowed, and --default allow allows the rest: name "
                          "another action, errno for example");
    }
    return 0;
}

static int list_read(const struct policy_text *texts, size_t count,
                     const struct policy_options *options, struct policy **out,
                     struct policy_notes *notes, struct error *error)
{
    (void)count;
    if (check_default(texts, options, error) < 0) {
        return -1;
    }
    struct reader reader = {
        .policy = policy_new(*options->default_action),
        .sets = sets_open(options->sets),
        .notes = notes,
        .error = error,
    };
    reader.file = policy_add_file(reader.policy, texts->file);
    int result = read_words(&reader, texts);
    sets_free(reader.sets);
    if (result < 0) {
        policy_free(reader.policy);
        return -1;
    }
    *out = reader.policy;
    return 0;
}

static bool is_name_or_near(const char *text)
{
    return policy_name_is_valid(text) &&
           (syscall_name_is_known(text) || syscall_name_suggest(text) != NULL);
}

/* It begins with the name of a system call, a misspelt one maybe, or a set, and what follows on
   that line are words like it. "seccomp mount,umount2" is a line of firejail, by which it denies.
 */
static bool is_list(const struct policy_text *text)
{
    struct scanner scanner = {text->text, text->text + text->size, text->text, 1};
    struct word word;
    size_t line = 0;
    bool is_directive = false;
    while (next_word(&scanner, &word) && (!line || word.line == line)) {
        char name[LONGEST_WORD + 1] = "";
        if (word.length > LONGEST_WORD) {
            return false;
        }
        memcpy(name, word.text, word.length);
        if (!sets_is_set(name) && !(line ? policy_name_is_valid(name) : is_name_or_near(name))) {
            return false;
        }
        if (line && is_directive) {
            return false;
        }
        is_directive =
            !line && strcmp(name, "seccomp") == 0 && scanner.at < scanner.end && *scanner.at == ' ';
        line = word.line;
    }
    return line > 0;
}

const struct policy_format list_format = {
    .name = "list",
    .title = "a list of names",
    .open_default = true,
    .sets = true,
    .recognise = is_list,
    .read = list_read,
};
