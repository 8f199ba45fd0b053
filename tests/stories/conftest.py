"""The whole gateway in one process: the real application over the sandbox's own servers, joined at the HTTP seam."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.clock import FixedDayClock
from gateway.settings import load
from sandbox import BUSINESS_DAY
from sandbox.server import apps, lay_out
from sandbox.settings import SERVERS as NAMES
from sandbox.settings import settings_text
from sandbox.world import World, build_world

PORT = 8080
SERVERS = {PORT + place: name for place, name in enumerate(NAMES, start=1)}
Fault = Callable[[httpx.Request], Any]


class Loopback(httpx.AsyncBaseTransport):
    """Carries the gateway's requests to the sandbox's applications, counts them, and can be made to fail."""

    def __init__(self, folder: Path, world: World) -> None:
        served = apps(PORT, folder, world)
        self._apps = {port: httpx.ASGITransport(app) for port, app in zip(SERVERS, served, strict=True)}
        self.faults: dict[str, Fault] = {}
        self.calls: Counter[str] = Counter()

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


class Gateway:
    """A running gateway as a front end sees it."""

    def __init__(self, client: httpx.AsyncClient, loopback: Loopback, world: World) -> None:
        self._client = client
        self.loopback = loopback
        self.world = world
        self._tokens: dict[str, str] = {}

    async def token(self, persona: str) -> str:
        """A real signed token of a persona."""
        if persona not in self._tokens:
            async with httpx.AsyncClient(transport=self.loopback) as issuer:
                answer = await issuer.post(f"http://127.0.0.1:{PORT + 1}/token", json={"persona": persona})
            self._tokens[persona] = answer.json()["access_token"]
        return self._tokens[persona]

    async def post(self, persona: str, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        """One operation as a persona."""
        return await self._client.post(
            "/graphql",
            json={"query": query, "variables": variables or {}},
            headers={"authorization": f"Bearer {await self.token(persona)}"},
        )

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
    folder = tmp_path / "sandbox"
    lay_out(folder, world)
    config = folder / "gateway.toml"
    settings = settings_text(PORT, folder)
    config.write_text(settings.replace("request_seconds = 5.0", f"request_seconds = {request_seconds}"))
    loopback = Loopback(folder, world)
    app = create_app(load(config), FixedDayClock(BUSINESS_DAY), transport=loopback)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        yield Gateway(client, loopback, world)
