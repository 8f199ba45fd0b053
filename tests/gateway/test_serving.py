"""A gateway that is told to stop: unready first, then no new connections, and whoever was begun is answered."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.observing import Observing
from gateway.readiness import Readiness
from gateway.serving import drained, ended, listener_on, server_of
from gateway.settings import ServerSettings

DRAIN_SECONDS = 0.1


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """What serving changes of the interpreter is as before in the end."""
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    sys.setswitchinterval(interval)


async def _records() -> bool:
    return True


def application() -> Starlette:
    """An application that answers at once, or when it is told to."""
    go = asyncio.Event()

    async def slow(_: Request) -> PlainTextResponse:
        await go.wait()
        return PlainTextResponse("done")

    async def quick(_: Request) -> PlainTextResponse:
        return PlainTextResponse("done")

    readiness = Readiness(_records, lambda: ())
    layer: Any = Middleware(Observing, routes=[], told=[], is_stopping=lambda: readiness.is_stopping)
    app = Starlette(routes=[Route("/slow", slow), Route("/quick", quick)], middleware=[layer])
    app.state.go, app.state.readiness = go, readiness
    app.state.settings = SimpleNamespace(server=ServerSettings(drain_seconds=DRAIN_SECONDS, stop_seconds=5))
    return app


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Starlette, Any, asyncio.Task[None], httpx.AsyncClient]]:
    """The application served on a port, and a client that keeps its connections."""
    app = application()
    with listener_on("127.0.0.1", 0) as listener:
        server = server_of(app)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            yield app, server, task, client


async def until_refused(client: httpx.AsyncClient) -> None:
    """Ask, each time by a new connection, until none is taken.

    Whose connection was waiting to be taken in the moment when the port closed is cut off without an answer.
    """
    while True:
        with suppress(httpx.ReadError, httpx.RemoteProtocolError):
            await client.get("/quick", headers={"connection": "close"})


async def test_it_is_unready_first_then_takes_nobody_new_and_then_answers_whom_it_has() -> None:
    async with serving() as (app, server, task, client):
        kept = await client.get("/quick")
        assert "connection" not in kept.headers
        begun = asyncio.create_task(client.get("/slow"))
        await asyncio.sleep(0.02)

        stop = asyncio.Event()
        stop.set()
        stopping = asyncio.create_task(drained(app, stop))
        await asyncio.sleep(0.02)
        assert (await app.state.readiness.told()).status == "stopping"
        # Still served, and told not to come back by this connection.
        late = await client.get("/quick")
        assert (late.status_code, late.headers["connection"]) == (200, "close")
        await stopping

        told = asyncio.create_task(asyncio.sleep(0))
        await told
        ending = asyncio.create_task(ended(server, task, told))
        async with asyncio.timeout(3), httpx.AsyncClient(base_url=client.base_url, trust_env=False) as newcomer:
            with pytest.raises(httpx.ConnectError):
                await until_refused(newcomer)
        assert not ending.done()
        app.state.go.set()
        assert (await begun).status_code == 200
        assert await ending == 0


async def test_while_it_serves_new_objects_are_collected_and_all_that_lives_long_is_not_looked_through() -> None:
    async with serving() as (_, server, task, client):
        assert (await client.get("/quick")).status_code == 200
        collected: list[int] = []

        def count(phase: str, info: dict[str, int]) -> None:
            if phase == "stop":
                collected.append(info["generation"])

        gc.callbacks.append(count)
        # More than enough for the collector to have looked at everything several times, left to itself.
        kept = [[place] for place in range(300_000)]
        gc.callbacks.remove(count)
        assert len(kept) == 300_000
        assert 0 in collected
        assert 2 not in collected
        server.should_exit = True
        await task


async def test_a_second_word_ends_the_waiting() -> None:
    readiness = Readiness(_records, lambda: ())
    stop = asyncio.Event()
    waiting = asyncio.create_task(readiness.stop_after(60, stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(waiting, 1)
    assert readiness.is_stopping
