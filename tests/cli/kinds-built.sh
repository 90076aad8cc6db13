#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kinds of files by what makes them, or has been at them before: shared objects and plug-ins of Go and Rust,
# sections and libraries added by objcopy and patchelf, archives in a section as PyInstaller has them. Each
# is caged, filtered, goes on so behind the tools behind which the original goes on, and goes back.
# (tests/elf/kinds.py has those that can be one program in the matrix, odd-elf.sh those that are refused.)
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny 'mkdir,mkdirat:ENOTUNIQ')
[[ $(uname -m) == x86_64 ]] || skip_all "the programs are written for x86"
C=${CC:-gcc}
export GO111MODULE=off GOPROXY=off GOFLAGS='' GOTELEMETRY=off GOPATH=$WORK/go GOCACHE=${GOCACHE:-$WORK/cache} HOME=$WORK
export CGO_ENABLED=1 CC=$C

build load calls.c

tools=("strip" "strip -g" "objcopy" "eu-strip" "llvm-strip" "patchelf --set-rpath /nonexistent")
# works TEXT FILE COMMAND...: FILE, as it is run by COMMAND, for which it is called "file".
works() {
    local text=$1 file=$2 tool plain wanted behind='' wrong=''
    shift 2
    cp -p --remove-destination "$file" file
    run "$@"
    plain="$status $out$err"
    wanted=${plain//free/filtered}
    like "$plain" '^0 .*free' "$text: the original runs"
    run "$ELFCAGE" inject -q "${deny[@]}" -o caged "$file"
    is "$status$err" 0 "$text: caged"
    cp -p --remove-destination caged file
    run "$@"
    is "$status $out$err" "$wanted" "$text: filtered"
    succeeds "$text: verifies" "$ELFCAGE" verify -q caged
    run "$ELFCAGE" remove -o back caged
    is "$status$err $(digest back)" "0 $(digest "$file")" "$text: goes back"
    for tool in "${tools[@]}"; do
        command -v "${tool%% *}" >/dev/null || continue
        cp -p --remove-destination "$file" file
        # shellcheck disable=SC2086 # words
        $tool file >/dev/null 2>&1
        run "$@"
        [ "$status $out$err" = "$plain" ] || continue # not the original either
        behind+=", ${tool/ *-*pa*/}"
        cp -p --remove-destination caged file
        # shellcheck disable=SC2086
        $tool file >/dev/null 2>&1
        run "$@"
        if [ "$status $out$err" != "$wanted" ] || ! "$ELFCAGE" verify -q file 2>>.err; then
            wrong+=" $tool: $status $out$err $(tail -n 1 .err)"
        fi
    done
    is "$wrong" "" "$text: filtered and verifies after ${behind#, }"
}

# Go: a library for C, by each linker; a plug-in.
if command -v go >/dev/null; then
    cat >say.go <<'G'
package main

import "syscall"

func say(what string) {
	if syscall.Mkdir("/dev/null/x", 0700) == syscall.Errno(76) {
		println(what, "filtered")
	} else {
		println(what, "free")
	}
}

func init() { say("init") }
func main() {}
G
    cat >library.go <<'G'
package main

import "C"

//export call_library
func call_library() int32 {
	say("library")
	return 0
}
G
    cat >plugin.go <<'G'
package main

func Call() { say("library") }
G
    mkdir host
    cat >host/host.go <<'G'
package main

import "plugin"

func main() {
	loaded, err := plugin.Open("./file")
	if err != nil {
		panic(err)
	}
	call, _ := loaded.Lookup("Call")
	call.(func())()
}
G
    for linker in bfd lld mold; do
        if go build -buildvcs=false -buildmode=c-shared -ldflags="-extldflags=-fuse-ld=$linker" -o library.so say.go library.go 2>.cc; then
            works "Go, c-shared, $linker" library.so ./load ./file
        else
            skip "Go, c-shared, $linker" "not built: $(tail -n 1 .cc)"
        fi
    done
    if go build -buildvcs=false -buildmode=plugin -o plugin.so say.go plugin.go 2>.cc &&
        go build -buildvcs=false -o hosts host/host.go 2>.cc; then
        works "Go, a plug-in" plugin.so ./hosts
    else
        skip "Go, a plug-in" "not built: $(tail -n 1 .cc)"
    fi
    chmod -R u+w "$WORK" 2>/dev/null
else
    skip "Go" "go is not installed"
fi

# Rust: a library for C.
rustc=rustc
[ -x /usr/bin/rustc ] && rustc=/usr/bin/rustc
cat >library.rs <<'R'
use std::os::raw::{c_char, c_int};
extern "C" {
    fn mkdir(path: *const c_char, mode: u32) -> c_int;
}
#[no_mangle]
pub extern "C" fn call_library() -> c_int {
    let made = unsafe { mkdir(b"/dev/null/x\0".as_ptr() as *const c_char, 0o700) };
    let error = std::io::Error::last_os_error().raw_os_error();
    println!("library {}", if made < 0 && error == Some(76) { "filtered" } else { "free" });
    0
}
R
for flags in "" "-C link-arg=-fuse-ld=lld" "-C strip=symbols"; do
    # shellcheck disable=SC2086
    if $rustc --edition 2021 --crate-type cdylib -O $flags -o library.so library.rs 2>.cc; then
        works "Rust, cdylib${flags:+, $flags}" library.so ./load ./file
    else
        skip "Rust, cdylib${flags:+, $flags}" "not built: $(head -n 1 .cc)"
    fi
done

# What was changed before it was caged.
cat >archive.c <<'E'
/* The bytes in front of a mark that is looked for from the end of the file; then, what mkdir says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
static const char mark[] = {012, 'E', 'I', 014, 013, 012, 013, 016};
int main(void)
{
    FILE *self = fopen("/proc/self/exe", "rb");
    fseek(self, 0, SEEK_END);
    long size = ftell(self);
    char *bytes = malloc(size);
    rewind(self);
    if (fread(bytes, 1, size, self) != size) {
        return 1;
    }
    for (long at = size - 8; at >= 8; at--) {
        if (memcmp(bytes + at + 1, mark + 1, 7) == 0 && bytes[at] == 'M') {
            printf("%.8s\n", bytes + at - 8);
            break;
        }
    }
    puts(mkdir("/dev/null/x", 0700) < 0 && errno == ENOTUNIQ ? "main filtered" : "main free");
    return 0;
}
E
printf 'ARCHIVE!MEI\014\013\012\013\016' >package
echo 'int quiet;' >quiet.c && $C -shared -fPIC -w -o libneeded.so quiet.c
for flags in "-pie -fPIE" "-no-pie -fno-pie" "-pie -fPIE -fuse-ld=lld" "-pie -fPIE -fuse-ld=mold" "-static"; do
    # shellcheck disable=SC2086
    $C -O1 -w $flags -o plain archive.c 2>.cc || {
        skip "$flags" "not built: $(head -n 1 .cc)"
        continue
    }
    objcopy --add-section pydata=package plain changed || bail "objcopy adds no section"
    works "an archive in a section, as PyInstaller has it, $flags" changed ./file
    "$ELFCAGE" inject -q "${deny[@]}" -o caged changed
    is "$(./caged)" "ARCHIVE!
main filtered" "$flags: the archive is found"
    if ! command -v patchelf >/dev/null; then
        skip "patchelf before, $flags" "patchelf is not installed"
        continue
    fi
    [[ $flags == *-static* ]] && continue
    loader=$(readlink -f "$(readelf -lW plain | sed -n 's/.*interpreter: \(.*\)\]/\1/p')")
    for change in "--add-needed libm.so.6" "--add-rpath $WORK;--add-needed libneeded.so" "--set-interpreter $loader" \
        "--no-default-lib --add-rpath /lib/x86_64-linux-gnu"; do
        cp -p --remove-destination plain changed
        IFS=';' read -ra steps <<<"$change"
        for step in "${steps[@]}"; do
            # shellcheck disable=SC2086
            patchelf $step changed 2>.cc
        done
        run ./changed
        if [ "$status" = 0 ]; then
            works "patchelf ${change//$WORK/FOLDER} before, $flags" changed ./file
        else
            skip "patchelf ${change//$WORK/FOLDER} before, $flags" "the original does not run so: $(head -n 1 .cc)"
        fi
    done
done
finish
