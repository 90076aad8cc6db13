#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file may be called anything. Whatever is said of one with a newline, an escape sequence, or bytes that
# are no UTF-8 in its name (reports, -v, notes, errors) is as many lines as of any other, without a byte that a
# terminal obeys; and JSON is JSON.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir,mkdirat:ENOTUNIQ)
build plain tiny.c -nostdlib -static

# The names, and as what they are printed.
names=($'new\nline' $'escape\e[31mred' $'bell\a\r\b' $'latin\xe4' $'cut\xe2\x82' $'c1\xc2\x9b31m' $'over\xc0\xaf' 'quoted "\' $'\x7f' 'ä€😀')
printed=('new?line' 'escape?[31mred' 'bell???' 'latin?' 'cut??' 'c1??31m' 'over??' 'quoted "\' '?' 'ä€😀')

record='type=SECCOMP msg=audit(1.0:1): pid=1 comm="x" exe="/x" sig=0 arch=c000003e syscall=92 code=0x50001'

# clean TEXT FILE: whole lines, UTF-8, no control characters.
clean() {
    holds "$1" "$PYTHON" - "$2" <<'P'
import sys, unicodedata
text = open(sys.argv[1], "rb").read().decode("utf-8")
bad = [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
sys.exit(bool(bad) or (text != "" and not text.endswith("\n")))
P
}
# json_names FILE NAME...: are the values of "file" in the report, or in its "files", these names, with U+FFFD
# for each byte that is of no UTF-8?
json_names() {
    "$PYTHON" - "$@" <<'P'
import json, os, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
got = [entry["file"] for entry in report.get("files", [report]) if "error" not in entry]
wanted = ["".join("\ufffd" if "\udc80" <= c <= "\udcff" else c
                  for c in os.fsencode(name).decode("utf-8", "surrogateescape"))
          for name in sys.argv[2:]]
sys.exit(sorted(got) != sorted(wanted))
P
}

for i in "${!names[@]}"; do
    name=${names[i]}
    as=${printed[i]}
    cp plain "$name"
    run "$ELFCAGE" inject -v "${deny[@]}" -o "$name" plain
    is "$status $(grep -cF "$as: caged, layout " .out) $(wc -l <.out)$err" "0 1 1" "$as: inject -v, of the destination"
    clean "$as: inject -v is clean" .out
    run "$ELFCAGE" inject "${deny[@]}" -i "$name"
    is "$status $out$err" "0 elfcage: note: $as: caged with this policy already: unchanged" "$as: a note"
    run "$ELFCAGE" show "$name"
    is "$status $(head -n 1 .out | grep -cF "$as: caged by elfcage ")$err" "0 1" "$as: show"
    clean "$as: show is clean" .out
    run "$ELFCAGE" verify "$name"
    is "$status $out$err" "0 $as: caged, intact, filter proved" "$as: verify"
    for command in show verify; do
        run "$ELFCAGE" $command --json "$name"
        is "$status$err" 0 "$as: $command --json"
        holds "$as: $command --json is JSON, with the name" json_names .out "$name"
    done
    run "$ELFCAGE" lint --json "$name"
    holds "$as: lint --json is JSON" "$PYTHON" -m json.tool .out /dev/null
    run "$ELFCAGE" lint "$name"
    holds "$as: lint names it" grep -qF "$as: error: " .out
    clean "$as: lint is clean" .out
    fails 2 'use --replace' "$as: an error" "$ELFCAGE" inject --default allow --deny chown -o out "$name"
    clean "$as: an error is clean" .err
    run "$ELFCAGE" remove -v -i "$name"
    is "$status $out$err" "0 $as: cage removed, $(stat -c %s plain) bytes as before" "$as: remove -v"
    run "$ELFCAGE" inject -n "${deny[@]}" "$name"
    is "$status $(head -n 1 .out | grep -cF "$as: layout ")$err" "0 1" "$as: inject -n"
    clean "$as: inject -n is clean" .out
    run "$ELFCAGE" verify "$name"
    is "$status $out$err" "1 elfcage: $as: not caged" "$as: verify says no in one line"
    run "$ELFCAGE" verify --json "$name"
    holds "$as: and in JSON" json_names .out "$name"
    clean "$as: both are clean" .err
    # The name of a policy, too.
    printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chown"],"action":"SCMP_ACT_ERRNO"}]}' >"$name"
    run "$ELFCAGE" simulate --policy "$name" chown
    is "$status $(grep -cF "$as:1:" .out) $(wc -l <.out)" "0 1 1" "$as: simulate names the policy"
    clean "$as: simulate is clean" .out
    run "$ELFCAGE" simulate --json --policy "$name" chown
    holds "$as: simulate --json is JSON" "$PYTHON" -m json.tool .out /dev/null
    run "$ELFCAGE" explain --policy "$name" "$record"
    is "$status $(grep -cF " ($as:1:" .out) $(wc -l <.out)" "0 1 2" "$as: explain names the policy"
    clean "$as: explain is clean" .out
    run "$ELFCAGE" explain --json --policy "$name" "$record"
    holds "$as: explain --json is JSON" "$PYTHON" -m json.tool .out /dev/null
    rm -f "$name"
done

# A program that is run: the kernel knows it by the name of its file. So do the records that it makes.
build call call.c -static
cage caged-call call "${deny[@]}"
cp caged-call "${names[1]}"
run "$ELFCAGE" explain --run -- "./${names[1]}" 64 "$(number 64 mkdir)" $'@\e[32m/x' 0700
like "$err" 'elfcage: .*escape.*mkdir\(' "explain --run tells of a program with such a name"
clean "explain --run is clean" .err
rm -f "${names[1]}"

# Several files of one run, whose reports follow each other.
mkdir below
for name in "${names[@]}"; do
    cage "below/$name" plain "${deny[@]}"
done
cp plain below/none
run "$ELFCAGE" verify "${names[@]/#/below/}"
is "$status $(wc -l <.out)$err" "0 ${#names[@]}" "verify of all: a line for each"
run "$ELFCAGE" verify --json "${names[@]/#/below/}"
holds "verify --json of all: an object for each" "$PYTHON" - .out ${#names[@]} <<'P'
import json, sys
text, count = open(sys.argv[1], encoding="utf-8").read(), 0
while text.strip():
    value, end = json.JSONDecoder().raw_decode(text.lstrip())
    text, count = text.lstrip()[end:], count + 1
sys.exit(count != int(sys.argv[2]))
P

# show --recursive: each caged file once, in lines and in JSON; one that is damaged, too.
cp "below/${names[0]}" below/damaged
"$PYTHON" "$CLI/elf.py" xor below/damaged "$("$PYTHON" "$CLI/elf.py" payload below/damaged | awk '{ print $1 }')+16" 255
run "$ELFCAGE" show --recursive below
is "$status $(wc -l <.out)$err" "0 $((${#names[@]} + 1))" "show --recursive: a line for each"
clean "show --recursive is clean" .out
for as in "${printed[@]}"; do
    holds "show --recursive: $as" grep -qF "below/$as: hook entry, layout " .out
done
run "$ELFCAGE" show --recursive --json below
is "$status$err" 0 "show --recursive --json"
holds "show --recursive --json has the names" json_names .out "${names[@]/#/below/}"
holds "show --recursive --json: schema, and what is damaged" "$PYTHON" - <<'P'
import json
d = json.load(open(".out", encoding="utf-8"))
damaged = [f for f in d["files"] if "error" in f]
assert (d["elfcage-report"], d["schema"]) == ("list", 1), d
assert [f["file"] for f in damaged] == ["below/damaged"], damaged
assert all(len(f["identity"]) == 64 and f["layout"] and f["instructions"] for f in d["files"] if f not in damaged)
P
run "$ELFCAGE" show --recursive --json nothing/there
is "$status $(wc -l <.err)" "5 1" "of a folder that is not there: an error"
holds "and JSON that says nothing" "$PYTHON" -m json.tool .out /dev/null
for option in policy filter; do
    fails 2 "it takes no --$option" "--recursive --$option is a contradiction" "$ELFCAGE" show --recursive --$option below
done
finish
