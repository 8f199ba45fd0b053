"""What one fetch from a source costs in processor time, by the client that makes it: ``python -m bench.clients``.

All in one run and in turns, before one server in a process of its own, over uvloop as the gateway runs. aiohttp and
pyreqwest are measured where they are installed (``pip install aiohttp pyreqwest``): the gateway needs neither. Ours
over httpx and aiohttp keeps fewer limits: none of connections, addresses and heads.
"""

import asyncio
import importlib.util
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import httpx
import uvloop

from connectors.carriage import Answering, NothingHeardError
from connectors.client import HttpClient, Outgoing, Transport
from connectors.origins import Place

BODY = json.dumps([{"id": number, "name": "a unit of a plan", "points": 15} for number in range(403)]).encode()
"""22 kB."""
IN_FLIGHT = (1, 16)
ROUNDS, FETCHES = 9, 1_000
QUICK_ROUNDS, QUICK_FETCHES = 1, 50
PATH = "/hoks/opiskeluoikeus/1.2.246.562.15.00000000001"
HEADERS = {"caller-id": "1.2.246.562.10.00000000001.gateway", "ticket": "ST-123456"}
MICROSECONDS = 1e6

Fetch = Callable[[], Awaitable[bytes]]


class Row(NamedTuple):
    """What a fetch by one client costs (microseconds of processor time)."""

    client: str
    in_flight: int
    least: float
    median: float

    def __str__(self) -> str:
        return f"{self.client:<38} {self.in_flight:>3} {self.least:>8.0f} {self.median:>8.0f}"


# --- the server -----------------------------------------------------------------------------------------------


class _Server(asyncio.Protocol):
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.answer * data.count(b"\r\n\r\n"))


def _serve(told: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())


# --- the clients ----------------------------------------------------------------------------------------------


class AiohttpCarrier:
    """``Carrier`` over aiohttp, as far as it goes."""

    def __init__(self) -> None:
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, use_dns_cache=False),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
        )

    async def ask(self, place: Place, method: str, headers: Mapping[str, str], body: bytes) -> Answering:
        """The answer once its head is whole."""
        import aiohttp
        import yarl

        url = yarl.URL(place.url, encoded=True)
        try:
            return AiohttpAnswer(
                await self._session.request(method, url, headers=headers, data=body or None, allow_redirects=False)
            )
        except aiohttp.ClientError:
            raise NothingHeardError from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


class AiohttpAnswer:
    """``Answering`` as aiohttp has it."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers

    def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes in."""
        found: AsyncIterator[bytes] = self._response.content.iter_any()
        return found

    async def aclose(self) -> None:
        """Give the connection back."""
        self._response.release()


async def _ours(stack: AsyncExitStack, base: str, transport: Transport | None = None) -> Fetch:
    client = HttpClient([base], concurrency=100, waiting=1_000, transport=transport)
    stack.push_async_callback(client.aclose)
    request = Outgoing(method="GET", url=base + PATH, headers=HEADERS)

    async def fetch() -> bytes:
        return (await client.send(request)).body

    return fetch


async def _over_httpx(stack: AsyncExitStack, base: str) -> Fetch:
    return await _ours(stack, base, httpx.AsyncHTTPTransport(trust_env=False, limits=httpx.Limits(max_connections=100)))


async def _over_aiohttp(stack: AsyncExitStack, base: str) -> Fetch:
    return await _ours(stack, base, AiohttpCarrier())


async def _httpx(stack: AsyncExitStack, base: str) -> Fetch:
    client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))

    async def fetch() -> bytes:
        return (await client.get(base + PATH, headers=HEADERS)).content

    return fetch


async def _aiohttp(stack: AsyncExitStack, base: str) -> Fetch:
    import aiohttp

    session = await stack.enter_async_context(
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
    )

    async def fetch() -> bytes:
        async with session.get(base + PATH, headers=HEADERS) as answer:
            return bytes(await answer.read())

    return fetch


async def _pyreqwest(stack: AsyncExitStack, base: str) -> Fetch:
    from pyreqwest.client import ClientBuilder

    client = await stack.enter_async_context(ClientBuilder().no_proxy().http1_only().follow_redirects(False).build())

    async def fetch() -> bytes:
        return bytes(await (await client.get(base + PATH).headers(HEADERS).build().send()).bytes())

    return fetch


CLIENTS: Mapping[str, tuple[str, Callable[[AsyncExitStack, str], Awaitable[Fetch]]]] = {
    "ours, over its own connections": ("connectors", _ours),
    "ours, over httpx": ("httpx", _over_httpx),
    "ours, over aiohttp": ("aiohttp", _over_aiohttp),
    "httpx alone": ("httpx", _httpx),
    "aiohttp alone": ("aiohttp", _aiohttp),
    "pyreqwest alone": ("pyreqwest", _pyreqwest),
}
"""Each client with what must be installed for it."""


# --- measuring ------------------------------------------------------------------------------------------------


async def _spent(fetch: Fetch, fetches: int, in_flight: int) -> float:
    """Processor time of this process, other threads of its included, per fetch."""

    async def some() -> None:
        for _ in range(fetches // in_flight):
            assert len(await fetch()) == len(BODY)

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(in_flight)))
    return (time.process_time() - began) / (fetches // in_flight * in_flight) * MICROSECONDS


async def _measured(base: str, rounds: int, fetches: int) -> list[Row]:
    found: dict[tuple[str, int], list[float]] = {}
    async with AsyncExitStack() as stack:
        ready = {
            name: await make(stack, base)
            for name, (needed, make) in CLIENTS.items()
            if importlib.util.find_spec(needed) is not None
        }
        for fetch in ready.values():
            await _spent(fetch, QUICK_FETCHES, max(IN_FLIGHT))
        for _ in range(rounds):
            for in_flight in IN_FLIGHT:
                for name, fetch in ready.items():
                    found.setdefault((name, in_flight), []).append(await _spent(fetch, fetches, in_flight))
    return [Row(name, number, min(each), statistics.median(each)) for (name, number), each in sorted(found.items())]


def main(*, quick: bool = False) -> None:
    """Measure, and print a table."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    rounds, fetches = (QUICK_ROUNDS, QUICK_FETCHES) if quick else (ROUNDS, FETCHES)
    try:
        rows = uvloop.run(_measured(f"http://127.0.0.1:{here.recv()}", rounds, fetches))
    finally:
        server.terminate()
    print(f"{'us of processor time a fetch of 22 kB':<38} {'at':>3} {'least':>8} {'median':>8}")
    print("\n".join(map(str, rows)))


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
