#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs of this system, caged with a policy that does not matter to them.

    ELFCAGE=/path/to/elfcage tests/elf/system_sample.py            a small fixed sample
    ELFCAGE=/path/to/elfcage tests/elf/system_sample.py --all      all of /usr/bin and /usr/sbin
    ELFCAGE=/path/to/elfcage tests/elf/system_sample.py FILE...

One TAP test a file: it is injected, readelf -lSW is silent, the program headers are where every
rule looks for them, `--version` says what the original's says, verify says yes, and remove gives
the original byte for byte. Nothing of the system is changed: copies are. As root the programs run
as an unprivileged user; those that act whatever their arguments are do not run at all.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

import harness
from harness import run, said

POLICY = ["--default", "allow", "--deny", "swapon,swapoff"]
SAMPLE = """/usr/bin/bash /usr/bin/cat /usr/bin/ls /usr/bin/sed /usr/bin/grep /usr/bin/find /usr/bin/tar
/usr/bin/gzip /usr/bin/xz /usr/bin/awk /usr/bin/perl /usr/bin/python3 /usr/bin/git /usr/bin/make
/usr/bin/cmake /usr/bin/ninja /usr/bin/gcc /usr/bin/ld.bfd /usr/bin/mold /usr/bin/openssl
/usr/bin/curl /usr/bin/ssh /usr/bin/gdb /usr/bin/strace /usr/bin/tcc /usr/bin/rustc
/usr/bin/busybox /usr/bin/qemu-aarch64-static /usr/sbin/ldconfig /usr/lib/go-1.19/bin/go
/usr/lib/go-1.19/bin/gofmt /usr/lib/llvm-14/bin/clang /usr/lib/llvm-14/bin/lld""".split()
# These do what they do whatever they are told, or wait for something.
NEVER_RUN = set("""killall5 reboot halt poweroff shutdown init telinit runlevel sulogin agetty getty
fsfreeze fstrim switch_root pivot_root kexec ctrlaltdel chcpu rtcwake blkdiscard""".split())
UNPRIVILEGED = 65534
TRIAL_SECONDS = 20  # a program that does not end by then is one that does not know --version


def is_executable(path):
    """An ELF program: with an interpreter, or not a shared object."""
    try:
        if not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            return False
        elf = harness.Elf(path)
        return elf.type == 2 or bool(elf.interpreter) or not path.name.endswith(".so")
    except (OSError, ValueError):
        return False


def everything():
    found = {}
    for folder in ("/usr/bin", "/usr/sbin"):
        for path in sorted(pathlib.Path(folder).iterdir()):
            real = path.resolve()
            if real not in found and is_executable(real):
                found[real] = str(path)
    return list(found.values())


def trial(program, path):
    """Status, standard output and standard error of `PATH --version`, PATH being a link to the
    program (some print where they are); None if it does not end."""
    path.unlink(missing_ok=True)
    os.link(program, path)
    as_root = os.geteuid() == 0
    process = subprocess.Popen(
        [f"./{path.name}", "--version"], cwd=path.parent, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.environment(),
        start_new_session=True, **({"user": UNPRIVILEGED, "group": UNPRIVILEGED,
                                    "extra_groups": []} if as_root else {}))
    try:
        out, err = process.communicate(timeout=TRIAL_SECONDS)
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None


def compare_trials(original, caged, path):
    """What differs between the two programs' answers; None if nothing does."""
    first, second = trial(original, path), trial(original, path)
    if first is None or second is None:
        return None
    got = trial(caged, path)
    if got is None:
        return "the caged program does not end"
    if got[0] != first[0] and first[0] == second[0]:
        text = (got[2] or got[1]).decode("utf-8", "replace")
        return f"status {got[0]}, the original's is {first[0]}: {harness.short(text)}"
    if first == second and got[1:] != first[1:]:
        text = (got[2] or got[1]).decode("utf-8", "replace")
        return f"it says something else: {harness.short(text)}"
    return None


def check(name, elfcage, folder):
    """(problem or None, layout or reason of refusal) of one program."""
    original, caged, back = folder / "original", folder / "caged", folder / "removed"
    complaints = harness.readelf_complaints(original)
    result = run([elfcage, "inject", *POLICY, original, "-o", caged])
    if result.status != 0:
        return f"inject: {said(result)}", ""
    try:
        harness.Elf(original).phdr_address()
        harness.Elf(caged).phdr_address()
    except ValueError as error:
        return f"program headers: {error}", ""
    if not complaints and harness.readelf_complaints(caged):
        return f"readelf: {harness.short(harness.readelf_complaints(caged))}", ""
    if name not in NEVER_RUN:
        difference = compare_trials(original, caged, folder / "run" / name)
        if difference:
            return difference, ""
    verified = run([elfcage, "verify", caged])
    if verified.status != 0:
        return f"verify: {said(verified)}", ""
    removed = run([elfcage, "remove", caged, "-o", back])
    if removed.status != 0:
        return f"remove: {said(removed)}", ""
    if back.read_bytes() != original.read_bytes():
        return "remove does not give the original", ""
    return None, harness.layout_of(elfcage, caged)


def check_in(scratch, number, path, elfcage):
    folder = scratch / str(number)
    (folder / "run").mkdir(parents=True)
    shutil.copyfile(path, folder / "original")
    (folder / "original").chmod(0o755)
    try:
        return check(pathlib.Path(path).name, elfcage, folder)
    except OSError as error:
        return str(error), ""
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="programs of this system, caged")
    parser.add_argument("--all", action="store_true", help="all of /usr/bin and /usr/sbin")
    parser.add_argument("files", nargs="*", metavar="FILE")
    options = parser.parse_args()
    elfcage = os.environ.get("ELFCAGE")
    if not elfcage or not os.access(elfcage, os.X_OK):
        parser.error("ELFCAGE must be the path of the elfcage program")
    elfcage = os.path.abspath(elfcage)
    paths = everything() if options.all else options.files or SAMPLE
    tap = harness.Tap(len(paths))
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="elfcage-system-"))
    scratch.chmod(0o755)
    layouts = {}
    try:
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            futures = [None if not is_executable(pathlib.Path(path)) else
                       pool.submit(check_in, scratch, number, path, elfcage)
                       for number, path in enumerate(paths)]
            for path, future in zip(paths, futures):
                if future is None:
                    tap.skip(path, "not installed, or not an ELF program of this kind")
                    continue
                problem, layout = future.result()
                tap.test(problem is None, path, f" ({layout})" if layout else "")
                layouts[layout or "failed"] = layouts.get(layout or "failed", 0) + 1
                if problem:
                    tap.comment(f"  {problem}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    tap.comment(", ".join(f"{count} {layout}" for layout, count in sorted(layouts.items())))
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
