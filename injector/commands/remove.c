/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove: the original, byte for byte.
 */
#include "base/memory.h"
#include "commands/output.h"
#include "elf/plan.h"

#include <stdio.h>

/* The temporary file, before it is renamed: its size is all that is left to check, since the plan's
   source was checked by digests. */
static int check_size(int fd, const char *name, void *context, struct error *error)
{
    const struct plan *plan = context;
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0 || (uint64_t)size != plan->size) {
        return error_file(error, ERROR_INTERNAL, name, "has the wrong size after writing");
    }
    return 0;
}

static int remove_cage(const char *file, const struct output *output,
                       const struct verbosity *verbosity, struct error *error)
{
    CLEANUP_CLOSE int fd = output_open_source(file, error);
    struct image *image = NULL;
    if (fd < 0 || image_from_fd(fd, file, &image, error) < 0) {
        return -1;
    }
    struct payload payload = {0};
    struct plan *plan = NULL;
    int result = payload_find(image, &payload, error);
    if (result == 0) {
        error_file(error, ERROR_UNSUPPORTED, file, "not caged: there is nothing to remove");
        result = -1;
    } else if (result > 0) {
        result = plan_remove(image, &payload, &plan, error);
        if (result == 0) {
            result =
                output_write(output, verbosity, file, plan, image, fd, check_size, plan, error);
        }
        if (result == 0 && verbosity->verbose) {
            printf("%s: cage removed, %llu bytes as before\n", output_path(output, file),
                   (unsigned long long)plan->size);
        }
    }
    plan_free(plan);
    payload_clear(&payload);
    image_free(image);
    return result;
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct output output = {0};
    struct verbosity verbosity = {0};
    void *into[] = {&output, &verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (count != 1) {
        return command_usage_error(command, error, "give one FILE (%zu were given)", count);
    }
    if (output_settle(&output, error) < 0) {
        return -1;
    }
    return remove_cage(operands[0], &output, &verbosity, error);
}

const struct command command_remove = {
    .name = "remove",
    .summary = "take the filter out: the original file, byte for byte",
    .synopsis = "(-o OUT | -i) [OPTION...] FILE",
    .example = "  elfcage remove server.caged -o server",
    .groups = {&output_options, &verbosity_options},
    .run = run,
};
