/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: audit_seccomp() in kernel/auditsc.c, audit_log_untrustedstring() in kernel/audit.c for
 * comm and exe: in quotes, or where it has a space, a quote or a control character in hexadecimal.
 *
 * The kernel's log:  audit: type=1326 audit(TIME:SERIAL): auid=... pid=12 comm="x" exe="/x" sig=31
 *                    arch=c000003e syscall=92 compat=0 ip=0x7f code=0x80000000
 * The journal:       audit[12]: SECCOMP auid=... (the rest is the same); in its other forms the
 *                    message is a field (journal.h)
 * audit.log:         type=SECCOMP msg=audit(TIME:SERIAL): auid=... and, enriched, at its end
 *                    ARCH=x86_64 SYSCALL=chown
 * ausearch -i:       type=SECCOMP ... sig=SIGSYS arch=x86_64 syscall=chown ... code=kill
 *
 * A line is somebody else's text: nothing of it is trusted to be there, or to be short.
 */
#include "watch/record.h"

#include "arch/arch.h"
#include "base/memory.h"
#include "watch/journal.h"

#include <linux/seccomp.h>
#include <string.h>

#define WORD_MOST 4096u /* bytes of a value that are looked at; PATH_MAX */

/* A value of the line; not terminated. */
struct word {
    const char *text; /* NULL: missing */
    size_t size;
};

static bool is_separator(char c)
{
    /* 0x1d separates what auditd adds to an enriched record. */
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x1d || c == '\0';
}

/* The next word from *at on: a value in quotes may hold separators. */
static bool next_word(const char *line, size_t size, size_t *at, struct word *word)
{
    size_t i = *at;
    while (i < size && is_separator(line[i])) {
        i++;
    }
    size_t start = i;
    bool quoted = false;
    while (i < size && (quoted || !is_separator(line[i]))) {
        if (line[i] == '"') {
            quoted = !quoted && i > start && line[i - 1] == '=';
        }
        i++;
    }
    *at = i;
    *word = (struct word){line + start, i - start};
    return i > start;
}

static bool is(struct word word, const char *text)
{
    return word.size == strlen(text) && memcmp(word.text, text, word.size) == 0;
}

/* The value, if the word is KEY=VALUE with that key. */
static bool take(struct word word, const char *key, struct word *value)
{
    size_t length = strlen(key);
    if (word.size <= length || memcmp(word.text, key, length) != 0 || word.text[length] != '=' ||
        value->text) {
        return false;
    }
    *value = (struct word){word.text + length + 1, word.size - length - 1};
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Digits of that base, all of the word, at most 64 bits. */
static bool read_digits(struct word word, unsigned base, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < word.size; i++) {
        int digit = hex_digit(word.text[i]);
        if (digit < 0 || (unsigned)digit >= base || value > (UINT64_MAX - (unsigned)digit) / base) {
            return false;
        }
        value = value * base + (unsigned)digit;
    }
    *number = value;
    return word.size > 0;
}

static bool read_decimal(struct word word, uint64_t *number)
{
    return read_digits(word, 10, number);
}

static bool read_hexadecimal(struct word word, uint64_t *number)
{
    if (word.size > 2 && word.text[0] == '0' && (word.text[1] | 0x20) == 'x') {
        word.text += 2;
        word.size -= 2;
    }
    return read_digits(word, 16, number);
}

/* A copy that may be printed: what is no printable ASCII becomes '?'. */
static char *printable(const char *text, size_t size)
{
    char *copy = memory_strndup(text, size);
    for (char *c = copy; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
            *c = '?';
        }
    }
    return copy;
}

/* An "untrusted string" of the kernel. */
static char *read_string(struct word word)
{
    size_t size = word.size < WORD_MOST ? word.size : WORD_MOST;
    if (!word.text || !size || is(word, "(null)") || is(word, "?")) {
        return NULL;
    }
    if (word.text[0] == '"') {
        size_t last = size > 1 && word.text[size - 1] == '"' ? 2 : 1;
        return printable(word.text + 1, size - last);
    }
    CLEANUP_FREE char *decoded = memory_zeroed(size / 2 + 1, 1);
    for (size_t i = 0; i + 1 < size; i += 2) {
        int high = hex_digit(word.text[i]);
        int low = hex_digit(word.text[i + 1]);
        if (high < 0 || low < 0 || size % 2) {
            return printable(word.text, size); /* as ausearch prints it */
        }
        decoded[i / 2] = (char)(high << 4 | low);
    }
    return size > 1 ? printable(decoded, size / 2) : printable(word.text, size);
}

/* "c000003e", "x86_64". */
static bool read_architecture(struct word word, uint32_t *architecture)
{
    uint64_t number;
    char name[32] = {0};
    if (word.size < sizeof name) {
        memcpy(name, word.text, word.size);
        const struct abi *abi = abi_by_name(name);
        if (abi) {
            *architecture = abi->audit_architecture;
            return true;
        }
    }
    if (!read_hexadecimal(word, &number) || number > UINT32_MAX) {
        return false;
    }
    *architecture = (uint32_t)number;
    return true;
}

/* "92", or by name in the record's architecture, else in this machine's. */
static bool read_number(struct word word, uint32_t architecture, uint32_t *number)
{
    uint64_t value;
    char name[64] = {0};
    if (read_decimal(word, &value)) {
        *number = (uint32_t)value;
        return value <= UINT32_MAX;
    }
    if (word.size > 1 && word.text[0] == '-' &&
        read_decimal((struct word){word.text + 1, word.size - 1}, &value)) {
        *number = 0 - (uint32_t)value; /* -1 is a call that a tracer skips */
        return value <= UINT32_C(0x80000000);
    }
    const struct arch *host = arch_host();
    const struct abi *abi = architecture ? abi_by_audit(architecture) : host ? host->abis[0] : NULL;
    if (!abi || word.size >= sizeof name) {
        return false;
    }
    memcpy(name, word.text, word.size);
    return abi_syscall_number(abi, name, number);
}

/* "0x80000000", or a word of ausearch's. */
static bool read_code(struct word word, uint32_t *code)
{
    static const struct {
        const char *name;
        uint32_t code;
    } names[] = {
        {"kill", SECCOMP_RET_KILL_THREAD},
        {"kill-thread", SECCOMP_RET_KILL_THREAD},
        {"kill-process", SECCOMP_RET_KILL_PROCESS},
        {"trap", SECCOMP_RET_TRAP},
        {"errno", SECCOMP_RET_ERRNO},
        {"trace", SECCOMP_RET_TRACE},
        {"user-notif", SECCOMP_RET_USER_NOTIF},
        {"log", SECCOMP_RET_LOG},
        {"allow", SECCOMP_RET_ALLOW},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is(word, names[i].name)) {
            *code = names[i].code;
            return true;
        }
    }
    uint64_t number;
    if (!read_hexadecimal(word, &number) || number > UINT32_MAX) {
        return false;
    }
    *code = (uint32_t)number & SECCOMP_RET_ACTION_FULL;
    return true;
}

/* The values of a line that are looked at. */
struct words {
    struct word type, architecture, number, code, pid, command, program;
    struct word architecture_name, number_name; /* of an enriched record */
    bool named;                                 /* SECCOMP stands by itself */
};

static void collect(const char *line, size_t size, struct words *words)
{
    struct word word;
    size_t at = 0;
    while (next_word(line, size, &at, &word)) {
        (void)(take(word, "type", &words->type) || take(word, "arch", &words->architecture) ||
               take(word, "syscall", &words->number) || take(word, "code", &words->code) ||
               take(word, "pid", &words->pid) || take(word, "comm", &words->command) ||
               take(word, "exe", &words->program) ||
               take(word, "ARCH", &words->architecture_name) ||
               take(word, "SYSCALL", &words->number_name));
        words->named = words->named || is(word, "SECCOMP");
    }
}

static enum record_found bad(const char **why, const char *text)
{
    *why = text;
    return RECORD_BAD;
}

static enum record_found parse_message(const char *line, size_t size, struct record *out,
                                       const char **why)
{
    struct words words = {0};
    struct record record = {0};
    collect(line, size, &words);
    bool is_record = words.type.text ? is(words.type, "1326") || is(words.type, "SECCOMP")
                                     : words.named && words.number.text;
    if (!is_record) {
        return RECORD_NONE;
    }
    if (words.architecture.text && !read_architecture(words.architecture, &record.architecture) &&
        !(words.architecture_name.text &&
          read_architecture(words.architecture_name, &record.architecture))) {
        return bad(why, "its arch= is neither a number nor a known name");
    }
    if (!words.number.text && !words.number_name.text) {
        return bad(why, "it has no syscall=");
    }
    if (!(words.number.text && read_number(words.number, record.architecture, &record.number)) &&
        !(words.number_name.text &&
          read_number(words.number_name, record.architecture, &record.number))) {
        return bad(why, "its syscall= is neither a number nor a call of its architecture");
    }
    if (!words.code.text) {
        return bad(why, "it has no code=");
    }
    if (!read_code(words.code, &record.code)) {
        return bad(why, "its code= is no action");
    }
    if (words.pid.text) {
        (void)read_decimal(words.pid, &record.pid);
    }
    record.command = read_string(words.command);
    record.program = read_string(words.program);
    *out = record;
    return RECORD_FOUND;
}

enum record_found record_parse(const char *line, size_t size, struct record *out, const char **why)
{
    CLEANUP_FREE char *message = NULL;
    switch (journal_message(line, size, &message)) {
    case JOURNAL_MESSAGE:
        return parse_message(message, strlen(message), out, why);
    case JOURNAL_LOST:
        return bad(why, "it has no MESSAGE that is a text: \"journalctl --all\" prints it");
    case JOURNAL_NONE:
        break;
    }
    return parse_message(line, size, out, why);
}

void record_clear(struct record *record)
{
    free(record->command);
    free(record->program);
    *record = (struct record){0};
}
