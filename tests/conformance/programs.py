"""Programs of Debian that the front and a parted network are tried with: installed by apt as root, or said first."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

PACKAGES = {
    "haproxy": "haproxy",
    "slowhttptest": "slowhttptest",
    "systemd-analyze": "systemd",
    "ip": "iproute2",
    "ss": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
}
"""Each program, and Debian's package of it."""
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def program(name: str) -> str:
    """Where a program is. Raises ``FileNotFoundError`` where it is not installed."""
    if (found := shutil.which(name, path=PATH)) is None:
        raise FileNotFoundError(f"there is no {name}: apt-get install {PACKAGES[name]}")
    return found


def installed(apt: Sequence[str], is_root: bool) -> str | None:
    """Install what is missing; else what somebody has to do, in one line."""
    missing = sorted({package for name, package in PACKAGES.items() if shutil.which(name, path=PATH) is None})
    if not missing:
        return None
    if not is_root or not apt:
        return f"needed and not here: {', '.join(missing)} (on Debian as root: apt-get install {' '.join(missing)})"
    for words in (["update", "--quiet=2"], ["install", "--quiet=2", "--yes", "--no-install-recommends", *missing]):
        if subprocess.run([*apt, *words], check=False, stdin=subprocess.DEVNULL).returncode:
            return f"apt-get could not install {', '.join(missing)}"
    return None


if __name__ == "__main__":
    found = shutil.which("apt-get")
    if (fault := installed([found] if found else [], os.geteuid() == 0)) is not None:
        sys.exit(f"conformance: {fault}")
