#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every executable and shared object of many Debian packages is caged, checked, stripped, checked
again, and given back.

    ELFCAGE=/path/to/elfcage tests/corpus/corpus.py                   what is installed here, a few packages
    ELFCAGE=/path/to/elfcage tests/corpus/corpus.py --all             all of packages.txt, fetched by apt
    ELFCAGE=/path/to/elfcage tests/corpus/corpus.py --all PACKAGE...  some of them

Fetched packages are kept in $ELFCAGE_CORPUS, by default ~/.cache/elfcage-corpus, and unpacked into one
tree, which is laid over /usr and /etc in the cells of tests/system; nothing is installed. Of each file
is demanded:
  - it is caged (executables at their entry, shared objects at what is called first of them), or refused
    with a reason of the table in this file; 0.5 % may be refused;
  - verify says yes; readelf and eu-elflint say nothing that they do not say of the original;
  - started with --version, or opened by dlopen(3), the caged file does what the original does, and the
    filter is seen (tests/system/compare.py). Where ld.so does not take the original either, for want of a
    symbol of the program that it is a part of, both have to fail alike;
  - the same after strip, and after llvm-strip for one file in ten;
  - remove gives the original byte for byte.
One file in twenty is changed by patchelf first, and then has to pass injection, verify, the run, and
removal once more. behaviours.py is a table of programs that do real work, caged and not.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import behaviours
import cells
import compare
import packages
from cells import harness

QUICK = """gzip sed zlib1g liblzma5 libelf1 libseccomp2 busybox-static perl-base libc-bin libgmp10
libstdc++6 mawk diffutils""".split()
SECONDS = 3  # for a program that is asked for its version
LLVM_STRIP_EVERY, PATCHELF_EVERY = 10, 20
MOST_REFUSED, LEAST_FILES, LEAST_PACKAGES = 0.005, 2000, 150
# What is rightly refused: a regular expression of the message, and why nothing better can be done.
REFUSALS = {
    r"the dynamic loader: not supported": "its start code runs before it has relocated itself",
    r"bytes are appended behind the ELF image": "what the program looks for from the end of the file would be moved",
    r"the dump of a running program": "its heap goes on where its data end, and the payload's segment would be there",
    r"DT_TEXTREL: ld\.so would make": "ld.so makes all segments writable, so the filter could be changed",
    r"architecture not supported: e_machine 62, 32-bit": "x32, which every filter refuses whole",
    r"/frr/.*no layout fits this file .*too little behind": "what is in the way is .note.FRR, which has offsets "
                                                            "relative to itself",
}
# What is known, harms no run, and has no remedy yet: a regular expression of path and problem, and why.
KNOWN = {
    r"/libLLVM-14\.so\.1: after (strip|llvm-strip): eu-elflint: .*'\.dynsym'.* st_value out of bounds":
        "only .dynsym, which stands first, moved, and BFD numbers sections anew (tests/elf/expected-na.tsv)",
}
# Libraries of the interpreters, by what a path of their extensions contains.
LIBRARIES = "/usr/lib/x86_64-linux-gnu/"
HOSTS = {"/python3": LIBRARIES + "libpython3.11.so.1.0", "/perl": LIBRARIES + "libperl.so.5.36",
         "/ruby/": LIBRARIES + "libruby-3.1.so.3.1", "/R/": "/usr/lib/R/lib/libR.so"}

NOT_FILTERED = "of seccomp, no_new_privs, filters"  # how compare.py begins when no filter is seen
PROGRAM, LIBRARY = "program", "shared object"
Item = collections.namedtuple("Item", "package path kind number")
# worked: the original started or was opened; layout: "" if the file was refused
Verdict = collections.namedtuple("Verdict", "problems refused worked stable ends layout")


# --- which files -----------------------------------------------------------------------------


def kind_of(path):
    """PROGRAM or LIBRARY if this processor runs the file, or None."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return None
        elf = harness.Elf(path)
    except (OSError, ValueError):
        return None
    if cells.is_program(path):
        return PROGRAM
    dynamic = elf.of_type(harness.PT_DYNAMIC) and elf.of_type(harness.PT_LOAD)
    right = elf.type == cells.ET_DYN and elf.machine in (cells.EM_386, cells.EM_X86_64)
    return LIBRARY if right and dynamic and dynamic[0].filesz and "/lib/debug/" not in str(path) else None


def items_of(place, names_of):
    """All files to be checked, each once whatever its names; `names_of`: package -> paths."""
    items, seen = [], set()
    for package, paths in names_of.items():
        for path in sorted(set(paths)):
            outside = pathlib.Path(place.outside(path)) if place.tree else pathlib.Path(path)
            if place.tree and not path.startswith("/usr/"):
                continue
            kind = kind_of(outside)
            if kind:
                status = outside.stat()
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    items.append(Item(package, path, kind, len(items)))
    return items


# --- one file --------------------------------------------------------------------------------


class Subject:
    """A file, its caged copy, and what is run to see whether it works."""

    def __init__(self, place, item, folder):
        self.place, self.item, self.folder = place, item, folder
        self.original = pathlib.Path(place.outside(item.path))
        self.caged = folder / "caged"
        self.command, self.binds = [item.path, "--version"], []
        if item.kind == LIBRARY:
            opener = place.openers.get(harness.Elf(self.original).bits)
            hosts = [library for part, library in HOSTS.items() if part in item.path]
            self.command = ["/tmp/open", *hosts, item.path] if opener else None
            self.binds = [(opener, "/tmp/open")]
        self.runs = None

    def copy(self, source, name):
        return pathlib.Path(shutil.copy2(source, self.folder / name))

    def compare(self, candidate):
        return compare.compare_runs(self.place, self.item.path, self.command, candidate, self.binds)

    def difference(self, candidate):
        """What the candidate does that the original did not."""
        run = compare.run_in_cell(self.place, self.item.path, self.command, candidate, binds=self.binds)
        return compare.difference(self.runs.original, run, self.runs.stable and self.runs.ends)


COMPLAINTS = ("readelf: ", "eu-elflint: ")  # what complaints_problem() begins with


def complaints_problem(original, caged):
    """What readelf and eu-elflint say of the second file and not of the first."""
    said = harness.readelf_complaints(caged)
    if said and not harness.readelf_complaints(original):
        return f"readelf: {harness.short(said)}"
    new = harness.lint_messages(caged)
    if new:
        new -= harness.lint_messages(original)
    return f"eu-elflint: {'; '.join(new)}" if new else None


def run_problem(subject):
    """Runs the original and the caged one; the original's first run stays in the subject."""
    subject.runs = subject.compare(subject.caged)
    problem, original = subject.runs.problem, subject.runs.original
    if problem and not is_run(original):
        return None  # it is not even executed: what is to be compared has been
    if problem and NOT_FILTERED in problem and subject.item.kind == LIBRARY and original.end.startswith("signal:"):
        return None  # a constructor of another library, which comes before, has died
    return problem


def strip_problem(subject, tool):
    """What is wrong after the caged file was stripped. Where the tool refuses or breaks the original
    there is nothing to ask."""
    caged = subject.copy(subject.caged, tool)
    done = harness.run([tool, caged])
    if done.status != 0:
        problem = harness.said(done)
    else:
        verified = harness.run([subject.place.elfcage, "verify", "-q", caged])
        problem = f"verify: {harness.said(verified)}" if verified.status != 0 else None
    problem = problem or complaints_problem(subject.original, caged)
    if problem is None and subject.command and subject.runs.ends and subject.difference(caged):
        problem = subject.compare(caged).problem
    if problem:  # what does the tool make of the original?
        original = subject.copy(subject.original, f"{tool}.original")
        refused = harness.run([tool, original]).status != 0
        if refused or subject.command and subject.difference(original):
            problem = None
        elif problem.startswith(COMPLAINTS):
            problem = complaints_problem(original, caged)
        original.unlink()
    caged.unlink()
    return f"after {tool}: {problem}" if problem else None


def patchelf_problem(subject):
    """What is wrong with a cage around what patchelf has made of the original."""
    original = subject.copy(subject.original, "patched")
    if harness.run(["patchelf", "--set-rpath", "/nonexistent/elfcage", original]).status != 0:
        return None
    caged = subject.copy(original, "patched.caged")
    injected = harness.run([subject.place.elfcage, "inject", *compare.POLICY, "-i", caged])
    if injected.status != 0:
        return f"patchelf, then inject: {harness.said(injected)}"
    verified = harness.run([subject.place.elfcage, "verify", caged])
    if verified.status != 0:
        return f"patchelf, inject, then verify: {harness.said(verified)}"
    problem = None
    if subject.command and not subject.difference(original) and subject.difference(caged):
        problem = subject.compare(caged).problem
    problem = problem or compare.check_removal(subject.place, original, caged, compare.privileges(original))
    return f"patchelf before: {problem}" if problem else None


def is_run(run):
    return run.report.get("threads", "0") != "0"


def worked(subject):
    """Whether the original itself started, or was opened."""
    first = subject.runs and subject.runs.original
    if not first or not is_run(first) or compare.NOT_STARTED.search(first.err):
        return False
    return subject.item.kind == PROGRAM or first.end == "exit:0"


def check(place, item, folder):
    subject = Subject(place, item, folder)
    subject.copy(subject.original, "caged")
    kept = compare.privileges(subject.caged)
    injected = harness.run([place.elfcage, "inject", "-q", *compare.POLICY, "-i", subject.caged])
    if injected.status == 4:
        reason = injected.err.strip().replace(str(subject.caged), item.path)
        return Verdict([], reason, False, True, True, "")
    if injected.status != 0:
        return Verdict([f"inject: {harness.said(injected)}"], None, False, True, True, "")
    problems = [compare.check_file(place, subject.original, subject.caged, kept),
                complaints_problem(subject.original, subject.caged)]
    if subject.command:
        problems.append(run_problem(subject))
    problems.append(strip_problem(subject, "strip"))
    if item.number % LLVM_STRIP_EVERY == 0 and not harness.have("llvm-strip"):
        problems.append(strip_problem(subject, "llvm-strip"))
    if item.number % PATCHELF_EVERY == 0 and not harness.have("patchelf"):
        problems.append(patchelf_problem(subject))
    layout = harness.layout_of(place.elfcage, subject.caged)
    problems.append(compare.check_removal(place, subject.original, subject.caged, kept))
    runs = subject.runs
    problems = [text for text in problems
                if text and not any(re.search(known, f"{item.path}: {text}") for known in KNOWN)]
    return Verdict(problems, None, worked(subject), not runs or runs.stable,
                   not runs or runs.ends, layout)


def check_in_folder(place, item):
    folder = place.scratch / str(item.number)
    folder.mkdir()
    try:
        return check(place, item, folder)
    except (OSError, ValueError) as error:
        return Verdict([f"{type(error).__name__}: {error}"], None, False, True, True, "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- all of them -----------------------------------------------------------------------------


def reason_of(refusal):
    """The message without what is of this one file."""
    return re.sub(r"0x[0-9a-f]+|\b\d+\b", "N", refusal.split(": ", 2)[-1])


class Totals:
    """What was seen, for the table at the end."""

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.refusals, self.packages, self.notes = collections.defaultdict(list), set(), []

    def add(self, item, verdict):
        row = self.rows[item.kind]
        row["files"] += 1
        row["break"] += bool(verdict.problems)
        row["refused"] += verdict.refused is not None
        row["worked"] += verdict.worked
        row["not started either way"] += verdict.layout != "" and not verdict.worked
        row["output not stable"] += not verdict.stable
        row["no end"] += not verdict.ends
        if verdict.layout:
            row[verdict.layout] += 1
        if verdict.refused:
            self.refusals[reason_of(verdict.refused)].append(f"{item.package}: {item.path}")
        self.packages.add(item.package)

    def of(self, column):
        return sum(row[column] for row in self.rows.values())

    def print(self, tap):
        columns = list(dict.fromkeys(name for row in self.rows.values() for name in row))
        for kind, row in sorted(self.rows.items()):
            tap.comment(f"{kind}s: " + ", ".join(f"{name} {row[name]}" for name in columns))
        for reason, files in sorted(self.refusals.items(), key=lambda pair: -len(pair[1])):
            tap.comment(f"refused {len(files)} times: {reason}")
            for file in files[:5]:
                tap.comment(f"    {file}")


def test_package(tap, package, verdicts, totals):
    """One test: all files of a package."""
    bad = []
    counts = collections.Counter(item.kind for item, _ in verdicts)
    for item, verdict in verdicts:
        totals.add(item, verdict)
        bad += [f"  {item.path}: {problem}" for problem in verdict.problems]
        if verdict.refused:
            bad_reason = not any(re.search(known, verdict.refused) for known in REFUSALS)
            (bad if bad_reason else totals.notes).append(f"  refused: {verdict.refused}")
    what = ", ".join(f"{counts[kind]} {kind}s" for kind in (PROGRAM, LIBRARY))
    tap.test(not bad, f"{package}: {what}")
    tap.comment("\n".join(bad))


def test_files(tap, place, items):
    totals, groups = Totals(), collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(cells.processors()) as pool:
        futures = [(item, pool.submit(check_in_folder, place, item)) for item in items]
        for number, (item, future) in enumerate(futures):
            groups[item.package].append((item, future.result()))
            if number + 1 == len(futures) or futures[number + 1][0].package != item.package:
                test_package(tap, item.package, groups[item.package], totals)
    return totals


def test_behaviour(tap, place, number, behaviour):
    """A program does its work, caged, as it does uncaged."""
    text = f"{behaviour.program}: {behaviour.line}"
    if not os.path.exists(place.outside(behaviour.program)):
        tap.skip(text, "not among the packages")
        return
    script = f"{behaviour.setup}\nexec {behaviour.line}"
    caged = place.scratch / f"behaviour.{number}"
    shutil.copy2(place.outside(behaviour.program), caged)
    injected = harness.run([place.elfcage, "inject", "-q", *compare.POLICY, "-i", caged])
    if injected.status != 0:
        tap.test(False, text, f": inject: {harness.said(injected)}")
        return
    runs = compare.compare_runs(place, behaviour.program, ["/bin/sh", "-c", script], caged)
    problem, first = runs.problem, runs.original
    said = first.out.decode("utf-8", "replace")
    if not first.end.startswith("exit:") or behaviour.expected not in said:
        wrong = harness.short(said + first.err.decode("utf-8", "replace"))
        problem = f"the original does not do it: {first.end}: {wrong}"
    tap.test(problem is None, text)
    if problem:
        tap.comment(f"  {problem}")
    caged.unlink()


def test_corpus(place, items, whole):
    groups = len({item.package for item in items})
    table = behaviours.ALL if whole else [row for row in behaviours.ALL
                                          if os.path.exists(place.outside(row.program))][:behaviours.QUICK]
    tap = harness.Tap(groups + len(table) + (3 if whole else 0))
    totals = test_files(tap, place, items)
    for number, behaviour in enumerate(table):
        test_behaviour(tap, place, number, behaviour)
    totals.print(tap)
    if whole:
        tap.comment(f"not in this archive: {' '.join(place.unknown) or 'none'}")
        least = min(totals.rows[kind]["files"] for kind in (PROGRAM, LIBRARY))
        tap.test(least >= LEAST_FILES, f"of each kind at least {LEAST_FILES} files: {least}")
        tap.test(len(totals.packages) >= LEAST_PACKAGES, f"packages with such files: {len(totals.packages)}")
        tap.test(totals.of("refused") <= MOST_REFUSED * totals.of("files"),
                 f"refused: {totals.of('refused')} of {totals.of('files')}")
    return 1 if tap.failed else 0


def fill(place, names):
    """Fetches and unpacks; package -> paths. RuntimeError says why it cannot be."""
    default = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "elfcage-corpus")
    archive = packages.Archive(pathlib.Path(os.environ.get("ELFCAGE_CORPUS") or default))
    place.unknown = [name for name in names if name not in archive.known]
    names = [name for name in names if name in archive.known]
    if not names:
        raise RuntimeError("apt knows none of the packages: run apt-get update")
    needed = archive.needed(names)
    files = archive.fetch(needed)
    packages.make_tree(place.tree)
    with concurrent.futures.ThreadPoolExecutor(cells.processors()) as pool:
        found = dict(zip(needed, pool.map(lambda name: packages.unpack(files[name], place.tree), needed)))
    return {name: found[name] for name in names}


def compile_openers(scratch):
    """{bits: program} of open.c."""
    openers = {}
    for bits in (64, 32):
        program = scratch / f"open{bits}"
        done = harness.run([os.environ.get("CC", "cc"), f"-m{bits}", "-std=gnu17", "-O1", "-Wall", "-Wextra",
                            "-Werror", "-o", program, HERE / "open.c"])
        if done.status == 0:
            openers[bits] = program
    return openers


def main():
    parser = argparse.ArgumentParser(description="files of many packages, caged")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all of packages.txt, or the PACKAGEs, fetched by apt")
    which.add_argument("--quick", action="store_true", help="packages that are installed (default)")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE")
    options = parser.parse_args()
    elfcage = cells.elfcage_program(parser)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="elfcage-corpus-", dir="/var/tmp"))
    scratch.chmod(0o755)
    try:
        cells.compile_tools(scratch, "cell", "tracer")
        place = compare.Place(elfcage, scratch, scratch / "tree" if options.all else None, SECONDS)
        place.openers = compile_openers(scratch)
        try:
            if options.all:
                names_of = fill(place, options.packages or packages.listed())
            else:
                names_of = {name: packages.installed_files(name) for name in options.packages or QUICK}
        except RuntimeError as error:
            print(f"1..0 # SKIP {error}")
            return 0
        reason = cells.why_no_cell(place.cell, place.tree)
        if reason:
            print(f"1..0 # SKIP no private namespaces here: {reason}")
            return 0
        items = items_of(place, names_of)
        return test_corpus(place, items, options.all and not options.packages)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
