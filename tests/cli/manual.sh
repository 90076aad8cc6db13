#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual names exactly the commands, options, letters, values and exit statuses that --help does.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
manual=$CLI/../../doc/elfcage.1

commands=$("$ELFCAGE" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' | sort)
isnt "$commands" "" "--help names commands"
is "$(sed -n '/^\.Sh DESCRIPTION/,/^\.Ss/s/^\.It Cm //p' "$manual" | sort)" "$commands" \
    "the manual has the same commands"

# "  -p, --policy FILE   text" and ".It Fl p , Fl -policy Ar FILE" both become "-p --policy FILE".
options=$(
    for command in "" $commands; do
        "$ELFCAGE" ${command:+"$command"} --help
    done |
        sed -n 's/^  \(-[a-z], \|    \|\)--\([^ ]*\)\( [^ ]\+\)\?\( .*\)\?$/\1 --\2\3/p' |
        sed 's/,//; s/^ *//; s/  */ /g; s/ *$//' | sort -u
)
isnt "$options" "" "--help names options"
is "$(
    sed -n 's/^\.It Fl //p' "$manual" |
        sed 's/^-/--/; s/^\([a-z]\) , Fl -/-\1 --/; s/ Ns | Ns Cm /|/g
             s/ Ns Op : Ns Ar \(.*\)/[:\1]/; s/ \(Ar\|Cm\) / /g; s/|Ns/|/' | sort -u
)" "$options" "the manual has the same options, letters and values"

is "$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh/s/^\.It \([0-9]*\)$/\1/p' "$manual" | sort -n)" \
    "$("$ELFCAGE" --help | sed -n '/^exit status:/,/^$/p' | grep -oE '(^| )[0-9]+ ' | tr -d ' ' | sort -n)" \
    "the manual has the same exit statuses"

if command -v mandoc >/dev/null; then
    is "$(mandoc -T lint -W warning "$manual" 2>&1)" "" "the manual is well-formed"
else
    skip "the manual is well-formed" "mandoc is not installed"
fi
finish
