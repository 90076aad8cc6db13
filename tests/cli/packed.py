# SPDX-License-Identifier: Apache-2.0
"""
The packed form of policies and undo records in payloads, written a second time from its description
at the head of injector/base/compress.c: what the tests forge has to be packed as elfcage would.

    packed.py pack | unpack      standard input to standard output
"""
import sys

BLOCK, LENGTH_MAX, LENGTH_LONG = 65536, 256, 16
HASHED = (2, 3, 4, 6)


def gamma(x):
    return "0" * (x.bit_length() - 1) + bin(x)[2:]


def item(plain, at, length, distance):
    if length == 1:
        return "0" + format(plain[at], "08b")
    return "1" + gamma(length - 1) + gamma((distance - 1) // 32 + 1) + format((distance - 1) % 32, "05b")


def pack_block(plain):
    table_bits = 8
    while table_bits < 14 and 1 << table_bits < len(plain):
        table_bits += 1
    seen = [{} for _ in HASHED]
    best = [None] * len(plain) + [None]  # bits, length, distance of the item that ends there
    best[0] = (0, 0, 0)

    def offer(at, length, distance):
        bits = best[at][0] + len(item(plain, at, length, distance))
        if best[at + length] is None or best[at + length][0] > bits:
            best[at + length] = (bits, length, distance)

    at = 0
    while at < len(plain):
        offer(at, 1, 0)
        known = 1
        for table, count in zip(seen, HASHED):
            if count > len(plain) - at:
                break
            key = int.from_bytes(plain[at:at + count], "little")
            key = (key * 0x9e3779b97f4a7c15 & (1 << 64) - 1) >> (64 - table_bits)
            source = table.get(key, 0)
            table[key] = at
            length = 0
            while source < at and length < min(LENGTH_MAX, len(plain) - at) and \
                    plain[source + length] == plain[at + length]:
                length += 1
            for l in range(known + 1 if length < LENGTH_LONG else max(length, known + 1), length + 1):
                offer(at, l, at - source)
            known = max(known, length)
        at += 1 if known < LENGTH_LONG else known
    items = []
    at = len(plain)
    while at > 0:
        _, length, distance = best[at]
        at -= length
        items.append(item(plain, at, length, distance))
    return "".join(reversed(items))


def pack(plain):
    plain = bytes(plain)
    rest, bits = len(plain), ""
    while rest > 0x7f:
        bits += format(rest & 0x7f | 0x80, "08b")
        rest >>= 7
    bits += format(rest, "08b")
    bits += "".join(pack_block(plain[at:at + BLOCK]) for at in range(0, len(plain), BLOCK))
    bits += "0" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:]


def unpack(packed):
    """What a good packed form is made of; nothing is checked."""
    bits = bin(int.from_bytes(b"\1" + packed, "big"))[3:]
    at = size = shift = 0
    plain = bytearray()

    def number(count):
        nonlocal at
        at += count
        return int(bits[at - count:at], 2)

    def gamma_number():
        nonlocal at
        zeros = bits.index("1", at) - at
        at += zeros
        return number(zeros + 1)

    more = True
    while more:
        byte = number(8)
        size, shift, more = size | (byte & 0x7f) << shift, shift + 7, byte & 0x80
    while len(plain) < size:
        if number(1):
            length = gamma_number() + 1
            distance = (gamma_number() - 1) * 32 + number(5) + 1
            for _ in range(length):
                plain.append(plain[-distance])
        else:
            plain.append(number(8))
    return bytes(plain)


if __name__ == "__main__":
    function = dict(pack=pack, unpack=unpack)[sys.argv[1]]
    sys.stdout.buffer.write(function(sys.stdin.buffer.read()))
