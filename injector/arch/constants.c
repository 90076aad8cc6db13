/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in constants_data.c: by name a binary search, by value one walk. */
#include "arch/constants.h"
#include "arch/constants_table.h"
#include "base/text.h"

#include <linux/audit.h>
#include <string.h>

/* x32 has x86_64's; CONSTANT_COLUMNS for an ABI without a column. */
static enum constant_column column_of(const struct abi *abi)
{
    switch (abi->audit_architecture) {
    case AUDIT_ARCH_X86_64:
        return CONSTANTS_X86_64;
    case AUDIT_ARCH_I386:
        return CONSTANTS_I386;
    case AUDIT_ARCH_AARCH64:
        return CONSTANTS_AARCH64;
    case AUDIT_ARCH_ARM:
        return CONSTANTS_ARM;
    case AUDIT_ARCH_RISCV64:
        return CONSTANTS_RISCV64;
    default:
        return CONSTANT_COLUMNS;
    }
}

/* The first row whose name is not less than `name`. */
static size_t lower_bound(const char *name)
{
    size_t low = 0;
    size_t high = constant_row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(constant_rows[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct constant_row *find_row(const char *name)
{
    size_t at = lower_bound(name);
    return at < constant_row_count && strcmp(constant_rows[at].name, name) == 0 ? &constant_rows[at]
                                                                                : NULL;
}

static bool row_value(const struct constant_row *row, enum constant_column column, uint64_t *value)
{
    if (column == CONSTANT_COLUMNS || !(row->present >> column & 1)) {
        return false;
    }
    *value = row->differing ? constant_differing[row->differing - 1][column] : row->value;
    return true;
}

bool constant_value(const struct abi *abi, const char *name, uint64_t *value)
{
    const struct constant_row *row = find_row(name);
    return row && row_value(row, column_of(abi), value);
}

bool constant_name_is_known(const char *name)
{
    return find_row(name) != NULL;
}

const char *constant_name_suggest(const char *name)
{
    struct text_search search = text_search(name);
    for (size_t i = 0; i < constant_row_count; i++) {
        text_offer(&search, constant_rows[i].name);
    }
    return search.nearest;
}

const char *constant_name(const struct abi *abi, const char *prefix, uint64_t value)
{
    enum constant_column column = column_of(abi);
    size_t length = strlen(prefix);
    for (size_t i = lower_bound(prefix);
         i < constant_row_count && strncmp(constant_rows[i].name, prefix, length) == 0; i++) {
        uint64_t found;
        if (row_value(&constant_rows[i], column, &found) && found == value) {
            return constant_rows[i].name;
        }
    }
    return NULL;
}
