/* SPDX-License-Identifier: Apache-2.0 */
/* The policy that lets pass what was refused. */
#ifndef ELFCAGE_COMMANDS_AMEND_H
#define ELFCAGE_COMMANDS_AMEND_H

#include "commands/command.h"
#include "commands/explanation.h"

/*
 * The subject's policy, with the calls of its events allowed, as canonical text owned by the
 * caller. `exact`: with those values of 32-bit arguments that all calls seen had in common. What
 * cannot be allowed is a note. ERROR_CHECK if a call would be refused all the same.
 */
int amend(const struct subject *subject, const struct events *events, bool exact,
          const struct verbosity *verbosity, char **out, struct error *error);

#endif
