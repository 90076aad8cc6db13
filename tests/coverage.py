#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
What the tests reach: lines and branches of injector/, by room, and lines of the stub.

    tests/coverage.py BUILD            what the counters in a build of the preset `coverage` say
    tests/coverage.py BUILD --run      runs unit tests and command-line tests first
    tests/coverage.py BUILD --missing  also names the lines of each file that nothing reaches

Reads what gcov prints as JSON. Status 1 below 90 % of the lines or 80 % of the branches of injector/, or if
a line of the stub's logic is missed.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES, BRANCHES = 90, 80
# They let system calls fail or files stay small, and counters are written by system calls, to files: these
# scripts write theirs where nobody looks.
UNCOUNTED = ("killed.sh", "files.sh", "in-place.sh")


def gcov(counters):
    result = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", counters],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
                            cwd=counters.parent)
    reports = []
    for line in result.stdout.splitlines():
        if line.strip():
            reports.append(json.loads(line))
    return reports


def collect(build):
    """{file: {line: (count, [count of each branch])}}, the sum over all programs."""
    files = collections.defaultdict(dict)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for reports in pool.map(gcov, sorted(build.rglob("*.gcda"))):
            for entry in (entry for report in reports for entry in report["files"]):
                path = pathlib.Path(os.path.normpath(entry["file"]))
                if not path.is_relative_to(ROOT):
                    continue
                lines = files[str(path.relative_to(ROOT))]
                for line in entry["lines"]:
                    branches = [branch["count"] for branch in line["branches"]]
                    count, before = lines.get(line["line_number"], (0, []))
                    if len(before) == len(branches):
                        branches = [a + b for a, b in zip(before, branches)]
                    elif len(before) > len(branches):
                        branches = before
                    lines[line["line_number"]] = (count + line["count"], branches)
    return files


def run_tests(build):
    environment = dict(os.environ, ELFCAGE=str(build / "injector" / "elfcage"))
    commands = [[str(ROOT / "tests/unit.sh"), str(program)]
                for program in sorted(build.rglob("test_*"))
                if program.is_file() and os.access(program, os.X_OK)]
    commands += [[str(script)] for script in sorted((ROOT / "tests/cli").glob("*.sh"))]

    def run(command):
        own = dict(environment)
        if pathlib.Path(command[0]).name in UNCOUNTED:
            own["GCOV_PREFIX"] = scratch
        result = subprocess.run(["timeout", "1200"] + command, env=own, check=False,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        return command, result.stdout.decode(errors="replace")

    failed = 0
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for command, output in pool.map(run, commands):
            for line in output.splitlines():
                if line.startswith("not ok"):
                    failed += 1
                    print("# %s: %s" % (pathlib.Path(command[-1]).name, line))
    print("# %d programs of tests, %d tests failed" % (len(commands), failed))


def percent(part, whole):
    return 100 * part / whole if whole else 100


def ranges(numbers):
    text, start, last = [], None, None
    for number in list(numbers) + [None]:
        if start is not None and number != last + 1:
            text.append(str(start) if start == last else "%d-%d" % (start, last))
            start = None
        start, last = (number if start is None else start), number
    return ", ".join(text)


def main():
    parser = argparse.ArgumentParser(description="what the tests reach")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    build = options.build.resolve()
    if options.run:
        run_tests(build)
    rooms = collections.defaultdict(lambda: [0, 0, 0, 0])
    for name, lines in sorted(collect(build).items()):
        parts = name.split("/")
        if parts[0] == "injector":
            keys = [parts[1] if len(parts) > 2 else "main", "injector"]
        elif name == "stub/stub.c":
            keys = ["stub"]
        else:
            continue
        for key in keys:
            sums = rooms[key]
            sums[0] += sum(1 for count, _ in lines.values() if count)
            sums[1] += len(lines)
            sums[2] += sum(1 for _, branches in lines.values() for count in branches if count)
            sums[3] += sum(len(branches) for _, branches in lines.values())
        if options.missing:
            missed = [number for number, (count, _) in sorted(lines.items()) if not count]
            if missed:
                print("%s: %d of %d: %s" % (name, len(missed), len(lines), ranges(missed)))
    print("%-10s %16s %8s %16s %8s" % ("room", "lines", "", "branches", ""))
    for key in sorted(rooms, key=lambda key: (key in ("injector", "stub"), key)):
        reached, lines, taken, branches = rooms[key]
        print("%-10s %7d of %5d %7.1f%% %7d of %5d %7.1f%%" % (key, reached, lines, percent(
            reached, lines), taken, branches, percent(taken, branches)))
    whole, stub = rooms["injector"], rooms["stub"]
    good = whole[1] and percent(whole[0], whole[1]) >= LINES and \
        percent(whole[2], whole[3]) >= BRANCHES and stub[1] and stub[0] == stub[1]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
