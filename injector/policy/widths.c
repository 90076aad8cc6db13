/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many bits of each argument of each system call the kernel consumes.
 *
 * seccomp shows a filter the whole register. A kernel function whose parameter is an int looks at
 * the lower half only, so a filter that compares the whole is passed by setting bit 32. The
 * prototype is not the whole answer either: clone() takes unsigned long flags and drops their upper
 * half. A row says what is consumed:
 *   'w'  32 bits: int, unsigned int, pid_t, uid_t, u32, ... or a wider parameter of which
 *        the kernel drops the upper half
 *   'l'  64 bits: pointers, long, unsigned long, size_t, loff_t, when all of it has an effect
 *   'h'  the low 16 of 32 bits: a mode with a type of file (mknod)
 *   'm'  12: a mode of a file; the kernel drops the type (S_IALLUGO)
 *   't'  10: a mode of a new folder, without set-user-ID and set-group-ID
 *   'p'   9: permissions (umask)
 *   'b'   8: the status of a process (exit)
 *        The last five can be compared under a mask only: see argument_kept().
 *   'd'  32 or 64 bits, which depends on another argument (the option of prctl, the driver of
 * ioctl); a denial compares 32 bits, what passes 64, so that both are on the strict side
 *   '?'  not one answer: it depends on another argument, or there is no effect; such an argument
 *        cannot be compared
 *
 * Source: the prototypes of Linux 6.18 as /sys/kernel/tracing/events/syscalls gives them, and for
 * every unsigned long that is no pointer and no size, the kernel function that reads it. `why` says
 * where a row differs from its prototype or is checked against it. tests/unit/policy/test_widths.c
 * tries rows under the running kernel.
 *
 * Flag words with unused bits are compared safely by MASKED_EQ only.
 */
#include "policy/widths.h"
#include "policy/policy.h"

#include <string.h>

/* Exists in 32-bit ABIs only, where every register has 32 bits. */
static const char only_32[] = "32-bit ABIs only";
/* Has a number, and no function behind it in any Linux since 4.14. */
static const char not_implemented[] = "which no Linux implements";
/* A policy for many machines may name it. */
static const char only_elsewhere[] = "which only other architectures have";
static const char mode_of_file[] = "mode is umode_t, of which S_IALLUGO counts: 12 bits of the 32";

/* Sorted by name (strcmp). */
static const struct width_row rows[] = {
    {"_llseek", "wwwww", only_32},
    {"_newselect", "wwwww", only_32},
    {"_sysctl", "l", NULL},
    {"accept", "wll", NULL},
    {"accept4", "wllw", NULL},
    {"access", "lw", NULL},
    {"acct", "l", NULL},
    {"add_key", "llllw", NULL},
    {"adjtimex", "l", NULL},
    {"afs_syscall", "??????", not_implemented},
    {"alarm", "w", NULL},
    {"arch_prctl", "wl", NULL},
    {"arm_fadvise64_64", "wwwwww", only_32},
    {"arm_sync_file_range", "wwwwww", only_32},
    {"bdflush", "ww", only_32},
    {"bind", "wlw", NULL},
    {"bpf", "wlw", NULL},
    {"break", "??????", not_implemented},
    {"breakpoint", "", only_32},
    {"brk", "l", NULL},
    {"cachectl", "??????", only_elsewhere},
    {"cacheflush", "www", only_32},
    {"cachestat", "wllw", NULL},
    {"capget", "ll", NULL},
    {"capset", "ll", NULL},
    {"chdir", "l", NULL},
    {"chmod", "lm", mode_of_file},
    {"chown", "lww", NULL},
    {"chown32", "www", only_32},
    {"chroot", "l", NULL},
    {"clock_adjtime", "wl", NULL},
    {"clock_adjtime64", "ww", only_32},
    {"clock_getres", "wl", NULL},
    {"clock_getres_time64", "ww", only_32},
    {"clock_gettime", "wl", NULL},
    {"clock_gettime64", "ww", only_32},
    {"clock_nanosleep", "wwll", NULL},
    {"clock_nanosleep_time64", "wwww", only_32},
    {"clock_settime", "wl", NULL},
    {"clock_settime64", "ww", only_32},
    {"clone", "wllll", "flags is unsigned long, but kernel_clone_args takes lower_32_bits(flags)"},
    {"clone3", "ll", NULL},
    {"close", "w", NULL},
    {"close_range", "www", NULL},
    {"connect", "wlw", NULL},
    {"copy_file_range", "wlwllw", NULL},
    {"creat", "lm", mode_of_file},
    {"create_module", "??????", not_implemented},
    {"delete_module", "lw", NULL},
    {"dup", "w", NULL},
    {"dup2", "ww", NULL},
    {"dup3", "www", NULL},
    {"epoll_create", "w", NULL},
    {"epoll_create1", "w", NULL},
    {"epoll_ctl", "wwwl", NULL},
    {"epoll_ctl_old", "??????", not_implemented},
    {"epoll_pwait", "wlwwll", NULL},
    {"epoll_pwait2", "wlwlll", NULL},
    {"epoll_wait", "wlww", NULL},
    {"epoll_wait_old", "??????", not_implemented},
    {"eventfd", "w", NULL},
    {"eventfd2", "ww", NULL},
    {"execve", "lll", NULL},
    {"execveat", "wlllw", NULL},
    {"exit", "b", "of the int 8 bits are kept"},
    {"exit_group", "b", "of the int 8 bits are kept"},
    {"faccessat", "wlw", NULL},
    {"faccessat2", "wlww", NULL},
    {"fadvise64", "wllw", NULL},
    {"fadvise64_64", "wwwwww", only_32},
    {"fallocate", "wwll", NULL},
    {"fanotify_init", "ww", NULL},
    {"fanotify_mark", "wwlwl", "mask is __u64 and checked whole"},
    {"fchdir", "w", NULL},
    {"fchmod", "wm", mode_of_file},
    {"fchmodat", "wlm", mode_of_file},
    {"fchmodat2", "wlmw", mode_of_file},
    {"fchown", "www", NULL},
    {"fchown32", "www", only_32},
    {"fchownat", "wlwww", NULL},
    {"fcntl", "www",
     "arg is a number of 32 bits (F_DUPFD, F_SETFD, F_SETFL), or a pointer, which nobody compares"},
    {"fcntl64", "www", only_32},
    {"fdatasync", "w", NULL},
    {"fgetxattr", "wlll", NULL},
    {"file_getattr", "wlllw", NULL},
    {"file_setattr", "wlllw", NULL},
    {"finit_module", "wlw", NULL},
    {"flistxattr", "wll", NULL},
    {"flock", "ww", NULL},
    {"fork", "", NULL},
    {"fremovexattr", "wl", NULL},
    {"fsconfig", "wwllw", NULL},
    {"fsetxattr", "wlllw", NULL},
    {"fsmount", "www", NULL},
    {"fsopen", "lw", NULL},
    {"fspick", "wlw", NULL},
    {"fstat", "wl", NULL},
    {"fstat64", "ww", only_32},
    {"fstatat64", "wwww", only_32},
    {"fstatfs", "wl", NULL},
    {"fstatfs64", "www", only_32},
    {"fsync", "w", NULL},
    {"ftime", "??????", not_implemented},
    {"ftruncate", "wl", NULL},
    {"ftruncate64", "wwww", only_32},
    {"futex", "lww?lw",
     "utime is a pointer or, for requeue and wake-op, a 32-bit count: it depends on op"},
    {"futex_requeue", "lwww", NULL},
    {"futex_time64", "wwwwww", only_32},
    {"futex_wait", "lllwlw", "val and mask are checked against the size in flags: upper bits fail"},
    {"futex_waitv", "lwwlw", NULL},
    {"futex_wake", "llww", NULL},
    {"futimesat", "wll", NULL},
    {"get_kernel_syms", "??????", not_implemented},
    {"get_mempolicy", "lllll", "flags is checked whole: unknown bits fail"},
    {"get_robust_list", "wll", NULL},
    {"get_thread_area", "l", NULL},
    {"get_tls", "", only_32},
    {"getcpu", "lll", NULL},
    {"getcwd", "ll", NULL},
    {"getdents", "wlw", NULL},
    {"getdents64", "wlw", NULL},
    {"getegid", "", NULL},
    {"getegid32", "", only_32},
    {"geteuid", "", NULL},
    {"geteuid32", "", only_32},
    {"getgid", "", NULL},
    {"getgid32", "", only_32},
    {"getgroups", "wl", NULL},
    {"getgroups32", "ww", only_32},
    {"getitimer", "wl", NULL},
    {"getpeername", "wll", NULL},
    {"getpgid", "w", NULL},
    {"getpgrp", "", NULL},
    {"getpid", "", NULL},
    {"getpmsg", "??????", not_implemented},
    {"getppid", "", NULL},
    {"getpriority", "ww", NULL},
    {"getrandom", "llw", NULL},
    {"getresgid", "lll", NULL},
    {"getresgid32", "www", only_32},
    {"getresuid", "lll", NULL},
    {"getresuid32", "www", only_32},
    {"getrlimit", "wl", NULL},
    {"getrusage", "wl", NULL},
    {"getsid", "w", NULL},
    {"getsockname", "wll", NULL},
    {"getsockopt", "wwwll", NULL},
    {"gettid", "", NULL},
    {"gettimeofday", "ll", NULL},
    {"getuid", "", NULL},
    {"getuid32", "", only_32},
    {"getxattr", "llll", NULL},
    {"getxattrat", "wlwlll", NULL},
    {"gtty", "??????", not_implemented},
    {"idle", "??????", not_implemented},
    {"init_module", "lll", NULL},
    {"inotify_add_watch", "wlw", NULL},
    {"inotify_init", "", NULL},
    {"inotify_init1", "w", NULL},
    {"inotify_rm_watch", "ww", NULL},
    {"io_cancel", "lll", NULL},
    {"io_destroy", "l", NULL},
    {"io_getevents", "lllll", NULL},
    {"io_pgetevents", "llllll", NULL},
    {"io_pgetevents_time64", "wwwwww", only_32},
    {"io_setup", "wl", NULL},
    {"io_submit", "lll", NULL},
    {"io_uring_enter", "wwwwll", NULL},
    {"io_uring_register", "wwlw", NULL},
    {"io_uring_setup", "wl", NULL},
    {"ioctl", "wwd", "arg goes to the driver as unsigned long; some look at 32 bits of it"},
    {"ioperm", "llw", NULL},
    {"iopl", "w", NULL},
    {"ioprio_get", "ww", NULL},
    {"ioprio_set", "www", NULL},
    {"ipc", "wwwwww", only_32},
    {"kcmp", "wwww?", "idx1 is a file descriptor; idx2 is one or a pointer: it depends on type"},
    {"kexec_file_load", "wwlll", "flags is checked whole"},
    {"kexec_load", "lllw",
     "flags is unsigned long, but the check drops the upper half (KEXEC_ARCH_MASK is a 32-bit "
     "constant)"},
    {"keyctl", "w????", "serial numbers of 32 bits, sizes or pointers: it depends on option"},
    {"kill", "ww", NULL},
    {"landlock_add_rule", "wwlw", NULL},
    {"landlock_create_ruleset", "llw", NULL},
    {"landlock_restrict_self", "ww", NULL},
    {"lchown", "lww", NULL},
    {"lchown32", "www", only_32},
    {"lgetxattr", "llll", NULL},
    {"link", "ll", NULL},
    {"linkat", "wlwlw", NULL},
    {"listen", "ww", NULL},
    {"listmount", "lllw", NULL},
    {"listxattr", "lll", NULL},
    {"listxattrat", "wlwll", NULL},
    {"llistxattr", "lll", NULL},
    {"lock", "??????", not_implemented},
    {"lookup_dcookie", "lll", NULL},
    {"lremovexattr", "ll", NULL},
    {"lseek", "wlw", NULL},
    {"lsetxattr", "llllw", NULL},
    {"lsm_get_self_attr", "wllw", NULL},
    {"lsm_list_modules", "llw", NULL},
    {"lsm_set_self_attr", "wlww", NULL},
    {"lstat", "ll", NULL},
    {"lstat64", "ww", only_32},
    {"madvise", "llw", NULL},
    {"map_shadow_stack", "llw", NULL},
    {"mbind", "llwllw", "mode is unsigned long, but copied into an int first (kernel_mbind)"},
    {"membarrier", "www", NULL},
    {"memfd_create", "lw", NULL},
    {"memfd_secret", "w", NULL},
    {"migrate_pages", "wlll", NULL},
    {"mincore", "lll", NULL},
    {"mkdir", "lt", "mode is umode_t, of which the permissions and S_ISVTX count"},
    {"mkdirat", "wlt", "mode is umode_t, of which the permissions and S_ISVTX count"},
    {"mknod", "lhw", "mode is umode_t: 16 bits of the 32"},
    {"mknodat", "wlhw", "mode is umode_t: 16 bits of the 32"},
    {"mlock", "ll", NULL},
    {"mlock2", "llw", NULL},
    {"mlockall", "w", NULL},
    {"mmap", "llwwwl",
     "prot and flags are unsigned long, only their known bits below 2^32 are read "
     "(calc_vm_prot_bits, calc_vm_flag_bits); fd goes to fget(unsigned int)"},
    {"mmap2", "wwwwww", only_32},
    {"modify_ldt", "wll", NULL},
    {"mount", "lllll",
     "flags is checked against MS_NOUSER, a negative int: upper bits fail, but for those that "
     "MS_MGC_VAL clears with bits 16 to 31, which only a masked comparison tells"},
    {"mount_setattr", "wlwll", NULL},
    {"move_mount", "wlwlw", NULL},
    {"move_pages", "wllllw", NULL},
    {"mprotect", "lll", "prot is checked whole (arch_validate_prot): unknown bits fail"},
    {"mpx", "??????", not_implemented},
    {"mq_getsetattr", "wll", NULL},
    {"mq_notify", "wl", NULL},
    {"mq_open", "lwml", mode_of_file},
    {"mq_timedreceive", "wllll", NULL},
    {"mq_timedreceive_time64", "wwwww", only_32},
    {"mq_timedsend", "wllwl", NULL},
    {"mq_timedsend_time64", "wwwww", only_32},
    {"mq_unlink", "l", NULL},
    {"mremap", "lllll", "flags is checked whole: unknown bits fail"},
    {"mseal", "lll", "flags has to be 0, as a whole"},
    {"msgctl", "wwl", NULL},
    {"msgget", "ww", NULL},
    {"msgrcv", "wlllw", NULL},
    {"msgsnd", "wllw", NULL},
    {"msync", "llw", NULL},
    {"multiplexer", "??????", only_elsewhere},
    {"munlock", "ll", NULL},
    {"munlockall", "", NULL},
    {"munmap", "ll", NULL},
    {"name_to_handle_at", "wlllw", NULL},
    {"nanosleep", "ll", NULL},
    {"newfstatat", "wllw", NULL},
    {"nfsservctl", "??????", not_implemented},
    {"nice", "w", only_32},
    {"oldfstat", "ww", only_32},
    {"oldlstat", "ww", only_32},
    {"oldolduname", "w", only_32},
    {"oldstat", "ww", only_32},
    {"olduname", "w", only_32},
    {"open", "lwm", mode_of_file},
    {"open_by_handle_at", "wlw", NULL},
    {"open_tree", "wlw", NULL},
    {"open_tree_attr", "wlwll", NULL},
    {"openat", "wlwm", mode_of_file},
    {"openat2", "wlll", NULL},
    {"pause", "", NULL},
    {"pciconfig_iobase", "www", only_32},
    {"pciconfig_read", "wwwww", only_32},
    {"pciconfig_write", "wwwww", only_32},
    {"perf_event_open", "lwwwl", "flags is checked whole: unknown bits fail"},
    {"personality", "w", NULL},
    {"pidfd_getfd", "www", NULL},
    {"pidfd_open", "ww", NULL},
    {"pidfd_send_signal", "wwlw", NULL},
    {"pipe", "l", NULL},
    {"pipe2", "lw", NULL},
    {"pivot_root", "ll", NULL},
    {"pkey_alloc", "ll", "both are checked whole: unknown bits fail"},
    {"pkey_free", "w", NULL},
    {"pkey_mprotect", "lllw", "prot is checked whole (arch_validate_prot)"},
    {"poll", "lww", NULL},
    {"ppoll", "lwlll", NULL},
    {"ppoll_time64", "wwwww", only_32},
    {"prctl", "wdddd",
     "most options check all of an argument; PR_SET_TSC, PR_SCHED_CORE, PR_SET_MM and others read "
     "32 bits"},
    {"pread64", "wlll", NULL},
    {"preadv", "wlwl?",
     "fd and vlen are unsigned long, but fdget() and import_iovec() take unsigned int; pos_h has "
     "no effect on 64-bit kernels"},
    {"preadv2", "wlwl?w", "as preadv"},
    {"prlimit64", "wwll", NULL},
    {"process_madvise", "wlwww", "vlen is size_t, but import_iovec() takes unsigned int"},
    {"process_mrelease", "ww", NULL},
    {"process_vm_readv", "wlwlll",
     "liovcnt is unsigned long, but import_iovec() takes unsigned int; riovcnt and flags are "
     "checked whole"},
    {"process_vm_writev", "wlwlll", "as process_vm_readv"},
    {"prof", "??????", not_implemented},
    {"profil", "??????", not_implemented},
    {"pselect6", "wlllll", NULL},
    {"pselect6_time64", "wwwwww", only_32},
    {"ptrace", "lwdd",
     "request is compared whole; pid is long, but find_get_task_by_vpid() takes pid_t; addr and "
     "data "
     "are pointers, flags or ints: it depends on request"},
    {"putpmsg", "??????", not_implemented},
    {"pwrite64", "wlll", NULL},
    {"pwritev", "wlwl?", "as preadv"},
    {"pwritev2", "wlwl?w", "as preadv"},
    {"query_module", "??????", not_implemented},
    {"quotactl", "wlwl", NULL},
    {"quotactl_fd", "wwwl", NULL},
    {"read", "wll", NULL},
    {"readahead", "wll", NULL},
    {"readdir", "www", only_32},
    {"readlink", "llw", NULL},
    {"readlinkat", "wllw", NULL},
    {"readv", "wlw",
     "fd and vlen are unsigned long, but fdget() and import_iovec() take unsigned int"},
    {"reboot", "wwwl", NULL},
    {"recv", "wwww", only_32},
    {"recvfrom", "wllwll", NULL},
    {"recvmmsg", "wlwwl", NULL},
    {"recvmmsg_time64", "wwwww", only_32},
    {"recvmsg", "wlw", NULL},
    {"remap_file_pages", "llllw",
     "prot has to be 0 as a whole; of flags only MAP_NONBLOCK is read"},
    {"removexattr", "ll", NULL},
    {"removexattrat", "wlwl", NULL},
    {"rename", "ll", NULL},
    {"renameat", "wlwl", NULL},
    {"renameat2", "wlwlw", NULL},
    {"request_key", "lllw", NULL},
    {"restart_syscall", "", NULL},
    {"riscv_flush_icache", "lll", "flags is checked whole: unknown bits fail"},
    {"riscv_hwprobe", "llllw", NULL},
    {"rmdir", "l", NULL},
    {"rseq", "lwww", NULL},
    {"rt_sigaction", "wlll", NULL},
    {"rt_sigpending", "ll", NULL},
    {"rt_sigprocmask", "wlll", NULL},
    {"rt_sigqueueinfo", "wwl", NULL},
    {"rt_sigreturn", "", NULL},
    {"rt_sigsuspend", "ll", NULL},
    {"rt_sigtimedwait", "llll", NULL},
    {"rt_sigtimedwait_time64", "wwww", only_32},
    {"rt_tgsigqueueinfo", "wwwl", NULL},
    {"rtas", "??????", only_elsewhere},
    {"s390_guarded_storage", "??????", only_elsewhere},
    {"s390_pci_mmio_read", "??????", only_elsewhere},
    {"s390_pci_mmio_write", "??????", only_elsewhere},
    {"s390_runtime_instr", "??????", only_elsewhere},
    {"s390_sthyi", "??????", only_elsewhere},
    {"sched_get_priority_max", "w", NULL},
    {"sched_get_priority_min", "w", NULL},
    {"sched_getaffinity", "wwl", NULL},
    {"sched_getattr", "wlww", NULL},
    {"sched_getparam", "wl", NULL},
    {"sched_getscheduler", "w", NULL},
    {"sched_rr_get_interval", "wl", NULL},
    {"sched_rr_get_interval_time64", "ww", only_32},
    {"sched_setaffinity", "wwl", NULL},
    {"sched_setattr", "wlw", NULL},
    {"sched_setparam", "wl", NULL},
    {"sched_setscheduler", "wwl", NULL},
    {"sched_yield", "", NULL},
    {"seccomp", "wwl", NULL},
    {"security", "??????", not_implemented},
    {"select", "wllll", NULL},
    {"semctl", "www?", "arg is a number of 32 bits (SETVAL) or a pointer: it depends on cmd"},
    {"semget", "www", NULL},
    {"semop", "wlw", NULL},
    {"semtimedop", "wlwl", NULL},
    {"semtimedop_time64", "wwww", only_32},
    {"send", "wwww", only_32},
    {"sendfile", "wwll", NULL},
    {"sendfile64", "wwww", only_32},
    {"sendmmsg", "wlww", NULL},
    {"sendmsg", "wlw", NULL},
    {"sendto", "wllwlw", NULL},
    {"set_mempolicy", "wll", NULL},
    {"set_mempolicy_home_node", "llll", "flags has to be 0, as a whole"},
    {"set_robust_list", "ll", NULL},
    {"set_thread_area", "l", NULL},
    {"set_tid_address", "l", NULL},
    {"set_tls", "w", only_32},
    {"setdomainname", "lw", NULL},
    {"setfsgid", "w", NULL},
    {"setfsgid32", "w", only_32},
    {"setfsuid", "w", NULL},
    {"setfsuid32", "w", only_32},
    {"setgid", "w", NULL},
    {"setgid32", "w", only_32},
    {"setgroups", "wl", NULL},
    {"setgroups32", "ww", only_32},
    {"sethostname", "lw", NULL},
    {"setitimer", "wll", NULL},
    {"setns", "ww", NULL},
    {"setpgid", "ww", NULL},
    {"setpriority", "www", NULL},
    {"setregid", "ww", NULL},
    {"setregid32", "ww", only_32},
    {"setresgid", "www", NULL},
    {"setresgid32", "www", only_32},
    {"setresuid", "www", NULL},
    {"setresuid32", "www", only_32},
    {"setreuid", "ww", NULL},
    {"setreuid32", "ww", only_32},
    {"setrlimit", "wl", NULL},
    {"setsid", "", NULL},
    {"setsockopt", "wwwlw", NULL},
    {"settimeofday", "ll", NULL},
    {"setuid", "w", NULL},
    {"setuid32", "w", only_32},
    {"setxattr", "llllw", NULL},
    {"setxattrat", "wlwlll", NULL},
    {"sgetmask", "", only_32},
    {"shmat", "wlw", NULL},
    {"shmctl", "wwl", NULL},
    {"shmdt", "l", NULL},
    {"shmget", "wlw", NULL},
    {"shutdown", "ww", NULL},
    {"sigaction", "www", only_32},
    {"sigaltstack", "ll", NULL},
    {"signal", "ww", only_32},
    {"signalfd", "wll", NULL},
    {"signalfd4", "wllw", NULL},
    {"sigpending", "w", only_32},
    {"sigprocmask", "www", only_32},
    {"sigreturn", "", only_32},
    {"sigsuspend", "www", only_32},
    {"socket", "www", NULL},
    {"socketcall", "ww", only_32},
    {"socketpair", "wwwl", NULL},
    {"splice", "wlwllw", NULL},
    {"spu_create", "??????", only_elsewhere},
    {"spu_run", "??????", only_elsewhere},
    {"ssetmask", "w", only_32},
    {"stat", "ll", NULL},
    {"stat64", "ww", only_32},
    {"statfs", "ll", NULL},
    {"statfs64", "www", only_32},
    {"statmount", "lllw", NULL},
    {"statx", "wlwwl", NULL},
    {"stime", "w", only_32},
    {"stty", "??????", not_implemented},
    {"subpage_prot", "??????", only_elsewhere},
    {"swapcontext", "??????", only_elsewhere},
    {"swapoff", "l", NULL},
    {"swapon", "lw", NULL},
    {"switch_endian", "??????", only_elsewhere},
    {"symlink", "ll", NULL},
    {"symlinkat", "lwl", NULL},
    {"sync", "", NULL},
    {"sync_file_range", "wllw", NULL},
    {"sync_file_range2", "wwwwww", only_32},
    {"syncfs", "w", NULL},
    {"sys_debug_setcontext", "??????", only_elsewhere},
    {"syscall", "??????", only_elsewhere},
    {"sysfs", "w?l", "arg1 is a pointer or a 32-bit index: it depends on option"},
    {"sysinfo", "l", NULL},
    {"syslog", "wlw", NULL},
    {"sysmips", "??????", only_elsewhere},
    {"tee", "wwlw", NULL},
    {"tgkill", "www", NULL},
    {"time", "l", NULL},
    {"timer_create", "wll", NULL},
    {"timer_delete", "w", NULL},
    {"timer_getoverrun", "w", NULL},
    {"timer_gettime", "wl", NULL},
    {"timer_gettime64", "ww", only_32},
    {"timer_settime", "wwll", NULL},
    {"timer_settime64", "wwww", only_32},
    {"timerfd", "??????", only_elsewhere},
    {"timerfd_create", "ww", NULL},
    {"timerfd_gettime", "wl", NULL},
    {"timerfd_gettime64", "ww", only_32},
    {"timerfd_settime", "wwll", NULL},
    {"timerfd_settime64", "wwww", only_32},
    {"times", "l", NULL},
    {"tkill", "ww", NULL},
    {"truncate", "ll", NULL},
    {"truncate64", "wwww", only_32},
    {"tuxcall", "??????", not_implemented},
    {"ugetrlimit", "ww", only_32},
    {"ulimit", "??????", not_implemented},
    {"umask", "p", "of the int the 9 bits of the permissions are kept"},
    {"umount", "w", only_32},
    {"umount2", "lw", NULL},
    {"uname", "l", NULL},
    {"unlink", "l", NULL},
    {"unlinkat", "wlw", NULL},
    {"unshare", "l", "flags is checked whole: unknown bits fail"},
    {"uprobe", "", NULL},
    {"uretprobe", "", NULL},
    {"uselib", "l", NULL},
    {"userfaultfd", "w", NULL},
    {"usr26", "", only_32},
    {"usr32", "", only_32},
    {"ustat", "wl", NULL},
    {"utime", "ll", NULL},
    {"utimensat", "wllw", NULL},
    {"utimensat_time64", "wwww", only_32},
    {"utimes", "ll", NULL},
    {"vfork", "", NULL},
    {"vhangup", "", NULL},
    {"vm86", "ww", only_32},
    {"vm86old", "w", only_32},
    {"vmsplice", "wlww", "nr_segs is unsigned long, but import_iovec() takes unsigned int"},
    {"vserver", "??????", not_implemented},
    {"wait4", "wlwl", NULL},
    {"waitid", "wwlwl", NULL},
    {"waitpid", "www", only_32},
    {"write", "wll", NULL},
    {"writev", "wlw", "as readv"},
};

#define ROW_COUNT (sizeof rows / sizeof *rows)

const struct width_row *width_row_at(size_t index)
{
    return index < ROW_COUNT ? &rows[index] : NULL;
}

const struct width_row *width_row_find(const char *name)
{
    size_t low = 0;
    size_t high = ROW_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(rows[middle].name, name);
        if (order == 0) {
            return &rows[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

unsigned argument_width(const char *name, unsigned argument)
{
    const struct width_row *row = width_row_find(name);
    if (!row || argument >= strlen(row->widths)) {
        return 0;
    }
    switch (row->widths[argument]) {
    case 'w':
    case 'h':
    case 'm':
    case 't':
    case 'p':
    case 'b':
        return 32;
    case 'l':
    case 'd':
        return 64;
    default:
        return 0;
    }
}

static char letter_of(const char *name, unsigned argument)
{
    const struct width_row *row = width_row_find(name);
    if (!row || argument >= strlen(row->widths)) {
        return '?';
    }
    return row->widths[argument];
}

bool argument_depends(const char *name, unsigned argument)
{
    return letter_of(name, argument) == 'd';
}

uint32_t argument_kept(const char *name, unsigned argument)
{
    switch (letter_of(name, argument)) {
    case 'h':
        return 0xffff;
    case 'm':
        return 07777;
    case 't':
        return 01777;
    case 'p':
        return 0777;
    case 'b':
        return 0xff;
    default:
        return UINT32_MAX;
    }
}

bool argument_is_short(const char *name, unsigned argument)
{
    return argument_kept(name, argument) != UINT32_MAX;
}
