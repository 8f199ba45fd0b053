"""A newer C library beside this machine's own, for a binary that asks for one: from Debian's next release, by apt.

Nothing is installed: two packages are fetched and unpacked into an ignored folder.
"""

import shutil
import subprocess
from pathlib import Path

from bench.targets import Missing

RELEASE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = ("libc6", "libgcc-s1")
FETCHING_SECONDS = 180


def started_with(folder: Path, binary: Path) -> list[str | Path]:
    """The words that start a binary with the newer library, which is in the folder or fetched. Raises ``Missing``."""
    libraries = folder / "usr" / "lib" / "x86_64-linux-gnu"
    if not libraries.exists():
        _fetch(folder)
    return [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, binary]


def _fetch(folder: Path) -> None:
    if shutil.which("apt-get") is None or not Path(KEYRING).exists():
        raise Missing("there is no apt with Debian's keys")
    work = folder.with_name("apt")
    for place in (work / "lists" / "partial", work / "archives" / "partial"):
        place.mkdir(parents=True, exist_ok=True)
    try:
        site = _said("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()[0]
        (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {site} {RELEASE} main\n")
        own = [f"Dir::Etc::sourcelist={work}/sources.list", "Dir::Etc::sourceparts=/dev/null"]
        own += [f"Dir::State::lists={work}/lists", f"Dir::Cache={work}"]
        options = [word for each in own for word in ("-o", each)]
        _said("apt-get", *options, "-qq", "update")
        _said("apt-get", *options, "-qq", "download", *PACKAGES, folder=work)
        for package in work.glob("*.deb"):
            _said("dpkg-deb", "-x", str(package), str(folder))
    except (OSError, IndexError, subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
        shutil.rmtree(folder, ignore_errors=True)
        raise Missing(f"a newer C library could not be fetched ({type(fault).__name__})") from None


def _said(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=FETCHING_SECONDS, cwd=folder)
    return done.stdout
