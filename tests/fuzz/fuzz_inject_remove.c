/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any image that can be caged, by any hook: the caged file is an image, its payload is found, what
 * must be true of it is, loaders call the stub, and removal gives the same bytes back.
 */
#include "base/memory.h"
#include "elf/payload.h"
#include "elf/plan.h"
#include "elf/verify_hook.h"
#include "tests/unit/elf/check_cage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

static void require_success(int result, const struct error *error, const char *what)
{
    if (result != 0) {
        fprintf(stderr, "%s\n", error->text);
    }
    require(result == 0, what);
}

static void go_back(const struct image *image, struct bytes original)
{
    struct error error = {0};
    struct payload payload = {0};
    struct plan *plan = NULL;
    require(payload_find(image, &payload, &error) == 1, "the payload is found");
    const char *problem =
        check_cage(original, image_bytes(image), &payload, image_arch(image)->page_size, false);
    require(!problem, problem);
    require_success(verify_hook(image, &payload, &error), &error, "the stub is called");
    require_success(plan_remove(image, &payload, &plan, &error), &error, "the cage can be removed");
    struct buffer back = plan_apply(plan, image);
    require(back.size == original.size && memcmp(back.data, original.data, back.size) == 0,
            "removal gives the original back");
    buffer_free(&back);
    plan_free(plan);
    payload_clear(&payload);
}

static void test_hook(struct bytes original, enum hook hook)
{
    static const uint8_t filter[16] = {6, 0, 0, 0, 0, 0, 0xff, 0x7f, 6};
    const struct cage cage = {
        .instructions = {filter, sizeof filter}, .policy_text = "{}", .hook = hook};
    struct error error = {0};
    struct image *image = NULL;
    struct plan *plan = NULL;
    if (image_from_bytes(original, "fuzz", &image, &error) == 0 &&
        plan_inject(image, &cage, &plan, &error) == 0) {
        struct buffer caged = plan_apply(plan, image);
        struct image *again = NULL;
        require_success(
            image_from_bytes((struct bytes){caged.data, caged.size}, "caged", &again, &error),
            &error, "the caged file is an image");
        go_back(again, original);
        image_free(again);
        buffer_free(&caged);
    }
    plan_free(plan);
    image_free(image);
    require(error.kind != ERROR_INTERNAL, "no bug of ours");
    error_clear(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        test_hook((struct bytes){data, size}, hook);
    }
    return 0;
}
