# SPDX-License-Identifier: Apache-2.0
"""
What the tests here do to ELF files (little-endian): find the payload, change bytes, forge.

    elf.py payload FILE              offset, size, address, index and file position of the program
                                     header of the payload's PT_LOAD
    elf.py xor FILE OFFSET MASK      changes one byte; OFFSET may be a sum
    elf.py put FILE OFFSET HEX       writes bytes
    elf.py truncations ELFCAGE FILE STEP FINE
    elf.py mutations ELFCAGE FILE STRIDE
    elf.py hostile ELFCAGE FILE STRIDE
    elf.py forge WHAT FILE OUT [OTHER]

`truncations`, `mutations` and `hostile` check every changed file with elfcage and print what was wrong.
"""
import collections
import concurrent.futures
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

import packed  # pylint: disable=wrong-import-position

PT_LOAD, PT_DYNAMIC = 1, 2
PF_W = 2


class Elf:
    """Both classes, little-endian. Fields are read on demand, and written straight into the bytes."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        self.is64 = self.data[4] == 2
        self.ehdr = dict(entry=(24, 8), phoff=(32, 8), shoff=(40, 8), phentsize=(54, 2),
                         phnum=(56, 2), shentsize=(58, 2), shnum=(60, 2)) if self.is64 else \
            dict(entry=(24, 4), phoff=(28, 4), shoff=(32, 4), phentsize=(42, 2), phnum=(44, 2),
                 shentsize=(46, 2), shnum=(48, 2))
        self.phdr = dict(type=(0, 4), flags=(4, 4), offset=(8, 8), vaddr=(16, 8), paddr=(24, 8),
                         filesz=(32, 8), memsz=(40, 8), align=(48, 8)) if self.is64 else \
            dict(type=(0, 4), offset=(4, 4), vaddr=(8, 4), paddr=(12, 4), filesz=(16, 4),
                 memsz=(20, 4), flags=(24, 4), align=(28, 4))

    def get(self, offset, size):
        return int.from_bytes(self.data[offset:offset + size], "little")

    def put(self, offset, size, value):
        self.data[offset:offset + size] = (value % (1 << 8 * size)).to_bytes(size, "little")

    def header(self, name):
        return self.get(*self.ehdr[name])

    def phdr_at(self, index):
        return self.header("phoff") + index * self.header("phentsize")

    def segment(self, index):
        at = self.phdr_at(index)
        return {name: self.get(at + offset, size) for name, (offset, size) in self.phdr.items()}

    def set_segment(self, index, **fields):
        for name, value in fields.items():
            offset, size = self.phdr[name]
            self.put(self.phdr_at(index) + offset, size, value)

    def segments(self):
        return [self.segment(i) for i in range(self.header("phnum"))]

    def payload(self):
        """The index of the program header of the payload's segment."""
        for i, segment in enumerate(self.segments()):
            start = segment["offset"]
            if segment["type"] == PT_LOAD and self.data[start:start + 8] == b"\xe1elfcage":
                return i
        raise SystemExit("no payload")

    def offset_of(self, address):
        for segment in self.segments():
            if segment["type"] == PT_LOAD and \
                    segment["vaddr"] <= address < segment["vaddr"] + segment["filesz"]:
                return address - segment["vaddr"] + segment["offset"]
        raise SystemExit("no file bytes at address %#x" % address)

    def dynamic(self):
        """(file offset, tag, value) of each entry up to DT_NULL."""
        word = 8 if self.is64 else 4
        for segment in self.segments():
            if segment["type"] == PT_DYNAMIC:
                at = segment["offset"]
                while True:
                    tag, value = self.get(at, word), self.get(at + word, word)
                    yield at, tag, value
                    if tag == 0:
                        return
                    at += 2 * word

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.data)
        os.chmod(path, 0o755)


def run(arguments):
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, check=False)
    return result.returncode, result.stdout.decode(errors="replace"), \
        result.stderr.decode(errors="replace")


def one_line(error):
    return error.startswith("elfcage: ") and error.count("\n") == 1 and error.endswith("\n")


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield from zip(items, pool.map(function, items))


def truncations(elfcage, path, step, fine):
    """
    inject on beginnings of the file: status 4, one line, no output. Prints the exceptions. The first
    1200 bytes, with all headers, in steps of `fine`, the others in steps of `step`.
    """
    with open(path, "rb") as file:
        whole = file.read()
    sizes = sorted(set(range(0, len(whole), step)) | set(range(0, min(len(whole), 1200), fine)))
    messages = collections.Counter()

    def check(size):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            name = os.path.join(folder, "cut")
            with open(name, "wb") as file:
                file.write(whole[:size])
            status, output, error = run([elfcage, "inject", "--default", "allow", "--deny", "chown",
                                         "-o", os.path.join(folder, "out"), name])
            left = sorted(os.listdir(folder))
            with open(name, "rb") as file:
                untouched = file.read() == whole[:size]
        good = status == 4 and output == "" and one_line(error) and left == ["cut"] and untouched
        return good, status, left, error.replace(folder, ".")

    wrong = 0
    for size, (good, status, left, error) in in_parallel(check, sizes):
        messages[re.sub(r"\d[\dxa-f]*", "N", error.strip())] += 1
        if not good:
            wrong += 1
            if wrong <= 10:
                print("cut at %d of %d: status %d, files %s: %s" %
                      (size, len(whole), status, left, error.strip()))
    print("%d sizes, %d wrong" % (len(sizes), wrong))
    for message, count in messages.most_common():
        print("  %5d %s" % (count, message), file=sys.stderr)


def hook_of(elf, hook):
    """(name, file offset, size) of what makes a loader call the stub, in a 64-bit file with hook 1
    (init) or 2 (preinit): an entry of the dynamic section, and a relocation."""
    entries = {tag: (at, value) for at, tag, value in elf.dynamic()}
    tag = 32 if hook == 2 else 12 if 12 in entries else 25
    found = [("dynamic section", entries[tag][0], 16)]
    if tag != 12 and 7 in entries:
        start = elf.offset_of(entries[7][1])
        for at in range(start, start + entries[8][1], 24):
            if elf.get(at, 8) == entries[tag][1]:
                found.append(("relocation", at, 24))
    return found


def regions(elf):
    """(name, file offset, size) of everything a cage stands on."""
    index = elf.payload()
    segment = elf.segment(index)
    hook = elf.get(segment["offset"] + 20, 4)
    return [("entry", *elf.ehdr["entry"]),
            ("program header", elf.phdr_at(index), elf.header("phentsize")),
            *(hook_of(elf, hook) if hook else ()),
            ("payload", segment["offset"], segment["filesz"])]


def mutations(elfcage, path, stride):
    """verify on the file with each of those bytes changed, two ways: it must say no, in one line."""
    elf = Elf(path)
    jobs = [(name, offset, mask) for name, start, size in regions(elf)
            for offset in range(start, start + size) for mask in (0x01, 0xff)][::stride]
    original = bytes(elf.data)
    folder = tempfile.mkdtemp(dir=".")

    def check(job):
        name, offset, mask = job
        changed = bytearray(original)
        changed[offset] ^= mask
        handle, file = tempfile.mkstemp(dir=folder)
        os.write(handle, changed)
        os.close(handle)
        status, output, error = run([elfcage, "verify", file])
        os.unlink(file)
        return (status in (1, 4) and output == "" and one_line(error)), status, \
            error.replace(file, "FILE")

    wrong = collections.Counter()
    messages = collections.defaultdict(collections.Counter)
    for (name, offset, mask), (good, status, error) in in_parallel(check, jobs):
        message = re.sub(r"0x[0-9a-f]+|\b\d+\b", "N", error.strip().replace("elfcage: FILE", ""))
        messages[name]["%d %s" % (status, message[:150])] += 1
        if not good:
            wrong[name] += 1
            if wrong[name] <= 20:
                start = next(s for n, s, _ in regions(elf) if n == name)
                print("%s byte %d (file offset %#x) ^ %#x: status %d: %s" %
                      (name, offset - start, offset, mask, status, error.strip()))
    os.rmdir(folder)
    print("%d changes, %d wrong" % (len(jobs), sum(wrong.values())))
    for name, counter in messages.items():
        print("%s:" % name, file=sys.stderr)
        for message, count in counter.most_common():
            print("  %5d %s" % (count, message), file=sys.stderr)


# The payload (the format is written down at the head of injector/elf/payload.c): offsets of the
# fields that are used here.
SIZE, PAYLOAD_FLAGS, STUB_FLAGS, FILTER_COUNT, POLICY_SIZE, MAKER_SIZE, UNDO_SIZE = \
    12, 24, 32, 36, 40, 44, 48
ORIGINAL_ENTRY, HEADER_SIZE = 80, 120
DIGEST_SIZE, GUARD_SIZE = 32, 48
NOTE_SIZE, NOTE_IDENTITY = 104, 37


class Cage:
    """A caged file, taken apart far enough to forge it as somebody would who has read the source."""

    def __init__(self, path):
        self.elf = Elf(path)
        self.index = self.elf.payload()
        segment = self.elf.segment(self.index)
        self.start, self.address = segment["offset"], segment["vaddr"]
        self.end = segment["vaddr"] + segment["memsz"]
        self.size = segment["filesz"]

    def field(self, offset, size=4):
        return self.elf.get(self.start + offset, size)

    def part(self, offset, size):
        return self.elf.data[self.start + offset:self.start + offset + size]

    def parts(self):
        """Filter, packed policy, maker, undo record: (offset, size) of each."""
        found, at = [], HEADER_SIZE
        for size in (8 * self.field(FILTER_COUNT), self.field(POLICY_SIZE), self.field(MAKER_SIZE),
                     self.field(UNDO_SIZE)):
            found.append((at, size))
            at += size
        return found

    def stub(self):
        """Its offset in the segment."""
        return (self.field(SIZE) + NOTE_SIZE + 63) // 64 * 64

    def filter(self):
        return self.part(*self.parts()[0])

    def set_filter(self, program):
        """Of the same length."""
        at, size = self.parts()[0]
        assert len(program) == size
        self.elf.data[self.start + at:self.start + at + size] = program

    def policy(self):
        return packed.unpack(self.part(*self.parts()[1]))[:-1]

    def guards(self):
        """Offset and size of all of them, with the number in front."""
        at = self.parts()[3][0]
        return at, 4 + GUARD_SIZE * self.field(at)

    def pieces(self):
        """What the pieces of the undo record are, unpacked."""
        at, size = self.parts()[3]
        front = self.guards()[1]
        return packed.unpack(self.part(at + front, size - front))

    def set(self, policy=None, pieces=None):
        """Packs another policy or other pieces; elfcage's version gets as long as it has to be, so
        that nothing behind it moves."""
        filter_part, policy_part, maker, undo = (bytes(self.part(*part)) for part in self.parts())
        whole = len(policy_part) + len(maker) + len(undo)
        if policy is not None:
            policy_part = packed.pack(policy + b"\0")
        if pieces is not None:
            undo = undo[:self.guards()[1]] + packed.pack(pieces)
        left = whole - len(policy_part) - len(undo)
        if left < 1:
            raise SystemExit("what is forged is longer")
        maker = b"1" * (left - 1) + b"\0"
        for field, part in (POLICY_SIZE, policy_part), (MAKER_SIZE, maker), (UNDO_SIZE, undo):
            self.elf.put(self.start + field, 4, len(part))
        content = filter_part + policy_part + maker + undo
        at = self.start + HEADER_SIZE
        self.elf.data[at:at + len(content)] = content

    def fix_digest(self):
        size = self.field(SIZE) - DIGEST_SIZE
        digest = hashlib.sha256(self.part(0, size)).digest()
        self.elf.data[self.start + size:self.start + size + DIGEST_SIZE] = digest

    def fix_digests(self):
        """The note has the identity in hexadecimal."""
        identity = hashlib.sha256(self.policy() + b"\0" + self.filter()).hexdigest().encode()
        at = self.start + self.stub() - NOTE_SIZE + NOTE_IDENTITY
        self.elf.data[at:at + len(identity)] = identity
        self.fix_digest()

    def spare_phdr(self):
        """A program header behind the payload's that nothing needs in order to run."""
        for kind in (0x6474e551, 4, 0x6474e550, 0x6474e553):  # GNU_STACK, NOTE, EH_FRAME, PROPERTY
            for i, segment in enumerate(self.elf.segments()):
                if segment["type"] == kind and i > self.index:
                    return i
        raise SystemExit("no program header to take")

    def add_load(self, address, content, memsz=None):
        """content, at the end of the file, mapped at address by one more PT_LOAD."""
        while len(self.elf.data) % 4096 != address % 4096:
            self.elf.data.append(0)
        offset = len(self.elf.data)
        self.elf.data += content
        # Segments are sorted by address, so the payload's comes first: it is the last one.
        self.elf.set_segment(self.spare_phdr(), type=PT_LOAD, flags=5, offset=offset, vaddr=address,
                             paddr=address, filesz=len(content), memsz=memsz or len(content),
                             align=4096)

    def relocations(self, tag, size_tag, entry_size):
        tags = {t: v for _, t, v in self.elf.dynamic()}
        at = self.elf.offset_of(tags[tag])
        return range(at, at + tags[size_tag], entry_size)


def weaker(program):
    """The same filter, with ALLOW in place of the policy's errno (ENOANO)."""
    program = bytearray(program)
    for at in range(0, len(program), 8):
        code, _, _, k = struct.unpack_from("<HBBI", program, at)
        if code == 0x06 and k == 0x00050000 | 55:
            struct.pack_into("<I", program, at + 4, 0x7fff0000)
    return program


def forge_overlay_page(cage, _):
    """A segment that shares no byte with the payload, and its last page: the loader maps whole pages."""
    address = (cage.end + 15) // 16 * 16
    if address % 4096 == 0:
        raise SystemExit("the payload fills its last page")
    cage.add_load(address, b"\x90" * 16)


def forge_overlay_bytes(cage, _):
    cage.add_load(cage.address + cage.stub(), b"\x90" * 64)


def forge_overlay_bss(cage, _):
    """Zero bytes, from no file, over the payload's last page."""
    cage.add_load((cage.end + 15) // 16 * 16, b"", 8)


def forge_unsorted(cage, _):
    """The overlaying segment in front of the payload's in the table."""
    spare = cage.spare_phdr()
    cage.add_load(cage.address, bytes(cage.part(0, cage.size)))
    a, b = cage.elf.segment(cage.index), cage.elf.segment(spare)
    cage.elf.set_segment(cage.index, **b)
    cage.elf.set_segment(spare, **a)


def split_at_dynamic(cage, moved):
    """
    The segment with the dynamic section ends behind it, and one more holds the rest; that one begins
    in the same page, and maps the page from where it was, or from a copy that is changed.
    """
    elf = cage.elf
    segments = elf.segments()
    dynamic = next(s for s in segments if s["type"] == PT_DYNAMIC)
    index, whole = next((i, s) for i, s in enumerate(segments) if s["type"] == PT_LOAD and
                        s["vaddr"] <= dynamic["vaddr"] < s["vaddr"] + s["filesz"])
    cut = dynamic["vaddr"] + dynamic["memsz"] - whole["vaddr"]
    rest = dict(whole, **{name: whole[name] + cut for name in ("vaddr", "paddr", "offset")},
                filesz=whole["filesz"] - cut, memsz=whole["memsz"] - cut)
    if moved:
        elf.data += b"\0" * (-len(elf.data) % 4096)
        page = rest["offset"] & ~4095
        copy = len(elf.data)
        elf.data += elf.data[page:rest["offset"] + rest["filesz"]]
        elf.data[copy:copy + (rest["offset"] & 4095)] = b"\0" * (rest["offset"] & 4095)
        rest["offset"] += copy - page
    segments[index].update(filesz=cut, memsz=cut)
    del segments[cage.spare_phdr()]
    segments.insert(index + 1, rest)
    for i, segment in enumerate(segments):
        elf.set_segment(i, **segment)


def forge_shadow_page(cage, _):
    """ld.so reads a dynamic section from memory that is not the one in the file."""
    split_at_dynamic(cage, True)


def forge_control_split(cage, _):
    split_at_dynamic(cage, False)


def forge_shadow_headers(cage, _):
    """The program headers mapped twice: the kernel tells ld.so of the last, PT_PHDR is of the first."""
    address = (cage.end + 4095) // 4096 * 4096
    cage.elf.set_segment(cage.spare_phdr(), type=PT_LOAD, flags=6, offset=0, vaddr=address,
                         paddr=address, filesz=4096, memsz=4096, align=4096)


def forge_headers_elsewhere(cage, _):
    """The program headers go over the end of a segment: in memory, another one follows, in which the
    last header, PT_DYNAMIC, names relocations of its own; they make a jump of the stub."""
    elf = cage.elf
    elf.data += b"\0" * (-len(elf.data) % 4096)
    offset, address = len(elf.data), (cage.end + 0x1fff) & ~0xfff
    tags = {tag: value for _, tag, value in elf.dynamic()}
    table = elf.offset_of(tags[7])
    jump = (b"\x48\xb8" + cage.field(ORIGINAL_ENTRY, 8).to_bytes(8, "little") + b"\xff\xe0").ljust(16, b"\x90")
    rela = elf.data[table:table + tags[8]]
    for at in 0, 8:
        rela += struct.pack("<QQ8s", elf.header("entry") + at, 8, jump[at:at + 8])
    tags.update({7: address + 0x1100, 8: len(rela), 22: 0})
    tags = {tag: value for tag, value in tags.items() if tag not in (0, 0x6ffffff9)}
    dynamic = b"".join(struct.pack("<QQ", *entry) for entry in tags.items()) + bytes(16)
    load = dict(type=PT_LOAD, flags=4, offset=offset, vaddr=address, paddr=address, filesz=0x1000,
                memsz=0x1000, align=0x1000)
    segments = [s for s in elf.segments() if s["type"] not in (6, PT_DYNAMIC)]  # without PT_PHDR
    honest = next(s for s in elf.segments() if s["type"] == PT_DYNAMIC)
    segments += [load, dict(load, flags=6, offset=offset + 0x2000, vaddr=address + 0x1000,
                            paddr=address + 0x1000, filesz=0x2000, memsz=0x2000), honest]
    elf.data += bytes(0x4000)
    elf.put(*elf.ehdr["phoff"], offset + 0x2000)
    elf.put(*elf.ehdr["phnum"], 1)
    elf.set_segment(0, **dict(honest, offset=offset + 0x3000, vaddr=address + 0x2000, paddr=address + 0x2000,
                              filesz=len(dynamic), memsz=len(dynamic)))
    elf.data[offset + 0x2100:offset + 0x2100 + len(rela)] = rela
    elf.data[offset + 0x3000:offset + 0x3000 + len(dynamic)] = dynamic
    elf.put(*elf.ehdr["phoff"], offset + 0x1000 - elf.header("phentsize") * (len(segments) - 1))
    elf.put(*elf.ehdr["phnum"], len(segments))
    for i, segment in enumerate(segments):
        elf.set_segment(i, **segment)


def forge_two_payloads(cage, _):
    cage.add_load((cage.end + 0xffff) // 0x10000 * 0x10000, bytes(cage.part(0, cage.size)))


def forge_rela(cage, _):
    cage.elf.put(next(iter(cage.relocations(7, 8, 24))), 8, cage.address + cage.stub())


def forge_rela_edge(cage, _):
    """The last of its eight bytes is the payload's first."""
    cage.elf.put(next(iter(cage.relocations(7, 8, 24))), 8, cage.address - 7)


def forge_rela_last(cage, _):
    cage.elf.put(list(cage.relocations(7, 8, 24))[-1], 8, cage.end - 1)


def forge_jmprel(cage, _):
    cage.elf.put(next(iter(cage.relocations(23, 2, 24))), 8, cage.address + HEADER_SIZE)


def forge_rel(cage, _):
    """i386: REL entries of 8 bytes."""
    cage.elf.put(next(iter(cage.relocations(17, 18, 8))), 4, cage.address + cage.stub())


def forge_relr(cage, _):
    cage.elf.put(next(iter(cage.relocations(36, 35, 8))), 8,
                 (cage.address + HEADER_SIZE) & ~7)


def forge_relr_bitmap(cage, _):
    """An address below the payload, and a bitmap that reaches into it."""
    first = next(iter(cage.relocations(36, 35, 8)))
    cage.elf.put(first, 8, cage.address - 8 * 4)
    cage.elf.put(first + 8, 8, 0xffffffffffffffff)


def forge_textrel(cage, _):
    for at, tag, _ in cage.elf.dynamic():
        if tag == 21:  # DT_DEBUG
            cage.elf.put(at, cage.elf.ehdr["entry"][1], 22)
            return
    raise SystemExit("no DT_DEBUG")


def forge_df_textrel(cage, _):
    word = cage.elf.ehdr["entry"][1]
    for at, tag, value in cage.elf.dynamic():
        if tag == 30:  # DT_FLAGS
            cage.elf.put(at + word, word, value | 4)
            return
    raise SystemExit("no DT_FLAGS")


def forge_preinit(cage, _):
    """Two spare DT_NULLs of GNU ld say that the last function of DT_INIT_ARRAY is to run before all."""
    word = cage.elf.ehdr["entry"][1]
    entries = list(cage.elf.dynamic())
    values = {tag: value for _, tag, value in entries}
    end = entries[-1][0]
    for at, value in zip(range(end, end + 4 * word, word), (32, values[25] + values[27] - word, 33, word)):
        cage.elf.put(at, word, value)


def relative_relocations(cage):
    """(offset, target, addend) of each in DT_RELA of x86-64."""
    for at in cage.relocations(7, 8, 24):
        if cage.elf.get(at + 8, 8) == 8:
            yield at, cage.elf.get(at, 8), cage.elf.get(at + 16, 8)


def forge_irelative(cage, _):
    """The last relative relocation calls what it pointed to."""
    at, _, _ = list(relative_relocations(cage))[-1]
    cage.elf.put(at + 8, 8, 37)


def forge_irelative_more(cage, function):
    """One more relocation, which calls that function (an address in hexadecimal); the table gets a
    segment of its own."""
    table = cage.relocations(7, 8, 24)
    _, target, _ = list(relative_relocations(cage))[-1]
    content = bytes(cage.elf.data[table.start:table.stop])
    content = struct.pack("<QQQ", target, 37, int(function, 16)) + content
    address = (cage.end + 0x2000) & ~0xfff
    cage.add_load(address, content)
    for at, tag, _ in cage.elf.dynamic():
        if tag in (7, 8, 0x6ffffff9):  # DT_RELA, DT_RELASZ, DT_RELACOUNT: it would be a plain one
            cage.elf.put(at + 8, 8, {7: address, 8: len(content)}.get(tag, 0))


def forge_irelative_other(cage, function):
    """A resolver that the program has is replaced by that function."""
    for table in (7, 8), (23, 2):
        for at in cage.relocations(*table, 24):
            if cage.elf.get(at + 8, 8) == 37:
                cage.elf.put(at + 16, 8, int(function, 16))
                return
    raise SystemExit("no IRELATIVE")


def forge_rel_irelative(cage, _):
    """i386: the addend of an IRELATIVE, which leads to a resolver, is the word that it writes to."""
    for table in (17, 18), (23, 2):
        for at in cage.relocations(*table, 8):
            if cage.elf.get(at + 4, 4) == 42:
                at = cage.elf.offset_of(cage.elf.get(at, 4))
                cage.elf.put(at, 4, cage.elf.get(at, 4) + 1)
                return
    raise SystemExit("no IRELATIVE")


def forge_ifunc(cage, name):
    """The function that others find by that name becomes an indirect one."""
    tags = {tag: value for _, tag, value in cage.elf.dynamic()}
    at, names = cage.elf.offset_of(tags[6]), cage.elf.offset_of(tags[5])
    for at in range(at, min(at + 24 * 100000, len(cage.elf.data) - 24), 24):
        start = names + cage.elf.get(at, 4)
        if cage.elf.data[start:start + len(name) + 1] == name.encode() + b"\0":
            cage.elf.put(at + 4, 1, 0x1a)
            return
    raise SystemExit("no function " + name)


def forge_rela_relocated(cage, _):
    """A relocation writes over another one before its turn comes."""
    table = cage.relocations(7, 8, 24)
    address = {tag: value for _, tag, value in cage.elf.dynamic()}[7]
    cage.elf.put(table.start, 8, address + (table.stop - table.start) - 16)


def relocate(cage, tag):
    """A relocation writes into the table of that tag, in a segment that is made writable."""
    address = {tag: value for _, tag, value in cage.elf.dynamic()}[tag]
    for i, segment in enumerate(cage.elf.segments()):
        if segment["type"] == PT_LOAD and segment["vaddr"] <= address < segment["vaddr"] + segment["filesz"]:
            cage.elf.set_segment(i, flags=segment["flags"] | PF_W)
    cage.elf.put(cage.relocations(7, 8, 24).start, 8, address + 24)


def forge_symbols_relocated(cage, _):
    """A symbol becomes an indirect function only while the program is loaded."""
    relocate(cage, 6)


def forge_hash_relocated(cage, _):
    """More symbols are found than there are in the file."""
    relocate(cage, 0x6ffffef5)


def forge_writable(cage, _):
    cage.elf.set_segment(cage.index, flags=cage.elf.segment(cage.index)["flags"] | PF_W)


def forge_not_executable(cage, _):
    cage.elf.set_segment(cage.index, flags=4)


def forge_original_entry(cage, _):
    cage.elf.put(*cage.elf.ehdr["entry"], cage.field(ORIGINAL_ENTRY, 8))


def forge_entry_past(cage, _):
    """The hook points into the stub, past its beginning."""
    cage.elf.put(*cage.elf.ehdr["entry"], cage.elf.header("entry") + 4)


def forge_foreign(cage, other):
    """The payload of another caged file, copied over this one's, as it is."""
    other = Cage(other)
    content = other.part(0, min(other.size, cage.size))
    cage.elf.data[cage.start:cage.start + len(content)] = content


def forge_foreign_whole(cage, other):
    """The same, with its program header, its entry point and as many bytes as it needs."""
    other = Cage(other)
    cage.elf.data = cage.elf.data[:cage.start]
    while len(cage.elf.data) % 4096 != other.address % 4096:
        cage.elf.data.append(0)
    offset = len(cage.elf.data)
    cage.elf.data += other.part(0, other.size)
    cage.elf.set_segment(cage.index, **dict(other.elf.segment(other.index), offset=offset))
    cage.elf.put(*cage.elf.ehdr["entry"], other.elf.header("entry"))
    for name in ("shoff", "shnum"):
        cage.elf.put(*cage.elf.ehdr[name], 0)
    cage.elf.put(cage.elf.ehdr["shnum"][0] + 2, 2, 0)


def forge_interpreter(cage, _):
    """A static program gets an interpreter, which the kernel starts in place of the stub."""
    path = b"/nonexistent/interpreter\0"
    offset = len(cage.elf.data)
    cage.elf.data += path
    cage.elf.set_segment(cage.spare_phdr(), type=3, flags=4, offset=offset, vaddr=0, paddr=0,
                         filesz=len(path), memsz=len(path), align=1)


def forge_audit_flag(cage, _):
    """An audit's mark is taken away from the header."""
    at = cage.start + PAYLOAD_FLAGS
    cage.elf.put(at, 4, cage.elf.get(at, 4) & ~1)
    cage.fix_digests()


def forge_warn_flag(cage, _):
    """The header no longer says that the stub only warns; the stub still does."""
    at = cage.start + STUB_FLAGS
    cage.elf.put(at, 4, 0)
    cage.fix_digests()


def forge_stub_instruction(cage, _):
    """A system call of the stub becomes two NOPs."""
    at = cage.elf.data.find(b"\x0f\x05", cage.start + cage.stub())
    if not 0 < at < cage.start + cage.size:
        raise SystemExit("no syscall instruction in the stub")
    cage.elf.data[at:at + 2] = b"\x90\x90"


def config_at(cage):
    return cage.start + cage.stub()


def forge_no_tsync(cage, _):
    cage.elf.put(config_at(cage) + 24, 4, 0)


def forge_stub_warns(cage, _):
    """The stub is told to warn; the payload's header does not say so."""
    cage.elf.put(config_at(cage) + 28, 4, 2)


def forge_other_filter_place(cage, _):
    """The stub is told of another place, where a filter that allows everything stands."""
    program = struct.pack("<HBBI", 6, 0, 0, 0x7fff0000)
    at = len(cage.elf.data)
    cage.elf.data += program
    place = config_at(cage)
    cage.elf.put(place + 6, 2, 1)
    cage.elf.put(place + 8, 8, at - place)


def forge_next_elsewhere(cage, _):
    at = config_at(cage) + 16
    cage.elf.put(at, 8, cage.elf.get(at, 8) + 4)


def forge_weaker_filter(cage, _):
    cage.set_filter(weaker(cage.filter()))
    cage.fix_digests()


def forge_weaker_filter_no_digest(cage, _):
    cage.set_filter(weaker(cage.filter()))


def forge_weaker_policy(cage, _):
    """The policy says another thing than the filter: `fchown` in place of `lchown`."""
    cage.set(policy=cage.policy().replace(b"lchown", b"fchown"))
    cage.fix_digests()


def x86_64_only(cage):
    """A filter that refuses lchown of x86-64 and looks at nothing else, of the same length."""
    program = [(0x20, 0, 0, 4), (0x15, 0, 3, 0xc000003e), (0x20, 0, 0, 0), (0x15, 0, 1, 94),
               (0x06, 0, 0, 0x00050000 | 55)]
    program += [(0x06, 0, 0, 0x7fff0000)] * (cage.field(FILTER_COUNT) - len(program))
    cage.set_filter(b"".join(struct.pack("<HBBI", *instruction) for instruction in program))
    cage.fix_digests()


def forge_forgotten_abi(cage, _):
    """A filter for x86-64 alone, and a record that knows no other ABI."""
    text = cage.policy()
    cut = text[:text.index(b',\n{"abi":"i386"')] + b"]}\n"
    cage.set(policy=cut)
    x86_64_only(cage)


def forge_unrelated_filter(cage, _):
    """Digests right, policy right, and a filter for x86-64 alone."""
    x86_64_only(cage)


def forge_control_digests(cage, _):
    """No change at all, digests made anew: the forger's tools are right."""
    cage.fix_digests()


def forge_control_packed(cage, _):
    """Policy and undo record unpacked and packed again by packed.py: the same bytes."""
    for part, plain in (cage.parts()[1], cage.policy() + b"\0"), \
            ((cage.parts()[3][0] + cage.guards()[1], cage.parts()[3][1] - cage.guards()[1]), cage.pieces()):
        if packed.pack(plain) != cage.part(*part):
            raise SystemExit("packed.py packs otherwise")


def forge_control_sections(cage, _):
    """No section headers: verify looks at what is loaded."""
    for name in ("shoff", "shnum"):
        cage.elf.put(*cage.elf.ehdr[name], 0)
    cage.elf.put(cage.elf.ehdr["shnum"][0] + 2, 2, 0)


def hostile(elfcage, path, stride):
    """
    remove, show and verify on the file with each word of header and undo record set to values that
    somebody might choose who wants to see elfcage crash or write gigabytes, digests made anew.
    """
    cage = Cage(path)
    guards, size = cage.guards()
    words = list(range(8, HEADER_SIZE, 4)) + list(range(guards, guards + size, 4))
    # Digests of guards and long pieces are only bytes.
    words = words[:400]
    pieces = cage.pieces()
    heads, at = [], 0
    while at < len(pieces):
        heads += [at, at + 8]
        at += 16 + int.from_bytes(pieces[at + 8:at + 16], "little")
    values = (0, 1, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff)
    long_values = (0, 1, len(pieces), 1 << 31, 1 << 32, 1 << 62, (1 << 64) - 8, (1 << 64) - 1)
    jobs = [(False, place, value) for place in words for value in values][::stride] + \
        [(True, place, value) for place in heads for value in long_values]
    original = bytes(cage.elf.data)
    folder = tempfile.mkdtemp(dir=".")

    def check(job):
        in_pieces, place, value = job
        changed = Cage(path)
        if in_pieces:
            try:
                changed.set(pieces=pieces[:place] + value.to_bytes(8, "little") + pieces[place + 8:])
            except SystemExit:
                return []  # longer when it is packed
        else:
            changed.elf.put(changed.start + place, 4, value)
        if DIGEST_SIZE <= changed.field(SIZE) <= changed.size:
            changed.fix_digest()
        name = tempfile.mktemp(dir=folder)
        changed.elf.write(name)
        result = []
        for arguments in (["remove", "-o", name + ".out", name], ["show", name], ["verify", name],
                          ["remove", "-q", "--force", "-o", name + ".out", name]):
            status, _, error = run(["timeout", "30", elfcage] + arguments)
            good = status == 0 or (status in (1, 4) and one_line(error))
            if status != 0 and os.path.exists(name + ".out"):
                good = arguments[0] != "remove"
            if not good:
                result.append("%s: status %d: %s" % (arguments[0], status, error[:300]))
        if os.path.exists(name + ".out"):
            if os.path.getsize(name + ".out") > 2 * len(original):
                result.append("remove writes %d bytes" % os.path.getsize(name + ".out"))
            os.unlink(name + ".out")
        os.unlink(name)
        return result

    wrong = 0
    for (in_pieces, place, value), result in in_parallel(check, jobs):
        for line in result:
            wrong += 1
            if wrong <= 20:
                print("%s at %d (undo record at %d) = %#x: %s" %
                      ("number of the pieces" if in_pieces else "word", place, guards, value, line))
    if os.listdir(folder):
        wrong += 1
        print("left behind: %s" % os.listdir(folder)[:5])
    print("%d changes, %d wrong" % (len(jobs), wrong))


def forge(what, path, out, other):
    cage = Cage(path)
    globals()["forge_" + what.replace("-", "_")](cage, other)
    cage.elf.write(out)


def main(arguments):
    command = arguments[0]
    if command == "payload":
        elf = Elf(arguments[1])
        index = elf.payload()
        segment = elf.segment(index)
        print(segment["offset"], segment["filesz"], segment["vaddr"], index, elf.phdr_at(index))
    elif command in ("xor", "put"):
        elf = Elf(arguments[1])
        offset = sum(int(part, 0) for part in arguments[2].split("+"))
        if command == "xor":
            elf.data[offset] ^= int(arguments[3], 0)
        else:
            new = bytes.fromhex(arguments[3])
            elf.data[offset:offset + len(new)] = new
        elf.write(arguments[1])
    elif command == "truncations":
        truncations(arguments[1], arguments[2], int(arguments[3]), int(arguments[4]))
    elif command == "mutations":
        mutations(arguments[1], arguments[2], int(arguments[3]))
    elif command == "hostile":
        hostile(arguments[1], arguments[2], int(arguments[3]))
    elif command == "forge":
        forge(arguments[1], arguments[2], arguments[3], arguments[4] if arguments[4:] else None)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
