// SPDX-License-Identifier: Apache-2.0
//
// Runs one command where it can harm nothing: as process 1 of private mount, process, network, IPC
// and UTS namespaces. All file systems are read-only, /dev holds a few harmless devices, and /tmp,
// /run, /home and the like are empty file systems that vanish with the command, as do all processes
// that it leaves behind. The only network is the loopback interface, which is up.
//
//   cell [--over FOLDER] [--bind SOURCE TARGET]... -- COMMAND [ARGUMENT...]
//
// What FOLDER/usr and FOLDER/etc hold is seen as if it were installed in /usr and /etc.
// SOURCE (of the system outside) is seen at TARGET inside, read-only; a TARGET that does not exist
// is made where the cell is writable. Where the caller is not root, a user namespace makes it look
// so. The status is the command's, or 125 if the cell could not be made.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_BINDS = 64, NO_CELL = 125 };

struct bind {
    const char *source;
    const char *target;
    bool read_only;
    int tree; // a detached mount of SOURCE
};

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
enum { DEVICES = sizeof devices / sizeof devices[0] };
static const char *const writable[] = {"/tmp",  "/var/tmp", "/run", "/root",
                                       "/home", "/mnt",     "/dev"};

_Noreturn static void die(const char *what, const char *which)
{
    fprintf(stderr, "cell: %s %s: %s\n", what, which, strerror(errno));
    exit(NO_CELL);
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        die("cannot write", path);
    }
    close(fd);
}

static void enter_namespaces(void)
{
    int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    uid_t user = geteuid();
    gid_t group = getegid();
    if (user != 0) {
        flags |= CLONE_NEWUSER;
    }
    if (unshare(flags) != 0) {
        die("cannot make", "private namespaces");
    }
    if (user != 0) {
        char map[64];
        write_text("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", user);
        write_text("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", group);
        write_text("/proc/self/gid_map", map);
    }
}

static void take(struct bind *bind)
{
    bind->tree = open_tree(AT_FDCWD, bind->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (bind->tree < 0) {
        die("cannot take", bind->source);
    }
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (bind->read_only &&
        mount_setattr(bind->tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        die("cannot make read-only", bind->source);
    }
}

static void put(const struct bind *bind)
{
    struct stat is;
    if (fstat(bind->tree, &is) != 0) {
        die("cannot look at", bind->source);
    }
    if (access(bind->target, F_OK) != 0) {
        int made = S_ISDIR(is.st_mode) ? mkdir(bind->target, 0755)
                                       : open(bind->target, O_CREAT | O_CLOEXEC | O_WRONLY, 0644);
        if (made < 0) {
            die("cannot make", bind->target);
        }
        if (!S_ISDIR(is.st_mode)) {
            close(made);
        }
    }
    if (move_mount(bind->tree, "", AT_FDCWD, bind->target, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        die("cannot mount", bind->target);
    }
    close(bind->tree);
}

// Lays FOLDER/NAME over /NAME: an overlay without an upper layer, so that it is read-only.
static void lay_over(const char *folder, const char *name)
{
    char above[1024];
    char target[16];
    char layers[sizeof above + sizeof target + 16];
    int length = snprintf(above, sizeof above, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof above) {
        errno = ENAMETOOLONG;
        die("cannot lay over", folder);
    }
    snprintf(target, sizeof target, "/%s", name);
    snprintf(layers, sizeof layers, "lowerdir=%s:%s", above, target);
    if (access(above, F_OK) == 0 && mount("overlay", target, "overlay", MS_RDONLY, layers) != 0) {
        die("cannot lay over", target);
    }
}

static void make_mounts(const char *over, struct bind *binds, size_t count)
{
    struct bind nodes[DEVICES];
    char paths[DEVICES][32];
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        die("cannot make private", "/");
    }
    for (size_t i = 0; i < count; ++i) {
        take(&binds[i]);
    }
    for (size_t i = 0; i < DEVICES; ++i) {
        snprintf(paths[i], sizeof paths[i], "/dev/%s", devices[i]);
        nodes[i] = (struct bind){.source = paths[i], .target = paths[i]};
        take(&nodes[i]);
    }
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof attributes) != 0) {
        die("cannot make read-only", "/");
    }
    if (over != NULL) {
        lay_over(over, "usr");
        lay_over(over, "etc");
    }
    for (size_t i = 0; i < sizeof writable / sizeof writable[0]; ++i) {
        bool shared = strstr(writable[i], "tmp") != NULL;
        if (access(writable[i], F_OK) == 0 &&
            mount("tmpfs", writable[i], "tmpfs", 0, shared ? "mode=1777" : "mode=755") != 0) {
            die("cannot mount", writable[i]);
        }
    }
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
        die("cannot mount", "/proc");
    }
    for (size_t i = 0; i < DEVICES; ++i) {
        put(&nodes[i]);
    }
    mkdir("/dev/shm", 01777);
    chmod("/dev/shm", 01777);
    mkdir("/dev/pts", 0755);
    if (mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") == 0) {
        (void)!symlink("pts/ptmx", "/dev/ptmx");
    }
    (void)!symlink("/proc/self/fd", "/dev/fd");
    (void)!symlink("/proc/self/fd/0", "/dev/stdin");
    (void)!symlink("/proc/self/fd/1", "/dev/stdout");
    (void)!symlink("/proc/self/fd/2", "/dev/stderr");
    for (size_t i = 0; i < count; ++i) {
        put(&binds[i]);
    }
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
        die("cannot raise", "lo");
    }
    close(fd);
}

_Noreturn static void inside(const char *over, struct bind *binds, size_t count, char **command)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    make_mounts(over, binds, count);
    raise_loopback();
    sethostname("cell", 4);
    if (mkdir("/tmp/home", 01777) != 0 || chmod("/tmp/home", 01777) != 0 ||
        mkdir("/tmp/work", 01777) != 0 || chmod("/tmp/work", 01777) != 0 ||
        chdir("/tmp/work") != 0) {
        die("cannot make", "/tmp/work");
    }
    execv(command[0], command);
    die("cannot run", command[0]);
}

int main(int argc, char **argv)
{
    struct bind binds[MAX_BINDS];
    size_t count = 0;
    int at = 1;
    umask(022);
    const char *over = NULL;
    if (argc > 2 && strcmp(argv[1], "--over") == 0) {
        over = argv[2];
        at = 3;
    }
    for (; at + 2 < argc && strcmp(argv[at], "--bind") == 0 && count < MAX_BINDS; at += 3) {
        binds[count++] =
            (struct bind){.source = argv[at + 1], .target = argv[at + 2], .read_only = true};
    }
    if (at + 1 >= argc || strcmp(argv[at], "--") != 0) {
        fputs("usage: cell [--over FOLDER] [--bind SOURCE TARGET]... -- COMMAND [ARGUMENT...]\n",
              stderr);
        return NO_CELL;
    }
    enter_namespaces();
    pid_t child = fork();
    if (child < 0) {
        die("cannot", "fork");
    }
    if (child == 0) {
        inside(over, binds, count, argv + at + 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            die("cannot wait for", argv[at + 1]);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
