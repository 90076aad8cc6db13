#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real programs under load do, caged, what they do uncaged, and every thread of them is filtered.

    ELFCAGE=/path/to/elfcage tests/system/load.py [NAME...]          once, small loads
    ELFCAGE=/path/to/elfcage tests/system/load.py --all [NAME...]    three times in a row, larger loads

scenarios.py says what each program is made to do. It does so in a cell (cell.c) of its own, once as
it is and once with the caged files mounted over the originals, started by the same driver. Both must
give the same results, and watch.py must see the filter on every thread of every process that comes
from a caged program, of which there must be as many as the table below says. The policy denies what
no program here needs (EXDEV); if $ELFCAGE_POLICIES has Docker's default profile, --all uses that too.
"""

import argparse
import collections
import ctypes
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True  # nothing appears in the tree

import cells
import scenarios
import watch
from cells import harness

DENIED = """swapon,swapoff,reboot,kexec_load,init_module,finit_module,delete_module,acct,settimeofday,
clock_settime,quotactl,nfsservctl,pivot_root,ioperm,iopl,bpf,userfaultfd,perf_event_open""".replace("\n", "")
INLINE = ["--default", "allow", "--deny", f"{DENIED}:EXDEV"]
DOCKER_CAPABILITIES = """CAP_CHOWN,CAP_DAC_OVERRIDE,CAP_FSETID,CAP_FOWNER,CAP_MKNOD,CAP_NET_RAW,CAP_SETGID,
CAP_SETUID,CAP_SETFCAP,CAP_SETPCAP,CAP_NET_BIND_SERVICE,CAP_SYS_CHROOT,CAP_KILL,CAP_AUDIT_WRITE""".replace("\n", "")
POSTGRES = max(glob.glob("/usr/lib/postgresql/*/bin/"), default="/usr/lib/postgresql/")
NEVER = ["--nnp", "never"]

# files: what is caged; processes, threads: the least that must be seen filtered, threads in one
# process at one time; filters: of a program that a caged program has started and that is caged too;
# needs: more programs that must be there; options: of inject; differs: the one difference that there
# is, and must be, a regular expression.
Load = collections.namedtuple("Load", "files processes threads root filters needs options differs",
                              defaults=(1, 1, False, {}, [], [], None))


def gcc_part(name):
    """Where gcc has a program of its own."""
    return harness.run(["gcc", f"-print-prog-name={name}"]).out.strip() if not harness.have("gcc") else "gcc"


LOADS = {
    "nginx": Load(["/usr/sbin/nginx"], 5, 2, True),
    "redis": Load(["/usr/bin/redis-check-rdb", "/usr/bin/redis-cli", "/usr/bin/redis-benchmark"], 3, 4),
    "postgres": Load([POSTGRES + name for name in ("postgres", "initdb", "pgbench", "psql")], 12, 1, True,
                     {"postgres": 1}),
    "go": Load(["GO-SERVER"], 2, 4),
    "python": Load(["/usr/bin/python3"], 5, 9, False, {"python3": 2}),
    "node": Load(["/usr/bin/node"], 2, 10),
    "git": Load(["/usr/bin/git", "/usr/lib/git-core/git"], 3, 1),
    "gcc": Load(["/usr/bin/gcc", gcc_part("cc1"), gcc_part("collect2"), "/usr/bin/as", "/usr/bin/ld"], 4, 1, False,
                {"cc1": 2, "as": 2}),
    "busybox": Load(["/usr/bin/busybox"], 3, 1, False, {"busybox": 1}),
    "sqlite3": Load(["/usr/bin/sqlite3"], 4, 1),
    "sudo": Load(["/usr/bin/sudo"], 2, 1, True),
    # no_new_privs: what a caged program starts gains nothing; without it, it does.
    "sudo_by_sudo": Load(["/usr/bin/sudo"], 1, 1, True, differs=r"^\.status: 1 instead of 0"),
    "sudo_by_sudo, no_new_privs never": Load(["/usr/bin/sudo"], 1, 1, True, options=NEVER),
    "ping": Load(["/usr/bin/ping"], 1, 1, True),
    "ping_by_shell": Load(["/usr/bin/busybox"], 1, 1, True, needs=["/usr/bin/ping"],
                          differs=r"^\.received: \['Operation not permitted'\]|^\.received\[0\]: 'Operation not"),
}
SMALL = [name for name in LOADS if name not in ("postgres", "gcc")]


# --- inside the cell -------------------------------------------------------------------------


def mount_over(source, target):
    libc = ctypes.CDLL(None, use_errno=True)
    bind = 4096
    if libc.mount(os.fsencode(source), os.fsencode(target), None, bind, None) != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount {source} over {target}")


def inside(order, report):
    """What the driver does in the cell: one scenario; its results go to the descriptor."""
    os.set_inheritable(report, False)
    for source, target in order["mounts"]:
        mount_over(source, target)
    seen = watch.Watch([source for source, _ in order["mounts"]] + order["watched"],
                       order["no_new_privs"])
    place = {"postgres": POSTGRES, "go": order["go"], "mount": mount_over}
    try:
        result = scenarios.SCENARIOS[order["name"]](scenarios.Inside(seen.look, order["quick"], place))
        answer = {"result": result}
    except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    answer["seen"] = seen.result()
    with open(report, "w") as file:
        json.dump(answer, file)


# --- outside ---------------------------------------------------------------------------------


class Bench:
    def __init__(self, elfcage, scratch, quick):
        self.elfcage, self.scratch, self.quick = elfcage, scratch, quick
        self.cell = scratch / "cell"

    def go_server(self):
        built = self.scratch / "server"
        if not built.exists():
            done = harness.run(["go", "build", "-o", built, cells.HERE / "programs" / "server.go"],
                               env=harness.environment(GOCACHE=str(self.scratch / "go-cache"), GOPROXY="off",
                                                       GOFLAGS="-buildvcs=false", GOPATH=str(self.scratch)))
            if done.status != 0:
                raise RuntimeError(harness.said(done))
        return built

    def cage(self, name, load, policy):
        """[(caged copy, original)]; the copies are in a folder of their own."""
        folder = self.scratch / "caged"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        pairs = []
        for number, path in enumerate(load.files):
            original = self.go_server() if path == "GO-SERVER" else pathlib.Path(os.path.realpath(path))
            copy = folder / f"{number}.{original.name}"
            harness.run(["cp", "--preserve=all", original, copy])
            done = harness.run([self.elfcage, "inject", "-q", *policy, *load.options, "-i", copy])
            if done.status != 0:
                raise RuntimeError(f"{name}: inject: {harness.said(done)}")
            pairs.append((copy, original))
        return pairs

    def drive(self, name, pairs, caged):
        """The answer of one run."""
        order = {"name": name.split(",")[0], "no_new_privs": NEVER != LOADS[name].options,
                 "quick": self.quick, "mounts": [], "watched": [], "go": None}
        binds = [(cells.HERE, "/tmp/system"), (cells.HERE.parent / "elf", "/tmp/elf")]
        if name == "go":
            binds.append((pairs[0][0] if caged else pairs[0][1], "/tmp/go-server"))
            order["go"] = "/tmp/go-server"
            order["watched"] = ["/tmp/go-server"] if caged else []
        elif caged:
            binds.append((pairs[0][0].parent, "/tmp/caged"))
            order["mounts"] = [[f"/tmp/caged/{copy.name}", str(original)] for copy, original in pairs]
        reader, writer = os.pipe()
        with open(reader) as report, tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                cells.command_in_cell(self.cell, binds, ["/usr/bin/python3", "/tmp/system/load.py", "--inside",
                                                         json.dumps(order), str(writer)]),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=[writer],
                env=harness.environment(), cwd="/")
            os.close(writer)
            timer = threading.Timer(600, process.kill)
            timer.start()
            text = report.read()
            status = process.wait()
            timer.cancel()
            output.seek(0)
            said = output.read().decode("utf-8", "replace")
        if not text:
            return {"error": f"the driver died (status {status}): {harness.short(said)}", "seen": {}}
        return json.loads(text)


def first_difference(one, two, where=""):
    """Where two results of the same shape differ."""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        found = (first_difference(one[key], two[key], f"{where}.{key}") for key in one)
        return next(filter(None, found), None)
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        found = (first_difference(a, b, f"{where}[{n}]") for n, (a, b) in enumerate(zip(one, two)))
        return next(filter(None, found), None)
    if one == two:
        return None
    return f"{where}: {harness.short(repr(two))} instead of {harness.short(repr(one))}"


def coverage_problem(load, seen):
    if seen["unfiltered"]:
        return f"without filter: {seen['unfiltered']}"
    if seen["processes"] < load.processes or seen["most_threads"] < load.threads:
        return (f"too few seen: {seen['processes']} processes of {load.processes}, "
                f"{seen['most_threads']} threads of {load.threads}")
    for program, filters in load.filters.items():
        if seen["filters"].get(program, 0) < filters:
            return f"{program} has not {filters} filters: {seen['filters']}"
    return None


def compare(bench, name, load, policy):
    """(problem or None, what was seen) of one round."""
    try:
        pairs = bench.cage(name, load, policy)
    except RuntimeError as error:
        return str(error), {}
    plain, caged = bench.drive(name, pairs, False), bench.drive(name, pairs, True)
    for answer, which in ((plain, "uncaged"), (caged, "caged")):
        if "error" in answer:
            return f"{which}: {answer['error']}", caged["seen"]
    problem = first_difference(plain["result"], caged["result"])
    if load.differs:
        problem = None if re.search(load.differs, problem or "") else f"differs otherwise: {problem}"
    problem = problem or coverage_problem(load, caged["seen"])
    for copy, original in pairs:
        removed = harness.run([bench.elfcage, "remove", "-i", copy])
        if removed.status != 0 or harness.run(["cmp", copy, original]).status != 0:
            problem = problem or f"{original}: remove does not give the original: {harness.said(removed)}"
    return problem, caged["seen"]


def why_not(load):
    """Why this machine cannot run it, or None."""
    for path in load.files + load.needs:
        if path == "GO-SERVER":
            if harness.have("go"):
                return "go is not installed"
        elif not os.path.exists(path):
            return f"{path} is not installed"
    return "needs root" if load.root and os.geteuid() != 0 else None


def rounds_of(options):
    policies = [("inline", INLINE)]
    found = glob.glob(os.path.join(os.environ.get("ELFCAGE_POLICIES", "/nonexistent"), "oci",
                                   "moby-profiles-default-current.json"))
    if options.all and found:
        policies.append(("docker", ["--policy", found[0], "--caps", DOCKER_CAPABILITIES]))
    return [(f"{title}, round {number + 1}", policy) for title, policy in policies
            for number in range(3 if options.all else 1)]


def test_loads(bench, names, rounds):
    tap = harness.Tap(len(names) * len(rounds))
    for name in names:
        load = LOADS[name]
        reason = why_not(load)
        for title, policy in rounds:
            same = "as documented" if load.differs else "as uncaged"
            text = f"{name}: {same}, and filtered everywhere ({title})"
            if reason:
                tap.skip(text, reason)
                continue
            problem, seen = compare(bench, name, load, policy)
            tap.test(problem is None, text)
            if seen:
                tap.comment(f"  filtered: {seen['processes']} processes, {seen['threads']} threads, at most"
                            f" {seen['most_threads']} at once in one; filters at most"
                            f" {max(seen['filters'].values(), default=0)}")
            if problem:
                tap.comment(f"  {problem}")
    return 1 if tap.failed else 0


def main():
    if sys.argv[1:2] == ["--inside"]:
        inside(json.loads(sys.argv[2]), int(sys.argv[3]))
        return 0
    parser = argparse.ArgumentParser(description="real programs under load, caged")
    parser.add_argument("--all", action="store_true", help="all of them, three times, larger loads")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LOADS))
    options = parser.parse_args()
    if not set(options.names) <= set(LOADS):
        parser.error(f"NAME must be of {', '.join(LOADS)}")
    elfcage = cells.elfcage_program(parser)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="elfcage-load-"))
    scratch.chmod(0o755)
    try:
        cells.compile_tools(scratch, "cell")
        bench = Bench(elfcage, scratch, not options.all)
        reason = cells.why_no_cell(bench.cell)
        if reason:
            print(f"1..0 # SKIP no private namespaces here: {reason}")
            return 0
        names = options.names or list(LOADS if options.all else SMALL)
        return test_loads(bench, names, rounds_of(options))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
