# SPDX-License-Identifier: Apache-2.0
"""The two policies that everything is measured with: Docker's default profile, from the folder of
policies, and systemd's @system-service, as systemd-analyze of this machine lists it. Each for the
native ABI alone and with i386 and x32; as OCI file for elfcage, as list of rules for libseccomp."""
import json
import os
import shutil

from measure import Skip, call, call_to

DOCKER = "oci/moby-profiles-default-current.json"
NATIVE = ["SCMP_ARCH_X86_64"]
ALL = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
OPTIMIZE = {"default": "1", "OPTIMIZE=2": "2"}
# libseccomp's enum scmp_compare
OPERATORS = {"NE": 1, "LT": 2, "LE": 3, "EQ": 4, "GE": 5, "GT": 6, "MASKED_EQ": 7}


class Policy:
    """`title` is printed; `text` is the OCI profile."""

    def __init__(self, bench, title, profile, architectures):
        self.bench, self.title, self.profile = bench, title, profile
        self.architectures = architectures
        self.file = bench.path(title.replace(" ", "-") + ".json")
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(dict(profile, architectures=architectures), file)

    def ours(self):
        """Path of the program that elfcage makes."""
        out = self.bench.path(self.title.replace(" ", "-") + ".elfcage")
        call([self.bench.elfcage, "compile", "-q", "--policy", self.file, "-o", out])
        return out

    def libseccomp(self, level):
        """Path of the program that libseccomp makes; level is one of OPTIMIZE."""
        out = self.bench.path(self.title.replace(" ", "-") + "." + level)
        exporter = self.bench.path("libseccomp_export")
        if not os.path.exists(exporter):
            self.bench.compile("libseccomp_export", "libseccomp_export.c", "-lseccomp")
        others = ["x86", "x32"] if len(self.architectures) > 1 else ["x86_64"]
        call_to(out, [exporter, OPTIMIZE[level], ",".join(others)], self.rules().encode())
        return out

    def rules(self):
        """For libseccomp_export: what applies on amd64 without capabilities, on the oldest kernel."""
        lines = [str(action(self.profile["defaultAction"], self.profile.get("defaultErrnoRet")))]
        for rule in self.profile["syscalls"]:
            if not applies(rule):
                continue
            conditions = "".join(
                " %d %d %d %d" % (a["index"], OPERATORS[a["op"].replace("SCMP_CMP_", "")],
                                  a["value"], a.get("valueTwo", 0)) for a in rule.get("args") or [])
            number = action(rule["action"], rule.get("errnoRet"))
            lines += ["%s %d %d%s" % (name, number, len(rule.get("args") or []), conditions)
                      for name in rule["names"] if str(number) != lines[0]]
        return "\n".join(lines) + "\n"

    def names(self):
        """Names that are allowed whatever their arguments."""
        return [name for rule in self.profile["syscalls"] for name in rule["names"]]


def action(name, errno):
    if name == "SCMP_ACT_ALLOW":
        return 0x7FFF0000
    if name == "SCMP_ACT_ERRNO":
        return 0x00050000 | (1 if errno is None else errno)
    raise Skip("the profile has %s, which is not measured" % name)


def applies(rule):
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("caps") or includes.get("minKernel", "4.8") > "4.8":
        return False
    if includes.get("arches") and "amd64" not in includes["arches"]:
        return False
    return "amd64" not in (excludes.get("arches") or [])


def docker_profile():
    folder = os.environ.get("ELFCAGE_POLICIES", "")
    path = os.path.join(folder, DOCKER)
    if not folder or not os.path.exists(path):
        raise Skip("Docker's profile: no %s in $ELFCAGE_POLICIES" % DOCKER)
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    profile.pop("archMap", None)
    return profile


def system_service_profile():
    if not shutil.which("systemd-analyze"):
        raise Skip("@system-service: no systemd-analyze here")
    names, left, seen = set(), ["@system-service"], set()
    while left:
        group = left.pop()
        for line in call(["systemd-analyze", "syscall-filter", group]).splitlines()[1:]:
            word = line.strip()
            if word.startswith("@") and word not in seen:
                seen.add(word)
                left.append(word)
            elif word and not word.startswith(("#", "@")):
                names.add(word)
    return dict(defaultAction="SCMP_ACT_ERRNO", defaultErrnoRet=1,
                syscalls=[dict(names=sorted(names), action="SCMP_ACT_ALLOW")])


def all_policies(bench, part):
    """Both policies, each for one and for three ABIs; what is missing is reported as skipped."""
    found = []
    for title, make in ("Docker", docker_profile), ("@system-service", system_service_profile):
        try:
            profile = make()
        except Skip as reason:
            bench.report.skip(part, reason)
            continue
        found.append(Policy(bench, title + " x86_64", profile, NATIVE))
        found.append(Policy(bench, title + " x86_64+i386+x32", profile, ALL))
    return found
