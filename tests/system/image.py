#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""As many programs as a distribution's image has are caged in place by one shell loop.

    ELFCAGE=/path/to/elfcage tests/system/image.py           200 copies of small programs
    ELFCAGE=/path/to/elfcage tests/system/image.py --all     2000 copies of all programs of this system

Demanded is: each is caged or refused (exit status 4) with a reason, each caged one verifies, the
folder has the files that it had and no other, nothing is left in $TMPDIR, `remove` in such a loop
gives all of them back byte for byte. The loops run with 16 file descriptors and 8 MiB of private
memory for each process, which is enough whatever the size of the file. One program of each layout
goes through valgrind: no memory lost, no file left open.
"""

import argparse
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

import cells
from cells import harness

FEW, MANY = 200, 2000
SMALL_BYTES = 256 * 1024
LOOP = """ulimit -n 16; ulimit -d 8192
for file in image/*; do
  %s "$file" >said 2>&1 || { status=$?; echo "$status $(cat said)"; }
done; rm -f said"""
INJECT = '"$ELFCAGE" inject -q --default allow --deny chown,fchown,lchown,fchownat -i'
VERIFY = '"$ELFCAGE" verify -q'
REMOVE = '"$ELFCAGE" remove -q -i'


def copy_sources(folder, whole):
    """Fills the folder; [(copy, original)]."""
    sources = cells.programs()
    if not whole:
        sources = [path for path in sources if os.path.getsize(path) < SMALL_BYTES]
    pairs = []
    for number, source in enumerate(itertools.islice(itertools.cycle(sources), MANY if whole else FEW)):
        copy = folder / f"{number:04}.{os.path.basename(source)}"
        shutil.copy2(source, copy)
        pairs.append((copy, source))
    return pairs


def loop(scratch, elfcage, command):
    """What a loop over the image says: a line for each file for which the command fails."""
    env = harness.environment(ELFCAGE=elfcage, TMPDIR=str(scratch / "tmp"))
    done = subprocess.run(["/bin/sh", "-c", LOOP % command], cwd=scratch, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode("utf-8", "replace").splitlines()


def left_over(scratch, pairs):
    """Files that nobody asked for."""
    there = {path for folder in ("image", "tmp") for path in (scratch / folder).iterdir()}
    there |= {path for path in scratch.iterdir() if path.name not in ("image", "tmp")}
    return sorted(str(path) for path in there ^ {copy for copy, _ in pairs})


def differing(pairs):
    return [original for copy, original in pairs if harness.run(["cmp", copy, original]).status != 0]


def valgrind_problem(elfcage, words, wanted):
    command = ["valgrind", "--track-fds=yes", "--leak-check=full", "--errors-for-leak-kinds=all",
               "--show-leak-kinds=all", "--error-exitcode=98", elfcage]
    done = harness.run(command + words)
    opened = re.search(r"FILE DESCRIPTORS: (\d+) open \((\d+) std\)", done.err)
    if done.status != wanted:
        return harness.said(done)
    return None if opened and opened[1] == opened[2] else f"file descriptors: {harness.short(done.err)}"


def test_valgrind(tap, scratch, elfcage, pairs):
    seen = {}
    for copy, _ in pairs:
        layout = harness.layout_of(elfcage, copy)
        if layout != "?" and layout not in seen:
            seen[layout] = copy
    problems = []
    for layout, copy in sorted(seen.items()):
        for words in (["verify", copy], ["remove", copy, "-o", scratch / "removed"],
                      ["inject", "--default", "allow", "--deny", "chown", scratch / "removed", "-o",
                       scratch / "again"]):
            problem = valgrind_problem(elfcage, words, 0)
            problems += [f"{layout}: {words[0]}: {problem}"] if problem else []
        (scratch / "removed").unlink(missing_ok=True)
        (scratch / "again").unlink(missing_ok=True)
    tap.test(seen and not problems, f"no memory lost, no file left open ({', '.join(sorted(seen))})")
    tap.comment("\n".join(problems))


def test_image(scratch, elfcage, whole):
    tap = harness.Tap(7)
    (scratch / "image").mkdir()
    (scratch / "tmp").mkdir()
    pairs = copy_sources(scratch / "image", whole)
    megabytes = sum(os.path.getsize(copy) for copy, _ in pairs) // 1000000
    said = loop(scratch, elfcage, INJECT)
    refused = {re.sub(r"image/\d+\.", "", line) for line in said if line.startswith("4 ")}
    failed = [line for line in said if not line.startswith("4 ")]
    tap.test(not failed, f"one loop cages {len(pairs) - len(said)} of {len(pairs)} files, {megabytes} MB")
    for line in failed + [f"refused: {line[2:]}" for line in sorted(refused)]:
        tap.comment(f"  {line}")
    extra = left_over(scratch, pairs)
    tap.test(not extra, "no file is left that was not there")
    tap.comment("\n".join(extra))
    same = differing(pairs)
    tap.test(len(same) == len(pairs) - len(said), "what is caged has changed, what is refused has not")
    unverified = loop(scratch, elfcage, VERIFY)
    tap.test(len(unverified) == len(said), "all that is caged verifies")
    dynamic = os.environ.get("ELFCAGE_DYNAMIC", elfcage)
    if "interpreter" not in harness.run(["readelf", "-lW", dynamic]).out:
        tap.skip("no memory lost, no file left open",
                 "this elfcage is static, where valgrind sees no malloc: ELFCAGE_DYNAMIC names none")
    elif harness.have("valgrind"):
        tap.skip("no memory lost, no file left open", "valgrind is not installed")
    else:
        test_valgrind(tap, scratch, dynamic, pairs)
    loop(scratch, elfcage, REMOVE)
    changed = differing(pairs)
    tap.test(not changed, "a loop of remove gives all of them back byte for byte")
    tap.comment("\n".join(changed))
    tap.test(not left_over(scratch, pairs), "nor is a file left by remove")
    return 1 if tap.failed else 0


def main():
    parser = argparse.ArgumentParser(description="an image's worth of programs, caged in one loop")
    parser.add_argument("--all", action="store_true", help=f"{MANY} files instead of {FEW}")
    options = parser.parse_args()
    elfcage = cells.elfcage_program(parser)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="elfcage-image-"))
    try:
        return test_image(scratch, elfcage, options.all)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
