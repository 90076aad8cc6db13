/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs several commands in turn, many times, and prints what each run took:
 *
 *     rounds SPECIFICATION ROUNDS SECONDS
 *     -> NAME <tab> wall ns <tab> processor us <tab> peak KiB <tab> exit status
 *
 * All commands run once in each round, in an order that differs from round to round, so that noise
 * of the machine meets all of them alike. It is over after ROUNDS, or after SECONDS and at least
 * three rounds; the first round warms up and is not printed.
 *
 * The specification has one `KEY VALUE` a line: `run NAME` begins a command, `arg WORD` adds a
 * word, `env NAME=VALUE` a variable, `remove PATH` names a file that is removed before and after,
 * `open PATH` opens a file as descriptor 9. Output goes to /dev/null.
 *
 * A static program, since a child's peak memory counts from before exec(2), when it was this one.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 32, MAX_WORDS = 32, MAX_ROUNDS = 10000, DESCRIPTOR = 9 };

struct command {
    char *name;
    char *words[MAX_WORDS + 1];
    char *variables[MAX_WORDS + 3];
    char *removed;
    char *opened;
    size_t word_count, variable_count;
};

struct sample {
    int64_t wall_ns, processor_us;
    long peak_kib;
    int status;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void take(struct command *command, const char *key, char *value)
{
    if (strcmp(key, "arg") == 0 && command->word_count < MAX_WORDS) {
        command->words[command->word_count++] = value;
    } else if (strcmp(key, "env") == 0 && command->variable_count < MAX_WORDS) {
        command->variables[command->variable_count++] = value;
    } else if (strcmp(key, "remove") == 0) {
        command->removed = value;
    } else if (strcmp(key, "open") == 0) {
        command->opened = value;
    } else {
        fprintf(stderr, "rounds: cannot take: %s %s\n", key, value);
        exit(2);
    }
}

static size_t read_specification(const char *path, struct command *commands)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        fail(path);
    }
    size_t count = 0;
    char line[4096];
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *space = strchr(line, ' ');
        if (!space || (count == 0 && strncmp(line, "run ", 4) != 0)) {
            fprintf(stderr, "rounds: not KEY VALUE: %s\n", line);
            exit(2);
        }
        *space = 0;
        char *value = strdup(space + 1);
        if (strcmp(line, "run") != 0) {
            take(&commands[count - 1], line, value);
        } else if (count < MAX_COMMANDS) {
            struct command *command = &commands[count++];
            command->name = value;
            command->variables[command->variable_count++] = "PATH=/usr/bin:/bin";
            command->variables[command->variable_count++] = "LC_ALL=C";
        }
    }
    fclose(file);
    return count;
}

static void run(const struct command *command, struct sample *sample)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (command->opened) {
        posix_spawn_file_actions_addopen(&actions, DESCRIPTOR, command->opened, O_RDONLY, 0);
    }
    if (command->removed) {
        unlink(command->removed);
    }
    pid_t child;
    int status;
    struct rusage usage;
    int64_t start = now();
    if (posix_spawn(&child, command->words[0], &actions, NULL, command->words,
                    command->variables) != 0) {
        fail(command->words[0]);
    }
    if (wait4(child, &status, 0, &usage) < 0) {
        fail("wait4");
    }
    sample->wall_ns = now() - start;
    sample->processor_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
                           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    sample->peak_kib = usage.ru_maxrss;
    sample->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (command->removed) {
        unlink(command->removed);
    }
    posix_spawn_file_actions_destroy(&actions);
}

/* Any order will do, as long as it changes: xorshift. */
static void shuffle(size_t *order, size_t count, uint32_t *state)
{
    for (size_t i = count; i > 1; i--) {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        size_t other = *state % i;
        size_t keep = order[i - 1];
        order[i - 1] = order[other];
        order[other] = keep;
    }
}

int main(int argument_count, char **arguments)
{
    static struct command commands[MAX_COMMANDS];
    if (argument_count != 4) {
        fputs("usage: rounds SPECIFICATION ROUNDS SECONDS\n", stderr);
        return 2;
    }
    size_t count = read_specification(arguments[1], commands);
    int rounds = (int)strtol(arguments[2], NULL, 10);
    int64_t end = now() + (int)strtol(arguments[3], NULL, 10) * INT64_C(1000000000);
    size_t order[MAX_COMMANDS];
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    uint32_t state = 1;
    for (int round = 0; round <= rounds && (round <= 3 || now() < end); round++) {
        shuffle(order, count, &state);
        for (size_t i = 0; i < count; i++) {
            struct sample sample;
            run(&commands[order[i]], &sample);
            if (round > 0) {
                printf("%s\t%lld\t%lld\t%ld\t%d\n", commands[order[i]].name,
                       (long long)sample.wall_ns, (long long)sample.processor_us, sample.peak_kib,
                       sample.status);
            }
        }
    }
    return 0;
}
