# SPDX-License-Identifier: Apache-2.0
"""What a filter is measured against that needs no other compiler: the plain tree, which merges
neighbouring numbers with one outcome and halves the list of ranges again and again; and how many
comparisons any program takes that has no tests of bits."""
import bpf

LOOKED_AT = 1024  # numbers up to here are looked at one by one, those above where a constant is


def outcome(program, arch, nr):
    """Where a number leads: the action, or the place in the program where arguments begin."""
    pc = a = 0
    while True:
        op, jt, jf, k = program.code[pc]
        if op == 0x06:
            return "action", k
        if op == 0x20 and k not in (bpf.NR, bpf.ARCH):
            return "arguments", pc
        pc += 1
        if op == 0x20:
            a = nr if k == bpf.NR else arch
        elif op == 0x05:
            pc += k
        elif op == 0x54:
            a &= k
        else:
            pc += jt if bpf.TESTS[op](a, k) else jf


def ranges_of(program, arch):
    """-> [(first number, outcome)], neighbours different."""
    firsts = set(range(LOOKED_AT))
    firsts |= {min(k + d, 0xFFFFFFFF) for op, _, _, k in program.code if op in bpf.TESTS
               for d in (0, 1)}
    ranges = []
    for first in sorted(firsts):
        leads = outcome(program, arch, first)
        if not ranges or ranges[-1][1] != leads:
            ranges.append((first, leads))
    return ranges


def arguments_of(program, abis):
    """Instructions of the parts that look at arguments, without the actions."""
    seen = set()
    left = [leads[1] for ranges in abis.values() for _, leads in ranges if leads[0] == "arguments"]
    while left:
        pc = left.pop()
        op, jt, jf, k = program.code[pc]
        if pc in seen or op == 0x06:
            continue
        seen.add(pc)
        if op in bpf.TESTS:
            left += [pc + 1 + jt, pc + 1 + jf]
        else:
            left.append(pc + 1 + (k if op == 0x05 else 0))
    return len(seen)


class Tree:
    """The plain tree that says what `program` says."""

    def __init__(self, program):
        self.program = program
        self.abis = {}
        for op, _, _, k in program.code:
            if op == 0x15 and k in (bpf.X86_64, bpf.I386):
                self.abis.setdefault(k, ranges_of(program, k))
        returns = len({k for op, _, _, k in program.code if op == 0x06})
        # ld arch; for each ABI a comparison and ld nr; arguments; actions
        self.fixed = 1 + 2 * len(self.abis) + returns + arguments_of(program, self.abis)

    def instructions(self):
        return self.fixed + sum(len(ranges) - 1 for ranges in self.abis.values())

    def executed(self, arch, nr):
        if arch not in self.abis:
            return 1 + len(self.abis) + 1
        ranges = self.abis[arch]
        steps = 1 + 1 + list(self.abis).index(arch) + 1
        low, high = 0, len(ranges)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if nr >= ranges[middle][0] else (low, middle)
            steps += 1
        kind, place = ranges[low][1]
        return steps + (1 if kind == "action" else self.program.executed(arch, nr, place))

    def at_least(self):
        """
        Instructions that a program has at least without tests of bits: one comparison tells two
        neighbouring numbers apart, one for equality perhaps two such pairs, in all ABIs.
        """
        borders = sorted({first for ranges in self.abis.values() for first, _ in ranges[1:]})
        comparisons, covered = 0, None
        for border in borders:
            if border != covered:
                comparisons += 1
                covered = border + 1
        return self.fixed + comparisons

    def figures(self):
        return dict(instructions=self.instructions(), at_least=self.at_least(),
                    executed=sum(self.executed(*call) for call in bpf.NUMBERS))
