# SPDX-License-Identifier: Apache-2.0
"""
What the tests here do to ELF files (little-endian): find the payload, change bytes, forge.

    elf.py payload FILE              offset, size, address, index and file position of the program
                                     header of the PT_LOAD that holds e_entry
    elf.py xor FILE OFFSET MASK      changes one byte; OFFSET may be a sum
    elf.py put FILE OFFSET HEX       writes bytes
    elf.py truncations ELFCAGE FILE STEP
    elf.py mutations ELFCAGE FILE
    elf.py forge WHAT FILE OUT [OTHER]

`truncations` and `mutations` check every changed file with elfcage and print what was wrong.
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
        """The index of the program header whose segment holds the entry point."""
        entry = self.header("entry")
        for i, segment in enumerate(self.segments()):
            if segment["type"] == PT_LOAD and \
                    segment["vaddr"] <= entry < segment["vaddr"] + segment["filesz"]:
                return i
        raise SystemExit("no segment holds the entry point")

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


def truncations(elfcage, path, step):
    """inject on each beginning of the file: status 4, one line, no output. Prints the exceptions."""
    with open(path, "rb") as file:
        whole = file.read()
    sizes = sorted(set(range(0, len(whole), step)) | set(range(0, min(len(whole), 1200))))
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


def regions(elf):
    """(name, file offset, size) of everything a cage stands on."""
    index = elf.payload()
    segment = elf.segment(index)
    return [("entry", *elf.ehdr["entry"]),
            ("program header", elf.phdr_at(index), elf.header("phentsize")),
            ("payload", segment["offset"], segment["filesz"])]


def mutations(elfcage, path):
    """verify on the file with each of those bytes changed, two ways: it must say no, in one line."""
    elf = Elf(path)
    jobs = [(name, offset, mask) for name, start, size in regions(elf)
            for offset in range(start, start + size) for mask in (0x01, 0xff)]
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
        truncations(arguments[1], arguments[2], int(arguments[3]))
    elif command == "mutations":
        mutations(arguments[1], arguments[2])
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
