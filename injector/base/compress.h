/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression of a few kilobytes, with one packed form for given bytes: the same on every machine,
 * today and with every later version of a library.
 */
#ifndef ELFCAGE_BASE_COMPRESS_H
#define ELFCAGE_BASE_COMPRESS_H

#include "base/bytes.h"

/* The packed form. Owned by the caller. */
struct buffer compress_pack(struct bytes plain);

/*
 * The bytes of which `packed` is the packed form, owned by the caller; false if it is that of no
 * bytes, or of more than `limit`. `packed` may come from anybody: what compress_pack() would not
 * have written is refused, and memory in use stays within 200 times its size and 1 MiB.
 */
bool compress_unpack(struct bytes packed, size_t limit, struct buffer *plain);

#endif
