/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove: the original, byte for byte. Of a file that was changed since, with --force, what it is
 * without the cage.
 */
#include "base/memory.h"
#include "commands/batch.h"
#include "commands/output.h"
#include "commands/printable.h"
#include "elf/plan.h"

#include <errno.h>
#include <stdio.h>

struct removal {
    bool force;
    struct output output;
    struct verbosity verbosity;
};

enum { REMOVE_FORCE };

static const struct option_definition definitions[] = {
    {"force", 0, NULL,
     "FILE was changed since it was caged: take the cage out of it as it is,\n"
     "which gives not the original, but a program that runs unfiltered",
     REMOVE_FORCE},
};

static int take(void *into, int id, const char *value, struct error *error)
{
    struct removal *removal = into;
    (void)id;
    (void)value;
    (void)error;
    removal->force = true;
    return 0;
}

static const struct option_group remove_options = {
    .title = "removal",
    .definitions = definitions,
    .count = sizeof definitions / sizeof *definitions,
    .take = take,
};

/* The temporary file, before it is renamed: its size is all that is left to check, since the plan's
   source was checked by digests. */
static int check_size(int fd, const char *name, void *context, struct error *error)
{
    const struct plan *plan = context;
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0) {
        return error_system(error, errno, name, "cannot look at the new file");
    }
    if ((uint64_t)size != plan->size) {
        return error_file(error, ERROR_INTERNAL, name, "has the wrong size after writing");
    }
    return 0;
}

/* The file as it is, without the cage: before it is renamed, is the cage really gone? */
static int check_disarmed(int fd, const char *name, void *context, struct error *error)
{
    struct image *image = NULL;
    struct payload payload = {0};
    if (check_size(fd, name, context, error) < 0 || image_from_fd(fd, name, &image, error) < 0) {
        return -1;
    }
    int found = payload_find(image, &payload, error);
    payload_clear(&payload);
    image_free(image);
    return found > 0 ? error_file(error, ERROR_INTERNAL, name, "is caged still: report this")
                     : found;
}

static int remove_payload(const char *file, int fd, const struct image *image,
                          const struct payload *payload, const struct removal *removal,
                          struct error *error)
{
    struct plan *plan = NULL;
    bool disarmed = false;
    int result = plan_remove(image, payload, &plan, error);
    if (result < 0 && removal->force) {
        error_clear(error);
        disarmed = true;
        result = plan_disarm(image, payload, &plan, error);
    }
    if (result == 0) {
        result = output_write(&removal->output, &removal->verbosity, file, plan, image, fd,
                              disarmed ? check_disarmed : check_size, plan, error);
    }
    if (result == 0 && disarmed) {
        note(&removal->verbosity,
             "%s: the cage is taken out, but this is not the original: it was changed since it "
             "was caged, and what is left of the cage (%llu bytes) does nothing",
             output_path(&removal->output, file), (unsigned long long)payload->size);
    } else if (result == 0 && removal->verbosity.verbose) {
        CLEANUP_FREE char *name = printable(output_path(&removal->output, file));
        printf("%s: cage removed, %llu bytes as before\n", name, (unsigned long long)plan->size);
    }
    plan_free(plan);
    return result;
}

static int remove_cage(const char *file, void *context, struct error *error)
{
    const struct removal *removal = context;
    CLEANUP_CLOSE int fd = output_open_source(file, error);
    struct image *image = NULL;
    if (fd < 0 || image_from_fd(fd, file, &image, error) < 0) {
        return -1;
    }
    struct payload payload = {0};
    int result = payload_find(image, &payload, error);
    if (result == 0) {
        error_file(error, ERROR_UNSUPPORTED, file, "not caged: there is nothing to remove");
        result = -1;
    } else if (result > 0) {
        result = remove_payload(file, fd, image, &payload, removal, error);
    }
    payload_clear(&payload);
    image_free(image);
    return result;
}

static int run(const struct command *command, int argument_count, char **arguments,
               struct error *error)
{
    struct removal removal = {0};
    void *into[] = {&removal, &removal.output, &removal.verbosity};
    char **operands;
    size_t count;
    int parsed = command_parse(command, argument_count, arguments, into, &operands, &count, error);
    if (parsed != 0) {
        return parsed < 0 ? -1 : 0;
    }
    if (output_check_operands(command, &removal.output, count, error) < 0 ||
        output_settle(&removal.output, error) < 0) {
        return -1;
    }
    return batch_run(operands, count, remove_cage, &removal, error);
}

const struct command command_remove = {
    .name = "remove",
    .summary = "take the filter out: the original file, byte for byte",
    .synopsis = "(-o OUT FILE | -i FILE...) [OPTION...]",
    .example = "  elfcage remove server.caged -o server",
    .groups = {&remove_options, &output_options, &verbosity_options},
    .run = run,
};
