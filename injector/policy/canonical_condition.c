/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form: reading a condition. canonical.c describes the form.
 */
#include "policy/canonical.h"
#include "policy/fields.h"
#include "policy/internal.h"
#include "policy/widths.h"

#include <string.h>

static int read_operator(const struct canonical_reader *r, const struct json_value *value,
                         enum compare *compare)
{
    if (expect_kind(r->file, value, JSON_STRING, r->error) < 0) {
        return -1;
    }
    for (size_t i = 0; i < CANONICAL_OPERATOR_COUNT; i++) {
        if (strcmp(value->text, canonical_operators[i]) == 0) {
            *compare = (enum compare)i;
            return 0;
        }
    }
    return fail_value(r->file, value, r->error, "'%.20s' is not an operator: == != < <= > >= &",
                      value->text);
}

/* Takes [argument, width, operator, value...] or [argument, width, "&", mask, value...] apart. */
static int read_parts(const struct canonical_reader *r, const struct json_value *list,
                      struct canonical_condition *out)
{
    if (expect_kind(r->file, list, JSON_ARRAY, r->error) < 0) {
        return -1;
    }
    if (list->count < 4) {
        return fail_value(r->file, list, r->error,
                          "a condition of %zu elements: write [argument, width, operator, value]",
                          list->count);
    }
    const struct json_value *argument = json_first(list);
    const struct json_value *width = json_next(list, argument);
    const struct json_value *compare = json_next(list, width);
    const struct json_value *rest = json_next(list, compare);
    struct canonical_condition c = {.list = list, .first_value = rest};
    uint64_t number = 0;
    if (expect_uint(r->file, argument, POLICY_ARGUMENTS - 1, &number, r->error) < 0) {
        return -1;
    }
    c.condition.argument = (uint8_t)number;
    if (expect_uint(r->file, width, 64, &number, r->error) < 0) {
        return -1;
    }
    if (number != 32 && number != 64) {
        return fail_value(r->file, width, r->error, "width %s: it is 32 or 64", width->text);
    }
    c.condition.width = (uint8_t)number;
    if (read_operator(r, compare, &c.condition.compare) < 0) {
        return -1;
    }
    if (c.condition.compare == COMPARE_MASKED_EQ) {
        c.mask = rest;
        c.first_value = json_next(list, rest);
        if (!c.first_value) {
            return fail_value(r->file, list, r->error,
                              "'&' with one number: write [argument, width, \"&\", mask, value]");
        }
    }
    *out = c;
    return 0;
}

int canonical_read_value(const struct canonical_reader *r,
                         const struct canonical_condition *written, const struct json_value *value,
                         struct condition *out)
{
    struct condition c = written->condition;
    uint64_t highest = c.width == 32 ? UINT32_MAX : UINT64_MAX;
    const struct json_value *mask = written->mask;
    if ((mask && expect_uint(r->file, mask, highest, &c.mask, r->error) < 0) ||
        expect_uint(r->file, value, highest, &c.value, r->error) < 0) {
        return -1;
    }
    if (mask && (c.value & ~c.mask)) {
        return fail_value(r->file, value, r->error,
                          "%s has bits that the mask %s lacks: it can never hold", value->text,
                          mask->text);
    }
    *out = c;
    return 0;
}

/* The text says which bits are compared, and they are: but it is said where they are not those that
   the kernel consumes, as far as the table of widths knows the call. */
static void note_width(const struct canonical_reader *r, const char *name,
                       const struct json_value *place, const struct condition *c)
{
    unsigned consumed = argument_width(name, c->argument);
    uint32_t kept = argument_kept(name, c->argument);
    bool masked = c->compare == COMPARE_MASKED_EQ;
    if (!consumed && width_row_find(name)) {
        policy_note(r->notes,
                    "%s:%zu:%zu: argument %u of '%s' is compared, of which it is not known how "
                    "many bits the kernel consumes",
                    r->file, place->line, place->column, (unsigned)c->argument, name);
    } else if (consumed && consumed != c->width && !argument_depends(name, c->argument)) {
        policy_note(r->notes,
                    "%s:%zu:%zu: argument %u of '%s' is compared as %u bits, the kernel "
                    "consumes %u",
                    r->file, place->line, place->column, (unsigned)c->argument, name,
                    (unsigned)c->width, consumed);
    } else if (kept != UINT32_MAX && !(masked && (c->mask & ~(uint64_t)kept) == 0)) {
        policy_note(r->notes,
                    "%s:%zu:%zu: argument %u of '%s' is compared in more than the %u bits that "
                    "the kernel consumes",
                    r->file, place->line, place->column, (unsigned)c->argument, name,
                    (unsigned)__builtin_popcount(kept));
    }
}

int canonical_read_condition(const struct canonical_reader *r, const struct json_value *value,
                             const char *name, struct canonical_condition *written,
                             struct condition *out)
{
    if (read_parts(r, value, written) < 0 ||
        canonical_read_value(r, written, written->first_value, out) < 0) {
        return -1;
    }
    note_width(r, name, json_next(value, json_first(value)), out);
    return 0;
}
