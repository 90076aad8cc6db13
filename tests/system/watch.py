# SPDX-License-Identifier: Apache-2.0
"""Looks at every thread of every process that comes from a caged program, again and again.

A process belongs to the tree if its executable is one of the caged files, or if its parent belongs
to it. Inherited filters are there from the first instruction on; a process that itself has executed
a caged file is given GRACE to come through ld.so to the stub."""

import os
import threading
import time

GRACE_SECONDS = 5
INTERVAL_SECONDS = 0.02


def fields_of(path):
    """Name -> text of a status file; None if the thread has gone."""
    try:
        with open(path) as file:
            return dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return None


class Watch:
    def __init__(self, files, no_new_privs=True):
        self.no_new_privs = no_new_privs
        self.inodes = {(status.st_dev, status.st_ino) for status in map(os.stat, files)}
        self.tree = {}  # (process, start time) -> when first seen
        self.filtered, self.threads, self.deepest, self.unfiltered = set(), set(), {}, {}
        self.most_threads = 0  # of one process, at one time
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self.look_often, daemon=True)
        self.thread.start()

    def look_often(self):
        while not self.stop.wait(INTERVAL_SECONDS):
            self.look()

    def look(self):
        with self.lock:
            processes = {}
            for name in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{name}/stat") as file:
                        words = file.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if words[0] != "Z":
                    processes[int(name)] = int(words[1]), int(words[19])
            for process in processes:
                self.look_at(process, processes)

    def look_at(self, process, processes):
        parent, started = processes[process]
        key = process, started
        grandparent = (parent, processes[parent][1]) if parent in processes else None
        inherited = key in self.tree or grandparent in self.filtered
        try:
            status = os.stat(f"/proc/{process}/exe")
        except OSError:
            return
        own = (status.st_dev, status.st_ino) in self.inodes
        if not own and not inherited:
            return
        first_seen = self.tree.setdefault(key, time.monotonic())
        self.look_at_threads(key, own and key not in self.filtered and
                             time.monotonic() < first_seen + GRACE_SECONDS)

    def look_at_threads(self, key, on_its_way):
        process = key[0]
        try:
            names = os.listdir(f"/proc/{process}/task")
        except OSError:
            return
        good = []
        for name in names:
            fields = fields_of(f"/proc/{process}/task/{name}/status")
            if fields is None:
                continue
            if fields["Seccomp"].strip() == "2" and (
                    fields["NoNewPrivs"].strip() == "1" or not self.no_new_privs):
                good.append(name)
                program = fields["Name"].strip()
                filters = int(fields.get("Seccomp_filters", "1"))
                self.deepest[program] = max(self.deepest.get(program, 0), filters)
            elif not on_its_way and "Z" not in fields["State"] and "X" not in fields["State"]:
                self.unfiltered[f"{fields['Name'].strip()} {process}/{name}"] = fields["Seccomp"].strip()
        if good:
            self.filtered.add(key)
            self.threads.update((key, name) for name in good)
            self.most_threads = max(self.most_threads, len(good))

    def result(self):
        self.look()
        self.stop.set()
        self.thread.join()
        return {"processes": len(self.filtered), "threads": len(self.threads),
                "most_threads": self.most_threads, "filters": self.deepest,
                "unfiltered": self.unfiltered}
