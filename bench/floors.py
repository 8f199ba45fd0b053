"""What no gateway can be faster than: an answer that is ready, and the two source calls with such an answer after them.

``python -m bench.floors PORT static|fetch FILE [PORT_A PORT_B]``: a raw ASGI application on the project's own server.
"""

import asyncio
import sys
from collections import deque
from pathlib import Path
from typing import Any

from bench.load import Line, get
from bench.sources import Receive, Scope, Send, serve
from bench.targets import ROOT, Command, Place, Target


class Fetcher:
    """Keep-alive connections to one source, by hand: the least that a call can cost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[Line] = deque()
        self._waiting: dict[Line, asyncio.Future[bytes]] = {}

    async def fetch(self, path: str) -> bytes:
        """The body of an answer."""
        loop = asyncio.get_running_loop()
        if self._idle:
            line = self._idle.pop()
        else:
            _, line = await loop.create_connection(lambda: Line(self._answered, self._lost), "127.0.0.1", self._port)
        answer: asyncio.Future[bytes] = loop.create_future()
        self._waiting[line] = answer
        line.send(get(self._port, path))
        return await answer

    def _answered(self, line: Line, _: int, body: bytes) -> None:
        self._idle.append(line)
        self._waiting.pop(line).set_result(body)

    def _lost(self, line: Line) -> None:
        if line in self._idle:
            self._idle.remove(line)
        if (answer := self._waiting.pop(line, None)) is not None:
            answer.set_exception(ConnectionResetError("closed"))


class Floor:
    """An application that always answers the same, after fetching both plans where it is to."""

    def __init__(self, answer: bytes, fetchers: tuple[Fetcher, ...]) -> None:
        self._answer = answer
        self._fetchers = fetchers
        self._headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; its path names the student."""
        message = await receive()
        while message.get("more_body", False):
            message = await receive()
        if self._fetchers:
            await asyncio.gather(*(each.fetch(f"/p{n}{scope['path']}") for n, each in enumerate(self._fetchers)))
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._answer})


def floor(name: str, what: str) -> Target:
    """A floor; the answer is ``answer.json`` in the folder of the comparison."""

    def command(place: Place, port: int) -> Command:
        ports: list[Any] = [place.ports["A"], place.ports["B"]] if name == "fetch" else []
        return Command([sys.executable, "-m", "bench.floors", port, name, place.folder / "answer.json", *ports], ROOT)

    return Target(name=f"floor: {name}", what=what, command=command, is_floor=True)


FLOORS = (
    floor("static", "an answer of the same size that is ready, by the project's own server"),
    floor("fetch", "both source calls by a client written by hand, then the same ready answer"),
)

if __name__ == "__main__":
    port, kind, file, *sources = sys.argv[1:]
    serve(Floor(Path(file).read_bytes(), tuple(Fetcher(int(each)) for each in sources)), int(port))
