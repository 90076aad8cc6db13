#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Names of system calls, in every command that takes a policy: one that no architecture has is an error
# with its place and the name that is nearest; one that the target lacks is said, and takes nothing away;
# one that is newer than libseccomp's table is known in every ABI.
. "$(dirname "$0")/lib.bash"
build program call.c -static

# each_command OPTION...: runs `$ELFCAGE COMMAND OPTION...` for each, with what else it needs.
commands=("inject program -o out" "compile -o out" "simulate read" "lint --threshold error")

printf '{ "defaultAction": "SCMP_ACT_ALLOW",\n  "syscalls": [ { "names": [ "read",\n    "fchownatt" ], "action": "SCMP_ACT_ERRNO" } ] }' >typo.json
printf '[Service]\nSystemCallFilter=~read \\\n  fchownatt\n' >typo.service
for command in "${commands[@]}"; do
    # shellcheck disable=SC2206 # words
    words=($command)
    fails 3 '^elfcage: unknown system call "opne": did you mean "open"\?$' "${words[0]}: a typo on the command line" \
        "$ELFCAGE" "${words[@]}" --default allow --deny opne
    fails 3 '^elfcage: typo.json:3:5: unknown system call "fchownatt": did you mean "fchownat"\?$' "${words[0]}: in OCI JSON" \
        "$ELFCAGE" "${words[@]}" --policy typo.json
    fails 3 '^elfcage: typo.service:3:3: .*"?fchownatt"?.*"?fchownat"?' "${words[0]}: in a unit of systemd, at its physical line" \
        "$ELFCAGE" "${words[@]}" --policy typo.service
    fails 3 '^elfcage: unknown system call "xyzzyxyzzy": no architecture has it' "${words[0]}: nothing is near" \
        "$ELFCAGE" "${words[@]}" --default allow --deny xyzzyxyzzy
done
isnt "$(ls out 2>/dev/null)" out "no output is left"

# cacheflush and breakpoint are arm's, s390_sthyi is of an architecture that elfcage has not.
for command in "inject program -o out" "compile -o out" "simulate read"; do
    # shellcheck disable=SC2206
    words=($command)
    run "$ELFCAGE" "${words[@]}" --default errno --allow read,cacheflush,s390_sthyi --kill breakpoint
    is "$status $err" "0 elfcage: note: allow of cacheflush, s390_sthyi has no effect on x86_64
elfcage: note: deny of breakpoint has no effect on x86_64" "${words[0]}: names that the target lacks are notes, by what they would do"
    rm -f out
    run "$ELFCAGE" "${words[@]}" --default allow --deny umount:EPERM
    like "$err" "note: deny of umount closes nothing in the x86_64 ABI, which has no such call" \
        "${words[0]}: a denial that closes nothing in the native ABI is one"
    rm -f out
    run "$ELFCAGE" "${words[@]}" -q --default errno --allow read,cacheflush
    is "$status $err" "0 " "${words[0]}: -q is silent about them"
    rm -f out
done
run "$ELFCAGE" lint --json --default allow --deny breakpoint,umount
like "$out" '"code":"?[^}]*"EC504".*breakpoint' "lint: a denied name that the target lacks is a finding"
like "$out" 'EC503.*umount' "lint: one whose other name stays open is a warning"

# Linux 6.5 to 6.18, none of which libseccomp 2.5.4 knows.
newer=statmount,listmount,lsm_get_self_attr,lsm_set_self_attr,lsm_list_modules,mseal,setxattrat,getxattrat,listxattrat,removexattrat,open_tree_attr,file_getattr,file_setattr
for abi in "x86_64 x86_64" "x86_64 i386" "i386 i386" "aarch64 aarch64" "aarch64 arm"; do
    read -r target name <<<"$abi"
    wrong=
    for call in ${newer//,/ }; do
        run "$ELFCAGE" simulate --target "$target" --abi "$name" --default allow --deny "$newer:ENOANO" "$call"
        [[ "$status$err" == 0 && "$out" == *errno:ENOANO* ]] || wrong+=" $call"
    done
    is "$wrong" "" "calls that are newer than libseccomp are denied by name: $name on $target"
done
run "$ELFCAGE" simulate --default allow --deny "uprobe,uretprobe:ENOANO" uprobe
like "$out" "errno:ENOANO" "what x86-64 alone has is known too"
finish
