#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --hook preinit: constructors of libraries are filtered too, whoever linked the program, position-
# independent or not, after strip and its like too; and where there is no place for it, it is refused.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir,mkdirat:ENOTUNIQ)
[[ $(uname -m) == x86_64 ]] || skip_all "the program is written for x86"
mkdir libraries
${CC:-gcc} -O1 -w -shared -fPIC -DLIBRARY -DCALL=call_library -DCONSTRUCTOR -o libraries/liblibrary.so \
    "$PROGRAMS/hooked.c" || bail "no library"

# program FLAG...: into `original`; a failure is left to the caller.
program() {
    ${CC:-gcc} -O1 -w -DCONSTRUCTOR -DNAME='"program"' -o original "$PROGRAMS/hooked.c" "$@" -Llibraries \
        -llibrary -Wl,-rpath,"$WORK/libraries" 2>.cc
}
# caged_works TEXT
caged_works() {
    run ./caged
    is "$status $err$(sed 's/ filtered$/ free/' .out)" "0 $(cat plain)" "$1: works as before"
    is "$(grep -c '^library constructor filtered$' .out) $(grep -c ' free$' .out)" "1 0" \
        "$1: the library's constructor is filtered"
}
after() {
    local text=$1
    shift
    if ! command -v "$1" >/dev/null; then
        skip "$text after $1" "$1 is not installed"
        return
    fi
    cp caged kept
    if "$@" caged >/dev/null 2>&1 && ./caged >.out 2>.err && [ "$(sed 's/ filtered$/ free/' .out)" = "$(cat plain)" ] &&
        [ "$(grep -c ' free$' .out)" = 0 ] && "$ELFCAGE" verify -q caged 2>.err; then
        ok "$text: works, is filtered and verifies after $*"
    else
        not_ok "$text: works, is filtered and verifies after $*" "$(cat .out .err)"
    fi
    mv kept caged
}
check() {
    local text=$1
    ./original >plain
    rm -f caged
    if ! "$ELFCAGE" inject -q "${deny[@]}" --hook preinit -o caged original 2>.err; then
        not_ok "$text: caged" "$(head -n 1 .err)"
        return
    fi
    caged_works "$text"
    succeeds "$text: verify" "$ELFCAGE" verify -q caged
    "$ELFCAGE" remove -o back caged
    is "$(digest back)" "$(digest original)" "$text: remove gives the original back"
    after "$text" strip
    after "$text" eu-strip
    after "$text" llvm-strip
    after "$text" objcopy -S
    after "$text" patchelf --set-rpath "$WORK/libraries"
}
for linker in bfd lld mold; do
    if ! program -fuse-ld=$linker; then
        skip "$linker" "no linker $linker"
        continue
    fi
    for kind in "-pie -fPIE" "-no-pie -fno-pie" "-pie -fPIE -DPREINIT" "-no-pie -fno-pie -DPREINIT" "-pie -fPIE -Wl,-z,now"; do
        # shellcheck disable=SC2086 # words
        program -fuse-ld=$linker $kind || bail "$linker $kind: $(head -n 1 .cc)"
        check "$linker, $kind"
    done
done
program -pie -fPIE -s || bail "not built"
check "stripped before"
program -pie -fPIE || bail "not built"
if command -v patchelf >/dev/null; then
    patchelf --set-rpath "$WORK/libraries" original
    check "patchelf before"
fi
program -pie -fPIE || bail "not built"
"$PYTHON" - original <<'P'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
struct.pack_into("<Q", data, 40, 0)
struct.pack_into("<HH", data, 60, 0, 0)
open(sys.argv[1], "wb").write(data)
P
./original >plain
cage caged original "${deny[@]}" --hook preinit
caged_works "no section headers"
"$ELFCAGE" remove -o back caged
is "$(digest back)" "$(digest original)" "no section headers: remove gives the original back"

# Through an explicit loader, and what show says.
program -pie -fPIE || bail "not built"
cage caged original "${deny[@]}" --hook preinit
loader=$(readelf -lW original | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
run "$loader" ./caged
is "$status $(head -n 1 .out)" "0 library constructor filtered" "through an explicit ld.so"
run "$ELFCAGE" show caged
like "$out" 'hook +preinit: the dynamic loader and resolvers of indirect functions run before it' \
    "show says what runs before"
fails 2 'use --replace' "the entry hook for a file with preinit is another cage" \
    "$ELFCAGE" inject "${deny[@]}" -i caged
succeeds "with --replace it gets it" "$ELFCAGE" inject "${deny[@]}" --replace -i caged
run ./caged
is "$(head -n 1 .out)" "library constructor free" "and the library comes first again"
"$ELFCAGE" remove -i caged
is "$(digest caged)" "$(digest original)" "and goes back to the original"

# The array is called by whoever loads the program, not by whom the program names.
other=/lib/ld-musl-x86_64.so.1
if [ -x "$other" ] && [[ $(uname -m) == x86_64 ]]; then
    build pie hooked.c -DALONE -pie -fPIE
    cage pie.caged pie "${deny[@]}" --hook preinit
    is "$("$other" ./pie.caged)" "main free" "by musl's loader, which the user names: free, as the manual says"
    cage pie.caged pie "${deny[@]}" --hook entry
    is "$("$other" ./pie.caged)" "main filtered" "the entry hook does not depend on it"
else
    skip "by another loader" "musl is not installed, or for another architecture"
fi

# No place for it.
if have_32bit; then
    # Relocations without addends: the array is what was the first word of the destructors'.
    cat >destructors.c <<'C'
#include <stdio.h>
#ifdef MORE
__attribute__((destructor)) static void first(void) { puts("destructor"); }
#endif
int main(void) { return puts("main") < 0; }
C
    for linker in bfd lld mold; do
        build pie hooked.c -DALONE -m32 -pie -fPIE -fuse-ld=$linker || continue
        cage pie.caged pie "${deny[@]}" --hook preinit
        is "$(./pie.caged)" "main filtered" "32 bits, position-independent, $linker"
        succeeds "verify" "$ELFCAGE" verify -q pie.caged
        "$ELFCAGE" remove -o back pie.caged
        is "$(digest back)" "$(digest pie)" "goes back"
        strip pie.caged
        is "$(./pie.caged)" "main filtered" "filtered after strip"
        "$ELFCAGE" remove --force -q -i pie.caged
        is "$(./pie.caged)" "main free" "and taken out again"
        for more in "" -DMORE; do
            # shellcheck disable=SC2086 # none or one
            ${CC:-gcc} -O1 -m32 -pie -fPIE -fuse-ld=$linker $more -o original destructors.c || bail "destructors.c"
            if [ "$linker$more" = lld-DMORE ]; then
                fails 4 'needs relocations with addends \(DT_RELA\), or destructors .*use --hook entry' \
                    "nothing is spare" "$ELFCAGE" inject "${deny[@]}" --hook preinit -o out original
                continue
            fi
            cage caged original "${deny[@]}" --hook preinit
            is "$(./caged)" "$(./original)" "destructors are called as ever, $linker $more"
        done
    done
    build fixed hooked.c -DALONE -m32 -no-pie -fno-pie
    succeeds "32 bits at a fixed address" "$ELFCAGE" inject "${deny[@]}" --hook preinit -o caged fixed
    is "$(./caged)" "main filtered" "runs filtered"
fi
if command -v ld.lld >/dev/null; then
    # _fini and _init that do something are no room.
    printf '__asm__(".section .init,\\"ax\\"; nop; .section .fini,\\"ax\\"; nop; .text");' >more.c
    program -fuse-ld=lld -pie -fPIE more.c || bail "not built"
    fails 4 'no two entries to spare for DT_PREINIT_ARRAY.*use --hook entry' "no entries to spare" \
        "$ELFCAGE" inject "${deny[@]}" --hook preinit -o out original
    program -fuse-ld=lld -no-pie -fno-pie -pg || bail "no -pg"
    ./original >plain
    cage caged original "${deny[@]}" --hook preinit
    caged_works "-pg: _init has something to do, _fini has not"
fi
# aarch64: lld leaves no entry; what _fini does is read there too (tests/foreign/kernel.py runs them).
if command -v ld.lld clang >/dev/null && [ -e /usr/aarch64-linux-gnu/lib/crti.o ]; then
    echo '#include <stdio.h>
    int main(void) { return puts("main") < 0; }' >plain.c
    for kind in "-pie -fPIE" "-no-pie -fno-pie"; do
        # shellcheck disable=SC2086 # two words
        clang --target=aarch64-linux-gnu -fuse-ld=lld -O1 $kind -o original plain.c || bail "aarch64"
        cage caged original "${deny[@]}" --hook preinit
        succeeds "aarch64, $kind: verify" "$ELFCAGE" verify -q caged
        "$ELFCAGE" remove -o back caged
        is "$(digest back)" "$(digest original)" "aarch64, $kind: goes back"
    done
    fini=$(readelf -dW original | awk '$2 == "(FINI)" { print $3 }')
    read -r offset address < <(readelf -lW original | awk '$1 == "LOAD" && / R E / { print $2, $3 }')
    "$PYTHON" "$CLI/elf.py" put original $((fini - address + offset)) c0035fd6 # ret: this is no _fini that we know
    fails 4 'no two entries to spare for DT_PREINIT_ARRAY' "aarch64: another _fini" \
        "$ELFCAGE" inject -q "${deny[@]}" --hook preinit -o out original
else
    skip "aarch64" "no cross compiler"
fi
holds "nothing is left behind" test ! -e out
finish
