#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A BPF program as it is: told by its content, checked as the kernel checks it, shown, simulated, put
# into a program, and never called proved where there is no policy to prove it by.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie
chown=$(number 64 chown)
rules=(--default allow --deny chown:ENOANO)
"$ELFCAGE" compile "${rules[@]}" -o filter || bail "compile"

# Read back.
succeeds "compile takes a BPF program" "$ELFCAGE" compile --policy filter -o same
cmp -s filter same && ok "and gives it back" || not_ok "and gives it back"
run bash -c '"$0" compile --policy - -o - <filter' "$ELFCAGE"
is "$status $(digest .out)" "0 $(digest filter)" "from standard input, to standard output"
is "$("$ELFCAGE" compile --policy filter --disassemble)" "$("$ELFCAGE" compile "${rules[@]}" --disassemble)" "disassembled"
for call in chown 'chown 1 2 3' getpid 'fchown 1' '--abi i386 chown' '--abi x32 read' '-- -1'; do
    # shellcheck disable=SC2086 # words
    is "$("$ELFCAGE" simulate --policy filter $call | sed 's/: the filter as it was given;/:/')" \
        "$("$ELFCAGE" simulate "${rules[@]}" $call | sed 's/\(: [a-zA-Z:]*\): .*;/\1:/')" "simulate $call: the same action"
done
like "$("$ELFCAGE" explain --policy filter chown)" 'the filter as it was given: errno:ENOANO' "explain: what happens"
if command -v bwrap >/dev/null && bwrap --bind / / true 2>/dev/null; then
    is "$(bwrap --bind / / --seccomp 9 ./call 64 "$chown" 1 0 0 9<same)" ENOANO "bwrap takes what was read and written again"
else
    skip "bwrap takes what was read and written again" "bwrap is not there or cannot run"
fi
if command -v minijail0 >/dev/null; then
    is "$(minijail0 --seccomp-bpf-binary "$PWD/same" -n ./call 64 "$chown" 1 0 0)" ENOANO "minijail0 takes it"
else
    skip "minijail0 takes it" "minijail0 is not there"
fi

# In a program.
run "$ELFCAGE" inject --policy filter -o raw call
is "$status $err" "0 elfcage: note: a filter as it was given, no policy recorded: not proved" "inject says that nothing is proved"
is "$(./raw 64 "$chown" 1 0 0)" ENOANO "the kernel holds it"
like "$("$ELFCAGE" show raw)" 'policy +none is recorded: the filter as it was given, not proved' "show says so"
is "$("$ELFCAGE" show --json raw | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["policy"])')" None "and show --json"
is "$("$ELFCAGE" show --filter raw | grep -cE '^ +[0-9]+  (ld|jeq|jgt|jge|jset|ja|and|ret) ')" "$(($(stat -c %s filter) / 8))" "show --filter prints it"
like "$("$ELFCAGE" simulate raw chown)" ': errno:ENOANO: the filter as it was given; ' "simulate looks into it"
fails 4 'raw: no policy is recorded in it: the filter was given as it is' "there is no policy to show" "$ELFCAGE" show --policy raw
fails 1 'raw: carries a filter as it was given, no policy is recorded, so that nothing is proved: --policy compares it, --accept unproved' \
    "verify does not let it pass" "$ELFCAGE" verify raw
fails 1 'raw: carries a filter as it was given' "nor with --accept audit" "$ELFCAGE" verify --accept audit raw
is "$("$ELFCAGE" verify --accept unproved raw)" "raw: caged, intact, no policy recorded: not proved" "--accept unproved"
is "$("$ELFCAGE" verify --policy filter raw)" "raw: caged, intact, filter as given, no policy recorded: not proved" "the same filter"
is "$("$ELFCAGE" verify "${rules[@]}" raw)" "raw: caged, intact, filter proved, policy as given" "a policy proves it"
is "$("$ELFCAGE" verify --json --policy filter raw | tr -d ' \n')" \
    '{"elfcage-report":"verify","schema":1,"file":"raw","passed":true,"proved":false}' "verify --json"
"$ELFCAGE" compile --default allow --deny chown -o other
fails 1 'raw: carries another filter than the one given' "another filter" "$ELFCAGE" verify --policy other raw
fails 1 'raw: the filter does not say what the policy says: for chown\(' "another policy" "$ELFCAGE" verify --default allow --deny chown raw
cage caged call "${rules[@]}"
is "$("$ELFCAGE" verify --policy filter caged)" "caged: caged, intact, filter proved, filter as given" "a cage with a policy, by its filter"
run "$ELFCAGE" inject --policy filter -o again raw
is "$status" 0 "the same again changes nothing"
cmp -s again raw && ok "not a byte" || not_ok "not a byte"
fails 2 'caged already, with another policy' "a policy is another thing, whatever the filter says" "$ELFCAGE" inject -q "${rules[@]}" -o no raw
succeeds "remove" "$ELFCAGE" remove -o back raw
cmp -s back call && ok "the original comes back" || not_ok "the original comes back"
# One bit of the filter: the payload's digest tells.
"$PYTHON" - raw filter <<'P'
import sys
whole = bytearray(open(sys.argv[1], "rb").read())
at = whole.find(open(sys.argv[2], "rb").read())
assert at > 0
whole[at + 4] ^= 1
open("flipped", "wb").write(whole)
P
fails 1 'flipped@0x[0-9a-f]+: the payload is damaged: its digest does not match' "a changed filter is found" "$ELFCAGE" verify --accept unproved flipped
fails 2 'raw: a filter as it was given says no policy that --amend could change' "nothing to amend" "$ELFCAGE" explain -q -f raw --amend no chown
fails 4 'raw: no policy is recorded in it' "nothing to lint" "$ELFCAGE" lint raw
fails 3 'filter: a BPF program, which says no policy: give the policy that it was made from' "nor here" "$ELFCAGE" lint --policy filter

# What it is not.
fails 2 'filter: a BPF program, which says no policy: leave --to oci out' "not to OCI" "$ELFCAGE" compile --policy filter --to oci -o no
for option in --audit --allow-nesting '--enosys-above none'; do
    # shellcheck disable=SC2086 # words
    fails 2 "filter: ${option%% *}: a BPF program is taken as it is: leave the option out" "not with $option" \
        "$ELFCAGE" inject --policy filter $option -o no call
done
fails 2 'filter: --caps: a BPF program does not depend on capabilities: leave the option out' "not with --caps" "$ELFCAGE" compile --policy filter --caps CAP_KILL -o no
fails 2 'filter: --sets: a BPF program names no sets of systemd: leave the option out' "not with --sets" "$ELFCAGE" compile --policy filter --sets host -o no
fails 2 'filter: --include-dir: a BPF program includes no files: leave the option out' "not with --include-dir" "$ELFCAGE" compile --policy filter --include-dir . -o no
fails 2 'filter: --default: a BPF program has a default action of its own' "not with --default" "$ELFCAGE" compile --policy filter --default allow -o no
fails 2 'other: a second policy file: a BPF program is one file' "not two" "$ELFCAGE" compile --policy filter --policy other -o no
head -c 12 filter >short
fails 3 'short: 12 bytes are no BPF program, whose instructions have 8 each: give it whole' "cut short" "$ELFCAGE" compile --policy short --format bpf -o no
{ printf '\050\0\0\0\0\0\0\0' && cat filter; } >opcode
fails 3 'opcode: instruction 0: opcode 0x28 is none that seccomp takes' "an opcode that seccomp does not take" "$ELFCAGE" inject --policy opcode -o no call
head -c $((8 * $(($(stat -c %s filter) / 8 - 1)))) filter >cut
fails 3 'cut: instruction [0-9]+: jump past the end of the program' "a jump past the end" "$ELFCAGE" compile --policy cut --format bpf -o no
for _ in $(seq 4097); do printf '\006\0\0\0\0\0\377\177'; done >long
fails 3 'long: the program has 4097 instructions, the kernel takes 4096' "too long" "$ELFCAGE" compile --policy long -o no
echo 'read: 1' >text
fails 3 'text: 8 bytes are no BPF program|text: instruction 0: opcode' "a text is none" "$ELFCAGE" compile --policy text --format bpf -o no
is "$(ls no 2>/dev/null)" "" "no output file of any of them"
finish
