/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: an image that passes has only tables and ranges that lie inside the file, segments that
 * a loader can map without ambiguity, and is an executable or a shared object. Source: gABI
 * chapters 4 and 5, Linux fs/binfmt_elf.c, glibc elf/dl-load.c.
 *
 * What is an executable? ET_EXEC; and ET_DYN if
 *  - DF_1_PIE is set (linkers since 2016), or
 *  - it has no DT_SONAME and either PT_INTERP, or DT_DEBUG (linkers write it only into programs),
 *    or no PT_DYNAMIC at all (no loader could use it as a library).
 * PT_INTERP and an entry point alone decide nothing: libc.so.6 has both. All else is a shared
 * object.
 */
#include "elf/image_private.h"

#include "base/memory.h"

#include <inttypes.h>
#include <string.h>

/* User addresses of every supported 64-bit architecture end here or higher. */
#define HIGHEST_ADDRESS (UINT64_C(1) << 47)
/* Of all program headers together: the kernel starts no program that has more (fs/binfmt_elf.c,
   load_elf_phdrs()). */
#define PHDRS_SIZE_MAX 65536u
/* Ours: real files have less than a tenth, and what is looked for in them is looked for from one
   end, for each of as many relocations as fit into a file. */
#define DYNAMIC_MAX 4096u

__attribute__((format(printf, 4, 5))) static int
refuse(const struct image *image, struct error *error, uint64_t offset, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    CLEANUP_FREE char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return error_offset(error, ERROR_UNSUPPORTED, image->name, offset, "%s", text);
}

static int check_type(const struct image *image, struct error *error)
{
    const char *advice;
    switch (image->ehdr.e_type) {
    case ET_EXEC:
    case ET_DYN:
        return 0;
    case ET_REL:
        advice = "a relocatable object or kernel module, not an executable: link it first";
        break;
    case ET_CORE:
        advice = "a core dump, not an executable: name the program";
        break;
    default:
        advice = "not an executable (e_type): name a program";
        break;
    }
    return refuse(image, error, offsetof(Elf64_Ehdr, e_type), "%s", advice);
}

static int check_ident(struct image *image, struct error *error)
{
    const uint8_t *ident = image->bytes.data;
    if (image->bytes.size < SELFMAG || memcmp(ident, ELFMAG, SELFMAG) != 0) {
        return refuse(image, error, 0, "not an ELF file: name a program");
    }
    if (image->bytes.size < EI_NIDENT) {
        return refuse(image, error, image->bytes.size, "truncated inside the ELF header");
    }
    if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) {
        return refuse(image, error, EI_CLASS, "damaged: ELF class %u does not exist",
                      ident[EI_CLASS]);
    }
    if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB) {
        return refuse(image, error, EI_DATA, "damaged: byte order %u does not exist",
                      ident[EI_DATA]);
    }
    if (ident[EI_VERSION] != EV_CURRENT) {
        return refuse(image, error, EI_VERSION, "damaged: ELF version %u does not exist",
                      ident[EI_VERSION]);
    }
    if (ident[EI_OSABI] != ELFOSABI_SYSV && ident[EI_OSABI] != ELFOSABI_GNU) {
        return refuse(image, error, EI_OSABI, "not a Linux program: OS/ABI %u", ident[EI_OSABI]);
    }
    image->codec = (struct codec){.is_64 = ident[EI_CLASS] == ELFCLASS64,
                                  .big_endian = ident[EI_DATA] == ELFDATA2MSB};
    if (image->bytes.size < codec_ehdr_size(image->codec)) {
        return refuse(image, error, image->bytes.size, "truncated inside the ELF header");
    }
    return 0;
}

static int check_ehdr(struct image *image, struct error *error)
{
    if (check_ident(image, error) != 0) {
        return -1;
    }
    GElf_Ehdr *ehdr = &image->ehdr;
    codec_get_ehdr(image->codec, image->bytes.data, ehdr);
    if (check_type(image, error) != 0) {
        return -1;
    }
    image->arch = arch_find(ehdr->e_machine, ehdr->e_ident[EI_CLASS], ehdr->e_ident[EI_DATA]);
    if (!image->arch) {
        return refuse(image, error, offsetof(Elf64_Ehdr, e_machine),
                      "architecture not supported: e_machine %u, %u-bit, %s-endian",
                      ehdr->e_machine, image->codec.is_64 ? 64u : 32u,
                      image->codec.big_endian ? "big" : "little");
    }
    if (ehdr->e_version != EV_CURRENT) {
        return refuse(image, error, offsetof(Elf64_Ehdr, e_version),
                      "damaged: e_version %u does not exist", ehdr->e_version);
    }
    if (ehdr->e_ehsize != codec_ehdr_size(image->codec)) {
        return refuse(image, error, 0, "damaged: e_ehsize is %u, must be %zu", ehdr->e_ehsize,
                      codec_ehdr_size(image->codec));
    }
    return 0;
}

/*
 * What objcopy --only-keep-debug and eu-strip -f write: headers of the program, whose loaded
 * sections have no bytes here (but notes). Segments and dynamic section lead anywhere then, so this
 * is asked first. What cannot be read is for read_shdrs() to say.
 */
static int check_debug_file(const struct image *image, struct error *error)
{
    const GElf_Ehdr *ehdr = &image->ehdr;
    size_t entry = codec_shdr_size(image->codec);
    struct bytes table;
    if (ehdr->e_shentsize != entry ||
        !bytes_slice(image->bytes, ehdr->e_shoff, entry * ehdr->e_shnum, &table)) {
        return 0;
    }
    bool code = false;
    for (size_t i = 1; i < ehdr->e_shnum; i++) {
        GElf_Shdr shdr;
        codec_get_shdr(image->codec, table.data + i * entry, &shdr);
        if (!(shdr.sh_flags & SHF_ALLOC) || shdr.sh_type == SHT_NULL || shdr.sh_type == SHT_NOTE) {
            continue;
        }
        if (shdr.sh_type != SHT_NOBITS) {
            return 0;
        }
        code = code || (shdr.sh_flags & SHF_EXECINSTR && shdr.sh_size);
    }
    return !code ? 0
                 : error_file(error, ERROR_UNSUPPORTED, image->name,
                              "a separate file of debug information, nothing of which is run: "
                              "name the program itself");
}

static int check_segment(const struct image *image, size_t index, struct error *error)
{
    const GElf_Phdr *phdr = &image->phdrs[index];
    uint64_t place = image->ehdr.e_phoff + index * codec_phdr_size(image->codec);
    if (phdr->p_type == PT_NULL) {
        return 0;
    }
    if (phdr->p_filesz && !bytes_in(phdr->p_offset, phdr->p_filesz, image->bytes.size)) {
        return refuse(image, error, place,
                      "truncated: segment %zu needs bytes [0x%" PRIx64 ", +0x%" PRIx64
                      "), the file has 0x%zx",
                      index, phdr->p_offset, phdr->p_filesz, image->bytes.size);
    }
    if (phdr->p_type != PT_LOAD) {
        return 0;
    }
    if (phdr->p_filesz > phdr->p_memsz) {
        return refuse(image, error, place,
                      "damaged: segment %zu has p_filesz 0x%" PRIx64 " over p_memsz 0x%" PRIx64,
                      index, phdr->p_filesz, phdr->p_memsz);
    }
    uint64_t limit = image->codec.is_64 ? HIGHEST_ADDRESS : UINT64_C(1) << 32;
    if (!bytes_in(phdr->p_vaddr, phdr->p_memsz, limit)) {
        return refuse(image, error, place,
                      "damaged: segment %zu at 0x%" PRIx64 ", +0x%" PRIx64
                      " leaves the address space",
                      index, phdr->p_vaddr, phdr->p_memsz);
    }
    uint64_t align = phdr->p_align;
    if (align & (align - 1) && align) {
        return refuse(image, error, place,
                      "damaged: segment %zu has alignment 0x%" PRIx64 ", not a power of two", index,
                      align);
    }
    if (align > 1 && ((phdr->p_vaddr ^ phdr->p_offset) & (align - 1))) {
        return refuse(image, error, place,
                      "damaged: segment %zu has address 0x%" PRIx64 " and offset 0x%" PRIx64
                      " that differ modulo its alignment 0x%" PRIx64,
                      index, phdr->p_vaddr, phdr->p_offset, align);
    }
    return 0;
}

static int check_loads(const struct image *image, struct error *error)
{
    size_t previous = SIZE_MAX;
    for (size_t i = 0; i < image->phdr_count; i++) {
        const GElf_Phdr *phdr = &image->phdrs[i];
        if (phdr->p_type != PT_LOAD) {
            continue;
        }
        if (previous != SIZE_MAX) {
            const GElf_Phdr *before = &image->phdrs[previous];
            if (phdr->p_vaddr < before->p_vaddr + before->p_memsz) {
                return refuse(image, error, image->ehdr.e_phoff + i * codec_phdr_size(image->codec),
                              "damaged: segment %zu overlaps segment %zu or lies below it", i,
                              previous);
            }
        }
        previous = i;
    }
    if (previous == SIZE_MAX) {
        return refuse(image, error, image->ehdr.e_phoff,
                      "nothing to load (no PT_LOAD): not a program that can run");
    }
    return 0;
}

static int read_phdrs(struct image *image, struct error *error)
{
    const GElf_Ehdr *ehdr = &image->ehdr;
    size_t entry = codec_phdr_size(image->codec);
    if (ehdr->e_phnum == 0) {
        return refuse(image, error, 0, "no program headers: not a program that can run");
    }
    if (ehdr->e_phnum == PN_XNUM) {
        return refuse(image, error, 0, "65535 or more program headers: not supported");
    }
    if (ehdr->e_phentsize != entry) {
        return refuse(image, error, 0, "damaged: e_phentsize is %u, must be %zu", ehdr->e_phentsize,
                      entry);
    }
    if (entry * ehdr->e_phnum > PHDRS_SIZE_MAX) {
        return refuse(image, error, ehdr->e_phoff,
                      "%u program headers, more than a kernel takes (%zu): not supported",
                      ehdr->e_phnum, PHDRS_SIZE_MAX / entry);
    }
    struct bytes table;
    if (!bytes_slice(image->bytes, ehdr->e_phoff, entry * ehdr->e_phnum, &table)) {
        return refuse(image, error, ehdr->e_phoff,
                      "truncated: %u program headers, the file has 0x%zx bytes", ehdr->e_phnum,
                      image->bytes.size);
    }
    if (ehdr->e_phoff < codec_ehdr_size(image->codec)) {
        return refuse(image, error, ehdr->e_phoff,
                      "damaged: the program headers overlap the ELF header");
    }
    image->phdr_count = ehdr->e_phnum;
    image->phdrs = memory_zeroed(image->phdr_count, sizeof *image->phdrs);
    for (size_t i = 0; i < image->phdr_count; i++) {
        codec_get_phdr(image->codec, table.data + i * entry, &image->phdrs[i]);
    }
    for (size_t i = 0; i < image->phdr_count; i++) {
        if (check_segment(image, i, error) != 0) {
            return -1;
        }
    }
    return check_loads(image, error);
}

static int check_sections(const struct image *image, struct error *error)
{
    for (size_t i = 1; i < image->shdr_count; i++) {
        const GElf_Shdr *shdr = &image->shdrs[i];
        if (shdr->sh_type == SHT_NULL || shdr->sh_type == SHT_NOBITS) {
            continue;
        }
        if (!bytes_in(shdr->sh_offset, shdr->sh_size, image->bytes.size)) {
            return refuse(image, error, image->ehdr.e_shoff + i * codec_shdr_size(image->codec),
                          "truncated: section %zu needs bytes [0x%" PRIx64 ", +0x%" PRIx64
                          "), the file has 0x%zx",
                          i, shdr->sh_offset, shdr->sh_size, image->bytes.size);
        }
    }
    return 0;
}

static int read_section_names(struct image *image, struct error *error)
{
    size_t index = image->ehdr.e_shstrndx;
    if (index == SHN_UNDEF) {
        return 0;
    }
    if (index >= image->shdr_count || image->shdrs[index].sh_type != SHT_STRTAB) {
        return refuse(image, error, 0, "damaged: section %zu is no table of section names", index);
    }
    const GElf_Shdr *shdr = &image->shdrs[index];
    struct bytes names;
    bool inside = bytes_slice(image->bytes, shdr->sh_offset, shdr->sh_size, &names);
    if (!inside || names.size == 0 || names.data[names.size - 1] != 0) {
        return refuse(image, error, shdr->sh_offset,
                      "damaged: the section names do not end in a NUL");
    }
    for (size_t i = 0; i < image->shdr_count; i++) {
        if (image->shdrs[i].sh_name >= names.size) {
            return refuse(image, error, image->ehdr.e_shoff + i * codec_shdr_size(image->codec),
                          "damaged: the name of section %zu is outside the section names", i);
        }
    }
    image->section_names = names;
    return 0;
}

static int read_shdrs(struct image *image, struct error *error)
{
    const GElf_Ehdr *ehdr = &image->ehdr;
    size_t entry = codec_shdr_size(image->codec);
    if (ehdr->e_shoff == 0 && ehdr->e_shnum == 0) {
        return 0;
    }
    if (ehdr->e_shentsize != entry) {
        return refuse(image, error, 0, "damaged: e_shentsize is %u, must be %zu", ehdr->e_shentsize,
                      entry);
    }
    if (ehdr->e_shnum == 0 || ehdr->e_shnum >= SHN_LORESERVE || ehdr->e_shstrndx == SHN_XINDEX) {
        return refuse(image, error, 0, "damaged, or more than %u sections: not supported",
                      SHN_LORESERVE - 1u);
    }
    struct bytes table;
    if (!bytes_slice(image->bytes, ehdr->e_shoff, entry * ehdr->e_shnum, &table)) {
        return refuse(image, error, ehdr->e_shoff,
                      "truncated: %u section headers, the file has 0x%zx bytes", ehdr->e_shnum,
                      image->bytes.size);
    }
    if (ehdr->e_shoff < codec_ehdr_size(image->codec)) {
        return refuse(image, error, ehdr->e_shoff,
                      "damaged: the section headers overlap the ELF header");
    }
    image->shdr_count = ehdr->e_shnum;
    image->shdrs = memory_zeroed(image->shdr_count, sizeof *image->shdrs);
    for (size_t i = 0; i < image->shdr_count; i++) {
        codec_get_shdr(image->codec, table.data + i * entry, &image->shdrs[i]);
    }
    return check_sections(image, error) != 0 ? -1 : read_section_names(image, error);
}

static int read_dynamic(struct image *image, struct error *error)
{
    size_t index = image_find_phdr(image, PT_DYNAMIC);
    if (index == SIZE_MAX) {
        return 0;
    }
    const GElf_Phdr *phdr = &image->phdrs[index];
    size_t entry = codec_dyn_size(image->codec);
    struct bytes loaded;
    if (!bytes_slice(image->bytes, phdr->p_offset, phdr->p_filesz, &image->dynamic) ||
        !image_at_address(image, phdr->p_vaddr, phdr->p_filesz, &loaded) ||
        loaded.data != image->dynamic.data) {
        return refuse(image, error, phdr->p_offset,
                      "damaged: the dynamic section is not loaded from where PT_DYNAMIC says");
    }
    size_t room = image->dynamic.size / entry;
    for (size_t i = 0; i < room && i <= DYNAMIC_MAX; i++) {
        if (image_dynamic(image, i).d_tag == DT_NULL) {
            image->dynamic_count = i;
            image->dynamic.size = i * entry;
            return 0;
        }
    }
    return room > DYNAMIC_MAX
               ? refuse(image, error, phdr->p_offset,
                        "the dynamic section has more than %u entries: not supported", DYNAMIC_MAX)
               : refuse(image, error, phdr->p_offset,
                        "damaged: the dynamic section has no end (DT_NULL)");
}

static bool is_shared(const struct image *image)
{
    uint64_t flags = 0;
    uint64_t unused;
    image_dynamic_value(image, DT_FLAGS_1, &flags);
    if (image->ehdr.e_type != ET_DYN || flags & DF_1_PIE) {
        return false;
    }
    bool program = !image_is_dynamic(image) || image_find_phdr(image, PT_INTERP) != SIZE_MAX ||
                   image_dynamic_value(image, DT_DEBUG, &unused);
    return !program || image_dynamic_value(image, DT_SONAME, &unused);
}

static int check_entry(const struct image *image, struct error *error)
{
    const GElf_Ehdr *ehdr = &image->ehdr;
    for (size_t i = 0; i < image->phdr_count; i++) {
        const GElf_Phdr *phdr = &image->phdrs[i];
        if (phdr->p_type == PT_LOAD && phdr->p_flags & PF_X && ehdr->e_entry >= phdr->p_vaddr &&
            ehdr->e_entry - phdr->p_vaddr < phdr->p_filesz) {
            return 0;
        }
    }
    return refuse(image, error, offsetof(Elf64_Ehdr, e_entry),
                  "damaged: the entry point 0x%" PRIx64 " is in no executable segment of the file",
                  ehdr->e_entry);
}

int image_check(struct image *image, struct error *error)
{
    if (check_ehdr(image, error) != 0 || check_debug_file(image, error) != 0 ||
        read_phdrs(image, error) != 0 || read_shdrs(image, error) != 0 ||
        read_dynamic(image, error) != 0) {
        return -1;
    }
    image->shared = is_shared(image);
    return image->library || image->shared ? 0 : check_entry(image, error);
}
