#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A denied system call stays denied whichever way the program makes it: by its number, through int
# 0x80 under every name that i386 has for it (socketcall, ipc, old mmap, the *32 and *64 siblings),
# and by x32 numbers. The errno of the denial, ENOANO, is one that the kernel does not give by itself.
. "$(dirname "$0")/lib.bash"

# Calls of ways.txt: files of lines `TEXT <tab> words for programs/call.c`.
grep -v '^#' "$CLI/ways.txt" | while read -r name way arguments; do
    [ -n "$name" ] && printf '%s as %s(%s)\t32 %s %s\n' "$name" "$way" "$arguments" \
        "$(number 32 "$way")" "$arguments"
done >ways
names=$(grep -v '^#' "$CLI/ways.txt" | awk 'NF { print $1 }' | sort -u)
denied=$(paste -sd, <<<"$names")
for name in $names; do
    printf '%s as itself\t64 %s\n' "$name" "$(number 64 "$name")"
done >itself
for name in $names; do
    printf '%s with the x32 bit\t64 %s\n' "$name" "$(($(number 64 "$name") | 0x40000000))"
done >x32
for ((nr = 512; nr <= 547; nr++)); do
    printf '%s, an x32 number without the bit\t64 %s\n' "$nr" "$nr"
done >>x32

# make_calls PROGRAM FILE: one line of result for each line of FILE, all from one process.
make_calls() {
    local words=()
    while IFS=$'\t' read -r _ call; do
        # shellcheck disable=SC2206 # words are what is wanted
        words+=($call --)
    done <"$2"
    set -f
    "$1" "${words[@]}"
    set +f
}
# check_calls PROGRAM FILE RESULT TEXT: every call of FILE gives RESULT.
check_calls() {
    make_calls "$1" "$2" | paste "$2" - >results
    local count wrong
    count=$(wc -l <"$2")
    wrong=$(awk -F'\t' -v want="$3" '$3 !~ "^(" want ")$" { print $1 ": " $3 }' results)
    is "$wrong" "" "$4 ($count calls)"
}
# check_program PROGRAM KIND: PROGRAM is an uncaged `call`.
check_program() {
    # First: none of these fails with ENOANO by itself.
    set -f
    make_calls "$1" ways | sort | uniq -c >plain
    is "$(wc -l <ways) $(grep -c ENOANO plain)" \
        "$(make_calls "$1" ways | wc -l) 0" "$2: uncaged, no way gives ENOANO"
    set +f
    cage caged "$1" --default allow --deny "$denied:ENOANO"
    check_calls ./caged itself ENOANO "$2: denied by its own number"
    check_calls ./caged ways ENOANO "$2: denied by every way of i386"
    check_calls ./caged x32 'ENOANO|ENOSYS|EPERM' "$2: x32 numbers are refused"
    is "$(./caged 64 -1 -- 64 0xffffffff)" "ENOSYS
ENOSYS" "$2: number -1, as a tracer leaves it, is ENOSYS"
    is "$(./caged 64 "$(number 64 getppid)" -- 32 "$(number 32 getppid)")" "ok
ok" "$2: what is not denied works, both ways"
}

# Not position independent, so that the addresses of arguments fit int 0x80.
build call call.c -static -no-pie
check_program ./call "64-bit program"
build call-dynamic call.c -no-pie
check_program ./call-dynamic "64-bit dynamic program"

# A sub-call that is not denied passes: the multiplexers are not refused as a whole.
cage caged ./call --default allow --deny socket,msgget:ENOANO
is "$(./caged 32 "$(number 32 socketcall)" 1 '[2,1,0]' -- 32 "$(number 32 socketcall)" 2 '[-1,0,0]')" \
    "ENOANO
EBADF" "socket denied: socketcall gives no socket, and bind still works"
is "$(./caged 32 "$(number 32 ipc)" 13 0x7a0ca9e 0 0 0 0 -- 32 "$(number 32 ipc)" 2 0x7a0ca9e 0 0 0 0)" \
    "ENOANO
ENOENT" "msgget denied: ipc gives no queue, and semget still works"

cage caged ./call --default allow --deny socket,msgget:ENOANO --allow socketcall,ipc
is "$(./caged 32 "$(number 32 socketcall)" 1 '[2,1,0]' -- 32 "$(number 32 ipc)" 13 0x7a0ca9e 0 0 0 0)" \
    "ENOANO
ENOANO" "the multiplexers allowed by name: what is denied stays denied"

# Other actions come along.
cage caged ./call --default allow --kill socket
run bash -c "./caged 32 $(number 32 socketcall) 1 '[2,1,0]' 2>/dev/null"
is "$status" 159 "socket killed: killed through socketcall too"
run bash -c "./caged 32 $(number 32 socketcall) 2 '[-1,0,0]' 2>/dev/null"
is "$status $out" "0 EBADF" "socket killed: bind through socketcall is not"

if have_32bit; then
    build call32 call.c -m32 -static -no-pie
    check_program ./call32 "32-bit program"
    build call32-dynamic call.c -m32 -no-pie
    check_program ./call32-dynamic "32-bit dynamic program"
else
    skip "a 32-bit program" "this machine does not build or run -m32 programs"
fi
finish
