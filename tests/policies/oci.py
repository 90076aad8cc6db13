#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""OCI profiles from the wild: what elfcage makes of them against what runc makes by libseccomp.

    ELFCAGE=... tests/policies/oci.py [--write]

The two programs are compared in every ABI at every number, and at the edges of arguments where
either looks at some. Each difference has to be of a class that is known, and explained below; their
table, with the profiles that elfcage refuses and why, is oci.tsv beside this file, which has to
come out the same (--write makes it anew). Profiles are looked for in $ELFCAGE_POLICIES/oci.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import bpf
import runc

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "oci.tsv"
MINIMUM_KERNEL = "6.18"
VERSION = "2.5.4"  # what Debian 12 has, and the table was made with

# Class: why elfcage answers otherwise. In the order in which they are tried.
CLASSES = {
    "other-abi": "an ABI that the profile does not name: the default (ENOSYS where that allows) "
                 "in place of the death of a thread",
    "x32": "x32 calls are refused, named or not",
    "riscv32": "calls that 32-bit programs of riscv64 kernels have for themselves, which the "
               "kernel does not mark: refused",
    "skipped": "number -1, a call that a tracer skips: ENOSYS",
    "newer-name": "the profile names a call that libseccomp 2.5.4 does not know and runc leaves "
                  "out",
    "sub-call": "i386 has numbers for calls that libseccomp knows as sub-calls of ipc only; runc "
                "answers ENOSYS there",
    "ceiling": "ENOSYS above the highest number: runc takes the highest that the profile names, "
               "elfcage the highest that there is",
    "width": "the kernel does not look at the bits in which the arguments differ from those that "
             "libseccomp compares with",
    "allowed-otherwise": "libseccomp opens socketcall and ipc for sub-calls whose own name is "
                         "allowed, elfcage where the profile names the two",
    "denied-otherwise": "a 32-bit call that does what a denied one does, under another name",
}

NEWER = {457: "statmount", 458: "listmount", 459: "lsm_get_self_attr", 460: "lsm_set_self_attr",
         461: "lsm_list_modules", 462: "mseal", 463: "setxattrat", 464: "getxattrat",
         465: "listxattrat", 466: "removexattrat", 467: "open_tree_attr", 468: "file_getattr",
         469: "file_setattr"}
NEWER_OWN = {0xC000003E: {335: "uretprobe", 336: "uprobe"}, 0xC00000F3: {258: "riscv_hwprobe"}}
WIDTH_WORDS = ("_time64", "64", "32")  # at the end of names of 32-bit ABIs
HIGHEST = 469
ABIS = {
    "x86_64": {0xC000003E: "SCMP_ARCH_X86_64", 0x40000003: "SCMP_ARCH_X86"},
    "aarch64": {0xC00000B7: "SCMP_ARCH_AARCH64", 0x40000028: "SCMP_ARCH_ARM"},
    "riscv64": {0xC00000F3: "SCMP_ARCH_RISCV64"},
}
OTHER_ABI = 0x80000016  # s390x
# Profiles that need an answer to be read; each is tried without as well. runc and libseccomp
# between them let one of two contradicting rules count: so does --compat runc.
OPTIONS = {
    "containers-common-seccomp-current.json": [["--caps", "CAP_SYS_ADMIN"], ["--compat", "runc"]],
    "firefox-podman.json": [["--caps", "CAP_SYS_ADMIN"], ["--compat", "runc"]],
    "singularity-default.json": [["--caps", "CAP_SYS_ADMIN"], ["--compat", "runc"]],
    "moby-profiles-default-current.json": [["--caps", "CAP_SYS_ADMIN,CAP_BPF,CAP_SYS_PTRACE"]],
    "runc-seccomp_syscall_test1.json": [["--compat", "runc"]],
    "titus-fuse-container.json": [["--compat", "runc"]],
}


class Comparison:
    def __init__(self, lib, profile, ours):
        self.lib, self.profile, self.ours = lib, profile, ours
        program, self.highest = runc.build(lib, profile)
        self.theirs = bpf.load(program)
        self.names = {name for name, _, _ in profile.rules}
        self.found = {}  # (class, ABI, theirs, ours) -> names of calls

    def answer_theirs(self, arch, number, arguments):
        if runc.above(self.highest, self.profile.target, arch, number):
            return bpf.action(runc.ENOSYS)
        return bpf.action(bpf.run(self.theirs, bpf.words_of(arch, number, arguments)))

    def answer_ours(self, arch, number, arguments):
        return bpf.action(bpf.run(self.ours, bpf.words_of(arch, number, arguments)))

    def name(self, arch, number):
        token = runc.TOKENS.get(ABIS[self.profile.target].get(arch), 0)
        known = self.lib.seccomp_syscall_resolve_num_arch(token, number) if token else None
        return known.decode() if known else self.newer(arch, number)

    @staticmethod
    def newer(arch, number):
        return (NEWER | NEWER_OWN.get(arch, {})).get(number)

    def is_width(self, arch, number, arguments, ours):
        """Is there a call, the same to the kernel, to which runc's program gives that?"""
        for index, value in enumerate(arguments):
            for high in (0, 0xFFFFFFFF):
                changed = list(arguments)
                changed[index] = high << 32 | value & 0xFFFFFFFF
                if (changed != arguments and self.answer_ours(arch, number, changed) == ours and
                        self.answer_theirs(arch, number, changed) == ours):
                    return True
        flat = [value & 0xFFFFFFFF for value in arguments]
        return flat != arguments and self.answer_theirs(arch, number, flat) == ours == \
            self.answer_ours(arch, number, flat)

    def explain(self, arch, number, arguments, theirs, ours):
        named = ABIS[self.profile.target].get(arch)
        if named not in self.profile.tokens():
            return "other-abi"
        if arch == 0xC000003E and number != 0xFFFFFFFF and (
                number & runc.X32_BIT or 512 <= number <= 547):
            return "x32"
        if named == "SCMP_ARCH_RISCV64" and 403 <= number <= 423:
            return "riscv32"
        if number == 0xFFFFFFFF:
            return "skipped"
        name = self.name(arch, number)
        if name in self.names and name == self.newer(arch, number):
            return "newer-name"
        above = runc.above(self.highest, self.profile.target, arch, number)
        if above and ours == "allow" and self.lib.seccomp_syscall_resolve_name_arch(
                runc.TOKENS[named], name.encode()) < 0:
            return "sub-call"
        if number > HIGHEST or above:
            return "ceiling"
        if self.is_width(arch, number, arguments, ours):
            return "width"
        if named in ("SCMP_ARCH_X86", "SCMP_ARCH_ARM") and ours not in ("allow", "log"):
            if name in ("socketcall", "ipc") and name not in self.names:
                return "allowed-otherwise"
            return self.explain_denial(name, ours)
        return None

    def explain_denial(self, name, ours):
        """Does the profile deny, with that action, what the call is another name of?"""
        stem = lambda word: next((word[:-len(end)] for end in WIDTH_WORDS if word.endswith(end)),
                                 word)
        for other, action, _ in self.profile.rules:
            if other != name and bpf.action(action) == ours and (
                    stem(other) == stem(name) or name in ("socketcall", "ipc")):
                return "denied-otherwise"
        return None

    def note(self, arch, number, arguments):
        theirs = self.answer_theirs(arch, number, arguments)
        ours = self.answer_ours(arch, number, arguments)
        if theirs == ours:
            return
        why = self.explain(arch, number, arguments, theirs, ours) or "UNEXPLAINED"
        abi = ABIS[self.profile.target].get(arch, "another").replace("SCMP_ARCH_", "")
        names = self.found.setdefault((why, abi, theirs, ours), [])
        name = self.name(arch, number)
        if why not in ("x32", "riscv32", "other-abi", "skipped") and name and name not in names:
            names.append(name)
        if why == "UNEXPLAINED":
            print(f"# {abi} {number:#x} {arguments}: runc {theirs}, elfcage {ours}")

    def compare(self):
        numbers = set(range(600)) | set(range(0xF0000, 0xF0007))
        numbers |= bpf.constants(self.theirs) | bpf.constants(self.ours)
        numbers |= {0x3FFFFFFF, 0x40000000, 0x40000200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF}
        for arch in [*ABIS[self.profile.target], OTHER_ABI]:
            for number in sorted(numbers):
                found = bpf.cells(self.theirs, arch, number)
                for offset, cells in bpf.cells(self.ours, arch, number).items():
                    found.setdefault(offset, set()).update(cells)
                for arguments in bpf.edges(found) if found else [[0] * 6]:
                    self.note(arch, number, arguments)


def compile_ours(elfcage, path, target, options):
    """The program, or the reason of a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = [elfcage, "compile", "-q", "--format", "oci", "--policy", path, "--target",
                   target, "--min-kernel", MINIMUM_KERNEL, *options, "-o", out]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            return None, result.stderr.strip().replace(f"elfcage: {path}:", "")
        return bpf.load(pathlib.Path(out).read_bytes()), None


def rows_of(lib, elfcage, path, target, options):
    head = [path.name, target, " ".join(options)]
    ours, refused = compile_ours(elfcage, str(path), target, options)
    if refused:
        return [[*head, "refused", refused, "", "", ""]]
    capabilities = options[1].split(",") if "--caps" in options else []
    comparison = Comparison(lib, runc.Profile(path, target, capabilities, MINIMUM_KERNEL), ours)
    comparison.compare()
    rows = [[*head, "read", f"{len(comparison.profile.rules)} rules", "", "", ""]]
    for (why, abi, theirs, got), names in sorted(comparison.found.items()):
        shown = names if len(names) <= 6 else [*names[:5], f"and {len(names) - 5} more"]
        rows.append([*head, why, abi, theirs, got, " ".join(shown)])
    return rows


def main():
    elfcage = os.environ["ELFCAGE"]
    shared = os.environ.get("ELFCAGE_POLICIES", HERE / "../../../shared/policies")
    folder = pathlib.Path(shared) / "oci"
    if not folder.is_dir():
        print("1..0 # SKIP no profiles: set ELFCAGE_POLICIES to the folder that has oci/")
        return 0
    lib = runc.library()
    if runc.version(lib) != VERSION:
        print(f"1..0 # SKIP the table is of libseccomp {VERSION}, this is {runc.version(lib)}")
        return 0
    number = failed = 0
    table = ["\t".join(("profile", "target", "options", "class", "ABI", "runc", "elfcage",
                        "calls that have a name"))]
    for path in sorted(folder.glob("*.json")):
        for target in ABIS:
            for options in [[], *OPTIONS.get(path.name, [])]:
                rows = rows_of(lib, elfcage, path, target, options)
                table += ["\t".join(row) for row in rows]
                bad = [row for row in rows if row[3] == "UNEXPLAINED"]
                number, failed = number + 1, failed + bool(bad)
                what = f"{path.name} for {target} {' '.join(options)}: {rows[0][3]}"
                print(f"{'not ' * bool(bad)}ok {number} - {what}, {len(rows) - 1} kinds of "
                      "differences, each known")
                for row in bad:
                    print("#", *row)
    text = "\n".join(table) + "\n"
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text, encoding="utf-8")
    same = TABLE.exists() and TABLE.read_text(encoding="utf-8") == text
    number, failed = number + 1, failed + (not same)
    print(f"{'' if same else 'not '}ok {number} - the table of differences is as recorded")
    if not same:
        old = set(TABLE.read_text(encoding="utf-8").splitlines()) if TABLE.exists() else set()
        for line in text.splitlines():
            if line not in old:
                print("# new:", line)
    print(f"1..{number}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
