/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The width table, row by row under the running kernel. A row that this machine cannot try (no such
 * call, no permission) is left to the argument in the table, apart from those that have to be
 * tried.
 */
#include "policy_test.h"
#include "width_calls.h"

#include "policy/widths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096ul

/* What the calls work on; made once, and only looked at by children. */
static struct {
    char path[64];
    int file, zero, null, directory, pipe[2], socket, pair[2], epoll, timer;
    uint8_t *pages;  /* four, anonymous */
    uint8_t *shared; /* one, of the file */
    uint8_t buffer[4096];
    struct iovec iov[1];
    int number;
    uint64_t how[3]; /* struct open_how */
} on;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(on.path, sizeof on.path, "/tmp/elfcage-widths-XXXXXX");
    on.file = mkstemp(on.path);
    on.zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
    on.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    on.directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    on.socket = socket(AF_UNIX, SOCK_STREAM, 0);
    on.epoll = epoll_create1(0);
    on.timer = timerfd_create(CLOCK_MONOTONIC, 0);
    on.pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (on.file < 0 || on.null < 0 || pipe(on.pipe) < 0 || on.pages == MAP_FAILED ||
        socketpair(AF_UNIX, SOCK_DGRAM, 0, on.pair) < 0 || ftruncate(on.file, PAGE) < 0) {
        return -1;
    }
    on.shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, on.file, 0);
    struct epoll_event event = {0};
    if (epoll_ctl(on.epoll, EPOLL_CTL_ADD, on.pipe[0], &event) < 0) {
        return -1;
    }
    on.iov[0] = (struct iovec){on.buffer, 1};
    return on.shared == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(on.path);
}

static void test_widths_of_docker_and_the_table_to_start_with(void **state)
{
    (void)state;
    TRY(A, personality, 0xffffffff);
    TRY(ABC, socket, AF_UNIX, SOCK_STREAM, 0);
    TRY(ABC, ioctl, N(on.pipe[0]), FIONREAD, P(&on.number));
    TRY(ABC, fcntl, N(on.file), F_DUPFD, 0);
    TRY(A, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    TRY(ABCDE, prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    TRY(AB, kill, SELF, 0);
    TRY(ABC, open, P("/dev/null"), O_RDONLY, 0);
    TRY(ABCD, openat, N(AT_FDCWD), P("/dev/null"), O_RDONLY, 0);
    TRY(A, openat, N(on.directory), P("dev/null"), O_RDONLY, 0);
    TRY(AB, creat, P(on.path), 0600);
    TRY(ABCD, openat2, N(on.directory), P("dev/null"), P(on.how), sizeof on.how);
    TRY(ABC, mprotect, P(on.pages), PAGE, PROT_READ);
    TRY(ABCD, mmap, P(on.pages), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, N(-1),
        0);
    TRY(C | D | E | F, mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, N(on.file), 0);
    const struct call clone = {
        SYS_clone, {SIGCHLD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_SETTLS, 0, 0, 0, 0}};
    probe_call("clone", ABCDE, clone_call, &clone);
}

/* unsigned long in the prototype, and what the kernel makes of it. */
static void test_widths_of_unsigned_long(void **state)
{
    (void)state;
    TRY(ABC, readv, N(on.zero), P(on.iov), 1);
    TRY(ABC, writev, N(on.null), P(on.iov), 1);
    TRY(ABCD, preadv, N(on.file), P(on.iov), 1, 0, 0);
    TRY(ABCD | F, preadv2, N(on.file), P(on.iov), 1, 0, 0, 0);
    TRY(ABCD, pwritev, N(on.file), P(on.iov), 1, 0, 0);
    TRY(ABCD | F, pwritev2, N(on.file), P(on.iov), 1, 0, 0, 0);
    TRY(ABCD, vmsplice, N(on.pipe[1]), P(on.iov), 1, 2 /* SPLICE_F_NONBLOCK */);
    TRY(ABCDE | F, process_vm_readv, SELF, P(on.iov), 1, P(on.iov), 1, 0);
    TRY(ABCDE | F, process_vm_writev, SELF, P(on.iov), 1, P(on.iov), 1, 0);
    TRY(A | C | F, mbind, P(on.pages), PAGE, 0, 0, 0, 0);
    TRY(A | E, get_mempolicy, P(&on.number), 0, 0, 0, 0);
    TRY(ABCDE, mremap, P(on.pages), PAGE, PAGE, 3 /* MAYMOVE | FIXED */, P(on.pages + 2 * PAGE));
    TRY(ABC, mseal, P(on.pages), PAGE, 0);
    TRY(ABCD, pkey_mprotect, P(on.pages), PAGE, PROT_READ, N(-1));
    TRY(AB, pkey_alloc, 0, 0);
    TRY(ABCDE, remap_file_pages, P(on.shared), PAGE, 0, 0, 0);
    TRY(A, unshare, 0);
    TRY(E, perf_event_open, 0, 0, N(-1), N(-1), 0);
    TRY(ABCD, kcmp, SELF, SELF, 0 /* KCMP_FILE */, N(on.file), N(on.file));
    const struct call seize = {SYS_ptrace, {0x4206 /* PTRACE_SEIZE */, 0, 0, 0}};
    probe_call("ptrace", ABC, ptrace_call, &seize);
    const struct call mount = {SYS_mount, {0, P("/"), 0, 0x44000 /* MS_PRIVATE | MS_REC */, 0}};
    probe_call("mount", B | D, mount_call, &mount);
    TRY(AB, arch_prctl, 0x1003 /* ARCH_GET_FS */, P(on.buffer));
    TRY(AB, munmap, P(on.pages), PAGE);
    TRY(ABC, madvise, P(on.pages), PAGE, 0);
    TRY(ABC, msync, P(on.pages), PAGE, MS_ASYNC);
    TRY(ABC, mincore, P(on.pages), PAGE, P(on.buffer));
}

static void test_widths_of_files(void **state)
{
    (void)state;
    TRY(ABC, read, N(on.zero), P(on.buffer), 1);
    TRY(ABC, write, N(on.null), P(on.buffer), 1);
    TRY(ABCD, pread64, N(on.file), P(on.buffer), 1, 0);
    TRY(ABCD, pwrite64, N(on.file), P(on.buffer), 1, 0);
    TRY(ABC, lseek, N(on.file), 0, SEEK_SET);
    TRY(AB, ftruncate, N(on.file), PAGE);
    TRY(AB, truncate, P(on.path), PAGE);
    TRY(ABCD, fallocate, N(on.file), 1 /* KEEP_SIZE */, 0, 1);
    TRY(A | C | D, fadvise64, N(on.file), 0, 0, 0);
    TRY(ABCD, sync_file_range, N(on.file), 0, 0, 0);
    TRY(AB, flock, N(on.file), 1 /* LOCK_SH */);
    TRY(A, dup, N(on.file));
    TRY(AB, dup2, N(on.file), 200);
    TRY(ABC, dup3, N(on.file), 200, 0);
    TRY(A, close, N(on.file));
    TRY(ABC, close_range, 500, 600, 0);
    TRY(A, fsync, N(on.file));
    TRY(A, fdatasync, N(on.file));
    TRY(A, fchdir, N(on.directory));
    TRY(AB, access, P("/dev/null"), 0);
    TRY(ABC, faccessat, N(on.directory), P("dev/null"), 0);
    TRY(ABCD, faccessat2, N(on.directory), P("dev/null"), 0, 0);
    TRY(AB, chmod, P(on.path), 0600);
    TRY(AB, fchmod, N(on.file), 0600);
    TRY(ABC, fchmodat, N(on.directory), P(on.path + 1), 0600);
    TRY(ABC, chown, P(on.path), 0xffffffff, 0xffffffff);
    TRY(ABC, lchown, P(on.path), 0xffffffff, 0xffffffff);
    TRY(ABC, fchown, N(on.file), 0xffffffff, 0xffffffff);
    TRY(ABCDE, fchownat, N(on.directory), P(on.path + 1), 0xffffffff, 0xffffffff, 0);
    TRY(AB, stat, P("/"), P(on.buffer));
    TRY(AB, lstat, P("/"), P(on.buffer));
    TRY(AB, fstat, N(on.file), P(on.buffer));
    TRY(ABCD, newfstatat, N(on.directory), P("dev"), P(on.buffer), 0);
    TRY(ABCDE, statx, N(on.directory), P("dev"), 0, 0x7ff, P(on.buffer));
    TRY(AB, fstatfs, N(on.file), P(on.buffer));
    TRY(A | C, getdents64, N(on.directory), P(on.buffer), sizeof on.buffer);
    TRY(ABC, readlink, P("/proc/self/exe"), P(on.buffer), 16);
    TRY(ABCD, readlinkat, N(on.directory), P("proc/self/exe"), P(on.buffer), 16);
    TRY(AB, pipe2, P(on.buffer), 0);
    TRY(AB, sendfile, N(on.null), N(on.file), 0, 0);
    TRY(A | C | F, copy_file_range, N(on.file), 0, N(on.file), 0, 0, 0);
    TRY(AB, memfd_create, P("x"), 0);
    TRY(AB, eventfd2, 0, 0);
    TRY(A, inotify_init1, 0);
    TRY(A, umask, 022);
}

static void test_widths_of_sockets_and_waiting(void **state)
{
    (void)state;
    TRY(ABCD, socketpair, AF_UNIX, SOCK_STREAM, 0, P(on.buffer));
    TRY(ABCDE, setsockopt, N(on.socket), SOL_SOCKET, SO_PASSCRED, P(on.buffer), 4);
    on.number = 4;
    TRY(ABCDE, getsockopt, N(on.socket), SOL_SOCKET, SO_TYPE, P(on.buffer), P(&on.number));
    TRY(ABC, getsockname, N(on.socket), P(on.buffer), P(&on.number));
    TRY(A | B | D | F, sendto, N(on.pair[0]), P(on.buffer), 1, MSG_DONTWAIT, 0, 0);
    TRY(AB, shutdown, N(on.pair[0]), SHUT_RDWR);
    TRY(A, epoll_create1, 0);
    TRY(ABCD, epoll_ctl, N(on.epoll), EPOLL_CTL_MOD, N(on.pipe[0]), P(on.buffer + 64));
    TRY(ABCD, epoll_wait, N(on.epoll), P(on.buffer), 1, 0);
    TRY(B | C, poll, 0, 0, 0);
    TRY(AB, timerfd_create, CLOCK_MONOTONIC, 0);
    TRY(ABCD, timerfd_settime, N(on.timer), 0, P(on.buffer + 64), 0);
    TRY(AB, clock_gettime, CLOCK_REALTIME, P(on.buffer));
    TRY(AB, clock_getres, CLOCK_REALTIME, P(on.buffer));
    TRY(A, alarm, 0);
    TRY(ABCD, signalfd4, N(-1), P(on.buffer + 64), 8, 0);
    TRY(ABCD, rt_sigprocmask, SIG_BLOCK, P(on.buffer + 64), 0, 8);
    TRY(ABCD, rt_sigaction, SIGUSR1, 0, P(on.buffer), 8);
}

static void test_widths_of_processes(void **state)
{
    (void)state;
    TRY(AB, tkill, SELF, 0);
    TRY(ABC, tgkill, SELF, SELF, 0);
    TRY(A, exit, 0);
    TRY(A, exit_group, 0);
    TRY(AB, getpriority, PRIO_PROCESS, 0);
    TRY(ABC, setpriority, PRIO_PROCESS, 0, 10);
    TRY(AB, getrlimit, RLIMIT_NOFILE, P(on.buffer));
    TRY(ABCD, prlimit64, 0, RLIMIT_NOFILE, 0, P(on.buffer));
    TRY(AB, getrusage, 0, P(on.buffer));
    TRY(ABC, sched_getaffinity, 0, sizeof on.buffer, P(on.buffer));
    TRY(A, sched_getscheduler, 0);
    TRY(AB, sched_getparam, 0, P(on.buffer));
    TRY(A, getpgid, 0);
    TRY(A, getsid, 0);
    TRY(AB, setpgid, 0, 0);
    TRY(AB, setreuid, 0xffffffff, 0xffffffff);
    TRY(AB, setregid, 0xffffffff, 0xffffffff);
    TRY(ABC, setresuid, 0xffffffff, 0xffffffff, 0xffffffff);
    TRY(ABC, setresgid, 0xffffffff, 0xffffffff, 0xffffffff);
    TRY(A, setfsuid, 0xffffffff);
    TRY(A, setfsgid, 0xffffffff);
    TRY(A, getgroups, 0, 0);
    TRY(ABC, seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, P(on.buffer + 64));
    TRY(AB, pidfd_open, SELF, 0);
    TRY(ABC, membarrier, 0, 0, 0);
    TRY(AB, ioprio_get, 1, 0);
    TRY(B, set_robust_list, P(on.buffer), 24);
    TRY(ABC, landlock_create_ruleset, 0, 0, 1);
}

/* Every row that the first table of the project promises, tried. Nothing else may fail to be known
   as quietly as a blocked call. */
static void test_widths_that_have_to_be_tried(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned arguments;
    } needed[] = {
        {"personality", 1}, {"socket", 3},   {"ioctl", 3}, {"fcntl", 3}, {"prctl", 5},
        {"kill", 2},        {"clone", 5},    {"mmap", 6},  {"open", 3},  {"openat", 4},
        {"openat2", 4},     {"mprotect", 3}, {"creat", 2},
    };
    for (size_t i = 0; i < COUNT(needed); i++) {
        unsigned done = probe_result(needed[i].name)->agreed;
        if (done != (1u << needed[i].arguments) - 1) {
            fail_msg("%s: arguments 0x%x were tried, not all %u", needed[i].name, done,
                     needed[i].arguments);
        }
    }
    size_t rows = 0;
    size_t arguments = 0;
    const struct width_row *row;
    for (size_t i = 0; (row = width_row_at(i)); i++) {
        unsigned agreed = probe_result(row->name)->agreed;
        if (!agreed) {
            continue;
        }
        char list[8] = "";
        for (unsigned k = 0; k < 6; k++) {
            list[k] = '-';
            if (agreed >> k & 1u) {
                list[k] = row->widths[k];
            }
        }
        list[strlen(row->widths)] = 0;
        print_message("# tried %s %s\n", row->name, list);
        rows++;
        arguments += (unsigned)__builtin_popcount(agreed);
    }
    print_message("# %zu arguments of %zu system calls agree with the running kernel\n", arguments,
                  rows);
}

static void test_width_table_is_well_formed(void **state)
{
    (void)state;
    const struct width_row *previous = NULL;
    const struct width_row *row;
    for (size_t i = 0; (row = width_row_at(i)); i++) {
        assert_true(!previous || strcmp(previous->name, row->name) < 0);
        assert_true(policy_name_is_valid(row->name));
        size_t count = strspn(row->widths, "wlhmtpbd?");
        assert_int_equal(row->widths[count], 0);
        assert_in_range(count, 0, POLICY_ARGUMENTS);
        assert_true(!strpbrk(row->widths, "?d") || row->why);
        for (unsigned k = 0; k < POLICY_ARGUMENTS; k++) {
            unsigned expected = k >= count              ? 0
                                : row->widths[k] == '?' ? 0
                                : row->widths[k] == 'l' ? 64
                                : row->widths[k] == 'd' ? 64
                                                        : 32;
            assert_int_equal(argument_width(row->name, k), expected);
            assert_int_equal(argument_depends(row->name, k), k < count && row->widths[k] == 'd');
            bool is_short = k < count && strchr("hmtpb", row->widths[k]);
            assert_int_equal(argument_is_short(row->name, k), is_short);
            assert_int_equal(argument_kept(row->name, k) != UINT32_MAX, is_short);
        }
        previous = row;
    }
    assert_int_equal(argument_width("no_such_call", 0), 0);
    assert_int_equal(argument_width("", 0), 0);
    assert_int_equal(argument_width("socket", 3), 0);
    assert_int_equal(argument_width("socket", 4000000000u), 0);
}

int main(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded && strstr(preloaded, "vgpreload")) {
        skip_all("argument widths", "valgrind makes the system calls, not the program");
        return 0;
    }
#ifdef __x86_64__
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width_table_is_well_formed),
        cmocka_unit_test(test_widths_of_docker_and_the_table_to_start_with),
        cmocka_unit_test(test_widths_of_unsigned_long),
        cmocka_unit_test(test_widths_of_files),
        cmocka_unit_test(test_widths_of_sockets_and_waiting),
        cmocka_unit_test(test_widths_of_processes),
        cmocka_unit_test(test_widths_of_changes_to_files),
        cmocka_unit_test(test_widths_of_attributes),
        cmocka_unit_test(test_widths_of_mounts),
        cmocka_unit_test(test_widths_of_time),
        cmocka_unit_test(test_widths_of_signals_and_scheduling),
        cmocka_unit_test(test_widths_of_queues_and_memory),
        cmocka_unit_test(test_widths_of_talking_sockets),
        cmocka_unit_test(test_widths_of_rings_and_rules),
        cmocka_unit_test(test_widths_not_tried_are_argued),
        cmocka_unit_test(test_widths_that_have_to_be_tried),
    };
#else
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_width_table_is_well_formed)};
#endif
    return cmocka_run_group_tests_name("policy_widths", tests, set_up, tear_down);
}
