#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets of system calls in options: what they stand for, what wins, mistakes, and asking the machine.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

# The action for a system call.
action() { # SYSCALL OPTION...
    local call=$1
    shift
    "$ELFCAGE" simulate -q --target x86_64 --json "$@" "$call" 2>"$WORK/.sim" |
        sed -n 's/.*"action": *"\([^"]*\)".*/\1/p'
}
allow=(--default errno --allow)
deny=(--default allow --deny)

is "$(action fchownat "${deny[@]}" @chown)" errno:EPERM "a member of a set of ours is denied"
is "$(action chmod "${deny[@]}" @chown)" allow "what is no member is not"
is "$(action chown "${deny[@]}" @chown:EACCES)" errno:EACCES "with an errno"
is "$(action openat "${allow[@]}" systemd:@system-service)" allow "a member of a set of systemd is allowed"
is "$(action io_uring_setup "${allow[@]}" systemd:@system-service)" allow "a member of a set within it too"
is "$(action mount "${allow[@]}" systemd:@system-service)" errno:EPERM "what is no member is not"
is "$(action clock_settime "${deny[@]}" systemd:@clock:EBUSY)" errno:EBUSY "systemd's sets take an errno"
is "$(action clock_settime "${deny[@]}" systemd:@clock)" errno:EPERM "or none"

both=(--default errno --allow systemd:@system-service --deny @chown --allow lchown)
is "$(action chown "${both[@]}")" errno:EPERM "of two sets the stricter holds"
is "$(action lchown "${both[@]}")" allow "a name wins over a set"

# What the target lacks of a set is not worth a note; a whole set is, and so is a name that is written.
run "$ELFCAGE" compile "${deny[@]}" @chown,@clock,@stat -t aarch64 -o out.bpf
is "$status $err" "0 " "no note on members that the target lacks"
run "$ELFCAGE" compile "${deny[@]}" systemd:@cpu-emulation,@chown,chown -t aarch64 -o out.bpf
like "$err" 'deny of systemd:@cpu-emulation has no effect on aarch64' \
    "a note on a set of which the target lacks all"
like "$err" 'deny of chown closes nothing in the aarch64 ABI' "a note on a name"

fails 3 "there is no set '@chwon': did you mean '@chown'\?" "a misspelt set" \
    "$ELFCAGE" compile "${deny[@]}" @chwon -o out.bpf
fails 3 "'@system-service' is a set of systemd's: write systemd:@system-service" "a set of systemd's" \
    "$ELFCAGE" compile "${allow[@]}" @system-service -o out.bpf
fails 3 "has no set '@sytem-service': did you mean '@system-service'\?" "a misspelt set of systemd's" \
    "$ELFCAGE" compile "${allow[@]}" systemd:@sytem-service -o out.bpf
fails 2 "option --sets|--sets both: it is" "--sets takes two words" \
    "$ELFCAGE" compile "${allow[@]}" systemd:@clock --sets both -o out.bpf
like "$("$ELFCAGE" --version)" 'sets: systemd [0-9]+ \(.+\)\)$' "--version says of which systemd the sets are"

# The machine, by a program that prints what a test wants.
mkdir bin
cat >bin/systemd-analyze <<'EOF'
#!/bin/sh
[ "$*" = "--no-pager syscall-filter" ] || exit 3
[ -z "$SYSTEMD_LOG_LEVEL" ] || exit 4
cat "$SETS"
EOF
chmod +x bin/systemd-analyze
host() { # COMMAND...: with the sets of standard input
    cat >sets
    env PATH="$WORK/bin:$PATH" SETS="$WORK/sets" SYSTEMD_LOG_LEVEL=debug "$@"
}
sim=("$ELFCAGE" simulate --target x86_64 --sets host)
is "$(printf '@clock\n    # x\n    read\n    @in\n\n@in\n    write\n' |
    host "${sim[@]}" -q --json "${deny[@]}" systemd:@clock write 2>&1 | grep -o 'errno:EPERM' | head -n 1)" \
    errno:EPERM "--sets host: the sets are the machine's"
is "$(printf '@clock\n    read\n' | host "${sim[@]}" -q --json "${deny[@]}" systemd:@clock clock_settime 2>&1 |
    grep -o '"action": *"allow"' | head -n 1 | tr -d ' ')" '"action":"allow"' "--sets host: and only they"
fails 3 "the machine's systemd has no set '@clocks': did you mean '@clock'\?" "--sets host: a misspelt set" \
    env PATH="$WORK/bin:$PATH" SETS="$WORK/sets" "${sim[@]}" "${deny[@]}" systemd:@clocks write
printf '@clock\n    read\n    call_of_tomorrow\n' >newer
run env PATH="$WORK/bin:$PATH" SETS="$WORK/newer" "$ELFCAGE" compile --sets host "${allow[@]}" systemd:@clock \
    --target x86_64 -o out.bpf
like "$status $err" "^0 .*'call_of_tomorrow' of systemd:@clock is newer than elfcage's table" \
    "--sets host: a call that is too new is left out of what is allowed, with a note"
fails 3 "systemd:@clock has 'call_of_tomorrow', which is newer .* cannot be denied" \
    "--sets host: and cannot be denied" \
    env PATH="$WORK/bin:$PATH" SETS="$WORK/newer" "$ELFCAGE" compile --sets host "${deny[@]}" systemd:@clock -o out.bpf
printf 'Usage: none\n' >usage
printf '@clock\n    @in\n' >within
fails 5 "line 1 of what systemd-analyze printed is not understood, 'Usage: none'" \
    "--sets host: what is printed is read strictly" \
    env PATH="$WORK/bin:$PATH" SETS="$WORK/usage" "$ELFCAGE" compile --sets host "${deny[@]}" systemd:@clock -o out.bpf
fails 5 "systemd-analyze names the set '@in' in '@clock', but does not say what is in it" \
    "--sets host: a set within that is not there" \
    env PATH="$WORK/bin:$PATH" SETS="$WORK/within" "$ELFCAGE" compile --sets host "${deny[@]}" systemd:@clock \
    -o out.bpf
fails 5 '"systemd-analyze syscall-filter" failed' "--sets host: the program fails" \
    env PATH="$WORK/bin:$PATH" SETS="$WORK/none" "$ELFCAGE" compile --sets host "${deny[@]}" systemd:@clock -o out.bpf
fails 5 "cannot run systemd-analyze.*No such file or directory" "--sets host: it is missing" \
    env PATH="$WORK/nothing" "$ELFCAGE" compile --sets host "${deny[@]}" systemd:@clock -o out.bpf
run env PATH="$WORK/nothing" "$ELFCAGE" compile --sets host "${deny[@]}" @clock,read --target x86_64 -o out.bpf
is "$status $err" "0 " "--sets host: it is not asked where no set of systemd's is named"
finish
