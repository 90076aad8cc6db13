#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Header and undo record of a payload are hostile input: whatever numbers they hold, remove, show and
# verify end with a result or with one line, and write nothing that is out of proportion.
. "$(dirname "$0")/lib.bash"
build dynamic marker.c -s
build no-pie marker.c -no-pie
build tiny tiny.c -nostdlib -static '-Wl,-z,noseparate-code'
build library hooked.c -shared -fPIC -DLIBRARY -DCALL=call_library -DCONSTRUCTOR
build preinit hooked.c -DALONE -pie -fPIE
for file in dynamic no-pie tiny library preinit; do
    hook=auto
    [ "$file" = preinit ] && hook=preinit
    cage caged "$file" --default allow --deny getpriority:ENOANO --hook $hook
    "$PYTHON" "$CLI/elf.py" hostile "$ELFCAGE" caged "$(stride)" >result 2>&1
    like "$(tail -n 1 result)" '^[0-9]+ changes, 0 wrong$' "$file: $(tail -n 1 result)"
    [ "$(wc -l <result)" -eq 1 ] || sed 's/^/#   /' result
done
finish
