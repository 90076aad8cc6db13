/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions and errno names.
 *
 * A return value of a filter is an action in the upper 16 bits and data in the lower 16; what the
 * kernel makes of them is in __seccomp_filter() of kernel/seccomp.c and in seccomp(2). Two actions
 * are equal if the kernel cannot tell them apart.
 */
#include "base/memory.h"
#include "policy/model.h"

#include <linux/seccomp.h>
#include <string.h>
#include <strings.h>

/* What the kernel understands: errno is capped, ALLOW, LOG and the KILLs have no data. */
static struct action normalise(struct action action)
{
    switch (action.kind) {
    case ACTION_ERRNO:
        if (action.data > POLICY_MAX_ERRNO) {
            action.data = POLICY_MAX_ERRNO;
        }
        return action;
    case ACTION_TRAP:
    case ACTION_TRACE:
        return action;
    case ACTION_KILL_PROCESS:
    case ACTION_KILL_THREAD:
    case ACTION_LOG:
    case ACTION_ALLOW:
        break;
    }
    return (struct action){.kind = action.kind};
}

uint32_t action_return_value(struct action action)
{
    action = normalise(action);
    switch (action.kind) {
    case ACTION_KILL_PROCESS:
        return SECCOMP_RET_KILL_PROCESS;
    case ACTION_KILL_THREAD:
        return SECCOMP_RET_KILL_THREAD;
    case ACTION_TRAP:
        return SECCOMP_RET_TRAP | action.data;
    case ACTION_ERRNO:
        return SECCOMP_RET_ERRNO | action.data;
    case ACTION_TRACE:
        return SECCOMP_RET_TRACE | action.data;
    case ACTION_LOG:
        return SECCOMP_RET_LOG;
    case ACTION_ALLOW:
        return SECCOMP_RET_ALLOW;
    }
    return SECCOMP_RET_KILL_PROCESS;
}

bool action_from_return_value(uint32_t value, struct action *action)
{
    struct action a = {.data = (uint16_t)(value & SECCOMP_RET_DATA)};
    switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_USER_NOTIF:
        return false;
    case SECCOMP_RET_KILL_THREAD:
        a.kind = ACTION_KILL_THREAD;
        break;
    case SECCOMP_RET_TRAP:
        a.kind = ACTION_TRAP;
        break;
    case SECCOMP_RET_ERRNO:
        a.kind = ACTION_ERRNO;
        break;
    case SECCOMP_RET_TRACE:
        a.kind = ACTION_TRACE;
        break;
    case SECCOMP_RET_LOG:
        a.kind = ACTION_LOG;
        break;
    case SECCOMP_RET_ALLOW:
        a.kind = ACTION_ALLOW;
        break;
    default: /* SECCOMP_RET_KILL_PROCESS, and whatever the kernel does not know */
        a.kind = ACTION_KILL_PROCESS;
        break;
    }
    *action = normalise(a);
    return true;
}

bool action_equal(struct action a, struct action b)
{
    a = normalise(a);
    b = normalise(b);
    return a.kind == b.kind && a.data == b.data;
}

bool action_denies(struct action action)
{
    return action.kind != ACTION_ALLOW && action.kind != ACTION_LOG;
}

/* asm-generic/errno-base.h and errno.h: the numbers of x86, arm, aarch64, riscv and s390, whatever
   the host is, since the number is for the target. The first name of a number is the one printed.
 */
static const struct errno_name {
    const char *name;
    uint16_t number;
} errno_names[] = {
    {"EPERM", 1},
    {"ENOENT", 2},
    {"ESRCH", 3},
    {"EINTR", 4},
    {"EIO", 5},
    {"ENXIO", 6},
    {"E2BIG", 7},
    {"ENOEXEC", 8},
    {"EBADF", 9},
    {"ECHILD", 10},
    {"EAGAIN", 11},
    {"EWOULDBLOCK", 11},
    {"ENOMEM", 12},
    {"EACCES", 13},
    {"EFAULT", 14},
    {"ENOTBLK", 15},
    {"EBUSY", 16},
    {"EEXIST", 17},
    {"EXDEV", 18},
    {"ENODEV", 19},
    {"ENOTDIR", 20},
    {"EISDIR", 21},
    {"EINVAL", 22},
    {"ENFILE", 23},
    {"EMFILE", 24},
    {"ENOTTY", 25},
    {"ETXTBSY", 26},
    {"EFBIG", 27},
    {"ENOSPC", 28},
    {"ESPIPE", 29},
    {"EROFS", 30},
    {"EMLINK", 31},
    {"EPIPE", 32},
    {"EDOM", 33},
    {"ERANGE", 34},
    {"EDEADLK", 35},
    {"EDEADLOCK", 35},
    {"ENAMETOOLONG", 36},
    {"ENOLCK", 37},
    {"ENOSYS", 38},
    {"ENOTEMPTY", 39},
    {"ELOOP", 40},
    {"ENOMSG", 42},
    {"EIDRM", 43},
    {"ECHRNG", 44},
    {"EL2NSYNC", 45},
    {"EL3HLT", 46},
    {"EL3RST", 47},
    {"ELNRNG", 48},
    {"EUNATCH", 49},
    {"ENOCSI", 50},
    {"EL2HLT", 51},
    {"EBADE", 52},
    {"EBADR", 53},
    {"EXFULL", 54},
    {"ENOANO", 55},
    {"EBADRQC", 56},
    {"EBADSLT", 57},
    {"EBFONT", 59},
    {"ENOSTR", 60},
    {"ENODATA", 61},
    {"ETIME", 62},
    {"ENOSR", 63},
    {"ENONET", 64},
    {"ENOPKG", 65},
    {"EREMOTE", 66},
    {"ENOLINK", 67},
    {"EADV", 68},
    {"ESRMNT", 69},
    {"ECOMM", 70},
    {"EPROTO", 71},
    {"EMULTIHOP", 72},
    {"EDOTDOT", 73},
    {"EBADMSG", 74},
    {"EOVERFLOW", 75},
    {"ENOTUNIQ", 76},
    {"EBADFD", 77},
    {"EREMCHG", 78},
    {"ELIBACC", 79},
    {"ELIBBAD", 80},
    {"ELIBSCN", 81},
    {"ELIBMAX", 82},
    {"ELIBEXEC", 83},
    {"EILSEQ", 84},
    {"ERESTART", 85},
    {"ESTRPIPE", 86},
    {"EUSERS", 87},
    {"ENOTSOCK", 88},
    {"EDESTADDRREQ", 89},
    {"EMSGSIZE", 90},
    {"EPROTOTYPE", 91},
    {"ENOPROTOOPT", 92},
    {"EPROTONOSUPPORT", 93},
    {"ESOCKTNOSUPPORT", 94},
    {"EOPNOTSUPP", 95},
    {"ENOTSUP", 95},
    {"EPFNOSUPPORT", 96},
    {"EAFNOSUPPORT", 97},
    {"EADDRINUSE", 98},
    {"EADDRNOTAVAIL", 99},
    {"ENETDOWN", 100},
    {"ENETUNREACH", 101},
    {"ENETRESET", 102},
    {"ECONNABORTED", 103},
    {"ECONNRESET", 104},
    {"ENOBUFS", 105},
    {"EISCONN", 106},
    {"ENOTCONN", 107},
    {"ESHUTDOWN", 108},
    {"ETOOMANYREFS", 109},
    {"ETIMEDOUT", 110},
    {"ECONNREFUSED", 111},
    {"EHOSTDOWN", 112},
    {"EHOSTUNREACH", 113},
    {"EALREADY", 114},
    {"EINPROGRESS", 115},
    {"ESTALE", 116},
    {"EUCLEAN", 117},
    {"ENOTNAM", 118},
    {"ENAVAIL", 119},
    {"EISNAM", 120},
    {"EREMOTEIO", 121},
    {"EDQUOT", 122},
    {"ENOMEDIUM", 123},
    {"EMEDIUMTYPE", 124},
    {"ECANCELED", 125},
    {"ENOKEY", 126},
    {"EKEYEXPIRED", 127},
    {"EKEYREVOKED", 128},
    {"EKEYREJECTED", 129},
    {"EOWNERDEAD", 130},
    {"ENOTRECOVERABLE", 131},
    {"ERFKILL", 132},
    {"EHWPOISON", 133},
};

#define ERRNO_NAME_COUNT (sizeof errno_names / sizeof *errno_names)

/* Decimal digits only, at most `highest`. */
static bool parse_decimal(const char *text, uint32_t highest, uint16_t *number)
{
    uint32_t value = 0;
    if (!*text || (text[0] == '0' && text[1])) {
        return false;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(*text - '0');
        if (value > highest) {
            return false;
        }
    }
    *number = (uint16_t)value;
    return true;
}

bool errno_parse(const char *text, uint16_t *number)
{
    for (size_t i = 0; i < ERRNO_NAME_COUNT; i++) {
        if (strcasecmp(errno_names[i].name, text) == 0) {
            *number = errno_names[i].number;
            return true;
        }
    }
    return parse_decimal(text, POLICY_MAX_ERRNO, number);
}

char *action_text(struct action action)
{
    action = normalise(action);
    switch (action.kind) {
    case ACTION_KILL_PROCESS:
        return memory_strdup("kill-process");
    case ACTION_KILL_THREAD:
        return memory_strdup("kill-thread");
    case ACTION_TRAP:
        return memory_printf("trap:%u", (unsigned)action.data);
    case ACTION_ERRNO:
        for (size_t i = 0; i < ERRNO_NAME_COUNT; i++) {
            if (errno_names[i].number == action.data) {
                return memory_printf("errno:%s", errno_names[i].name);
            }
        }
        return memory_printf("errno:%u", (unsigned)action.data);
    case ACTION_TRACE:
        return memory_printf("trace:%u", (unsigned)action.data);
    case ACTION_LOG:
        return memory_strdup("log");
    case ACTION_ALLOW:
        break;
    }
    return memory_strdup("allow");
}

bool action_parse(const char *text, struct action *action)
{
    static const struct {
        const char *text;
        struct action action;
    } words[] = {
        {"allow", {ACTION_ALLOW, 0}},
        {"log", {ACTION_LOG, 0}},
        {"errno", {ACTION_ERRNO, 1}}, /* EPERM */
        {"trap", {ACTION_TRAP, 0}},
        {"kill", {ACTION_KILL_PROCESS, 0}},
        {"kill-process", {ACTION_KILL_PROCESS, 0}},
        {"kill-thread", {ACTION_KILL_THREAD, 0}},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i].text) == 0) {
            *action = words[i].action;
            return true;
        }
    }
    struct action a = {0};
    bool good = false;
    if (strncasecmp(text, "errno:", 6) == 0) {
        a.kind = ACTION_ERRNO;
        good = errno_parse(text + 6, &a.data);
    } else if (strncasecmp(text, "trap:", 5) == 0) {
        a.kind = ACTION_TRAP;
        good = parse_decimal(text + 5, UINT16_MAX, &a.data);
    } else if (strncasecmp(text, "trace:", 6) == 0) {
        a.kind = ACTION_TRACE;
        good = parse_decimal(text + 6, UINT16_MAX, &a.data);
    }
    if (good) {
        *action = a;
    }
    return good;
}
