# SPDX-License-Identifier: Apache-2.0
"""Figures of the filters that need no clock: how large, how long the paths, what seccomp(2) costs by
them, and whether a number that is always allowed still runs the program. libseccomp's programs and the
plain tree (tree.py) stand beside them."""
import bpf
import tree
from policies import NATIVE, OPTIMIZE, all_policies

# Of the native filter, in which x32 is refused and numbers above the ceiling give ENOSYS. With compat
# ABIs it is the cost that counts.
INSTRUCTIONS = {"Docker": 110, "@system-service": 46}
COMPAT_COST = 1.6  # of the native one
FIGURES = [
    ("instructions", "instructions", ""),
    ("executed", "executed, sum over all numbers of all ABIs", ""),
    ("cost", "cost of seccomp(2) by these", "us"),
    ("longest_plain", "longest path, no argument read", ""),
    ("longest_arguments", "longest path with arguments", ""),
    ("allowed_uncached", "always allowed and yet run", ""),
]


def cost(figures):
    """us: a filter of one instruction, each that is checked and compiled, each that runs when the
    kernel fills its action cache."""
    return 14 + 0.107 * figures["instructions"] + 0.0022 * figures["executed"]


def figures_of(path):
    figures = bpf.Program(path).figures()
    return dict(figures, cost=cost(figures))


def compare(report, policy):
    """Ours beside the others; -> our cost."""
    name = policy.title.split()[0]
    plain = tree.Tree(bpf.Program(policy.ours())).figures()
    plain["cost"] = cost(plain)
    ours = figures_of(policy.ours())
    bars = dict(longest_plain=13, longest_arguments=20, allowed_uncached=0, cost=plain["cost"])
    if policy.architectures == NATIVE:
        bars["instructions"] = INSTRUCTIONS[name]
    others = {level: figures_of(policy.libseccomp(level)) for level in OPTIMIZE}
    others["plain tree"] = plain
    part = "filter: %s (libseccomp: %s)" % (policy.title, ", ".join(OPTIMIZE))
    for key, text, unit in FIGURES:
        beside = ", ".join("%s %d" % (who, figures[key]) for who, figures in others.items()
                           if key in figures)
        report.add(part, "%s (%s)" % (text, beside), ours[key], unit, bars.get(key))
    report.add(part, "instructions, at least, without tests of bits", plain["at_least"], "")
    return ours["cost"]


def measure(bench):
    costs = {}
    for policy in all_policies(bench, "filter"):
        name = policy.title.split()[0]
        costs.setdefault(name, []).append(compare(bench.report, policy))
    for name, (native, compat) in costs.items():
        bench.report.add("filter: %s" % name, "cost with i386 and x32 / native alone",
                         compat / native, bar=COMPAT_COST)
