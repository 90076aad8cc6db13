#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that are no everyday ones: each is caged and works, or is refused with what is wrong with it.
# Appended data, packers, program headers in another order, counts beyond 16 bits, relocations of Android,
# notes of IBT and SHSTK, Go that is linked by gcc.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir,mkdirat:ENOTUNIQ)
[[ $(uname -m) == x86_64 ]] || skip_all "the programs are written for x86"
C=${CC:-gcc}
P=$PROGRAMS/hooked.c
mkdir d

refused() { # REGEX TEXT FILE
    local before
    before=$(digest "$3")
    fails 4 "^elfcage: $3.*($1)" "$2: refused" "$ELFCAGE" inject "${deny[@]}" -o d/out "$3"
    run "$ELFCAGE" inject "${deny[@]}" -i "$3"
    is "$status $(digest "$3") $(ls -A d)" "4 $before " "$2: untouched, and nothing is left behind"
}
works() { # TEXT FILE
    run "./$2"
    local plain=$out
    like "$status $plain" "^0 .*free" "$1: the original runs"
    run "$ELFCAGE" inject -q "${deny[@]}" -o caged "$2"
    is "$status$err" 0 "$1: caged"
    run ./caged
    is "$status $out" "0 ${plain//free/filtered}" "$1: filtered"
    run "$ELFCAGE" verify -q caged
    is "$status$err" 0 "$1: verifies"
    run "$ELFCAGE" remove -o back caged
    is "$status$err $(digest back)" "0 $(digest "$2")" "$1: goes back"
}

# Data behind the ELF image, which the program finds from its end.
cat >reads.c <<'C'
#include <stdio.h>
#include <string.h>
int main(void)
{
    char end[9] = {0};
    FILE *self = fopen("/proc/self/exe", "rb");
    if (!self || fseek(self, -8, SEEK_END) != 0 || fread(end, 1, 8, self) != 8) {
        return 1;
    }
    puts(end);
    return strcmp(end, "TRAILER!") != 0;
}
C
$C -w -o reads reads.c || bail "no compiler"
{ cat reads && head -c 100000 /dev/urandom && printf 'TRAILER!'; } >self-extracting
{ cat reads && printf 'TRAILER!'; } >eight-bytes
{ cat reads && head -c $((-$(stat -c %s reads) & 4095)) /dev/zero && head -c 65536 /dev/zero && printf '\1\0\0\0LCBS\0\0\0\0TRAILER!'; } >core-behind
# As AppImage does it: a mark in e_ident, and a file system behind.
{ cat reads && printf 'hsqs' && head -c 65536 /dev/urandom && printf 'TRAILER!'; } >image
printf 'AI\2' | dd of=image bs=1 seek=8 conv=notrunc 2>/dev/null
"$PYTHON" - <<'Z'
import io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("main.py", "print('hello')")
open("zip", "wb").write(open("reads", "rb").read() + packed.getvalue())
Z
chmod +x self-extracting eight-bytes core-behind image zip
for file in self-extracting eight-bytes core-behind image; do
    run "./$file"
    is "$status $out" "0 TRAILER!" "$file: finds its data"
    refused 'bytes are appended behind the ELF image, and the program may look for them from the end of the file: not supported: cage the program before the data are put behind it' "$file" "$file"
done
refused 'appended behind the ELF image' "a zip archive behind" zip
$C -O1 -w -pie -fPIE -DALONE -o padded "$P" && head -c 1000 /dev/zero >>padded
works "zeros behind" padded

# As UPX leaves it: no section headers, and its own mark behind. tests/elf/upx.py has the real one.
build tiny tiny.c -nostdlib -static -Wl,-z,noseparate-code
cp tiny upx-like
"$PYTHON" - upx-like <<'P'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
phoff, = struct.unpack_from("<Q", data, 32)
phnum, = struct.unpack_from("<H", data, 56)
end = 0
for i in range(phnum):
    kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", data, phoff + 56 * i)
    end = max(end, offset + size) if kind == 1 else end
struct.pack_into("<Q", data, 40, 0)
struct.pack_into("<HH", data, 60, 0, 0)
open(sys.argv[1], "wb").write(data[:end] + b"\0\0\0\0UPX!\x0d\x16\x02\x0a" + bytes(range(28)))
P
refused 'packed by UPX, .*: not supported: unpack it \(upx -d\) and cage that' "as UPX leaves it" upx-like

# What a running program has dumped of itself (unexec): a .data for each part of the heap, which goes on with
# sbrk(2) where the dump ends. A second .data alone makes no dump of a position-independent program.
cat >dump.s <<'S'
        .section .moredata, "aw"
        .quad 1
S
for kind in no-pie pie; do
    $C -w -$kind -o two-$kind reads.c dump.s && objcopy --rename-section .moredata=.data two-$kind dump-$kind
done
refused 'the dump of a running program \(2 sections named .data\)' "a dumped heap" dump-no-pie
run "$ELFCAGE" inject -q "${deny[@]}" -n -o d/out dump-pie
is "$status$err" 0 "two .data in a PIE are no dump"

# Program headers in another order. The loader wants PT_LOADs by address, and nothing else.
cat >order.py <<'P'
import struct, sys
path, how = sys.argv[1:]
data = bytearray(open(path, "rb").read())
phoff, = struct.unpack_from("<Q", data, 32)
phnum, = struct.unpack_from("<H", data, 56)
headers = [bytes(data[phoff + 56 * i:phoff + 56 * (i + 1)]) for i in range(phnum)]
kind = lambda header: struct.unpack_from("<I", header)[0]
if how == "loads-first":
    headers.sort(key=lambda header: kind(header) != 1)
elif how == "loads-last":
    headers.sort(key=lambda header: kind(header) == 1)
elif how == "reversed":
    loads = iter([header for header in headers if kind(header) == 1])
    headers = [next(loads) if kind(header) == 1 else header for header in reversed(headers)]
elif how == "null-between":
    at, = (i for i, header in enumerate(headers) if kind(header) == 0x6474e551)
    headers.insert(3, bytes(56))
    del headers[at + 1]
data[phoff:phoff + 56 * phnum] = b"".join(headers)
open(path, "wb").write(data)
P
for how in loads-first loads-last reversed null-between; do
    for flags in "-pie -fPIE" "-no-pie -fno-pie" "-static" "-pie -fPIE -fuse-ld=lld"; do
        # shellcheck disable=SC2086 # words
        $C -O1 -w -DALONE -o odd $flags "$P" 2>/dev/null || continue
        "$PYTHON" order.py odd $how
        text="program headers $how, $flags"
        if ! { ./odd >.out 2>&1; } 2>/dev/null; then
            skip "$text" "the original does not run"
            continue
        fi
        run "$ELFCAGE" inject -q "${deny[@]}" -o d/out odd
        if [ "$status" -eq 4 ]; then
            like "$err" '^elfcage: odd.*: (not supported|.*: not supported|damaged.*|.*order.*)$' "$text: refused, with the reason"
            is "$(ls -A d)" "" "$text: nothing is left behind"
        else
            rm -f d/out
            works "$text" odd
        fi
    done
done

# PT_PHDR larger than the table: room that is reserved for it, as LIEF (Node's postject) and lld leave it.
cat >reserve.py <<'P'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
phoff, = struct.unpack_from("<Q", data, 32)
phnum, = struct.unpack_from("<H", data, 56)
headers = [bytes(data[phoff + 56 * i:phoff + 56 * (i + 1)]) for i in range(phnum)]
headers = [header for header in headers if struct.unpack_from("<I", header)[0] != 0x6474e550]  # PT_GNU_EH_FRAME
data[phoff:phoff + 56 * phnum] = b"".join(headers).ljust(56 * phnum, b"\0")
struct.pack_into("<H", data, 56, len(headers))
open(sys.argv[1], "wb").write(data)
P
spare() { # FILE: how many headers more than there are PT_PHDR has room for
    local said
    said=$(readelf -lW "$1")
    echo "$(($(sed -n 's/^ *PHDR *\(0x[0-9a-f]* *\)\{3\}\(0x[0-9a-f]*\).*/\2/p' <<<"$said") / 56 - $(sed -n 's/^There are \([0-9]*\) .*/\1/p' <<<"$said")))"
}
for flags in "-pie -fPIE" "-no-pie -fno-pie" "-pie -fPIE -fuse-ld=lld"; do
    # shellcheck disable=SC2086 # words
    $C -O1 -w -DALONE -o reserved $flags "$P" 2>/dev/null || {
        skip "PT_PHDR that reserves room, $flags" "not built"
        continue
    }
    "$PYTHON" reserve.py reserved
    is "$(spare reserved)" 1 "PT_PHDR that reserves room, $flags: made"
    works "PT_PHDR that reserves room, $flags" reserved
    run "$ELFCAGE" show caged
    like "$out" 'layout +S1:' "PT_PHDR that reserves room, $flags: the table grows into it"
    is "$(spare caged)" 0 "PT_PHDR that reserves room, $flags: PT_PHDR is the table then"
    strip caged
    run ./caged
    is "$status $out" "0 main filtered" "PT_PHDR that reserves room, $flags: filtered after strip"
done

# Counts that do not fit their fields: PN_XNUM, and section numbers from SHN_LORESERVE.
$C -O1 -w -pie -fPIE -DALONE -o many-segments "$P"
cp many-segments many-sections
"$PYTHON" - <<'P'
import struct
data = bytearray(open("many-segments", "rb").read())
shoff, = struct.unpack_from("<Q", data, 40)
phnum, = struct.unpack_from("<H", data, 56)
struct.pack_into("<H", data, 56, 0xffff)
struct.pack_into("<I", data, shoff + 44, phnum)  # sh_info of section 0
open("many-segments", "wb").write(data)
data = bytearray(open("many-sections", "rb").read())
shoff, = struct.unpack_from("<Q", data, 40)
shnum, names = struct.unpack_from("<HH", data, 60)
table = bytearray(data[shoff:shoff + 64 * shnum])
count = 66000
struct.pack_into("<Q", table, 32, count)  # sh_size of section 0
struct.pack_into("<I", table, 40, names)  # sh_link
table += bytes(64 * (count - shnum))
while len(data) % 8:
    data += b"\0"
struct.pack_into("<Q", data, 40, len(data))
struct.pack_into("<HH", data, 60, 0, 0xffff)
open("many-sections", "wb").write(data + table)
P
refused 'program headers' "PN_XNUM" many-segments
run ./many-sections
is "$status" 0 "66,000 sections: the original runs"
refused 'section' "66,000 sections" many-sections

# Android's packed relocations.
cat >pointers.c <<'C'
int one(void) { return 1; }
int (*volatile table[])(void) = {one, one, one};
C
if $C -shared -fPIC -fuse-ld=lld -Wl,--pack-dyn-relocs=android -o android.so pointers.c 2>/dev/null; then
    refused "relocations in Android's packed form" "Android's packed relocations" android.so
else
    skip "Android's packed relocations" "no lld"
fi

# What a program says of itself for the processor stays said.
for flags in "-pie -fPIE" "-no-pie -fno-pie" "-static" "-pie -fPIE -fuse-ld=lld" "-shared -fPIC -DLIBRARY -DCALL=call"; do
    # shellcheck disable=SC2086 # words
    $C -O1 -w -fcf-protection=full -Wl,-z,ibt,-z,shstk -DALONE -o notes $flags "$P" 2>/dev/null ||
        $C -O1 -w -fcf-protection=full -DALONE -o notes $flags "$P" 2>/dev/null || continue
    said=$(readelf -nW notes | grep -o 'x86 feature.*')
    run "$ELFCAGE" inject -q "${deny[@]}" -o caged notes
    is "$status$err $(readelf -nW caged | grep -o 'x86 feature.*')" "0 $said" "IBT and SHSTK, $flags: ${said:-nothing said}"
    strip caged
    is "$(readelf -nW caged | grep -o 'x86 feature.*')" "$said" "IBT and SHSTK, $flags: after strip too"
done

# Go, linked by the C compiler's linker.
if command -v go >/dev/null; then
    cat >go.go <<'G'
package main

import "syscall"

func main() {
	if syscall.Mkdir("/dev/null/x", 0700) == syscall.Errno(76) {
		println("main filtered")
	} else {
		println("main free")
	}
}
G
    export GO111MODULE=off GOPROXY=off GOFLAGS= GOPATH=$WORK/go GOCACHE=${GOCACHE:-$WORK/cache} HOME=$WORK
    for mode in exe pie; do
        if go build -buildvcs=false -buildmode=$mode -ldflags=-linkmode=external -o go-external go.go 2>.cc; then
            is "$(./go-external 2>&1)" "main free" "Go, external linking, $mode: the original runs"
            succeeds "Go, external linking, $mode: caged" "$ELFCAGE" inject -q "${deny[@]}" -o go-caged go-external
            is "$(./go-caged 2>&1)" "main filtered" "Go, external linking, $mode: filtered"
            strip go-caged && is "$(./go-caged 2>&1)" "main filtered" "Go, external linking, $mode: filtered after strip"
            "$ELFCAGE" inject -q "${deny[@]}" -o go-caged go-external
            "$ELFCAGE" remove -o back go-caged
            is "$(digest back)" "$(digest go-external)" "Go, external linking, $mode: goes back"
        else
            skip "Go, external linking, $mode" "not built: $(head -n 1 .cc)"
        fi
    done
    chmod -R u+w "$WORK" 2>/dev/null
else
    skip "Go, external linking" "go is not installed"
fi
finish
