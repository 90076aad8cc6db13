/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: the edits that turn one image into another file. Pure data: making it reads the image and
 * touches nothing; elf/write carries it out.
 */
#ifndef ELFCAGE_ELF_PLAN_H
#define ELFCAGE_ELF_PLAN_H

#include "elf/image.h"
#include "elf/payload.h"

/* Bytes [source, source + size) of the image go to [target, target + size) of the new file. */
struct plan_copy {
    uint64_t source, target, size;
};

/* New bytes at an offset of the new file; laid over the copies, in order. */
struct plan_write {
    uint64_t target;
    uint8_t *bytes; /* owned */
    size_t size;
    const char *what; /* "program headers", ...: static text, for --dry-run and -v */
};

struct plan {
    const char *layout; /* "S1", "S6", "S3m", "S2", "remove", "disarm", "copy": static text */
    uint64_t size;      /* of the new file, bytes; what nothing covers is zero */
    struct plan_copy *copies;
    size_t copy_count, copy_capacity;
    struct plan_write *writes;
    size_t write_count, write_capacity;
};

/* Tries the layouts S1, S6, S3m, S2 in that order. ERROR_UNSUPPORTED with the reason when none
 * fits. */
int plan_inject(const struct image *image, const struct cage *cage, struct plan **out,
                struct error *error);
/* The original, byte for byte. Refused (ERROR_UNSUPPORTED) when the file was changed since. Undo
   records are hostile input. */
int plan_remove(const struct image *image, const struct payload *payload, struct plan **out,
                struct error *error);
/* For a file that was changed since: as it is, but the hook is led back to what it replaced, and
   the payload blanked, so that the program runs unfiltered and is not caged. It is not the
   original. */
int plan_disarm(const struct image *image, const struct payload *payload, struct plan **out,
                struct error *error);
/* The image as it is (plan_compose.c). */
struct plan *plan_identity(const struct image *image);
/* `second`, which was made for what `first` gives, as one plan on the image `first` was made for.
 */
struct plan *plan_compose(const struct plan *first, const struct plan *second);
void plan_free(struct plan *plan);
/* The new file in memory, for tests and for a look before anything is written. Owned by the caller.
 */
struct buffer plan_apply(const struct plan *plan, const struct image *image);

#endif
