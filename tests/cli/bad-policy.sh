#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A policy with a mistake, or with something that cannot be honoured, is refused: status 3, one line
# that names file, line and column and says what is wrong. Nothing is written.
. "$(dirname "$0")/lib.bash"
build program marker.c
program=$(digest program)
mkdir d

# refused LINE REGEX TEXT <POLICY: by inject, with nothing left behind. LINE "-": no place is asked for.
refused() {
    local place="bad.json:$1:[0-9]+: "
    [ "$1" != - ] || place="bad.json(:[0-9]+:[0-9]+)?: "
    cat >bad.json
    fails 3 "^elfcage: $place.*($2)" "$3" "$ELFCAGE" inject "${more[@]}" --policy bad.json -o d/out program
    [ "$(ls -A d)" = "" ] && [ "$(digest program)" = "$program" ] || not_ok "$3: something was written"
}
more=()

refused 1 . "empty" </dev/null
refused 1 . "blanks" < <(printf '   ')
refused 1 . "not JSON" <<<'default allow'
refused 1 . "a JSON text that is no object" <<<'[1, 2]'
refused 1 . "a JSON number" <<<'17'
refused 1 'this is YAML: give the profile as OCI seccomp JSON' "a resource of Kubernetes" <<'P'
apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
P
refused 1 'this is YAML' "YAML behind a comment" < <(printf '# a profile\n\n---\ndefaultAction: SCMP_ACT_ERRNO\n')
refused 1 'no policy of a format' "a policy of LXC" < <(printf '2\ndenylist\n[all]\nkexec_load errno 1\n')
refused 2 . "a comma too many" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["chown"], "action": "SCMP_ACT_ERRNO" }, ] }
P
refused 3 . "cut off" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["chown"], "action": "SCMP_ACT_ERRNO" }
P
refused 2 . "text behind the end" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW" }
{ "defaultAction": "SCMP_ACT_ALLOW" }
P
refused 1 . "a NUL byte" < <(printf '{ "defaultAction": "SCMP_ACT_ALLOW\0" }')
refused 1 . "a name with an escaped NUL" <<<'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chown\u0000x"],"action":"SCMP_ACT_ERRNO"}]}'
refused 1 . "bytes that are not UTF-8" < <(printf '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ { "names": ["\xff\xfe"], "action": "SCMP_ACT_ERRNO" } ] }')
refused - . "nested ten thousand deep" < <(printf '[%.0s' {1..10000})
refused 1 'defaultAction' "no default action" <<<'{ "syscalls": [] }'
refused 2 'defaultAction' "the same key twice" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "defaultAction": "SCMP_ACT_ERRNO" }
P
refused 3 'action' "the same key twice in a rule" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO",
    "action": "SCMP_ACT_ALLOW" } ] }
P
refused 2 'sycalls' "an unknown key" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "sycalls": [] }
P
refused 2 'errnoret' "an unknown key in a rule: letter case counts" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "errnoret": 1 } ] }
P
refused 3 'indx' "an unknown key in args" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [
    { "indx": 0, "value": 1, "op": "SCMP_CMP_EQ" } ] } ] }
P
refused 1 'SCMP_ACT_DENY' "an unknown action" <<<'{ "defaultAction": "SCMP_ACT_DENY" }'
refused 2 'SCMP_ACT_ALOW' "an unknown action in a rule" <<'P'
{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ALOW" } ] }
P
refused 2 'SCMP_ACT_NOTIFY' "notify: nobody listens" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_NOTIFY" } ] }
P
refused 1 'SCMP_ACT_NOTIFY' "notify as the default" <<<'{ "defaultAction": "SCMP_ACT_NOTIFY" }'
refused 2 'listenerPath' "a listener" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "listenerPath": "/run/listener" }
P
refused 3 'chwon.*chown' "an unknown system call, with a suggestion" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["fchown",
              "chwon"], "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 'no_such_call_at_all' "an unknown system call that is like no other" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["no_such_call_at_all"], "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 . "an empty name" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": [""], "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 'name' "a rule without a name" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 'name' "a rule with name and names" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "name": "chown", "names": ["fchown"], "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 'action' "a rule without an action" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"] } ] }
P
refused 2 . "names that is no list" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": "chown", "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 . "a name that is a number" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": [92], "action": "SCMP_ACT_ERRNO" } ] }
P
refused 2 . "syscalls that is no list" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": { "names": ["chown"], "action": "SCMP_ACT_ERRNO" } }
P
refused 2 '4095' "an errno above 4095" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096 } ] }
P
refused 2 . "a negative errno" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "errnoRet": -1 } ] }
P
refused 2 . "a fraction as errno" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1.5 } ] }
P
refused 2 'EBOGUS' "an errno name that does not exist" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "errno": "EBOGUS" } ] }
P
refused 2 . "a default errno above 4095" <<'P'
{ "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 65536 }
P

# Conditions. arg JSON: one condition of socket, on line 3.
arg() {
    printf '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [\n  { "names": ["%s"], "action": "SCMP_ACT_ERRNO", "args": [\n    %s ] } ] }\n' \
        "${2:-socket}" "$1"
}
refused 3 'SCMP_CMP_EQUAL' "an unknown operator" < <(arg '{ "index": 0, "value": 1, "op": "SCMP_CMP_EQUAL" }')
refused 3 'op' "no operator" < <(arg '{ "index": 0, "value": 1 }')
refused 3 'index' "no index" < <(arg '{ "value": 1, "op": "SCMP_CMP_EQ" }')
refused 3 'index|argument' "index 6" < <(arg '{ "index": 6, "value": 1, "op": "SCMP_CMP_EQ" }')
refused 3 'index|argument' "a negative index" < <(arg '{ "index": -1, "value": 1, "op": "SCMP_CMP_EQ" }')
refused 3 . "a value of more than 64 bits" < <(arg '{ "index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ" }' mmap)
refused 3 . "a negative value" < <(arg '{ "index": 0, "value": -1, "op": "SCMP_CMP_EQ" }')
refused 3 . "a text as value" < <(arg '{ "index": 0, "value": "AF_INET", "op": "SCMP_CMP_EQ" }')
refused 3 . "a fraction as value" < <(arg '{ "index": 0, "value": 1.5, "op": "SCMP_CMP_EQ" }')
refused 3 '32' "a value wider than the 32 bits that the kernel uses" < <(arg '{ "index": 0, "value": 4294967296, "op": "SCMP_CMP_EQ" }')
refused 3 . "a masked value with bits outside its mask" < <(arg '{ "index": 0, "value": 1, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ" }')
refused 4 . "two conditions on one argument" < <(arg '{ "index": 0, "value": 1, "op": "SCMP_CMP_GE" },
    { "index": 0, "value": 5, "op": "SCMP_CMP_LE" }')
more=(--compat and)
arg '{ "index": 0, "value": 1, "op": "SCMP_CMP_GE" },
    { "index": 0, "value": 5, "op": "SCMP_CMP_LE" }' >good.json
for compat in and runc; do
    succeeds "--compat $compat says what is meant" "$ELFCAGE" inject -q --compat "$compat" \
        --policy good.json -o "good-$compat" program
done
more=()
refused 3 'chown' "two actions for one system call" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO" },
  { "names": ["chown"], "action": "SCMP_ACT_KILL_PROCESS" } ] }
P
refused 4 'socket' "rules that can both match and differ" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [
    { "index": 0, "value": 5, "op": "SCMP_CMP_GE" } ] },
  { "names": ["socket"], "action": "SCMP_ACT_LOG", "args": [
    { "index": 0, "value": 17, "op": "SCMP_CMP_EQ" } ] } ] }
P
refused 2 'SCMP_ARCH_X87' "an unknown architecture" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X87"] }
P
refused 3 'archMap|architectures' "architectures and archMap" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "architectures": ["SCMP_ARCH_X86_64"],
  "archMap": [ { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": [] } ] }
P
refused 2 'SECCOMP_FILTER_FLAG_BOGUS' "an unknown flag" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "flags": ["SECCOMP_FILTER_FLAG_BOGUS"] }
P
refused 2 'CAP_BOGUS' "an unknown capability" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "includes": { "caps": ["CAP_BOGUS"] } } ] }
P
refused 2 'minKernel|four' "a kernel version that is none" <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
  { "names": ["chown"], "action": "SCMP_ACT_ERRNO", "includes": { "minKernel": "four" } } ] }
P
refused 2 "'WAIT_KILLABLE_RECV' is not a flag" "a flag that no filter without a listener can have" <<'P'
{"elfcage-policy":1,
"flags":["WAIT_KILLABLE_RECV"],"default":"allow"}
P
# What makes no difference is only noted: the kernel would take this flag with a listener alone.
cat >killable.json <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] }
P
run "$ELFCAGE" inject --policy killable.json -o killable program
like "$status $err" '^0 elfcage: note: killable.json:2:[0-9]+: .*WAIT_KILLABLE_RECV' "a flag without effect is noted"
run ./killable
is "$status $out" "7 main" "and the program starts"
# A program that does not fit in a filter.
"$PYTHON" - >huge.json <<'P'
import json
print(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "args":
        [{"index": 1, "value": 3 * i + 1, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 5 * i + 3, "op": "SCMP_CMP_EQ"}]}
    for i in range(3000)]}))
P
fails 3 '4096|instructions' "a policy whose filter has more than 4096 instructions" \
    "$ELFCAGE" inject -q --policy huge.json -o d/out program

# The file itself.
fails 5 '^elfcage: none.json: ' "no such policy" "$ELFCAGE" inject --policy none.json -o d/out program
fails 5 '^elfcage: d: ' "a folder as policy" "$ELFCAGE" inject --policy d -o d/out program
run bash -c "printf '{' | '$ELFCAGE' inject --policy - -o d/out program"
is "$status $(wc -l <.err)" "3 1" "standard input: a mistake"
like "$err" '^elfcage: [^:]+:1:[0-9]+: ' "standard input: has a place"
head -c 17000000 /dev/zero | tr '\0' ' ' >big.json
run "$ELFCAGE" inject --policy big.json -o d/out program
is "$status $(wc -l <.err)" "3 1" "a policy of 17 MB is refused"

# Inline.
fails 3 'chwon.*chown' "inline: an unknown name, with a suggestion" \
    "$ELFCAGE" inject --default allow --deny chwon -o d/out program
fails 3 'chown' "inline: a name with two actions" \
    "$ELFCAGE" inject --default errno --allow chown --deny chown -o d/out program
fails 3 'chown' "inline: a name with two errnos" \
    "$ELFCAGE" inject --default allow --deny chown:EPERM --deny chown:EACCES -o d/out program
fails 2 'EBOGUS' "inline: an errno that does not exist" \
    "$ELFCAGE" inject --default allow --deny chown:EBOGUS -o d/out program
fails 2 '5000' "inline: an errno above 4095" \
    "$ELFCAGE" inject --default allow --deny chown:5000 -o d/out program
fails 2 . "inline: an empty list" "$ELFCAGE" inject --default allow --deny '' -o d/out program
fails 2 . "inline: an empty name" "$ELFCAGE" inject --default allow --deny chown,,fchown -o d/out program
fails 2 . "inline: a number as name" "$ELFCAGE" inject --default allow --deny 92 -o d/out program
fails 2 'deny' "inline: a default that is no action" "$ELFCAGE" inject --default deny -o d/out program
is "$(ls -A d) $(digest program)" " $program" "nothing was written, and the program is as it was"

# The other commands that read policies say the same.
printf '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [\n { "names": ["chwon"], "action": "SCMP_ACT_ERRNO" } ] }' >bad.json
cage caged ./program --default allow --deny chown
fails 3 '^elfcage: bad.json:2:[0-9]+: .*chown' "compile" "$ELFCAGE" compile --policy bad.json -o d/out
fails 3 '^elfcage: bad.json:2:[0-9]+: .*chown' "simulate" "$ELFCAGE" simulate --policy bad.json read
fails 3 '^elfcage: bad.json:2:[0-9]+: .*chown' "verify" "$ELFCAGE" verify --policy bad.json caged
mkfifo fifo
echo '@include ./fifo' >includes
fails 3 '^elfcage: ./fifo: a FIFO cannot be included: name a file$' "a FIFO that nobody writes is no empty policy" \
    "$ELFCAGE" compile --policy includes -o d/out
is "$(ls -A d)" "" "and write nothing"
finish
