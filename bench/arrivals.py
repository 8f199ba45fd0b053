"""A load of requests on one address: at a rate whatever comes back, or as fast as answers come.

It speaks as little HTTP as it needs: a client that costs as much as the gateway would measure itself.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30.0


class Answered(NamedTuple):
    """What came of one request; a status of 0 is none at all."""

    status: int
    seconds: float
    retry_after: bool = False
    closes: bool = False
    body: bytes = b""


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
            return Answered(0, time.perf_counter() - began)
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
    return Answered(int(head[9:12]), seconds, b"\r\nretry-after:" in head, b"\r\nconnection: close" in head, body)


def request(token: str, query: str) -> bytes:
    """The bytes of one operation."""
    body = json.dumps({"query": query}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


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
    """So many a second, whatever comes back; all of them in turn."""
    began, tasks = time.perf_counter(), list[asyncio.Task[Answered]]()
    while (now := time.perf_counter() - began) < seconds:
        while len(tasks) < rate * now:
            tasks.append(asyncio.create_task(_sent(send, requests[len(tasks) % len(requests)])))
        await asyncio.sleep(0.002)
    return await asyncio.gather(*tasks)


async def _sent(send: Callable[[bytes], Awaitable[Answered]], content: bytes) -> Answered:
    return await send(content)


def times(answers: Iterable[Answered], status: int = 200) -> list[float]:
    """The seconds of the answers of a status."""
    return [each.seconds for each in answers if each.status == status] or [float("inf")]
