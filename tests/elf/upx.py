#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""UPX and elfcage, in both orders, with a real UPX.

    ELFCAGE=/path/to/elfcage tests/elf/upx.py [--cache FOLDER]

What UPX has packed is refused, with what to do instead. What is caged can be packed: the program runs
under its filter, says so where the filter cannot be loaded, and unpacks to the caged file again.

Debian 12 itself has no UPX: apt fetches the one of its backports into a folder and installs nothing.
One that is installed is taken first."""

import argparse
import filecmp
import os
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import debian
import harness
from harness import run, said

SOURCE = HERE.parent / "cli/programs/hooked.c"
POLICY = ["--default", "allow", "--deny", "mkdir,mkdirat:ENOTUNIQ"]
NO_FILTERS = ["--default", "allow", "--deny", "seccomp"]
REFUSAL = ("packed by UPX, whose code finds the program by where it lies in this file: not supported: "
           "unpack it (upx -d) and cage that; what is caged can be packed")
GO = """package main

import "syscall"

func main() {
	if syscall.Mkdir("/dev/null/x", 0700) == syscall.Errno(76) {
		println("main filtered")
	} else {
		println("main free")
	}
}
"""
C = ["gcc", "-O1", "-w", "-DALONE"]
M32 = ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
PROGRAMS = {  # name: (command without -o and source, options of inject)
    "static C": (C + ["-static"], []),
    "static-pie C": (C + ["-static-pie", "-fPIE"], []),
    "dynamic PIE C": (C + ["-pie", "-fPIE"], []),
    "dynamic PIE C, preinit": (C + ["-pie", "-fPIE"], ["--hook", "preinit"]),
    "dynamic C at a fixed address": (C + ["-no-pie", "-fno-pie"], []),
    "dynamic PIE C by lld": (C + ["-fuse-ld=lld", "-pie", "-fPIE"], []),
    "musl, static": (["musl-gcc"] + C[1:] + ["-static"], []),
    "static Go": (["go", "build", "-buildvcs=false"], []),
    "static C, 32 bits": (C + M32 + ["-static"], []),
    "dynamic PIE C, 32 bits": (C + M32 + ["-pie", "-fPIE"], []),
}
LEVELS = {"default": [], "-1": ["-1"], "--best": ["--best"]}


class Tap:
    count = failed = 0

    def ok(self, text, problem=None):
        self.count += 1
        self.failed += bool(problem)
        print(f"{'not ' if problem else ''}ok {self.count} - {text}")
        if problem:
            print(f"#   {problem}", flush=True)

    def skip(self, text, reason):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {reason}")


def find_upx(folder, cache):
    """The path of an upx; debian.Unavailable says why there is none."""
    if shutil.which("upx"):
        return shutil.which("upx")
    store = debian.Store(cache, release=f"{debian.own_release()}-backports")
    folder.mkdir()
    debian.unpack(store.fetch(["upx-ucl"])["upx-ucl"], folder)
    upx = folder / "usr/bin/upx-ucl"
    debian.command([upx, "--version"])
    return upx


class Subject:
    """One program, in a folder of its own."""

    def __init__(self, elfcage, upx, folder, name, tap):
        self.elfcage, self.upx, self.folder, self.name, self.tap = elfcage, upx, folder, name, tap
        self.original = folder / "original"
        self.options = PROGRAMS[name][1]

    def build(self):
        """What went wrong, or None."""
        command, _ = PROGRAMS[self.name]
        source = SOURCE
        if command[0] == "go":
            source = self.folder / "main.go"
            source.write_text(GO)
        cache = os.environ.get("GOCACHE", str(self.folder / "go-cache"))
        environment = harness.environment(
            CGO_ENABLED="0", GO111MODULE="off", GOPROXY="off", GOFLAGS="", GOTELEMETRY="off",
            GOPATH=str(self.folder / "go"), GOCACHE=cache, HOME=str(self.folder))
        missing = harness.have(command[0])
        if missing:
            return f"{command[0]} is not installed"
        done = run([*command, "-o", self.original, source], env=environment)
        if done.status == 0:
            done = run([self.original])
        return said(done) if done.status else None

    def pack(self, file, out, level):
        """What went wrong, or None."""
        done = run([self.upx, "-q", *LEVELS[level], "-o", out, file])
        return None if done.status == 0 else said(done)

    def prints(self, file, line):
        done = run([file])
        text = (done.out + done.err).strip()
        return None if (done.status, text) == (0, line) else said(done) or text

    def packed_is_refused(self, level):
        packed, out = self.folder / f"packed{level}", self.folder / "out"
        text = f"{self.name}, upx {level}"
        problem = self.pack(self.original, packed, level) or self.prints(packed, "main free")
        if problem:
            self.tap.skip(f"{text}: refused, with what to do", f"UPX does not pack it: {problem}")
            return
        before = packed.read_bytes()
        refused = run([self.elfcage, "inject", *POLICY, "-o", out, packed])
        in_place = run([self.elfcage, "inject", *POLICY, "-i", packed])
        wrong = None
        if (refused.status, in_place.status) != (4, 4) or \
                refused.err != f"elfcage: {packed}: {REFUSAL}\n":
            wrong = said(refused)
        elif out.exists() or packed.read_bytes() != before:
            wrong = "a file has been written"
        self.tap.ok(f"{text}: refused, with what to do", wrong)
        # And that does it.
        unpacked, caged = self.folder / f"unpacked{level}", self.folder / f"recaged{level}"
        done = run([self.upx, "-q", "-d", "-o", unpacked, packed])
        if done.status != 0:
            self.tap.skip(f"{text}: unpacked and caged", f"UPX does not unpack it: {said(done)}")
            return
        done = run([self.elfcage, "inject", "-q", *POLICY, *self.options, "-o", caged, unpacked])
        self.tap.ok(f"{text}: unpacked and caged",
                    said(done) if done.status else self.prints(caged, "main filtered"))

    def caged_can_be_packed(self, level):
        caged, packed = self.folder / f"caged{level}", self.folder / f"caged-packed{level}"
        text = f"{self.name}, caged, then upx {level}"
        done = run([self.elfcage, "inject", "-q", *POLICY, *self.options, "-o", caged, self.original])
        if done.status != 0:
            self.tap.ok(f"{text}: caged", said(done))
            return
        problem = self.pack(caged, packed, level)
        if problem:
            self.tap.skip(f"{text}: runs filtered", f"UPX does not pack it: {problem}")
            return
        self.tap.ok(f"{text}: runs filtered", self.prints(packed, "main filtered"))
        # No filter, no program.
        outer = self.folder / "outer"
        if not outer.exists():
            run([self.elfcage, "inject", "-q", *NO_FILTERS, "-o", outer, "/usr/bin/env"])
        done = run([outer, packed])
        closed = done.status == 126 and not done.out and "the seccomp filter was not loaded" in done.err
        self.tap.ok(f"{text}: does not start where the filter cannot be loaded",
                    None if closed else said(done))
        done = run([self.elfcage, "verify", packed])
        self.tap.ok(f"{text}: verify says no",
                    None if done.status == 1 and done.err.endswith(": not caged\n") else said(done))
        # Of Go programs at a fixed address UPX says, caged or not, that it cannot, or that it can.
        unpacked = self.folder / f"caged-unpacked{level}"
        done = run([self.upx, "-q", "-d", "-o", unpacked, packed])
        if done.status != 0:
            self.tap.skip(f"{text}: unpacks to the caged file", f"UPX does not: {said(done)}")
            return
        same = filecmp.cmp(caged, unpacked, shallow=False)
        self.tap.ok(f"{text}: unpacks to the caged file", None if same else "another file")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=pathlib.Path)
    arguments = parser.parse_args()
    elfcage = os.environ["ELFCAGE"]
    if os.uname().machine != "x86_64":
        print("1..0 # SKIP the programs are made for x86-64")
        return 0
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="elfcage-upx.") as scratch:
        scratch = pathlib.Path(scratch)
        try:
            upx = find_upx(scratch / "upx", arguments.cache or scratch / "cache")
        except debian.Unavailable as reason:
            print(f"1..0 # SKIP UPX cannot be had: {reason}")
            return 0
        print(f"# {run([upx, '--version']).out.splitlines()[0]}")
        for number, name in enumerate(PROGRAMS):
            folder = scratch / str(number)
            folder.mkdir()
            subject = Subject(elfcage, upx, folder, name, tap)
            problem = subject.build()
            if problem:
                tap.skip(name, f"not built: {problem}")
                continue
            for level in LEVELS:
                subject.packed_is_refused(level)
                subject.caged_can_be_packed(level)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
