#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The test programs themselves: each tells a system call that is refused from one that is not, under
# filters written by hand. Without that, "denied" in the other scripts would mean nothing.
. "$(dirname "$0")/lib.bash"

build under under.c
build call call.c -static -no-pie
build contexts contexts.c -pthread
build chain chain.c
build marker marker.c

is "$(./call 64 39)" ok "call: getpid by syscall"
is "$(./call 32 20)" ok "call: getpid by int 0x80"
is "$(./call 32 102 1 '[2,1,0]')" ok "call: a socket by socketcall"
is "$(./call 32 90 '[0,4096,3,0x22,-1,0]')" ok "call: memory by the old mmap"
is "$(./call 64 2 @/etc/passwd 0 -- 64 2 @/nonexistent 0)" "ok
ENOENT" "call: strings reach the kernel, two calls"
is "$(./under 39=55 -- ./call 64 39 -- 32 20)" "ENOANO
ok" "call: a filter on the x86-64 number stops that call only"
is "$(./under 20=55 102=55 -- ./call 32 20 -- 32 102 1 '[2,1,0]' -- 64 39)" "ENOANO
ENOANO
ok" "call: a filter on the i386 numbers stops those"
is "$(./under 41=55 -- ./call 64 41 2 1 0 -- 64 '41|0x40000000' 2 1 0)" "ENOANO
ENOSYS" "call: an x32 number is another number"
is "$(./call 64 135 0xffffffff -- 64 135 '0xffffffff|0x100000000')" "ok
ok" "call: upper halves are passed on and the kernel does not look"

if have_32bit; then
    build call32 call.c -m32 -static -no-pie
    is "$(./call32 32 20 -- 64 39 -- 32 102 1 '[2,1,0]' -- 64 2 @/etc/passwd 0)" "ok
ok
ok
ok" "call: a 32-bit program makes 32-bit and 64-bit calls"
    # 20 is getpid for i386 and writev for x86-64, 39 the other way round getpid and mkdir.
    is "$(./under 20=55 -- ./call32 32 20 -- 64 39)" "ENOANO
ok" "call: its 64-bit call has the 64-bit number"
    is "$(./under 39=55 -- ./call32 32 20 -- 64 39)" "ok
ENOANO" "call: and the filter sees that"
else
    skip "call as a 32-bit program" "this machine does not build or run -m32 programs"
fi

./contexts ./chain >plain
is "$(grep -c ' ok 0$' plain)" 10 "contexts: everything works without a filter"
./under 140=55 -- ./contexts ./chain >denied
is "$(grep -c ' ENOANO ' denied)" 10 "contexts: everything is refused under one"
run bash -c "./under 140=kill -- ./chain 2>/dev/null" 2>/dev/null
is "$status" 159 "under: kill ends the program with SIGSYS"

run ./marker reached
is "$status $out $(ls reached)" "7 main reached" "marker: says that main was reached"
run ./under 1=1 -- ./marker other
is "$status" 3 "marker: the file is not needed to see it"
run ./under 59=1 -- ./marker
is "$status" 2 "under: says so when it cannot start the program"
finish
