/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways that 32-bit ABIs have to one thing. A row (name, way) says: who denies `name` has denied
 * `way`. The rule for a row: the kernel function behind `way` is the one behind `name`, or differs
 * from it in the width or layout of parameters only (chown and chown32, mmap and mmap2,
 * rt_sigaction and sigaction), or does a part of what that one does (wait4 and waitpid, sendto and
 * send). The first two kinds are rows in both directions; the third only from the whole to the
 * part. Rows about calls that an ABI lacks (socketcall on arm) have no effect there.
 *
 * Numbers of sub-calls: linux/net.h, linux/ipc.h. The kernel looks at the low 16 bits of ipc's
 * first argument; a version is above them.
 */
#include "arch/abis.h"

#define SOCKETCALL(name, number)                                                                   \
    {                                                                                              \
        name, "socketcall", 0, 0xffffffffu, number, false                                          \
    }
#define IPC(name, number)                                                                          \
    {                                                                                              \
        name, "ipc", 0, 0xffffu, number, false                                                     \
    }
/* The same parameters, apart from what splits.h says of `part`. */
#define PART(whole, part)                                                                          \
    {                                                                                              \
        whole, part, 0, 0, 0, true                                                                 \
    }
#define OTHER_PART(whole, part)                                                                    \
    {                                                                                              \
        whole, part, 0, 0, 0, false                                                                \
    }
#define BOTH(a, b) PART(a, b), PART(b, a)
#define OTHER_BOTH(a, b) OTHER_PART(a, b), OTHER_PART(b, a)

const struct way ways_32bit[] = {
    /* socketcall: its arguments lie in memory */
    SOCKETCALL("socket", 1),
    SOCKETCALL("bind", 2),
    SOCKETCALL("connect", 3),
    SOCKETCALL("listen", 4),
    SOCKETCALL("accept", 5),
    SOCKETCALL("getsockname", 6),
    SOCKETCALL("getpeername", 7),
    SOCKETCALL("socketpair", 8),
    SOCKETCALL("send", 9),
    SOCKETCALL("sendto", 9),
    SOCKETCALL("recv", 10),
    SOCKETCALL("recvfrom", 10),
    SOCKETCALL("sendto", 11),
    SOCKETCALL("recvfrom", 12),
    SOCKETCALL("shutdown", 13),
    SOCKETCALL("setsockopt", 14),
    SOCKETCALL("getsockopt", 15),
    SOCKETCALL("sendmsg", 16),
    SOCKETCALL("recvmsg", 17),
    SOCKETCALL("accept4", 18),
    SOCKETCALL("recvmmsg", 19),
    SOCKETCALL("recvmmsg_time64", 19),
    SOCKETCALL("sendmmsg", 20),
    PART("sendto", "send"),
    PART("recvfrom", "recv"),
    /* ipc */
    IPC("semop", 1),
    IPC("semget", 2),
    IPC("semctl", 3),
    IPC("semtimedop", 4),
    IPC("semtimedop_time64", 4),
    IPC("msgsnd", 11),
    IPC("msgrcv", 12),
    IPC("msgget", 13),
    IPC("msgctl", 14),
    IPC("shmat", 21),
    IPC("shmdt", 22),
    IPC("shmget", 23),
    IPC("shmctl", 24),
    /* 16- and 32-bit numbers of users and groups */
    BOTH("chown", "chown32"),
    BOTH("fchown", "fchown32"),
    BOTH("lchown", "lchown32"),
    BOTH("getuid", "getuid32"),
    BOTH("getgid", "getgid32"),
    BOTH("geteuid", "geteuid32"),
    BOTH("getegid", "getegid32"),
    BOTH("setuid", "setuid32"),
    BOTH("setgid", "setgid32"),
    BOTH("setreuid", "setreuid32"),
    BOTH("setregid", "setregid32"),
    BOTH("setresuid", "setresuid32"),
    BOTH("getresuid", "getresuid32"),
    BOTH("setresgid", "setresgid32"),
    BOTH("getresgid", "getresgid32"),
    BOTH("getgroups", "getgroups32"),
    BOTH("setgroups", "setgroups32"),
    BOTH("setfsuid", "setfsuid32"),
    BOTH("setfsgid", "setfsgid32"),
    /* 32- and 64-bit sizes of files */
    BOTH("stat", "stat64"),
    BOTH("stat", "oldstat"),
    BOTH("stat64", "oldstat"),
    BOTH("lstat", "lstat64"),
    BOTH("lstat", "oldlstat"),
    BOTH("lstat64", "oldlstat"),
    BOTH("fstat", "fstat64"),
    BOTH("fstat", "oldfstat"),
    BOTH("fstat64", "oldfstat"),
    BOTH("newfstatat", "fstatat64"),
    BOTH("statfs", "statfs64"),
    BOTH("fstatfs", "fstatfs64"),
    BOTH("truncate", "truncate64"),
    BOTH("ftruncate", "ftruncate64"),
    BOTH("fcntl", "fcntl64"),
    BOTH("lseek", "_llseek"),
    BOTH("sendfile", "sendfile64"),
    BOTH("fadvise64", "fadvise64_64"),
    BOTH("fadvise64", "arm_fadvise64_64"),
    BOTH("fadvise64_64", "arm_fadvise64_64"),
    BOTH("sync_file_range", "sync_file_range2"),
    BOTH("sync_file_range", "arm_sync_file_range"),
    BOTH("sync_file_range2", "arm_sync_file_range"),
    BOTH("mmap", "mmap2"),
    PART("getdents", "readdir"),
    /* 32- and 64-bit seconds */
    BOTH("clock_gettime", "clock_gettime64"),
    BOTH("clock_settime", "clock_settime64"),
    BOTH("clock_adjtime", "clock_adjtime64"),
    BOTH("clock_getres", "clock_getres_time64"),
    BOTH("clock_nanosleep", "clock_nanosleep_time64"),
    BOTH("timer_gettime", "timer_gettime64"),
    BOTH("timer_settime", "timer_settime64"),
    BOTH("timerfd_gettime", "timerfd_gettime64"),
    BOTH("timerfd_settime", "timerfd_settime64"),
    BOTH("utimensat", "utimensat_time64"),
    BOTH("pselect6", "pselect6_time64"),
    BOTH("ppoll", "ppoll_time64"),
    BOTH("io_pgetevents", "io_pgetevents_time64"),
    BOTH("recvmmsg", "recvmmsg_time64"),
    BOTH("mq_timedsend", "mq_timedsend_time64"),
    BOTH("mq_timedreceive", "mq_timedreceive_time64"),
    BOTH("semtimedop", "semtimedop_time64"),
    BOTH("rt_sigtimedwait", "rt_sigtimedwait_time64"),
    BOTH("futex", "futex_time64"),
    BOTH("sched_rr_get_interval", "sched_rr_get_interval_time64"),
    OTHER_PART("settimeofday", "stime"),
    /* older forms */
    BOTH("select", "_newselect"),
    BOTH("rt_sigaction", "sigaction"),
    OTHER_PART("rt_sigaction", "signal"),
    OTHER_PART("sigaction", "signal"),
    BOTH("rt_sigprocmask", "sigprocmask"),
    OTHER_PART("rt_sigprocmask", "ssetmask"),
    OTHER_PART("rt_sigprocmask", "sgetmask"),
    OTHER_PART("sigprocmask", "ssetmask"),
    OTHER_PART("sigprocmask", "sgetmask"),
    BOTH("rt_sigpending", "sigpending"),
    OTHER_BOTH("rt_sigsuspend", "sigsuspend"),
    BOTH("rt_sigreturn", "sigreturn"),
    PART("wait4", "waitpid"),
    BOTH("uname", "olduname"),
    BOTH("uname", "oldolduname"),
    BOTH("olduname", "oldolduname"),
    PART("umount2", "umount"),
    BOTH("getrlimit", "ugetrlimit"),
    OTHER_PART("setpriority", "nice"),
    OTHER_PART("vm86", "vm86old"),
};

_Static_assert(sizeof ways_32bit / sizeof ways_32bit[0] == WAYS_32BIT_COUNT,
               "abis.h has the number of rows, which other files need as a constant");
