#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Shared objects: whatever functions one has, and whoever linked it, the filter is there in the first of them;
# after strip and its like, too. Plug-ins, threads, many times; what cannot be caged is refused.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir,mkdirat:ENOTUNIQ)
[[ $(uname -m) == x86_64 ]] || skip_all "the library is written for x86"
# Not too few symbols: patchelf makes room for program headers by moving what stands behind them, and in a
# library with hardly a symbol that is constants which code refers to (so it does to some originals).
cat >quiet.c <<'C'
int call_quietly(void) { return 42; }
int call_1(void) { return 1; }
int call_2(void) { return 2; }
int call_3(void) { return 3; }
int call_4(void) { return 4; }
C

# library OUT COMPILER FLAG...
library() {
    local out=$1 compiler=$2
    shift 2
    # shellcheck disable=SC2086 # words
    $compiler -O1 -w -shared -fPIC -DLIBRARY -DCALL=call_library -o "$out" "$PROGRAMS/hooked.c" quiet.c "$@" 2>.cc
}
# Each way to have functions that are called, or not.
kinds=(neither init array both usual)
flags_of() {
    case $1 in
    neither) echo -nostartfiles ;;
    init) echo -nostartfiles -DINIT -Wl,-init=own_init ;;
    array) echo -nostartfiles -DCONSTRUCTOR ;;
    both) echo -nostartfiles -DCONSTRUCTOR -DINIT -Wl,-init=own_init ;;
    usual) echo -DCONSTRUCTOR ;;
    esac
}
# What is left of the names of a program's lines when all are filtered.
free_lines() {
    caged/program | grep -c ' free$'
}

# check TEXT COMPILER KIND FLAG...: o/liblibrary.so and caged/liblibrary.so, and all that must hold.
check() {
    local text=$1 compiler=$2 kind=$3
    shift 3
    rm -rf original caged
    mkdir original caged
    # shellcheck disable=SC2046 # words
    if ! library original/liblibrary.so "$compiler" $(flags_of "$kind") "$@"; then
        not_ok "$text: built" "$(head -n 1 .cc)"
        return
    fi
    $compiler -O1 -w -o original/program "$PROGRAMS/hooked.c" -Loriginal -llibrary -Wl,-rpath,"\$ORIGIN" ||
        bail "no program"
    original/program >plain
    cp original/program caged/
    if ! "$ELFCAGE" inject -q "${deny[@]}" -o caged/liblibrary.so original/liblibrary.so 2>.err; then
        not_ok "$text: caged" "$(head -n 1 .err)"
        return
    fi
    run caged/program
    is "$status $err$(sed 's/ filtered$/ free/' .out)" "0 $(cat plain)" "$text: works as before"
    is "$(grep -c ' free$' .out)" 0 "$text: filtered in its first function"
    succeeds "$text: verify" "$ELFCAGE" verify -q caged/liblibrary.so
    "$ELFCAGE" remove -o back caged/liblibrary.so
    is "$(digest back)" "$(digest original/liblibrary.so)" "$text: remove gives the original back"
}
# after TEXT COMMAND...: the tool changes the library; it works as before, is filtered, and verifies.
after() {
    local text=$1
    shift
    if ! command -v "$1" >/dev/null; then
        skip "$text after $1" "$1 is not installed"
        return
    fi
    cp caged/liblibrary.so kept
    if "$@" caged/liblibrary.so >/dev/null 2>&1 && caged/program >.out 2>.err &&
        [ "$(sed 's/ filtered$/ free/' .out)" = "$(cat plain)" ] && [ "$(free_lines)" = 0 ] &&
        "$ELFCAGE" verify -q caged/liblibrary.so 2>.err; then
        ok "$text: works, is filtered and verifies after $*"
    else
        not_ok "$text: works, is filtered and verifies after $*" "$(cat .out .err)"
    fi
    mv kept caged/liblibrary.so
}
for linker in bfd lld mold; do
    if ! library probe.so "${CC:-gcc}" -fuse-ld=$linker; then
        skip "$linker" "no linker $linker"
        continue
    fi
    for kind in "${kinds[@]}"; do
        check "$linker, $kind" "${CC:-gcc}" "$kind" -fuse-ld=$linker
        after "$linker, $kind" strip
        after "$linker, $kind" eu-strip
        after "$linker, $kind" llvm-strip
        after "$linker, $kind" objcopy -S
        after "$linker, $kind" patchelf --set-rpath /nonexistent
    done
done
check "RELR" "${CC:-gcc}" array -fuse-ld=lld -Wl,-z,pack-relative-relocs -Wl,--pack-dyn-relocs=relr
if command -v patchelf >/dev/null; then
    for linker in bfd lld mold; do
        library probe.so "${CC:-gcc}" -fuse-ld=$linker || continue
        check "$linker, before patchelf" "${CC:-gcc}" array -fuse-ld=$linker
        patchelf --set-rpath /nonexistent/and/longer/than/before --set-soname liblibrary.so original/liblibrary.so
        succeeds "$linker, patchelf before: caged" "$ELFCAGE" inject -q "${deny[@]}" -o caged/liblibrary.so original/liblibrary.so
        run caged/program
        is "$status $(sed 's/ filtered$/ free/' .out)" "0 $(cat plain)" "$linker, patchelf before: works as before"
        is "$(grep -c ' free$' .out)" 0 "$linker, patchelf before: filtered in its first function"
        "$ELFCAGE" remove -o back caged/liblibrary.so
        is "$(digest back)" "$(digest original/liblibrary.so)" "$linker, patchelf before: remove gives the original back"
    done
else
    skip "patchelf before" "patchelf is not installed"
fi
check "no section headers" "${CC:-gcc}" both
"$PYTHON" - original/liblibrary.so <<'P'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
struct.pack_into("<Q", data, 40, 0)
struct.pack_into("<HH", data, 60, 0, 0)
open(sys.argv[1], "wb").write(data)
P
succeeds "no section headers: caged" "$ELFCAGE" inject "${deny[@]}" -o caged/liblibrary.so original/liblibrary.so
is "$(free_lines)" 0 "no section headers: filtered"
if command -v musl-gcc >/dev/null; then
    for kind in "${kinds[@]}"; do
        check "musl, $kind" musl-gcc "$kind"
    done
else
    skip "musl" "musl-gcc is not installed"
fi
if have_32bit; then
    for kind in "${kinds[@]}"; do
        check "i386, $kind" "${CC:-gcc} -m32" "$kind"
    done
    check "i386, lld, array" "${CC:-gcc} -m32 -fuse-ld=lld" array
else
    skip "i386" "no 32-bit programs here"
fi

# Arguments are handed on: glibc gives them to constructors.
check "arguments" "${CC:-gcc}" usual -DARGUMENTS
like "$(caged/program)" 'library arguments filtered' "a constructor gets the arguments of main"

# A plug-in in a program with threads.
check "a plug-in" "${CC:-gcc}" both -Wl,-z,now
build loads loads.c -pthread
run ./loads original/liblibrary.so
like "$out" 'threads 00, main 0, no_new_privs 0' "the plug-in as it was filters nothing"
run ./loads caged/liblibrary.so
is "$status" 0 "the plug-in loads"
like "$out" 'threads 11, main 1, no_new_privs 1' "all threads are filtered then, and no_new_privs is set"
library quiet.so "${CC:-gcc}" || bail "no library"
cage quiet-caged.so quiet.so "${deny[@]}"
run ./loads ./quiet-caged.so 100 8
is "$status $out" "0 0 failures" "loaded and closed 100 times by each of 8 threads"

# Filters add up, and a process that refuses the second one ends.
"$ELFCAGE" inject -q --default allow --deny chown -o loads-caged loads
run ./loads-caged caged/liblibrary.so
like "$out" 'threads 11, main 1' "a caged library in a caged program: both filters hold"
"$ELFCAGE" inject -q --default allow --deny chown,seccomp -o loads-caged loads
run ./loads-caged caged/liblibrary.so
is "$status" 126 "where the filter cannot be loaded, the process ends"
like "$err" '^elfcage: the seccomp filter was not loaded \(seccomp: error 1\): the program does not start$' \
    "and says why"

run ./loads caged/liblibrary.so own
is "$status $out" "126 " "beside a thread with a filter of its own, the process ends"
like "$err" '^elfcage: the seccomp filter was not loaded \(seccomp: thread [0-9]+\): the program does not start$' \
    "and names the thread"
run ./loads ./quiet-caged.so 20000 1
is "$status $out" "126 " "loaded and closed until the kernel takes no more, the process ends"
like "$err" '\(seccomp: error 12\)' "for want of memory for filters"

# show, once more, and another policy.
run "$ELFCAGE" show caged/liblibrary.so
like "$out" 'hook +init: all that ran before it was loaded, the dynamic loader and the constructors of libraries it needs run before it' "show says what runs before"
run "$ELFCAGE" inject "${deny[@]}" -i caged/liblibrary.so
is "$status" 0 "the same policy again"
fails 2 'use --replace' "another policy" "$ELFCAGE" inject --default allow --deny chown -i caged/liblibrary.so
succeeds "another policy with --replace" "$ELFCAGE" inject --replace --default allow --deny chown -i caged/liblibrary.so
succeeds "it verifies" "$ELFCAGE" verify -q caged/liblibrary.so
"$ELFCAGE" remove -i caged/liblibrary.so
is "$(digest caged/liblibrary.so)" "$(digest original/liblibrary.so)" "and goes back to the original"

# What is refused.
loader=$(readelf -lW loads | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
fails 4 'the dynamic loader: not supported' "the loader itself" "$ELFCAGE" inject "${deny[@]}" -o out "$loader"
# Two constructors that are known only when it is loaded, and nothing to spare.
cat >foreign.c <<'C'
extern void elsewhere(void);
__attribute__((section(".init_array"), used)) static void (*const array)(void) = elsewhere;
C
if ${CC:-gcc} -shared -fPIC -nostartfiles -fuse-ld=lld -o foreign.so foreign.c 2>.cc; then
    run "$ELFCAGE" inject "${deny[@]}" -o out foreign.so
    is "$status" 0 "a constructor from elsewhere: an entry that means nothing is taken"
    rm -f out
    # And where every entry means something: unknown tags stand where the ones were that nobody needs.
    echo 'int nothing;' >bare.c
    ${CC:-gcc} -shared -fPIC -nostartfiles -nodefaultlibs -fuse-ld=lld -o bare.so bare.c || bail "no library"
    "$PYTHON" - foreign.so bare.so <<'P'
import struct, sys
for path in sys.argv[1:]:
    data = bytearray(open(path, "rb").read())
    phoff, = struct.unpack_from("<Q", data, 32)
    phnum, = struct.unpack_from("<H", data, 56)
    for at in range(phoff, phoff + 56 * phnum, 56):
        kind, _, place, _, _, size = struct.unpack_from("<IIQQQQ", data, at)
        for entry in range(place, place + size, 16) if kind == 2 else ():
            if struct.unpack_from("<Q", data, entry)[0] in (11, 24, 30, 0x6ffffff9):
                struct.pack_into("<Q", data, entry, 0x6000beef)
    open(path, "wb").write(data)
P
    fails 4 'foreign.so: its first constructor is known only when it is loaded, and its dynamic section has no entry to spare' \
        "a constructor from elsewhere, and no entry to spare" "$ELFCAGE" inject "${deny[@]}" -o out foreign.so
    fails 4 'bare.so: it has no constructor, and its dynamic section no entry to spare' \
        "no constructor, and no entry to spare" "$ELFCAGE" inject "${deny[@]}" -o out bare.so
    holds "nothing is left behind" test ! -e out
fi

# As Debian ships them.
extension=$("$PYTHON" -c 'import _json; print(_json.__file__)' 2>/dev/null)
if [ -n "$extension" ] && [ -e "$extension" ]; then
    mkdir -p modules
    cage "modules/$(basename "$extension")" "$extension" "${deny[@]}"
    run "$PYTHON" -S -c 'import os, sys
sys.path.insert(0, "modules")
def call():
    try:
        os.mkdir("/dev/null/x")
    except OSError as error:
        return error.errno
before = call()
import _json
print(before, call(), _json.__file__, _json.scanstring("abc\"", 0)[0])'
    like "$out" '^20 76 .*modules/.* abc$' "an extension module of Python"
else
    skip "an extension module of Python" "it has no _json of its own here"
fi
module=$(find /usr/lib/nginx/modules -name 'ngx_*.so' 2>/dev/null | sort | head -n 1)
if command -v nginx strace >/dev/null && [ -n "$module" ]; then
    cage module.so "$module" "${deny[@]}"
    printf 'load_module %s/module.so;\npid %s/pid;\nerror_log stderr;\nevents {}\n' "$WORK" "$WORK" >nginx.conf
    run nginx -t -c "$WORK/nginx.conf"
    is "$status" 0 "a module of nginx loads"
    run strace -f -e trace=seccomp nginx -t -c "$WORK/nginx.conf"
    like "$err" 'seccomp\(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC.* = 0' "and loads its filter"
else
    skip "a module of nginx" "nginx or its modules are not installed"
fi
finish
