/* SPDX-License-Identifier: Apache-2.0 */
#include "check_cage.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 64u
#define FIRST_PAGE 4096u

struct file {
    struct bytes bytes;
    Elf *elf;
    GElf_Ehdr ehdr;
    GElf_Phdr phdrs[SEGMENTS_MAX];
    size_t phdr_count;
    size_t shdr_count;
};

struct checking {
    struct file original, caged;
    const struct payload *payload;
    const GElf_Phdr *segment; /* the payload's */
    uint64_t page;
};

#define REQUIRE(condition, text)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return text;                                                                           \
        }                                                                                          \
    } while (0)

static bool open_file(struct bytes bytes, struct file *file)
{
    file->bytes = bytes;
    /* libelf reads only; its parameter is not const for other uses. */
    const union {
        const uint8_t *in;
        char *out;
    } data = {bytes.data};
    file->elf = elf_memory(data.out, bytes.size);
    if (!file->elf || !gelf_getehdr(file->elf, &file->ehdr) || file->ehdr.e_phnum > SEGMENTS_MAX) {
        return false;
    }
    file->phdr_count = file->ehdr.e_phnum;
    file->shdr_count = file->ehdr.e_shoff ? file->ehdr.e_shnum : 0;
    for (size_t i = 0; i < file->phdr_count; i++) {
        if (!gelf_getphdr(file->elf, (int)i, &file->phdrs[i])) {
            return false;
        }
    }
    return true;
}

static GElf_Shdr section(const struct file *file, size_t index)
{
    GElf_Shdr shdr = {0};
    gelf_getshdr(elf_getscn(file->elf, index), &shdr);
    return shdr;
}

static const char *section_name(const struct file *file, size_t index)
{
    const char *name = index < file->shdr_count ? elf_strptr(file->elf, file->ehdr.e_shstrndx,
                                                             section(file, index).sh_name)
                                                : NULL;
    return name ? name : "";
}

static const GElf_Phdr *first_of(const struct file *file, uint32_t type)
{
    for (size_t i = 0; i < file->phdr_count; i++) {
        if (file->phdrs[i].p_type == type) {
            return &file->phdrs[i];
        }
    }
    return NULL;
}

/* The loaded bytes at an address, as far as the file has them. */
static struct bytes loaded(const struct file *file, uint64_t address)
{
    for (size_t i = 0; i < file->phdr_count; i++) {
        const GElf_Phdr *phdr = &file->phdrs[i];
        if (phdr->p_type == PT_LOAD && address - phdr->p_vaddr < phdr->p_filesz) {
            uint64_t skip = address - phdr->p_vaddr;
            return (struct bytes){file->bytes.data + phdr->p_offset + skip, phdr->p_filesz - skip};
        }
    }
    return (struct bytes){0};
}

/* Pages are what a loader maps. */
static bool is_alone(const struct checking *c)
{
    uint64_t start = c->segment->p_vaddr / c->page;
    for (size_t i = 0; i < c->caged.phdr_count; i++) {
        const GElf_Phdr *phdr = &c->caged.phdrs[i];
        if (phdr != c->segment && phdr->p_type == PT_LOAD && phdr->p_memsz &&
            (phdr->p_vaddr + phdr->p_memsz - 1) / c->page >= start) {
            return false;
        }
    }
    return true;
}

static const char *check_loads(const struct checking *c)
{
    const struct file *file = &c->caged;
    const GElf_Phdr *before = NULL;
    for (size_t i = 0; i < file->phdr_count; i++) {
        const GElf_Phdr *phdr = &file->phdrs[i];
        if (phdr->p_type != PT_LOAD) {
            continue;
        }
        REQUIRE(!before || phdr->p_vaddr >= before->p_vaddr + before->p_memsz,
                "segments are not in the order of addresses");
        REQUIRE(phdr->p_align < 2 || (phdr->p_vaddr - phdr->p_offset) % phdr->p_align == 0,
                "offset and address of a segment are not congruent");
        REQUIRE(phdr->p_filesz == 0 || bytes_in(phdr->p_offset, phdr->p_filesz, file->bytes.size),
                "a segment is outside the file");
        before = phdr;
    }
    const GElf_Phdr *segment = c->segment;
    REQUIRE(segment == before, "the payload's segment is not the last one");
    REQUIRE(segment->p_flags == (PF_R | PF_X), "the payload's segment is not R+X");
    REQUIRE(segment->p_vaddr % c->page == segment->p_offset % c->page &&
                segment->p_offset % 64 == 0 && segment->p_align == c->page &&
                segment->p_filesz == segment->p_memsz,
            "the payload's segment is not aligned");
    REQUIRE(segment->p_offset - (c->payload->original_offset + c->original.bytes.size) < 64,
            "there are bytes in front of the payload's segment");
    REQUIRE(is_alone(c), "another segment is in the pages of the payload's");
    REQUIRE(c->payload->cage.hook == HOOK_ENTRY
                ? file->ehdr.e_entry - segment->p_vaddr < segment->p_filesz
                : file->ehdr.e_entry == c->original.ehdr.e_entry,
            "the entry point is not where the hook wants it");
    return NULL;
}

static const char *check_table(const struct checking *c)
{
    const struct file *file = &c->caged;
    uint64_t size = (uint64_t)file->phdr_count * file->ehdr.e_phentsize;
    bool front = c->payload->original_offset != 0;
    REQUIRE(file->ehdr.e_phoff == (front ? file->ehdr.e_ehsize : c->original.ehdr.e_phoff),
            "the program headers moved");
    const GElf_Phdr *load = NULL;
    for (size_t i = 0; i < file->phdr_count && !load; i++) {
        load = file->phdrs[i].p_type == PT_LOAD && file->phdrs[i].p_memsz ? &file->phdrs[i] : NULL;
    }
    REQUIRE(load, "nothing is loaded");
    REQUIRE(file->phdr_count == c->original.phdr_count /* S6 */ ||
                bytes_in(file->ehdr.e_phoff - load->p_offset, size, load->p_filesz),
            "the first segment does not hold the program headers");
    const GElf_Phdr *self = first_of(file, PT_PHDR);
    if (self && file->phdr_count != c->original.phdr_count) {
        /* Kernels since 5.18, and before. */
        REQUIRE(self->p_vaddr == load->p_vaddr - load->p_offset + file->ehdr.e_phoff,
                "AT_PHDR depends on the kernel");
        REQUIRE(self->p_offset == file->ehdr.e_phoff && self->p_filesz == size &&
                    self->p_memsz == size,
                "PT_PHDR is not the program headers");
    }
    return NULL;
}

static bool is_undone(const struct payload *payload, uint64_t offset)
{
    for (size_t i = 0; i < payload->undo_count; i++) {
        if (offset - payload->undo[i].offset < payload->undo[i].original.size) {
            return true;
        }
    }
    return false;
}

static const char *check_original(const struct checking *c)
{
    uint64_t shift = c->payload->original_offset;
    REQUIRE(bytes_in(shift, c->original.bytes.size, c->caged.bytes.size),
            "the original is not in the file");
    for (uint64_t i = 0; i < c->original.bytes.size; i++) {
        REQUIRE(c->original.bytes.data[i] == c->caged.bytes.data[shift + i] ||
                    is_undone(c->payload, i),
                "a byte of the original changed that nobody puts back");
    }
    return NULL;
}

/* Where the original's segment of that type and number is now: segments keep their order. */
static const GElf_Phdr *same_segment(const struct checking *c, size_t index)
{
    const GElf_Phdr *old = &c->original.phdrs[index];
    size_t number = 0;
    for (size_t i = 0; i < index; i++) {
        number += c->original.phdrs[i].p_type == old->p_type ? 1 : 0;
    }
    for (size_t i = 0; i < c->caged.phdr_count; i++) {
        const GElf_Phdr *phdr = &c->caged.phdrs[i];
        if (phdr != c->segment && phdr->p_type == old->p_type) {
            if (number == 0) {
                return phdr;
            }
            number--;
        }
    }
    return NULL;
}

static const char *check_contents(const struct checking *c)
{
    for (size_t i = 0; i < c->original.phdr_count; i++) {
        const GElf_Phdr *old = &c->original.phdrs[i];
        bool compared = old->p_type == PT_INTERP || old->p_type == PT_GNU_PROPERTY ||
                        old->p_type == PT_TLS || old->p_type == PT_GNU_EH_FRAME ||
                        (old->p_type == PT_NOTE && c->payload->layout[1] != '6');
        if (!compared) {
            continue;
        }
        const GElf_Phdr *new = same_segment(c, i);
        REQUIRE(new &&new->p_filesz ==
                    old->p_filesz &&memcmp(c->caged.bytes.data + new->p_offset,
                                           c->original.bytes.data + old->p_offset, old->p_filesz) ==
                    0,
                "a segment has other contents");
        REQUIRE(old->p_filesz == 0 ||
                    loaded(&c->caged, new->p_vaddr).data == c->caged.bytes.data + new->p_offset,
                "a segment is not loaded from where it is in the file");
        REQUIRE(new->p_align < 2 || (new->p_vaddr % new->p_align) == (old->p_vaddr % new->p_align),
                "a segment lost its alignment");
    }
    return NULL;
}

/* Are they the same? Hooks other than the entry point may have changed one word. */
static bool is_same(const struct checking *c, const uint8_t *was, const uint8_t *is, uint64_t size)
{
    uint64_t from = 0;
    uint64_t to = size;
    while (from < to && was[from] == is[from]) {
        from++;
    }
    while (to > from && was[to - 1] == is[to - 1]) {
        to--;
    }
    return to - from <= (c->payload->cage.hook == HOOK_ENTRY ? 0u : 8u);
}

/* A build-id that is in the first page is so in the caged file. */
static const char *check_identity(const struct checking *c)
{
    const struct file *files[2] = {&c->original, &c->caged};
    bool found[2] = {false, false};
    for (int f = 0; f < 2; f++) {
        for (size_t i = 0; i < files[f]->phdr_count; i++) {
            const GElf_Phdr *phdr = &files[f]->phdrs[i];
            const uint8_t *note = files[f]->bytes.data + phdr->p_offset;
            found[f] = found[f] || (phdr->p_type == PT_NOTE && phdr->p_filesz > 16 &&
                                    phdr->p_offset + phdr->p_filesz <= FIRST_PAGE &&
                                    memmem(note, phdr->p_filesz, "\3\0\0\0GNU", 8));
        }
    }
    REQUIRE(!found[0] || found[1], "the build-id left the first page");
    return NULL;
}

static const char *check_dynamic(const struct checking *c)
{
    static const struct {
        int64_t start, size;
    } tables[] = {{DT_STRTAB, DT_STRSZ}, {DT_RELA, DT_RELASZ}, {DT_JMPREL, DT_PLTRELSZ}};
    const GElf_Phdr *old = first_of(&c->original, PT_DYNAMIC);
    const GElf_Phdr *new = first_of(&c->caged, PT_DYNAMIC);
    REQUIRE(!old == !new, "the dynamic section came or went");
    if (!old) {
        return NULL;
    }
    bool is_64 = c->original.ehdr.e_ident[EI_CLASS] == ELFCLASS64;
    size_t entry = is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    const struct file *files[2] = {&c->original, &c->caged};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        uint64_t start[2] = {0, 0};
        uint64_t size[2] = {0, 0};
        for (int f = 0; f < 2; f++) {
            const GElf_Phdr *phdr = f ? new : old;
            for (uint64_t at = 0; at + entry <= phdr->p_filesz; at += entry) {
                const uint8_t *d = files[f]->bytes.data + phdr->p_offset + at;
                int64_t tag =
                    is_64 ? (int64_t)bytes_get64(d, false) : (int32_t)bytes_get32(d, false);
                uint64_t value = is_64 ? bytes_get64(d + 8, false) : bytes_get32(d + 4, false);
                start[f] = tag == tables[t].start ? value : start[f];
                size[f] = tag == tables[t].size ? value : size[f];
            }
        }
        struct bytes was = loaded(&c->original, start[0]);
        struct bytes is = loaded(&c->caged, start[1]);
        uint64_t more = tables[t].start == DT_RELA && c->payload->cage.hook == HOOK_PREINIT
                            ? sizeof(Elf64_Rela)
                            : 0;
        REQUIRE(size[0] == size[1] || size[0] + more == size[1],
                "a dynamic table has another size");
        REQUIRE(size[0] == 0 || (size[0] <= was.size && size[1] <= is.size &&
                                 is_same(c, was.data, is.data, size[0])),
                "a dynamic table has other contents");
    }
    return NULL;
}

static size_t find_section(const struct file *file, const char *name)
{
    for (size_t i = 1; i < file->shdr_count; i++) {
        if (strcmp(section_name(file, i), name) == 0) {
            return i;
        }
    }
    return 0;
}

static bool is_payload_section(const char *name)
{
    return strncmp(name, ".elfcage.", 9) == 0 || strcmp(name, ".note.elfcage") == 0;
}

static const char *check_section(const struct checking *c, size_t index)
{
    const char *name = section_name(&c->caged, index);
    GElf_Shdr new = section(&c->caged, index);
    GElf_Shdr old = section(&c->original, find_section(&c->original, name));
    REQUIRE(new.sh_type == old.sh_type &&new.sh_flags == old.sh_flags &&new.sh_addralign ==
                old.sh_addralign &&new.sh_entsize == old.sh_entsize,
            "a section is of another kind");
    REQUIRE(strcmp(section_name(&c->caged, new.sh_link), section_name(&c->original, old.sh_link)) ==
                0,
            "a section is linked to another one");
    if (new.sh_type == SHT_RELA || new.sh_type == SHT_REL || new.sh_flags & SHF_INFO_LINK) {
        REQUIRE(strcmp(section_name(&c->caged, new.sh_info),
                       section_name(&c->original, old.sh_info)) == 0,
                "a section is about another one");
    } else {
        REQUIRE(new.sh_info == old.sh_info, "a section has another sh_info");
    }
    bool changes = new.sh_type == SHT_SYMTAB || new.sh_type == SHT_DYNSYM ||
                   new.sh_type == SHT_DYNAMIC || new.sh_type == SHT_NOBITS ||
                   index == c->caged.ehdr.e_shstrndx;
    if (!changes) {
        bool grown = new.sh_type == SHT_RELA && c->payload->cage.hook == HOOK_PREINIT;
        REQUIRE(new.sh_size == old.sh_size ||
                    (grown && new.sh_size == old.sh_size + sizeof(Elf64_Rela)),
                "a section has another size");
        REQUIRE(is_same(c, c->original.bytes.data + old.sh_offset,
                        c->caged.bytes.data + new.sh_offset, old.sh_size),
                "a section has other contents");
    }
    if (new.sh_flags & SHF_ALLOC &&new.sh_type != SHT_NOBITS &&new.sh_size) {
        REQUIRE(loaded(&c->caged, new.sh_addr).data == c->caged.bytes.data + new.sh_offset,
                "a section is not loaded from where it is in the file");
        REQUIRE(new.sh_addralign < 2 || new.sh_addr % new.sh_addralign == 0 ||
                    old.sh_addr % new.sh_addralign != 0,
                "a section lost its alignment");
    }
    return NULL;
}

static const char *check_symbols(const struct checking *c, size_t index)
{
    GElf_Shdr new = section(&c->caged, index);
    size_t old_index = find_section(&c->original, section_name(&c->caged, index));
    Elf_Data *new_data = elf_getdata(elf_getscn(c->caged.elf, index), NULL);
    Elf_Data *old_data = elf_getdata(elf_getscn(c->original.elf, old_index), NULL);
    for (int i = 0; new.sh_entsize &&i < (int)(new.sh_size / new.sh_entsize); i++) {
        GElf_Sym was;
        GElf_Sym is;
        REQUIRE(gelf_getsym(old_data, i, &was) && gelf_getsym(new_data, i, &is),
                "a symbol is gone");
        REQUIRE(was.st_name == is.st_name && was.st_info == is.st_info && was.st_size == is.st_size,
                "a symbol is another one");
        bool special = was.st_shndx == SHN_UNDEF || was.st_shndx >= SHN_LORESERVE;
        REQUIRE(!special || was.st_shndx == is.st_shndx, "a symbol came into a section");
        if (special) {
            continue;
        }
        REQUIRE(strcmp(section_name(&c->caged, is.st_shndx),
                       section_name(&c->original, was.st_shndx)) == 0,
                "a symbol is in another section");
        GElf_Shdr from = section(&c->original, was.st_shndx);
        GElf_Shdr to = section(&c->caged, is.st_shndx);
        bool inside =
            was.st_value - from.sh_addr <= from.sh_size && GELF_ST_TYPE(was.st_info) != STT_TLS;
        REQUIRE(!inside || was.st_value - from.sh_addr == is.st_value - to.sh_addr,
                "a symbol has another place in its section");
    }
    return NULL;
}

/* strip and eu-strip zero what no section covers. */
static const char *check_covered(const struct checking *c)
{
    const GElf_Phdr *segment = c->segment;
    uint64_t at = segment->p_vaddr;
    uint64_t end = segment->p_vaddr + segment->p_filesz;
    while (at < end) {
        uint64_t next = end;
        bool covered = false;
        for (size_t i = 1; i < c->caged.shdr_count; i++) {
            GElf_Shdr shdr = section(&c->caged, i);
            if (!(shdr.sh_flags & SHF_ALLOC) || shdr.sh_type == SHT_NOBITS) {
                continue;
            }
            if (at - shdr.sh_addr < shdr.sh_size) {
                at = shdr.sh_addr + shdr.sh_size;
                covered = true;
            } else if (shdr.sh_addr > at && shdr.sh_addr < next) {
                next = shdr.sh_addr;
            }
        }
        if (!covered) {
            REQUIRE(next < end && next - at < 64, "no section covers the payload's segment");
            for (; at < next; at++) {
                REQUIRE(c->caged.bytes.data[segment->p_offset + (at - segment->p_vaddr)] == 0,
                        "no section covers bytes that are not zero");
            }
        }
    }
    return NULL;
}

static bool is_sorted(const struct file *file)
{
    uint64_t highest = 0;
    for (size_t i = 1; i < file->shdr_count; i++) {
        GElf_Shdr shdr = section(file, i);
        /* A .dynsym that moved may have kept its header. */
        if (shdr.sh_flags & SHF_ALLOC && !(shdr.sh_flags & SHF_TLS) && shdr.sh_type != SHT_DYNSYM) {
            if (shdr.sh_addr < highest) {
                return false;
            }
            highest = shdr.sh_addr;
        }
    }
    return true;
}

static const char *check_sections(const struct checking *c)
{
    const struct file *file = &c->caged;
    REQUIRE(!file->shdr_count == !c->original.shdr_count, "section headers came or went");
    if (!file->shdr_count) {
        return NULL;
    }
    size_t added = 0;
    /* S2's section of old headers is the last one, and has the lowest address. */
    REQUIRE(c->payload->original_offset || !is_sorted(&c->original) || is_sorted(file),
            "sections are not in the order of addresses");
    for (size_t i = 1; i < file->shdr_count; i++) {
        GElf_Shdr shdr = section(file, i);
        if (is_payload_section(section_name(file, i))) {
            added++;
            continue;
        }
        const char *problem = check_section(c, i);
        if (!problem && (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM)) {
            problem = check_symbols(c, i);
        }
        if (problem) {
            return problem;
        }
        bool moved = shdr.sh_flags & SHF_ALLOC && bytes_in(shdr.sh_addr - c->segment->p_vaddr,
                                                           shdr.sh_size, c->segment->p_memsz);
        REQUIRE(moved || find_section(&c->original, section_name(file, i)) == i,
                "a section that stays has another index");
    }
    REQUIRE(file->shdr_count == c->original.shdr_count + added, "a section is gone");
    REQUIRE(added >= 3, "the payload has no sections");
    return check_covered(c);
}

static const char *check_all(const struct checking *c, bool whole)
{
    const char *(*const always[])(const struct checking *) = {check_loads, check_table,
                                                              check_original};
    const char *(*const well_formed[])(const struct checking *) = {check_contents, check_identity,
                                                                   check_dynamic, check_sections};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        const char *problem = always[i](c);
        if (problem) {
            return problem;
        }
    }
    for (size_t i = 0; whole && i < sizeof well_formed / sizeof *well_formed; i++) {
        const char *problem = well_formed[i](c);
        if (problem) {
            return problem;
        }
    }
    return NULL;
}

const char *check_cage(struct bytes original, struct bytes caged, const struct payload *payload,
                       uint64_t page, bool whole)
{
    elf_version(EV_CURRENT);
    struct checking *c = calloc(1, sizeof *c);
    if (!c) {
        abort();
    }
    c->payload = payload;
    c->page = page;
    const char *problem = "libelf cannot read it";
    if (open_file(original, &c->original) && open_file(caged, &c->caged)) {
        c->segment = &c->caged.phdrs[payload->segment];
        problem = check_all(c, whole);
    }
    elf_end(c->original.elf);
    elf_end(c->caged.elf);
    free(c);
    return problem;
}
