/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before: a plan, the file it was made from, a destination that is as it was. After: the
 * destination is the new file, whole, checked, with the privileges of the old one; or it is as it
 * was, and there is an error. Nothing in between can be seen: the bytes are put together under a
 * temporary name (temporary.c), which the last step, rename(2), turns into the destination's.
 *
 * The order: bytes, check, privileges (privileges.c), name. The check comes before the privileges,
 * so that no set-user-ID file stands anywhere that has not been checked; the privileges come after
 * the last byte, since writing would clear them.
 *
 * fsync(2) only if asked for: as with compilers, linkers and objcopy, a power cut before the kernel
 * has written everything costs a file that can be made again, and a build has thousands of them.
 */
#include "elf/write.h"

#include "base/memory.h"
#include "elf/privileges.h"
#include "elf/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES (1u << 20)   /* of read and write */
#define STRIDE_BYTES (64u << 20) /* of copy_file_range; between two looks for signals */

#define CLEANUP_TEMPORARY __attribute__((cleanup(temporary_discard)))

static int write_all(const struct temporary *t, uint64_t offset, const uint8_t *bytes, size_t size,
                     struct error *error)
{
    while (size > 0) {
        ssize_t count = pwrite(t->fd, bytes, size, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return error_system(error, count < 0 ? errno : EIO, t->destination,
                                "cannot write the new file");
        }
        bytes += count;
        size -= (size_t)count;
        offset += (uint64_t)count;
    }
    return 0;
}

static int became_shorter(const struct temporary *t, struct error *error)
{
    return error_file(error, ERROR_SYSTEM, t->destination,
                      "the original became shorter while it was read: try again");
}

/* What copy_file_range() did not do, in pieces. */
static int copy_by_pieces(const struct temporary *t, int source, struct plan_copy left,
                          struct error *error)
{
    CLEANUP_FREE uint8_t *piece = memory_zeroed(PIECE_BYTES, 1);
    while (left.size > 0) {
        if (temporary_check_signals(t, error) < 0) {
            return -1;
        }
        size_t size = left.size < PIECE_BYTES ? (size_t)left.size : PIECE_BYTES;
        ssize_t count = pread(source, piece, size, (off_t)left.source);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_system(error, errno, t->destination, "cannot read the original");
        }
        if (count == 0) {
            return became_shorter(t, error);
        }
        if (write_all(t, left.target, piece, (size_t)count, error) < 0) {
            return -1;
        }
        left.source += (uint64_t)count;
        left.target += (uint64_t)count;
        left.size -= (uint64_t)count;
    }
    return 0;
}

/* Reasons of copy_file_range(2) that are about the call and not about the data: other file system,
   old kernel, a file system that cannot, a filter that does not know the call, a signal. */
static bool is_refusal(int reason)
{
    return reason == EINTR || reason == EXDEV || reason == ENOSYS || reason == EINVAL ||
           reason == EOPNOTSUPP || reason == EPERM || reason == EBADF || reason == ETXTBSY;
}

static int copy_data(const struct temporary *t, int source, struct plan_copy left,
                     struct error *error)
{
    while (left.size > 0) {
        if (temporary_check_signals(t, error) < 0) {
            return -1;
        }
        off_t from = (off_t)left.source;
        off_t to = (off_t)left.target;
        size_t size = left.size < STRIDE_BYTES ? (size_t)left.size : STRIDE_BYTES;
        ssize_t count = copy_file_range(source, &from, t->fd, &to, size, 0);
        /* 0: the end, as some file systems say of files that they make up while they are read. */
        if (count == 0 || (count < 0 && is_refusal(errno))) {
            return copy_by_pieces(t, source, left, error);
        }
        if (count < 0) {
            return error_system(error, errno, t->destination, "cannot copy the original");
        }
        left.source += (uint64_t)count;
        left.target += (uint64_t)count;
        left.size -= (uint64_t)count;
    }
    return 0;
}

/* Where the next data or hole begins at `from` or behind it, `end` at most. A file system that does
   not know has data everywhere. */
static uint64_t seek(int source, uint64_t from, uint64_t end, int what)
{
    off_t found = lseek(source, (off_t)from, what);
    if (found < 0) {
        bool only_hole = errno == ENXIO && what == SEEK_DATA;
        return what == SEEK_HOLE || only_hole ? end : from;
    }
    return (uint64_t)found < end ? (uint64_t)found : end;
}

/* Holes of the original stay holes: the new file has been given its size, and is zero. */
static int copy_range(const struct temporary *t, int source, struct plan_copy copy,
                      struct error *error)
{
    uint64_t end = copy.source + copy.size;
    for (uint64_t at = copy.source; at < end;) {
        uint64_t start = seek(source, at, end, SEEK_DATA);
        uint64_t stop = start < end ? seek(source, start, end, SEEK_HOLE) : end;
        stop = stop > start ? stop : end;
        const struct plan_copy data = {start, copy.target + (start - copy.source), stop - start};
        if (copy_data(t, source, data, error) < 0) {
            return -1;
        }
        at = stop;
    }
    struct stat status; /* what is cut off looks like a hole */
    if (fstat(source, &status) < 0) {
        return error_system(error, errno, t->destination, "cannot look at the original");
    }
    return (uint64_t)status.st_size < end ? became_shorter(t, error) : 0;
}

static int write_contents(const struct temporary *t, const struct plan *plan, int source,
                          struct error *error)
{
    /* The size first: what nothing covers is zero, and a limit is met before the work. */
    if (ftruncate(t->fd, (off_t)plan->size) < 0) {
        return error_system(error, errno, t->destination, "cannot make a file of %llu bytes",
                            (unsigned long long)plan->size);
    }
    for (size_t i = 0; i < plan->copy_count; i++) {
        const struct plan_copy *copy = &plan->copies[i];
        if (!bytes_in(copy->target, copy->size, plan->size)) {
            return error_file(error, ERROR_INTERNAL, t->destination,
                              "copy %zu of the plan ends behind the file: this is a bug", i);
        }
        if (copy_range(t, source, *copy, error) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < plan->write_count; i++) {
        const struct plan_write *write = &plan->writes[i];
        if (!bytes_in(write->target, write->size, plan->size)) {
            return error_file(error, ERROR_INTERNAL, t->destination,
                              "%s of the plan end behind the file: this is a bug", write->what);
        }
        if (write_all(t, write->target, write->bytes, write->size, error) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Naming the original as the destination is in place, whatever it was called. */
static int check_destination(const struct write_options *options, int source_fd,
                             const struct stat *existing, bool *in_place, struct error *error)
{
    struct stat source;
    if (fstat(source_fd, &source) < 0) {
        return error_system(error, errno, options->destination, "cannot look at the original");
    }
    bool same = existing->st_mode != 0 && existing->st_dev == source.st_dev &&
                existing->st_ino == source.st_ino;
    if (options->in_place && !same) {
        return error_file(error, ERROR_SYSTEM, options->destination,
                          "another file took its place meanwhile: try again");
    }
    if (same && existing->st_nlink > 1 && !options->break_hardlinks) {
        return error_file(error, ERROR_SYSTEM, options->destination,
                          "it has %lu names (hard links), and the others would keep the old "
                          "contents: give --break-hardlinks, or write to a new name with -o",
                          (unsigned long)existing->st_nlink);
    }
    *in_place = same;
    return 0;
}

int write_plan(const struct plan *plan, const struct image *image, int source_fd,
               const struct write_options *options, write_check *check, void *context,
               struct error *error)
{
    CLEANUP_TEMPORARY struct temporary t;
    struct stat existing;
    bool in_place = false;
    if (temporary_create(&t, options->destination, 0600, &existing, error) < 0 ||
        check_destination(options, source_fd, &existing, &in_place, error) < 0 ||
        write_contents(&t, plan, source_fd, error) < 0) {
        return -1;
    }
    image_forget(image, 0, image_bytes(image).size);
    if (check && check(t.fd, options->destination, context, error) < 0) {
        return -1;
    }
    if (privileges_copy(source_fd, t.fd, in_place, image_name(image), error) < 0) {
        return -1;
    }
    return temporary_commit(&t, options->sync, error);
}

int write_file(const char *destination, struct bytes contents, struct error *error)
{
    CLEANUP_TEMPORARY struct temporary t;
    struct stat existing;
    if (temporary_create(&t, destination, 0666, &existing, error) < 0 ||
        write_all(&t, 0, contents.data, contents.size, error) < 0) {
        return -1;
    }
    return temporary_commit(&t, false, error);
}
