/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/call.h"

#include "arch/constants.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>

#define ARGUMENTS 6u
#define X32_BIT 0x40000000u /* __X32_SYSCALL_BIT, asm/unistd.h */

/* Decimal, 0x hexadecimal or 0 octal, up to 64 bits; a minus sign gives the two's complement. */
static bool parse_number(const char *text, uint64_t *number)
{
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9') {
        return false;
    }
    char *end;
    errno = 0;
    unsigned long long magnitude = strtoull(digits, &end, 0);
    if (errno || *end) {
        return false;
    }
    *number = *text == '-' ? 0 - (uint64_t)magnitude : magnitude;
    return true;
}

const struct abi *call_parse_abi(const struct arch *arch, const char *name, bool *x32,
                                 struct error *error)
{
    *x32 = name && strcmp(name, "x32") == 0;
    for (size_t i = 0; i < arch->abi_count; i++) {
        if (!name || strcmp(arch->abis[i]->name, *x32 ? "x86_64" : name) == 0) {
            return arch->abis[i];
        }
    }
    error_set(error, ERROR_USAGE, "--abi %s: a program for %s cannot use it", name, arch->name);
    return NULL;
}

int call_parse_number(const struct abi *abi, bool x32, const char *text, uint32_t *out,
                      struct error *error)
{
    uint64_t number;
    uint32_t named;
    if (parse_number(text, &number)) {
        bool sign_extended = number >= UINT64_MAX - INT32_MAX; /* -1 is a number that occurs */
        if (number > UINT32_MAX && !sign_extended) {
            return error_set(error, ERROR_USAGE, "system call %s: a number has 32 bits", text);
        }
        *out = (uint32_t)number;
        return 0;
    }
    if (!abi_syscall_number(abi, text, &named)) {
        const char *near = syscall_name_suggest(text);
        bool known = syscall_name_is_known(text);
        return error_set(error, ERROR_USAGE, "%s is not a system call of %s%s%s%s", text, abi->name,
                         !known && near ? ": did you mean \"" : "", !known && near ? near : "",
                         !known && near ? "\"?" : "");
    }
    *out = x32 ? named | X32_BIT : named;
    return 0;
}

static int fail_constant(const struct abi *abi, size_t position, const char *name,
                         struct error *error)
{
    if (constant_name_is_known(name)) {
        return error_set(error, ERROR_USAGE, "argument %zu: %s has no value in the %s ABI",
                         position, name, abi->name);
    }
    const char *near = constant_name_suggest(name);
    return error_set(
        error, ERROR_USAGE,
        "argument %zu: \"%s\" is neither a number of 64 bits nor a known constant%s%s%s", position,
        name, near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* "O_RDONLY|O_CLOEXEC", "0x10", "-1". */
static int parse_argument(const struct abi *abi, size_t position, const char *text, uint64_t *value,
                          struct error *error)
{
    CLEANUP_FREE char *copy = memory_strdup(text);
    uint64_t all = 0;
    for (char *word = copy, *next; word; word = next) {
        uint64_t one = 0;
        next = strchr(word, '|');
        if (next) {
            *next++ = '\0';
        }
        if (!parse_number(word, &one) && !constant_value(abi, word, &one)) {
            return fail_constant(abi, position, word, error);
        }
        all |= one;
    }
    *value = abi->bits == 32 ? (uint32_t)all : all;
    return 0;
}

int call_parse(const struct arch *arch, const char *abi_name, char *const *operands, size_t count,
               struct seccomp_data *call, struct error *error)
{
    struct seccomp_data parsed = {0};
    bool x32 = false;
    uint32_t number = 0;
    const struct abi *abi = call_parse_abi(arch, abi_name, &x32, error);
    if (!abi || call_parse_number(abi, x32, operands[0], &number, error) < 0) {
        return -1;
    }
    if (count - 1 > ARGUMENTS) {
        return error_set(error, ERROR_USAGE, "a system call has at most %u arguments", ARGUMENTS);
    }
    parsed.arch = abi->audit_architecture;
    parsed.nr = (int)number;
    for (size_t i = 1; i < count; i++) {
        uint64_t value = 0;
        if (parse_argument(abi, i, operands[i], &value, error) < 0) {
            return -1;
        }
        parsed.args[i - 1] = value;
    }
    *call = parsed;
    return 0;
}
