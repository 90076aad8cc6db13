/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files and what is said about them come from other people: whatever bytes they have, a
 * line stays one line, and no terminal obeys it. Errors, notes and reports on standard output all
 * go through here; JSON has its own way (policy/json.h).
 */
#ifndef ELFCAGE_COMMANDS_PRINTABLE_H
#define ELFCAGE_COMMANDS_PRINTABLE_H

/* A copy in which control characters, and bytes that are not UTF-8, are '?'. Owned by the caller.
 */
char *printable(const char *text);

#endif
