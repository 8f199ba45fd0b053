"""The whole gateway in one process: the real application over the sandbox's own servers, joined at the HTTP seam."""

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

import httpx
import pytest

import sandbox.settings
from connectors.registries.labels import RegisterLabels
from gateway.app import Parts, create_app
from gateway.settings_file import load
from sandbox import BUSINESS_DAY
from sandbox.server import apps, lay_out
from sandbox.settings import settings_text
from sandbox.world import World, build_world
from tests.patience import patiently

PORT = 8080
SERVERS = {PORT + place: name for place, name in enumerate(sandbox.settings.SERVERS, start=1)}
Fault = Callable[[httpx.Request], Any]


class Loopback(httpx.AsyncBaseTransport):
    """Carries the gateway's requests to the sandbox's applications, counts them, and can be made to fail."""

    def __init__(self, folder: Path, world: World) -> None:
        self._folder = folder
        self.faults: dict[str, Fault] = {}
        self.calls: Counter[str] = Counter()
        self.serve(world)

    def serve(self, world: World) -> None:
        """Let the sources hold this world from now on."""
        served = apps(PORT, self._folder, world)
        self._apps = {port: httpx.ASGITransport(app) for port, app in zip(SERVERS, served, strict=True)}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request of the gateway."""
        server = SERVERS[request.url.port or 0]
        self.calls[f"{server} {_kind(request.url.path)}"] += 1
        if server in self.faults:
            answer = self.faults[server](request)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if isinstance(answer, httpx.Response):
                return answer
        return await self._apps[request.url.port or 0].handle_async_request(request)


def _kind(path: str) -> str:
    """The path without what names a person, a right or a ticket."""
    parts = [part for part in path.split("/") if part and not part[0].isdigit() and not part.startswith("TGT")]
    return "/".join(parts[-2:])


class Timer:
    """The clock by which kept answers grow old, turned by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class TimerClock:
    """The business day at half past nine, and as much later as the timer was turned."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer

    def today(self) -> date:
        return BUSINESS_DAY

    def now(self) -> datetime:
        begun = datetime.combine(BUSINESS_DAY, clock_time(6, 30), UTC)
        return begun + timedelta(seconds=self._timer.now - Timer().now)


class Gateway:
    """A running gateway as a front end sees it."""

    def __init__(
        self, client: httpx.AsyncClient, loopback: Loopback, world: World, timer: Timer, labels: RegisterLabels
    ) -> None:
        self._labels = labels
        self.client = client
        self.loopback = loopback
        self.world = world
        self._timer = timer
        self._tokens: dict[str, str] = {}

    async def invalidate(self, body: bytes, key: bytes, at: float | None = None) -> httpx.Response:
        """A call of a source that says that something has changed, signed with its key."""
        timestamp = str(int(time.time() if at is None else at))
        signed = hmac.new(key, timestamp.encode() + b"." + body, "sha256").hexdigest()
        headers = {"hoks-timestamp": timestamp, "hoks-signature": f"sha256={signed}"}
        return await self.client.post("/invalidate", content=body, headers=headers)

    async def settled(self) -> None:
        """Wait until no name is loaded in the background any more."""
        async with asyncio.timeout(20):
            await self._labels.settled()

    def later(self, seconds: float) -> None:
        """Let what is kept grow older."""
        self._timer.now += seconds

    async def token(self, persona: str, client: str | None = None) -> str:
        """A real signed token of a persona, issued to a client if one is named."""
        name = f"{persona} by {client}"
        if name not in self._tokens:
            wanted = {"persona": persona} if client is None else {"persona": persona, "client": client}
            async with httpx.AsyncClient(transport=self.loopback) as issuer:
                answer = await issuer.post(f"http://127.0.0.1:{PORT + 1}/token", json=wanted)
            self._tokens[name] = answer.json()["access_token"]
        return self._tokens[name]

    async def post(self, persona: str, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        """One operation as a persona."""
        return await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables or {}},
            headers={"authorization": f"Bearer {await self.token(persona)}"},
        )

    async def get(self, path: str) -> httpx.Response:
        """A page beside the graph."""
        return await self.client.get(path)

    async def ask(self, persona: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to one operation as a persona."""
        answer: dict[str, Any] = (await self.post(persona, query, variables)).json()
        return answer


@pytest.fixture(scope="session")
def world() -> World:
    return build_world()


@pytest.fixture
def request_seconds() -> float:
    """The deadline of a request; the tests of slow sources shorten it."""
    return 5.0


@pytest.fixture
async def gateway(tmp_path: Path, world: World, request_seconds: float) -> AsyncIterator[Gateway]:
    def shorter(settings: str) -> str:
        return settings.replace("request_seconds = 5.0", f"request_seconds = {request_seconds}")

    async with running(tmp_path / "sandbox", world, shorter) as gateway:
        yield gateway


@asynccontextmanager
async def running(folder: Path, world: World, settled: Callable[[str], str] = str) -> AsyncIterator[Gateway]:
    """A gateway over the sandbox, whose settings ``settled`` may change."""
    lay_out(folder, world)
    config = folder / "gateway.toml"
    config.write_text(patiently(settled(settings_text(PORT, folder))))
    loopback, timer = Loopback(folder, world), Timer()
    app = create_app(load(config), TimerClock(timer), transport=loopback, seconds=timer)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        parts: Parts = app.state.refuse_misfits.args[0]
        yield Gateway(client, loopback, world, timer, parts.connected.labels)
