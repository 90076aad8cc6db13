/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a name and not O_TMPFILE: rename(2) is the only call that replaces a file in one step, and it
 * wants a name; linkat(2) of an unnamed file wants /proc or CAP_DAC_READ_SEARCH, and NFS has
 * neither. The price is that SIGKILL or a power cut leaves `.NAME.elfcage.XXXXXX` behind. It
 * confuses nobody: the name is never used twice (O_EXCL, random), nothing reads it, and its head
 * says whose it is. It is not swept up by a later run, which could not tell it from the file of one
 * that still works.
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
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel follows, path_resolution(7) */
#define SUFFIX_SIZE 6
#define MAX_TRIES 100

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

/* Fills `suffix` with random letters. */
static int make_suffix(char suffix[static SUFFIX_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567"; /* 32: a byte's low 5 bits */
    unsigned char random[SUFFIX_SIZE];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return -1;
    }
    for (size_t i = 0; i < SUFFIX_SIZE; i++) {
        suffix[i] = letters[random[i] % 32];
    }
    return 0;
}

static int create(struct temporary *t, mode_t mode, struct error *error)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        char suffix[SUFFIX_SIZE + 1] = "";
        if (make_suffix(suffix) < 0) {
            break;
        }
        /* A long name is cut, so that the sum does not exceed NAME_MAX. */
        char *name = memory_printf(".%.200s.elfcage.%s", t->base, suffix);
        t->fd =
            openat(t->directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (t->fd >= 0) {
            t->name = name;
            return 0;
        }
        int reason = errno;
        free(name);
        errno = reason;
        if (reason != EEXIST && reason != EINTR) {
            break;
        }
    }
    return error_system(error, errno, t->destination,
                        "cannot make a temporary file in the destination's directory, from which "
                        "the finished file is renamed");
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
    *t = (struct temporary){.destination = destination, .directory = -1, .fd = -1};
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

static int sync_directory(const struct temporary *t, struct error *error)
{
    CLEANUP_CLOSE int fd = openat(t->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        return error_system(error, errno, t->destination,
                            "the file is written, but its directory cannot be synchronised");
    }
    return 0;
}

int temporary_commit(struct temporary *t, bool sync, struct error *error)
{
    if (sync && fsync(t->fd) < 0) {
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
