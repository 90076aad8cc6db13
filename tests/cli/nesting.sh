#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A caged program that starts a caged one that starts a caged one: under a policy that allows execve
# and not what a stub calls, it works with --allow-nesting, and says why it does not without.
. "$(dirname "$0")/lib.bash"
allow=access,arch_prctl,brk,close,execve,exit,exit_group,faccessat,fstat,getrandom,lseek,mmap
allow+=,mprotect,munmap,newfstatat,openat,pread64,prlimit64,read,readlink,readlinkat,rseq
allow+=,set_robust_list,set_tid_address,write,fcntl
policy=(--default errno:ENOANO --allow "$allow")
message='elfcage: the seccomp filter was not loaded (prctl: error 55): the program does not start'

build chain-dynamic chain.c
build chain-static chain.c -static
for kind in dynamic static; do
    for link in 1 2 3; do
        cage "plain-$link" "./chain-$kind" "${policy[@]}"
        cage "nesting-$link" "./chain-$kind" "${policy[@]}" --allow-nesting
    done
    run ./nesting-1 ./nesting-2 ./nesting-3
    is "$status $out $err" "0 link ENOANO 1
link ENOANO 2
link ENOANO 3 " "$kind: with --allow-nesting all three run, under all filters"
    run ./plain-1 ./plain-2 ./plain-3
    is "$status" 126 "$kind: without, the second does not start: status 126"
    is "$out" "link ENOANO 1" "$kind: its main is not reached"
    is "$err" "$message" "$kind: and it says why"
    run ./plain-1 "./chain-$kind"
    is "$status $out" "0 link ENOANO 1
link ENOANO 1" "$kind: a program that is not caged is started either way"
    run ./nesting-1 ./plain-2 ./plain-3
    is "$status $err" "126 $message" "$kind: the one that starts another needs it"
    is "$out" "link ENOANO 1
link ENOANO 2" "$kind: the last one needs none"
done

run "$ELFCAGE" inject "${policy[@]}" -o noted ./chain-static
like "$err" '^elfcage: note: .*--allow-nesting' "inject prints a note"
is "$status $(wc -l <.err)" "0 1" "and it is a note, not an error"
succeeds "no note with --allow-nesting" "$ELFCAGE" inject "${policy[@]}" --allow-nesting -o quiet ./chain-static
succeeds "no note with --quiet" "$ELFCAGE" inject -q "${policy[@]}" -o quiet ./chain-static
succeeds "no note where nothing can be started" "$ELFCAGE" inject --default errno:ENOANO \
    --allow "${allow/execve,/}" -o quiet ./chain-static
succeeds "no note where prctl and seccomp are allowed" "$ELFCAGE" inject --default errno:ENOANO \
    --allow "$allow,prctl,seccomp" -o quiet ./chain-static
succeeds "no note for a list of denials that leaves them alone" "$ELFCAGE" inject --default allow \
    --deny chown -o quiet ./chain-static

# Exactly the two calls of a stub, nothing else of them.
build call call.c -static -no-pie
cage caged ./call "${policy[@]}" --allow-nesting
prctl=$(number 64 prctl) seccomp=$(number 64 seccomp)
is "$(./caged 64 "$prctl" 38 1 0 0 0)" ok "--allow-nesting: prctl(PR_SET_NO_NEW_PRIVS, 1)"
is "$(./caged 64 "$prctl" 39 0 0 0 0 -- 64 "$prctl" 15 @name 0 0 0 -- 64 "$prctl" 38 1 1 0 0)" \
    "ENOANO
ENOANO
ENOANO" "--allow-nesting: no other prctl"
is "$(./caged 64 "$seccomp" 1 1 0)" EFAULT "--allow-nesting: seccomp(SET_MODE_FILTER, TSYNC)"
is "$(./caged 64 "$seccomp" 0 0 0 -- 64 "$seccomp" 2 0 '[0x7fff0000]' -- 64 "$seccomp" 1 8 0)" "ENOANO
ENOANO
ENOANO" "--allow-nesting: no other seccomp, no listener"
finish
