/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Architectures and their ABIs, as data: one const struct each, one file each. Nobody else tests
 * for an architecture.
 */
#ifndef ELFCAGE_ARCH_ARCH_H
#define ELFCAGE_ARCH_ARCH_H

#include "stub/stub_image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_range {
    uint32_t first, last; /* inclusive */
};

/*
 * One more way to the thing that a name stands for. Where the name is denied, this way is denied.
 *  - selector_mask 0: system call `way` as a whole ("chown32" for "chown").
 *  - otherwise `way` is a multiplexer ("socketcall", "ipc"): the calls whose argument
 *    `selector_argument`, masked, is `selector_value`.
 * `same_arguments`: conditions on arguments mean the same there; else a conditional denial denies
 * the way whole.
 */
struct way {
    const char *name;
    const char *way;
    uint8_t selector_argument;
    uint32_t selector_mask;
    uint32_t selector_value;
    bool same_arguments;
};

/* A system call of a 32-bit ABI one of whose 64-bit parameters takes two argument registers: from
   argument `first` on, conditions written for the 64-bit call do not apply. */
struct split {
    const char *name;
    uint8_t first;
};

/* A command that a 32-bit ABI knows by more than one value. Where one is denied, `other` is denied
   where `value` is; or, with `ignored`, every value that differs in those bits alone. */
struct spelling {
    const char *name;
    uint8_t argument;
    uint32_t ignored; /* 0: use the next two */
    uint32_t value, other;
};

struct abi {
    const char *name;            /* "x86_64", "i386", "x32", "aarch64", "arm", "riscv64" */
    uint32_t audit_architecture; /* AUDIT_ARCH_*, linux/audit.h */
    uint32_t scmp_architecture;  /* SCMP_ARCH_*, seccomp.h */
    unsigned bits;               /* 32 or 64: size of an argument register */
    /* Numbers by which a program makes calls of another ABI under the same audit architecture (x32
       on x86_64, riscv32 on riscv64): refused whole. */
    const char *foreign_name; /* that ABI; NULL: there is none */
    const struct number_range *foreign_ranges;
    size_t foreign_range_count;
    const struct way *ways;
    size_t way_count;
    const struct split *splits;
    size_t split_count;
    const struct spelling *spellings;
    size_t spelling_count;
};

/* Types of dynamic relocations that are told apart; 0, which is R_*_NONE everywhere: has none. */
struct relocation_types {
    uint32_t relative; /* writes the load address + addend */
    uint32_t copy; /* writes as many bytes as its symbol has; all but these two write one word */
    uint32_t tls_descriptor; /* writes two words */
    uint32_t irelative;      /* calls the function at load address + addend, writes its result */
};

/* Code of a function, as bytes. */
struct code_pattern {
    const uint8_t *bytes, *mask; /* mask: what counts of each byte; NULL: all */
    size_t size;
    /* What the call is of whose displacement (32 bits, from its own end) has that offset: not
       looked at if NULL. */
    const struct code_pattern *callee;
    size_t call;
};

struct arch {
    const char *name; /* "x86_64": also the name of its native ABI */
    uint16_t e_machine;
    uint8_t elf_class;  /* ELFCLASS32, ELFCLASS64 */
    uint8_t elf_data;   /* ELFDATA2LSB, ... */
    uint32_t page_size; /* largest page size of the psABI that programs are laid out for, bytes */
    const struct abi *const
        *abis; /* every ABI its kernels accept from such a process, native first */
    size_t abi_count;
    const struct stub_image *stub; /* NULL: none yet */
    struct relocation_types relocations;
    bool calls_dt_init; /* do its loaders call DT_INIT? (glibc, sysdeps: elf-initfini.h) */
    /* What _init and _fini of the C library's start files are when nobody adds to them: the first
       calls __gmon_start__ if there is one, the second does nothing. NULL: not known. */
    const struct code_pattern *idle_init, *idle_fini;
    const struct code_pattern *landing_pad; /* that may stand in front of them */
};

/* NULL if it is not supported. */
const struct arch *arch_find(uint16_t e_machine, uint8_t elf_class, uint8_t elf_data);
const struct arch *arch_by_name(const char *name);
/* All of them, in a fixed order; NULL past the end. */
const struct arch *arch_at(size_t index);
/* That of this program itself, whatever the kernel is; NULL if it is not supported. */
const struct arch *arch_host(void);

const struct abi *abi_by_name(const char *name);
const struct abi *abi_by_audit(uint32_t audit_architecture);

/* The number of a system call, from our table (arch/syscalls.c), which tests check against
   libseccomp and the kernel headers. False if the ABI lacks it. Never a pseudo number. */
bool abi_syscall_number(const struct abi *abi, const char *name, uint32_t *number);
/* NULL if it has no name. */
const char *abi_syscall_name(const struct abi *abi, uint32_t number);
/* The highest number of the ABI's table (arm's private numbers not counted). */
uint32_t abi_highest_number(const struct abi *abi);
/* Is it one of arm's private numbers (cacheflush, set_tls: from 0x0f0000 up)? */
bool abi_number_is_private(const struct abi *abi, uint32_t number);
/* Does any architecture know the name, ours or another (s390_sthyi)? */
bool syscall_name_is_known(const char *name);
/* The known name that is nearest to a misspelt one; NULL if none is near. */
const char *syscall_name_suggest(const char *name);
/* "unknown system call "NAME": did you mean "NEAREST"?", the words of every reader for a name that
   is not known; the caller frees them. */
char *syscall_name_complaint(const char *name);
/* "6.18": the Linux version up to which the table is complete, part of what makes output
 * deterministic. */
const char *syscall_table_version(void);

#endif
