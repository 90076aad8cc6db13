#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --backend libseccomp: its program goes through the same proof; what it miscompiles is refused.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie
nr=$(number 64 getpriority)
for options in "--default allow --deny getpriority:ENOANO" "--default errno:ENOANO --allow write,exit_group,exit,brk,arch_prctl,set_tid_address,set_robust_list,rseq,prlimit64,readlinkat,readlink,getrandom,mprotect"; do
    # shellcheck disable=SC2086 # words
    run timeout 60 "$ELFCAGE" inject -q $options --backend libseccomp -o caged call
    if [ "$status" -eq 3 ]; then
        # What libseccomp cannot say is told, and not half said.
        is "$(wc -l <.err) $(ls caged 2>/dev/null)" "1 " "${options%% --allow*}: refused, with the reason: $err"
        continue
    fi
    is "$status$err" 0 "${options%% --allow*}: inject"
    is "$(./caged 64 "$nr")" ENOANO "${options%% --allow*}: denied"
    run "$ELFCAGE" verify $options caged
    is "$status" 0 "${options%% --allow*}: verify"
    rm -f caged
done
# libseccomp 2.5.4 lets more pass than either rule allows (or makes the right program, if it is newer).
cat >wrong.json <<'P'
{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
  { "names": ["lseek"], "action": "SCMP_ACT_ALLOW", "args": [ { "index": 1, "value": 2, "op": "SCMP_CMP_LE" } ] },
  { "names": ["lseek"], "action": "SCMP_ACT_ALLOW", "args": [ { "index": 1, "value": 8589934592, "op": "SCMP_CMP_GE" } ] } ] }
P
run timeout 60 "$ELFCAGE" inject -q --policy wrong.json --backend libseccomp -o caged call
if [ "$status" -eq 0 ]; then
    run "$ELFCAGE" verify --policy wrong.json caged
    is "$status" 0 "a policy that some versions miscompile: compiled right, and proved"
else
    is "$status $(wc -l <.err) $(ls caged 2>/dev/null)" "3 1 " "a policy that libseccomp miscompiles: refused, no output"
    like "$err" 'lseek' "with the call on which program and policy differ: $err"
fi
succeeds "our own compiler has no trouble with it" "$ELFCAGE" inject -q --policy wrong.json -o caged call
finish
