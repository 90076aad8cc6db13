/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rule decided is known where the filter that did is that of a caged program which has been
 * started, or of the policy on the command line: byte for byte.
 */
#include "commands/explain_run.h"

#include "base/memory.h"
#include "commands/compiled.h"
#include "policy/utf8.h"
#include "watch/arguments.h"
#include "watch/tracer.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MOST_LINES 10u /* of one event; after that it is only counted */

void run_cages_free(struct run_cages *cages)
{
    for (size_t i = 0; i < cages->count; i++) {
        caged_free(&cages->items[i]->caged);
        free(cages->items[i]->path);
        free(cages->items[i]);
    }
    free((void *)cages->items);
    *cages = (struct run_cages){0};
}

static const struct subject *find_subject(const struct explained_run *run,
                                          const struct filter *filter)
{
    if (run->policy && filter_equal(run->policy->filter, filter)) {
        return run->policy;
    }
    for (size_t i = 0; i < run->cages.count; i++) {
        if (filter_equal(run->cages.items[i]->subject.filter, filter)) {
            return &run->cages.items[i]->subject;
        }
    }
    return NULL;
}

/* The path of the program of a process. */
static char *program_of(pid_t process)
{
    char path[4096];
    CLEANUP_FREE char *link = memory_printf("/proc/%d/exe", (int)process);
    ssize_t size = readlink(link, path, sizeof path - 1);
    return size > 0 ? memory_strndup(path, (size_t)size) : NULL;
}

/* A program has been started: if it is caged, its policy is known. */
static void executed(void *context, pid_t process)
{
    struct explained_run *run = context;
    CLEANUP_FREE char *link = memory_printf("/proc/%d/exe", (int)process);
    struct error error = {0};
    struct run_cage *cage = memory_zeroed(1, sizeof *cage);
    if (caged_open(link, &cage->caged, &error) < 0 || find_subject(run, &cage->caged.filter)) {
        error_clear(&error); /* not caged, or known */
        caged_free(&cage->caged);
        free(cage);
        return;
    }
    char *path = program_of(process);
    cage->path = path ? path : memory_strdup("the program");
    cage->subject = (struct subject){cage->path, image_arch(cage->caged.image), cage->caged.policy,
                                     cage->caged.table, &cage->caged.filter};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    const size_t size = sizeof *run->cages.items;
    struct run_cage **slot =
        memory_append(&run->cages.items, &run->cages.count, &run->cages.capacity, size);
    *slot = cage;
}

static char *command_of(pid_t thread)
{
    CLEANUP_FREE char *path = memory_printf("/proc/%d/comm", (int)thread);
    FILE *file = fopen(path, "re");
    char name[64] = {0};
    if (!file) {
        return NULL;
    }
    char *got = fgets(name, sizeof name, file);
    (void)fclose(file);
    for (char *c = name; *c; c++) {
        if (*c == '\n') {
            *c = '\0';
        } else if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
            *c = '?';
        }
    }
    return got ? memory_strdup(name) : NULL;
}

static void print_call(const struct explained_run *run, const struct watch_call *call,
                       const struct event *event)
{
    if (!run->stream || event->count > MOST_LINES) {
        return;
    }
    const struct abi *abi = abi_by_audit(call->call.arch);
    const char *name = abi ? abi_syscall_name(abi, (uint32_t)call->call.nr) : NULL;
    CLEANUP_FREE char *unnamed = memory_printf("system call 0x%x of architecture 0x%x",
                                               (unsigned)call->call.nr, (unsigned)call->call.arch);
    CLEANUP_FREE char *arguments =
        abi ? watch_arguments(abi, name, &call->call, call->thread) : memory_strdup("");
    CLEANUP_FREE char *action = event->kind == EVENT_NOTIFIED
                                    ? memory_strdup("left to a process that listens")
                                    : action_text(event->action);
    struct origin origin = {0};
    if (event->subject && event->subject->table) {
        table_evaluate(event->subject->table, &call->call, &origin);
    }
    CLEANUP_FREE char *reason = event->subject
                                    ? origin_text(event->subject->policy, origin)
                                    : memory_strdup("a filter that elfcage did not make");
    CLEANUP_FREE char *line = memory_printf(
        "%s[%d] %s(%s)%s%s: %s: %s", event->command ? event->command : "", (int)call->thread,
        name ? name : unnamed, arguments, abi && abi->bits == 32 ? " of " : "",
        abi && abi->bits == 32 ? abi->name : "", action, reason);
    utf8_make_printable(line);
    (void)fprintf(run->stream, "elfcage: %s\n", line);
    if (event->count == MOST_LINES) {
        (void)fprintf(run->stream, "elfcage: more of this are only counted\n");
    }
    (void)fflush(run->stream);
}

static void called(void *context, const struct watch_call *call)
{
    struct explained_run *run = context;
    struct event event = {
        .kind = EVENT_SEEN,
        .call = call->call,
        .subject = find_subject(run, call->filter),
        .pid = (uint64_t)call->process,
        .command = command_of(call->thread),
        .program = program_of(call->process),
    };
    event.call.instruction_pointer = 0;
    if (!action_from_return_value(call->returns, &event.action)) {
        event.kind = EVENT_NOTIFIED;
    }
    print_call(run, call, events_add(&run->events, &event));
}

static void killed(void *context, pid_t thread, int signal)
{
    const struct explained_run *run = context;
    if (run->stream && signal == SIGSYS) {
        (void)fprintf(run->stream, "elfcage: [%d] killed by SIGSYS\n", (int)thread);
        (void)fflush(run->stream);
    }
}

static void loaded(void *context, pid_t thread)
{
    struct explained_run *run = context;
    (void)thread;
    run->loaded = true;
}

int explain_run(struct explained_run *run, char *const *arguments, struct error *error)
{
    CLEANUP_FREE char *own = program_of(getpid());
    if (!own) {
        /* Every filter would pass for one that is not elfcage's. */
        return error_set(error, ERROR_SYSTEM,
                         "--run: /proc cannot be read, which tells what programs run: mount it");
    }
    const struct watcher watcher = {run, executed, called, killed, loaded};
    return watch_run(arguments, &watcher, &run->status, error);
}
