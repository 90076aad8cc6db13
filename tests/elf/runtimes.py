#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that are a runtime and, behind it in the same file, what it runs.

    ELFCAGE=/path/to/elfcage tests/elf/runtimes.py [--cache FOLDER]

Such a file is refused: the runtime looks for its data from the end, where a cage would have to go. The
way round is the other order: cage the runtime, then have the program made from it. That is filtered,
verifies, and finds its data. Shown for a runtime of our own in each layout, and for SBCL and OCaml; what
OCaml links into one program is caged as any other.

SBCL and OCaml are those that are installed, or apt fetches Debian's into a folder and installs nothing."""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing appears in the tree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import debian
import harness
from harness import run, said

POLICY = ["--default", "allow", "--deny", "mkdir,mkdirat:ENOTUNIQ"]
OTHER = ["--default", "allow", "--deny", "chown"]
REFUSAL = "bytes are appended behind the ELF image, and the program may look for them from the end of the file"
TOOLS = [["strip"], ["objcopy"], ["eu-strip"], ["llvm-strip"], ["patchelf", "--set-rpath", "/nonexistent"]]
SOURCE = r"""#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
int main(void)
{
    char end[9] = {0};
    FILE *self = fopen("/proc/self/exe", "rb");
    if (!self || fseek(self, -8, SEEK_END) != 0 || fread(end, 1, 8, self) != 8) {
        return 1;
    }
    puts(strcmp(end, "TRAILER!") == 0 ? "found" : "nothing there");
    puts(mkdir("/dev/null/x", 0700) < 0 && errno == ENOTUNIQ ? "main filtered" : "main free");
    return 0;
}
"""
RUNTIMES = {  # by the layout of the cage
    "S6": ["gcc", "-pie", "-fPIE"],
    "S3m": ["gcc", "-pie", "-fPIE", "-fuse-ld=lld"],
    "S2": ["gcc", "-static", "-no-pie", "-fuse-ld=lld"],
    "S1": ["musl-gcc", "-static"],
}
LISP = """(save-lisp-and-die "{out}" :executable t :toplevel (lambda ()
  (multiple-value-bind (made errno) (sb-unix:unix-mkdir "/dev/null/x" 448)
    (declare (ignore made))
    (format t "~a~%main ~a~%" (expt 3 50) (if (= errno 76) "filtered" "free")) (finish-output) (exit))))"""
OCAML = """let () =
  print_endline (string_of_int (6 * 7));
  try Sys.mkdir "/dev/null/x" 0o700 with Sys_error text ->
    print_endline (if text = "/dev/null/x: Not a directory" then "main free" else "main filtered")
"""


class Wrong(Exception):
    """A test fails, and this is why."""


class Missing(Exception):
    """The machine lacks something."""


def need(good, why):
    if not good:
        raise Wrong(why)


class Test:
    """A folder of its own, and what is asked in it."""

    def __init__(self, elfcage, folder, cache):
        self.elfcage, self.folder, self.cache = elfcage, folder, cache
        self.environment = None

    def command(self, *words, status=0):
        done = run(words, cwd=self.folder, env=self.environment)
        need(done.status == status, f"{' '.join(str(word) for word in words[:4])}: {said(done)}")
        return done

    def build(self, *words):
        missing = harness.have(words[0])
        if missing:
            raise Missing(f"{missing} is not installed")
        done = run(words, cwd=self.folder, env=self.environment)
        if done.status != 0:
            raise Missing(f"not built: {said(done)}")

    def cage(self, file, out, *options):
        self.command(self.elfcage, "inject", "-q", *POLICY, *options, "-o", out, file)

    def prints(self, file, *lines):
        done = self.command(self.folder / file)
        need(done.out.splitlines() == list(lines), f"{file} prints {done.out!r}")

    def is_refused(self, file):
        before = (self.folder / file).read_bytes()
        done = self.command(self.elfcage, "inject", *POLICY, "-o", "out", file, status=4)
        need(REFUSAL in done.err and len(done.err.splitlines()) == 1, done.err)
        self.command(self.elfcage, "inject", *POLICY, "-i", file, status=4)
        need((self.folder / file).read_bytes() == before and not (self.folder / "out").exists(),
             "something was written")

    def join(self, runtime, data, out):
        """The runtime with the data behind it."""
        path = self.folder / out
        path.write_bytes((self.folder / runtime).read_bytes() + data)
        path.chmod(0o755)

    def package(self, program, *packages):
        """The folder below which a program is: / if it is installed."""
        if shutil.which(program):
            return pathlib.Path("/")
        try:
            root = self.cache / "-".join(packages)
            if not root.exists():
                fetched = debian.Store(self.cache / "debian").fetch(packages)
                root.mkdir(parents=True)
                for deb in fetched.values():
                    debian.unpack(deb, root)
            return root
        except debian.Unavailable as reason:
            raise Missing(f"{program} cannot be had: {reason}") from reason

    def joined_is_as_a_caged_one(self, file, *lines):
        """What a caged runtime has been made a program of: what every command says of it. `lines`: what it
        prints before it says whether it is filtered."""
        self.prints(file, *lines, "main filtered")
        self.command(self.elfcage, "verify", "-q", file)
        self.command(self.elfcage, "verify", "-q", *POLICY, file)
        before = (self.folder / file).read_bytes()
        done = self.command(self.elfcage, "inject", *POLICY, "-i", file)
        need("caged with this policy already: unchanged" in done.err, done.err)
        for words in (["inject", "--replace", *OTHER, "-i"], ["remove", "-i"]):
            done = self.command(self.elfcage, *words, file, status=4)
            need("changed since it was caged (its size)" in done.err, done.err)
        done = self.command(self.elfcage, "inject", "--replace", "--force", *OTHER, "-i", file, status=4)
        need(REFUSAL in done.err, done.err)
        need((self.folder / file).read_bytes() == before, "it was changed")
        self.command(self.elfcage, "remove", "--force", "-o", "without", file)
        self.prints("without", *lines, "main free")


def own(layout):
    def test(self):
        (self.folder / "runtime.c").write_text(SOURCE, encoding="utf-8")
        self.build(*RUNTIMES[layout], "-O1", "-w", "-o", "runtime", "runtime.c")
        data = os.urandom(100000) + b"TRAILER!"
        self.join("runtime", data, "joined")
        self.prints("joined", "found", "main free")
        self.is_refused("joined")
        self.cage("runtime", "caged")
        need(harness.layout_of(self.elfcage, self.folder / "caged") == layout,
             f"the layout is {harness.layout_of(self.elfcage, self.folder / 'caged')}")
        self.prints("caged", "nothing there", "main filtered")
        self.join("caged", data, "joined-caged")
        self.joined_is_as_a_caged_one("joined-caged", "found")
    return test


def lisp(self):
    root = self.package("sbcl", "sbcl")
    self.environment = harness.environment(SBCL_HOME=str(root / "usr/lib/sbcl"))

    def dump(sbcl, out):
        self.build(sbcl, "--noinform", "--non-interactive", "--no-sysinit", "--no-userinit", "--eval",
                   LISP.format(out=out))
    number = str(3 ** 50)
    dump(str(root / "usr/bin/sbcl"), "dumped")
    self.prints("dumped", number, "main free")
    self.is_refused("dumped")
    self.cage(root / "usr/bin/sbcl", "sbcl")
    dump(str(self.folder / "sbcl"), "dumped-caged")
    self.joined_is_as_a_caged_one("dumped-caged", number)


def ocaml(self):
    """The program in each form that ocamlc and ocamlopt make, in the folder."""
    root = self.package("ocamlc.opt", "ocaml", "ocaml-base")
    bin_folder = root / "usr/bin"
    library = root / "usr/lib/ocaml"
    self.environment = harness.environment(
        PATH=f"{bin_folder}:{os.environ['PATH']}", HOME=str(self.folder),
        **({} if root == pathlib.Path("/") else {"OCAMLLIB": str(library)}))
    (self.folder / "program.ml").write_text(OCAML, encoding="utf-8")
    if not bin_folder.joinpath("ocamlc.opt").exists():
        raise Missing("ocamlc.opt is not where Debian has it")
    return bin_folder


def ocaml_joined(self):
    bin_folder = ocaml(self)
    self.build(str(bin_folder / "ocamlc.opt"), "-custom", "-o", "custom", "program.ml")
    self.prints("custom", "42", "main free")
    self.is_refused("custom")
    self.build(str(bin_folder / "ocamlc.opt"), "-o", "bytecode", "program.ml")
    self.cage(bin_folder / "ocamlrun", "ocamlrun")
    self.join("ocamlrun", (self.folder / "bytecode").read_bytes(), "joined")
    self.joined_is_as_a_caged_one("joined", "42")


def ocaml_whole(*words):
    def test(self):
        bin_folder = ocaml(self)
        self.build(str(bin_folder / words[0]), *words[1:], "-o", "program", "program.ml")
        self.prints("program", "42", "main free")
        self.cage("program", "caged")
        self.prints("caged", "42", "main filtered")
        for tool in TOOLS:
            shutil.copy(self.folder / "program", self.folder / "original.tool")
            shutil.copy(self.folder / "caged", self.folder / "caged.tool")
            if harness.have(tool[0]) or run([*tool, self.folder / "original.tool"]).status != 0:
                continue
            self.prints("original.tool", "42", "main free")
            self.command(*tool, "caged.tool")
            self.prints("caged.tool", "42", "main filtered")
            self.command(self.elfcage, "verify", "-q", "caged.tool")
        self.command(self.elfcage, "remove", "-o", "back", "caged")
        need((self.folder / "back").read_bytes() == (self.folder / "program").read_bytes(),
             "remove gives another file")
    return test


TESTS = {f"a runtime of our own, layout {layout}": own(layout) for layout in RUNTIMES}
TESTS.update({
    "SBCL, save-lisp-and-die": lisp,
    "OCaml, -custom, and bytecode behind ocamlrun": ocaml_joined,
    "OCaml, -output-complete-exe": ocaml_whole("ocamlc.opt", "-output-complete-exe"),
    "OCaml, machine code": ocaml_whole("ocamlopt.opt"),
})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=pathlib.Path)
    arguments = parser.parse_args()
    elfcage = os.environ["ELFCAGE"]
    if os.uname().machine != "x86_64":
        print("1..0 # SKIP the programs are made for x86-64")
        return 0
    tap = harness.Tap(len(TESTS))
    with tempfile.TemporaryDirectory(prefix="elfcage-runtimes.") as scratch:
        scratch = pathlib.Path(scratch)
        cache = (arguments.cache or scratch / "cache").resolve()
        for number, (name, function) in enumerate(TESTS.items()):
            folder = scratch / str(number)
            folder.mkdir()
            try:
                function(Test(elfcage, folder, cache))
                tap.test(True, name)
            except Missing as reason:
                tap.skip(name, str(reason))
            except Wrong as wrong:
                tap.test(False, name)
                tap.comment(str(wrong))
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
