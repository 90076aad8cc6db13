/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image: a validated, read-only view of an ELF file. image_open() is the only gate; after it,
 * getters cannot fail.
 */
#ifndef ELFCAGE_ELF_IMAGE_H
#define ELFCAGE_ELF_IMAGE_H

#include "arch/arch.h"
#include "base/bytes.h"
#include "base/error.h"
#include "elf/codec.h"

#include <gelf.h>

/* Bytes: no kernel that elfcage knows has smaller ones. */
#define SMALLEST_PAGE 4096u

struct image;

/* Opens and validates. ERROR_SYSTEM if it cannot be read, ERROR_UNSUPPORTED (with the offset) if it
   is no executable or shared object of a supported architecture, or damaged. The caller frees *out.
 */
int image_open(const char *path, struct image **out, struct error *error);
/* The same on a file that is open already (kept open by the caller), and on bytes in memory
   (borrowed until image_free()). `name` is what errors say. */
int image_from_fd(int fd, const char *name, struct image **out, struct error *error);
int image_from_bytes(struct bytes bytes, const char *name, struct image **out, struct error *error);
/* The same for a file that need not be able to run: for looking at, nothing else. */
int image_open_library(const char *path, struct image **out, struct error *error);
void image_free(struct image *image);

const char *image_name(const struct image *image);
struct bytes image_bytes(const struct image *image); /* the whole file, mapped */
const struct arch *image_arch(const struct image *image);
bool image_big_endian(const struct image *image);
struct codec image_codec(const struct image *image);
const GElf_Ehdr *image_ehdr(const struct image *image);
size_t image_phdr_count(const struct image *image);
const GElf_Phdr *image_phdr(const struct image *image, size_t index);
size_t image_shdr_count(const struct image *image); /* 0: no section headers */
const GElf_Shdr *image_shdr(const struct image *image, size_t index);
const char *image_section_name(const struct image *image, size_t index); /* "" if it has none */
/* The first program header of that type; SIZE_MAX if there is none. */
size_t image_find_phdr(const struct image *image, uint32_t type);
bool image_is_dynamic(const struct image *image); /* has a PT_DYNAMIC */
/* Is it a shared object, which other programs load, and no executable? */
bool image_is_shared(const struct image *image);
/* The entries of PT_DYNAMIC up to and without DT_NULL; 0 of them if there is none. */
size_t image_dynamic_count(const struct image *image);
GElf_Dyn image_dynamic(const struct image *image, size_t index);
/* The value of the last entry with that tag (ld.so takes the last one); false if there is none. */
bool image_dynamic_value(const struct image *image, int64_t tag, uint64_t *value);
/* Has it functions of its own that ld.so calls before all others (DT_PREINIT_ARRAY, gABI)? musl's
   ld.so does not; that is not looked at. */
bool image_has_preinit(const struct image *image);
/* Where the last byte that a header, segment or section describes ends, bytes. What lies behind
   was appended: the program may look for it from the end of the file. */
uint64_t image_end(const struct image *image);
/* The bytes in the file behind [address, address + size) of the loaded image; false if they are not
   all in one PT_LOAD's file part. */
bool image_at_address(const struct image *image, uint64_t address, uint64_t size,
                      struct bytes *out);
/* Copies those bytes, which may be in several PT_LOADs: patchelf lays tables over the border of
   two. False if one of them is in none. */
bool image_read(const struct image *image, uint64_t address, size_t size, uint8_t *out);
/* Is there code of the file at that address: in an executable PT_LOAD, other than program header
   `except` (SIZE_MAX: any)? */
bool image_is_code(const struct image *image, uint64_t address, size_t except);
/* These bytes are not needed soon: their pages need not stay in memory. They can still be read. */
void image_forget(const struct image *image, uint64_t offset, uint64_t size);
/* The first wanted symbol at `from` or behind it, of a table of `count` at an offset of the file,
   all of it in the file; `count` if there is none. What was looked through is forgotten. */
size_t image_find_symbol(const struct image *image, uint64_t table, size_t count, size_t from,
                         const struct codec_wanted *wanted);
/* The file offset of that address; false if it is in no PT_LOAD's file part. */
bool image_offset_of(const struct image *image, uint64_t address, uint64_t *offset);

#endif
