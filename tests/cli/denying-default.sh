#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Under a default that denies, an ABI that the policy does not name is refused whole, and numbers
# newer than the policy get ENOSYS.
. "$(dirname "$0")/lib.bash"

# What a static program of glibc and musl needs to say something and end.
basic=write,writev,exit,exit_group,brk,arch_prctl,set_tid_address,set_robust_list,rseq
basic+=,prlimit64,readlink,readlinkat,getrandom,mprotect,mmap,munmap,fstat,newfstatat,getpid,set_thread_area
getpid32=$(number 32 getpid)
getpid64=$(number 64 getpid)

build call call.c -static -no-pie
is "$(./call 64 "$getpid64" -- 32 "$getpid32")" "ok
ok" "uncaged: getpid both ways"
cage caged ./call --default errno:ENOANO --allow "$basic"
is "$(./caged 64 "$getpid64")" ok "a named call of the native ABI works"
is "$(./caged 64 "$(number 64 getppid)")" ENOANO "a call that is not named has the default action"
run ./caged 32 "$getpid32"
isnt "$out" ok "int 0x80 is refused"
run ./caged 32 "$(number 32 socketcall)" 1 '[2,1,0]'
isnt "$out" ok "socketcall is refused"
run ./caged 64 "$((getpid64 | 0x40000000))"
isnt "$out" ok "x32 is refused"
is "$(./caged 64 100000)" ENOSYS "a number newer than the table is ENOSYS"
cage caged ./call --default errno:ENOANO --allow "$basic" --enosys-above none
is "$(./caged 64 100000)" ENOANO "--enosys-above none: it has the default action"
cage caged ./call --default errno:ENOANO --allow "$basic" --enosys-above profile
is "$(./caged 64 "$(number 64 faccessat2)" -- 64 "$(number 64 getppid)")" "ENOSYS
ENOANO" "--enosys-above profile: numbers above the highest named one are ENOSYS"

cage caged ./call --default kill-process --allow "$basic"
run bash -c "./caged 32 $getpid32 2>/dev/null"
is "$status" 159 "kill-process: int 0x80 kills"
run bash -c "./caged 64 $(number 64 getppid) 2>/dev/null"
is "$status" 159 "kill-process: a call that is not named kills"
is "$(./caged 64 100000)" ENOSYS "kill-process: a number newer than the table is ENOSYS all the same"

# A policy that names i386: its calls have the rules, x32 does not come in by that.
cat >both.json <<P
{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 55,
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [ { "names": ["$(sed 's/,/", "/g' <<<"$basic")"], "action": "SCMP_ACT_ALLOW" } ] }
P
cage caged ./call --policy both.json
is "$(./caged 64 "$getpid64" -- 32 "$getpid32" -- 32 "$(number 32 getppid)")" "ok
ok
ENOANO" "a policy that names i386: int 0x80 follows its rules"
run ./caged 64 "$((getpid64 | 0x40000000))"
isnt "$out" ok "and x32 stays refused"

if have_32bit; then
    build call32 call.c -m32 -static -no-pie
    cage caged ./call32 --default errno:ENOANO --allow "$basic"
    is "$(./caged 32 "$getpid32")" ok "32-bit program: a named call of its ABI works"
    run ./caged 64 "$getpid64"
    isnt "$out" ok "32-bit program: a 64-bit call by a far call is refused"
    is "$(./caged 32 100000)" ENOSYS "32-bit program: a number newer than the table is ENOSYS"
else
    skip "a 32-bit program" "this machine does not build or run -m32 programs"
fi
finish
