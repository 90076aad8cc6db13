#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kernel uses 32 bits of an `int` argument, so bits above them must not get a call past its rule.
# For each rule: the plain call and the one with garbage above are the same to the kernel (uncaged),
# both are denied (caged), and a call with another value is not.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie
high=0x5a00000100000000

# oci SYSCALL INDEX OP VALUE [VALUETWO]: everything is allowed but that.
oci() {
    printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["%s"],"action":"SCMP_ACT_ERRNO","errnoRet":55,"args":[{"index":%d,"op":"%s","value":%s,"valueTwo":%s}]}]}' \
        "$1" "$2" "$3" "$4" "${5:-0}"
}

# check SYSCALL INDEX OP VALUE VALUETWO | ARGUMENTS | ARGUMENTS of a call that is not denied.
# `@V` in ARGUMENTS is the value under test.
while IFS='|' read -r rule value arguments other; do
    # shellcheck disable=SC2086
    set -- $rule
    nr=$(number 64 "$1")
    oci "$@" >policy.json
    cage caged ./call --policy policy.json
    value=$(tr -d ' ' <<<"$value")
    plain="64 $nr ${arguments//V/$value}"
    garbage="64 $nr ${arguments//V/$value|$high}"
    set -f
    # shellcheck disable=SC2086
    uncaged=$(./call $plain) uncaged_garbage=$(./call $garbage)
    isnt "$uncaged" ENOANO "$rule: uncaged"
    is "$uncaged_garbage" "$uncaged" "$rule: bits above make no difference to the kernel"
    # shellcheck disable=SC2086
    is "$(./caged $plain -- $garbage -- 64 $nr ${arguments//V/$value|0xffffffff00000000})" "ENOANO
ENOANO
ENOANO" "$rule: denied with and without them"
    # shellcheck disable=SC2086
    isnt "$(./caged 64 $nr $other)" ENOANO "$rule: another value passes"
    set +f
done <<'T'
socket 0 SCMP_CMP_EQ 17           | 17         | V 3 0          | 2 1 0
socket 1 SCMP_CMP_MASKED_EQ 15 3  | 3          | 2 V 255        | 2 1 0
personality 0 SCMP_CMP_NE 8       | 0xffffffff | V              | 8|0x5a00000100000000
prctl 0 SCMP_CMP_EQ 3             | 3          | V              | 7
prctl 1 SCMP_CMP_EQ 1             | 1          | 26 V           | 26 0
ioctl 1 SCMP_CMP_EQ 21505         | 0x5401     | 1 V 0          | 1 0x5402 0
fcntl 1 SCMP_CMP_EQ 1             | 1          | 1 V            | 1 3
fcntl 0 SCMP_CMP_EQ 1             | 1          | V 1            | 0 1
kill 1 SCMP_CMP_EQ 0              | 0          | 0x7ffffff0 V   | 0x7ffffff0 18
kill 0 SCMP_CMP_EQ 2147483632     | 0x7ffffff0 | V 0            | 0x7ffffff1 0
openat 2 SCMP_CMP_MASKED_EQ 3 2   | 2          | 0xffffff9c @/dev/null V | 0xffffff9c @/dev/null 0
openat 0 SCMP_CMP_EQ 4294967196   | 0xffffff9c | V @/dev/null 0 | 0xffffffffffffffff @/dev/null 0
open 1 SCMP_CMP_MASKED_EQ 3 1     | 1          | @/dev/null V   | @/dev/null 0
clone 0 SCMP_CMP_MASKED_EQ 268435456 268435456 | 0x10000200 | V | 0x800
mmap 2 SCMP_CMP_MASKED_EQ 4 4     | 4          | 0 4096 V 0x22 -1 0 | 0 4096 1 0x22 -1 0
mprotect 2 SCMP_CMP_MASKED_EQ 4 4 | 4          | 0 0 V          | 0 0 1
T

# Of a mode the kernel keeps 12 bits: the type of the file, the 4 above them, is dropped too.
oci chmod 1 SCMP_CMP_EQ 2541 >policy.json
cage caged ./call --policy policy.json
chmod=$(number 64 chmod)
calls=
for mode in 0x9ed 0x109ed 0x19ed 0xf9ed 0xffffffff000089ed 0x1ed; do
    calls+=" -- 64 $chmod @/nonexistent $mode"
done
# shellcheck disable=SC2086 # words
is "$(./caged ${calls# -- } | paste -sd' ')" "ENOANO ENOANO ENOANO ENOANO ENOANO ENOENT" \
    "chmod 04755 is denied, with bits above the 12 too; 0755 is not"
oci umask 0 SCMP_CMP_EQ 18 >policy.json
cage caged ./call --policy policy.json
umask=$(number 64 umask)
is "$(./caged 64 "$umask" 0x12 -- 64 "$umask" 0x212 -- 64 "$umask" 0x13 | paste -sd' ')" "ENOANO ENOANO ok" \
    "umask 022 is denied, with bits above the 9 too; 023 is not"
finish
