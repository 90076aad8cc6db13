# SPDX-License-Identifier: Apache-2.0
"""What seccomp(2) itself takes with our filter, and with those of libseccomp for the same policy."""
import statistics

from measure import call
from policies import OPTIMIZE, all_policies

BARS = {"default": 1 / 5, "OPTIMIZE=2": 0.6}


def measure(bench):
    loader = bench.compile("load_filters", "load_filters.c")
    rounds = 200 if bench.quick else 1000
    for policy in all_policies(bench, "load"):
        names = ["elfcage", *OPTIMIZE]
        files = [policy.ours()] + [policy.libseccomp(level) for level in OPTIMIZE]
        taken = {name: [] for name in names}
        for line in call([loader, str(rounds), *files]).splitlines():
            index, ns = line.split("\t")
            taken[names[int(index)]].append(int(ns) / 1e3)
        medians = {name: statistics.median(values) for name, values in taken.items()}
        part = "load: seccomp(2), %s" % policy.title
        for name in names:
            who = name if name == "elfcage" else "libseccomp " + name
            bench.report.add(part, "%s takes" % who, medians[name], "us")
        for level, bar in BARS.items():
            bench.report.add(part, "elfcage / libseccomp %s" % level,
                             medians["elfcage"] / medians[level], bar=bar)
