/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as the bytes of a target: 8 an instruction, struct sock_filter of linux/filter.h. */
#include "filter/filter.h"

#include "base/memory.h"

struct filter filter_decode(struct bytes bytes, bool big_endian)
{
    struct filter filter = {.count = bytes.size / sizeof *filter.instructions};
    filter.instructions = memory_zeroed(filter.count, sizeof *filter.instructions);
    for (size_t i = 0; i < filter.count; i++) {
        const uint8_t *p = bytes.data + i * sizeof *filter.instructions;
        filter.instructions[i] = (struct sock_filter){
            .code = bytes_get16(p, big_endian),
            .jt = p[2],
            .jf = p[3],
            .k = bytes_get32(p + 4, big_endian),
        };
    }
    return filter;
}

struct buffer filter_encode(const struct filter *filter, bool big_endian)
{
    struct buffer buffer = {0};
    for (size_t i = 0; i < filter->count; i++) {
        const struct sock_filter *instruction = &filter->instructions[i];
        uint8_t raw[sizeof *instruction];
        bytes_put16(raw, big_endian, instruction->code);
        raw[2] = instruction->jt;
        raw[3] = instruction->jf;
        bytes_put32(raw + 4, big_endian, instruction->k);
        buffer_add(&buffer, raw, sizeof raw);
    }
    return buffer;
}

int filter_read(const char *file, struct bytes bytes, bool big_endian, struct filter *out,
                struct error *error)
{
    if (bytes.size % sizeof *out->instructions) {
        return error_file(error, ERROR_POLICY, file,
                          "%zu bytes are no BPF program, whose instructions have %zu each: give it "
                          "whole",
                          bytes.size, sizeof *out->instructions);
    }
    struct filter filter = filter_decode(bytes, big_endian);
    if (filter_check(&filter, error) < 0) {
        filter_free(&filter);
        error->kind = ERROR_POLICY;
        error_name_file(error, file);
        return -1;
    }
    *out = filter;
    return 0;
}

bool filter_equal(const struct filter *a, const struct filter *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct sock_filter *x = &a->instructions[i];
        const struct sock_filter *y = &b->instructions[i];
        if (x->code != y->code || x->jt != y->jt || x->jf != y->jf || x->k != y->k) {
            return false;
        }
    }
    return true;
}
