/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aarch64. A process is 64-bit or 32-bit for good, but exec changes it and the filter stays, so
 * arm is covered as well. Kernels exist with pages of 4, 16 and 64 KiB; the psABI lays files out
 * for 64 KiB.
 */
#include "arch/abis.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>

const struct abi abi_aarch64 = {
    .name = "aarch64",
    .audit_architecture = AUDIT_ARCH_AARCH64,
    .scmp_architecture = SCMP_ARCH_AARCH64,
    .bits = 64,
};

static const struct abi *const abis[] = {&abi_aarch64, &abi_arm};

/* nop; stp x29, x30, [sp, #-16]!; mov x29, sp; ldp x29, x30, [sp], #16; ret */
static const uint8_t idle_fini_bytes[] = {0x1f, 0x20, 0x03, 0xd5, 0xfd, 0x7b, 0xbf,
                                          0xa9, 0xfd, 0x03, 0x00, 0x91, 0xfd, 0x7b,
                                          0xc1, 0xa8, 0xc0, 0x03, 0x5f, 0xd6};
static const uint8_t landing_pad_bytes[] = {0x5f, 0x24, 0x03, 0xd5}; /* bti c */

static const struct code_pattern idle_fini = {.bytes = idle_fini_bytes,
                                              .size = sizeof idle_fini_bytes};
static const struct code_pattern landing_pad = {.bytes = landing_pad_bytes,
                                                .size = sizeof landing_pad_bytes};

const struct arch arch_aarch64 = {
    .name = "aarch64",
    .e_machine = EM_AARCH64,
    .elf_class = ELFCLASS64,
    .elf_data = ELFDATA2LSB,
    .page_size = 65536,
    .abis = abis,
    .abi_count = sizeof abis / sizeof abis[0],
    .stub = &stub_image_aarch64,
    .relocations = {.relative = R_AARCH64_RELATIVE,
                    .copy = R_AARCH64_COPY,
                    .tls_descriptor = R_AARCH64_TLSDESC,
                    .irelative = R_AARCH64_IRELATIVE},
    .calls_dt_init = true,
    .idle_fini = &idle_fini,
    .landing_pad = &landing_pad,
};
