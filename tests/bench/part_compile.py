# SPDX-License-Identifier: Apache-2.0
"""Reading, building and proving Docker's profile for three ABIs: `elfcage compile`, whole."""
from measure import Command
from policies import ALL, Policy, docker_profile


def measure(bench):
    policy = Policy(bench, "Docker x86_64+i386+x32", docker_profile(), ALL)
    commands = [
        Command("compile", [bench.elfcage, "compile", "-q", "--policy", policy.file, "-o", "-"]),
        Command("start", [bench.elfcage, "--version"]),
    ]
    samples = bench.time(commands, 20 if bench.quick else 100, 20)
    part = "compile: read, build and prove %s" % policy.title
    bench.report.add(part, "time", samples["compile"].ms(), "ms", 20)
    bench.report.add(part, "of it, starting elfcage (--version)", samples["start"].ms(), "ms")
    bench.report.add(part, "peak memory", samples["compile"].peak_mb(), "MB", 20)
