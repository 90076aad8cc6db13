/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy: what the user allows. Plain data, neutral of architecture: system calls have names,
 * not numbers.
 *
 * Meaning. For each named system call there is an ordered list of rules; the first whose conditions
 * all hold decides; if none does, the default action decides. A rule without conditions always
 * holds. See seccomp(2) for the actions.
 */
#ifndef ELFCAGE_POLICY_MODEL_H
#define ELFCAGE_POLICY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_MAX_ERRNO 4095u /* MAX_ERRNO of the kernel; above it seccomp(2) caps silently */
#define POLICY_ARGUMENTS 6u

enum action_kind {
    ACTION_KILL_PROCESS,
    ACTION_KILL_THREAD,
    ACTION_TRAP,
    ACTION_ERRNO,
    ACTION_TRACE,
    ACTION_LOG,
    ACTION_ALLOW,
};

struct action {
    enum action_kind kind;
    uint16_t data; /* errno (0..4095), message for the tracer, si_errno of SIGSYS; otherwise 0 */
};

/* SECCOMP_RET_* value for the action. */
uint32_t action_return_value(struct action action);
/* The action as the kernel understands a return value: errno capped, unused data dropped, unknown
   actions are KILL_PROCESS (seccomp(2), kernel/seccomp.c). RET_USER_NOTIF gives false. */
bool action_from_return_value(uint32_t value, struct action *action);
bool action_equal(struct action a, struct action b);
/* Does the system call not run? True for all but ALLOW and LOG (TRACE counts as a denial). */
bool action_denies(struct action action);
/* "allow", "log", "errno:EPERM" ("errno:4000" where it has no name), "trap:0", "trace:1",
   "kill-thread", "kill-process". Owned by the caller. */
char *action_text(struct action action);
/* Reads what action_text() prints, case ignored, and the short forms "errno" (EPERM), "trap",
   "kill" (kill-process). False if it is none. */
bool action_parse(const char *text, struct action *action);
/* Number of an errno name ("EPERM") or a decimal number 0..4095; false if neither. */
bool errno_parse(const char *text, uint16_t *number);

enum compare {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE,
    COMPARE_MASKED_EQ, /* (argument & mask) == value */
};

/* Comparisons are unsigned, on the low `width` bits of the argument: what the kernel consumes. */
struct condition {
    uint8_t argument; /* 0..5 */
    uint8_t width;    /* 32 or 64 */
    enum compare compare;
    uint64_t value; /* fits `width` bits; for MASKED_EQ a subset of `mask` */
    uint64_t mask;  /* MASKED_EQ only, otherwise 0 */
};

/* Can all conditions of `a` and of `b` hold at once? Exact. (Conditions of one argument have one
   width: argument_width().) Either array may be empty. */
bool conditions_can_hold(const struct condition *a, size_t a_count, const struct condition *b,
                         size_t b_count);

/* Where a rule stands in the text it was read from; line 0: nowhere. `file` is borrowed from the
   policy that holds it. */
struct place {
    const char *file;
    size_t line;
    size_t column;
};

struct rule {
    struct condition *conditions; /* owned */
    size_t condition_count;
    struct action action;
    struct place place; /* not part of the canonical form */
    /* What the name came from, "@clock", where nobody wrote it: it is no mistake that a target
       lacks it. NULL: it was written. Borrowed as place.file is, or for ever. Not part of the
       canonical form. */
    const char *set;
};

struct syscall_rules {
    char *name;         /* owned */
    struct rule *rules; /* owned, in order */
    size_t rule_count;
    size_t rule_capacity;
};

/* The set ("@clock") from which a name has its rules; NULL if somebody wrote the name. */
const char *syscall_rules_set(const struct syscall_rules *rules);

enum enosys_above {
    ENOSYS_ABOVE_TABLE,   /* default: above the highest number of the name table */
    ENOSYS_ABOVE_PROFILE, /* above the highest number that the policy names */
    ENOSYS_ABOVE_NONE,
};

struct policy {
    struct action default_action;
    uint32_t flags;                 /* SECCOMP_FILTER_FLAG_LOG, SPEC_ALLOW; TSYNC is always on */
    enum enosys_above enosys_above; /* has an effect under a denying default only */
    bool audit;  /* policy_make_audit() made it: what elfcage refuses by itself becomes LOG too */
    char **abis; /* owned, sorted: the ABIs the policy names ("x86_64", "i386", */
    size_t abi_count;               /* "x32", "aarch64", "arm", ...); none: it names no ABI */
    struct syscall_rules *syscalls; /* owned, sorted by name, each name once, none without rules */
    size_t syscall_count;
    char **files; /* owned: the names that places point to */
    size_t file_count;
};

struct policy *policy_new(struct action default_action);
void policy_free(struct policy *policy);
/* The rules of `name`, made (empty) if there are none yet. */
struct syscall_rules *policy_syscall(struct policy *policy, const char *name);
const struct syscall_rules *policy_find(const struct policy *policy, const char *name);
/* Appends a rule and returns it; conditions are copied. */
struct rule *policy_add_rule(struct policy *policy, const char *name,
                             const struct condition *conditions, size_t condition_count,
                             struct action action, struct place place);
/* Allows the call where the conditions hold, whatever was said of it before; without conditions
   that is all that is said of it. */
void policy_allow(struct policy *policy, const char *name, const struct condition *conditions,
                  size_t condition_count);
/* Same meaning, rule by rule: everything but places. */
bool policy_equal(const struct policy *a, const struct policy *b);
/* Every denial, the default's included, becomes LOG (--audit), and `audit` is set; then nothing is
   denied. */
void policy_make_audit(struct policy *policy);
/* --allow-nesting: in front of the rules of `prctl` and `seccomp`, allow exactly what a stub calls:
   prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) and seccomp(SECCOMP_SET_MODE_FILTER, flags the stub uses).
 */
void policy_allow_nesting(struct policy *policy);

/*
 * A resolution: what a target made of a policy, as far as it does not follow from the policy by
 * itself: the ABIs, their ceilings, and the numbers of names that some tables do not know yet. It
 * is recorded in the payload, so that a later elfcage with a newer name table proves the same
 * thing.
 */
struct resolved_name {
    char *name; /* owned */
    uint32_t number;
};

struct resolved_abi {
    char *name;       /* owned: "x86_64" */
    uint32_t ceiling; /* highest number that is not "newer than the policy" (see enosys_above);
                         UINT32_MAX: no ceiling */
    struct resolved_name *names; /* owned, sorted by name; usually none */
    size_t name_count;
};

struct resolution {
    struct resolved_abi *abis; /* owned, native ABI first */
    size_t abi_count;
};

void resolution_free(struct resolution *resolution); /* what it holds, not the struct itself */

#endif
