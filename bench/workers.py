"""What a second worker is worth: the same question to a gateway with one and to one with two, as real processes.

Both take turns; what sources told is at hand throughout. On a machine of two processors the asking takes its share of
both. Run as ``python -m bench.workers [--quick]``.
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.endpoint import PERSONA, STUDENT, Client
from bench.gate import many
from gateway.app import GRAPH
from tests.chaos.scene import Scene, scene
from tests.chaos.worker import ROOT, answers
from tests.rows import free_ports

QUERY = (
    f'{{ student(oid: "{STUDENT}") {{ name hoksit {{ studyRightOid plannedVocationalUnits {{ unit {{ uri }} }} }} }} }}'
)
AT_ONCE = 32
ROUNDS, REQUESTS = 9, 2_000
QUICK = (1, 64)


@contextmanager
def serving(here: Scene, workers: int, folder: Path) -> Iterator[int]:
    """A gateway with so many workers: its port."""
    port = free_ports(1)

    def changed(text: str) -> str:
        text = re.sub(r"(?m)^port = \d+", f"port = {port}\nworkers = {workers}", text)
        text = re.sub(r"(?m)^store_path = .*$", f'store_path = "{folder / f"{workers}.db"}"', text)
        # One caller asks everything here, and all that is asked is to be answered.
        return text + "\n[overload]\nwaiting_seconds = 60\neach = 256\ncrowded = 256\n"

    config = here.settings(f"workers-{workers}", change=changed, through_proxies=False)
    command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
    with (folder / f"{workers}.log").open("w") as out:
        process = subprocess.Popen(command, cwd=here.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=out)
    try:
        asyncio.run(_there(port))
        yield port
    finally:
        process.terminate()
        process.wait(30)


async def _there(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        await answers(client)
    # The others begin once the first one serves.
    await asyncio.sleep(2)


async def per_second(port: int, token: str, requests: int) -> float:
    """Answers a second, over connections of this round's own."""
    headers = {"host": "127.0.0.1", "authorization": f"Bearer {token}", "content-type": "application/json"}
    client = Client(port, headers, json.dumps({"query": QUERY}).encode())
    await many(lambda: client.ask(GRAPH), AT_ONCE, AT_ONCE)
    began = time.perf_counter()
    await many(lambda: client.ask(GRAPH), requests, AT_ONCE)
    taken = time.perf_counter() - began
    client.close()
    return requests / taken


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    rounds, requests = QUICK if quick else (ROUNDS, REQUESTS)
    with (
        tempfile.TemporaryDirectory() as folder,
        scene(Path(folder) / "scene", seconds=60.0) as here,
        ExitStack() as up,
    ):
        ports = {workers: up.enter_context(serving(here, workers, Path(folder))) for workers in (1, 2)}
        token = here.token(PERSONA)
        found: dict[int, list[float]] = {1: [], 2: []}
        for number in range(rounds):
            for workers in (1, 2) if number % 2 else (2, 1):
                found[workers].append(asyncio.run(per_second(ports[workers], token, requests)))
    for workers, rates in found.items():
        print(f"{workers} workers{statistics.median(rates):>10.0f} answers/s")
    print(f"two against one{statistics.median(b / a for a, b in zip(found[1], found[2], strict=True)):>7.2f}")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
