"""What a request costs around the read path: everything from the socket to the reader and back, layer by layer.

A gateway that serves in a process of its own over a real store, with a reader that has its answer ready, beside an
answer of Starlette's that is always the same; both take turns in one run. Figures are processor time of that process in
microseconds a request: the least of many rounds, for other work on the machine only adds to it.

Run as ``python -m bench.endpoint [--quick]``.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bench.gate import many
from gateway.app import GRAPH, Application, Parts, assemble
from gateway.callers import Callers
from gateway.envelope import envelope
from gateway.http import GraphQLEndpoint, accepted
from gateway.records.disclosures import Recorder
from gateway.serving import listener_on, server_of
from gateway.settings import Settings
from gateway.settings_file import load
from hoks.caller import Caller
from hoks.disclosing import Told, disclosed
from hoks.identifiers import LearnerOid
from hoks.reading import Reader
from hoks.showing import View
from hoks.sitting import Sitting
from resolvers.graph import Graph
from resolvers.schema import build, executable
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import build_world
from tests.stories.conftest import PORT, Loopback, Timer, TimerClock

STUDENT = LearnerOid("1.2.246.562.98.98000000079")
"""One student with two plans."""
PERSONA = "staff-a"
AT_ONCE = 16
ROUNDS, REQUESTS = 6, 320
QUICK = (2, 32)
"""Rounds and requests of a run that only shows that it runs."""
DEEPEST = 2
VIEWS = frozenset({"workplaceLearning", "combinedUnits", "hints", "progress", "guidance", "findings", "studyRight"})
"""Left out of the question: drawn, or told twice."""
PATHS = ("/static", "/without-gate", GRAPH)


class Ready(Reader):
    """A reader that has read already."""

    def __init__(self, of: Reader, views: Mapping[LearnerOid, View | None]) -> None:
        self._of = of
        self._views = views

    def sit(self) -> Sitting:
        """A request that begins now."""
        return self._of.sit()

    async def students(
        self,
        caller: Caller,
        oids: Collection[LearnerOid],
        *,
        within: Sitting | None = None,
        selected: Collection[str] | None = None,
    ) -> Any:
        """What was read."""
        return self._views


class Open:
    """A gate that lets everything go."""

    async def release(self, caller: Caller, told: Iterable[Told], operation: str) -> None:
        """Let it go."""


class Scene(NamedTuple):
    """Everything that a measurement needs."""

    parts: Parts
    settings: Settings
    schema: GraphQLSchema
    graph: Graph
    callers: Callers
    caller: Caller
    view: View
    token: str
    query: str

    @property
    def body(self) -> bytes:
        """The request as it is sent."""
        return json.dumps({"query": self.query, "variables": {"oid": STUDENT}}).encode()

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with it."""
        return {
            "host": "127.0.0.1",
            "accept": "*/*",
            "user-agent": "bench",
            "authorization": f"Bearer {self.token}",
            "content-type": "application/json",
        }

    def endpoint(self, gate: Any) -> GraphQLEndpoint:
        """The endpoint with a gate."""
        return GraphQLEndpoint(
            schema=self.schema, graph=self.graph, callers=self.callers, gate=gate, limits=self.settings.limits
        )


def question(schema: GraphQLSchema) -> str:
    """Everything that is plain in the rights and plans of one student."""
    return f"query One($oid: LearnerOid!) {{ student(oid: $oid) {_selection(schema.type_map['Student'], 0)} }}"


def _selection(kind: Any, depth: int) -> str:
    fields = []
    for name, field in kind.fields.items():
        held = get_named_type(field.type)
        if field.args or name in VIEWS or name in _KEPT:
            continue
        if not isinstance(held, GraphQLObjectType):
            fields.append(name)
        elif depth < DEEPEST:
            fields.append(f"{name} {_selection(held, depth + 1)}")
    return "{ " + " ".join(fields) + " }"


_KEPT = frozenset({"consents", "shares", "disclosures", "sources"})


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """A gateway over the sandbox, of which one student is read."""
    world = build_world()
    lay_out(folder, world)
    config = folder / "gateway.toml"
    config.write_text(settings_text(PORT, folder).replace("request_seconds = 5.0", "request_seconds = 60.0"))
    loopback, timer = Loopback(folder, world), Timer()
    async with httpx.AsyncClient(transport=loopback) as issuer:
        answer = await issuer.post(f"http://127.0.0.1:{PORT + 1}/token", json={"persona": PERSONA})
    token = answer.json()["access_token"]
    settings = load(config)
    parts = assemble(settings, TimerClock(timer), transport=loopback, seconds=timer)
    await parts.keeping.start(settings.sandbox_consents)
    await parts.connected.warm()
    callers = Callers(settings.issuer, parts.keys_client, seconds=timer)
    caller = await callers.identify(f"Bearer {token}", None)
    seen = await parts.reader.students(caller, [STUDENT], within=parts.reader.sit())
    view = seen[STUDENT]
    assert isinstance(view, View), view
    schema = build()
    graph = Graph(schema, Ready(parts.reader, {STUDENT: view}), cursor_key=b"k" * 32)
    query = question(executable(schema))
    try:
        yield Scene(parts, settings, executable(schema), graph, callers, caller, view, token, query)
    finally:
        await parts.aclose()


# --- the serving process ----------------------------------------------------------------------------------------------


async def serve(folder: Path) -> None:
    """Serve until standard input closes; the first line on standard output is what to ask, and where."""
    async with scene(folder) as here:
        gated = here.endpoint(Recorder(here.parts.keeping.gate, here.parts.policy))
        told = await _asked(gated, here)
        assert b'"errors"' not in told and b'"hoksit":[{' in told, told[:1000]

        async def static(_: Any) -> Response:
            return Response(told, media_type="application/json")

        routes = [Route("/static", static, methods=["POST"]), Route("/without-gate", here.endpoint(Open()))]
        app = Application(gated, routes, _no_lifespan)
        app.state.settings = here.settings
        with listener_on("127.0.0.1", 0) as listener:
            server = server_of(app)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            line = {
                "port": listener.getsockname()[1],
                "headers": here.headers,
                "body": here.body.decode(),
                "bytes": len(told),
                "leaves": _leaves(orjson.loads(told)["data"]),
                "fields": here.query.count(" ") - 2 * here.query.count("{"),
                "layers": await layers(here, told),
            }
            print(json.dumps(line), flush=True)
            await asyncio.to_thread(sys.stdin.read)
            server.should_exit = True
            await serving


@asynccontextmanager
async def _no_lifespan(_: Starlette) -> AsyncIterator[None]:
    yield


def _leaves(value: object) -> int:
    match value:
        case dict():
            return sum(map(_leaves, value.values()))
        case list():
            return sum(map(_leaves, value))
        case _:
            return 1


async def _asked(endpoint: GraphQLEndpoint, here: Scene, body: bytes | None = None) -> bytes:
    sent: list[Any] = []
    asked = body if body is not None else here.body

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": asked}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in here.headers.items()]
    await endpoint({"type": "http", "method": "POST", "path": GRAPH, "headers": raw}, receive, send)
    answer: bytes = sent[1]["body"]
    return answer


async def layers(here: Scene, told: bytes) -> dict[str, float]:
    """Microseconds of each layer in process, one after the other and each alone."""
    document = here.endpoint(Open())._documents
    prepared: Any = document.document(here.query)
    variables: dict[str, Any] = {"oid": STUDENT}
    operation = prepared.operation(None, variables)
    answered = await here.graph.answer(prepared, None, variables, here.caller)
    (beneath,) = operation._beneath.values()
    (project,) = [each for each in operation._projections.values() if each is not None]
    withholding = operation.withholding(here.schema, here.graph._entries)
    grants = list(here.view.grants.values())
    opened, gate = here.endpoint(Open()), here.parts.keeping.gate
    silent = Recorder(_Silent(), here.parts.policy)
    recorder = Recorder(gate, here.parts.policy)
    bearer, body = f"Bearer {here.token}", here.body

    async def sixteen() -> None:
        await asyncio.gather(*(recorder.release(here.caller, answered.told, here.query) for _ in range(AT_ONCE)))

    alone: dict[str, Callable[[], Any]] = {
        "strict JSON of the request": lambda: envelope(body),
        "what is accepted": lambda: accepted("*/*"),
        "the document, known": lambda: document.document(here.query),
        "the projection": lambda: project(here.view.student),
        "what the answer tells of whom": lambda: disclosed(here.view, beneath),
        "what is withheld": lambda: withholding.rows(grants, of_others=True),
        "JSON of the answer": lambda: orjson.dumps(answered.content),
    }
    awaited: dict[str, Callable[[], Awaitable[Any]]] = {
        "the caller, known": lambda: here.callers.identify(bearer, None),
        "the graph in all": lambda: here.graph.answer(prepared, None, variables, here.caller),
        "the endpoint in all, without a gate": lambda: _asked(opened, here, body),
        "records of the answer": lambda: silent.release(here.caller, answered.told, here.query),
    }
    figures = {name: _least(work) for name, work in alone.items()}
    figures |= {name: await _least_awaited(work) for name, work in awaited.items()}
    figures[f"records and gate, {AT_ONCE} at once"] = await _least_awaited(sixteen, 12) / AT_ONCE
    figures["records and gate, one alone"] = await _least_awaited(
        lambda: recorder.release(here.caller, answered.told, here.query), 40
    )
    return figures


class _Silent:
    async def release(self, disclosures: Any) -> None:
        """Nothing."""


TIMES, TRIES = 40, 12


def _least(work: Callable[[], Any], times: int = TIMES) -> float:
    found = []
    for _ in range(TRIES):
        began = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - began) / times)
    return min(found) * 1e6


async def _least_awaited(work: Callable[[], Awaitable[Any]], times: int = TIMES) -> float:
    found = []
    for _ in range(TRIES):
        began = time.process_time()
        for _ in range(times):
            await work()
        found.append((time.process_time() - began) / times)
    return min(found) * 1e6


# --- the asking process -----------------------------------------------------------------------------------------------


class Client:
    """Keep-alive connections that send one request again and again."""

    def __init__(self, port: int, headers: Mapping[str, str], body: bytes) -> None:
        self._port = port
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + f"content-length: {len(body)}\r\n"
        self._requests = {path: f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body for path in PATHS}
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, path: str) -> float:
        """Seconds until the answer is whole."""
        began = time.perf_counter()
        if not self._idle:
            self._idle.append(await asyncio.open_connection("127.0.0.1", self._port))
        reader, writer = self._idle.pop()
        writer.write(self._requests[path])
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), head
        self._idle.append((reader, writer))
        return time.perf_counter() - began

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._idle:
            writer.close()


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processors so far (Linux: the clock that its number names)."""
    return time.clock_gettime((~pid << 3) | 2)


async def taken(pid: int, client: Client, *, quick: bool) -> dict[tuple[str, int], float]:
    """Microseconds of the serving process per request, by path and how many at once: the least of all rounds."""
    rounds, requests = QUICK if quick else (ROUNDS, REQUESTS)
    least: dict[tuple[str, int], float] = {}
    for _ in range(rounds):
        for at_once in (AT_ONCE, 1):
            for path in PATHS:
                number = requests if at_once > 1 else max(1, requests // 8)
                began = processor_seconds(pid)
                await many(partial(client.ask, path), number, at_once)
                cost = (processor_seconds(pid) - began) / number * 1e6
                least[path, at_once] = min(cost, least.get((path, at_once), cost))
    return least


def main(*, quick: bool = False) -> None:
    """Measure and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.endpoint", "--serve", folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        try:
            told = json.loads(process.stdout.readline())
            client = Client(told["port"], told["headers"], told["body"].encode())
            figures = asyncio.run(taken(process.pid, client, quick=quick))
        finally:
            process.stdin.close()
            process.wait(30)
    print(f"one student, {told['leaves']} values, {told['bytes']} bytes\n")
    print(f"{'each layer alone, in process':<44}{'us':>8}")
    for name, cost in told["layers"].items():
        print(f"{name:<44}{cost:>8.1f}")
    print(f"\n{'us of the process per request':<44}{AT_ONCE:>8}{1:>8}   at once")
    for path, name in zip(PATHS, ("the same answer by Starlette", "the endpoint without its gate", "all"), strict=True):
        print(f"{name:<44}" + "".join(f"{figures[path, at_once]:>8.0f}" for at_once in (AT_ONCE, 1)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        from gateway.serving import in_event_loop

        with contextlib.suppress(KeyboardInterrupt):
            in_event_loop(serve(Path(sys.argv[2])))
    else:
        main(quick="--quick" in sys.argv[1:])
