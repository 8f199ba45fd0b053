"""A fault proxy on loopback between the gateway and one real server: passes everything on, or plays a fault.

A ``Fault`` is data; what is here only carries it out. Which fault is played to whom is switched while the proxy runs.
"""

import asyncio
import gzip
import random
import re
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import NamedTuple

HOST, HOST_6 = "127.0.0.1", "::1"
SLOW_ACCEPT_SECONDS = 0.3
FOREVER = 3600.0
"""Seconds that no test waits."""


class Accept(Enum):
    """What a proxy does with a connection before anything is read from it."""

    SERVE = auto()
    REFUSE = auto()
    CLOSE = auto()
    SILENT = auto()
    SLOW = auto()


class Framing(Enum):
    """How the end of the body is told."""

    LENGTH = auto()
    CHUNKED = auto()
    CHUNKED_OPEN = auto()
    """Chunks without the last one."""
    NONE = auto()
    """Neither a length nor chunks: the body ends with the connection."""


class End(Enum):
    """What happens after the last byte."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()


class Pause(NamedTuple):
    """A wait of ``seconds`` when a share of the bytes after the headers is out; below 0: before the headers.

    ``jitter`` is the most by which it is longer, at random.
    """

    after: float
    seconds: float
    jitter: float = 0.0


Body = bytes | Callable[[], bytes]
Swaps = tuple[tuple[str, str], ...]
"""Patterns and what stands in their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a connection or an answer; the default of every field is nothing."""

    name: str
    accept: Accept = Accept.SERVE
    tls: str = "good"
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    counted: Callable[[], int] | None = None
    """What the answer says of how many there are in all, anew each time."""
    raw_headers: bytes = b""
    body: Body | None = None
    swaps: Mapping[str, Swaps] = field(default_factory=dict)
    """Changes of the text of the body, by kind of source."""
    alter: Callable[[bytes], bytes] | None = None
    """A change of the bytes of the body."""
    framing: Framing = Framing.LENGTH
    length_is_off_by: int = 0
    before: bytes = b""
    after: bytes = b""
    pauses: tuple[Pause, ...] = ()
    drip_seconds: float = 0.0
    """Seconds between two bytes of the body."""
    sent: float = 1.0
    """The share of the body that is sent; below 0: nothing of the answer."""
    end: End = End.KEEP


HEALTHY = Fault(name="healthy")


@dataclass(slots=True)
class Plan:
    """A fault, and to which requests it is played."""

    fault: Fault
    kind: str = ""
    path: re.Pattern[str] = re.compile("")
    times: float = float("inf")
    share: float = 1.0
    only_on_reused: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    met: int = 0
    """How many requests or connections have met the fault."""

    def takes(self, path: str, nth_on_connection: int) -> bool:
        """Whether this request meets the fault, counted if it does."""
        if self.met >= self.times or not self.path.search(path) or (self.only_on_reused and nth_on_connection == 0):
            return False
        if self.share < 1.0 and self.chance.random() >= self.share:
            return False
        self.met += 1
        return True


class Answer(NamedTuple):
    """The real server's answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Proxy:
    """One proxy before one server. Everything but ``met`` and ``calls`` belongs to the proxy's own event loop."""

    def __init__(
        self,
        target: int,
        port: int,
        contexts: Mapping[str, ssl.SSLContext] | None = None,
        hosts: Sequence[str] | None = None,
        *,
        forgets: bool = False,
    ) -> None:
        """By default it is at this machine's loopback addresses; one that ``forgets`` ends connections by a reset."""
        self._target = target
        self._hosts = hosts or ((HOST, HOST_6) if has_6() else (HOST,))
        self._forgets = forgets
        self._port = port
        self._contexts = contexts or {}
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()
        self.plan = Plan(HEALTHY)
        self.calls: Counter[str] = Counter()
        self.connections = 0

    async def switch(self, plan: Plan) -> None:
        """Play this plan from now on; connections that are open stay so unless how to connect changes."""
        old, self.plan = self.plan.fault, plan
        if not self._servers or (old.accept, old.tls) != (plan.fault.accept, plan.fault.tls):
            await self.close()
            if plan.fault.accept is not Accept.REFUSE:
                context = self._contexts.get(plan.fault.tls)
                for host in self._hosts:
                    listener = _listener(host, self._port)
                    if self._forgets:
                        # Connections that are taken have it from here.
                        listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    server = await asyncio.start_server(self._connected, sock=listener, ssl=context, backlog=100)
                    self._servers.append(server)

    async def close(self) -> None:
        """Stop listening, and drop every connection."""
        while self._servers:
            self._servers.pop().close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accept = self.plan.fault.accept
        if accept is not Accept.SERVE:
            self.plan.met += 1
        if accept is Accept.CLOSE:
            return
        if accept in (Accept.SILENT, Accept.SLOW):
            await asyncio.sleep(FOREVER if accept is Accept.SILENT else SLOW_ACCEPT_SECONDS)
        nth = 0
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = await reader.readexactly(_length(head))
            path = head.split(b" ", 2)[1].decode("latin-1")
            self.calls[path] += 1
            plan = self.plan
            fault = plan.fault if plan.takes(path, nth) else HEALTHY
            scheme = "https" if writer.get_extra_info("ssl_object") else "http"
            answer = await _asked(self._target, scheme, head, body) if fault.sent >= 0 else Answer(0, (), b"")
            if not await _played(fault, plan.kind, answer, reader, writer):
                return
            nth += 1


def has_6() -> bool:
    """Whether this machine has a loopback address of IPv6."""
    try:
        socket.create_server((HOST_6, 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio send each write at once, and not when the last one is acknowledged.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _length(head: bytes) -> int:
    found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


async def _asked(target: int, scheme: str, head: bytes, body: bytes) -> Answer:
    """The request passed on, and the whole answer to it."""
    reader, writer = await asyncio.open_connection(HOST, target)
    try:
        own = b"\r\nConnection: close\r\nX-Forwarded-Proto: " + scheme.encode() + b"\r\n\r\n"
        writer.write(re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", head[:-4]) + own + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
        return Answer(int(lines[0].split(" ")[1]), headers, await reader.read())
    finally:
        writer.close()


def wire(fault: Fault, kind: str, answer: Answer) -> tuple[bytes, bytes]:
    """The answer with its fault as bytes on the wire: what stands before the body, and the body in its framing."""
    body = _body(fault, kind, answer)
    told = fault.headers if fault.counted is None else (*fault.headers, ("x-total-count", str(fault.counted())))
    own = {"content-length", "connection", *(name.lower() for name, _ in told)}
    headers = [*((name, value) for name, value in answer.headers if name not in own), *told]
    framed = body
    match fault.framing:
        case Framing.LENGTH:
            headers.append(("content-length", str(len(body) + fault.length_is_off_by)))
        case Framing.CHUNKED | Framing.CHUNKED_OPEN:
            headers.append(("transfer-encoding", "chunked"))
            last = b"0\r\n\r\n" if fault.framing is Framing.CHUNKED else b""
            framed = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + last
    lines = [f"HTTP/1.1 {fault.status or answer.status} x", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n" + fault.raw_headers + b"\r\n"
    return fault.before + head, framed + fault.after


def _body(fault: Fault, kind: str, answer: Answer) -> bytes:
    body = answer.body
    if fault.body is not None:
        body = fault.body() if callable(fault.body) else fault.body
    for pattern, text in fault.swaps.get(kind, ()):
        new = text.encode("utf-8", "surrogatepass")
        # What refers to nothing is no template: reading one of megabytes takes Python seconds.
        body = re.sub(pattern.encode(), new if b"\\" in new else lambda _, new=new: new, body)
    return fault.alter(body) if fault.alter is not None else body


async def _played(
    fault: Fault, kind: str, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Send the answer with its fault; whether the connection goes on."""
    if fault.sent < 0:
        head, framed = b"", b""
    else:
        head, framed = wire(fault, kind, answer)
        framed = framed[: round(len(framed) * fault.sent)]
    for pause in fault.pauses:
        if pause.after < 0:
            await asyncio.sleep(pause.seconds + random.uniform(0, pause.jitter))
    writer.write(head)
    done = 0
    for pause in sorted(each for each in fault.pauses if each.after >= 0):
        upto = round(len(framed) * pause.after)
        writer.write(framed[done:upto])
        await writer.drain()
        await asyncio.sleep(pause.seconds)
        done = upto
    if fault.drip_seconds:
        for place in range(done, len(framed)):
            writer.write(framed[place : place + 1])
            await writer.drain()
            await asyncio.sleep(fault.drip_seconds)
        done = len(framed)
    writer.write(framed[done:])
    await writer.drain()
    return await _ended(fault, reader, writer)


async def _ended(fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    if fault.end is End.RESET:
        # What was sent must be there before the reset, or the fault would be another one.
        await asyncio.sleep(0.02)
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif fault.end is End.CLOSE:
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()
    elif fault.framing is Framing.CHUNKED_OPEN or fault.sent < 1.0 or fault.length_is_off_by > 0:
        # The gateway waits for the rest; so does this connection, until the gateway lets go of it.
        await reader.read()
    return fault.end is End.KEEP


def renamed(fault: Fault, name: str, **changes: object) -> Fault:
    """The same fault with something else about it."""
    return replace(fault, name=name, **changes)  # type: ignore[arg-type]  # the fields of a Fault


def packed(times: int = 1) -> Callable[[bytes], bytes]:
    """A change of a body: gzip, several times over."""

    def pack(body: bytes) -> bytes:
        for _ in range(times):
            body = gzip.compress(body, mtime=0)
        return body

    return pack
