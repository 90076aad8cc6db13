/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way in: bytes of files, told apart by what they hold, handed to the reader of the format. A
 * format is one const struct in its reader's file and one line here.
 */
#include "base/memory.h"
#include "policy/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
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

/* In the order in which content is looked at. */
static const struct policy_format *const formats[] = {
    &bpf_format, &systemd_format, &minijail_format, &canonical_format, &oci_format, &list_format,
};

const char *policy_format_name(size_t index)
{
    return index < sizeof formats / sizeof formats[0] ? formats[index]->name : NULL;
}

bool policy_text_begins(const struct policy_text *text, const char *first)
{
    for (size_t i = 0; i < text->size; i++) {
        if (!strchr(" \t\r\n", text->text[i]) || !text->text[i]) {
            return text->text[i] && strchr(first, text->text[i]);
        }
    }
    return false;
}

/* The formats' names, comma-separated. */
static char *name_list(void)
{
    struct buffer list = {0};
    const char *name;
    for (size_t i = 0; (name = policy_format_name(i)) != NULL; i++) {
        buffer_printf(&list, "%s%s", i ? ", " : "", name);
    }
    return buffer_steal_text(&list);
}

/* What is wrong with the bytes of a text in another encoding than that of all formats; NULL. */
static const char *foreign_encoding(const struct policy_text *text)
{
    static const struct {
        const char *mark;
        size_t size;
        const char *problem;
    } marks[] = {
        {"\xef\xbb\xbf", 3,
         "a byte order mark, which units of systemd alone may begin with: remove it"},
        {"\xff\xfe", 2, "this is UTF-16: save it as UTF-8, without a byte order mark"},
        {"\xfe\xff", 2, "this is UTF-16: save it as UTF-8, without a byte order mark"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (text->size >= marks[i].size && memcmp(text->text, marks[i].mark, marks[i].size) == 0) {
            return marks[i].problem;
        }
    }
    return NULL;
}

/* "---", or "apiVersion: v1" or its like, in the first line that is no comment: of Kubernetes and
   its tools. Lines of "name: value" alone would be a policy of minijail. */
static bool is_yaml(const struct policy_text *text)
{
    static const char *const beginnings[] = {"---", "apiVersion:", "defaultAction:"};
    const char *at = text->text;
    const char *end = text->text + text->size;
    while (at < end && strchr("# \t\r\n", *at) && *at) {
        const char *newline = *at == '#' ? memchr(at, '\n', (size_t)(end - at)) : at;
        at = newline ? newline + 1 : end;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t length = strlen(beginnings[i]);
        if ((size_t)(end - at) >= length && memcmp(at, beginnings[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* NULL and the error if there is none. */
static const struct policy_format *choose(const struct policy_text *text, const char *name,
                                          struct error *error)
{
    if (!name && is_yaml(text)) {
        error_text(error, ERROR_POLICY, text->file, 1, 1,
                   "this is YAML: give the profile as OCI seccomp JSON");
        return NULL;
    }
    for (size_t i = 0; policy_format_name(i) != NULL; i++) {
        const struct policy_format *format = formats[i];
        if (name ? strcmp(format->name, name) == 0 : format->recognise && format->recognise(text)) {
            return format;
        }
    }
    CLEANUP_FREE char *list = name_list();
    const char *encoding = foreign_encoding(text);
    if (name) {
        error_set(error, ERROR_USAGE, "--format %s is not known: it is one of %s", name, list);
    } else if (encoding) {
        error_text(error, ERROR_POLICY, text->file, 1, 1, "%s", encoding);
    } else {
        error_text(error, ERROR_POLICY, text->file, 1, 1,
                   "this is no policy of a format that elfcage reads (%s): if it is, say which by "
                   "--format",
                   list);
    }
    return NULL;
}

/* An option that the format has no question for is a mistake: who gives it expects something. That
   the format allows for it is enough: a folder of files is not asked which of them uses it. */
static int check_options(const struct policy_format *format, const struct policy_options *options,
                         const char *file, struct error *error)
{
    static const char *const readings[] = {
        [COMPAT_AND] = "and",
        [COMPAT_RUNC] = "runc",
        [COMPAT_MINIJAIL0] = "minijail0",
        [COMPAT_COMPILE_SECCOMP_POLICY] = "compile_seccomp_policy",
    };
    const struct {
        const char *option, *why;
        bool given, used;
    } checks[] = {
        {"--default", "has a default action of its own", options->default_action != NULL,
         format->open_default},
        {"--caps", "does not depend on capabilities", options->capability_count != 0,
         format->depends},
        {"--min-kernel", "does not depend on the kernel's version", options->minimum_kernel != NULL,
         format->depends},
        {"--sets", "names no sets of systemd", options->sets_given, format->sets},
        {"--include-dir", "includes no files", options->include_folder_count != 0,
         format->includes},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (checks[i].given && !checks[i].used) {
            return error_file(error, ERROR_USAGE, file, "%s: %s %s: leave the option out",
                              checks[i].option, format->title, checks[i].why);
        }
    }
    if (options->compat != COMPAT_NONE && !(format->readings >> options->compat & 1u)) {
        return error_file(error, ERROR_USAGE, file,
                          "--compat %s: nobody reads %s so: leave the option out",
                          readings[options->compat], format->title);
    }
    return 0;
}

int policy_parse_texts(const struct policy_text *texts, size_t count,
                       const struct policy_options *options, struct policy **out,
                       struct policy_notes *notes, struct error *error)
{
    static const struct policy_options no_options = {0};
    options = options ? options : &no_options;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].size > POLICY_MAX_BYTES) {
            return error_file(error, ERROR_POLICY, texts[i].file,
                              "larger than 16 MiB: this is no policy");
        }
    }
    if (!texts[0].size) {
        return error_text(error, ERROR_POLICY, texts[0].file, 1, 1,
                          "the file is empty: give a policy");
    }
    const struct policy_format *format = choose(&texts[0], options->format, error);
    if (!format) {
        return -1;
    }
    if (count > 1 && !format->drop_ins) {
        return error_file(error, ERROR_USAGE, texts[1].file,
                          "a second policy file: %s is one file, without drop-ins", format->title);
    }
    if (check_options(format, options, texts[0].file, error) < 0) {
        return -1;
    }
    return format->read(texts, count, options, out, notes, error);
}

int policy_parse(const char *file, const char *text, size_t size,
                 const struct policy_options *options, struct policy **out,
                 struct policy_notes *notes, struct error *error)
{
    const struct policy_text one = {file, text, size};
    return policy_parse_texts(&one, 1, options, out, notes, error);
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

static int read_file(const char *path, const char *file, struct buffer *text, struct error *error)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, file, text, error);
    }
    CLEANUP_CLOSE int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (opened < 0) {
        return error_system(error, errno, path, "cannot open the policy");
    }
    return read_all(opened, file, text, error);
}

/* 1 if there is no such file. */
static int try_include(char *path, char **file, struct buffer *text, struct error *error)
{
    CLEANUP_FREE char *owned = path;
    CLEANUP_CLOSE int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (opened < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? 1
                   : error_system(error, errno, path, "cannot open the included policy");
    }
    struct stat status;
    if (fstat(opened, &status) == 0 && S_ISFIFO(status.st_mode)) {
        /* Without a writer it would be an empty policy. */
        return error_file(error, ERROR_POLICY, path, "a FIFO cannot be included: name a file");
    }
    if (read_all(opened, path, text, error) < 0) {
        return -1;
    }
    *file = STEAL(owned);
    return 0;
}

/* In the folders of --include-dir. */
static int try_folders(const struct policy_options *options, const char *path, char **file,
                       struct buffer *text, struct error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int result = 1;
    for (size_t i = 0; i < options->include_folder_count && result == 1; i++) {
        const char *folder = options->include_folders[i];
        result = try_include(memory_printf("%s/%s", folder, path), file, text, error);
        if (result == 1 && name != path) {
            result = try_include(memory_printf("%s/%s", folder, name), file, text, error);
        }
    }
    return result;
}

static int include_file(void *context, const char *from, const char *path, char **file,
                        struct buffer *text, struct error *error)
{
    const struct policy_options *options = context;
    bool absolute = *path == '/';
    const char *slash = strrchr(from, '/');
    int result = absolute ? try_folders(options, path, file, text, error) : 1;
    if (result == 1) {
        result = try_include(absolute || !slash
                                 ? memory_strdup(path)
                                 : memory_printf("%.*s/%s", (int)(slash - from), from, path),
                             file, text, error);
    }
    if (result == 1 && !absolute) {
        result = try_folders(options, path, file, text, error);
    }
    if (result == 1) {
        return error_set(error, ERROR_POLICY,
                         "there is no %s: name the folder that it is in by --include-dir", path);
    }
    return result;
}

int policy_read_files(const char *const *paths, size_t count, const struct policy_options *options,
                      struct policy **out, struct policy_notes *notes, struct error *error)
{
    struct policy_options used = options ? *options : (struct policy_options){0};
    if (!used.include) {
        used.include = include_file;
        used.include_context = &used;
    }
    struct buffer *buffers = memory_zeroed(count, sizeof *buffers);
    struct policy_text *texts = memory_zeroed(count, sizeof *texts);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        const char *file = strcmp(paths[i], "-") == 0 ? "<standard input>" : paths[i];
        result = read_file(paths[i], file, &buffers[i], error);
        texts[i] = (struct policy_text){file, buffers[i].data ? (const char *)buffers[i].data : "",
                                        buffers[i].size};
    }
    if (result == 0) {
        result = policy_parse_texts(texts, count, &used, out, notes, error);
    }
    for (size_t i = 0; i < count; i++) {
        buffer_free(&buffers[i]);
    }
    free(buffers);
    free(texts);
    return result;
}

int policy_read(const char *path, const struct policy_options *options, struct policy **out,
                struct policy_notes *notes, struct error *error)
{
    return policy_read_files(&path, 1, options, out, notes, error);
}
