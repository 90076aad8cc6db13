#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual names exactly the commands and the options, with their letters and values, that --help does.
set -u
manual=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/doc/elfcage.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 1..4

# same TEXT: number $1, are $work/help and $work/manual the same?
same() {
  if [ -s "$work/help" ] && diff "$work/help" "$work/manual" >"$work/diff"; then
    echo "ok $1 - $2"
  else
    echo "not ok $1 - $2"
    sed 's/^</# --help:  </; s/^>/# manual: >/; s/^[0-9]/# &/' "$work/diff"
  fi
}

"$ELFCAGE" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' | sort >"$work/help"
mapfile -t commands <"$work/help"
sed -n '/^\.Sh DESCRIPTION/,/^\.Ss/s/^\.It Cm //p' "$manual" | sort >"$work/manual"
same 1 "the same commands"

# "  -p, --policy FILE   text" and ".It Fl p , Fl -policy Ar FILE" both become "-p --policy FILE".
{
  for command in "${commands[@]}"; do
    "$ELFCAGE" "$command" --help
  done
  "$ELFCAGE" --help
} | sed -n 's/^  \(-[a-z], \|    \|\)--\([^ ]*\)\( [^ ]\+\)\?\( .*\)\?$/\1 --\2\3/p' | sed 's/,//; s/^ *//; s/  */ /g; s/ *$//' |
  sort -u >"$work/help"
sed -n 's/^\.It Fl //p' "$manual" |
  sed 's/^-/--/; s/^\([a-z]\) , Fl -/-\1 --/; s/ Ns | Ns Cm /|/g; s/ Ns Op : Ns Ar \(.*\)/[:\1]/; s/ \(Ar\|Cm\) / /g' |
  sed 's/|\(Ns\)//' | sort -u >"$work/manual"
same 2 "the same options, letters and values"

"$ELFCAGE" --help | sed -n '/^exit status:/,/^$/p' | grep -oE '(^| )[0-9]+ ' | tr -d ' ' | sort -n >"$work/help"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh/s/^\.It \([0-9]*\)$/\1/p' "$manual" | sort -n >"$work/manual"
same 3 "the same exit statuses"

if ! command -v mandoc >/dev/null; then
  echo "ok 4 - the manual is well-formed # SKIP no mandoc"
elif mandoc -T lint -W warning "$manual" >"$work/lint" 2>&1; then
  echo "ok 4 - the manual is well-formed"
else
  echo "not ok 4 - the manual is well-formed"
  sed 's/^/# /' "$work/lint"
fi
