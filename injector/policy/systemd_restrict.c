/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings other than SystemCallFilter= of which systemd makes seccomp filters
 * (src/shared/seccomp-util.c of systemd 252, apply_*() in src/core/execute.c): what each of them
 * refuses, and with which errno. What else they do (namespaces, mounts, capabilities) is no matter
 * of system calls.
 *
 * systemd compares 64 bits, which the upper half of a register passes by; the conditions here
 * compare what the kernel consumes. systemd's skip ABIs with socketcall or ipc; the filter carries
 * denials there, as it does all.
 */
#include "policy/systemd.h"

#include "arch/arch.h"
#include "arch/constants.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define EPERM_NUMBER 1u
#define ENOSYS_NUMBER 38u
#define EAFNOSUPPORT_NUMBER 97u

/* RestrictNamespaces=, in the order of systemd's. */
static const struct namespace
{
    const char *name, *flag;
}
namespaces[] = {
    {"cgroup", "CLONE_NEWCGROUP"}, {"ipc", "CLONE_NEWIPC"},   {"net", "CLONE_NEWNET"},
    {"mnt", "CLONE_NEWNS"},        {"pid", "CLONE_NEWPID"},   {"user", "CLONE_NEWUSER"},
    {"uts", "CLONE_NEWUTS"},       {"time", "CLONE_NEWTIME"},
};
#define NAMESPACE_COUNT (sizeof namespaces / sizeof *namespaces)

static const struct abi *abi_of(const struct systemd *systemd)
{
    const struct abi *abi =
        systemd->options->architecture ? abi_by_name(systemd->options->architecture) : NULL;
    return abi ? abi : abi_by_name("x86_64");
}

/* A constant of the kernel that is there on every architecture of ours. */
static uint64_t constant(const struct systemd *systemd, const char *name)
{
    uint64_t value = 0;
    bool found = constant_value(abi_of(systemd), name, &value);
    assert(found);
    (void)found;
    return value;
}

/* systemd 252 has "time" among the names, but not in what "no" lets be made: whoever restricts one
   kind without naming that, restricts it too. */
static uint64_t all_namespaces(const struct systemd *systemd)
{
    uint64_t all = 0;
    for (size_t i = 0; i < NAMESPACE_COUNT; i++) {
        if (strcmp(namespaces[i].name, "time") != 0) {
            all |= constant(systemd, namespaces[i].flag);
        }
    }
    return all;
}

static bool parse_boolean(const char *text, bool *value)
{
    static const char *const words[2][6] = {{"0", "no", "n", "false", "f", "off"},
                                            {"1", "yes", "y", "true", "t", "on"}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 6; k++) {
            if (strcasecmp(text, words[i][k]) == 0) {
                *value = i == 1;
                return true;
            }
        }
    }
    return false;
}

int systemd_read_switch(struct systemd *systemd, enum systemd_switch which, const char *value)
{
    bool on = false;
    struct place place = systemd_place(systemd, value);
    if (!parse_boolean(value, &on)) {
        return systemd_fail(systemd, place, "'%.60s' is neither yes nor no: write one of them",
                            value);
    }
    systemd->switches[which] = on ? place : (struct place){0};
    return 0;
}

/* Personality=, which matters to LockPersonality= only. */
int systemd_read_personality(struct systemd *systemd, const char *value)
{
    static const struct {
        const char *name, *native, *secondary;
    } names[] = {
        {"x86-64", "x86_64", ""},  {"x86", "i386", "x86_64"},  {"arm64", "aarch64", ""},
        {"arm", "arm", "aarch64"}, {"riscv64", "riscv64", ""},
    };
    const char *target = abi_of(systemd)->name;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i].name) != 0) {
            continue;
        }
        if (strcmp(target, names[i].native) == 0 || strcmp(target, names[i].secondary) == 0) {
            bool native = strcmp(target, names[i].native) == 0;
            systemd->personality = constant(systemd, native ? "PER_LINUX" : "PER_LINUX32");
            return 0;
        }
    }
    return systemd_fail(systemd, systemd_place(systemd, value),
                        "'%.60s' is no personality of %s programs: write x86-64, x86, arm64 or arm",
                        value, target);
}

static int parse_family(struct systemd *systemd, const char *word, struct place place,
                        uint64_t *family)
{
    if (strncmp(word, "AF_", 3) == 0 && constant_value(abi_of(systemd), word, family) &&
        *family < SYSTEMD_FAMILIES) {
        return 0;
    }
    const char *near = constant_name_suggest(word);
    bool helps = near && strncmp(near, "AF_", 3) == 0;
    return systemd_fail(systemd, place, "'%.60s' is no address family: %s%s%s", word,
                        helps ? "did you mean " : "write AF_INET, see address_families(7)",
                        helps ? near : "", helps ? "?" : "");
}

int systemd_read_families(struct systemd *systemd, const char *value)
{
    bool none = strcmp(value, "none") == 0;
    if (!*value || none) {
        systemd->families = 0;
        systemd->families_given = false;
        systemd->families_allow = none;
        systemd->families_place = none ? systemd_place(systemd, value) : (struct place){0};
        return 0;
    }
    bool inverted = *value == '~';
    value += inverted ? 1 : 0;
    if (!systemd->families_given) {
        systemd->families_given = true;
        systemd->families_allow = !inverted;
    }
    systemd->families_place = systemd_place(systemd, value);
    struct systemd_value words = {value, value};
    struct place place;
    for (char *word; (word = systemd_word(systemd, &words, &place));) {
        uint64_t family = 0;
        systemd_unquote(word);
        int result = parse_family(systemd, word, place, &family);
        free(word);
        if (result < 0) {
            return -1;
        }
        if (inverted != systemd->families_allow) {
            systemd->families |= UINT64_C(1) << family;
        } else {
            systemd->families &= ~(UINT64_C(1) << family);
        }
    }
    return 0;
}

static int parse_namespaces(struct systemd *systemd, const char *value, uint64_t *flags)
{
    struct systemd_value words = {value, value};
    struct place place;
    *flags = 0;
    for (char *word; (word = systemd_word(systemd, &words, &place));) {
        size_t i = 0;
        while (i < NAMESPACE_COUNT && strcmp(word, namespaces[i].name) != 0) {
            i++;
        }
        if (i < NAMESPACE_COUNT) {
            *flags |= constant(systemd, namespaces[i].flag);
        } else {
            systemd_fail(systemd, place,
                         "'%.60s' is no kind of namespace: yes, no, or cgroup, ipc, net, mnt, pid, "
                         "user, uts, time",
                         word);
        }
        free(word);
        if (i == NAMESPACE_COUNT) {
            return -1;
        }
    }
    return 0;
}

int systemd_read_namespaces(struct systemd *systemd, const char *value)
{
    bool restrict_all = false;
    struct place place = systemd_place(systemd, value);
    if (!*value) {
        systemd->namespaces_place = (struct place){0};
        return 0;
    }
    if (parse_boolean(value, &restrict_all)) {
        systemd->namespaces = restrict_all ? 0 : all_namespaces(systemd);
        systemd->namespaces_place = place;
        return 0;
    }
    bool inverted = *value == '~';
    uint64_t flags;
    if (parse_namespaces(systemd, value + (inverted ? 1 : 0), &flags) < 0) {
        return -1;
    }
    if (!systemd->namespaces_place.line) {
        systemd->namespaces = inverted ? all_namespaces(systemd) & ~flags : flags;
    } else if (inverted) {
        systemd->namespaces &= ~flags;
    } else {
        systemd->namespaces |= flags;
    }
    systemd->namespaces_place = place;
    return 0;
}

/* Rules of one setting, while they are made. */
struct maker {
    struct systemd *systemd;
    struct systemd_rules *rules;
    struct place place;
    const char *setting; /* "RestrictRealtime=" */
};

static struct systemd_rule *deny(const struct maker *maker, const char *name, uint16_t number)
{
    struct systemd_rule *rule = memory_append(&maker->rules->rules, &maker->rules->count,
                                              &maker->rules->capacity, sizeof *rule);
    *rule = (struct systemd_rule){
        .name = name, .errno_number = number, .place = maker->place, .set = maker->setting};
    return rule;
}

/* One more condition, with the width that the kernel consumes. */
static void when(struct systemd_rule *rule, uint8_t argument, enum compare compare, uint64_t value)
{
    unsigned width = argument_width(rule->name, argument);
    assert(width);
    rule->conditions[rule->condition_count++] = (struct condition){
        .argument = argument,
        .width = (uint8_t)width,
        .compare = compare,
        .value = value,
        .mask = compare == COMPARE_MASKED_EQ ? value : 0,
    };
}

/* EPERM if all of `bits` are set. */
static void deny_bits(const struct maker *maker, const char *name, uint8_t argument, uint64_t bits)
{
    when(deny(maker, name, EPERM_NUMBER), argument, COMPARE_MASKED_EQ, bits);
}

static int deny_set(const struct maker *maker, const char *set)
{
    __attribute__((cleanup(set_calls_free))) struct set_calls calls = {0};
    struct systemd *systemd = maker->systemd;
    if (sets_expand_systemd(systemd->sets, set, &calls, systemd->error) < 0) {
        return -1;
    }
    if (calls.newer_count) {
        return systemd_fail(systemd, maker->place,
                            "'%s' of %s has '%s', which is newer than elfcage's table of system "
                            "calls and cannot be denied: use --sets pinned",
                            set, maker->setting, calls.newer[0]);
    }
    for (size_t i = 0; i < calls.count; i++) {
        deny(maker, calls.names[i], EPERM_NUMBER);
    }
    return 0;
}

/* EAFNOSUPPORT for every family that may not be had; as ranges, since most are next to each other.
 */
static void restrict_families(const struct maker *maker)
{
    const struct systemd *systemd = maker->systemd;
    uint64_t denied = systemd->families_allow ? ~systemd->families : systemd->families;
    unsigned first = 0;
    while (first < SYSTEMD_FAMILIES) {
        if (!(denied >> first & 1u)) {
            first++;
            continue;
        }
        unsigned last = first;
        while (last + 1 < SYSTEMD_FAMILIES && (denied >> (last + 1) & 1u)) {
            last++;
        }
        bool to_the_end = systemd->families_allow && last + 1 == SYSTEMD_FAMILIES;
        struct systemd_rule *rule = deny(maker, "socket", EAFNOSUPPORT_NUMBER);
        if (first == last && !to_the_end) {
            when(rule, 0, COMPARE_EQ, first);
        } else {
            if (first > 0) {
                when(rule, 0, COMPARE_GE, first);
            }
            if (!to_the_end) {
                when(rule, 0, COMPARE_LE, last);
            }
        }
        first = last + 1;
    }
}

static void restrict_namespaces(const struct maker *maker)
{
    struct systemd *systemd = maker->systemd;
    uint64_t all = all_namespaces(systemd);
    if ((systemd->namespaces & all) == all) {
        return;
    }
    /* Its flags lie in memory. */
    deny(maker, "clone3", ENOSYS_NUMBER);
    struct systemd_rule *setns = deny(maker, "setns", EPERM_NUMBER);
    if (systemd->namespaces & all) {
        when(setns, 1, COMPARE_EQ, 0); /* whatever namespace the descriptor is of */
    }
    for (size_t i = 0; i < NAMESPACE_COUNT; i++) {
        uint64_t flag = constant(systemd, namespaces[i].flag);
        if (systemd->namespaces & flag) {
            continue;
        }
        deny_bits(maker, "unshare", 0, flag);
        deny_bits(maker, "clone", 0, flag);
        if (systemd->namespaces & all) {
            deny_bits(maker, "setns", 1, flag);
        }
    }
}

static void deny_write_execute(const struct maker *maker)
{
    const struct systemd *systemd = maker->systemd;
    uint64_t execute = constant(systemd, "PROT_EXEC");
    uint64_t both = execute | constant(systemd, "PROT_WRITE");
    deny_bits(maker, "mmap", 2, both);
    deny_bits(maker, "mmap2", 2, both);
    deny_bits(maker, "mprotect", 2, execute);
    deny_bits(maker, "pkey_mprotect", 2, execute);
    deny_bits(maker, "shmat", 2, constant(systemd, "SHM_EXEC"));
}

/* SCHED_OTHER, SCHED_BATCH and SCHED_IDLE remain. */
static void restrict_realtime(const struct maker *maker)
{
    static const char *const between[] = {"SCHED_FIFO", "SCHED_RR", "SCHED_ISO"};
    const struct systemd *systemd = maker->systemd;
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        when(deny(maker, "sched_setscheduler", EPERM_NUMBER), 1, COMPARE_EQ,
             constant(systemd, between[i]));
    }
    when(deny(maker, "sched_setscheduler", EPERM_NUMBER), 1, COMPARE_GT,
         constant(systemd, "SCHED_IDLE"));
}

/* systemd's filter names mkdir and mkdirat, too. The kernel takes neither bit from their mode (it
   keeps 01777), so that nothing can be had by them that a rule would deny. */
static void restrict_suid_sgid(const struct maker *maker)
{
    static const struct {
        const char *name;
        uint8_t mode; /* argument */
        int8_t flags; /* argument: only with O_CREAT in it; -1: always */
    } calls[] = {
        {"chmod", 1, -1},     {"fchmod", 1, -1}, {"fchmodat", 2, -1},
        {"fchmodat2", 2, -1}, {"mknod", 1, -1},  {"mknodat", 2, -1},
        {"open", 2, 1},       {"openat", 3, 2},  {"creat", 1, -1},
    };
    static const char *const bits[] = {"S_ISUID", "S_ISGID"};
    const struct systemd *systemd = maker->systemd;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (size_t k = 0; k < sizeof bits / sizeof *bits; k++) {
            struct systemd_rule *rule = deny(maker, calls[i].name, EPERM_NUMBER);
            if (calls[i].flags >= 0) {
                when(rule, (uint8_t)calls[i].flags, COMPARE_MASKED_EQ,
                     constant(systemd, "O_CREAT"));
            }
            when(rule, calls[i].mode, COMPARE_MASKED_EQ, constant(systemd, bits[k]));
        }
    }
    /* Flags and mode lie in memory; ENOSYS makes programs use openat. */
    deny(maker, "openat2", ENOSYS_NUMBER);
}

static int make_switch(const struct maker *maker, enum systemd_switch which)
{
    switch (which) {
    case SWITCH_MEMORY_DENY_WRITE_EXECUTE:
        deny_write_execute(maker);
        return 0;
    case SWITCH_RESTRICT_REALTIME:
        restrict_realtime(maker);
        return 0;
    case SWITCH_DYNAMIC_USER:
        if (maker->systemd->switches[SWITCH_RESTRICT_SUID_SGID].line) {
            return 0;
        }
        restrict_suid_sgid(maker);
        return 0;
    case SWITCH_RESTRICT_SUID_SGID:
        restrict_suid_sgid(maker);
        return 0;
    case SWITCH_PROTECT_KERNEL_TUNABLES:
        deny(maker, "_sysctl", EPERM_NUMBER);
        return 0;
    case SWITCH_PROTECT_KERNEL_MODULES:
        return deny_set(maker, "@module");
    case SWITCH_PROTECT_KERNEL_LOGS:
        deny(maker, "syslog", EPERM_NUMBER);
        return 0;
    case SWITCH_PROTECT_CLOCK:
        return deny_set(maker, "@clock");
    case SWITCH_PROTECT_HOSTNAME:
        deny(maker, "sethostname", EPERM_NUMBER);
        deny(maker, "setdomainname", EPERM_NUMBER);
        return 0;
    case SWITCH_PRIVATE_DEVICES:
        return deny_set(maker, "@raw-io");
    case SWITCH_LOCK_PERSONALITY:
        when(deny(maker, "personality", EPERM_NUMBER), 0, COMPARE_NE, maker->systemd->personality);
        return 0;
    case SWITCHES:
        break;
    }
    return 0;
}

int systemd_restrictions(struct systemd *systemd, struct systemd_rules *rules)
{
    static const char *const names[SWITCHES] = {
        [SWITCH_MEMORY_DENY_WRITE_EXECUTE] = "MemoryDenyWriteExecute=",
        [SWITCH_RESTRICT_REALTIME] = "RestrictRealtime=",
        [SWITCH_RESTRICT_SUID_SGID] = "RestrictSUIDSGID=",
        [SWITCH_DYNAMIC_USER] = "DynamicUser=",
        [SWITCH_PROTECT_KERNEL_TUNABLES] = "ProtectKernelTunables=",
        [SWITCH_PROTECT_KERNEL_MODULES] = "ProtectKernelModules=",
        [SWITCH_PROTECT_KERNEL_LOGS] = "ProtectKernelLogs=",
        [SWITCH_PROTECT_CLOCK] = "ProtectClock=",
        [SWITCH_PROTECT_HOSTNAME] = "ProtectHostname=",
        [SWITCH_PRIVATE_DEVICES] = "PrivateDevices=",
        [SWITCH_LOCK_PERSONALITY] = "LockPersonality=",
    };
    struct maker maker = {systemd, rules, systemd->families_place, "RestrictAddressFamilies="};
    if (systemd->families_allow || systemd->families) {
        restrict_families(&maker);
    }
    if (systemd->namespaces_place.line) {
        maker.place = systemd->namespaces_place;
        maker.setting = "RestrictNamespaces=";
        restrict_namespaces(&maker);
    }
    for (enum systemd_switch i = 0; i < SWITCHES; i++) {
        if (systemd->switches[i].line) {
            maker.place = systemd->switches[i];
            maker.setting = names[i];
            if (make_switch(&maker, i) < 0) {
                return -1;
            }
        }
    }
    return 0;
}
