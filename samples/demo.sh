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
  cat "$work/build.log"
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
# Shows what elfcage is called with, and calls it.
elfcage() {
  local shown="$*"
  shown=${shown//"$work/"/}
  printf '%s  $ elfcage %s%s\n' "$dim" "${shown//"$PWD/"/}" "$plain"
  "$ELFCAGE" "$@" || surprises=$((surprises + 1))
}
title() {
  printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}
columns() {
  printf '  %s%-42s  %-26s  %s%s\n' "$bold" "" "$1" "$2" "$plain"
}
# row TEXT BEFORE AFTER WANTED-BEFORE WANTED-AFTER: what the programs answered, against what they should
row() {
  local text=$1 before=${2##*: } after=${3##*: } color=$green
  case "$after" in *"not permitted"*) color=$red ;; esac
  # shellcheck disable=SC2053 # patterns are what is meant
  if [[ $before != $4 || $after != $5 ]]; then
    surprises=$((surprises + 1))
    text="$text (UNEXPECTED)"
  fi
  printf '  %-42s  %-26s  %s%s%s\n' "$text" "$before" "$color" "$after" "$plain"
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
row "owner: PUT /page for user $give_to" "${given[@]}" "*to $give_to" "*to $give_to"
row "web:   GET /page" "${served[@]}" hello hello
row "web:   a hole calls os.Chown for user $steal_to" "${stolen[@]}" "done" "$refused"
row "       the page afterwards" "${now[@]}" "owner is $steal_to" "owner is $give_to"
row "web:   a hole runs /bin/true" "${ran[@]}" "done" "$refused"

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
row "web:   a hole calls os.Chown" "${answers[@]}" "done" "$refused"

title "One server in C, with threads, in two cages"
elfcage inject --policy samples/c-server/server-may-own.json "$work/server" -o "$work/server.may-own"
elfcage inject --policy samples/c-server/server.json "$work/server" -o "$work/server.caged"
declare -A says
touch "$work/file"
for kind in .may-own .caged; do
  start "$work/server$kind" 0
  for line in "echo hello" "own $work/file $give_to" "run /bin/true" "socket 17"; do
    says[$kind ${line%% *}]=$(say "$first_line" "$line")
  done
  stop_servers
done
columns "server.may-own" "server.caged"
row "echo hello" "${says[.may-own echo]}" "${says[.caged echo]}" hello hello
row "own FILE $give_to" "${says[.may-own own]}" "${says[.caged own]}" "done" "$refused"
row "run /bin/true" "${says[.may-own run]}" "${says[.caged run]}" "$refused" "$refused"
row "socket AF_PACKET" "${says[.may-own socket]}" "${says[.caged socket]}" "$refused" "$refused"

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
row "tar --extract --same-owner" "${answers[@]}" "owner is $steal_to" "$refused"

title "What is inside, and the way back"
elfcage show "$work/web.caged" >"$work/show"
sed -n '1,18p' "$work/show"
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
