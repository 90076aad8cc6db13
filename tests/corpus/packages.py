# SPDX-License-Identifier: Apache-2.0
"""Debian packages for the corpus: which ones are needed, fetching, unpacking. Nothing is installed.

apt says where a package is and what its SHA-256 is (`apt-get download`); it also checks what it
fetches. What a listed package depends on is fetched too, unless this machine has it, so that programs
find their libraries. Large packages without machine code (data of games) are left out: a program
without its data says so, caged or not."""

import hashlib
import os
import pathlib
import re
import subprocess

from cells import harness

LIST = pathlib.Path(__file__).resolve().parent / "packages.txt"
MOST_DATA_BYTES = 1500000  # of a package for all architectures that is only depended on
AT_A_TIME = 100
# Folders that are links into /usr on a merged system.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
LEFT_OUT = ("doc", "man", "locale", "info", "lintian", "icons")  # of usr/share


def listed():
    """The names in packages.txt, in its order."""
    lines = LIST.read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def names_in(field):
    """[[alternative...]...] of a field like Depends, without versions and architectures."""
    clauses = (re.sub(r"\([^)]*\)|:\w+", "", clause).split("|") for clause in field.split(","))
    return [[name.strip() for name in clause if name.strip()] for clause in clauses]


class Archive:
    """What apt knows. `known`: name -> fields; `provided`: name -> names; `present`: installed here."""

    def __init__(self):
        self.known, self.provided = {}, {}
        machine = harness.run(["dpkg", "--print-architecture"]).out.strip()
        for text in harness.run(["apt-cache", "dumpavail"]).out.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in text.splitlines()
                          if not line.startswith(" ") and ": " in line)
            if "Filename" in fields and fields["Architecture"] in (machine, "all"):
                self.known[fields["Package"]] = fields
                for names in names_in(fields.get("Provides", "")):
                    for name in names:
                        self.provided.setdefault(name, []).append(fields["Package"])
        states = harness.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"]).out
        self.present = {line.split()[1] for line in states.splitlines() if line.startswith("installed ")}

    def is_data(self, name):
        fields = self.known[name]
        return fields["Architecture"] == "all" and int(fields["Size"]) > MOST_DATA_BYTES

    def needed(self, names):
        """The names and what they depend on beyond what is here, each once."""
        found, left = {}, list(reversed(names))
        while left:
            name = left.pop()
            if name in found or name not in names and self.is_data(name):
                continue
            found[name] = True
            fields = self.known[name]
            for clause in names_in(fields.get("Depends", "")) + names_in(fields.get("Pre-Depends", "")):
                chosen = self.choose(clause, found)
                if chosen:
                    left.append(chosen)
        return list(found)

    def choose(self, clause, found):
        """Which package makes a clause true; None if one is there already, or none is known."""
        for name in clause:
            ways = [name] + self.provided.get(name, [])
            if any(way in self.present or way in found for way in ways):
                return None
        ways = [way for name in clause for way in [name] + self.provided.get(name, [])]
        return next((way for way in ways if way in self.known), None)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(names):
    """{name of the file that `apt-get download` makes: (package, SHA-256)}"""
    said = harness.run(["apt-get", "download", "--print-uris", "-q", *names]).out
    files = {}
    for line in said.splitlines():
        found = re.match(r"'[^']*' (\S+) \d+ SHA256:([0-9a-f]{64})", line)
        if found:
            files[found[1]] = found[1].split("_")[0], found[2]
    return files


def fetch(names, cache):
    """{package: its file in the cache}; RuntimeError says why one cannot be had."""
    cache.mkdir(parents=True, exist_ok=True)
    files = files_of(names)
    if len(files) != len(names):
        lacking = set(names) - {package for package, _ in files.values()}
        raise RuntimeError(f"apt does not know where these are: {' '.join(sorted(lacking)[:9])}")
    wanted = [package for name, (package, sum) in files.items()
              if not (cache / name).exists() or digest(cache / name) != sum]
    for at in range(0, len(wanted), AT_A_TIME):
        done = subprocess.run(["apt-get", "download", "-qq", *wanted[at:at + AT_A_TIME]], cwd=cache,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            text = done.stdout.decode("utf-8", "replace")
            raise RuntimeError(f"packages cannot be fetched: {harness.short(text)}")
    for name, (_, sum) in files.items():
        if not (cache / name).exists() or digest(cache / name) != sum:
            raise RuntimeError(f"{name} is not what apt says it is")
    return {package: cache / name for name, (package, _) in files.items()}


def make_tree(folder):
    """An empty tree with merged folders, as the system's are."""
    for name in MERGED:
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")


def unpack(deb, tree):
    """Unpacks a package into the tree; the names of its files, as seen when it is installed."""
    unpacking = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    done = subprocess.run(["tar", "-x", "-v", "--keep-directory-symlink", "--no-same-owner", "-C", tree,
                           *(f"--exclude=./usr/share/{name}" for name in LEFT_OUT)],
                          stdin=unpacking.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, env=harness.environment())
    unpacking.stdout.close()
    if unpacking.wait() != 0 or done.returncode != 0:
        raise RuntimeError(f"{deb.name}: {harness.short(done.stderr.decode('utf-8', 'replace'))}")
    names = (line.lstrip(".") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return [f"/usr{name}" if name.split("/")[1] in MERGED else name for name in names
            if "/" in name and not name.endswith("/")]


def installed_files(name):
    """The files of an installed package, by their real names."""
    listing = harness.run(["dpkg-query", "-L", name])
    return [os.path.realpath(line) for line in listing.out.splitlines()] if listing.status == 0 else []
