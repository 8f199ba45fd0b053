"""What the release gate costs: requests through the whole gateway with it and with one that does nothing.

Both take turns in one process and one run, over warm caches, so that a machine that is busy with other things slows
both. PostgreSQL runs on this machine with fsync on, as it would in service; SQLite as it always does.
"""

import asyncio
import json
import math
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from gateway.app import create_app
from gateway.http import GraphQLEndpoint, Releasing
from gateway.settings_file import load
from hoks.caller import Caller
from hoks.disclosing import Told
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import World, build_world
from tests.postgres import running_server
from tests.stories.conftest import PORT, Loopback, Timer, TimerClock

AT_ONCE = (1, 16, 64)
ROUNDS = 8
REQUESTS = 128
"""In each round, with the gate, without it, and of the gate alone."""
QUICK = (2, 64)
"""Rounds and requests of a run that only shows that it runs."""
QUERY = """
{ student(oid: "1.2.246.562.98.98000000079") {
    name
    hoksit { studyRightOid firstApprovedOn plannedVocationalUnits { unit { uri } } }
} }
"""
"""One student with two plans: three records for each answer."""


class Switch:
    """A gate that can be put out of work."""

    def __init__(self, gate: Releasing) -> None:
        self._gate = gate
        self._last: tuple[Caller, list[Told], str] | None = None
        self.is_on = True

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """What is told is recorded, or nothing is done."""
        self._last = caller, list(told), operation
        if self.is_on:
            await self._gate.release(*self._last)

    async def again(self) -> float:
        """Seconds for what the last answer told, once more, without a gateway around."""
        assert self._last is not None
        began = time.perf_counter()
        await self._gate.release(*self._last)
        return time.perf_counter() - began


class Row(NamedTuple):
    """The seconds of requests without the gate and with it, so many at once; of the gate alone, without anything."""

    store: str
    at_once: int
    without: Sequence[float]
    through: Sequence[float]

    def __str__(self) -> str:
        figures = [f"{self.store:<22}{self.at_once:>8}{len(self.through):>10}"]
        for share in (0.5, 0.99):
            before, after = (1000 * quantile(each, share) for each in (self.without, self.through))
            figures.append(f"{before:>11.2f}{after:>9.2f}{after - before:>9.2f}")
        return "".join(figures)


HEADS = "\n".join(
    (
        f"{'milliseconds':<40}{'p50':>11}{'p50':>9}{'p50':>9}{'p99':>11}{'p99':>9}{'p99':>9}",
        f"{'store':<22}{'at once':>8}{'requests':>10}" + 2 * f"{'without':>11}{'with':>9}{'added':>9}",
    )
)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


class Gateway:
    """A gateway that is called without a network: one request is one call of the application."""

    def __init__(self, app: Any, token: str) -> None:
        (self.endpoint,) = (each for each in vars(app._graph).values() if isinstance(each, GraphQLEndpoint))
        self.switch = Switch(self.endpoint._gate)
        self.endpoint._gate = self.switch
        self._body = json.dumps({"query": QUERY}).encode()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": raw}

    async def ask(self) -> float:
        """Seconds from the request to the last byte of its answer."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self._body}

        async def send(message: Any) -> None:
            sent.append(message)

        began = time.perf_counter()
        await self.endpoint(dict(self._scope), receive, send)
        seconds = time.perf_counter() - began
        assert sent[0]["status"] == 200 and b'"hoksit":[{' in sent[1]["body"], sent
        return seconds

    async def round(self, requests: int, at_once: int, *, gate: bool) -> list[float]:
        """So many requests, so many at once."""
        self.switch.is_on = gate
        return await many(self.ask, requests, at_once)


async def many(work: Callable[[], Awaitable[float]], times: int, at_once: int) -> list[float]:
    """The same work so many times, so many at once."""
    left = iter(range(times))

    async def one_after_the_other() -> list[float]:
        return [await work() for _ in left]

    return [each for some in await asyncio.gather(*(one_after_the_other() for _ in range(at_once))) for each in some]


@asynccontextmanager
async def gateway(folder: Path, world: World, settled: Callable[[str], str]) -> AsyncIterator[Gateway]:
    """A gateway over the sandbox's applications, whose caches do not grow old."""
    lay_out(folder, world)
    config = folder / "gateway.toml"
    # A question that waits its turn on a slow machine is measured, not cut off.
    text = settings_text(PORT, folder).replace("request_seconds = 5.0", "request_seconds = 60.0")
    config.write_text(settled(text) + "\n[overload]\nwaiting_seconds = 60\neach = 256\ncrowded = 256\n")
    loopback, timer = Loopback(folder, world), Timer()
    async with httpx.AsyncClient(transport=loopback) as issuer:
        answer = await issuer.post(f"http://127.0.0.1:{PORT + 1}/token", json={"persona": "staff-a"})
    app = create_app(load(config), TimerClock(timer), transport=loopback, seconds=timer)
    async with app.router.lifespan_context(app):
        yield Gateway(app, answer.json()["access_token"])


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, Callable[[str], str]]]:
    """By the name of each store, how settings come to name it."""
    with running_server(careful=True) as server, server.database() as database:
        (folder / "password").write_text(server.password)
        (folder / "password").chmod(0o600)
        url = server.address(database).replace("postgresql:", "postgresql+psycopg:")
        records = f'database = "{url}"\npassword_file = "{folder / "password"}"'
        yield {
            "SQLite": str,
            "PostgreSQL": lambda text: re.sub(r"(?m)^store_path = .*$", lambda _: records, text),
        }


async def measured(folder: Path, world: World, store: str, settled: Callable[[str], str], quick: bool) -> list[Row]:
    """The rows of one store."""
    rounds, requests = QUICK if quick else (ROUNDS, REQUESTS)
    rows = []
    async with gateway(folder / store, world, settled) as here:
        for gate in (True, False):
            await here.round(32, 4, gate=gate)
        for at_once in AT_ONCE:
            seconds: dict[bool, list[float]] = {False: [], True: []}
            alone: list[float] = []
            for number in range(rounds):
                # Whoever is second finds a warmer machine: they take turns in that too.
                for gate in (number % 2 == 0, number % 2 == 1):
                    seconds[gate] += await here.round(requests, at_once, gate=gate)
                alone += await many(here.switch.again, requests, at_once)
            rows.append(Row(store, at_once, seconds[False], seconds[True]))
            rows.append(Row(f"{store}, gate alone", at_once, [0.0], alone))
    return rows


def main(*, quick: bool = False) -> None:
    """Measure both stores and print one table."""
    world = build_world()
    print(HEADS, flush=True)
    with tempfile.TemporaryDirectory() as folder, stores(Path(folder)) as settled:
        for store, change in settled.items():
            for row in asyncio.run(measured(Path(folder), world, store, change, quick)):
                print(row, flush=True)
