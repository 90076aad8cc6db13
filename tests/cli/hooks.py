# SPDX-License-Identifier: Apache-2.0
"""
Takes hooks away from caged files, in every way in which a loader would be made to call something else
first, or nothing (x86-64).

    hooks.py list HOOK           the names of the ways, one a line, for "init" or "preinit"
    hooks.py forge WAY FILE OUT  status 3: the file has nothing that this way needs
"""
import hashlib
import struct
import sys

sys.dont_write_bytecode = True

import elf as files

DT_NEEDED, DT_RELA, DT_RELASZ, DT_INIT, DT_INIT_ARRAY, DT_INIT_ARRAYSZ = 1, 7, 8, 12, 25, 27
DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ, DT_FLAGS_1, DT_DEBUG = 32, 33, 0x6ffffffb, 21
DT_SYMTAB, DT_SYMENT, DT_RELACOUNT = 6, 11, 0x6ffffff9
IDLE = 0x6ffffdff  # no tag of anybody
R_64, R_COPY, R_GLOB_DAT, R_RELATIVE, R_SIZE = 1, 5, 6, 8, 33


class Nothing(Exception):
    """The file has no place for this way."""


class Caged:
    """The dynamic section and the relocations of a file, and its payload."""

    def __init__(self, path):
        self.elf = files.Elf(path)
        self.payload = next(s for s in self.elf.segments() if s["type"] == files.PT_LOAD and
                            self.elf.data[s["offset"]:s["offset"] + 8] == b"\xe1elfcage")

    def entry(self, tag):
        """File offset of the last entry with that tag: the one that counts."""
        found = [at for at, name, _ in self.elf.dynamic() if name == tag]
        if not found:
            raise Nothing
        return found[-1]

    def value(self, tag):
        return self.elf.get(self.entry(tag) + 8, 8)

    def set(self, tag, value):
        self.elf.put(self.entry(tag) + 8, 8, value)

    def rename(self, tag, other):
        self.elf.put(self.entry(tag), 8, other)

    def spare(self, count):
        """File offset of `count` entries at the end, with one left for the end."""
        at = [at for at, _, _ in self.elf.dynamic()][-1]
        segment = next(s for s in self.elf.segments() if s["type"] == files.PT_DYNAMIC)
        if segment["offset"] + segment["filesz"] - at < 16 * (count + 1):
            raise Nothing
        return at

    def relocations(self):
        """File offset, target, type, symbol, addend of each entry of DT_RELA."""
        at = self.elf.offset_of(self.value(DT_RELA))
        for i in range(at, at + self.value(DT_RELASZ), 24):
            target, info, addend = struct.unpack_from("<QQq", self.elf.data, i)
            yield i, target, info & 0xffffffff, info >> 32, addend

    def relocation_of(self, address):
        for relocation in self.relocations():
            if relocation[1] == address:
                return relocation
        raise Nothing

    def set_relocation(self, at, target, kind, symbol, addend):
        struct.pack_into("<QQq", self.elf.data, at, target, symbol << 32 | kind, addend)

    def other_relocation(self, address):
        """One that does not write to that word."""
        for relocation in self.relocations():
            if relocation[1] != address:
                return relocation
        raise Nothing

    def dynamic_address(self, tag):
        segment = next(s for s in self.elf.segments() if s["type"] == files.PT_DYNAMIC)
        return segment["vaddr"] + self.entry(tag) - segment["offset"]

    def code(self):
        """Some function of the file itself."""
        return next(s["vaddr"] for s in self.elf.segments()
                    if s["type"] == files.PT_LOAD and s["flags"] & 1)

    def field(self, at):
        return self.payload["offset"] + at

    def fix_digest(self):
        start, size = self.payload["offset"], self.elf.get(self.field(files.SIZE), 4) - 32
        digest = hashlib.sha256(self.elf.data[start:start + size]).digest()
        self.elf.data[start + size:start + size + 32] = digest

    def has_init(self):
        return any(tag == DT_INIT for _, tag, _ in self.elf.dynamic())


# --- init ---

def init_moved(caged):
    """DT_INIT names the program's own function again."""
    caged.set(DT_INIT, caged.code())


def init_behind_stub(caged):
    """DT_INIT names the stub's own way back, so that it does nothing."""
    caged.set(DT_INIT, caged.value(DT_INIT) + 4)


def init_gone(caged):
    caged.rename(DT_INIT, IDLE)


def init_zero(caged):
    caged.set(DT_INIT, 0)


def init_twice(caged):
    """Another DT_INIT behind: the last one counts."""
    caged.entry(DT_INIT)
    struct.pack_into("<QQ", caged.elf.data, caged.spare(1), DT_INIT, caged.code())


def init_relocated(caged):
    """A relocation writes to the dynamic section, over the value of DT_INIT."""
    at = caged.other_relocation(0)[0]
    caged.set_relocation(at, caged.dynamic_address(DT_INIT) + 8, R_RELATIVE, 0, caged.code())


def init_tag_relocated(caged):
    """The same over its tag, from one word in front: two words of a TLS descriptor."""
    at = caged.other_relocation(0)[0]
    caged.set_relocation(at, caged.dynamic_address(DT_INIT) - 8, 36, 0, 0)


def first_of(caged):
    if caged.has_init():
        raise Nothing
    return caged.value(DT_INIT_ARRAY)


def element_changed(caged):
    """The relocation of the first constructor gives another function."""
    at, target, kind, symbol, _ = caged.relocation_of(first_of(caged))
    caged.set_relocation(at, target, kind, symbol, caged.code())


def element_retargeted(caged):
    """It writes elsewhere."""
    at, target, kind, symbol, addend = caged.relocation_of(first_of(caged))
    caged.set_relocation(at, target + 8, kind, symbol, addend)


def element_other_kind(caged):
    at, target, _, _, addend = caged.relocation_of(first_of(caged))
    caged.set_relocation(at, target, R_64, 1, addend)


def element_written_twice(caged):
    """Another relocation over the same word."""
    first = first_of(caged)
    at = caged.other_relocation(first)[0]
    caged.set_relocation(at, first, R_GLOB_DAT, 1, 0)


def element_written_partly(caged):
    """Another one over a part of it."""
    first = first_of(caged)
    at = caged.other_relocation(first)[0]
    caged.set_relocation(at, first - 4, R_RELATIVE, 0, caged.code())


def element_copied_as_relative(caged):
    """A copy of nothing: glibc writes a word, if it takes it for a relative relocation."""
    first = first_of(caged)
    table = caged.elf.offset_of(caged.value(DT_SYMTAB))
    caged.elf.put(table + 24 + 16, 8, 0)
    caged.set_relocation(caged.other_relocation(first)[0], first, R_COPY, 1, caged.code())


def element_copied(caged):
    """A copy relocation in front of it, of a symbol that is large enough."""
    first = first_of(caged)
    table = caged.elf.offset_of(caged.value(DT_SYMTAB))
    caged.elf.put(table + 24 + 16, 8, 4096)
    caged.set_relocation(caged.other_relocation(first)[0], first - 64, R_COPY, 1, 0)


def array_moved(caged):
    first_of(caged)
    caged.set(DT_INIT_ARRAY, caged.value(DT_INIT_ARRAY) + 8)


def array_empty(caged):
    first_of(caged)
    caged.set(DT_INIT_ARRAYSZ, 0)


def array_twice(caged):
    """The right one comes first, and the last one counts."""
    first = first_of(caged)
    at = caged.entry(DT_RELACOUNT)
    if at > caged.entry(DT_INIT_ARRAY):
        raise Nothing
    struct.pack_into("<QQ", caged.elf.data, at, DT_INIT_ARRAY, first)
    caged.set(DT_INIT_ARRAY, first + 8)


def init_before_array(caged):
    """A DT_INIT comes before the array whose first element the stub is."""
    first_of(caged)
    at = next(at for at, tag, _ in caged.elf.dynamic() if tag in (DT_RELACOUNT, DT_DEBUG))
    struct.pack_into("<QQ", caged.elf.data, at, DT_INIT, caged.code())


def dlopen_calls_preinit(caged):
    """glibc's dlopen(3) calls DT_PREINIT_ARRAY of what it opens before all else."""
    struct.pack_into("<QQQQ", caged.elf.data, caged.spare(2), DT_PREINIT_ARRAY,
                     caged.value(DT_INIT_ARRAY), DT_PREINIT_ARRAYSZ, caged.value(DT_INIT_ARRAYSZ))


def count_beyond(caged):
    """glibc relocates as many as DT_RELACOUNT says, also behind the end of the table: the last one."""
    first = first_of(caged)
    entries = [relocation[1:] for relocation in caged.relocations()]
    hook = next(entry for entry in entries if entry[0] == first)
    second = next(entry for entry in entries if entry[0] == first + 8)
    entries.remove(hook)
    last = (first, R_RELATIVE, 0, second[3])
    for (at, *_), entry in zip(list(caged.relocations()), [hook] + entries[:-1] + [last]):
        caged.set_relocation(at, *entry)
    caged.set(DT_RELASZ, 24 * len(entries))
    try:
        caged.set(DT_RELACOUNT, len(entries) + 1)
    except Nothing:
        struct.pack_into("<QQ", caged.elf.data, caged.entry(DT_SYMENT), DT_RELACOUNT,
                         len(entries) + 1)


def now_a_program(caged):
    """Marked as an executable, of which DT_INIT comes late."""
    for tag in (DT_FLAGS_1, DT_RELACOUNT, DT_SYMENT):
        try:
            at = caged.entry(tag)
        except Nothing:
            continue
        struct.pack_into("<QQ", caged.elf.data, at, DT_FLAGS_1, 0x08000000)
        return
    raise Nothing


def says_entry(caged):
    """The payload says that its hook is the entry point."""
    caged.elf.put(caged.field(20), 4, 0)
    caged.fix_digest()


def says_preinit(caged):
    caged.elf.put(caged.field(20), 4, 2)
    caged.fix_digest()


def next_elsewhere(caged):
    """The stub goes on to another place than the payload says."""
    stub = caged.payload["offset"] + \
        (caged.elf.get(caged.field(files.SIZE), 4) + files.NOTE_SIZE + 63) // 64 * 64
    caged.elf.put(stub + 16, 8, caged.elf.get(stub + 16, 8) + 1)


def next_no_code(caged):
    """It goes on, and the payload says so, to what is no code."""
    stub = caged.payload["offset"] + \
        (caged.elf.get(caged.field(files.SIZE), 4) + files.NOTE_SIZE + 63) // 64 * 64
    address = caged.payload["vaddr"] + stub - caged.payload["offset"]
    caged.elf.put(caged.field(80), 8, 8)
    caged.elf.put(stub + 16, 8, 8 - address)
    caged.fix_digest()


# --- preinit ---

def preinit_gone(caged):
    caged.rename(DT_PREINIT_ARRAY, IDLE)


def preinit_size_gone(caged):
    caged.rename(DT_PREINIT_ARRAYSZ, IDLE)


def preinit_empty(caged):
    caged.set(DT_PREINIT_ARRAYSZ, 7)


def preinit_moved(caged):
    caged.set(DT_PREINIT_ARRAY, caged.value(DT_INIT_ARRAY))


def preinit_twice(caged):
    caged.entry(DT_PREINIT_ARRAY)
    at = next(at for at, tag, _ in caged.elf.dynamic() if tag == DT_INIT_ARRAY)
    if at < caged.entry(DT_PREINIT_ARRAY):
        at = caged.spare(1)
    struct.pack_into("<QQ", caged.elf.data, at, DT_PREINIT_ARRAY, caged.value(DT_INIT_ARRAY))


def preinit_relocated(caged):
    at = caged.other_relocation(caged.value(DT_PREINIT_ARRAY))[0]
    caged.set_relocation(at, caged.dynamic_address(DT_PREINIT_ARRAY) + 8, R_RELATIVE, 0,
                         caged.value(DT_INIT_ARRAY))


def slot_changed(caged):
    """What fills the array's word, or the word itself where nothing does, names another function."""
    address = caged.value(DT_PREINIT_ARRAY)
    try:
        at, target, kind, symbol, _ = caged.relocation_of(address)
        caged.set_relocation(at, target, kind, symbol, caged.code())
    except Nothing:
        caged.elf.put(caged.elf.offset_of(address), 8, caged.code())


def slot_written_twice(caged):
    address = caged.value(DT_PREINIT_ARRAY)
    at = caged.other_relocation(address)[0]
    caged.set_relocation(at, address, R_GLOB_DAT, 1, 0)


def slot_copied(caged):
    """A copy relocation whose symbol reaches over the word."""
    address = caged.value(DT_PREINIT_ARRAY)
    caged.relocation_of(address)
    table = caged.elf.offset_of(caged.value(DT_SYMTAB))
    caged.elf.put(table + 24 + 16, 8, 64)
    caged.set_relocation(caged.other_relocation(address)[0], address - 56, R_COPY, 1, 0)


def table_shorter(caged):
    """The relocation that fills the word is no longer in the table."""
    at = caged.relocation_of(caged.value(DT_PREINIT_ARRAY))[0]
    start = caged.elf.offset_of(caged.value(DT_RELA))
    caged.set(DT_RELASZ, at - start)


def part_of_relocation(caged):
    """glibc takes an entry of which only one byte is in the table."""
    slot, first = caged.value(DT_PREINIT_ARRAY), caged.value(DT_INIT_ARRAY)
    hook, last = caged.relocation_of(slot), list(caged.relocations())[-1]
    other = next(relocation for relocation in caged.relocations()
                 if relocation[2] == R_RELATIVE and relocation[1] not in (slot, first, first + 8))
    caged.set_relocation(other[0], *hook[1:])
    caged.set_relocation(last[0], slot, R_RELATIVE, 0, caged.relocation_of(first + 8)[4])
    caged.set(DT_RELASZ, caged.value(DT_RELASZ) - 23)
    caged.elf.data += b"\0"  # the file was changed, as by a tool


def relocation_rewritten(caged):
    """A relocation writes to another one (R_X86_64_SIZE64: any number that it likes)."""
    slot = caged.value(DT_PREINIT_ARRAY)
    hook = caged.relocation_of(slot)
    table = caged.value(DT_RELA)
    addend = table + hook[0] - caged.elf.offset_of(table) + 16
    caged.set_relocation(caged.other_relocation(slot)[0], addend, R_SIZE, 0, caged.code())


def other_loader(caged):
    """A loader that does not look at the array."""
    segment = next(s for s in caged.elf.segments() if s["type"] == 3)
    path = b"/lib/ld-musl-x86_64.so.1"[:segment["filesz"] - 1]
    caged.elf.data[segment["offset"]:segment["offset"] + segment["filesz"]] = \
        path + b"\0" * (segment["filesz"] - len(path))


def says_init(caged):
    caged.elf.put(caged.field(20), 4, 1)
    caged.fix_digest()


def control(caged):
    """No change, but a digest made anew."""
    caged.fix_digest()


WAYS = {
    "init": (init_moved, init_behind_stub, init_gone, init_zero, init_twice, init_relocated,
             init_tag_relocated, element_changed, element_retargeted, element_other_kind,
             element_written_twice, element_written_partly, element_copied_as_relative, element_copied,
             array_moved, array_empty, array_twice, init_before_array, dlopen_calls_preinit,
             count_beyond, now_a_program, says_entry, says_preinit, next_elsewhere, next_no_code),
    "preinit": (preinit_gone, preinit_size_gone, preinit_empty, preinit_moved, preinit_twice,
                preinit_relocated, slot_changed, slot_written_twice, slot_copied, table_shorter,
                part_of_relocation, relocation_rewritten, other_loader, says_entry, says_init, next_elsewhere, next_no_code),
}


def main(arguments):
    if arguments[0] == "list":
        print("\n".join(way.__name__ for way in WAYS[arguments[1]]))
        return
    caged = Caged(arguments[2])
    try:
        globals()[arguments[1]](caged)
    except Nothing:
        raise SystemExit(3) from None
    caged.elf.write(arguments[3])


if __name__ == "__main__":
    main(sys.argv[1:])
