/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From which argument on a condition that was written for the 64-bit call means something else in
 * a 32-bit ABI. Rows of `struct split`, private to this room. Sources: the SYSCALL_DEFINEs and
 * COMPAT_SYSCALL_DEFINEs of the kernel, arch/x86/kernel/sys_ia32.c, arch/arm64/kernel/sys32.c.
 */
#ifndef ELFCAGE_ARCH_SPLITS_H
#define ELFCAGE_ARCH_SPLITS_H

/* A 64-bit parameter takes two registers, with or without a hole in front. */
#define SPLITS_SHIFTED_OFFSETS                                                                     \
    {"truncate64", 1}, {"ftruncate64", 1}, {"pread64", 3}, {"pwrite64", 3}, {"preadv", 3},         \
        {"pwritev", 3}, {"preadv2", 3}, {"pwritev2", 3}, {"readahead", 1}, {"fadvise64", 1},       \
        {"fadvise64_64", 1}, {"sync_file_range", 1}, {"sync_file_range2", 1}, {"fallocate", 2},    \
        {"lookup_dcookie", 0}, {"fanotify_mark", 2},                                               \
    {                                                                                              \
        "_llseek", 1                                                                               \
    }

/* Calls of 32-bit ABIs whose parameters are others: hidden in memory (old mmap, old select), fewer,
   in other units, or cut to 16 bits by the kernel (the calls with 16-bit user and group numbers:
   a condition on such a number would be passed by setting bit 16); extended with their sign, so
   that 0xffffffff is the 64-bit call's -1 (lseek's offset, msgrcv's type); or read without IPC_64,
   bit 8, which the 64-bit call refuses (the command of semctl and msgctl, compat_ksys_semctl). */
#define SPLITS_32BIT                                                                               \
    {"mmap", 0}, {"mmap2", 5}, {"select", 0}, {"statfs64", 1}, {"fstatfs64", 1}, {"waitpid", 3},   \
        {"umount", 1}, {"send", 4}, {"recv", 4}, {"sigaction", 3}, {"sigprocmask", 3},             \
        {"sigpending", 1}, {"sigsuspend", 0}, {"chown", 1}, {"fchown", 1}, {"lchown", 1},          \
        {"setuid", 0}, {"setgid", 0}, {"setreuid", 0}, {"setregid", 0}, {"setresuid", 0},          \
        {"setresgid", 0}, {"setfsuid", 0}, {"lseek", 1}, {"msgrcv", 3}, {"semctl", 2},             \
        {"msgctl", 1},                                                                             \
    {                                                                                              \
        "setfsgid", 0                                                                              \
    }

/* Commands with several values. The locks of fcntl: F_GETLK, F_SETLK and F_SETLKW, and with 64
   after the name (asm-generic/fcntl.h; both calls take either, fs/fcntl.c). Commands of ioctl have
   the size of what they point to in bits 16 to 29 (asm-generic/ioctl.h), and where that has a long
   or a pointer in it, the 32-bit ABI's is smaller: FS_IOC_SETFLAGS and FS_IOC32_SETFLAGS. */
#define SPELLINGS_OF_LOCKS(name)                                                                   \
    {name, 1, 0, 5, 12}, {name, 1, 0, 6, 13}, {name, 1, 0, 7, 14}, {name, 1, 0, 12, 5},            \
        {name, 1, 0, 13, 6},                                                                       \
    {                                                                                              \
        name, 1, 0, 14, 7                                                                          \
    }
#define SPELLINGS_32BIT                                                                            \
    SPELLINGS_OF_LOCKS("fcntl"), SPELLINGS_OF_LOCKS("fcntl64"),                                    \
    {                                                                                              \
        "ioctl", 1, 0x3fff0000u, 0, 0                                                              \
    }

#endif
