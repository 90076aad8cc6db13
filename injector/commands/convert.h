/* SPDX-License-Identifier: Apache-2.0 */
/* A policy in another format, proved to mean the same. */
#ifndef ELFCAGE_COMMANDS_CONVERT_H
#define ELFCAGE_COMMANDS_CONVERT_H

#include "commands/compiled.h"

/* OCI seccomp JSON, read back and proved equal for the target. Owned by the caller. ERROR_POLICY
   for what the format has no words for. */
int convert_to_oci(const struct compiled *compiled, const struct verbosity *verbosity, char **out,
                   struct error *error);

#endif
