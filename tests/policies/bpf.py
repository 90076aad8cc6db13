# SPDX-License-Identifier: Apache-2.0
"""Classic BPF as seccomp runs it, and the system calls at which two programs may part.

A program is a list of (code, jt, jf, k). A call is (arch, nr, [six arguments]). What a program does
for one number depends on words of arguments, which it compares with constants: cells() collects the
constants of every path, whatever the arguments, and edges() makes the calls around them.
"""

import itertools
import random
import struct

LD, ALU_AND, RET = 0x20, 0x54, 0x06
JA, JEQ, JGT, JGE, JSET = 0x05, 0x15, 0x25, 0x35, 0x45
MOST_EDGES = 3000  # calls for one number; more are sampled


def load(data):
    return [struct.unpack_from("<HBBI", data, at) for at in range(0, len(data), 8)]


def words_of(arch, number, arguments):
    """struct seccomp_data by offset, without the instruction pointer."""
    words = {0: number & 0xFFFFFFFF, 4: arch}
    for index, value in enumerate(arguments):
        words[16 + 8 * index] = value & 0xFFFFFFFF
        words[20 + 8 * index] = value >> 32
    return words


def run(program, words):
    at = value = 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == LD:
            value = words[k]
        elif code == JEQ:
            at += jt if value == k else jf
        elif code == JGT:
            at += jt if value > k else jf
        elif code == JGE:
            at += jt if value >= k else jf
        elif code == JSET:
            at += jt if value & k else jf
        elif code == JA:
            at += k
        elif code == ALU_AND:
            value &= k
        elif code == RET:
            return k
        else:
            raise ValueError(f"instruction {code:#x}")


def constants(program):
    """Everything that numbers are compared with, and what is beside it."""
    found = set()
    for code, _, _, k in program:
        if code in (JEQ, JGT, JGE):
            found |= {k, k - 1, k + 1}
    return {k for k in found if 0 <= k <= 0xFFFFFFFF}


def cells(program, arch, number):
    """{offset: set of (mask, constant)} of the argument words that decide for the number."""
    words = {0: number & 0xFFFFFFFF, 4: arch}
    found = {}
    pending, seen = [(0, None, 0, 0xFFFFFFFF)], set()
    while pending:
        state = pending.pop()
        if state in seen:
            continue
        seen.add(state)
        at, offset, value, mask = state  # offset: the accumulator is that argument word, masked
        code, jt, jf, k = program[at]
        if code == LD:
            known = k in words
            pending.append((at + 1, None if known else k, words.get(k, 0), 0xFFFFFFFF))
        elif code == ALU_AND:
            pending.append((at + 1, offset, value & k, mask & k))
        elif code == JA:
            pending.append((at + 1 + k, offset, value, mask))
        elif code != RET and offset is None:
            taken = {JEQ: value == k, JGT: value > k, JGE: value >= k, JSET: value & k}[code]
            pending.append((at + 1 + (jt if taken else jf), None, value, mask))
        elif code != RET:
            found.setdefault(offset, set()).add((mask, k))
            pending += [(at + 1 + jt, offset, value, mask), (at + 1 + jf, offset, value, mask)]
    return found


def edges(found):
    """Arguments around the constants of cells(): each is six numbers of 64 bits."""
    values = []
    for index in range(6):
        halves = []
        for offset in (20 + 8 * index, 16 + 8 * index):
            half = {0}
            for mask, k in found.get(offset, ()):
                for constant in (k - 1, k, k + 1):
                    half |= {constant, constant | (~mask & 0xFFFFFFFF)}
                half |= {0xFFFFFFFF, mask & ~k}
            halves.append(sorted(h for h in half if 0 <= h <= 0xFFFFFFFF))
        # Where one half decides, the other may be anything.
        if len(halves[1]) > 1:
            halves[0] = sorted({*halves[0], 1, 0xFFFFFFFF})
        if len(halves[0]) > 1:
            halves[1] = sorted({*halves[1], 1, 0xFFFFFFFF})
        values.append([high << 32 | low for high in halves[0] for low in halves[1]])
    total = 1
    for list_ in values:
        total *= len(list_)
    if total <= MOST_EDGES:
        return [list(arguments) for arguments in itertools.product(*values)]
    chooser = random.Random(1)
    return [[chooser.choice(list_) for list_ in values] for _ in range(MOST_EDGES)]


ACTIONS = {0x80000000: "kill-process", 0: "kill-thread", 0x30000: "trap", 0x50000: "errno",
           0x7FF00000: "trace", 0x7FFC0000: "log", 0x7FFF0000: "allow"}


def action(value):
    """As the kernel understands it."""
    kind = ACTIONS.get(value & 0xFFFF0000, "kill-process")
    data = value & 0xFFFF
    if kind == "errno":
        data = min(data, 4095)
    has_data = kind == "errno" or (kind in ("trap", "trace") and data)
    return f"{kind}:{data}" if has_data else kind
