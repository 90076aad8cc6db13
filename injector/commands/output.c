/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_PATH, OUTPUT_IN_PLACE, OUTPUT_BREAK_HARDLINKS, OUTPUT_SYNC };

static const struct option_definition definitions[] = {
    {"output", 'o', "OUT", "write to OUT; it is replaced in one step if it exists", OUTPUT_PATH},
    {"in-place", 'i', NULL,
     "write to FILE itself, in one step; owner, mode, ACLs and attributes stay", OUTPUT_IN_PLACE},
    {"break-hardlinks", 0, NULL, "with -i on a file with several names: change this name only",
     OUTPUT_BREAK_HARDLINKS},
    {"sync", 0, NULL, "fsync(2) the file and its directory", OUTPUT_SYNC},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct output *output = into;
    switch (id) {
    case OUTPUT_PATH:
        if (output->path) {
            return error_set(error, ERROR_USAGE, "given twice");
        }
        output->path = value;
        break;
    case OUTPUT_IN_PLACE:
        output->in_place = true;
        break;
    case OUTPUT_BREAK_HARDLINKS:
        output->break_hardlinks = true;
        break;
    default:
        output->sync = true;
        break;
    }
    return 0;
}

const struct option_group output_options = {
    .title = "output",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

int output_settle(const struct output *output, struct error *error)
{
    if (output->path && output->in_place) {
        return error_set(error, ERROR_USAGE, "-o and -i exclude each other: give one of them");
    }
    if (!output->path && !output->in_place) {
        return error_set(error, ERROR_USAGE, "no output: give -o OUT, or -i to change FILE itself");
    }
    return 0;
}

int output_check_operands(const struct command *command, const struct output *output, size_t count,
                          struct error *error)
{
    if (count == 0) {
        return command_usage_error(command, error, "give a FILE");
    }
    if (count > 1 && output->path) {
        return command_usage_error(command, error, "-o OUT takes one FILE (%zu were given)", count);
    }
    return 0;
}

const char *output_path(const struct output *output, const char *source)
{
    return output->path ? output->path : source;
}

int output_open_source(const char *path, struct error *error)
{
    /* O_NONBLOCK: a FIFO must not make us wait; it means nothing for a regular file. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return error_system(error, errno, path, "cannot be opened");
    }
    struct stat status;
    if (fstat(fd, &status) < 0) {
        error_system(error, errno, path, "cannot be examined");
    } else if (!S_ISREG(status.st_mode)) {
        error_file(error, ERROR_UNSUPPORTED, path, "not a regular file");
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

static void note_lost_bits(const struct verbosity *verbosity, const char *path, int source_fd)
{
    struct stat before;
    struct stat after;
    if (fstat(source_fd, &before) < 0 || stat(path, &after) < 0) {
        return;
    }
    mode_t lost = before.st_mode & ~after.st_mode & (S_ISUID | S_ISGID);
    if (lost) {
        note(verbosity, "%s: lost %s%s%s, since owner or group are others: -i keeps them", path,
             lost & S_ISUID ? "set-user-ID" : "", lost == (S_ISUID | S_ISGID) ? " and " : "",
             lost & S_ISGID ? "set-group-ID" : "");
    }
}

int output_write(const struct output *output, const struct verbosity *verbosity, const char *source,
                 const struct plan *plan, const struct image *image, int source_fd,
                 write_check *check, void *context, struct error *error)
{
    const struct write_options options = {
        .destination = output_path(output, source),
        .in_place = output->in_place,
        .break_hardlinks = output->break_hardlinks,
        .sync = output->sync,
    };
    if (write_plan(plan, image, source_fd, &options, check, context, error) < 0) {
        return -1;
    }
    note_lost_bits(verbosity, options.destination, source_fd);
    return 0;
}
