/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a unit that limit system calls, between reading them (systemd_calls.c,
 * systemd_restrict.c) and making a policy of them (systemd_build.c).
 */
#ifndef ELFCAGE_POLICY_SYSTEMD_H
#define ELFCAGE_POLICY_SYSTEMD_H

#include "policy/internal.h"
#include "policy/sets.h"
#include "policy/systemd_unit.h"

/* One system call that a list names. */
struct systemd_call {
    char *name;      /* owned */
    bool has_action; /* ":errno" or ":kill" was given with it */
    struct action action;
    struct place place;
    const char *set; /* as rule.set */
};

/* SystemCallFilter= or SystemCallLog=, after all assignments so far. */
struct systemd_list {
    bool given;  /* assigned since it was reset */
    bool allows; /* the first assignment had no '~': what is listed is let through (logged) */
    struct systemd_call *calls; /* owned, sorted by name */
    size_t count, capacity;
};

/* What the settings beside SystemCallFilter= refuse. A place with line 0: it is not set. */
enum systemd_switch {
    SWITCH_MEMORY_DENY_WRITE_EXECUTE,
    SWITCH_RESTRICT_REALTIME,
    SWITCH_RESTRICT_SUID_SGID,
    SWITCH_DYNAMIC_USER, /* which implies RestrictSUIDSGID= */
    SWITCH_PROTECT_KERNEL_TUNABLES,
    SWITCH_PROTECT_KERNEL_MODULES,
    SWITCH_PROTECT_KERNEL_LOGS,
    SWITCH_PROTECT_CLOCK,
    SWITCH_PROTECT_HOSTNAME,
    SWITCH_PRIVATE_DEVICES,
    SWITCH_LOCK_PERSONALITY,
    SWITCHES,
};

#define SYSTEMD_FAMILIES 64u /* more than there are address families */

struct systemd {
    const struct policy_options *options; /* borrowed, and the next two */
    struct policy_notes *notes;
    struct error *error;
    const struct unit_reader *reader; /* of the text that is being read */
    const char *place_file;           /* its name, as long as the policy lives */
    struct policy *policy;
    struct sets *sets;
    const char *section; /* the one whose settings count; NULL: none seen */
    size_t mentions;     /* of system calls */
    size_t assignments;

    struct systemd_list filter, log;
    struct action refusal;  /* SystemCallErrorNumber= */
    uint32_t architectures; /* SystemCallArchitectures=: bit i is row i of its table; 0: not set */
    struct place switches[SWITCHES];
    uint64_t families; /* RestrictAddressFamilies=: bit of each that is listed */
    bool families_given, families_allow;
    struct place families_place;
    uint64_t namespaces; /* RestrictNamespaces=: CLONE_NEW* that may be made */
    struct place namespaces_place;
    uint64_t personality; /* Personality= */
};

/* A value, while its words are read. */
struct systemd_value {
    const char *text;
    const char *rest;
};
/* The next word, blanks around it cut off; owned by the caller. NULL: no more. *place is where it
   begins, for errors and rules. */
char *systemd_word(const struct systemd *systemd, struct systemd_value *value, struct place *place);
/* Cuts quotes around the whole word off, which systemd does in some settings. */
void systemd_unquote(char *word);
/* Sets the error, at the place. -1. */
int systemd_fail(const struct systemd *systemd, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct place systemd_place(const struct systemd *systemd, const char *byte);

/* Each takes one assignment. */
int systemd_read_filter(struct systemd *systemd, const char *value);
int systemd_read_log(struct systemd *systemd, const char *value);
int systemd_read_errno(struct systemd *systemd, const char *value);
int systemd_read_architectures(struct systemd *systemd, const char *value);
int systemd_read_families(struct systemd *systemd, const char *value);
int systemd_read_namespaces(struct systemd *systemd, const char *value);
int systemd_read_personality(struct systemd *systemd, const char *value);
int systemd_read_switch(struct systemd *systemd, enum systemd_switch which, const char *value);

/* The calls of a list; NULL if it lacks the name. */
const struct systemd_call *systemd_find(const struct systemd_list *list, const char *name);
void systemd_list_free(struct systemd_list *list); /* what it holds */
/* Names an ABI to the policy for each architecture that is set, the target's own too. */
int systemd_name_abis(struct systemd *systemd);

/* A rule that refuses with an errno what one of the settings forbids. */
struct systemd_rule {
    const char *name;
    struct condition conditions[2];
    size_t condition_count;
    uint16_t errno_number;
    struct place place;
    const char *set; /* "RestrictRealtime=" */
};
struct systemd_rules {
    struct systemd_rule *rules; /* owned; in the order in which they decide */
    size_t count, capacity;
};
/* What the settings forbid. */
int systemd_restrictions(struct systemd *systemd, struct systemd_rules *rules);

/* Adds all of it to systemd->policy. */
int systemd_build(struct systemd *systemd);

#endif
