#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every 32-bit argument of these system calls: a denial holds whatever the upper 32 bits of the register
# are, an allowance matches the value zero-extended and sign-extended, whichever compiler made the
# filter. The same rule given to libseccomp as container runtimes give it is passed by, and refuses what
# it allows.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie
build libseccomp libseccomp.c -lseccomp
start=execve,write,exit_group,exit,brk,arch_prctl,set_tid_address,set_robust_list,rseq,prlimit64,readlinkat,readlink,getrandom,mprotect

# policy deny|allow SYSCALL INDEX VALUE: EQ, as OCI JSON.
policy() {
    local action=SCMP_ACT_ERRNO default=SCMP_ACT_ALLOW more=
    if [ "$1" = allow ]; then
        action=SCMP_ACT_ALLOW default=SCMP_ACT_ERRNO
        more=',{"names":["'${start//,/\",\"}'"],"action":"SCMP_ACT_ALLOW"}'
    fi
    printf '{"defaultAction":"%s"%s,"syscalls":[{"names":["%s"],"action":"%s"%s,"args":[{"index":%d,"op":"SCMP_CMP_EQ","value":%d}]}%s]}' \
        "$default" "$([ "$1" = deny ] || echo ',"defaultErrnoRet":55')" "$2" "$action" \
        "$([ "$1" = allow ] || echo ',"errnoRet":55')" "$3" "$4" "$more"
}
# variants INDEX VALUE HALF...: the call of $nr and $arguments once for each upper half, for `call`.
variants() {
    local index=$1 value=$2 half changed
    shift 2
    for half; do
        changed=("${arguments[@]}")
        changed[index]=$value'|'$half
        printf ' -- 64 %s %s' "$nr" "${changed[*]}"
    done
}
lines() { # COUNT TEXT
    for ((i = 0; i < $1; i++)); do
        echo "$2"
    done
}
halves=(0 0xffffffff00000000 0x100000000 0x8000000000000000 0x5a00000100000000)
# The value as a 32-bit one that has its sign set, so that the two extensions differ.
extensions=(0 0xffffffff00000000)

# check NAME INDEX VALUE: `arguments` has a value for every argument; VALUE is the one at INDEX.
check() {
    local name=$1 index=$2 value=$3 garbage extended backend other
    nr=$(number 64 "$name")
    garbage=$(variants "$index" "$value" "${halves[@]}")
    other=$(variants "$index" "$((value ^ 0x100))" 0)
    set -f
    # shellcheck disable=SC2086 # words
    unchanged=$(./call ${garbage# -- } | sort -u)
    unlike "$unchanged" ENOANO "$name $index: uncaged, not denied"
    is "$(wc -l <<<"$unchanged")" 1 "$name $index: bits above make no difference to the kernel: $unchanged"
    policy deny "$name" "$index" "$value" >deny.json
    for backend in elfcage libseccomp; do
        cage caged ./call --policy deny.json --backend "$backend"
        # shellcheck disable=SC2086
        is "$(./caged ${garbage# -- })" "$(lines ${#halves[@]} ENOANO)" "$name $index: denied, whatever is above ($backend)"
        # shellcheck disable=SC2086
        isnt "$(./caged ${other# -- })" ENOANO "$name $index: another value is not ($backend)"
    done
    # shellcheck disable=SC2086
    like "$(./libseccomp deny "$name" "$index" "$value" ./call ${garbage# -- } | paste -sd' ')" \
        "^ENOANO( $unchanged)+$" "$name $index: libseccomp's own comparison is passed by"

    # A mode keeps 12 bits, so its sign is not among them.
    [ "$name $index" = "chmod 1" ] || [ "$name $index" = "openat 3" ] || value=$((value | 0x80000000))
    extended=$(variants "$index" "$value" "${extensions[@]}")
    policy allow "$name" "$index" "$value" >allow.json
    # shellcheck disable=SC2086
    unchanged=$(./call ${extended# -- })
    for backend in elfcage libseccomp; do
        cage caged ./call --policy allow.json --backend "$backend"
        # shellcheck disable=SC2086
        is "$(./caged ${extended# -- })" "$unchanged" "$name $index: allowed zero- and sign-extended ($backend)"
        # shellcheck disable=SC2086
        is "$(./caged ${other# -- })" ENOANO "$name $index: another value is not ($backend)"
    done
    # shellcheck disable=SC2086
    is "$(./libseccomp allow "$name" "$index" "$value" ./call ${extended# -- } | tail -n 1)" ENOANO \
        "$name $index: libseccomp's own comparison refuses the sign-extended value"
    set +f
}

# NAME | INDEX of each 32-bit argument | a call that does no harm
step=$(stride)
case=0
while IFS='|' read -r name indices words; do
    [ -n "$name" ] || continue
    read -ra arguments <<<"$words"
    for index in $indices; do
        if ((case++ % step == 0)); then
            check "${name// /}" "$index" "${arguments[index]}"
        fi
    done
done <<'T'
socket      | 0 1 2   | 2 1 0
socketpair  | 0 1 2   | 1 1 0 #8
setsockopt  | 0 1 2 4 | 1 1 16 #4 4
openat      | 0 2 3   | 0xffffff9c @/dev/null 0 0
unlinkat    | 0 2     | 0xffffff9c @/nonexistent 0
fcntl       | 0 1 2   | 1 1 0
ioctl       | 0 1     | 1 0x5401 0
dup3        | 0 1 2   | 1 200 0
kill        | 0 1     | 0x7ffffff0 0
tgkill      | 0 1 2   | 0x7ffffff0 0x7ffffff0 0
setpriority | 0 1 2   | 0 0x7ffffff0 0
personality | 0       | 0xffffffff
mmap        | 2 3 4   | 0 4096 1 0x22 0xffffffff 0
epoll_ctl   | 0 1 2   | 1 1 1 #12
clone       | 0       | 0x10000200
prctl       | 0       | 3 0
chmod       | 1       | @/nonexistent 0x1ed
T
finish
