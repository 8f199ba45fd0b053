"""A world as it is served: the real endpoint with real tokens over its reader, and all that an exchange lets out.

Status, headers, body, and what is logged on the way. A log record belongs to the request in whose tasks it was made, so
that two callers at once are told apart.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import msgspec

from gateway.callers import Callers
from gateway.http import GRAPHQL_RESPONSE, JSON, GraphQLEndpoint
from gateway.settings import IssuerSettings, Limits
from hoks.caller import Caller, HeldRole, Role
from hoks.disclosing import Told
from resolvers.graph import Graph
from resolvers.schema import executable
from tests.gateway.conftest import AUDIENCE, ISSUER, Issuer
from tests.world.compared import KEY, SCHEMA, differences
from tests.world.world import World

SECONDS = 60.0
"""Long enough for a busy machine: what is late is another test's."""
WIDE = Limits(
    request_seconds=SECONDS,
    tokens=9_000,
    aliases=900,
    root_fields=90,
    expanded_fields=90_000,
    listed_fields=900_000,
    depth=40,
    subjects=9_000,
    source_calls=9_000,
    comparisons=9_000_000,
)
"""Limits under which the questions that show most may be asked: what is limited is told by the document alone."""

Event = tuple[str, ...]
Heard = list[Event]


class Asked(msgspec.Struct, frozen=True):
    """One request as it is sent."""

    query: str
    variables: Mapping[str, object] = {}
    accept: str = JSON
    operation: str | None = None
    in_role: HeldRole | None = None
    """The role named in the header, where it is not the caller's."""
    names_role: bool = True
    """Whether a role is named in the header at all."""

    @property
    def body(self) -> bytes:
        """The bytes that are sent."""
        return msgspec.json.encode(
            {"query": self.query, "operationName": self.operation, "variables": dict(self.variables)}
        )


class Exchange(msgspec.Struct, frozen=True):
    """What came of a request: everything of the response, and what was logged, in no order."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    events: tuple[Event, ...]


Exchanges = Mapping[str, Exchange]


class Open:
    """A gate that lets everything go."""

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """Let it go."""


class Served:
    """A world behind the endpoint, with what is kept and shared between callers before its sources or without."""

    def __init__(self, world: World, *, kept: bool = True) -> None:
        self.endpoint = GraphQLEndpoint(
            schema=executable(SCHEMA),
            graph=Graph(SCHEMA, world.reader(seconds=SECONDS, kept=kept), cursor_key=KEY),
            callers=Callers([IssuerSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url=f"{ISSUER}/jwks")], _issuer()),
            gate=Open(),
            limits=WIDE,
        )

    async def exchange(self, by: Caller, asked: Asked) -> Exchange:
        """Send one request and hear what is logged of it."""
        heard: Heard = []
        token = _HEARD.set(heard)
        try:
            sent = await self._respond(by, asked)
        finally:
            _HEARD.reset(token)
        start, *rest = sent
        return Exchange(
            status=int(str(start["status"])),
            headers=tuple(each for each in _headers(start) if each[0] != b"date"),
            body=b"".join(part for each in rest if isinstance(part := each.get("body", b""), bytes)),
            events=tuple(sorted(heard)),
        )

    async def _respond(self, by: Caller, asked: Asked) -> list[Mapping[str, object]]:
        waiting, sent = [asked.body], list[Mapping[str, object]]()

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": waiting.pop()}

        async def send(message: Mapping[str, object]) -> None:
            sent.append(message)

        acting = asked.in_role or by.acting
        headers = {
            "authorization": f"Bearer {_token(by)}",
            "acting-role": acting.role.value + (f"@{acting.organisation}" if acting.organisation else ""),
            "accept": asked.accept,
            "content-type": JSON,
        }
        if not asked.names_role:
            del headers["acting-role"]
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.endpoint({"type": "http", "method": "POST", "path": "/graphql", "headers": raw}, receive, send)
        return sent


def _headers(start: Mapping[str, object]) -> Sequence[tuple[bytes, bytes]]:
    return msgspec.convert(start["headers"], list[tuple[bytes, bytes]])


@cache
def _issuer() -> Issuer:
    return Issuer()


def _token(by: Caller) -> str:
    # Made anew for each request: in full, the proofs take longer than a token lives.
    held = [{"role": each.role.value, "organisation": each.organisation} for each in by.held]
    return _issuer().token(
        *({name: value for name, value in each.items() if value is not None} for each in held), sub=by.subject
    )


# --- what is logged -------------------------------------------------------------------------------------------

_HEARD: ContextVar[Heard] = ContextVar("heard")
_USUAL = frozenset(vars(logging.makeLogRecord({})))


class _Listener(logging.Handler):
    """Hears every record of every logger, down to the last detail."""

    def emit(self, record: logging.LogRecord) -> None:
        heard = _HEARD.get(None)
        if heard is not None:
            more = {name: value for name, value in vars(record).items() if name not in _USUAL}
            failure = record.exc_info[0] if record.exc_info else None
            heard.append((record.name, record.levelname, str(record.msg), repr(record.args), repr(more), repr(failure)))


@contextmanager
def listening() -> Iterator[None]:
    """Hear everything that is logged, of whatever level."""
    root, listener = logging.getLogger(), _Listener(logging.NOTSET)
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(listener)


# --- histories ------------------------------------------------------------------------------------------------


async def alone(world: World, by: Caller, asked: Mapping[str, Asked], _: Caller) -> Exchanges:
    """What comes of requests where nobody else asks and nothing is kept."""
    return await _in_turn(Served(world, kept=False), by, asked)


async def after(world: World, by: Caller, asked: Mapping[str, Asked], stronger: Caller) -> Exchanges:
    """What comes of requests that a stronger caller has made before."""
    served = Served(world)
    await _in_turn(served, stronger, asked)
    return await _in_turn(served, by, asked)


async def beside(world: World, by: Caller, asked: Mapping[str, Asked], stronger: Caller) -> Exchanges:
    """What comes of requests that a stronger caller makes at the same time."""
    served = Served(world)
    _, own = await asyncio.gather(_in_turn(served, stronger, asked), _in_turn(served, by, asked))
    return own


HISTORIES = {"alone": alone, "after a stronger caller": after, "beside a stronger caller": beside}


def exchanges(history: str, world: World, by: Caller, asked: Mapping[str, Asked], stronger: Caller) -> Exchanges:
    """What comes of requests under a history."""
    with listening(), asyncio.Runner() as runner:
        return runner.run(HISTORIES[history](world, by, asked, stronger))


async def _in_turn(served: Served, by: Caller, asked: Mapping[str, Asked]) -> Exchanges:
    return {name: await served.exchange(by, each) for name, each in asked.items()}


# --- requests and comparing -----------------------------------------------------------------------------------


def requests(queries: Mapping[str, str], variables: Mapping[str, object]) -> dict[str, Asked]:
    """Each question as a request, and requests that are refused or fail in part, in either media type."""
    somebody = {"oid": next(iter(variables.values()))}
    one = "query ($oid: LearnerOid!) { student(oid: $oid) { name hoksit { version } } }"
    return {
        **{name: Asked(query, variables) for name, query in queries.items()},
        **{
            f"{name}, {accept}": msgspec.structs.replace(each, accept=accept)
            for accept in (JSON, GRAPHQL_RESPONSE)
            for name, each in {
                "one": Asked(one, somebody),
                "a malformed OID": Asked(one, {"oid": "1.2.246.562.24.123"}),
                "a foreign cursor": Asked('{ students(after: "c3R1ZmY") { edges { cursor } } }'),
                "too long a page": Asked("{ students(first: 51) { edges { cursor } } viewer { oid } }"),
                "a variable too few": Asked(one),
                "no such operation": Asked(one, somebody, operation="Other"),
                "no such field": Asked("{ student { secret } }"),
                "a role that is not held": Asked(one, somebody, in_role=HeldRole(Role.EMPLOYMENT_FUND)),
            }.items()
        },
    }


def differing(one: Exchanges, other: Exchanges) -> list[str]:
    """Where two sets of exchanges differ in anything that leaves."""
    found: list[str] = []
    for name, exchange in other.items():
        was = one[name]
        for what in ("status", "headers", "events"):
            if getattr(was, what) != getattr(exchange, what):
                found.append(f"{name}: {what}: {getattr(was, what)} != {getattr(exchange, what)}"[:400])
    return found + bodies_differing(one, other)


def bodies_differing(one: Exchanges, other: Exchanges) -> list[str]:
    """Where the bodies differ."""
    return differences(
        {name: each.body for name, each in one.items()}, {name: each.body for name, each in other.items()}
    )
