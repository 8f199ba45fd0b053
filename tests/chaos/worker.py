"""A gateway in a process of its own, as an operator starts it, and what the system says of its memory."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.chaos.proxy import HOST
from tests.chaos.scene import Scene
from tests.rows import free_ports

STARTING_SECONDS = 120.0
"""For a machine that does other work besides; how fast a start is, ``test_start`` judges."""
ROOT = Path(__file__).parents[2]
MB = 1024
"""Kilobytes, in which Linux counts."""
COMMAND = (sys.executable, "-m", "gateway.cli")


@contextmanager
def worker(
    here: Scene,
    log: Path,
    *,
    through_proxies: bool = True,
    command: Sequence[str] = COMMAND,
    change: Callable[[str], str] = str,
) -> Iterator[tuple[int, str]]:
    """A gateway of its own process, with a change of its settings: its id and its address."""
    port = free_ports(1)

    def changed(text: str) -> str:
        return change(re.sub(r"(?m)^port = \d+", f"port = {port}", text))

    config = here.settings(log.stem, change=changed, through_proxies=through_proxies)
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "serve", "--config", str(config)],
            cwd=here.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=out,
        )
    try:
        yield process.pid, f"http://{HOST}:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def figure(pid: int, name: str) -> int:
    """A figure of a process in kilobytes: ``VmRSS`` is what it has, ``VmHWM`` the most it has had."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


def counted_anew(pid: int) -> int:
    """Let the process's ``VmHWM`` begin again; what it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return figure(pid, "VmRSS")


async def answers(client: httpx.AsyncClient) -> None:
    """Wait until the gateway is there; a machine that does other work besides may take its time."""
    async with asyncio.timeout(STARTING_SECONDS):
        while True:
            try:
                await client.get("/ready")
                return
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
