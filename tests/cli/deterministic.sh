#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same input and policy give the same bytes: wherever, whenever and by whomever it is done.
. "$(dirname "$0")/lib.bash"
build program marker.c
build static marker.c -static
cat >policy.json <<'P'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": ["chown", "fchown", "ptrace"], "action": "SCMP_ACT_ERRNO" },
                { "names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
                  "args": [ { "index": 0, "value": 17, "op": "SCMP_CMP_EQ" } ] } ] }
P
cp "$ELFCAGE" elfcage
chmod 755 elfcage
for file in program static; do
    "$ELFCAGE" inject -q --policy policy.json -o "first-$file" "$file" || bail "inject fails"
    want=$(digest "first-$file")

    mkdir -p "other/folder with spaces"
    cp "$file" "other/folder with spaces/another-name"
    cp policy.json "other/p.json"
    touch -d '1999-12-31 23:59:59' "other/folder with spaces/another-name" other/p.json
    (cd other && "$ELFCAGE" inject -q --policy p.json -o x "folder with spaces/another-name")
    is "$(digest other/x)" "$want" "$file: other folder, names and times"
    (cd other && "$ELFCAGE" inject -q --policy - -i "folder with spaces/another-name" <p.json)
    is "$(digest "other/folder with spaces/another-name")" "$want" "$file: in place, policy from standard input"
    (umask 077 && "$ELFCAGE" inject -q --policy policy.json -o umask "$file")
    is "$(digest umask)" "$want" "$file: another umask"
    env TZ=Asia/Tokyo LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 HOME=/nonexistent TMPDIR=/nonexistent \
        SOURCE_DATE_EPOCH=1 HOSTNAME=other USER=other "$ELFCAGE" inject -q --policy policy.json -o environment "$file"
    is "$(digest environment)" "$want" "$file: another environment"
    env -i "$ELFCAGE" inject -q --policy policy.json -o empty "$file"
    is "$(digest empty)" "$want" "$file: an empty environment"
    setarch -R "$ELFCAGE" inject -q --policy policy.json -o norandom "$file"
    is "$(digest norandom)" "$want" "$file: another address space"
    same=yes
    for _ in 1 2 3 4 5 6 7 8; do
        "$ELFCAGE" inject -q --policy policy.json -o again "$file"
        [ "$(digest again)" = "$want" ] || same=no
    done
    is "$same" yes "$file: eight more times"
    if is_root; then
        mkdir -p nobody && chown 65534 nobody
        as_nobody ./elfcage inject -q --policy policy.json -o nobody/x "$file"
        is "$(digest nobody/x)" "$want" "$file: as another user"
    else
        skip "$file: as another user" "needs root"
    fi
    for word in "$WORK" "$(id -un)" "$(uname -n)" policy.json; do
        # Words of fewer than four letters occur by chance, and what the program itself says counts.
        if [ "${#word}" -ge 4 ] && ! grep -qaF "$word" "$file"; then
            holds "$file: no trace of $word" test "$(grep -caF "$word" "first-$file")" = 0
        fi
    done
done

# A policy that says the same in other words is the same policy.
cat >respelt.json <<'P'
{"syscalls":[{"args":[{"op":"SCMP_CMP_EQ","value":17,"index":0,"valueTwo":0}],"errnoRet":97,"action":"SCMP_ACT_ERRNO","name":"socket","comment":"x"},{"names":["ptrace"],"action":"SCMP_ACT_ERRNO","errnoRet":1},{"names":["fchown","chown"],"action":"SCMP_ACT_ERRNO"}],"defaultAction":"SCMP_ACT_ALLOW"}
P
"$ELFCAGE" inject -q --policy respelt.json -o respelt program
is "$(digest respelt)" "$(digest first-program)" "a policy in other words and order gives the same bytes"
"$ELFCAGE" inject -q --default allow --deny fchown,chown --deny ptrace -o one program
"$ELFCAGE" inject -q --default allow --deny ptrace:EPERM --deny chown,fchown:1 -o two program
is "$(digest one)" "$(digest two)" "inline rules in another order give the same bytes"
"$ELFCAGE" compile -q --policy policy.json -o one
"$ELFCAGE" compile -q --policy respelt.json -o two
is "$(digest one)" "$(digest two)" "and compile too"
finish
