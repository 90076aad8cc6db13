#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# verify asks what the loader calls, as glibc and musl do: whoever takes a hook away, from a library or a
# program, is found, each way in a file where there is something to take (hooks.py has the ways).
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir:ENOTUNIQ)
[[ $(uname -m) == x86_64 ]] || skip_all "the files are of x86-64"

# make NAME FLAG...: a shared object, and a program with the same name.
library() {
    local name=$1
    shift
    ${CC:-gcc} -O1 -w -shared -fPIC -DLIBRARY -DCALL=call_library -o "$name" "$PROGRAMS/hooked.c" "$@" 2>.cc
}
declare -A tried
# attack HOOK FILE: every way on that file.
attack() {
    local hook=$1 file=$2 way status
    cage "$file.caged" "$file" "${deny[@]}" --hook "$hook"
    "$PYTHON" "$CLI/hooks.py" forge control "$file.caged" forged
    succeeds "$file: without a change it verifies" "$ELFCAGE" verify -q forged
    while read -r way; do
        "$PYTHON" "$CLI/hooks.py" forge "$way" "$file.caged" forged 2>.forge
        status=$?
        [ $status -eq 3 ] && continue
        tried[$hook-$way]=1
        [ $status -eq 0 ] || bail "$way of $file: $(tail -n 1 .forge)"
        run "$ELFCAGE" verify forged
        # 4: by another kind of file than it was it is no caged one.
        if [[ $status =~ ^[14]$ ]] && [ -z "$out" ] && [ "$(wc -l <.err)" -eq 1 ] &&
            [[ $err =~ hook|relocation|"entry point 0x0"|dynamic|"goes on"|"go on"|"made for another file"|PREINIT ]]; then
            ok "$file: $way"
        else
            not_ok "$file: $way" "status $status: $err"
        fi
        sed "s/^elfcage: [^ ]* //; s/0x[0-9a-f]*/N/g; s/^/#   $way: /" .err
    done < <("$PYTHON" "$CLI/hooks.py" list "$hook")
}
all_tried() {
    local way
    while read -r way; do
        holds "$1: $way was tried" test -n "${tried[$1-$way]:-}"
    done < <("$PYTHON" "$CLI/hooks.py" list "$1")
}

library own-init.so -DINIT -DCONSTRUCTOR -Wl,-init=own_init || bail "not built"
attack init own-init.so
library spare.so -nostartfiles -DCONSTRUCTOR || bail "not built"
attack init spare.so
if command -v ld.lld >/dev/null; then
    printf 'int value; static int own; int *pointers[] = {&value, &own, &own};' >pointers.c
    library element.so pointers.c -nostartfiles -DCONSTRUCTOR -DARGUMENTS -fuse-ld=lld || bail "not built"
    attack init element.so
    all_tried init
else
    skip "a first constructor" "ld.lld is not installed"
fi
build pie hooked.c -DALONE -DCONSTRUCTOR -pie -fPIE -DNAME='"program"'
attack preinit pie
build exec hooked.c -DALONE -DCONSTRUCTOR -no-pie -fno-pie -DNAME='"program"'
attack preinit exec
build own hooked.c -DALONE -DPREINIT -pie -fPIE -DNAME='"program"'
attack preinit own
all_tried preinit

# They are attacks: what verify refuses does run unfiltered.
"$PYTHON" "$CLI/hooks.py" forge preinit_gone pie.caged forged
run ./forged
like "$out" 'main free' "a program whose hook was taken away runs free"
"$PYTHON" "$CLI/hooks.py" forge part_of_relocation pie.caged forged
run ./forged
like "$out" 'main free' "one that has half a relocation too"
"$PYTHON" "$CLI/hooks.py" forge dlopen_calls_preinit own-init.so.caged forged.so
"$PYTHON" -c 'import ctypes; ctypes.CDLL("./forged.so")' >out
like "$(head -n 1 out)" 'constructor free' "and a library whose DT_PREINIT_ARRAY dlopen(3) calls"
"$PYTHON" "$CLI/hooks.py" forge slot_changed pie.caged forged
is "$("$ELFCAGE" verify forged 2>&1 | grep -c 'the hook is gone: the first element of DT_PREINIT_ARRAY')" 1 \
    "and verify says which function is called"
finish
