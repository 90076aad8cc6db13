#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Units of systemd as policies: the file and its drop-ins, what is embedded, what simulate says of it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

cat >x.service <<'EOF'
[Unit]
Description=A service

[Service]
ExecStart=/usr/bin/x
SystemCallFilter=@system-service \
    # and what it needs besides
    mount
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictRealtime=yes
EOF
printf '[Service]\nSystemCallFilter=~@chown personality:ENOSYS\n' >drop.conf

says() { # WANT TEXT COMMAND...
    local want=$1 text=$2
    shift 2
    run "$ELFCAGE" "$@"
    like "$status $out$err" "$want" "$text"
}
unit=(simulate --target x86_64 --policy x.service)
says '^0 .*allow.*rule 1 of read by @system-service \(x\.service:6:18\)' "the set and the place of a rule" "${unit[@]}" read
says '^0 .*allow.*rule 1 of mount \(x\.service:8:5\)' "the physical line of a name" "${unit[@]}" mount
says '^0 .*errno:EPERM.*the default action' "what is not listed" "${unit[@]}" reboot
says '^0 .*errno:EPERM.*rule 1 of sched_setscheduler by RestrictRealtime= \(x\.service:11:18\)' \
    "another setting" "${unit[@]}" sched_setscheduler 0 1
says '^0 .*allow.*rule 1 of chown by @system-service' "without the drop-in" "${unit[@]}" chown
says '^0 .*errno:EPERM.*the default action' "a drop-in takes away" "${unit[@]}" --policy drop.conf chown
says '^0 .*errno:ENOSYS.*rule 1 of personality \(drop\.conf:2:26\)' "a drop-in has places of its own" \
    "${unit[@]}" --policy drop.conf personality
says '^0 .*errno:ENOSYS.*personality' "the format can be said" \
    "${unit[@]}" --format systemd --policy drop.conf personality
says '^0 .*errno:EPERM.*an ABI that the policy does not name' "other ABIs are refused" "${unit[@]}" --abi i386 read

build program call.c -static
succeeds "a unit can be embedded" "$ELFCAGE" inject -q --policy x.service -o caged program
succeeds "and verified" "$ELFCAGE" verify --policy x.service caged
run "$ELFCAGE" verify --policy x.service --policy drop.conf caged
is "$status" 1 "with a drop-in it is another policy"
"$ELFCAGE" show --policy caged >canonical.json
succeeds "what show prints of it is the same policy" "$ELFCAGE" verify --policy canonical.json caged

# As standard input, and as bare lines.
run "$ELFCAGE" compile -q --policy x.service --target x86_64 -o whole.bpf
sed -n '/^SystemCall/,$p' x.service | "$ELFCAGE" compile -q --policy - --target x86_64 -o bare.bpf
holds "bare lines are the same policy" cmp -s whole.bpf bare.bpf
printf 'SystemCallFilter=read exit\n' >bare
says "^0 .*note: bare: no SystemCallArchitectures=: what is listed is allowed to x86_64 code; other ABIs are refused" \
    "a note where ABIs are not named" compile --policy bare --target x86_64 -o out.bpf

printf '[Service]\nSystemCallFilter=~raed\n' >x.conf
fails 3 'x\.conf:2:19: unknown system call "raed": did you mean "read"\?' "a misspelt name" \
    "$ELFCAGE" compile --policy x.service --policy drop.conf --policy x.conf -o out.bpf
printf '[Service]\nUser=x\n' >plain.service
fails 3 'plain\.service: nothing in it limits system calls' "a unit without filters" \
    "$ELFCAGE" compile --policy plain.service -o out.bpf
fails 2 "x\.service: --default: a unit of systemd has a default action of its own" "a unit has its default" \
    "$ELFCAGE" compile --default allow --policy x.service -o out.bpf
finish
