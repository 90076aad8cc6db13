/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That no failure leaves anything behind. Faults are real ones: a full file system, a limit, a
 * signal, a filter that refuses a system call.
 */
#include "base/memory.h"
#include "write_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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
    assert_int_equal(write_with(f, &options, refuse_the_file, &error), -1);
    assert_int_equal(error.kind, ERROR_CHECK);
    assert_string_equal(error.text, "not proved");
    error_clear(&error);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

static const struct fixture *compared;

static int compare_contents(int fd, const char *name, void *context, struct error *error)
{
    (void)name;
    (void)context;
    (void)error;
    uint8_t *found = memory_zeroed(compared->plan.size, 1);
    assert_int_equal(pread(fd, found, compared->plan.size, 0), (ssize_t)compared->plan.size);
    assert_memory_equal(found, compared->expected, compared->plan.size);
    free(found);
    return 0;
}

static void test_write_shows_the_whole_file_to_the_check(void **state)
{
    struct error error = {0};
    compared = *state;
    const struct write_options options = {.destination = "new"};
    assert_done(write_with(compared, &options, compare_contents, &error), &error);
    assert_written(compared, "new");
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
    write_with(f, &options, terminate, &error);
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
    int result = write_with(f, &options, terminate, &error);
    assert_refused(result, &error, SOURCE ": interrupted by signal 15: nothing was written");
}

static void ignore_the_signal(const struct fixture *f)
{
    struct error error = {0};
    const struct write_options options = {.destination = "new"};
    signal(SIGTERM, SIG_IGN);
    assert_done(write_with(f, &options, terminate, &error), &error);
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

static bool mount_tiny(void)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tiny", "tiny", "tmpfs", 0, "size=64k") == 0;
}

static void try_to_mount_tiny(const struct fixture *f)
{
    (void)f;
    _exit(mount_tiny() ? 0 : 1);
}

static void fill_the_file_system(const struct fixture *f)
{
    struct error error = {0};
    assert_true(mount_tiny());
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
    if (in_child(try_to_mount_tiny, f) != 0) { /* a container without CAP_SYS_ADMIN, a chroot */
        print_message("# skipping: no file system can be mounted here\n");
        skip();
    }
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
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
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
};

static const struct fault *present_fault;

static void meet_fault(const struct fixture *f)
{
    struct error error = {0};
    const struct write_options options = {.destination = SOURCE, .in_place = true, .sync = true};
    fail_call(present_fault->number, present_fault->reason);
    int result = write_with(f, &options, NULL, &error);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_stops_when_the_check_says_no),
        TEST(test_write_shows_the_whole_file_to_the_check),
        TEST(test_write_leaves_nothing_when_a_signal_comes),
        TEST(test_write_tells_of_a_size_limit),
        TEST(test_write_tells_of_a_full_file_system),
        TEST(test_write_does_without_copy_file_range),
        TEST(test_write_leaves_nothing_when_a_call_fails),
        TEST(test_write_tells_of_an_original_that_became_shorter),
        TEST(test_write_calls_a_plan_without_sense_a_bug),
    };
    return write_group("write_faults", tests, LENGTH(tests));
}
