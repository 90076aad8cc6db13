#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds elfcage (release, into build/release) and shows its main job on real programs, before and after.
# Installs the Debian packages that this needs (root or sudo). Status 0 only if everything came out as
# it should. With $ELFCAGE set, that elfcage is shown and nothing is installed or built.
set -u
samples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$samples/.." || exit 1
work=$(mktemp -d)
. samples/common.sh
trap 'stop_servers; rm -rf "$work"' EXIT
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' dim='' green='' red='' plain=''
fi
give_up() {
  echo "$1:"
  tail -n 40 "$work/build.log"
  exit 1
} >&2

if [ -z "${ELFCAGE:-}" ]; then
  tests/install-packages.sh demo || exit 1
  echo "building elfcage into build/release ..."
  { cmake --preset release && cmake --build --preset release --target elfcage; } >"$work/build.log" 2>&1 ||
    give_up "elfcage does not build"
  ELFCAGE=$PWD/build/release/injector/elfcage
fi
export GOCACHE=${GOCACHE:-$PWD/build/go-cache}
echo "building two servers in Go and one in C, none of which knows of elfcage ..."
build_samples "$work" >"$work/build.log" 2>&1 || give_up "the samples do not build"

surprises=0
# Shows what elfcage is called with, and what it says, without the folders.
elfcage() {
  local shown="$*" said
  shown=${shown//"$work/"/}
  printf '%s  $ elfcage %s%s\n' "$dim" "${shown//"$PWD/"/}" "$plain"
  said=$("$ELFCAGE" "$@" 2>&1) || surprises=$((surprises + 1))
  [ -z "$said" ] || sed 's/^/  /' <<<"${said//"$work/"/}"
}
title() {
  printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}
label=42 # width of the first column of the table that follows
columns() {
  printf '  %s%-*s' "$bold" "$label" ""
  printf '  %-26s' "$@"
  printf '%s\n' "$plain"
}
# row TEXT (ANSWER WANTED)...: what the programs answered, and the pattern that it should match
row() {
  local text=$1 line='' answer color
  shift
  while [ $# -gt 0 ]; do
    answer=${1##*: } color=$green
    case $answer in *"not permitted"*) color=$red ;; esac
    # shellcheck disable=SC2053 # a pattern is what is meant
    if [[ $answer != $2 ]]; then
      surprises=$((surprises + 1))
      text="$text (UNEXPECTED)"
    fi
    line+=$(printf '  %s%-26s%s' "$color" "$answer" "$plain")
    shift 2
  done
  printf '  %-*s%s\n' "$label" "$text" "$line"
}
refused="[oO]peration not permitted"

title "Two servers in Go: one gives files to their owners, the other must never do that"
for program in owner web; do
  elfcage inject --policy "samples/go-two-servers/$program.json" "$work/$program" -o "$work/$program.caged"
done
mkdir "$work/files"
echo hello >"$work/page"
given=() served=() stolen=() now=() ran=()
for kind in "" .caged; do
  start "$work/owner$kind" "$work/owner.socket" "$work/files"
  given+=("$(request "$work/owner.socket" "/page?uid=$give_to" --upload-file "$work/page")")
  start "$work/web$kind" "$work/web.socket" "$work/files"
  served+=("$(request "$work/web.socket" /page)")
  stolen+=("$(request "$work/web.socket" "/hole?name=page&uid=$steal_to" -X POST)")
  now+=("owner is $(owner_of "$work/files/page")")
  ran+=("$(request "$work/web.socket" "/hole?run=/bin/true" -X POST)")
  stop_servers
  rm -f "$work"/*.socket
done
columns "as built" "caged"
row "owner: PUT /page for user $give_to" "${given[0]}" "*to $give_to" "${given[1]}" "*to $give_to"
row "web:   GET /page" "${served[0]}" hello "${served[1]}" hello
row "web:   a hole calls os.Chown for user $steal_to" "${stolen[0]}" "done" "${stolen[1]}" "$refused"
row "       the page afterwards" "${now[0]}" "owner is $steal_to" "${now[1]}" "owner is $give_to"
row "web:   a hole runs /bin/true" "${ran[0]}" "done" "${ran[1]}" "$refused"

title "Denying chown alone stops nothing: os.Chown calls fchownat"
elfcage inject --default allow --deny chown "$work/web" -o "$work/web.naive"
elfcage inject --default allow --deny chown,fchown,lchown,fchownat "$work/web" -o "$work/web.family"
answers=()
for kind in naive family; do
  start "$work/web.$kind" "$work/web.socket" "$work/files"
  answers+=("$(request "$work/web.socket" "/hole?name=page&uid=$steal_to" -X POST)")
  stop_servers
  rm -f "$work"/*.socket
done
columns "chown denied" "the family denied"
row "web:   a hole calls os.Chown" "${answers[0]}" "done" "${answers[1]}" "$refused"

title "One server in C, with threads, in two cages: one may change owners, the other may not"
elfcage inject --policy samples/c-server/server-may-own.json "$work/server" -o "$work/server.may-own"
elfcage inject --policy samples/c-server/server.json "$work/server" -o "$work/server.caged"
declare -A says
touch "$work/file"
for kind in "" .may-own .caged; do
  start "$work/server$kind" 0
  for line in "echo hello" "own $work/file $give_to" "run /bin/true" "socket 17"; do
    says[server$kind ${line%% *}]=$(say "$first_line" "$line")
  done
  stop_servers
done
label=18
columns "as built" "server.may-own" "server.caged"
while IFS=: read -r line built may_own caged; do
  command=${line%% *}
  row "$line" "${says[server $command]}" "$built" "${says[server.may-own $command]}" "$may_own" \
    "${says[server.caged $command]}" "$caged"
done <<ROWS
echo hello:hello:hello:hello
own FILE $give_to:done:done:$refused
run /bin/true:done:$refused:$refused
socket 17 (raw):*:$refused:$refused
ROWS
label=42

tar=$(readlink -f "$(command -v tar)")
title "A program that Debian built: $tar restores owners when root unpacks"
elfcage inject --default allow --deny chown,fchown,lchown,fchownat "$tar" -o "$work/tar.caged"
tar --create --owner=:"$steal_to" --group=:"$(id -g)" --file "$work/archive" --directory "$work" page
answers=()
for program in "$tar" "$work/tar.caged"; do
  mkdir -p "$work/unpacked"
  if message=$("$program" --extract --same-owner --file "$work/archive" --directory "$work/unpacked" 2>&1); then
    answers+=("owner is $(owner_of "$work/unpacked/page")")
  else
    answers+=("$(head -n 1 <<<"$message")")
  fi
  rm -rf "$work/unpacked"
done
columns "as built" "caged"
row "tar --extract --same-owner" "${answers[0]}" "owner is $steal_to" "${answers[1]}" "$refused"

title "What is inside, and the way back"
elfcage show "$work/web.caged"
elfcage verify --policy samples/go-two-servers/web.json "$work/web.caged"
elfcage remove "$work/web.caged" -o "$work/web.back"
if cmp "$work/web" "$work/web.back"; then
  echo "  web.back is web, byte for byte ($(stat -c %s "$work/web") bytes)"
else
  surprises=$((surprises + 1))
fi

if [ "$surprises" -gt 0 ]; then
  echo "$surprises surprises" >&2
  exit 1
fi
