/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A caged file, taken apart: image, payload, the policy it carries, its table and filter. What
 * show, verify, simulate and the read-back of inject look at.
 */
#ifndef ELFCAGE_COMMANDS_CAGED_H
#define ELFCAGE_COMMANDS_CAGED_H

#include "elf/payload.h"
#include "filter/filter.h"
#include "policy/policy.h"

struct caged {
    struct image *image;
    struct payload payload;
    struct policy *policy; /* NULL: the filter was given as it is; no policy is recorded */
    struct resolution resolution;
    struct table *table;  /* NULL likewise */
    struct filter filter; /* as embedded, in the byte order of the host */
};

/* ERROR_UNSUPPORTED if the file is not caged, or its payload is damaged. Takes `image` over, also
 * on failure. */
int caged_read(struct image *image, struct caged *out, struct error *error);
int caged_open(const char *path, struct caged *out, struct error *error);
void caged_free(struct caged *caged); /* what it holds */

/* verify's questions: is the cage intact and hooked, and is the filter the policy that is recorded?
   Without a policy the last has no answer: that is left to the caller. */
struct verify_accept;
int caged_verify(const struct caged *caged, const struct verify_accept *accept,
                 struct error *error);

/* The name of a hook: "entry", "init", "preinit". */
const char *hook_name(enum hook hook);

#endif
