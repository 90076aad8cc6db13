/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86-64. A 64-bit process makes 32-bit calls too (int 0x80), which the kernel marks with another
 * audit architecture, and x32 calls, which it does not: they are 64-bit calls with bit 30 set in
 * the number. Kernels before 5.4 also took 512-547, the numbers that x32 has for itself, without
 * that bit. Filters refuse both ranges whole; 0xffffffff, which has the bit too, is a call that a
 * tracer skips (arch/x86/entry, kernel/seccomp.c) and no x32 call.
 */
#include "arch/abis.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>

static const struct number_range x32_numbers[] = {{512, 547}, {0x40000000u, 0xfffffffeu}};

const struct abi abi_x86_64 = {
    .name = "x86_64",
    .audit_architecture = AUDIT_ARCH_X86_64,
    .scmp_architecture = SCMP_ARCH_X86_64,
    .bits = 64,
    .foreign_name = "x32",
    .foreign_ranges = x32_numbers,
    .foreign_range_count = sizeof x32_numbers / sizeof x32_numbers[0],
};

/* A name that policies use. No target lists it: its calls are numbers of abi_x86_64. */
const struct abi abi_x32 = {
    .name = "x32",
    .audit_architecture = AUDIT_ARCH_X86_64,
    .scmp_architecture = SCMP_ARCH_X32,
    .bits = 64,
};

static const struct abi *const abis[] = {&abi_x86_64, &abi_i386};

/* sub $8,%rsp; mov __gmon_start__@GOT(%rip),%rax; test %rax,%rax; je 1f; call *%rax;
   1: add $8,%rsp; ret */
static const uint8_t idle_init_bytes[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0x8b, 0x05, 0x00,
                                          0x00, 0x00, 0x00, 0x48, 0x85, 0xc0, 0x74, 0x02,
                                          0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0xc3};
static const uint8_t idle_init_mask[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
                                         0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/* sub $8,%rsp; add $8,%rsp; ret */
static const uint8_t idle_fini_bytes[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3};
static const uint8_t landing_pad_bytes[] = {0xf3, 0x0f, 0x1e, 0xfa}; /* endbr64 */

static const struct code_pattern idle_init = {
    .bytes = idle_init_bytes, .mask = idle_init_mask, .size = sizeof idle_init_bytes};
static const struct code_pattern idle_fini = {.bytes = idle_fini_bytes,
                                              .size = sizeof idle_fini_bytes};
static const struct code_pattern landing_pad = {.bytes = landing_pad_bytes,
                                                .size = sizeof landing_pad_bytes};

const struct arch arch_x86_64 = {
    .name = "x86_64",
    .e_machine = EM_X86_64,
    .elf_class = ELFCLASS64,
    .elf_data = ELFDATA2LSB,
    .page_size = 4096,
    .abis = abis,
    .abi_count = sizeof abis / sizeof abis[0],
    .stub = &stub_image_x86_64,
    .relocations = {.relative = R_X86_64_RELATIVE,
                    .copy = R_X86_64_COPY,
                    .tls_descriptor = R_X86_64_TLSDESC,
                    .irelative = R_X86_64_IRELATIVE},
    .calls_dt_init = true,
    .idle_init = &idle_init,
    .idle_fini = &idle_fini,
    .landing_pad = &landing_pad,
};
