# SPDX-License-Identifier: Apache-2.0
"""The kinds of ELF files of the matrix, and how each is built.

A kind is (name, programs that must be installed, build steps, function to stop at, options of inject,
compiler of the loader, whether only --full looks at it). A step is a command in which {out} is the
file to make and {src} the folder of sources, or a function of the path. A kind with a loader is a
shared object: programs/load.c, made by that compiler, loads it and calls its main()."""

import collections
import os
import pathlib
import threading

import harness

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"

Kind = collections.namedtuple("Kind", "name needs steps breakpoint options loader full")

BIG_BSS = "-mcmodel=medium -DBIG_BSS=3221225472UL"
KINDS = []


def kind(name, needs, *steps, breakpoint="main", options="", loader=None, full=False):
    words = [step.split() if isinstance(step, str) else step for step in steps]
    KINDS.append(Kind(name, needs.split(), words, breakpoint, options.split(), loader, full))


def gcc(flags):
    return f"gcc -O1 -g {flags} -o {{out}} {{src}}/kinds.c -pthread"


# Debian's gcc-multilib, which makes <asm/...> known to -m32, cannot be installed beside a cross gcc.
M32 = "-m32 -idirafter /usr/include/x86_64-linux-gnu"


def gcc32(flags):
    return gcc(f"{M32} {flags}")


def gxx(flags):
    return f"g++ -O1 -g {flags} -o {{out}} {{src}}/kinds.cc -pthread"


def go(mode, flags="", cgo=False, ldflags=""):
    sources = "{src}/kinds.go {src}/" + ("kinds_cgo.go" if cgo else "kinds_pure.go")
    words = f"go build -buildvcs=false -trimpath -buildmode={mode} {flags} -o {{out}}".split()
    if ldflags:
        words.append(f"-ldflags={ldflags}")
    return [f"CGO_ENABLED={int(cgo)}"] + words + sources.split()


def rust(flags=""):
    return f"rustc --edition 2021 --crate-name kinds -g -O {flags} -o {{out}} {{src}}/kinds.rs"


# Dynamic, glibc, from each linker.
for linker, needs, use in (("bfd", "gcc", "-fuse-ld=bfd"), ("lld", "gcc ld.lld", "-fuse-ld=lld"),
                           ("mold", "gcc mold", "-fuse-ld=mold")):
    kind(f"pie-{linker}", needs, gcc(f"{use} -pie -fPIE"))
    kind(f"exec-{linker}", needs, gcc(f"{use} -no-pie -fno-pie"))
kind("pie-now", "gcc", gcc("-pie -fPIE -Wl,-z,relro,-z,now"))
kind("pie-sysv-hash", "gcc", gcc("-pie -fPIE -Wl,--hash-style=sysv"))
kind("exec-no-id", "gcc", gcc("-no-pie -fno-pie -Wl,--build-id=none"))
kind("pie-gold", "gcc ld.gold", gcc("-fuse-ld=gold -pie -fPIE"))
kind("exec-gold", "gcc ld.gold", gcc("-fuse-ld=gold -no-pie -fno-pie"))
kind("exec-lld-sep", "gcc ld.lld", gcc("-fuse-ld=lld -no-pie -fno-pie -Wl,-z,separate-code"))
# Static, glibc.
kind("static-bfd", "gcc", gcc("-static"))
kind("static-lld", "gcc ld.lld", gcc("-fuse-ld=lld -static"))
kind("static-mold", "gcc mold", gcc("-fuse-ld=mold -static"))
kind("static-pie-bfd", "gcc", gcc("-static-pie -fPIE"))
kind("static-pie-lld", "gcc ld.lld", gcc("-fuse-ld=lld -static-pie -fPIE"))
kind("static-pie-mold", "gcc mold", gcc("-fuse-ld=mold -static-pie -fPIE"))
# musl.
kind("musl-pie", "musl-gcc", "musl-gcc -O1 -g -pie -fPIE -o {out} {src}/kinds.c")
kind("musl-exec", "musl-gcc", "musl-gcc -O1 -g -no-pie -fno-pie -o {out} {src}/kinds.c")
kind("musl-static", "musl-gcc", "musl-gcc -O1 -g -static -o {out} {src}/kinds.c")
# musl-gcc cannot link a static-pie; this one has no PT_PHDR.
MUSL = "/usr/lib/x86_64-linux-musl"
kind("musl-static-pie", "musl-gcc gcc",
     "gcc -O1 -g -fPIE -static-pie -nostdinc -isystem /usr/include/x86_64-linux-musl -nostdlib "
     f"-o {{out}} {MUSL}/rcrt1.o {MUSL}/crti.o {{src}}/kinds.c {MUSL}/libc.a -lgcc -lgcc_eh "
     f"{MUSL}/crtn.o")
# Go. -B gives a GNU build-id, which Go does not do by itself.
kind("go-exec", "go", go("exe"), breakpoint="main.main")
kind("go-exec-id", "go", go("exe", ldflags="-B 0x0123456789abcdef0123456789abcdef01234567"),
     breakpoint="main.main")
kind("go-exec-sw", "go", go("exe", ldflags="-s -w"), breakpoint="main.main")
kind("go-pie", "go", go("pie"), breakpoint="main.main")
kind("go-cgo", "go gcc", go("exe", cgo=True), breakpoint="main.main")
kind("go-cgo-pie", "go gcc", go("pie", cgo=True), breakpoint="main.main")
# Rust.
kind("rust", "rustc gcc", rust())
kind("rust-lld", "rustc gcc ld.lld", rust("-C link-arg=-fuse-ld=lld"))
kind("rust-static", "rustc gcc", rust("-C target-feature=+crt-static"))
# C++.
kind("cxx-bfd", "g++", gxx("-pie -fPIE"))
kind("cxx-exec-lld", "g++ ld.lld", gxx("-fuse-ld=lld -no-pie -fno-pie"))
kind("cxx-mold", "g++ mold", gxx("-fuse-ld=mold -pie -fPIE"))
kind("cxx-static", "g++", gxx("-static"))
# Others.
kind("tcc", "tcc", "tcc -g -o {out} {src}/kinds.c -lpthread")
TINY = "-O1 -g -nostdlib -static -fno-stack-protector -o {out} {src}/tiny.c"
kind("tiny-bfd", "gcc", f"gcc {TINY}")
kind("tiny-lld", "gcc ld.lld", f"gcc -fuse-ld=lld {TINY}")
kind("tiny-no-notes", "gcc", f"gcc -Wl,--build-id=none -fcf-protection=none {TINY}")
# Stripped, and without section headers.
kind("stripped-pie", "gcc", gcc("-pie -fPIE -s"))
kind("stripped-lld", "gcc ld.lld", gcc("-fuse-ld=lld -pie -fPIE -s"))
kind("stripped-static", "gcc", gcc("-static -s"))
for name, flags in (("pie", "-pie -fPIE"), ("exec", "-no-pie -fno-pie"), ("static", "-static"),
                    ("static-pie", "-static-pie -fPIE")):
    kind(f"nosec-{name}", "gcc", gcc(flags), harness.drop_section_headers)
kind("nosec-lld", "gcc ld.lld", gcc("-fuse-ld=lld -pie -fPIE"), harness.drop_section_headers)
kind("nosec-mold", "gcc mold", gcc("-fuse-ld=mold -pie -fPIE"), harness.drop_section_headers)
kind("nosec-rust", "rustc gcc", rust(), harness.drop_section_headers)
kind("nosec-go", "go", go("exe"), harness.drop_section_headers, breakpoint="main.main")
kind("nosec-musl", "musl-gcc", "musl-gcc -O1 -g -static -o {out} {src}/kinds.c",
     harness.drop_section_headers)
# Layout flags.
kind("nosep-pie", "gcc", gcc("-pie -fPIE -Wl,-z,noseparate-code"))
kind("nosep-exec", "gcc", gcc("-no-pie -fno-pie -Wl,-z,noseparate-code"))
kind("nosep-static", "gcc", gcc("-static -Wl,-z,noseparate-code"))
ALIGN = "-Wl,-z,max-page-size=0x200000"
kind("align2m-pie", "gcc", gcc(f"-pie -fPIE {ALIGN}"))
kind("align2m-exec", "gcc", gcc(f"-no-pie -fno-pie {ALIGN}"))
kind("align2m-static", "gcc", gcc(f"-static {ALIGN}"))
kind("align2m-lld", "gcc ld.lld", gcc(f"-fuse-ld=lld -pie -fPIE {ALIGN}"))
kind("align2m-mold", "gcc mold", gcc(f"-fuse-ld=mold -pie -fPIE {ALIGN}"))
kind("relr-pie", "gcc", gcc("-pie -fPIE -Wl,-z,pack-relative-relocs"))
# glibc before 2.36 and lld 14 do not agree on RELR in dynamic programs; static-pie has it.
kind("relr-lld", "gcc ld.lld", gcc("-fuse-ld=lld -static-pie -fPIE -Wl,--pack-dyn-relocs=relr"))
kind("bss3g-pie", "gcc", gcc(f"-pie -fPIE {BIG_BSS}"))
kind("bss3g-exec", "gcc", gcc(f"-no-pie -fno-pie {BIG_BSS}"))
kind("bss3g-lld", "gcc ld.lld", gcc(f"-fuse-ld=lld -pie -fPIE {BIG_BSS}"))
kind("bss3g-mold", "gcc mold", gcc(f"-fuse-ld=mold -pie -fPIE {BIG_BSS}"))
kind("bss3g-static", "musl-gcc", f"musl-gcc -O1 -g -static {BIG_BSS} -o {{out}} {{src}}/kinds.c")
# Files that other tools have been at.
RPATH = "patchelf --set-rpath /nonexistent/before {out}"
kind("patched-pie", "gcc patchelf", gcc("-pie -fPIE"), RPATH)
kind("patched-exec", "gcc patchelf", gcc("-no-pie -fno-pie"), RPATH)
kind("patched-lld", "gcc ld.lld patchelf", gcc("-fuse-ld=lld -pie -fPIE"), RPATH)
# 32 bits.
kind("i386-pie", "gcc -m32", gcc32("-pie -fPIE"))
kind("i386-exec", "gcc -m32", gcc32("-no-pie -fno-pie"))
kind("i386-lld", "gcc -m32 ld.lld", gcc32("-fuse-ld=lld -pie -fPIE"))
kind("i386-mold", "gcc -m32 mold", gcc32("-fuse-ld=mold -pie -fPIE"))
kind("i386-static", "gcc -m32", gcc32("-static"))
kind("i386-static-pie", "gcc -m32", gcc32("-static-pie -fPIE"))

# The hook in front of the constructors of libraries: each linker, with and without a fixed address.
for linker, needs in (("bfd", "gcc"), ("lld", "gcc ld.lld"), ("mold", "gcc mold")):
    for name, flags in (("pie", "-pie -fPIE"), ("exec", "-no-pie -fno-pie")):
        kind(f"preinit-{name}-{linker}", needs, gcc(f"-fuse-ld={linker} {flags}"),
             options="--hook preinit", full=(name, linker) in (("exec", "bfd"), ("exec", "mold")))
SHARED = "-shared -fPIC -DSHARED"
# Shared objects: the functions that a loader calls of them, or none.
INITIALISERS = {
    "neither": "-nostartfiles -DNO_START -DNO_CONSTRUCTOR",
    "init": "-nostartfiles -DNO_START -DNO_CONSTRUCTOR -DOWN_INIT -Wl,-init=own_init",
    "array": "-nostartfiles -DNO_START",
    "both": "-nostartfiles -DNO_START -DOWN_INIT -Wl,-init=own_init",
    "usual": "",
}
for linker, needs in (("bfd", "gcc"), ("lld", "gcc ld.lld"), ("mold", "gcc mold")):
    for name, flags in INITIALISERS.items():
        kind(f"so-{name}-{linker}", needs,
             gcc(f"-fuse-ld={linker} {SHARED} {flags}"), loader="gcc",
             full=(name, linker) not in (("both", "bfd"), ("array", "lld"), ("neither", "mold"),
                                         ("usual", "lld")))
kind("so-usual-musl", "musl-gcc", f"musl-gcc -O1 -g {SHARED} -o {{out}} {{src}}/kinds.c",
     loader="musl-gcc")
kind("so-i386", "gcc -m32", gcc32(SHARED), loader=f"gcc {M32}")

_go_lock = threading.Lock()  # builds share one cache: one fills it, the next finds it full


class Builder:
    """Builds kinds below `scratch`; remembers what the machine lacks."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.environment = harness.environment(
            GO111MODULE="off", GOPROXY="off", GOFLAGS="", GOPATH=str(scratch / "go"),
            GOCACHE=os.environ.get("GOCACHE", str(scratch / "go-cache")),
            GOTELEMETRY="off", HOME=str(scratch))
        self.m32 = None
        self.rustc = "/usr/bin/rustc" if os.access("/usr/bin/rustc", os.X_OK) else "rustc"

    def probe_m32(self):
        if self.m32 is None:
            source = self.scratch / "m32.c"
            source.write_text("#include <errno.h>\nint main(void) { return errno; }\n")
            program = self.scratch / "m32"
            built = harness.run(["gcc", *M32.split(), "-o", program, source]).status == 0
            self.m32 = built and harness.run([program]).status == 0
        return self.m32

    def missing(self, kind):
        """Why the kind cannot be built here; None if it can."""
        for need in kind.needs:
            if need == "-m32":
                if not self.probe_m32():
                    return "gcc -m32 does not make programs that run here"
            elif need != "rustc" or self.rustc == "rustc":
                if harness.have(need):
                    return f"{need} is not installed"
        return None

    def build_loader(self, kind, out):
        """None, or what went wrong."""
        result = harness.run([*kind.loader.split(), "-O1", "-g", "-o", out, PROGRAMS / "load.c",
                              "-pthread"], env=self.environment)
        return None if result.status == 0 else harness.said(result)

    def build(self, kind, out):
        """None, or what went wrong."""
        for step in kind.steps:
            if callable(step):
                step(out)
                continue
            words = [word.format(out=out, src=PROGRAMS) for word in step]
            env = dict(self.environment)
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                env[name] = value
            if words[0] == "rustc":
                words[0] = self.rustc
            if "go" in kind.needs:
                with _go_lock:
                    result = harness.run(words, env=env)
            else:
                result = harness.run(words, env=env)
            if result.status != 0:
                return f"{' '.join(words)}: {harness.said(result)}"
        return None
