# SPDX-License-Identifier: Apache-2.0
"""What all parts share: the folder of one run, programs that are compiled for it, commands that are
timed in turn (rounds.c), and the report.

Times are those of a machine that others use too, so only ratios within one run are judged, of
medians over rounds in which every command ran once. Runs that had to wait for a processor are left
out where enough others remain. Nothing here fails because of a time."""
import os
import statistics
import subprocess

ENOUGH = 10  # runs for a median
HERE = os.path.dirname(os.path.abspath(__file__))


class Skip(Exception):
    """A part, or one peer, cannot be measured here; the text says why."""


class Report:
    """Figures in the order in which they were found. A bar is an upper limit."""

    def __init__(self):
        self.rows, self.skips = [], []

    def add(self, part, what, figure, unit="x", bar=None):
        verdict = None if bar is None else "ok" if figure <= bar else "over"
        self.rows.append(dict(part=part, what=what, figure=figure, unit=unit, bar=bar,
                              verdict=verdict))

    def skip(self, part, reason):
        self.skips.append(dict(part=part, reason=str(reason)))

    def table(self):
        """Lines of text, one a figure."""
        lines, part = [], None
        for row in self.rows:
            if row["part"] != part:
                part = row["part"]
                lines += ["", part]
            bar = "" if row["bar"] is None else "bar %s" % number(row["bar"])
            lines.append("  %-68s %9s %-4s %-10s %s" % (
                row["what"], number(row["figure"]), row["unit"], bar, row["verdict"] or ""))
        for skip in self.skips:
            lines += ["", "%s: SKIP %s" % (skip["part"], skip["reason"])]
        return lines


def number(value):
    """Integers whole, others with three digits that count."""
    if isinstance(value, int) or value >= 1000:
        return "%d" % value
    return "%.*f" % (2 if value < 10 else 1 if value < 100 else 0, value)


class Bench:
    """One run: where its files are, what it measures, how long."""

    def __init__(self, folder, elfcage, report, quick):
        self.folder, self.elfcage, self.report, self.quick = folder, elfcage, report, quick
        self.rounds = self.compile("rounds", "rounds.c", "-static")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def compile(self, name, source, *flags):
        """
        Compiles one of the programs here; returns its path. It is copied, as installed files are and
        as caged ones come about: the page cache keeps what a linker wrote in smaller parts, and to
        start a static program from those takes 18 us more.
        """
        linked, out = self.path("linked"), self.path(name)
        call(["gcc", "-O2", "-o", linked, os.path.join(HERE, source), *flags])
        call(["cp", linked, out])
        os.remove(linked)
        return out

    def time(self, commands, rounds, seconds):
        """Runs commands in turn; returns name -> Samples. Every run must end with status 0."""
        specification = self.path("specification")
        with open(specification, "w", encoding="utf-8") as file:
            for command in commands:
                file.write(command.text())
        output = call([self.rounds, specification, str(rounds), str(seconds)])
        samples = {command.name: Samples() for command in commands}
        for line in output.splitlines():
            name, wall, processor, peak, status = line.split("\t")
            if status != "0":
                raise RuntimeError("%s ended with status %s" % (name, status))
            samples[name].add(int(wall) / 1e3, int(processor), int(peak))
        return samples


class Command:
    """A command of Bench.time(): `removed` is its output, `opened` what it finds as descriptor 9."""

    def __init__(self, name, words, removed=None, opened=None, variables=()):
        self.name, self.words = name, words
        self.keys = [("remove", removed), ("open", opened)]
        self.keys += [("env", variable) for variable in variables]

    def text(self):
        lines = [("run", self.name)] + [key for key in self.keys if key[1]]
        lines += [("arg", word) for word in self.words]
        return "".join("%s %s\n" % line for line in lines)


class Samples:
    """What the runs of one command took, in microseconds and KiB."""

    def __init__(self):
        self.wall, self.processor, self.peak, self.quiet = [], [], [], []

    def add(self, wall, processor, peak):
        """A run is quiet if it had a processor nearly all the time."""
        self.wall.append(wall)
        self.processor.append(processor)
        self.peak.append(peak)
        self.quiet.append(wall < 1.25 * processor + 50)

    def median(self, kind="wall"):
        values = getattr(self, kind)
        kept = [value for value, quiet in zip(values, self.quiet) if quiet]
        return statistics.median(kept if len(kept) >= ENOUGH else values)

    def ms(self):
        return self.median() / 1e3

    def peak_mb(self):
        return max(self.peak) / 1024

    def over(self, other, kind="wall"):
        """How many times as long as the other."""
        return self.median(kind) / other.median(kind)

    def more_than(self, other, kind="wall"):
        """Microseconds more than the other."""
        return self.median(kind) - other.median(kind)


def call(words, cwd=None):
    """Runs a command that has to work; returns its output as text."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("%s: status %d: %s" % (" ".join(words[:4]), done.returncode,
                                                  done.stderr.strip()[-500:]))
    return done.stdout


def call_to(path, words, stdin=None):
    """The same for output that is not text: into a file."""
    with open(path, "wb") as out:
        done = subprocess.run(words, input=stdin, stdout=out, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError("%s: status %d: %s" % (words[0], done.returncode, done.stderr.decode()))
