/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image: it is refused with a message, or every getter works, a payload is found or
 * refused, and a removal plan, if there is one, stays inside both files. Once more with the digest
 * of the payload made anew, or no change of it would get further than that.
 */
#include "base/memory.h"
#include "elf/initialisers.h"
#include "elf/payload.h"
#include "elf/payload_format.h"
#include "elf/plan.h"
#include "elf/verify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct image *image)
{
    size_t length = 0;
    uint64_t sum = image_end(image);
    for (size_t i = 0; i < image_shdr_count(image); i++) {
        length += strlen(image_section_name(image, i));
    }
    for (size_t i = 0; i < image_dynamic_count(image); i++) {
        struct bytes bytes;
        if (image_at_address(image, image_dynamic(image, i).d_un.d_ptr, 8, &bytes)) {
            sum += bytes.data[0] + bytes.data[7];
        }
    }
    sum += initialisers_first(image).function + initialisers_preinit(image).function;
    sum += initialisers_are_relocated(image);
    volatile uint64_t kept = length + sum; /* keeps the loops; any number may come of such a file */
    (void)kept;
}

static void test_file(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct image *image = NULL;
    if (image_from_bytes((struct bytes){data, size}, "fuzz", &image, &error) != 0) {
        free(error_line(&error));
        error_clear(&error);
        return;
    }
    look_at(image);
    struct payload payload = {0};
    struct plan *plan = NULL;
    int found = payload_find(image, &payload, &error);
    if (found == 1 && verify_cage(image, &payload, NULL, &error) != 0) {
        error_clear(&error);
    }
    if (found == 1 && plan_remove(image, &payload, &plan, &error) == 0) {
        struct buffer original = plan_apply(plan, image);
        buffer_free(&original);
        plan_free(plan);
    }
    error_clear(&error);
    payload_clear(&payload);
    image_free(image);
}

/* Makes the digest of a payload anew, as somebody would who forges one; false if there is none. */
static bool seal(uint8_t *data, size_t size)
{
    uint8_t *payload = memmem(data, size, PAYLOAD_MAGIC, PAYLOAD_MAGIC_SIZE);
    if (!payload || (size_t)(data + size - payload) < PAYLOAD_HEADER_SIZE) {
        return false;
    }
    uint32_t whole = bytes_get32(payload + FIELD_SIZE, false);
    if (whole < BYTES_DIGEST_SIZE || whole > (size_t)(data + size - payload)) {
        return false;
    }
    bytes_digest(payload, whole - BYTES_DIGEST_SIZE, payload + whole - BYTES_DIGEST_SIZE);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *forged = memory_copy(data, size);
    test_file(data, size);
    if (seal(forged, size)) {
        test_file(forged, size);
    }
    free(forged);
    return 0;
}
