/* SPDX-License-Identifier: Apache-2.0 */
#include "subject_elf.h"

#include "base/memory.h"
#include "elf/codec.h"

#include <stdlib.h>
#include <string.h>

#define INTERPRETER "/lib/ld-subject.so.1"
#define PAGE 0x1000u
#define DYNAMIC_ENTRIES 9u
#define CODE_SIZE 0x40u
#define SECTIONS_MAX 24u
#define SEGMENTS_MAX 12u

struct making {
    const struct subject *subject;
    struct codec codec;
    uint64_t base, page;
    struct buffer file;
    struct buffer names;
    GElf_Shdr sections[SECTIONS_MAX];
    size_t section_count;
    GElf_Phdr segments[SEGMENTS_MAX];
    size_t segment_count;
};

static size_t add_section(struct making *m, const char *name, GElf_Shdr header)
{
    header.sh_name = (uint32_t)m->names.size;
    buffer_add(&m->names, name, strlen(name) + 1);
    m->sections[m->section_count] = header;
    return m->section_count++;
}

/* Appends a loaded read-only section. */
static size_t add_table(struct making *m, const char *name, uint32_t type, const void *bytes,
                        size_t size, size_t align)
{
    buffer_align(&m->file, align);
    uint64_t offset = m->file.size;
    buffer_add(&m->file, bytes, size);
    return add_section(m, name,
                       (GElf_Shdr){.sh_type = type,
                                   .sh_flags = SHF_ALLOC,
                                   .sh_addr = m->base + offset,
                                   .sh_offset = offset,
                                   .sh_size = size,
                                   .sh_addralign = align});
}

static void add_segment(struct making *m, uint32_t type, uint32_t flags, uint64_t offset,
                        uint64_t size, uint64_t align)
{
    m->segments[m->segment_count++] = (GElf_Phdr){.p_type = type,
                                                  .p_flags = flags,
                                                  .p_offset = offset,
                                                  .p_vaddr = m->base + offset,
                                                  .p_paddr = m->base + offset,
                                                  .p_filesz = size,
                                                  .p_memsz = size,
                                                  .p_align = align};
}

static void add_segment_of(struct making *m, uint32_t type, size_t section)
{
    const GElf_Shdr *shdr = &m->sections[section];
    add_segment(m, type, PF_R, shdr->sh_offset, shdr->sh_size, shdr->sh_addralign);
}

static size_t add_note(struct making *m, const char *name, uint32_t type, size_t size, size_t align)
{
    uint8_t note[64] = {0};
    bytes_put32(note, false, 4);
    bytes_put32(note + 4, false, (uint32_t)size);
    bytes_put32(note + 8, false, type);
    memcpy(note + 12, "GNU", 4);
    memset(note + 16, 0x5a, size);
    return add_table(m, name, SHT_NOTE, note, 16 + size, align);
}

static size_t segments_of(const struct subject *s)
{
    return 4u + (s->dynamic ? 3u : 0u) + (s->property ? 2u : 0u) + (s->build_id ? 1u : 0u) +
           (s->note_name ? 1u : 0u) + (s->relro_at_zero ? 1u : 0u);
}

struct tables {
    size_t interp, hash, symbols, strings, relocations;
};

static void add_dynamic_tables(struct making *m, struct tables *t)
{
    const uint32_t hash[] = {1, 1, 1, 0, 0, 0, 0, 0}; /* nothing is exported */
    uint8_t symbol[2 * sizeof(Elf64_Sym)] = {0};
    size_t hash_size = m->codec.is_64 ? 28 : 24;
    t->hash = add_table(m, ".gnu.hash", SHT_GNU_HASH, hash, hash_size, 8);
    GElf_Sym data = {.st_name = 1,
                     .st_info = GELF_ST_INFO(STB_GLOBAL, STT_NOTYPE),
                     .st_size = m->subject->library_symbol};
    codec_put_sym(m->codec, symbol + codec_sym_size(m->codec), &data);
    t->symbols = add_table(m, ".dynsym", SHT_DYNSYM, symbol, 2 * codec_sym_size(m->codec), 8);
    t->strings = add_table(m, ".dynstr", SHT_STRTAB, "\0abc\0", 5, 1);
    m->sections[t->hash].sh_link = (uint32_t)t->symbols;
    m->sections[t->symbols].sh_link = (uint32_t)t->strings;
    m->sections[t->symbols].sh_info = 1;
    m->sections[t->symbols].sh_entsize = codec_sym_size(m->codec);
    uint8_t rela[sizeof(Elf64_Rela)] = {0};
    /* The first word of .data, behind the dynamic section. */
    uint64_t target = m->base + 2 * (uint64_t)m->page + DYNAMIC_ENTRIES * codec_dyn_size(m->codec);
    uint64_t addend = m->subject->pointer_to_hash ? m->sections[t->hash].sh_addr : target;
    size_t word = codec_word_size(m->codec);
    if (m->codec.is_64) {
        bytes_put64(rela, false, target);
        bytes_put64(rela + 8, false, 8);
        bytes_put64(rela + 2 * word, false, addend);
    } else {
        bytes_put32(rela, false, (uint32_t)target);
        bytes_put32(rela + 4, false, 8);
        bytes_put32(rela + 8, false, (uint32_t)addend);
    }
    t->relocations = add_table(m, ".rela.dyn", SHT_RELA, rela, codec_rela_size(m->codec), word);
    m->sections[t->relocations].sh_link = (uint32_t)t->symbols;
}

static size_t add_dynamic(struct making *m, const struct tables *t)
{
    const GElf_Dyn entries[DYNAMIC_ENTRIES] = {
        {.d_tag = DT_GNU_HASH, .d_un.d_ptr = m->sections[t->hash].sh_addr},
        {.d_tag = DT_SYMTAB, .d_un.d_ptr = m->sections[t->symbols].sh_addr},
        {.d_tag = DT_STRTAB, .d_un.d_ptr = m->sections[t->strings].sh_addr},
        {.d_tag = DT_STRSZ, .d_un.d_val = 5},
        {.d_tag = DT_RELA, .d_un.d_ptr = m->sections[t->relocations].sh_addr},
        {.d_tag = DT_RELASZ, .d_un.d_val = codec_rela_size(m->codec)},
        {.d_tag = DT_FLAGS_1, .d_un.d_val = m->subject->fixed ? 0 : DF_1_PIE},
        {.d_tag = DT_DEBUG},
        {.d_tag = DT_NULL},
    };
    size_t entry = codec_dyn_size(m->codec);
    uint8_t bytes[sizeof entries] = {0};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        codec_put_dyn(m->codec, bytes + i * entry, &entries[i]);
    }
    size_t section =
        add_table(m, ".dynamic", SHT_DYNAMIC, bytes, entry * (sizeof entries / sizeof *entries), 8);
    m->sections[section].sh_flags |= SHF_WRITE;
    m->sections[section].sh_link = (uint32_t)t->strings;
    return section;
}

static void add_symbols(struct making *m, size_t text, size_t build_id)
{
    const char *name = m->subject->object_in_id ? m->subject->object_in_id : "__abi_tag";
    GElf_Sym symbols[3] = {
        [1] = {.st_name = 1,
               .st_info = GELF_ST_INFO(STB_GLOBAL, STT_FUNC),
               .st_shndx = (uint16_t)text,
               .st_value = m->sections[text].sh_addr},
        [2] = {.st_name = 7,
               .st_info = GELF_ST_INFO(STB_LOCAL, STT_OBJECT),
               .st_shndx = (uint16_t)build_id,
               .st_value = m->sections[build_id].sh_addr},
    };
    size_t entry = codec_sym_size(m->codec);
    uint8_t bytes[sizeof symbols];
    size_t count = build_id ? 3 : 2;
    for (size_t i = 0; i < count; i++) {
        codec_put_sym(m->codec, bytes + i * entry, &symbols[i]);
    }
    size_t table = add_table(m, ".symtab", SHT_SYMTAB, bytes, count * entry, 8);
    struct buffer strings = {0};
    buffer_add(&strings, "\0start", 7);
    buffer_add(&strings, name, strlen(name) + 1);
    size_t names = add_table(m, ".strtab", SHT_STRTAB, strings.data, strings.size, 1);
    buffer_free(&strings);
    m->sections[table].sh_flags = m->sections[names].sh_flags = 0;
    m->sections[table].sh_addr = m->sections[names].sh_addr = 0;
    m->sections[table].sh_link = (uint32_t)names;
    m->sections[table].sh_info = 1;
    m->sections[table].sh_entsize = entry;
}

static void write_headers(struct making *m, uint64_t entry)
{
    GElf_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F'},
                      .e_type = m->subject->fixed ? ET_EXEC : ET_DYN,
                      .e_machine = m->subject->is_32     ? EM_386
                                   : m->subject->aarch64 ? EM_AARCH64
                                                         : EM_X86_64,
                      .e_version = EV_CURRENT,
                      .e_entry = entry,
                      .e_phoff = codec_ehdr_size(m->codec),
                      .e_ehsize = (uint16_t)codec_ehdr_size(m->codec),
                      .e_phentsize = (uint16_t)codec_phdr_size(m->codec),
                      .e_phnum = (uint16_t)m->segment_count,
                      .e_shentsize = (uint16_t)codec_shdr_size(m->codec)};
    ehdr.e_ident[EI_CLASS] = m->codec.is_64 ? ELFCLASS64 : ELFCLASS32;
    ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
    ehdr.e_ident[EI_VERSION] = EV_CURRENT;
    if (!m->subject->no_sections) {
        size_t names = add_section(m, ".shstrtab", (GElf_Shdr){.sh_type = SHT_STRTAB});
        m->sections[names].sh_offset = m->file.size;
        m->sections[names].sh_size = m->names.size;
        buffer_add(&m->file, m->names.data, m->names.size);
        buffer_align(&m->file, 8);
        ehdr.e_shoff = m->file.size;
        ehdr.e_shnum = (uint16_t)m->section_count;
        ehdr.e_shstrndx = (uint16_t)names;
        for (size_t i = 0; i < m->section_count; i++) {
            uint8_t bytes[sizeof(Elf64_Shdr)];
            codec_put_shdr(m->codec, bytes, &m->sections[i]);
            buffer_add(&m->file, bytes, codec_shdr_size(m->codec));
        }
    }
    codec_put_ehdr(m->codec, m->file.data, &ehdr);
    for (size_t i = 0; i < m->segment_count; i++) {
        codec_put_phdr(m->codec, m->file.data + ehdr.e_phoff + i * codec_phdr_size(m->codec),
                       &m->segments[i]);
    }
}

static void add_constants(struct making *m, const char *name, size_t size)
{
    if (size) {
        struct buffer constants = {0};
        buffer_fill(&constants, 0x11, size);
        add_table(m, name, SHT_PROGBITS, constants.data, constants.size, 1);
        buffer_free(&constants);
    }
}

struct buffer subject_make(const struct subject *s)
{
    struct making m = {.subject = s,
                       .codec = {.is_64 = !s->is_32},
                       .base = s->fixed ? 0x400000 : 0,
                       .page = s->aarch64 ? 0x10000 : PAGE};
    struct tables t = {0};
    size_t note = 0;
    size_t property = 0;
    size_t build_id = 0;
    uint64_t table = codec_ehdr_size(m.codec);
    uint64_t table_size = segments_of(s) * codec_phdr_size(m.codec);
    add_section(&m, "", (GElf_Shdr){0});
    buffer_fill(&m.file, 0, table + table_size);
    buffer_fill(&m.file, s->room_filler, s->room);
    add_constants(&m, ".rodata", s->constants);
    if (s->dynamic) {
        t.interp = add_table(&m, ".interp", SHT_PROGBITS, INTERPRETER, sizeof INTERPRETER, 1);
    }
    if (s->note_name) {
        note = add_note(&m, s->note_name, 0x77, 16, 4);
    }
    if (s->property) {
        property = add_note(&m, ".note.gnu.property", NT_GNU_PROPERTY_TYPE_0, 16, 8);
    }
    if (s->build_id) {
        build_id = add_note(&m, ".note.gnu.build-id", NT_GNU_BUILD_ID, 20, 4);
    }
    if (s->dynamic) {
        add_dynamic_tables(&m, &t);
    }
    add_constants(&m, ".rodata.behind", s->constants_behind);
    uint64_t tables_end = m.file.size;
    buffer_align(&m.file, m.page);
    uint8_t code[CODE_SIZE];
    memset(code, 0x90, sizeof code);
    size_t text = add_table(&m, ".text", SHT_PROGBITS, code, sizeof code, 16);
    m.sections[text].sh_flags |= SHF_EXECINSTR;
    buffer_align(&m.file, m.page);
    uint64_t data = m.file.size;
    uint8_t words[64] = {0};
    size_t dynamic = s->dynamic ? add_dynamic(&m, &t) : 0;
    size_t words_section = add_table(&m, ".data", SHT_PROGBITS, words, sizeof words, 8);
    m.sections[words_section].sh_flags |= SHF_WRITE;
    uint64_t data_end = m.file.size;
    if (s->dynamic) {
        add_segment(&m, PT_PHDR, PF_R, table, table_size + s->reserved, 8);
        add_segment_of(&m, PT_INTERP, t.interp);
    }
    add_segment(&m, PT_LOAD, PF_R, 0, tables_end, m.page);
    add_segment(&m, PT_LOAD, PF_R | PF_X, m.sections[text].sh_offset, sizeof code, m.page);
    add_segment(&m, PT_LOAD, PF_R | PF_W, data, data_end - data, m.page);
    if (s->dynamic) {
        add_segment_of(&m, PT_DYNAMIC, dynamic);
    }
    if (s->note_name) {
        add_segment_of(&m, PT_NOTE, note);
    }
    if (s->property) {
        add_segment_of(&m, PT_NOTE, property);
        add_segment_of(&m, PT_GNU_PROPERTY, property);
    }
    if (s->build_id) {
        add_segment_of(&m, PT_NOTE, build_id);
    }
    if (s->relro_at_zero) {
        add_segment(&m, PT_GNU_RELRO, PF_R, data, data_end - data, 1);
        m.segments[m.segment_count - 1].p_offset = 0;
    }
    m.segments[m.segment_count++] =
        (GElf_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
    if (!s->no_sections) {
        add_symbols(&m, text, build_id);
    }
    write_headers(&m, m.sections[text].sh_addr);
    buffer_free(&m.names);
    return m.file;
}

Elf64_Shdr subject_section(struct bytes file, const char *name)
{
    struct codec codec = {.is_64 = file.data[EI_CLASS] == ELFCLASS64};
    GElf_Ehdr ehdr;
    GElf_Shdr names;
    codec_get_ehdr(codec, file.data, &ehdr);
    const uint8_t *table = file.data + ehdr.e_shoff;
    codec_get_shdr(codec, table + ehdr.e_shstrndx * codec_shdr_size(codec), &names);
    for (size_t i = 0; i < ehdr.e_shnum; i++) {
        GElf_Shdr shdr;
        codec_get_shdr(codec, table + i * codec_shdr_size(codec), &shdr);
        if (strcmp((const char *)file.data + names.sh_offset + shdr.sh_name, name) == 0) {
            return shdr;
        }
    }
    return (Elf64_Shdr){0};
}
