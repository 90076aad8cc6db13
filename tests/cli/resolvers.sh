#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Resolvers of indirect functions run before any hook. Those of the original are its own business, whatever
# tools make of the file afterwards; verify finds one that somebody added, in each of the ways in which
# a loader comes to call one.
. "$(dirname "$0")/lib.bash"
[ "$(uname -m)" = x86_64 ] || skip_all "the relocations that are forged here are those of x86-64"
deny=(--default allow --deny lchown:ENOANO)
cat >source.c <<'C'
static int chosen(void) { return 7; }
static void *resolve(void) { return (void *)chosen; }
int indirect(void) __attribute__((ifunc("resolve"), visibility("hidden")));
int (*pointer)(void) = chosen;

#ifndef NARROW
/* Never called by the program; a resolver runs before it could use libraries. */
__attribute__((used)) void *early(void)
{
    static const char text[] = "early\n";
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(1L), "D"(1L), "S"(text), "d"(6L) : "rcx", "r11", "memory");
    return (void *)chosen;
}
#endif

int exported(void) { return 0; }
#ifndef LIBRARY
int main(void)
{
#ifdef RESOLVER
    return indirect();
#else
    return pointer();
#endif
}
#endif
C
compile() {
    local out=$1
    shift
    ${CC:-gcc} -O1 -w -o "$out" source.c "$@" 2>.cc || bail "not built: $(head -n 1 .cc)"
}
compile plain -fPIE -pie -rdynamic
compile own -fPIE -pie -rdynamic -DRESOLVER
compile lazy -fPIE -pie -DRESOLVER -Wl,-z,lazy
compile fixed -no-pie -DRESOLVER
compile static -static -DRESOLVER
compile static-pie -static-pie -fPIE -DRESOLVER
compile library.so -shared -fPIC -DLIBRARY
compile sysv.so -shared -fPIC -DLIBRARY -Wl,--hash-style=sysv
files=(plain own lazy fixed static static-pie library.so sysv.so libc.so)
if have_32bit; then # relocations without addends
    compile own32 -fPIE -pie -m32 -DRESOLVER -DNARROW
    files+=(own32)
fi

libc=$(${CC:-gcc} -print-file-name=libc.so.6)
cp "$libc" libc.so 2>/dev/null || bail "no libc.so.6"
for file in "${files[@]}"; do
    cage "$file.caged" "$file" "${deny[@]}"
    succeeds "$file verifies" "$ELFCAGE" verify "${deny[@]}" "$file.caged"
    for tool in strip llvm-strip eu-strip "patchelf --set-rpath /nowhere" "patchelf --page-size 65536 --add-needed libm.so.6"; do
        read -ra words <<<"$tool"
        if ! command -v "${words[0]}" >/dev/null; then
            skip "$file, $tool" "there is no ${words[0]}"
            continue
        fi
        # A tool that does not take the original is no matter of the cage: patchelf wants a dynamic
        # section, llvm-strip cannot take static programs of GNU ld that have IRELATIVE relocations.
        cp "$file" changed
        "${words[@]}" changed 2>/dev/null || continue
        cp "$file.caged" changed
        "${words[@]}" changed 2>.tool || bail "$tool $file: $(head -n 1 .tool)"
        succeeds "$file verifies after $tool" "$ELFCAGE" verify "${deny[@]}" changed
    done
done

# show says of them, where they run before the hook: in a static program they do not.
for file in "${files[@]}"; do
    case $file in
    own | own32 | lazy | fixed)
        want="entry: the dynamic loader, the program's own resolvers of indirect functions and the constructors of shared libraries" ;;
    plain) want="entry: the dynamic loader and the constructors of shared libraries" ;;
    static*) want="entry: nothing of the program" ;;
    libc.so)
        want="init: all that ran before it was loaded, the dynamic loader, its own resolvers of indirect functions and the constructors of libraries it needs" ;;
    *) want="init: all that ran before it was loaded, the dynamic loader and the constructors of libraries it needs" ;;
    esac
    run "$ELFCAGE" show "$file.caged"
    is "$(sed -n 's/^  hook  *//p' .out | sed 's/ runs* before it$//')" "$want" "$file: show says what runs before"
    is "$("$ELFCAGE" show --json "$file.caged" | "$PYTHON" -c 'import json, sys; d = json.load(sys.stdin); print(d["hook"] + ": " + d["before-hook"])' |
        sed 's/ runs* before it$//')" "$want" "$file: and show --json"
done
run ./own.caged
is "$status" 7 "an indirect function of a caged program"

# forged WHAT FILE REGEX [FUNCTION]
forged() {
    local what=$1 file=$2 regex=$3
    shift 3
    "$PYTHON" "$CLI/elf.py" forge "$what" "$file.caged" forged "$@" 2>.forge ||
        bail "$what of $file: cannot be made: $(tail -n 1 .forge)"
    fails 1 "$regex" "$what of $file" "$ELFCAGE" verify forged
}
early() {
    nm "$1" | sed -n 's/ . early$//p'
}
found='the resolvers of indirect functions .* are not those of the original'
for file in plain own library.so sysv.so libc.so; do
    if [ "$file" = libc.so ]; then
        forged irelative-other "$file" "$found" 0x30000
        forged ifunc "$file" "$found" getpid
    else
        forged irelative "$file" "$found"
        forged ifunc "$file" "$found" exported
    fi
done
for file in plain own; do
    forged irelative-more "$file" "$found" "$(early "$file")"
    run ./forged
    is "$status $out" "7 early" "$file: that one really runs, and nobody would see it"
done
for file in own lazy fixed; do
    forged irelative-other "$file" "$found" "$(early "$file")"
done
[ ! -e own32.caged ] || forged rel-irelative own32 "$found"
for what in rela symbols hash; do
    forged $what-relocated plain 'a relocation writes to the dynamic section, to relocations'
done
finish
