/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups over the architectures. To add one: a file here that defines its structs, a line in each
 * of the two lists below, a column in the table of system calls, a stub.
 */
#include "arch/arch.h"
#include "arch/abis.h"

#include <elf.h>
#include <link.h>
#include <string.h>

static const struct arch *const arches[] = {&arch_x86_64, &arch_i386, &arch_aarch64, &arch_arm,
                                            &arch_riscv64};
static const struct abi *const abis[] = {&abi_x86_64,  &abi_i386, &abi_x32,
                                         &abi_aarch64, &abi_arm,  &abi_riscv64};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct arch *arch_find(uint16_t e_machine, uint8_t elf_class, uint8_t elf_data)
{
    for (size_t i = 0; i < COUNT(arches); i++) {
        const struct arch *arch = arches[i];
        if (arch->e_machine == e_machine && arch->elf_class == elf_class &&
            arch->elf_data == elf_data) {
            return arch;
        }
    }
    return NULL;
}

const struct arch *arch_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT(arches); i++) {
        if (strcmp(arches[i]->name, name) == 0) {
            return arches[i];
        }
    }
    return NULL;
}

const struct arch *arch_at(size_t index)
{
    return index < COUNT(arches) ? arches[index] : NULL;
}

/* The linker's name for the ELF header of the file that this code is linked into. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

const struct arch *arch_host(void)
{
    return arch_find(__ehdr_start.e_machine, __ehdr_start.e_ident[EI_CLASS],
                     __ehdr_start.e_ident[EI_DATA]);
}

const struct abi *abi_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT(abis); i++) {
        if (strcmp(abis[i]->name, name) == 0) {
            return abis[i];
        }
    }
    return NULL;
}

const struct abi *abi_by_audit(uint32_t audit_architecture)
{
    for (size_t i = 0; i < COUNT(abis); i++) {
        if (abis[i]->audit_architecture == audit_architecture) {
            return abis[i];
        }
    }
    return NULL;
}
