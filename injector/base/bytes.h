/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come from a file: ranges, overflow, byte order. The only place that does arithmetic
 * on offsets and sizes that somebody else chose.
 */
#ifndef ELFCAGE_BASE_BYTES_H
#define ELFCAGE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* Sums, products and alignment that say when they do not fit. True on success. */
bool bytes_add(uint64_t a, uint64_t b, uint64_t *sum);
bool bytes_multiply(uint64_t a, uint64_t b, uint64_t *product);
bool bytes_align_up(uint64_t value, uint64_t power_of_two, uint64_t *aligned);

/* Is [offset, offset + size) within [0, limit)? No overflow whatever the values are. */
bool bytes_in(uint64_t offset, uint64_t size, uint64_t limit);

/* Do [a, a + a_size) and [b, b + b_size) share a byte? Empty runs share none. */
bool bytes_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size);

/* The part [offset, offset + size) of `whole`; false if it is not all there. */
bool bytes_slice(struct bytes whole, uint64_t offset, uint64_t size, struct bytes *part);

bool bytes_equal(struct bytes a, struct bytes b);

/* Little-endian or big-endian numbers at `p`, which need not be aligned. */
uint16_t bytes_get16(const uint8_t *p, bool big_endian);
uint32_t bytes_get32(const uint8_t *p, bool big_endian);
uint64_t bytes_get64(const uint8_t *p, bool big_endian);
void bytes_put16(uint8_t *p, bool big_endian, uint16_t value);
void bytes_put32(uint8_t *p, bool big_endian, uint32_t value);
void bytes_put64(uint8_t *p, bool big_endian, uint64_t value);

/* A growing run of bytes that is owned. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void buffer_add(struct buffer *b, const void *bytes, size_t size);
void buffer_fill(struct buffer *b, uint8_t value, size_t count);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends zero bytes until the size is a multiple of `power_of_two`. */
void buffer_align(struct buffer *b, size_t power_of_two);
void buffer_free(struct buffer *b);
/* Hands the contents over as a NUL-terminated text; the buffer is empty afterwards. */
char *buffer_steal_text(struct buffer *b);

#define BYTES_DIGEST_SIZE 32u
/* SHA-256 (FIPS 180-4) of `size` bytes, by nettle, which uses what the processor has for it. */
void bytes_digest(const void *bytes, size_t size, uint8_t digest[static BYTES_DIGEST_SIZE]);

#endif
