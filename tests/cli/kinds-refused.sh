#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kinds of files that are refused: by all commands that would write, with what is wrong and nothing left
# behind. (bad-elf.sh has files that are none or damaged, odd-elf.sh what is appended, packed or dumped.)
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny 'mkdir,mkdirat:ENOTUNIQ')
[[ $(uname -m) == x86_64 ]] || skip_all "the programs are written for x86"
C=${CC:-gcc}
mkdir d

refused() { # REGEX TEXT FILE
    local before
    before=$(digest "$3")
    fails 4 "^elfcage: $3(@0x[0-9a-f]+)?: ($1)" "$2: refused" "$ELFCAGE" inject "${deny[@]}" -o d/out "$3"
    run "$ELFCAGE" inject "${deny[@]}" -n "$3"
    is "$status" 4 "$2: by a dry run too"
    run "$ELFCAGE" inject "${deny[@]}" -i "$3"
    is "$status $(digest "$3") $(ls -A d)" "4 $before " "$2: untouched, and nothing is left behind"
}
# dynamic FILE TAG VALUE: in place of DT_DEBUG, which a program runs without. dynamic FILE TAG VALUE OF: of that.
cat >dynamic.py <<'P'
import struct, sys
path, tag, value = sys.argv[1], int(sys.argv[2], 0), int(sys.argv[3], 0)
of = int(sys.argv[4], 0) if len(sys.argv) > 4 else 21
data = bytearray(open(path, "rb").read())
phoff, = struct.unpack_from("<Q", data, 32)
phnum, = struct.unpack_from("<H", data, 56)
for at in range(phoff, phoff + 56 * phnum, 56):
    kind, _, place, _, _, size = struct.unpack_from("<IIQQQQ", data, at)
    for entry in range(place, place + size, 16) if kind == 2 else ():
        if struct.unpack_from("<Q", data, entry)[0] == of:
            struct.pack_into("<QQ", data, entry, tag, value)
            open(path, "wb").write(data)
            sys.exit()
sys.exit(1)
P

# prelink(8): what it adds to a program that libraries are in conflict with. glibc before 2.35 applies these;
# the newer ones run the program as if it was not there.
prelinked='prelinked: conflicts \(DT_GNU_CONFLICT\), .*: undo it \(prelink -u\) and cage that'
for flags in "-pie -fPIE" "-no-pie -fno-pie" "-pie -fPIE -fuse-ld=lld"; do
    # shellcheck disable=SC2086 # words
    $C -O1 -w -DALONE $flags -o plain "$PROGRAMS/hooked.c" 2>.cc || {
        skip "prelinked, $flags" "not built: $(head -n 1 .cc)"
        continue
    }
    cp plain prelinked
    "$PYTHON" dynamic.py prelinked 0x6ffffef8 0 || bail "no DT_DEBUG"
    run ./prelinked
    is "$status $out" "0 main free" "prelinked, $flags: the original runs"
    refused "$prelinked" "prelinked, $flags" prelinked
    cage caged plain "${deny[@]}"
    cp caged changed
    "$PYTHON" dynamic.py changed 0x6ffffef8 0
    fails 1 "^elfcage: changed(@0x[0-9a-f]+)?: $prelinked" "prelinked after it was caged, $flags: verify says no" "$ELFCAGE" verify changed
    # Where a library has to be, and when and from what it was made: nothing that changes what runs.
    cp plain marked
    "$PYTHON" dynamic.py marked 0x6ffffdf5 0x5e0be100
    succeeds "DT_GNU_PRELINKED alone, $flags: caged" "$ELFCAGE" inject -q "${deny[@]}" -o caged marked
    is "$(./caged)" "main filtered" "DT_GNU_PRELINKED alone, $flags: filtered"
    "$ELFCAGE" remove -o back caged
    is "$(digest back)" "$(digest marked)" "DT_GNU_PRELINKED alone, $flags: goes back"
done

# Text relocations: the loader writes to code.
cat >textrel.s <<'S'
        .globl call_library
        .text
call_library:
        ret
        .quad call_library
S
if $C -shared -nostdlib -Wl,-z,notext -o textrel.so textrel.s 2>.cc; then
    refused "DT_TEXTREL|DF_TEXTREL" "text relocations" textrel.so
else
    skip "text relocations" "not built: $(head -n 1 .cc)"
fi

# What debuggers read: a copy of the headers, without the code. Of a caged program it is no cage either.
separate='a separate file of debug information, nothing of which is run: name the program itself'
$C -g -w -DALONE -o plain "$PROGRAMS/hooked.c"
cage caged plain "${deny[@]}"
for tool in "objcopy --only-keep-debug" "llvm-objcopy --only-keep-debug" eu-strip; do
    if ! command -v "${tool%% *}" >/dev/null; then
        skip "debugging information by $tool" "${tool%% *} is not installed"
        continue
    fi
    for file in plain caged; do
        cp $file stripped
        if [ "$tool" = eu-strip ]; then
            eu-strip -f $file.debug stripped
        else
            $tool $file $file.debug
        fi || bail "$tool $file"
        refused "$separate" "debugging information of $file by $tool" $file.debug
        for command in show verify "remove -i" "inject --hook init -n --default allow --deny mkdir"; do
            # shellcheck disable=SC2086 # words
            fails 4 "^elfcage: $file.debug: $separate$" "debugging information of $file by $tool: ${command%% *}" \
                "$ELFCAGE" $command $file.debug
        done
    done
done

# Archives of objects, and programs of other systems.
$C -c -w -DALONE -o object.o "$PROGRAMS/hooked.c" && ar rc library.a object.o
refused 'not an ELF file' "a static library" library.a
printf 'MZ\x90\0PE\0\0' >program.exe && head -c 1000 /dev/zero >>program.exe
refused 'not an ELF file' "a program for Windows" program.exe
printf '\0asm\1\0\0\0' >program.wasm
refused 'not an ELF file' "WebAssembly" program.wasm
printf '\xcf\xfa\xed\xfe\7\0\0\1' >program.macho && head -c 1000 /dev/zero >>program.macho
refused 'not an ELF file' "a program for macOS" program.macho
if $C -mx32 -c -o x32.o -x c - <<<'void _start(void) { for (;;) {} }' 2>/dev/null && ld -m elf32_x86_64 -o x32 x32.o 2>/dev/null; then
    refused 'architecture not supported: e_machine 62, 32-bit' "a program of x32" x32
else
    skip "a program of x32" "not built"
fi
finish
