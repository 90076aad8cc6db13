#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# simulate says what the kernel does: the same calls, simulated on the caged file, on its policy, made
# by the caged program, and made by a program under what compile wrote.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie
build under under.c
cat >policy.json <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown", "lchown", "mmap", "semget"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55 },
  { "names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
    "args": [ { "index": 0, "value": 17, "op": "SCMP_CMP_EQ" } ] },
  { "names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
    "args": [ { "index": 0, "value": 2, "op": "SCMP_CMP_EQ" },
              { "index": 1, "value": 15, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ" } ] },
  { "names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 56,
    "args": [ { "index": 0, "value": 8, "op": "SCMP_CMP_GT" } ] },
  { "names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 57,
    "args": [ { "index": 1, "value": 4294967297, "op": "SCMP_CMP_GE" } ] },
  { "names": ["kill"], "action": "SCMP_ACT_KILL_PROCESS",
    "args": [ { "index": 1, "value": 9, "op": "SCMP_CMP_EQ" } ] } ] }
P
cage caged ./call --policy policy.json
run "$ELFCAGE" compile --policy policy.json -o filter
is "$status$err $(($(stat -c %s filter) % 8))" "0 0" "compile writes whole instructions"
run "$ELFCAGE" compile -q --policy policy.json -o -
cmp -s filter .out && ok "compile -o - writes the same" || not_ok "compile -o - writes the same"

# What `call` prints for an action that simulate prints: the errno's name, ok or another error where
# the call is let through.
agree() { # WANT-ERRNO-OR-PASS GOT
    [ "$1" = "$2" ] || { [ "$1" = pass ] && [[ "$2" != ENOANO && "$2" != EAFNOSUPPORT && "$2" != EBADRQC && "$2" != EBADSLT ]]; }
}
# "CALL: ACTION: REASON" to the action.
action_of() {
    awk -F': ' '{ print $2 }'
}
while read -r abi name arguments; do
    [ -n "$abi" ] || continue
    bits=64
    [ "$abi" = x86_64 ] || bits=32
    nr=$(number $bits "$name")
    # shellcheck disable=SC2086 # words
    {
        on_policy=$("$ELFCAGE" simulate --policy policy.json --abi "$abi" "$name" $arguments)
        on_file=$("$ELFCAGE" simulate --abi "$abi" ./caged "$name" $arguments)
        by_number=$("$ELFCAGE" simulate --abi "$abi" ./caged "$nr" $arguments)
        kernel=$(./caged "$bits" "$nr" $arguments 2>/dev/null || echo killed)
        compiled=$(./under filter -- ./call "$bits" "$nr" $arguments 2>/dev/null || echo killed)
    }
    action=$(action_of <<<"$on_file")
    case $action in
    errno:*) want=${action#errno:} ;;
    allow) want=pass ;;
    kill-process) want=killed ;;
    *) want="no action in: $on_file" ;;
    esac
    is "$(action_of <<<"$on_policy")" "$(action_of <<<"$on_file")" \
        "$abi $name $arguments: policy and file agree"
    is "$by_number" "$on_file" "$abi $name $arguments: by name and by number"
    if agree "$want" "$kernel" && agree "$want" "$compiled"; then
        ok "$abi $name $arguments: $action, and so says the kernel, of the cage and of the compiled filter"
    else
        not_ok "$abi $name $arguments: the kernel says the same" "simulate: $on_file
caged: $kernel
compiled: $compiled"
    fi
done <<'T'
x86_64 chown 1 0 0
x86_64 fchown -1 0 0
x86_64 lchown 1 0 0
x86_64 mmap 0 4096 0 0x22 -1 0
x86_64 socket 17 3 0
x86_64 socket 0x100000011 3 0
x86_64 socket 2 3 255
x86_64 socket 2 0x80003 255
x86_64 socket 2 2 0
x86_64 socket 1 3 0
x86_64 personality 8
x86_64 personality 0xffffffff
x86_64 personality 0xf00000007
x86_64 lseek -1 0 0
x86_64 lseek -1 4294967296 0
x86_64 lseek -1 4294967297 0
x86_64 lseek -1 -1 0
x86_64 kill 0x7ffffff0 9
x86_64 kill 0x7ffffff0 0x100000009
x86_64 kill 0x7ffffff0 0
x86_64 getpid
i386 chown 1 0 0
i386 chown32 1 0 0
i386 lchown32 1 0 0
i386 fchown32 -1 0 0
i386 mmap 1
i386 mmap2 0 4096 0 0x22 -1 0
i386 socket 17 3 0
i386 socket 2 3 255
i386 socket 2 1 0
i386 socketcall 2 1
i386 socketcall 1 1
i386 ipc 2 0x7a0ca9e 0 0 0 0
i386 ipc 0x10002 0x7a0ca9e 0 0 0 0
i386 ipc 13 0x7a0ca9e 0 0 0 0
i386 personality 0xffffffff
i386 kill 0x7ffffff0 9
i386 kill 0x7ffffff0 0
i386 getpid
T

# Every number of the table and around it, x86-64, cage against policy: no difference.
different=
for nr in $(seq 0 7 560) -1 0x40000000 0x40000027 100000; do
    a=$("$ELFCAGE" simulate ./caged "$nr" | action_of)
    b=$("$ELFCAGE" simulate --policy policy.json -- "$nr" | action_of)
    [ "$a" = "$b" ] || different+="$nr: $a, $b
"
done 2>&1
is "$different" "" "numbers all over the range: file and policy agree"

like "$("$ELFCAGE" simulate --policy policy.json socket 17)" 'policy.json:[34]:' "the rule behind it has its place"
unlike "$("$ELFCAGE" simulate --policy policy.json --abi x32 getpid)" ': allow' "x32 is refused"
like "$("$ELFCAGE" simulate --policy policy.json -- -1)" 'errno:ENOSYS' "number -1"
like "$("$ELFCAGE" simulate --default errno --allow read 100000)" 'errno:ENOSYS' "a number newer than the table"
like "$("$ELFCAGE" simulate --default errno --allow read --abi i386 read)" 'errno:EPERM' "an ABI that is not named"
like "$("$ELFCAGE" simulate --default allow --deny fchownat --target aarch64 fchownat)" 'errno:EPERM' "aarch64"
like "$("$ELFCAGE" simulate --default allow --deny fchownat --target aarch64 --abi arm fchownat)" 'errno:EPERM' "arm on aarch64"
like "$("$ELFCAGE" simulate --default allow --deny socket --target i386 --abi x86_64 socket)" 'errno:EPERM' "x86-64 from an i386 program"

# Arguments by name, each with the value that the ABI gives it.
while read -r want options; do
    # shellcheck disable=SC2086 # words
    like "$("$ELFCAGE" simulate --default allow --deny openat $options)" "^[a-z0-9]+\($want[,)]" "$options"
done <<'T'
0xffffffffffffff9c,.0x0,.0x80000 openat AT_FDCWD 0 O_RDONLY|O_CLOEXEC
0xffffff9c,.0x0,.0x88000 --abi i386 openat AT_FDCWD 0 O_CLOEXEC|O_LARGEFILE
0xffffffffffffff9c,.0x0,.0x4000 --target aarch64 openat AT_FDCWD 0 O_DIRECTORY
0xffffffffffffff9c,.0x0,.0x10000 openat AT_FDCWD 0 O_DIRECTORY
0x2,.0x80001 socket AF_INET SOCK_STREAM|SOCK_CLOEXEC
0x2b socket AF_INET|0x20|011
T
like "$("$ELFCAGE" simulate --policy policy.json socket AF_PACKET)" ': errno:EAFNOSUPPORT: rule 1 of socket \(policy.json:3:1[0-9]*\); [0-9]+ instructions$' \
    "action, rule with its line, instructions"
"$ELFCAGE" simulate --trace --policy policy.json socket AF_PACKET >trace.txt
is "$(sed -n '1s/.*; \([0-9]*\) instructions/\1/p' trace.txt)" "$(($(wc -l <trace.txt) - 1))" "--trace prints as many"
is "$("$ELFCAGE" simulate --json --policy policy.json socket AF_PACKET | "$PYTHON" -c 'import json, sys
r = json.load(sys.stdin); print(r["walked"] == len(r["instructions"]) > 3, r["reason"][:16])')" "True rule 1 of socket" "and so does --json"
fails 2 'argument 1: "AF_INTE" is neither a number of 64 bits nor a known constant: did you mean "AF_INET"\?' \
    "a misspelt constant" "$ELFCAGE" simulate --policy policy.json socket AF_INTE
fails 2 'argument 2: "" is neither a number of 64 bits nor a known constant' "nothing behind |" \
    "$ELFCAGE" simulate --policy policy.json socket AF_INET 'SOCK_STREAM|'
fails 2 'argument 1: ARCH_SET_FS has no value in the aarch64 ABI' "a constant of another architecture" \
    "$ELFCAGE" simulate -q --policy policy.json --target aarch64 socket ARCH_SET_FS
fails 2 'a system call has at most 6 arguments' "seven arguments" "$ELFCAGE" simulate --policy policy.json socket 1 2 3 4 5 6 7

# compile.
run "$ELFCAGE" compile --policy policy.json --disassemble
is "$status $err" "0 " "compile --disassemble"
is "$(wc -l <.out)" "$(($(stat -c %s filter) / 8))" "one line for each instruction"
for target in x86_64 i386 aarch64; do
    succeeds "compile --target $target" "$ELFCAGE" compile -q --policy policy.json --target "$target" -o "filter-$target"
done
cmp -s filter filter-x86_64 && ok "the default target is this machine's" || not_ok "the default target is this machine's"
is "$(find filter* -size +32k)" "" "no filter has more than 4096 instructions"
if command -v bwrap >/dev/null && bwrap --bind / / true 2>/dev/null; then
    is "$(bwrap --bind / / --seccomp 9 ./call 64 "$(number 64 chown)" 1 0 0 9<filter)" ENOANO \
        "bwrap --seccomp takes what compile wrote"
else
    skip "bwrap --seccomp takes what compile wrote" "bwrap is not there or cannot run"
fi
finish
