# SPDX-License-Identifier: Apache-2.0
"""Debian packages of another architecture, in a folder, without a trace on this system.

apt does it, with a state of its own: it takes the mirror and the release of this machine, checks
the archive's signature and every package's digest, and finds what a package depends on. Nothing
is installed and no foreign architecture is added to dpkg; packages are unpacked by dpkg-deb."""

import os
import pathlib
import shutil
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """The packages cannot be had here: a reason to skip."""


def command(words, **more):
    """Standard output of a command; Unavailable with the last line of its complaint."""
    try:
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=900, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{words[0]}: {error}") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        errors = [line for line in lines if line.startswith("E:")] or lines or ["no reason given"]
        raise Unavailable(f"{words[0]}: {errors[0]}")
    return done.stdout.decode("utf-8", "replace")


def mirror():
    """(address, release) of the Debian archive that this machine's apt uses."""
    release = ""
    with open("/etc/os-release", encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.strip().partition("=")
            if name == "VERSION_CODENAME":
                release = value.strip('"')
    found = command(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
                     "Created-By: Packages", "Origin: Debian"])
    for line in found.splitlines():
        codename, component, address = line.split()
        if (codename, component) == (release, "main"):
            return address, release
    raise Unavailable("apt knows no Debian archive of this release: run apt-get update")


class Store:
    """The packages of one architecture ("arm64") in one release (None: that of this machine), kept
    in a folder that may be used again."""

    def __init__(self, architecture, folder, release=None):
        address, own = mirror()
        release = release or own
        self.folder = pathlib.Path(folder).resolve() / f"{release}-{architecture}"
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Unavailable("this is no Debian: there is no apt-get")
        for name in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d",
                     "etc/preferences.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        (self.folder / "etc/sources.list").write_text(
            f"deb {signed}{address} {release} main\n", encoding="utf-8")
        # How this machine reaches the archive (a proxy) holds here too.
        reach = command(["apt-config", "dump", "Acquire"])
        self.config = self.folder / "apt.conf"
        self.config.write_text(f"""{reach}
Dir::State "{self.folder}/state";
Dir::State::status "{self.folder}/state/status";
Dir::Cache "{self.folder}/cache";
Dir::Etc "{self.folder}/etc";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "{'root' if os.getuid() == 0 else ''}";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
""", encoding="utf-8")
        self.apt("apt-get", "-qq", "update")
        if not any((self.folder / "state/lists").glob("*_Packages*")):
            raise Unavailable("the archive cannot be reached")

    def apt(self, *words, cwd=None):
        return command(words, cwd=cwd,
                       env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
                            "APT_CONFIG": str(self.config), "LC_ALL": "C",
                            "DEBIAN_FRONTEND": "noninteractive"})

    def dependency(self, package, pattern):
        """The package that a package of packages depends on ("linux-image-arm64")."""
        for line in self.apt("apt-cache", "depends", package).splitlines():
            name = line.strip().removeprefix("Depends: ")
            if name != line.strip() and name.startswith(pattern):
                return name
        raise Unavailable(f"{package} depends on nothing that begins with {pattern}")

    def with_dependencies(self, packages):
        """The .deb files of the packages and of what they need."""
        self.apt("apt-get", "-qq", "--yes", "--no-install-recommends", "--download-only", "install",
                 *packages)
        return sorted((self.folder / "cache/archives").glob("*.deb"))

    def alone(self, package):
        """The .deb file of the package and nothing that it needs."""
        folder = self.folder / "alone" / package
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.glob("*.deb")):
            self.apt("apt-get", "-qq", "download", package, cwd=folder)
        return next(iter(folder.glob("*.deb")))


def add_cross_compiler(target, cache, folder):
    """Puts Debian's cross compiler for a target in front of PATH, unpacked into `folder`: it cannot
    be installed beside gcc-multilib, and finds its parts from where it stands."""
    if shutil.which(f"{target.tuple}-gcc-12"):
        return
    machine = command(["dpkg", "--print-architecture"]).strip()
    debs = Store(machine, cache).with_dependencies([f"g++-12-{target.tuple}"])
    folder.mkdir()
    unpack([deb for deb in debs if target.name in deb.name or "-cross-" in deb.name], folder)
    os.environ["PATH"] = f"{folder}/usr/bin:{os.environ['PATH']}"


def unpack(debs, root):
    """Unpacks .deb files over each other into a folder."""
    for deb in debs:
        command(["dpkg-deb", "--extract", deb, root])


def unpack_part(deb, root, *names):
    """Unpacks only some folders of a .deb file ("./boot")."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as data:
        done = subprocess.run(["tar", "-x", "-C", str(root), *names], stdin=data.stdout,
                              check=False, capture_output=True)
    if done.returncode != 0:
        raise Unavailable(f"{deb}: {done.stderr.decode('utf-8', 'replace')}")
