# SPDX-License-Identifier: Apache-2.0
"""
ELF files that were made to hurt, one named way each, and what elfcage does with them.

    damage.py ELFCAGE FILE STRIDE

Every case, or every STRIDE-th.

Each case is FILE (64 bits, little-endian) with a change. inject has to refuse it with one line and status
4 and write nothing; or to cage it such that verify says yes, and remove gives the changed file back. show,
verify, remove and lint end with a result or one line too. Where a case has to be refused, that is asserted.
Prints a line for each case that is not so, and a summary.
"""

import os
import struct
import sys
import tempfile

import elf

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PHDR = 1, 2, 3, 4, 6
PT_GNU_PROPERTY, PT_TLS = 0x6474e553, 7
TOP = (1 << 64) - 1
TAGS = {"hash": 4, "strtab": 5, "symtab": 6, "rela": 7, "relasz": 8, "relaent": 9, "strsz": 10,
        "init": 12, "soname": 14, "jmprel": 23, "pltrelsz": 2, "init_array": 25,
        "init_arraysz": 27, "gnu_hash": 0x6ffffef5, "versym": 0x6ffffff0, "verneed": 0x6ffffffe,
        "verneednum": 0x6fffffff, "relr": 36, "relrsz": 35}
PHDR = {"type": (0, 4), "flags": (4, 4), "offset": (8, 8), "vaddr": (16, 8), "paddr": (24, 8),
        "filesz": (32, 8), "memsz": (40, 8), "align": (48, 8)}


class File:
    """Bytes of an ELF file, with the places of its structures."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.phoff, self.shoff = struct.unpack_from("<QQ", data, 32)
        self.phnum, = struct.unpack_from("<H", data, 56)
        self.shnum, = struct.unpack_from("<H", data, 60)

    def get(self, offset, size):
        return int.from_bytes(self.data[offset:offset + size], "little")

    def put(self, offset, size, value):
        self.data[offset:offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def phdrs(self, kind):
        return [at for at in range(self.phoff, self.phoff + 56 * self.phnum, 56)
                if self.get(at, 4) == kind]

    def field(self, phdr, name, value=None):
        offset, size = PHDR[name]
        if value is not None:
            self.put(phdr + offset, size, value)
        return self.get(phdr + offset, size)

    def dynamic(self):
        """[(offset of the entry, tag)]"""
        for phdr in self.phdrs(PT_DYNAMIC):
            at = self.field(phdr, "offset")
            end = at + self.field(phdr, "filesz")
            return [(place, self.get(place, 8)) for place in range(at, end, 16)]
        return []

    def offset_of(self, address):
        for load in self.phdrs(PT_LOAD):
            start = self.field(load, "vaddr")
            if start <= address < start + self.field(load, "filesz"):
                return address - start + self.field(load, "offset")
        return None


CASES = {}


def case(name, refused=False):
    def add(function):
        CASES[name] = (function, refused)
        return function
    return add


def each_load(name, change, refused=False):
    """The change, to each PT_LOAD by itself."""
    for number in range(4):
        def one(file, number=number):
            loads = file.phdrs(PT_LOAD)
            if number >= len(loads):
                return False
            return change(file, loads[number], loads[number - 1] if number else None)
        CASES["%s, PT_LOAD %d" % (name, number)] = (one, refused)


def overlap_memory(file, load, before):
    if before is None or file.field(before, "memsz") < 0x20:
        return False
    file.field(load, "vaddr", file.field(before, "vaddr") + file.field(load, "vaddr") % 0x1000)
    return True


def same_place(file, load, before):
    if before is None:
        return False
    file.data[load:load + 56] = file.data[before:before + 56]
    return True


def setter(**fields):
    def change(file, load, _):
        for name, value in fields.items():
            file.field(load, name, value(file, load) if callable(value) else value)
        return True
    return change


each_load("segments that overlap in memory", overlap_memory, True)
each_load("the same segment twice", same_place, True)
each_load("more bytes in the file than in memory",
          setter(memsz=lambda file, load: file.field(load, "filesz") - 1), True)
each_load("offset that wraps", setter(offset=lambda file, load: TOP - 0xfff +
                                      file.field(load, "vaddr") % 0x1000), True)
each_load("size that wraps", setter(filesz=TOP, memsz=TOP), True)
each_load("memory that wraps", setter(memsz=lambda file, load: TOP - file.field(load, "vaddr")), True)
each_load("address of the kernel", setter(vaddr=lambda file, load: 0xffff800000000000 +
                                          file.field(load, "vaddr")))
each_load("last page of all", setter(vaddr=lambda file, load: TOP - 0xfff +
                                     file.field(load, "vaddr") % 0x1000), True)
each_load("alignment that is no power of two", setter(align=0x1001))
each_load("alignment of 2^63", setter(align=1 << 63))
each_load("terabytes of memory", setter(memsz=1 << 46))
each_load("no size", setter(filesz=0, memsz=0))


@case("all of it in kernel space")
def _(file):
    for at in range(file.phoff, file.phoff + 56 * file.phnum, 56):
        file.field(at, "vaddr", file.field(at, "vaddr") + 0xffff800000000000)
        file.field(at, "paddr", file.field(at, "paddr") + 0xffff800000000000)
    file.put(24, 8, file.get(24, 8) + 0xffff800000000000)


for count in (0xfffe, 0xffff, 1000, 0):
    CASES["%d program headers" % count] = (
        lambda file, count=count: file.put(56, 2, count), count in (0, 0xfffe, 0xffff))
for count in (0xfffe, 0xfeff, 1000, 1, 0):
    CASES["%d section headers" % count] = (lambda file, count=count: file.put(60, 2, count), False)
for index in (0, 0xffff, 0xfeff, 1):
    CASES["names of sections in section %d" % index] = (
        lambda file, index=index: file.put(62, 2, index), False)


def section_setter(name, offset, size, value):
    """The value, in every section header."""
    def change(file):
        for index in range(1, file.shnum):
            file.put(file.shoff + 64 * index + offset, size, value)
    CASES[name] = (change, False)


section_setter("sections without end", 32, 8, TOP)
section_setter("sections whose offset wraps", 24, 8, TOP - 15)
section_setter("sections in kernel space", 16, 8, 0xffff800000000000)
section_setter("sections linked to nowhere", 40, 4, 0xffffffff)
section_setter("sections of themselves", 40, 4, 1)
section_setter("sections without entry size", 56, 8, 0)
section_setter("sections of huge entries", 56, 8, TOP)
section_setter("sections that are all symbols", 4, 4, 2)
section_setter("sections that are all one place", 24, 8, 64)
section_setter("names beyond their section", 0, 4, 0xfffffff0)


@case("the dynamic section without an end")
def _(file):
    entries = [place for place, tag in file.dynamic() if tag == 0]
    for place in entries:
        file.put(place, 8, 0x6ffffffb)


@case("the dynamic section in itself")
def _(file):
    for place, tag in file.dynamic():
        if tag in (4, 5, 6, 7, 23, 25, 0x6ffffef5, 0x6ffffff0, 0x6ffffffe):
            phdr = file.phdrs(PT_DYNAMIC)[0]
            file.put(place + 8, 8, file.field(phdr, "vaddr"))


@case("the dynamic section over the program headers")
def _(file):
    for phdr in file.phdrs(PT_DYNAMIC):
        file.field(phdr, "offset", file.phoff)
        file.field(phdr, "vaddr", file.phoff)


@case("the dynamic section of half an entry")
def _(file):
    for phdr in file.phdrs(PT_DYNAMIC):
        file.field(phdr, "filesz", 24)
        file.field(phdr, "memsz", 24)


@case("all dynamic entries twice")
def _(file):
    entries = file.dynamic()
    used = [place for place, tag in entries if tag]
    for place in used[len(used) // 2:]:
        file.data[place:place + 16] = file.data[used[0]:used[0] + 16]


for tag_name, tag_value in TAGS.items():
    for value in (0, 1, 0x40, TOP, TOP - 15, 1 << 62, 0xffff800000000000, 0x7fffffff):
        def change(file, tag_value=tag_value, value=value):
            places = [place for place, tag in file.dynamic() if tag == tag_value]
            for place in places:
                file.put(place + 8, 8, value)
            return bool(places)
        CASES["DT_%s = 0x%x" % (tag_name.upper(), value)] = (change, False)


def table_of(file, tag):
    for place, found in file.dynamic():
        if found == tag:
            return file.offset_of(file.get(place + 8, 8))
    return None


@case("a hash table of cycles")
def _(file):
    at = table_of(file, TAGS["hash"])
    if at is None:
        return False
    count = file.get(at, 4) + file.get(at + 4, 4)
    for i in range(count):
        file.put(at + 8 + 4 * i, 4, 1)
    return True


@case("a GNU hash table whose chains do not end")
def _(file):
    at = table_of(file, TAGS["gnu_hash"])
    if at is None:
        return False
    buckets, bloom = file.get(at, 4), file.get(at + 8, 4)
    start = at + 16 + 8 * bloom
    for i in range(buckets + 64):
        file.put(start + 4 * i, 4, file.get(start + 4 * i, 4) & ~1)
    return True


@case("a GNU hash table of 2^32 buckets")
def _(file):
    at = table_of(file, TAGS["gnu_hash"])
    if at is None:
        return False
    file.put(at, 4, 0xffffffff)
    return True


@case("versions that need themselves")
def _(file):
    at = table_of(file, TAGS["verneed"])
    if at is None:
        return False
    file.put(at + 8, 4, 0)   # vn_aux
    file.put(at + 12, 4, 0)  # vn_next
    return True


for name, offset, value in (("names", 0, 0xffffffff), ("descriptions", 4, 0xffffffff),
                            ("names that wrap", 0, 0xfffffffd), ("names of nothing", 0, 0)):
    def change(file, offset=offset, value=value):
        places = [file.field(phdr, "offset") for kind in (PT_NOTE, PT_GNU_PROPERTY)
                  for phdr in file.phdrs(kind)]
        for place in places:
            file.put(place + offset, 4, value)
        return bool(places)
    CASES["notes with %s without end" % name] = (change, False)
for size in (0, 1, 3, 11, 12, 0x1000, TOP):
    def change(file, size=size):
        places = file.phdrs(PT_NOTE) + file.phdrs(PT_GNU_PROPERTY)
        for phdr in places:
            file.field(phdr, "filesz", size)
            file.field(phdr, "memsz", size)
        return bool(places)
    CASES["notes of 0x%x bytes" % size] = (change, False)
for align in (0, 1, 3, 16, TOP):
    def change(file, align=align):
        places = file.phdrs(PT_NOTE) + file.phdrs(PT_GNU_PROPERTY)
        for phdr in places:
            file.field(phdr, "align", align)
        return bool(places)
    CASES["notes aligned to 0x%x" % align] = (change, False)
for kind, text in ((PT_INTERP, "interpreter"), (PT_PHDR, "PT_PHDR"), (PT_TLS, "PT_TLS"),
                   (0x6474e552, "PT_GNU_RELRO"), (0x6474e550, "PT_GNU_EH_FRAME")):
    for field, value in (("offset", TOP - 7), ("filesz", TOP), ("vaddr", 0xffff800000000000),
                         ("filesz", 0), ("memsz", 0), ("offset", 0), ("offset", 64)):
        def change(file, kind=kind, field=field, value=value):
            places = file.phdrs(kind)
            for phdr in places:
                file.field(phdr, field, value)
            return bool(places)
        CASES["%s with %s 0x%x" % (text, field, value)] = (change, False)


def moved_table(offset, copied):
    """The program headers elsewhere: with a copy of them there, or whatever stands there."""
    def change(file):
        if copied:
            if offset + 56 * file.phnum > len(file.data):
                return False
            file.data[offset:offset + 56 * file.phnum] = \
                file.data[file.phoff:file.phoff + 56 * file.phnum]
        file.put(32, 8, offset)
        return True
    return change


def add_tables(size):
    for offset in [0, 1, 8, TOP, TOP - 55, 1 << 63, size, size - 1] + \
            list(range(64, size, 8))[::max(1, size // 150)]:
        CASES["e_phoff 0x%x" % offset] = (moved_table(offset, False), False)
        CASES["program headers copied to 0x%x" % offset] = (moved_table(offset, True), False)


def outcome(elfcage, path, must_be_refused):
    """[what is wrong]"""
    wrong = []
    out, back = path + ".out", path + ".back"
    inject = [elfcage, "inject", "-q", "--default", "allow", "--deny", "chown"]
    status, _, error = elf.run(["timeout", "30"] + inject + ["-o", out, path])
    if status == 0:
        if must_be_refused:
            wrong.append("accepted")
        status, _, error = elf.run(["timeout", "30", elfcage, "verify", "-q", out])
        if status != 0:
            wrong.append("accepted, but verify: %d %s" % (status, error))
        status, _, error = elf.run(["timeout", "30", elfcage, "remove", "-o", back, out])
        with open(path, "rb") as one:
            if status != 0 or one.read() != open(back, "rb").read():
                wrong.append("does not go back: %d %s" % (status, error))
    elif status != 4 or not elf.one_line(error) or os.path.exists(out):
        wrong.append("inject: status %d: %s" % (status, error[:300]))
    for arguments in (["show", path], ["verify", path], ["remove", "-o", out, path],
                      ["lint", "--default", "allow", "--deny", "chown", path]):
        status, _, error = elf.run(["timeout", "30", elfcage] + arguments)
        if status not in (0, 1, 4) or status == 4 and not elf.one_line(error):
            wrong.append("%s: status %d: %s" % (arguments[0], status, error[:300]))
    for name in (out, back):
        if os.path.exists(name):
            os.unlink(name)
    return wrong


def main(elfcage, path, stride):
    with open(path, "rb") as source:
        whole = source.read()
    add_tables(len(whole))
    folder = tempfile.mkdtemp(dir=".")

    def check(name):
        change, must_be_refused = CASES[name]
        file = File(whole)
        if change(file) is False:
            return None
        target = tempfile.mktemp(dir=folder)
        with open(target, "wb") as changed:
            changed.write(file.data)
        wrong = outcome(elfcage, target, must_be_refused and bytes(file.data) != whole)
        os.unlink(target)
        return wrong

    cases, wrong = 0, 0
    for name, result in elf.in_parallel(check, sorted(CASES)[::int(stride)]):
        cases += result is not None
        for line in result or []:
            wrong += 1
            print("%s: %s" % (name, line.strip()))
    if os.listdir(folder):
        wrong += 1
        print("left behind: %s" % os.listdir(folder)[:5])
    print("%d cases, %d wrong" % (cases, wrong))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
