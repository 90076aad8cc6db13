#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every program of this system does, caged, what it does uncaged.

    ELFCAGE=/path/to/elfcage tests/system/system.py            a small fixed sample
    ELFCAGE=/path/to/elfcage tests/system/system.py --all      /usr/bin, /usr/sbin, /usr/libexec, /usr/lib
    ELFCAGE=/path/to/elfcage tests/system/system.py FILE...

One TAP test a program. A copy is caged in place with a policy that denies the chown family with EXDEV, an answer
that chown(2) with a null path never gives. The original runs in a cell (cell.c) for each of
its command lines, then the caged one runs in its place: mounted over the original's path in such a
cell. All runs are watched by tracer.c, which in the program's last moment reads the seccomp state
of all its threads and tries the denied call. Demanded is:
  - the caged run has the original's standard output, standard error and end; where the original's
    runs do not agree when asked again, its end only (these are listed, and may be 5 % at most);
  - every thread is filtered, and the denied call returns EXDEV (EFAULT in the original);
  - mode, owner and file capabilities are the original's, readelf has no new complaint, the program
    headers are where every rule looks for them;
  - verify says yes, and remove gives the original byte for byte.
A refusal (exit status 4) is listed with its reason; 0.5 % may be refused.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

import cells
import compare
from cells import harness

MOST_UNSTABLE, MOST_REFUSED = 0.05, 0.005
SAMPLE = """/usr/bin/bash /usr/bin/cat /usr/bin/ls /usr/bin/sed /usr/bin/grep /usr/bin/find /usr/bin/tar
/usr/bin/gzip /usr/bin/xz /usr/bin/mawk /usr/bin/perl /usr/bin/python3 /usr/bin/git /usr/bin/make
/usr/bin/cmake /usr/bin/ninja /usr/bin/gcc /usr/bin/ld.bfd /usr/bin/mold /usr/bin/openssl
/usr/bin/curl /usr/bin/ssh /usr/bin/ssh-agent /usr/bin/gdb /usr/bin/strace /usr/bin/tcc
/usr/bin/rustc /usr/bin/busybox /usr/bin/qemu-aarch64-static /usr/sbin/ldconfig
/usr/bin/mount /usr/bin/passwd /usr/bin/bwrap /usr/bin/node /usr/bin/redis-server
/usr/bin/sqlite3 /usr/sbin/nginx /usr/lib/git-core/git-http-backend
/usr/lib/gcc/x86_64-linux-gnu/12/cc1 /usr/lib/go-1.19/bin/go /usr/lib/go-1.19/bin/gofmt
/usr/lib/llvm-14/bin/clang /usr/lib/llvm-14/bin/lld""".split()
# Command lines other than --version and --help, by the file's name.
COMMAND_LINES = {
    "bash": [["-c", "for i in 1 2 3; do (echo $i; exit $i) | cat; done; echo ${PIPESTATUS[0]}"],
             ["-c", "kill -SEGV $$"], ["-c", "exec /bin/ls -d /usr"]],
    "busybox": [["sh", "-c", "echo $((6 * 7)); exit 3"], ["--list"], ["seq", "3"]],
    "cat": [["/etc/passwd"], ["/nonexistent"], ["--version"]],
    "cc1": [["-quiet", "-o", "-", "/dev/null"]],
    "clang": [["--version"], ["-fsyntax-only", "-x", "c", "/dev/null"]],
    "find": [["/usr/share/doc/bash", "-name", "c*"], ["--version"]],
    "git": [["--version"], ["init", "-q", "."], ["hash-object", "/etc/passwd"]],
    "go": [["version"], ["env", "GOOS"]],
    "gofmt": [["/nonexistent"], ["-h"]],
    "ls": [["-la", "/usr/share/doc/bash"], ["/nonexistent"]],
    "node": [["--version"], ["-e", "console.log([1, 2].map(x => x * 21)); process.exit(3)"]],
    "openssl": [["version"], ["dgst", "-sha256", "/etc/passwd"]],
    "perl": [["-e", "print join(',', map { $_ ** 2 } 1 .. 9), qq(\\n); exit 7"], ["-v"]],
    "python3": [["-c", "import threading, sys\nt = [threading.Thread(target=print, args=(i,)) for i in"
                 " range(3)]\nfor x in t: x.start(); x.join()\nsys.exit(4)"],
                ["-c", "import os; os.abort()"], ["--version"]],
    "sqlite3": [[":memory:", "select sum(value) from json_each('[1,2,3]');"], ["--version"]],
    "sed": [["-n", "1,3p", "/etc/passwd"], ["--version"]],
    "sleep": [["0.01"], ["1000"], ["--version"]],
    "strace": [["-V"], ["-e", "trace=exit_group", "/bin/true"]],
    "tar": [["-cf", "/dev/null", "/usr/share/doc/bash"], ["--version"]],
    "xz": [["-c", "/etc/passwd"], ["--version"]],
}
COMMAND_LINES["python3.11"] = COMMAND_LINES["python3"]
COMMAND_LINES["clang-14"] = COMMAND_LINES["clang"]
Verdict = collections.namedtuple("Verdict", "problem refused layout runs unstable unending bits")


def check(place, path, folder):
    """The verdict on one program."""
    caged = folder / "caged"
    harness.run(["cp", "--preserve=all", "--dereference", path, caged])
    kept = compare.privileges(caged)
    injected = harness.run([place.elfcage, "inject", *compare.POLICY, "-i", caged])
    if injected.status == 4:
        reason = injected.err.strip().replace(str(caged), path)
        return Verdict(None, reason, "none", 0, [], [], "0")
    if injected.status != 0:
        return Verdict(f"inject: {harness.said(injected)}", None, "none", 0, [], [], "0")
    problems = [compare.check_file(place, path, caged, kept)]
    lines = COMMAND_LINES.get(pathlib.Path(path).name, [["--version"], ["--help"]])
    unstable, unending, bits = [], [], "0"
    for words in lines:
        runs = compare.compare_runs(place, path, [path] + words, caged)
        problems.append(runs.problem)
        bits = runs.bits
        if not runs.stable:
            unstable.append(f"{path} {' '.join(words)}")
        if not runs.ends:
            unending.append(f"{path} {' '.join(words)}")
    layout = harness.layout_of(place.elfcage, caged)
    problems.append(compare.check_removal(place, path, caged, kept))
    problem = "; ".join(filter(None, problems)) or None
    return Verdict(problem, None, layout, len(lines), unstable, unending, bits)


def check_in_folder(place, number, path):
    folder = place.scratch / str(number)
    folder.mkdir()
    try:
        return check(place, path, folder)
    except OSError as error:
        return Verdict(str(error), None, "none", 0, [], [], "0")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def print_table(tap, verdicts):
    """Figures by folder, then everything that is not as usual."""
    rows = collections.defaultdict(collections.Counter)
    for path, verdict in verdicts:
        top = "/".join(path.split("/")[:3])
        for name in (top, "all"):
            row = rows[name]
            row["programs"] += 1
            row["differ"] += verdict.problem is not None
            row["refused"] += verdict.refused is not None
            row["runs"] += verdict.runs
            row["unstable"] += len(verdict.unstable)
            row["unending"] += len(verdict.unending)
            row["32-bit"] += verdict.bits == "32"
            row[verdict.layout] += 1
    columns = ["programs", "differ", "refused", "runs", "unstable", "unending", "32-bit"]
    columns += sorted({verdict.layout for _, verdict in verdicts} - {"none"})
    tap.comment("folder".ljust(14) + "".join(name.rjust(10) for name in columns))
    for name in sorted(rows, key=lambda name: (name == "all", name)):
        tap.comment(name.ljust(14) + "".join(str(rows[name][column]).rjust(10) for column in columns))
    for path, verdict in verdicts:
        for line in verdict.unstable:
            tap.comment(f"not stable, compared by its end: {line}")
        for line in verdict.unending:
            tap.comment(f"does not end by itself: {line}")
        if verdict.refused:
            tap.comment(f"refused: {verdict.refused}")
    return rows["all"]


def print_totals(tap, verdicts):
    total = print_table(tap, verdicts)
    runs, programs = max(total["runs"], 1), max(total["programs"], 1)
    tap.test(total["unstable"] <= MOST_UNSTABLE * runs,
             f"command lines whose output is not stable: {total['unstable']} of {total['runs']}")
    tap.test(total["refused"] <= MOST_REFUSED * programs,
             f"programs that are refused: {total['refused']} of {total['programs']}")


def test_programs(place, paths):
    tap = harness.Tap(len(paths) + 2)
    verdicts = []
    with concurrent.futures.ThreadPoolExecutor(cells.processors()) as pool:
        futures = [pool.submit(check_in_folder, place, number, path)
                   if cells.is_program(pathlib.Path(path)) else None
                   for number, path in enumerate(paths)]
        for path, future in zip(paths, futures):
            if future is None:
                tap.skip(path, "not installed, or not an ELF program of this machine")
                continue
            verdict = future.result()
            verdicts.append((path, verdict))
            if verdict.refused:
                tap.skip(path, f"refused: {verdict.refused}")
                continue
            tap.test(verdict.problem is None, path, f" ({verdict.layout})")
            if verdict.problem:
                tap.comment(f"  {verdict.problem}")
    print_totals(tap, verdicts)
    return 1 if tap.failed else 0


def main():
    parser = argparse.ArgumentParser(description="every program of this system, caged")
    parser.add_argument("--all", action="store_true", help="all of " + ", ".join(cells.FOLDERS))
    parser.add_argument("files", nargs="*", metavar="FILE")
    options = parser.parse_args()
    elfcage = cells.elfcage_program(parser)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="elfcage-system-"))
    scratch.chmod(0o755)
    try:
        cells.compile_tools(scratch, "cell", "tracer")
        place = compare.Place(elfcage, scratch)
        reason = cells.why_no_cell(place.cell)
        if reason:
            print(f"1..0 # SKIP no private namespaces here: {reason}")
            return 0
        paths = cells.programs() if options.all else options.files or SAMPLE
        return test_programs(place, paths)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
