/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named constants against the headers that this test is compiled with (x86-64), and against values
 * written down here where architectures differ.
 */
#include "arch/constants.h"
#include "arch/constants_table.h"

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <linux/loop.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/usbdevice_fs.h>
#include <linux/userfaultfd.h>
#include <linux/vhost.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <time.h>

#include <cmocka.h>

struct expected {
    const char *abi;
    const char *name;
    uint64_t value;
};

/* clang-format off */
#define V(name) {"x86_64", #name, (uint64_t)(name)}
static const struct expected of_headers[] = {
    V(AF_ALG), V(AF_BLUETOOTH), V(AF_INET), V(AF_INET6), V(AF_NETLINK), V(AF_PACKET), V(AF_UNIX),
    V(AF_VSOCK), V(ARCH_SET_FS), V(AT_EMPTY_PATH), V(AT_FDCWD), V(AT_REMOVEDIR),
    V(AT_SYMLINK_NOFOLLOW), V(BLKDISCARD), V(BLKGETSIZE64), V(BLKSSZGET), V(BPF_MAP_CREATE),
    V(BPF_PROG_LOAD), V(CLOCK_MONOTONIC), V(CLONE_CHILD_CLEARTID), V(CLONE_FILES), V(CLONE_FS),
    V(CLONE_NEWUSER), V(CLONE_PARENT_SETTID), V(CLONE_SETTLS), V(CLONE_SIGHAND),
    V(CLONE_SYSVSEM), V(CLONE_THREAD), V(CLONE_VM), V(CLOSE_RANGE_CLOEXEC), V(E2BIG), V(EACCES),
    V(EAFNOSUPPORT), V(EFD_CLOEXEC), V(EINVAL), V(ENETDOWN), V(ENOENT), V(ENOSYS), V(ENOTTY),
    V(EPERM), V(EPOLL_CLOEXEC), V(EPOLL_CTL_ADD), V(FALLOC_FL_PUNCH_HOLE), V(FD_CLOEXEC),
    V(FICLONE), V(FIFREEZE), V(FIOASYNC), V(FIOCLEX), V(FIONBIO), V(FIONREAD), V(FS_IOC_GETFLAGS),
    V(FS_IOC_SETFLAGS), V(FUTEX_LOCK_PI), V(FUTEX_PRIVATE_FLAG), V(FUTEX_WAIT), V(FUTEX_WAKE),
    V(F_ADD_SEALS), V(F_DUPFD), V(F_DUPFD_CLOEXEC), V(F_GETFD), V(F_GETFL), V(F_GETLK), V(F_OK),
    V(F_SETFD), V(F_SETFL), V(F_SETLKW), V(GRND_NONBLOCK), V(GRND_RANDOM), V(IORING_SETUP_SQPOLL),
    V(KCMP_FILE), V(KEYCTL_READ), V(KVM_CREATE_VM), V(KVM_RUN), V(LANDLOCK_RULE_PATH_BENEATH),
    V(LOCK_EX), V(LOOP_SET_FD), V(MADV_DONTDUMP), V(MADV_DONTNEED), V(MADV_FREE),
    V(MADV_HUGEPAGE), V(MADV_MERGEABLE), V(MADV_REMOVE), V(MAP_ANONYMOUS), V(MAP_FIXED),
    V(MAP_PRIVATE), V(MAP_SHARED), V(MAP_STACK), V(MFD_ALLOW_SEALING), V(MFD_CLOEXEC),
    V(MREMAP_FIXED), V(MREMAP_MAYMOVE), V(MSG_DONTWAIT), V(MSG_NOSIGNAL), V(MSG_OOB), V(MS_RDONLY),
    V(MS_SYNC), V(NETLINK_KOBJECT_UEVENT), V(NETLINK_ROUTE), V(O_APPEND), V(O_CLOEXEC), V(O_CREAT),
    V(O_DIRECTORY), V(O_EXCL), V(O_NOFOLLOW), V(O_NONBLOCK), V(O_PATH), V(O_RDONLY), V(O_RDWR),
    V(O_SYNC), V(O_TMPFILE), V(O_TRUNC), V(O_WRONLY), V(PERF_EVENT_IOC_ENABLE),
    V(PERF_FLAG_FD_CLOEXEC), V(POLLIN), V(PRIO_PROCESS), V(PROT_EXEC), V(PROT_NONE), V(PROT_READ),
    V(PROT_WRITE), V(PR_CAPBSET_READ), V(PR_GET_DUMPABLE), V(PR_GET_NAME), V(PR_SET_DUMPABLE),
    V(PR_SET_MM), V(PR_SET_NAME), V(PR_SET_NO_NEW_PRIVS), V(PR_SET_PDEATHSIG), V(PR_SET_PTRACER),
    V(PR_SET_SECCOMP), V(PR_SET_THP_DISABLE), V(PR_SET_VMA), V(PTRACE_ATTACH), V(PTRACE_TRACEME),
    V(RENAME_NOREPLACE), V(RLIMIT_CORE), V(RLIMIT_NOFILE), V(RLIMIT_STACK), V(RLIM_INFINITY),
    V(SCHED_FIFO), V(SECCOMP_FILTER_FLAG_TSYNC), V(SECCOMP_SET_MODE_FILTER),
    V(SEEK_END), V(SHUT_RDWR), V(SIGABRT), V(SIGCHLD), V(SIGKILL), V(SIGSEGV), V(SIGSYS),
    V(SIGTERM), V(SIOCETHTOOL), V(SIOCGIFFLAGS), V(SIOCGIFINDEX), V(SIOCINQ), V(SIOCOUTQ), V(SIOCSIFFLAGS), V(SOCK_CLOEXEC),
    V(SOCK_DGRAM), V(SOCK_NONBLOCK), V(SOCK_RAW), V(SOCK_SEQPACKET), V(SOCK_STREAM),
    V(SOL_SOCKET), V(SO_ATTACH_FILTER), V(SO_PASSCRED), V(SO_REUSEADDR), V(STATX_BASIC_STATS),
    V(S_IFBLK), V(S_IFCHR), V(S_IFIFO), V(S_IFMT), V(S_IRUSR), V(S_ISUID), V(TCGETS), V(TCSETS),
    V(TCSETSF), V(TFD_CLOEXEC), V(TIOCGPGRP), V(TIOCGWINSZ), V(TIOCLINUX), V(TIOCNOTTY),
    V(TIOCSTI), V(TUNSETIFF), V(TUNSETOFFLOAD), V(UFFDIO_API), V(UFFDIO_COPY), V(UFFDIO_REGISTER),
    V(UFFD_USER_MODE_ONLY), V(USBDEVFS_CONTROL), V(USBDEVFS_SUBMITURB),
    V(USERFAULTFD_IOC_NEW), V(VHOST_SET_VRING_KICK), V(W_OK), V(X_OK),
};

/* As the kernel's sources have them. */
static const struct expected of_architectures[] = {
    {"x86_64", "O_LARGEFILE", 0100000}, {"i386", "O_LARGEFILE", 0100000},
    {"aarch64", "O_LARGEFILE", 0400000}, {"arm", "O_LARGEFILE", 0400000},
    {"riscv64", "O_LARGEFILE", 0100000},
    {"x86_64", "O_DIRECTORY", 0200000}, {"i386", "O_DIRECTORY", 0200000},
    {"aarch64", "O_DIRECTORY", 040000}, {"arm", "O_DIRECTORY", 040000},
    {"riscv64", "O_DIRECTORY", 0200000},
    {"i386", "F_SETLK64", 13}, {"arm", "F_SETLK64", 13},
    {"x86_64", "BLKGETSIZE64", 0x80081272}, {"i386", "BLKGETSIZE64", 0x80041272},
    {"aarch64", "BLKGETSIZE64", 0x80081272}, {"arm", "BLKGETSIZE64", 0x80041272},
    {"i386", "TCGETS", 0x5401}, {"riscv64", "TCGETS", 0x5401}, {"aarch64", "TIOCSTI", 0x5412},
    {"i386", "FS_IOC_GETFLAGS", 0x80046601}, {"riscv64", "FS_IOC_GETFLAGS", 0x80086601},
    {"aarch64", "PROT_BTI", 0x10}, {"aarch64", "PR_SVE_GET_VL", 51},
    {"x86_64", "MAP_32BIT", 0x40}, {"i386", "MAP_32BIT", 0x40},
    {"arm", "RLIM_INFINITY", 0xffffffff}, {"riscv64", "RLIM_INFINITY", UINT64_MAX},
    {"arm", "AF_UNIX", 1}, {"aarch64", "SOCK_CLOEXEC", 02000000}, {"i386", "AT_FDCWD", (uint64_t)-100},
    {"x86_64", "DRM_IOCTL_GEM_CLOSE", 0x40086409}, {"i386", "DRM_IOCTL_GEM_CLOSE", 0x40086409},
    {"x86_64", "DRM_IOCTL_I915_GEM_BUSY", 0xc0086457}, {"x86_64", "MADV_GUARD_INSTALL", 102},
    {"arm", "MADV_GUARD_REMOVE", 103}, {"x86_64", "MFD_NOEXEC_SEAL", 8}, {"x32", "O_CREAT", 0100},
};
/* clang-format on */

static void check(const struct expected *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        if (!constant_value(abi_by_name(rows[i].abi), rows[i].name, &value)) {
            fail_msg("%s lacks %s", rows[i].abi, rows[i].name);
        }
        if (value != rows[i].value) {
            fail_msg("%s %s is 0x%llx, not 0x%llx", rows[i].abi, rows[i].name,
                     (unsigned long long)rows[i].value, (unsigned long long)value);
        }
    }
}

static void test_constants_are_those_of_the_headers(void **state)
{
    (void)state;
#ifdef __x86_64__
    check(of_headers, sizeof of_headers / sizeof *of_headers);
#else
    print_message("# skipping: the rows are those of x86-64\n");
    skip();
#endif
}

static void test_constants_differ_where_architectures_do(void **state)
{
    (void)state;
    check(of_architectures, sizeof of_architectures / sizeof *of_architectures);
}

static void test_constants_are_absent_where_an_architecture_lacks_them(void **state)
{
    (void)state;
    uint64_t value;
    assert_false(constant_value(abi_by_name("aarch64"), "ARCH_SET_FS", &value));
    assert_false(constant_value(abi_by_name("x86_64"), "PROT_BTI", &value));
    assert_false(constant_value(abi_by_name("riscv64"), "MAP_32BIT", &value));
    assert_true(constant_name_is_known("PROT_BTI"));
    assert_false(constant_name_is_known("PROT_BTI2"));
    assert_false(constant_name_is_known(""));
    assert_false(constant_value(abi_by_name("x86_64"), "SIGRTMIN", &value));
}

static void test_constants_are_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < constant_row_count; i++) {
        assert_true(strcmp(constant_rows[i - 1].name, constant_rows[i].name) < 0);
    }
    for (size_t i = 0; i < constant_row_count; i++) {
        assert_int_not_equal(constant_rows[i].present, 0);
        assert_true(constant_rows[i].present < 1u << CONSTANT_COLUMNS);
    }
}

static void test_constants_have_suggestions_and_names(void **state)
{
    (void)state;
    const struct abi *x86_64 = abi_by_name("x86_64");
    assert_string_equal(constant_name_suggest("O_RDONYL"), "O_RDONLY");
    assert_null(constant_name_suggest("QUITE_ANOTHER_THING_ENTIRELY"));
    assert_string_equal(constant_name(x86_64, "PR_SET_N", 15), "PR_SET_NAME");
    assert_string_equal(constant_name(x86_64, "SIG", 9), "SIGKILL");
    assert_null(constant_name(x86_64, "SIG", 4711));
    assert_null(constant_name(x86_64, "zzz", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants_are_those_of_the_headers),
        cmocka_unit_test(test_constants_differ_where_architectures_do),
        cmocka_unit_test(test_constants_are_absent_where_an_architecture_lacks_them),
        cmocka_unit_test(test_constants_are_sorted),
        cmocka_unit_test(test_constants_have_suggestions_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
