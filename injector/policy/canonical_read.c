/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form: reading. canonical.c describes the form.
 *
 * A text from a payload is hostile: canonical_parse() takes it only if printing what was read gives
 * the same bytes, so order, spacing and repetition need no check of their own. A text from a user
 * (policy_parse()) may be spelt otherwise, as an editor or jq leaves it, but means the same.
 */
#include "base/memory.h"
#include "policy/canonical.h"
#include "policy/fields.h"
#include "policy/internal.h"

#include <string.h>

#define MAX_RESOLVED_ABIS 16u

static int expect_name(const struct canonical_reader *r, const struct json_value *place,
                       const char *name, bool is_key)
{
    if (policy_name_is_valid(name)) {
        return 0;
    }
    return (is_key ? fail_key : fail_value)(
        r->file, place, r->error, "'%.80s' is not a name: letters, digits and '_' only", name);
}

static int expect_action(const struct canonical_reader *r, const struct json_value *place,
                         const char *text, bool is_key, struct action *action)
{
    if (action_parse(text, action)) {
        return 0;
    }
    return (is_key ? fail_key : fail_value)(
        r->file, place, r->error,
        "'%.80s' is not an action: allow, log, errno:NAME, trap:N, trace:N, kill-thread, "
        "kill-process",
        text);
}

static struct place place_of(const struct canonical_reader *r, size_t line, size_t column)
{
    return (struct place){.file = r->place_file, .line = line, .column = column};
}

/* Refuses a name that has rules already, and too many names. */
static int expect_new(const struct canonical_reader *r, const struct json_value *place,
                      const char *name, bool is_key)
{
    if (expect_name(r, place, name, is_key) < 0) {
        return -1;
    }
    if (policy_find(r->policy, name)) {
        return (is_key ? fail_key : fail_value)(r->file, place, r->error,
                                                "'%s' for the second time: name it once", name);
    }
    if (r->policy->syscall_count == POLICY_MAX_SYSCALLS) {
        return (is_key ? fail_key : fail_value)(
            r->file, place, r->error, "more than 4096 system calls: no filter could hold them");
    }
    return 0;
}

static int read_head(struct canonical_reader *r, const struct json_value *root)
{
    static const char *const keys[] = {"elfcage-policy", "default",      "flags",
                                       "audit",          "enosys-above", "abis",
                                       "plain",          "rules",        "resolved"};
    if (expect_keys(r->file, root, keys, sizeof keys / sizeof *keys, "a canonical policy",
                    r->error) < 0) {
        return -1;
    }
    const struct json_value *version = json_find(root, "elfcage-policy");
    uint64_t number = 0;
    if (expect_uint(r->file, version, UINT32_MAX, &number, r->error) < 0) {
        return -1;
    }
    if (number != 1 && number != 2) {
        return fail_value(r->file, version, r->error,
                          "version %s of the canonical form: this elfcage reads versions 1 and 2",
                          version->text);
    }
    const struct json_value *action = json_find(root, "default");
    if (!action) {
        return fail_value(r->file, root, r->error, "no 'default': say what the other calls get");
    }
    if (expect_kind(r->file, action, JSON_STRING, r->error) < 0) {
        return -1;
    }
    return expect_action(r, action, action->text, false, &r->policy->default_action);
}

static int read_flags(struct canonical_reader *r, const struct json_value *flags)
{
    if (!flags) {
        return 0;
    }
    if (expect_kind(r->file, flags, JSON_ARRAY, r->error) < 0) {
        return -1;
    }
    for (const struct json_value *v = json_first(flags); v; v = json_next(flags, v)) {
        if (expect_kind(r->file, v, JSON_STRING, r->error) < 0) {
            return -1;
        }
        uint32_t value = 0;
        for (size_t i = 0; i < CANONICAL_FLAG_COUNT; i++) {
            value |= strcmp(v->text, canonical_flags[i].name) == 0 ? canonical_flags[i].value : 0;
        }
        if (!value) {
            return fail_value(r->file, v, r->error, "'%.60s' is not a flag: LOG or SPEC_ALLOW",
                              v->text);
        }
        r->policy->flags |= value;
    }
    return 0;
}

static int read_enosys(struct canonical_reader *r, const struct json_value *which)
{
    if (!which) {
        return 0;
    }
    if (expect_kind(r->file, which, JSON_STRING, r->error) < 0) {
        return -1;
    }
    if (strcmp(which->text, "profile") == 0) {
        r->policy->enosys_above = ENOSYS_ABOVE_PROFILE;
    } else if (strcmp(which->text, "none") == 0) {
        r->policy->enosys_above = ENOSYS_ABOVE_NONE;
    } else if (strcmp(which->text, "table") != 0) {
        return fail_value(r->file, which, r->error,
                          "'%.60s': 'enosys-above' is table, profile or none", which->text);
    }
    return 0;
}

/* An audit denies nothing: what is left to it is how elfcage's own refusals are treated. */
static int read_audit(struct canonical_reader *r, const struct json_value *audit)
{
    if (!audit) {
        return 0;
    }
    if (expect_kind(r->file, audit, JSON_BOOLEAN, r->error) < 0) {
        return -1;
    }
    bool denies = action_denies(r->policy->default_action);
    for (size_t i = 0; i < r->policy->syscall_count && !denies; i++) {
        const struct syscall_rules *s = &r->policy->syscalls[i];
        for (size_t k = 0; k < s->rule_count && !denies; k++) {
            denies = action_denies(s->rules[k].action);
        }
    }
    if (audit->boolean && denies) {
        return fail_key(r->file, audit, r->error,
                        "'audit' in a policy that denies: an audit only logs, remove it");
    }
    r->policy->audit = audit->boolean;
    return 0;
}

static int read_abis(struct canonical_reader *r, const struct json_value *abis)
{
    if (!abis) {
        return 0;
    }
    if (expect_kind(r->file, abis, JSON_ARRAY, r->error) < 0) {
        return -1;
    }
    if (abis->count > 64) {
        return fail_value(r->file, abis, r->error, "more than 64 ABIs: remove some");
    }
    for (const struct json_value *v = json_first(abis); v; v = json_next(abis, v)) {
        if (expect_kind(r->file, v, JSON_STRING, r->error) < 0 ||
            expect_name(r, v, v->text, false) < 0) {
            return -1;
        }
        policy_add_abi(r->policy, v->text);
    }
    return 0;
}

static int read_plain(struct canonical_reader *r, const struct json_value *plain)
{
    if (!plain) {
        return 0;
    }
    if (expect_kind(r->file, plain, JSON_OBJECT, r->error) < 0) {
        return -1;
    }
    for (const struct json_value *m = json_first(plain); m; m = json_next(plain, m)) {
        struct action action;
        if (expect_action(r, m, m->key, true, &action) < 0 ||
            expect_kind(r->file, m, JSON_ARRAY, r->error) < 0) {
            return -1;
        }
        for (const struct json_value *v = json_first(m); v; v = json_next(m, v)) {
            if (expect_kind(r->file, v, JSON_STRING, r->error) < 0 ||
                expect_new(r, v, v->text, false) < 0) {
                return -1;
            }
            policy_add_rule(r->policy, v->text, NULL, 0, action, place_of(r, v->line, v->column));
        }
    }
    return 0;
}

/* Conditions with their first values; `last` is the last one as it is written. */
static int read_conditions(struct canonical_reader *r, const struct json_value *list,
                           const char *name, struct condition *conditions, size_t *count,
                           struct canonical_condition *last)
{
    if (!list) {
        return 0;
    }
    if (expect_kind(r->file, list, JSON_ARRAY, r->error) < 0) {
        return -1;
    }
    if (list->count > POLICY_MAX_CONDITIONS) {
        return fail_value(r->file, list, r->error, "more than 64 conditions: split the rule");
    }
    for (const struct json_value *v = json_first(list); v; v = json_next(list, v)) {
        if (*count > 0) {
            const struct json_value *second = json_next(last->list, last->first_value);
            if (second) {
                return fail_value(r->file, second, r->error,
                                  "a second value in a condition that is not the last: put that "
                                  "condition last, or write a rule for each value");
            }
        }
        if (canonical_read_condition(r, v, name, last, &conditions[*count]) < 0) {
            return -1;
        }
        (*count)++;
    }
    return 0;
}

static int add_rule(struct canonical_reader *r, const struct json_value *place, const char *name,
                    const struct condition *conditions, size_t count, struct action action)
{
    if (++r->rules > POLICY_MAX_RULES) {
        return fail_value(r->file, place, r->error,
                          "more than 4096 rules: no filter could hold them");
    }
    policy_add_rule(r->policy, name, conditions, count, action,
                    place_of(r, place->line, place->column));
    return 0;
}

/* One rule, or one for each value of its last condition. */
static int read_rule(struct canonical_reader *r, const struct json_value *value, const char *name)
{
    static const char *const keys[] = {"if", "do"};
    if (expect_kind(r->file, value, JSON_OBJECT, r->error) < 0 ||
        expect_keys(r->file, value, keys, 2, "a rule", r->error) < 0) {
        return -1;
    }
    const struct json_value *text = json_find(value, "do");
    if (!text) {
        return fail_value(r->file, value, r->error, "a rule without 'do': say what it does");
    }
    struct action action;
    if (expect_kind(r->file, text, JSON_STRING, r->error) < 0 ||
        expect_action(r, text, text->text, false, &action) < 0) {
        return -1;
    }
    struct condition conditions[POLICY_MAX_CONDITIONS];
    struct canonical_condition last = {0};
    size_t count = 0;
    if (read_conditions(r, json_find(value, "if"), name, conditions, &count, &last) < 0 ||
        add_rule(r, value, name, conditions, count, action) < 0) {
        return -1;
    }
    const struct json_value *next = count ? json_next(last.list, last.first_value) : NULL;
    for (; next; next = json_next(last.list, next)) {
        if (canonical_read_value(r, &last, next, &conditions[count - 1]) < 0 ||
            add_rule(r, next, name, conditions, count, action) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_rules(struct canonical_reader *r, const struct json_value *rules)
{
    if (!rules) {
        return 0;
    }
    if (expect_kind(r->file, rules, JSON_OBJECT, r->error) < 0) {
        return -1;
    }
    for (const struct json_value *m = json_first(rules); m; m = json_next(rules, m)) {
        if (expect_new(r, m, m->key, true) < 0 ||
            expect_kind(r->file, m, JSON_ARRAY, r->error) < 0) {
            return -1;
        }
        if (!m->count) {
            return fail_value(r->file, m, r->error, "'%s' has no rule: remove it", m->key);
        }
        for (const struct json_value *v = json_first(m); v; v = json_next(m, v)) {
            if (read_rule(r, v, m->key) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct resolved_name *left = a;
    const struct resolved_name *right = b;
    return strcmp(left->name, right->name);
}

static int read_numbers(struct canonical_reader *r, const struct json_value *numbers,
                        struct resolved_abi *abi)
{
    if (!numbers) {
        return 0;
    }
    if (expect_kind(r->file, numbers, JSON_OBJECT, r->error) < 0) {
        return -1;
    }
    if (numbers->count > POLICY_MAX_SYSCALLS) {
        return fail_value(r->file, numbers, r->error,
                          "more than 4096 numbers: no filter could hold them");
    }
    size_t capacity = 0;
    uint64_t number = 0;
    for (const struct json_value *m = json_first(numbers); m; m = json_next(numbers, m)) {
        if (expect_name(r, m, m->key, true) < 0 ||
            expect_uint(r->file, m, UINT32_MAX, &number, r->error) < 0) {
            return -1;
        }
        struct resolved_name *slot =
            memory_append(&abi->names, &abi->name_count, &capacity, sizeof *abi->names);
        *slot = (struct resolved_name){.name = memory_strdup(m->key), .number = (uint32_t)number};
    }
    if (abi->name_count) {
        qsort(abi->names, abi->name_count, sizeof *abi->names, compare_names);
    }
    return 0;
}

static int read_resolved_abi(struct canonical_reader *r, const struct json_value *object,
                             struct resolved_abi *abi)
{
    static const char *const keys[] = {"abi", "ceiling", "numbers"};
    if (expect_kind(r->file, object, JSON_OBJECT, r->error) < 0 ||
        expect_keys(r->file, object, keys, sizeof keys / sizeof *keys, "a resolved ABI", r->error) <
            0) {
        return -1;
    }
    const struct json_value *name = json_find(object, "abi");
    const struct json_value *ceiling = json_find(object, "ceiling");
    if (!name) {
        return fail_value(r->file, object, r->error,
                          "a resolved ABI without 'abi': say which it is");
    }
    if (expect_kind(r->file, name, JSON_STRING, r->error) < 0 ||
        expect_name(r, name, name->text, false) < 0) {
        return -1;
    }
    abi->name = memory_strdup(name->text);
    uint64_t number = UINT32_MAX;
    if (ceiling && expect_uint(r->file, ceiling, UINT32_MAX, &number, r->error) < 0) {
        return -1;
    }
    abi->ceiling = (uint32_t)number;
    return read_numbers(r, json_find(object, "numbers"), abi);
}

static int read_resolution(struct canonical_reader *r, const struct json_value *list,
                           struct resolution *resolution)
{
    if (!list) {
        return 0;
    }
    if (expect_kind(r->file, list, JSON_ARRAY, r->error) < 0) {
        return -1;
    }
    if (list->count > MAX_RESOLVED_ABIS) {
        return fail_value(r->file, list, r->error,
                          "more than 16 resolved ABIs: no target has so "
                          "many");
    }
    resolution->abis = memory_zeroed(list->count, sizeof *resolution->abis);
    for (const struct json_value *v = json_first(list); v; v = json_next(list, v)) {
        struct resolved_abi *abi = &resolution->abis[resolution->abi_count++];
        if (read_resolved_abi(r, v, abi) < 0) {
            return -1;
        }
        for (size_t i = 0; i + 1 < resolution->abi_count; i++) {
            if (strcmp(resolution->abis[i].name, abi->name) == 0) {
                return fail_value(r->file, v, r->error, "ABI '%s' is resolved twice: keep one",
                                  abi->name);
            }
        }
    }
    return 0;
}

int canonical_read(const char *file, const struct json_value *root, struct policy **out,
                   struct resolution *resolution, struct policy_notes *notes, struct error *error)
{
    struct policy *policy = policy_new((struct action){0});
    struct resolution read = {0};
    struct canonical_reader r = {.file = file,
                                 .place_file = policy_add_file(policy, file),
                                 .policy = policy,
                                 .notes = notes,
                                 .error = error};
    if (read_head(&r, root) < 0 || read_flags(&r, json_find(root, "flags")) < 0 ||
        read_enosys(&r, json_find(root, "enosys-above")) < 0 ||
        read_abis(&r, json_find(root, "abis")) < 0 ||
        read_plain(&r, json_find(root, "plain")) < 0 ||
        read_rules(&r, json_find(root, "rules")) < 0 ||
        read_audit(&r, json_find(root, "audit")) < 0 ||
        read_resolution(&r, json_find(root, "resolved"), &read) < 0) {
        policy_free(policy);
        resolution_free(&read);
        return -1;
    }
    *out = policy;
    if (resolution) {
        *resolution = read;
    } else {
        resolution_free(&read);
    }
    return 0;
}

/* Is `text` what canonical_print() makes of what it says? The place of the first difference else.
 */
static int expect_spelling(const char *file, const char *text, size_t size,
                           const struct policy *policy, const struct resolution *resolution,
                           struct error *error)
{
    CLEANUP_FREE char *wanted = canonical_print(policy, resolution);
    size_t wanted_size = strlen(wanted);
    if (wanted_size == size && memcmp(wanted, text, size) == 0) {
        return 0;
    }
    size_t line = 1;
    size_t line_start = 0;
    size_t at = 0;
    for (; at < size && at < wanted_size && text[at] == wanted[at]; at++) {
        if (text[at] == '\n') {
            line++;
            line_start = at + 1;
        }
    }
    return error_text(error, ERROR_POLICY, file, line, at - line_start + 1,
                      "not the canonical spelling: this text was not written by elfcage, or was "
                      "changed since");
}

int canonical_parse(const char *file, const char *text, size_t size, struct policy **out,
                    struct resolution *resolution, struct error *error)
{
    if (size > POLICY_MAX_BYTES) {
        return error_file(error, ERROR_POLICY, file, "larger than 16 MiB: this is no policy");
    }
    struct json *json = NULL;
    if (json_parse(file, text, size, &json, error) < 0) {
        return -1;
    }
    struct policy *policy = NULL;
    struct resolution read = {0};
    const struct json_value *root = json_root(json);
    int result;
    if (!json_find(root, "elfcage-policy")) {
        result = fail_value(file, root, error,
                            "no 'elfcage-policy': this is not the canonical form of a policy");
    } else {
        result = canonical_read(file, root, &policy, &read, NULL, error);
    }
    json_free(json);
    if (result == 0 && expect_spelling(file, text, size, policy, &read, error) < 0) {
        policy_free(policy);
        resolution_free(&read);
        result = -1;
    }
    if (result == 0) {
        *out = policy;
        if (resolution) {
            *resolution = read;
        } else {
            resolution_free(&read);
        }
    }
    return result;
}
