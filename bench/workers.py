"""What a second worker is worth: the same question to a gateway with one and to one with two, as real processes.

They take turns; what sources told is at hand throughout. On a machine of two processors the asking takes its share of
both, of which one worker leaves it a whole one: so there is also one that has to share one processor with who asks, as
two must share two. Run as ``python -m bench.workers [--quick]``.
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
from typing import NamedTuple

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


class Beside(NamedTuple):
    """So many workers, and who asks, on so many processors; on all of them where there is no number."""

    workers: int
    processors: int | None = None

    def __str__(self) -> str:
        where = (
            "" if self.processors is None else f" on {self.processors} processor{'s' if self.processors > 1 else ''}"
        )
        return f"{self.workers} worker{'s' if self.workers > 1 else ''}{where}"

    @contextmanager
    def confined(self) -> Iterator[None]:
        """This thread, and what it starts meanwhile, on these processors."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(before)[: self.processors])
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)


ONE, TWO, ONE_ON_ONE = Beside(1), Beside(2), Beside(1, 1)


@contextmanager
def serving(here: Scene, one: Beside, folder: Path) -> Iterator[int]:
    """A gateway with so many workers: its port."""
    port, name = free_ports(1), str(one).replace(" ", "-")

    def changed(text: str) -> str:
        text = re.sub(r"(?m)^port = \d+", f"port = {port}\nworkers = {one.workers}", text)
        text = re.sub(r"(?m)^store_path = .*$", f'store_path = "{folder / f"{name}.db"}"', text)
        # One caller asks everything here, and all that is asked is to be answered.
        return text + "\n[overload]\nwaiting_seconds = 60\neach = 256\ncrowded = 256\n"

    config = here.settings(name, change=changed, through_proxies=False)
    command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
    with (folder / f"{name}.log").open("w") as out, one.confined():
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
        ports = {each: up.enter_context(serving(here, each, Path(folder))) for each in (ONE, TWO, ONE_ON_ONE)}
        token = here.token(PERSONA)
        found: dict[Beside, list[float]] = {each: [] for each in ports}
        for number in range(rounds):
            for each in ports if number % 2 else reversed(ports):
                with each.confined():
                    found[each].append(asyncio.run(per_second(ports[each], token, requests)))
    for each, rates in found.items():
        print(f"{each!s:<40}{statistics.median(rates):>10.0f} answers/s")
    for one, what in ((ONE, "two against one"), (ONE_ON_ONE, "two on two processors against one on one")):
        ratio = statistics.median(b / a for a, b in zip(found[one], found[TWO], strict=True))
        print(f"{what:<40}{ratio:>10.2f}")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
