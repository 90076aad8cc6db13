#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# verify cannot be talked round by somebody who has read the source: who lays a segment over the stub,
# relocates it, makes it writable, takes a payload from another file, weakens the filter and makes the
# digests anew ... each is found, and each has its own message.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny lchown:ENOANO)
build dynamic marker.c
build lazy marker.c -Wl,-z,lazy
build bind-now marker.c -Wl,-z,now
build no-pie marker.c -no-pie
build static marker.c -static
build static-pie marker.c -static-pie
cat >other.c <<'C'
#include <stdio.h>
static const char text[5000] = "another program";
int main(int argc, char **argv)
{
    return printf("%s %d %s\n", text + argc, argc, argv[0]) < 0;
}
C
${CC:-gcc} -O1 -o other other.c || bail "no compiler"
for file in dynamic lazy bind-now no-pie static static-pie other; do
    cage "$file.caged" "$file" "${deny[@]}"
done
: >messages

# forged WHAT FILE REGEX [OTHER]: verify refuses it, for a reason that matches.
forged() {
    local what=$1 file=$2 regex=$3
    shift 3
    if ! "$PYTHON" "$CLI/elf.py" forge "$what" "$file.caged" forged "$@" 2>.forge; then
        not_ok "$what of $file: cannot be made" "$(tail -n 1 .forge)"
        return
    fi
    run "$ELFCAGE" verify forged
    if [[ $status =~ ^[14]$ ]] && [ -z "$out" ] && [ "$(wc -l <.err)" -eq 1 ] && [[ $err =~ $regex ]]; then
        ok "$what of $file"
    else
        not_ok "$what of $file" "status $status: $err
want: $regex"
    fi
    printf '%s\t%s\n' "$what" "$(sed 's/^elfcage: forged[^ ]* //; s/0x[0-9a-f]*/N/g; s/[0-9][0-9]*/N/g' .err)" >>messages
}
for file in dynamic no-pie static static-pie; do
    forged overlay-page "$file" 'segment'
    forged overlay-bytes "$file" 'segment'
    forged overlay-bss "$file" 'segment'
    forged unsorted "$file" 'segment'
    forged two-payloads "$file" 'two|payload'
    forged writable "$file" 'writ'
    forged not-executable "$file" 'exec'
    forged original-entry "$file" 'entry|hook'
    forged entry-past "$file" 'entry|hook'
    forged stub-instruction "$file" 'stub'
    forged no-tsync "$file" 'stub|flags'
    forged stub-warns "$file" 'stub|flags'
    forged other-filter-place "$file" 'stub|filter'
    forged next-elsewhere "$file" 'stub|entry|next'
    forged weaker-filter-no-digest "$file" 'digest'
    forged weaker-filter "$file" 'filter|policy'
    forged weaker-policy "$file" 'does not say what the policy says'
    forged unrelated-filter "$file" 'filter|policy'
    forged forgotten-abi "$file" 'policy|i386|ABI'
    forged foreign "$file" 'payload|stub|entry' other.caged
    forged foreign-whole "$file" . other.caged
done
for file in dynamic static-pie; do
    forged rela "$file" 'relocation'
    forged rela-edge "$file" 'relocation'
    forged rela-last "$file" 'relocation'
    forged textrel "$file" 'TEXTREL'
    forged shadow-page "$file" 'share a page'
    forged shadow-headers "$file" 'several segments map the program headers'
done
forged headers-elsewhere no-pie 'no segment maps all of the program headers'
run ./forged
is "$status $out" "7 main" "and it is a real one: ld.so goes by what it finds in memory, the stub is no more"
forged preinit dynamic 'DT_PREINIT_ARRAY, which the original did not have'
for file in static static-pie; do
    forged interpreter "$file" 'interpreter|PT_INTERP'
done
cage audit.caged dynamic "${deny[@]}" --audit
forged audit-flag audit 'audit'
cage log.caged dynamic --default allow --log lchown
fails 1 'another policy' "a policy that only logs is not the policy" "$ELFCAGE" verify "${deny[@]}" log.caged
cage warn.caged dynamic "${deny[@]}" --on-load-failure warn
forged warn-flag warn 'flags|warn'
forged jmprel lazy 'relocation'
forged df-textrel bind-now 'TEXTREL'
build relr contexts.c -pthread -Wl,-z,pack-relative-relocs
if readelf -dW relr | grep -q '(RELR)'; then
    cage relr.caged relr "${deny[@]}"
    forged relr relr 'relocation'
    if [ "$(readelf -dW relr | sed -n 's/.*(RELRSZ) *\([0-9]*\) .*/\1/p')" -ge 16 ]; then
        forged relr-bitmap relr 'relocation'
    fi
else
    skip "RELR" "this linker has no -z pack-relative-relocs"
fi
if have_32bit; then
    build i386 marker.c -m32
    cage i386.caged i386 "${deny[@]}"
    forged rel i386 'relocation'
    forged textrel i386 'TEXTREL'
    forged overlay-page i386 'segment'
    forged original-entry i386 'entry|hook'
fi

for control in control-digests control-packed control-sections control-split; do
    "$PYTHON" "$CLI/elf.py" forge "$control" dynamic.caged forged
    run "$ELFCAGE" verify forged
    is "$status $err" "0 " "$control: verifies, so that the others fail for what they forge"
done

# The attacks are real: the kernel maps the overlaying page, and the program runs without its filter.
"$PYTHON" "$CLI/elf.py" forge original-entry dynamic.caged forged
run ./forged
is "$status $out" "7 main" "a file whose hook was taken away runs"

# A weaker cage of the same program is a cage: only --policy tells.
cage weak.caged dynamic --default allow --deny fchown:ENOANO
run "$ELFCAGE" verify weak.caged
is "$status" 0 "another policy is consistent in itself"
fails 1 'another policy' "and is not the one that was asked for" "$ELFCAGE" verify "${deny[@]}" weak.caged

# One message for one reason: those of different attacks differ, but where the same thing is found.
reasons=$(cut -f2 messages | sort -u | wc -l)
holds "the attacks are told apart by their messages ($reasons different ones)" test "$reasons" -ge 12
sort -u messages | sed 's/^/#   /'
finish
