"""A load of requests on one address: at a rate whatever comes back, or as fast as answers come.

It speaks as little HTTP as it needs, in a process of its own where it is to be measured: a client that costs as much as
the gateway, or shares an interpreter with the sources, would measure itself.
"""

import asyncio
import gc
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit

import uvloop

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 30.0


class Answered(NamedTuple):
    """What came of one request; a status of 0 is none at all."""

    status: int
    seconds: float
    retry_after: bool = False
    closes: bool = False
    body: bytes = b""
    sent: float = 0.0
    """When, by a clock that all processes of a machine share (seconds)."""


class Target:
    """A gateway under load, with connections that are kept."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: bytes) -> Answered:
        """Send one request."""
        began, writer = time.perf_counter(), None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = self._kept() or await self._connected()
                writer.write(request)
                answer = await _read(reader, began)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            if writer is not None:
                writer.close()
            return Answered(0, time.perf_counter() - began, sent=began)
        if answer.closes:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return answer

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection that the other side has not closed meanwhile."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, self._port, limit=2**22)

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


async def _read(reader: asyncio.StreamReader, began: float) -> Answered:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
    body = await reader.readexactly(length)
    seconds = time.perf_counter() - began
    closes = b"\r\nconnection: close" in head
    return Answered(int(head[9:12]), seconds, b"\r\nretry-after:" in head, closes, body, began)


def request(token: str, query: str, role: str | None = None) -> bytes:
    """The bytes of one operation, in a role where the token has several."""
    acting = {"acting-role": role} if role is not None else {}
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", **acting}
    return post("/graphql", headers, json.dumps({"query": query}).encode())


def post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a request that sends something."""
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nhost: bench\r\n{said}content-length: {len(body)}\r\n\r\n".encode() + body


def page(path: str) -> bytes:
    """The bytes of a request for a page."""
    return f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()


async def closed(target: Target, requests: Sequence[bytes], at_a_time: int, seconds: float) -> list[Answered]:
    """As fast as answers come, so many at a time."""
    ends = time.perf_counter() + seconds
    answers: list[Answered] = []

    async def one(place: int) -> None:
        while time.perf_counter() < ends:
            answers.append(await target.send(requests[(place + len(answers)) % len(requests)]))

    await asyncio.gather(*(one(place) for place in range(at_a_time)))
    return answers


async def at_rate(
    send: Callable[[bytes], Awaitable[Answered]], requests: Sequence[bytes], rate: float, seconds: float
) -> list[Answered]:
    """So many a second, whatever comes back; all of them in turn, each timed from the moment when it was due."""
    began, tasks = time.perf_counter(), list[asyncio.Task[Answered]]()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(_sent(send, requests[number % len(requests)], due)))
    return await asyncio.gather(*tasks)


async def _sent(send: Callable[[bytes], Awaitable[Answered]], content: bytes, due: float) -> Answered:
    answer = await send(content)
    return answer._replace(seconds=answer.seconds + late) if (late := answer.sent - due) > 0 else answer


def times(answers: Iterable[Answered], status: int = 200) -> list[float]:
    """The seconds of the answers of a status."""
    return [each.seconds for each in answers if each.status == status] or [float("inf")]


# --- a process that asks --------------------------------------------------------------------------------------


class Stream(NamedTuple):
    """Requests that are sent to an address in turn, so many a second."""

    address: str
    requests: Sequence[bytes]
    rate: float


class Asking:
    """The process that asks while it runs; whoever measures waits for what it says."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    async def full(self, address: str, requests: Sequence[bytes], at_a_time: int, seconds: float) -> list[Answered]:
        """As fast as answers come."""
        return await self.do(_full, address, requests, at_a_time, seconds)

    async def streams(self, seconds: float, *streams: Stream) -> list[list[Answered]]:
        """What comes of each stream, all at once."""
        return await self.do(_streams, seconds, streams)

    async def do(self, work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **named: P.kwargs) -> T:
        """What a function of a module comes to there."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _done, work, args, named)


@contextmanager
def asking() -> Iterator[Asking]:
    """A process that asks, until the block ends."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(gc.freeze).result()
        yield Asking(pool)


def _done(work: Callable[..., Coroutine[Any, Any, T]], args: Sequence[Any], named: dict[str, Any]) -> T:
    return uvloop.run(work(*args, **named))


async def _full(address: str, requests: Sequence[bytes], at_a_time: int, seconds: float) -> list[Answered]:
    target = Target(address)
    told = await closed(target, requests, at_a_time, seconds)
    target.close()
    return [each._replace(body=b"") for each in told]


async def _streams(seconds: float, streams: Sequence[Stream]) -> list[list[Answered]]:
    targets = [Target(each.address) for each in streams]
    told = await asyncio.gather(
        *(
            at_rate(target.send, each.requests, each.rate, seconds)
            for target, each in zip(targets, streams, strict=True)
        )
    )
    for target in targets:
        target.close()
    return [[each._replace(body=b"") for each in some] for some in told]
