# SPDX-License-Identifier: Apache-2.0
# Sourced by every script here: TAP, a private folder $WORK, and the programs of programs/.
#
# A script says what it expects with ok/is/like/fails, and ends with `finish`. It takes the command
# under test from $ELFCAGE. Everything it makes lies under $WORK, so scripts may run side by side.
set -u -o pipefail
export LC_ALL=C
: "${ELFCAGE:?set ELFCAGE to the absolute path of the elfcage binary}"
if [ ! -x "$ELFCAGE" ]; then
    printf 'Bail out! %s is not there\n' "$ELFCAGE"
    exit 1
fi
CLI=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PROGRAMS=$CLI/programs
PYTHON=/usr/bin/python3
WORK=$(mktemp -d "${TMPDIR:-/tmp}/elfcage-cli.XXXXXX")
trap 'rm -rf -- "$WORK"' EXIT
chmod 755 "$WORK"
cd "$WORK" || exit 1

tap_count=0
tap_failed=0

# ok TEXT: a check that held. not_ok TEXT [DETAIL]: one that did not.
ok() {
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s\n' "$tap_count" "$1"
}
not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$1"
    if [ $# -gt 1 ]; then
        printf '%s\n' "$2" | sed 's/^/#   /'
    fi
}
skip() { # TEXT REASON
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}
skip_all() { # REASON
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}
is() { # GOT WANT TEXT
    if [ "$1" = "$2" ]; then
        ok "$3"
    else
        not_ok "$3" "got:  $1
want: $2"
    fi
}
isnt() { # GOT UNWANTED TEXT
    if [ "$1" != "$2" ]; then
        ok "$3"
    else
        not_ok "$3" "got: $1"
    fi
}
like() { # GOT EXTENDED-REGEX TEXT
    if [[ "$1" =~ $2 ]]; then
        ok "$3"
    else
        not_ok "$3" "got:  $1
want: $2"
    fi
}
unlike() { # GOT EXTENDED-REGEX TEXT
    if [[ "$1" =~ $2 ]]; then
        not_ok "$3" "got:      $1
unwanted: $2"
    else
        ok "$3"
    fi
}
holds() { # TEXT COMMAND...
    local text=$1
    shift
    if "$@"; then
        ok "$text"
    else
        not_ok "$text" "failed: $*"
    fi
}
finish() {
    printf '1..%d\n' "$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}
# For what must be there before anything can be tested.
bail() {
    printf 'Bail out! %s\n' "$1"
    exit 1
}

# run COMMAND...: leaves $status, $out and $err behind.
run() {
    "$@" >"$WORK/.out" 2>"$WORK/.err" </dev/null
    status=$?
    out=$(tr -d '\0' <"$WORK/.out")
    err=$(tr -d '\0' <"$WORK/.err")
}
# succeeds TEXT COMMAND...: status 0 and nothing on standard error.
succeeds() {
    local text=$1
    shift
    run "$@"
    if [ "$status" -eq 0 ] && [ -z "$err" ]; then
        ok "$text"
    else
        not_ok "$text" "status $status of: $*
$err"
    fi
}
# fails STATUS REGEX TEXT COMMAND...: that status, nothing on standard output, and exactly one line
# on standard error, which begins "elfcage: " and matches REGEX.
fails() {
    local want=$1 regex=$2 text=$3
    shift 3
    run "$@"
    if [ "$status" -eq "$want" ] && [ -z "$out" ] && [ "$(wc -l <"$WORK/.err")" -eq 1 ] &&
        [[ "$err" == "elfcage: "* ]] && [[ "$err" =~ $regex ]]; then
        ok "$text"
    else
        not_ok "$text" "status $status (want $want) of: $*
stdout: $(head -c 300 "$WORK/.out")
stderr: $err
want:   $regex"
    fi
}

# build OUT SOURCE [FLAG...]: one of programs/, with the C compiler.
build() {
    local out=$1 source=$2
    shift 2
    ${CC:-gcc} -O1 -g0 -w -D_GNU_SOURCE -o "$out" "$PROGRAMS/$source" "$@" 2>"$WORK/.cc" ||
        bail "cannot build $source: $(head -n 1 "$WORK/.cc")"
}
# Can this machine build and run -m32 programs?
have_32bit() {
    printf 'int main(void){return 0;}' >"$WORK/.32.c"
    ${CC:-gcc} -m32 -static -o "$WORK/.32" "$WORK/.32.c" 2>/dev/null && "$WORK/.32"
}
# cage OUT FILE OPTION...: inject that has to work for the test to make sense.
cage() {
    local out=$1 file=$2
    shift 2
    "$ELFCAGE" inject -q "$@" -o "$out" "$file" 2>"$WORK/.cage" ||
        bail "inject $* $file: $(head -n 1 "$WORK/.cage")"
}
digest() {
    sha256sum <"$1" | cut -d' ' -f1
}
# Is the process root, with what that usually means?
is_root() {
    [ "$(id -u)" -eq 0 ]
}
# Every how many cases of thousands are tried: all, but with a build under sanitizers, which is slower,
# some. (The release build goes through all of them.)
stride() {
    if grep -qa __asan_init "$ELFCAGE"; then
        echo 11
    else
        echo 1
    fi
}
# As another user, without privileges.
as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# Numbers of system calls, from the kernel's headers (so from neither of elfcage's tables):
# number 32 NAME, number 64 NAME.
number() {
    local file=$WORK/.numbers$1
    if [ ! -e "$file" ]; then
        printf '#include <asm/unistd_%s.h>\n' "$1" | ${CC:-gcc} -E -dM - |
            sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\1 \2/p' >"$file"
    fi
    awk -v name="$2" '$1 == name { print $2; found = 1 } END { exit !found }' "$file" ||
        bail "the kernel's headers do not know $2 ($1 bits)"
}
