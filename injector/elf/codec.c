/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte order, where it is not the host's, and the step between the 32-bit structures and
 * GElf_*. The types are those of <gelf.h>; libelf itself is not linked: to load it and its libz
 * would take longer than all that is done here. A test holds both directions against its
 * translators. The bytes are copied first, since structures in a file need not be aligned.
 */
#include "elf/codec.h"

#include "base/bytes.h"

#include <stddef.h>
#include <string.h>

/* A structure of the gABI, for both classes. */
struct shape {
    uint8_t bytes;         /* at the start, not numbers */
    uint8_t fields[2][14]; /* the sizes of those behind, in order; [1]: ELFCLASS64 */
};

#define EHDR_END 4, 2, 2, 2, 2, 2, 2
static const struct shape ehdr_shape = {
    EI_NIDENT, {{2, 2, 4, 4, 4, 4, EHDR_END}, {2, 2, 4, 8, 8, 8, EHDR_END}}};
static const struct shape phdr_shape = {0, {{4, 4, 4, 4, 4, 4, 4, 4}, {4, 4, 8, 8, 8, 8, 8, 8}}};
static const struct shape shdr_shape = {
    0, {{4, 4, 4, 4, 4, 4, 4, 4, 4, 4}, {4, 4, 8, 8, 8, 8, 4, 4, 8, 8}}};
static const struct shape sym_shape = {0, {{4, 4, 4, 1, 1, 2}, {4, 1, 1, 2, 8, 8}}};
static const struct shape dyn_shape = {0, {{4, 4}, {8, 8}}};
static const struct shape rel_shape = {0, {{4, 4}, {8, 8}}};
static const struct shape rela_shape = {0, {{4, 4, 4}, {8, 8, 8}}};
#undef EHDR_END

static bool is_host_order(struct codec codec)
{
    return codec.big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* From the byte order of the file to that of the host, or back. */
static void translate(struct codec codec, const struct shape *shape, uint8_t *bytes)
{
    if (is_host_order(codec)) {
        return;
    }
    bytes += shape->bytes;
    for (const uint8_t *size = shape->fields[codec.is_64]; *size; bytes += *size++) {
        for (size_t i = 0; i < *size / 2u; i++) {
            uint8_t keep = bytes[i];
            bytes[i] = bytes[*size - 1 - i];
            bytes[*size - 1 - i] = keep;
        }
    }
}

static void from_file(struct codec codec, const struct shape *shape, const uint8_t *bytes,
                      void *structure, size_t size)
{
    memcpy(structure, bytes, size);
    translate(codec, shape, structure);
}

static void to_file(struct codec codec, const struct shape *shape, const void *structure,
                    uint8_t *bytes, size_t size)
{
    memcpy(bytes, structure, size);
    translate(codec, shape, bytes);
}

#define SIZE_FUNCTION(name, type)                                                                  \
    size_t codec_##name##_size(struct codec codec)                                                 \
    {                                                                                              \
        return codec.is_64 ? sizeof(Elf64_##type) : sizeof(Elf32_##type);                          \
    }

SIZE_FUNCTION(ehdr, Ehdr)
SIZE_FUNCTION(phdr, Phdr)
SIZE_FUNCTION(shdr, Shdr)
SIZE_FUNCTION(dyn, Dyn)
SIZE_FUNCTION(sym, Sym)
SIZE_FUNCTION(rel, Rel)
SIZE_FUNCTION(rela, Rela)
SIZE_FUNCTION(word, Addr)

void codec_get_ehdr(struct codec codec, const uint8_t *bytes, GElf_Ehdr *ehdr)
{
    if (codec.is_64) {
        from_file(codec, &ehdr_shape, bytes, ehdr, sizeof *ehdr);
        return;
    }
    Elf32_Ehdr e;
    from_file(codec, &ehdr_shape, bytes, &e, sizeof e);
    *ehdr = (GElf_Ehdr){.e_type = e.e_type,
                        .e_machine = e.e_machine,
                        .e_version = e.e_version,
                        .e_entry = e.e_entry,
                        .e_phoff = e.e_phoff,
                        .e_shoff = e.e_shoff,
                        .e_flags = e.e_flags,
                        .e_ehsize = e.e_ehsize,
                        .e_phentsize = e.e_phentsize,
                        .e_phnum = e.e_phnum,
                        .e_shentsize = e.e_shentsize,
                        .e_shnum = e.e_shnum,
                        .e_shstrndx = e.e_shstrndx};
    memcpy(ehdr->e_ident, e.e_ident, EI_NIDENT);
}

void codec_put_ehdr(struct codec codec, uint8_t *bytes, const GElf_Ehdr *ehdr)
{
    if (codec.is_64) {
        to_file(codec, &ehdr_shape, ehdr, bytes, sizeof *ehdr);
        return;
    }
    Elf32_Ehdr e = {.e_type = ehdr->e_type,
                    .e_machine = ehdr->e_machine,
                    .e_version = ehdr->e_version,
                    .e_entry = (Elf32_Addr)ehdr->e_entry,
                    .e_phoff = (Elf32_Off)ehdr->e_phoff,
                    .e_shoff = (Elf32_Off)ehdr->e_shoff,
                    .e_flags = ehdr->e_flags,
                    .e_ehsize = ehdr->e_ehsize,
                    .e_phentsize = ehdr->e_phentsize,
                    .e_phnum = ehdr->e_phnum,
                    .e_shentsize = ehdr->e_shentsize,
                    .e_shnum = ehdr->e_shnum,
                    .e_shstrndx = ehdr->e_shstrndx};
    memcpy(e.e_ident, ehdr->e_ident, EI_NIDENT);
    to_file(codec, &ehdr_shape, &e, bytes, sizeof e);
}

void codec_get_phdr(struct codec codec, const uint8_t *bytes, GElf_Phdr *phdr)
{
    if (codec.is_64) {
        from_file(codec, &phdr_shape, bytes, phdr, sizeof *phdr);
        return;
    }
    Elf32_Phdr p;
    from_file(codec, &phdr_shape, bytes, &p, sizeof p);
    *phdr = (GElf_Phdr){.p_type = p.p_type,
                        .p_flags = p.p_flags,
                        .p_offset = p.p_offset,
                        .p_vaddr = p.p_vaddr,
                        .p_paddr = p.p_paddr,
                        .p_filesz = p.p_filesz,
                        .p_memsz = p.p_memsz,
                        .p_align = p.p_align};
}

void codec_put_phdr(struct codec codec, uint8_t *bytes, const GElf_Phdr *phdr)
{
    if (codec.is_64) {
        to_file(codec, &phdr_shape, phdr, bytes, sizeof *phdr);
        return;
    }
    Elf32_Phdr p = {.p_type = phdr->p_type,
                    .p_flags = phdr->p_flags,
                    .p_offset = (Elf32_Off)phdr->p_offset,
                    .p_vaddr = (Elf32_Addr)phdr->p_vaddr,
                    .p_paddr = (Elf32_Addr)phdr->p_paddr,
                    .p_filesz = (Elf32_Word)phdr->p_filesz,
                    .p_memsz = (Elf32_Word)phdr->p_memsz,
                    .p_align = (Elf32_Word)phdr->p_align};
    to_file(codec, &phdr_shape, &p, bytes, sizeof p);
}

void codec_get_shdr(struct codec codec, const uint8_t *bytes, GElf_Shdr *shdr)
{
    if (codec.is_64) {
        from_file(codec, &shdr_shape, bytes, shdr, sizeof *shdr);
        return;
    }
    Elf32_Shdr s;
    from_file(codec, &shdr_shape, bytes, &s, sizeof s);
    *shdr = (GElf_Shdr){.sh_name = s.sh_name,
                        .sh_type = s.sh_type,
                        .sh_flags = s.sh_flags,
                        .sh_addr = s.sh_addr,
                        .sh_offset = s.sh_offset,
                        .sh_size = s.sh_size,
                        .sh_link = s.sh_link,
                        .sh_info = s.sh_info,
                        .sh_addralign = s.sh_addralign,
                        .sh_entsize = s.sh_entsize};
}

void codec_put_shdr(struct codec codec, uint8_t *bytes, const GElf_Shdr *shdr)
{
    if (codec.is_64) {
        to_file(codec, &shdr_shape, shdr, bytes, sizeof *shdr);
        return;
    }
    Elf32_Shdr s = {.sh_name = shdr->sh_name,
                    .sh_type = shdr->sh_type,
                    .sh_flags = (Elf32_Word)shdr->sh_flags,
                    .sh_addr = (Elf32_Addr)shdr->sh_addr,
                    .sh_offset = (Elf32_Off)shdr->sh_offset,
                    .sh_size = (Elf32_Word)shdr->sh_size,
                    .sh_link = shdr->sh_link,
                    .sh_info = shdr->sh_info,
                    .sh_addralign = (Elf32_Word)shdr->sh_addralign,
                    .sh_entsize = (Elf32_Word)shdr->sh_entsize};
    to_file(codec, &shdr_shape, &s, bytes, sizeof s);
}

void codec_get_dyn(struct codec codec, const uint8_t *bytes, GElf_Dyn *dyn)
{
    if (codec.is_64) {
        from_file(codec, &dyn_shape, bytes, dyn, sizeof *dyn);
        return;
    }
    Elf32_Dyn d;
    from_file(codec, &dyn_shape, bytes, &d, sizeof d);
    *dyn = (GElf_Dyn){.d_tag = d.d_tag, .d_un.d_val = d.d_un.d_val};
}

void codec_put_dyn(struct codec codec, uint8_t *bytes, const GElf_Dyn *dyn)
{
    if (codec.is_64) {
        to_file(codec, &dyn_shape, dyn, bytes, sizeof *dyn);
        return;
    }
    Elf32_Dyn d = {.d_tag = (Elf32_Sword)dyn->d_tag, .d_un.d_val = (Elf32_Word)dyn->d_un.d_val};
    to_file(codec, &dyn_shape, &d, bytes, sizeof d);
}

void codec_get_sym(struct codec codec, const uint8_t *bytes, GElf_Sym *sym)
{
    if (codec.is_64) {
        from_file(codec, &sym_shape, bytes, sym, sizeof *sym);
        return;
    }
    Elf32_Sym s;
    from_file(codec, &sym_shape, bytes, &s, sizeof s);
    *sym = (GElf_Sym){.st_name = s.st_name,
                      .st_info = s.st_info,
                      .st_other = s.st_other,
                      .st_shndx = s.st_shndx,
                      .st_value = s.st_value,
                      .st_size = s.st_size};
}

void codec_put_sym(struct codec codec, uint8_t *bytes, const GElf_Sym *sym)
{
    if (codec.is_64) {
        to_file(codec, &sym_shape, sym, bytes, sizeof *sym);
        return;
    }
    Elf32_Sym s = {.st_name = sym->st_name,
                   .st_info = sym->st_info,
                   .st_other = sym->st_other,
                   .st_shndx = sym->st_shndx,
                   .st_value = (Elf32_Addr)sym->st_value,
                   .st_size = (Elf32_Word)sym->st_size};
    to_file(codec, &sym_shape, &s, bytes, sizeof s);
}

void codec_put_rela(struct codec codec, uint8_t *bytes, const GElf_Rela *rela)
{
    if (codec.is_64) {
        to_file(codec, &rela_shape, rela, bytes, sizeof *rela);
        return;
    }
    Elf32_Rela r = {
        .r_offset = (Elf32_Addr)rela->r_offset,
        .r_info = (Elf32_Word)ELF32_R_INFO(GELF_R_SYM(rela->r_info), GELF_R_TYPE(rela->r_info)),
        .r_addend = (Elf32_Sword)rela->r_addend};
    to_file(codec, &rela_shape, &r, bytes, sizeof r);
}

void codec_put_word(struct codec codec, uint8_t *bytes, uint64_t word)
{
    if (codec.is_64) {
        bytes_put64(bytes, codec.big_endian, word);
    } else {
        bytes_put32(bytes, codec.big_endian, (uint32_t)word);
    }
}

/* In line, unlike those of base/bytes.h, for the loop below. */
static uint16_t get_half(struct codec codec, const uint8_t *bytes)
{
    uint16_t half;
    memcpy(&half, bytes, sizeof half);
    return is_host_order(codec) ? half : __builtin_bswap16(half);
}

static uint64_t get_value(struct codec codec, const uint8_t *symbol)
{
    if (codec.is_64) {
        uint64_t value;
        memcpy(&value, symbol + offsetof(Elf64_Sym, st_value), sizeof value);
        return is_host_order(codec) ? value : __builtin_bswap64(value);
    }
    uint32_t value;
    memcpy(&value, symbol + offsetof(Elf32_Sym, st_value), sizeof value);
    return is_host_order(codec) ? value : __builtin_bswap32(value);
}

static size_t find_type(struct codec codec, const uint8_t *table, size_t from, size_t count,
                        unsigned type)
{
    size_t entry = codec_sym_size(codec);
    size_t field = codec.is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info);
    for (size_t i = from; i < count; i++) {
        if (GELF_ST_TYPE(table[i * entry + field]) == type) {
            return i;
        }
    }
    return count;
}

size_t codec_find_sym(struct codec codec, const uint8_t *table, size_t from, size_t count,
                      const struct codec_wanted *wanted)
{
    if (wanted->type != STT_NOTYPE) {
        return find_type(codec, table, from, count, wanted->type);
    }
    size_t entry = codec_sym_size(codec);
    size_t field = codec.is_64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
    for (size_t i = from; i < count; i++) {
        const uint8_t *symbol = table + i * entry;
        uint16_t section = get_half(codec, symbol + field);
        if ((section < wanted->section_count && wanted->sections[section]) ||
            get_value(codec, symbol) - wanted->start < wanted->end - wanted->start) {
            return i;
        }
    }
    return count;
}

static void get_relas_32(struct codec codec, bool addends, const uint8_t *bytes, size_t count,
                         GElf_Rela *relas)
{
    size_t entry = addends ? sizeof(Elf32_Rela) : sizeof(Elf32_Rel);
    for (size_t i = 0; i < count; i++) {
        Elf32_Rela r = {.r_addend = 0};
        from_file(codec, addends ? &rela_shape : &rel_shape, bytes + i * entry, &r, entry);
        relas[i] = (GElf_Rela){
            .r_offset = r.r_offset,
            .r_info = GELF_R_INFO((uint64_t)ELF32_R_SYM(r.r_info), ELF32_R_TYPE(r.r_info)),
            .r_addend = (uint32_t)r.r_addend};
    }
}

void codec_get_relas(struct codec codec, bool addends, const uint8_t *bytes, size_t count,
                     GElf_Rela *relas)
{
    if (!codec.is_64) {
        get_relas_32(codec, addends, bytes, count, relas);
        return;
    }
    if (addends && is_host_order(codec)) {
        memcpy(relas, bytes, count * sizeof *relas);
        return;
    }
    size_t entry = addends ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
    for (size_t i = 0; i < count; i++) {
        relas[i].r_addend = 0;
        from_file(codec, addends ? &rela_shape : &rel_shape, bytes + i * entry, &relas[i], entry);
    }
}

uint64_t codec_get_word(struct codec codec, const uint8_t *bytes)
{
    return codec.is_64 ? bytes_get64(bytes, codec.big_endian)
                       : bytes_get32(bytes, codec.big_endian);
}
