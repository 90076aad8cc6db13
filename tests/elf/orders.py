#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Program headers in every order that loaders take: programs and shared objects, of three linkers.

    ELFCAGE=/path/to/elfcage tests/elf/orders.py [--all]

The gABI wants PT_PHDR and PT_INTERP in front of the first PT_LOAD, and PT_LOADs by address; Linux and
the ld.so of glibc and musl only want the latter. Here the headers of a file are exchanged, some are taken
out, and what then still runs must be caged or refused with the reason: what is caged is filtered in
the first function that is its own (a shared object: in its first constructor, when it is opened),
verifies, goes on so behind each tool behind which the original in this order does, and goes back.

Each order is one TAP test for each file. Besides those with names there are random ones, of a fixed seed:
a few, or with --all many."""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import struct
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

import harness
from harness import PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE, PT_PHDR, run, said

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent / "cli/programs"
SOURCE, LOADER = PROGRAMS / "hooked.c", PROGRAMS / "calls.c"
POLICY = ["--default", "allow", "--deny", "mkdir,mkdirat:ENOTUNIQ"]
PT_NULL, PT_TLS, PT_GNU_STACK, PT_GNU_RELRO = 0, 7, 0x6474E551, 0x6474E552
# Not too few symbols: patchelf makes room for program headers by moving what stands behind them, and in a
# library with hardly a symbol that is constants which code refers to (so it does to some originals).
SYMBOLS = "".join(f"int call_{number}(void) {{ return {number}; }}\n" for number in range(9))
# What a file may be refused for here, and what for it has to be.
NO_ROOM = "no layout fits this file"
MUST_REFUSE = "!"
DOWNWARDS = "PT_LOADs downwards"
OUT_OF_ORDER = MUST_REFUSE + "damaged: segment [0-9]+ overlaps segment [0-9]+ or lies below it$"

Kind = collections.namedtuple("Kind", "name needs compiler flags options")
KINDS = []
# Debian's gcc-multilib, which makes <asm/...> known to -m32, cannot be installed beside a cross gcc.
M32 = ["gcc", "-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
LIBRARY = "-shared -fPIC -DLIBRARY -DCALL=call_library -DCONSTRUCTOR"
for _name, _linker in (("GNU ld", "bfd"), ("lld", "lld"), ("mold", "mold")):
    _use = f"-fuse-ld={_linker}"
    for _what, _flags, _options in (
            ("PIE", "-pie -fPIE -DALONE -DCONSTRUCTOR", []),
            ("PIE, preinit", "-pie -fPIE -DALONE -DCONSTRUCTOR", ["--hook", "preinit"]),
            ("fixed address", "-no-pie -fno-pie -DALONE", []),
            ("static", "-static -DALONE", []),
            ("static PIE", "-static-pie -fPIE -DALONE", []),
            ("shared object", LIBRARY, []),
            ("shared object, DT_INIT", "-shared -fPIC -DLIBRARY -DCALL=call_library -nostartfiles "
             "-DINIT -Wl,-init=own_init", [])):
        KINDS.append(Kind(f"{_name}, {_what}", f"ld.{_linker}" if _linker != "mold" else "mold",
                          ["gcc"], f"{_use} {_flags}".split(), _options))
# With an address of its own, as prelink(8) gives one.
for _name, _flags in (("GNU ld", "-fuse-ld=bfd -Wl,-Ttext-segment=0x41000000"),
                      ("lld", "-fuse-ld=lld -Wl,--image-base=0x41000000")):
    for _what, _more in (("PIE at an address", "-pie -fPIE -DALONE"),
                         ("shared object at an address", LIBRARY)):
        KINDS.append(Kind(f"{_name}, {_what}", "ld.lld" if _name == "lld" else "ld.bfd", ["gcc"],
                          f"{_flags} {_more}".split(), []))
# Other loaders, and headers of another shape.
for _name, _compiler in (("musl", ["musl-gcc"]), ("i386", M32), ("i386, lld", M32 + ["-fuse-ld=lld"])):
    for _what, _flags in (("PIE", "-pie -fPIE -DALONE -DCONSTRUCTOR"), ("static", "-static -DALONE"),
                          ("shared object", LIBRARY)):
        KINDS.append(Kind(f"{_name}, {_what}", "ld.lld" if "lld" in _name else "ld.bfd", _compiler,
                          _flags.split(), []))


class Headers:
    """The program headers of a file as a list that can be changed and put back. One is a list, in the order
    of Phdr of either class: type, flags, offset, vaddr, paddr, filesz, memsz, align."""

    def __init__(self, path):
        self.path = path
        self.data = bytearray(path.read_bytes())
        self.wide = self.data[4] == 2
        self.shape = struct.Struct("<IIQQQQQQ" if self.wide else "<IIIIIIII")
        self.offset, = struct.unpack_from(*(("<Q", self.data, 32) if self.wide else ("<I", self.data, 28)))
        self.count_at = 56 if self.wide else 44
        self.room, = struct.unpack_from("<H", self.data, self.count_at)
        self.list = [self.read(self.offset + i * self.shape.size) for i in range(self.room)]

    def read(self, at):
        fields = list(self.shape.unpack_from(self.data, at))
        if not self.wide:  # p_flags stands behind p_memsz
            fields.insert(1, fields.pop(6))
        return fields

    def bytes_of(self, phdr):
        fields = list(phdr)
        if not self.wide:
            fields.insert(6, fields.pop(1))
        return self.shape.pack(*fields)

    def of(self, *types):
        return [phdr for phdr in self.list if phdr[0] in types]

    def but(self, *types):
        return [phdr for phdr in self.list if phdr[0] not in types]

    def write(self, headers):
        """Those headers; where they are fewer, the table is shorter."""
        size = self.shape.size * len(headers)
        assert len(headers) <= self.room
        for phdr in headers:
            if phdr[0] == PT_PHDR:
                phdr[5] = phdr[6] = size
        table = b"".join(self.bytes_of(phdr) for phdr in headers)
        room = self.shape.size * self.room
        self.data[self.offset:self.offset + room] = table.ljust(room, b"\0")
        struct.pack_into("<H", self.data, self.count_at, len(headers))
        self.path.write_bytes(self.data)


def with_loads_by_address(headers):
    """The same order, but for the PT_LOADs among themselves."""
    loads = iter(sorted((p for p in headers if p[0] == PT_LOAD), key=lambda p: p[3]))
    return [next(loads) if p[0] == PT_LOAD else p for p in headers]


def notes_between_loads(h):
    others = h.but(PT_LOAD, PT_PHDR, PT_INTERP)
    out = h.of(PT_PHDR, PT_INTERP)
    for load in h.of(PT_LOAD):
        out += [load] + others[:1]
        others = others[1:]
    return out + others


def shuffled(seed):
    def order(h):
        headers = list(h.list)
        random.Random(seed).shuffle(headers)
        return with_loads_by_address(headers)
    return order


ORDERS = {
    "PT_GNU_STACK first": lambda h: h.of(PT_GNU_STACK) + h.but(PT_GNU_STACK),
    "PT_INTERP last": lambda h: h.but(PT_INTERP) + h.of(PT_INTERP),
    "PT_PHDR last": lambda h: h.but(PT_PHDR) + h.of(PT_PHDR),
    "PT_DYNAMIC first": lambda h: h.of(PT_DYNAMIC) + h.but(PT_DYNAMIC),
    "PT_LOADs first": lambda h: h.of(PT_LOAD) + h.but(PT_LOAD),
    "PT_LOADs last": lambda h: h.but(PT_LOAD) + h.of(PT_LOAD),
    "others between PT_LOADs": notes_between_loads,
    "PT_NOTEs last": lambda h: h.but(PT_NOTE) + h.of(PT_NOTE),
    "reversed": lambda h: with_loads_by_address(h.list[::-1]),
    "no PT_PHDR": lambda h: h.but(PT_PHDR),
    "no PT_GNU_STACK": lambda h: h.but(PT_GNU_STACK),
    "no PT_NOTE": lambda h: h.but(PT_NOTE, 0x6474E553),
    "only what loaders need": lambda h: h.of(PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS, PT_GNU_RELRO),
    "PT_NULLs between": lambda h: [p if p[0] not in (PT_NOTE, PT_GNU_STACK) else
                                   [PT_NULL, 0, 0, 0, 0, 0, 0, 0] for p in h.list],
    DOWNWARDS: lambda h: [p for p in h.but(PT_LOAD)] + h.of(PT_LOAD)[::-1],
}


def reordered(order, sections):
    """What puts the headers of a file into an order, and may take away its section headers."""
    def change(file):
        headers = Headers(file)
        before = [tuple(p) for p in headers.list]
        headers.write(order(headers))
        if not sections:
            harness.drop_section_headers(file)
        elif [tuple(p) for p in Headers(file).list] == before:
            return "this is its order"
        return None
    return change


TOOLS = [["strip"], ["strip", "-g"], ["objcopy"], ["eu-strip"], ["llvm-strip"], ["llvm-objcopy"],
         ["patchelf", "--set-rpath", "/nonexistent"]]


class Subject:
    def __init__(self, elfcage, kind, folder):
        self.elfcage, self.kind, self.folder = elfcage, kind, folder
        self.loader = folder / "load"
        self.shared = "-shared" in kind.flags
        self.built = folder / "built"
        self.tools = TOOLS

    def build(self):
        """What went wrong, or None."""
        missing = harness.have(self.kind.compiler[0], self.kind.needs)
        if missing:
            return f"{missing} is not installed"
        done = run([*self.kind.compiler, "-w", "-o", self.loader, LOADER])
        if done.status != 0 or run([self.loader]).status != 2:
            return f"no loader: {said(done)}"
        symbols = self.folder / "symbols.c"
        symbols.write_text(SYMBOLS, encoding="utf-8")
        done = run([*self.kind.compiler, "-O1", "-w", *self.kind.flags, "-o", self.built, SOURCE,
                    symbols])
        return said(done) if done.status else None

    def lines(self, file):
        """What a file says of its functions; None if it does not run."""
        done = run([self.loader, file] if self.shared else [file])
        return done.out.splitlines() if done.status == 0 and not done.err else None

    def copy(self, file, name):
        out = self.folder / name
        shutil.copy(file, out)
        return out

    def problem(self, change, reason):
        """(what is wrong with a cage of the file after a change, or None; a comment). `reason`: the regular
        expression of what it may be refused for; MUST_REFUSE in front: it has to be."""
        file = self.copy(self.built, "original")
        nothing = change(file)
        if nothing:
            return None, nothing
        plain = self.lines(file)
        if not plain:
            return None, "n/a: the original does not run so"
        must_refuse, reason = reason.startswith(MUST_REFUSE), reason.removeprefix(MUST_REFUSE)
        caged = self.folder / "caged"
        caged.unlink(missing_ok=True)
        done = run([self.elfcage, "inject", "-q", *POLICY, *self.kind.options, "-o", caged, file])
        if done.status == 4:
            if not re.search(reason, done.err) or caged.exists():
                return f"refused: {said(done)}", ""
            return None, f"refused: {done.err.partition(': ')[2].strip()}"
        if done.status != 0 or must_refuse:
            return f"inject: {said(done)}", ""
        layout = harness.layout_of(self.elfcage, caged)
        wrong = self.not_caged(caged, plain) or self.not_undone(caged, file)
        behind = []
        for tool in self.tools if not wrong else ():
            original, changed = self.copy(file, "original.tool"), self.copy(caged, "caged.tool")
            if run([*tool, original]).status != 0 or self.lines(original) != plain:
                continue
            behind.append(" ".join(tool[:2]))
            done = run([*tool, changed])
            wrong = said(done) if done.status else self.not_caged(changed, plain)
            if wrong:
                return f"{layout}, behind {' '.join(tool)}: {wrong}", ""
        return wrong, f"{layout}, behind {', '.join(behind)}"

    def not_caged(self, file, plain):
        lines = self.lines(file)
        if not lines:
            return "it does not run"
        if [line.rpartition(" ")[0] for line in lines] != [line.rpartition(" ")[0] for line in plain]:
            return f"it says: {lines}"
        if any(line.endswith(" free") for line in lines):
            return f"not filtered: {lines}"
        done = run([self.elfcage, "verify", "-q", file])
        return said(done) if done.status else None

    def not_undone(self, caged, file):
        back = self.folder / "back"
        done = run([self.elfcage, "remove", "-o", back, caged])
        if done.status != 0:
            return f"remove: {said(done)}"
        return None if back.read_bytes() == file.read_bytes() else "remove gives another file"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="many random orders")
    parser.add_argument("--kind", help="only kinds whose names contain this")
    arguments = parser.parse_args()
    if os.uname().machine != "x86_64":
        print("1..0 # SKIP the programs are made for x86-64")
        return 0
    orders = dict(ORDERS)
    for seed in range(100 if arguments.all else 3):
        orders[f"random order {seed}"] = shuffled(seed)
    bare = ("reversed", "only what loaders need", "random order 0")
    cases = [(name, True) for name in orders] + [(name, False) for name in bare]
    kinds = [kind for kind in KINDS if not arguments.kind or arguments.kind in kind.name]
    changes = {name + ("" if sections else ", no section headers"):
               (reordered(orders[name], sections), OUT_OF_ORDER if name == DOWNWARDS else NO_ROOM)
               for name, sections in cases}
    return look(kinds, changes)


def look(kinds, changes):
    """Each kind of file after each change, {name: (change, reason to refuse it)}: the exit status."""
    tap = harness.Tap(len(kinds) * len(changes))
    with tempfile.TemporaryDirectory(prefix="elfcage-orders.") as scratch:
        for number, kind in enumerate(kinds):
            folder = pathlib.Path(scratch) / str(number)
            folder.mkdir()
            subject = Subject(os.environ["ELFCAGE"], kind, folder)
            subject.tools = [tool for tool in TOOLS if not harness.have(tool[0])]
            missing = subject.build()
            for name, (change, reason) in changes.items():
                if missing:
                    tap.skip(f"{kind.name}: {name}", missing)
                    continue
                wrong, comment = subject.problem(change, reason)
                tap.test(not wrong, f"{kind.name}: {name}")
                tap.comment(wrong or comment)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
