/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include "base/memory.h"

#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool bytes_add(uint64_t a, uint64_t b, uint64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

bool bytes_multiply(uint64_t a, uint64_t b, uint64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool bytes_align_up(uint64_t value, uint64_t power_of_two, uint64_t *aligned)
{
    uint64_t sum;
    if (power_of_two == 0 || !bytes_add(value, power_of_two - 1, &sum)) {
        return false;
    }
    *aligned = sum & ~(power_of_two - 1);
    return true;
}

bool bytes_in(uint64_t offset, uint64_t size, uint64_t limit)
{
    return offset <= limit && size <= limit - offset;
}

bool bytes_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    if (a_size == 0 || b_size == 0) {
        return false;
    }
    return a <= b ? b - a < a_size : a - b < b_size;
}

bool bytes_slice(struct bytes whole, uint64_t offset, uint64_t size, struct bytes *part)
{
    if (!bytes_in(offset, size, whole.size)) {
        return false;
    }
    *part = (struct bytes){whole.data + offset, (size_t)size};
    return true;
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint64_t get(const uint8_t *p, unsigned count, bool big_endian)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        value = value << 8 | p[big_endian ? i : count - 1 - i];
    }
    return value;
}

static void put(uint8_t *p, unsigned count, bool big_endian, uint64_t value)
{
    for (unsigned i = 0; i < count; i++) {
        p[big_endian ? count - 1 - i : i] = (uint8_t)(value >> (8 * i));
    }
}

uint16_t bytes_get16(const uint8_t *p, bool big_endian)
{
    return (uint16_t)get(p, 2, big_endian);
}

uint32_t bytes_get32(const uint8_t *p, bool big_endian)
{
    return (uint32_t)get(p, 4, big_endian);
}

uint64_t bytes_get64(const uint8_t *p, bool big_endian)
{
    return get(p, 8, big_endian);
}

void bytes_put16(uint8_t *p, bool big_endian, uint16_t value)
{
    put(p, 2, big_endian, value);
}

void bytes_put32(uint8_t *p, bool big_endian, uint32_t value)
{
    put(p, 4, big_endian, value);
}

void bytes_put64(uint8_t *p, bool big_endian, uint64_t value)
{
    put(p, 8, big_endian, value);
}

static uint8_t *extend(struct buffer *b, size_t count)
{
    size_t wanted;
    if (__builtin_add_overflow(b->size, count, &wanted)) {
        wanted = SIZE_MAX; /* the allocation below ends the program */
    }
    if (wanted > b->capacity) {
        size_t capacity = b->capacity ? b->capacity : 64;
        while (capacity < wanted) {
            if (__builtin_mul_overflow(capacity, (size_t)2, &capacity)) {
                capacity = SIZE_MAX;
            }
        }
        b->data = memory_resize(b->data, capacity, 1);
        b->capacity = capacity;
    }
    uint8_t *end = b->data + b->size;
    b->size = wanted;
    return end;
}

void buffer_add(struct buffer *b, const void *bytes, size_t size)
{
    if (size) {
        memcpy(extend(b, size), bytes, size);
    }
}

void buffer_fill(struct buffer *b, uint8_t value, size_t count)
{
    if (count) {
        memset(extend(b, count), value, count);
    }
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    buffer_add(b, text, strlen(text));
}

void buffer_align(struct buffer *b, size_t power_of_two)
{
    size_t over = b->size & (power_of_two - 1);
    if (over) {
        buffer_fill(b, 0, power_of_two - over);
    }
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}

char *buffer_steal_text(struct buffer *b)
{
    buffer_fill(b, 0, 1);
    char *text = (char *)b->data;
    *b = (struct buffer){0};
    return text;
}

void bytes_digest(const void *bytes, size_t size, uint8_t digest[static BYTES_DIGEST_SIZE])
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, size, bytes);
    sha256_digest(&context, BYTES_DIGEST_SIZE, digest);
}
