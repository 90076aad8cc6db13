/* SPDX-License-Identifier: Apache-2.0 */
/* Widths of calls that need an object first (a queue, a timer, a ring), made in the child that
   makes the call; and the rows that are not tried, with the reason. */
#include "policy_test.h"
#include "width_calls.h"

#include "policy/widths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul

static uint8_t room[8192];       /* what is written to */
static const uint8_t zeros[512]; /* what is read */
static const uint64_t all_signals[1] = {UINT64_MAX};

static int timer_call(const struct call *call)
{
    int timer = -1;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer) < 0) {
        return EPERM;
    }
    struct call mine = with_object(call, 0, timer);
    return plain_call(&mine);
}

static int wait_call(const struct call *call)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return plain_call(call);
}

void test_widths_of_time(void **state)
{
    (void)state;
    TRY(A, nanosleep, P(zeros), 0);
    TRY(ABC, clock_nanosleep, CLOCK_MONOTONIC, 0, P(zeros), 0);
    TRY(AB, gettimeofday, P(room), 0);
    TRY(AB, settimeofday, 0, 0);
    TRY(A, time, P(room));
    TRY(A, times, P(room));
    TRY(A, adjtimex, P(room));
    TRY(AB, clock_adjtime, CLOCK_REALTIME, P(room));
    TRY(AB, getitimer, ITIMER_REAL, P(room));
    TRY(ABC, setitimer, ITIMER_REAL, P(zeros), 0);
    TRY(ABC, timer_create, CLOCK_MONOTONIC, 0, P(room));
    TRY_WITH(timer_call, A, timer_delete, 0);
    TRY_WITH(timer_call, A, timer_getoverrun, 0);
    TRY_WITH(timer_call, AB, timer_gettime, 0, P(room));
    TRY_WITH(timer_call, ABCD, timer_settime, 0, 0, P(zeros), 0);
    TRY(AB, timerfd_gettime, N(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)), P(room));
    TRY_WITH(wait_call, ABCD, wait4, N(-1), P(room), 0, 0);
    TRY_WITH(wait_call, ABCDE, waitid, 0 /* P_ALL */, 0, P(room), WEXITED, 0);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], zeros, 1), 1);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), 0);
    TRY(A, epoll_create, 1);
    TRY(ABCDE | F, epoll_pwait, N(epoll), P(room), 1, 0, P(zeros), 8);
    TRY(ABCDE | F, epoll_pwait2, N(epoll), P(room), 1, P(zeros), P(zeros), 8);
    TRY(B | C | D | E, ppoll, 0, 0, P(room), P(zeros), 8);
    TRY(A | E, select, 0, 0, 0, 0, P(room));
    TRY(A | E | F, pselect6, 0, 0, 0, 0, P(room), 0);
    TRY(A, eventfd, 0);
    TRY(ABC, signalfd, N(-1), P(zeros), 8);
}

static void on_signal(int number)
{
    (void)number;
}

/* A signal is pending, and blocked. */
static int suspend_call(const struct call *call)
{
    sigset_t set;
    (void)signal(SIGUSR1, on_signal);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)raise(SIGUSR1);
    return plain_call(call);
}

static int pidfd_call(const struct call *call)
{
    struct call mine = with_object(call, 0, syscall(SYS_pidfd_open, getpid(), 0));
    return plain_call(&mine);
}

static int clone3_call(const struct call *call)
{
    const uint64_t *a = call->arguments;
    long child = syscall(SYS_clone3, a[0], a[1]);
    if (child == 0) {
        _exit(0);
    }
    return child < 0 ? errno : 0;
}

/* capset() to what capget() gives. */
static int keep_capabilities(const struct call *call)
{
    struct call mine = *call;
    uint32_t head[2] = {0x20080522 /* _LINUX_CAPABILITY_VERSION_3 */, 0};
    uint32_t data[6];
    if (syscall(SYS_capget, head, data) < 0) {
        return EPERM;
    }
    mine.arguments[0] ^= P(head);
    mine.arguments[1] ^= P(data);
    return plain_call(&mine);
}

void test_widths_of_signals_and_scheduling(void **state)
{
    (void)state;
    TRY(AB, sigaltstack, 0, P(room));
    TRY(AB, rt_sigpending, P(room), 8);
    TRY(A | C | D, rt_sigtimedwait, P(all_signals), 0, P(zeros), 8);
    TRY_WITH(suspend_call, AB, rt_sigsuspend, P(zeros), 8);
    siginfo_t info = {.si_code = SI_QUEUE};
    TRY(ABC, rt_sigqueueinfo, SELF, 0, P(&info));
    TRY(ABCD, rt_tgsigqueueinfo, SELF, SELF, 0, P(&info));
    TRY(A, sched_get_priority_max, 0);
    TRY(A, sched_get_priority_min, 0);
    TRY(ABCD, sched_getattr, 0, P(room), 56, 0);
    uint32_t attributes[14] = {48};
    TRY(ABC, sched_setattr, 0, P(attributes), 0);
    TRY(AB, sched_setparam, 0, P(zeros));
    TRY(ABC, sched_setscheduler, 0, 0, P(zeros));
    TRY(ABC, sched_setaffinity, 0, 8, P(all_signals));
    TRY(AB, sched_rr_get_interval, 0, P(room));
    TRY(ABC, ioprio_set, 1 /* WHO_PROCESS */, 0, 0);
    TRY_WITH(pidfd_call, ABCD, pidfd_send_signal, 0, 0, 0, 0);
    TRY_WITH(pidfd_call, ABC, pidfd_getfd, 0, 0, 0);
    struct iovec page = {mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE};
    TRY_WITH(pidfd_call, ABCDE, process_madvise, 0, P(&page), 1, MADV_COLD, 0);
    uint64_t arguments[8] = {[4] = SIGCHLD}; /* struct clone_args, first version */
    TRY_WITH(clone3_call, AB, clone3, P(arguments), 64);
    TRY(ABC, execve, P("/bin/true"), 0, 0);
    TRY(ABCDE, execveat, N(AT_FDCWD), P("/bin/true"), 0, 0, 0);
    uint32_t head[2] = {0x20080522, 0};
    TRY(AB, capget, P(head), P(room));
    TRY_WITH(keep_capabilities, AB, capset, 0, 0);
    TRY(A, setuid, N(getuid()));
    TRY(A, setgid, N(getgid()));
    TRY(A, setgroups, 0, 0);
    TRY(ABC, getresuid, P(room), P(room), P(room));
    TRY(ABC, getresgid, P(room), P(room), P(room));
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    TRY(AB, setrlimit, RLIMIT_CORE, P(&limit));
    TRY(AB, getcpu, P(room), P(room), 0);
    TRY(A, sysinfo, P(room));
    TRY(A, uname, P(room));
    TRY(A | C, syslog, 10 /* SIZE_BUFFER */, 0, 0);
    TRY(A | C, getrandom, P(room), 0, 0);
    TRY(ABC, get_robust_list, 0, P(room), P(room));
    TRY(AB, setpgid, 0, 0);
}

static int queue_call(const struct call *call)
{
    uint64_t message[2] = {1, 0};
    int queue = enter_namespaces() < 0 ? -1 : msgget(IPC_PRIVATE, 0600);
    if (queue < 0 || msgsnd(queue, message, 8, 0) < 0) {
        return EPERM;
    }
    struct call mine = with_object(call, 0, queue);
    return plain_call(&mine);
}

static int semaphore_call(const struct call *call)
{
    int set = enter_namespaces() < 0 ? -1 : semget(IPC_PRIVATE, 1, 0600);
    struct call mine = with_object(call, 0, set);
    return set < 0 ? EPERM : plain_call(&mine);
}

static int segment_call(const struct call *call)
{
    int segment = enter_namespaces() < 0 ? -1 : shmget(IPC_PRIVATE, PAGE, 0600);
    struct call mine = with_object(call, 0, segment);
    return segment < 0 ? EPERM : plain_call(&mine);
}

static int detach_call(const struct call *call)
{
    int segment = enter_namespaces() < 0 ? -1 : shmget(IPC_PRIVATE, PAGE, 0600);
    struct call mine = *call;
    mine.arguments[0] ^= P(shmat(segment, NULL, 0));
    return segment < 0 ? EPERM : plain_call(&mine);
}

/* brk() does not fail: it returns what it was. */
static int brk_call(const struct call *call)
{
    uint64_t wanted = call->arguments[0] ^ ((uint64_t)syscall(SYS_brk, 0) + PAGE);
    return (uint64_t)syscall(SYS_brk, wanted) == wanted ? 0 : ENOMEM;
}

/* Small, since the memory of queues counts against a limit until the namespace is gone. */
static const struct mq_attr small_queue = {.mq_maxmsg = 4, .mq_msgsize = 16};

static int posix_queue_call(const struct call *call)
{
    const int flags = O_CREAT | O_RDWR;
    long queue = enter_namespaces() < 0 ? -1 : syscall(SYS_mq_open, "q", flags, 0600, &small_queue);
    if (queue < 0 || syscall(SYS_mq_timedsend, queue, zeros, 1, 0, NULL) < 0) {
        return EPERM;
    }
    /* mq_unlink() takes its name. */
    struct call mine =
        call->arguments[0] >> 32 || !call->arguments[0] ? with_object(call, 0, queue) : *call;
    return plain_call(&mine);
}

void test_widths_of_queues_and_memory(void **state)
{
    (void)state;
    static const uint64_t message[2] = {1, 0};
    static const struct sembuf post = {0, 1, 0};
    TRY_WITH(namespace_call, AB, msgget, IPC_PRIVATE, 0600);
    TRY_WITH(queue_call, ABC, msgctl, 0, IPC_STAT, P(room));
    TRY_WITH(queue_call, ABCD, msgsnd, 0, P(message), 1, 0);
    TRY_WITH(queue_call, ABCDE, msgrcv, 0, P(room), 8, 0, IPC_NOWAIT);
    TRY_WITH(namespace_call, ABC, semget, IPC_PRIVATE, 1, 0600);
    TRY_WITH(semaphore_call, ABC, semctl, 0, 0, GETVAL, 0);
    TRY_WITH(semaphore_call, ABC, semop, 0, P(&post), 1);
    TRY_WITH(semaphore_call, ABCD, semtimedop, 0, P(&post), 1, 0);
    TRY_WITH(namespace_call, ABC, shmget, IPC_PRIVATE, PAGE, 0600);
    TRY_WITH(segment_call, ABC, shmat, 0, 0, 0);
    TRY_WITH(segment_call, ABC, shmctl, 0, IPC_STAT, P(room));
    TRY_WITH(detach_call, A, shmdt, 0);
    TRY_WITH(namespace_call, ABCD, mq_open, P("q"), O_CREAT | O_RDWR, 0600, P(&small_queue));
    TRY_WITH(posix_queue_call, ABCDE, mq_timedsend, 0, P(zeros), 1, 0, 0);
    TRY_WITH(posix_queue_call, AB | D | E, mq_timedreceive, 0, P(room), sizeof room, 0, 0);
    TRY_WITH(posix_queue_call, AB, mq_notify, 0, 0);
    TRY_WITH(posix_queue_call, ABC, mq_getsetattr, 0, 0, P(room));
    TRY_WITH(posix_queue_call, A, mq_unlink, P("q"));
    uint8_t *pages = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRY(AB, mlock, P(pages), PAGE);
    TRY(ABC, mlock2, P(pages), PAGE, 0);
    TRY(AB, munlock, P(pages), PAGE);
    TRY(A, mlockall, 5 /* MCL_CURRENT | MCL_ONFAULT */);
    TRY_WITH(brk_call, A, brk, 0);
    TRY(ABCD, migrate_pages, SELF, 8, P(all_signals), P(all_signals));
    TRY(AB | F, move_pages, SELF, 0, 0, 0, 0, 0);
    TRY(A, set_mempolicy, 0, 0, 0);
    TRY(D, set_mempolicy_home_node, P(pages), PAGE, 0, 0);
    TRY(A, modify_ldt, 0, P(room), 0);
    TRY(ABC, ioperm, 0x80, 1, 0);
    TRY(A, iopl, 0);
    TRY(A, pkey_free, N(-1));
    TRY(A, userfaultfd, 1 /* UFFD_USER_MODE_ONLY */);
}

static struct sockaddr_un unix_address = {.sun_family = AF_UNIX};

static int listening(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&unix_address, sizeof(sa_family_t)) < 0) {
        return -1;
    }
    return listener;
}

static int listen_call(const struct call *call)
{
    struct call mine = with_object(call, 0, listening());
    return plain_call(&mine);
}

static int accept_call(const struct call *call)
{
    int listener = listening();
    struct sockaddr_un name;
    socklen_t size = sizeof name;
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&name, &size) < 0 ||
        connect(client, (struct sockaddr *)&name, size) < 0) {
        return EPERM;
    }
    struct call mine = with_object(call, 0, listener);
    return plain_call(&mine);
}

/* Argument 0 is a socket with something to read. */
static int receive_call(const struct call *call)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0 || send(pair[1], zeros, 1, 0) != 1) {
        return EPERM;
    }
    struct call mine = with_object(call, 0, pair[0]);
    return plain_call(&mine);
}

/* Argument 0 is a pipe with something to read. */
static int read_pipe_call(const struct call *call)
{
    int ends[2];
    if (pipe(ends) < 0 || write(ends[1], zeros, 1) != 1) {
        return EPERM;
    }
    struct call mine = with_object(call, 0, ends[0]);
    return plain_call(&mine);
}

void test_widths_of_talking_sockets(void **state)
{
    (void)state;
    static struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct iovec vector = {room, 1};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    struct mmsghdr headers[1] = {{.msg_hdr = header}};
    uint64_t stream = N(socket(AF_UNIX, SOCK_STREAM, 0));
    int pair[2];
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_int_equal(pipe(ends), 0);
    TRY(ABC, bind, stream, P(&unix_address), sizeof(sa_family_t));
    TRY(ABC, connect, N(pair[0]), P(&none), sizeof none);
    TRY_WITH(listen_call, AB, listen, 0, 1);
    TRY_WITH(accept_call, AB, accept, 0, 0, 0);
    TRY_WITH(accept_call, AB | D, accept4, 0, 0, 0, 0);
    socklen_t size = sizeof room;
    TRY(ABC, getpeername, N(pair[0]), P(room), P(&size));
    TRY_WITH(receive_call, AB | D | E, recvfrom, 0, P(room), 1, MSG_DONTWAIT, 0, 0);
    TRY_WITH(receive_call, ABC, recvmsg, 0, P(&header), MSG_DONTWAIT);
    TRY_WITH(receive_call, ABCDE, recvmmsg, 0, P(headers), 1, MSG_DONTWAIT, 0);
    TRY(ABC, sendmsg, N(pair[0]), P(&header), MSG_DONTWAIT);
    TRY(ABCD, sendmmsg, N(pair[0]), P(headers), 1, MSG_DONTWAIT);
    TRY_WITH(read_pipe_call, ABCD | F, splice, 0, 0, N(open("/dev/null", O_WRONLY | O_CLOEXEC)), 0,
             1, 0);
    TRY_WITH(read_pipe_call, AB | D, tee, 0, N(ends[1]), 1, 0);
}

static int aio_call(const struct call *call)
{
    struct call mine = *call;
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, 1, &context) < 0) {
        return EPERM;
    }
    mine.arguments[0] ^= context;
    return plain_call(&mine);
}

static int ring_call(const struct call *call)
{
    struct io_uring_params params = {0};
    long ring = syscall(SYS_io_uring_setup, 1, &params);
    struct call mine = with_object(call, 0, ring);
    return ring < 0 ? EPERM : plain_call(&mine);
}

static int ruleset_call(const struct call *call)
{
    uint64_t handled = 1; /* LANDLOCK_ACCESS_FS_EXECUTE */
    long rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    struct call mine = with_object(call, 0, rules);
    return rules < 0 ? EPERM : plain_call(&mine);
}

void test_widths_of_rings_and_rules(void **state)
{
    (void)state;
    uint32_t word = 0;
    TRY(ABC, futex, P(&word), 1 /* WAKE */, 1, 0, 0, 0);
    TRY(ABCD, futex_wake, P(&word), UINT32_MAX, 1, 2 /* SIZE_U32 */);
    TRY(ABC, futex_wait, P(&word), 1, UINT32_MAX, 2, 0, 0);
    uint64_t waiters[6] = {0, P(&word), 2, 0, P(&word), 2}; /* struct futex_waitv */
    TRY(ABCD, futex_requeue, P(waiters), 0, 0, 0);
    uint64_t waiter[3] = {1, P(&word), 2};
    TRY(A, futex_waitv, P(waiter), 1, 0, 0, 0);
    TRY(AB, io_setup, 1, P(room + 4096));
    TRY_WITH(aio_call, A, io_destroy, 0);
    TRY_WITH(aio_call, AB, io_submit, 0, 0, 0);
    TRY_WITH(aio_call, AB | E, io_getevents, 0, 0, 0, 0, 0);
    TRY_WITH(aio_call, AB | E | F, io_pgetevents, 0, 0, 0, 0, 0, 0);
    TRY_WITH(aio_call, B, io_cancel, 0, P(zeros), P(room));
    struct io_uring_params params = {0};
    TRY(AB, io_uring_setup, 1, P(&params));
    TRY_WITH(ring_call, ABCD, io_uring_enter, 0, 0, 0, 0, 0, 0);
    TRY_WITH(ring_call, ABCD, io_uring_register, 0, 8 /* PROBE */, P(room), 1);
    TRY(A, keyctl, 0 /* GET_KEYRING_ID */, 0xfffffffd, 0, 0, 0);
    TRY(ABCDE, add_key, P("user"), P("elfcage"), P("v"), 1, 0xffffffff);
    TRY(ABC, request_key, P("user"), P("elfcage-none"), 0, 0);
    struct {
        uint64_t access;
        int32_t folder;
    } __attribute__((packed)) beneath = {1, open("/", O_PATH | O_CLOEXEC)};
    TRY_WITH(ruleset_call, ABCD, landlock_add_rule, 0, 1 /* PATH_BENEATH */, P(&beneath), 0);
    TRY_WITH(ruleset_call, AB, landlock_restrict_self, 0, 0);
    uint32_t size = sizeof room;
    TRY(ABC, lsm_list_modules, P(room), P(&size), 0);
    TRY(ABCD, lsm_get_self_attr, 100 /* CURRENT */, P(room), P(&size), 0);
    uint32_t attributes[28] = {1 /* SOFTWARE */, 112, 9 /* DUMMY */};
    TRY(ABCDE, perf_event_open, P(attributes), 0, N(-1), N(-1), 0);
    uint32_t map[18] = {2 /* ARRAY */, 4, 4, 1};
    TRY(ABC, bpf, 0 /* MAP_CREATE */, P(map), sizeof map);
    uint32_t action = 0x7fff0000; /* SECCOMP_RET_ALLOW */
    TRY(ABC, seccomp, 2 /* GET_ACTION_AVAIL */, 0, P(&action));
    TRY(A, delete_module, P("elfcage_none"), O_NONBLOCK);
}

void test_widths_not_tried_are_argued(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } argued[] = {
        {"_sysctl", "gone since Linux 5.5"},
        {"clock_settime", "would set the clock"},
        {"finit_module", "would load a module"},
        {"get_thread_area", "no function on x86-64"},
        {"init_module", "would load a module"},
        {"kexec_file_load", "would load a kernel"},
        {"kexec_load", "would load a kernel"},
        {"lookup_dcookie", "gone since Linux 6.7"},
        {"lsm_set_self_attr", "depends on the security modules"},
        {"map_shadow_stack", "needs a processor with shadow stacks"},
        {"pivot_root", "two pointers"},
        {"process_mrelease", "needs a process that is being killed"},
        {"quotactl_fd", "needs a file system with quotas"},
        {"reboot", "would end it"},
        {"riscv_flush_icache", "of riscv64"},
        {"riscv_hwprobe", "of riscv64"},
        {"rseq", "the C library has registered its own"},
        {"set_thread_area", "no function on x86-64"},
        {"set_tid_address", "a pointer that is kept"},
        {"swapoff", "would turn off swapping"},
        {"swapon", "would turn on swapping"},
        {"uselib", "gone since Linux 5.1, but for a.out"},
    };
    const struct width_row *row;
    for (size_t i = 0; (row = width_row_at(i)); i++) {
        const char *why = row->why ? row->why : "";
        bool covered = !row->widths[0] || strspn(row->widths, "?") == 6 ||
                       strcmp(why, "32-bit ABIs only") == 0 || probe_result(row->name)->made;
        for (size_t k = 0; k < COUNT(argued); k++) {
            bool same = strcmp(argued[k].name, row->name) == 0;
            if (same && covered) {
                fail_msg("%s is tried, and argued: %s", row->name, argued[k].why);
            }
            covered = covered || same;
        }
        if (!covered) {
            fail_msg("%s is neither tried nor argued", row->name);
        }
    }
}
