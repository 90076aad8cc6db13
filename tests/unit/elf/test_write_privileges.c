/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes along with the bytes: owner, mode, ACL, attributes, capabilities; and that what cannot
 * go along is refused. Most of it takes root, who then plays other users in children.
 */
#include "write_fixture.h"

#include <errno.h>
#include <grp.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL "system.posix_acl_access"

/* u::rwx u:65534:r-x g::r-x m::r-x o::--- (acl(5), linux/posix_acl_xattr.h) */
static const uint8_t acl[] = {2,   0,   0,   0,    1,   0,    7,    0,   255, 255, 255,
                              255, 2,   0,   5,    0,   0xfe, 0xff, 0,   0,   4,   0,
                              5,   0,   255, 255,  255, 255,  0x10, 0,   5,   0,   255,
                              255, 255, 255, 0x20, 0,   0,    0,    255, 255, 255, 255};

/* Version 2, permitted: CAP_NET_BIND_SERVICE, effective (linux/capability.h). */
static const uint8_t capability[20] = {1, 0, 0, 2, 0, 4};

static void set_attribute(const char *file, const char *name, const void *value, size_t size)
{
    if (setxattr(file, name, value, size, 0) < 0) {
        assert_true(errno == EOPNOTSUPP || errno == EPERM);
        print_message("# skipping: %s cannot be set here\n", name);
        skip();
    }
}

static void assert_attribute(const char *file, const char *name, const void *value, size_t size)
{
    uint8_t found[128];
    assert_int_equal(getxattr(file, name, found, sizeof found), (ssize_t)size);
    assert_memory_equal(found, value, size);
}

static void assert_no_attribute(const char *file, const char *name)
{
    uint8_t found[128];
    assert_int_equal(getxattr(file, name, found, sizeof found), -1);
    assert_int_equal(errno, ENODATA);
}

static void test_write_in_place_keeps_all_privileges(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    assert_int_equal(chown(SOURCE, 1234, 4321), 0);
    set_attribute(SOURCE, ACL, acl, sizeof acl);
    assert_int_equal(chmod(SOURCE, 06551), 0);
    set_attribute(SOURCE, "user.one", "1", 1);
    set_attribute(SOURCE, "user.empty", "", 0);
    set_attribute(SOURCE, "trusted.two", "22", 2);
    set_attribute(SOURCE, "security.label", "33", 2);
    set_attribute(SOURCE, "security.capability", capability, sizeof capability);
    uint8_t acl_now[sizeof acl];
    assert_int_equal(getxattr(SOURCE, ACL, acl_now, sizeof acl_now), sizeof acl_now);

    assert_done(write_in_place(f, &error), &error);
    assert_written(f, SOURCE);
    struct stat status = look(SOURCE);
    assert_int_equal(status.st_uid, 1234);
    assert_int_equal(status.st_gid, 4321);
    assert_int_equal(status.st_mode, S_IFREG | 06551);
    assert_attribute(SOURCE, ACL, acl_now, sizeof acl_now);
    assert_attribute(SOURCE, "user.one", "1", 1);
    assert_attribute(SOURCE, "user.empty", "", 0);
    assert_attribute(SOURCE, "trusted.two", "22", 2);
    assert_attribute(SOURCE, "security.label", "33", 2);
    assert_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_holds(".", SOURCE, NULL);
}

/* `-o` with the name of the source is in place. */
static void test_write_finds_out_that_it_is_in_place(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    assert_int_equal(chown(SOURCE, 1234, 4321), 0);
    assert_done(write_to(f, SOURCE, &error), &error);
    assert_int_equal(look(SOURCE).st_uid, 1234);
}

static void test_write_keeps_a_mode_that_forbids_writing(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    set_attribute(SOURCE, "user.one", "1", 1);
    assert_int_equal(chmod(SOURCE, 0511), 0);
    umask(077);
    assert_done(write_in_place(f, &error), &error);
    assert_int_equal(look(SOURCE).st_mode, S_IFREG | 0511);
    assert_attribute(SOURCE, "user.one", "1", 1);
}

static void test_write_drops_an_inherited_acl(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    set_attribute(".", "system.posix_acl_default", acl, sizeof acl);
    assert_done(write_in_place(f, &error), &error);
    assert_no_attribute(SOURCE, ACL);
    assert_int_equal(look(SOURCE).st_mode, S_IFREG | 0755);
}

static void test_write_never_keeps_a_signature_of_the_old_contents(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    set_attribute(SOURCE, "security.ima", "\x01hash", 5);
    assert_done(write_in_place(f, &error), &error);
    assert_no_attribute(SOURCE, "security.ima");
}

static void test_write_gives_a_copy_the_mode_and_capabilities(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    set_attribute(SOURCE, "security.label", "33", 2);
    assert_int_equal(chmod(SOURCE, 06711), 0);
    set_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_done(write_to(f, "new", &error), &error);
    assert_int_equal(look("new").st_mode, S_IFREG | 06711);
    assert_attribute("new", "security.capability", capability, sizeof capability);
    assert_no_attribute("new", "security.label");
}

static void test_write_gives_no_set_id_bits_to_another_owner(void **state)
{
    const struct fixture *f = *state;
    struct error error = {0};
    need_root();
    assert_int_equal(chown(SOURCE, 1234, 0), 0);
    assert_int_equal(chmod(SOURCE, 06755), 0);
    assert_done(write_to(f, "new", &error), &error);
    struct stat status = look("new");
    assert_int_equal(status.st_uid, 0);
    assert_int_equal(status.st_mode, S_IFREG | S_ISGID | 0755);
}

static void refuse_owner(const struct fixture *f)
{
    struct error error = {0};
    become_nobody();
    int result = write_in_place(f, &error);
    assert_refused(result, &error,
                   "program: cannot keep its owner 0 and group 0 (run as root, or write a copy "
                   "with -o): Operation not permitted");
}

static void test_write_refuses_to_change_the_owner(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(in_child(refuse_owner, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

static void refuse_capabilities(const struct fixture *f)
{
    static const char line[] =
        "program: cannot keep its file capabilities: run as root, or remove them first with "
        "setcap -r and set them afterwards";
    struct error error = {0};
    become_nobody();
    int result = write_in_place(f, &error);
    assert_refused(result, &error, line);
    result = write_to(f, "new", &error);
    assert_refused(result, &error, line);
}

static void test_write_refuses_to_lose_capabilities(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(chown(SOURCE, NOBODY, NOBODY), 0);
    set_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_int_equal(in_child(refuse_capabilities, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_attribute(SOURCE, "security.capability", capability, sizeof capability);
    assert_holds(".", SOURCE, NULL);
}

static void refuse_label(const struct fixture *f)
{
    struct error error = {0};
    become_nobody();
    int result = write_in_place(f, &error);
    assert_refused(result, &error,
                   "program: cannot keep its attribute security.label (run as a user who may set "
                   "it, or remove it first: setfattr -x security.label): Operation not permitted");
}

static void test_write_refuses_to_lose_a_label(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chmod(".", 0777), 0);
    assert_int_equal(chown(SOURCE, NOBODY, NOBODY), 0);
    set_attribute(SOURCE, "security.label", "33", 2);
    assert_int_equal(in_child(refuse_label, f), 0);
    assert_contents(SOURCE, f->source, SOURCE_SIZE);
    assert_holds(".", SOURCE, NULL);
}

static void refuse_set_group_id(const struct fixture *f)
{
    struct error error = {0};
    /* The owner, but not in the group: chmod(2) drops the bit and says nothing. */
    assert_int_equal(setresgid(1000, 1000, 1000), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
    int result = write_in_place(f, &error);
    assert_refused(result, &error,
                   "program: cannot keep its mode 2755 (it would become 0755): run as root");
}

static void test_write_refuses_to_lose_set_group_id(void **state)
{
    const struct fixture *f = *state;
    need_root();
    assert_int_equal(chown(SOURCE, NOBODY, NOBODY), 0);
    assert_int_equal(chmod(SOURCE, 02755), 0);
    /* So that the new file has the old one's group without chown. */
    assert_int_equal(chown(".", 0, NOBODY), 0);
    assert_int_equal(chmod(".", 02777), 0);
    assert_int_equal(in_child(refuse_set_group_id, f), 0);
    assert_int_equal(look(SOURCE).st_mode, S_IFREG | 02755);
    assert_holds(".", SOURCE, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write_in_place_keeps_all_privileges),
        TEST(test_write_finds_out_that_it_is_in_place),
        TEST(test_write_keeps_a_mode_that_forbids_writing),
        TEST(test_write_drops_an_inherited_acl),
        TEST(test_write_never_keeps_a_signature_of_the_old_contents),
        TEST(test_write_gives_a_copy_the_mode_and_capabilities),
        TEST(test_write_gives_no_set_id_bits_to_another_owner),
        TEST(test_write_refuses_to_change_the_owner),
        TEST(test_write_refuses_to_lose_capabilities),
        TEST(test_write_refuses_to_lose_a_label),
        TEST(test_write_refuses_to_lose_set_group_id),
    };
    return write_group("write_privileges", tests, LENGTH(tests));
}
