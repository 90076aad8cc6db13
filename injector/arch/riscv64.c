/* SPDX-License-Identifier: Apache-2.0 */
/*
 * riscv64. Kernels with CONFIG_COMPAT (5.19 and later, on processors that can) run 32-bit programs
 * too, and do not tell a filter so: syscall_get_arch() says AUDIT_ARCH_RISCV64 of both
 * (arch/riscv/include/asm/syscall.h). exec changes from one to the other, and the filter stays.
 * Numbers are shared, too: what a 32-bit program calls by a name of the 64-bit table gets the same
 * action. Left are 403 to 423, the calls with 64-bit seconds, that only 32-bit programs have
 * (clock_settime64 where clock_settime is denied): they are refused whole. What cannot be said is a
 * condition on a 64-bit parameter, which a 32-bit program passes in two registers.
 */
#include "arch/abis.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>

static const struct number_range riscv32_numbers[] = {{403, 423}};

const struct abi abi_riscv64 = {
    .name = "riscv64",
    .audit_architecture = AUDIT_ARCH_RISCV64,
    .scmp_architecture = SCMP_ARCH_RISCV64,
    .bits = 64,
    .foreign_name = "riscv32",
    .foreign_ranges = riscv32_numbers,
    .foreign_range_count = sizeof riscv32_numbers / sizeof riscv32_numbers[0],
};

static const struct abi *const abis[] = {&abi_riscv64};

const struct arch arch_riscv64 = {
    .name = "riscv64",
    .e_machine = EM_RISCV,
    .elf_class = ELFCLASS64,
    .elf_data = ELFDATA2LSB,
    .page_size = 4096,
    .abis = abis,
    .abi_count = sizeof abis / sizeof abis[0],
    .stub = &stub_image_riscv64,
    .relocations = {.relative = R_RISCV_RELATIVE,
                    .copy = R_RISCV_COPY,
                    .tls_descriptor = 12 /* R_RISCV_TLSDESC */,
                    .irelative = R_RISCV_IRELATIVE},
};
