"""What whoever runs the gateway is told: figures, readiness, lines and spans; and nothing of anybody.

The canaries are every text that any source sends, whatever it is, and marks in tokens, headers, documents, variables.
"""

import asyncio
import io
import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.admission import Admission
from gateway.logs import writing
from gateway.records.embeds import PREFIX
from sandbox.world import World
from tests.chaos.scene import QUERY
from tests.rows import free_ports
from tests.stories.conftest import Fault, Gateway, running

MARK = "ZQ7canary"
PERSONAS = ("student-7", "staff-a", "staff-b", "system-a")
SHORTEST = 8
"""Characters of a text that is looked for: shorter ones are in every log."""


class Collector(BaseHTTPRequestHandler):
    """A collector of traces that keeps what it is sent."""

    heard: bytearray

    def do_POST(self) -> None:
        self.heard += self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def collector() -> Iterator[tuple[str, bytearray]]:
    """A collector's address, and what it was sent."""
    heard = bytearray()
    server = HTTPServer(("127.0.0.1", 0), type("Keeping", (Collector,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def written() -> Iterator[io.StringIO]:
    """The log as it is written, down to what nobody reads by day."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, before = writing("json", stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


async def operators(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
        return await client.get(path)


def texts(content: Any) -> Iterator[str]:
    """Every text in JSON, keys left out: they are a source's words and nobody's data."""
    match content:
        case dict():
            for each in content.values():
                yield from texts(each)
        case list():
            for each in content:
                yield from texts(each)
        case str() if len(content) >= SHORTEST:
            yield content


def overheard(gateway: Gateway) -> set[str]:
    """Every text that sources will have sent; filled as they send."""
    said: set[str] = set()
    carry = gateway.loopback.handle_async_request

    async def listening(request: httpx.Request) -> httpx.Response:
        response = await carry(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        said.update(response.headers.get("location", "").rsplit("/", 1)[-1:])
        body = b"".join([part async for part in response.stream])
        try:
            said.update(texts(orjson.loads(body)))
        except ValueError:
            said.update(re.findall(rf"\S{{{SHORTEST},}}", body.decode(errors="replace")))
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(body))

    gateway.loopback.handle_async_request = listening  # type: ignore[method-assign]  # listens in between
    return said


def without_moments(log: str) -> str:
    """The lines without when each was written: a plan may hold the very day on which this test is run."""
    lines = [orjson.loads(line) for line in log.splitlines()]
    for line in lines:
        datetime.fromisoformat(line.pop("time"))
    return "\n".join(orjson.dumps(line).decode() for line in lines)


def broken(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(f"<html>{MARK} {request.url}</html>".encode()))


def refusing(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, stream=httpx.ByteStream(f'{{"error": "{MARK} {request.url}"}}'.encode()))


def breaking(request: httpx.Request) -> None:
    if "/cas/" in request.url.path:
        # Where one logs in still works: the address that breaks is to hold an OID.
        return
    raise httpx.ReadError(f"{MARK} {request.url}")


def bursting(request: httpx.Request) -> httpx.Response:
    raise ZeroDivisionError(f"{MARK} {request.url}")


FAULTS: Sequence[Mapping[str, Fault]] = (
    {"eHOKS": breaking, "Campus": broken, "OneRoster": bursting},
    {"Koski": bursting, "Campus": refusing, "OneRoster": breaking},
)
"""Who fails in which way, one scene after the other: whoever has failed often is not asked again for a while."""


def counted(met: list[str], server: str, fault: Fault) -> Fault:
    def failing(request: httpx.Request) -> Any:
        met.append(server)
        return fault(request)

    return failing


async def asks_everything(gateway: Gateway) -> None:
    """Good questions and bad ones, marked wherever something can be written."""
    for persona in PERSONAS:
        await gateway.post(persona, QUERY)
    await gateway.post("staff-a", "{ students(first: 5) { edges { node { name } } } }")
    token = await gateway.token("staff-a")
    good = {"authorization": f"Bearer {token}"}
    for query, variables in (
        (f'query {MARK} {{ {MARK}: student(oid: "{MARK}") {{ oid }} }}', {}),
        (f'{{ student(oid: "1.2.246.562.24.{MARK}") {{ {MARK} }} }}', {}),
        (f"query {MARK}($oid: String!) {{ student(oid: $oid) {{ oid }} }}", {"oid": [MARK], MARK: MARK}),
        (f"{MARK} {{", {MARK: MARK}),
    ):
        body = {"query": query, "variables": variables}
        await gateway.client.post(f"/graphql?{MARK}", json=body, headers=good)
    for headers in (
        {"authorization": f"Bearer {MARK}"},
        {"authorization": f"Bearer {token[:-8]}{MARK}"},
        {**good, "acting-role": MARK},
        {**good, "accept": MARK, "x-request-id": MARK, "traceparent": MARK, "tracestate": MARK, "baggage": MARK},
    ):
        await gateway.client.post("/graphql", json={"query": QUERY, "extensions": {MARK: MARK}}, headers=headers)
    await gateway.client.request(MARK, f"/{MARK}", headers=good)
    await gateway.client.get(f"/disclosures/export?before={MARK}", headers=good)
    await gateway.invalidate(json.dumps({"source": MARK, "rights": [MARK]}).encode(), MARK.encode())


async def test_nothing_of_anybody_is_in_logs_metrics_or_traces(tmp_path: Path, world: World) -> None:
    port = free_ports(1)
    with collector() as (url, spans), written() as log:

        def watched(settings: str) -> str:
            sent = f'[metrics]\nport = {port}\nurl = "{url}"\n[tracing]\nurl = "{url}"\nbelieved = ["127.0.0.1"]'
            return f"{settings}\n{sent}\n"

        async with running(tmp_path / "sandbox", world, watched) as gateway:
            said = overheard(gateway)
            await asks_everything(gateway)
            for faults in FAULTS:
                gateway.later(3600)
                met: list[str] = []
                gateway.loopback.faults = {server: counted(met, server, fault) for server, fault in faults.items()}
                for persona in PERSONAS[:2]:
                    await gateway.post(persona, QUERY)
                assert set(met) == faults.keys()
            figures = (await operators(port, "/metrics")).text
            ready = await operators(port, "/ready")
            tokens = [await gateway.token(persona) for persona in PERSONAS]
    heard = {
        "log": without_moments(log.getvalue()),
        "metrics": figures,
        "ready": ready.text,
        "traces": spans.decode("latin-1"),
    }
    assert "gateway.requests" in heard["log"] and "hoks_source_wait_seconds" in figures
    assert "ask a-koski" in heard["traces"] and "hoks_source_wait_seconds" in heard["traces"]

    personal = {each for each in said if each and not each.startswith("http")} | {MARK, *tokens}
    assert len(personal) > 300
    leaks = {(place, each) for place, text in heard.items() for each in personal if each in text}
    assert leaks == set()
    oid = re.compile(r"1\.2\.246\.562\.(15|24|98|166)\.")
    assert [place for place, text in heard.items() if oid.search(text)] == []


async def test_an_operator_reads_the_figures_and_what_is_ready_part_by_part(tmp_path: Path, world: World) -> None:
    port = free_ports(1)
    async with running(tmp_path / "sandbox", world, lambda text: f"{text}\n[metrics]\nport = {port}\n") as gateway:
        answer = await gateway.post("student-7", QUERY)
        figures = (await operators(port, "/metrics")).text
        for line in (
            'http_server_request_duration_seconds_count{http_response_status_code="200",http_route="/graphql"} 1.0',
            'hoks_operations_total{code="OK",graphql_operation_type="query"} 1.0',
            'hoks_source_answers_total{outcome="OK",source="a-koski"} 1.0',
            'hoks_source_ready{source="a-koski"} 1.0',
            'hoks_source_ready{source="issuer-1"} 1.0',
            'hoks_source_wait_seconds_count{source="records"} 1.0',
            "hoks_requests_open 0.0",
            "hoks_requests_refused_total 0.0",
        ):
            assert line in figures.splitlines()
        assert "process_resident_memory_bytes" in figures
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])

        ready = await operators(port, "/ready")
        assert (ready.status_code, ready.json()["status"], ready.json()["records"]) == (200, "ok", True)
        assert ready.json()["sources"]["a-ehoks"] is True
        assert (await gateway.get("/ready")).json() == {"status": "ok"}
        assert (await operators(port, "/health")).status_code == 404
        assert (await gateway.get("/metrics")).status_code == 404
    with pytest.raises(httpx.ConnectError):
        await operators(port, "/ready")


async def test_a_gateway_that_is_asked_too_much_says_so_and_answers_again(tmp_path: Path, world: World) -> None:
    def narrow(settings: str) -> str:
        return f"{settings}\n[overload]\nworking = 1\nopen = 1\nwaiting = 1\n"

    async with running(tmp_path / "sandbox", world, narrow) as gateway:
        await gateway.post("student-7", QUERY)
        answers = await asyncio.gather(*(gateway.post("student-7", QUERY) for _ in range(6)))
        refused = [each for each in answers if each.status_code == 503]
        assert {each.status_code for each in answers} == {200, 503}
        for each in refused:
            assert each.json()["errors"][0]["extensions"] == {"code": "OVERLOADED"}
            assert 1 <= int(each.headers["retry-after"]) <= 3
        assert (await gateway.post("student-7", QUERY)).status_code == 200


async def test_what_answers_tell_is_recorded_together_while_others_wait_for_their_turn(
    tmp_path: Path, world: World
) -> None:
    async with running(tmp_path / "sandbox", world) as gateway:
        transport = gateway.client._transport
        assert isinstance(transport, httpx.ASGITransport)
        state = transport.app.state  # type: ignore[attr-defined]  # ours has a state
        door: Admission = state.admission
        follows = state.refuse_misfits.args[0].keeping.gate._dictation.is_followed
        await door.enter("somebody")
        assert not follows()
        waiting = asyncio.create_task(door.enter("somebody else"))
        await asyncio.sleep(0)
        assert follows()
        door.leaves("somebody")
        await waiting
        assert not follows()


async def test_every_endpoint_refuses_who_comes_where_too_many_wait_and_before_a_token_is_verified(
    tmp_path: Path, world: World
) -> None:
    def narrow(settings: str) -> str:
        return f"{settings}\n[overload]\nworking = 1\nwaiting = 1\ncrowded = 1\nwaiting_seconds = 30\n"

    async with running(tmp_path / "sandbox", world, narrow) as gateway:
        for persona in ("student-7", "staff-a"):
            await gateway.post(persona, "{ viewer { role } }")
        transport = gateway.client._transport
        assert isinstance(transport, httpx.ASGITransport)
        door: Admission = transport.app.state.admission  # type: ignore[attr-defined]  # ours has a state
        await door.enter("somebody")
        waiting = asyncio.create_task(door.enter("somebody else"))
        await asyncio.sleep(0)
        student, staff = await gateway.token("student-7"), await gateway.token("staff-a")
        for method, path, token in (
            ("POST", "/graphql", student),
            ("POST", "/graphql", "nobody.has.this"),
            ("POST", "/graphql", f"{PREFIX}nobody-has-this"),
            ("GET", "/disclosures/export", student),
            ("POST", "/embed-token", staff),
            ("DELETE", "/embed-token/1", staff),
            ("POST", "/invalidate", ""),
        ):
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            answer = await gateway.client.request(method, path, headers=headers, content=b"{}")
            said = (answer.status_code, answer.json()["errors"][0]["extensions"], "retry-after" in answer.headers)
            assert said == (503, {"code": "OVERLOADED"}, True), (method, path)
        waiting.cancel()
        door.leaves("somebody")
        assert (await gateway.post("student-1", QUERY)).status_code == 200
        assert (door.working, door.open, door.waiting) == (0, 0, 0)
