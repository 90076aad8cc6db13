# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: which programs this system has, the cell that they run in
(cell.c), and the reader of ELF files and TAP of tests/elf. Python's standard library only."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "elf"))

import harness

EM_386, EM_X86_64, ET_EXEC, ET_DYN = 3, 62, 2, 3
DT_FLAGS_1, DF_1_PIE = 0x6FFFFFFB, 0x08000000
FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/lib")


def is_static_pie(path, elf):
    """DT_FLAGS_1 says DF_1_PIE."""
    for phdr in elf.of_type(harness.PT_DYNAMIC):
        with open(path, "rb") as file:
            file.seek(phdr.offset)
            table = file.read(phdr.filesz)
        word = elf.bits // 8
        numbers = [int.from_bytes(table[at:at + word], "little") for at in range(0, len(table), word)]
        return any(tag == DT_FLAGS_1 and value & DF_1_PIE
                   for tag, value in zip(numbers[::2], numbers[1::2]))
    return False


def is_program(path):
    """An executable ELF file that this processor runs and that is not a library."""
    try:
        if not path.is_file() or not os.access(path, os.X_OK) or ".so" in path.name:
            return False
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return False
        elf = harness.Elf(path)
        if elf.machine not in (EM_386, EM_X86_64):
            return False
        return elf.type == ET_EXEC or elf.type == ET_DYN and (
            elf.interpreter is not None or is_static_pie(path, elf))
    except (OSError, ValueError):
        return False


def programs(folders=FOLDERS):
    """All programs below the folders, each once whatever its names: sorted real paths."""
    found = {}
    for folder in folders:
        for where, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = pathlib.Path(where, name).resolve()
                if is_program(path):
                    status = path.stat()
                    found.setdefault((status.st_dev, status.st_ino), str(path))
    return sorted(found.values())


def compile_tools(folder, *names):
    """Compiles tests/system/NAME.c into the folder."""
    for name in names:
        done = harness.run([os.environ.get("CC", "cc"), "-std=gnu17", "-O1", "-static", "-Wall", "-Wextra",
                            "-Werror", "-o", folder / name, HERE / f"{name}.c"])
        if done.status != 0:
            sys.exit(f"{name}.c does not compile: {done.err}")


def why_no_cell(cell, tree=None):
    """Why this machine has no cells (with that tree laid over the system), or None."""
    done = harness.run(command_in_cell(cell, [], ["/bin/true"], tree))
    return None if done.status == 0 else harness.said(done)


def elfcage_program(parser):
    elfcage = os.environ.get("ELFCAGE")
    if not elfcage or not os.access(elfcage, os.X_OK):
        parser.error("ELFCAGE must be the path of the elfcage program")
    return os.path.abspath(elfcage)


def refusal(result):
    """The reason of exit status 4 ("not supported"), or None."""
    return result.err.strip() if result.status == 4 else None


def command_in_cell(cell, binds, command, tree=None):
    words = [str(cell)] + (["--over", str(tree)] if tree else [])
    for source, target in binds:
        words += ["--bind", str(source), str(target)]
    return words + ["--"] + [str(word) for word in command]


def processors():
    return len(os.sched_getaffinity(0))
