#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# show: what is inside, as text and as JSON, and nothing that identifies who made it, where or when.
. "$(dirname "$0")/lib.bash"
mkdir -p "private-folder-of-somebody"
build private-folder-of-somebody/program marker.c
cat >private-folder-of-somebody/customer.json <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["chown", "fchown"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55, "comment": "remark-of-somebody" },
                { "names": ["socket"], "action": "SCMP_ACT_ERRNO",
                  "args": [ { "index": 0, "value": 17, "op": "SCMP_CMP_EQ" } ] } ] }
P
cage caged private-folder-of-somebody/program --policy private-folder-of-somebody/customer.json
for options in "" --json --policy --filter "--filter --json"; do
    # shellcheck disable=SC2086 # words
    run "$ELFCAGE" show $options caged
    is "$status $err" "0 " "show $options: works"
    holds "show $options: says something" test -n "$out"
    unlike "$out" "private-folder|customer|remark-of|$WORK|20[0-9][0-9]-[01][0-9]|$(uname -n)\b" \
        "show $options: no paths, names, times"
done
holds "the file has none of them either" test "$(grep -acE 'private-folder|customer|remark-of' caged)" = 0

run "$ELFCAGE" show caged
for word in entry TSYNC chown fchown socket sha256 x86_64 i386 remove; do
    like "$out" "$word" "show names $word"
done
"$ELFCAGE" show --json caged >json
holds "show --json is JSON" "$PYTHON" -m json.tool json /dev/null
# field EXPRESSION: of the object d in file json.
field() {
    "$PYTHON" -c "import json; d = json.load(open('json')); print($1)"
}
is "$(field "type(d['schema']).__name__, d['schema'] >= 1")" "int True" "it has a schema version"
is "$(field "d['hook'], d['audit'], d['on-load-failure'], d['no-new-privs'], d['file']")" \
    "entry False fail True caged" "its members"
is "$(field "d['original-size']")" "$(stat -c %s private-folder-of-somebody/program)" "the original's size"
is "$(field "len(d['identity'])")" 64 "the identity"
for command in "verify --json caged" "simulate --json caged chown 1 2 3"; do
    # shellcheck disable=SC2086 # words
    "$ELFCAGE" $command >json
    holds "${command%% *} --json is JSON" "$PYTHON" -m json.tool json /dev/null
    is "$(field "type(d['schema']).__name__")" int "${command%% *} --json has a schema version"
done
is "$(field "d['action'], d['number']")" "errno:ENOANO 92" "simulate --json: action and number"
"$PYTHON" "$CLI/elf.py" xor caged "$("$PYTHON" "$CLI/elf.py" payload caged | awk '{ print $1 }')+200" 255
"$ELFCAGE" verify --json caged >json 2>.err
is "$?" 1 "verify --json of a changed file: status 1"
holds "and JSON" "$PYTHON" -m json.tool json /dev/null
is "$(field "d['passed'], len(d['reason']) > 10")" "False True" "with the reason"

# What show --policy prints is the same policy.
cage caged private-folder-of-somebody/program --policy private-folder-of-somebody/customer.json
"$ELFCAGE" show --policy caged >printed.json
cage again private-folder-of-somebody/program --policy printed.json
is "$(digest again)" "$(digest caged)" "show --policy prints a policy that gives the same cage"
run "$ELFCAGE" verify --policy printed.json caged
is "$status" 0 "verify takes it"
run "$ELFCAGE" verify --policy private-folder-of-somebody/customer.json caged
is "$status" 0 "verify takes the policy as it was written"
fails 1 'policy' "verify refuses another" "$ELFCAGE" verify --default allow --deny chown:ENOANO caged
fails 4 'not caged' "what is not caged has nothing to show" "$ELFCAGE" show private-folder-of-somebody/program
fails 1 'not caged' "and does not verify" "$ELFCAGE" verify private-folder-of-somebody/program

run "$ELFCAGE" show --recursive .
is "$status $(grep -c '^\./\(caged\|again\): ' .out) $(wc -l <.out)" "0 2 2" "show --recursive lists the caged files"
# Odd names do not break lines, or JSON.
odd=$(printf 'odd\nname "quoted" \\ \001')
cp caged "$odd"
"$ELFCAGE" show --json "$odd" >json
holds "an odd file name in JSON" "$PYTHON" -m json.tool json /dev/null
cp private-folder-of-somebody/program "$odd"
run "$ELFCAGE" show "$odd"
is "$status $(wc -l <.err)" "4 1" "an odd file name in an error: one line all the same"
finish
