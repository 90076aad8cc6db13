# SPDX-License-Identifier: Apache-2.0
# What demo.sh and test.sh share: building the samples, starting servers, talking to them. Sourced by
# bash with $samples (this folder) and $work (a folder that the caller removes) set.

servers=()

stop_servers() {
  for pid in "${servers[@]}"; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  servers=()
}

# start COMMAND...: starts a server and waits for the first line it prints, which is left in $first_line
# (empty if it died). Its standard error goes to $work/log.
start() {
  rm -f "$work/first-line"
  mkfifo "$work/first-line"
  "$@" >"$work/first-line" 2>>"$work/log" &
  servers+=($!)
  IFS= read -r first_line <"$work/first-line" || first_line=
}

# Programs of both samples, into DIRECTORY. Go's are static and know no libc.
build_samples() {
  (
    cd "$samples/go-two-servers" || exit 1
    export CGO_ENABLED=0 GOPROXY=off GOFLAGS=-buildvcs=false GOCACHE="${GOCACHE:-$1/go-cache}"
    go build -trimpath -o "$1/" ./owner ./web
  ) && cc -O2 -pthread -o "$1/server" "$samples/c-server/server.c"
}

# request SOCKET URL-PATH [CURL-OPTION...]: what an HTTP server on a Unix socket answers.
request() {
  local socket=$1 path=$2
  shift 2
  curl --silent --show-error --unix-socket "$socket" "$@" "http://host$path" 2>&1
}

# say PORT LINE: what the C server answers.
say() {
  local answer
  {
    printf '%s\n' "$2" >&3
    IFS= read -r answer <&3
  } 3<>"/dev/tcp/127.0.0.1/$1" 2>/dev/null || answer="no answer"
  printf '%s\n' "$answer"
}

owner_of() {
  stat -c %u "$1"
}

# Who may be given a file: root gives to anybody, others "give" to themselves.
give_to=$(id -u)
steal_to=$give_to
if [ "$give_to" -eq 0 ]; then
  give_to=65534
  steal_to=7
fi
