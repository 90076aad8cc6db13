/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own sets: families of which one member alone means little, since the others do the same. Each
 * has every member of every architecture of ours. Few on purpose: a set that grows with a version
 * of elfcage changes what a policy means, which is what systemd's are for.
 *
 * elfcage(1) has the same table; a test compares them.
 */
#include "policy/sets.h"

#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct syscall_set own_sets[] = {
    {"@chmod", "Change the mode of files", SET("chmod", "fchmod", "fchmodat", "fchmodat2")},
    {"@chown", "Change the owner of files",
     SET("chown", "chown32", "fchown", "fchown32", "fchownat", "lchown", "lchown32")},
    {"@clock", "Set the clock",
     SET("adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64",
         "settimeofday", "stime")},
    {"@exec", "Execute another program", SET("execve", "execveat")},
    {"@fork", "Make processes and threads", SET("clone", "clone3", "fork", "vfork")},
    {"@io_uring", "Rings of I/O requests, which do much of what other calls do",
     SET("io_uring_enter", "io_uring_register", "io_uring_setup")},
    {"@keyring", "Keys of the kernel", SET("add_key", "keyctl", "request_key")},
    {"@module", "Load and unload kernel modules",
     SET("delete_module", "finit_module", "init_module")},
    {"@mount", "Mount and unmount",
     SET("fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
         "open_tree", "open_tree_attr", "pivot_root", "umount", "umount2")},
    {"@network", "Sockets of every family, AF_UNIX too",
     SET("accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt",
         "listen", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg",
         "sendmsg", "sendto", "setsockopt", "shutdown", "socket", "socketcall", "socketpair")},
    {"@open", "Open and create files",
     SET("creat", "open", "open_by_handle_at", "openat", "openat2")},
    {"@ptrace", "Look into other processes, or change them",
     SET("kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev",
         "ptrace")},
    {"@setuid", "Change user and group identities",
     SET("setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups",
         "setgroups32", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
         "setresuid32", "setreuid", "setreuid32", "setuid", "setuid32")},
    {"@stat", "Status of files",
     SET("fstat", "fstat64", "fstatat64", "lstat", "lstat64", "newfstatat", "oldfstat", "oldlstat",
         "oldstat", "stat", "stat64", "statx")},
    {"@time", "Read the clock, and sleep",
     SET("clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
         "clock_nanosleep", "clock_nanosleep_time64", "gettimeofday", "nanosleep", "time")},
};
const size_t own_set_count = sizeof own_sets / sizeof *own_sets;
