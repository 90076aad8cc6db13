/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPX leaves code that unpacks a program when it is started. That code finds the packed bytes by
 * constants: UPX 3 reads them from the file itself, UPX 4 from where the file has been mapped. No
 * header says so, and a layout that moves anything may break the program. (UPX 3.96: a file whose
 * bytes are one page further on crashes when it is started.)
 *
 * Two marks say that it was there: one right behind the program headers of an executable, which is
 * what that code begins with, one in the 36 bytes at the end of any file, which is how `upx -d`
 * knows it. (Seen in what UPX 3.96 and 4.2.2 make; src/stub/src/include/linux.h and
 * src/packhead.cpp of UPX.)
 */
#include "elf/packed.h"

#include <string.h>

#define MARK "UPX!"
#define MARK_BYTES 4u
#define BEHIND_HEADERS 4u /* a checksum stands in front of the mark */
#define FROM_END 36u

static bool is_mark(const struct image *image, uint64_t offset)
{
    struct bytes mark;
    return bytes_slice(image_bytes(image), offset, MARK_BYTES, &mark) &&
           memcmp(mark.data, MARK, MARK_BYTES) == 0;
}

bool image_is_packed(const struct image *image)
{
    uint64_t size = image_bytes(image).size;
    uint64_t table_end =
        image_ehdr(image)->e_phoff + image_phdr_count(image) * codec_phdr_size(image_codec(image));
    return is_mark(image, table_end + BEHIND_HEADERS) ||
           (size >= FROM_END && is_mark(image, size - FROM_END));
}
