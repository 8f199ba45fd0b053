"""The systems behind the gateways, as small processes of their own: ``python -m bench.sources PORT JWKS``.

One process each for A and B, which hold plans, as eHOKS serves them and as a plain REST source would, hyphenated and in
the graph's own names; and one for everything else: tickets, study rights, persons, organisations, keys, and the
providers at which nobody studies. Answers are ready before they are asked for; every call is counted, and a source can
be made to fail.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
import uvloop

from bench import world
from bench.question import translated
from bench.world import learner_oid, plan_bytes, plan_number, provider_oid, right_bytes, student_of, student_with
from sandbox.organisations import ORGANISATIONS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HANG_SECONDS = 30.0
MOST_PROVIDERS = 200
KEEP_ALIVE_SECONDS = 900
"""Longer than any gateway is left idle between two of its turns."""


class Told(NamedTuple):
    """An answer, and the kind of call that it is counted under."""

    kind: str
    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Play:
    """What the source does to questions about plans: answer as it should, late, or wrongly."""

    MODES = ("ok", "refuse", "hang", "nonsense")

    def __init__(self) -> None:
        self.mode = "ok"
        self.milliseconds = 0.0

    async def done_to(self, told: Told) -> Told:
        """What becomes of an answer."""
        if self.milliseconds:
            await asyncio.sleep(self.milliseconds / 1000)
        if self.mode == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if self.mode == "refuse":
            return told._replace(status=503, body=b'{"error":"out of service"}')
        if self.mode == "nonsense":
            return told._replace(body=b"<html>we will be back soon</html>")
        return told


_NOT_FOUND = Told("absent", b'{"error":"HOKS not found"}', 404)


class Source:
    """One process's sources, as an ASGI application."""

    def __init__(self, jwks: bytes) -> None:
        self._jwks = jwks
        self._calls: Counter[str] = Counter()
        self._play = Play()
        self._times = 1
        self._organisations = {
            each.oid: _organisation(each.oid, each.kind, each.path) for each in ORGANISATIONS.values()
        }
        root = ORGANISATIONS["root"].oid
        more = map(provider_oid, range(len(world.PROVIDERS), MOST_PROVIDERS))
        self._organisations |= {oid: _organisation(oid, "provider", (root,)) for oid in more}
        self._services: dict[str, Callable[[int, list[str], bytes], Told]] = {
            "cas": self._ticket,
            "koski": self._koski,
            "hoks": self._ehoks,
            "students": self._student,
            "camel": self._camel,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: ``/control/…``, a register, or ``/pN/…`` of provider N."""
        path, body = scope["path"], b""
        if scope["method"] == "POST":
            body = await _body(receive)
        _, first, *rest = path.split("/")
        if first == "control":
            told = self._controlled(rest)
        elif first in ("onr", "organisaatio", "jwks"):
            told = self._register(first, rest, body)
        else:
            told = self._services[rest[0]](int(first[1:]), rest[1:], body)
        if told.kind in ("plan", "head"):
            self._calls[told.kind] += 1
            told = await self._play.done_to(told)
        elif told.kind != "control":
            self._calls[told.kind] += 1
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told.body)), *told.headers]
        await send({"type": "http.response.start", "status": told.status, "headers": headers})
        await send({"type": "http.response.body", "body": told.body})

    def _controlled(self, rest: list[str]) -> Told:
        match rest:
            case ["calls"]:
                calls = json.dumps(self._calls).encode()
                self._calls.clear()
                return Told("control", calls)
            case ["play", mode, milliseconds] if mode in Play.MODES:
                self._play.mode, self._play.milliseconds = mode, float(milliseconds)
            case ["times", times]:
                self._times = int(times)
                self._plan.cache_clear()
            case _:
                return Told("control", b"{}", 400)
        return Told("control", b"{}")

    # --- plans --------------------------------------------------------------------------------------------------

    @lru_cache(maxsize=30_000)  # noqa: B019 - one instance a process
    def _plan(self, student: int, provider: int, camel: bool = False) -> bytes:
        document = plan_bytes(student, provider, self._times)
        if camel:
            return json.dumps(translated(json.loads(document)), ensure_ascii=False, separators=(",", ":")).encode()
        return b'{"meta":{},"data":%b}' % document

    def _ehoks(self, provider: int, rest: list[str], _: bytes) -> Told:
        match rest:
            case ["opiskeluoikeus", oid] if (student := student_with(oid, provider)) is not None:
                head = {
                    "id": plan_number(student, provider),
                    "opiskeluoikeus-oid": oid,
                    "oppija-oid": learner_oid(student),
                }
                return Told("head", json.dumps({"meta": {}, "data": head}).encode())
            case [number] if number.isdigit() and (int(number) - 1_000) % 2 == provider:
                return Told("plan", self._plan((int(number) - 1_000) // 2, provider))
        return Told("plan", b'{"error":"No HOKS found with given opiskeluoikeus"}', 404)

    def _student(self, provider: int, rest: list[str], _: bytes) -> Told:
        """The plain source: ``/students/OID/plan``, ``/students/rights/OID``, and the list ``/students/first/N``."""
        return self._rest(provider, rest, camel=False)

    def _camel(self, provider: int, rest: list[str], _: bytes) -> Told:
        """The same from a source that speaks the graph's names already."""
        return self._rest(provider, rest, camel=True)

    def _rest(self, provider: int, rest: list[str], *, camel: bool) -> Told:
        match rest:
            case ["first", number]:
                return Told("list", json.dumps([{"oid": oid} for oid in world.students(int(number))]).encode())
            case ["rights", oid] if (student := student_with(oid, provider)) is not None:
                return Told("plan", self._plan(student, provider, camel))
            case [oid, "plan"] if provider < len(world.PROVIDERS) and (student := student_of(oid)) is not None:
                return Told("plan", self._plan(student, provider, camel))
        return _NOT_FOUND._replace(kind="plan")

    # --- everything else ----------------------------------------------------------------------------------------

    def _ticket(self, _: int, rest: list[str], body: bytes) -> Told:
        if rest[-1] == "tickets":
            return Told("ticket", b"", 201, ((b"location", b"http://127.0.0.1/cas/v1/tickets/TGT-1"),))
        return Told("ticket", b"ST-%d" % self._calls["ticket"])

    def _koski(self, provider: int, rest: list[str], body: bytes) -> Told:
        if rest[-1].startswith("oids") and not body:
            listed = list(world.students(world.LISTED)) if provider < len(world.PROVIDERS) else []
            return Told("list", json.dumps(listed).encode())
        rows = [
            b'{"henkil\xc3\xb6":{"oid":"%b"},"opiskeluoikeudet":[%b]}' % (oid.encode(), self._right(student, provider))
            for oid in json.loads(body)
            if provider < len(world.PROVIDERS) and (student := student_of(oid)) is not None
        ]
        return Told("rights", b"[%b]" % b",".join(rows))

    @lru_cache(maxsize=30_000)  # noqa: B019 - one instance a process
    def _right(self, student: int, provider: int) -> bytes:
        return right_bytes(student, provider)

    def _register(self, register: str, rest: list[str], body: bytes) -> Told:
        match register, rest:
            case "jwks", _:
                return Told("keys", self._jwks)
            case "onr", [*_, "masterHenkilosByOidList"]:
                persons = {
                    oid: {"oidHenkilo": oid, "etunimet": "Nimi", "sukunimi": f"Keksitty {student}"}
                    for oid in json.loads(body)
                    if (student := student_of(oid)) is not None
                }
                return Told("person", json.dumps(persons).encode())
            case "onr", _:
                return Told("person", b"[]")
            case "organisaatio", ["findbyoids"]:
                found = [self._organisations[oid] for oid in json.loads(body) if oid in self._organisations]
                return Told("organisation", json.dumps(found).encode())
        return Told("organisation", b"[]")


_TYPES = {"provider": "organisaatiotyyppi_01", "school": "organisaatiotyyppi_02", "site": "organisaatiotyyppi_03"}


def _organisation(oid: str, kind: str, path: tuple[str, ...]) -> dict[str, object]:
    above = {"parentOid": path[-1], "parentOidPath": "".join(f"|{each}" for each in path) + "|"} if path else {}
    return {"oid": oid, "nimi": {"fi": oid}, "tyypit": [_TYPES.get(kind, "organisaatiotyyppi_05")], **above}


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


def serve(app: Any, port: int) -> None:
    """Serve an application on loopback until the process is told to stop; one connection may stay idle for long."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    uvloop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    serve(Source(Path(sys.argv[2]).read_bytes()), int(sys.argv[1]))
