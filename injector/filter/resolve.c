/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From policy to table, in two steps: a resolution (which ABIs, which numbers, which ceilings) is
 * made from the name table, or from a record in a payload, which is checked; then a table is made
 * from policy and resolution alone, in one way for both. Here a resolution has all numbers; its
 * record has those that do not follow from the name.
 *
 * Which ABIs are covered:
 *   - the policy names ABIs: those of the target's that it names. The native one must be among
 * them.
 *   - it names none, and its default denies: the native one.
 *   - it names none, and its default denies nothing: every one, since what a policy denies is
 *     denied whatever ABI it is asked through.
 * An ABI that is not covered is refused: by the default if that denies, else with ENOSYS.
 */
#include "filter/carry.h"
#include "filter/ranges.h"
#include "filter/table.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "policy/policy.h"

#include <string.h>

/* Every table of names that was ever published is complete up to this number, in every ABI. So a
   record has no numbers up to here: they follow from the names, whichever elfcage reads it. */
#define ALWAYS_KNOWN_NUMBER 469u

/* Numbers from here on are x32's, or nobody's. */
#define NO_NUMBER 0x40000000u

static bool names_abi(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->abi_count; i++) {
        if (strcmp(policy->abis[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool covers(const struct policy *policy, const struct arch *arch, const struct abi *abi)
{
    if (policy->abi_count > 0) {
        return names_abi(policy, abi->name);
    }
    return abi == arch->abis[0] || !action_denies(policy->default_action);
}

static int check_policy(const struct policy *policy, const struct arch *arch, struct error *error)
{
    if (!covers(policy, arch, arch->abis[0])) {
        return error_set(error, ERROR_POLICY,
                         "the policy names ABIs, but not %s, which the target is: name it too",
                         arch->abis[0]->name);
    }
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *rules = &policy->syscalls[i];
        if (rules->rule_count == 0 || syscall_name_is_known(rules->name)) {
            continue;
        }
        CLEANUP_FREE char *complaint = syscall_name_complaint(rules->name);
        struct place place = rules->rules[0].place;
        if (place.line == 0) {
            return error_set(error, ERROR_POLICY, "%s", complaint);
        }
        return error_text(error, ERROR_POLICY, place.file, place.line, place.column, "%s",
                          complaint);
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct resolved_name *left = a;
    const struct resolved_name *right = b;
    return strcmp(left->name, right->name);
}

static const struct resolved_name *find_name(const struct resolved_abi *abi, const char *name)
{
    union {
        const char *borrowed;
        char *unused;
    } key = {.borrowed = name};
    struct resolved_name wanted = {.name = key.unused};
    if (abi->name_count == 0) {
        return NULL;
    }
    return bsearch(&wanted, abi->names, abi->name_count, sizeof *abi->names, compare_names);
}

/* Is that number of a name in every table that was ever published? */
static bool is_always_known(const struct abi *abi, uint32_t number)
{
    return number <= ALWAYS_KNOWN_NUMBER || abi_number_is_private(abi, number);
}

static void add_number(struct resolved_abi *out, size_t *capacity, const char *name,
                       uint32_t number)
{
    struct resolved_name *added =
        memory_append(&out->names, &out->name_count, capacity, sizeof *added);
    added->name = memory_strdup(name);
    added->number = number;
}

/* The name's number by our table; `always`: only if every table has it. */
static void add_name(struct resolved_abi *out, size_t *capacity, const struct abi *abi,
                     const char *name, bool always)
{
    uint32_t number = 0;
    if (abi_syscall_number(abi, name, &number) && (!always || is_always_known(abi, number))) {
        add_number(out, capacity, name, number);
    }
}

/* Sorted by name, each once. */
static void sort_names(struct resolved_abi *abi)
{
    if (abi->name_count == 0) {
        return;
    }
    qsort(abi->names, abi->name_count, sizeof *abi->names, compare_names);
    size_t kept = 1;
    for (size_t i = 1; i < abi->name_count; i++) {
        if (strcmp(abi->names[i].name, abi->names[kept - 1].name) == 0) {
            free(abi->names[i].name);
        } else {
            abi->names[kept++] = abi->names[i];
        }
    }
    abi->name_count = kept;
}

/* The highest number that the policy itself names in the ABI, by the record; false if none. */
static bool highest_named(const struct policy *policy, const struct abi *abi,
                          const struct resolved_abi *record, uint32_t *highest)
{
    bool found = false;
    for (size_t i = 0; i < record->name_count; i++) {
        uint32_t number = record->names[i].number;
        if (policy_find(policy, record->names[i].name) != NULL &&
            !abi_number_is_private(abi, number) && (!found || number > *highest)) {
            *highest = number;
            found = true;
        }
    }
    return found;
}

static uint32_t ceiling_of(const struct policy *policy, const struct abi *abi,
                           const struct resolved_abi *record)
{
    uint32_t ceiling = abi_highest_number(abi);
    if (!action_denies(policy->default_action) || policy->enosys_above == ENOSYS_ABOVE_NONE) {
        return UINT32_MAX;
    }
    if (policy->enosys_above == ENOSYS_ABOVE_PROFILE) {
        highest_named(policy, abi, record, &ceiling);
    }
    return ceiling;
}

/* Names of the policy, and those of the ways that its denials are carried over to. */
static void add_names(const struct policy *policy, const struct abi *abi, bool always,
                      struct resolved_abi *out, size_t *capacity)
{
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *rules = &policy->syscalls[i];
        add_name(out, capacity, abi, rules->name, always);
        for (size_t k = 0; k < abi->way_count && rules_deny(rules); k++) {
            if (strcmp(abi->ways[k].name, rules->name) == 0) {
                add_name(out, capacity, abi, abi->ways[k].way, always);
            }
        }
    }
}

static void resolve_abi(const struct policy *policy, const struct abi *abi,
                        struct resolved_abi *out)
{
    size_t capacity = 0;
    out->name = memory_strdup(abi->name);
    add_names(policy, abi, false, out, &capacity);
    sort_names(out);
    out->ceiling = ceiling_of(policy, abi, out);
}

/* The same from a record. */
static void complete_abi(const struct policy *policy, const struct abi *abi,
                         const struct resolved_abi *record, struct resolved_abi *out)
{
    size_t capacity = 0;
    out->name = memory_strdup(abi->name);
    out->ceiling = record->ceiling;
    add_names(policy, abi, true, out, &capacity);
    for (size_t i = 0; i < record->name_count; i++) {
        add_number(out, &capacity, record->names[i].name, record->names[i].number);
    }
    sort_names(out);
}

/* Leaves what a record has. */
static void forget_known(struct resolution *resolution)
{
    for (size_t i = 0; i < resolution->abi_count; i++) {
        struct resolved_abi *out = &resolution->abis[i];
        const struct abi *abi = abi_by_name(out->name);
        size_t kept = 0;
        for (size_t k = 0; k < out->name_count; k++) {
            if (is_always_known(abi, out->names[k].number)) {
                free(out->names[k].name);
            } else {
                out->names[kept++] = out->names[k];
            }
        }
        out->name_count = kept;
    }
}

static void resolve(const struct policy *policy, const struct arch *arch,
                    struct resolution *resolution)
{
    resolution->abis = memory_zeroed(arch->abi_count, sizeof *resolution->abis);
    resolution->abi_count = 0;
    for (size_t i = 0; i < arch->abi_count; i++) {
        if (covers(policy, arch, arch->abis[i])) {
            resolve_abi(policy, arch->abis[i], &resolution->abis[resolution->abi_count++]);
        }
    }
}

static int compare_numbers(const void *a, const void *b)
{
    const struct number_rules *left = a;
    const struct number_rules *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* What the policy means in one covered ABI. `lost` gets the names whose allowances cannot be said
   there. */
static void cover_abi(const struct policy *policy, const struct abi *abi,
                      const struct resolved_abi *record, struct table_abi *out, struct buffer *lost)
{
    CLEANUP_FREE struct number_rules *numbers = memory_zeroed(record->name_count, sizeof *numbers);
    size_t count = 0;
    for (size_t i = 0; i < record->name_count; i++) {
        const char *name = record->names[i].name;
        bool allow_lost = false;
        numbers[count].number = record->names[i].number;
        carry_rules(policy, abi, name, &numbers[count].list, &allow_lost);
        if (allow_lost && lost != NULL) {
            buffer_printf(lost, "%s%s", lost->size > 0 ? ", " : "", name);
        }
        if (numbers[count].list.count > 0 || policy_find(policy, name) != NULL) {
            count++;
        } else {
            rule_list_free(&numbers[count].list);
        }
    }
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    ranges_make(out, policy, abi, record->ceiling, numbers, count);
}

static struct table *make_table(const struct policy *policy, const struct arch *arch,
                                const struct resolution *resolution, struct policy_notes *notes)
{
    struct action refusal =
        action_denies(policy->default_action) ? policy->default_action : own_refusal(policy);
    struct table *table = memory_zeroed(1, sizeof *table);
    table->abis = memory_zeroed(arch->abi_count, sizeof *table->abis);
    table->abi_count = arch->abi_count;
    table->other_abi = refusal;
    size_t recorded = 0;
    for (size_t i = 0; i < arch->abi_count; i++) {
        const struct abi *abi = arch->abis[i];
        struct table_abi *out = &table->abis[i];
        out->name = abi->name;
        out->audit_architecture = abi->audit_architecture;
        if (!covers(policy, arch, abi)) {
            ranges_fill(out, refusal, ORIGIN_REFUSED_ABI);
            continue;
        }
        struct buffer lost = {0};
        cover_abi(policy, abi, &resolution->abis[recorded++], out, &lost);
        CLEANUP_FREE char *names = buffer_steal_text(&lost);
        if (names != NULL && names[0] != '\0' && notes != NULL) {
            policy_note(notes,
                        "allow of %s has no effect in the %s ABI: its conditions look at arguments "
                        "that are elsewhere there",
                        names, abi->name);
        }
    }
    return table;
}

/* Does a rule for the name reach a number of the ABI: its own, or that of a way? */
static bool reaches(const struct resolved_abi *record, const struct syscall_rules *rules)
{
    if (find_name(record, rules->name) != NULL) {
        return true;
    }
    const struct abi *abi = abi_by_name(record->name);
    for (size_t k = 0; abi != NULL && k < abi->way_count && rules_deny(rules); k++) {
        if (strcmp(abi->ways[k].name, rules->name) == 0 &&
            find_name(record, abi->ways[k].way) != NULL) {
            return true;
        }
    }
    return false;
}

/* Does it reach any number of the target? */
static bool has_effect(const struct resolution *resolution, const struct syscall_rules *rules)
{
    for (size_t i = 0; i < resolution->abi_count; i++) {
        if (reaches(&resolution->abis[i], rules)) {
            return true;
        }
    }
    return false;
}

/* x32 is named. Once: a reader that knows the file has perhaps said it better. */
static void note_foreign(const struct policy *policy, const struct arch *arch,
                         struct policy_notes *notes)
{
    const char *name = NULL;
    for (size_t i = 0; i < arch->abi_count; i++) {
        const char *foreign = arch->abis[i]->foreign_name;
        name = foreign != NULL && names_abi(policy, foreign) ? foreign : name;
    }
    if (name == NULL) {
        return;
    }
    CLEANUP_FREE char *text =
        memory_printf("%s is named; its calls are refused all the same", name);
    for (size_t i = 0; i < notes->count; i++) {
        if (strstr(notes->lines[i], text) != NULL) {
            return;
        }
    }
    policy_note(notes, "%s", text);
}

/* Is it the first name that the policy has from its set, and have no others of them an effect? A
   set names calls of all architectures: it is worth a word only if all of it is lost. */
static bool speaks_for_lost_set(const struct policy *policy, const struct resolution *resolution,
                                size_t syscall)
{
    const char *set = syscall_rules_set(&policy->syscalls[syscall]);
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const char *other = syscall_rules_set(&policy->syscalls[i]);
        if (other != NULL && strcmp(set, other) == 0 &&
            (i < syscall || has_effect(resolution, &policy->syscalls[i]))) {
            return false;
        }
    }
    return true;
}

/* Denials of names that the native ABI lacks close something in another ABI only: "umount" of i386,
   where umount2 was meant. Under a denying default nothing is open. */
static void note_foreign_denials(const struct policy *policy, const struct arch *arch,
                                 const struct resolution *resolution, struct policy_notes *notes)
{
    struct buffer names = {0};
    for (size_t i = 0; i < policy->syscall_count; i++) {
        const struct syscall_rules *rules = &policy->syscalls[i];
        if (syscall_rules_set(rules) == NULL && rules_deny(rules) &&
            has_effect(resolution, rules) && !reaches(&resolution->abis[0], rules)) {
            buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", rules->name);
        }
    }
    CLEANUP_FREE char *text = buffer_steal_text(&names);
    if (text[0] != '\0') {
        policy_note(notes, "deny of %s closes nothing in the %s ABI, which has no such call", text,
                    arch->abis[0]->name);
    }
}

static void note_effects(const struct policy *policy, const struct arch *arch,
                         const struct resolution *resolution, struct policy_notes *notes)
{
    for (int denials = 0; denials < 2; denials++) {
        struct buffer names = {0};
        for (size_t i = 0; i < policy->syscall_count; i++) {
            const struct syscall_rules *rules = &policy->syscalls[i];
            if (rules->rule_count == 0 || rules_deny(rules) != (denials == 1) ||
                has_effect(resolution, rules)) {
                continue;
            }
            const char *set = syscall_rules_set(rules);
            if (set == NULL || speaks_for_lost_set(policy, resolution, i)) {
                buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "",
                              set != NULL ? set : rules->name);
            }
        }
        CLEANUP_FREE char *text = buffer_steal_text(&names);
        if (text != NULL && text[0] != '\0') {
            policy_note(notes, "%s of %s has no effect on %s", denials == 1 ? "deny" : "allow",
                        text, arch->name);
        }
    }
    if (!action_denies(policy->default_action)) {
        note_foreign_denials(policy, arch, resolution, notes);
    }
    note_foreign(policy, arch, notes);
}

int table_resolve(const struct policy *policy, const struct arch *arch, struct table **out,
                  struct resolution *resolution, struct policy_notes *notes, struct error *error)
{
    if (check_policy(policy, arch, error) != 0) {
        return -1;
    }
    struct resolution made = {0};
    resolve(policy, arch, &made);
    *out = make_table(policy, arch, &made, notes);
    if (notes != NULL) {
        note_effects(policy, arch, &made, notes);
    }
    if (resolution != NULL) {
        forget_known(&made);
        *resolution = made;
    } else {
        resolution_free(&made);
    }
    return 0;
}

static int record_error(struct error *error, const char *abi, const char *what)
{
    return error_set(error, ERROR_CHECK,
                     "the recorded numbers of %s do not fit the policy: %s: the payload has been "
                     "changed",
                     abi, what);
}

static int check_names(const struct abi *abi, const struct resolved_abi *record,
                       struct error *error)
{
    for (size_t i = 0; i < record->name_count; i++) {
        uint32_t number = 0;
        const struct resolved_name *name = &record->names[i];
        if (i > 0 && strcmp(record->names[i - 1].name, name->name) >= 0) {
            return record_error(error, abi->name, "names are not in order");
        }
        bool known = abi_syscall_number(abi, name->name, &number);
        if (known && number != name->number) {
            return error_set(error, ERROR_CHECK,
                             "the record says %s has number %u in the %s ABI, the table %u: the "
                             "payload has been changed",
                             name->name, name->number, abi->name, number);
        }
        if (!known && (is_always_known(abi, name->number) || name->number >= NO_NUMBER)) {
            return error_set(
                error, ERROR_CHECK,
                "the record says %s has number %u in the %s ABI, which it cannot have: "
                "the payload has been changed",
                name->name, name->number, abi->name);
        }
        if (is_always_known(abi, name->number)) {
            return record_error(error, abi->name, "a number that follows from its name is there");
        }
        for (size_t k = 0; k < i; k++) {
            if (record->names[k].number == name->number) {
                return record_error(error, abi->name, "a number is there twice");
            }
        }
    }
    return 0;
}

/* `resolved`: with all names. */
static int check_ceiling(const struct policy *policy, const struct abi *abi,
                         const struct resolved_abi *resolved, struct error *error)
{
    uint32_t expected = ceiling_of(policy, abi, resolved);
    bool of_table = action_denies(policy->default_action) &&
                    (policy->enosys_above == ENOSYS_ABOVE_TABLE ||
                     (policy->enosys_above == ENOSYS_ABOVE_PROFILE &&
                      !highest_named(policy, abi, resolved, &(uint32_t){0})));
    bool right = of_table
                     ? resolved->ceiling >= ALWAYS_KNOWN_NUMBER && resolved->ceiling < NO_NUMBER
                     : resolved->ceiling == expected;
    return right ? 0 : record_error(error, abi->name, "the ceiling is another");
}

/* Checks a record and completes it. *out is to be freed also on failure. */
static int replay(const struct policy *policy, const struct arch *arch,
                  const struct resolution *resolution, struct resolution *out, struct error *error)
{
    out->abis = memory_zeroed(arch->abi_count, sizeof *out->abis);
    for (size_t i = 0; i < arch->abi_count; i++) {
        const struct abi *abi = arch->abis[i];
        if (!covers(policy, arch, abi)) {
            continue;
        }
        const struct resolved_abi *record = &resolution->abis[out->abi_count];
        if (out->abi_count >= resolution->abi_count || strcmp(record->name, abi->name) != 0) {
            return record_error(error, abi->name, "the ABI is missing");
        }
        if (check_names(abi, record, error) != 0) {
            return -1;
        }
        struct resolved_abi *resolved = &out->abis[out->abi_count++];
        complete_abi(policy, abi, record, resolved);
        if (check_ceiling(policy, abi, resolved, error) != 0) {
            return -1;
        }
    }
    if (out->abi_count != resolution->abi_count) {
        return record_error(error, resolution->abis[out->abi_count].name, "the ABI is not covered");
    }
    return 0;
}

int table_replay(const struct policy *policy, const struct arch *arch,
                 const struct resolution *resolution, struct table **out, struct error *error)
{
    if (!covers(policy, arch, arch->abis[0])) {
        return check_policy(policy, arch, error);
    }
    struct resolution resolved = {0};
    int result = replay(policy, arch, resolution, &resolved, error);
    if (result == 0) {
        *out = make_table(policy, arch, &resolved, NULL);
    }
    resolution_free(&resolved);
    return result;
}
