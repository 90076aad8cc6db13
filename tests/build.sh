#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset: `tests/build.sh PRESET TEXT [TARGET...]`. Prints TAP, one test:
# that it builds, and that no compiler says anything.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
preset=$1 text=$2
shift 2
targets=()
[ $# -eq 0 ] || targets=(--target "$@")
log=build/$preset.log
mkdir -p build
echo 1..1
if { cmake --preset "$preset" && cmake --build --preset "$preset" -j"${ELFCAGE_JOBS:-2}" "${targets[@]}" -- -k 0; } \
  >"$log" 2>&1 && ! grep -E 'warning:|error:' "$log" >/dev/null; then
  echo "ok 1 - $text"
else
  echo "not ok 1 - $text"
  { grep -E -A6 'warning:|error:|^FAILED|CMake Error' "$log" || tail -n 30 "$log"; } | head -n 60 | sed 's/^/# /'
  exit 1
fi
