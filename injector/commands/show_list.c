/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/show_list.h"

#include "base/memory.h"
#include "commands/caged.h"
#include "commands/printable.h"
#include "commands/report.h"
#include "policy/json.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>

#define IDENTITY_SHORT 8u /* bytes of it in a line */

static void print_line(const char *file, const struct payload *payload)
{
    CLEANUP_FREE char *name = printable(file);
    CLEANUP_FREE char *identity = identity_text(payload, IDENTITY_SHORT);
    printf("%s: hook %s, layout %s, %zu instructions, policy %s\n", name,
           hook_name(payload->cage.hook), payload->layout,
           payload->cage.instructions.size / sizeof(struct sock_filter), identity);
}

static void member(struct json_writer *writer, const char *key, const char *value)
{
    json_writer_key(writer, key);
    json_writer_string(writer, value);
}

static void print_object(struct json_writer *writer, const char *file,
                         const struct payload *payload)
{
    CLEANUP_FREE char *identity = identity_text(payload, sizeof payload->identity);
    json_writer_object(writer);
    member(writer, "file", file);
    member(writer, "hook", hook_name(payload->cage.hook));
    member(writer, "layout", payload->layout);
    json_writer_key(writer, "instructions");
    json_writer_uint(writer, payload->cage.instructions.size / sizeof(struct sock_filter));
    member(writer, "identity", identity);
    json_writer_end_object(writer);
}

static void print_damaged(struct json_writer *writer, const char *file, const struct error *damage)
{
    if (writer) {
        json_writer_object(writer);
        member(writer, "file", file);
        member(writer, "error", damage->text);
        json_writer_end_object(writer);
        return;
    }
    CLEANUP_FREE char *raw = error_line(damage);
    CLEANUP_FREE char *line = printable(raw);
    printf("%s\n", line);
}

/* Nothing for a file that is not caged, or is no ELF file of ours. `writer` is NULL for text. */
static void list_file(struct json_writer *writer, const char *file)
{
    struct error error = {0};
    struct image *image = NULL;
    struct payload payload = {0};
    int found = image_open(file, &image, &error) == 0 ? payload_find(image, &payload, &error) : 0;
    if (found > 0 && writer) {
        print_object(writer, file, &payload);
    } else if (found > 0) {
        print_line(file, &payload);
    } else if (found < 0) {
        print_damaged(writer, file, &error);
    }
    payload_clear(&payload);
    image_free(image);
    error_clear(&error);
}

static int list_below(char *root, struct json_writer *writer, struct error *error)
{
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk) {
        return error_system(error, errno, root, "cannot be listed");
    }
    FTSENT *entry;
    while ((entry = fts_read(walk))) {
        if (entry->fts_info == FTS_F) {
            list_file(writer, entry->fts_path);
        } else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR ||
                   entry->fts_info == FTS_ERR) {
            error_system(error, entry->fts_errno, entry->fts_path, "cannot be read");
            break;
        }
    }
    fts_close(walk);
    return error->kind == ERROR_NONE ? 0 : -1;
}

int show_list(char *root, bool json, struct error *error)
{
    if (!json) {
        return list_below(root, NULL, error);
    }
    struct json_writer *writer = report_begin("list");
    json_writer_key(writer, "files");
    json_writer_array(writer);
    int result = list_below(root, writer, error);
    /* What was found before a folder could not be read is said, as it is in lines. */
    json_writer_end_array(writer);
    json_writer_end_object(writer);
    json_writer_print(writer, stdout);
    return result;
}
