/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to a system call, which rule says so, and what would let it pass: the middle part
 * of explain. An event is one call, however often it was seen; its text is two lines.
 */
#ifndef ELFCAGE_COMMANDS_EXPLANATION_H
#define ELFCAGE_COMMANDS_EXPLANATION_H

#include "filter/filter.h"
#include "policy/json.h"
#include "policy/policy.h"

/* What an event is explained by. All borrowed. Policy and table are NULL for a filter that was
   given as it is: it says what happens, but not why. */
struct subject {
    const char *name; /* of the file */
    const struct arch *arch;
    const struct policy *policy;
    const struct table *table;
    const struct filter *filter;
};

enum event_kind {
    EVENT_ASKED,    /* nothing happened: somebody asks about the call */
    EVENT_RECORDED, /* by the kernel: arguments and the action's data are not known */
    EVENT_NOTIFIED, /* the same; a process that listens decided (SECCOMP_RET_USER_NOTIF) */
    EVENT_SEEN,     /* under ptrace: everything is known */
};

struct event {
    enum event_kind kind;
    struct seccomp_data call;
    struct action action;          /* RECORDED: without data; SEEN */
    const struct subject *subject; /* NULL: none, or another filter than that of any subject */
    size_t count;
    unsigned varying; /* SEEN: bit i: not all calls had the same low half of argument i */
    uint64_t pid;     /* of the first; 0: not known */
    char *command;    /* owned, printable; NULL: not known */
    char *program;    /* owned */
};

struct events {
    struct event *items; /* owned */
    size_t count, capacity;
};

/* Takes over what `event` holds; counts it if there is one like it. Returns it. The pointer is good
   until the next is added. */
struct event *events_add(struct events *events, struct event *event);
void events_free(struct events *events); /* what it holds */

/* What can have decided an event: rules in order, then what holds without one. */
struct reason {
    struct action action;
    struct origin origin;
};
struct reasons {
    struct reason *items; /* owned; free() */
    size_t count, capacity;
};
struct reasons event_reasons(const struct event *event);

/* What would let the call pass. */
enum way_out {
    WAY_OPEN,     /* it passes already */
    WAY_ALLOW,    /* *name has to be allowed: that of the call, or of what it is another way to */
    WAY_NAME_ABI, /* the policy has to name the ABI *name */
    WAY_NONE,     /* nothing: x32, a number without name, -1 */
};
enum way_out event_way_out(const struct event *event, const struct reasons *reasons,
                           const char **name);

/* "chown (92) of x86_64". Owned by the caller. */
char *event_call_text(const struct event *event);
/* The two lines, each with its newline. Owned by the caller. */
char *event_text(const struct event *event);
/* One object of a report. */
void event_json(const struct event *event, struct json_writer *writer);

#endif
