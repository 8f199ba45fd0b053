"""Faults of the sandbox's servers, switched while they run: a person can watch what the gateway makes of each.

Control is over HTTP on the issuer's server, on loopback like everything here: ``GET /faults`` tells what there is,
``PUT /faults/{source}`` with ``{"fault": "slow"}`` lets a source fail, and ``"none"`` heals it.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .cast import person_oid

NONE = "none"
ABORT = "hoks.abort"
"""The key of a request's scope under which the server says how to drop the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a server does instead of answering, or to its answer. ``says`` is a line for a person."""

    says: str
    drops: bool = False
    waits: float = 0.0
    """Seconds before the answer."""
    drips: float = 0.0
    """Seconds between two bytes of the answer."""
    status: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes | None = None
    halves: bool = False
    other_student: bool = False


FAULTS: Mapping[str, Fault] = {
    "down": Fault(says="closes the connection without a word", drops=True),
    "slow": Fault(says="answers after ten seconds", waits=10.0),
    "drip": Fault(says="sends a byte every 0.3 seconds", drips=0.3),
    "500": Fault(says="breaks down with 500", status=500, body=b'{"error":"internal"}'),
    "503": Fault(says="is out of service with 503", status=503, body=b'{"error":"maintenance"}'),
    "429": Fault(says="asks to wait with 429", status=429, headers=((b"retry-after", b"5"),), body=b"{}"),
    "401": Fault(says="no longer takes our password", status=401, body=b'{"error":"login"}'),
    "html": Fault(
        says="shows a maintenance page with 200",
        status=200,
        headers=((b"content-type", b"text/html"),),
        body=b"<html><title>Huoltokatko</title></html>",
    ),
    "empty": Fault(says="answers 200 with nothing in it", status=200, body=b""),
    "broken-json": Fault(says="sends the first half of its answer as if it were whole", halves=True),
    "other-student": Fault(says="answers about another student", other_student=True),
}
_WITHOUT_STUDENTS = tuple(name for name, fault in FAULTS.items() if not fault.other_student)
SOURCES: Mapping[str, tuple[str, ...]] = {
    "a-ehoks": tuple(FAULTS),
    "a-koski": tuple(FAULTS),
    "onr": tuple(FAULTS),
    "c-roster": tuple(FAULTS),
    "d-campus": tuple(FAULTS),
    "organisaatio": _WITHOUT_STUDENTS,
    "koodisto": _WITHOUT_STUDENTS,
    "eperusteet": _WITHOUT_STUDENTS,
    "amosaa": _WITHOUT_STUDENTS,
}
"""The faults that each source can have; sources go by the names under which the gateway tells of them."""

_LEARNER = re.compile(rb"1\.2\.246\.562\.98\.\d{11}")
_SOMEBODY, _SOMEBODY_ELSE = person_oid(1).encode(), person_oid(2).encode()


class Board:
    """Which source has which fault just now."""

    def __init__(self) -> None:
        self._faults: dict[str, str] = {}

    def fault(self, source: str) -> Fault | None:
        """The fault of a source, if it has one."""
        name = self._faults.get(source)
        return FAULTS[name] if name is not None else None

    def routes(self) -> list[Route]:
        """The control."""
        return [Route("/faults", self._told), Route("/faults/{source}", self._switched, methods=["PUT"])]

    async def _told(self, _: Request) -> Response:
        return JSONResponse({source: self._state(source) for source in SOURCES})

    async def _switched(self, request: Request) -> Response:
        source = request.path_params["source"]
        if source not in SOURCES:
            return JSONResponse({"error": "unknown_source", "expected": list(SOURCES)}, 404)
        try:
            asked = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            asked = None
        name = asked.get("fault") if isinstance(asked, dict) else None
        if name == NONE:
            self._faults.pop(source, None)
        elif isinstance(name, str) and name in SOURCES[source]:
            self._faults[source] = name
        else:
            return JSONResponse({"error": "unknown_fault", "expected": [*SOURCES[source], NONE]}, 400)
        return JSONResponse(self._state(source))

    def _state(self, source: str) -> dict[str, Any]:
        kinds = {name: FAULTS[name].says for name in SOURCES[source]}
        return {"fault": self._faults.get(source, NONE), "kinds": kinds}


class Faulty:
    """ASGI middleware around one source's server."""

    def __init__(self, app: ASGIApp, board: Board, source: str) -> None:
        self._app = app
        self._board = board
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with the fault that the source has just now."""
        fault = self._board.fault(self._source) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.drops and ABORT in scope:
            scope[ABORT]()
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await asyncio.sleep(fault.waits)
            start, body = await self._answer(fault, scope, receive)
            await _sent(fault, start, body, send)

    async def _answer(self, fault: Fault, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        start: Message = {"type": "http.response.start", "status": fault.status or 200, "headers": []}
        if fault.body is not None:
            return {**start, "headers": list(fault.headers)}, fault.body
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start, _changed(fault, b"".join(parts))


def _changed(fault: Fault, body: bytes) -> bytes:
    if fault.halves:
        return body[: len(body) // 2]
    if fault.other_student:
        return _LEARNER.sub(lambda found: _SOMEBODY if found[0] != _SOMEBODY else _SOMEBODY_ELSE, body)
    return body


async def _sent(fault: Fault, start: Message, body: bytes, send: Send) -> None:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", b"%d" % len(body))]})
    if fault.drips:
        for place in range(len(body)):
            await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": True})
            await asyncio.sleep(fault.drips)
        body = b""
    await send({"type": "http.response.body", "body": body})


class Droppable(HttpToolsProtocol):
    """The server's side of a connection that an application can drop without an answer."""

    def on_message_begin(self) -> None:
        """Say in the scope of the request how."""
        super().on_message_begin()
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]  # a key of our own
