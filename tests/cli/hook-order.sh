#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What runs before the filter, under each hook and each loader: the table that the manual has is made
# here, from a program with everything that a loader calls.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny mkdir:ENOTUNIQ)
[[ $(uname -m) == x86_64 ]] || skip_all "the program is written for x86-64"

# make FOLDER COMPILER RESOLVER: `program` needs `liblibrary.so`, which needs `libbelow.so`.
make() {
    local folder=$1 compiler=$2 resolver=$3
    mkdir -p "$folder"
    local flags=(-O1 -w -fPIC $resolver -DCONSTRUCTOR -Wl,-rpath,"\$ORIGIN" -L"$folder")
    $compiler "${flags[@]}" -shared -DLIBRARY -DNAME='"below"' -DCALL=call_below -o "$folder/libbelow.so" \
        "$PROGRAMS/hooked.c" &&
        $compiler "${flags[@]}" -shared -DLIBRARY -DNAME='"library"' -DCALL=call_library -DBELOW -DINIT \
            -Wl,-init=own_init -o "$folder/liblibrary.so" "$PROGRAMS/hooked.c" -lbelow &&
        $compiler "${flags[@]}" -DNAME='"program"' -DPREINIT -DINIT -Wl,-init=own_init -o "$folder/program" \
            "$PROGRAMS/hooked.c" -llibrary
}
make glibc "${CC:-gcc}" -DRESOLVER 2>.cc || bail "not built: $(head -n 1 .cc)"
loaders=(glibc)
if command -v musl-gcc >/dev/null && make musl musl-gcc "" 2>/dev/null; then
    loaders+=(musl)
else
    skip "musl" "musl-gcc is not installed"
fi

own='own resolvers of indirect functions'
declare -A says=(
    [entry]="the dynamic loader, the program's $own, the program's own DT_PREINIT_ARRAY and the constructors of shared libraries"
    [preinit]="the dynamic loader, the program's $own and those of shared libraries"
    [init]="all that ran before it was loaded, the dynamic loader, its $own and the constructors of libraries it needs"
)
# run_with LOADER HOOK: what is caged depends on the hook; leaves what is printed in LOADER-HOOK.
run_with() {
    local loader=$1 hook=$2 file=program
    [ "$hook" = init ] && file=liblibrary.so
    rm -rf caged
    cp -r "$loader" caged
    cage "caged/$file" "$loader/$file" "${deny[@]}" --hook "$hook"
    run caged/program
    is "$status $err" "0 " "$loader, hook $hook: runs"
    cp .out "$loader-$hook"
    "$loader/program" | sed 's/ free$//' >.original
    is "$(sed 's/ \(free\|filtered\)$//' .out)" "$(cat .original)" "$loader, hook $hook: all is called, in the same order"
    # Once there, it stays.
    is "$(sed -n '/ filtered$/,$p' .out | grep -c ' free$')" 0 "$loader, hook $hook: nothing is free after that"
    # What show says of the caged file.
    run "$ELFCAGE" show "caged/$file"
    if [ "$loader" = glibc ]; then
        like "$out" "hook +$hook: ${says[$hook]} run before it"$'\n' "$loader, hook $hook: show says what ran before"
    fi
    local caged=program
    [ "$hook" = init ] && caged=library
    is "$([[ "$out" == *"$own"* ]] && echo free)" "$(sed -n "s/^$caged resolver //p" "$loader-$hook")" \
        "$loader, hook $hook: show knows whether it has resolvers"
}

# row LOADER WHAT LABEL: a line of the table.
row() {
    local loader=$1 what=$2 label=$3 cells=() hook
    for hook in entry preinit init; do
        if [ ! -e "$loader-$hook" ]; then
            cells+=(-)
        elif grep -q "^$what filtered$" "$loader-$hook"; then
            cells+=(filtered)
        elif grep -q "^$what free$" "$loader-$hook"; then
            cells+=(free)
        else
            cells+=(-)
        fi
    done
    printf '%-36s %-9s %-9s %s\n' "$label" "${cells[@]}"
}
for loader in "${loaders[@]}"; do
    run_with "$loader" entry
    [ "$loader" = musl ] || run_with "$loader" preinit
    run_with "$loader" init
    {
        printf '%-36s %-9s %-9s %s\n' "$loader" entry preinit init
        if [ "$loader" = glibc ]; then
            row glibc "below resolver" "resolvers of libraries"
            row glibc "program resolver" "resolvers of the program"
            row glibc "program preinit" "DT_PREINIT_ARRAY of the program"
        fi
        row "$loader" "below constructor" "constructors of what LIB needs"
        row "$loader" "library DT_INIT" "DT_INIT of LIB"
        row "$loader" "library constructor" "constructors of LIB"
        row "$loader" "program DT_INIT" "DT_INIT of the program"
        row "$loader" "program constructor" "constructors of the program"
        row "$loader" "main" "main"
    } >"table-$loader"
    sed 's/ *$//; s/^/# /' "table-$loader"
done
# What the order is under each, in short.
is "$(grep -c ' free$' glibc-entry) $(grep -c ' free$' glibc-preinit)" "7 3" \
    "preinit comes before constructors, entry behind those of libraries"
like "$(cat glibc-preinit)" 'program preinit filtered' "preinit comes before what the program has there itself"
like "$(cat glibc-init)" 'below constructor free.library DT_INIT filtered' "init: behind the libraries that LIB needs"
manual=$CLI/../../doc/elfcage.1
while IFS= read -r line; do
    line=${line%"${line##*[! ]}"}
    holds "the manual has: $line" grep -qxF -- "$line" "$manual"
done < <(cat table-*)

# Who loads the program decides: musl's loader does not look at DT_PREINIT_ARRAY.
if [ -e table-musl ]; then
    fails 4 "not glibc's, and musl's ignores DT_PREINIT_ARRAY: use --hook entry" "preinit for musl's loader" \
        "$ELFCAGE" inject "${deny[@]}" --hook preinit -o out musl/program
fi
build static hooked.c -static -DALONE
fails 4 'static: nothing of it runs before its entry point: use --hook entry' "preinit for a static program" \
    "$ELFCAGE" inject "${deny[@]}" --hook preinit -o out static
fails 4 'a shared object, whose DT_PREINIT_ARRAY is not called where a program needs it: use --hook init' "preinit for a library" \
    "$ELFCAGE" inject "${deny[@]}" --hook preinit -o out glibc/liblibrary.so
fails 4 'a shared object, which nobody enters at its entry point: use --hook init' "entry for a library" \
    "$ELFCAGE" inject "${deny[@]}" --hook entry -o out glibc/liblibrary.so
fails 4 'an executable, whose own first function runs later than its entry point: use --hook entry' \
    "init for a program" "$ELFCAGE" inject "${deny[@]}" --hook init -o out glibc/program
fails 2 '"auto", "entry", "init" or "preinit"' "another hook" "$ELFCAGE" inject "${deny[@]}" --hook exit -o out glibc/program
holds "nothing is left behind" test ! -e out
finish
