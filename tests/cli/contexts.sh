#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every task of a caged program has the filter: later threads, threads that a library's constructor
# started before the entry hook, signal handlers, children by fork, vfork and clone3, and what is
# executed.
. "$(dirname "$0")/lib.bash"
deny=(--default allow --deny getpriority:ENOANO)

build chain chain.c
build contexts contexts.c -pthread
build libearly.so early.c -shared -fPIC -pthread
build contexts-early contexts.c -DEARLY -pthread -Wl,-E ./libearly.so
build contexts-static contexts.c -static -pthread

# check PROGRAM TASKS: each of them reports a refused call and a filter.
check() {
    cage caged "$1" "${deny[@]}"
    run ./caged ./chain
    is "$status $err" "0 " "$1: runs"
    is "$(grep -c ' ENOANO 2$' .out)" "$2" "$1: $2 tasks are refused and filtered"
    is "$(grep -v -e ' ENOANO 2$' -e '^link ' .out)" "" "$1: and no task is not"
    is "$(grep '^link' .out)" "link ENOANO 1" "$1: an uncaged program that it executes too"
}
check ./contexts 9
check ./contexts-early 10
check ./contexts-static 9
is "$(grep -c thread-of-constructor <(cage caged ./contexts-early "${deny[@]}" && ./caged))" 1 \
    "the constructor's thread is one of them"

cage caged-chain ./chain "${deny[@]}"
cage caged ./contexts "${deny[@]}"
is "$(./caged ./caged-chain | grep '^link')" "link ENOANO 2" "a caged program executed by one has both filters"

if have_32bit; then
    build contexts32 contexts.c -m32 -pthread
    build libearly32.so early.c -m32 -shared -fPIC -pthread
    build contexts-early32 contexts.c -m32 -DEARLY -pthread -Wl,-E ./libearly32.so
    check ./contexts32 9
    check ./contexts-early32 10
else
    skip "32-bit programs" "this machine does not build or run -m32 programs"
fi
finish
