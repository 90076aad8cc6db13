#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A cage around what was changed since (strip, patchelf): remove refuses, remove --force takes the cage out
# of the file as it is. For every layout and hook: the program runs unfiltered, is not caged, outlives tools,
# and can be caged again. And --replace of such a cage.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir,mkdirat:ENOTUNIQ)
other=(--default allow --deny mkdir,mkdirat:ENOTUNIQ --log acct)
[[ $(uname -m) == x86_64 ]] || skip_all "the programs are written for x86"
C=${CC:-gcc}
tools=("strip" "objcopy" "eu-strip" "llvm-strip" "llvm-objcopy" "patchelf --set-rpath /nonexistent")
gone='^elfcage: note: .*: the cage is taken out, but this is not the original: it was changed since'
cat >main.c <<'C'
int call_library(void);
int main(void) { return call_library(); }
C
cat >quiet.c <<'C'
int call_quietly(void) { return 42; }
int call_1(void) { return 1; }
int call_2(void) { return 2; }
int call_3(void) { return 3; }
int call_4(void) { return 4; }
C

# see FILE: what it prints, in `seen`; a library is loaded by a program of its own.
see() {
    case $kind in
    library*)
        cp "$1" loaded.so
        ./loads >seen 2>&1
        ;;
    *) { "./$1" >seen 2>&1; } 2>/dev/null ;;
    esac
}
is_free() {
    see "$1" && cmp -s seen plain
}
is_filtered() {
    see "$1" && grep -q ' filtered$' seen && [ "$(sed 's/ filtered$/ free/' seen)" = "$(cat plain)" ]
}
# try TOOL: everything that must hold after it, in one line of TAP.
try() {
    cp caged file
    if ! $1 file >/dev/null 2>log; then
        echo "$1: $(head -n 1 log)"
    elif ! is_filtered file; then
        echo "not filtered after the tool: $(head -n 3 seen)"
    elif "$ELFCAGE" remove -o out file 2>log; then
        # Not everything that a tool does is a change: objcopy may write the same bytes.
        [ "$(digest out)" = "$(digest original)" ] || echo "remove gave something else"
    elif ! grep -q '^elfcage: file.*: changed since it was caged (.*--force' log; then
        echo "remove: $(cat log)"
    elif ! "$ELFCAGE" remove --force -i file 2>log || ! grep -q "$gone" log; then
        echo "remove --force: $(cat log)"
    elif ! is_free file; then
        echo "not free: $(head -n 3 seen)"
    elif "$ELFCAGE" show file >/dev/null 2>log || ! grep -q 'not caged' log; then
        echo "show: $(cat log)"
    elif [ -n "$strips" ] && { ! strip -o stripped file 2>log || ! is_free stripped; }; then
        echo "stripped after that: $(cat log) $(head -n 3 seen)"
    elif ! "$ELFCAGE" inject -q "${deny[@]}" --hook "$hook" -o again file 2>log; then
        echo "inject again: $(cat log)"
    elif ! is_filtered again; then
        echo "caged again, but not filtered: $(head -n 3 seen)"
    elif ! "$ELFCAGE" verify -q again 2>log; then
        echo "verify again: $(cat log)"
    elif readelf -SW again | sed -n 's/.* \(\.elfcage\.spare[0-9]*\) .*/\1/p' | sort | uniq -d | grep -q .; then
        echo "caged again: two sections have one name"
    elif [ -n "$strips" ] && { ! strip -o stripped again 2>log || ! is_filtered stripped; }; then
        echo "caged again, then stripped: $(cat log) $(head -n 3 seen)"
    elif ! "$ELFCAGE" remove -o back again 2>log || [ "$(digest back)" != "$(digest file)" ]; then
        echo "removed again: $(cat log)"
    fi
}
layouts=
# check KIND HOOK COMPILER FLAG...: a second cage takes what the first one has left over.
check() {
    kind=$1 hook=$2
    local compiler=$3
    shift 3
    if ! command -v "$compiler" >/dev/null || ! "$compiler" -O1 -g -w -o original "$@" 2>log; then
        skip "$kind" "not built here: $compiler $* $(head -n 1 log)"
        return
    fi
    if [[ $kind == library* ]]; then
        cp original loaded.so && "$compiler" -w -o loads main.c ./loaded.so -Wl,-rpath,"$WORK" || bail "not linked"
    fi
    see original || bail "$kind does not run"
    cp seen plain
    cage caged original "${deny[@]}" --hook "$hook"
    layouts+=$("$ELFCAGE" show caged | sed -n 's/^ *layout *\([^:]*\):.*/\1 /p')
    for tool in "${tools[@]}"; do
        if ! command -v "${tool%% *}" >/dev/null; then
            skip "$kind: after $tool" "${tool%% *} is not installed"
            continue
        fi
        # What the tool does to the original must not be held against us.
        cp original file
        if ! $tool file >/dev/null 2>&1 || ! is_free file; then
            skip "$kind: after $tool" "the original does not survive it"
            continue
        fi
        strips=
        strip file 2>/dev/null && is_free file && strips=yes
        is "$(try "$tool")" "" "$kind: taken out after $tool, and caged again"
    done
}
P=$PROGRAMS/hooked.c
L=(-shared -fPIC -DLIBRARY -DCALL=call_library "$P" quiet.c)
check pie-bfd entry $C -pie -fPIE -DALONE "$P"
check pie-lld entry $C -fuse-ld=lld -pie -fPIE -DALONE "$P"
check pie-mold entry $C -fuse-ld=mold -pie -fPIE -DALONE "$P"
check exec-bfd entry $C -no-pie -fno-pie -DALONE "$P"
check static-bfd entry $C -static -DALONE "$P"
check static-lld entry $C -static -fuse-ld=lld -DALONE "$P"
check static-pie entry $C -static-pie -DALONE "$P"
check musl-static entry musl-gcc -static -DALONE "$P"
check musl-pie entry musl-gcc -pie -fPIE -DALONE "$P"
if have_32bit; then
    check i386-pie entry $C -m32 -pie -fPIE -DALONE "$P"
    check i386-static entry $C -m32 -static -DALONE "$P"
    check i386-preinit preinit $C -m32 -no-pie -fno-pie -DALONE "$P"
else
    skip "32 bits" "cannot build or run programs of 32 bits"
fi
check library-usual init $C -DCONSTRUCTOR "${L[@]}"
check library-spare init $C -nostartfiles -fuse-ld=bfd "${L[@]}"
check library-array init $C -nostartfiles -fuse-ld=lld -DCONSTRUCTOR "${L[@]}"
check library-neither init $C -nostartfiles -fuse-ld=lld "${L[@]}"
check preinit-pie preinit $C -pie -fPIE -DALONE "$P"
check preinit-exec preinit $C -no-pie -fno-pie -DALONE "$P"
check preinit-lld preinit $C -fuse-ld=lld -pie -fPIE -DALONE "$P"
check preinit-own preinit $C -pie -fPIE -DPREINIT -DALONE "$P"
for layout in S1 S2 S3m S6; do
    like "$layouts" "$layout" "layout $layout is among these"
done

# What was not changed: the original, with --force too.
kind=pie-bfd
$C -O1 -w -pie -fPIE -DALONE -o original "$P" || bail "not built"
cage caged original "${deny[@]}"
run "$ELFCAGE" remove --force -o back caged
is "$status$err $(digest back)" "0 $(digest original)" "--force on what was not changed: the original"
run "$ELFCAGE" remove --force -o back original
is "$status $err" "4 elfcage: original: not caged: there is nothing to remove" "--force on what is not caged"
# What is there no sense in.
cp caged file && strip file
at=$("$PYTHON" "$CLI/elf.py" payload file | awk '{ print $1 }')
"$PYTHON" "$CLI/elf.py" xor file "$at+200" 255
before=$(digest file)
fails 4 'file@.*: the payload is damaged' "--force needs an intact payload" "$ELFCAGE" remove --force -i file
is "$(digest file)" "$before" "and leaves the file alone"
"$PYTHON" "$CLI/elf.py" forge original-entry caged file && strip file
fails 4 'file: the hook is gone' "--force needs the hook to be there" "$ELFCAGE" remove --force -i file
# -q says nothing, and it is done all the same.
cp caged file && strip file
succeeds "-q" "$ELFCAGE" remove -q --force -i file
fails 4 'not caged' "and the cage is gone" "$ELFCAGE" remove -i file

# --replace.
./original >plain
cp caged file && strip file
before=$(digest file)
run "$ELFCAGE" inject -q "${deny[@]}" -i file
is "$status$err $(digest file)" "0 $before" "stripped, the same policy again: unchanged"
fails 2 'file: .*use --replace' "stripped, another policy: --replace is needed" "$ELFCAGE" inject "${other[@]}" -i file
fails 4 'file.*: changed since it was caged .*the file it was made from, or --force' \
    "stripped, --replace: refused, with the advice" "$ELFCAGE" inject --replace "${other[@]}" -i file
is "$(digest file)" "$before" "and it is as it was"
run "$ELFCAGE" inject --replace --force "${other[@]}" -i file
is "$status $err" "0 elfcage: note: file: it was changed since it was caged: the new cage is around what it is now, and \"elfcage remove\" will not give the original" \
    "stripped, --replace --force: says what it is"
holds "it is filtered" is_filtered file
succeeds "and verifies with the new policy" "$ELFCAGE" verify -q "${other[@]}" file
run "$ELFCAGE" remove -o back file
is "$status$err" 0 "the new cage goes out"
cp caged file && strip file && "$ELFCAGE" remove -q --force -i file
is "$(digest back)" "$(digest file)" "and leaves what remove --force gives"
succeeds "--replace --force on what was not changed" "$ELFCAGE" inject --replace --force "${other[@]}" -o new caged
cage fresh original "${other[@]}"
is "$(digest new)" "$(digest fresh)" "gives what a fresh injection gives"
fails 2 'force.*--replace' "--force alone" "$ELFCAGE" inject --force "${other[@]}" -i caged
finish
