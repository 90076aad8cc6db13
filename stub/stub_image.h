/* SPDX-License-Identifier: 0BSD */
/* The linked stub of one architecture as bytes: made at build time from stub.c. */
#ifndef ELFCAGE_STUB_STUB_IMAGE_H
#define ELFCAGE_STUB_STUB_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What goes into section .elfcage.stub: first `struct elfcage_stub_config` (stub/format.h; zero
 * here, written by the injector), then read-only text and data. Position independent, no
 * relocations.
 */
struct stub_image {
    const char *architecture; /* "x86_64" */
    const uint8_t *bytes;
    size_t size;          /* bytes, the configuration included */
    size_t alignment;     /* bytes */
    size_t entry_offset;  /* of the code that the hook points to, from the start */
    size_t return_offset; /* of code that returns: what `next` is where nothing is to follow */
};

extern const struct stub_image stub_image_x86_64;
extern const struct stub_image stub_image_i386;
extern const struct stub_image stub_image_aarch64;
extern const struct stub_image stub_image_arm;
extern const struct stub_image stub_image_riscv64;

#endif
