#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line: what is wrong with it is status 2, what the operating system refuses status 5, each
# one line; help and version on standard output.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny chown)
build program marker.c
before=$(digest program)
mkdir folder

fails 2 'output|-o' "neither -o nor -i" "$ELFCAGE" inject "${deny[@]}" program
fails 2 '-o|-i' "both -o and -i" "$ELFCAGE" inject "${deny[@]}" -o out -i program
fails 2 'policy' "no policy" "$ELFCAGE" inject -o out program
fails 2 'default' "rules without a default" "$ELFCAGE" inject --deny chown -o out program
fails 2 'policy|inline' "a policy and inline rules" "$ELFCAGE" inject --policy x "${deny[@]}" -o out program
fails 2 'bogus' "an unknown option" "$ELFCAGE" inject --bogus -o out program
fails 2 '-Z' "an unknown short option" "$ELFCAGE" inject -Z -o out program
fails 2 'value|argument' "an option without its value" "$ELFCAGE" inject program "${deny[@]}" -o
fails 2 'FILE' "no file" "$ELFCAGE" inject "${deny[@]}" -o out
fails 2 'FILE' "two files" "$ELFCAGE" inject "${deny[@]}" -o out program program
fails 2 'sometimes' "--nnp sometimes" "$ELFCAGE" inject "${deny[@]}" --nnp sometimes -o out program
fails 2 'maybe' "--on-load-failure maybe" "$ELFCAGE" inject "${deny[@]}" --on-load-failure maybe -o out program
fails 2 'gcc' "--backend gcc" "$ELFCAGE" inject "${deny[@]}" --backend gcc -o out program
fails 2 'exit' "--hook exit" "$ELFCAGE" inject "${deny[@]}" --hook exit -o out program
fails 2 'moon' "--enosys-above moon" "$ELFCAGE" inject "${deny[@]}" --enosys-above moon -o out program
fails 2 'or' "--compat or" "$ELFCAGE" inject --policy /dev/null --compat or -o out program
# Options that ask about another format are a mistake.
echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chown"],"action":"SCMP_ACT_ERRNO"}]}' >oci
echo 'SystemCallFilter=~chown' >systemd
echo 'read: 1' >minijail
echo '{"elfcage-policy":1,"default":"allow","rules":{}}' >elfcage
echo 'chown' >list
while read -r format option value text; do
    fails 2 "$format: $option.*: $text.*: leave the option out" "$format with $option $value" \
        "$ELFCAGE" compile --policy "$format" --format "$format" "$option" "$value" -o out
done <<'T'
systemd --caps CAP_KILL a unit of systemd does not depend on capabilities
minijail --caps CAP_KILL a policy of minijail does not depend on capabilities
elfcage --caps CAP_KILL a policy in elfcage's own form does not depend on capabilities
list --caps CAP_KILL a list of names does not depend on capabilities
systemd --min-kernel 5.0 a unit of systemd does not depend on the kernel's version
minijail --min-kernel 5.0 a policy of minijail does not depend on the kernel's version
minijail --compat and nobody reads a policy of minijail so
minijail --compat runc nobody reads a policy of minijail so
systemd --compat runc nobody reads a unit of systemd so
oci --compat minijail0 nobody reads OCI seccomp JSON so
oci --compat compile_seccomp_policy nobody reads OCI seccomp JSON so
oci --sets host OCI seccomp JSON names no sets of systemd
oci --sets pinned OCI seccomp JSON names no sets of systemd
minijail --sets host a policy of minijail names no sets of systemd
elfcage --sets host a policy in elfcage's own form names no sets of systemd
oci --include-dir . OCI seccomp JSON includes no files
systemd --include-dir . a unit of systemd includes no files
list --include-dir . a list of names includes no files
elfcage --include-dir . a policy in elfcage's own form includes no files
T
for option in '--caps CAP_KILL' '--min-kernel 5.0' '--compat and' '--format oci' '--include-dir .'; do
    # shellcheck disable=SC2086 # words
    fails 2 "${option%% *} goes with --policy" "inline rules with $option" "$ELFCAGE" compile "${deny[@]}" $option -o out
done
for caps in SYS_ADMIN 'CAP_KILL, CAP_BPF' CAP_KILL, ''; do
    fails 2 "^elfcage: --caps: unknown capability " "--caps '$caps'" "$ELFCAGE" compile --policy oci --caps "$caps" -o out
done
succeeds "OCI with its own" "$ELFCAGE" compile -q --policy oci --caps CAP_KILL --min-kernel 5.0 --compat and -o out
succeeds "minijail with its own" "$ELFCAGE" compile -q --policy minijail --compat minijail0 -o out
succeeds "minijail that might include" "$ELFCAGE" compile -q --policy minijail --include-dir . -o out
succeeds "a unit that might name a set" "$ELFCAGE" compile -q --policy systemd --sets pinned -o out
succeeds "a list that might name a set" "$ELFCAGE" compile -q --policy list --format list --default errno --sets host -o out
rm -f out oci systemd minijail elfcage list
fails 2 'deny' "--accept deny" "$ELFCAGE" verify --accept deny program
fails 2 . "verify without a file" "$ELFCAGE" verify
fails 2 . "show without a file" "$ELFCAGE" show
fails 2 . "remove without an output" "$ELFCAGE" remove program
fails 2 . "compile without an output" "$ELFCAGE" compile "${deny[@]}"
fails 2 'vax' "compile for an unknown target" "$ELFCAGE" compile "${deny[@]}" --target vax -o out
fails 2 . "simulate without a call" "$ELFCAGE" simulate "${deny[@]}"
fails 2 'chwon' "simulate of an unknown call" "$ELFCAGE" simulate "${deny[@]}" chwon
fails 2 'vax' "simulate with an unknown ABI" "$ELFCAGE" simulate "${deny[@]}" --abi vax chown
fails 2 'x' "simulate with an argument that is no number" "$ELFCAGE" simulate "${deny[@]}" chown x
fails 2 'argument' "simulate with seven arguments" "$ELFCAGE" simulate "${deny[@]}" chown 1 2 3 4 5 6 7
fails 2 'frobnicate' "an unknown command" "$ELFCAGE" frobnicate
fails 2 . "no command" "$ELFCAGE"
is "$(ls -A | grep -v '^\.' | tr '\n' ' ')" "folder program " "none of them wrote a file"

fails 5 '^elfcage: none: .*No such file' "a file that is not there" "$ELFCAGE" inject "${deny[@]}" -o out none
for command in "remove -o out" show verify; do
    # shellcheck disable=SC2086 # words
    fails 5 '^elfcage: none: .*No such file' "${command%% *}: a file that is not there" "$ELFCAGE" $command none
done
fails 5 '^elfcage: none/out: .*No such file' "output into a folder that is not there" \
    "$ELFCAGE" inject "${deny[@]}" -o none/out program
fails 5 '^elfcage: program/out: .*Not a directory' "output below a file" \
    "$ELFCAGE" inject "${deny[@]}" -o program/out program
run "$ELFCAGE" inject "${deny[@]}" -o folder program
is "$status $(wc -l <.err) $(ls -A folder)" "5 1 " "output onto a folder"
run "$ELFCAGE" inject "${deny[@]}" -o out folder
like "$status $(wc -l <.err)" '^[45] 1$' "a folder as input"
mkfifo fifo
for file in fifo /dev/null /dev/zero; do
    run timeout 20 "$ELFCAGE" inject "${deny[@]}" -o out "$file"
    is "$status $(wc -l <.err)" "4 1" "$file as input: not a regular file"
    run timeout 20 "$ELFCAGE" verify "$file"
    like "$status $(wc -l <.err)" '^[145] 1$' "$file as input of verify"
    run timeout 20 "$ELFCAGE" show "$file"
    like "$status $(wc -l <.err)" '^[45] 1$' "$file as input of show"
done
for file in fifo /dev/null; do
    run timeout 20 "$ELFCAGE" inject "${deny[@]}" -o "$file" program
    is "$status $(wc -l <.err)" "5 1" "$file as output: refused"
    holds "$file is what it was" test ! -f "$file"
done
run "$ELFCAGE" inject -q "${deny[@]}" -o /dev/full program
is "$status $(test -c /dev/full && echo device)" "5 device" "/dev/full as output: refused"
is "$(digest program)" "$before" "the input is as it was"

if is_root; then
    cp "$ELFCAGE" elfcage && chmod 755 elfcage
    cp program secret && chmod 600 secret
    fails 5 '^elfcage: secret: .*Permission denied' "an input that may not be read" \
        as_nobody ./elfcage inject "${deny[@]}" -o /tmp/out secret
    mkdir readonly && chmod 555 readonly && cp program readonly/program && chown -R 65534 readonly
    fails 5 'readonly/out: .*Permission denied' "output into a folder that may not be written" \
        as_nobody ./elfcage inject "${deny[@]}" -o readonly/out program
    fails 5 'readonly/program: .*Permission denied' "in place in a folder that may not be written" \
        as_nobody ./elfcage inject "${deny[@]}" -i readonly/program
    is "$(ls -A readonly) $(digest readonly/program)" "program $before" "and nothing happened there"
else
    skip "files that may not be read or written" "needs root"
fi

# The same file as input and output is an output like any other.
cp program same
run "$ELFCAGE" inject -q "${deny[@]}" -o same same
if [ "$status" -eq 0 ]; then
    run "$ELFCAGE" verify same
    is "$status" 0 "-o with the input's own name: a whole file"
else
    is "$status $(wc -l <.err) $(digest same)" "$status 1 $before" "-o with the input's own name: refused whole"
fi
# Options may follow the file; -- ends them.
cp program ./-odd
succeeds "options behind the file" "$ELFCAGE" inject program -q -o out "${deny[@]}"
succeeds "a file whose name begins with a dash" "$ELFCAGE" inject -q "${deny[@]}" -o out -- -odd
succeeds "an output whose name begins with a dash" "$ELFCAGE" inject -q "${deny[@]}" -o -out program

run "$ELFCAGE" --version
like "$status $out" '^0 elfcage [0-9]+\.[0-9]+' "--version"
run "$ELFCAGE" --help
is "$status $err" "0 " "--help"
for command in inject remove show verify compile simulate lint; do
    run "$ELFCAGE" --help
    like "$out" "$command" "--help names $command"
    run "$ELFCAGE" "$command" --help
    like "$status$err $out" "^0 .*usage: elfcage $command .*example.*  elfcage $command" "$command --help has usage and an example"
done
# A standard output that cannot be written is not a success.
cage caged program "${deny[@]}"
for command in "show caged" "show --json caged" "simulate caged read" "verify caged" "lint caged" "lint --sarif caged" --version --help; do
    # shellcheck disable=SC2086 # words
    "$ELFCAGE" $command >/dev/full 2>.err
    status=$?
    is "$status $(grep -c '^elfcage: ' .err)" "5 1" "$command on a full device: status 5"
done
finish
