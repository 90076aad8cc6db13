#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# verify says no to a cage in which any one byte of the payload (filter, policy, undo record, stub),
# of its program header or of what makes a loader call the stub was changed. What it says about which is a diagnostic.
. "$(dirname "$0")/lib.bash"
tiny=(-nostdlib -static '-Wl,-z,noseparate-code' '-Wl,--build-id=none')
build static tiny.c "${tiny[@]}"
build dynamic marker.c -s
build no-pie marker.c -s -no-pie
kinds="static dynamic no-pie"
if have_32bit; then
    build i386 tiny.c -m32 "${tiny[@]}"
    kinds="$kinds i386"
fi
library=(-s -shared -fPIC -DLIBRARY -DCALL=call_library)
build library hooked.c "${library[@]}" -DCONSTRUCTOR
kinds="$kinds library"
if command -v ld.lld >/dev/null; then
    build element hooked.c "${library[@]}" -nostartfiles -DCONSTRUCTOR -fuse-ld=lld
    kinds="$kinds element"
fi
build preinit hooked.c -s -DALONE -pie -fPIE
build preinit-fixed hooked.c -s -DALONE -no-pie -fno-pie
kinds="$kinds preinit preinit-fixed"
for kind in $kinds; do
    hook=auto
    [[ $kind == preinit* ]] && hook=preinit
    cage caged "./$kind" --default allow --deny chown:ENOANO --hook $hook
    run "$ELFCAGE" verify ./caged
    is "$status" 0 "$kind: verifies as it is"
    "$PYTHON" "$CLI/elf.py" mutations "$ELFCAGE" caged "$(stride)" >result 2>messages
    like "$(tail -n 1 result)" '^[0-9]+ changes, 0 wrong$' "$kind: $(tail -n 1 result)"
    [ "$(wc -l <result)" -eq 1 ] || sed 's/^/#   /' result
    sed 's/^/#   /' messages
done
finish
