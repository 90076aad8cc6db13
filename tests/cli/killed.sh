#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# inject and remove that are killed at any moment leave the old file or the new one, whole, and the next
# run removes what they left beside it. The moments are system calls, every one of them. And the same calls
# failing, each by itself: status and file agree, and nothing is left behind.
. "$(dirname "$0")/lib.bash"
[[ $(uname -m) == x86_64 ]] || skip_all "the tracer is for x86-64"
deny=(--default allow --deny getpriority:ENOANO)
build faults faults.c
build program marker.c
build static marker.c -static
build lld marker.c -fuse-ld=lld 2>/dev/null || cp program lld
for kind in program static lld; do
    cage "$kind-caged" "$kind" "${deny[@]}"
done
cp static-caged stripped && strip stripped 2>/dev/null || bail "no strip"
"$ELFCAGE" remove -q --force -o forced stripped || bail "remove --force"
head -c 5000 /dev/zero >existing
mkdir d
# Leak detection does not work in a program that is traced.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
# A build under sanitizers is slower; the release build goes through all of them.
[ "$(stride)" -eq 1 ] || export FAULTS_STEP=5

# check TEXT OLD NEW INPUT ARGUMENT...: what is done to d/file.
check() {
    local text=$1 old=$2 new=$3 input=$4
    shift 4
    run ./faults kill "$old" "$new" "$input" d file "$ELFCAGE" "$@"
    if [ -z "${probed-}" ]; then
        probed=yes
        [[ $err != *ptrace* ]] || skip_all "nothing can be traced here"
    fi
    is "$status$err" 0 "$text, killed at each system call: $(tail -n 1 .out)"
    [ "$status" -eq 0 ] || head -n 20 .out | sed 's/^/#   /'
    like "$out" 'old [1-9][0-9]*, new [1-9]' "$text: both were seen"
    run ./faults error "$old" "$new" "$input" d file "$ELFCAGE" "$@"
    is "$status$err" 0 "$text, each system call failing: $(tail -n 1 .out)"
    [ "$status" -eq 0 ] || head -n 20 .out | sed 's/^/#   /'
}
check "inject -i" program program-caged d/file inject -q "${deny[@]}" -i d/file
check "inject -i, static" static static-caged d/file inject -q "${deny[@]}" -i d/file
check "inject -i --sync, by lld" lld lld-caged d/file inject -q "${deny[@]}" --sync -i d/file
check "inject -o" - program-caged program inject -q "${deny[@]}" -o d/file program
check "inject -o over another file" existing lld-caged lld inject -q "${deny[@]}" -o d/file lld
check "remove -i" program-caged program d/file remove -q -i d/file
check "remove -i, static" static-caged static d/file remove -q -i d/file
check "remove -i, by lld" lld-caged lld d/file remove -q -i d/file
check "remove --force -i" stripped forced d/file remove -q --force -i d/file
finish
