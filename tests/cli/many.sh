#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many files in one run: the policy is compiled once, what is wrong with a file is told and the rest goes
# on, and the exit status is the highest among them.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority:ENOANO)
other=(--default allow --deny getpriority:ENOTUNIQ)
build program marker.c
build static marker.c -static
cage want program "${deny[@]}"
cage want-static static "${deny[@]}"
fresh() {
    rm -rf d && mkdir d && cp program d/one && cp static d/two && cp program d/three
}

fresh
succeeds "inject -i of three files" "$ELFCAGE" inject -q "${deny[@]}" -i d/one d/two d/three
is "$(digest d/one) $(digest d/two) $(digest d/three)" "$(digest want) $(digest want-static) $(digest want)" \
    "each is what it becomes alone"
run "$ELFCAGE" verify d/one d/two d/three
is "$status$err $(grep -c ': caged, intact, filter proved$' .out)" "0 3" "verify of three files: a line each"
run "$ELFCAGE" verify -q "${deny[@]}" d/one d/two d/three
is "$status$err$out" 0 "with a policy"
run "$ELFCAGE" verify --json d/one program d/three
is "$status $("$PYTHON" -c 'import json, sys
text, passed = sys.stdin.read().strip(), []
while text:
    result, end = json.JSONDecoder().raw_decode(text)
    passed.append(result["passed"])
    text = text[end:].lstrip()
print(passed)' <.out)" "1 [True, False, True]" "--json: an object for each"
succeeds "remove -i of three files" "$ELFCAGE" remove -i d/one d/two d/three
is "$(digest d/one) $(digest d/two) $(digest d/three)" "$(digest program) $(digest static) $(digest program)" \
    "gives the originals back"

# What cannot be done to one does not keep the others.
fresh
echo text >d/text
run "$ELFCAGE" inject "${deny[@]}" -i d/one d/text d/none d/three
is "$status $out$(cut -d: -f1-2 .err | cut -d@ -f1 | tr '\n' ' ')" "5 elfcage: d/text elfcage: d/none " \
    "one that is no ELF file, one that is not there: a line each, the highest status"
is "$(digest d/one) $(digest d/three)" "$(digest want) $(digest want)" "the others are caged"
is "$(ls -A d | tr '\n' ' ')" "one text three two " "nothing is left behind"
run "$ELFCAGE" inject "${deny[@]}" -i d/two d/text
is "$status $(wc -l <.err)" "4 1" "status 4 where that is the highest"
run "$ELFCAGE" remove -i d/two d/text d/one
is "$status $(wc -l <.err) $(digest d/one) $(digest d/two)" "4 1 $(digest program) $(digest static)" "remove goes on too"
run "$ELFCAGE" verify d/three d/one d/two
is "$status $(wc -l <.err) $(wc -l <.out)" "1 2 1" "verify goes on too, status 1"
run "$ELFCAGE" verify d/three d/one d/none
is "$status $(wc -l <.err)" "5 2" "verify of a file that is not there: 5"

# What is wrong with the command line or the policy is said once, and ends the run.
fresh
fails 3 'chwon' "a policy that is wrong: one line" "$ELFCAGE" inject --default allow --deny chwon -i d/one d/two d/three
fails 2 'OUT takes one FILE \(2 were given\)' "-o and two files" "$ELFCAGE" inject "${deny[@]}" -o d/out d/one d/two
fails 2 'OUT takes one FILE \(2 were given\)' "remove -o and two files" "$ELFCAGE" remove -o d/out d/one d/two
fails 2 'give a FILE' "no file" "$ELFCAGE" inject "${deny[@]}" -i
is "$(digest d/one) $(digest d/two) $(ls -A d | wc -l)" "$(digest program) $(digest static) 3" "none of them changed anything"
fails 5 '^elfcage: none.json: .*No such file' "a policy that is not there: one line" \
    "$ELFCAGE" inject --policy none.json -i d/one d/two
"$ELFCAGE" inject -q "${other[@]}" -i d/two
fails 2 'd/two: .*use --replace' "another policy in one of them: the rest goes on" \
    "$ELFCAGE" inject "${deny[@]}" -i d/two d/one
is "$(digest d/one)" "$(digest want)" "and is caged"
succeeds "with --replace, one caged already, one caged otherwise" \
    "$ELFCAGE" inject -q --replace "${deny[@]}" -i d/one d/two d/three
is "$(digest d/one) $(digest d/two) $(digest d/three)" "$(digest want) $(digest want-static) $(digest want)" \
    "each is what it becomes alone"
fresh
run "$ELFCAGE" inject --dry-run "${deny[@]}" d/one d/two
is "$status$err $(grep -c ': layout ' .out) $(digest d/one)" "0 2 $(digest program)" "--dry-run of two files"

# A note about the policy comes once, a policy from standard input serves all files of an architecture.
printf 'getpriority\n' >policy
fresh
"$ELFCAGE" inject -q --policy - --default kill-process -i d/one d/two d/three <policy 2>.err
is "$? $(cat .err)" "0 " "a policy from standard input, three files"
run "$ELFCAGE" verify -q --policy policy --default kill-process d/one d/two d/three
is "$status$err" 0 "each has it"
fails 2 'standard input cannot be read again' "verify of many files needs a policy in a file" \
    "$ELFCAGE" verify --policy - --default kill-process d/one d/two
if have_32bit; then
    build m32 marker.c -m32
    cage want-m32 m32 "${deny[@]}"
    fresh && cp m32 d/m32
    succeeds "two architectures in one run" "$ELFCAGE" inject -q "${deny[@]}" -i d/one d/m32 d/two
    is "$(digest d/one) $(digest d/m32) $(digest d/two)" "$(digest want) $(digest want-m32) $(digest want-static)" \
        "each is what it becomes alone"
    fresh && cp m32 d/m32
    "$ELFCAGE" inject -q --policy - --default kill-process -i d/one d/m32 d/two <policy 2>.err
    is "$? $(cat .err)" "2 elfcage: standard input was the policy for files of x86_64, and cannot be read again for those of i386: give the policy as a file" \
        "a policy from standard input serves one architecture"
else
    skip "two architectures" "cannot build or run programs of 32 bits"
fi

# Thousands.
mkdir t
for ((i = 0; i < 2000; i++)); do
    echo "t/$i"
done >names
xargs -n 1 cp program <names 2>/dev/null || bail "no 2000 files"
mapfile -t names <names
(
    ulimit -n 64 # descriptors are given back
    grep -qa __asan_init "$ELFCAGE" || ulimit -v 1000000 # and so is memory
    "$ELFCAGE" inject -q "${deny[@]}" -i "${names[@]}"
) 2>.err
is "$? $(cat .err)" "0 " "2000 files in one run"
is "$(cd t && sha256sum -- * | cut -d' ' -f1 | sort -u)" "$(digest want)" "are all caged"
is "$(ls -A t | wc -l)" 2000 "and nothing is left behind"
run "$ELFCAGE" verify -q "${names[@]}"
is "$status$err" 0 "verify of all"
run "$ELFCAGE" remove -i "${names[@]}"
is "$status$err $(cd t && sha256sum -- * | cut -d' ' -f1 | sort -u)" "0 $(digest program)" "remove of all"
finish
