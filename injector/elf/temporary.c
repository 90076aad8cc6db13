/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a name and not O_TMPFILE: rename(2) is the only call that replaces a file in one step, and it
 * wants a name; linkat(2) of an unnamed file wants /proc or CAP_DAC_READ_SEARCH, and NFS has
 * neither. The price is that SIGKILL or a power cut leaves `.NAME.elfcage.N` behind, N counting
 * from 0. It confuses nobody, and the next run for the same destination removes it: whoever is at
 * work holds a shared lock (flock(2)) on his file, so what can be locked exclusively is nobody's.
 * Where a file system has no locks nothing is removed. Numbers and not random letters, so that this
 * costs a few look-ups and not a walk through the directory.
 *
 * The lock is on a descriptor of its own: it is held beyond the close of the one that wrote, until
 * the file has its name. Whoever locks opens for reading, so that nobody makes execve(2) of the
 * finished file fail with ETXTBSY. (NFS wants a descriptor for writing: there, nothing is removed.)
 *
 * Why signals are blocked and asked for, and not caught: a handler would need a global to know the
 * name by, and would race with its removal. SIGXFSZ is among them so that a file size limit is an
 * error like any other.
 */
#include "elf/temporary.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINKS 40   /* as the kernel follows, path_resolution(7) */
#define SWEPT_NAMES 16 /* looked at by each run */
#define MAX_NAMES 256

static const int waiting_signals[] = {SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
#define WAITING_COUNT (sizeof waiting_signals / sizeof waiting_signals[0])

/* The directory part of a path, "." if it has none. Owned by the caller. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return memory_strdup(".");
    }
    return memory_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The path that a symbolic link at `path` leads to in one step, or NULL and errno. */
static char *follow_once(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) {
        return NULL;
    }
    target[length] = '\0';
    if (target[0] == '/') {
        return memory_strdup(target);
    }
    CLEANUP_FREE char *directory = directory_of(path);
    return memory_printf("%s/%s", directory, target);
}

/* `path` with its last component followed for as long as it is a symbolic link, which realpath(3)
   does not do where the end does not exist yet. Owned by the caller; NULL: error is set. */
static char *follow_links(const char *path, struct error *error)
{
    char *current = memory_strdup(path);
    for (int i = 0; i < MAX_LINKS; i++) {
        char *next = follow_once(current);
        if (!next) {
            /* EINVAL: not a link, ENOENT: not there. The rest is told by whoever opens it. */
            return current;
        }
        free(current);
        current = next;
    }
    free(current);
    error_system(error, ELOOP, path, "the destination cannot be found");
    return NULL;
}

static int refuse_special(const struct stat *existing, const char *destination, struct error *error)
{
    if (S_ISREG(existing->st_mode)) {
        return 0;
    }
    if (S_ISDIR(existing->st_mode)) {
        return error_file(error, ERROR_SYSTEM, destination,
                          "the destination is a directory: name a file in it");
    }
    return error_file(error, ERROR_SYSTEM, destination,
                      "the destination is not a regular file: name another");
}

/*
 * Sets directory, base and *existing. Links are followed here one by one, since the last one may
 * lead to a file that is not there yet; so the kernel is asked first whether it would follow them.
 * It would not if somebody else has put one into /tmp (fs.protected_symlinks of proc(5)).
 */
static int open_directory(struct temporary *t, struct stat *existing, struct error *error)
{
    struct stat followed = {0};
    *existing = (struct stat){0};
    if (stat(t->destination, &followed) < 0) {
        if (errno == EACCES) {
            return error_system(error, errno, t->destination, "cannot look at the destination");
        }
        followed = (struct stat){0};
    } else if (refuse_special(&followed, t->destination, error) < 0) {
        return -1;
    }
    CLEANUP_FREE char *path = follow_links(t->destination, error);
    if (!path) {
        return -1;
    }
    const char *slash = strrchr(path, '/');
    t->base = memory_strdup(slash ? slash + 1 : path);
    if (*t->base == '\0') {
        return error_file(error, ERROR_SYSTEM, t->destination,
                          "the destination is no file name: name a file");
    }
    CLEANUP_FREE char *directory = directory_of(path);
    t->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (t->directory < 0) {
        return error_system(error, errno, t->destination, "cannot open the directory %s",
                            directory);
    }
    if (fstatat(t->directory, t->base, existing, AT_SYMLINK_NOFOLLOW) < 0) {
        *existing = (struct stat){0};
        if (errno == EACCES) {
            return error_system(error, errno, t->destination, "cannot look at the destination");
        }
        return 0;
    }
    bool linked = strcmp(path, t->destination) != 0;
    if (linked && (existing->st_dev != followed.st_dev || existing->st_ino != followed.st_ino)) {
        return error_file(error, ERROR_SYSTEM, t->destination,
                          "the link leads elsewhere than a moment ago: try again");
    }
    return refuse_special(existing, t->destination, error);
}

/*
 * The n-th temporary name. A long one is cut, so that the sum does not exceed NAME_MAX. Those
 * beyond the swept ones cannot be guessed: in a folder for everybody, others could have taken all
 * of them.
 */
static char *nth_name(const struct temporary *t, unsigned n)
{
    unsigned number = n;
    if (n >= SWEPT_NAMES && getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        number = n;
    }
    return memory_printf(".%.200s.elfcage.%u", t->base, number);
}

/* Is `name` the file of `fd` still? */
static bool is_named(const struct temporary *t, const char *name, int fd)
{
    struct stat opened;
    struct stat named;
    return fstat(fd, &opened) == 0 &&
           fstatat(t->directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/*
 * Removes what a run that was killed left under `name`. Only who
 * holds the exclusive lock of a file removes its name, so that the name cannot come to stand for
 * another file between the look and the removal.
 */
static void sweep(const struct temporary *t, const char *name)
{
    CLEANUP_CLOSE int fd =
        openat(t->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(t, name, fd)) {
        unlinkat(t->directory, name, 0);
    }
}

/*
 * Says that the file is in use. 0; EEXIST if another run has swept it up just now, or is about to;
 * or errno. A file that cannot be locked (no locks on the file system, a umask that forbids
 * reading) is used without: who could remove it then would make the rename fail, and harm nothing.
 */
static int claim(struct temporary *t, const char *name)
{
    t->lock = openat(t->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (t->lock >= 0 && flock(t->lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        return EEXIST;
    }
    struct stat status;
    if (fstat(t->fd, &status) < 0) {
        return errno;
    }
    return status.st_nlink > 0 ? 0 : EEXIST;
}

/* One try, which takes `name` over if the file is there. 0, or errno. */
static int create_as(struct temporary *t, char **name, mode_t mode)
{
    t->fd = openat(t->directory, *name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (t->fd < 0) {
        return errno;
    }
    int reason = claim(t, *name);
    if (reason != EEXIST) {
        t->name = STEAL(*name);
        return reason;
    }
    close(t->fd);
    t->fd = -1;
    if (t->lock >= 0) {
        close(t->lock);
        t->lock = -1;
    }
    return EEXIST;
}

static int create(struct temporary *t, mode_t mode, struct error *error)
{
    int reason = EEXIST;
    for (unsigned n = 0; n < MAX_NAMES && (n < SWEPT_NAMES || reason != 0); n++) {
        CLEANUP_FREE char *name = nth_name(t, n);
        if (n < SWEPT_NAMES) {
            sweep(t, name);
        }
        if (reason == 0) {
            continue;
        }
        reason = create_as(t, &name, mode);
        if (reason != 0 && (t->name || (reason != EEXIST && reason != EINTR))) {
            break;
        }
    }
    return reason == 0 ? 0
                       : error_system(error, reason, t->destination,
                                      "cannot make a temporary file in the destination's "
                                      "directory, from which the finished file is renamed");
}

/* Not those that are ignored (nohup): while they are blocked, they would be pending like others. */
static void block_signals(struct temporary *t)
{
    sigset_t block;
    sigemptyset(&block);
    for (size_t i = 0; i < WAITING_COUNT; i++) {
        struct sigaction action;
        if (waiting_signals[i] == SIGXFSZ ||
            (sigaction(waiting_signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)) {
            sigaddset(&block, waiting_signals[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &block, &t->signals);
}

int temporary_create(struct temporary *t, const char *destination, mode_t mode,
                     struct stat *existing, struct error *error)
{
    *t = (struct temporary){.destination = destination, .directory = -1, .fd = -1, .lock = -1};
    block_signals(t);
    if (open_directory(t, existing, error) < 0) {
        return -1;
    }
    return create(t, mode, error);
}

int temporary_check_signals(const struct temporary *t, struct error *error)
{
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < WAITING_COUNT; i++) {
        int number = waiting_signals[i];
        if (number != SIGXFSZ && sigismember(&pending, number) == 1 &&
            sigismember(&t->signals, number) == 0) {
            return error_file(error, ERROR_SYSTEM, t->destination,
                              "interrupted by signal %d: nothing was written", number);
        }
    }
    return 0;
}

static int sync_file(int fd)
{
    int result;
    do {
        result = fsync(fd);
    } while (result < 0 && errno == EINTR);
    return result;
}

/* By now there is the new file and no way back: what goes wrong here is told, and that it is there.
 */
static int sync_directory(const struct temporary *t, struct error *error)
{
    CLEANUP_CLOSE int fd = openat(t->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || sync_file(fd) < 0) {
        return error_system(error, errno, t->destination,
                            "the file is written, but its directory cannot be synchronised");
    }
    return 0;
}

int temporary_commit(struct temporary *t, bool sync, struct error *error)
{
    if (sync && sync_file(t->fd) < 0) {
        return error_system(error, errno, t->destination, "cannot synchronise the new file");
    }
    int fd = t->fd;
    t->fd = -1;
    /* NFS tells here what it could not write. EINTR: the descriptor is closed all the same. */
    if (close(fd) < 0 && errno != EINTR) {
        return error_system(error, errno, t->destination, "cannot finish the new file");
    }
    if (temporary_check_signals(t, error) < 0) {
        return -1;
    }
    if (renameat(t->directory, t->name, t->directory, t->base) < 0) {
        return error_system(error, errno, t->destination,
                            "cannot give the new file the destination's name");
    }
    free(t->name);
    t->name = NULL;
    return sync ? sync_directory(t, error) : 0;
}

void temporary_discard(struct temporary *t)
{
    if (t->fd >= 0) {
        close(t->fd);
    }
    if (t->name) {
        unlinkat(t->directory, t->name, 0);
    }
    if (t->lock >= 0) {
        close(t->lock);
    }
    if (t->directory >= 0) {
        close(t->directory);
    }
    free(t->name);
    free(t->base);
    /* A limit that was met has been told as EFBIG. */
    sigset_t size_limit;
    sigemptyset(&size_limit);
    sigaddset(&size_limit, SIGXFSZ);
    if (sigismember(&t->signals, SIGXFSZ) == 0) {
        while (sigtimedwait(&size_limit, NULL, &(struct timespec){0, 0}) > 0) {
        }
    }
    sigprocmask(SIG_SETMASK, &t->signals, NULL);
}
