#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A denial with conditions on arguments, carried to i386: where the arguments are the same they are
# compared there; where they lie in memory, in two registers, in other units or in fewer bits, the way
# is denied whole.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie

# RULE | i386 CALL | what it gives: denied, or passes.
while IFS='|' read -r rule call want; do
    [ -n "$rule" ] || continue
    # shellcheck disable=SC2086 # words
    set -- $rule
    printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["%s"],"action":"SCMP_ACT_ERRNO","errnoRet":55,"args":[{"index":%d,"op":"SCMP_CMP_%s","value":%s,"valueTwo":%s}]}]}' \
        "$1" "$2" "$3" "$4" "${5:-0}" >policy.json
    cage caged ./call --policy policy.json
    set -f
    # shellcheck disable=SC2086
    set -- $call
    name=$1
    shift
    got=$(./caged 32 "$(number 32 "$name")" "$@")
    plain=$(./call 32 "$(number 32 "$name")" "$@")
    set +f
    isnt "$plain" ENOANO "$name $*: uncaged"
    if [ "$(tr -d ' ' <<<"$want")" = denied ]; then
        is "$got" ENOANO "$rule: i386 $name $* is denied"
    else
        is "$got" "$plain" "$rule: i386 $name $* passes"
    fi
done <<'T'
socket 0 EQ 17              | socket 17 3 0                 | denied
socket 0 EQ 17              | socket 2 1 0                  | passes
socket 0 EQ 17              | socketcall 1 [17,3,0]         | denied
socket 0 EQ 17              | socketcall 1 [2,1,0]          | denied
socket 0 EQ 17              | socketcall 2 [-1,0,0]         | passes
semctl 2 EQ 0               | ipc 3 -1 0 0 #16 0            | denied
semctl 2 EQ 0               | ipc 0x10003 -1 0 0 #16 0      | denied
semctl 2 EQ 0               | ipc 4 -1 0 0 0 0              | passes
mmap 2 MASKED_EQ 4 4        | mmap [0,4096,7,0x22,-1,0]     | denied
mmap 2 MASKED_EQ 4 4        | mmap [0,4096,1,0x22,-1,0]     | denied
mmap 2 MASKED_EQ 4 4        | mmap2 0 4096 7 0x22 -1 0      | denied
mmap 2 MASKED_EQ 4 4        | mmap2 0 4096 1 0x22 -1 0      | passes
mmap 5 EQ 4096              | mmap2 0 4096 1 0x22 -1 1      | denied
chown 1 EQ 0                | chown @/nonexistent 0 0       | denied
chown 1 EQ 65537            | chown @/nonexistent 1 0       | denied
chown 1 EQ 65537            | chown32 @/nonexistent 65537 0 | denied
chown 1 EQ 65537            | chown32 @/nonexistent 1 0     | passes
setuid 0 EQ 4294967295      | setuid 0xffff                 | denied
setuid 0 EQ 4294967295      | setuid32 0xffffffff           | denied
ftruncate 1 GT 4096         | ftruncate64 -1 8192 0         | denied
ftruncate 1 GT 4096         | ftruncate64 -1 0 1            | denied
ftruncate 1 GT 4096         | ftruncate -1 8192             | denied
ftruncate 1 GT 4096         | ftruncate -1 1                | passes
ftruncate 0 EQ 4294967295   | ftruncate64 -1 0 0            | denied
lseek 1 EQ 18446744073709551615 | lseek -1 -1 1             | denied
lseek 1 EQ 4096             | lseek -1 4096 0               | denied
lseek 0 EQ 99               | lseek -1 0 0                  | passes
msgrcv 3 GE 9223372036854775808 | msgrcv -1 0 0 -5 0        | denied
semctl 2 EQ 16              | semctl -1 0 0x110 0           | denied
semctl 1 EQ 16              | semctl -1 0 0x110 0           | passes
msgctl 1 EQ 2               | msgctl -1 0x102 0             | denied
lseek 2 EQ 2                | _llseek -1 0 0 0 2            | denied
lseek 1 GE 4294967296       | _llseek -1 1 0 0 0            | denied
pread64 3 GT 4096           | pread64 -1 0 0 0 1            | denied
fallocate 3 GT 4096         | fallocate -1 0 0 0 0 1        | denied
fadvise64 3 EQ 4            | fadvise64 -1 0 0 0 4          | denied
fadvise64 3 EQ 4            | fadvise64_64 -1 0 0 0 0 4     | denied
statfs 1 EQ 0               | statfs64 @/nonexistent 84 0   | denied
select 0 GE 1024            | select [-1,0,0,0,0]           | denied
select 0 GE 1024            | _newselect -1 0 0 0 0         | denied
wait4 2 MASKED_EQ 1 1       | waitpid -1 0 1                | denied
settimeofday 1 NE 0         | stime 0                       | denied
fcntl 1 EQ 1                | fcntl64 -1 1 0                | denied
fcntl 1 EQ 1                | fcntl64 -1 3 0                | passes
fcntl 1 EQ 6                | fcntl64 -1 6 0                | denied
fcntl 1 EQ 6                | fcntl64 -1 13 0               | denied
fcntl 1 EQ 6                | fcntl -1 13 0                 | denied
fcntl 1 EQ 6                | fcntl64 -1 14 0               | passes
fcntl 1 LE 6                | fcntl64 -1 12 0               | denied
fcntl 1 LE 6                | fcntl64 -1 14 0               | passes
ioctl 1 EQ 1074292226       | ioctl -1 0x40086602 0         | denied
ioctl 1 EQ 1074292226       | ioctl -1 0x40046602 0         | denied
ioctl 1 EQ 1074292226       | ioctl -1 0x40046601 0         | passes
ioctl 1 EQ 1074292226       | ioctl -1 0x80046602 0         | passes
ioctl 1 EQ 21522            | ioctl -1 0x5412 0             | denied
ioctl 1 EQ 21522            | ioctl -1 0x45412 0            | passes
ioctl 1 MASKED_EQ 4294967295 1074292226 | ioctl -1 0x40046602 0 | denied
ioctl 1 GE 1074292226       | ioctl -1 0 0                  | denied
kill 1 EQ 99                | kill 0x7ffffff0 99            | denied
kill 1 EQ 99                | kill 0x7ffffff0 0             | passes
personality 0 EQ 4294967295 | personality 0xffffffff        | denied
lookup_dcookie 0 EQ 1       | lookup_dcookie 1 0 0 0        | denied
T
finish
