#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The matrix: every kind of executable (kinds.py) against everything that must hold of a caged one.

    ELFCAGE=/path/to/elfcage tests/elf/matrix.py [--kinds pie-bfd,tcc] [--columns run,strip]
    tests/elf/matrix.py --originals          no elfcage: only what originals can do

Each cell is one TAP test; the table comes at the end. A column first looks at the original. Where
the tool refuses or breaks the original there is nothing to ask of the caged file: n/a. Which cells
are n/a is written down in expected-na.tsv, and a difference from that is a failure; --originals
prints the lines that the file should have.

The policy denies mkdir and mkdirat with ENOTUNIQ, which no kernel gives for them: a program that
prints this errno is filtered by this filter and by nothing else.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

import harness
import kinds
from harness import run, said

EXPECTED_NA = pathlib.Path(__file__).resolve().parent / "expected-na.tsv"
POLICY = ["--default", "allow", "--deny", "mkdir,mkdirat:ENOTUNIQ"]
ENOTUNIQ = 76
LAYOUTS = {"S1", "S2", "S3m", "S6"}
GROWTH_LIMIT = 64 * 1024  # bytes


class NotApplicable(Exception):
    """The original does not do it."""


class Skip(Exception):
    """The machine lacks something."""


class Failure(Exception):
    """The cell fails."""


class Subject:
    """One kind under test: its original, its caged file, and what the original prints."""

    def __init__(self, kind, folder, elfcage):
        self.kind = kind
        self.folder = folder
        self.elfcage = elfcage
        self.original = folder / "original" / "program"
        self.caged = folder / "caged" / "program"
        self.layout = ""
        self.transcript = None
        self.inject_problem = None

    def command(self, path):
        """What runs a file: a shared object is loaded."""
        if self.kind.loader:
            return [self.folder / "load", f"./{path.name}"]
        return [f"./{path.name}"]

    def copy(self, path, name):
        """A copy of a file, in a new folder and under the same name, to be changed."""
        folder = self.folder / name / path.parent.name
        folder.mkdir(parents=True)
        target = folder / path.name
        shutil.copy(path, target)
        return target

    def expected(self, is_caged):
        if not is_caged:
            return self.transcript
        return re.sub(r"(?m)^(call from \w+): allowed$", rf"\1: errno {ENOTUNIQ}", self.transcript)

    def difference(self, path, is_caged, interpreter=None):
        """What is wrong with a run of the program; None if nothing is."""
        command = ([interpreter] if interpreter else []) + self.command(path)
        result = run(command, cwd=path.parent)
        if result.status != 0 or result.err:
            return said(result)
        if result.out != self.expected(is_caged):
            return f"it prints: {harness.short(result.out)}"
        return None


def both(subject):
    """Original, then (when there is one) caged: the order in which a column looks at files."""
    yield subject.original, False
    if subject.elfcage:
        yield subject.caged, True


def verdict(is_caged, problem):
    """A problem of the original is n/a, one of the caged file a failure."""
    if problem:
        raise (Failure if is_caged else NotApplicable)(problem)


# The columns. Each takes a subject and returns, or raises one of the three.

def column_inject(subject):
    if not subject.elfcage:
        return
    subject.caged.parent.mkdir()
    result = run([subject.elfcage, "inject", *POLICY, *subject.kind.options, subject.original, "-o",
                  subject.caged])
    if result.status != 0:
        subject.inject_problem = said(result)
        raise Failure(subject.inject_problem)
    growth = subject.caged.stat().st_size - subject.original.stat().st_size
    if growth >= GROWTH_LIMIT:
        raise Failure(f"the file grows by {growth} bytes")
    subject.layout = harness.layout_of(subject.elfcage, subject.caged)


def column_run(subject):
    for path, is_caged in both(subject):
        problem = subject.difference(path, is_caged)
        if problem:
            raise Failure(problem)  # an original that does not run is a fault of the matrix


def need_program(subject):
    if subject.kind.loader:
        raise NotApplicable("a shared object")


def column_ldso(subject):
    need_program(subject)
    interpreter = harness.Elf(subject.original).interpreter
    if interpreter is None:
        raise NotApplicable("static")
    # musl's ld.so leaves AT_PHNUM as it was for itself, so that the output is not quite the same.
    direct = subject.transcript
    subject.transcript = run([interpreter, "./program"], cwd=subject.original.parent).out
    try:
        for path, is_caged in both(subject):
            verdict(is_caged, subject.difference(path, is_caged, interpreter))
    finally:
        subject.transcript = direct


class Held:
    """The program, started with "hold" and stopped inside main."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [f"./{path.name}", "hold"], cwd=path.parent, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=harness.environment(GOTRACEBACK="crash"))
        self.line = self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stderr.read()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def auxiliary_problem(path, elf):
    """Does the running kernel's AT_PHDR point to the program headers, AT_ENTRY to e_entry?"""
    with Held(path) as held:
        if held.line != b"holding\n":
            return "it does not run"
        folder = pathlib.Path("/proc") / str(held.process.pid)
        vector = (folder / "auxv").read_bytes()
        pair = "<QQ" if elf.bits == 64 else "<II"
        values = dict(struct.iter_unpack(pair, vector[:len(vector) // struct.calcsize(pair)
                                                      * struct.calcsize(pair)]))
        with open(folder / "mem", "rb", buffering=0) as memory:
            memory.seek(values[harness.AT_PHDR])
            table = memory.read(len(elf.table))
    if values[harness.AT_PHNUM] != elf.phnum:
        return f"AT_PHNUM is {values[harness.AT_PHNUM]}, the file has {elf.phnum}"
    if table != elf.table:
        return "AT_PHDR does not point to the program headers"
    bias = values[harness.AT_PHDR] - elf.phdr_address()
    if bias % 4096 != 0 or elf.entry + bias != values[harness.AT_ENTRY]:
        return "AT_PHDR and AT_ENTRY do not agree on the bias"
    return None


def column_phdr(subject):
    need_program(subject)
    before = []
    for path, is_caged in both(subject):
        elf = harness.Elf(path)
        verdict(is_caged, phdr_problem(path))
        shape = elf.load_shape_problems()
        if is_caged:  # patchelf leaves some of these in originals
            verdict(is_caged, "; ".join(text for text in shape if text not in before))
        before = shape
        try:
            verdict(is_caged, auxiliary_problem(path, elf))
        except PermissionError as error:
            raise Skip(f"the memory of a child cannot be read: {error}") from error


def column_readelf(subject):
    for path, is_caged in both(subject):
        verdict(is_caged, harness.readelf_complaints(path))


def column_elflint(subject):
    if harness.have("eu-elflint"):
        raise Skip("eu-elflint is not installed")
    before = None
    for path, is_caged in both(subject):
        messages = harness.lint_messages(path)
        if is_caged and messages - before:
            raise Failure("new: " + "; ".join((messages - before).elements()))
        before = messages


RENUMBERED = re.compile(r"'\.dynsym': symbol N .*: st_value out of bounds$|"
                        r"'\.gnu\.version': symbol N: version index N is for requested version$")


def column_strip_elflint(subject):
    """What strip makes of section numbers: nothing new against the stripped original. Where .dynsym
    alone had to move (lld puts it first), its header moves too, and BFD numbers others anew."""
    if harness.have("eu-elflint", "strip"):
        raise Skip("eu-elflint is not installed")
    before = None
    for path, is_caged in both(subject):
        changed = subject.copy(path, "strip-elflint")
        verdict(is_caged, change(changed, TOOLS["strip"]))
        messages = harness.lint_messages(changed)
        new = messages - before if is_caged else {}
        if new and all(RENUMBERED.search(text) for text in new):
            raise NotApplicable("strip does not keep st_shndx of a .dynsym that alone moved")
        if new:
            raise Failure("new: " + "; ".join(new.elements()))
        before = messages
        shutil.rmtree(changed.parent)


def column_gdb(subject):
    """gdb stops in main, and the backtrace is the original's."""
    need_program(subject)
    if harness.have("gdb"):
        raise Skip("gdb is not installed")
    before = None
    for path, is_caged in both(subject):
        result = run(["gdb", "-nx", "-batch", "-ex", "set disable-randomization off", "-ex",
                      f"break {subject.kind.breakpoint}", "-ex", "run", "-ex", "backtrace", "-ex",
                      "kill", f"./{path.name}"], cwd=path.parent)
        frames = [re.sub(r"0x[0-9a-f]+", "0x", line) for line in result.out.splitlines()
                  if re.match(r"#\d+ ", line)]
        if "Breakpoint 1, " not in result.out or not frames:
            verdict(is_caged, short_gdb(result))
        if is_caged and frames != before:
            raise Failure(f"the backtrace is {frames}, the original's {before}")
        before = frames


def short_gdb(result):
    lines = [line for line in (result.err + result.out).splitlines() if line.strip()]
    return lines[0] if lines else f"status {result.status}"


def build_id(path):
    found = re.search(r"Build ID: ([0-9a-f]+)", run(["readelf", "-nW", path]).out)
    return found.group(1) if found else None


def ids_of_core(path, folder):
    """Dumps a core of the program, moves the program away, and returns the build-ids that
    eu-unstrip reads from the core alone. None if no core appeared."""
    with Held(path) as held:
        pid = held.process.pid
        limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.prlimit(pid, resource.RLIMIT_CORE, (limit, limit))
        pathlib.Path(f"/proc/{pid}/coredump_filter").write_text("0x33")
        os.kill(pid, signal.SIGABRT)
    cores = [entry for entry in path.parent.iterdir() if entry.name != path.name]
    path.rename(folder / "moved-away")
    if len(cores) != 1:
        return None
    listing = run(["eu-unstrip", "-n", f"--core={cores[0].name}"], cwd=path.parent)
    cores[0].unlink()
    return re.findall(r"(?m)^\S+ ([0-9a-f]+)@", listing.out)


def column_core(subject):
    need_program(subject)
    if harness.have("eu-unstrip", "readelf"):
        raise Skip("eu-unstrip is not installed")
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if not pattern or pattern[0] == "|" or "/" in pattern:
        raise Skip(f"kernel.core_pattern sends cores elsewhere: {pattern!r}")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        raise Skip("the hard limit of core files is 0")
    wanted = build_id(subject.original)
    if wanted is None:
        raise NotApplicable("no build-id")
    for path, is_caged in both(subject):
        ids = ids_of_core(subject.copy(path, "core"), subject.folder / "core")
        if ids is None:
            verdict(is_caged, "no core file")
        elif wanted not in ids:
            verdict(is_caged, f"the core names {', '.join(ids) or 'nothing'}, not {wanted}")


def column_verify(subject):
    if subject.elfcage:
        result = run([subject.elfcage, "verify", subject.caged])
        if result.status != 0:
            raise Failure(said(result))
        result = run([subject.elfcage, "verify", subject.original])
        if result.status != 1:
            raise Failure(f"of the original it says: {said(result)}")


def column_remove(subject):
    if subject.elfcage:
        back = subject.folder / "removed"
        result = run([subject.elfcage, "remove", subject.caged, "-o", back])
        if result.status != 0:
            raise Failure(said(result))
        if back.read_bytes() != subject.original.read_bytes():
            raise Failure("not the original, byte for byte")
        if (back.stat().st_mode & 0o7777) != (subject.original.stat().st_mode & 0o7777):
            raise Failure("the mode is not the original's")


# Tools that change files: after each the program works, is still filtered, and verify says so.

def tool(*commands):
    """A change by commands, in which {} is the file."""
    return [command.split() for command in commands]


TOOLS = collections.OrderedDict([
    ("strip", tool("strip {}")),
    ("strip-g", tool("strip -g {}")),
    ("strip-twice", tool("strip {}", "strip {}")),
    # What dh_strip (Debian) and brp-strip (rpm) do.
    ("dh-strip", tool("strip --remove-section=.comment --remove-section=.note "
                      "--strip-unneeded {}")),
    ("objcopy", tool("objcopy {}")),
    ("debuglink", tool("objcopy --only-keep-debug {} {}.debug", "objcopy --strip-debug {}",
                       "objcopy --add-gnu-debuglink={}.debug {}")),
    ("eu-strip", tool("eu-strip {}")),
    ("eu-strip-f", tool("eu-strip -f {}.debug {}")),
    ("llvm-strip", tool("llvm-strip {}")),
    ("llvm-objcopy", tool("llvm-objcopy {}")),
    ("patchelf", tool("patchelf --set-rpath /nonexistent/elfcage {}")),
    ("patchelf-strip", tool("patchelf --set-rpath /nonexistent/elfcage {}", "strip {}")),
    ("drop-sections", [harness.drop_section_headers]),
])


def change(path, commands):
    """Applies a tool; returns what went wrong, or None."""
    for command in commands:
        if callable(command):
            command(path)
            continue
        result = run([word.replace("{}", path.name) for word in command], cwd=path.parent)
        if result.status != 0:
            return f"{command[0]}: {said(result)}"
    return None


def phdr_problem(path):
    try:
        harness.Elf(path).phdr_address()
    except ValueError as error:
        return str(error)
    return None


def column_tool(name):
    commands = TOOLS[name]

    def check(subject):
        for command in commands:
            if not callable(command) and harness.have(command[0]):
                raise Skip(f"{command[0]} is not installed")
        asked_phdr, interpreter = True, harness.Elf(subject.original).interpreter
        for path, is_caged in both(subject):
            changed = subject.copy(path, name)
            verdict(is_caged, change(changed, commands))
            verdict(is_caged, subject.difference(changed, is_caged))
            if is_caged:
                result = run([subject.elfcage, "verify", changed])
                if result.status != 0:
                    raise Failure(f"verify after it: {said(result)}")
            # Whatever else the tool leaves right of the original it must leave right here.
            problem = phdr_problem(changed)
            if is_caged and asked_phdr and problem:
                raise Failure(problem)
            asked_phdr = problem is None
            if interpreter:
                problem = subject.difference(changed, is_caged, interpreter)
                if is_caged and problem:
                    raise Failure(f"through ld.so: {problem}")
                interpreter = None if problem else interpreter
            shutil.rmtree(changed.parent)

    return check


COLUMNS = collections.OrderedDict([
    ("inject", column_inject), ("run", column_run), ("ldso", column_ldso), ("phdr", column_phdr),
    ("readelf", column_readelf), ("elflint", column_elflint), ("strip-elflint", column_strip_elflint),
    ("gdb", column_gdb),
    ("core", column_core), ("verify", column_verify), ("remove", column_remove),
] + [(name, column_tool(name)) for name in TOOLS])

TITLES = {
    "inject": "injected, and grows by less than 64 KiB", "run": "works, and is filtered",
    "ldso": "works through an explicit ld.so", "phdr": "AT_PHDR is right by every rule",
    "readelf": "readelf -lSW is silent", "elflint": "eu-elflint says nothing new",
    "strip-elflint": "eu-elflint says nothing new after strip",
    "gdb": "gdb breaks on main and shows a backtrace",
    "core": "a core alone names the build-id", "verify": "verify says yes",
    "remove": "remove gives the original byte for byte",
}


def title(column):
    return TITLES.get(column, f"works, and is still filtered, after {column}")


def cells_of_kind(kind, builder, folder, elfcage, columns):
    """{column: (state, why)} of one kind, and its layout. States: ok, FAIL, n/a, skip."""
    lacking = builder.missing(kind)
    if lacking:
        return {column: ("skip", lacking) for column in columns}, ""
    subject = Subject(kind, folder, elfcage)
    subject.original.parent.mkdir(parents=True)
    problem = builder.build(kind, subject.original)
    if problem:
        return {column: ("FAIL", f"not built: {problem}") for column in columns}, ""
    if kind.loader:
        problem = builder.build_loader(kind, folder / "load")
        if problem:
            return {column: ("FAIL", f"no loader: {problem}") for column in columns}, ""
    result = run(subject.command(subject.original), cwd=subject.original.parent)
    subject.transcript = result.out
    if result.status != 0 or not re.search(r"(?m)^call from main: allowed$", result.out):
        return {column: ("FAIL", f"the original: {said(result)}") for column in columns}, ""
    cells = {}
    for column in COLUMNS:
        if column not in columns and column != "inject":  # everything else needs inject
            continue
        try:
            if subject.inject_problem:
                raise Failure("not injected")
            COLUMNS[column](subject)
            cells[column] = ("ok", "")
        except NotApplicable as reason:
            cells[column] = ("n/a", harness.short(str(reason)))
        except Skip as reason:
            cells[column] = ("skip", str(reason))
        except Failure as reason:
            cells[column] = ("FAIL", harness.short(str(reason), 1500))
        except (OSError, ValueError, KeyError) as reason:  # a file that is not ELF any more
            cells[column] = ("FAIL", f"{type(reason).__name__}: {reason}")
    return {column: cells[column] for column in columns}, subject.layout


def read_expected():
    """{(kind, column): reason} from expected-na.tsv."""
    expected = {}
    for line in EXPECTED_NA.read_text().splitlines():
        if line and not line.startswith("#"):
            kind, column, reason = line.split("\t")
            expected[kind, column] = reason
    return expected


def judge(state, why, kind, column, expected):
    """A cell against the table of n/a cells: (state to show, why)."""
    if state == "n/a" and (kind, column) not in expected:
        return "FAIL", f"n/a, and expected-na.tsv does not say so: {why}"
    if state == "ok" and (kind, column) in expected:
        return "FAIL", f"expected-na.tsv says n/a ({expected[kind, column]}), but it applies"
    return state, why


def print_table(rows, columns, layouts):
    wide = max([4] + [len(name) for name in rows])
    heads = ["layout"] + list(columns)
    harness.Tap.comment("kind".ljust(wide) + " " + " ".join(heads))
    for name, cells in rows.items():
        texts = [layouts[name].ljust(len("layout"))]
        texts += [cells[column][0].ljust(len(column)) for column in columns]
        harness.Tap.comment((name.ljust(wide) + " " + " ".join(texts)).rstrip())
    counts = collections.Counter(state for cells in rows.values() for state, _ in cells.values())
    harness.Tap.comment(", ".join(f"{counts[state]} {state}"
                                  for state in ("ok", "n/a", "skip", "FAIL")))


def arguments():
    parser = argparse.ArgumentParser(description="the matrix of ELF kinds")
    parser.add_argument("--kinds", help="comma-separated; all but those of --full if not given")
    parser.add_argument("--full", action="store_true",
                        help="kinds too that differ little from one of the others")
    parser.add_argument("--columns", help="comma-separated; all if not given")
    parser.add_argument("--keep", metavar="DIR", help="build and work there, and leave it")
    parser.add_argument("--originals", action="store_true",
                        help="look at the originals only, and print the n/a cells found")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    names = [kind.name for kind in kinds.KINDS]
    chosen = options.kinds.split(",") if options.kinds else \
        [kind.name for kind in kinds.KINDS if options.full or not kind.full]
    columns = options.columns.split(",") if options.columns else list(COLUMNS)
    for unknown in [k for k in chosen if k not in names] + [c for c in columns if c not in COLUMNS]:
        parser.error(f"unknown kind or column: {unknown}")
    elfcage = None
    if not options.originals:
        elfcage = os.environ.get("ELFCAGE")
        if not elfcage or not os.access(elfcage, os.X_OK):
            parser.error("ELFCAGE must be the path of the elfcage program")
        elfcage = os.path.abspath(elfcage)
    return options, [k for k in kinds.KINDS if k.name in chosen], columns, elfcage


def main():
    options, chosen, columns, elfcage = arguments()
    expected = read_expected()
    everything = elfcage and not options.kinds
    tap = harness.Tap(len(chosen) * len(columns) + (2 if everything else 1))
    known = {kind.name for kind in kinds.KINDS}
    strangers = [key for key in expected if key[0] not in known or key[1] not in COLUMNS]
    tap.test(not strangers, "expected-na.tsv names only kinds and columns that exist",
             "".join(f" ({kind} {column})" for kind, column in strangers))
    scratch = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="elfcage-matrix-")).resolve()
    rows, layouts, found = collections.OrderedDict(), {}, []
    try:
        scratch.mkdir(exist_ok=True)
        builder = kinds.Builder(scratch)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            started = [(kind, pool.submit(cells_of_kind, kind, builder, scratch / kind.name,
                                          elfcage, columns)) for kind in chosen]
            for kind, future in started:
                cells, layouts[kind.name] = future.result()
                rows[kind.name] = {}
                for column in columns:
                    state, why = cells[column]
                    if state == "n/a":
                        found.append((kind.name, column, why))
                    state, why = judge(state, why, kind.name, column, expected)
                    rows[kind.name][column] = (state, why)
                    text = f"{kind.name}: {title(column)}"
                    if state == "skip":
                        tap.skip(text, why)
                    else:
                        tap.test(state != "FAIL", text, f" # n/a: {why}" if state == "n/a" else "")
                        if state == "FAIL":
                            tap.comment(f"  {why}")
                if not options.keep:
                    shutil.rmtree(scratch / kind.name, ignore_errors=True)
    finally:
        if not options.keep:
            run(["chmod", "-R", "u+w", scratch])
            shutil.rmtree(scratch, ignore_errors=True)
    if everything:
        seen = set(layouts.values())
        skipped = any(state == "skip" for cells in rows.values() for state, _ in cells.values())
        if not LAYOUTS <= seen and skipped:
            tap.skip("every layout occurs", "some kinds could not be built")
        else:
            tap.test(LAYOUTS <= seen, f"every layout occurs: {', '.join(sorted(LAYOUTS))}")
    print_table(rows, columns, layouts)
    if options.originals:
        tap.comment("n/a cells found, as expected-na.tsv writes them:")
        for cell in found:
            tap.comment("\t".join(cell))
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
