#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# inject -i that is killed at any moment leaves the old file or the new one, whole. The moments are
# system calls: strace kills it at the n-th one, for every n.
. "$(dirname "$0")/lib.bash"
command -v strace >/dev/null || skip_all "strace is not there"
deny=(--default allow --deny getpriority:ENOANO)
build program marker.c
cage want program "${deny[@]}"
old=$(digest program) new=$(digest want)
mkdir d
# Leak detection does not work in a program that is traced.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
reset() {
    rm -rf d && mkdir d && cp program d/file
}
reset
strace -f -o log "$ELFCAGE" inject -q "${deny[@]}" -i d/file 2>/dev/null || skip_all "strace cannot trace here"
# What comes before the input is opened is the loader and the sanitizers.
first=$(grep -n 'openat(.*"d/file"' log | sed -n '1s/:.*//p')
# `NAME COUNT`: the COUNT-th call of NAME, for each call from there on.
awk -v first="$first" '{ sub(/^[0-9]+ +/, "") } match($0, /^[a-z0-9_]+\(/) {
    name = substr($0, 1, RLENGTH - 1); count[name]++; if (NR >= first) print name, count[name], /MAP_ANONYMOUS/ ? "memory" : "" }' log >calls

saw_old=0 saw_new=0 other=0 left=0 again=
while read -r call n _; do
    reset
    strace -f -o /dev/null --inject="$call:signal=KILL:when=$n" "$ELFCAGE" inject -q "${deny[@]}" -i d/file \
        >/dev/null 2>&1 </dev/null
    case $(digest d/file) in
    "$old") saw_old=$((saw_old + 1)) ;;
    "$new") saw_new=$((saw_new + 1)) ;;
    *) other=$((other + 1)) ;;
    esac
    [ "$(ls -A d)" = file ] || left=$((left + 1))
    "$ELFCAGE" inject -q "${deny[@]}" -i d/file >/dev/null 2>&1 || again+="$call $n: status $?
"
    [ "$(ls -A d)" = file ] && [ "$(digest d/file)" = "$new" ] || again+="$call $n: $(ls -A d | tr '\n' ' ')
"
done <calls 2>/dev/null
is "$other" 0 "killed at each of $(wc -l <calls) system calls: old $saw_old times, new $saw_new times, anything else"
holds "both were seen" test "$saw_old" -gt 0 -a "$saw_new" -gt 0
printf '# a temporary file was left behind %d times\n' "$left"
is "$again" "" "the next run removes what was left behind, and its file is whole"

# Each of its calls failing by itself: status and file agree, and nothing is left behind. Those that are
# memory management or the end of the process are left out.
wrong=
while read -r call n memory; do
    [ -z "$memory" ] || continue
    case $call in
    exit_group | munmap | mprotect | brk | madvise | futex | sigaltstack | rt_sig*) continue ;;
    esac
    for errno in EIO ENOSPC EPERM EINTR; do
        reset
        strace -f -o /dev/null --inject="$call:error=$errno:when=$n" \
            "$ELFCAGE" inject -q "${deny[@]}" -i d/file >.out 2>.err </dev/null
        status=$?
        is_now=$(digest d/file)
        case $status in
        0) [ "$is_now" = "$new" ] || wrong+="$call $errno $n: status 0 and not the new file
" ;;
        4 | 5) [ "$is_now" = "$old" ] && [ "$(grep -c '^elfcage: ' .err)" -eq 1 ] ||
            wrong+="$call $errno $n: status $status, $([ "$is_now" = "$old" ] || echo not the old file) $(cat .err)
" ;;
        *) wrong+="$call $errno $n: status $status $(head -n 2 .err)
" ;;
        esac
        if [ "$(ls -A d)" != file ]; then
            wrong+="$call $errno $n: left behind: $(ls -A d | tr '\n' ' ')
"
        fi
    done
done <calls
is "$wrong" "" "each system call failing: status and file agree, nothing is left behind"
finish
