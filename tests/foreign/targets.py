# SPDX-License-Identifier: Apache-2.0
"""The foreign architectures: their names in elfcage, Debian, the GNU tools and qemu, as data."""

import collections

Target = collections.namedtuple("Target", "name debian tuple emulator page folders flags")

TARGETS = [
    Target("aarch64", "arm64", "aarch64-linux-gnu", "qemu-aarch64-static", 65536,
           {"tuple": "aarch64-linux-gnu", "tuple-musl": "aarch64-linux-musl"}, []),
    Target("arm", "armhf", "arm-linux-gnueabihf", "qemu-arm-static", 65536,
           {"tuple": "arm-linux-gnueabihf", "tuple-musl": "arm-linux-musleabihf"},
           ["-march=armv7-a"]),
    # Not in Debian 12: only what is made here.
    Target("riscv64", None, "riscv64-linux-gnu", "qemu-riscv64-static", 4096, {}, []),
]


def target(name):
    return next(one for one in TARGETS if one.name == name)
