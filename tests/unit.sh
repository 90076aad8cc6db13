#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one cmocka program: `tests/unit.sh PROGRAM` or `tests/unit.sh valgrind ... PROGRAM`. cmocka calls a skipped
# test "not ok N # SKIP NAME"; here it becomes "ok N - NAME # SKIP REASON", the reason being what the test
# printed before as "# skipping: REASON".
set -o pipefail
CMOCKA_MESSAGE_OUTPUT=TAP "$@" 2>&1 | awk '
  /^# skipping: / { reason = substr($0, 13); next }
  /^not ok [0-9]+ # SKIP / {
    print "ok", $3, "-", $6, "# SKIP", (reason == "" ? "no reason given" : reason)
    reason = ""
    next
  }
  { print; fflush() }'
