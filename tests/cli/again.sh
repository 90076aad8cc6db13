#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Caging what is caged: the same policy changes nothing, another one is refused without --replace, and
# with it gives what a fresh injection gives. And back: remove.
. "$(dirname "$0")/lib.bash"
one=(--default allow --deny getpriority:ENOANO)
two=(--default allow --deny getpriority:EBADSLT --log ptrace --kill swapon)

build dynamic marker.c
build static marker.c -static
build no-pie marker.c -no-pie
build stripped marker.c -s
for kind in dynamic static no-pie stripped; do
    original=$(digest "$kind")
    cage "$kind-one" "$kind" "${one[@]}"
    cage "$kind-two" "$kind" "${two[@]}"
    first=$(digest "$kind-one") second=$(digest "$kind-two")
    isnt "$first" "$second" "$kind: two policies give two files"

    cp "$kind-one" file
    inode=$(stat -c '%i %y' file)
    run "$ELFCAGE" inject "${one[@]}" -i file
    is "$status $(digest file)" "0 $first" "$kind: the same policy again, in place: unchanged"
    is "$(stat -c '%i %y' file)" "$inode" "$kind: not even written anew"
    run "$ELFCAGE" inject "${one[@]}" -o copy file
    is "$status $(digest copy)" "0 $first" "$kind: the same policy again, to another file: the same bytes"
    run "$ELFCAGE" inject --replace "${one[@]}" -i file
    is "$status $(digest file)" "0 $first" "$kind: the same policy with --replace: unchanged"

    fails 2 'file: .*--replace' "$kind: another policy is refused" "$ELFCAGE" inject "${two[@]}" -i file
    is "$(digest file)" "$first" "$kind: and the file is as it was"
    fails 2 'file: .*--replace' "$kind: another policy to another file too" \
        "$ELFCAGE" inject "${two[@]}" -o none file
    holds "$kind: and there is no output" test ! -e none
    fails 2 '--replace' "$kind: the same rules with other options is another cage" \
        "$ELFCAGE" inject "${one[@]}" --on-load-failure warn -i file
    succeeds "$kind: --replace" "$ELFCAGE" inject -q --replace "${two[@]}" -i file
    is "$(digest file)" "$second" "$kind: --replace gives what a fresh injection gives"
    succeeds "$kind: --replace to another file" "$ELFCAGE" inject -q --replace "${one[@]}" -o other file
    is "$(digest other)" "$first" "$kind: that too"

    succeeds "$kind: remove" "$ELFCAGE" remove -o back file
    is "$(digest back)" "$original" "$kind: remove gives the original, byte for byte"
    succeeds "$kind: remove in place" "$ELFCAGE" remove -i other
    is "$(digest other)" "$original" "$kind: in place too"
    fails 4 'other: not caged' "$kind: what is not caged cannot be removed" "$ELFCAGE" remove -i other
    is "$(digest other)" "$original" "$kind: and stays as it is"
done

# A file that was changed since is refused with a reason, and left alone.
cp dynamic-one file
"$PYTHON" "$CLI/elf.py" xor file "$("$PYTHON" "$CLI/elf.py" payload file | awk '{ print $1 }')+8" 255
changed=$(digest file)
run "$ELFCAGE" remove -i file
is "$status $(wc -l <.err) $(digest file)" "4 1 $changed" "a payload that was changed: remove is refused"
like "$err" '^elfcage: file' "and says so"

# The same policy again is no reason to say "caged" of a file that has lost its hook.
for output in -i "-o out"; do
    "$PYTHON" "$CLI/elf.py" forge original-entry dynamic-one file
    changed=$(digest file)
    # shellcheck disable=SC2086 # words
    fails 4 'changed since.*the hook is gone' "inject $output: a cage without its hook is none" \
        "$ELFCAGE" inject "${one[@]}" $output file
    is "$(digest file) $(ls out 2>/dev/null)" "$changed " "inject $output: it stays as it is, nothing is written"
done

# --dry-run writes nothing, and needs no output.
mkdir dry
cp dynamic static dry
before=$(digest dry/dynamic)
run "$ELFCAGE" inject --dry-run "${one[@]}" dry/dynamic
is "$status $(digest dry/dynamic) $(ls -A dry | wc -l)" "0 $before 2" "--dry-run writes nothing"
like "$out" 'layout' "--dry-run says what it would do"
run "$ELFCAGE" inject --dry-run "${one[@]}" -o dry/out dry/dynamic
is "$status $(ls -A dry | wc -l)" "0 2" "--dry-run with -o writes nothing"
run "$ELFCAGE" inject --dry-run "${one[@]}" -i dry/dynamic
is "$status $(digest dry/dynamic)" "0 $before" "--dry-run with -i writes nothing"
fails 3 '(did you mean|chown)' "--dry-run checks the policy" \
    "$ELFCAGE" inject --dry-run --default allow --deny chwon dry/dynamic
finish
