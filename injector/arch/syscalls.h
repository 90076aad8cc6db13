/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls, private to this room: one row a name, one column an ABI. */
#ifndef ELFCAGE_ARCH_SYSCALLS_H
#define ELFCAGE_ARCH_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

enum syscall_column {
    COLUMN_X86_64,
    COLUMN_I386,
    COLUMN_AARCH64,
    COLUMN_ARM,
    COLUMN_RISCV64,
    COLUMNS
};

struct syscall_row {
    const char *name;
    int32_t numbers[COLUMNS]; /* NONE where the ABI lacks the call */
};

enum { NONE = -1 };

extern const struct syscall_row syscall_rows[]; /* sorted by name */
extern const size_t syscall_row_count;

#endif
