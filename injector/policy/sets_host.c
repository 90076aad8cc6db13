/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's sets as the machine has them: systemd-analyze(1) prints them all. It is found in $PATH
 * and started without a shell. What it prints is read strictly: a line that is not understood is an
 * error, since a call that is missed would be let through by a policy that denies.
 */
#include "policy/sets.h"

#include "base/memory.h"
#include "policy/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define PROGRAM "systemd-analyze"
#define MAX_BYTES (4u << 20)

void set_table_free(struct set_table *table)
{
    free(table->text);
    free((void *)table->members);
    free(table->sets);
    *table = (struct set_table){0};
}

static bool set_name_is_valid(const char *name)
{
    return name[0] == '@' && name[1] && strlen(name) <= POLICY_MAX_NAME_LENGTH &&
           !name[1 + strspn(name + 1, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static void add_member(struct set_table *table, const char *member)
{
    *(const char **)memory_append(&table->members, &table->member_count, &table->member_capacity,
                                  sizeof *table->members) = member;
}

/* One line, in place. False if it is none that we know. */
static bool read_line(struct set_table *table, char *line)
{
    char *word = line + strspn(line, " ");
    size_t length = strlen(word);
    while (length && word[length - 1] == ' ') {
        word[--length] = 0;
    }
    if (!*word || *word == '#') {
        return true;
    }
    if (word == line) {
        if (!set_name_is_valid(word)) {
            return false;
        }
        if (table->count) {
            add_member(table, NULL);
        }
        struct syscall_set *set =
            memory_append(&table->sets, &table->count, &table->capacity, sizeof *set);
        set->name = word;
        return true;
    }
    if (!table->count || (!set_name_is_valid(word) && !policy_name_is_valid(word))) {
        return false;
    }
    add_member(table, word);
    return true;
}

int set_table_read(const char *text, struct set_table *table, struct error *error)
{
    table->text = memory_strdup(text);
    char *rest = table->text;
    size_t number = 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        number++;
        if (!read_line(table, line)) {
            return error_set(error, ERROR_SYSTEM,
                             "line %zu of what " PROGRAM " printed is not understood, '%.60s': use "
                             "--sets pinned",
                             number, line);
        }
    }
    if (!table->count) {
        return error_set(error, ERROR_SYSTEM,
                         PROGRAM " printed no set of system calls: use --sets pinned");
    }
    add_member(table, NULL);
    /* The array does not move any more. */
    const char *const *members = table->members;
    for (size_t i = 0; i < table->count; i++) {
        table->sets[i].members = members;
        while (*members++) {
        }
    }
    return 0;
}

/* The environment without what changes how systemd prints. */
static char **make_environment(void)
{
    static char no_colours[] = "SYSTEMD_COLORS=0";
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    char **environment = memory_zeroed(count + 2, sizeof *environment);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "SYSTEMD_", 8) != 0) {
            environment[kept++] = environ[i];
        }
    }
    environment[kept] = no_colours;
    return environment;
}

/* Starts it with its standard output in `output`. An errno. */
static int start(int output, pid_t *pid)
{
    static char program[] = PROGRAM;
    static char no_pager[] = "--no-pager";
    static char verb[] = "syscall-filter";
    char *arguments[] = {program, no_pager, verb, NULL};
    char **environment = make_environment();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failure = posix_spawnp(pid, program, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    free((void *)environment);
    return failure;
}

/* All that comes, at most one byte more than the limit. */
static void read_output(int input, struct buffer *output)
{
    uint8_t piece[16384];
    while (output->size <= MAX_BYTES) {
        ssize_t got = read(input, piece, sizeof piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        buffer_add(output, piece, (size_t)got);
    }
}

int set_table_ask(struct set_table *table, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return error_system(error, errno, NULL, "cannot run " PROGRAM);
    }
    pid_t pid = 0;
    int failure = start(ends[1], &pid);
    close(ends[1]);
    struct buffer output = {0};
    if (!failure) {
        read_output(ends[0], &output);
    }
    close(ends[0]);
    if (failure) {
        return error_system(error, failure, NULL,
                            "--sets host: cannot run " PROGRAM
                            ", which is part of systemd (or use --sets pinned)");
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    bool whole =
        output.size <= MAX_BYTES && !memchr(output.data ? output.data : (void *)"", 0, output.size);
    CLEANUP_FREE char *text = buffer_steal_text(&output);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !whole) {
        return error_set(error, ERROR_SYSTEM,
                         "--sets host: \"" PROGRAM
                         " syscall-filter\" failed: run it by hand, or use --sets pinned");
    }
    return set_table_read(text, table, error);
}
