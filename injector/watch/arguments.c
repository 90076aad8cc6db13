/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of what is worth more than a number: paths, and constants where one family of names says
 * it. Everything else is printed as a number.
 */
#include "watch/arguments.h"

#include "arch/constants.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "policy/widths.h"
#include "watch/tracer.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_MOST 128u /* bytes of a path that are printed */
#define ARGUMENTS 6u

enum meaning { MEANS_PATH, MEANS_DIRECTORY, MEANS_NAME, MEANS_FLAGS };

static const struct row {
    const char *name;
    uint8_t argument;
    enum meaning meaning;
    const char *prefix; /* of the constants */
} rows[] = {
    {"access", 0, MEANS_PATH, NULL},         {"bpf", 0, MEANS_NAME, "BPF_"},
    {"chdir", 0, MEANS_PATH, NULL},          {"chmod", 0, MEANS_PATH, NULL},
    {"chown", 0, MEANS_PATH, NULL},          {"chroot", 0, MEANS_PATH, NULL},
    {"clone", 0, MEANS_FLAGS, "CLONE_"},     {"creat", 0, MEANS_PATH, NULL},
    {"execve", 0, MEANS_PATH, NULL},         {"execveat", 0, MEANS_DIRECTORY, NULL},
    {"execveat", 1, MEANS_PATH, NULL},       {"faccessat", 0, MEANS_DIRECTORY, NULL},
    {"faccessat", 1, MEANS_PATH, NULL},      {"faccessat2", 0, MEANS_DIRECTORY, NULL},
    {"faccessat2", 1, MEANS_PATH, NULL},     {"fchmodat", 0, MEANS_DIRECTORY, NULL},
    {"fchmodat", 1, MEANS_PATH, NULL},       {"fchownat", 0, MEANS_DIRECTORY, NULL},
    {"fchownat", 1, MEANS_PATH, NULL},       {"fcntl", 1, MEANS_NAME, "F_"},
    {"keyctl", 0, MEANS_NAME, "KEYCTL_"},    {"kill", 1, MEANS_NAME, "SIG"},
    {"lchown", 0, MEANS_PATH, NULL},         {"link", 0, MEANS_PATH, NULL},
    {"link", 1, MEANS_PATH, NULL},           {"linkat", 0, MEANS_DIRECTORY, NULL},
    {"linkat", 1, MEANS_PATH, NULL},         {"linkat", 2, MEANS_DIRECTORY, NULL},
    {"linkat", 3, MEANS_PATH, NULL},         {"lstat", 0, MEANS_PATH, NULL},
    {"madvise", 2, MEANS_NAME, "MADV_"},     {"mkdir", 0, MEANS_PATH, NULL},
    {"mkdirat", 0, MEANS_DIRECTORY, NULL},   {"mkdirat", 1, MEANS_PATH, NULL},
    {"mknod", 0, MEANS_PATH, NULL},          {"mknodat", 0, MEANS_DIRECTORY, NULL},
    {"mknodat", 1, MEANS_PATH, NULL},        {"mmap", 2, MEANS_FLAGS, "PROT_"},
    {"mmap", 3, MEANS_FLAGS, "MAP_"},        {"mount", 0, MEANS_PATH, NULL},
    {"mount", 1, MEANS_PATH, NULL},          {"mount", 2, MEANS_PATH, NULL},
    {"mprotect", 2, MEANS_FLAGS, "PROT_"},   {"newfstatat", 0, MEANS_DIRECTORY, NULL},
    {"newfstatat", 1, MEANS_PATH, NULL},     {"open", 0, MEANS_PATH, NULL},
    {"open", 1, MEANS_FLAGS, "O_"},          {"openat", 0, MEANS_DIRECTORY, NULL},
    {"openat", 1, MEANS_PATH, NULL},         {"openat", 2, MEANS_FLAGS, "O_"},
    {"openat2", 0, MEANS_DIRECTORY, NULL},   {"openat2", 1, MEANS_PATH, NULL},
    {"pivot_root", 0, MEANS_PATH, NULL},     {"pivot_root", 1, MEANS_PATH, NULL},
    {"prctl", 0, MEANS_NAME, "PR_"},         {"ptrace", 0, MEANS_NAME, "PTRACE_"},
    {"readlink", 0, MEANS_PATH, NULL},       {"readlinkat", 0, MEANS_DIRECTORY, NULL},
    {"readlinkat", 1, MEANS_PATH, NULL},     {"rename", 0, MEANS_PATH, NULL},
    {"rename", 1, MEANS_PATH, NULL},         {"renameat", 0, MEANS_DIRECTORY, NULL},
    {"renameat", 1, MEANS_PATH, NULL},       {"renameat", 2, MEANS_DIRECTORY, NULL},
    {"renameat", 3, MEANS_PATH, NULL},       {"renameat2", 0, MEANS_DIRECTORY, NULL},
    {"renameat2", 1, MEANS_PATH, NULL},      {"renameat2", 2, MEANS_DIRECTORY, NULL},
    {"renameat2", 3, MEANS_PATH, NULL},      {"rmdir", 0, MEANS_PATH, NULL},
    {"socket", 0, MEANS_NAME, "AF_"},        {"socketpair", 0, MEANS_NAME, "AF_"},
    {"stat", 0, MEANS_PATH, NULL},           {"statx", 0, MEANS_DIRECTORY, NULL},
    {"statx", 1, MEANS_PATH, NULL},          {"symlink", 0, MEANS_PATH, NULL},
    {"symlink", 1, MEANS_PATH, NULL},        {"symlinkat", 0, MEANS_PATH, NULL},
    {"symlinkat", 1, MEANS_DIRECTORY, NULL}, {"symlinkat", 2, MEANS_PATH, NULL},
    {"tgkill", 2, MEANS_NAME, "SIG"},        {"tkill", 1, MEANS_NAME, "SIG"},
    {"truncate", 0, MEANS_PATH, NULL},       {"umount2", 0, MEANS_PATH, NULL},
    {"unlink", 0, MEANS_PATH, NULL},         {"unlinkat", 0, MEANS_DIRECTORY, NULL},
    {"unlinkat", 1, MEANS_PATH, NULL},       {"unshare", 0, MEANS_FLAGS, "CLONE_"},
};

static const struct row *find_row(const char *name, unsigned argument)
{
    for (size_t i = 0; name && i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].argument == argument && strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Small ones as the signed numbers that they mostly are. */
static void add_number(struct buffer *text, uint64_t value)
{
    int64_t narrow = value >> 32 ? (int64_t)value : (int32_t)(uint32_t)value;
    if (narrow > -4096 && narrow < 4096) {
        buffer_printf(text, "%" PRId64, narrow);
    } else {
        buffer_printf(text, "0x%" PRIx64, value);
    }
}

static void add_path(struct buffer *text, uint64_t address, pid_t thread)
{
    char bytes[TEXT_MOST];
    size_t got = address ? watch_read(thread, address, bytes, sizeof bytes) : 0;
    if (!got) {
        add_number(text, address);
        return;
    }
    size_t length = strnlen(bytes, got);
    buffer_printf(text, "\"");
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        buffer_printf(text, c == '"' || c == '\\' ? "\\%c" : "%c", c >= 0x20 && c < 0x7f ? c : '?');
    }
    buffer_printf(text, length == got ? "\"..." : "\"");
}

/* Bit by bit; what has no name is added as a number. */
static void add_flags(struct buffer *text, const struct abi *abi, const char *prefix,
                      uint64_t value)
{
    uint64_t rest = value;
    const char *separator = "";
    for (unsigned i = 0; i < 32; i++) {
        uint64_t bit = UINT64_C(1) << i;
        const char *name = value & bit ? constant_name(abi, prefix, bit) : NULL;
        if (name) {
            buffer_printf(text, "%s%s", separator, name);
            separator = "|";
            rest &= ~bit;
        }
    }
    const char *none = value ? NULL : constant_name(abi, prefix, 0);
    if (none) {
        buffer_printf(text, "%s", none);
    } else if (rest || !value) {
        buffer_printf(text, "%s", separator);
        add_number(text, rest);
    }
}

static void add_argument(struct buffer *text, const struct abi *abi, const struct row *row,
                         uint64_t value, pid_t thread)
{
    const char *name = NULL;
    switch (row->meaning) {
    case MEANS_PATH:
        add_path(text, value, thread);
        return;
    case MEANS_FLAGS:
        add_flags(text, abi, row->prefix, value);
        return;
    case MEANS_DIRECTORY:
        name = (int32_t)(uint32_t)value == -100 ? "AT_FDCWD" : NULL; /* linux/fcntl.h */
        break;
    case MEANS_NAME:
        name = constant_name(abi, row->prefix, (uint32_t)value);
        break;
    }
    if (name) {
        buffer_printf(text, "%s", name);
    } else {
        add_number(text, value);
    }
}

char *watch_arguments(const struct abi *abi, const char *name, const struct seccomp_data *call,
                      pid_t thread)
{
    const struct width_row *widths = name ? width_row_find(name) : NULL;
    size_t count = widths ? strlen(widths->widths) : ARGUMENTS;
    struct buffer text = {0};
    for (unsigned i = 0; i < count && i < ARGUMENTS; i++) {
        const struct row *row = find_row(name, i);
        buffer_printf(&text, "%s", i ? ", " : "");
        if (row) {
            add_argument(&text, abi, row, call->args[i], thread);
        } else {
            add_number(&text, call->args[i]);
        }
    }
    return buffer_steal_text(&text);
}
