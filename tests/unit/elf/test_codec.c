/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec against libelf's translators: the same structure, from bytes of either order, for both
 * classes; and back to the same bytes.
 */
#include "elf/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SIZE_MAX_OF_ALL sizeof(Elf64_Ehdr) /* the largest structure */
#define ROUNDS 200

union structure {
    GElf_Ehdr ehdr;
    GElf_Phdr phdr;
    GElf_Shdr shdr;
    GElf_Dyn dyn;
    GElf_Sym sym;
    GElf_Rela rela;
    uint8_t bytes[SIZE_MAX_OF_ALL];
};

static void get(struct codec codec, Elf_Type type, const uint8_t *bytes, union structure *out)
{
    memset(out, 0, sizeof *out);
    switch ((int)type) {
    case ELF_T_EHDR:
        codec_get_ehdr(codec, bytes, &out->ehdr);
        break;
    case ELF_T_PHDR:
        codec_get_phdr(codec, bytes, &out->phdr);
        break;
    case ELF_T_SHDR:
        codec_get_shdr(codec, bytes, &out->shdr);
        break;
    case ELF_T_DYN:
        codec_get_dyn(codec, bytes, &out->dyn);
        break;
    case ELF_T_SYM:
        codec_get_sym(codec, bytes, &out->sym);
        break;
    case ELF_T_REL:
        codec_get_relas(codec, false, bytes, 1, &out->rela);
        break;
    default:
        codec_get_relas(codec, true, bytes, 1, &out->rela);
        break;
    }
}

/* False for what is never written. */
static bool put(struct codec codec, Elf_Type type, const union structure *in, uint8_t *bytes)
{
    switch ((int)type) {
    case ELF_T_EHDR:
        codec_put_ehdr(codec, bytes, &in->ehdr);
        return true;
    case ELF_T_PHDR:
        codec_put_phdr(codec, bytes, &in->phdr);
        return true;
    case ELF_T_SHDR:
        codec_put_shdr(codec, bytes, &in->shdr);
        return true;
    case ELF_T_DYN:
        codec_put_dyn(codec, bytes, &in->dyn);
        return true;
    case ELF_T_SYM:
        codec_put_sym(codec, bytes, &in->sym);
        return true;
    case ELF_T_RELA:
        codec_put_rela(codec, bytes, &in->rela);
        return true;
    default:
        return false;
    }
}

/* Any bytes will do, as long as they differ: xorshift. */
static uint8_t next_byte(void)
{
    static uint32_t state = 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (uint8_t)(state >> 24);
}

/* In the host's order there is nothing to translate: so what libelf makes of the bytes is read that
   way, and must be what the codec makes of them. */
static void compare(struct codec codec, Elf_Type type, size_t size)
{
    uint8_t bytes[SIZE_MAX_OF_ALL];
    uint8_t native[SIZE_MAX_OF_ALL];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = next_byte();
    }
    Elf_Data from = {.d_buf = bytes, .d_type = type, .d_version = EV_CURRENT, .d_size = size};
    Elf_Data to = {.d_buf = native, .d_type = type, .d_version = EV_CURRENT, .d_size = size};
    unsigned order = codec.big_endian ? ELFDATA2MSB : ELFDATA2LSB;
    assert_non_null(codec.is_64 ? elf64_xlatetom(&to, &from, order)
                                : elf32_xlatetom(&to, &from, order));
    struct codec host = {codec.is_64, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__};
    union structure ours;
    union structure theirs;
    get(codec, type, bytes, &ours);
    get(host, type, native, &theirs);
    assert_memory_equal(ours.bytes, theirs.bytes, sizeof ours);
    uint8_t back[SIZE_MAX_OF_ALL];
    if (put(codec, type, &ours, back)) {
        assert_memory_equal(back, bytes, size);
    }
}

/* As many as they are read at once, of each form. */
static void test_relocations_at_once(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    for (int i = 0; i < 8; i++) {
        struct codec codec = {.is_64 = i & 1, .big_endian = i & 2};
        bool addends = i & 4;
        size_t entry = addends ? codec_rela_size(codec) : codec_rel_size(codec);
        uint8_t bytes[COUNT * sizeof(Elf64_Rela)];
        GElf_Rela all[COUNT];
        for (size_t j = 0; j < sizeof bytes; j++) {
            bytes[j] = (uint8_t)(37 * j + 1);
        }
        memset(all, 0xff, sizeof all);
        codec_get_relas(codec, addends, bytes, COUNT, all);
        for (size_t j = 0; j < COUNT; j++) {
            GElf_Rela one;
            codec_get_relas(codec, addends, bytes + j * entry, 1, &one);
            assert_memory_equal(&all[j], &one, sizeof one);
            assert_true(codec.is_64 ||
                        (GELF_R_TYPE(one.r_info) < 256 && GELF_R_SYM(one.r_info) < 1u << 24));
        }
    }
}

static void test_against_libelf(void **state)
{
    (void)state;
    for (int i = 0; i < 4 * ROUNDS; i++) {
        struct codec codec = {.is_64 = i & 1, .big_endian = i & 2};
        compare(codec, ELF_T_EHDR, codec_ehdr_size(codec));
        compare(codec, ELF_T_PHDR, codec_phdr_size(codec));
        compare(codec, ELF_T_SHDR, codec_shdr_size(codec));
        compare(codec, ELF_T_DYN, codec_dyn_size(codec));
        compare(codec, ELF_T_SYM, codec_sym_size(codec));
        compare(codec, ELF_T_REL, codec_rel_size(codec));
        compare(codec, ELF_T_RELA, codec_rela_size(codec));
    }
}

int main(void)
{
    elf_version(EV_CURRENT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libelf),
        cmocka_unit_test(test_relocations_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
