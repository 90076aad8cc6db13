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
cp program d/file
strace -f -o log "$ELFCAGE" inject -q "${deny[@]}" -i d/file 2>/dev/null || skip_all "strace cannot trace here"
calls=$(grep -c '(' log)
# From the open of the input on; what comes before is the loader and the sanitizers.
first=$(grep -n 'd/file' log | sed -n '2s/:.*//p')
saw_old=0 saw_new=0 other=0 left=0
for ((n = first; n <= calls; n++)); do
    rm -rf d && mkdir d && cp program d/file
    strace -f -o /dev/null --inject=all:signal=KILL:when="$n" "$ELFCAGE" inject -q "${deny[@]}" -i d/file >/dev/null 2>&1
    case $(digest d/file) in
    "$old") saw_old=$((saw_old + 1)) ;;
    "$new") saw_new=$((saw_new + 1)) ;;
    *) other=$((other + 1)) ;;
    esac
    [ "$(ls -A d | wc -l)" -eq 1 ] || left=$((left + 1))
done 2>/dev/null
is "$other" 0 "killed at each of $((calls - first + 1)) system calls: old $saw_old times, new $saw_new times, anything else"
holds "both were seen" test "$saw_old" -gt 0 -a "$saw_new" -gt 0
printf '# a temporary file was left behind %d times\n' "$left"

# Each of its system calls that can fail by itself: status 5 or success, and again old or new.
other=0 wrong=
for call in openat read pread64 write pwrite64 copy_file_range rename renameat renameat2 fchmod fchown \
    fsetxattr flistxattr fgetxattr ftruncate fallocate mmap fstat newfstatat linkat close fsync; do
    for errno in EIO ENOSPC EPERM; do
        for n in 1 2 3 4; do
            grep -q "^[0-9 ]*$call(" log || continue 3
            count=$(sed "1,${first}d" log | grep -c "^[0-9 ]*$call(")
            before=$(sed -n "1,${first}p" log | grep -c "^[0-9 ]*$call(")
            [ "$n" -le "$count" ] || continue
            rm -rf d && mkdir d && cp program d/file
            strace -f -o /dev/null --inject="$call:error=$errno:when=$((before + n))" \
                "$ELFCAGE" inject -q "${deny[@]}" -i d/file >.out 2>.err
            status=$?
            is_now=$(digest d/file)
            case $status in
            0) [ "$is_now" = "$new" ] || wrong+="$call $errno $n: status 0 and not the new file
" ;;
            5 | 4) [ "$is_now" = "$old" ] && [ "$(grep -c '^elfcage: ' .err)" -eq 1 ] ||
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
    done
done
is "$wrong" "" "each system call failing: status and file agree, nothing is left behind"
finish
