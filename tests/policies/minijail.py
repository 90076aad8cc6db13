#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Policies of minijail from the wild: each is read, or refused with the reason that is recorded.

    ELFCAGE=... tests/policies/minijail.py [--write]

minijail.tsv beside this file has a row for every policy and target: what it is read as (the default
action, how many system calls), or why it is refused. It has to come out the same
(--write makes it anew). A policy is read for the architecture that its name says, and each one for
x86-64 too. ROWS are calls and what happens to them, written by hand from the texts.

Policies are looked for in $ELFCAGE_POLICIES/minijail: UNITS.txt lists them, INCLUDES.tsv says which
file an include means.
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
TABLE = HERE / "minijail.tsv"
# In the name of a policy, or a folder: elfcage's name of the target.
TARGETS = {"x86_64": "x86_64", "amd64": "x86_64", "x86": "i386", "arm64": "aarch64",
           "aarch64": "aarch64", "riscv64": "riscv64", "arm": "arm"}
# Policies that need an answer to be read; each is tried without as well.
OPTIONS = {
    "crosvm/seccomp/x86_64/battery.policy": [["--compat", "compile_seccomp_policy"]],
}
# policy, target, call, what happens to it, and the line that says so: read from the texts.
ROWS = [
    # ioctl: {arg1 == FIOCLEX || arg1 == TCGETS; allow, return EPERM}
    ("omegajail/policies/js.policy", "x86_64", "ioctl 3 FIOCLEX", "allow", "js.policy:14:9"),
    ("omegajail/policies/js.policy", "x86_64", "ioctl 3 TCGETS", "allow", "js.policy:14:28"),
    ("omegajail/policies/js.policy", "x86_64", "ioctl 3 TIOCSTI", "errno:EPERM", "js.policy:14:51"),
    # prlimit64: {arg1 == RLIMIT_STACK || arg2 == 0; allow, return EPERM}
    ("omegajail/policies/js.policy", "x86_64", "prlimit64 0 RLIMIT_STACK 1", "allow",
     "js.policy:63:13"),
    ("omegajail/policies/js.policy", "x86_64", "prlimit64 0 RLIMIT_CORE 0", "allow",
     "js.policy:63:37"),
    ("omegajail/policies/js.policy", "x86_64", "prlimit64 0 RLIMIT_CORE 1", "errno:EPERM",
     "js.policy:63:55"),
    # socket: return ENETDOWN; io_uring_setup: return ENOSYS
    ("omegajail/policies/js.policy", "x86_64", "socket AF_INET SOCK_STREAM", "errno:ENETDOWN",
     "js.policy:23:9"),
    ("omegajail/policies/js.policy", "x86_64", "io_uring_setup 1", "errno:ENOSYS",
     "js.policy:26:17"),
    # clone: arg0 == CLONE_VM|..., all of them; fork is not named
    ("omegajail/policies/js.policy", "x86_64", "clone 0x3d0f00", "allow", "js.policy:40:8"),
    ("omegajail/policies/js.policy", "x86_64", "clone SIGCHLD", "kill-process", None),
    ("omegajail/policies/js.policy", "x86_64", "fork", "kill-process", None),
    # {fcntl[arch=x86_64], fcntl64[arch=armv7]}: arg1 == F_GETFL || ...; {mmap[arch=x86_64], ...
    ("omegajail/policies/js.policy", "x86_64", "fcntl 1 F_GETFL", "allow", "js.policy:12:44"),
    ("omegajail/policies/js.policy", "x86_64", "fcntl 1 F_DUPFD", "kill-process", None),
    ("omegajail/policies/js.policy", "x86_64", "mmap 0 0 7", "allow", "js.policy:34:41"),
    # tgkill: arg0 != 1; execve: allow, in the file that is included
    ("omegajail/policies/js.policy", "x86_64", "tgkill 1 1 SIGABRT", "kill-process", None),
    ("omegajail/policies/js.policy", "x86_64", "tgkill 2 2 SIGABRT", "allow", "js.policy:73:9"),
    ("omegajail/policies/js.policy", "x86_64", "execve 1 2 3", "allow", "omegajail.policy:1:9"),
    # rt_sigaction: {arg0 != SIGSYS; allow, return EINVAL}
    ("omegajail/policies/ruby.policy", "x86_64", "rt_sigaction SIGSYS", "errno:EINVAL",
     "ruby.policy:51:39"),
    ("omegajail/policies/ruby.policy", "x86_64", "rt_sigaction SIGTERM", "allow",
     "ruby.policy:51:16"),
    # prctl: PR_SET_VMA in common_device.policy, PR_SET_NAME here; ioctl likewise
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "open 1 2", "errno:ENOENT",
     "xhci_device.policy:18:7"),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "socket AF_NETLINK", "allow",
     "xhci_device.policy:20:9"),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "socket AF_INET", "kill-process", None),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "ioctl 1 0xc0185500", "allow",
     "xhci_device.policy:44:8"),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "ioctl 1 0xaa00", "allow",
     "common_device.policy:82:30"),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "prctl PR_SET_VMA", "allow",
     "common_device.policy:50:8"),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "prctl PR_SET_NAME", "allow",
     "xhci_device.policy:50:8"),
    ("crosvm/seccomp/x86_64/xhci_device.policy", "x86_64", "prctl PR_SET_DUMPABLE", "kill-process",
     None),
    # clone: arg0 & CLONE_THREAD; mmap: arg2 in ~PROT_EXEC
    ("crosvm/seccomp/riscv64/net_device.policy", "riscv64", "clone CLONE_THREAD|CLONE_VM", "allow",
     "common_device.policy:7:8"),
    ("crosvm/seccomp/riscv64/net_device.policy", "riscv64", "clone CLONE_VM", "kill-process", None),
    ("crosvm/seccomp/riscv64/net_device.policy", "riscv64", "mmap 0 0 PROT_READ|PROT_WRITE",
     "allow", "common_device.policy:32:7"),
    ("crosvm/seccomp/riscv64/net_device.policy", "riscv64", "mmap 0 0 PROT_READ|PROT_EXEC",
     "kill-process", None),
    ("crosvm/seccomp/riscv64/net_device.policy", "riscv64", "ioctl 1 0x400454d0", "allow",
     "net.policy:6:8"),
    # mmap2: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "arm", "mmap2 0 0 3", "allow",
     "cras-seccomp-arm.policy:34:8"),
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "arm", "mmap2 0 0 5", "allow",
     "cras-seccomp-arm.policy:34:30"),
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "arm", "mmap2 0 0 7", "kill-process", None),
    # ioctl: arg1 in 0xffff41ff && arg1 & 0x00004100 || arg1 in 0xffff55ff && arg1 & 0x00005500 ...
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "arm", "ioctl 1 0xc0044105", "allow",
     "cras-seccomp-arm.policy:115:8"),
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "arm", "ioctl 1 0xc2c45512", "allow",
     "cras-seccomp-arm.policy:115:51"),
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "arm", "ioctl 1 0x8912", "kill-process", None),
    # The table of x86-64 has mmap2 only for i386, and the policy nothing for mmap.
    ("chromeos-adhd/seccomp/cras-seccomp-arm.policy", "x86_64", "mmap 0 0 3", "kill-process", None),
    ("chromiumos-platform2/resourced/seccomp/resourced-seccomp-amd64.policy", "x86_64", "ptrace",
     "kill-process", "resourced-seccomp-amd64.policy:86:9"),
    ("google-minijail/test/seccomp.policy", "x86_64", "rt_sigreturn", "allow",
     "seccomp.policy:3:15"),
    ("google-minijail/test/seccomp.policy", "x86_64", "open", "kill-process", None),
]


def folders_of(unit, folder, includes):
    """The folders of the files that the policy and its includes name."""
    found, files = [], [unit]
    for name in files:
        for file in includes.get(name, []):
            where = str(pathlib.Path(file).parent)
            if where not in found and (folder / file).exists():
                found.append(where)
            files += [file] * (file not in files)
    return [part for where in found for part in ("--include-dir", where)]


def read_includes(folder):
    includes = {}
    for line in (folder / "INCLUDES.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        includer, _, file = line.split("\t")
        includes.setdefault(includer, []).append(file)
    return includes


def target_of(unit):
    words = unit.replace("/", " ").replace("-", " ").replace(".", " ").split()
    return next((TARGETS[word] for word in reversed(words) if word in TARGETS), "x86_64")


def elfcage(folder, *arguments):
    return subprocess.run([os.environ["ELFCAGE"], *arguments], cwd=folder, capture_output=True,
                          text=True, check=False)


def outcome(folder, unit, target, options):
    """A row of the table."""
    made = elfcage(folder, "compile", "-q", "--to", "oci", "--format", "minijail", "--target", target,
                   *options, "--policy", unit, "-o", "-")
    if made.returncode not in (0, 3):
        return f"FAILED\t{made.returncode}: {made.stderr.strip()}"
    if made.returncode == 3:
        return "refused\t" + made.stderr.strip().removeprefix("elfcage: ")
    profile = json.loads(made.stdout)
    names = {name for rule in profile["syscalls"] for name in rule["names"]}
    conditional = {name for rule in profile["syscalls"] if rule.get("args")
                   for name in rule["names"]}
    return (f"read\t{profile['defaultAction']}, {len(names)} system calls, {len(conditional)} with "
            "conditions")


def rows(folder, unit, includes):
    found = folders_of(unit, folder, includes)
    for target in dict.fromkeys([target_of(unit), "x86_64"]):
        for options in [[], *OPTIONS.get(unit, [])]:
            yield (f"{unit}\t{target}\t{' '.join(options)}\t"
                   f"{outcome(folder, unit, target, [*found, *options])}")


class Report:
    def __init__(self):
        self.number = self.failed = 0

    def say(self, good, text, *details):
        self.number += 1
        self.failed += not good
        print(f"{'' if good else 'not '}ok {self.number} - {text}")
        for detail in details if not good else []:
            print("#", detail)


def check_table(report, folder, includes):
    table = ["policy\ttarget\toptions\toutcome\twhat"]
    units = (folder / "UNITS.txt").read_text(encoding="utf-8").split()
    for unit in units:
        made = list(rows(folder, unit, includes))
        table += made
        bad = [row for row in made if "\tFAILED\t" in row]
        report.say(not bad, f"{unit}: {', '.join(row.split(chr(9))[3] for row in made)}", *bad)
    text = "\n".join(table) + "\n"
    if "--write" in sys.argv[1:]:
        TABLE.write_text(text, encoding="utf-8")
    recorded = TABLE.read_text(encoding="utf-8").splitlines() if TABLE.exists() else []
    report.say(recorded == table, "the table of outcomes is as recorded",
               *(f"new: {row}" for row in table if row not in recorded))


def check_rows(report, folder, includes):
    for unit, target, call, action, place in ROWS:
        made = elfcage(folder, "simulate", "-q", "--target", target,
                       *folders_of(unit, folder, includes), "--policy", unit, *call.split())
        good = (made.returncode == 0 and f" of {target}: {action}: " in made.stdout
                and (place is None or f"{place})" in made.stdout))
        report.say(good, f"{unit}: {call} is {action}{', by ' + place if place else ''}",
                   made.stdout.strip(), made.stderr.strip())


def main():
    shared = os.environ.get("ELFCAGE_POLICIES", HERE / "../../../shared/policies")
    folder = pathlib.Path(shared).resolve() / "minijail"
    if not folder.is_dir():
        print("1..0 # SKIP no policies: set ELFCAGE_POLICIES to the folder that has minijail/")
        return 0
    includes = read_includes(folder)
    report = Report()
    check_table(report, folder, includes)
    check_rows(report, folder, includes)
    print(f"1..{report.number}")
    return report.failed > 0


if __name__ == "__main__":
    sys.exit(main())
