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
};
