# SPDX-License-Identifier: Apache-2.0
"""Programs that are made here for a foreign architecture, without network: by clang, with the C
library and the binutils of Debian's cross compilers, or by the cross compiler, which no test
installs: gcc-multilib and it exclude each other. It is unpacked (tests/debian.py).

A kind is (name, what must be installed, command)."""

import collections
import os
import pathlib
import shutil

import debian

HERE = pathlib.Path(__file__).resolve().parent
KINDS_C = HERE.parent / "elf" / "programs" / "kinds.c"
KINDS_CC = KINDS_C.with_suffix(".cc")
BARE_C = HERE / "programs" / "bare.c"

Made = collections.namedtuple("Made", "name needs command")


def add_cross_compiler(target, cache, folder):
    """Puts Debian's cross compiler for a target in front of PATH, unpacked into `folder`: it finds
    its parts from where it stands. debian.Unavailable says why it cannot be had."""
    if shutil.which(f"{target.tuple}-gcc-12"):
        return
    store = debian.Store(cache)
    names = [name for name in store.with_dependencies([f"g++-12-{target.tuple}"])
             if target.name in name]
    folder.mkdir()
    for deb in store.fetch(names).values():
        debian.unpack(deb, folder)
    os.environ["PATH"] = f"{folder}/usr/bin:{os.environ['PATH']}"


def kinds(target):
    """The kinds of a target. {out} is the file to make."""
    gnu = f"{target.tuple}-ld"
    clang = ["clang", f"--target={target.tuple}", *target.flags, "-O1", "-g"]
    # RISC-V has its cross compiler: lld 14 does not do the relaxation that its C library needs.
    riscv = target.name == "riscv64"
    compiler = f"{target.tuple}-gcc-12" if riscv else "clang"

    def libc(name, linker, *flags, source=KINDS_C):
        path = "lld" if linker == "ld.lld" else f"/usr/bin/{linker}"
        words = [compiler, "-O1", "-g"] if riscv else [*clang, f"-fuse-ld={path}"]
        needs = [compiler, linker, f"/usr/{target.tuple}/include/stdio.h"]
        if source == KINDS_CC:
            words[0] = words[0].replace("gcc", "g++").replace("clang", "clang++")
            needs.append(f"/usr/{target.tuple}/include/c++/12/vector")
        return Made(name, needs,
                    [*words, *flags, str(source), "-o", "{out}", "-pthread"])

    def bare(name, *flags):
        relax = ["-mno-relax"] if riscv else []
        return Made(name, ["clang", "ld.lld"],
                    [*clang, *relax, "-ffreestanding", "-fno-stack-protector", "-nostdlib",
                     "-fuse-ld=lld", *flags, str(BARE_C), "-o", "{out}"])

    pie, fixed = ["-fPIE", "-pie"], ["-fno-pie", "-no-pie"]
    found = []
    if riscv:
        # binutils 2.40 sets DT_TEXTREL in a PIE that reaches thread-local variables the short way.
        found.append(libc("pie-short-tls", gnu, *pie))
        pie = ["-fPIC", "-pie", "-ftls-model=initial-exec"]
    found += [
        libc("pie", gnu, *pie),
        libc("exec", gnu, *fixed),
        libc("static", gnu, "-static"),
        libc("pie-now", gnu, *pie, "-Wl,-z,relro,-z,now"),
        libc("pie-no-separate-code", gnu, *pie, "-Wl,-z,noseparate-code"),
        libc("exec-no-id", gnu, *fixed, "-Wl,--build-id=none"),
        libc("pie-sysv-hash", gnu, *pie, "-Wl,--hash-style=sysv"),
        libc("pie-stripped", gnu, *pie, "-Wl,-s"),
        libc("static-no-id", gnu, "-static", "-Wl,--build-id=none"),
        bare("bare-exec", *fixed, "-static"),
        bare("bare-pie", "-fPIE", "-static-pie"),
        bare("bare-pie-stripped", "-fPIE", "-static-pie", "-Wl,-s"),
    ]
    if not riscv:
        found += [
            libc("pie-lld", "ld.lld", *pie),
            libc("exec-lld", "ld.lld", *fixed),
            libc("static-lld", "ld.lld", "-static"),
        ]
    # Exceptions, which find their way by the program headers (on arm: PT_ARM_EXIDX).
    found += [libc("c++-pie", gnu, *pie, source=KINDS_CC),
              libc("c++-static", gnu, "-static", source=KINDS_CC)]
    if target.name == "aarch64":
        found.append(libc("static-pie", gnu, "-fPIE", "-static-pie"))
    if target.name == "arm":
        found += [libc("pie-thumb", gnu, *pie, "-mthumb"),
                  libc("pie-a32", gnu, *pie, "-marm"),
                  bare("bare-thumb", *fixed, "-static", "-mthumb"),
                  bare("bare-a32", *fixed, "-static", "-marm")]
    return found
