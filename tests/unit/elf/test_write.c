/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing files: what arrives, what goes along, and that no failure leaves anything behind. Each
 * test has a directory of its own; whatever it does, the directory must hold exactly the names that
 * are expected afterwards. Faults are real ones: a full file system, a limit, another user, a
 * filter that refuses a system call.
 */
#include "base/memory.h"
#include "elf/write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NOBODY 65534u
#define SOURCE "source"
#define SOURCE_SIZE ((3u << 20) + 123u)

/* The image is only asked for its name. */
static struct image *program;

struct fixture {
    char directory[64];
    uint8_t *source;   /* contents of SOURCE */
    uint8_t *expected; /* what the plan makes of it */
    struct plan plan;
    struct plan_copy copies[2];
    struct plan_write writes[2];
};

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

static void make_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int set_up(void **state)
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

static int tear_down(void **state)
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

/* Asserts that directory `path` holds these names and no others; the list ends with NULL. */
__attribute__((sentinel)) static void assert_holds(const char *path, ...)
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

static void assert_contents(const char *name, const void *bytes, size_t size)
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

static void assert_written(const struct fixture *f, const char *name)
{
    assert_contents(name, f->expected, f->plan.size);
}

static struct stat look(const char *name)
{
    struct stat status;
    assert_int_equal(stat(name, &status), 0);
    return status;
}

/* The destination is found out to be the source or not; a check may be given. */
static int write_with(const struct fixture *f, const char *source,
                      const struct write_options *options, write_check *check, struct error *error)
{
    int fd = open(source, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    int result = write_plan(&f->plan, program, fd, options, check, NULL, error);
    close(fd);
    return result;
}

static int write_to(const struct fixture *f, const char *destination, struct error *error)
{
    return write_with(f, SOURCE, &(struct write_options){.destination = destination}, NULL, error);
}

static int write_in_place(const struct fixture *f, struct error *error)
{
    const struct write_options options = {.destination = SOURCE, .in_place = true};
    return write_with(f, SOURCE, &options, NULL, error);
}

static void assert_done(int result, struct error *error)
{
    if (result != 0) {
        char *line = error_line(error);
        print_message("%s\n", line);
        free(line);
    }
    assert_int_equal(result, 0);
}

static void assert_refused(int result, struct error *error, const char *line)
{
    assert_int_equal(result, -1);
    assert_int_equal(error->kind, ERROR_SYSTEM);
    char *found = error_line(error);
    assert_string_equal(found, line);
    free(found);
    error_clear(error);
}

/* Runs `body` in a child, where its assertions hold as well; returns the status of waitpid(). */
static int in_child(void (*body)(const struct fixture *f), const struct fixture *f)
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

static void become_nobody(void)
{
    assert_int_equal(setresgid(NOBODY, NOBODY, NOBODY), 0);
    assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        skip();
    }
}

/* --- what arrives --- */

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
    assert_done(write_with(f, SOURCE, &options, NULL, &error), &error);
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
    int status = system("cp /bin/cat " SOURCE);
    assert_int_equal(status, 0);
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
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(from[0]);
    close(from[1]);
}

/* --- what goes along --- */

#define ACL "system.posix_acl_access"

/* u::rwx u:65534:r-x g::r-x m::r-x o::--- (acl(5), linux/posix_acl_xattr.h) */
static const uint8_t acl[] = {2,   0,   0,   0,    1,   0,    7,    0,   255, 255, 255,
                              255, 2,   0,   5,    0,   0xfe, 0xff, 0,   0,   4,   0,
                              5,   0,   255, 255,  255, 255,  0x10, 0,   5,   0,   255,
                              255, 255, 255, 0x20, 0,   0,    0,    255, 255, 255, 255};

/* Version 2, permitted: CAP_NET_BIND_SERVICE, effective (linux/capability.h). */
static const uint8_t capability[20] = {1, 0, 0, 2, 0, 4};

static void set_attribute(const char *file, const char *name, const void *value, size_t size)
{
    if (setxattr(file, name, value, size, 0) < 0) {
        assert_true(errno == EOPNOTSUPP || errno == EPERM);
        skip();
    }
}

static void assert_attribute(const char *file, const char *name, const void *value, size_t size)
{
    uint8_t found[128];
    assert_int_equal(getxattr(file, name, found, sizeof found), (ssize_t)size);
    assert_memory_equal(found, value, size);
}

static void assert_no_attribute(const char *file, const char *name)
{
    uint8_t found[128];
    assert_int_equal(getxattr(file, name, found, sizeof found), -1);
    assert_int_equal(errno, ENODATA);
}

static void test_write_in_place_keeps_all_privileges(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    assert_int_equal(chown(SOURCE, 1234, 4321), 0);
    set_attribute(SOURCE, ACL, acl, sizeof acl);
    assert_int_equal(chmod(SOURCE, 06551), 0);
    set_attribute(SOURCE, "user.one", "1", 1);
    set_attribute(SOURCE, "user.empty", "", 0);
    set_attribute(SOURCE, "trusted.two", "22", 2);
    set_attribute(SOURCE, "security.label", "33", 2);
    set_attribute(SOURCE, "security.capability", capability, sizeof capability);
    uint8_t acl_now[sizeof acl];
    assert_int_equal(getxattr(SOURCE, ACL, acl_now, sizeof acl_now), sizeof acl_now);

    assert_done(write_in_place(f, &error), &error);
    assert_written(f, SOURCE);
    struct stat status = look(SOURCE);
    assert_int_equal(status.st_uid, 1234);
    assert_int_equal(status.st_gid, 4321);
    assert_int_equal(status.st_mode, S_IFREG | 06551);
    assert_attribute(SOURCE, ACL, acl_now, sizeof acl_now);
    assert_attribute(SOURCE, "user.one", "1", 1);
    assert_attribute(SOURCE, "user.empty", "", 0);
    assert_attribute(SOURCE, "trusted.two", "22", 2);
    assert_attribute(SOURCE, "security.label", "33", 2);
    assert_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_holds(".", SOURCE, NULL);
}

/* `-o` with the name of the source is in place. */
static void test_write_finds_out_that_it_is_in_place(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    assert_int_equal(chown(SOURCE, 1234, 4321), 0);
    assert_done(write_to(f, SOURCE, &error), &error);
    assert_int_equal(look(SOURCE).st_uid, 1234);
}

static void test_write_keeps_a_mode_that_forbids_writing(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    set_attribute(SOURCE, "user.one", "1", 1);
    assert_int_equal(chmod(SOURCE, 0511), 0);
    umask(077);
    assert_done(write_in_place(f, &error), &error);
    assert_int_equal(look(SOURCE).st_mode, S_IFREG | 0511);
    assert_attribute(SOURCE, "user.one", "1", 1);
}

static void test_write_drops_an_inherited_acl(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    set_attribute(".", "system.posix_acl_default", acl, sizeof acl);
    assert_done(write_in_place(f, &error), &error);
    assert_no_attribute(SOURCE, ACL);
    assert_int_equal(look(SOURCE).st_mode, S_IFREG | 0755);
}

static void test_write_never_keeps_a_signature_of_the_old_contents(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    set_attribute(SOURCE, "security.ima", "\x01hash", 5);
    assert_done(write_in_place(f, &error), &error);
    assert_no_attribute(SOURCE, "security.ima");
}

static void test_write_gives_a_copy_the_mode_and_capabilities(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    set_attribute(SOURCE, "security.label", "33", 2);
    assert_int_equal(chmod(SOURCE, 06711), 0);
    set_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_done(write_to(f, "new", &error), &error);
    assert_int_equal(look("new").st_mode, S_IFREG | 06711);
    assert_attribute("new", "security.capability", capability, sizeof capability);
    assert_no_attribute("new", "security.label");
}

static void test_write_gives_no_set_id_bits_to_another_owner(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    assert_int_equal(chown(SOURCE, 1234, 0), 0);
    assert_int_equal(chmod(SOURCE, 06755), 0);
    assert_done(write_to(f, "new", &error), &error);
    struct stat status = look("new");
    assert_int_equal(status.st_uid, 0);
    assert_int_equal(status.st_mode, S_IFREG | S_ISGID | 0755);
}

static void refuse_owner(const struct fixture *f)
{
    struct error error = {0};
    become_nobody();
    int result = write_in_place(f, &error);
    assert_refused(result, &error,
                   "program: cannot keep its owner 0 and group 0 (run as root, or write a copy "
                   "with -o): Operation not permitted");
}

static void test_write_refuses_to_change_the_owner(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(in_child(refuse_owner, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

static void refuse_capabilities(const struct fixture *f)
{
    static const char line[] =
        "program: cannot keep its file capabilities: run as root, or remove them first with "
        "setcap -r and set them afterwards";
    struct error error = {0};
    become_nobody();
    int result = write_in_place(f, &error);
    assert_refused(result, &error, line);
    result = write_to(f, "new", &error);
    assert_refused(result, &error, line);
}

static void test_write_refuses_to_lose_capabilities(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(chown(SOURCE, NOBODY, NOBODY), 0);
    set_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_int_equal(in_child(refuse_capabilities, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_holds(".", SOURCE, NULL);
}

static void refuse_label(const struct fixture *f)
{
    struct error error = {0};
    become_nobody();
    int result = write_in_place(f, &error);
    assert_refused(result, &error,
                   "program: cannot keep its attribute security.label (run as a user who may set "
                   "it, or remove it first: setfattr -x security.label): Operation not permitted");
}

static void test_write_refuses_to_lose_a_label(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(chown(SOURCE, NOBODY, NOBODY), 0);
    set_attribute(SOURCE, "security.label", "33", 2);
    assert_int_equal(in_child(refuse_label, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

static void refuse_set_group_id(const struct fixture *f)
{
    struct error error = {0};
    /* The owner, but not in the group: chmod(2) drops the bit and says nothing. */
    assert_int_equal(setresgid(1000, 1000, 1000), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
    int result = write_in_place(f, &error);
    assert_refused(result, &error,
                   "program: cannot keep its mode 2755 (it would become 0755): run as root");
}

static void test_write_refuses_to_lose_set_group_id(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chown(SOURCE, NOBODY, NOBODY), 0);
    assert_int_equal(chmod(SOURCE, 02755), 0);
    /* So that the new file has the old one's group without chown. */
    assert_int_equal(chown(".", 0, NOBODY), 0);
    assert_int_equal(chmod(".", 02777), 0);
    assert_int_equal(in_child(refuse_set_group_id, f), 0);
    assert_int_equal(look(SOURCE).st_mode, S_IFREG | 02755);
    assert_holds(".", SOURCE, NULL);
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
    assert_done(write_with(f, SOURCE, &options, NULL, &error), &error);
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
    int result = write_with(f, SOURCE, &options, NULL, &error);
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

/* --- faults on the way --- */

static int refuse_the_file(int fd, const char *name, void *context, struct error *error)
{
    (void)context;
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600); /* nobody else runs what is not checked */
    return error_file(error, ERROR_CHECK, name, "not proved");
}

static void test_write_stops_when_the_check_says_no(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(chmod(SOURCE, 0755), 0);
    const struct write_options options = {.destination = SOURCE, .in_place = true};
    assert_int_equal(write_with(f, SOURCE, &options, refuse_the_file, &error), -1);
    assert_int_equal(error.kind, ERROR_CHECK);
    assert_string_equal(error.text, "not proved");
    error_clear(&error);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

static int compare_contents(int fd, const char *name, void *context, struct error *error)
{
    const struct fixture *f = context;
    (void)name;
    (void)error;
    uint8_t *found = memory_zeroed(f->plan.size, 1);
    assert_int_equal(pread(fd, found, f->plan.size, 0), (ssize_t)f->plan.size);
    assert_memory_equal(found, f->expected, f->plan.size);
    free(found);
    return 0;
}

static void test_write_shows_the_whole_file_to_the_check(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    const struct write_options options = {.destination = "new"};
    int fd = open(SOURCE, O_RDONLY | O_CLOEXEC);
    assert_done(write_plan(&f->plan, program, fd, &options, compare_contents, f, &error), &error);
    close(fd);
    assert_written(f, "new");
}

static int terminate(int fd, const char *name, void *context, struct error *error)
{
    (void)fd;
    (void)name;
    (void)context;
    (void)error;
    return raise(SIGTERM);
}

static void be_terminated(const struct fixture *f)
{
    struct error error = {0};
    const struct write_options options = {.destination = SOURCE, .in_place = true};
    signal(SIGTERM, SIG_DFL);
    write_with(f, SOURCE, &options, terminate, &error);
    _exit(1); /* the signal came first */
}

static void catch_nothing(int number)
{
    (void)number;
}

static void be_interrupted_and_go_on(const struct fixture *f)
{
    struct error error = {0};
    const struct write_options options = {.destination = SOURCE, .in_place = true};
    signal(SIGTERM, catch_nothing);
    int result = write_with(f, SOURCE, &options, terminate, &error);
    assert_refused(result, &error, SOURCE ": interrupted by signal 15: nothing was written");
}

static void ignore_the_signal(const struct fixture *f)
{
    struct error error = {0};
    const struct write_options options = {.destination = "new"};
    signal(SIGTERM, SIG_IGN);
    assert_done(write_with(f, SOURCE, &options, terminate, &error), &error);
}

static void test_write_leaves_nothing_when_a_signal_comes(void **state)
{
    const struct fixture *f = *state;
    int status = in_child(be_terminated, f);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_int_equal(in_child(be_interrupted_and_go_on, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
    assert_int_equal(in_child(ignore_the_signal, f), 0);
    assert_written(f, "new");
}

static void meet_the_limit(const struct fixture *f)
{
    struct error error = {0};
    const struct rlimit limit = {SOURCE_SIZE, SOURCE_SIZE};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int result = write_to(f, "new", &error);
    assert_refused(result, &error, "new: cannot make a file of 3150851 bytes: File too large");
}

/* SIGXFSZ has its default action, which ends the program and dumps core. */
static void test_write_tells_of_a_size_limit(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(in_child(meet_the_limit, f), 0);
    assert_holds(".", SOURCE, NULL);
}

static void fill_the_file_system(const struct fixture *f)
{
    struct error error = {0};
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(mount("tiny", "tiny", "tmpfs", 0, "size=64k"), 0);
    /* Other file system: copy_file_range() says EXDEV, and pieces meet the end. */
    int result = write_to(f, "tiny/new", &error);
    assert_refused(result, &error, "tiny/new: cannot write the new file: No space left on device");
    assert_holds("tiny", NULL);
    assert_int_equal(mount("tiny", "tiny", "tmpfs", MS_REMOUNT, "size=8m"), 0);
    assert_done(write_to(f, "tiny/new", &error), &error);
    assert_written(f, "tiny/new");
    assert_holds("tiny", "new", NULL);
}

static void test_write_tells_of_a_full_file_system(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(mkdir("tiny", 0755), 0);
    assert_int_equal(in_child(fill_the_file_system, f), 0);
    assert_holds(".", SOURCE, "tiny", NULL);
}

/* From here on this process gets `reason` from system call `number`. */
static void fail_call(unsigned number, unsigned reason)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | reason),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {LENGTH(instructions), instructions};
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), 0);
}

static const unsigned refusals[] = {ENOSYS, EXDEV, EINVAL, EOPNOTSUPP, EINTR, EPERM, 0};

static void write_without_copy_file_range(const struct fixture *f)
{
    struct error error = {0};
    for (size_t i = 0; i < LENGTH(refusals); i++) {
        fail_call(SYS_copy_file_range, refusals[i]);
        assert_done(write_to(f, "new", &error), &error);
        assert_written(f, "new");
    }
}

static void test_write_does_without_copy_file_range(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(in_child(write_without_copy_file_range, f), 0);
    assert_holds(".", SOURCE, "new", NULL);
}

struct fault {
    unsigned number, reason;
    const char *line;
};

static const struct fault faults[] = {
    {SYS_copy_file_range, EIO, SOURCE ": cannot copy the original: Input/output error"},
    {SYS_copy_file_range, ENOSPC, SOURCE ": cannot copy the original: No space left on device"},
    {SYS_pwrite64, EIO, SOURCE ": cannot write the new file: Input/output error"},
    {SYS_pwrite64, 0, SOURCE ": cannot write the new file: Input/output error"},
    {SYS_ftruncate, EIO, SOURCE ": cannot make a file of 3150851 bytes: Input/output error"},
    {SYS_fchmod, EPERM, "program: cannot keep its mode 0755: Operation not permitted"},
    {SYS_fsync, EIO, SOURCE ": cannot synchronise the new file: Input/output error"},
    {SYS_renameat, EACCES,
     SOURCE ": cannot give the new file the destination's name: Permission denied"},
    {SYS_flistxattr, EIO, "program: cannot list its extended attributes: Input/output error"},
    {SYS_getrandom, EIO,
     SOURCE ": cannot make a temporary file in the destination's directory, from which the "
            "finished file is renamed: Input/output error"},
};

static const struct fault *present_fault;

static void meet_fault(const struct fixture *f)
{
    struct error error = {0};
    const struct write_options options = {.destination = SOURCE, .in_place = true, .sync = true};
    fail_call(present_fault->number, present_fault->reason);
    int result = write_with(f, SOURCE, &options, NULL, &error);
    assert_refused(result, &error, present_fault->line);
}

static void test_write_leaves_nothing_when_a_call_fails(void **state)
{
    const struct fixture *f = *state;
    for (size_t i = 0; i < LENGTH(faults); i++) {
        present_fault = &faults[i];
        assert_int_equal(in_child(meet_fault, f), 0);
        assert_contents(SOURCE, f->source, SOURCE_SIZE);
        assert_holds(".", SOURCE, NULL);
    }
}

static void test_write_tells_of_an_original_that_became_shorter(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(truncate(SOURCE, 100), 0);
    int result = write_to(f, "new", &error);
    assert_refused(result, &error, "new: the original became shorter while it was read: try again");
    assert_holds(".", SOURCE, NULL);
}

static void test_write_calls_a_plan_without_sense_a_bug(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};
    f->writes[1].target = f->plan.size - 1;
    assert_int_equal(write_to(f, "new", &error), -1);
    assert_int_equal(error.kind, ERROR_INTERNAL);
    assert_string_equal(error.text, "second of the plan end behind the file: this is a bug");
    error_clear(&error);
    f->copies[1].size = f->plan.size;
    assert_int_equal(write_to(f, "new", &error), -1);
    assert_int_equal(error.kind, ERROR_INTERNAL);
    assert_string_equal(error.text, "copy 1 of the plan ends behind the file: this is a bug");
    error_clear(&error);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_carries_the_plan_out),
        TEST(test_write_replaces_what_is_there),
        TEST(test_write_syncs_when_asked),
        TEST(test_write_takes_long_names),
        TEST(test_write_follows_symbolic_links),
        TEST(test_write_replaces_a_file_that_runs),
        TEST(test_write_in_place_keeps_all_privileges),
        TEST(test_write_finds_out_that_it_is_in_place),
        TEST(test_write_keeps_a_mode_that_forbids_writing),
        TEST(test_write_drops_an_inherited_acl),
        TEST(test_write_never_keeps_a_signature_of_the_old_contents),
        TEST(test_write_gives_a_copy_the_mode_and_capabilities),
        TEST(test_write_gives_no_set_id_bits_to_another_owner),
        TEST(test_write_refuses_to_change_the_owner),
        TEST(test_write_refuses_to_lose_capabilities),
        TEST(test_write_refuses_to_lose_a_label),
        TEST(test_write_refuses_to_lose_set_group_id),
        TEST(test_write_refuses_hard_links_unless_told),
        TEST(test_write_refuses_what_is_no_file),
        TEST(test_write_in_place_refuses_another_file),
        TEST(test_write_refuses_a_directory_of_others),
        TEST(test_write_refuses_an_immutable_file),
        TEST(test_write_stops_when_the_check_says_no),
        TEST(test_write_shows_the_whole_file_to_the_check),
        TEST(test_write_leaves_nothing_when_a_signal_comes),
        TEST(test_write_tells_of_a_size_limit),
        TEST(test_write_tells_of_a_full_file_system),
        TEST(test_write_does_without_copy_file_range),
        TEST(test_write_leaves_nothing_when_a_call_fails),
        TEST(test_write_tells_of_an_original_that_became_shorter),
        TEST(test_write_calls_a_plan_without_sense_a_bug),
        TEST(test_write_file_has_the_mode_of_a_new_file),
    };
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct error error = {0};
    if (image_from_fd(fd, "program", &program, &error) < 0) {
        char *line = error_line(&error);
        fprintf(stderr, "%s\n", line);
        free(line);
        return 1;
    }
    int failed = cmocka_run_group_tests_name("write", tests, NULL, NULL);
    image_free(program);
    close(fd);
    return failed;
}
