#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The samples do what their READMEs say. TAP; the program under test is $ELFCAGE.
samples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$samples/../tests/cli/lib.bash"
work=$WORK
. "$samples/common.sh"
trap 'stop_servers; rm -rf -- "$WORK"' EXIT
caged() { # PROGRAM POLICY OUT
  succeeds "$1 takes ${2##*/}" "$ELFCAGE" inject --policy "$2" "$work/$1" -o "$work/$3"
}

build_samples "$work" >"$work/build.log" 2>&1 || bail "the samples do not build: $(head -n 1 "$work/build.log")"

# Two Go servers.
go=$samples/go-two-servers
caged owner "$go/owner.json" owner.caged
caged web "$go/web.json" web.caged
caged web "$go/web-chown-only.json" web.naive
succeeds "web.caged carries exactly web.json" "$ELFCAGE" verify --policy "$go/web.json" "$work/web.caged"
fails 1 "another policy" "web.caged does not carry owner.json" \
  "$ELFCAGE" verify --policy "$go/owner.json" "$work/web.caged"
mkdir "$work/files"
echo hello >"$work/content"
for kind in "" .caged; do
  start "$work/owner$kind" "$work/socket.owner$kind" "$work/files"
  is "$first_line" ready "owner$kind starts"
  is "$(request "$work/socket.owner$kind" "/page$kind?uid=$give_to" --upload-file "$work/content")" \
    "page$kind now belongs to $give_to" "owner$kind gives a file away"
  is "$(owner_of "$work/files/page$kind")" "$give_to" "owner$kind: the file has its new owner"
  start "$work/web$kind" "$work/socket.web$kind" "$work/files"
  is "$first_line" ready "web$kind starts"
  is "$(request "$work/socket.web$kind" "/page$kind")" hello "web$kind serves"
done
is "$(request "$work/socket.web" "/hole?name=page&uid=$steal_to" -X POST)" "done" \
  "web, not caged: the hole changes an owner"
is "$(owner_of "$work/files/page")" "$steal_to" "web, not caged: the file has another owner"
is "$(request "$work/socket.web" "/hole?run=/bin/true" -X POST)" "done" "web, not caged: the hole runs a program"
like "$(request "$work/socket.web.caged" "/hole?name=page.caged&uid=$steal_to" -X POST)" \
  "operation not permitted$" "web.caged: the hole changes no owner"
is "$(owner_of "$work/files/page.caged")" "$give_to" "web.caged: the file has the owner it had"
like "$(request "$work/socket.web.caged" "/hole?run=/bin/true" -X POST)" "operation not permitted$" \
  "web.caged: the hole runs no program"
is "$(request "$work/socket.web.caged" /page.caged)" hello "web.caged still serves"
start "$work/web.naive" "$work/socket.naive" "$work/files"
is "$(request "$work/socket.naive" "/hole?name=page.caged&uid=$steal_to" -X POST)" "done" \
  "denying chown alone stops nothing: os.Chown calls fchownat"
is "$(owner_of "$work/files/page.caged")" "$steal_to" "... and the file has another owner"
stop_servers

# One C server, two cages.
c=$samples/c-server
caged server "$c/server.json" server.caged
caged server "$c/server-may-own.json" server.may-own
caged server "$c/server.service" server.unit
succeeds "nothing is found in the unit" "$ELFCAGE" lint --policy "$c/server.service"
refused="Operation not permitted"
: >"$work/file"
while read -r kind own run packet; do
  kind=${kind#-}
  start "$work/server$kind" 0
  like "$first_line" "^[1-9][0-9]*$" "server$kind starts"
  port=$first_line
  [ "$own" = yes ] && own="done" || own=$refused
  [ "$run" = yes ] && run="done" || run=$refused
  case $packet in
  yes) packet="" ;;
  no) packet=$refused ;;
  family) packet="Address family not supported" ;;
  esac
  is "$(say "$port" "echo hello")" hello "server$kind answers"
  is "$(say "$port" "own $work/file $give_to")" "$own" "server$kind, owner of a file: $own"
  is "$(say "$port" "run /bin/true")" "$run" "server$kind, another program: $run"
  like "$(say "$port" "socket 17")" "$packet" "server$kind, a packet socket: ${packet:-as the user may}"
  is "$(say "$port" "socket 2")" "done" "server$kind, an IPv4 socket: done"
  # two connections at a time: two threads
  exec 4<>"/dev/tcp/127.0.0.1/$port" 5<>"/dev/tcp/127.0.0.1/$port"
  echo "own $work/file $give_to" >&4
  echo "echo five" >&5
  IFS= read -r answer <&5
  is "$answer" five "server$kind: the second of two threads answers"
  IFS= read -r answer <&4
  is "$answer" "$own" "server$kind: both are under the filter"
  exec 4>&- 5>&-
done <<'KINDS'
- yes yes yes
.caged no no no
.may-own yes no no
.unit no no family
KINDS
stop_servers

# All come back as they were.
for program in owner web server; do
  succeeds "$program: the cage comes off" "$ELFCAGE" remove "$work/$program.caged" -o "$work/$program.back"
  holds "$program: byte for byte" cmp "$work/$program" "$work/$program.back"
done

run env NO_COLOR=1 "$samples/demo.sh"
is "$status" 0 "demo.sh shows what it promises"
printf '%s\n' "$out" "$err" | sed 's/^/# /'
finish
