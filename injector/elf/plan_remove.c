/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning a removal: the original's bytes, copied from where they stand in the caged file, with
 * the pieces of the undo record laid over. The record is hostile input: it decides what the result
 * says, but never where elfcage reads or writes outside of the two files.
 */
#include "base/memory.h"
#include "elf/plan.h"

#include <inttypes.h>
#include <string.h>

static int changed(const struct image *image, struct error *error, uint64_t offset,
                   const char *what)
{
    return error_offset(error, ERROR_UNSUPPORTED, image_name(image), offset,
                        "changed since it was caged (%s): the original cannot be given back, use "
                        "the file it was made from, or --force to take the cage out of this one",
                        what);
}

static int check_unchanged(const struct image *image, const struct payload *payload,
                           struct error *error)
{
    struct bytes file = image_bytes(image);
    if (file.size != payload->caged_size) {
        return changed(image, error, file.size, "its size");
    }
    if (payload->offset != payload->caged_offset) {
        return changed(image, error, payload->offset, "the payload's place");
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < payload->guard_count; i++) {
        const struct undo_guard *guard = &payload->guards[i];
        struct bytes bytes;
        uint8_t digest[BYTES_DIGEST_SIZE];
        /* Injection writes each byte once: more than the file has would only cost time. */
        if (!bytes_add(sum, guard->size, &sum) || sum > file.size) {
            return error_offset(error, ERROR_UNSUPPORTED, image_name(image), payload->offset,
                                "the payload is damaged: parts that removal relies on overlap");
        }
        if (!bytes_slice(file, guard->offset, guard->size, &bytes)) {
            return changed(image, error, guard->offset, "a part is gone");
        }
        bytes_digest(bytes.data, bytes.size, digest);
        if (memcmp(digest, guard->digest, sizeof digest) != 0) {
            return changed(image, error, guard->offset, "a part that removal relies on");
        }
    }
    if (!bytes_in(payload->original_offset, payload->original_size, file.size)) {
        return error_offset(error, ERROR_UNSUPPORTED, image_name(image), payload->offset,
                            "the payload is damaged: the original is outside the file");
    }
    return 0;
}

static void add_write(struct plan *plan, uint64_t target, struct bytes bytes, const char *what)
{
    if (bytes.size) {
        struct plan_write *write = memory_append(&plan->writes, &plan->write_count,
                                                 &plan->write_capacity, sizeof *plan->writes);
        *write = (struct plan_write){target, memory_copy(bytes.data, bytes.size), bytes.size, what};
    }
}

int plan_remove(const struct image *image, const struct payload *payload, struct plan **out,
                struct error *error)
{
    if (check_unchanged(image, payload, error) != 0) {
        return -1;
    }
    struct plan *plan = memory_zeroed(1, sizeof *plan);
    plan->layout = "remove";
    plan->size = payload->original_size;
    struct plan_copy *copy =
        memory_append(&plan->copies, &plan->copy_count, &plan->copy_capacity, sizeof *plan->copies);
    *copy = (struct plan_copy){payload->original_offset, 0, payload->original_size};
    for (size_t i = 0; i < payload->undo_count; i++) {
        add_write(plan, payload->undo[i].offset, payload->undo[i].original, "original bytes");
    }
    *out = plan;
    return 0;
}
