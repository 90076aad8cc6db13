#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# explain on the real thing: programs that the running kernel kills, traps, logs and refuses; records
# from its log, statuses, and runs under ptrace.
. "$(dirname "$0")/lib.bash"
build call call.c
chown=$(number 64 chown)

# caged ACTION: ./ACTION, whose policy has ACTION for chown, with the flag LOG.
caged() {
    cat >"$1.json" <<P
{"elfcage-policy":1,
"default":"allow",
"flags":["LOG"],
"plain":{
"$2":["chown"]}}
P
    cage "$1" call --policy "$1.json"
}
caged killed-process kill-process
caged killed-thread kill-thread
caged trapped trap:0
caged logged log
caged refused errno:EACCES

# record PROGRAM: runs it and leaves its record in the file record: as it stands in the kernel's log, or,
# since the kernel limits how many it writes there, as it sends them to those that listen.
cat >listen.py <<'P'
import os, select, socket, subprocess, sys
exe = sys.argv[1]
try:
    audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)  # NETLINK_AUDIT
    audit.bind((0, 1))  # AUDIT_NLGRP_READLOG
except OSError:
    audit = None
subprocess.run([exe] + sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while audit and select.select([audit], [], [], 5)[0]:
    message = audit.recv(65536)
    text = message[16:].decode(errors="replace").rstrip("\0\n")
    if int.from_bytes(message[4:6], sys.byteorder) == 1326 and f'exe="{exe}"' in text:
        print("type=1326", text)
        break
P
record() {
    "$PYTHON" listen.py "$WORK/$1" 64 "$chown" @/nonexistent 1 1 >heard
    dmesg 2>/dev/null | grep -a "type=1326.*exe=\"$WORK/$1\"" | tail -n 1 >record
    [ -s record ] || cp heard record
    [ -s record ]
}
while read -r program outcome; do
    action=$(sed -n 's/^"\([a-z:A-Z0-9-]*\)":\["chown"\].*/\1/p' "$program.json")
    if ! record "$program" 2>/dev/null; then
        skip "$program: its record" "the kernel shows none: no audit, or not to this user"
    else
        run bash -c '"$0" explain -f "$1" <record' "$ELFCAGE" "$program"
        is "$status$err" 0 "$program: its record is explained"
        like "$out" "^chown \\($chown\\) of x86_64 by $program \\(pid [0-9]+, $WORK/$program\\): ${outcome//_/ }
  rule 1 of chown \\(recorded policy:5:[0-9]+\\): $action; to let it pass( unlogged)?: allow chown$" \
            "$program: what happened, which rule, what to allow"
        run "$ELFCAGE" explain --policy "$program.json" "$(cat record)"
        like "$out" "rule 1 of chown \\($program.json:5:[0-9]+\\): $action; " "$program: by its policy, as an argument"
    fi
    # Whatever the log says, a run shows it.
    run "$ELFCAGE" explain --run -- "./$program" 64 "$chown" @/nonexistent 1 1
    like "$err" "elfcage: $program\\[[0-9]+\\] chown\\(\"/nonexistent\", 1, 1\\): $action: rule 1 of chown \\(recorded policy:5:[0-9]+\\)" \
        "$program: --run shows the call when it is made"
    like "$err" "
chown \\($chown\\) of x86_64 by $program \\(pid [0-9]+, $WORK/$program\\): ${outcome//_/ }
  rule 1 of chown" "$program: and explains it"
    ran=$status
    run "./$program" 64 "$chown" @/nonexistent 1 1
    is "$ran" "$status" "$program: --run ends with the status of the command ($status)"
done <<'T' 2>/dev/null
killed-process the_process_was_killed
killed-thread the_thread_was_killed
trapped it_got_SIGSYS
logged it_was_let_pass_and_logged
refused it_was_refused
T

# The forms of a record, many at once: each is explained, those that are alike are counted.
cat >log <<'L'
[1.0] audit: type=1326 audit(1.1:1): uid=0 pid=5 comm="a" exe="/a" sig=31 arch=c000003e syscall=92 compat=0 ip=0x7f code=0x80000000
[1.0] usb 1-1: new device
type=SECCOMP msg=audit(1.1:2): pid=6 comm="a" exe="/a" sig=31 arch=c000003e syscall=92 compat=0 ip=0x7f code=0x80000000 ARCH=x86_64 SYSCALL=chown
host audit[7]: SECCOMP pid=7 comm="b" exe="/b" sig=0 arch=40000003 syscall=102 compat=0 ip=0x7f code=0x50000
type=1326 audit(1.1:3): pid=8 comm="c" exe="/c" sig=31 arch=c000003e syscall=1073741863 code=0x0
type=1326 audit(1.1:3): pid=9 comm="d" exe="/d" sig=31 arch=c000003e code=0x0
L
run bash -c '"$0" explain --default allow --kill chown --deny socket <log' "$ELFCAGE"
is "$status" 0 "a log of many lines"
is "$out" 'chown (92) of x86_64 by a (pid 5, /a): the process was killed; 2 times
  rule 1 of chown: kill-process; to let it pass: allow chown
socketcall (102) of i386 by b (pid 7, /b): it was refused
  rule 1 of socket: errno:EPERM; to let it pass: allow socket
system call 0x40000027 of x86_64 by c (pid 8, /c): the thread was killed
  the policy does not do that, it says errno:ENOSYS: another filter did' "each in two lines"
is "$err" 'elfcage: note: <standard input>:6: a record that is left out: it has no syscall=' "what is damaged is said"
run bash -c '"$0" explain -q <log' "$ELFCAGE"
like "$out" "^chown \\(92\\) of x86_64 by a \\(pid 5, /a\\): the process was killed; 2 times
  which rule says so: give the caged file \\(-f\\) or the policy; to let it pass: allow chown" "without a policy"
run bash -c '"$0" explain -q --json --default allow --kill chown --deny socket <log' "$ELFCAGE"
is "$("$PYTHON" -c 'import json; r=json.load(open(".out"))
print(r["elfcage-report"], r["schema"], [(e["name"], e["abi"], e["count"], e["allow"], [x["action"] for x in e["reasons"]]) for e in r["events"]])')" \
    "explain 1 [('chown', 'x86_64', 2, 'chown', ['kill-process']), ('socketcall', 'i386', 1, 'socket', ['errno:EPERM']), (None, 'x86_64', 1, None, [])]" \
    "--json says the same"

# The forms of journalctl in which a message is a field.
cat >json <<'P'
{"_TRANSPORT":"kernel","MESSAGE":"usb 1-1: new device","__REALTIME_TIMESTAMP":"1"}
{"_TRANSPORT":"kernel","MESSAGE":"audit: type=1326 audit(1.2:3): auid=1 uid=0 pid=5 comm=\"a\" exe=\"/a\" sig=31 arch=c000003e syscall=92 compat=0 ip=0x7f code=0x80000000","PRIORITY":"5"}
{"_AUDIT_TYPE":"1326","_TRANSPORT":"audit","MESSAGE":"SECCOMP auid=1 uid=0 pid=6 comm=\"b\" exe=\"/b\" sig=0 arch=40000003 syscall=102 compat=1 ip=0xf7 code=0x50000"}
{"_AUDIT_TYPE":"1326","_TRANSPORT":"audit","MESSAGE":null}
P
run bash -c '"$0" explain --default allow --kill chown --deny socket <json' "$ELFCAGE"
like "$out" "^chown \\(92\\) of x86_64 by a \\(pid 5, /a\\): the process was killed
.*
socketcall \\(102\\) of i386 by b \\(pid 6, /b\\): " "journalctl -o json"
like "$err" '^elfcage: note: <standard input>:4: a record that is left out: it has no MESSAGE that is a text: "journalctl --all" prints it$' \
    "journalctl -o json: a message that it left out"
fails 2 'the record cannot be explained: it has no code=' "a record in JSON as an argument" \
    "$ELFCAGE" explain '{"MESSAGE":"type=1326 syscall=1"}'

# Statuses, names, numbers.
for what in 159 SIGSYS 'killed by signal 31' 'Bad system call (core dumped)' 'status=31/SYS'; do
    like "$("$ELFCAGE" explain "$what")" '^SIGSYS \(signal 31, status 159 = 128 \+ 31\): a filter killed the program' "$what"
done
like "$("$ELFCAGE" explain --status 159)" '^SIGSYS' "--status 159"
like "$("$ELFCAGE" explain --status 126)" '^status 126: a caged program whose filter the kernel did not take' "--status 126"
like "$("$ELFCAGE" explain --status 1)" '^no status of a program that a filter killed' "--status 1"
like "$("$ELFCAGE" explain <<<'./server: line 3: 77 Bad system call ./server')" '^SIGSYS' "a shell's line"
is "$("$ELFCAGE" explain -f refused chown "$chown" fchown)" "chown ($chown) of x86_64
  rule 1 of chown (recorded policy:5:17): errno:EACCES; to let it pass: allow chown
fchown ($(number 64 fchown)) of x86_64
  the default action: allow" "a name and a number, which are one, and another"
is "$(printf 'getpid\n\nfchown\n' | "$ELFCAGE" explain --default errno --allow getpid)" "getpid (39) of x86_64
  rule 1 of getpid: allow
fchown (93) of x86_64
  the default action: errno:EPERM; to let it pass: allow fchown" "names from standard input"
like "$("$ELFCAGE" explain --default errno --allow getpid --abi i386 getpid)" \
    'an ABI that the policy does not name: errno:EPERM; to let it pass: name the ABI i386 in the policy' "another ABI"

# --amend.
cat >base.json <<'P'
{"elfcage-policy":1,
"default":"errno:EPERM",
"plain":{
"allow":["read"],
"kill-process":["chown"]},
"rules":{
"socket":[{"if":[[0,32,"==",1]],"do":"allow"},{"if":[[0,32,"==",17]],"do":"kill-process"}]}}
P
like "$("$ELFCAGE" explain --policy base.json --amend wider.json 'type=1326 arch=40000003 syscall=102 code=0x50000' 2>&1 >/dev/null)" \
    'note: socketcall \(102\) of i386 is not allowed: name the ABI in the policy: i386' "an ABI is not added"
succeeds "--amend" "$ELFCAGE" explain --policy base.json --amend wider.json chown socket getuid
for name in chown socket getuid read; do
    like "$("$ELFCAGE" simulate --policy wider.json "$name" 17)" ': allow: rule 1 of ' "$name is allowed now"
done
like "$("$ELFCAGE" simulate --policy wider.json getpid)" ': errno:EPERM: the default' "and nothing else is"
"$ELFCAGE" explain --policy base.json --amend - chown >amended 2>report
is "$(grep -c 'allow":\["chown","read"\]' amended) $(grep -c 'to let it pass' report)" "1 1" "--amend -: the policy on standard output, the report on standard error"

# A carried denial: what is denied is socket, by every way to it.
"$ELFCAGE" explain --default allow --deny socket --amend wider.json 'type=1326 arch=40000003 syscall=102 code=0x50000' >/dev/null
like "$("$ELFCAGE" simulate --policy wider.json --abi i386 socketcall 1)" ': allow' "a carried denial is lifted where it is made"

# --run: children, threads, exec, other filters; --exact.
cage both call --default allow --deny chown:EACCES --deny socket
run "$ELFCAGE" explain --run --amend wider.json --exact -- ./both 64 "$(number 64 socket)" 40 0x80001 0
is "$(grep -c 'socket(AF_VSOCK, ' .err)" 1 "arguments by name"
like "$("$ELFCAGE" simulate --policy wider.json socket 40 0x80001 0)" ': allow' "--exact: what was seen"
like "$("$ELFCAGE" simulate --policy wider.json socket 40 0x80002 0)" ': errno:EPERM' "--exact: nothing else"
run "$ELFCAGE" explain --run -- bash -c './both 64 "$0" @/nonexistent 1 1; ./refused 64 "$0" @/nonexistent 1 1; exit 7' "$chown"
is "$status" 7 "the status of a shell that runs both"
like "$err" "it was refused
  rule 1 of chown \\(recorded policy:[0-9]+:[0-9]+\\): errno:EACCES.*it was refused
  rule 1 of chown \\(recorded policy:5:17\\): errno:EACCES" "each by its own policy"
if build under under.c 2>/dev/null && "$ELFCAGE" compile -q --default allow --deny chown -o filter; then
    run "$ELFCAGE" explain --run -- ./under filter -- ./call 64 "$chown" @/nonexistent 1 1
    like "$err" 'a filter that elfcage did not make' "a filter without a policy"
    run "$ELFCAGE" explain --run --default allow --deny chown -- ./under filter -- ./call 64 "$chown" @/nonexistent 1 1
    like "$err" 'chown\(.*: errno:EPERM: rule 1 of chown' "the same with the policy it was made from"
fi
run "$ELFCAGE" explain --run -q -- ./refused 64 "$chown" @/nonexistent 1 1
is "$out$err" EACCES "-q: only what the command prints"
run "$ELFCAGE" explain --run --json -- ./killed-process 64 "$chown" @/nonexistent 1 1
is "$status $("$PYTHON" -c 'import json; e,=json.load(open(".out"))["events"]; print(e["action"], e["allow"])')" \
    "159 kill-process chown" "--run --json"
run "$ELFCAGE" explain --run -- ./both 64 "$(number 64 getpid)"
is "$status$err" 0 "nothing is refused: nothing is said"
run "$ELFCAGE" explain --run -- ./call 64 "$(number 64 getpid)"
is "$status$err" "0elfcage: note: no filter was loaded by ./call" "what is not caged has no filter: a note"
run "$ELFCAGE" explain --run -q -- ./call 64 "$(number 64 getpid)"
is "$status$err" 0 "-q: no note"

# What else stands in a log is passed over, words that are lines of their own too.
printf '%s\n' ---- 'time->Mon Jan  1 00:00:00 2024' 'type=SECCOMP msg=audit(1.1:1): pid=1 comm="x" sig=31 arch=c000003e syscall=59 code=0x50001' \
    ---- chwon $'\xff\xfe' 4294967296 >log
"$ELFCAGE" explain <log >.out 2>.err
like "$? $(cat .out)" '^0 execve \(59\) of x86_64 by x \(pid 1\): it was refused' "what ausearch puts between events"
like "$(cat .err)" 'note: <standard input>:5: a word that is passed over: chwon is not a system call of x86_64: did you mean "chown"' "a note of a word that may be a name"
is "$(wc -l <.err)" 2 "no more notes than that, and of the number"
run "$ELFCAGE" explain --abi mips <log
is "$status" 2 "an ABI that is none"

# Wrong input.
fails 1 'no record of a refused system call in the input' "nothing in the input" "$ELFCAGE" explain
fails 2 'chwon is not a system call of x86_64: did you mean "chown"\?' "a misspelt name" "$ELFCAGE" explain chwon
fails 2 'the record cannot be explained: it has no code=' "a record cut short" "$ELFCAGE" explain 'type=1326 arch=c000003e syscall=92'
fails 2 '--file and a policy: give one of them: see "elfcage explain --help"' "two policies" \
    "$ELFCAGE" explain -f refused --default allow chown
fails 2 '--amend needs a policy to change' "--amend without a policy" "$ELFCAGE" explain --amend out.json chown
"$ELFCAGE" explain --default errno --amend out.json chown >/dev/full 2>.err
is "$? $(cat .err)" "5 elfcage: standard output cannot be written" "--amend whose report cannot be written"
fails 2 '--exact goes with --run and --amend' "--exact alone" "$ELFCAGE" explain -f refused --exact --amend out.json chown
fails 2 '--run: give "-- COMMAND' "--run without a command" "$ELFCAGE" explain --run
fails 2 '--run sees status and ABI: leave --status out' "--run with a status" "$ELFCAGE" explain --run --status 1 -- true
fails 2 '--status 256: it is a number from 0 to 255' "no status" "$ELFCAGE" explain --status 256
fails 2 '--target goes with a policy' "--target with a file" "$ELFCAGE" explain -f refused --target aarch64 chown
fails 5 '/nonexistent: cannot be run: No such file' "no such command" "$ELFCAGE" explain --run -- /nonexistent
if unshare -m umount -l /proc 2>/dev/null; then
    run unshare -m sh -c 'umount -l /proc && exec "$0" explain --run -- ./call' "$ELFCAGE"
    [[ $err != *LeakSanitizer* ]] || status=5 # it misses /proc too
    like "$status $err" '^5 .*elfcage: --run: /proc cannot be read' "--run without /proc"
else
    skip "--run without /proc" "needs the right to unmount it"
fi
fails 4 'call: not caged' "a file that is not caged" "$ELFCAGE" explain -f call chown
is "$(ls out.json 2>/dev/null)" "" "no output file of any of them"
finish
