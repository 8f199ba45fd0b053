"""The outgoing client: nothing endless, nothing oversized, nowhere but where the operator said."""

import asyncio
import gzip
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping

import httpx
import pytest

from connectors.addresses import Addresses, SystemResolver, is_loopback
from connectors.client import HttpClient, Outgoing
from connectors.connections import Connections
from connectors.failures import Reason, SourceFailure, outcome_of
from hoks.outcomes import Outcome
from tests.connectors.loopback import get, serving

HERE = "http://127.0.0.1:9"
Answered = Callable[..., HttpClient]


class _Bytes(httpx.AsyncByteStream):
    """A body as it travels, not yet decoded by anybody."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def mocked(*chunks: bytes, status: int = 200, max_bytes: int = 1_000_000, **headers: str) -> HttpClient:
    """A client before a transport of httpx that answers so."""

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=_named(headers), stream=_Bytes(*chunks))

    return HttpClient([HERE], max_bytes=max_bytes, transport=httpx.MockTransport(answer))


def connected(*chunks: bytes, status: int = 200, max_bytes: int = 1_000_000, **headers: str) -> HttpClient:
    """A client with connections of its own, at whose other end somebody answers so."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in _named(headers).items())]
    head = "\r\n".join((*lines, f"content-length: {sum(map(len, chunks))}", "", "")).encode()

    async def reach(address: str, port: int) -> socket.socket:
        ours, theirs = socket.socketpair()

        def answer() -> None:
            asyncio.get_running_loop().remove_reader(theirs)
            theirs.recv(65_536)
            theirs.sendall(b"".join((head, *chunks)))
            theirs.close()

        ours.setblocking(False)
        asyncio.get_running_loop().add_reader(theirs, answer)
        return ours

    return HttpClient([HERE], max_bytes=max_bytes, transport=Connections(Addresses(SystemResolver()), 4, network=reach))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(params=[mocked, connected])
def answering(request: pytest.FixtureRequest) -> Answered:
    """What makes a client before a server that answers so, for either way in which requests are carried."""
    made: Answered = request.param
    return made


async def reason_of(client: HttpClient, url: str = HERE) -> Reason:
    with pytest.raises(SourceFailure) as caught:
        await client.send(get(url))
    await client.aclose()
    assert caught.value.outcome is Outcome.UNAVAILABLE
    assert caught.value.__cause__ is None
    assert HERE not in str(caught.value)
    return caught.value.reason


# --- whole answers --------------------------------------------------------------------------------------------


async def test_an_answer_comes_whole_with_few_headers(answering: Answered) -> None:
    client = answering(b"[1,", b"2]", status=201, content_type="application/json", location="/x", set_cookie="a=b")
    answer = await client.send(get(HERE))
    await client.aclose()
    assert (answer.status, answer.body) == (201, b"[1,2]")
    assert answer.headers == {"content-type": "application/json", "location": "/x"}


async def test_a_gzip_answer_is_decoded(answering: Answered) -> None:
    body = b'{"a": 1}' * 1000
    packed = gzip.compress(body)
    client = answering(packed[:10], packed[10:], content_encoding="gzip")
    assert (await client.send(get(HERE))).body == body
    await client.aclose()


async def test_an_empty_answer_that_calls_itself_gzip_is_empty(answering: Answered) -> None:
    client = answering(status=204, content_encoding="gzip")
    assert (await client.send(get(HERE))).body == b""
    await client.aclose()


async def test_what_is_sent_arrives_and_no_session_is_kept() -> None:
    seen: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"set-cookie": "JSESSIONID=1"}, stream=_Bytes(b"{}"))

    client = HttpClient([HERE], transport=httpx.MockTransport(answer))
    for _ in range(2):
        await client.send(Outgoing(method="POST", url=f"{HERE}/x?y=1", headers={"ticket": "ST-1"}, body=b"[]"))
    await client.aclose()
    assert [(r.method, r.url.path, r.headers["ticket"], r.content) for r in seen] == [("POST", "/x", "ST-1", b"[]")] * 2
    assert all("cookie" not in request.headers for request in seen)


# --- hostile bodies -------------------------------------------------------------------------------------------


async def test_a_cut_gzip_answer_is_refused(answering: Answered) -> None:
    packed = gzip.compress(bytes(range(256)) * 100)
    assert await reason_of(answering(packed[:-9], content_encoding="gzip")) is Reason.ENCODING


async def test_a_gzip_answer_with_something_behind_it_is_refused(answering: Answered) -> None:
    packed = gzip.compress(b"[]") + b"more"
    assert await reason_of(answering(packed, content_encoding="gzip")) is Reason.ENCODING


async def test_garbage_that_calls_itself_gzip_is_refused(answering: Answered) -> None:
    assert await reason_of(answering(b"<html>", content_encoding="gzip")) is Reason.ENCODING


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
async def test_an_encoding_that_nobody_asked_for_is_refused(answering: Answered, encoding: str) -> None:
    assert await reason_of(answering(b"x", content_encoding=encoding)) is Reason.ENCODING


async def test_a_gzip_bomb_is_refused_by_its_ratio_before_its_size(answering: Answered) -> None:
    bomb = gzip.compress(bytes(900_000))
    assert await reason_of(answering(bomb, content_encoding="gzip")) is Reason.RATIO


async def test_a_bomb_is_never_unpacked_beyond_the_limit(answering: Answered) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert await reason_of(answering(bomb, content_encoding="gzip")) is Reason.OVERSIZE


async def test_a_small_answer_may_be_packed_tightly(answering: Answered) -> None:
    client = answering(gzip.compress(bytes(60_000)), content_encoding="gzip")
    assert len((await client.send(get(HERE))).body) == 60_000
    await client.aclose()


async def test_an_oversized_answer_is_refused(answering: Answered) -> None:
    assert await reason_of(answering(bytes(500), bytes(600), max_bytes=1000)) is Reason.OVERSIZE


async def test_an_endless_gzip_stream_of_nothing_is_refused_by_what_was_received(answering: Answered) -> None:
    # Empty stored blocks: five bytes each that decode to nothing.
    empty_blocks = b"\x00\x00\x00\xff\xff" * 1000
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    client = answering(head, *[empty_blocks] * 10, content_encoding="gzip", max_bytes=20_000)
    assert await reason_of(client) is Reason.OVERSIZE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(answering: Answered, status: int) -> None:
    assert await reason_of(answering(status=status, location="http://127.0.0.1:9/cas/login")) is Reason.REDIRECT


# --- where it may go ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:10/",
        "https://127.0.0.1:9/",
        "http://127.0.0.1.evil.example:9/",
        "http://user@127.0.0.1:9/",
        "http://127.0.0.1:9@evil.example/",
        "file:///etc/passwd",
        "/relative",
        "http://[bad/",
    ],
)
async def test_only_the_given_origins_are_reached(answering: Answered, url: str) -> None:
    assert await reason_of(answering(b"{}"), url) is Reason.ORIGIN


async def test_a_port_that_goes_without_saying_is_the_same_origin() -> None:
    client = HttpClient(
        ["https://host.example"], transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=_Bytes(b"")))
    )
    assert (await client.send(get("https://host.example:443/x"))).status == 200
    await client.aclose()


@pytest.mark.parametrize("address", ["http://host.example", "http://10.0.0.1", "ftp://127.0.0.1", "127.0.0.1"])
def test_plain_http_is_refused_except_to_this_machine(address: str) -> None:
    with pytest.raises(ValueError, match="expected an https address"):
        HttpClient([address])


def test_this_machine_is_known_by_name_and_number() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.1.2.3", "::1", "10.0.0.1", "localhost.evil")] == [
        True,
        True,
        True,
        False,
        False,
    ]


# --- time -----------------------------------------------------------------------------------------------------


async def test_a_body_that_drips_for_ever_ends_at_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as url:
        client = HttpClient([url], seconds=0.3)
        began = asyncio.get_running_loop().time()
        assert await reason_of(client, url) is Reason.TIMEOUT
        assert asyncio.get_running_loop().time() - began < 2


async def test_a_server_that_takes_the_call_and_says_nothing_ends_at_the_deadline() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silent) as url:
        assert await reason_of(HttpClient([url], seconds=0.2), url) is Reason.TIMEOUT


async def test_a_stream_that_breaks_off_is_a_failure_and_is_not_asked_again() -> None:
    calls = 0

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1, 2")
        await writer.drain()

    async with serving(cut) as url:
        assert await reason_of(HttpClient([url]), url) is Reason.STREAM
    assert calls == 1


async def test_a_connection_that_never_opened_is_tried_once_more() -> None:
    calls = 0

    async def refuse(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise httpx.ConnectError("refused")

    assert await reason_of(HttpClient([HERE], transport=httpx.MockTransport(refuse))) is Reason.CONNECT
    assert calls == 2


async def test_cancellation_passes_through() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = HttpClient([HERE], transport=httpx.MockTransport(never))
    task = asyncio.create_task(client.send(get(HERE)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await client.aclose()


async def test_no_more_calls_run_at_a_time_than_allowed() -> None:
    running, most = 0, 0

    async def slow(_: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return httpx.Response(200, stream=_Bytes(b""))

    client = HttpClient([HERE], concurrency=2, transport=httpx.MockTransport(slow))
    await asyncio.gather(*(client.send(get(HERE)) for _ in range(8)))
    await client.aclose()
    assert most == 2


# --- what is said about it ------------------------------------------------------------------------------------


async def test_no_url_is_ever_logged(answering: Answered, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client = answering(b"{}")
        await client.send(get(f"{HERE}/opiskeluoikeus/1.2.246.562.15.12345678901"))
        await client.aclose()
    assert "1.2.246.562" not in caplog.text


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.OK),
        (204, Outcome.OK),
        (302, Outcome.UNAVAILABLE),
        (400, Outcome.INVALID),
        (401, Outcome.DENIED),
        (403, Outcome.DENIED),
        (404, Outcome.ABSENT_OR_DENIED),
        (408, Outcome.UNAVAILABLE),
        (410, Outcome.UNAVAILABLE),
        (415, Outcome.INVALID),
        (423, Outcome.UNAVAILABLE),
        (429, Outcome.THROTTLED),
        (500, Outcome.UNAVAILABLE),
        (503, Outcome.UNAVAILABLE),
        (999, Outcome.UNAVAILABLE),
    ],
)
def test_each_status_comes_to_an_outcome(status: int, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome
