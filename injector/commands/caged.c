/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/caged.h"

#include "base/memory.h"
#include "commands/compiled.h"
#include "elf/verify.h"

#include <string.h>

void caged_free(struct caged *caged)
{
    filter_free(&caged->filter);
    table_free(caged->table);
    resolution_free(&caged->resolution);
    policy_free(caged->policy);
    payload_clear(&caged->payload);
    image_free(caged->image);
    *caged = (struct caged){0};
}

static void move(struct caged *to, struct caged *from)
{
    *to = *from;
    *from = (struct caged){0};
}

int caged_read(struct image *image, struct caged *out, struct error *error)
{
    __attribute__((cleanup(caged_free))) struct caged caged = {.image = image};
    const char *name = image_name(image);
    int found = payload_find(image, &caged.payload, error);
    if (found < 0) {
        return -1;
    }
    if (found == 0) {
        return error_file(error, ERROR_UNSUPPORTED, name, "not caged");
    }
    const char *text = caged.payload.cage.policy_text;
    if (*text && (canonical_parse("recorded policy", text, strlen(text), &caged.policy,
                                  &caged.resolution, error) < 0 ||
                  table_replay(caged.policy, image_arch(image), &caged.resolution, &caged.table,
                               error) < 0)) {
        CLEANUP_FREE char *line = error_line(error);
        error_clear(error);
        return error_file(error, ERROR_UNSUPPORTED, name, "the payload is damaged: %s", line);
    }
    caged.filter = filter_decode(caged.payload.cage.instructions, image_big_endian(image));
    move(out, &caged);
    return 0;
}

int caged_open(const char *path, struct caged *out, struct error *error)
{
    struct image *image = NULL;
    if (image_open(path, &image, error) < 0) {
        return -1;
    }
    return caged_read(image, out, error);
}

int caged_verify(const struct caged *caged, const struct verify_accept *accept, struct error *error)
{
    const char *name = image_name(caged->image);
    if (verify_cage(caged->image, &caged->payload, accept, error) < 0 ||
        filter_check(&caged->filter, error) < 0 ||
        (caged->table && prove_or_fail(&caged->filter, caged->table, ERROR_CHECK, error) < 0)) {
        error->kind = ERROR_CHECK;
        error_name_file(error, name);
        return -1;
    }
    bool marked = (caged->payload.cage.payload_flags & PAYLOAD_AUDIT) != 0;
    bool audit = caged->policy && caged->policy->audit;
    uint32_t flags = caged->policy ? caged->policy->flags : 0;
    if (marked != audit) {
        return error_file(error, ERROR_CHECK, name,
                          "its policy is %s audit, the payload's mark says otherwise",
                          audit ? "an" : "no");
    }
    if ((caged->payload.cage.seccomp_flags & flags) != flags) {
        return error_file(error, ERROR_CHECK, name,
                          "the filter is loaded without a flag that its policy asks for");
    }
    return 0;
}

const char *hook_name(enum hook hook)
{
    switch (hook) {
    case HOOK_ENTRY:
        return "entry";
    case HOOK_INIT:
        return "init";
    case HOOK_PREINIT:
        return "preinit";
    case HOOK_COUNT:
        break;
    }
    return "unknown";
}
