# SPDX-License-Identifier: Apache-2.0
"""Which Debian packages the corpus is made of, and the tree that they are unpacked into.

tests/debian.py fetches them. What a listed package depends on is wanted too, unless this machine has it,
so that programs find their libraries. Large packages without machine code (data of games) are left out:
a program without its data says so, caged or not."""

import os
import pathlib
import re
import sys

from cells import harness

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import debian

LIST = HERE / "packages.txt"
MOST_DATA_BYTES = 1500000  # of a package for all architectures that is only depended on
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
    """What apt knows. `known`: name -> fields; `provided`: name -> names; `present`: installed here.
    Files are kept in the folder `cache`."""

    def __init__(self, cache):
        self.store = debian.Store(cache)
        self.cache = cache
        self.known, self.provided = {}, {}
        for text in self.store.apt("apt-cache", "dumpavail").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in text.splitlines()
                          if not line.startswith(" ") and ": " in line)
            if "Filename" in fields:
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

    def fetch(self, names):
        """{package: its file in the cache}"""
        return self.store.fetch(names, self.cache)


def make_tree(folder):
    """An empty tree with merged folders, as the system's are."""
    for name in MERGED:
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")


def unpack(deb, tree):
    """Unpacks a package into the tree; the names of its files, as seen when it is installed."""
    left_out = [f"--exclude=./usr/share/{name}" for name in LEFT_OUT]
    names = [name.lstrip(".") for name in debian.unpack(
        deb, tree, options=["--no-same-owner", *left_out])]
    return [f"/usr{name}" if name.split("/")[1] in MERGED else name for name in names
            if "/" in name and not name.endswith("/")]


def installed_files(name):
    """The files of an installed package, by their real names."""
    listing = harness.run(["dpkg-query", "-L", name])
    return [os.path.realpath(line) for line in listing.out.splitlines()] if listing.status == 0 else []
