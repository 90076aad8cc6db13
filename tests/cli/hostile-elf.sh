#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ELF files that were made to hurt: overlaps, counts and offsets beyond all measure, addresses of the kernel,
# cycles, notes of any size, program headers anywhere. Each is refused with one line, or caged such that it
# verifies and goes back. The cases have names, in damage.py.
. "$(dirname "$0")/lib.bash"
[[ $(uname -m) == x86_64 ]] || skip_all "the cases are for 64 bits"
build S6 marker.c
build S3m marker.c -fuse-ld=lld 2>/dev/null || cp S6 S3m
build S3m-fixed marker.c -no-pie -fno-pie -fuse-ld=lld -Wl,--hash-style=both 2>/dev/null || build S3m-fixed marker.c -no-pie
build tiny tiny.c -nostdlib -static -Wl,-z,noseparate-code
build library hooked.c -shared -fPIC -DLIBRARY -DCALL=call_library -DCONSTRUCTOR
build library-lld hooked.c -shared -fPIC -DLIBRARY -DCALL=call_library -DCONSTRUCTOR -fuse-ld=lld 2>/dev/null ||
    cp library library-lld
for file in S6 S3m S3m-fixed tiny library library-lld; do
    "$PYTHON" "$CLI/damage.py" "$ELFCAGE" "$file" $(stride) >result 2>&1
    like "$(tail -n 1 result)" '^[0-9]+ cases, 0 wrong$' "$file: $(tail -n 1 result)"
    [ "$(wc -l <result)" -eq 1 ] || head -n 30 result | sed 's/^/#   /'
done

# From a future version.
cage caged S6 --default allow --deny chown
"$PYTHON" - caged <<'P'
import hashlib, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"\341elfcage")
size, = struct.unpack_from("<I", data, at + 12)
struct.pack_into("<I", data, at + 8, 4)
data[at + size - 32:at + size] = hashlib.sha256(data[at:at + size - 32]).digest()
open(sys.argv[1], "wb").write(data)
P
for command in "show" "remove -o out" "remove --force -o out" "inject --default allow --deny chown -o out" "inject --default allow --deny chown --replace --force -o out"; do
    # shellcheck disable=SC2086 # words
    fails 4 'caged by a newer elfcage \(payload version 4, this one knows 3\): use that one' \
        "a payload of a future version: $command" "$ELFCAGE" $command caged
done
fails 1 'caged by a newer elfcage' "a payload of a future version: verify" "$ELFCAGE" verify caged
finish
