#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One fuzzer for a short while, from its seeds: `tests/fuzz.sh PROGRAM SECONDS`. Prints TAP. The seed of the
# random numbers is fixed; new inputs stay in a folder that is thrown away.
set -u
program=$1 seconds=$2
name=$(basename "$program")
seeds=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/tests/fuzz/seeds/$name
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/new"
cd "$work" || exit 1
corpora=(new)
[ -d "$seeds" ] && corpora+=("$seeds")
words=$(dirname "$(dirname "$seeds")")/$name.dict
[ ! -f "$words" ] || corpora+=("-dict=$words")
echo 1..1
if "$program" -seed=1 -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
  "${corpora[@]}" >log 2>&1; then
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' log)
  echo "ok 1 - $name: nothing found in ${runs:-no} runs"
else
  echo "not ok 1 - $name"
  grep -v '^#[0-9]' log | tail -n 40 | sed 's/^/# /'
  for found in crash-* timeout-* oom-* leak-*; do
    [ -f "$found" ] && echo "# $found: $(base64 -w0 "$found" | head -c 4000)"
  done
  exit 1
fi
