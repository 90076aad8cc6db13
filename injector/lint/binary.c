/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy and the program together: what runs before the filter, what no_new_privs takes away,
 * code that comes later, and calls without which the program cannot start.
 */
#include "lint/internal.h"

#include "base/memory.h"
#include "elf/dynamic.h"
#include "lint/libraries.h"
#include "policy/policy.h"
#include "stub/format.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* musl's loader leaves constructors to the program's own start-up code, which comes after the
   entry point. */
static bool constructors_come_first(const struct image *image)
{
    const char *interpreter = program_interpreter(image);
    const char *slash = interpreter ? strrchr(interpreter, '/') : NULL;
    return slash && strncmp(slash + 1, "ld-musl", 7) != 0;
}

void lint_before_hook(struct lint *lint)
{
    const struct image *image = lint->subject->image;
    if (!image || !constructors_come_first(image)) {
        return;
    }
    struct libraries libraries;
    libraries_find(image, &libraries);
    struct buffer list = {0};
    struct name_list missing = {0};
    size_t count = 0;
    for (size_t i = 0; i < libraries.count; i++) {
        const struct library *library = &libraries.items[i];
        size_t functions = library->image ? dynamic_constructors(library->image) : 0;
        if (!library->image) {
            name_list_add(&missing, library->name);
        }
        if (functions) {
            buffer_printf(&list, "%s%s (%zu)", count++ ? ", " : "", library->name, functions);
        }
    }
    CLEANUP_FREE char *text = buffer_steal_text(&list);
    CLEANUP_FREE char *missing_text = name_list_text(&missing, 6);
    if (libraries.count) {
        lint_find_binary(
            lint,
            memory_printf("before the filter run the dynamic loader and the constructors of %zu "
                          "librar%s%s%s%s%s%s",
                          count, count == 1 ? "y" : "ies", count ? ": " : "", text,
                          missing.count ? "; not found here: " : "", missing_text, ""),
            NULL);
    }
    name_list_free(&missing);
    libraries_free(&libraries);
}

void lint_preinit(struct lint *lint)
{
    if (lint->subject->image && image_has_preinit(lint->subject->image)) {
        lint_find_binary(lint,
                         memory_strdup("functions of the program's own DT_PREINIT_ARRAY run before "
                                       "the filter"),
                         NULL);
    }
}

void lint_privileges(struct lint *lint)
{
    const struct image *image = lint->subject->image;
    const char *name = image ? image_name(image) : NULL;
    struct stat status;
    if (!name || stat(name, &status) != 0 ||
        (lint->subject->payload &&
         lint->subject->payload->cage.stub_flags & ELFCAGE_STUB_KEEP_PRIVILEGES)) {
        return;
    }
    bool group = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    const char *what = status.st_mode & S_ISUID ? "is set-user-ID"
                       : group                  ? "is set-group-ID"
                       : getxattr(name, "security.capability", NULL, 0) > 0
                           ? "has file capabilities"
                           : NULL;
    if (what) {
        lint_find_binary(lint,
                         memory_printf("the program %s and sets no_new_privs: it keeps its rights, "
                                       "but set-user-ID programs that it starts get none, and it "
                                       "gets none itself when a caged program starts it",
                                       what),
                         NULL);
    }
}

/* The names of `names` that the program imports. */
static struct name_list imported(const struct image *image, const char *const *names, size_t count)
{
    struct name_list list = {0};
    for (size_t i = 0; i < count; i++) {
        if (dynamic_imports(image, names[i])) {
            name_list_add(&list, names[i]);
        }
    }
    return list;
}

void lint_loads_code(struct lint *lint)
{
    static const char *const names[] = {"dlopen", "dlmopen"};
    if (!lint->subject->image) {
        return;
    }
    struct name_list found = imported(lint->subject->image, names, sizeof names / sizeof *names);
    if (found.count) {
        CLEANUP_FREE char *text = name_list_text(&found, 2);
        lint_find_binary(lint,
                         memory_printf("the program imports %s: libraries that it loads later run "
                                       "under the filter, and make calls of their own",
                                       text),
                         NULL);
    }
    name_list_free(&found);
}

/* Functions of libc that end in execve. */
static const char *const exec_functions[] = {"execve", "execv",       "execvp", "execvpe",
                                             "execl",  "execlp",      "execle", "fexecve",
                                             "system", "posix_spawn", "popen",  "posix_spawnp"};
#define EXEC_COUNT (sizeof exec_functions / sizeof *exec_functions)

static bool holds_text(const struct image *image, const char *text)
{
    struct bytes bytes = image_bytes(image);
    return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

void lint_self_exec(struct lint *lint)
{
    const struct image *image = lint->subject->image;
    if (!image || !holds_text(image, "/proc/self/exe")) {
        return;
    }
    struct name_list found = imported(image, exec_functions, EXEC_COUNT);
    if (found.count && lint_native(lint, "execve").passes) {
        bool blocked = lint_nesting_is_blocked(lint->subject->table, lint->subject->arch);
        CLEANUP_FREE char *text = name_list_text(&found, 3);
        lint_find_binary(lint,
                         memory_printf("the program names /proc/self/exe and imports %s: each time "
                                       "it starts itself anew, the filter is loaded once more%s",
                                       text,
                                       blocked ? ", which this policy refuses (status 126)" : ""),
                         NULL);
    }
    name_list_free(&found);
}

void lint_no_exec(struct lint *lint)
{
    const struct image *image = lint->subject->image;
    if (!image || lint_native(lint, "execve").passes || lint_native(lint, "execveat").passes) {
        return;
    }
    struct name_list found = imported(image, exec_functions, EXEC_COUNT);
    if (found.count) {
        CLEANUP_FREE char *text = name_list_text(&found, 4);
        lint_find_binary(lint,
                         memory_printf("the program imports %s, but the policy lets it start no "
                                       "program",
                                       text),
                         NULL);
    }
    name_list_free(&found);
}

void lint_other_cage(struct lint *lint)
{
    const struct policy *carried = lint->subject->carried_policy;
    if (carried && !policy_equal(carried, lint->subject->policy)) {
        lint_find_binary(lint, memory_strdup("the program is caged already, with another policy"),
                         NULL);
    }
}

void lint_fails_open(struct lint *lint)
{
    const struct payload *payload = lint->subject->payload;
    if (payload && payload->cage.stub_flags & ELFCAGE_STUB_WARN) {
        lint_find_binary(lint,
                         memory_strdup("the program starts unfiltered if the kernel refuses the "
                                       "filter"),
                         NULL);
    }
}

/* Calls without which Go's runtime does not start, schedule, or end: denied with an errno, each one
   makes it throw, crash or hang (go1.19.8; tests/cli/lint.sh tries each). */
static const char *const go_calls[] = {
    "mmap",         "futex",       "clone",      "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "sigaltstack", "arch_prctl", "exit_group",
};

/* Linked by Go's linker, without libc: it makes its system calls itself. */
static bool is_static_go(const struct image *image)
{
    if (image_find_phdr(image, PT_INTERP) != SIZE_MAX) {
        return false;
    }
    for (size_t i = 1; i < image_shdr_count(image); i++) {
        if (strcmp(image_section_name(image, i), ".note.go.buildid") == 0) {
            return true;
        }
    }
    return false;
}

void lint_go(struct lint *lint)
{
    if (!lint->subject->image || !is_static_go(lint->subject->image)) {
        return;
    }
    struct name_list refused = {0};
    for (size_t i = 0; i < sizeof go_calls / sizeof *go_calls; i++) {
        struct outcome outcome = lint_native(lint, go_calls[i]);
        if (outcome.denied && !outcome.passes) {
            name_list_add(&refused, go_calls[i]);
        }
    }
    if (refused.count) {
        CLEANUP_FREE char *text = name_list_text(&refused, 9);
        lint_find_binary(
            lint, memory_printf("this is a Go program, whose runtime cannot do without %s", text),
            memory_printf("allow %s", text));
    }
    name_list_free(&refused);
}
