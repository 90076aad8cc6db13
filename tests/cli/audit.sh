#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A cage made with --audit denies nothing, says so everywhere, and is not taken for a real one.
. "$(dirname "$0")/lib.bash"
build call call.c -static -no-pie
build contexts contexts.c -pthread
build chain chain.c
deny=(--default allow --deny 'getpriority,socket:ENOANO' --kill getpgid)
nr=$(number 64 getpriority)
cage real ./call "${deny[@]}"
cage audit ./call "${deny[@]}" --audit
# What the kernel logged, if its log can be read. It holds records back when there are many at a time.
log_test() {
    local comm=cage$$
    cp audit "$comm"
    "./$comm" 64 "$nr" >/dev/null
    dmesg 2>/dev/null | grep "comm=\"$comm\"" | grep -q " syscall=$nr "
}
if log_test; then
    ok "the kernel logged it"
else
    skip "the kernel logged it" "the kernel's log cannot be read, or had too much to log"
fi

isnt "$(digest real)" "$(digest audit)" "an audit is another file"
is "$(./real 64 "$nr")" ENOANO "the real cage denies"
is "$(./audit 64 "$nr" -- 32 "$(number 32 socketcall)" 1 '[2,1,0]' -- 64 "$(number 64 getpgid)" 0)" "ok
ok
ok" "the audit lets pass what would be denied, by every way, and what would be killed"
is "$("$ELFCAGE" simulate ./audit getpriority | grep -c ': log: ')" 1 "its filter logs"
cage contexts-audit ./contexts "${deny[@]}" --audit
is "$(./contexts-audit | grep -c ' ok 2$')" 9 "and is loaded in every task"

# A default that denies is let pass too.
cage audit-default ./call --default errno:ENOANO --allow read --audit
is "$(./audit-default 64 "$nr" -- 32 "$(number 32 getpid)")" "ok
ok" "under a denying default nothing is denied either"

like "$("$ELFCAGE" show audit)" 'AUDIT|audit' "show tells"
unlike "$("$ELFCAGE" show real)" 'AUDIT|audit' "show does not tell so of the real one"
fails 1 'audit' "verify refuses it" "$ELFCAGE" verify audit
fails 1 'audit' "verify --accept warn refuses it" "$ELFCAGE" verify --accept warn audit
run "$ELFCAGE" verify --accept audit audit
is "$status" 0 "verify --accept audit takes it"
run "$ELFCAGE" verify --accept audit real
is "$status" 0 "verify --accept audit takes a real one"
run "$ELFCAGE" verify --accept audit --audit "${deny[@]}" audit
is "$status" 0 "with the policy it was made from"
run "$ELFCAGE" verify --accept audit "${deny[@]}" audit
is "$status" 1 "it does not carry the policy without --audit"

fails 2 '--replace' "a real cage instead needs --replace" "$ELFCAGE" inject "${deny[@]}" -i audit
succeeds "and has it" "$ELFCAGE" inject -q --replace "${deny[@]}" -i audit
is "$(digest audit)" "$(digest real)" "and is the real one then"
finish
