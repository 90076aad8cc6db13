#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A filter that cannot be loaded means a program that does not start, whatever the reason, even when
# the kernel refuses to let it exit.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority:ENOANO)
prctl=$(number 64 prctl) seccomp=$(number 64 seccomp)
exit=$(number 64 exit) exit_group=$(number 64 exit_group) write=$(number 64 write)

build under under.c
build dynamic marker.c -DCTOR
build static marker.c -DCTOR -static
build static-pie marker.c -DCTOR -static-pie
build no-pie marker.c -DCTOR -no-pie

# refused TEXT STATUS MESSAGE PROGRAM RULE...: under these rules nothing of the program runs.
refused() {
    local text=$1 want=$2 message=$3 program=$4
    shift 4
    run bash -c 'ulimit -c 0; exec 2>&1; "$@"' - ./under "$@" -- "$program" reached 2>/dev/null
    is "$status" "$want" "$text: status $want"
    # A shell may add a line of its own about the signal.
    is "$(head -n 1 .out)" "$message" "$text: says why"
    unlike "$out" 'main|constructor' "$text: main and constructors are not reached"
    holds "$text: no trace of main" test ! -e reached
    rm -f reached
}
why() {
    printf 'elfcage: the seccomp filter was not loaded (%s): the program does not start' "$1"
}

for kind in dynamic static static-pie no-pie; do
    cage caged "./$kind" "${deny[@]}"
    run ./caged reached
    is "$status $out" "7 constructor
main" "$kind: runs when nothing refuses the filter"
    rm -f reached
    refused "$kind, seccomp EPERM" 126 "$(why 'seccomp: error 1')" ./caged "$seccomp=1"
    refused "$kind, seccomp ENOSYS" 126 "$(why 'seccomp: error 38')" ./caged "$seccomp=38"
    refused "$kind, seccomp EINVAL" 126 "$(why 'seccomp: error 22')" ./caged "$seccomp=22"
    refused "$kind, prctl EPERM" 126 "$(why 'prctl: error 1')" ./caged "$prctl=1"
    refused "$kind, both ENOSYS" 126 "$(why 'prctl: error 38')" ./caged "$prctl=38" "$seccomp=38"
    refused "$kind, exit_group refused too" 126 "$(why 'seccomp: error 1')" ./caged \
        "$seccomp=1" "$exit_group=1"
    refused "$kind, no way to exit" 132 "$(why 'seccomp: error 1')" ./caged \
        "$seccomp=1" "$exit_group=1" "$exit=1"
    refused "$kind, exits pretend to work" 132 "$(why 'seccomp: error 1')" ./caged \
        "$seccomp=1" "$exit_group=0" "$exit=0"
    refused "$kind, nothing can be written" 126 "" ./caged "$seccomp=1" "$write=1"
done
# What an outer filter answers instead of loading: seccomp "succeeds" with a thread's number, as it
# does when a thread cannot take the filter, or kills.
cage caged ./static "${deny[@]}"
refused "seccomp kills" 159 "" ./caged "$seccomp=kill"

build libearly.so early.c -shared -fPIC -pthread -DOWN_FILTER
build contexts-early contexts.c -DEARLY -pthread -Wl,-E ./libearly.so
cage caged ./contexts-early "${deny[@]}"
run ./contexts-early
is "$status $(grep -c . .out)" "0 10" "a thread with a filter of its own: runs uncaged"
run ./caged
is "$status $out" "126 " "a thread with a filter of its own: caged, it does not start"
like "$err" '^elfcage: the seccomp filter was not loaded \(seccomp: thread [0-9]+\): the program does not start$' \
    "and says why"

# Nothing in the environment or on the command line talks it round.
cage caged ./static "${deny[@]}"
for environment in ELFCAGE=0 ELFCAGE=off ELFCAGE_DISABLE=1 ELFCAGE_WARN=1 ELFCAGE_ON_LOAD_FAILURE=warn \
    ELFCAGE_NNP=never ELFCAGE_DEBUG=1 ELFCAGE_AUDIT=1 SECCOMP=0 LD_BIND_NOW=1 GLIBC_TUNABLES=glibc.malloc.check=3; do
    run env "$environment" ./under "$seccomp=1" -- ./caged reached
    is "$status $out $(ls reached 2>/dev/null)" "126  " "with $environment it does not start either"
done
run env -i ./under "$seccomp=1" -- ./caged reached
is "$status $out" "126 " "nor with an empty environment"
run ./under "$seccomp=1" -- ./caged --on-load-failure=warn --no-filter
is "$status $out" "126 " "nor by arguments"
run bash -c "exec 2>&-; exec ./under $seccomp=1 -- ./caged reached"
is "$status $out" "126 " "nor without a standard error"

# --on-load-failure warn is a decision of the one who injects.
for kind in dynamic static; do
    cage caged "./$kind" "${deny[@]}" --on-load-failure warn
    run ./under "$seccomp=1" -- ./caged
    is "$status $out" "7 constructor
main" "$kind, warn: goes on"
    is "$err" 'elfcage: the seccomp filter was not loaded (seccomp: error 1): the program runs unfiltered' \
        "$kind, warn: says so"
    run ./caged
    is "$status $err" "7 " "$kind, warn: silent when the filter loads"
    run ./under "$prctl=1" -- ./caged
    is "$status $(wc -l <.err)" "7 1" "$kind, warn: prctl refused: goes on and says so"
done
like "$("$ELFCAGE" show ./caged)" 'WARN' "show tells that it is one"
fails 1 'warn' "verify refuses it" "$ELFCAGE" verify ./caged
run "$ELFCAGE" verify --accept warn ./caged
is "$status" 0 "verify --accept warn takes it"
run "$ELFCAGE" verify --accept audit ./caged
is "$status" 1 "verify --accept audit does not"
finish
