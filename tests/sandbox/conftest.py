"""One world for all tests of the room, and clients that reach its apps without a socket."""

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.cas import Cas
from sandbox.ehoks import ehoks_app
from sandbox.koski import koski_app
from sandbox.world import World, build_world

BASE = "http://127.0.0.1:8082"
SERVICE = f"{BASE}/ehoks-virkailija-backend/cas-security-check"
PASSWORD = "a-password"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ehoks(world: World, clock: Clock) -> httpx.AsyncClient:
    return client_of(ehoks_app(world, Cas("gateway-a", PASSWORD, clock), SERVICE))


@pytest.fixture
def koski(world: World) -> httpx.AsyncClient:
    client = client_of(koski_app(world, "gateway-a", PASSWORD))
    client.auth = httpx.BasicAuth("gateway-a", PASSWORD)
    client.headers.update({"Caller-Id": "caller", "CSRF": "caller"})
    client.cookies.set("CSRF", "caller")
    return client
