#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs of foreign architectures, caged here, under qemu-user.

    ELFCAGE=/path/to/elfcage tests/foreign/foreign.py [--all] [--arch aarch64,arm,riscv64]
                                                      [--only NAME,...] [--cache FOLDER]

Without --all: programs that are made here (made.py), without network. With --all: those of Debian
packages (programs.py) too, of which at least FEWEST must run for each architecture that Debian has.

qemu-user has no seccomp(2): it says ENOSYS. So the filter does not load, and what can be seen is
the layout and both answers of the stub. Of each program:

  - the caged file passes `verify`, and its program headers are sound by an independent reader;
  - caged as it is by default, it does not start: status 126, the stub's line, nothing else;
  - caged with --on-load-failure warn, it is what it was, behind the stub's line;
  - all three again after each tool that takes the original (strip, patchelf and others);
  - `remove` gives the original's bytes.

Enforcement is shown by kernel.py, under kernels of those architectures.
"""

import argparse
import concurrent.futures
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "elf")]

import debian
import harness
import made
import programs
from harness import run, said
from targets import TARGETS

FEWEST = 50
POLICY = ["--default", "allow", "--deny", "mkdirat,ptrace:ENOTUNIQ"]
LINE = "elfcage: the seccomp filter was not loaded (seccomp: error 38): the program "
NOT_STARTED, UNFILTERED = LINE + "does not start\n", LINE + "runs unfiltered\n"

# Tools that know every architecture; {tuple} ones come with the cross binutils.
TOOLS = {
    "strip": ["{tuple}-strip", "{file}"],
    "objcopy": ["{tuple}-objcopy", "{file}"],
    "llvm-strip": ["llvm-strip", "{file}"],
    "eu-strip": ["eu-strip", "{file}"],
    "patchelf": ["patchelf", "--set-rpath", "/a/path/that/is/not/there", "{file}"],
}


class Skip(Exception):
    """The machine, or the emulator, lacks something."""


class Failure(Exception):
    """The program, or its cage, does not do what it must."""


class Subject:
    """One program under test, in a folder of its own."""

    def __init__(self, elfcage, target, root, source, folder, arguments=(), stdin=None):
        self.elfcage, self.target, self.root = elfcage, target, root
        self.name = os.path.basename(source)
        self.folder, self.arguments, self.stdin = folder, arguments, stdin
        self.variants = 0
        self.original = self.variant(source)

    def variant(self, source=None):
        """The path of a file in a new folder, which has the inputs: a copy, or one to be made."""
        self.variants += 1
        folder = self.folder / f"{self.variants:02}"
        folder.mkdir()
        programs.inputs(folder)
        if source:
            shutil.copyfile(source, folder / self.name)
            (folder / self.name).chmod(0o755)
        return folder / self.name

    def drop(self, path):
        if path != self.original:
            shutil.rmtree(path.parent)

    def run(self, path):
        """The same command for each variant: its folder is the current one."""
        command = [self.target.emulator, "-L", self.root, f"./{self.name}"]
        command += [word.replace("{here}", str(path.parent)) for word in self.arguments]
        env = harness.environment(HOME=str(path.parent), TERM="dumb", TMPDIR=str(path.parent))
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"):
            env.pop(name, None)
        stdin = open(path.parent / self.stdin, "rb") if self.stdin else None
        try:
            result = run(command, cwd=path.parent, env=env, stdin=stdin or subprocess.DEVNULL)
        finally:
            if stdin:
                stdin.close()
        here = str(path.parent)
        return harness.Result(result.status, result.out.replace(here, "HERE"),
                              result.err.replace(here, "HERE"))

    def cage(self, command, *words):
        """Runs elfcage; Failure if it does not end with 0."""
        result = run([self.elfcage, command, *words])
        if result.status != 0:
            raise Failure(f"{command}: {said(result)}")

    def expect(self, path, what, status, out, err):
        got = self.run(path)
        if (got.status, got.out, got.err) != (status, out, err):
            raise Failure(f"{what}: {said(got)}; out: {harness.short(got.out, 100)}")


def shape_problem(path):
    """What is wrong with the program headers of a file; None if nothing is."""
    try:
        elf = harness.Elf(path)
        elf.phdr_address()
    except ValueError as error:
        return str(error)
    return "; ".join(elf.load_shape_problems()) or None


def check_place(path, target):
    """Where the payload is, which elfcage promises for the largest pages of the architecture."""
    loads = harness.Elf(path).of_type(harness.PT_LOAD)
    last = max(loads, key=lambda load: load.vaddr)
    others = max(load.vaddr + load.memsz for load in loads if load != last)
    if last.align != target.page or last.vaddr // target.page * target.page < others:
        raise Failure(f"the payload shares a page of {target.page} bytes")


def check_cages(subject, normal, fatal, warning, after="", excused=None):
    """Both cages, as they are or after a tool. `excused`: what it does to the original too."""
    for path, accept in (fatal, []), (warning, ["--accept", "warn"]):
        try:
            subject.cage("verify", *accept, path)
        except Failure as problem:
            # patchelf lays arm files out for pages of 4 KiB. Where an aarch64 kernel with larger
            # ones would take the file all the same, the stub's page would be another's.
            if "on kernels with larger pages" not in str(problem) or "patchelf" not in after:
                raise
        problem = shape_problem(path)
        if problem and not excused:
            raise Failure(f"program headers{after}: {problem}")
    subject.expect(fatal, f"caged{after}", 126, "", NOT_STARTED)
    # A static program of glibc finds its program headers by a symbol, not by AT_PHDR: under S2
    # those are the original ones, which are still there.
    expected = normal.out
    if harness.layout_of(subject.elfcage, fatal) == "S2":
        expected = expected.replace("dl_iterate_phdr says the same",
                                    "dl_iterate_phdr says something else")
    subject.expect(warning, f"caged to warn{after}", normal.status, expected,
                   UNFILTERED + normal.err)


def check_tool(subject, words, normal, cages):
    """True if the tool takes the original; then it must not break the cages."""
    copies = [subject.variant(path) for path in (subject.original, *cages)]
    try:
        for number, path in enumerate(copies):
            command = [word.replace("{file}", str(path)).replace("{tuple}", subject.target.tuple)
                       for word in words]
            result = run(command)
            if number == 0 and (result.status != 0 or subject.run(path) != normal):
                return False
            if result.status != 0:
                raise Failure(f"{words[0]}: {said(result)}")
        check_cages(subject, normal, *copies[1:], f" after {command[0]}", shape_problem(copies[0]))
        return True
    finally:
        for path in copies:
            subject.drop(path)


def check(subject):
    """All that must hold of one program. Returns a note."""
    normal = subject.run(subject.original)
    if normal.status != 0:
        raise Skip(f"the emulator does not run the original: {said(normal)}")
    if subject.run(subject.original) != normal:
        raise Failure("the original does not do the same twice")
    fatal, warning = subject.variant(), subject.variant()
    subject.cage("inject", "-q", *POLICY, subject.original, "-o", fatal)
    subject.cage("inject", "-q", "--on-load-failure", "warn", *POLICY, subject.original, "-o",
                 warning)
    check_cages(subject, normal, fatal, warning)
    check_place(fatal, subject.target)
    for path in fatal, warning:
        back = subject.variant()
        subject.cage("remove", path, "-o", back)
        if not filecmp.cmp(back, subject.original, shallow=False):
            raise Failure("remove does not give the original back")
        subject.drop(back)
    layout = harness.layout_of(subject.elfcage, fatal)
    taken = []
    dynamic = harness.Elf(subject.original).interpreter is not None
    for tool, words in TOOLS.items():
        if tool == "patchelf" and not dynamic:
            continue  # there is nobody who would look for a run path
        if shutil.which(words[0].replace("{tuple}", subject.target.tuple)) is None:
            raise Skip(f"{words[0]} is not installed".replace("{tuple}", subject.target.tuple))
        if check_tool(subject, words, normal, (fatal, warning)):
            taken.append(tool)
    return f"{layout}; {', '.join(taken)}"


def made_subject(elfcage, target, kind, folder):
    missing = [name for name in kind.needs
               if not (os.path.exists(name) if "/" in name else shutil.which(name))]
    if missing:
        raise Skip(f"{missing[0]} is not installed")
    out = folder / "program"
    result = run([word.replace("{out}", str(out)) for word in kind.command])
    if result.status != 0:
        raise Skip(f"it cannot be made: {said(result)}")
    return Subject(elfcage, target, f"/usr/{target.tuple}", out, folder, ["one", "two"])


def packaged_subject(elfcage, target, root, program, folder):
    source = root / program.path
    if not source.is_file():
        raise Failure(f"{program.package} has no {program.path}")
    return Subject(elfcage, target, root, source, folder, program.arguments, program.stdin)


def refused_rightly(target, name, reason):
    """What cannot be caged, and says why: programs.REFUSED."""
    return any(text in reason for text in programs.REFUSED.get((target.name, name), ()))


def run_job(job, work):
    """("ok" | "skip" | "refused" | "fail", note) of one (target, name, function of the folder)."""
    target, name, subject = job
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    try:
        return "ok", check(subject(folder))
    except Skip as reason:
        return "skip", str(reason)
    except Failure as reason:
        if refused_rightly(target, name, str(reason)):
            return "refused", str(reason)
        return "fail", str(reason)
    finally:
        shutil.rmtree(folder)


def jobs_of(options, elfcage, target, work):
    """[(target, name, function)]; the packages are fetched first. A reason for want of them."""
    jobs = [(target, kind.name,
             lambda folder, kind=kind: made_subject(elfcage, target, kind, folder))
            for kind in made.kinds(target)]
    reason = None
    if options.all and not target.debian:
        try:
            made.add_cross_compiler(target, options.cache or work / "store",
                                    work / f"cross-{target.name}")
        except debian.Unavailable as error:
            reason = str(error)
    if options.all and target.debian:
        try:
            wanted = list(programs.programs(target))
            root = work / f"root-{target.name}"
            root.mkdir()
            names = sorted({program.package for program in wanted})
            store = debian.Store(options.cache or work / "store", target.debian)
            for deb in store.fetch(store.with_dependencies(names)).values():
                debian.unpack(deb, root)
            jobs += [(target, program.path, lambda folder, program=program, root=root:
                      packaged_subject(elfcage, target, root, program, folder))
                     for program in wanted]
        except debian.Unavailable as error:
            reason = str(error)
    if options.only:
        jobs = [job for job in jobs if any(word in job[1] for word in options.only)]
    return jobs, reason


def main():
    parser = argparse.ArgumentParser(description="caged foreign programs under qemu-user")
    parser.add_argument("--all", action="store_true", help="programs of Debian packages too")
    parser.add_argument("--arch", type=lambda text: text.split(","),
                        default=[target.name for target in TARGETS])
    parser.add_argument("--only", type=lambda text: text.split(","), help="parts of names")
    parser.add_argument("--cache", help="where packages are kept")
    options = parser.parse_args()
    elfcage = os.environ.get("ELFCAGE")
    if not elfcage or not os.access(elfcage, os.X_OK):
        print("Bail out! set ELFCAGE to the absolute path of the elfcage binary")
        return 1
    with tempfile.TemporaryDirectory(prefix="elfcage-foreign.") as folder:
        return test(options, elfcage, pathlib.Path(folder))


def test(options, elfcage, work):
    """Runs everything; each program is one test, and each architecture's count one more."""
    jobs, reasons = [], {}
    chosen = [target for target in TARGETS if target.name in options.arch]
    for target in chosen:
        if shutil.which(target.emulator) is None:
            reasons[target.name] = f"{target.emulator} is not installed"
            continue
        more, reason = jobs_of(options, elfcage, target, work)
        jobs += more
        if reason:
            reasons[target.name] = reason
    counted = [target for target in chosen
               if (options.all and target.debian and not options.only) or target.name in reasons]
    tap = harness.Tap(len(jobs) + len(counted))
    passed = {target.name: 0 for target in chosen}
    workers = int(os.environ.get("ELFCAGE_JOBS", "2"))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for (target, name, _), (state, note) in zip(jobs, pool.map(lambda job: run_job(job, work),
                                                                   jobs)):
            text = f"{target.name}: {name}"
            if state == "skip":
                tap.skip(text, note)
                continue
            tap.test(state != "fail", text, " is refused" if state == "refused" else "")
            tap.comment(note)
            passed[target.name] += "/" in name and state == "ok"
    for target in counted:
        text = f"{target.name}: at least {FEWEST} programs of Debian packages"
        if target.name in reasons:
            tap.skip(text, reasons[target.name])
        else:
            tap.test(passed[target.name] >= FEWEST, text)
            tap.comment(f"{passed[target.name]} programs")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
