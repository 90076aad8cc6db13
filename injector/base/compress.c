/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LZ77 with fixed codes. Why not a library's: what zlib writes depends on its version, and the same
 * input has to give the same file on every machine.
 *
 * Packed form: the number of plain bytes, 7 bits a byte, lowest first, the top bit saying that more
 * follow; then items, most significant bit first, until there are so many; zeros to a whole byte.
 *
 *   0, 8 bits                      a byte
 *   1, G(length - 1), D(distance)  a copy: `length` bytes (2 to 256) from `distance` bytes back
 *
 * G(x), x > 0: as many zeros as x has bits below its first one, then x in binary (Elias gamma).
 * D(x): G((x - 1) / 32 + 1), then (x - 1) % 32 in 5 bits. Each 64 KiB of the plain bytes are a
 * block for themselves: no copy reaches into another one. So memory does not grow with the input,
 * and time only as the input does.
 *
 * Which items are chosen is part of the form, as unpacking accepts no other: those that take the
 * fewest bits among the byte itself and, for each length, a copy from the nearest of four places,
 * where a hash of the next 2, 3, 4 and 6 bytes was seen last. What is inside a copy of 32 bytes or
 * more offers nothing. To choose others is to make a new form: a new version of whatever stores it.
 */
#include "base/compress.h"

#include "base/memory.h"

#include <endian.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)65536)
#define LENGTH_MAX 256u
#define LENGTH_LONG 16u /* what is in a copy this long offers nothing */
#define DISTANCE_LOW_BITS 5u
#define BYTE_BITS 9u /* of an item that is a byte */
#define HASHES 4u    /* of 2, 3, 4 and 6 bytes */
#define HASHED_MAX 6u
#define TABLE_BITS_MIN 8u
#define TABLE_BITS_MAX 14u

/* --- bits --- */

struct writer {
    struct buffer bytes;
    uint32_t pending; /* the lowest `count` bits are not in `bytes` yet */
    unsigned count;   /* 0 to 7 */
};

/* The lowest `count` bits of `value`, at most 16; those above are 0. */
static void put(struct writer *w, uint32_t value, unsigned count)
{
    w->pending = w->pending << count | value;
    w->count += count;
    while (w->count >= 8) {
        w->count -= 8;
        uint8_t byte = (uint8_t)(w->pending >> w->count);
        buffer_add(&w->bytes, &byte, 1);
    }
}

struct reader {
    struct bytes bytes;
    uint64_t at; /* bits */
};

static bool get(struct reader *r, unsigned count, uint32_t *value)
{
    if (count > (uint64_t)r->bytes.size * 8 - r->at) {
        return false;
    }
    uint32_t read = 0;
    for (; count > 0; count--, r->at++) {
        uint32_t byte = r->bytes.data[r->at / 8];
        read = read << 1 | (byte >> (7 - r->at % 8) & 1);
    }
    *value = read;
    return true;
}

/* Bits of x without its first one; x > 0. */
static unsigned low_bits(uint32_t x)
{
    return 31u - (unsigned)__builtin_clz(x);
}

static void put_gamma(struct writer *w, uint32_t x)
{
    put(w, 0, low_bits(x));
    put(w, x, low_bits(x) + 1);
}

/* False also for a number of more than `bits` bits behind its first. */
static bool get_gamma(struct reader *r, unsigned bits, uint32_t *x)
{
    unsigned zeros = 0;
    uint32_t bit = 0;
    uint32_t rest = 0;
    while (get(r, 1, &bit) && bit == 0 && zeros <= bits) {
        zeros++;
    }
    if (bit == 0 || zeros > bits || !get(r, zeros, &rest)) {
        return false;
    }
    *x = (uint32_t)1 << zeros | rest;
    return true;
}

/* --- packing --- */

/* The cheapest way to the end of an item: its cost up to there, and the item. */
struct step {
    uint32_t bits;
    uint16_t length;   /* 1: a byte */
    uint16_t distance; /* of a copy */
};

struct packing {
    const uint8_t *plain; /* one block */
    size_t size;
    struct step *steps; /* owned; one for each byte and one for the end */
    uint16_t *seen;     /* owned; HASHES tables: where a hash was seen last, 0 also if nowhere */
    unsigned table_bits;
};

static unsigned distance_bits(uint32_t distance)
{
    return 2 * low_bits(((distance - 1) >> DISTANCE_LOW_BITS) + 1) + 1 + DISTANCE_LOW_BITS;
}

static void offer(struct packing *p, size_t from, uint32_t length, uint32_t distance, uint32_t bits)
{
    struct step *step = &p->steps[from + length];
    if (step->bits > bits) {
        *step = (struct step){bits, (uint16_t)length, (uint16_t)distance};
    }
}

/* Offers a copy from `source`, if its bytes are those at `at`, for lengths above `known`. Returns
   the highest length that was offered so far. */
static uint32_t offer_copy(struct packing *p, size_t at, size_t source, uint32_t known)
{
    size_t longest = p->size - at < LENGTH_MAX ? p->size - at : LENGTH_MAX;
    if (source >= at || known >= longest || p->plain[source + known] != p->plain[at + known]) {
        return known;
    }
    uint32_t length = 0;
    while (length < longest && p->plain[source + length] == p->plain[at + length]) {
        length++;
    }
    uint32_t distance = (uint32_t)(at - source);
    uint32_t fixed = p->steps[at].bits + 1 + distance_bits(distance);
    uint32_t first = length < LENGTH_LONG ? known + 1 : length;
    for (uint32_t l = first; l <= length; l++) {
        offer(p, at, l, distance, fixed + 2 * low_bits(l - 1) + 1);
    }
    return length > known ? length : known;
}

/* The next 6 bytes at least, the first one lowest; zeros behind the end. */
static uint64_t next_bytes(const struct packing *p, size_t at)
{
    uint64_t bytes = 0;
    if (p->size - at >= sizeof bytes) {
        memcpy(&bytes, p->plain + at, sizeof bytes);
        return le64toh(bytes);
    }
    for (size_t i = at; i < p->size; i++) {
        bytes |= (uint64_t)p->plain[i] << 8 * (i - at);
    }
    return bytes;
}

/* Returns the highest length that was offered; 1 if none was. */
static uint32_t offer_copies(struct packing *p, size_t at)
{
    static const uint8_t lengths[HASHES] = {2, 3, 4, HASHED_MAX};
    uint32_t known = 1;
    size_t before = at; /* the candidate before */
    uint64_t bytes = next_bytes(p, at);
    for (unsigned h = 0; h < HASHES && lengths[h] <= p->size - at; h++) {
        uint64_t key = bytes & ((UINT64_C(1) << 8 * lengths[h]) - 1);
        uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - p->table_bits);
        uint16_t *seen = &p->seen[((size_t)h << p->table_bits) + hash];
        if (*seen != before) {
            before = *seen;
            known = offer_copy(p, at, before, known);
        }
        *seen = (uint16_t)at;
    }
    return known;
}

/* Each step says how its end is reached; now each byte on the way says where it goes. */
static void turn_round(struct packing *p)
{
    struct step carried = p->steps[p->size];
    for (size_t at = p->size; at > 0;) {
        at -= carried.length;
        struct step before = p->steps[at];
        p->steps[at] = carried;
        carried = before;
    }
}

static void pack_block(struct writer *w, const uint8_t *plain, size_t size)
{
    struct packing p = {.plain = plain, .size = size, .table_bits = TABLE_BITS_MIN};
    while (p.table_bits < TABLE_BITS_MAX && (size_t)1 << p.table_bits < size) {
        p.table_bits++;
    }
    p.steps = memory_zeroed(size + 1, sizeof *p.steps);
    p.seen = memory_zeroed((size_t)HASHES << p.table_bits, sizeof *p.seen);
    for (size_t i = 1; i <= size; i++) {
        p.steps[i].bits = UINT32_MAX;
    }
    for (size_t i = 0; i < size;) {
        offer(&p, i, 1, 0, p.steps[i].bits + BYTE_BITS);
        uint32_t longest = offer_copies(&p, i);
        i += longest < LENGTH_LONG ? 1 : longest;
    }
    turn_round(&p);
    for (size_t i = 0; i < size; i += p.steps[i].length) {
        uint32_t length = p.steps[i].length;
        uint32_t distance = p.steps[i].distance;
        if (length == 1) {
            put(w, plain[i], BYTE_BITS);
        } else {
            put(w, 1, 1);
            put_gamma(w, length - 1);
            put_gamma(w, ((distance - 1) >> DISTANCE_LOW_BITS) + 1);
            put(w, (distance - 1) & ((1u << DISTANCE_LOW_BITS) - 1), DISTANCE_LOW_BITS);
        }
    }
    free(p.steps);
    free(p.seen);
}

struct buffer compress_pack(struct bytes plain)
{
    struct writer w = {0};
    for (size_t rest = plain.size, more = 1; more; rest >>= 7) {
        more = rest > 0x7f;
        put(&w, (uint32_t)(rest & 0x7f) | (more ? 0x80u : 0), 8);
    }
    for (size_t at = 0; at < plain.size; at += BLOCK_SIZE) {
        size_t left = plain.size - at;
        pack_block(&w, plain.data + at, left < BLOCK_SIZE ? left : BLOCK_SIZE);
    }
    put(&w, 0, (8 - w.count) % 8);
    return w.bytes;
}

/* --- unpacking --- */

static bool get_size(struct reader *r, size_t limit, size_t *size)
{
    uint64_t read = 0;
    uint32_t byte = 0x80;
    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (shift > 56 || !get(r, 8, &byte)) {
            return false;
        }
        read |= (uint64_t)(byte & 0x7f) << shift;
    }
    *size = (size_t)read;
    return read <= limit;
}

/* A copy, whose first bit has been read. `end`: where the plain bytes have to end. */
static bool unpack_copy(struct reader *r, size_t end, struct buffer *plain)
{
    uint32_t length;
    uint32_t high;
    uint32_t low;
    if (!get_gamma(r, 7, &length) || !get_gamma(r, 11, &high) || !get(r, DISTANCE_LOW_BITS, &low)) {
        return false;
    }
    length++;
    size_t distance = ((size_t)(high - 1) << DISTANCE_LOW_BITS) + low + 1;
    size_t in_block = plain->size % BLOCK_SIZE;
    size_t left = end - plain->size;
    left = left < BLOCK_SIZE - in_block ? left : BLOCK_SIZE - in_block;
    if (!plain->data || distance > in_block || length > left) {
        return false;
    }
    size_t at = plain->size;
    buffer_fill(plain, 0, length);
    for (; at < plain->size; at++) { /* one by one: it may copy what it has just written */
        plain->data[at] = plain->data[at - distance];
    }
    return true;
}

static bool unpack(struct reader *r, size_t limit, struct buffer *plain)
{
    size_t size;
    if (!get_size(r, limit, &size)) {
        return false;
    }
    while (plain->size < size) {
        uint32_t is_copy;
        uint32_t value;
        if (!get(r, 1, &is_copy)) {
            return false;
        }
        if (is_copy) {
            if (!unpack_copy(r, size, plain)) {
                return false;
            }
        } else if (get(r, 8, &value)) {
            uint8_t byte = (uint8_t)value;
            buffer_add(plain, &byte, 1);
        } else {
            return false;
        }
    }
    return true;
}

bool compress_unpack(struct bytes packed, size_t limit, struct buffer *plain)
{
    struct reader r = {.bytes = packed};
    struct buffer unpacked = {0};
    bool result = unpack(&r, limit, &unpacked);
    if (result) {
        /* One form for given bytes: that also settles padding, what stands behind the last item,
           and leading zeros of the size. */
        struct buffer again = compress_pack((struct bytes){unpacked.data, unpacked.size});
        result = bytes_equal((struct bytes){again.data, again.size}, packed);
        buffer_free(&again);
    }
    if (result) {
        *plain = unpacked;
    } else {
        buffer_free(&unpacked);
    }
    return result;
}
