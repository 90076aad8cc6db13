/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel reads the program headers from the file, by e_phoff. It tells ld.so where they are in
 * memory (AT_PHDR), and ld.so reads them there: who makes the two differ gives ld.so a dynamic
 * section, and with it relocations that may write over the stub, of which nothing is seen in the
 * file. Which address it is depends on the kernel (fs/binfmt_elf.c):
 *  - since Linux 5.18 that of e_phoff in the last segment that holds it, 0 if none does,
 *  - before, that of e_phoff if the whole file were mapped as its first segment is.
 * ld.so takes the difference to PT_PHDR for the address that all others count from.
 *
 * Where the two addresses differ, as patchelf makes it, older kernels start the program in vain, or
 * without a dynamic section; but what they find must not name one. A hook that the dynamic section
 * calls needs more: table_is_missed().
 */
#include "elf/verify_table.h"

#define TYPE_BYTES 4u /* p_type is the first word of a program header in both classes */

static int no(const struct image *image, struct error *error, const char *text)
{
    return error_file(error, ERROR_CHECK, image_name(image), "%s", text);
}

static uint64_t table_size(const struct image *image)
{
    return image_phdr_count(image) * codec_phdr_size(image_codec(image));
}

/* The only segment whose bytes of the file hold the start of the table: its index, SIZE_MAX if
   there is none. False if there are several. */
static bool find_segment(const struct image *image, size_t *index)
{
    uint64_t table = image_ehdr(image)->e_phoff;
    *index = SIZE_MAX;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        if (phdr->p_type == PT_LOAD && table >= phdr->p_offset &&
            table - phdr->p_offset < phdr->p_filesz) {
            if (*index != SIZE_MAX) {
                return false;
            }
            *index = i;
        }
    }
    return true;
}

/* Where the table is according to that segment. It may wrap around, as it does in the kernel. */
static uint64_t address_by(const struct image *image, size_t segment)
{
    const GElf_Phdr *phdr = image_phdr(image, segment);
    return image_ehdr(image)->e_phoff - phdr->p_offset + phdr->p_vaddr;
}

bool table_is_missed(const struct image *image)
{
    size_t segment;
    uint64_t page = image_arch(image)->page_size;
    uint64_t older = address_by(image, image_find_phdr(image, PT_LOAD));
    if (!find_segment(image, &segment) || segment == SIZE_MAX) {
        return true;
    }
    for (size_t i = 0; older != address_by(image, segment) && i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        uint64_t start = phdr->p_vaddr & ~(page - 1);
        uint64_t end;
        if (phdr->p_type == PT_LOAD &&
            (!bytes_align_up(phdr->p_vaddr + phdr->p_memsz, page, &end) ||
             bytes_overlap(older, table_size(image), start, end - start))) {
            return true;
        }
    }
    return false;
}

/* Can that byte of memory have that value, whatever the size of a page? Pages are mapped whole, and
   where no file is, or behind its end, there is zero. */
static bool may_be(const struct image *image, uint64_t address, uint8_t value)
{
    uint64_t page = image_arch(image)->page_size;
    struct bytes file = image_bytes(image);
    bool mapped = false;
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        const GElf_Phdr *phdr = image_phdr(image, i);
        uint64_t start = phdr->p_vaddr & ~(page - 1);
        uint64_t end;
        if (phdr->p_type != PT_LOAD || phdr->p_filesz == 0 || address < start ||
            !bytes_align_up(phdr->p_vaddr + phdr->p_filesz, page, &end) || address >= end) {
            continue;
        }
        uint64_t offset = address - phdr->p_vaddr + phdr->p_offset;
        if (offset < file.size && file.data[offset] == value) {
            return true;
        }
        mapped = mapped || phdr->p_memsz == phdr->p_filesz;
    }
    return value == 0 && !mapped;
}

/* Does one of as many headers as the table has, at that address, say PT_DYNAMIC? */
static bool may_name_dynamic(const struct image *image, uint64_t address)
{
    struct codec codec = image_codec(image);
    size_t entry = codec_phdr_size(codec);
    uint8_t wanted[TYPE_BYTES];
    bytes_put32(wanted, codec.big_endian, PT_DYNAMIC);
    for (size_t i = 0; i < image_phdr_count(image); i++) {
        size_t same = 0;
        while (same < TYPE_BYTES && may_be(image, address + i * entry + same, wanted[same])) {
            same++;
        }
        if (same == TYPE_BYTES) {
            return true;
        }
    }
    return false;
}

int verify_table(const struct image *image, struct error *error)
{
    size_t segment;
    struct bytes loaded;
    uint64_t size = table_size(image);
    if (!find_segment(image, &segment)) {
        return no(image, error,
                  "several segments map the program headers: ld.so would take another one's "
                  "addresses");
    }
    size_t index = image_find_phdr(image, PT_PHDR);
    if (index != SIZE_MAX &&
        (segment == SIZE_MAX || image_phdr(image, index)->p_vaddr != address_by(image, segment))) {
        return no(image, error,
                  "PT_PHDR does not lead to the program headers: ld.so would see others than the "
                  "kernel");
    }
    if (index == SIZE_MAX && image_find_phdr(image, PT_INTERP) == SIZE_MAX) {
        return 0; /* nobody looks */
    }
    if (segment == SIZE_MAX ||
        !image_at_address(image, address_by(image, segment), size, &loaded)) {
        return no(image, error,
                  "no segment maps all of the program headers: ld.so would see others than the "
                  "kernel");
    }
    uint64_t older = address_by(image, image_find_phdr(image, PT_LOAD));
    if (older != address_by(image, segment) && may_name_dynamic(image, older)) {
        return no(image, error,
                  "Linux before 5.18 takes other bytes for the program headers, and they name a "
                  "dynamic section: ld.so would go by that one");
    }
    return 0;
}
