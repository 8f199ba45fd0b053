"""The front as it is documented, with the real HAProxy: what it lets through, what it refuses, whom it waits for; and
two instances behind it that die, are restarted and are beset by slow clients, in short (`make bench-service` has more).
"""

import asyncio
import json
import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.arrivals import Answered
from bench.front import Fronted, front, fronted, killed, rolled, slow, worker_killed
from bench.reliability import Chosen, Line, Told
from bench.service import crowd
from tests.chaos.certificates import certified
from tests.chaos.names import DOMAIN
from tests.chaos.proxy import HOST
from tests.chaos.scene import Scene, scene
from tests.rows import free_ports

pytestmark = pytest.mark.suite("the front (HAProxy)")

SHORTLY = 1.0
LIVELY_SECONDS = 0.25
PATIENCE_SECONDS = 20.0
"""On a machine that does other work besides, so slow an answer is no sign of anything."""
REFUSED = re.compile(rb"HTTP/1\.[01] (4\d\d) ")
SMUGGLED = "GET /graphql?smuggled HTTP/1.1\r\nhost: a\r\n\r\n"


# --- what a gateway hears -------------------------------------------------------------------------------------


class Hearer:
    """Stands in the place of a gateway: always ready, answers everything, and keeps each byte that it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Hear nobody any more."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            while some := connection.recv(200_000):
                if not some.startswith(b"GET /ready "):
                    self.heard.append(some)
                connection.sendall(b"HTTP/1.1 200 OK\r\nx-request-id: abc\r\ncontent-length: 2\r\n\r\n{}")


class Heard(NamedTuple):
    """A front before two that hear."""

    port: int
    trusted: ssl.SSLContext
    hearers: tuple[Hearer, Hearer]
    log: Path

    def connected(self) -> ssl.SSLSocket:
        """A connection to the front."""
        plain = socket.create_connection((HOST, self.port), timeout=20)
        return self.trusted.wrap_socket(plain, server_hostname=f"front.{DOMAIN}")

    def said(self, content: bytes, seconds: float = 1.0, is_whole: Callable[[bytes], bool] = lambda _: True) -> bytes:
        """All that is answered to these bytes until the connection ends, or it is whole and no more comes for so long.

        What is not whole is waited for until patience ends.
        """
        told, ends = b"", time.monotonic() + PATIENCE_SECONDS
        with self.connected() as connection:
            connection.sendall(content)
            connection.settimeout(seconds)
            while True:
                try:
                    if not (some := connection.recv(65_536)):
                        return told
                    told += some
                except TimeoutError:
                    if is_whole(told) or time.monotonic() > ends:
                        return told

    def answered(self, content: bytes) -> Answered:
        """One answer."""
        with self.connected() as connection, HTTPResponse(connection, method="POST") as answer:
            connection.sendall(content)
            answer.begin()
            headers = answer.headers
            body = answer.read()
            return Answered(answer.status, 0.0, "retry-after" in headers, headers.get("connection") == "close", body)

    def passed(self) -> bytes:
        """What the hearers have heard since the last time."""
        told = b"".join(b"".join(each.heard) for each in self.hearers)
        for each in self.hearers:
            each.heard.clear()
        return told


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    folder = tmp_path_factory.mktemp("hearing")
    certificates, hearers, port = certified(folder), (Hearer(), Hearer()), free_ports(1)
    log = folder / "front.log"
    with front(f"{HOST}:{port}", [each.port for each in hearers], folder / "good.pem", log):
        heard = Heard(port, certificates.trust(), hearers, log)
        # Until the first look at /ready.
        ends = time.monotonic() + PATIENCE_SECONDS
        while heard.answered(post("/graphql", "{}")).status != 200:
            assert time.monotonic() < ends, "the front finds nobody who is ready"
            time.sleep(0.1)
        heard.passed()
        yield heard
    for each in hearers:
        each.close()


def post(path: str, body: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: a", f"content-length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def code_of(answer: Answered) -> str:
    (error,) = json.loads(answer.body)["errors"]
    return str(error["extensions"]["code"])


def test_a_request_goes_through_whole_and_without_what_nobody_outside_may_say(hearing: Heard) -> None:
    answer = hearing.answered(
        post("/graphql", '{"query":"{a}"}', "authorization: Bearer one", "traceparent: 00-a-b-01", "baggage: x=1",
             "x-forwarded-for: 10.0.0.1", "forwarded: for=1", "acting_role: staff", "acting-role: student")
    )  # fmt: skip
    heard = hearing.passed().lower()
    assert answer.status == 200
    assert heard.startswith(b"post /graphql http/1.1\r\n") and heard.endswith(b'\r\n\r\n{"query":"{a}"}')
    assert b"authorization: bearer one" in heard and b"acting-role: student" in heard
    for name in (b"traceparent", b"baggage", b"forwarded", b"acting_role"):
        assert name not in heard


@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/metrics", "/", "/graphql/", "/GRAPHQL", "/invalidate", "//graphql"]
)
def test_what_is_no_path_for_callers_is_refused_by_the_front(hearing: Heard, path: str) -> None:
    answer = hearing.answered(post(path, "{}"))
    assert (answer.status, code_of(answer), hearing.passed()) == (404, "NOT_FOUND", b"")


def test_each_gateway_can_be_told_what_has_changed(hearing: Heard) -> None:
    for place, hearer in enumerate(hearing.hearers, start=1):
        for _ in range(3):
            assert hearing.answered(post(f"/invalidate/{place}", "{}")).status == 200
        assert [each.split(b"\r\n")[0] for each in hearer.heard] == [b"POST /invalidate HTTP/1.1"] * 3
        hearing.passed()


def test_a_request_that_is_too_large_goes_no_further(hearing: Heard) -> None:
    whole = hearing.answered(post("/graphql", "x" * 100_000))
    assert (whole.status, len(hearing.passed()) > 100_000) == (200, True)
    for content in (
        b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 100001\r\n\r\n",
        b"POST /graphql HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n186a1\r\n"
        + b"x" * 100_001
        + b"\r\n0\r\n\r\n",
    ):
        answer = hearing.answered(content)
        assert (answer.status, code_of(answer), hearing.passed()) == (413, "PAYLOAD_TOO_LARGE", b"")
    wide = hearing.answered(post("/graphql", "{}", *(f"x-{n}: {'y' * 1000}" for n in range(31))))
    assert (wide.status, code_of(wide), hearing.passed()) == (400, "BAD_REQUEST", b"")


SMUGGLING: dict[str, str] = {
    "two lengths, chunked first": "transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths, chunked last": "content-length: 99\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "lengths that differ": f"content-length: 0\r\ncontent-length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
    "a list of lengths": f"content-length: 0, {len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
    "a signed length": f"content-length: +{len(SMUGGLED)}\r\n\r\n{SMUGGLED}",
    "another coding": f"transfer-encoding: xchunked\r\ncontent-length: 0\r\n\r\n{SMUGGLED}",
    "chunked, and then something": f"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{SMUGGLED}",
    "a space before the colon": f"content-length : 0\r\ntransfer-encoding : chunked\r\n\r\n{SMUGGLED}",
    "a folded header": f"transfer-encoding:\r\n chunked\r\ncontent-length: 0\r\n\r\n{SMUGGLED}",
    "a vertical tab": f"transfer-encoding:\x0bchunked\r\ncontent-length: 0\r\n\r\n{SMUGGLED}",
    "a chunk of no size": f"transfer-encoding: chunked\r\n\r\n-1\r\n\r\n{SMUGGLED}",
    "a chunk that is cut by a bare line feed": f"transfer-encoding: chunked\r\n\r\n0\n\n{SMUGGLED}",
    "an upgrade to another protocol": f"connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n{SMUGGLED}",
    "a header with a zero byte": f"x-a: b\x00c\r\n\r\n{SMUGGLED}",
}


@pytest.mark.parametrize("kind", SMUGGLING)
def test_no_second_request_hides_in_a_first(hearing: Heard, kind: str) -> None:
    heard = b""

    def passed() -> list[bytes]:
        nonlocal heard
        heard += hearing.passed()
        return re.findall(rb"(?:GET|POST) /graphql\S* HTTP/1\.1\r\n", heard)

    def is_whole(told: bytes) -> bool:
        return bool(told) and len(passed()) == len(re.findall(rb"HTTP/1\.1 200", told))

    told = hearing.said(f"POST /graphql HTTP/1.1\r\nhost: a\r\n{SMUGGLING[kind]}".encode(), 0.4, is_whole)
    # The front may take what follows for a request of its own; then it comes to a gateway as one, and is answered.
    requests = passed()
    assert len(requests) == len(re.findall(rb"HTTP/1\.1 200", told))
    assert REFUSED.match(told) or requests
    heads = [each.lower() for each in re.findall(rb"/graphql.*?\r\n\r\n", heard, re.DOTALL)]
    assert all((b"content-length" in each) + (b"transfer-encoding" in each) <= 1 for each in heads)
    assert b"upgrade" not in heard.lower()


def test_slow_headers_and_slow_bodies_come_to_no_gateway_and_to_an_end_in_time(hearing: Heard) -> None:
    unfinished = {
        5.0: b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-le",
        10.0: b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{",
    }
    ended: dict[float, tuple[float, bytes]] = {}

    def begin(limit: float, content: bytes) -> None:
        began = time.monotonic()
        told = hearing.said(content, limit + 3)
        ended[limit] = time.monotonic() - began, told

    threads = [threading.Thread(target=begin, args=each) for each in unfinished.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for limit, (took, told) in ended.items():
        assert limit - 1 < took < limit + 2
        assert told.startswith(b"HTTP/1.1 408 ")
    assert hearing.passed() == b""


def test_a_line_of_the_log_tells_of_nobody(hearing: Heard) -> None:
    before, ends = len(hearing.log.read_text().splitlines()), time.monotonic() + PATIENCE_SECONDS
    hearing.answered(post("/embed-token/SECRET-ID?SECRET-QUERY", "{}", "authorization: Bearer SECRET-TOKEN"))
    while len(lines := hearing.log.read_text().splitlines()) == before:
        assert time.monotonic() < ends, "it is not logged"
        time.sleep(0.05)
    told = json.loads(lines[-1])
    assert (told["status"], told["request"], told["ended"]) == (200, "abc", "--")
    assert "SECRET" not in hearing.log.read_text() and HOST not in lines[-1]


# --- two instances --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("scene"), seconds=20.0) as running:
        yield running


@pytest.fixture(scope="module")
def standing(here: Scene) -> Iterator[Fronted]:
    with fronted(here) as running:
        yield running


@pytest.fixture(scope="module")
def requests(here: Scene) -> list[bytes]:
    return crowd(here)


async def missed(measure: Callable[[], Awaitable[Told]]) -> list[str]:
    """What misses, measured once more where something did: this machine may do other things besides."""
    lines: list[str] = []
    for _ in range(2):
        # How soon, how much slower and how many at once is for `make bench-service` to say, on a machine that is quiet.
        judged = [line for line in await measure() if isinstance(line, Line) and line.unit not in ("s", "x", "open")]
        lines = [str(line) for line in judged if not line.is_met]
        if not lines:
            break
    return lines


async def test_an_instance_that_is_killed_costs_no_more_than_what_it_was_answering(
    standing: Fronted, requests: list[bytes]
) -> None:
    assert await missed(partial(killed, standing, requests, SHORTLY)) == []


async def test_instances_restarted_one_after_the_other_cost_nothing(standing: Fronted, requests: list[bytes]) -> None:
    assert await missed(partial(rolled, standing, requests, SHORTLY)) == []


async def test_slow_clients_are_felt_by_nobody_else(standing: Fronted, requests: list[bytes]) -> None:
    assert await missed(partial(slow, standing, requests, Chosen(short=True))) == []
    target = standing.target()
    assert min([(await target.send(requests[0])).seconds for _ in range(9)]) < LIVELY_SECONDS
    await target.aclose()


async def test_a_worker_that_is_killed_costs_no_more_than_what_it_was_answering(
    here: Scene, requests: list[bytes]
) -> None:
    assert await missed(partial(worker_killed, here, requests, SHORTLY)) == []


def test_every_instance_has_a_stream_of_its_own_in_the_one_log(standing: Fronted) -> None:
    with standing.server.connect("hoks") as owner:
        streams = {row[0] for row in owner.execute("SELECT DISTINCT stream FROM log")}
    assert streams == {f"here-{each.port}" for each in standing.instances}


async def test_where_no_gateway_is_ready_the_front_says_so_at_once(standing: Fronted, requests: list[bytes]) -> None:
    target = standing.target()
    for each in standing.instances:
        await asyncio.to_thread(each.end, signal.SIGKILL)
    await asyncio.sleep(3)
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Until it has looked for them, as often as it must to be sure.
        while (await target.send(requests[0])).status != 503:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.2)
    answers = [await target.send(requests[0]) for _ in range(3)]
    assert {(each.status, each.retry_after, code_of(each)) for each in answers} == {(503, True, "OVERLOADED")}
    assert min(each.seconds for each in answers) < LIVELY_SECONDS
    await target.aclose()
