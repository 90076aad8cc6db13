/* SPDX-License-Identifier: Apache-2.0 */
/*
 * i386. Under a 64-bit kernel a 32-bit program reaches 64-bit calls with a far jump to code segment
 * 0x33, so x86-64 is one of its ABIs, the x32 numbers included.
 */
#include "arch/abis.h"
#include "arch/splits.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>

static const struct split splits[] = {
    SPLITS_32BIT,
    SPLITS_SHIFTED_OFFSETS,
    {"clone", 3}, /* the last two parameters are the other way round than on x86-64 */
};

static const struct spelling spellings[] = {SPELLINGS_32BIT};

const struct abi abi_i386 = {
    .name = "i386",
    .audit_architecture = AUDIT_ARCH_I386,
    .scmp_architecture = SCMP_ARCH_X86,
    .bits = 32,
    .ways = ways_32bit,
    .way_count = WAYS_32BIT_COUNT,
    .splits = splits,
    .split_count = sizeof splits / sizeof splits[0],
    .spellings = spellings,
    .spelling_count = sizeof spellings / sizeof spellings[0],
};

static const struct abi *const abis[] = {&abi_i386, &abi_x86_64};

/* mov (%esp),%ebx; ret: __x86.get_pc_thunk.bx */
static const uint8_t thunk_bytes[] = {0x8b, 0x1c, 0x24, 0xc3};
/* push %ebx; sub $8,%esp; call thunk; add $GOT,%ebx; add $8,%esp; pop %ebx; ret */
static const uint8_t idle_fini_bytes[] = {0x53, 0x83, 0xec, 0x08, 0xe8, 0x00, 0x00,
                                          0x00, 0x00, 0x81, 0xc3, 0x00, 0x00, 0x00,
                                          0x00, 0x83, 0xc4, 0x08, 0x5b, 0xc3};
static const uint8_t idle_fini_mask[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00,
                                         0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00,
                                         0x00, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t landing_pad_bytes[] = {0xf3, 0x0f, 0x1e, 0xfb}; /* endbr32 */

static const struct code_pattern thunk = {.bytes = thunk_bytes, .size = sizeof thunk_bytes};
static const struct code_pattern idle_fini = {.bytes = idle_fini_bytes,
                                              .mask = idle_fini_mask,
                                              .size = sizeof idle_fini_bytes,
                                              .callee = &thunk,
                                              .call = 5};
static const struct code_pattern landing_pad = {.bytes = landing_pad_bytes,
                                                .size = sizeof landing_pad_bytes};

const struct arch arch_i386 = {
    .name = "i386",
    .e_machine = EM_386,
    .elf_class = ELFCLASS32,
    .elf_data = ELFDATA2LSB,
    .page_size = 4096,
    .abis = abis,
    .abi_count = sizeof abis / sizeof abis[0],
    .stub = &stub_image_i386,
    .relocations = {.relative = R_386_RELATIVE,
                    .copy = R_386_COPY,
                    .tls_descriptor = R_386_TLS_DESC,
                    .irelative = R_386_IRELATIVE},
    .calls_dt_init = true,
    .idle_fini = &idle_fini,
    .landing_pad = &landing_pad,
};
