# SPDX-License-Identifier: Apache-2.0
"""Figures of the filters that need no clock: how large, how long the paths, and whether a number that
is always allowed still runs the program. libseccomp's programs stand beside them."""
import bpf
from policies import OPTIMIZE, all_policies

INSTRUCTIONS = {"Docker": 125, "@system-service": 60}
FIGURES = [
    ("instructions", "instructions", ""),
    ("executed", "executed, sum over all numbers of all ABIs", ""),
    ("longest_plain", "longest path, no argument read", ""),
    ("longest_arguments", "longest path with arguments", ""),
    ("allowed_uncached", "always allowed and yet run", ""),
]


def measure(bench):
    for policy in all_policies(bench, "filter"):
        ours = bpf.Program(policy.ours()).figures()
        bars = dict(instructions=INSTRUCTIONS[policy.title.split()[0]], longest_plain=13,
                    longest_arguments=20, allowed_uncached=0)
        theirs = {level: bpf.Program(policy.libseccomp(level)).figures() for level in OPTIMIZE}
        for key, text, unit in FIGURES:
            beside = ", ".join("%s %d" % (level, figures[key]) for level, figures in theirs.items())
            bench.report.add("filter: %s (libseccomp: %s)" % (policy.title, ", ".join(OPTIMIZE)),
                             "%s (%s)" % (text, beside), ours[key], unit, bars.get(key))
