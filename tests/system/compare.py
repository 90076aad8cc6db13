# SPDX-License-Identifier: Apache-2.0
"""Runs of a program in cells (cell.c) under tracer.c, and what must be the same of a caged one: what it
prints, how it ends, the file's mode and owner, what readelf says; and what must be seen of its filter.
For system.py and tests/corpus. Python's standard library only."""

import collections
import filecmp
import os
import re
import shutil
import subprocess
import tempfile

import cells
from cells import harness

POLICY = ["--default", "allow", "--deny", "chown,fchown,lchown,fchownat:EXDEV"]
EXDEV, EFAULT = -18, -14
SECONDS = 6  # for one run; some programs never end, whatever they are told
PATIENCE = 5  # times as long where a run differs, and as many runs
NOBODY = 65534
# What ld.so says of a program that does not start here at all, caged or not.
NOT_STARTED = re.compile(rb"error while loading shared libraries|symbol lookup error|version `.*' not found"
                         rb"|^not opened: ")
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp/home",
               "LC_ALL": "C", "TERM": "dumb", "DEBUGINFOD_URLS": ""}

Run = collections.namedtuple("Run", "end out err report")
# stable: the original's runs agree; ends: by itself; original: its first run
Comparison = collections.namedtuple("Comparison", "problem stable ends bits original")


class Place:
    """The elfcage under test, the compiled tools, and a folder for files. `tree`: a folder that is laid
    over /usr and /etc in the cells, as if what it holds were installed; files are named as seen there."""

    def __init__(self, elfcage, scratch, tree=None, seconds=SECONDS):
        self.elfcage, self.scratch, self.tree, self.seconds = elfcage, scratch, tree, seconds
        self.cell, self.tracer = scratch / "cell", scratch / "tracer"
        self.user = NOBODY if os.geteuid() == 0 else 0

    def outside(self, path):
        """Where the file is that has this name in a cell."""
        laid = f"{self.tree}{path}"
        return laid if self.tree and os.path.lexists(laid) else os.path.realpath(path)

    def inside(self, path):
        """The name of the file itself in a cell, for what is mounted over it."""
        return path if self.tree and os.path.lexists(f"{self.tree}{path}") else os.path.realpath(path)


def group_for(path):
    """The group that may execute the program if not everybody may."""
    status = os.stat(path)
    return NOBODY if status.st_mode & 0o001 else status.st_gid


def run_in_cell(place, path, command, candidate=None, seconds=None, binds=()):
    """A run of the command; the candidate, if any, is mounted over the file at this path."""
    binds = [(place.tracer, "/tmp/tracer"), *binds] + (
        [(candidate, place.inside(path))] if candidate else [])
    seconds = seconds or place.seconds
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(reader) as report:
        words = ["/tmp/tracer", writer, seconds, place.user, group_for(place.outside(path)), *command]
        process = subprocess.Popen(cells.command_in_cell(place.cell, binds, words, place.tree),
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   pass_fds=[writer], env=ENVIRONMENT, cwd="/")
        os.close(writer)
        status = process.wait()
        fields = dict(part.split("=", 1) for part in report.read().split())
        out.seek(0)
        err.seek(0)
        answers = out.read(), err.read()
    if status != 0 or not fields:
        fields = {"end": f"no run (status {status})"}
    return Run(fields["end"], *answers, fields)


def filter_problem(original, caged):
    """Whether the tracer saw of the caged program what it must see. Some programs set no_new_privs or
    a filter themselves, or start themselves again: there are more filters, and it is ours that
    answers."""
    for run, name in ((original, "original"), (caged, "caged")):
        if run.report.get("threads", "0") == "0":  # killed too soon, or never executed
            said = harness.short(run.err.decode("utf-8", "replace"))
            return f"{name}: it could not be looked at: {run.end} {said}"
    if NOT_STARTED.search(caged.err) and original.end == caged.end:
        return None
    keys = "seccomp", "nnp", "filters", "probe"
    seen = [int(caged.report[key]) for key in keys if caged.report[key] != "none"]
    more = len(seen) == len(keys) and seen.pop(2) > int(original.report["filters"])
    if not more or seen != [2, 1, EXDEV]:
        return f"of seccomp, no_new_privs, filters, denied call is seen {caged.report}"
    if original.report["seccomp"] == "0" and original.report["probe"] != str(EFAULT):
        return f"the original answers the probe with {original.report['probe']}"
    return None


def difference(original, caged, whole):
    """What the caged run has that the original's has not; its end only unless `whole`."""
    if caged.end != original.end:
        said = harness.short((caged.err or caged.out).decode("utf-8", "replace"))
        return f"ends with {caged.end}, the original with {original.end}: {said}"
    if whole:
        for name, got, wanted in (("output", caged.out, original.out), ("error", caged.err, original.err)):
            if got != wanted:
                return (f"standard {name} differs: {harness.short(got.decode('utf-8', 'replace'))}"
                        f" instead of {harness.short(wanted.decode('utf-8', 'replace'))}")
    return None


def looks_at_itself(place, path, original, run):
    """Does what it prints depend on the bytes of its file? Go's protobuf takes a space from a hash of them.
    Then it prints something else, uncaged, with one byte more at the end."""
    with tempfile.TemporaryDirectory(dir=place.scratch) as folder:
        longer = os.path.join(folder, "longer")
        shutil.copy(place.outside(path), longer)
        with open(longer, "ab") as file:
            file.write(b"\0")
        return difference(original, run(longer, PATIENCE), True) is not None


def compare_runs(place, path, command, candidate, binds=()):
    """What comes of the command with the file as it is and with the candidate in its place."""
    def run(file=None, patience=1):
        return run_in_cell(place, path, command, file, place.seconds * patience, binds)
    one, caged = run(), run(candidate)
    ends, stable = one.end != "time", True
    problem = difference(one, caged, ends)
    if problem:  # a difference that the original has from itself is none
        originals, cages = [one], [caged]
        for _ in range(PATIENCE):
            originals.append(run(None, PATIENCE))
            cages.append(run(candidate, PATIENCE))
            stable = stable and ends and difference(one, originals[-1], True) is None
            # One that was stopped early on a busy machine says less than those that may take longer.
            told = cages[1:] if caged.end == "time" else cages
            as_ever = {run.end for run in told} <= {run.end for run in originals}
            if not stable and as_ever:
                break
        if stable and looks_at_itself(place, path, one, run):
            stable = False
        if stable:
            problem = next(filter(None, (difference(one, run, True) for run in cages[1:])), None)
        elif as_ever:
            problem = None
    if not problem:
        problem = filter_problem(one, caged)
    if problem:
        problem = f"{' '.join(command[1:])}: {problem}"
    return Comparison(problem, stable or not ends, ends, caged.report.get("bits", "0"), one)


def privileges(path):
    status = os.stat(path)
    try:
        capabilities = os.getxattr(path, "security.capability")
    except OSError:
        capabilities = None
    return oct(status.st_mode), status.st_uid, status.st_gid, capabilities


def same_bytes(one, other):
    return filecmp.cmp(one, other, shallow=False)


def check_file(place, path, caged, kept):
    """The problem of the caged file as a file, or None. `kept`: the copy's privileges before."""
    try:
        harness.Elf(path).phdr_address()
        harness.Elf(caged).phdr_address()
    except ValueError as error:
        return f"program headers: {error}"
    if privileges(caged) != kept:
        return f"mode, owner or capabilities: {privileges(caged)}, not {kept}"
    complaints = harness.readelf_complaints(caged)
    if complaints and not harness.readelf_complaints(path):
        return f"readelf: {harness.short(complaints)}"
    verified = harness.run([place.elfcage, "verify", caged])
    return None if verified.status == 0 else f"verify: {harness.said(verified)}"


def check_removal(place, path, caged, kept):
    removed = harness.run([place.elfcage, "remove", "-i", caged])
    if removed.status != 0:
        return f"remove: {harness.said(removed)}"
    if not same_bytes(path, caged):
        return "remove does not give the original"
    return None if privileges(caged) == kept else "remove changes mode, owner or capabilities"
