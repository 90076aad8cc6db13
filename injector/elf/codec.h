/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF structures between the file's form (either class, either byte order) and the
 * class-neutral GElf_* form of <gelf.h>. Callers have checked that the bytes are there: a codec
 * only knows sizes. Source: gABI chapters 4 and 5.
 */
#ifndef ELFCAGE_ELF_CODEC_H
#define ELFCAGE_ELF_CODEC_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a file writes its structures. */
struct codec {
    bool is_64;
    bool big_endian;
};

/* Sizes in the file, bytes. */
size_t codec_ehdr_size(struct codec codec);
size_t codec_phdr_size(struct codec codec);
size_t codec_shdr_size(struct codec codec);
size_t codec_dyn_size(struct codec codec);
size_t codec_sym_size(struct codec codec);
size_t codec_rel_size(struct codec codec);
size_t codec_rela_size(struct codec codec);
size_t codec_word_size(struct codec codec); /* of an address */

void codec_get_ehdr(struct codec codec, const uint8_t *bytes, GElf_Ehdr *ehdr);
void codec_get_phdr(struct codec codec, const uint8_t *bytes, GElf_Phdr *phdr);
void codec_get_shdr(struct codec codec, const uint8_t *bytes, GElf_Shdr *shdr);
void codec_get_dyn(struct codec codec, const uint8_t *bytes, GElf_Dyn *dyn);
void codec_get_sym(struct codec codec, const uint8_t *bytes, GElf_Sym *sym);
/* `count` of them; without addends (REL), r_addend is 0. r_info is in the form of ELFCLASS64:
   GELF_R_SYM(), GELF_R_TYPE(). Large programs have a million, which are read several times. */
void codec_get_relas(struct codec codec, bool addends, const uint8_t *bytes, size_t count,
                     GElf_Rela *relas);
uint64_t codec_get_word(struct codec codec, const uint8_t *bytes);

/* Values must fit the class: layouts check addresses before they come here. */
void codec_put_ehdr(struct codec codec, uint8_t *bytes, const GElf_Ehdr *ehdr);
void codec_put_phdr(struct codec codec, uint8_t *bytes, const GElf_Phdr *phdr);
void codec_put_shdr(struct codec codec, uint8_t *bytes, const GElf_Shdr *shdr);
void codec_put_dyn(struct codec codec, uint8_t *bytes, const GElf_Dyn *dyn);
void codec_put_sym(struct codec codec, uint8_t *bytes, const GElf_Sym *sym);
void codec_put_rela(struct codec codec, uint8_t *bytes, const GElf_Rela *rela);
void codec_put_word(struct codec codec, uint8_t *bytes, uint64_t word);

/* Symbols that are looked for: of a section whose mark is set, or with a value from `start` to less
   than `end`; or, if that is not STT_NOTYPE, of a type. */
struct codec_wanted {
    const bool *sections; /* borrowed */
    size_t section_count;
    uint64_t start, end;
    unsigned type; /* STT_* */
};

/* The index of the first such symbol in a table of `count`, at `from` or behind it; `count` if
   there is none. In programs with 100,000 of them this is most of the work. */
size_t codec_find_sym(struct codec codec, const uint8_t *table, size_t from, size_t count,
                      const struct codec_wanted *wanted);

#endif
