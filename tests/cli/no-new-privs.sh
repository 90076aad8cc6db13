#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --nnp always sets no_new_privs; --nnp never leaves it, needs CAP_SYS_ADMIN at run time, and fails
# closed without.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority:ENOANO)
cat >status.c <<'C'
#include <stdio.h>
#include <string.h>
int main(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "NoNewPrivs:", 11) == 0 || strncmp(line, "Seccomp:", 8) == 0) {
            fputs(line, stdout);
        }
    }
    return 0;
}
C
${CC:-gcc} -o status status.c || bail "cannot build status.c"
tab=$'\t'
cage always ./status "${deny[@]}"
is "$(./always)" "NoNewPrivs:${tab}1
Seccomp:${tab}2" "the default sets no_new_privs"
cage never ./status "${deny[@]}" --nnp never
like "$("$ELFCAGE" show ./never)" 'never|no_new_privs' "show tells that it is not set"
if ! is_root; then
    skip "--nnp never with and without privileges" "needs root"
    finish
fi
if ! setpriv --bounding-set -sys_admin true 2>/dev/null; then
    skip "--nnp never with and without privileges" "setpriv cannot drop privileges here"
    finish
fi
is "$(./never)" "NoNewPrivs:${tab}0
Seccomp:${tab}2" "never, with CAP_SYS_ADMIN: filtered without no_new_privs"
run as_nobody ./never
is "$status $out" "126 " "never, as nobody: does not start"
is "$err" "elfcage: the seccomp filter was not loaded (seccomp: error 13): the program does not start" \
    "never, as nobody: says why"
run as_nobody ./always
is "$status $out" "0 NoNewPrivs:${tab}1
Seccomp:${tab}2" "always, as nobody: runs"
run setpriv --bounding-set -sys_admin --inh-caps -sys_admin ./never
is "$status" 126 "never, as root without CAP_SYS_ADMIN: does not start"
run setpriv --no-new-privs --reuid=65534 --regid=65534 --clear-groups ./never
is "$status" 0 "never, where somebody else set no_new_privs before: runs"
cage warn ./status "${deny[@]}" --nnp never --on-load-failure warn
run as_nobody ./warn
is "$status $out" "0 NoNewPrivs:${tab}0
Seccomp:${tab}0" "never and warn, as nobody: runs unfiltered, as was decided"
like "$err" 'runs unfiltered$' "and says so"
finish
