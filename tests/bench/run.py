#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what elfcage costs, as ratios to what people use today, all in this run.

    tests/bench/run.py [--json FILE] [--quick] [PART...]

    inject    inject to a new file against cp, objcopy, patchelf; peak memory
    start     start-up of a caged program against libseccomp at run time, LD_PRELOAD, a wrapper, bwrap
    load      seccomp(2) itself against the programs of libseccomp
    filter    instructions and paths: no clock, the same on every machine
    growth    how much a file grows
    compile   reading, building and proving Docker's profile

Prints a table; a bar is what the figure should not exceed. The exit status does not depend on any of
them. Installs the Debian packages that it needs (root or sudo), and builds elfcage unless $ELFCAGE
names one. Docker's profile is taken from $ELFCAGE_POLICIES. --quick: fewer rounds, and no file above
10 MB."""
import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

# pylint: disable=wrong-import-position
import measure
import part_compile
import part_filter
import part_growth
import part_inject
import part_load
import part_start

PARTS = dict(inject=part_inject, start=part_start, load=part_load, filter=part_filter,
             growth=part_growth, compile=part_compile)
ROOT = os.path.dirname(os.path.dirname(measure.HERE))


def machine():
    """What the figures were measured on."""
    model = release = ""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "")
    with open("/etc/os-release", encoding="utf-8") as file:
        release = next((line.split("=")[1].strip().strip('"') for line in file
                        if line.startswith("PRETTY_NAME=")), "")
    return dict(processor=model, cores=os.cpu_count(), kernel=platform.release(),
                distribution=release, load_average=os.getloadavg()[0])


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="PART")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error("no such part: %s" % ", ".join(unknown))
    return options


def prepare():
    """Packages, policies; -> the elfcage to measure."""
    if subprocess.run([os.path.join(ROOT, "tests/install-packages.sh"), "bench"],
                      stdin=subprocess.DEVNULL, check=False).returncode != 0:
        print("not all packages could be installed: going on without", file=sys.stderr)
    if "ELFCAGE_POLICIES" not in os.environ:
        os.environ["ELFCAGE_POLICIES"] = os.path.join(os.path.dirname(ROOT), "shared", "policies")
    if "ELFCAGE" in os.environ:
        elfcage = os.environ["ELFCAGE"]
    else:
        elfcage = os.path.join(ROOT, "build/release/injector/elfcage")
        print("building elfcage ...", file=sys.stderr)
        subprocess.run([os.path.join(ROOT, "tests/build.sh"), "release", "release build"],
                       stdout=subprocess.DEVNULL, check=False)
    if not os.access(elfcage, os.X_OK):
        sys.exit("%s: no elfcage there: set ELFCAGE to one, or see build/release.log" % elfcage)
    return elfcage


def main():
    options = arguments()
    if platform.machine() != "x86_64":
        print("SKIP: only x86-64 is measured, this is %s" % platform.machine())
        return
    elfcage = prepare()
    report = measure.Report()
    folder = tempfile.mkdtemp(prefix="elfcage-bench-")
    try:
        bench = measure.Bench(folder, elfcage, report, options.quick)
        for name, part in PARTS.items():
            if options.parts and name not in options.parts:
                continue
            print("measuring %s ..." % name, file=sys.stderr)
            try:
                part.measure(bench)
            except measure.Skip as reason:
                report.skip(name, reason)
    finally:
        shutil.rmtree(folder)
    where = machine()
    print("%(processor)s, %(cores)d cores, Linux %(kernel)s, %(distribution)s, load "
          "%(load_average).1f" % where)
    print("\n".join(report.table()))
    over = [row for row in report.rows if row["verdict"] == "over"]
    judged = [row for row in report.rows if row["verdict"]]
    print("\n%d of %d figures with a bar are over it" % (len(over), len(judged)))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(dict(schema=1, machine=where, figures=report.rows, skipped=report.skips),
                      file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
