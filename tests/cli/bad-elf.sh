#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is not an executable ELF file of a supported kind is refused with status 4 and one line that
# names it; nothing is written, and the input stays as it is.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority)
mkdir d

# refused REGEX TEXT FILE: by every command, with nothing left behind.
refused() {
    local regex=$1 text=$2 file=$3 before
    before=$(digest "$file")
    fails 4 "$file(:|@).*($regex)" "$text: inject refuses it" "$ELFCAGE" inject "${deny[@]}" -o d/out "$file"
    run "$ELFCAGE" inject "${deny[@]}" -i "$file"
    is "$status" 4 "$text: in place too"
    run "$ELFCAGE" inject "${deny[@]}" --dry-run "$file"
    is "$status" 4 "$text: --dry-run too"
    for command in "remove -o d/out" show simulate; do
        # shellcheck disable=SC2086 # words
        run "$ELFCAGE" $command "$file" $([ "$command" = simulate ] && echo read)
        is "$status $(wc -l <.err)" "4 1" "$text: ${command%% *} refuses it"
    done
    run "$ELFCAGE" verify "$file"
    like "$status $(wc -l <.err)" '^[14] 1$' "$text: verify says no"
    is "$(digest "$file") $(ls -A d)" "$before " "$text: untouched, and nothing left behind"
}

build program marker.c
build static marker.c -static
build tiny tiny.c -nostdlib -static -Wl,-z,noseparate-code
${CC:-gcc} -c -o object.o "$PROGRAMS/marker.c" || bail "no compiler"
ld -r -o module.ko object.o || bail "no linker"
build library.so early.c -shared -fPIC
cp "$(readelf -lW program | sed -n 's/.*interpreter: \(.*\)\]/\1/p')" loader.so || bail "no loader"

cat >textrel.c <<'C'
__asm__(".text\nrelocated: .quad main\n");
int main(void)
{
    return 0;
}
C
${CC:-gcc} -pie -fPIC -Wl,-z,notext -o textrel textrel.c || bail "no linker"

printf '' >empty
printf 'x' >one-byte
printf '#!/bin/sh\necho hello\n' >script
printf '\177ELF' >magic
head -c 4096 /dev/zero >zeros
head -c 65536 /dev/urandom >random
refused 'not an ELF|empty|short|too small' "an empty file" empty
refused 'not an ELF|short|too small' "one byte" one-byte
refused 'not an ELF' "a script" script
refused 'ELF|short|truncated|damaged' "the magic alone" magic
refused 'not an ELF' "zeros" zeros
refused 'not an ELF' "random bytes" random
refused 'relocatable|ET_REL|object' "an object file" object.o
refused 'relocatable|ET_REL|object|module' "a kernel module" module.ko
refused 'the dynamic loader' "the dynamic loader" loader.so
fails 4 'a shared object, which nobody enters' "the entry hook for a shared object" \
    "$ELFCAGE" inject "${deny[@]}" --hook entry -o d/out library.so

refused 'TEXTREL' "a program with text relocations" textrel

# A core file, from the kernel's own hand or gdb's.
if command -v gdb >/dev/null && gdb -q -batch -ex 'break main' -ex run -ex 'generate-core-file core' \
    ./program >/dev/null 2>&1 && [ -s core ]; then
    refused 'core' "a core file" core
else
    cp program core
    "$PYTHON" "$CLI/elf.py" put core 16 0400
    refused 'core' "a core file" core
fi

# Header fields. patched NAME OFFSET HEX.
patched() {
    cp "${4:-program}" "$1"
    "$PYTHON" "$CLI/elf.py" put "$1" "$2" "$3"
}
patched wrong-class 4 01
patched no-class 4 00
patched class-3 4 03
patched big-endian 5 02
patched no-data 5 00
patched version 6 02
patched e_version 20 00000000
patched type-none 16 0000
patched type-odd 16 ffff
patched phentsize 54 3700
patched phnum-0 56 0000
patched phnum-65535 56 ffff
patched phoff-far 32 ffffffffffffff7f
patched phoff-0 32 0000000000000000
patched shoff-far 40 f0ffffffffffffff
patched entry-0 24 0000000000000000
patched entry-nowhere 24 00000000ffff0000
for kind in wrong-class no-class class-3 big-endian no-data version e_version type-none type-odd \
    phentsize phnum-0 phnum-65535 phoff-far phoff-0 shoff-far entry-0 entry-nowhere; do
    refused . "$kind" "$kind"
done
# Little- and big-endian, 32- and 64-bit, of architectures that are not supported: EM_PPC64, EM_S390,
# EM_RISCV, EM_MIPS, EM_ARM, EM_LOONGARCH, EM_SPARCV9, EM_IA_64, and one that nobody has.
for machine in 1500 1600 0800 2800 0201 2b00 3200 ffff 0000; do
    patched "machine-$machine" 18 "$machine"
    refused 'architecture|machine' "e_machine $machine" "machine-$machine"
done
patched machine-i386 18 0300
refused . "64-bit class with e_machine of i386" machine-i386

# Segments: a size beyond the file, an address that overflows, overlapping ones.
load=$("$PYTHON" - <<'P'
import struct
d = open("program", "rb").read()
phoff, = struct.unpack_from("<Q", d, 32)
n, = struct.unpack_from("<H", d, 56)
loads = [phoff + 56 * i for i in range(n) if struct.unpack_from("<I", d, phoff + 56 * i)[0] == 1]
print(*loads)
P
)
# shellcheck disable=SC2086
set -- $load
patched filesz-far "$1+32" ffffffff00000000
patched offset-far "$2+8" 00000000ffffff7f
patched vaddr-overflow "$4+16" 00f0ffffffffffff
patched memsz-small "$2+40" 0100000000000000
patched memsz-overflow "$4+40" ffffffffffffffff
patched out-of-order "$1+16" 0000000001000000
patched incongruent "$2+16" 0110000000000000
for kind in filesz-far offset-far vaddr-overflow memsz-small memsz-overflow out-of-order incongruent; do
    refused . "$kind" "$kind"
done

for file in tiny program static; do
    step=$(stride)
    [ "$(stat -c %s "$file")" -lt 6000 ] || step=127
    [ "$(stat -c %s "$file")" -lt 60000 ] || step=9973
    "$PYTHON" "$CLI/elf.py" truncations "$ELFCAGE" "$file" "$step" "$(stride)" >result 2>messages
    like "$(tail -n 1 result)" '^[0-9]+ sizes, 0 wrong$' "$file, truncated: $(tail -n 1 result)"
    [ "$(wc -l <result)" -eq 1 ] || sed 's/^/#   /' result
    sed 's/^/#   /' messages
done
finish
