/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of JSON formats ask of a value, each with the error that says where and what.
 * All return 0, or -1 with the error set.
 */
#ifndef ELFCAGE_POLICY_FIELDS_H
#define ELFCAGE_POLICY_FIELDS_H

#include "policy/json.h"

/* An error at a value, at the key of a member. */
int fail_value(const char *file, const struct json_value *value, struct error *error,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
int fail_key(const char *file, const struct json_value *member, struct error *error,
             const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The value has to be of that kind. */
int expect_kind(const char *file, const struct json_value *value, enum json_kind kind,
                struct error *error);
/* A whole number from 0 to `highest`, written as digits. */
int expect_uint(const char *file, const struct json_value *value, uint64_t highest,
                uint64_t *number, struct error *error);
/* Every key of `object` is one of `keys`. `where` names the object in the message. */
int expect_keys(const char *file, const struct json_value *object, const char *const *keys,
                size_t key_count, const char *where, struct error *error);

#endif
