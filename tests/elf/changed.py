#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that tools have been at before they are caged: sections taken away, added, renamed, compressed; symbols
renamed; dynamic entries added.

    ELFCAGE=/path/to/elfcage tests/elf/changed.py

What still runs behind the tool must be caged, or refused with the reason; and then all holds that orders.py
asks of a caged file: filtered, verifies, goes on behind the tools again, goes back."""

import os
import sys

sys.dont_write_bytecode = True  # nothing appears in the tree

import harness
import orders
from harness import run

# The tool, with the file as its last word.
CHANGES = """
objcopy -R .note.gnu.property
objcopy -R .note.gnu.build-id
objcopy -R .note.gnu.property -R .note.gnu.build-id -R .note.ABI-tag
objcopy -R .gnu.version -R .gnu.version_r
objcopy -R .eh_frame -R .eh_frame_hdr
objcopy -R .init_array
objcopy -R .comment
objcopy --add-section=.more=/etc/passwd
objcopy --add-section=.more=/etc/passwd --set-section-flags=.more=alloc,readonly
objcopy --set-section-flags=.comment=alloc
objcopy --rename-section=.text=.code
objcopy --compress-debug-sections
objcopy --weaken
objcopy --prefix-symbols=other_
objcopy --change-section-lma=.text+0x1000
objcopy --pad-to=0x500000
strip --keep-section=.symtab
eu-elfcompress
eu-strip --remove-comment
eu-strip --strip-sections
llvm-objcopy -R .note.gnu.build-id
llvm-objcopy --add-section=.more=/etc/passwd
llvm-strip --strip-sections
patchelf --add-needed libm.so.6
patchelf --add-rpath /nonexistent
patchelf --shrink-rpath
patchelf --no-default-lib
patchelf --clear-symbol-version puts
patchelf --set-soname libother.so
""".strip().splitlines()
KINDS = ("GNU ld, PIE", "GNU ld, fixed address", "GNU ld, static", "GNU ld, static PIE", "lld, PIE",
         "mold, PIE", "GNU ld, shared object", "lld, shared object", "mold, shared object", "musl, PIE",
         "i386, PIE")
# Of a file without section headers nobody can say what the bytes are that the tool left behind its segments.
LEFTOVERS = f"{orders.NO_ROOM}|bytes are appended behind the ELF image"


def changed(words):
    """What lets a tool change a file."""
    def change(file):
        missing = harness.have(words[0])
        if missing:
            return f"n/a: {missing} is not installed"
        return "n/a: the tool refuses it" if run([*words, file]).status != 0 else None
    return change


def main():
    if os.uname().machine != "x86_64":
        print("1..0 # SKIP the programs are made for x86-64")
        return 0
    kinds = [kind for kind in orders.KINDS if kind.name in KINDS]
    return orders.look(kinds, {line: (changed(line.split()), LEFTOVERS if "--strip-sections" in line
                                      else orders.NO_ROOM) for line in CHANGES})


if __name__ == "__main__":
    sys.exit(main())
