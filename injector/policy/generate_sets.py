#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints sets_systemd_data.c: the sets of system calls of one version of systemd.

The source is what `systemd-analyze syscall-filter` prints; what it says in lines that begin with '#' about
the running kernel is left out. The output is committed; run this only to pin another version of systemd.

    injector/policy/generate_sets.py > injector/policy/sets_systemd_data.c
"""

import re
import subprocess
import sys


def ask(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True,
                          check=True).stdout


def read_sets(text):
    """[(name, members)] in the order of the text."""
    sets = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if re.fullmatch(r"@[a-z-]+", line):
            sets.append((line, []))
        elif line.startswith("    # ") and not sets[-1][1]:
            continue
        elif re.fullmatch(r"    (@[a-z-]+|[a-z_0-9]+)", line):
            sets[-1][1].append(line[4:])
        else:
            sys.exit(f"not understood: {line!r}")
    return sets


def variable(name):
    return "set_" + name[1:].replace("-", "_")


def wrap(words):
    line = "   "
    for word in words:
        if len(line) + 1 + len(word) > 100:
            yield line
            line = "   "
        line += " " + word
    yield line


def main():
    version = re.match(r"systemd (\d+ \(.*\))", ask("--version")).group(1)
    sets = read_sets(ask("syscall-filter"))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/*")
    print(" * What `systemd-analyze syscall-filter` prints. Made by generate_sets.py; do not edit.")
    print(" */")
    print("/* clang-format off */")
    print('#include "policy/sets.h"')
    print()
    print(f'const char systemd_sets_version[] = "{version}";')
    for name, members in sets:
        print()
        print(f"static const char *const {variable(name)}[] = {{")
        for line in wrap([f'"{member}",' for member in sorted(members)] + ["NULL,"]):
            print(line)
        print("};")
    print()
    print("const struct syscall_set systemd_sets[] = {")
    for name, _ in sorted(sets):
        print(f'    {{"{name}", NULL, {variable(name)}}},')
    print("};")
    print("const size_t systemd_set_count = sizeof systemd_sets / sizeof *systemd_sets;")


main()
