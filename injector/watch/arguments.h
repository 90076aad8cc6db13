/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a call that a traced thread makes, for people. */
#ifndef ELFCAGE_WATCH_ARGUMENTS_H
#define ELFCAGE_WATCH_ARGUMENTS_H

#include "arch/arch.h"

#include <linux/seccomp.h>
#include <sys/types.h>

/* "AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC, 0": paths are read from the thread, which is
   stopped at the call. Printable. Owned by the caller. `name` may be NULL. */
char *watch_arguments(const struct abi *abi, const char *name, const struct seccomp_data *call,
                      pid_t thread);

#endif
