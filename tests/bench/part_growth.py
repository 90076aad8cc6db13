# SPDX-License-Identifier: Apache-2.0
"""How much a file grows: with a policy of 400 instructions, and with Docker's profile. The bar is on
what is new; tables and sections of the original that had to move are counted apart, by the plan
that --dry-run prints."""
import json
import os
import re

from measure import HERE, Skip, call
from policies import ALL, Policy, docker_profile

INSTRUCTIONS = 400
KINDS = {"dynamic PIE": [], "static": ["-static"], "ET_EXEC": ["-no-pie"]}
MOVED = re.compile(r"^  write 0x\w+ +(\d+) bytes: (?!payload)", re.M)
# Calls whose arguments nobody conditions on elsewhere, so that no rule is special.
NAMES = """read write lseek ioctl pread64 pwrite64 sendto recvfrom shutdown bind listen getsockname
getpeername setsockopt getsockopt kill fcntl flock ftruncate getdents64 fchdir fchmod fchown
ptrace setuid setgid setpgid getpgid getsid personality getpriority setpriority mlock prctl
fadvise64 epoll_ctl tgkill waitid ioprio_set inotify_rm_watch unshare splice tee vmsplice fallocate
dup3 setns finit_module""".split()


def large_policy(bench):
    """A file with the smallest such policy that has at least 400 instructions; how many it has."""
    path, out = bench.path("large.json"), bench.path("large.elfcage")
    for count in range(1, 8 * len(NAMES)):
        rules = [dict(names=[NAMES[i % len(NAMES)]], action="SCMP_ACT_ERRNO", args=[
            dict(index=0, op="SCMP_CMP_EQ", value=1000 + 7 * i)]) for i in range(count)]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(dict(defaultAction="SCMP_ACT_ALLOW", architectures=["SCMP_ARCH_X86_64"],
                           syscalls=rules), file)
        call([bench.elfcage, "compile", "-q", "--policy", path, "-o", out])
        if os.path.getsize(out) // 8 >= INSTRUCTIONS:
            return path, os.path.getsize(out) // 8
    raise Skip("no policy with %d instructions was found" % INSTRUCTIONS)


def grow(bench, program, policy):
    """-> bytes that the file grows, and those of them that are moved parts of the original."""
    out = bench.path("grown")
    call([bench.elfcage, "inject", "-q", "--policy", policy, program, "-o", out])
    plan = call([bench.elfcage, "inject", "-q", "-n", "--policy", policy, program])
    original = os.path.getsize(program)
    moved = sum(int(line.group(1)) for line in MOVED.finditer(plan)
                if int(line.group(0).split()[1], 16) >= original)
    return os.path.getsize(out) - original, moved


def measure(bench):
    policy, count = large_policy(bench)
    measured = [("%d instructions" % count, policy, 8192)]
    try:
        measured.append(("Docker", Policy(bench, "Docker x86_64+i386+x32", docker_profile(),
                                          ALL).file, None))
    except Skip as reason:
        bench.report.skip("growth", reason)
    for kind, flags in KINDS.items():
        program = bench.path("grow")
        call(["gcc", "-O2", "-o", program, os.path.join(HERE, "program.c"), *flags])
        for what, file, bar in measured:
            grown, moved = grow(bench, program, file)
            bench.report.add("growth", "%s, %s: new, without %d moved" % (kind, what, moved),
                             grown - moved, "B", bar)
