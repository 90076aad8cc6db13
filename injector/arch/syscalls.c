/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and numbers of system calls. The rows are syscalls_data.c, made by generate_syscalls.py;
 * here is how they are searched. A name has at most one number in an ABI, a number at most one
 * name; a row without any number is a call that only architectures have that are not ours.
 */
#include "arch/syscalls.h"
#include "arch/arch.h"
#include "base/memory.h"
#include "base/text.h"

#include <linux/audit.h>
#include <string.h>

/* The numbers that arm's kernel keeps for itself: breakpoint, cacheflush, set_tls, ... */
#define ARM_PRIVATE_FIRST 0x0f0000u

/* COLUMNS for an ABI without a column: x32, whose numbers no filter of ours names. */
static enum syscall_column column_of(const struct abi *abi)
{
    if (strcmp(abi->name, "x32") == 0) {
        return COLUMNS;
    }
    switch (abi->audit_architecture) {
    case AUDIT_ARCH_X86_64:
        return COLUMN_X86_64;
    case AUDIT_ARCH_I386:
        return COLUMN_I386;
    case AUDIT_ARCH_AARCH64:
        return COLUMN_AARCH64;
    case AUDIT_ARCH_ARM:
        return COLUMN_ARM;
    case AUDIT_ARCH_RISCV64:
        return COLUMN_RISCV64;
    default:
        return COLUMNS;
    }
}

static const struct syscall_row *find_row(const char *name)
{
    size_t low = 0;
    size_t high = syscall_row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, syscall_rows[middle].name);
        if (order == 0) {
            return &syscall_rows[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

bool abi_syscall_number(const struct abi *abi, const char *name, uint32_t *number)
{
    enum syscall_column column = column_of(abi);
    const struct syscall_row *row = find_row(name);
    if (column == COLUMNS || row == NULL || row->numbers[column] == NONE) {
        return false;
    }
    *number = (uint32_t)row->numbers[column];
    return true;
}

const char *abi_syscall_name(const struct abi *abi, uint32_t number)
{
    enum syscall_column column = column_of(abi);
    if (column == COLUMNS || number > INT32_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < syscall_row_count; i++) {
        if (syscall_rows[i].numbers[column] == (int32_t)number) {
            return syscall_rows[i].name;
        }
    }
    return NULL;
}

uint32_t abi_highest_number(const struct abi *abi)
{
    enum syscall_column column = column_of(abi);
    uint32_t highest = 0;
    for (size_t i = 0; column != COLUMNS && i < syscall_row_count; i++) {
        int32_t number = syscall_rows[i].numbers[column];
        if (number != NONE && (uint32_t)number > highest &&
            !abi_number_is_private(abi, (uint32_t)number)) {
            highest = (uint32_t)number;
        }
    }
    return highest;
}

bool abi_number_is_private(const struct abi *abi, uint32_t number)
{
    return column_of(abi) == COLUMN_ARM && number >= ARM_PRIVATE_FIRST;
}

bool syscall_name_is_known(const char *name)
{
    return find_row(name) != NULL;
}

const char *syscall_name_suggest(const char *name)
{
    struct text_search search = text_search(name);
    for (size_t i = 0; i < syscall_row_count; i++) {
        text_offer(&search, syscall_rows[i].name);
    }
    return search.nearest;
}

char *syscall_name_complaint(const char *name)
{
    const char *near = syscall_name_suggest(name);
    return near ? memory_printf("unknown system call \"%s\": did you mean \"%s\"?", name, near)
                : memory_printf("unknown system call \"%s\": no architecture has it, see \"man 2 "
                                "syscalls\"",
                                name);
}

const char *syscall_table_version(void)
{
    return "6.18";
}
