/* SPDX-License-Identifier: Apache-2.0 */
/* Widths of calls that change files, their attributes, and mounts; each in a place of its own. */
#include "policy_test.h"
#include "width_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fanotify.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint8_t room[8192];
static const char f[] = "f";
static const char d[] = "d";
static const char new[] = "new";
static const char root[] = "/";
static const char attribute[] = "user.elfcage";

struct call with_object(const struct call *call, unsigned index, long object)
{
    struct call mine = *call;
    mine.arguments[index] ^= (uint32_t)object;
    return mine;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

int folder_call(const struct call *call)
{
    char folder[] = "/tmp/elfcage-widths-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) < 0) {
        return EPERM;
    }
    int file = open(f, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    int result = EPERM;
    if (file >= 0 && mkdir(d, 0700) == 0 && write(file, room, 16) == 16) {
        (void)setxattr(f, attribute, "v", 1, 0);
        result = plain_call(call);
    }
    (void)close(file);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return result;
}

void test_widths_of_changes_to_files(void **state)
{
    (void)state;
    uint64_t here = N(AT_FDCWD);
    TRY_WITH(folder_call, AB, mkdir, P(new), 0700);
    TRY_WITH(folder_call, ABC, mkdirat, here, P(new), 0700);
    TRY_WITH(folder_call, ABC, mknod, P(new), S_IFIFO | 0600, 0);
    TRY_WITH(folder_call, ABCD, mknodat, here, P(new), S_IFIFO | 0600, 0);
    TRY_WITH(folder_call, AB, link, P(f), P(new));
    TRY_WITH(folder_call, ABCDE, linkat, here, P(f), here, P(new), 0);
    TRY_WITH(folder_call, AB, symlink, P(f), P(new));
    TRY_WITH(folder_call, ABC, symlinkat, P(f), here, P(new));
    TRY_WITH(folder_call, AB, rename, P(f), P(new));
    TRY_WITH(folder_call, ABCD, renameat, here, P(f), here, P(new));
    TRY_WITH(folder_call, ABCDE, renameat2, here, P(f), here, P(new), 0);
    TRY_WITH(folder_call, A, unlink, P(f));
    TRY_WITH(folder_call, ABC, unlinkat, here, P(f), 0);
    TRY_WITH(folder_call, A, rmdir, P(d));
    TRY_WITH(folder_call, A, chdir, P(d));
    TRY_WITH(folder_call, ABCD, fchmodat2, here, P(f), 0600, 0);
    TRY_WITH(folder_call, AB, utime, P(f), 0);
    TRY_WITH(folder_call, AB, utimes, P(f), 0);
    TRY_WITH(folder_call, ABC, futimesat, here, P(f), 0);
    TRY_WITH(folder_call, ABCD, utimensat, here, P(f), 0, 0);
    TRY_WITH(folder_call, AB, statfs, P(f), P(room));
    TRY(AB, statfs, P(root), P(room));
    struct stat status;
    assert_int_equal(stat(root, &status), 0);
    TRY(AB, ustat, status.st_dev, P(room));
    TRY(A, chroot, P(root));
    TRY(A, getcwd, P(room), sizeof room);
    TRY(B, getcwd, P(room), 0); /* too small */
    TRY(A | C, getdents, N(open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)), P(room), sizeof room);
    TRY(A, pipe, P(room));
    TRY(A, syncfs, N(open("/proc", O_RDONLY | O_CLOEXEC)));
    TRY(A | B | C, quotactl, 0x80000100 /* Q_SYNC */, 0, 0, 0);
    TRY(A, sysfs, 3, 0, 0);
    TRY(A, memfd_secret, 0);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    TRY(A, readahead, N(file), 0, 0);
    TRY(ABCD, cachestat, N(file), P(room), P(room + 64), 0);
    TRY(A, acct, P("/nonexistent"));
}

static int open_by_handle(const struct call *call)
{
    struct {
        struct file_handle head;
        uint8_t bytes[128];
    } handle = {.head.handle_bytes = 128};
    int mount_id;
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/tmp", &handle, &mount_id, 0) < 0) {
        return EPERM;
    }
    struct call mine = *call;
    mine.arguments[1] ^= P(&handle);
    return plain_call(&mine);
}

static int remove_watch(const struct call *call)
{
    int inotify = inotify_init1(IN_CLOEXEC);
    int watch = inotify_add_watch(inotify, root, IN_OPEN);
    struct call mine = with_object(call, 0, inotify);
    mine = with_object(&mine, 1, watch);
    return plain_call(&mine);
}

static int mark_root(const struct call *call)
{
    struct call mine =
        with_object(call, 0, syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY));
    return plain_call(&mine);
}

/* With the file "f" open as argument 0. */
static int open_file_call(const struct call *call)
{
    char path[] = "/tmp/elfcage-widths-XXXXXX";
    int file = mkstemp(path);
    (void)fsetxattr(file, attribute, "v", 1, 0);
    struct call mine = with_object(call, 0, file);
    int result = plain_call(&mine);
    (void)unlink(path);
    return result;
}

void test_widths_of_attributes(void **state)
{
    (void)state;
    uint64_t here = N(AT_FDCWD);
    TRY_WITH(folder_call, ABCDE, setxattr, P(f), P(attribute), P("v"), 1, 0);
    TRY_WITH(folder_call, ABCDE, lsetxattr, P(f), P(attribute), P("v"), 1, 0);
    TRY_WITH(open_file_call, ABCDE, fsetxattr, 0, P(attribute), P("v"), 1, 0);
    TRY_WITH(folder_call, AB | D, getxattr, P(f), P(attribute), 0, 0);
    TRY_WITH(folder_call, AB | D, lgetxattr, P(f), P(attribute), 0, 0);
    TRY_WITH(open_file_call, AB | D, fgetxattr, 0, P(attribute), 0, 0);
    TRY_WITH(folder_call, A | C, listxattr, P(f), 0, 0);
    TRY_WITH(folder_call, A | C, llistxattr, P(f), 0, 0);
    TRY_WITH(open_file_call, A | C, flistxattr, 0, 0, 0);
    TRY_WITH(folder_call, AB, removexattr, P(f), P(attribute));
    TRY_WITH(folder_call, AB, lremovexattr, P(f), P(attribute));
    TRY_WITH(open_file_call, AB, fremovexattr, 0, P(attribute));
    uint64_t arguments[2] = {P("v"), 1}; /* struct xattr_args */
    TRY_WITH(folder_call, ABCDE | F, setxattrat, here, P(f), 0, P(attribute), P(arguments), 16);
    uint64_t out[2] = {P(room), 16};
    TRY_WITH(folder_call, ABCDE | F, getxattrat, here, P(f), 0, P(attribute), P(out), 16);
    TRY_WITH(folder_call, ABC | E, listxattrat, here, P(f), 0, 0, 0);
    TRY_WITH(folder_call, ABCD, removexattrat, here, P(f), 0, P(attribute));
    TRY_WITH(folder_call, ABCDE, file_getattr, here, P(f), P(room), 24, 0);
    TRY_WITH(folder_call, ABCDE, file_setattr, here, P(f), P(room + 4096), 24, 0);
    uint32_t handle[64] = {128};
    int mount_id = 0;
    TRY(ABCDE, name_to_handle_at, here, P("/tmp"), P(handle), P(&mount_id), 0);
    TRY_WITH(open_by_handle, A | C, open_by_handle_at, N(open("/tmp", O_RDONLY | O_CLOEXEC)), 0,
             O_RDONLY);
    TRY(ABC, inotify_add_watch, N(inotify_init1(IN_CLOEXEC)), P(root), IN_OPEN);
    TRY_WITH(remove_watch, AB, inotify_rm_watch, 0, 0);
    TRY(AB, fanotify_init, FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
    TRY_WITH(mark_root, ABCDE, fanotify_mark, 0, FAN_MARK_ADD, FAN_OPEN, here, P("/tmp"));
}

int enter_namespaces(void)
{
    int what = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
    if (unshare(what) < 0 && unshare(what | CLONE_NEWUSER) < 0) {
        return -1;
    }
    return mount(NULL, root, NULL, MS_REC | MS_PRIVATE, NULL);
}

int namespace_call(const struct call *call)
{
    return enter_namespaces() < 0 ? EPERM : plain_call(call);
}

/* A file system is mounted on /tmp. */
static int unmount_call(const struct call *call)
{
    if (enter_namespaces() < 0 || mount("none", "/tmp", "tmpfs", 0, NULL) < 0) {
        return EPERM;
    }
    return plain_call(call);
}

/* Argument 0 becomes a context of a file system that can be configured. */
static int configure_call(const struct call *call)
{
    if (enter_namespaces() < 0) {
        return EPERM;
    }
    struct call mine = with_object(call, 0, syscall(number_of("fsopen"), "tmpfs", 0));
    return plain_call(&mine);
}

static int mount_context_call(const struct call *call)
{
    if (enter_namespaces() < 0) {
        return EPERM;
    }
    long context = syscall(number_of("fsopen"), "tmpfs", 0);
    (void)syscall(number_of("fsconfig"), context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
    struct call mine = with_object(call, 0, context);
    return plain_call(&mine);
}

/* Argument 0 becomes a tree that can be moved. */
static int move_call(const struct call *call)
{
    if (enter_namespaces() < 0) {
        return EPERM;
    }
    struct call mine =
        with_object(call, 0, syscall(number_of("open_tree"), AT_FDCWD, "/tmp", 1 /* CLONE */));
    return plain_call(&mine);
}

static int set_uts_call(const struct call *call)
{
    struct call mine = with_object(call, 0, open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));
    return plain_call(&mine);
}

void test_widths_of_mounts(void **state)
{
    (void)state;
    uint64_t here = N(AT_FDCWD);
    uint64_t zero[4] = {0};
    uint64_t propagate[4] = {[2] = MS_PRIVATE}; /* struct mount_attr */
    TRY_WITH(unmount_call, AB, umount2, P("/tmp"), 0);
    TRY_WITH(namespace_call, ABCDE, mount_setattr, here, P(root), 0, P(propagate), 32);
    TRY(ABC, open_tree, here, P(root), 0);
    TRY_WITH(namespace_call, ABCDE, open_tree_attr, here, P("/tmp"), 1 /* CLONE */, P(zero), 32);
    TRY_WITH(move_call, ABCDE, move_mount, 0, P(""), here, P("/tmp"), 4 /* F_EMPTY_PATH */);
    TRY_WITH(namespace_call, AB, fsopen, P("tmpfs"), 0);
    TRY_WITH(configure_call, AB | E, fsconfig, 0, 6 /* CMD_CREATE */, 0, 0, 0);
    TRY_WITH(mount_context_call, ABC, fsmount, 0, 0, 0);
    TRY_WITH(namespace_call, ABC, fspick, here, P(root), 0);
    TRY_WITH(namespace_call, AB, sethostname, P("x"), 1);
    TRY_WITH(namespace_call, AB, setdomainname, P("x"), 1);
    TRY_WITH(set_uts_call, AB, setns, 0, 0);
    uint64_t all[3] = {24, UINT64_MAX /* LSMT_ROOT */, 0}; /* struct mnt_id_req */
    TRY(ABCD, listmount, P(all), P(room), 8, 0);
    struct statx status;
    assert_int_equal(syscall(number_of("statx"), AT_FDCWD, root, 0, 0x4000, &status), 0);
    uint64_t one[3] = {24, status.stx_mnt_id, 1 /* STATMOUNT_SB_BASIC */};
    TRY(AB | D, statmount, P(one), P(room), sizeof room, 0);
}
