/* SPDX-License-Identifier: Apache-2.0 */
#include "write_fixture.h"

#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The image is only asked for its name. */
static struct image *program;

/* The second half first, then the first half, then two overlapping writes, then zeros. */
static void make_plan(struct fixture *f)
{
    static uint8_t first[] = "first bytes";
    static uint8_t second[] = "second";
    const uint64_t half = SOURCE_SIZE / 2;
    f->copies[0] = (struct plan_copy){half, 0, SOURCE_SIZE - half};
    f->copies[1] = (struct plan_copy){0, SOURCE_SIZE - half + 100, half};
    f->writes[0] = (struct plan_write){7, first, sizeof first, "first"};
    f->writes[1] = (struct plan_write){10, second, sizeof second, "second"};
    f->plan = (struct plan){
        .layout = "test",
        .size = SOURCE_SIZE + 5000,
        .copies = f->copies,
        .copy_count = 2,
        .writes = f->writes,
        .write_count = 2,
    };
    f->expected = memory_zeroed(f->plan.size, 1);
    memcpy(f->expected, f->source + half, SOURCE_SIZE - half);
    memcpy(f->expected + SOURCE_SIZE - half + 100, f->source, half);
    memcpy(f->expected + 7, first, sizeof first);
    memcpy(f->expected + 10, second, sizeof second);
}

void make_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

int write_set_up(void **state)
{
    struct fixture *f = memory_zeroed(1, sizeof *f);
    strcpy(f->directory, "/tmp/elfcage-write-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    assert_int_equal(chdir(f->directory), 0);
    f->source = memory_zeroed(SOURCE_SIZE, 1);
    uint32_t value = 1;
    for (size_t i = 0; i < SOURCE_SIZE; i++) {
        value = value * 1664525u + 1013904223u;
        f->source[i] = (uint8_t)(value >> 24);
    }
    make_plan(f);
    make_file(SOURCE, f->source, SOURCE_SIZE, 0755);
    *state = f;
    return 0;
}

static void remove_all(int directory)
{
    DIR *dir = fdopendir(directory);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (unlinkat(dirfd(dir), entry->d_name, 0) == 0) {
            continue;
        }
        int sub = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sub >= 0) {
            remove_all(sub);
        }
        unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

int write_tear_down(void **state)
{
    struct fixture *f = *state;
    umask(022);
    assert_int_equal(chdir("/"), 0);
    remove_all(open(f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    rmdir(f->directory);
    free(f->source);
    free(f->expected);
    free(f);
    return 0;
}

void assert_holds(const char *path, ...)
{
    size_t expected = 0;
    va_list names;
    va_start(names, path);
    for (const char *name; (name = va_arg(names, const char *)); expected++) {
        char whole[PATH_MAX];
        struct stat status;
        snprintf(whole, sizeof whole, "%s/%s", path, name);
        assert_int_equal(lstat(whole, &status), 0);
    }
    va_end(names);
    size_t found = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        found += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(dir);
    assert_int_equal(found, expected);
}

void assert_contents(const char *name, const void *bytes, size_t size)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, size);
    uint8_t *found = memory_zeroed(size, 1);
    assert_int_equal(read(fd, found, size), (ssize_t)size);
    assert_memory_equal(found, bytes, size);
    free(found);
    close(fd);
}

void assert_written(const struct fixture *f, const char *name)
{
    assert_contents(name, f->expected, f->plan.size);
}

struct stat look(const char *name)
{
    struct stat status;
    assert_int_equal(stat(name, &status), 0);
    return status;
}

int write_with(const struct fixture *f, const struct write_options *options, write_check *check,
               struct error *error)
{
    int fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    int result = write_plan(&f->plan, program, fd, options, check, NULL, error);
    close(fd);
    return result;
}

int write_to(const struct fixture *f, const char *destination, struct error *error)
{
    return write_with(f, &(struct write_options){.destination = destination}, NULL, error);
}

int write_in_place(const struct fixture *f, struct error *error)
{
    const struct write_options options = {.destination = SOURCE, .in_place = true};
    return write_with(f, &options, NULL, error);
}

void assert_done(int result, struct error *error)
{
    if (result != 0) {
        char *line = error_line(error);
        print_message("%s\n", line);
        free(line);
    }
    assert_int_equal(result, 0);
}

void assert_refused(int result, struct error *error, const char *line)
{
    assert_int_equal(result, -1);
    assert_int_equal(error->kind, ERROR_SYSTEM);
    char *found = error_line(error);
    assert_string_equal(found, line);
    free(found);
    error_clear(error);
}

int in_child(void (*body)(const struct fixture *f), const struct fixture *f)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        setenv("CMOCKA_TEST_ABORT", "1", 1); /* or a failure would go on to the other tests here */
        body(f);
        fflush(NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

void become_nobody(void)
{
    assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
    assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

void need_root(void)
{
    if (geteuid() != 0) {
        print_message("# skipping: needs root\n");
        skip();
    }
}

int write_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
    struct error error = {0};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (image_from_fd(fd, "program", &program, &error) < 0) {
        print_error("%s\n", error.text);
        return 1;
    }
    int failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    image_free(program);
    close(fd);
    return failed;
}
