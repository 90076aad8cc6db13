/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SystemCallFilter=, SystemCallLog=, SystemCallErrorNumber= and SystemCallArchitectures=.
 *
 * A list is of what is allowed or of what is denied (logged, or not), as its first assignment says:
 * with '~' it denies. Every later assignment adds to it if it is of the same kind, and takes away
 * if it is of the other; but
 * "~name:errno" stays in a list of what is allowed, and is refused with that errno. An empty value
 * resets the list. A list of what is allowed begins with the set @default.
 */
#include "policy/systemd.h"

#include "arch/arch.h"
#include "base/memory.h"

#include <string.h>

/* Names that lists may hold in all, counted as often as they stand there: hostile input costs
 * little. */
#define MAX_MENTIONS (1u << 18)

static const char quotes[] = "\"'";

/* As systemd spells architectures, and ours; NULL for those of others: no target of ours can be
   asked through them. Bits of systemd.architectures. */
static const struct architecture {
    const char *name, *abi;
} architectures[] = {
    {"x86-64", "x86_64"}, {"x86", "i386"},        {"x32", "x32"},      {"arm64", "aarch64"},
    {"arm", "arm"},       {"riscv64", "riscv64"}, {"mips", NULL},      {"mips64", NULL},
    {"mips64-n32", NULL}, {"mips-le", NULL},      {"mips64-le", NULL}, {"mips64-le-n32", NULL},
    {"parisc", NULL},     {"parisc64", NULL},     {"ppc", NULL},       {"ppc64", NULL},
    {"ppc64-le", NULL},   {"s390", NULL},         {"s390x", NULL},     {"loongarch64", NULL},
    {"native", NULL},
};
#define ARCHITECTURE_COUNT (sizeof architectures / sizeof *architectures)

void systemd_list_free(struct systemd_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->calls[i].name);
    }
    free(list->calls);
    *list = (struct systemd_list){0};
}

/* Where the name is, or would have to be inserted. */
static size_t lower_bound(const struct systemd_list *list, const char *name)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->calls[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct systemd_call *systemd_find(const struct systemd_list *list, const char *name)
{
    size_t at = lower_bound(list, name);
    return at < list->count && strcmp(list->calls[at].name, name) == 0 ? &list->calls[at] : NULL;
}

static void list_put(struct systemd_list *list, struct systemd_call call, const char *name)
{
    size_t at = lower_bound(list, name);
    if (at < list->count && strcmp(list->calls[at].name, name) == 0) {
        struct systemd_call *present = &list->calls[at];
        call.name = present->name;
        call.set = present->set ? call.set : NULL; /* somebody wrote it once */
        *present = call;
        return;
    }
    memory_append(&list->calls, &list->count, &list->capacity, sizeof *list->calls);
    memmove(&list->calls[at + 1], &list->calls[at], (list->count - 1 - at) * sizeof *list->calls);
    call.name = memory_strdup(name);
    list->calls[at] = call;
}

static void list_remove(struct systemd_list *list, const char *name)
{
    size_t at = lower_bound(list, name);
    if (at < list->count && strcmp(list->calls[at].name, name) == 0) {
        free(list->calls[at].name);
        list->count--;
        memmove(&list->calls[at], &list->calls[at + 1], (list->count - at) * sizeof *list->calls);
    }
}

/* One assignment to a list. */
struct assignment {
    struct systemd *systemd;
    struct systemd_list *list;
    bool inverted; /* began with '~' */
};

/* One name of one word. */
static int take_name(const struct assignment *assignment, const char *name,
                     const struct systemd_call *call)
{
    struct systemd *systemd = assignment->systemd;
    if (++systemd->mentions > MAX_MENTIONS) {
        return systemd_fail(systemd, call->place, "names too many system calls: this is no policy");
    }
    if (assignment->inverted != assignment->list->allows || call->has_action) {
        list_put(assignment->list, *call, name);
    } else {
        list_remove(assignment->list, name);
    }
    return 0;
}

/* Would a call that is left out here be let through, though it is denied? */
static bool closes(const struct assignment *assignment)
{
    return assignment->list == &assignment->systemd->filter && assignment->inverted &&
           !assignment->list->allows;
}

static int take_set(const struct assignment *assignment, const char *set, struct systemd_call call)
{
    struct systemd *systemd = assignment->systemd;
    __attribute__((cleanup(set_calls_free))) struct set_calls calls = {0};
    if (sets_expand_systemd(systemd->sets, set, &calls, systemd->error) < 0) {
        return systemd->error->kind == ERROR_POLICY
                   ? error_name_place(systemd->error, call.place.file, call.place.line,
                                      call.place.column)
                   : -1;
    }
    for (size_t i = 0; i < calls.newer_count; i++) {
        if (closes(assignment)) {
            return systemd_fail(systemd, call.place,
                                "'%s' has '%s', which is newer than elfcage's table of system "
                                "calls and cannot be denied: use --sets pinned",
                                set, calls.newer[i]);
        }
        policy_note(systemd->notes,
                    "%s:%zu:%zu: '%s' of '%s' is newer than elfcage's table of system calls: left "
                    "out",
                    call.place.file, call.place.line, call.place.column, calls.newer[i], set);
    }
    call.set = policy_add_file(systemd->policy, set);
    for (size_t i = 0; i < calls.count; i++) {
        if (take_name(assignment, calls.names[i], &call) < 0) {
            return -1;
        }
    }
    return 0;
}

static int check_name(const struct systemd *systemd, const char *name, struct place place)
{
    if (strpbrk(name, quotes)) {
        return systemd_fail(systemd, place,
                            "%.60s is not a name of a system call: systemd takes no quotes off "
                            "here, remove them",
                            name);
    }
    if (strchr(name, '%')) {
        return systemd_fail(
            systemd, place,
            "'%.60s' is not a name of a system call: systemd replaces no specifiers "
            "(%%) here, write the name",
            name);
    }
    if (*name == '#' || *name == ';') {
        return systemd_fail(systemd, place,
                            "'%.60s' is not a name of a system call: a comment needs a line of its "
                            "own",
                            name);
    }
    if (*name >= '0' && *name <= '9') {
        return systemd_fail(systemd, place,
                            "'%.60s' is a number: give the name of the system call, numbers differ "
                            "from ABI to ABI",
                            name);
    }
    if (!policy_name_is_valid(name)) {
        return systemd_fail(
            systemd, place,
            "'%.60s' is not a name of a system call: letters, digits and '_' only%s", name,
            *name == '~' ? "; '~' stands before the first name, for all of them" : "");
    }
    if (!syscall_name_is_known(name)) {
        CLEANUP_FREE char *complaint = syscall_name_complaint(name);
        return systemd_fail(systemd, place, "%s", complaint);
    }
    return 0;
}

/* An errno as a number, as systemd's safe_atoi() has it: after "0x", "0b" (which no sign may stand
   in front of), "0o" or "0" the digits are of that base. */
static bool parse_number(const char *text, uint16_t *number)
{
    static const char digits[] = "0123456789abcdef";
    bool has_sign = *text == '+' || *text == '-';
    bool negative = *text == '-';
    text += has_sign ? 1 : 0;
    int letter = text[0] == '0' ? text[1] | 0x20 : 0;
    bool is_prefixed = letter == 'x' || (!has_sign && (letter == 'b' || letter == 'o'));
    unsigned base = text[0] == '0' ? 8 : 10;
    if (is_prefixed) {
        base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
        text += 2;
    }
    uint32_t value = 0;
    if (!*text) {
        return false;
    }
    for (; *text; text++) {
        int lower = *text >= 'A' && *text <= 'F' ? *text | 0x20 : *text;
        const char *digit = memchr(digits, lower, base);
        if (!digit) {
            return false;
        }
        value = value * base + (uint32_t)(digit - digits);
        if (value > POLICY_MAX_ERRNO) {
            return false;
        }
    }
    *number = (uint16_t)value;
    return !negative || value == 0;
}

/* "EPERM" in letters of either case, a number, or "kill" in small ones: what systemd takes. */
static bool parse_refusal(const char *text, struct action *action)
{
    if (strcmp(text, "kill") == 0) {
        *action = (struct action){.kind = ACTION_KILL_PROCESS};
        return true;
    }
    action->kind = ACTION_ERRNO;
    return (*text | 0x20) == 'e' ? errno_parse(text, &action->data)
                                 : parse_number(text, &action->data);
}

/* "name", "@set", either with ":errno". */
static int take_word(const struct assignment *assignment, char *word, struct place place)
{
    struct systemd *systemd = assignment->systemd;
    struct systemd_call call = {.place = place};
    char *colon = strchr(word, ':');
    if (colon) {
        *colon = 0;
        if (assignment->list != &systemd->filter) {
            return systemd_fail(systemd, place,
                                "SystemCallLog= takes no ':%.60s': name the system call only",
                                colon + 1);
        }
        if (!parse_refusal(colon + 1, &call.action)) {
            return systemd_fail(systemd, place,
                                "':%.60s' is not the name of an errno, a number from 0 to 4095, or "
                                "':kill': write '%.60s:EPERM'",
                                colon + 1, word);
        }
        if (!assignment->inverted) {
            return systemd_fail(systemd, place,
                                "'%.60s:%.60s' in a list of what is allowed, where systemd passes "
                                "over it: begin the list with '~' to refuse it",
                                word, colon + 1);
        }
        call.has_action = true;
    }
    if (*word == '@') {
        return take_set(assignment, word, call);
    }
    return check_name(systemd, word, place) < 0 ? -1 : take_name(assignment, word, &call);
}

static int read_list(struct systemd *systemd, struct systemd_list *list, const char *value)
{
    if (!*value) {
        systemd_list_free(list);
        return 0;
    }
    struct assignment assignment = {systemd, list, *value == '~'};
    value += assignment.inverted ? 1 : 0;
    if (!list->given) {
        list->given = true;
        list->allows = !assignment.inverted;
        if (list == &systemd->filter && list->allows &&
            take_set(&assignment, "@default",
                     (struct systemd_call){.place = systemd_place(systemd, value)}) < 0) {
            return -1;
        }
    }
    struct systemd_value words = {value, value};
    struct place place;
    for (char *word; (word = systemd_word(systemd, &words, &place));) {
        int result = take_word(&assignment, word, place);
        free(word);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

int systemd_read_filter(struct systemd *systemd, const char *value)
{
    return read_list(systemd, &systemd->filter, value);
}

int systemd_read_log(struct systemd *systemd, const char *value)
{
    return read_list(systemd, &systemd->log, value);
}

int systemd_read_errno(struct systemd *systemd, const char *value)
{
    struct action action = {.kind = ACTION_KILL_PROCESS};
    if (*value &&
        (!parse_refusal(value, &action) || (action.kind == ACTION_ERRNO && action.data == 0))) {
        return systemd_fail(systemd, systemd_place(systemd, value),
                            "'%.60s' is not the name of an errno, a number from 1 to 4095, or "
                            "'kill': write EPERM",
                            value);
    }
    systemd->refusal = action;
    return 0;
}

int systemd_read_architectures(struct systemd *systemd, const char *value)
{
    if (!*value) {
        systemd->architectures = 0;
        return 0;
    }
    struct systemd_value words = {value, value};
    struct place place;
    for (char *word; (word = systemd_word(systemd, &words, &place));) {
        systemd_unquote(word);
        size_t i = 0;
        while (i < ARCHITECTURE_COUNT && strcmp(word, architectures[i].name) != 0) {
            i++;
        }
        if (i < ARCHITECTURE_COUNT) {
            systemd->architectures |= UINT32_C(1) << i;
        } else {
            systemd_fail(
                systemd, place,
                "'%.60s' is no architecture of systemd's: native, x86-64, x86, x32, arm64, "
                "arm, riscv64, ...",
                word);
        }
        free(word);
        if (i == ARCHITECTURE_COUNT) {
            return -1;
        }
    }
    return 0;
}

int systemd_name_abis(struct systemd *systemd)
{
    if (!systemd->architectures) {
        return 0;
    }
    if (!systemd->options->architecture) {
        return error_file(systemd->error, ERROR_POLICY, systemd->place_file,
                          "depends on the architecture: say for which the policy is read");
    }
    policy_add_abi(systemd->policy, systemd->options->architecture);
    for (size_t i = 0; i < ARCHITECTURE_COUNT; i++) {
        if ((systemd->architectures >> i & 1u) && architectures[i].abi) {
            policy_add_abi(systemd->policy, architectures[i].abi);
        }
    }
    return 0;
}
