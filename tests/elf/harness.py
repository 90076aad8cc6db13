# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: a small reader of ELF files that is independent of libelf
and of elfcage, the outside tools, and TAP. Python's standard library only."""

import collections
import os
import re
import shutil
import struct
import subprocess

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 1, 2, 3, 4, 6
AT_PHDR, AT_PHENT, AT_PHNUM, AT_ENTRY = 3, 4, 5, 9

Phdr = collections.namedtuple("Phdr", "type flags offset vaddr filesz memsz align")


class Elf:
    """Header and program headers of a little-endian ELF file of either class."""

    def __init__(self, path):
        with open(path, "rb") as file:
            head = file.read(64)
            if head[:4] != b"\x7fELF" or head[5] != 1:
                raise ValueError(f"{path}: not a little-endian ELF file")
            self.bits = 64 if head[4] == 2 else 32
            layout = "<HHIQQQIHHHHHH" if self.bits == 64 else "<HHIIIIIHHHHHH"
            (self.type, self.machine, _, self.entry, self.phoff, self.shoff, _, _, self.phentsize,
             self.phnum, _, self.shnum, self.shstrndx) = struct.unpack_from(layout, head, 16)
            file.seek(self.phoff)
            self.table = file.read(self.phentsize * self.phnum)
            self.phdrs = []
            for index in range(self.phnum):
                at = index * self.phentsize
                if self.bits == 64:
                    kind, flags, offset, vaddr, _, filesz, memsz, align = struct.unpack_from(
                        "<IIQQQQQQ", self.table, at)
                else:
                    kind, offset, vaddr, _, filesz, memsz, flags, align = struct.unpack_from(
                        "<IIIIIIII", self.table, at)
                self.phdrs.append(Phdr(kind, flags, offset, vaddr, filesz, memsz, align))
            self.interpreter = None
            for phdr in self.of_type(PT_INTERP):
                file.seek(phdr.offset)
                self.interpreter = file.read(phdr.filesz).rstrip(b"\0").decode()

    def of_type(self, kind):
        return [phdr for phdr in self.phdrs if phdr.type == kind]

    def phdr_address(self):
        """Where the program headers are in memory (without the bias). Every rule that a kernel or
        a libc goes by must give the same answer; ValueError if they do not."""
        loads = self.of_type(PT_LOAD)
        if not loads:
            raise ValueError("there is no PT_LOAD")
        rules = {}
        # Linux before 5.18: the bias of the first PT_LOAD plus e_phoff.
        rules["first PT_LOAD + e_phoff"] = loads[0].vaddr - loads[0].offset + self.phoff
        # Linux 5.18 and later: through the PT_LOAD that holds e_phoff.
        for load in loads:
            if load.offset <= self.phoff < load.offset + load.filesz:
                rules["the PT_LOAD that holds e_phoff"] = load.vaddr - load.offset + self.phoff
                if self.phoff + len(self.table) > load.offset + load.filesz:
                    raise ValueError("the program headers reach beyond their PT_LOAD")
        if len(rules) < 2:
            raise ValueError("no PT_LOAD holds the program headers")
        # ld.so and the start code of a static-pie: PT_PHDR.
        for phdr in self.of_type(PT_PHDR):
            rules["PT_PHDR"] = phdr.vaddr
            if phdr.offset != self.phoff:
                raise ValueError(f"PT_PHDR has offset {phdr.offset:#x}, e_phoff is {self.phoff:#x}")
            if phdr.filesz != len(self.table) or phdr.memsz != len(self.table):
                raise ValueError(f"PT_PHDR has {phdr.filesz} bytes, the table {len(self.table)}")
        if len(set(rules.values())) != 1:
            raise ValueError("; ".join(f"{rule}: {value:#x}" for rule, value in rules.items()))
        return rules["PT_PHDR"] if "PT_PHDR" in rules else next(iter(rules.values()))

    def load_shape_problems(self):
        """What the gABI and the kernel ask of the PT_LOADs as a list of texts."""
        problems = []
        loads = self.of_type(PT_LOAD)
        for number, (one, two) in enumerate(zip(loads, loads[1:])):
            if two.vaddr < one.vaddr:
                problems.append(f"PT_LOAD {number + 1} is below the one before it")
            elif two.vaddr < one.vaddr + one.memsz:
                problems.append(f"PT_LOAD {number + 1} overlaps the one before it")
        for number, load in enumerate(loads):
            if load.align > 1 and (load.vaddr - load.offset) % load.align != 0:
                problems.append(f"PT_LOAD {number}: address and offset differ modulo p_align")
        first = next((i for i, phdr in enumerate(self.phdrs) if phdr.type == PT_LOAD), 0)
        for index, phdr in enumerate(self.phdrs):
            if phdr.type in (PT_PHDR, PT_INTERP) and index > first:
                problems.append("PT_PHDR or PT_INTERP stands behind a PT_LOAD")
        return problems


def layout_of(elfcage, caged):
    """The layout that `elfcage show` names ("S3m"), for the tables that are printed."""
    found = re.search(r"layout +(S\w+)", run([elfcage, "show", caged]).out)
    return found.group(1) if found else "?"


def drop_section_headers(path):
    """Makes the file one without section headers, as some packers and sstrip do."""
    with open(path, "r+b") as file:
        head = bytearray(file.read(64))
        wide = head[4] == 2
        struct.pack_into("<Q" if wide else "<I", head, 40 if wide else 32, 0)
        struct.pack_into("<HH", head, 60 if wide else 48, 0, 0)
        file.seek(0)
        file.write(head)
    elf = Elf(path)
    end = max([elf.phoff + len(elf.table)] + [p.offset + p.filesz for p in elf.phdrs])
    os.truncate(path, end)


Result = collections.namedtuple("Result", "status out err")


def environment(**more):
    """The environment for every command: no locale, no debuginfod, no GNU or LD variables."""
    clean = {name: value for name, value in os.environ.items()
             if name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
                         "UBSAN_OPTIONS", "LSAN_OPTIONS")}
    clean.update({"LC_ALL": "C", "DEBUGINFOD_URLS": ""}, **more)
    return clean


def run(command, cwd=None, env=None, stdin=subprocess.DEVNULL):
    """Runs a command to its end. A command that hangs is a failed one (status 124)."""
    try:
        done = subprocess.run([str(word) for word in command], cwd=cwd, stdin=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env=env or environment(), timeout=300)
    except subprocess.TimeoutExpired:
        return Result(124, "", "it hangs")
    except OSError as error:  # ENOEXEC and its like: the file does not even start
        return Result(126, "", str(error))
    return Result(done.returncode, done.stdout.decode("utf-8", "replace"),
                  done.stderr.decode("utf-8", "replace"))


def short(text, limit=300):
    """A text of several lines as one for a message."""
    line = " | ".join(part.strip() for part in text.strip().splitlines() if part.strip())
    return line if len(line) <= limit else line[:limit] + "..."


def said(result):
    words = short(result.err or result.out)
    state = f"status {result.status}" if result.status >= 0 else f"signal {-result.status}"
    return f"{state}: {words}" if words else state


def have(*programs):
    """The first of the programs that is not installed; None if all are."""
    for program in programs:
        if shutil.which(program) is None:
            return program
    return None


def readelf_complaints(path):
    """What `readelf -lSW` says on standard error; "" if it is content."""
    result = run(["readelf", "-lSW", path])
    if result.status != 0 and not result.err:
        return f"status {result.status}"
    return result.err.replace(str(path), "FILE")


# What eu-elflint gets wrong: it takes the size of the symbol for that of what a relocation writes, so
# that slots in front of a read-only segment seem to be in it where the symbol is a large function.
# (`elfcage verify` looks at what relocations really write.)
MISTAKEN = re.compile(r"relocation N: read-only section modified but text relocation flag not set$")


def lint_messages(path):
    """The messages of eu-elflint as a multiset, without the numbers (which move)."""
    result = run(["eu-elflint", "--gnu-ld", path])
    messages = collections.Counter()
    for line in (result.out + result.err).splitlines():
        line = line.replace(str(path), "FILE").strip()
        if line and line != "No errors":
            line = re.sub(r"0x[0-9a-f]+|\d+", "N", line)
            if not MISTAKEN.search(line):
                messages[re.sub(r"\[ *N\]", "[N]", line)] += 1
    return messages


class Tap:
    """Counts and prints TAP. The plan is printed first, so the number must be known."""

    def __init__(self, count):
        self.number, self.failed, self.skipped = 0, 0, 0
        print(f"1..{count}", flush=True)

    def test(self, good, text, note=""):
        self.number += 1
        self.failed += 0 if good else 1
        print(f"{'ok' if good else 'not ok'} {self.number} - {text}{note}", flush=True)

    def skip(self, text, why):
        self.skipped += 1
        self.test(True, text, f" # SKIP {why}")

    @staticmethod
    def comment(text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)
