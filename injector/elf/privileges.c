/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place, the new file is the old one for whoever uses it: owner, group, mode, ACL, file
 * capabilities, security label and the user's own attributes are those of the old one, or the file
 * is not replaced.
 *
 * With -o the new file is a copy, and it belongs to whoever makes it, as with objcopy, install and
 * cp. Mode, ACL, capabilities and attributes go along; what belongs to the owner or to the place
 * does not:
 *  - set-user-ID and set-group-ID go along only where owner and group are the same. Otherwise they
 *    would hand out somebody else's rights than those the bit was set for (cp -p, tar and rsync
 * drop them too).
 *  - the security label (SELinux, Smack) is the one that the directory gives to new files.
 *  - user.* and trusted.* attributes are left out where the file system has no room for such.
 *
 * Never kept: security.ima and security.evm. They sign the old content; the new one has to be
 * signed again. overlayfs keeps its own notes in attributes, which are about the old inode.
 *
 * Order (chown(2), chmod(2), setxattr(2), capabilities(7)): chown clears set-id bits and
 * capabilities, so it comes first; user.* attributes need write permission by mode, so they come
 * before chmod; an ACL sets the group bits of the mode, so it comes before chmod as well;
 * capabilities come last.
 */
#include "elf/privileges.h"

#include "base/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ACL "system.posix_acl_access"
#define CAPABILITY "security.capability"

#define SIZE_TRIES 8

struct copying {
    int from, to;
    bool in_place;
    const char *name;
};

/* A value or a list of names; size < 0: errno says why there is none. */
struct value {
    char *bytes; /* owned */
    ssize_t size;
};

static void value_free(struct value *value)
{
    free(value->bytes);
}

#define CLEANUP_VALUE __attribute__((cleanup(value_free)))

/* `attribute` NULL: the list of names. The size may change between two calls. */
static struct value get(int fd, const char *attribute)
{
    struct value value = {NULL, -1};
    for (int i = 0; i < SIZE_TRIES; i++) {
        ssize_t size = attribute ? fgetxattr(fd, attribute, NULL, 0) : flistxattr(fd, NULL, 0);
        if (size <= 0) {
            value.size = size;
            return value;
        }
        value.bytes = memory_resize(value.bytes, (size_t)size, 1);
        value.size = attribute ? fgetxattr(fd, attribute, value.bytes, (size_t)size)
                               : flistxattr(fd, value.bytes, (size_t)size);
        if (value.size >= 0 || errno != ERANGE) {
            return value;
        }
    }
    return value;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_for_users(const char *attribute)
{
    return starts_with(attribute, "user.") || starts_with(attribute, "trusted.");
}

/* The ACL and the capabilities have their own place in the order. */
static bool goes_along(const struct copying *c, const char *attribute)
{
    static const char *const never[] = {ACL,
                                        CAPABILITY,
                                        "system.posix_acl_default",
                                        "security.ima",
                                        "security.evm",
                                        "user.overlay.",
                                        "trusted.overlay."};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (starts_with(attribute, never[i])) {
            return false;
        }
    }
    return c->in_place || !starts_with(attribute, "security.");
}

/* Makes one attribute of `to` what it is in `from`; nothing is set that is so already, since the
   label of a new file is often right and not ours to set. */
static int copy_attribute(const struct copying *c, const char *attribute, struct error *error)
{
    CLEANUP_VALUE struct value wanted = get(c->from, attribute);
    if (wanted.size < 0) {
        if (errno == ENODATA || errno == EOPNOTSUPP) {
            return 0;
        }
        return error_system(error, errno, c->name, "cannot read its attribute %s", attribute);
    }
    CLEANUP_VALUE struct value present = get(c->to, attribute);
    if (present.size == wanted.size &&
        (wanted.size == 0 || memcmp(present.bytes, wanted.bytes, (size_t)wanted.size) == 0)) {
        return 0;
    }
    if (fsetxattr(c->to, attribute, wanted.bytes, (size_t)wanted.size, 0) == 0 ||
        (errno == EOPNOTSUPP && !c->in_place && is_for_users(attribute))) {
        return 0;
    }
    return error_system(error, errno, c->name,
                        "cannot keep its attribute %s (run as a user who may set it, or remove it "
                        "first: setfattr -x %s)",
                        attribute, attribute);
}

static int copy_attributes(const struct copying *c, struct error *error)
{
    CLEANUP_VALUE struct value names = get(c->from, NULL);
    if (names.size < 0) {
        if (errno == EOPNOTSUPP) {
            return 0;
        }
        return error_system(error, errno, c->name, "cannot list its extended attributes");
    }
    for (ssize_t at = 0; at < names.size; at += (ssize_t)strlen(names.bytes + at) + 1) {
        const char *name = names.bytes + at;
        if (goes_along(c, name) && copy_attribute(c, name, error) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A default ACL of the directory has given the new file one that the old one need not have. */
static int copy_acl(const struct copying *c, struct error *error)
{
    CLEANUP_VALUE struct value acl = get(c->from, ACL);
    if (acl.size < 0) {
        if (fremovexattr(c->to, ACL) < 0 && errno != ENODATA && errno != EOPNOTSUPP) {
            return error_system(error, errno, c->name, "cannot remove an inherited ACL");
        }
        return 0;
    }
    if (copy_attribute(c, ACL, error) < 0) {
        return error_context(error, "access control list");
    }
    return 0;
}

static int copy_owner(const struct copying *c, const struct stat *from, const struct stat *to,
                      struct error *error)
{
    if (!c->in_place || (from->st_uid == to->st_uid && from->st_gid == to->st_gid)) {
        return 0;
    }
    if (fchown(c->to, from->st_uid, from->st_gid) < 0) {
        return error_system(error, errno, c->name,
                            "cannot keep its owner %u and group %u (run as root, or write a copy "
                            "with -o)",
                            from->st_uid, from->st_gid);
    }
    return 0;
}

/* `owner` is who the new file belongs to by now. The kernel drops set-group-ID silently where it
   does not like it, hence the look afterwards. */
static int copy_mode(const struct copying *c, const struct stat *from, const struct stat *owner,
                     struct error *error)
{
    mode_t mode = from->st_mode & 07777;
    if (from->st_uid != owner->st_uid) {
        mode &= ~(mode_t)S_ISUID;
    }
    if (from->st_gid != owner->st_gid) {
        mode &= ~(mode_t)S_ISGID;
    }
    struct stat result;
    if (fchmod(c->to, mode) < 0 || fstat(c->to, &result) < 0) {
        return error_system(error, errno, c->name, "cannot keep its mode %04o", mode);
    }
    if ((result.st_mode & 07777) != mode) {
        return error_file(error, ERROR_SYSTEM, c->name,
                          "cannot keep its mode %04o (it would become %04o): run as root", mode,
                          result.st_mode & 07777);
    }
    return 0;
}

static int copy_capabilities(const struct copying *c, struct error *error)
{
    CLEANUP_VALUE struct value wanted = get(c->from, CAPABILITY);
    if (wanted.size < 0 || copy_attribute(c, CAPABILITY, error) == 0) {
        return 0;
    }
    error_clear(error);
    return error_file(error, ERROR_SYSTEM, c->name,
                      "cannot keep its file capabilities: run as root, or remove them first with "
                      "setcap -r and set them afterwards");
}

int privileges_copy(int from, int to, bool in_place, const char *name, struct error *error)
{
    const struct copying c = {from, to, in_place, name};
    struct stat old;
    struct stat new;
    if (fstat(from, &old) < 0 || fstat(to, &new) < 0) {
        return error_system(error, errno, name, "cannot look at its owner and mode");
    }
    if (copy_owner(&c, &old, &new, error) < 0) {
        return -1;
    }
    if (fstat(to, &new) < 0) {
        return error_system(error, errno, name, "cannot look at the new file's owner");
    }
    if (copy_attributes(&c, error) < 0 || copy_acl(&c, error) < 0 ||
        copy_mode(&c, &old, &new, error) < 0) {
        return -1;
    }
    return copy_capabilities(&c, error);
}
