/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that UPX has packed. */
#ifndef ELFCAGE_ELF_PACKED_H
#define ELFCAGE_ELF_PACKED_H

#include "elf/image.h"

/* Has UPX packed this file? */
bool image_is_packed(const struct image *image);

#endif
