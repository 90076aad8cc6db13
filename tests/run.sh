#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test and closes with one line, `N passed, N failed, N skipped`; the exit status is 0 only
# if none failed. Installs the Debian packages it needs (root or sudo).
#
#   ./tests/run.sh            everything
#   ./tests/run.sh PART...    some of: unit cli policies elf corpus proof samples valgrind fuzz clang
#                             tidy
#
#   unit      cmocka programs, release and under ASan + UBSan
#   cli       tests/cli/*.sh, release and under ASan + UBSan
#   policies  mutated policies under ASan + UBSan; real policies, and those who made their formats,
#             against what elfcage makes of them (tests/policies)
#   elf       the matrix of files and tools; programs of this system, under load too: traced, under load;
#             programs of other architectures (tests/foreign)
#   corpus    programs and libraries of some packages that are installed; tests/corpus/corpus.py --all
#             takes thousands, which it fetches
#   proof     random policies, mutated programs, libseccomp's programs: all proved or refuted
#   samples   samples/test.sh
#   valgrind  unit tests and some command-line tests
#   fuzz      each fuzzer for a short while (FUZZ_SECONDS each; by default a minute for those that take
#             ELF files, 20 for others)
#   clang     clang builds everything without a warning
#   tidy      clang-tidy says nothing
#
# Builds into build/PRESET; what each test printed is kept in build/tests. Every test program finds the
# program under test in $ELFCAGE, and real-world policies in $ELFCAGE_POLICIES if that is set.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
all="unit cli policies elf corpus proof samples valgrind fuzz clang tidy"
parts=" ${*:-$all} "
for part in $parts; do
  case " $all " in
  *" $part "*) ;;
  *)
    sed -n '4,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
  esac
done
wanted() {
  case "$parts" in *" $1 "*) true ;; *) false ;; esac
}
exec </dev/null
export LC_ALL=C.UTF-8
unset ELFCAGE CDPATH
tests/install-packages.sh test
if [ -z "${ELFCAGE_POLICIES:-}" ] && [ -d ../shared/policies ]; then
  ELFCAGE_POLICIES=$(cd ../shared/policies && pwd)
  export ELFCAGE_POLICIES
fi
# A sanitizer must not be quiet, and must not be mistaken for an exit status of elfcage.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1
export ELFCAGE_JOBS=${ELFCAGE_JOBS:-2}
# Go keeps its cache here, so that a machine without $HOME will do, and fetches nothing.
export GOCACHE=$root/build/go-cache GOPROXY=off GOFLAGS=-buildvcs=false

output=$root/build/tests
rm -rf "$output"
mkdir -p "$output"
list=$output/list
: >"$list"
# job NAME COMMAND...: printf %q keeps each word whole. A job that hangs is ended and counts as failed.
job() {
  local name=$1
  shift
  printf '%s\ttimeout --kill-after=10 1200' "$name" >>"$list"
  printf ' %q' "$@" >>"$list"
  printf '\n' >>"$list"
}

# Builds come first and one after the other: each uses all processors. Their results are jobs too.
built=" "
build() {
  local preset=$1
  echo "building $preset ..."
  if tests/build.sh "$@" >"$output/build.$preset"; then
    built="$built$preset "
  fi
  job "build/$preset" cat "$output/build.$preset"
}
# programs FOLDER [PATTERN]: executable files
programs() {
  [ ! -d "$1" ] || find "$1" -maxdepth 1 -type f -executable -name "${2:-*}" | sort
}
has() {
  case "$built" in *" $1 "*) true ;; *) false ;; esac
}
build release "release build without warnings"
if wanted unit || wanted cli || wanted policies; then
  build dev "development build (ASan, UBSan) without warnings"
fi
if wanted clang || wanted valgrind || wanted elf; then
  build clang "clang builds without warnings"
fi
if wanted fuzz; then
  build fuzz "fuzzers build without warnings"
fi
if wanted tidy; then
  build tidy "clang-tidy has nothing to say"
fi

with() {
  local preset=$1 name=$2
  shift 2
  job "$name" env ELFCAGE="$root/build/$preset/injector/elfcage" "$@"
}
# The longest first, so that two at a time end together.
if has release; then
  if wanted elf; then
    with release elf/matrix /usr/bin/python3 tests/elf/matrix.py
    with release elf/upx /usr/bin/python3 tests/elf/upx.py
    with release elf/runtimes /usr/bin/python3 tests/elf/runtimes.py
    with release elf/orders /usr/bin/python3 tests/elf/orders.py
    with release elf/changed /usr/bin/python3 tests/elf/changed.py
    with release foreign/foreign /usr/bin/python3 tests/foreign/foreign.py
    with release system/system /usr/bin/python3 tests/system/system.py
    with release system/load /usr/bin/python3 tests/system/load.py
    # Into what is linked statically, valgrind does not see.
    dynamic=$root/build/clang/injector/elfcage
    job system/image env ELFCAGE="$root/build/release/injector/elfcage" ELFCAGE_DYNAMIC="$dynamic" \
      /usr/bin/python3 tests/system/image.py
  fi
  if wanted corpus; then
    with release corpus /usr/bin/python3 tests/corpus/corpus.py
  fi
  if wanted proof; then
    proofs=build/release/proof
    job proof/random "$proofs/proof_random" --count 20000
    job proof/mutate "$proofs/proof_mutate" --count 50 samples/*/*.json
    job proof/libseccomp "$proofs/proof_libseccomp" --count 1000
  fi
fi
if has dev && wanted policies; then
  folders=(tests/policies/seeds)
  [ -z "${ELFCAGE_POLICIES:-}" ] || folders+=("$ELFCAGE_POLICIES")
  job policies/mutate build/dev/policies/mutate --count 2000 "${folders[@]}"
fi
if has release && wanted policies; then
  for script in $(programs tests/policies); do
    with release "policies/$(basename "${script%.*}")" "$script"
  done
fi
if has fuzz; then
  for program in $(programs build/fuzz/fuzz); do
    case $program in
    */fuzz_image | */fuzz_inject_remove | */fuzz_undo) seconds=60 ;;
    *) seconds=20 ;;
    esac
    job "fuzz/${program##*/}" tests/fuzz.sh "$root/$program" "${FUZZ_SECONDS:-$seconds}"
  done
fi
if has release; then
  if wanted samples; then
    with release samples samples/test.sh
  fi
fi
for preset in dev release; do
  has "$preset" || continue
  if wanted cli; then
    for script in $(programs tests/cli); do # what is not executable is no test
      with "$preset" "cli.$preset/$(basename "$script" .sh)" "$script"
    done
  fi
  if wanted unit; then
    for program in $(programs "build/$preset/unit" "test_*"); do
      with "$preset" "unit.$preset/${program##*/}" tests/unit.sh "$program"
    done
  fi
done
valgrind=(valgrind --quiet --error-exitcode=98 --leak-check=full --errors-for-leak-kinds=definite)
if has release && wanted valgrind; then
  for program in $(programs build/release/unit "test_*"); do
    with release "unit.valgrind/${program##*/}" tests/unit.sh "${valgrind[@]}" "$program"
  done
fi
if has clang && wanted valgrind; then
  # A program that is elfcage under valgrind, for scripts that take it from $ELFCAGE. Of what the release links into
  # itself, valgrind would not see malloc(3).
  printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${valgrind[*]}" "$root/build/clang/injector/elfcage" >"$output/elfcage"
  chmod +x "$output/elfcage"
  for name in again bad-policy show; do
    job "cli.valgrind/$name" env ELFCAGE="$output/elfcage" "tests/cli/$name.sh"
  done
fi

exec /usr/bin/perl tests/run-tap.pl "$list" "$output" "${ELFCAGE_JOBS:-2}"
