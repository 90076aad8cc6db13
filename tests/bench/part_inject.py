# SPDX-License-Identifier: Apache-2.0
"""inject to a new file against cp of the same file, from the start of the process to its end, with a
policy of one rule given on the command line; objcopy and patchelf beside it, and the peak memory of
each. The files are real programs of the size wanted: a linker put that much data into them, so that
there is nothing behind the ELF image."""
import os
import re
import shutil

from measure import ENOUGH, HERE, Command, Skip, call

KB, MB = 1024, 1024 * 1024
POLICY = ["-q", "--default", "allow", "--deny", "ptrace:EPERM"]
# size, name, rounds, seconds, bar on inject / cp
SIZES = [
    (16 * KB, "16 KB", 200, 30, 2),
    (100 * KB, "100 KB", 200, 30, 2),
    (1 * MB, "1 MB", 100, 30, 2),
    (10 * MB, "10 MB", 40, 40, 1.15),
    (100 * MB, "100 MB", 9, 60, 1.15),
    (1024 * MB, "1 GB", 5, 100, 1.15),
]
QUICK_BYTES = 10 * MB
# For the largest file the slow peers run once, apart from the others.
SLOW_PEERS_BYTES = 200 * MB
PEAK_MB = 8
SYMBOLS = 150000


def make_symbols(bench):
    """A program with a large symbol table, linked so that sections have to move (layout S3m)."""
    if not shutil.which("ld.lld"):
        raise Skip("no ld.lld here, in whose programs sections have to move")
    source, program = bench.path("symbols.s"), bench.path("inject-symbols")
    with open(source, "w", encoding="utf-8") as file:
        file.write('.section .note.GNU-stack,"",@progbits\n.data\n')
        file.write("".join("symbol%d: .quad %d\n" % (i, i) for i in range(SYMBOLS)))
    call(["gcc", "-O2", "-fuse-ld=lld", "-o", program, os.path.join(HERE, "program.c"), source])
    return program


def make_program(bench, size):
    """A program with so much data that its file has about `size` bytes."""
    small = bench.compile("inject-program", "program.c")
    left = size - os.path.getsize(small)
    if left <= 0:
        return small
    data, data_object = bench.path("data"), bench.path("data.o")
    piece = os.urandom(MB)
    with open(data, "wb") as file:
        for start in range(0, left, MB):
            file.write(piece[:min(MB, left - start)])
    call(["ld", "-r", "-b", "binary", "-z", "noexecstack", "-o", data_object, "data"],
         cwd=bench.folder)
    os.remove(data)
    program = bench.path("inject-large")
    call(["gcc", "-O2", "-o", program, os.path.join(HERE, "program.c"), data_object])
    os.remove(data_object)
    return program


def inject_command(bench, program, out):
    return Command("elfcage inject", [bench.elfcage, "inject", *POLICY, program, "-o", out],
                   removed=out)


def other_commands(bench, program, out):
    section = bench.path("section")
    with open(section, "wb") as file:
        file.write(bytes(1000))
    return [
        Command("objcopy --add-section", [shutil.which("objcopy"), "--add-section",
                                          ".extra=" + section, program, out], removed=out),
        Command("patchelf --set-rpath", [shutil.which("patchelf"), "--set-rpath", "/opt/lib",
                                         "--output", out, program], removed=out),
    ]


def measure(bench):
    for tool in "objcopy", "patchelf":
        if not shutil.which(tool):
            raise Skip("no %s here" % tool)
    out = bench.path("inject-out")
    for size, name, rounds, seconds, bar in SIZES:
        if bench.quick and size > QUICK_BYTES:
            continue
        program = make_program(bench, size)
        copy = Command("cp", [shutil.which("cp"), program, out], removed=out)
        both, others = [copy, inject_command(bench, program, out)], other_commands(
            bench, program, out)
        slow = size > SLOW_PEERS_BYTES
        rounds = max(ENOUGH, rounds // 4) if bench.quick else rounds
        samples = bench.time(both + ([] if slow else others), rounds, seconds)
        if slow:
            samples.update(bench.time(others, 1, 0))
        add_rows(bench.report, "inject: %s program" % name, samples, bar, PEAK_MB)
        os.remove(program)
    measure_symbols(bench, out)


def measure_symbols(bench, out):
    """Programs with many symbols in which sections have to move, so that all symbols are looked at.
    The one made here is symbols and their names by four fifths; node is as programs are."""
    programs = []
    try:
        programs.append((make_symbols(bench), "%d symbols" % SYMBOLS, None))
    except Skip as reason:
        bench.report.skip("inject", reason)
    node = shutil.which("node")
    if not bench.quick and node and os.path.getsize(node) > QUICK_BYTES:
        programs.append((os.path.realpath(node), "node", 1.15))
    for program, name, bar in programs:
        copy = Command("cp", [shutil.which("cp"), program, out], removed=out)
        samples = bench.time([copy, inject_command(bench, program, out),
                              *other_commands(bench, program, out)], 40, 30)
        part = "inject: %s, %.1f MB" % (name, os.path.getsize(program) / MB)
        add_rows(bench.report, part, samples, bar, PEAK_MB + symbol_tables(program) / MB)


def symbol_tables(program):
    """Bytes of the tables that are gone through, since some of their symbols change."""
    sections = call(["readelf", "-SW", program])
    return sum(int(size, 16) for size in re.findall(
        r" (?:SYMTAB|DYNSYM) +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)", sections))


def add_rows(report, part, samples, bar, peak_bar):
    copy = samples.pop("cp")
    report.add(part, "cp takes", copy.ms(), "ms")
    for name, taken in samples.items():
        ours = name.startswith("elfcage")
        report.add(part, "%s / cp" % name, taken.over(copy), bar=bar if ours else None)
        if ours:
            report.add(part, "%s / cp, processor time" % name, taken.over(copy, "processor"))
    report.add(part, "cp: peak memory", copy.peak_mb(), "MB")
    for name, taken in samples.items():
        report.add(part, "%s: peak memory" % name, taken.peak_mb(), "MB",
                   peak_bar if name.startswith("elfcage") else None)
