#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints syscalls_data.c: every system call name with its number in each ABI of ours.

Three sources, which must not contradict each other: the kernel headers that are installed
(linux-libc-dev and its -arm64-cross, -armhf-cross and -riscv64-cross siblings), libseccomp, and the
lists NEWER below of what came after both. Names that only ABIs of others have (s390x, mips, ...) are listed
without a number: a policy written for many machines may name them. The output is committed; run
this only to bring the table up to a newer kernel, and raise syscall_table_version() with it.

    injector/arch/generate_syscalls.py > injector/arch/syscalls_data.c
"""

import ctypes
import re
import subprocess
import sys

# name: seccomp's token, folder of the headers, macros that choose the ABI there
ABIS = {
    "x86_64": (0xC000003E, "/usr/include/x86_64-linux-gnu", ["-D__x86_64__", "-D__LP64__"]),
    "i386": (0x40000003, "/usr/include/x86_64-linux-gnu", ["-D__i386__"]),
    "aarch64": (0xC00000B7, "/usr/aarch64-linux-gnu/include", ["-D__aarch64__", "-D__LP64__"]),
    "arm": (0x40000028, "/usr/arm-linux-gnueabihf/include", ["-D__arm__", "-D__ARM_EABI__"]),
    "riscv64": (0xC00000F3, "/usr/riscv64-linux-gnu/include",
                ["-D__riscv", "-D__LP64__", "-D__SIZEOF_POINTER__=8"]),
}
# s390x, s390, ppc, ppc64le, mips, mips64, mips64n32, parisc, parisc64
FOREIGN = [0x80000016, 0x16, 0x14, 0xC0000015, 0x8, 0x80000008, 0xA0000008, 0xF, 0x8000000F]

# Linux 6.2 to 6.18: the same number in every ABI.
NEWER = {
    "cachestat": 451, "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454,
    "futex_wait": 455, "futex_requeue": 456, "statmount": 457, "listmount": 458,
    "lsm_get_self_attr": 459, "lsm_set_self_attr": 460, "lsm_list_modules": 461, "mseal": 462,
    "setxattrat": 463, "getxattrat": 464, "listxattrat": 465, "removexattrat": 466,
    "open_tree_attr": 467, "file_getattr": 468, "file_setattr": 469,
}
# What one of them has for itself: x86-64 since 6.11 and 6.18, riscv64 since 6.4.
NEWER_OWN = {
    "x86_64": {"uretprobe": 335, "uprobe": 336},
    "riscv64": {"riscv_hwprobe": 258},
}

# What the headers define that is no system call.
NOT_CALLS = {"syscalls", "arch_specific_syscall", "SYSCALL_BASE", "SYSCALL_MASK",
             "OABI_SYSCALL_BASE", "BASE"}
# A second name of the headers for a number; ways (arm.c) tie them together.
ALIASES = {("arm", "sync_file_range2")}


def preprocess(folder, macros, source, *more):
    command = ["gcc", "-E", "-nostdinc", "-undef", *macros, "-isystem", folder, "-isystem",
               "/usr/include", *more, "-include", "asm/unistd.h", "-x", "c", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout


def header_table(abi):
    _, folder, macros = ABIS[abi]
    defines = preprocess(folder, macros, "", "-dM")
    names = re.findall(r"^#define __(NR_\w+|ARM_NR_\w+) ", defines, re.M)
    lines = "".join(f"@{name}@ __{name}\n" for name in names)
    table = {}
    expanded = preprocess(folder, macros, lines, "-P")
    for name, value in re.findall(r"^@(?:ARM_)?NR_(\w+)@ ([0-9a-fx()+ ]+)$", expanded, re.M):
        if name not in NOT_CALLS and (abi, name) not in ALIASES:
            table[name] = eval(value)  # digits, parentheses and + only: see the expression
    return table


def library():
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    lib.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
    return lib


def library_table(lib, token):
    table = {}
    numbers = [*range(0, 1000), *range(0xF0000, 0xF0010), *range(4000, 7000)]
    for number in numbers:
        name = lib.seccomp_syscall_resolve_num_arch(token, number)
        if name:
            table[name.decode()] = number
    return table


def merge(abi, *tables):
    merged = {}
    for table in tables:
        for name, number in table.items():
            if merged.setdefault(name, number) != number:
                sys.exit(f"{abi} {name}: {merged[name]} and {number}")
    numbers = {}
    for name, number in merged.items():
        if number in numbers:
            sys.exit(f"{abi} {number}: {numbers[number]} and {name}")
        numbers[number] = name
    return merged


def main():
    lib = library()
    tables = {}
    for abi, (token, _, _) in ABIS.items():
        tables[abi] = merge(abi, header_table(abi), library_table(lib, token), NEWER,
                            NEWER_OWN.get(abi, {}))
    names = {name for table in tables.values() for name in table}
    names |= {name for _, name in ALIASES}
    for token in FOREIGN:
        names |= set(library_table(lib, token))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by generate_syscalls.py, which says from what. Sorted by name (strcmp). */")
    print('#include "arch/syscalls.h"\n')
    print("/* clang-format off */")
    print("const struct syscall_row syscall_rows[] = {")
    print("    /* name, x86_64, i386, aarch64, arm, riscv64 */")
    for name in sorted(names, key=str.encode):
        numbers = [tables[abi].get(name) for abi in ABIS]
        cells = ", ".join("NONE" if n is None else str(n) for n in numbers)
        print(f'    {{"{name}", {{{cells}}}}},')
    print("};")
    print("/* clang-format on */\n")
    print("const size_t syscall_row_count = sizeof syscall_rows / sizeof syscall_rows[0];")


main()
