/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of systemd: SystemCallFilter= and whatever else systemd turns into seccomp filters, as
 * whole unit files, drop-ins, or bare lines. The meaning is that of systemd 252, systemd.exec(5).
 *
 * Where systemd passes over a mistake with a line in the journal, we fail: a misspelt name that is
 * left out of a list of denials leaves open what it should close. Settings that have nothing to do
 * with system calls are not ours to look at.
 */
#include "policy/systemd.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Settings that are honoured. */
static const struct setting {
    const char *key;
    int (*read)(struct systemd *systemd, const char *value); /* NULL: it is a switch */
    enum systemd_switch which;
} settings[] = {
    {"SystemCallFilter", systemd_read_filter, SWITCHES},
    {"SystemCallErrorNumber", systemd_read_errno, SWITCHES},
    {"SystemCallArchitectures", systemd_read_architectures, SWITCHES},
    {"SystemCallLog", systemd_read_log, SWITCHES},
    {"RestrictAddressFamilies", systemd_read_families, SWITCHES},
    {"RestrictNamespaces", systemd_read_namespaces, SWITCHES},
    {"Personality", systemd_read_personality, SWITCHES},
    {"LockPersonality", NULL, SWITCH_LOCK_PERSONALITY},
    {"MemoryDenyWriteExecute", NULL, SWITCH_MEMORY_DENY_WRITE_EXECUTE},
    {"RestrictRealtime", NULL, SWITCH_RESTRICT_REALTIME},
    {"RestrictSUIDSGID", NULL, SWITCH_RESTRICT_SUID_SGID},
    {"DynamicUser", NULL, SWITCH_DYNAMIC_USER},
    {"ProtectKernelTunables", NULL, SWITCH_PROTECT_KERNEL_TUNABLES},
    {"ProtectKernelModules", NULL, SWITCH_PROTECT_KERNEL_MODULES},
    {"ProtectKernelLogs", NULL, SWITCH_PROTECT_KERNEL_LOGS},
    {"ProtectClock", NULL, SWITCH_PROTECT_CLOCK},
    {"ProtectHostname", NULL, SWITCH_PROTECT_HOSTNAME},
    {"PrivateDevices", NULL, SWITCH_PRIVATE_DEVICES},
};
#define SETTING_COUNT (sizeof settings / sizeof *settings)

/* Sections with settings of processes. */
static const char *const sections[] = {"Service", "Socket", "Mount", "Swap"};

struct place systemd_place(const struct systemd *systemd, const char *byte)
{
    struct place place = unit_place(systemd->reader, byte);
    place.file = systemd->place_file;
    return place;
}

int systemd_fail(const struct systemd *systemd, struct place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_text(systemd->error, ERROR_POLICY, place.file, place.line, place.column, "%s",
                      text);
}

char *systemd_word(const struct systemd *systemd, struct systemd_value *value, struct place *place)
{
    static const char blanks[] = " \t\n\r";
    const char *start = value->rest + strspn(value->rest, blanks);
    size_t length = strcspn(start, blanks);
    value->rest = start + length;
    if (!length) {
        return NULL;
    }
    *place = systemd_place(systemd, start);
    return memory_strndup(start, length);
}

void systemd_unquote(char *word)
{
    size_t length = strlen(word);
    if (length >= 2 && strchr("\"'", word[0]) && word[length - 1] == word[0]) {
        memmove(word, word + 1, length - 2);
        word[length - 2] = 0;
    }
}

/* The canonical spelling of a section that counts; NULL if it does not. */
static const char *known_section(const char *name)
{
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (strcmp(name, sections[i]) == 0) {
            return sections[i];
        }
    }
    return NULL;
}

/* Each is compared with all of ours: hostile input costs little. */
#define MAX_ASSIGNMENTS 65536u

/* NULL if it is a setting that does not concern us. A key that is nearly one of ours is a mistake:
   systemd would pass over it, and nothing would be filtered. */
static int find_setting(const struct systemd *systemd, const char *key,
                        const struct setting **setting)
{
    *setting = NULL;
    const char *near = NULL;
    struct text_search search = text_search(key);
    search.limit = 2;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(key, settings[i].key) == 0) {
            *setting = &settings[i];
            return 0;
        }
        near = strcasecmp(key, settings[i].key) == 0 ? settings[i].key : near;
        text_offer(&search, settings[i].key);
    }
    near = near ? near : search.nearest;
    if (near) {
        return systemd_fail(systemd, systemd_place(systemd, key),
                            "'%.60s=' is no setting of systemd's: did you mean '%s='?", key, near);
    }
    if (strncmp(key, "SystemCall", 10) == 0) {
        return systemd_fail(systemd, systemd_place(systemd, key),
                            "'%.60s=' is no setting of systemd 252: there are SystemCallFilter=, "
                            "SystemCallErrorNumber=, SystemCallArchitectures= and SystemCallLog=",
                            key);
    }
    return 0;
}

/* Settings of two kinds of units in one text would be those of two processes. */
static int enter_section(struct systemd *systemd, const char *section, const char *key)
{
    if (systemd->section && *section && *systemd->section &&
        strcmp(systemd->section, section) != 0) {
        return systemd_fail(systemd, systemd_place(systemd, key),
                            "'%s=' in [%s], but others of its kind are in [%s]: give the unit of "
                            "one process",
                            key, section, systemd->section);
    }
    if (!systemd->section || *section) {
        systemd->section = section;
    }
    return 0;
}

static int read_assignment(struct systemd *systemd, const char *section,
                           const struct unit_line *line)
{
    const struct setting *setting;
    if (++systemd->assignments > MAX_ASSIGNMENTS) {
        return systemd_fail(systemd, systemd_place(systemd, line->name),
                            "more than 65536 settings: this is no unit");
    }
    if (find_setting(systemd, line->name, &setting) < 0) {
        return -1;
    }
    if (!setting) {
        return 0;
    }
    if (enter_section(systemd, section, line->name) < 0) {
        return -1;
    }
    return setting->read ? setting->read(systemd, line->value)
                         : systemd_read_switch(systemd, setting->which, line->value);
}

/* Where a text stands: before any section (bare lines, if none comes), or in one. */
struct position {
    const char *section; /* that counts; "" before any; NULL: in one that does not count */
    char *other;         /* owned: the one that does not */
    struct place bare;   /* of the first setting before any section */
    char *bare_key;      /* owned */
};

static int enter(struct systemd *systemd, struct position *position, const char *name)
{
    if (position->bare_key) {
        return systemd_fail(
            systemd, position->bare,
            "'%.60s=' stands before any section, where systemd passes over it: move "
            "it below [Service]",
            position->bare_key);
    }
    free(position->other);
    position->other = memory_strdup(name);
    position->section = known_section(name);
    return 0;
}

/* A line of a section that does not count. Ours are not passed over there, but in [X-...]. */
static int read_other(const struct systemd *systemd, const char *section,
                      const struct unit_line *line)
{
    for (size_t i = 0; line->kind == UNIT_ASSIGNMENT && i < SETTING_COUNT; i++) {
        if (strcmp(line->name, settings[i].key) == 0 && strncmp(section, "X-", 2) != 0) {
            return systemd_fail(
                systemd, systemd_place(systemd, line->name),
                "'%s=' in [%.60s]: only [Service], [Socket], [Mount] and [Swap] have "
                "it: move it there",
                line->name, section);
        }
    }
    return 0;
}

static int read_line(struct systemd *systemd, struct position *position,
                     const struct unit_line *line)
{
    if (line->kind == UNIT_SECTION) {
        return enter(systemd, position, line->name);
    }
    if (!position->section) {
        return read_other(systemd, position->other, line);
    }
    if (line->kind == UNIT_OTHER) {
        return systemd_fail(systemd, systemd_place(systemd, line->name),
                            "'%.60s' assigns nothing, so that systemd passes over it: is a '\\' "
                            "missing at the end of the line above?",
                            line->name);
    }
    if (!*position->section && !position->bare_key) {
        position->bare = systemd_place(systemd, line->name);
        position->bare_key = memory_strdup(line->name);
    }
    return read_assignment(systemd, position->section, line);
}

static int read_text(struct systemd *systemd, const struct policy_text *text)
{
    struct unit_reader reader;
    struct position position = {.section = ""};
    unit_reader_start(&reader, text);
    systemd->reader = &reader;
    systemd->place_file = policy_add_file(systemd->policy, text->file);
    int result = 0;
    struct unit_line line = {0};
    do {
        result = unit_read_line(&reader, &line, systemd->error);
        if (result == 0 && line.kind != UNIT_END) {
            result = read_line(systemd, &position, &line);
        }
    } while (result == 0 && line.kind != UNIT_END);
    free(position.bare_key);
    free(position.other);
    unit_reader_free(&reader);
    systemd->reader = NULL;
    return result;
}

static int read_units(const struct policy_text *texts, size_t count,
                      const struct policy_options *options, struct policy **out,
                      struct policy_notes *notes, struct error *error)
{
    struct systemd systemd = {
        .options = options,
        .notes = notes,
        .error = error,
        .policy = policy_new((struct action){.kind = ACTION_ALLOW}),
        .sets = sets_open(options->sets),
        .refusal = {.kind = ACTION_KILL_PROCESS},
    };
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        result = read_text(&systemd, &texts[i]);
    }
    if (result == 0) {
        result = systemd_build(&systemd);
    }
    systemd_list_free(&systemd.filter);
    systemd_list_free(&systemd.log);
    sets_free(systemd.sets);
    if (result < 0) {
        policy_free(systemd.policy);
        return -1;
    }
    *out = systemd.policy;
    return 0;
}

/* "[Service" and no "]". */
static bool begins_like_a_section(const struct policy_text *text)
{
    if (!policy_text_begins(text, "[")) {
        return false;
    }
    const char *open = memchr(text->text, '[', text->size);
    return open + 1 < text->text + text->size && open[1] >= 'A' && open[1] <= 'Z';
}

/* "[Unit]" or "SystemCallFilter=": a line of that form, the first that is no comment; a section may
   be misspelt ("[unit]", "[Unit"). No other format begins like that: a policy in JSON is no list,
   names of system calls are in small letters. */
static bool is_unit(const struct policy_text *text)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ ";
    struct unit_reader reader;
    struct unit_line line = {0};
    struct error ignored = {0};
    unit_reader_start(&reader, text);
    bool unit = false;
    if (unit_read_line(&reader, &line, &ignored) < 0) {
        unit = begins_like_a_section(text);
        error_clear(&ignored);
    } else if (line.kind == UNIT_SECTION) {
        unit = !strchr("0123456789-_ ", line.name[0]) && !line.name[strspn(line.name, word)];
    } else if (line.kind == UNIT_ASSIGNMENT) {
        unit = line.name[0] >= 'A' && line.name[0] <= 'Z' && !line.name[strspn(line.name, word)];
    }
    unit_reader_free(&reader);
    return unit;
}

const struct policy_format systemd_format = {
    .name = "systemd",
    .title = "a unit of systemd",
    .drop_ins = true,
    .sets = true,
    .recognise = is_unit,
    .read = read_units,
};
