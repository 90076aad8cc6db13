/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way in: bytes of a file, told apart by what they hold, handed to the reader of the format.
 * Every format that is read today is JSON.
 */
#include "base/memory.h"
#include "policy/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void policy_notes_free(struct policy_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        free(notes->lines[i]);
    }
    free((void *)notes->lines);
    *notes = (struct policy_notes){0};
}

void policy_note(struct policy_notes *notes, const char *format, ...)
{
    if (!notes) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    char **line =
        memory_append(&notes->lines, &notes->count, &notes->capacity, sizeof *notes->lines);
    *line = memory_vprintf(format, arguments);
    va_end(arguments);
}

bool policy_name_is_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return length && !name[length] && length <= POLICY_MAX_NAME_LENGTH &&
           !(name[0] >= '0' && name[0] <= '9');
}

static int read_root(const char *file, const struct json_value *root,
                     const struct policy_options *options, struct policy **out,
                     struct policy_notes *notes, struct error *error)
{
    if (root->kind != JSON_OBJECT) {
        return error_text(error, ERROR_POLICY, file, root->line, root->column,
                          "%s where a policy, which is an object, should be: give a policy file",
                          json_kind_text(root->kind));
    }
    if (!json_find(root, "elfcage-policy")) {
        return oci_read(file, root, options, out, notes, error);
    }
    if (json_find(root, "resolved")) {
        policy_note(notes,
                    "%s: the recorded numbers (\"resolved\") are not used: names are looked "
                    "up again",
                    file);
    }
    return canonical_read(file, root, out, NULL, notes, error);
}

int policy_parse(const char *file, const char *text, size_t size,
                 const struct policy_options *options, struct policy **out,
                 struct policy_notes *notes, struct error *error)
{
    static const struct policy_options no_options = {0};
    if (size > POLICY_MAX_BYTES) {
        return error_file(error, ERROR_POLICY, file, "larger than 16 MiB: this is no policy");
    }
    struct json *json = NULL;
    if (json_parse(file, text, size, &json, error) < 0) {
        return -1;
    }
    int result =
        read_root(file, json_root(json), options ? options : &no_options, out, notes, error);
    json_free(json);
    return result;
}

/* All of `fd`, one byte more than the limit at most. */
static int read_all(int fd, const char *file, struct buffer *text, struct error *error)
{
    for (;;) {
        uint8_t piece[65536];
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_system(error, errno, file, "cannot read the policy");
        }
        if (got == 0) {
            return 0;
        }
        buffer_add(text, piece, (size_t)got);
        if (text->size > POLICY_MAX_BYTES) {
            return error_file(error, ERROR_POLICY, file, "larger than 16 MiB: this is no policy");
        }
    }
}

int policy_read(const char *path, const struct policy_options *options, struct policy **out,
                struct policy_notes *notes, struct error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *file = is_stdin ? "<standard input>" : path;
    CLEANUP_CLOSE int opened = -1;
    if (!is_stdin) {
        opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (opened < 0) {
            return error_system(error, errno, path, "cannot open the policy");
        }
    }
    struct buffer text = {0};
    int result = read_all(is_stdin ? STDIN_FILENO : opened, file, &text, error);
    if (result == 0) {
        result = policy_parse(file, text.data ? (const char *)text.data : "", text.size, options,
                              out, notes, error);
    }
    buffer_free(&text);
    return result;
}
