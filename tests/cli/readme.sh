#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The quick tour of the README is what really happens: every line that begins with "$ " is run, in order,
# and prints what is below it. "..." stands for lines that are left out; sizes, addresses, layouts, digests
# and jumps depend on compilers, ours included, and are not compared.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
top=$(cd "$CLI/../.." && pwd)
ln -s "$top/samples" samples
mkdir bin
ln -s "$ELFCAGE" bin/elfcage
PATH=$WORK/bin:$PATH

plain() {
    sed 's/[0-9]* bytes/N bytes/g; s/\(address\|entry\) 0x[0-9a-f]*/\1 N/; s/sha256:.*/sha256:N/
         s/^\(  layout *\)[A-Z0-9a-z]*/\1L/; s/[0-9]* instructions/N instructions/
         s/then [0-9]*, else [0-9]*/then N, else N/'
}
# check COMMAND WANTED: runs the command here
check() {
    local command=$1 wanted=$2 got
    [ -n "$command" ] || return
    got=$(eval "$command" 2>&1 </dev/null)
    got=$(plain <<<"$got")
    wanted=$(plain <<<"$wanted")
    # a glob: all of it is text, but for the lines "..."
    wanted=$(sed 's/[][*?\\]/\\&/g; s/^\.\.\.$/*/' <<<"$wanted")
    # shellcheck disable=SC2053 # a pattern is what is meant
    if [[ $got == $wanted ]]; then
        ok "README: $command"
    else
        not_ok "README: $command" "$(diff <(printf '%s\n' "$wanted") <(printf '%s\n' "$got"))"
    fi
}

command='' wanted=''
while IFS= read -r line; do
    case $line in
    '$ '*)
        check "$command" "$wanted"
        command=${line#'$ '} wanted=''
        ;;
    *)
        wanted+=${wanted:+$'\n'}$line
        ;;
    esac
done < <(sed -n '/^## Quick tour/,/^## /s/^    //p' "$top/README.md")
check "$command" "$wanted"
isnt "$tap_count" 0 "the README has a quick tour"

# The two commands that everything begins with.
is "$(sed -n '/^```$/,/^```$/{/^```$/d;p}' "$top/README.md" | head -n 2)" "./samples/demo.sh
./tests/run.sh" "the README begins with two commands"
holds "they are programs" test -x "$top/samples/demo.sh" -a -x "$top/tests/run.sh"
finish
