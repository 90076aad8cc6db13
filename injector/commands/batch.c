/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/batch.h"

#include "base/memory.h"
#include "commands/printable.h"

#include <stdio.h>
#include <string.h>

void print_error(const struct error *error)
{
    CLEANUP_FREE char *raw = error_line(error);
    CLEANUP_FREE char *line = printable(raw);
    fflush(stdout);
    fprintf(stderr, "elfcage: %s\n", line);
}

static void take_over(struct error *to, struct error *from)
{
    *to = *from;
    *from = (struct error){0};
}

int batch_run(char **files, size_t count, batch_function *function, void *context,
              struct error *error)
{
    int status = 0;
    if (count == 1) {
        return function(files[0], context, error);
    }
    for (size_t i = 0; i < count; i++) {
        struct error own = {0};
        if (function(files[i], context, &own) == 0) {
            continue;
        }
        if (!own.file || strcmp(own.file, files[i]) != 0) {
            take_over(error, &own);
            return -1;
        }
        print_error(&own);
        status = (int)own.kind > status ? (int)own.kind : status;
        error_clear(&own);
    }
    return status;
}
