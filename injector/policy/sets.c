/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the name of a set to the calls in it.
 *
 * systemd's sets name calls of every architecture that systemd runs on, and more than our table of
 * names has. Such a call cannot be made on a target of ours, so it is left out; the pinned set
 * @known tells it from one that is merely newer than our table, which is handed to the reader: an
 * allowance can do without it, a denial cannot.
 */
#include "policy/sets.h"

#include "arch/arch.h"
#include "base/memory.h"
#include "base/text.h"

#include <string.h>

static const char systemd_prefix[] = "systemd:";

struct sets {
    enum sets_source source;
    bool asked;
    struct set_table host;
};

/* A table of either kind. */
struct set_list {
    const struct syscall_set *sets;
    size_t count;
};

struct sets *sets_open(enum sets_source source)
{
    struct sets *sets = memory_zeroed(1, sizeof *sets);
    sets->source = source;
    return sets;
}

void sets_free(struct sets *sets)
{
    if (sets) {
        set_table_free(&sets->host);
        free(sets);
    }
}

void set_calls_free(struct set_calls *calls)
{
    free((void *)calls->names);
    free((void *)calls->newer);
    *calls = (struct set_calls){0};
}

bool sets_is_set(const char *text)
{
    return *text == '@' || strncmp(text, systemd_prefix, sizeof systemd_prefix - 1) == 0;
}

/* Index of the set, or table.count. */
static size_t find(struct set_list table, const char *name)
{
    size_t i = 0;
    while (i < table.count && strcmp(table.sets[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* Is it in a pinned set? Each of systemd's names is in @known, or in @obsolete, which that
 * includes. */
static bool is_pinned(const char *name)
{
    static const char *const all[] = {"@known", "@obsolete"};
    struct set_list pinned = {systemd_sets, systemd_set_count};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct syscall_set *set = &systemd_sets[find(pinned, all[i])];
        for (size_t k = 0; set->members[k]; k++) {
            if (strcmp(set->members[k], name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void add_name(struct set_calls *calls, const char *name)
{
    if (syscall_name_is_known(name)) {
        *(const char **)memory_append(&calls->names, &calls->count, &calls->capacity,
                                      sizeof *calls->names) = name;
    } else if (!is_pinned(name)) {
        *(const char **)memory_append(&calls->newer, &calls->newer_count, &calls->newer_capacity,
                                      sizeof *calls->newer) = name;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t sort_unique(const char **names, size_t count)
{
    size_t kept = 0;
    if (count) {
        qsort((void *)names, count, sizeof *names, compare_names);
    }
    for (size_t i = 0; i < count; i++) {
        if (!kept || strcmp(names[kept - 1], names[i]) != 0) {
            names[kept++] = names[i];
        }
    }
    return kept;
}

/* The calls of set `first` and of those in it; false and its name if one of them is not there. */
static bool collect(struct set_list table, size_t first, struct set_calls *calls,
                    const char **missing)
{
    CLEANUP_FREE bool *seen = memory_zeroed(table.count, sizeof *seen);
    CLEANUP_FREE size_t *open = memory_zeroed(table.count, sizeof *open);
    size_t open_count = 0;
    open[open_count++] = first;
    seen[first] = true;
    while (open_count) {
        const char *const *members = table.sets[open[--open_count]].members;
        for (; *members; members++) {
            if (**members != '@') {
                add_name(calls, *members);
                continue;
            }
            size_t inner = find(table, *members);
            if (inner == table.count) {
                *missing = *members;
                return false;
            }
            if (!seen[inner]) {
                seen[inner] = true;
                open[open_count++] = inner;
            }
        }
    }
    calls->count = sort_unique(calls->names, calls->count);
    calls->newer_count = sort_unique(calls->newer, calls->newer_count);
    return true;
}

static const char *suggest(struct set_list table, const char *name)
{
    struct text_search search = text_search(name);
    for (size_t i = 0; i < table.count; i++) {
        text_offer(&search, table.sets[i].name);
    }
    return search.nearest;
}

static int expand_own(const char *name, struct set_calls *calls, struct error *error)
{
    struct set_list table = {own_sets, own_set_count};
    struct set_list systemd = {systemd_sets, systemd_set_count};
    const char *missing = NULL;
    size_t found = find(table, name);
    if (found < table.count && collect(table, found, calls, &missing)) {
        return 0;
    }
    if (find(systemd, name) < systemd.count) {
        return error_set(error, ERROR_POLICY,
                         "'%s' is a set of systemd's: write systemd:%s to have that", name, name);
    }
    const char *near = suggest(table, name);
    return error_set(error, ERROR_POLICY, "there is no set '%.60s': %s%s%s", name,
                     near ? "did you mean '" : "elfcage(1) lists them", near ? near : "",
                     near ? "'?" : "");
}

int sets_expand_systemd(struct sets *sets, const char *name, struct set_calls *calls,
                        struct error *error)
{
    bool host = sets->source == SETS_HOST;
    if (host && !sets->asked) {
        if (set_table_ask(&sets->host, error) < 0) {
            return -1;
        }
        sets->asked = true;
    }
    struct set_list table = {host ? sets->host.sets : systemd_sets,
                             host ? sets->host.count : systemd_set_count};
    const char *missing = name;
    size_t found = find(table, name);
    if (found < table.count && collect(table, found, calls, &missing)) {
        return 0;
    }
    if (found < table.count) {
        return error_set(error, ERROR_SYSTEM,
                         "systemd-analyze names the set '%.60s' in '%s', but does not say what is "
                         "in it: use --sets pinned",
                         missing, name);
    }
    const char *near = suggest(table, name);
    return error_set(error, ERROR_POLICY, "%s%s has no set '%.60s': %s%s%s",
                     host ? "the machine's systemd" : "systemd ", host ? "" : systemd_sets_version,
                     name,
                     near ? "did you mean '" : "\"systemd-analyze syscall-filter\" lists them",
                     near ? near : "", near ? "'?" : "");
}

int sets_expand(struct sets *sets, const char *text, struct set_calls *calls, struct error *error)
{
    if (*text == '@') {
        return expand_own(text, calls, error);
    }
    const char *name = text + sizeof systemd_prefix - 1;
    if (*name != '@') {
        return error_set(error, ERROR_POLICY, "'%.80s': a set begins with '@': write %s@%.60s",
                         text, systemd_prefix, name);
    }
    return sets_expand_systemd(sets, name, calls, error);
}
