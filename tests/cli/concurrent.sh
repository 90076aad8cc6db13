#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Eight injections with eight policies into one destination at once: it is one of the eight results,
# whole, and nothing is left beside it. The same when some of them are killed on the way.
. "$(dirname "$0")/lib.bash"
build program marker.c
calls=(getpriority getpgid getsid umask sched_yield sync getrlimit times)
for i in "${!calls[@]}"; do
    cage "want$i" program --default allow --deny "${calls[$i]}:ENOANO"
done
wanted=$(for i in "${!calls[@]}"; do digest "want$i"; done)
mkdir d

# round ARGUMENTS...: all at once; in `killed` those that get SIGKILL as soon as they are started.
round() {
    local i pids=()
    for i in "${!calls[@]}"; do
        "$ELFCAGE" inject -q --default allow --deny "${calls[$i]}:ENOANO" "$@" >/dev/null 2>>errors &
        pids[i]=$!
    done
    for i in "${killed[@]}"; do
        kill -KILL "${pids[$i]}" 2>/dev/null
    done
    for i in "${!pids[@]}"; do
        wait "${pids[$i]}" 2>/dev/null || failed=$((failed + 1))
    done
}

wrong=0 left=0 failed=0 killed=()
for _ in {1..12}; do
    round program -o d/file
    grep -qxF "$(digest d/file)" <<<"$wanted" || wrong=$((wrong + 1))
    [ "$(ls -A d)" = file ] || left=$((left + 1))
done
is "$wrong $left $failed" "0 0 0" "twelve rounds of eight to one new file: mixtures, files left, failures ($(sort errors | uniq -c | head -n 3))"

wrong=0 left=0 killed=(1 3 4 6)
for _ in {1..12}; do
    round program -o d/file
    [ ! -e d/file ] || grep -qxF "$(digest d/file)" <<<"$wanted" || wrong=$((wrong + 1))
    "$ELFCAGE" inject -q --default allow --deny "${calls[0]}:ENOANO" program -o d/file || wrong=$((wrong + 1))
    [ "$(ls -A d)" = file ] || left=$((left + 1))
done
is "$wrong $left" "0 0" "the same with four of them killed: mixtures, files left after one more run"

: >d/.file.elfcage.1 # as a run of elfcage leaves it
ln -s /nonexistent d/.file.elfcage.2
mkfifo d/.file.elfcage.3
: >d/.file.elfcage.other
"$ELFCAGE" inject -q --default allow --deny sync program -o d/file
is "$(ls -A d | tr '\n' ' ')" ".file.elfcage.2 .file.elfcage.3 .file.elfcage.other file " \
    "what is swept up is a regular file of the same user under one of the temporary names, nothing else"

rm -rf d && mkdir d
for n in {0..99}; do
    mkdir "d/.file.elfcage.$n"
done
holds "names that others have taken are no obstacle" "$ELFCAGE" inject -q --default allow --deny sync program -o d/file
rm -rf d && mkdir d && : >d/.file.elfcage.0

flock -s d/.file.elfcage.0 -c "'$ELFCAGE' inject -q --default allow --deny sync program -o d/file; ls -A d >names"
holds "a file that somebody holds is left alone" grep -qxF .file.elfcage.0 names
finish
