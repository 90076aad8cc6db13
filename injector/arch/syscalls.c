/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and numbers of system calls. The rows are syscalls_data.c, made by generate_syscalls.py;
 * here is how they are searched. A name has at most one number in an ABI, a number at most one
 * name; a row without any number is a call that only architectures have that are not ours.
 */
#include "arch/syscalls.h"
#include "arch/arch.h"

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

#define SUGGEST_LONGEST 64u /* longer than any name */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance with swapped neighbours counted once; both texts are short. */
static size_t distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    size_t rows[3][SUGGEST_LONGEST + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *current = rows[2];
    for (size_t j = 0; j <= b_length; j++) {
        last[j] = j;
        before[j] = 0;
    }
    for (size_t i = 1; i <= a_length; i++) {
        current[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            current[j] = smallest(last[j] + 1, current[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < current[j]) {
                current[j] = before[j - 2] + 1;
            }
        }
        size_t *reused = before;
        before = last;
        last = current;
        current = reused;
    }
    return last[b_length];
}

const char *syscall_name_suggest(const char *name)
{
    size_t length = strlen(name);
    if (length >= SUGGEST_LONGEST) {
        return NULL;
    }
    size_t limit = length < 4 ? 1 : length < 9 ? 2 : 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < syscall_row_count; i++) {
        size_t far = distance(name, syscall_rows[i].name);
        if (far <= limit) {
            nearest = syscall_rows[i].name;
            if (far == 0) {
                break;
            }
            limit = far - 1;
        }
    }
    return nearest;
}

const char *syscall_table_version(void)
{
    return "6.18";
}
