"""The load: so many connections that each ask the next question as soon as the last is answered, and check each answer.

Closed loop over plain sockets; what is measured besides is the gateway's own: processor time, memory, source calls.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import httptools

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SILENT_SECONDS = 20.0
"""After so long without an answer a connection is given up and counted as wrong."""


class Asked(NamedTuple):
    """A request as bytes, and whether an answer to it is right."""

    payload: bytes
    is_right: Callable[[int, bytes], bool]


class Sample(NamedTuple):
    """What one turn of one gateway showed."""

    seconds: tuple[float, ...]
    """Of each answer."""
    elapsed: float
    processor: float
    """Seconds of processor time of the gateway's processes."""
    wrong: int
    calls: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.elapsed

    @property
    def cost(self) -> float:
        """Milliseconds of processor time for an answer."""
        return 1000 * self.processor / max(1, len(self.seconds))

    def quantile(self, share: float) -> float:
        """Milliseconds that this share of the answers took at most."""
        return 1000 * sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


def request(port: int, path: str, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """A POST of JSON as bytes."""
    fields = (
        ("host", f"127.0.0.1:{port}"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("content-length", str(len(body))),
        *headers,
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def get(port: int, path: str) -> bytes:
    """A GET as bytes."""
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()


class Line(asyncio.Protocol):
    """One connection: what is sent is answered in turn, and ``answered`` is called with status and body."""

    def __init__(self, answered: Callable[["Line", int, bytes], None], lost: Callable[["Line"], None]) -> None:
        self._answered = answered
        self._lost = lost
        self._parts: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.WriteTransport | None = None

    def send(self, payload: bytes) -> None:
        """Send a request."""
        assert self.transport is not None
        self.transport.write(payload)

    def close(self) -> None:
        """Close the connection."""
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        self._lost(self)

    def on_body(self, body: bytes) -> None:
        """A part of an answer."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        body, status = b"".join(self._parts), self._parser.get_status_code()
        self._parts.clear()
        self._parser = httptools.HttpResponseParser(self)
        self._answered(self, status, body)


async def ask(port: int, payload: bytes, seconds: float = SILENT_SECONDS) -> tuple[int, bytes]:
    """One request on a connection of its own. Raises ``OSError`` and ``TimeoutError``."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[int, bytes]] = loop.create_future()

    def answered(_: Line, status: int, body: bytes) -> None:
        if not answer.done():
            answer.set_result((status, body))

    def lost(_: Line) -> None:
        if not answer.done():
            answer.set_exception(ConnectionResetError("closed without an answer"))

    _, line = await loop.create_connection(lambda: Line(answered, lost), "127.0.0.1", port)
    try:
        line.send(payload)
        async with asyncio.timeout(seconds):
            return await answer
    finally:
        line.close()


class Load:
    """Questions to one gateway over several connections, for so long."""

    def __init__(self, port: int, questions: Iterator[Asked], connections: int, seconds: float) -> None:
        self._port = port
        self._questions = questions
        self._connections = connections
        self._length = seconds
        self._seconds: list[float] = []
        self._wrong = 0
        self._open: dict[Line, tuple[Asked, float]] = {}
        self._ends = 0.0
        self._over: asyncio.Future[None] | None = None

    async def run(self) -> tuple[tuple[float, ...], float, int]:
        """The seconds of each answer, the seconds of all together, and how many were wrong or never came."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        pairs = [
            await loop.create_connection(lambda: Line(self._answered, self._lost), "127.0.0.1", self._port)
            for _ in range(self._connections)
        ]
        began = time.perf_counter()
        self._ends = began + self._length
        for _, line in pairs:
            self._next(line)
        try:
            await asyncio.wait_for(self._over, self._length + SILENT_SECONDS)
        except TimeoutError:
            self._wrong += len(self._open)
        elapsed = time.perf_counter() - began
        for _, line in pairs:
            line.close()
        return tuple(self._seconds), elapsed, self._wrong

    def _next(self, line: Line) -> None:
        now = time.perf_counter()
        if now >= self._ends:
            self._done(line)
            return
        asked = next(self._questions)
        self._open[line] = (asked, now)
        line.send(asked.payload)

    def _answered(self, line: Line, status: int, body: bytes) -> None:
        asked, began = self._open.pop(line)
        self._seconds.append(time.perf_counter() - began)
        self._wrong += not asked.is_right(status, body)
        self._next(line)

    def _lost(self, line: Line) -> None:
        if self._open.pop(line, None) is not None:
            self._wrong += 1
            self._done(line)

    def _done(self, line: Line) -> None:
        self._connections -= 1
        if self._connections == 0 and self._over is not None and not self._over.done():
            self._over.set_result(None)


# --- the processes behind ---------------------------------------------------------------------------------------


def processes(pid: int) -> list[int]:
    """A process and all beneath it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, _read(task).split())
    return found


def processor_seconds(pid: int) -> float:
    """The processor time that a process and all beneath it have used."""
    fields = (_read(Path(f"/proc/{each}/stat")).rpartition(")")[2].split() for each in processes(pid))
    return sum(int(each[11]) + int(each[12]) for each in fields if each) / TICKS


def resident_megabytes(pid: int) -> float:
    """The memory that a process and all beneath it have."""
    fields = (_read(Path(f"/proc/{each}/statm")).split() for each in processes(pid))
    return sum(int(each[1]) for each in fields if each) * PAGE / 2**20


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


async def sampled(
    port: int, pid: int, questions: Iterator[Asked], connections: int, seconds: float, **more: Any
) -> Sample:
    """One turn of one gateway."""
    before = processor_seconds(pid)
    told, elapsed, wrong = await Load(port, questions, connections, seconds).run()
    return Sample(told or (elapsed,), elapsed, processor_seconds(pid) - before, wrong, **more)
