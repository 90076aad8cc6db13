#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Units as Debian ships them: what elfcage makes of them against what systemd loads.

    ELFCAGE=... tests/policies/systemd.py [--write]

The units come from packages (apt-get download, into a folder that is removed); some of our own have what
those lack. systemd_filters.py has systemd's code make the programs it would load, which count together
as the kernel counts them: the strictest answer, and of several errnos the one loaded last. They are
compared with elfcage's one program in every ABI at every number, and at the edges of arguments where
either looks at some. Each difference has to be of a class that is known, and explained below; their
table, with what is refused and why, is systemd.tsv beside this file, which has to come out the same
(--write makes it anew). Rows of a package whose version is another than the table's are not compared.
"""

import ctypes
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import bpf
import systemd_filters

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "systemd.tsv"
VERSION = "252"
PACKAGES = """bluez bolt chrony dbus-broker geoclue-2.0 iio-sensor-proxy iwd logrotate man-db memcached
    modemmanager pdns-recursor plocate power-profiles-daemon redis-server stubby systemd
    systemd-container systemd-journal-remote systemd-oomd systemd-resolved systemd-timesyncd udev
    upower usbguard""".split()
KEYS = ("SystemCall", "Restrict", "MemoryDeny", "LockPersonality", "ProtectKernel", "ProtectClock",
        "ProtectHostname", "PrivateDevices", "DynamicUser")

# Class: why elfcage answers otherwise. In the order in which they are tried.
CLASSES = {
    "other-abi": "an ABI that the unit does not name: the default (ENOSYS where that allows) in place of "
                 "the death of a thread, or, where SystemCallArchitectures= is not set and the list is of "
                 "what is allowed, in place of the same list for that ABI",
    "x32": "x32 calls are refused, named or not",
    "skipped": "number -1, a call that a tracer skips: ENOSYS",
    "ceiling": "ENOSYS above the highest number that there is",
    "newer-name": "a set names a call that libseccomp 2.5.4 does not know and systemd leaves out",
    "width": "the kernel does not look at the bits in which the arguments differ from those that systemd's "
             "filter compares with",
    "folder-mode": "RestrictSUIDSGID= refuses mkdir and mkdirat with bits of the mode that the kernel does not "
                   "look at: a folder never is set-user-ID by them",
    "fchmodat2": "RestrictSUIDSGID= refuses fchmodat2 whole where systemd was built with a libseccomp "
                 "that does not know it; elfcage looks at its mode, as for the other calls",
    "denied-otherwise": "a 32-bit call that does what a denied one does, under another name",
}

# What no unit of those packages has. Each is one process's.
MADE = {
    "made-deny.service": "SystemCallFilter=~@mount @swap:EBUSY reboot:kill socket:EACCES ptrace:0 chown",
    "made-errno.service": "SystemCallFilter=@basic-io @file-system\nSystemCallFilter=~@sync:EINVAL unlink "
                          "fchmod:4094\nSystemCallErrorNumber=ENOSYS",
    "made-turned.service": "SystemCallFilter=~@chown @setuid\nSystemCallFilter=fchown setuid\n"
                           "SystemCallErrorNumber=EPERM\nSystemCallArchitectures=native",
    "made-reset.service": "SystemCallFilter=@known\nSystemCallFilter=\nSystemCallFilter=~execveat",
    "made-log.service": "SystemCallFilter=@system-service\nSystemCallLog=connect execve mount\n"
                        "SystemCallArchitectures=native",
    "made-log-others.service": "SystemCallLog=~read write",
    "made-archs.service": "SystemCallFilter=@system-service\nSystemCallArchitectures=native x86",
    "made-restrict.service": "RestrictNamespaces=~user net\nRestrictAddressFamilies=~AF_PACKET AF_NETLINK "
                             "AF_INET\nRestrictRealtime=yes\nLockPersonality=yes\nProtectClock=yes",
    "made-restrict-all.service": "RestrictNamespaces=yes\nRestrictAddressFamilies=AF_UNIX AF_INET6\n"
                                 "RestrictSUIDSGID=yes\nMemoryDenyWriteExecute=yes\n"
                                 "ProtectHostname=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\n"
                                 "ProtectKernelTunables=yes\nPrivateDevices=yes",
    "made-no-family.service": "RestrictAddressFamilies=none\nSystemCallFilter=@system-service",
    "made-time.service": "RestrictNamespaces=time cgroup\nSystemCallFilter=~setns:ENOSYS",
    "made-dynamic.service": "DynamicUser=yes",
}

ABIS = {0xC000003E: "X86_64", 0x40000003: "X86"}
HIGHEST = 469
X32_BIT = 0x40000000


def stack(programs, words):
    """As the kernel does it: the last program first, a later one only if it is stricter."""
    signed = lambda value: (value & 0xFFFF0000) - (1 << 32 if value & 0x80000000 else 0)
    answer = 0x7FFF0000
    for program in reversed(programs):
        value = bpf.run(program, words)
        if signed(value) < signed(answer):
            answer = value
    return bpf.action(answer)


class Comparison:
    def __init__(self, lib, unit, theirs, ours):
        self.lib, self.unit, self.theirs, self.ours = lib, unit, theirs, ours
        self.found = {}  # (class, ABI, theirs, ours) -> names of calls

    def answers(self, arch, number, arguments):
        words = bpf.words_of(arch, number, arguments)
        return stack(self.theirs, words), bpf.action(bpf.run(self.ours, words))

    def name(self, arch, number):
        known = self.lib.seccomp_syscall_resolve_num_arch(arch, number)
        return known.decode() if known else None

    def is_named(self, arch):
        """Is the ABI one that elfcage covers?"""
        names = self.unit["SystemCallArchitectures"]
        denies = self.answers(0xC000003E, 468, [0] * 6)[1] not in ("allow", "log")
        return arch == 0xC000003E or ("x86" in names.split() if names else not denies)

    def explain(self, arch, number, arguments, theirs, ours):
        if not self.is_named(arch):
            return "other-abi"
        if arch == 0xC000003E and number != 0xFFFFFFFF and (number & X32_BIT or 512 <= number <= 547):
            return "x32"
        if number == 0xFFFFFFFF:
            return "skipped"
        if number > HIGHEST and ours == "errno:38":
            return "ceiling"
        name = self.name(arch, number)
        if name is None and ours == "allow":
            return "newer-name"
        flat = [value & 0xFFFFFFFF for value in arguments]
        if flat != arguments and self.answers(arch, number, flat) == (ours, ours):
            return "width"
        if name in ("mkdir", "mkdirat") and theirs == "errno:1":
            mode = 1 if name == "mkdir" else 2
            kept = [value & (0o1777 if i == mode else ~0) for i, value in enumerate(arguments)]
            if self.answers(arch, number, kept) == (ours, ours):
                return "folder-mode"
        if name == "fchmodat2" and theirs == "errno:38":
            return "fchmodat2"
        if arch == 0x40000003 and theirs in ("allow", "log") and ours not in ("allow", "log"):
            return "denied-otherwise"
        return None

    def note(self, arch, number, arguments):
        theirs, ours = self.answers(arch, number, arguments)
        if theirs == ours:
            return
        why = self.explain(arch, number, arguments, theirs, ours) or "UNEXPLAINED"
        names = self.found.setdefault((why, ABIS[arch], theirs, ours), [])
        name = self.name(arch, number) or str(number)
        if why not in ("x32", "other-abi", "skipped", "ceiling") and name not in names:
            names.append(name)
        if why == "UNEXPLAINED" and len(names) < 3:
            print(f"# {ABIS[arch]} {number:#x} {arguments}: systemd {theirs}, elfcage {ours}")

    def compare(self):
        numbers = set(range(600)) | bpf.constants(self.ours)
        numbers |= {0x3FFFFFFF, 0x40000000, 0x40000200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF}
        for program in self.theirs:
            numbers |= bpf.constants(program)
        for arch in ABIS:
            for number in sorted(numbers):
                found = bpf.cells(self.ours, arch, number)
                for program in self.theirs:
                    for offset, cells in bpf.cells(program, arch, number).items():
                        found.setdefault(offset, set()).update(cells)
                for arguments in bpf.edges(found) if found else [[0] * 6]:
                    self.note(arch, number, arguments)


def fetch(folder):
    """{unit: package and version} of the units with a setting of ours, copied to folder/units."""
    units = folder / "units"
    units.mkdir()
    (folder / "trees").mkdir()
    origin = {}
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode != 0:
        return None
    for package in sorted(folder.glob("*.deb")):
        name, version, _ = package.name.split("_")
        tree = folder / "trees" / name
        subprocess.run(["dpkg-deb", "-x", str(package), str(tree)], check=True)
        for path in sorted(tree.glob("lib/systemd/system/*.service")):
            if path.is_file() and not path.is_symlink() and any(
                    line.startswith(KEYS) for line in path.read_text().splitlines()):
                shutil.copy(path, units)
                origin[path.name] = f"{name} {version.replace('%3a', ':')}"
        package.unlink()
    return origin


def add_made(folder, origin):
    for name, settings in MADE.items():
        (folder / "units" / name).write_text(f"[Service]\nExecStart=/bin/true\n{settings}\n")
        origin[name] = "made here"


def compile_ours(elfcage, path, out):
    """The program and the notes, or None and the reason of a refusal."""
    result = subprocess.run([elfcage, "compile", "--policy", str(path), "--target", "x86_64", "-o", str(out)],
                            capture_output=True, text=True, check=False)
    said = result.stderr.strip().replace(f"{path}:", "").replace("elfcage: ", "").replace("\n", "; ")
    return (bpf.load(out.read_bytes()) if result.returncode == 0 else None), said


def rows_of(lib, elfcage, folder, shim, name, package, unit):
    ours, said = compile_ours(elfcage, folder / "units" / name, folder / "ours.bpf")
    (folder / "ours.bpf").unlink(missing_ok=True)
    if ours is None:
        return [[package, name, "refused", said, "", "", ""]]
    theirs = [bpf.load(data) for data in systemd_filters.filters(shim, unit, folder / f"{name}.filters")]
    comparison = Comparison(lib, unit, theirs, ours)
    comparison.compare()
    rows = [[package, name, "read", said, f"{len(theirs)} filters", "1 filter", ""]]
    for (why, abi, answer, got), names in sorted(comparison.found.items()):
        shown = names if len(names) <= 8 else [*names[:7], f"and {len(names) - 7} more"]
        rows.append([package, name, why, abi, answer, got, " ".join(shown)])
    return rows


def collect(elfcage, folder, origin, units):
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
    lib.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    shim = systemd_filters.make_shim(folder)
    rows = [["package", "unit", "class", "notes, or ABI", "systemd", "elfcage", "calls"]]
    for name in sorted(units, key=lambda unit: (origin[unit], unit)):
        rows += rows_of(lib, elfcage, folder, shim, name, origin[name], units[name])
    return rows


def report(text, rows, origin, lost):
    """TAP."""
    recorded = TABLE.read_text(encoding="utf-8")
    known = {line.split("\t")[0] for line in recorded.splitlines()}
    same = lambda lines: [line for line in lines.splitlines() if line.split("\t")[0] in
                          {*known, "package"} & {*origin.values(), "package"}]
    read = [row[1] for row in rows if row[2] == "read" and row[0] != "made here"]
    unexplained = [row for row in rows if row[2] == "UNEXPLAINED"]
    checks = [
        (not lost, f"systemd read every unit{'' if not lost else ': not ' + ' '.join(lost)}"),
        (len(read) >= 30, f"{len(read)} units of Debian packages are read"),
        (not unexplained, "every difference has a class that explains it"),
        (same(text) == same(recorded), "the table is the one of record, systemd.tsv"),
    ]
    other = sorted({package for package in origin.values()} - known)
    if other:
        print(f"# of another version than in the table, or not in it: {', '.join(other)}")
    for number, (good, words) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {words}")
    print(f"1..{len(checks)}")
    return 0 if all(good for good, _ in checks) else 1


def main():
    elfcage = os.environ["ELFCAGE"]
    if systemd_filters.version() != VERSION:
        print(f"1..0 # SKIP systemd {VERSION} is not installed")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        origin = fetch(folder)
        if origin is None:
            print("1..0 # SKIP packages cannot be had: apt-get download failed")
            return 0
        add_made(folder, origin)
        units = systemd_filters.settings(folder / "units", sorted(origin))
        rows = collect(elfcage, folder, origin, units)
        text = "".join("\t".join(row).rstrip("\t") + "\n" for row in rows)
        if "--write" in sys.argv[1:]:
            TABLE.write_text(text, encoding="utf-8")
        return report(text, rows, origin, sorted({*origin} - {*units}))


sys.exit(main())
