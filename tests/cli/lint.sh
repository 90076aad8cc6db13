#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every finding of lint has a policy that it is found in, and one, as near to it as can be, that it is not
# found in. And: places, thresholds, the three forms of output, the manual's table, and what some findings
# claim of the kernel and of libc.
. "$(dirname "$0")/lib.bash"

declare -A fired=() silent=()
codes_of() {
    grep -o ': EC[0-9]*: ' | tr -d ': ' | sort -u | tr '\n' ' '
}
# fires CODE OPTION...: lint with these options finds CODE. quiet CODE OPTION...: it does not.
fires() {
    local code=$1
    shift
    run "$ELFCAGE" lint -q "$@"
    if [[ "$status" =~ ^[01]$ ]] && grep -q ": $code: " .out; then
        ok "$code: $*"
        fired[$code]=1
    else
        not_ok "$code: $*" "status $status, codes $(codes_of <.out)
$err"
    fi
}
quiet() {
    local code=$1
    shift
    run "$ELFCAGE" lint -q "$@"
    if [[ "$status" =~ ^[01]$ ]] && ! grep -q ": $code: " .out; then
        ok "no $code: $*"
        silent[$code]=1
    else
        not_ok "no $code: $*" "status $status
$out
$err"
    fi
}
# policy FILE DEFAULT MEMBERS: a policy in canonical form. allow: list of a program that needs little.
policy() {
    printf '{"elfcage-policy":1,\n"default":"%s",\n%s}\n' "$2" "$3" >"$1"
}
rules() { # FILE DEFAULT RULES
    policy "$1" "$2" "\"rules\":{
$3}"
}
base=exit,exit_group,rt_sigreturn
allow() { # LIST [OPTION...]: sets $with
    with=(--default errno --allow "$base${1:+,$1}" "${@:2}")
}

# Families.
fires EC101 --default allow --deny chown
like "$out" 'chown is denied, but fchown, lchown and fchownat are open and do the same' "it names them"
like "$out" 'deny fchown,lchown,fchownat too' "and the way out"
quiet EC101 --default allow --deny chown,fchown,lchown,fchownat
fires EC101 --default allow --kill fork,vfork
quiet EC101 --default allow --deny fork,vfork,clone,clone3
quiet EC101 --default allow --deny clone3:ENOSYS
fires EC101 --default allow --deny clone3
fires EC101 --default allow --deny unshare
rules unshare.json allow '"clone":[{"if":[[0,32,"&",268435456,268435456]],"do":"errno:EPERM"}],
"clone3":[{"do":"errno:ENOSYS"}],
"unshare":[{"do":"errno:EPERM"}]'
quiet EC101 --policy unshare.json
allow openat
quiet EC101 "${with[@]}"
fires EC101 "${with[@]}" --deny open
fires EC102 --default allow --deny ptrace
quiet EC102 --default allow --deny ptrace,process_vm_readv,process_vm_writev,pidfd_getfd
quiet EC102 --default allow --deny process_vm_writev
fires EC102 --default allow --deny open,openat,openat2,creat
quiet EC102 --default allow --deny open,openat,openat2,creat,open_by_handle_at
rules kill.json allow '"kill":[{"if":[[1,32,"==",9]],"do":"errno:EPERM"}]'
fires EC103 --policy kill.json
rules kills.json allow '"kill":[{"if":[[1,32,"==",9]],"do":"errno:EPERM"}],
"tkill":[{"if":[[1,32,"==",9]],"do":"errno:EPERM"}],
"tgkill":[{"if":[[2,32,"==",9]],"do":"errno:EPERM"}],
"rt_sigqueueinfo":[{"if":[[1,32,"==",9]],"do":"errno:EPERM"}],
"rt_tgsigqueueinfo":[{"if":[[2,32,"==",9]],"do":"errno:EPERM"}],
"pidfd_send_signal":[{"if":[[1,32,"==",9]],"do":"errno:EPERM"}]'
quiet EC103 --policy kills.json
rules clone.json allow '"clone":[{"if":[[0,32,"&",268435456,268435456]],"do":"errno:EPERM"}]'
fires EC104 --policy clone.json
like "$out" 'clone.json:4:10: error: EC104: .* clone3 .*
    give clone3 ENOSYS' "the place of the rule, and the way out"
quiet EC103 --policy clone.json
quiet EC104 --policy unshare.json
rules openat2.json errno:EPERM '"openat":[{"if":[[2,32,"&",3,0]],"do":"allow"}],
"openat2":[{"do":"allow"}]'
fires EC104 --policy openat2.json
allow open,read
fires EC105 "${with[@]}"
allow open,openat,read
quiet EC105 "${with[@]}"
allow clone
fires EC105 "${with[@]}"
quiet EC105 "${with[@]}" --deny clone3:ENOSYS
allow openat
fires EC106 "${with[@]}"
allow openat,open
quiet EC106 "${with[@]}"
quiet EC106 --default allow --deny open

# What stays open.
fires EC201 --default allow --deny connect
quiet EC201 --default allow --deny connect,io_uring_setup
quiet EC201 --default allow --deny reboot
allow io_uring_setup
fires EC202 "${with[@]}"
quiet EC201 "${with[@]}"
allow ''
quiet EC202 "${with[@]}"
allow execve
fires EC203 "${with[@]}"
fires EC204 "${with[@]}"
quiet EC204 "${with[@]}" --allow-nesting
allow ''
quiet EC203 "${with[@]}"
quiet EC204 "${with[@]}"
allow ptrace
fires EC205 "${with[@]}"
fires EC205 --default allow --deny ptrace,process_vm_writev
quiet EC205 --default allow --deny ptrace,process_vm_writev,pidfd_getfd
fires EC206 --default allow --deny chown
allow ''
quiet EC206 "${with[@]}"

# Actions.
fires EC301 --default kill-thread --allow "$base"
quiet EC301 --default kill-process --allow "$base"
policy zero.json allow '"plain":{"errno:0":["chown","lchown"]}'
fires EC302 --policy zero.json
is "$(grep -c ': EC302: ' .out)" 2 "each system call once"
policy one.json allow '"plain":{"errno:1":["chown"]}'
quiet EC302 --default allow --deny chown
fires EC303 --default log --deny chown
fires EC303 --default errno --allow "$base" --audit
quiet EC303 --default allow --log chown
policy trace.json allow '"plain":{"trace:1":["chown"]}'
fires EC304 --policy trace.json
quiet EC304 --policy zero.json
policy spec.json allow '"flags":["SPEC_ALLOW"],
"plain":{"errno:EPERM":["chown"]}'
fires EC305 --policy spec.json
policy log.json allow '"flags":["LOG"],
"plain":{"errno:EPERM":["chown"]}'
quiet EC305 --policy log.json
fires EC306 --default errno --allow exit,rt_sigreturn
fires EC306 --default allow --deny exit_group
quiet EC306 --default errno --allow exit_group
fires EC307 --default errno --allow exit_group
quiet EC307 --default errno --allow rt_sigreturn
fires EC308 --default kill-process --allow "$base"
fires EC308 --default trap --allow "$base,rseq"
quiet EC308 --default kill-process --allow "$base" --deny rseq,set_robust_list,getrandom:ENOSYS
quiet EC308 --default errno --allow "$base"

# Rules.
rules never.json errno:EPERM '"kill":[{"if":[[1,32,"<",3],[1,32,">",7]],"do":"allow"}]'
fires EC401 --policy never.json
like "$out" 'never.json:4:9: error: EC401' "the place of the rule"
rules holds.json errno:EPERM '"kill":[{"if":[[1,32,">",3],[1,32,"<",7]],"do":"allow"}]'
quiet EC401 --policy holds.json
rules always.json errno:EPERM '"kill":[{"if":[[0,32,">=",0]],"do":"allow"}]'
fires EC402 --policy always.json
quiet EC402 --policy holds.json
# Two rules that only together cover the third.
rules covered.json errno:EPERM '"kill":[
{"if":[[1,32,"<",9]],"do":"allow"},
{"if":[[1,32,"==",9]],"do":"log"},
{"if":[[1,32,"<=",9],[0,32,"==",1]],"do":"errno:EINVAL"}]'
fires EC403 --policy covered.json
like "$out" 'covered.json:7:1: warning: EC403: rule 3 of kill' "the place of the rule"
rules reached.json errno:EPERM '"kill":[
{"if":[[1,32,"<",9]],"do":"allow"},
{"if":[[1,32,">",9]],"do":"log"},
{"if":[[1,32,"<=",9],[0,32,"==",1]],"do":"errno:EINVAL"}]'
quiet EC403 --policy reached.json
quiet EC404 --policy reached.json
rules masked.json errno:EPERM '"kill":[
{"if":[[1,32,"&",1,0]],"do":"allow"},
{"if":[[1,32,"==",6]],"do":"allow"}]'
fires EC404 --policy masked.json
quiet EC403 --policy masked.json
rules strict.json errno:EPERM '"kill":[
{"if":[[1,32,">",6]],"do":"errno:EINVAL"},
{"if":[[1,32,"==",9]],"do":"allow"}]'
fires EC404 --policy strict.json
quiet EC403 --policy strict.json
rules overlap.json errno:EPERM '"kill":[
{"if":[[1,32,"==",9]],"do":"errno:EINVAL"},
{"if":[[0,32,"==",1]],"do":"allow"}]'
fires EC405 --policy overlap.json
rules exception.json errno:EPERM '"kill":[
{"if":[[1,32,"==",9],[0,32,"==",1]],"do":"errno:EINVAL"},
{"if":[[0,32,"==",1]],"do":"allow"}]'
quiet EC405 --policy exception.json
quiet EC405 --policy strict.json
rules raw.json allow '"socket":[{"if":[[1,32,"==",3]],"do":"errno:EPERM"}]'
fires EC406 --policy raw.json
quiet EC407 --policy raw.json
rules raw-masked.json allow '"socket":[{"if":[[1,32,"&",15,3]],"do":"errno:EPERM"}]'
quiet EC406 --policy raw-masked.json
quiet EC406 --policy kill.json
rules not.json errno:EPERM '"mprotect":[{"if":[[2,64,"!=",7]],"do":"allow"}]'
fires EC406 --policy not.json
rules stream.json errno:EPERM '"socket":[{"if":[[1,32,"==",1]],"do":"allow"}]'
fires EC407 --policy stream.json
quiet EC406 --policy stream.json
rules stream-masked.json errno:EPERM '"socket":[{"if":[[1,32,"&",15,1]],"do":"allow"}]'
quiet EC407 --policy stream-masked.json

# ABIs and names.
policy both.json errno:EPERM '"abis":["i386","x86_64"],
"plain":{"allow":["exit_group","read","socketcall"]}'
policy native.json errno:EPERM '"abis":["x86_64"],
"plain":{"allow":["exit_group","read","socketcall"]}'
fires EC501 --target x86_64 --policy both.json
fires EC502 --target x86_64 --policy both.json
like "$out" 'socketcall of the i386 ABI is open' "it names the way"
fires EC501 --target x86_64 --default allow --deny chown
quiet EC501 --target x86_64 --policy native.json
quiet EC502 --target x86_64 --policy native.json
quiet EC502 --target x86_64 --default allow --deny socket,socketpair
fires EC503 --target x86_64 --default allow --deny umount
like "$out" 'umount is denied, but the x86_64 ABI has no such call: umount2 is open' "it names the one that is open"
quiet EC503 --target x86_64 --default allow --deny umount,umount2
fires EC503 --target aarch64 --default allow --deny chown
quiet EC503 --target aarch64 --default allow --deny chown,fchown,fchownat
quiet EC503 --target x86_64 --default allow --deny chown
fires EC504 --target aarch64 --default errno --allow "$base,arch_prctl"
quiet EC504 --target x86_64 --default errno --allow "$base,arch_prctl"
quiet EC504 --target x86_64 --default errno --allow systemd:@system-service
policy void.json errno:EPERM '"abis":["i386","x86_64"],
"rules":{
"mmap":[{"if":[[2,32,"==",1]],"do":"allow"}]}'
fires EC505 --target x86_64 --policy void.json
quiet EC505 --target x86_64 --policy both.json
allow ''
fires EC506 "${with[@]}" --enosys-above none
quiet EC506 "${with[@]}"

# Programs.
build static marker.c -static
build dynamic marker.c
deny=(--default allow --deny chown)
fires EC601 "${deny[@]}" dynamic
like "$out" 'dynamic: note: EC601: .*libc\.so\.6 \([0-9]' "the place is the program; its libraries are named"
quiet EC601 "${deny[@]}" static
cat >libraries.c <<'C'
int from_library(void) { return 0; }
__attribute__((constructor)) static void one(void) {}
__attribute__((constructor)) static void two(void) {}
C
mkdir -p own && gcc -shared -fPIC -o own/libown.so libraries.c || bail "gcc -shared"
echo 'int from_library(void); int main(void) { return from_library(); }' >main.c
# shellcheck disable=SC2016 # for ld.so
gcc -o own-user main.c -Lown -lown '-Wl,-rpath,$ORIGIN/own' || bail "gcc"
fires EC601 "${deny[@]}" own-user
like "$out" 'libown\.so \([23]\)' "a library beside the program (RUNPATH) and its constructors"
mv own elsewhere
fires EC601 "${deny[@]}" own-user
like "$out" 'not found here: libown\.so' "one that is not there is said to be missing"
cat >preinit.c <<'C'
static void first(void) {}
__attribute__((section(".preinit_array"), used)) static void (*hook)(void) = first;
int main(void) { return 0; }
C
gcc -o preinit preinit.c || bail "gcc"
fires EC602 "${deny[@]}" preinit
quiet EC602 "${deny[@]}" dynamic
cp static setuid && chmod u+s setuid
fires EC603 "${deny[@]}" setuid
quiet EC603 "${deny[@]}" static
if is_root && setcap cap_net_raw+ep dynamic 2>/dev/null; then
    fires EC603 "${deny[@]}" dynamic
    setcap -r dynamic
else
    skip "file capabilities" "setcap is not there, or may not"
fi
cat >loads.c <<'C'
#include <dlfcn.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    if (argc > 2) {
        return execv("/proc/self/exe", argv + 1);
    }
    return argc > 1 && dlopen(argv[1], RTLD_NOW);
}
C
gcc -o loads loads.c -ldl || bail "gcc"
fires EC604 "${deny[@]}" loads
quiet EC604 "${deny[@]}" dynamic
fires EC605 "${deny[@]}" loads
quiet EC605 "${deny[@]}" dynamic
fires EC606 --default allow --deny execve,execveat loads
quiet EC606 "${deny[@]}" loads
quiet EC605 --default allow --deny execve,execveat loads
gcc -s -Wl,-z,now -no-pie -o loads-now loads.c -ldl || bail "gcc"
fires EC604 "${deny[@]}" loads-now
cage caged static "${deny[@]}"
fires EC607 --default allow --deny lchown caged
quiet EC607 "${deny[@]}" caged
fires EC101 caged
like "$out" $'\ncaged: error: EC101' "a caged program alone: its own policy"
cage warns static "${deny[@]}" --on-load-failure warn
fires EC608 warns
quiet EC608 caged

# Go: what EC609 says, tried on a program.
go_calls="mmap futex clone rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack arch_prctl exit_group"
if command -v go >/dev/null && [ "$(uname -m)" = x86_64 ]; then
    cat >go.go <<'G'
package main

import (
	"fmt"
	"os"
	"os/signal"
)

func main() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	p, _ := os.FindProcess(os.Getpid())
	p.Signal(os.Interrupt)
	<-c
	fmt.Println("done")
}
G
    GOCACHE=${GOCACHE:-$WORK/go-cache} GOPROXY=off GOFLAGS=-buildvcs=false CGO_ENABLED=0 go build -o go-program go.go ||
        bail "go build"
    fires EC609 --default allow --deny "${go_calls// /,}" go-program
    for call in $go_calls; do
        like "$out" "cannot do without.*$call" "EC609 names $call"
        cage go-caged go-program --default allow --deny "$call"
        { timeout 5 ./go-caged >.program 2>&1; } 2>/dev/null
        isnt "$?" 0 "and without $call, the program fails"
    done
    quiet EC609 --default allow --deny chown go-program
    cage go-caged go-program --default allow --deny chown
    is "$(./go-caged)" done "which it does not without chown"
    quiet EC609 --default allow --deny futex static
else
    for code in EC609; do
        skip "$code" "Go is not installed, or this is no x86-64"
        fired[$code]=1 silent[$code]=1
    done
fi

# What EC308 says, tried: glibc does without, if the calls only fail.
cat >allocates.c <<'C'
#include <stdlib.h>
#include <stdio.h>
int main(void) { puts(malloc(100000) ? "runs" : ""); return 0; }
C
gcc -static -o allocates allocates.c || bail "gcc"
cage probed allocates --default allow --deny rseq,set_robust_list,getrandom:ENOSYS
is "$(./probed)" runs "rseq, set_robust_list and getrandom give ENOSYS: a program runs"
for call in rseq set_robust_list; do
    cage probed allocates --default allow --kill "$call"
    is "$(./probed 2>/dev/null; true)" "" "they kill: it does not get to main ($call)"
done

# Complete: every check of the table was found, and was not found, above; the manual lists them.
run "$ELFCAGE" lint -q --sarif --default allow
cp .out rules.sarif
table=$($PYTHON - <<'P'
import json
for rule in json.load(open("rules.sarif"))["runs"][0]["tool"]["driver"]["rules"]:
    print(rule["id"], rule["defaultConfiguration"]["level"], rule["shortDescription"]["text"])
P
)
codes=$(cut -d' ' -f1 <<<"$table")
isnt "$codes" "" "there is a table of checks"
is "$(printf '%s\n' "${!fired[@]}" | sort)" "$codes" "every code was found in something"
is "$(printf '%s\n' "${!silent[@]}" | sort)" "$codes" "every code was missing in something"
is "$(sed -n '/^\.It EC[0-9]/{N;s/^\.It //;s/\.$//;s/\n/ /;p}' "$CLI/../../doc/elfcage.1")" "$table" \
    "the manual has the same codes, severities and titles"

# Thresholds and status.
allow openat
run "$ELFCAGE" lint -q "${with[@]}"
is "$status $err" "0 " "notes only: status 0"
fails_with() { # STATUS-AND-STDERR-REGEX TEXT COMMAND...
    run "${@:3}"
    like "$status $err" "$1" "$2"
}
fails_with '^1 elfcage: 1 finding of severity note or higher: .*--threshold$' "--threshold note" \
    "$ELFCAGE" lint "${with[@]}" --threshold note
fails_with '^1 elfcage: 1 finding' "a warning: status 1" "$ELFCAGE" lint --default errno --allow exit,exit_group
fails_with '^0 $' "--threshold error" "$ELFCAGE" lint --default errno --allow exit,exit_group --threshold error
fails_with '^1 elfcage: [0-9]+ finding.* of severity error' "an error" \
    "$ELFCAGE" lint "${deny[@]}" --threshold error
fails 3 'chwon.*did you mean "chown"' "a name that is not known" "$ELFCAGE" lint --default allow --deny chwon
echo '{ "defaultAction": 1 }' >broken.json
fails 3 '^elfcage: broken.json:1:' "a policy that cannot be read" "$ELFCAGE" lint --policy broken.json
fails 2 'threshold' "a threshold that is none" "$ELFCAGE" lint "${deny[@]}" --threshold fatal
fails 2 'json' "two forms" "$ELFCAGE" lint "${deny[@]}" --json --sarif
fails 2 'BINARY' "a target and a program" "$ELFCAGE" lint "${deny[@]}" --target i386 static
fails 2 'not caged' "a program without a policy" "$ELFCAGE" lint static
fails 2 'policy' "nothing" "$ELFCAGE" lint
fails 4 'broken.json.*not an ELF file' "no program" "$ELFCAGE" lint "${deny[@]}" broken.json
fails 5 'none' "a program that is not there" "$ELFCAGE" lint "${deny[@]}" none

# Text: two lines a finding, the second indented.
run "$ELFCAGE" lint -q "${deny[@]}" dynamic
is "$(awk 'NR % 2 == 1 && !/^[^ ].*: (note|warning|error): EC[0-9]+: ./ || NR % 2 == 0 && !/^    [^ ]/' .out)" "" \
    "two lines a finding"
is "$("$ELFCAGE" lint -q "${deny[@]}" dynamic 2>/dev/null | digest /dev/stdin)" "$(digest .out)" "the same twice"

# JSON and SARIF.
mkdir 'a folder'
cp raw.json 'a folder/ü.json'
for form in json sarif; do
    "$ELFCAGE" lint -q "--$form" --policy 'a folder/ü.json' dynamic >"one.$form" 2>.err
    is "$?" 1 "--$form: status 1 all the same"
    "$ELFCAGE" lint -q "--$form" --default allow caged >"two.$form" 2>.err
    "$ELFCAGE" lint -q "--$form" --default errno --allow exit,exit_group,rt_sigreturn >"three.$form" 2>.err
    is "$?" 0 "--$form: status 0 without findings"
done
problems=$($PYTHON - <<'P' 2>&1
import json, urllib.parse

def check(condition, text):
    if not condition:
        print(text)

for name in "one", "two", "three":
    report = json.load(open(name + ".json"))
    check(report["elfcage-report"] == "lint" and report["schema"] == 1, "head of the report")
    check(set(report["counts"]) == {"note", "warning", "error"}, "counts")
    check(sum(report["counts"].values()) == len(report["findings"]), "sum of counts")
    for finding in report["findings"]:
        check(finding["severity"] in ("note", "warning", "error"), "severity")
        check({"code", "title", "text", "way-out", "file"} <= set(finding), "members of a finding")

    # SARIF 2.1.0: what the standard requires, and the types of what we write.
    log = json.load(open(name + ".sarif"))
    check(log["version"] == "2.1.0", "version")
    check(log["$schema"].endswith("sarif-2.1.0.json"), "$schema")
    check(len(log["runs"]) == 1, "runs")
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    check(driver["name"] == "elfcage" and isinstance(driver["version"], str), "driver")
    check(run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints"), "columnKind")
    ids = [rule["id"] for rule in driver["rules"]]
    check(len(set(ids)) == len(ids), "ids are unique")
    for rule in driver["rules"]:
        for key in "shortDescription", "fullDescription", "help":
            check(rule[key]["text"], key)
        check(rule["defaultConfiguration"]["level"] in ("note", "warning", "error"), "level")
        check("helpUri" not in rule, "helpUri")
    check(len(run["results"]) == len(report["findings"]), "as many results as findings")
    for result, finding in zip(run["results"], report["findings"]):
        check(driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding["code"], "ruleIndex")
        check(result["level"] == finding["severity"], "level of a result")
        check(finding["text"] in result["message"]["text"], "message")
        check(len(result["locations"]) == (finding["file"] is not None), "locations")
        for location in result["locations"]:
            physical = location["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            check(urllib.parse.unquote(uri) == finding["file"], "uri")
            check(uri.isascii() and " " not in uri, "uri is escaped")
            check(("region" in physical) == ("line" in finding), "region")
            if "region" in physical:
                check(physical["region"]["startLine"] == finding["line"] >= 1, "startLine")
                check(physical["region"]["startColumn"] == finding["column"] >= 1, "startColumn")

one = json.load(open("one.json"))["findings"]
flagged = [f for f in one if f["code"] == "EC406"]
check(len(flagged) == 1 and flagged[0]["file"] == "a folder/ü.json", "file of a rule")
check(flagged and (flagged[0]["line"], flagged[0]["column"]) == (4, 11), "line and column of a rule")
check(any(f["file"] == "dynamic" and "line" not in f for f in one), "findings about the program")
check(json.load(open("three.json"))["findings"] == [], "nothing found")
P
)
is "$problems" "" "JSON and SARIF are what they should be"

# Real policies: each that is read is looked at, without a crash, and by the sanitizers without a word.
if [ -d "${ELFCAGE_POLICIES:-}/oci" ]; then
    looked_at=0
    for file in "$ELFCAGE_POLICIES"/oci/*.json; do
        run "$ELFCAGE" lint -q --compat runc --policy "$file"
        case $status in
        0 | 1)
            looked_at=$((looked_at + 1))
            ! grep -qv '^elfcage: [0-9]* finding' .err || not_ok "${file##*/}" "$err"
            ;;
        3) ;;
        *) not_ok "${file##*/}" "status $status: $err" ;;
        esac
    done
    holds "real OCI profiles were looked at ($looked_at)" test "$looked_at" -ge 15
else
    skip "real OCI profiles" "ELFCAGE_POLICIES names no folder of policies"
fi
finish
