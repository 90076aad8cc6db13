/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as texts, and the options they are read with, for the tests of the OCI reader. */
#ifndef ELFCAGE_OCI_TEXTS_H
#define ELFCAGE_OCI_TEXTS_H

#include "policy_test.h"

#define RULES(rules) "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" rules "]}"
#define RULE(members) RULES("{\"action\":\"SCMP_ACT_ALLOW\"," members "}")
#define ARGS(name, arguments) RULE("\"names\":[\"" name "\"],\"args\":[" arguments "]")
#define ARG(index, value, op) "{\"index\":" index ",\"value\":" value ",\"op\":\"SCMP_CMP_" op "\"}"
#define MASKED(index, mask, value)                                                                 \
    "{\"index\":" index ",\"value\":" mask ",\"valueTwo\":" value ",\"op\":\"SCMP_CMP_MASKED_"     \
    "EQ\"}"

static const char *const admin[] = {"CAP_SYS_ADMIN", "CAP_SYSLOG"};

static const struct policy_options x86_64 = {.architecture = "x86_64"};
static const struct policy_options aarch64 = {.architecture = "aarch64"};
static const struct policy_options no_architecture = {0};
static const struct policy_options as_admin = {
    .architecture = "x86_64", .capabilities = admin, .capability_count = 2};
static const struct policy_options kernel_5_4 = {.architecture = "x86_64",
                                                 .minimum_kernel = "5.4.0-13-generic"};
static const struct policy_options compat_and = {.architecture = "x86_64", .compat = COMPAT_AND};
static const struct policy_options compat_runc = {.architecture = "x86_64", .compat = COMPAT_RUNC};

#endif
