#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Caged programs under real kernels of Debian, in qemu-system.

    ELFCAGE=/path/to/elfcage tests/foreign/kernel.py [--arch x86_64,aarch64,arm,riscv64]
                                                     [--newest] [--cache FOLDER]

The kernel comes out of a Debian package (tests/debian.py), the first file system is made here: one
process that runs commands and powers off (programs/init.c), and the programs under test. They are
programs/enforce.c, the same source for every architecture, tests/cli/programs/contexts.c, which
tests/cli/contexts.sh runs here, and all kinds of files of made.py. Shown for each architecture:
the filter is there (/proc/self/status), what is denied is refused and what is not is not, by the
value of an argument too, upper halves and all; a kill is a SIGSYS; the 32-bit programs of a 64-bit
kernel are no way round; every task has the filter, a thread that was there before the filter too;
a filter that does not load stops the program. Without network, or without qemu: skipped.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "elf")]

import debian
import harness
import made
from harness import run, said
from targets import TARGETS, target

CLI_PROGRAMS = HERE.parent / "cli" / "programs"
# A machine that takes longer hangs: of the emulator's processor time, which other work on this
# computer does not use up; and by the clock, should it wait for ever.
PROCESSOR_SECONDS, SECONDS = 400, 900
REACHED = re.compile("^@(init|begin)", re.M)  # init.c says so

# kernels: (release of Debian, or None for that of this machine; package that depends on the newest
# one). libc: files of the C library, and the folders for them.
Machine = collections.namedtuple("Machine",
                                 "name debian kernels qemu console triple flags compat libc")

# 5.10 finds the program headers by another rule (AT_PHDR) than 5.18 and later.
OLDER, NEWER = "bullseye", "forky"


def three(package):
    return [(None, package), (OLDER, package), (NEWER, package)]


def cross(tuple_, loader):
    """The libraries of one of Debian's cross compilers, as Machine.libc wants them."""
    return [(f"/usr/{tuple_}/lib/{name}", "lib")
            for name in (loader, "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6")]


MACHINES = [
    Machine("x86_64", "amd64", three("linux-image-cloud-amd64"),
            ["qemu-system-x86_64", "-accel", "tcg"], "ttyS0", "x86_64-linux-gnu", [], "i386",
            [("/lib64/ld-linux-x86-64.so.2", "lib64"),
             ("/lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu")]),
    Machine("aarch64", "arm64", three("linux-image-cloud-arm64"),
            ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57"], "ttyAMA0",
            "aarch64-linux-gnu", [], "arm", cross("aarch64-linux-gnu", "ld-linux-aarch64.so.1")),
    Machine("arm", "armhf", three("linux-image-armmp"),
            ["qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15"], "ttyAMA0",
            "arm-linux-gnueabihf", ["-march=armv7-a"], None,
            cross("arm-linux-gnueabihf", "ld-linux-armhf.so.3")),
    # Debian has riscv64 from trixie on.
    Machine("riscv64", "riscv64",
            [("trixie", "linux-image-riscv64"), (NEWER, "linux-image-riscv64")],
            ["qemu-system-riscv64", "-M", "virt"], "ttyS0", "riscv64-linux-gnu", [], None,
            cross("riscv64-linux-gnu", "ld-linux-riscv64-lp64d.so.1")),
]

# Of ABIs that are only the other one of a machine.
COMPAT_FLAGS = {
    "i386": ["--target=i386-linux-gnu", "-idirafter", "/usr/include/x86_64-linux-gnu"],
    "arm": ["--target=arm-linux-gnueabihf", "-march=armv7-a"],
}

ENOANO, ENOTUNIQ = 55, 76  # no kernel gives them for these calls
SIGSYS = 31


def rule(name, action, **more):
    return {"names": [name], "action": f"SCMP_ACT_{action}", **more}


def equal(index, value):
    return [{"index": index, "value": value, "op": "SCMP_CMP_EQ"}]


POLICY = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    rule("getpriority", "ERRNO", errnoRet=ENOTUNIQ),
    rule("socket", "ERRNO", errnoRet=ENOTUNIQ, args=equal(0, 2)),
    rule("lseek", "ERRNO", errnoRet=ENOTUNIQ, args=equal(1, 1 << 32 | 1)),
    rule("acct", "KILL_PROCESS"),
]}
NATIVE_ONLY = ["--default", "errno:ENOANO", "--allow",
               "openat,read,write,close,getppid,socket,clone,wait4,execve,exit_group"]


def enforced(bits):
    """What enforce prints under POLICY."""
    lines = [f"{bits} bits", "Seccomp: 2", "NoNewPrivs: 1", "allowed: ok",
             f"denied: error {ENOTUNIQ}", "value that is not denied: ok",
             f"denied value: error {ENOTUNIQ}"]
    if bits == 64:
        lines += [f"denied value, bits above it: error {ENOTUNIQ}",
                  f"denied long value: error {ENOTUNIQ}", "lower half of it: error 9",
                  "another upper half: error 9"]
    return lines + [f"killed: status {128 + SIGSYS}"]


def not_enforced(bits):
    lines = [line.replace("Seccomp: 2", "Seccomp: 0").replace("NoNewPrivs: 1", "NoNewPrivs: 0")
             .replace(f"status {128 + SIGSYS}", "status 0") for line in enforced(bits)]
    lines = [line.replace("denied long value: error 76", "denied long value: error 9")
             for line in lines]
    return [line.replace(f"error {ENOTUNIQ}", "ok") for line in lines]


class Archive:
    """A cpio archive in the "newc" form, as the kernel unpacks it (Linux:
    Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.data, self.folders, self.finished = bytearray(), set(), False

    def entry(self, name, mode, content=b"", device=(0, 0)):
        encoded = name.encode() + b"\0"
        fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self.data += b"\0" * (-len(self.data) % 4) + content
        self.data += b"\0" * (-len(self.data) % 4)

    def folder(self, name):
        if name and name not in self.folders:
            self.folder(os.path.dirname(name))
            self.folders.add(name)
            self.entry(name, 0o40755)

    def file(self, name, content):
        self.folder(os.path.dirname(name))
        self.entry(name, 0o100755, content)

    def finish(self):
        if not self.finished:
            self.entry("TRAILER!!!", 0)
            self.finished = True
        return bytes(self.data)


class Lab:
    """What is prepared for one machine: programs, commands, and what each has to print."""

    def __init__(self, machine, elfcage, work):
        self.machine, self.elfcage, self.work = machine, elfcage, work
        self.archive, self.commands, self.expected = Archive(), [], []
        for name in ("dev", "proc"):
            self.archive.folder(name)
        self.archive.entry("dev/console", 0o20600, device=(5, 1))

    def make(self, name, *words):
        """Runs a compiler; the path of what it makes. Unavailable if it does not."""
        path = self.work / name
        result = run([*words, "-o", path])
        if result.status != 0:
            raise debian.Unavailable(f"{name} cannot be made: {said(result)}")
        return path

    def bare(self, name, source, flags):
        return self.make(name, "clang", *flags, "-O1", "-fPIE", "-ffreestanding",
                         "-fno-stack-protector", "-nostdlib", "-fuse-ld=lld", "-static-pie",
                         HERE / "programs" / source)

    def cage(self, path, name, *policy):
        caged = self.work / name
        result = run([self.elfcage, "inject", "-q", *policy, path, "-o", caged])
        if result.status != 0:
            raise RuntimeError(f"inject {name}: {said(result)}")
        self.add(caged, name)
        return caged

    def add(self, path, name):
        self.archive.file(name, pathlib.Path(path).read_bytes())

    def expect(self, text, command, status, lines):
        """A test: the command, run in the machine, ends with that status and prints that."""
        self.commands.append(command)
        self.expected.append((text, status, lines))


def machine_flags(machine):
    relax = ["-mno-relax"] if machine.name == "riscv64" else []
    return [f"--target={machine.triple}", *machine.flags, *relax]


def prepare_enforce(lab):
    flags = machine_flags(lab.machine)
    bits = 32 if lab.machine.name == "arm" else 64
    policy = lab.work / "policy.json"
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    enforce = lab.bare("enforce", "enforce.c", flags)
    lab.add(enforce, "enforce")
    lab.add(lab.bare("init", "init.c", flags), "init")
    lab.cage(enforce, "caged", "--policy", policy)
    lab.expect("uncaged, nothing is refused", "/enforce", 0, not_enforced(bits))
    lab.expect("what is denied is refused, what is not is not", "/caged", 0, enforced(bits))
    lab.expect("a program that it executes is under the filter", "/caged /enforce", 0,
               enforced(bits) * 2)
    lab.expect("a caged program executed by a caged one has both", "/caged /caged", 0,
               enforced(bits) * 2)
    lab.cage(enforce, "no-seccomp", "--default", "allow", "--deny", "seccomp:ENOTUNIQ")
    lab.expect("a filter that does not load stops the program", "/no-seccomp /caged", 126,
               [line.replace("Seccomp: 0", "Seccomp: 2").replace("Privs: 0", "Privs: 1")
                for line in not_enforced(bits)] +
               [f"elfcage: the seccomp filter was not loaded (seccomp: error {ENOTUNIQ}): the "
                "program does not start"])
    if lab.machine.compat:
        other = lab.bare("other", "enforce.c", COMPAT_FLAGS[lab.machine.compat])
        lab.add(other, "other")
        lab.cage(enforce, "native-only", *NATIVE_ONLY)
        lab.expect("the kernel runs 32-bit programs", "/other", 0, not_enforced(32))
        lab.expect("a 32-bit program is no way round", "/caged /other", 0,
                   enforced(bits) + enforced(32))
        lab.expect("under a denying default a 32-bit program can do nothing, not even end well",
                   "/native-only /other", None,
                   ["64 bits", "Seccomp: 2", "NoNewPrivs: 1", "allowed: ok",
                    f"denied: error {ENOANO}", "value that is not denied: ok", "denied value: ok",
                    "denied value, bits above it: ok", f"denied long value: error {ENOANO}",
                    f"lower half of it: error {ENOANO}", f"another upper half: error {ENOANO}",
                    "killed: status 0"])


def prepare_contexts(lab):
    """The program of tests/cli/contexts.sh, with its library, in C with threads."""
    machine = lab.machine
    words = ["clang", *machine_flags(machine)]
    if machine.name == "riscv64":  # see made.py
        words = [f"{machine.triple}-gcc-12"]
    elif machine.name != "x86_64":
        words.append("-fuse-ld=lld")
    words += ["-O1", "-pthread", "-D_GNU_SOURCE"]
    early = lab.make("libearly.so", *words, "-shared", "-fPIC", CLI_PROGRAMS / "early.c")
    contexts = lab.make("contexts", *words, "-DEARLY", CLI_PROGRAMS / "contexts.c", "-Wl,-E", early)
    lab.add(early, str(early).lstrip("/"))
    for path, folder in machine.libc:
        lab.add(path, f"{folder}/{os.path.basename(path)}")
    lab.cage(contexts, "contexts", "--default", "allow", "--deny", "getpriority:ENOANO")
    names = ["main", "thread", "signal", "alternate-stack", "fork", "vfork", "clone3",
             "thread-of-child", "grandchild", "thread-of-constructor"]
    reports = [f"{name} ENOANO 2" for name in names]
    lab.expect("every task has the filter, the thread of a library's constructor too", "/contexts",
               0, reports)
    # A thread with a filter of its own gets no other one from its process: the cage has to be first.
    (lab.work / "own").mkdir()
    own = lab.make("own/libearly.so", *words, "-shared", "-fPIC", "-DOWN_FILTER",
                   CLI_PROGRAMS / "early.c")
    lab.add(own, str(own).lstrip("/"))
    for name, flags in (("first", ["-pie", "-fPIE"]), ("fixed", ["-no-pie", "-fno-pie"])):
        program = lab.make(name, *words, *flags, "-DEARLY", CLI_PROGRAMS / "contexts.c", "-Wl,-E",
                           own)
        lab.cage(program, name + ".caged", "--default", "allow", "--deny", "getpriority:ENOANO",
                 "--hook", "preinit")
        lab.expect(f"--hook preinit comes before the constructor of a library, {flags[0]}",
                   f"/{name}.caged", 0, reports)


def prepare_kinds(lab):
    """The files of made.py: the original's words from the emulator, but for the denied call."""
    if lab.machine.name not in [one.name for one in TARGETS]:
        return
    foreign = target(lab.machine.name)
    for kind in made.kinds(foreign):
        path = lab.work / "kind"
        result = run([word.replace("{out}", str(path)) for word in kind.command])
        if result.status != 0:
            raise debian.Unavailable(f"{kind.name} cannot be made: {said(result)}")
        (lab.work / "kinds").mkdir(exist_ok=True)
        shutil.copy(path, lab.work / "kinds" / kind.name)
        command = f"kinds/{kind.name} one two"
        normal = run([foreign.emulator, "-L", f"/usr/{foreign.tuple}", *command.split()],
                     cwd=lab.work)
        caged = lab.work / "kind.caged"
        if run([lab.elfcage, "inject", "-q", "--default", "allow", "--deny",
                "mkdir,mkdirat:ENOTUNIQ", path, "-o", caged]).status != 0:
            continue  # foreign.py says which are refused, and why
        lab.add(caged, f"kinds/{kind.name}")
        out = re.sub(r"(?m)^(call from \w+): allowed$", rf"\1: errno {ENOTUNIQ}", normal.out)
        if harness.layout_of(lab.elfcage, caged) == "S2":  # see foreign.py
            out = out.replace("dl_iterate_phdr says the same",
                              "dl_iterate_phdr says something else")
        lab.expect(f"kind {kind.name} runs, filtered", command, 0, out.splitlines())


def kernel_image(machine, release, newest, cache, work):
    """(version, file) of the newest kernel of a release."""
    store = debian.Store(cache, machine.debian, release)
    package = store.dependency(newest, "linux-image-")
    version, parts = package.removeprefix("linux-image-"), ["./boot"]
    try:  # as of forky
        package, parts = store.dependency(package, "linux-binary-"), []
    except debian.Unavailable:
        pass
    folder = work / package
    folder.mkdir()
    debian.unpack(store.fetch([package])[package], folder, parts)
    return version, next(folder.rglob("vmlinu[xz]*"))


def boot(tap, lab, version, kernel):
    """What the machine prints, as a text. A kernel that does not get to init.c has said nothing of
    a cage: it gets one more try, with one processor, and the output tells of it."""
    text = boot_once(lab, kernel, 2)
    if not REACHED.search(text):
        tap.comment(f"{lab.machine.name}, {version}: the kernel did not get to its first process: "
                    "it is started once more, with one processor; what it said at last:")
        tap.comment("\n".join(text.splitlines()[-20:]))
        text = boot_once(lab, kernel, 1)
    return text


def boot_once(lab, kernel, processors):
    first = lab.work / "initramfs"
    first.write_bytes(lab.archive.finish())
    command = ["prlimit", f"--cpu={PROCESSOR_SECONDS}", "--core=0", *lab.machine.qemu,
               "-m", "512", "-smp", str(processors), "-no-reboot", "-nic", "none",
               "-display", "none", "-monitor", "none", "-serial", "stdio",
               "-kernel", kernel, "-initrd", first,
               "-append", f"console={lab.machine.console} panic=-1"]
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=SECONDS)
        text = done.stdout + done.stderr
        if done.returncode < 0:
            text += b"\nit was ended by %s\n" % signal.Signals(-done.returncode).name.encode()
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b"") + b"\nit hangs\n"
    return text.decode("utf-8", "replace").replace("\r", "")


def sections(text):
    """[(lines, status)] of the commands."""
    found = []
    for part in re.findall(r"(?ms)^@begin [^\n]*\n(.*?)^@end (\d+)$", text):
        found.append((part[0].splitlines(), int(part[1])))
    return found


def report(tap, lab, kernel, text):
    """One test for each expectation."""
    found = sections(text)
    if len(found) != len(lab.expected):
        tap.comment("\n".join(text.splitlines()[-40:]))
    for number, (what, status, lines) in enumerate(lab.expected):
        got = found[number] if number < len(found) else ([], -1)
        good = got[0] == lines and (got[1] == status or (status is None and got[1] > 128))
        tap.test(good, f"{lab.machine.name}, {kernel}: {what}")
        if not good:
            tap.comment(f"{lab.commands[number]}: status {got[1]}")
            tap.comment("\n".join(f"got:  {line}" for line in got[0]))
            tap.comment("\n".join(f"want: {line}" for line in lines))


def prepare(machine, elfcage, folder, cache):
    """The lab of a machine; Unavailable if there is something that cannot be had."""
    folder.mkdir()
    emulator = machine.qemu[0]
    if shutil.which(emulator) is None:
        raise debian.Unavailable(f"{emulator} is not installed")
    if machine.name == "riscv64":  # see made.py
        made.add_cross_compiler(target(machine.name), cache, folder / "cross")
    lab = Lab(machine, elfcage, folder)
    prepare_enforce(lab)
    prepare_contexts(lab)
    prepare_kinds(lab)
    lab.archive.file("commands", ("\n".join(lab.commands) + "\n").encode())
    return lab


def boots(machines, elfcage, work, cache):
    """[(name, (lab, version, kernel) or the reason why it cannot be had)]."""
    found = []
    for machine in machines:
        try:
            lab = prepare(machine, elfcage, work / machine.name, cache)
        except debian.Unavailable as reason:
            found.append((machine.name, str(reason)))
            continue
        for release, newest in machine.kernels:
            try:
                kernel = kernel_image(machine, release, newest, cache, lab.work)
                found.append((machine.name, (lab, *kernel)))
            except debian.Unavailable as reason:
                found.append((f"{machine.name}, {release or 'the same release'}", str(reason)))
    return found


def main():
    parser = argparse.ArgumentParser(description="caged programs under kernels of Debian")
    parser.add_argument("--arch", type=lambda text: text.split(","),
                        default=[machine.name for machine in MACHINES])
    parser.add_argument("--newest", action="store_true", help="only the kernel of this release")
    parser.add_argument("--cache", help="where packages are kept")
    options = parser.parse_args()
    elfcage = os.environ.get("ELFCAGE")
    if not elfcage or not os.access(elfcage, os.X_OK):
        print("Bail out! set ELFCAGE to the absolute path of the elfcage binary")
        return 1
    chosen = [machine for machine in MACHINES if machine.name in options.arch]
    if options.newest:
        chosen = [machine._replace(kernels=machine.kernels[:1]) for machine in chosen]
    with tempfile.TemporaryDirectory(prefix="elfcage-kernel.") as folder:
        work = pathlib.Path(folder)
        ready = boots(chosen, elfcage, work, options.cache or work / "store")
        tap = harness.Tap(sum(1 if isinstance(one, str) else len(one[0].expected)
                              for _, one in ready))
        for name, one in ready:
            if isinstance(one, str):
                tap.skip(f"{name}: enforcement under a kernel of Debian", one)
                continue
            lab, version, kernel = one
            report(tap, lab, version, boot(tap, lab, version, kernel))
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
