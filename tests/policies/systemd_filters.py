# SPDX-License-Identifier: Apache-2.0
"""What systemd loads for a unit: the programs, by systemd's own code.

Two steps. settings() has `systemd --test` read units, and takes their settings from what it prints; two of
them, which it does not print, are read here. filters() calls the functions of libsystemd-shared that
systemd calls before it executes a service (apply_*() of its execute.c), in that order, in a process
where seccomp_load() writes the program to a file. Nothing of elfcage is used.

    systemd_filters.py SETTINGS.json FOLDER     (a process of filters())
"""

import ctypes
import errno
import glob
import json
import os
import pathlib
import re
import subprocess
import sys

EPERM, EAFNOSUPPORT = 1, 97
ALLOW, LOG, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x7FFC0000, 0x80000000, 0x00050000
NAMESPACES = {"cgroup": 0x02000000, "ipc": 0x08000000, "net": 0x40000000, "mnt": 0x00020000,
              "pid": 0x20000000, "user": 0x10000000, "uts": 0x04000000, "time": 0x80}
FAMILIES = {"AF_UNIX": 1, "AF_LOCAL": 1, "AF_INET": 2, "AF_BRIDGE": 7, "AF_INET6": 10, "AF_NETLINK": 16,
            "AF_PACKET": 17, "AF_BLUETOOTH": 31, "AF_ALG": 38, "AF_QIPCRTR": 42}
SWITCHES = ("MemoryDenyWriteExecute", "RestrictRealtime", "RestrictSUIDSGID", "ProtectKernelTunables",
            "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock", "PrivateDevices",
            "LockPersonality", "ProtectHostname", "DynamicUser")
SHIM = """
#include <seccomp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int seccomp_load(const scmp_filter_ctx filter)
{
    static int count;
    char path[4096];
    snprintf(path, sizeof path, "%s/%03d", getenv("FILTERS"), count++);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    int result = seccomp_export_bpf(filter, file);
    close(file);
    return result;
}
"""


def library_path():
    found = glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so") + \
        glob.glob("/usr/lib/systemd/libsystemd-shared-*.so")
    return found[0] if found else None


def manager():
    return next((path for path in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
                 if os.access(path, os.X_OK)), None)


def version():
    """"252", or None."""
    path = library_path()
    match = re.search(r"shared-(\d+)", path) if path and manager() else None
    return match.group(1) if match else None


def instance(name):
    return name.replace("@.", "@i.")


def assignments(text, key):
    """Values of a key, in order; for the simple syntax that the units of the test have."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*[#;].*\n", "", text))
    return [value.strip() for value in re.findall(rf"(?m)^\s*{key}\s*=(.*)$", joined)]


def families(text):
    """RestrictAddressFamilies=: None, or (allow, numbers)."""
    allow, found, given = False, set(), False
    for value in assignments(text, "RestrictAddressFamilies"):
        if value in ("", "none"):
            allow, found, given = value == "none", set(), False
            continue
        inverted = value.startswith("~")
        if not given:
            allow, given = not inverted, True
        numbers = {FAMILIES[word] for word in value.lstrip("~").split()}
        found = found | numbers if inverted != allow else found - numbers
    return [allow, sorted(found)] if allow or found else None


def settings(folder, names):
    """{name: settings} of the units in a folder; "log" and "families" are from their texts."""
    wants = " ".join(instance(name) for name in names)
    (folder / "all.target").write_text(f"[Unit]\nWants={wants}\n")
    command = [manager(), "--test", "--system", "--unit=all.target"]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", *command]
    environment = {"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": str(folder),
                   "SYSTEMD_LOG_LEVEL": "err", "SYSTEMD_LOG_TARGET": "console", "LC_ALL": "C"}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    blocks = {}
    block = None
    for line in printed.splitlines():
        match = re.match(r"\s*-> Unit (\S+):$", line)
        if match:
            block = blocks.setdefault(match.group(1), {})
        elif block is not None:
            match = re.match(r"\t\t(\w+): ?(.*)$", line)
            if match:
                block.setdefault(match.group(1), match.group(2))
    found = {}
    for name in names:
        text = (folder / name).read_text()
        block = blocks.get(instance(name), {})
        if "SystemCallErrorNumber" not in block:
            continue
        found[name] = {key: block.get(key) for key in (
            "SystemCallFilter", "SystemCallErrorNumber", "SystemCallArchitectures", "RestrictNamespaces")}
        found[name].update({key: block.get(key) == "yes" for key in SWITCHES})
        found[name]["families"] = families(text)
        found[name]["log"] = assignments(text, "SystemCallLog")
    return found


def make_shim(folder):
    source, out = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(out), str(source), "-lseccomp"], check=True,
                   capture_output=True)
    return out


def filters(shim, unit, folder):
    """The programs that systemd would load, the first one first."""
    folder.mkdir()
    described = folder.with_suffix(".json")
    described.write_text(json.dumps(unit))
    subprocess.run([sys.executable, __file__, str(described), str(folder)], check=True,
                   env={**os.environ, "LD_PRELOAD": str(shim), "FILTERS": str(folder)})
    return [path.read_bytes() for path in sorted(folder.iterdir())]


class Shared:
    """libsystemd-shared, as far as it is called here."""

    def __init__(self):
        self.lib = lib = ctypes.CDLL(library_path())
        self.seccomp = ctypes.CDLL("libseccomp.so.2")
        self.hash_ops = ctypes.addressof(ctypes.c_char.in_dll(lib, "trivial_hash_ops"))
        for name in ("_hashmap_new", "_set_new", "syscall_filter_set_find"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.syscall_filter_set_find.argtypes = [ctypes.c_char_p]
        lib._hashmap_new.argtypes = lib._set_new.argtypes = [ctypes.c_void_p]
        lib.hashmap_put.argtypes = [ctypes.c_void_p] * 3
        lib.set_put.argtypes = [ctypes.c_void_p] * 2
        lib.seccomp_load_syscall_filter_set_raw.argtypes = [ctypes.c_uint32, ctypes.c_void_p,
                                                            ctypes.c_uint32, ctypes.c_bool]
        lib.seccomp_load_syscall_filter_set.argtypes = [ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32,
                                                        ctypes.c_bool]
        lib.seccomp_restrict_address_families.argtypes = [ctypes.c_void_p, ctypes.c_bool]
        lib.seccomp_restrict_archs.argtypes = [ctypes.c_void_p]
        lib.seccomp_restrict_namespaces.argtypes = [ctypes.c_ulong]
        lib.seccomp_lock_personality.argtypes = [ctypes.c_ulong]

    def check(self, result):
        if result < 0:
            raise OSError(-result, os.strerror(-result))

    def set_of(self, numbers):
        made = self.lib._set_new(self.hash_ops)
        for number in numbers:
            self.lib.set_put(made, number)
        return made

    def list_of(self, words):
        """[(name, errno, 'kill' or None)] to a Hashmap as config_parse_syscall_filter() makes it."""
        made = self.lib._hashmap_new(self.hash_ops)
        for name, refusal in words:
            number = self.seccomp.seccomp_syscall_resolve_name(name.encode())
            value = 2**64 - 1 if refusal is None else 0x7FFFFFFE if refusal == "kill" else refusal
            self.lib.hashmap_put(made, number + 1 & 2**64 - 1, value)
        return made

    def deny_set(self, name):
        self.check(self.lib.seccomp_load_syscall_filter_set(
            ALLOW, self.lib.syscall_filter_set_find(name.encode()), ERRNO | EPERM, False))


def errno_of(word):
    return word if word in (None, "kill") else getattr(errno, word, None) or int(word)


def load_filter(shared, unit):
    text = unit["SystemCallFilter"]
    if text is None:
        return
    allow = not text.startswith("~")
    words = [(name, errno_of(refusal or None)) for name, _, refusal in
             (word.partition(":") for word in text.lstrip("~").split())]
    refusal = errno_of(unit["SystemCallErrorNumber"])
    negative = KILL_PROCESS if refusal == "kill" else ERRNO | refusal
    shared.check(shared.lib.seccomp_load_syscall_filter_set_raw(
        negative if allow else ALLOW, shared.list_of(words), ALLOW if allow else negative, False))


def load_log(shared, values):
    """SystemCallLog= as the test's own units have it: names only, one assignment."""
    for value in values:
        inverted = value.startswith("~")
        words = [(name, None) for name in value.lstrip("~").split()]
        shared.check(shared.lib.seccomp_load_syscall_filter_set_raw(
            LOG if inverted else ALLOW, shared.list_of(words), ALLOW if inverted else LOG, False))


def load_all(shared, unit):
    lib = shared.lib
    if unit["ProtectHostname"]:
        shared.check(lib.seccomp_protect_hostname())
    if unit["families"]:
        allow, numbers = unit["families"]
        shared.check(lib.seccomp_restrict_address_families(shared.set_of(numbers), allow))
    if unit["MemoryDenyWriteExecute"]:
        shared.check(lib.seccomp_memory_deny_write_execute())
    if unit["RestrictRealtime"]:
        shared.check(lib.seccomp_restrict_realtime_full(EPERM))
    if unit["RestrictSUIDSGID"] or unit["DynamicUser"]:
        shared.check(lib.seccomp_restrict_suid_sgid())
    if unit["RestrictNamespaces"] is not None:
        retained = unit["RestrictNamespaces"].replace("n/a", "").split()
        shared.check(lib.seccomp_restrict_namespaces(sum(NAMESPACES[name] for name in retained)))
    if unit["ProtectKernelTunables"]:
        shared.check(lib.seccomp_protect_sysctl())
    if unit["ProtectKernelModules"]:
        shared.deny_set("@module")
    if unit["ProtectKernelLogs"]:
        shared.check(lib.seccomp_protect_syslog())
    if unit["ProtectClock"]:
        shared.deny_set("@clock")
    if unit["PrivateDevices"]:
        shared.deny_set("@raw-io")
    if unit["SystemCallArchitectures"]:
        tokens = {"native": 0, "x86": 0x40000003, "x86-64": 0xC000003E, "x32": 0x4000003E}
        shared.check(lib.seccomp_restrict_archs(shared.set_of(
            tokens[word] + 1 for word in unit["SystemCallArchitectures"].split())))
    if unit["LockPersonality"]:
        shared.check(lib.seccomp_lock_personality(0))
    load_log(shared, unit["log"])
    load_filter(shared, unit)


if __name__ == "__main__":
    load_all(Shared(), json.loads(pathlib.Path(sys.argv[1]).read_text()))
