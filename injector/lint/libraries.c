/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks where ld.so would: in the folders that the file that needs the library names, in the folder
 * of the loader itself, which on Debian and others is that of the system's libraries, and in the
 * usual ones. LD_LIBRARY_PATH and the loader's cache belong to the machine on which the program
 * will run; what only they find is not found here, which a finding says.
 */
#include "lint/libraries.h"

#include "base/memory.h"
#include "elf/dynamic.h"

#include <limits.h>
#include <string.h>

#define MOST_LIBRARIES 512u

const char *program_interpreter(const struct image *program)
{
    size_t index = image_find_phdr(program, PT_INTERP);
    struct bytes bytes;
    if (index == SIZE_MAX) {
        return NULL;
    }
    const GElf_Phdr *phdr = image_phdr(program, index);
    return bytes_slice(image_bytes(program), phdr->p_offset, phdr->p_filesz, &bytes) &&
                   memchr(bytes.data, 0, bytes.size)
               ? (const char *)bytes.data
               : NULL;
}

/* The folder of a path, links followed; NULL if there is no such file. Owned by the caller. */
static char *folder_of(const char *path)
{
    char *real = realpath(path, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash) {
        *slash = 0;
    }
    return real;
}

static struct image *open_library(const struct image *program, const char *folder, const char *name)
{
    CLEANUP_FREE char *path = memory_printf("%s/%s", folder, name);
    struct image *image = NULL;
    struct error error = {0};
    if (image_open_library(path, &image, &error) < 0) {
        error_clear(&error);
        return NULL;
    }
    if (image_arch(image) != image_arch(program)) {
        image_free(image);
        return NULL;
    }
    return image;
}

/* In the folders of DT_RUNPATH, or DT_RPATH, of the file that needs it. */
static struct image *search_own(const struct image *program, const struct image *needing,
                                const char *name)
{
    size_t index = 0;
    const char *list = dynamic_string(needing, DT_RUNPATH, &index);
    index = 0;
    list = list ? list : dynamic_string(needing, DT_RPATH, &index);
    CLEANUP_FREE char *copy = memory_strdup(list ? list : "");
    CLEANUP_FREE char *origin = folder_of(image_name(needing));
    char *rest = NULL;
    struct image *found = NULL;
    for (char *folder = strtok_r(copy, ":", &rest); folder && !found;
         folder = strtok_r(NULL, ":", &rest)) {
        size_t prefix = strncmp(folder, "$ORIGIN", 7) == 0     ? 7
                        : strncmp(folder, "${ORIGIN}", 9) == 0 ? 9
                                                               : 0;
        CLEANUP_FREE char *whole = prefix && origin ? memory_printf("%s%s", origin, folder + prefix)
                                                    : memory_strdup(folder);
        found = whole[0] == '/' ? open_library(program, whole, name) : NULL;
    }
    return found;
}

static struct image *search(const struct image *program, const struct image *needing,
                            const char *name)
{
    static const char *const usual[] = {"/lib",       "/usr/lib",         "/lib64",
                                        "/usr/lib64", "/usr/local/lib64", "/usr/local/lib"};
    if (strchr(name, '/')) {
        return open_library(program, "", name);
    }
    struct image *found = search_own(program, needing, name);
    found = found || needing == program ? found : search_own(program, program, name);
    const char *interpreter = program_interpreter(program);
    CLEANUP_FREE char *folder = interpreter ? folder_of(interpreter) : NULL;
    if (!found && folder) {
        found = open_library(program, folder, name);
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual && !found; i++) {
        found = open_library(program, usual[i], name);
    }
    return found;
}

static void add_needed(const struct image *program, const struct image *needing,
                       struct libraries *out)
{
    size_t index = 0;
    const char *name;
    while ((name = dynamic_string(needing, DT_NEEDED, &index)) && out->count < MOST_LIBRARIES) {
        bool present = false;
        for (size_t i = 0; i < out->count && !present; i++) {
            present = strcmp(out->items[i].name, name) == 0;
        }
        if (!present) {
            struct library *library =
                memory_append(&out->items, &out->count, &out->capacity, sizeof *out->items);
            library->name = memory_strdup(name);
            library->image = search(program, needing, name);
        }
    }
}

void libraries_find(const struct image *program, struct libraries *out)
{
    *out = (struct libraries){0};
    add_needed(program, program, out);
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].image) {
            add_needed(program, out->items[i].image, out);
        }
    }
}

void libraries_free(struct libraries *libraries)
{
    for (size_t i = 0; i < libraries->count; i++) {
        free(libraries->items[i].name);
        image_free(libraries->items[i].image);
    }
    free(libraries->items);
    *libraries = (struct libraries){0};
}
