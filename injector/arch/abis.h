/* SPDX-License-Identifier: Apache-2.0 */
/* The structs of each architecture's file, private to this room; others look them up (arch.h). */
#ifndef ELFCAGE_ARCH_ABIS_H
#define ELFCAGE_ARCH_ABIS_H

#include "arch/arch.h"

extern const struct abi abi_x86_64;
extern const struct abi abi_x32;
extern const struct abi abi_i386;
extern const struct abi abi_aarch64;
extern const struct abi abi_arm;
extern const struct abi abi_riscv64;

extern const struct arch arch_x86_64;
extern const struct arch arch_i386;
extern const struct arch arch_aarch64;
extern const struct arch arch_arm;
extern const struct arch arch_riscv64;

/* ways.c: what 32-bit ABIs have in common. */
#define WAYS_32BIT_COUNT 196u
extern const struct way ways_32bit[WAYS_32BIT_COUNT];

#endif
