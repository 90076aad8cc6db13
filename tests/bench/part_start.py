# SPDX-License-Identifier: Apache-2.0
"""What a cage adds to the start of a program that does nothing: ours, and five other ways to the same
filter (systemd's @system-service). The overhead is the time above that of the uncaged program."""
import shutil
import subprocess

import bpf
from measure import Command, call
from policies import NATIVE, Policy, system_service_profile

FLOOR = "the same two calls in its main(), which no tool undercuts,"
LINKS = {"static": ["-static"], "dynamic": []}


def write_header(bench, name, lines):
    path = bench.path(name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))
    return '"%s"' % path


def filter_header(bench, path):
    """A filter as initialisers in C."""
    code = bpf.Program(path).code
    return write_header(bench, path.rsplit(".", 1)[1] + "-filter.h",
                        ["{%d, %d, %d, %du}," % instruction for instruction in code])


def rules_header(bench, policy):
    """Names as numbers; those that the headers lack are left out."""
    lines = []
    for name in policy.names():
        lines += ["#ifdef __NR_%s" % name, "SCMP_SYS(%s)," % name, "#endif"]
    return write_header(bench, "rules.h", lines)


def write_commands(bench, link, policy):
    """-> (the commands that all groups have, and the groups: how costly they are -> commands)."""
    flags = LINKS[link]
    program = bench.compile("program-" + link, "program.c", *flags)
    caged = program + ".caged"
    call([bench.elfcage, "inject", "-q", "--policy", policy.file, program, "-o", caged])
    built = bench.compile("libseccomp-" + link, "program.c", "-DLIBSECCOMP",
                          "-DRULES_H=" + rules_header(bench, policy), *flags, "-lseccomp")
    both = [Command("uncaged", [program]), Command("elfcage", [caged])]
    near, far = [], [Command("libseccomp at run time", [built])]
    filters = {"elfcage's filter": policy.ours(), "libseccomp's filter": policy.libseccomp("default")}
    for whose, path in filters.items():
        header = "-DFILTER_H=" + filter_header(bench, path)
        name = "-%s-%s" % (link, whose.split("'")[0])
        wrapper = bench.compile("wrapper" + name, "prebuilt.c", "-static", "-DWRAPPER", header)
        far.append(Command("wrapper with " + whose, [wrapper, program]))
        if link == "dynamic":
            library = bench.compile("preload" + name + ".so", "prebuilt.c", "-shared", "-fPIC",
                                    header)
            preloaded = Command("LD_PRELOAD of " + whose, [program],
                                variables=["LD_PRELOAD=" + library])
            (near if whose.startswith("elfcage") else far).append(preloaded)
    floor = bench.compile("floor-" + link, "prebuilt.c", "-DMAIN", *flags,
                          "-DFILTER_H=" + filter_header(bench, policy.ours()))
    near.append(Command(FLOOR, [floor]))
    bwrap = bwrap_command(program, policy.ours())
    if not bwrap:
        bench.report.skip("start", "bwrap is not here, or may not make namespaces")
    return both, {"": near, ", beside what costs more": far,
                  ", beside namespaces": [bwrap] if bwrap else []}


def bwrap_command(program, path):
    if not shutil.which("bwrap"):
        return None
    words = [shutil.which("bwrap"), "--dev-bind", "/", "/", program]
    if subprocess.run(words, capture_output=True, check=False).returncode != 0:
        return None
    return Command("bwrap --seccomp", words[:1] + ["--seccomp", "9"] + words[1:], opened=path)


def add_rows(report, part, samples):
    plain = samples.pop("uncaged")
    report.add(part, "uncaged takes", plain.ms() * 1e3, "us")
    over = {name: taken.more_than(plain) for name, taken in samples.items()}
    for name, taken in samples.items():
        report.add(part, "%s adds (processor time %d us)" % (
            name, taken.more_than(plain, "processor")), over[name], "us")
    for name in over:
        bar = 1 / 20 if name == "libseccomp at run time" else 2 / 3 if "LD_PR" in name else None
        if name != "elfcage":
            report.add(part, "overhead: elfcage / %s" % name, over["elfcage"] / over[name], bar=bar)


def measure(bench):
    """In groups, since what makes namespaces or loads a long filter leaves work behind (the kernel
    frees it later) that falls on the next."""
    policy = Policy(bench, "@system-service x86_64", system_service_profile(), NATIVE)
    for link in LINKS:
        both, groups = write_commands(bench, link, policy)
        for beside, commands in groups.items():
            if commands:
                rounds = 60 if bench.quick else 300 if beside else 1500
                samples = bench.time(both + commands, rounds, 60)
                add_rows(bench.report, "start: %s program, %s%s" % (link, policy.title, beside),
                         samples)
