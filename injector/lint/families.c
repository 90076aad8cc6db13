/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that do the same thing. Denying one of them says little while another stays open: GNU chown
 * and Go call fchownat, not chown; glibc's fork is clone. So a denial is looked at together with
 * the rest of its family, in the native ABI (other ABIs follow by arch/ways.c).
 *
 * Only what a rule denies counts as meant: what an allow list does not name is refused anyway.
 * A denial of a newer call by ENOSYS is none: libc falls back to the older call, which is how a
 * filter keeps programs from calls whose arguments it cannot see.
 */
#include "lint/internal.h"

#include "base/memory.h"

#include <sched.h>
#include <string.h>

enum {
    PART = 1,     /* does a part of what the whole ones do */
    ONE_WAY = 2,  /* a way round the others; but who denies it does not mean the family */
    NEWER = 4,    /* where it gives ENOSYS, libc falls back */
    PLAIN = 8,    /* lacks the arguments that the others have: no way round their conditions */
    POINTER = 16, /* the arguments lie in memory, where no filter can look */
};

struct member {
    const char *name;
    unsigned kind;
    uint64_t probe; /* not 0: it is a way if it passes with this first argument */
};

#define FAMILY_MOST 10u

struct family {
    struct member members[FAMILY_MOST]; /* up to the first without a name */
};

static const struct family families[] = {
    {{{"chown", 0, 0}, {"fchown", 0, 0}, {"lchown", 0, 0}, {"fchownat", 0, 0}}},
    {{{"chmod", 0, 0}, {"fchmod", 0, 0}, {"fchmodat", 0, 0}, {"fchmodat2", NEWER, 0}}},
    {{{"open", 0, 0},
      {"openat", 0, 0},
      {"openat2", NEWER | POINTER, 0},
      {"creat", PART, 0},
      {"open_by_handle_at", ONE_WAY | PART, 0}}},
    {{{"stat", 0, 0},
      {"lstat", 0, 0},
      {"newfstatat", 0, 0},
      {"statx", NEWER, 0},
      {"fstat", PART, 0}}},
    {{{"access", 0, 0}, {"faccessat", 0, 0}, {"faccessat2", NEWER, 0}}},
    {{{"fork", PLAIN, 0}, {"vfork", PLAIN, 0}, {"clone", 0, 0}, {"clone3", NEWER | POINTER, 0}}},
    {{{"unshare", 0, 0},
      {"clone", ONE_WAY, CLONE_NEWUSER},
      {"clone3", ONE_WAY | NEWER | POINTER, 0}}},
    {{{"execve", 0, 0}, {"execveat", 0, 0}}},
    {{{"kill", 0, 0},
      {"tkill", 0, 0},
      {"tgkill", 0, 0},
      {"rt_sigqueueinfo", 0, 0},
      {"rt_tgsigqueueinfo", 0, 0},
      {"pidfd_send_signal", NEWER, 0}}},
    {{{"dup", PLAIN, 0}, {"dup2", PLAIN, 0}, {"dup3", 0, 0}, {"fcntl", ONE_WAY | PART | PLAIN, 0}}},
    {{{"rename", 0, 0}, {"renameat", 0, 0}, {"renameat2", NEWER, 0}}},
    {{{"link", 0, 0}, {"linkat", 0, 0}}},
    {{{"symlink", 0, 0}, {"symlinkat", 0, 0}}},
    {{{"readlink", 0, 0}, {"readlinkat", 0, 0}}},
    {{{"mkdir", 0, 0}, {"mkdirat", 0, 0}}},
    {{{"mknod", 0, 0}, {"mknodat", 0, 0}}},
    {{{"unlink", PLAIN, 0}, {"unlinkat", 0, 0}}},
    {{{"rmdir", PLAIN, 0}, {"unlinkat", ONE_WAY, 0}}},
    {{{"truncate", 0, 0}, {"ftruncate", 0, 0}}},
    {{{"utime", 0, 0}, {"utimes", 0, 0}, {"futimesat", 0, 0}, {"utimensat", 0, 0}}},
    {{{"chdir", 0, 0}, {"fchdir", 0, 0}}},
    {{{"getdents", 0, 0}, {"getdents64", 0, 0}}},
    {{{"mount", 0, 0},
      {"move_mount", NEWER, 0},
      {"fsmount", NEWER | PART, 0},
      {"open_tree", NEWER | PART, 0},
      {"open_tree_attr", NEWER | PART, 0},
      {"mount_setattr", NEWER | PART, 0},
      {"fsopen", NEWER | PART, 0},
      {"fsconfig", NEWER | PART, 0},
      {"fspick", NEWER | PART, 0}}},
    {{{"setuid", 0, 0}, {"setreuid", 0, 0}, {"setresuid", 0, 0}, {"setfsuid", PART, 0}}},
    {{{"setgid", 0, 0}, {"setregid", 0, 0}, {"setresgid", 0, 0}, {"setfsgid", PART, 0}}},
    {{{"setxattr", 0, 0},
      {"lsetxattr", 0, 0},
      {"fsetxattr", 0, 0},
      {"setxattrat", NEWER | POINTER, 0}}},
    {{{"getxattr", 0, 0},
      {"lgetxattr", 0, 0},
      {"fgetxattr", 0, 0},
      {"getxattrat", NEWER | POINTER, 0}}},
    {{{"listxattr", 0, 0}, {"llistxattr", 0, 0}, {"flistxattr", 0, 0}, {"listxattrat", NEWER, 0}}},
    {{{"removexattr", 0, 0},
      {"lremovexattr", 0, 0},
      {"fremovexattr", 0, 0},
      {"removexattrat", NEWER, 0}}},
    {{{"ptrace", 0, 0},
      {"process_vm_readv", PART, 0},
      {"process_vm_writev", PART, 0},
      {"pidfd_getfd", NEWER | PART, 0}}},
    {{{"sendto", 0, 0}, {"sendmsg", 0, 0}, {"sendmmsg", 0, 0}}},
    {{{"recvfrom", 0, 0}, {"recvmsg", 0, 0}, {"recvmmsg", 0, 0}}},
    {{{"accept", 0, 0}, {"accept4", 0, 0}}},
    {{{"read", 0, 0}, {"pread64", 0, 0}, {"readv", 0, 0}, {"preadv", 0, 0}, {"preadv2", NEWER, 0}}},
    {{{"write", 0, 0},
      {"pwrite64", 0, 0},
      {"writev", 0, 0},
      {"pwritev", 0, 0},
      {"pwritev2", NEWER, 0}}},
    {{{"settimeofday", 0, 0},
      {"clock_settime", 0, 0},
      {"adjtimex", PART, 0},
      {"clock_adjtime", PART, 0}}},
    {{{"init_module", 0, 0}, {"finit_module", 0, 0}}},
    {{{"kexec_load", 0, 0}, {"kexec_file_load", 0, 0}}},
    {{{"mprotect", 0, 0}, {"pkey_mprotect", NEWER, 0}}},
    {{{"quotactl", 0, 0}, {"quotactl_fd", NEWER, 0}}},
    {{{"setrlimit", PLAIN, 0}, {"prlimit64", 0, 0}}},
    {{{"pipe", 0, 0}, {"pipe2", 0, 0}}},
};

#define FAMILY_COUNT (sizeof families / sizeof *families)

const char *lint_family_name_at(size_t index)
{
    size_t seen = 0;
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        for (size_t m = 0; m < FAMILY_MOST && families[f].members[m].name; m++) {
            if (seen++ == index) {
                return families[f].members[m].name;
            }
        }
    }
    return NULL;
}

/* A family as this policy treats it. */
struct treated {
    const struct family *family;
    size_t count;
    struct outcome outcomes[FAMILY_MOST];
};

static bool passes_probe(const struct lint *lint, const struct member *member)
{
    const uint64_t arguments[POLICY_ARGUMENTS] = {member->probe};
    return lint_passes(lint->subject->table, lint->subject->arch->abis[0], member->name, arguments);
}

static struct treated treat(const struct lint *lint, const struct family *family)
{
    struct treated treated = {.family = family};
    for (size_t m = 0; m < FAMILY_MOST && family->members[m].name; m++) {
        treated.outcomes[m] = lint_native(lint, family->members[m].name);
        treated.count++;
    }
    return treated;
}

/* Is the member open, so that it is a way round a denial of another? */
static bool is_open(const struct lint *lint, const struct treated *treated, size_t m)
{
    const struct member *member = &treated->family->members[m];
    const struct outcome *outcome = &treated->outcomes[m];
    return member->probe ? passes_probe(lint, member) : outcome->passes && !outcome->denied;
}

/* Does the policy deny the member, all of it, and mean it? */
static bool is_denied(const struct treated *treated, size_t m)
{
    const struct member *member = &treated->family->members[m];
    const struct outcome *outcome = &treated->outcomes[m];
    return outcome->denied && !outcome->passes && outcome->by_rule && !(member->kind & ONE_WAY) &&
           !(member->kind & NEWER && outcome->only_enosys);
}

/* Open members that do all, or (PART) a part, of what member `denied` does. */
static void ways_of(const struct lint *lint, const struct treated *treated, size_t denied,
                    unsigned part, struct name_list *out)
{
    for (size_t m = 0; m < treated->count; m++) {
        const struct member *member = &treated->family->members[m];
        if (m != denied && (member->kind & PART) == part && is_open(lint, treated, m)) {
            name_list_add(out, member->name);
        }
    }
}

static void report_ways(struct lint *lint, const struct name_list *denied,
                        const struct name_list *ways, const char *what)
{
    CLEANUP_FREE char *denied_text = name_list_text(denied, FAMILY_MOST);
    CLEANUP_FREE char *ways_text = name_list_text(ways, FAMILY_MOST);
    CLEANUP_FREE char *more = name_list_joined(ways);
    lint_find(lint, lint_name_place(lint, denied->names[0]),
              memory_printf("%s %s denied, but %s %s open and %s %s", denied_text,
                            denied->count > 1 ? "are" : "is", ways_text,
                            ways->count > 1 ? "are" : "is", ways->count > 1 ? "do" : "does", what),
              memory_printf("deny %s too", more));
}

static void find_ways(struct lint *lint, bool whole)
{
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct treated treated = treat(lint, &families[f]);
        struct name_list denied = {0};
        struct name_list ways = {0};
        for (size_t m = 0; m < treated.count; m++) {
            if (!is_denied(&treated, m)) {
                continue;
            }
            struct name_list whole_ways = {0};
            struct name_list part_ways = {0};
            ways_of(lint, &treated, m, 0, &whole_ways);
            ways_of(lint, &treated, m, PART, &part_ways);
            bool is_part = (families[f].members[m].kind & PART) != 0;
            const struct name_list *found = whole ? &whole_ways : &part_ways;
            if (found->count && (whole || (!whole_ways.count && !is_part))) {
                name_list_add(&denied, families[f].members[m].name);
                for (size_t i = 0; i < found->count; i++) {
                    name_list_add(&ways, found->names[i]);
                }
            }
            name_list_free(&whole_ways);
            name_list_free(&part_ways);
        }
        if (denied.count) {
            report_ways(lint, &denied, &ways, whole ? "the same" : "a part of it");
        }
        name_list_free(&denied);
        name_list_free(&ways);
    }
}

void lint_ways(struct lint *lint)
{
    find_ways(lint, true);
}

void lint_partial_ways(struct lint *lint)
{
    find_ways(lint, false);
}

/* Members whose arguments are looked at, while another member is open whatever its arguments. */
static void find_argument_ways(struct lint *lint, unsigned pointer)
{
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct treated treated = treat(lint, &families[f]);
        struct name_list restricted = {0};
        struct name_list ways = {0};
        for (size_t m = 0; m < treated.count; m++) {
            const struct member *member = &families[f].members[m];
            const struct outcome *outcome = &treated.outcomes[m];
            if (outcome->passes && outcome->denied && !(member->kind & ONE_WAY)) {
                name_list_add(&restricted, member->name);
            }
            bool open = outcome->passes && !outcome->denied && !member->probe;
            if (open && !(member->kind & PLAIN) && (member->kind & POINTER) == pointer) {
                name_list_add(&ways, member->name);
            }
        }
        if (restricted.count && ways.count) {
            CLEANUP_FREE char *restricted_text = name_list_text(&restricted, FAMILY_MOST);
            CLEANUP_FREE char *ways_text = name_list_text(&ways, FAMILY_MOST);
            lint_find(
                lint, lint_name_place(lint, restricted.names[0]),
                memory_printf("the arguments of %s are restricted, but %s %s open whatever the "
                              "arguments",
                              restricted_text, ways_text, ways.count > 1 ? "are" : "is"),
                pointer
                    ? memory_printf("give %s ENOSYS: libc falls back to the older call", ways_text)
                    : memory_printf("restrict %s too, or deny %s", ways_text,
                                    ways.count > 1 ? "them" : "it"));
        }
        name_list_free(&restricted);
        name_list_free(&ways);
    }
}

void lint_argument_ways(struct lint *lint)
{
    find_argument_ways(lint, 0);
}

void lint_pointer_ways(struct lint *lint)
{
    find_argument_ways(lint, POINTER);
}

void lint_open_ways(const struct lint *lint, const char *name, struct name_list *out)
{
    for (size_t f = 0; f < FAMILY_COUNT; f++) {
        struct treated treated = treat(lint, &families[f]);
        for (size_t m = 0; m < treated.count; m++) {
            const struct member *member = &families[f].members[m];
            if (strcmp(member->name, name) == 0 && !(member->kind & ONE_WAY)) {
                ways_of(lint, &treated, m, 0, out);
            }
        }
    }
}
