/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of verify share: a caged file in memory, which a test changes. The subject is a
 * small dynamic program that is built beside them (subject.c). A forger knows the format: what is
 * changed inside the payload gets its digest made anew, so that the check that is meant has to find
 * it.
 */
#ifndef ELFCAGE_TESTS_VERIFY_FIXTURE_H
#define ELFCAGE_TESTS_VERIFY_FIXTURE_H

#include "base/memory.h"
#include "elf/payload_format.h"
#include "elf/payload_write.h"
#include "elf/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A caged file that may be changed, and where things stand in it. */
struct caged {
    struct buffer file;
    uint64_t segment; /* offset of the payload's segment */
    uint64_t size;    /* of it */
    uint64_t phdr;    /* offset of its program header */
    uint64_t stub;    /* offset of the stub's configuration */
    struct image *image;
    struct payload payload;
};

/* A cage that allows everything. */
extern const struct cage plain;
void make(struct caged *c, const char *subject, const struct cage *cage);

/* Each test has a cage of its own, `plain` in SUBJECT. */
int verify_set_up(void **state);
int verify_tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, verify_set_up, verify_tear_down)

/* Reads the file as it is now: 0, or -1 and why it cannot be read. */
int open_caged(struct caged *c, struct error *error);
void close_caged(struct caged *c);

/* The text of the error, NULL if there is none. Owned by the caller. */
char *verdict(struct caged *c, const struct verify_accept *accept);
void assert_verifies(struct caged *c, const struct verify_accept *accept);
/* `expected` is the beginning of the text. */
void assert_fails(struct caged *c, const char *expected);

/* Numbers of `size` bytes at an offset of the file. */
uint64_t get(const struct caged *c, uint64_t at, size_t size);
void put(struct caged *c, uint64_t at, size_t size, uint64_t value);
void fix_digest(struct caged *c);

#endif
