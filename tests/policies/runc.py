# SPDX-License-Identifier: Apache-2.0
"""What a container runtime makes of an OCI seccomp profile, by libseccomp.

Written from the behaviour of Docker's profile loader (includes and excludes), of runc (one rule for
each name, several for conditions that repeat an argument, an ENOSYS answer above the highest number
that the profile names) and of libseccomp's interface; it shares nothing with elfcage. The number of
a call that the machine's own ABI lacks is libseccomp's pseudo number, which its rules carry to
other ABIs by name.
"""

import ctypes
import errno
import json
import os
import tempfile

GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "riscv64": "riscv64"}
NATIVE = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64",
          "riscv64": "SCMP_ARCH_RISCV64"}
TOKENS = {
    "SCMP_ARCH_X86_64": 0xC000003E, "SCMP_ARCH_X86": 0x40000003, "SCMP_ARCH_X32": 0x4000003E,
    "SCMP_ARCH_AARCH64": 0xC00000B7, "SCMP_ARCH_ARM": 0x40000028,
    "SCMP_ARCH_RISCV64": 0xC00000F3,
}
AUDIT = {"SCMP_ARCH_X32": 0xC000003E}
COMPARE = {"SCMP_CMP_NE": 1, "SCMP_CMP_LT": 2, "SCMP_CMP_LE": 3, "SCMP_CMP_EQ": 4, "SCMP_CMP_GE": 5,
           "SCMP_CMP_GT": 6, "SCMP_CMP_MASKED_EQ": 7}
KINDS = {"SCMP_ACT_KILL": 0, "SCMP_ACT_KILL_THREAD": 0, "SCMP_ACT_KILL_PROCESS": 0x80000000,
         "SCMP_ACT_TRAP": 0x30000, "SCMP_ACT_ERRNO": 0x50000, "SCMP_ACT_TRACE": 0x7FF00000,
         "SCMP_ACT_LOG": 0x7FFC0000, "SCMP_ACT_ALLOW": 0x7FFF0000}
ENOSYS = 0x50000 | errno.ENOSYS
X32_BIT = 0x40000000
OPTIMIZE, TREE_ABOVE = 8, 32  # SCMP_FLTATR_CTL_OPTIMIZE; runc asks for a tree above so many rules


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint)]


def library():
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_release.argtypes = [ctypes.c_void_p]
    lib.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    for name in ("add", "remove"):
        getattr(lib, f"seccomp_arch_{name}").argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int,
                                           ctypes.c_uint, ctypes.POINTER(Comparison)]
    lib.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    lib.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    lib.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    lib.seccomp_syscall_resolve_num_arch.argtypes = [ctypes.c_uint32, ctypes.c_int]
    lib.seccomp_syscall_resolve_num_arch.restype = ctypes.c_char_p
    lib.seccomp_version.restype = ctypes.POINTER(Version)
    return lib


def version(lib):
    found = lib.seccomp_version().contents
    return f"{found.major}.{found.minor}.{found.micro}"


def kernel(text):
    return [int(part) for part in text.split(".")[:2]]


def applies(rule, target, capabilities, minimum):
    """As Docker decides it."""
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    name = GO_NAMES[target]
    reached = lambda filter_: kernel(minimum) >= kernel(filter_["minKernel"])
    if name in (excludes.get("arches") or []):
        return False
    if set(excludes.get("caps") or []) & set(capabilities):
        return False
    if excludes.get("minKernel") and reached(excludes):
        return False
    if includes.get("arches") and name not in includes["arches"]:
        return False
    if not set(includes.get("caps") or []) <= set(capabilities):
        return False
    return not includes.get("minKernel") or reached(includes)


def return_value(entry, action, number):
    """runc: the errno of ERRNO and TRACE is EPERM unless there is one."""
    kind = KINDS[entry[action]]
    if kind in (0x50000, 0x7FF00000):
        given = entry.get(number)
        return kind | (errno.EPERM if given is None else given)
    return kind


class Profile:
    """The profile as the runtime is given it: rules flat, in order; architectures named."""

    def __init__(self, path, target, capabilities, minimum):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        document = (document.get("linux") or {}).get("seccomp") or document
        self.target = target
        self.default = return_value(document, "defaultAction", "defaultErrnoRet")
        self.architectures = list(document.get("architectures") or [])
        for entry in document.get("archMap") or []:
            if entry["architecture"] == NATIVE[target]:
                self.architectures = [entry["architecture"], *(entry.get("subArchitectures") or [])]
        self.rules = []
        for rule in document.get("syscalls") or []:
            if not applies(rule, target, capabilities, minimum):
                continue
            action = return_value(rule, "action", "errnoRet")
            conditions = [(c["index"], COMPARE[c["op"]], c["value"], c.get("valueTwo") or 0)
                          for c in rule.get("args") or []]
            for name in rule.get("names") or [rule["name"]]:
                self.rules.append((name, action, conditions))

    def tokens(self):
        """Those of the target: what it has no numbers for cannot be compared."""
        own = {"x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
               "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
               "riscv64": ("SCMP_ARCH_RISCV64",)}[self.target]
        return [NATIVE[self.target], *(a for a in self.architectures
                                       if a in own and a != NATIVE[self.target])]


def add_rules(lib, context, rules):
    for action, number, conditions in rules:
        array = (Comparison * max(len(conditions), 1))(*conditions)
        result = lib.seccomp_rule_add_array(context, action, number, len(conditions), array)
        if result < 0:
            raise OSError(-result, f"libseccomp: rule for {number}: {os.strerror(-result)}")


def flat_rules(lib, profile):
    for name, action, conditions in profile.rules:
        number = lib.seccomp_syscall_resolve_name(name.encode())
        if number == -1 or action == profile.default:
            continue
        indices = [c[0] for c in conditions]
        if len(set(indices)) < len(indices):
            for condition in conditions:
                yield action, number, [condition]
        else:
            yield action, number, conditions


def stub(lib, profile):
    """{architecture: highest number that the profile names in it}; {}: no stub."""
    if profile.default & 0xFFFF0000 in (0x7FF00000, 0x7FFC0000, 0x7FFF0000):
        return {}
    highest = {}
    for architecture in profile.architectures and profile.tokens():
        for name, _, _ in profile.rules:
            number = lib.seccomp_syscall_resolve_name_arch(TOKENS[architecture], name.encode())
            if number >= 0:
                highest[architecture] = max(highest.get(architecture, 0), number)
    return highest


def build(lib, profile):
    """(program as bytes, highest numbers): runc puts its stub in front of libseccomp's program."""
    context = lib.seccomp_init(profile.default)
    try:
        native = TOKENS[NATIVE[profile.target]]
        for architecture in profile.tokens():
            result = lib.seccomp_arch_add(context, TOKENS[architecture])
            if result not in (0, -errno.EEXIST):
                raise OSError(-result, f"libseccomp: {architecture}: {os.strerror(-result)}")
        if native != TOKENS["SCMP_ARCH_X86_64"]:
            lib.seccomp_arch_remove(context, TOKENS["SCMP_ARCH_X86_64"])
        if len(profile.rules) > TREE_ABOVE:
            lib.seccomp_attr_set(context, OPTIMIZE, 2)
        add_rules(lib, context, flat_rules(lib, profile))
        with tempfile.TemporaryFile() as file:
            result = lib.seccomp_export_bpf(context, file.fileno())
            if result < 0:
                raise OSError(-result, f"libseccomp: export: {os.strerror(-result)}")
            file.seek(0)
            return file.read(), stub(lib, profile)
    finally:
        lib.seccomp_release(context)


def above(highest, target, arch, number):
    """Does runc's stub answer, with ENOSYS? `highest` comes from build()."""
    for architecture, last in highest.items():
        is_x32 = architecture == "SCMP_ARCH_X32"
        if AUDIT.get(architecture, TOKENS[architecture]) != arch:
            continue
        if arch == TOKENS["SCMP_ARCH_X86_64"] and is_x32 != bool(number & X32_BIT):
            continue
        return number > last
    return False
