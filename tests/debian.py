# SPDX-License-Identifier: Apache-2.0
"""Debian packages of any architecture and release, in a folder, without a trace on this system.

apt does it, with a state of its own: it takes the mirror of this machine, checks the archive's
signature and every package's digest, and finds what a package depends on. What was fetched before
is used again if it still is what the archive says. Nothing is installed and no architecture is
added to dpkg; packages are unpacked by dpkg-deb. Where this cannot be done, Unavailable says why:
a reason to skip."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
AT_A_TIME = 100  # packages on one command line
SECONDS = 1800  # for one command of apt


class Unavailable(RuntimeError):
    """The packages cannot be had here."""


def command(words, **more):
    """Standard output of a command; Unavailable with the first error of its complaint."""
    try:
        done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=SECONDS, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{words[0]}: {error}") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        errors = [line for line in lines if line.startswith("E:")] or lines or ["no reason given"]
        raise Unavailable(f"{words[0]}: {errors[0]}")
    return done.stdout.decode("utf-8", "replace")


def own_architecture():
    return command(["dpkg", "--print-architecture"]).strip()


def own_release():
    """The codename of this machine's Debian."""
    with open("/etc/os-release", encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.strip().partition("=")
            if name == "VERSION_CODENAME":
                return value.strip('"')
    raise Unavailable("this is no release of Debian")


def suites(release):
    """[(address, suite)] of a release in the archives that this machine's apt uses: its own with
    the updates that it has, another by itself."""
    own = own_release()
    said = command(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)",
                    "Created-By: Packages", "Origin: Debian"])
    found = {}
    for line in said.splitlines():
        suite, component, address = line.split()
        if component == "main" and suite in (own, f"{own}-updates", f"{own}-security"):
            found[suite] = address
    if own not in found:
        raise Unavailable("apt knows no Debian archive of this release: run apt-get update")
    if release == own:
        return [(address, suite) for suite, address in found.items()]
    return [(found[own], release)]


def is_file(path, sha256):
    """True if the file is there and has that digest."""
    if not path.exists():
        return False
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


class Store:
    """The packages of one architecture ("arm64"; None: that of this machine) in one release (None:
    that of this machine), kept below a folder that may be used again."""

    def __init__(self, folder, architecture=None, release=None):
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Unavailable("this is no Debian: there is no apt-get")
        architecture = architecture or own_architecture()
        release = release or own_release()
        self.folder = pathlib.Path(folder).resolve() / f"{release}-{architecture}"
        for name in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d",
                     "etc/preferences.d", "debs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "state/status").touch()
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        (self.folder / "etc/sources.list").write_text(
            "".join(f"deb {signed}{address} {suite} main\n" for address, suite in suites(release)),
            encoding="utf-8")
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
        self.update(release)

    def update(self, release):
        """Gets the lists of packages. A mirror may have some that are not whole, while it is brought
        up to date: only without the release's own, this time's or an earlier one, nothing goes on."""
        reason = "the archive cannot be reached"
        try:
            self.apt("apt-get", "-qq", "update")
        except Unavailable as error:
            reason = error
        if not any((self.folder / "state/lists").glob(f"*_dists_{release}_main_*_Packages*")):
            raise Unavailable(reason)

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

    def with_dependencies(self, names):
        """The names and those of all packages that they need, as if nothing were installed."""
        said = self.apt("apt-get", "-qq", "--no-install-recommends", "--simulate", "install",
                        *names)
        return sorted(set(re.findall(r"(?m)^Inst ([^\s:]+)", said)))

    def listing(self, names):
        """{file that apt makes of a package: (package, SHA-256)}"""
        said = self.apt("apt-get", "download", "--print-uris", "-q", *names)
        files = re.findall(r"(?m)^'[^']*' (\S+) \d+ SHA256:([0-9a-f]{64})", said)
        listed = {name: (name.split("_")[0], sha256) for name, sha256 in files}
        lacking = set(names) - {package for package, _ in listed.values()}
        if lacking:
            some = " ".join(sorted(lacking)[:9])
            raise Unavailable(f"apt does not know where these are: {some}")
        return listed

    def fetch(self, names, folder=None):
        """{package: its .deb file} of those packages alone, kept in a folder (None: the store's)."""
        folder = pathlib.Path(folder or self.folder / "debs")
        folder.mkdir(parents=True, exist_ok=True)
        listed = self.listing(names)
        wanted = [package for name, (package, sha256) in listed.items()
                  if not is_file(folder / name, sha256)]
        for at in range(0, len(wanted), AT_A_TIME):
            self.apt("apt-get", "-qq", "download", *wanted[at:at + AT_A_TIME], cwd=folder)
        for name, (package, sha256) in listed.items():
            if package in wanted and not is_file(folder / name, sha256):
                raise Unavailable(f"{name} is not what the archive says it is")
        return {package: folder / name for name, (package, _) in listed.items()}


def unpack(deb, root, members=(), options=()):
    """Unpacks a .deb file into a folder, or only some members of it ("./boot"); options are tar's.
    The names of what was unpacked, as they are in the package."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as data:
        done = subprocess.run(["tar", "-x", "-v", "--keep-directory-symlink", "-C", str(root),
                               *options, *members],
                              stdin=data.stdout, capture_output=True, check=False,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        data.stdout.close()
    if data.returncode != 0 or done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it is damaged"]
        raise Unavailable(f"{pathlib.Path(deb).name} cannot be unpacked: {lines[0]}")
    return done.stdout.decode("utf-8", "replace").splitlines()
