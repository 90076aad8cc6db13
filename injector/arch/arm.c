/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm, EABI: of 32-bit kernels, and the 32-bit ABI of aarch64 kernels. (The old ABI has numbers of
 * its own; kernels that accept it have no seccomp.) 64-bit parameters begin at an even register, so
 * some calls have a hole in front of them, and two were given another order of parameters to avoid
 * it.
 */
#include "arch/abis.h"
#include "arch/splits.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>

static const struct split splits[] = {
    SPLITS_32BIT,
    SPLITS_SHIFTED_OFFSETS,
    {"arm_fadvise64_64", 1},
    {"arm_sync_file_range", 1},
};

static const struct spelling spellings[] = {SPELLINGS_32BIT};

const struct abi abi_arm = {
    .name = "arm",
    .audit_architecture = AUDIT_ARCH_ARM,
    .scmp_architecture = SCMP_ARCH_ARM,
    .bits = 32,
    .ways = ways_32bit,
    .way_count = WAYS_32BIT_COUNT,
    .splits = splits,
    .split_count = sizeof splits / sizeof splits[0],
    .spellings = spellings,
    .spelling_count = sizeof spellings / sizeof spellings[0],
};

/* Its kernels are 32-bit ones, or those of aarch64, where exec may start a 64-bit program under the
   same filter. */
static const struct abi *const abis[] = {&abi_arm, &abi_aarch64};

/* push {r3, lr}; pop {r3, pc} */
static const uint8_t idle_fini_bytes[] = {0x08, 0x40, 0x2d, 0xe9, 0x08, 0x80, 0xbd, 0xe8};
static const struct code_pattern idle_fini = {.bytes = idle_fini_bytes,
                                              .size = sizeof idle_fini_bytes};

const struct arch arch_arm = {
    .name = "arm",
    .e_machine = EM_ARM,
    .elf_class = ELFCLASS32,
    .elf_data = ELFDATA2LSB,
    .page_size = 65536,
    .abis = abis,
    .abi_count = sizeof abis / sizeof abis[0],
    .stub = &stub_image_arm,
    .relocations = {.relative = R_ARM_RELATIVE,
                    .copy = R_ARM_COPY,
                    .tls_descriptor = R_ARM_TLS_DESC,
                    .irelative = R_ARM_IRELATIVE},
    .calls_dt_init = true,
    .idle_fini = &idle_fini,
};
