/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of writing share. Each test has a directory of its own, which is the working
 * directory and holds SOURCE; whatever a test does, the directory must hold exactly the names that
 * are expected afterwards.
 */
#ifndef ELFCAGE_TESTS_WRITE_FIXTURE_H
#define ELFCAGE_TESTS_WRITE_FIXTURE_H

#include "elf/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NOBODY 65534u
#define SOURCE "source"
#define SOURCE_SIZE ((3u << 20) + 123u)

struct fixture {
    char directory[64];
    uint8_t *source;   /* contents of SOURCE */
    uint8_t *expected; /* what the plan makes of it */
    struct plan plan;
    struct plan_copy copies[2];
    struct plan_write writes[2];
};

int write_set_up(void **state);
int write_tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, write_set_up, write_tear_down)

/* cmocka_run_group_tests_name, with an image at hand for write_plan(), whose name is "program". */
int write_group(const char *name, const struct CMUnitTest *tests, size_t count);

void make_file(const char *name, const void *bytes, size_t size, mode_t mode);
struct stat look(const char *name);

/* Carries the plan out, from SOURCE. */
int write_with(const struct fixture *f, const struct write_options *options, write_check *check,
               struct error *error);
int write_to(const struct fixture *f, const char *destination, struct error *error);
int write_in_place(const struct fixture *f, struct error *error);

/* Asserts that directory `path` holds these names and no others; the list ends with NULL. */
void assert_holds(const char *path, ...) __attribute__((sentinel));
void assert_contents(const char *name, const void *bytes, size_t size);
/* That the file is what the plan says. */
void assert_written(const struct fixture *f, const char *name);
void assert_done(int result, struct error *error);
/* ERROR_SYSTEM with this line; clears the error. */
void assert_refused(int result, struct error *error, const char *line);

/* Runs `body` in a child, where its assertions hold as well; returns the status of waitpid(). */
int in_child(void (*body)(const struct fixture *f), const struct fixture *f);
void become_nobody(void);
/* Skips the test for other users. */
void need_root(void);

#endif
