/* SPDX-License-Identifier: Apache-2.0 */
/* Writing files: what arrives, and which destinations are refused. */
#include "base/memory.h"
#include "write_fixture.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static void test_write_carries_the_plan_out(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    assert_done(write_to(f, "new", &error), &error);
    assert_written(f, "new");
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, "new", NULL);
    assert_int_equal(look("new").st_mode, S_IFREG | 0755);
}

static void test_write_replaces_what_is_there(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    make_file("new", "old", 3, 0600);
    assert_done(write_to(f, "new", &error), &error);
    assert_written(f, "new");
    assert_int_equal(look("new").st_mode, S_IFREG | 0755);
    assert_done(write_in_place(f, &error), &error);
    assert_written(f, SOURCE);
    assert_holds(".", SOURCE, "new", NULL);
}

static void test_write_syncs_when_asked(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    const struct write_options options = {.destination = "new", .sync = true};
    assert_done(write_with(f, &options, NULL, &error), &error);
    assert_written(f, "new");
}

static void test_write_takes_long_names(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    char name[NAME_MAX + 1];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    assert_done(write_to(f, name, &error), &error);
    assert_written(f, name);
    assert_holds(".", SOURCE, name, NULL);
}

static void test_write_follows_symbolic_links(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(mkdir("sub", 0755), 0);
    make_file("sub/real", "old", 3, 0644);
    assert_int_equal(symlink("sub/link", "link"), 0);
    assert_int_equal(symlink("real", "sub/link"), 0);
    assert_int_equal(symlink("sub/none", "dangling"), 0);
    assert_done(write_to(f, "link", &error), &error);
    assert_done(write_to(f, "dangling", &error), &error);
    assert_written(f, "sub/real");
    assert_written(f, "sub/none");
    assert_holds(".", SOURCE, "sub", "link", "dangling", NULL);
    assert_holds("sub", "real", "link", "none", NULL);
    struct stat status;
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void test_write_replaces_a_file_that_runs(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(unlink(SOURCE), 0);
    int cat = open("/bin/cat", O_RDONLY | O_CLOEXEC);
    assert_true(cat >= 0);
    size_t size = (size_t)look("/bin/cat").st_size;
    uint8_t *bytes = memory_zeroed(size, 1);
    assert_int_equal(read(cat, bytes, size), (ssize_t)size);
    close(cat);
    make_file(SOURCE, bytes, size, 0755);
    free(bytes);
    int to[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    int from[2];
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl("./" SOURCE, SOURCE, NULL);
        _exit(1);
    }
    char byte = 'a';
    assert_int_equal(write(to[1], &byte, 1), 1);
    assert_int_equal(read(from[0], &byte, 1), 1); /* so it runs */
    struct fixture small = *f;
    small.plan.copies = NULL;
    small.plan.copy_count = 0;
    assert_done(write_in_place(&small, &error), &error);
    assert_int_equal(look(SOURCE).st_size, small.plan.size);
    close(to[0]);
    close(to[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(from[0]);
    close(from[1]);
}

/* --- destinations that are refused --- */

static void test_write_refuses_hard_links_unless_told(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    static const char line[] =
        ": it has 2 names (hard links), and the others would keep the old contents: give "
        "--break-hardlinks, or write to a new name with -o";
    assert_int_equal(link(SOURCE, "other"), 0);
    int result = write_in_place(f, &error);
    char *expected = memory_printf("%s%s", SOURCE, line);
    assert_refused(result, &error, expected);
    free(expected);
    result = write_to(f, "other", &error);
    expected = memory_printf("other%s", line);
    assert_refused(result, &error, expected);
    free(expected);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);

    const struct write_options options = {
        .destination = SOURCE, .in_place = true, .break_hardlinks = true};
    assert_done(write_with(f, &options, NULL, &error), &error);
    assert_written(f, SOURCE);
    assert_contents("other", f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, "other", NULL);
}

static void test_write_refuses_what_is_no_file(void **state)
{
    const struct fixture *f = *state;
    static const char *const cases[][2] = {
        {"sub", "sub: the destination is a directory: name a file in it"},
        {"sub/", "sub/: the destination is a directory: name a file in it"},
        {"fifo", "fifo: the destination is not a regular file: name another"},
        {"/dev/null", "/dev/null: the destination is not a regular file: name another"},
        {"to-sub", "to-sub: the destination is a directory: name a file in it"},
        {"none/new", "none/new: cannot open the directory none: No such file or directory"},
        {"new/", "new/: the destination is no file name: name a file"},
        {"", ": the destination is no file name: name a file"},
        {SOURCE "/new", SOURCE "/new: cannot open the directory source: Not a directory"},
        {"loop", "loop: the destination cannot be found: Too many levels of symbolic links"},
    };
    assert_int_equal(mkdir("sub", 0755), 0);
    assert_int_equal(mkfifo("fifo", 0644), 0);
    assert_int_equal(symlink("sub", "to-sub"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct error error = {0};
        int result = write_to(f, cases[i][0], &error);
        assert_refused(result, &error, cases[i][1]);
    }
    assert_holds(".", SOURCE, "sub", "fifo", "to-sub", "loop", NULL);
    assert_holds("sub", NULL);
}

static void test_write_in_place_refuses_another_file(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    make_file("other", "other", 5, 0644);
    const struct write_options options = {.destination = "other", .in_place = true};
    int result = write_with(f, &options, NULL, &error);
    assert_refused(result, &error, "other: another file took its place meanwhile: try again");
    assert_contents("other", "other", 5);
    assert_holds(".", SOURCE, "other", NULL);
}

static void refuse_directory(const struct fixture *f)
{
    struct error error = {0};
    become_nobody();
    int result = write_to(f, "new", &error);
    assert_refused(result, &error,
                   "new: cannot make a temporary file in the destination's directory, from which "
                   "the finished file is renamed: Permission denied");
}

static void test_write_refuses_a_directory_of_others(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(in_child(refuse_directory, f), 0);
    assert_holds(".", SOURCE, NULL);
}

static bool set_immutable(bool value)
{
    int fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
    int flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) {
        close(fd);
        return false;
    }
    flags = value ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    int result = ioctl(fd, FS_IOC_SETFLAGS, &flags);
    close(fd);
    return result == 0;
}

static void test_write_refuses_an_immutable_file(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    if (!set_immutable(true)) {
        print_message("# skipping: files cannot be made immutable here\n");
        skip();
    }
    int result = write_in_place(f, &error);
    assert_true(set_immutable(false));
    assert_refused(result, &error,
                   SOURCE ": cannot give the new file the destination's name: Operation not "
                          "permitted");
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

/* --- small files --- */

static void test_write_file_has_the_mode_of_a_new_file(void **state)
{
    (void)state;
    struct error error = {0};
    const struct bytes text = {(const uint8_t *)"text", 4};
    umask(027);
    assert_done(write_file("small", text, &error), &error);
    assert_contents("small", "text", 4);
    assert_int_equal(look("small").st_mode, S_IFREG | 0640);
    assert_done(write_file("small", (struct bytes){NULL, 0}, &error), &error);
    assert_int_equal(look("small").st_size, 0);
    assert_holds(".", SOURCE, "small", NULL);
    int result = write_file("none/small", text, &error);
    assert_refused(result, &error,
                   "none/small: cannot open the directory none: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_carries_the_plan_out),
        TEST(test_write_replaces_what_is_there),
        TEST(test_write_syncs_when_asked),
        TEST(test_write_takes_long_names),
        TEST(test_write_follows_symbolic_links),
        TEST(test_write_replaces_a_file_that_runs),
        TEST(test_write_refuses_hard_links_unless_told),
        TEST(test_write_refuses_what_is_no_file),
        TEST(test_write_in_place_refuses_another_file),
        TEST(test_write_refuses_a_directory_of_others),
        TEST(test_write_refuses_an_immutable_file),
        TEST(test_write_file_has_the_mode_of_a_new_file),
    };
    return write_group("write", tests, LENGTH(tests));
}
