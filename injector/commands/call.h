/* SPDX-License-Identifier: Apache-2.0 */
/* One system call as a command line has it: "--abi i386 openat AT_FDCWD 0 O_RDONLY|O_CLOEXEC". */
#ifndef ELFCAGE_COMMANDS_CALL_H
#define ELFCAGE_COMMANDS_CALL_H

#include "arch/arch.h"
#include "base/error.h"

#include <linux/seccomp.h>

/* The ABI of that name that a program for `arch` can use, native if NULL; *x32: its x32 numbers.
   NULL and ERROR_USAGE if there is none. */
const struct abi *call_parse_abi(const struct arch *arch, const char *name, bool *x32,
                                 struct error *error);

/* The number of a system call, by name or as a number. ERROR_USAGE. */
int call_parse_number(const struct abi *abi, bool x32, const char *text, uint32_t *number,
                      struct error *error);

/*
 * operands[0] is the system call, the others are its arguments, 0 where left out: each is a number
 * or a constant by name, or several of them joined by '|'. ERROR_USAGE.
 */
int call_parse(const struct arch *arch, const char *abi_name, char *const *operands, size_t count,
               struct seccomp_data *call, struct error *error);

#endif
