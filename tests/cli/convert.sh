#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# compile --to oci: a policy as OCI seccomp JSON means the same; what has no words there is refused,
# with the rule's place.
. "$(dirname "$0")/lib.bash"

# action JSON CALL...: what simulate says of it.
action() {
    local policy=$1
    shift
    "$ELFCAGE" simulate -q --policy "$policy" "$@" | awk -F': ' '{ print $2 }'
}

# A 32-bit comparison is said in masks: it holds whatever the upper half is, also to libseccomp.
cat >vsock.json <<'P'
{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": [ "SCMP_ARCH_X86_64" ], "syscalls": [
  { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
  { "names": ["lseek"], "action": "SCMP_ACT_ALLOW",
    "args": [ { "index": 1, "value": 4294967296, "op": "SCMP_CMP_LT" } ] },
  { "names": ["socket"], "action": "SCMP_ACT_ALLOW",
    "args": [ { "index": 0, "value": 40, "op": "SCMP_CMP_NE" } ] } ] }
P
succeeds "OCI to OCI" "$ELFCAGE" compile --policy vsock.json --to oci -o out.json
cat >judge.py <<'P'
# Holds the rules of socket as libseccomp does, comparing 64 bits: for each value, is it allowed?
import json, sys
rules = [r for r in json.load(open(sys.argv[1]))["syscalls"] if "socket" in r["names"]]
for text in sys.argv[2:]:
    value = int(text, 0)
    hit = False
    for rule in rules:
        (a,) = rule["args"]
        assert a["op"] == "SCMP_CMP_MASKED_EQ" and a["index"] == 0
        hit = hit or value & a["value"] == a["valueTwo"]
    print("allow" if hit else "deny", end=" ")
P
is "$("$PYTHON" judge.py out.json 40 0x100000028 41 0xffffffff00000028 0 0x10000000000000a1)" \
    "deny deny allow deny allow allow " "a comparison of 32 bits is one of 32 bits in the JSON too"
like "$(tr -d ' \n' <out.json)" '"index":1,"value":4294967296,"op":"SCMP_CMP_LT"' "one of 64 bits stays as it is"
like "$(tr -d ' \n' <out.json)" '"names":\["read","write"\],"action":"SCMP_ACT_ALLOW"\}' "what has no conditions is one group"

# Order is taken out.
cat >ordered.json <<'P'
{"elfcage-policy":1,
"default":"kill-process",
"rules":{
"fcntl":[{"if":[[1,32,"==",3]],"do":"allow"},{"if":[[1,32,"&",2,2]],"do":"errno:EACCES"},{"do":"log"}],
"madvise":[{"if":[[0,64,">=",4096],[2,32,"==",4]],"do":"trap:0"},{"do":"allow"}]}}
P
succeeds "an ordered policy to OCI" "$ELFCAGE" compile --policy ordered.json --to oci -o unordered.json
while read -r call; do
    # shellcheck disable=SC2086 # words
    is "$(action unordered.json $call)" "$(action ordered.json $call)" "$call: the same action"
done <<'T'
fcntl 1 3
fcntl 1 2
fcntl 1 6
fcntl 1 1
fcntl 1 0
fcntl 1 0x100000003
madvise 4096 0 4
madvise 4095 0 4
madvise 4096 0 5
madvise 0 0 5
getpid
T
succeeds "and again" "$ELFCAGE" compile --policy unordered.json --to oci -o again.json
cmp -s unordered.json again.json && ok "what has no order stays as it is" || not_ok "what has no order stays as it is"
run "$ELFCAGE" compile --policy ordered.json --to oci -o -
is "$(digest .out)" "$(digest unordered.json)" "-o - writes the same"
succeeds "inline rules to OCI" "$ELFCAGE" compile --default allow --deny chown,fchownat:EACCES --log getpid --kill ptrace --to oci -o inline.json
is "$("$PYTHON" -c 'import json; p=json.load(open("inline.json"))
print(p["defaultAction"], sorted((r["action"], r.get("errnoRet"), *r["names"]) for r in p["syscalls"]))')" \
    "SCMP_ACT_ALLOW [('SCMP_ACT_ERRNO', 13, 'chown', 'fchownat'), ('SCMP_ACT_KILL_PROCESS', None, 'ptrace'), ('SCMP_ACT_LOG', None, 'getpid')]" \
    "each action has its word"
like "$("$ELFCAGE" compile --policy ordered.json --enosys-above none --to oci -o - 2>&1 >/dev/null)" \
    'note: OCI JSON has no words for --enosys-above none' "a note on --enosys-above"
succeeds "--to bpf is the default" "$ELFCAGE" compile --policy vsock.json --to bpf -o a.bpf
succeeds "--to left out" "$ELFCAGE" compile --policy vsock.json -o b.bpf
cmp -s a.bpf b.bpf && ok "the same program" || not_ok "the same program"

# The kernel keeps 01777 of a folder's mode: the bits that RestrictSUIDSGID= denies are none of them.
for setting in RestrictSUIDSGID DynamicUser; do
    printf '[Service]\n%s=yes\n' "$setting" >unit.service
    succeeds "$setting= to OCI" "$ELFCAGE" compile -q --policy unit.service --to oci -o unit.json
    is "$(action unit.service chmod 0 0x800) $(action unit.json chmod 0 0x800) $(action unit.json mkdir 0 0x800)" \
        "errno:EPERM errno:EPERM allow" "$setting=: what it denies"
done

# No words, no file.
cat >wide.json <<'P'
{"elfcage-policy":1,
"default":"errno:EPERM",
"rules":{
"socket":[{"if":[[0,64,"==",2]],"do":"allow"}]}}
P
fails 3 "wide.json:4:1[0-9]*: rule 1 of 'socket' compares bits 0xf+ of argument 0, of which the kernel consumes 0xffffffff: OCI JSON has no words for it" \
    "more bits than the kernel consumes" "$ELFCAGE" compile -q --policy wide.json --to oci -o no.json
fails 3 'a policy made by --audit .* leave --audit out' "--audit" "$ELFCAGE" compile --audit --policy vsock.json --to oci -o no.json
sed 's/"errno:EPERM"/"trap:5"/' wide.json >trap.json
fails 3 'the default action is a trap with data, for which OCI JSON has no words' "a trap with data" \
    "$ELFCAGE" compile -q --policy trap.json --to oci -o no.json
fails 2 '--to elf: it is "bpf" or "oci": see' "an unknown format" "$ELFCAGE" compile --policy vsock.json --to elf -o no.json
fails 2 '--to oci makes no program: leave --disassemble out' "no program to print" \
    "$ELFCAGE" compile --policy vsock.json --to oci --disassemble -o no.json
fails 2 '--to oci makes no program: leave --backend out' "nor to compile" \
    "$ELFCAGE" compile --policy vsock.json --to oci --backend elfcage -o no.json
# Elsewhere a denial of fcntl is one of fcntl64, where an allowance of fcntl says nothing.
sed 's/kill-process/allow/; s/"log"/"errno:EPERM"/' ordered.json >carried.json
fails 3 "carried.json:4:[0-9]+: rule [0-9] of 'fcntl' cannot be said in OCI JSON for the ABI i386, .*: for fcntl64\(.* the policy wants errno:[A-Z]*, the JSON would give allow" \
    "another meaning in another ABI" \
    "$ELFCAGE" compile --policy carried.json --to oci -o no.json
cat >masked.json <<'P'
{"elfcage-policy":1,
"default":"allow",
"rules":{
"ioctl":[{"if":[[1,32,">=",2147483647]],"do":"trap:0"},{"if":[[0,32,"<=",2147483648],[2,64,"&",255,100]],"do":"errno:EPERM"}]}}
P
for target in i386 x86_64; do
    fails 3 "masked.json:4:10: rule 1 of 'ioctl' cannot be said in OCI JSON for the ABI i386, .*: for ioctl\(.* of i386 the policy wants trap:0, the JSON would give (errno:EPERM|allow)" \
        "an order that is lost in i386, for $target" "$ELFCAGE" compile --policy masked.json --target "$target" --to oci -o no.json
done
is "$(ls no.json 2>&1 | grep -c 'No such')" 1 "no output file of any of them"

# What people have: each is converted, for each target, if it can be read at all.
policies=${SHARED_POLICIES:-/work/shared/policies}/oci
if [ -d "$policies" ]; then
    read_count=0
    lost=
    for file in "$policies"/*.json; do
        for target in x86_64 aarch64; do
            # shellcheck disable=SC2046 # the option of one of them
            set -- --policy "$file" --target "$target" $(case $file in *syscall_test1*) echo --compat and ;; esac)
            if "$ELFCAGE" compile -q "$@" -o read.bpf 2>/dev/null; then
                read_count=$((read_count + 1))
                "$ELFCAGE" compile -q "$@" --to oci -o profile.json 2>.err &&
                    "$ELFCAGE" compile -q --policy profile.json --target "$target" -o again.bpf 2>>.err ||
                    lost+="$target $file: $(head -n 1 .err)
"
            fi
        done
    done
    is "$lost" "" "every OCI profile that is read is written"
    holds "they are many ($read_count)" [ "$read_count" -ge 30 ]
else
    skip "every OCI profile that is read is written" "$policies is not there"
fi
finish
