# SPDX-License-Identifier: Apache-2.0
"""Counts what a filter makes the kernel do, without a clock: its own small interpreter.

A system call is a number and an audit architecture here; arguments are unknown, so that both ways of
a test on them are followed. `kernel_caches` repeats seccomp_is_const_allow() of kernel/seccomp.c:
which numbers get into the bitmap of always-allowed calls and never run the program again."""
import functools
import random
import struct

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NR, ARCH, IP, ARGS = 0, 4, 8, 16
X86_64, I386, X32_BIT = 0xC000003E, 0x40000003, 0x40000000
# Every number that an ABI has, with room to spare; x32 is x86_64 with a bit.
NUMBERS = [(X86_64, n) for n in range(512)] + [(I386, n) for n in range(512)]
NUMBERS += [(X86_64, X32_BIT + n) for n in range(548)]
UNKNOWN = None


class Program:
    """A filter as in a file of struct sock_filter."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.code = [struct.unpack("<HBBI", part) for part in
                         iter(lambda: file.read(8), b"")]

    def walk(self, arch, nr):
        """-> (longest path, whether it reads arguments, set of actions)."""
        code = self.code

        @functools.lru_cache(maxsize=None)
        def from_(pc, a):
            steps = 0
            while True:
                op, jt, jf, k = code[pc]
                steps += 1
                pc += 1
                if op == 0x06:
                    return steps, False, frozenset([k])
                if op == 0x20:
                    if k not in (NR, ARCH):
                        longest, _, actions = from_(pc, UNKNOWN)
                        return steps + longest, True, actions
                    a = nr if k == NR else arch
                elif op == 0x05:
                    pc += k
                elif op == 0x54:
                    a = UNKNOWN if a is UNKNOWN else a & k
                elif a is UNKNOWN:
                    yes, no = from_(pc + jt, a), from_(pc + jf, a)
                    return (steps + max(yes[0], no[0]), yes[1] or no[1], yes[2] | no[2])
                else:
                    pc += jt if TESTS[op](a, k) else jf

        return from_(0, UNKNOWN)

    def executed(self, arch, nr, pc=0):
        """Instructions that run if all arguments are 0, from `pc` on."""
        steps = a = 0
        while True:
            op, jt, jf, k = self.code[pc]
            steps, pc = steps + 1, pc + 1
            if op == 0x06:
                return steps
            if op == 0x20:
                a = {NR: nr, ARCH: arch}.get(k, 0)
            elif op == 0x05:
                pc += k
            elif op == 0x54:
                a &= k
            else:
                pc += jt if TESTS[op](a, k) else jf

    def kernel_caches(self, arch, nr):
        a = pc = 0
        while True:
            op, jt, jf, k = self.code[pc]
            pc += 1
            if op == 0x06:
                return k == ALLOW
            if op == 0x20:
                if k not in (NR, ARCH):
                    return False
                a = nr if k == NR else arch
            elif op == 0x05:
                pc += k
            elif op == 0x54:
                a &= k
            elif op in TESTS:
                pc += jt if TESTS[op](a, k) else jf
            else:
                return False

    def figures(self):
        """-> dict of the figures of this program."""
        walks = {call: self.walk(*call) for call in self.calls()}
        plain = [w[0] for w in walks.values() if not w[1]]
        with_arguments = [w[0] for w in walks.values() if w[1]]
        # The bitmaps are of native and compat numbers; an x32 number is never in one.
        uncached = [call for call in NUMBERS if call[1] < X32_BIT and
                    walks[call][2] == {ALLOW} and not self.kernel_caches(*call)]
        return dict(instructions=len(self.code),
                    executed=sum(self.executed(*call) for call in NUMBERS),
                    longest_plain=max(plain), longest_arguments=max(with_arguments, default=0),
                    allowed_uncached=len(uncached))

    def calls(self):
        """Numbers of all ABIs, those around every constant of the program, and some more."""
        numbers = {0xFFFFFFFF, X32_BIT - 1} | {nr for _, nr in NUMBERS}
        numbers |= {max(0, k + d) & 0xFFFFFFFF for op, _, _, k in self.code if op in TESTS
                    for d in (-1, 0, 1)}
        random_numbers = random.Random(1)
        numbers |= {random_numbers.getrandbits(32) for _ in range(200)}
        return [(arch, nr) for arch in (X86_64, I386, 0xC00000B7) for nr in sorted(numbers)]


TESTS = {
    0x15: lambda a, k: a == k,
    0x25: lambda a, k: a > k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: a & k != 0,
}
