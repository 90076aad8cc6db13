/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, packed: they come back. And any bytes as a packed form: refused, or the form of the
 * bytes that come out, and of no others.
 */
#include "base/compress.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    struct buffer packed = compress_pack(input);
    struct buffer plain = {0};
    require(packed.size <= size / 8 * 9 + 16);
    require(compress_unpack((struct bytes){packed.data, packed.size}, size, &plain));
    require(bytes_equal((struct bytes){plain.data, plain.size}, input));
    buffer_free(&plain);
    buffer_free(&packed);

    enum { LIMIT = 1 << 20 };
    if (compress_unpack(input, LIMIT, &plain)) {
        require(plain.size <= LIMIT && plain.size <= size * 94);
        packed = compress_pack((struct bytes){plain.data, plain.size});
        require(bytes_equal((struct bytes){packed.data, packed.size}, input));
        buffer_free(&packed);
        buffer_free(&plain);
    }
    return 0;
}
