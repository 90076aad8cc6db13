/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening an image and looking at it. The file is mapped, never read whole: a file of 1 GB costs
 * the pages that are looked at. All doubt is settled in image_check.c, before anybody gets a
 * `struct image`; so nothing here can fail.
 */
#include "elf/image_private.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The largest folio in which the page cache holds a part of a file (ext4 from Linux 6.16 on). All
 * of it counts as our memory when a byte of it is looked at, and until all of it is given back.
 */
#define FOLIO_SIZE ((uint64_t)2 << 20)

/* So many symbols stay in memory while a table is looked through. */
#define PIECE_SYMBOLS ((size_t)16384)

static int check_or_free(struct image *image, struct image **out, struct error *error)
{
    if (image_check(image, error) != 0) {
        image_free(image);
        return -1;
    }
    image_forget(image, 0, image->bytes.size);
    image->tables = memory_zeroed(1, sizeof *image->tables);
    *out = image;
    return 0;
}

int image_from_bytes(struct bytes bytes, const char *name, struct image **out, struct error *error)
{
    struct image *image = memory_zeroed(1, sizeof *image);
    image->name = memory_strdup(name);
    image->bytes = bytes;
    return check_or_free(image, out, error);
}

static int map_file(int fd, const char *name, bool library, struct image **out, struct error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return error_system(error, errno, name, "cannot be examined");
    }
    if (!S_ISREG(status.st_mode)) {
        return error_file(error, ERROR_UNSUPPORTED, name,
                          "not a regular file: name the program itself");
    }
    struct image *image = memory_zeroed(1, sizeof *image);
    image->name = memory_strdup(name);
    image->library = library;
    if (status.st_size > 0) {
        size_t size = (size_t)status.st_size;
        void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            int number = errno;
            image_free(image);
            return error_system(error, number, name, "cannot be mapped");
        }
        image->map = map;
        image->bytes = (struct bytes){map, size};
    }
    return check_or_free(image, out, error);
}

int image_from_fd(int fd, const char *name, struct image **out, struct error *error)
{
    return map_file(fd, name, false, out, error);
}

static int open_file(const char *path, bool library, struct image **out, struct error *error)
{
    /* O_NONBLOCK: a FIFO must not make us wait before it is refused. */
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return error_system(error, errno, path, "cannot be opened");
    }
    return map_file(fd, path, library, out, error);
}

int image_open(const char *path, struct image **out, struct error *error)
{
    return open_file(path, false, out, error);
}

int image_open_library(const char *path, struct image **out, struct error *error)
{
    return open_file(path, true, out, error);
}

void image_free(struct image *image)
{
    if (!image) {
        return;
    }
    if (image->map) {
        munmap(image->map, image->bytes.size);
    }
    if (image->tables) {
        free(image->tables->relocations.resolvers);
        free(image->tables);
    }
    free(image->phdrs);
    free(image->shdrs);
    free(image->name);
    free(image);
}

bool image_is_code(const struct image *image, uint64_t address, size_t except)
{
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (i != except && phdr->p_type == PT_LOAD && (phdr->p_flags & PF_X) &&
            address >= phdr->p_vaddr && address - phdr->p_vaddr < phdr->p_filesz) {
            return true;
        }
    }
    return false;
}

void image_forget(const struct image *image, uint64_t offset, uint64_t size)
{
    /* Small files are not worth the call. */
    if (image->map && image->bytes.size > 2 * FOLIO_SIZE &&
        bytes_in(offset, size, image->bytes.size)) {
        uint64_t start = offset & ~(FOLIO_SIZE - 1);
        uint64_t end = (offset + size + FOLIO_SIZE - 1) & ~(FOLIO_SIZE - 1);
        end = end < image->bytes.size ? end : image->bytes.size;
        /* Private and never written to: what comes back is the file. */
        madvise((uint8_t *)image->map + start, (size_t)(end - start), MADV_DONTNEED);
    }
}

size_t image_find_symbol(const struct image *image, uint64_t table, size_t count, size_t from,
                         const struct codec_wanted *wanted)
{
    size_t entry = codec_sym_size(image->codec);
    const uint8_t *symbols = image->bytes.data + table;
    while (from < count) {
        size_t piece = from / PIECE_SYMBOLS * PIECE_SYMBOLS;
        size_t end = count - piece < PIECE_SYMBOLS ? count : piece + PIECE_SYMBOLS;
        size_t found = codec_find_sym(image->codec, symbols, from, end, wanted);
        if (found < end) {
            return found;
        }
        if (count > PIECE_SYMBOLS) {
            image_forget(image, table + piece * entry, (end - piece) * entry);
        }
        from = end;
    }
    return count;
}

const char *image_name(const struct image *image)
{
    return image->name;
}

struct bytes image_bytes(const struct image *image)
{
    return image->bytes;
}

const struct arch *image_arch(const struct image *image)
{
    return image->arch;
}

bool image_big_endian(const struct image *image)
{
    return image->codec.big_endian;
}

struct codec image_codec(const struct image *image)
{
    return image->codec;
}

const GElf_Ehdr *image_ehdr(const struct image *image)
{
    return &image->ehdr;
}

size_t image_phdr_count(const struct image *image)
{
    return image->phdr_count;
}

const GElf_Phdr *image_phdr(const struct image *image, size_t index)
{
    return &image->phdrs[index];
}

size_t image_shdr_count(const struct image *image)
{
    return image->shdr_count;
}

const GElf_Shdr *image_shdr(const struct image *image, size_t index)
{
    return &image->shdrs[index];
}

const char *image_section_name(const struct image *image, size_t index)
{
    uint64_t offset = image->shdrs[index].sh_name;
    return offset < image->section_names.size ? (const char *)image->section_names.data + offset
                                              : "";
}

size_t image_find_phdr(const struct image *image, uint32_t type)
{
    for (size_t i = 0; i < image->phdr_count; i++) {
        if (image->phdrs[i].p_type == type) {
            return i;
        }
    }
    return SIZE_MAX;
}

bool image_is_shared(const struct image *image)
{
    return image->shared;
}

bool image_is_dynamic(const struct image *image)
{
    return image_find_phdr(image, PT_DYNAMIC) != SIZE_MAX;
}

size_t image_dynamic_count(const struct image *image)
{
    return image->dynamic_count;
}

GElf_Dyn image_dynamic(const struct image *image, size_t index)
{
    GElf_Dyn dyn;
    codec_get_dyn(image->codec, image->dynamic.data + index * codec_dyn_size(image->codec), &dyn);
    return dyn;
}

bool image_dynamic_value(const struct image *image, int64_t tag, uint64_t *value)
{
    for (size_t i = image->dynamic_count; i > 0; i--) {
        GElf_Dyn dyn = image_dynamic(image, i - 1);
        if (dyn.d_tag == tag) {
            *value = dyn.d_un.d_val;
            return true;
        }
    }
    return false;
}

uint64_t image_end(const struct image *image)
{
    const GElf_Ehdr *ehdr = &image->ehdr;
    uint64_t end = ehdr->e_phoff + image->phdr_count * codec_phdr_size(image->codec);
    if (image->shdr_count) {
        uint64_t table = ehdr->e_shoff + image->shdr_count * codec_shdr_size(image->codec);
        end = end > table ? end : table;
    }
    for (size_t i = 0; i < image->phdr_count; i++) {
        const GElf_Phdr *phdr = &image->phdrs[i];
        if (phdr->p_type != PT_NULL) { /* its other fields mean nothing, and nobody checks them */
            uint64_t segment = phdr->p_offset + phdr->p_filesz;
            end = phdr->p_filesz && segment > end ? segment : end;
        }
    }
    for (size_t i = 1; i < image->shdr_count; i++) {
        const GElf_Shdr *shdr = &image->shdrs[i];
        if (shdr->sh_type != SHT_NOBITS && shdr->sh_type != SHT_NULL) {
            uint64_t section = shdr->sh_offset + shdr->sh_size;
            end = shdr->sh_size && section > end ? section : end;
        }
    }
    return end;
}

bool image_offset_of(const struct image *image, uint64_t address, uint64_t *offset)
{
    for (size_t i = 0; i < image->phdr_count; i++) {
        const GElf_Phdr *phdr = &image->phdrs[i];
        if (phdr->p_type == PT_LOAD && address >= phdr->p_vaddr &&
            address - phdr->p_vaddr < phdr->p_filesz) {
            *offset = phdr->p_offset + (address - phdr->p_vaddr);
            return true;
        }
    }
    return false;
}

bool image_at_address(const struct image *image, uint64_t address, uint64_t size, struct bytes *out)
{
    for (size_t i = 0; i < image->phdr_count; i++) {
        const GElf_Phdr *phdr = &image->phdrs[i];
        if (phdr->p_type == PT_LOAD && address >= phdr->p_vaddr &&
            bytes_in(address - phdr->p_vaddr, size, phdr->p_filesz)) {
            return bytes_slice(image->bytes, phdr->p_offset + (address - phdr->p_vaddr), size, out);
        }
    }
    return false;
}

bool image_read(const struct image *image, uint64_t address, size_t size, uint8_t *out)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t at;
        struct bytes byte;
        if (!bytes_add(address, i, &at) || !image_at_address(image, at, 1, &byte)) {
            return false;
        }
        out[i] = *byte.data;
    }
    return true;
}

bool image_has_preinit(const struct image *image)
{
    if (image_find_phdr(image, PT_INTERP) == SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < image_dynamic_count(image); i++) {
        GElf_Dyn dyn = image_dynamic(image, i);
        if (dyn.d_tag == DT_PREINIT_ARRAY ||
            (dyn.d_tag == DT_PREINIT_ARRAYSZ && dyn.d_un.d_val != 0)) {
            return true;
        }
    }
    return false;
}
