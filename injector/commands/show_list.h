/* SPDX-License-Identifier: Apache-2.0 */
/* show --recursive: which files below a folder are caged. */
#ifndef ELFCAGE_COMMANDS_SHOW_LIST_H
#define ELFCAGE_COMMANDS_SHOW_LIST_H

#include "base/error.h"

#include <stdbool.h>

/* One line, or (json) one object of "files", for each caged file below `root`, and for each whose
   payload is damaged. Links are not followed. */
int show_list(char *root, bool json, struct error *error);

#endif
