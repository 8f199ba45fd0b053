"""A source's own connections, on real sockets: what is hostile fails in time, and no answer is taken for another."""

import asyncio
import gzip
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import Addresses
from connectors.carriage import CarriageError
from connectors.client import HttpClient, Outgoing
from connectors.connections import HEAD_READ_BYTES, MAX_HEAD_BYTES, Answer, Connections, written
from connectors.failures import Reason, SourceFailure
from connectors.origins import Origins
from tests.connectors.loopback import Site, answer, certificate, get, port_of, serving, soon
from tests.connectors.test_addresses import HOST, Names, Net

SECONDS = 0.5


async def failing(url: str) -> tuple[Reason, float]:
    """How a call to the server fails, and how many seconds it took."""
    client = HttpClient([url], seconds=SECONDS)
    began = asyncio.get_running_loop().time()
    with pytest.raises(SourceFailure) as caught:
        await client.send(get(url))
    took = asyncio.get_running_loop().time() - began
    await client.aclose()
    return caught.value.reason, took


MANY_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000 + b"content-length: 2\r\n\r\n{}"
LONG_HEADER = b"HTTP/1.1 200 OK\r\nx: " + b"a" * 1_000_000 + b"\r\ncontent-length: 2\r\n\r\n{}"


FEW_TOO_MANY = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"content-length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "head", [MANY_HEADERS, FEW_TOO_MANY, LONG_HEADER], ids=["10 000 headers", "201 headers", "a header of 1 MB"]
)
async def test_a_head_beyond_reason_is_a_failure(head: bytes) -> None:
    site = Site(head)
    async with serving(site) as url:
        reason, took = await failing(url)
    assert reason is Reason.STREAM
    assert took < SECONDS + 0.05
    assert site.requests == 1


async def test_an_honest_number_of_headers_passes() -> None:
    async with serving(Site(answer("200 OK", b"{}", *[f"x-{n}: y" for n in range(100)]))) as url:
        client = HttpClient([url])
        assert (await client.send(get(url))).status == 200
        await client.aclose()


async def test_one_interim_answer_is_waited_out() -> None:
    async with serving(Site(b"HTTP/1.1 100 Continue\r\n\r\n" + answer())) as url:
        client = HttpClient([url])
        assert (await client.send(get(url))).status == 200
        await client.aclose()


async def test_a_flood_of_interim_answers_is_cut_off_and_stalls_nobody() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            await writer.drain()

    longest = 0.0

    async def heart() -> None:
        nonlocal longest
        while True:
            began = time.process_time()  # not of the clock on the wall: the machine of a test is shared
            await asyncio.sleep(0.01)
            longest = max(longest, time.process_time() - began)

    beating = asyncio.create_task(heart())
    async with serving(flood) as url:
        reason, took = await failing(url)
    beating.cancel()
    assert reason is Reason.STREAM
    assert took < SECONDS + 0.05
    assert longest < 0.1


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\xff garbage\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ],
)
async def test_what_is_no_http_is_a_failure_within_the_deadline(said: bytes) -> None:
    site = Site(said)
    async with serving(site) as url:
        reason, took = await failing(url)
    assert reason in (Reason.STREAM, Reason.TIMEOUT)
    assert took < SECONDS + 0.05
    assert site.requests == 1


async def test_a_second_answer_is_not_taken_for_that_to_the_next_request() -> None:
    site = Site(answer("200 OK", b"[1]") + answer("200 OK", b"[2]"))
    async with serving(site) as url:
        client = HttpClient([url])
        bodies = [(await client.send(get(url))).body for _ in range(3)]
        await client.aclose()
    assert bodies == [b"[1]"] * 3
    assert site.connections == 3


@pytest.mark.parametrize("more", [b"more", b"\x00", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"])
async def test_bytes_behind_an_answer_spoil_no_more_than_the_next_call(more: bytes) -> None:
    async with serving(Site(answer("200 OK", b"[1]") + more)) as url:
        client = HttpClient([url])
        bodies: list[bytes | Reason] = []
        for _ in range(4):
            try:
                bodies.append((await client.send(get(url))).body)
            except SourceFailure as failure:
                bodies.append(failure.reason)
        await client.aclose()
    assert set(bodies) <= {b"[1]", Reason.STREAM}
    assert bodies.count(b"[1]") >= 2


async def test_calls_that_are_given_up_at_any_moment_leave_no_place_taken_and_no_connection_open(
    tmp_path: Path,
) -> None:
    server, trust = certificate(tmp_path, HOST)
    site = Site(answer(), seconds=0.005)
    moments = random.Random(20_261_121)

    async with serving(site, server) as url:
        names = Names(*[["1.1.1.1"]] * 1_000)
        transport = Connections(Addresses(names), 4, ssl_context=trust, network=Net(port_of(url)))
        client = HttpClient([f"https://{HOST}"], concurrency=4, waiting=100, transport=transport, seconds=5)

        async def give_up(_: int) -> None:
            call = asyncio.create_task(client.send(get(f"https://{HOST}/")))
            await asyncio.wait([call], timeout=moments.random() * 0.05)
            for _ in range(2):  # a request and its stage may both give up
                call.cancel()
                await asyncio.sleep(0)
            await asyncio.gather(call, return_exceptions=True)

        for _ in range(10):
            await asyncio.gather(*map(give_up, range(12)))
        later = await asyncio.gather(*(client.send(get(f"https://{HOST}/")) for _ in range(20)))
        assert await soon(lambda: site.open <= 4)
        await client.aclose()
    assert [each.status for each in later] == [200] * 20


async def test_no_more_idle_connections_are_kept_than_were_asked_for() -> None:
    site = Site(answer(), seconds=0.02)
    async with serving(site) as url:
        client = HttpClient([url], concurrency=3, waiting=100)
        await asyncio.gather(*(client.send(get(url)) for _ in range(30)))
        await asyncio.sleep(0.05)
        assert (site.open, site.connections, site.requests) == (3, 3, 30)
        await client.aclose()
        assert await soon(lambda: site.open == 0)


async def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    site = Site(answer("200 OK", b"{}", "connection: close"))
    async with serving(site) as url:
        client = HttpClient([url])
        for _ in range(3):
            await client.send(get(url))
        await client.aclose()
    assert (site.connections, client.condition.retries) == (3, 0)


async def test_many_connections_that_the_server_closed_while_idle_are_given_up_by_many_calls_at_once() -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 0.1)
            await asyncio.sleep(0.02)
            writer.write(answer())
            await writer.drain()

    async with serving(impatient) as url:
        client = HttpClient([url], concurrency=8)
        statuses: list[int] = []
        for _ in range(3):
            statuses += [each.status for each in await asyncio.gather(*(client.send(get(url)) for _ in range(8)))]
            await asyncio.sleep(0.3)
        await client.aclose()
    assert statuses == [200] * 24
    assert client.condition.failures == {}


async def test_a_connection_is_used_again() -> None:
    site = Site(answer())
    async with serving(site) as url:
        client = HttpClient([url])
        for _ in range(5):
            await client.send(get(url))
        await client.aclose()
    assert (site.connections, site.requests) == (1, 5)


async def test_a_connection_that_nobody_used_for_too_long_is_closed_and_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connectors.connections.IDLE_SECONDS", 0.02)
    site = Site(answer())
    async with serving(site) as url:
        client = HttpClient([url])
        for _ in range(2):
            await client.send(get(url))
            await asyncio.sleep(0.03)
        await client.send(get(url))
        assert await soon(lambda: site.open == 1)
        assert site.connections == 3
        await client.aclose()


# --- how answers end ------------------------------------------------------------------------------------------


def once(said: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A server that says so and ends the connection."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    return say


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_an_answer_without_a_length_lasts_until_the_connection_ends(version: str) -> None:
    async with serving(once(f"HTTP/{version} 200 OK\r\nx-empty:\r\n\r\n[1]".encode())) as url:
        client = HttpClient([url])
        assert (await client.send(get(url))).body == b"[1]"
        await client.aclose()


async def test_such_an_answer_that_is_cut_is_known_by_its_packing() -> None:
    packed = gzip.compress(b"[1]")[:-4]
    async with serving(once(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + packed)) as url:
        reason, _ = await failing(url)
    assert reason is Reason.ENCODING


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n[1]",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n[1]",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n[1]",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a: b\r\n " * 2 + b"\r\ncontent-length : 3\r\n\r\n[1]",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]",
        b"HTTP/1.1 099 Odd\r\ncontent-length: 3\r\n\r\n[1]",
    ],
)
async def test_an_answer_that_has_no_plain_end_is_a_failure(said: bytes) -> None:
    async with serving(once(said)) as url:
        reason, _ = await failing(url)
    assert reason is Reason.STREAM


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_what_was_left_for_behind_a_body_is_read_and_not_looked_at() -> None:
    site = Site(CHUNKED + b"3;x=y\r\n[1]\r\n0\r\nset-cookie: a=b\r\netag: x\r\n\r\n")
    async with serving(site) as url:
        client = HttpClient([url])
        answers = [await client.send(get(url)) for _ in range(2)]
        await client.aclose()
    assert [(each.body, dict(each.headers)) for each in answers] == [(b"[1]", {})] * 2
    assert site.connections == 1


@pytest.mark.parametrize(
    "said",
    [
        CHUNKED + b"3\r\n[1]\r\n0\r\n" + b"a: b\r\n" * 10_000,
        CHUNKED + b"3\r\n[1]\r\n0\r\na: " + b"b" * 1_000_000,
        CHUNKED + b"3;" + b"b" * 1_000_000,
    ],
    ids=["many headers", "a long header", "a long extension"],
)
async def test_what_is_beyond_reason_behind_or_within_a_body_is_a_failure(said: bytes) -> None:
    site = Site(said)
    async with serving(site) as url:
        reason, took = await failing(url)
    assert reason is Reason.STREAM
    assert took < SECONDS


@pytest.mark.parametrize("status", ["204 None", "304 Still"])
async def test_a_connection_is_used_again_behind_an_answer_that_has_no_body_by_its_status(status: str) -> None:
    site = Site(f'HTTP/1.1 {status}\r\netag: "1"\r\n\r\n'.encode())
    async with serving(site) as url:
        client = HttpClient([url])
        asked = Outgoing(method="GET", url=url, headers={"if-none-match": '"1"'})
        assert [(await client.send(asked)).body for _ in range(3)] == [b""] * 3
        await client.aclose()
    assert (site.connections, site.requests) == (1, 3)


async def test_headers_that_come_several_times_are_one() -> None:
    several = answer("200 OK", b"{}", "Link: a", 'ETag: "1"', "LINK: b")
    async with serving(Site(several)) as url:
        client = HttpClient([url])
        assert dict((await client.send(get(url))).headers) == {"link": "a, b", "etag": '"1"'}
        await client.aclose()


# --- answers that nobody asked for ----------------------------------------------------------------------------


class Unasked:
    """A server that says something of its own accord between two answers, when it is told to."""

    def __init__(self) -> None:
        self.now = asyncio.Event()
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(body=b"[1]"))
        if self.connections == 1:
            await self.now.wait()
            writer.write(answer(body=b"[of somebody else]"))
        await reader.read()


@pytest.mark.parametrize("is_read", [True, False])
async def test_an_answer_that_came_before_its_request_is_never_taken(is_read: bool) -> None:
    server = Unasked()
    async with serving(server) as url:
        client = HttpClient([url])
        first = await client.send(get(url))
        server.now.set()
        # One round of the event loop lets the server write, one more lets the client read.
        await asyncio.sleep(0.01 if is_read else 0)
        second = await client.send(get(url))
        await client.aclose()
    assert (first.body, second.body, server.connections) == (b"[1]", b"[1]", 2)
    assert client.condition.retries == 0


# --- however they are cut -------------------------------------------------------------------------------------


class Line:
    """Stands for a connection that one answer comes in by."""

    def rest(self) -> None: ...

    def close(self) -> None: ...


async def told(*pieces: bytes, ends: bool = False) -> tuple[int, dict[str, str], bytes, bool]:
    """What is made of the pieces, and whether the connection would be kept."""
    kept: list[object] = []
    found = Answer(cast(Any, Line()), kept.append)
    for piece in pieces:
        found.take(piece)
    if ends:
        found.end(None)
    await found.headed()
    body = b"".join([part async for part in found.parts()])
    found.close()
    return found.status, found.headers, body, bool(kept)


@given(st.lists(st.integers(0, 200), max_size=12))
async def test_an_answer_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    said = (
        b'HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\netag: "1"\r\nvary:\r\nTransfer-Encoding: chunked\r\n'
        b"\r\n3\r\n[1,\r\n2;x\r\n2]\r\n0\r\n\r\n"
    )
    places = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    pieces = [said[start:end] for start, end in pairwise(places)]
    assert await told(*pieces) == (200, {"etag": '"1"', "vary": "", "transfer-encoding": "chunked"}, b"[1,2]", True)


async def test_a_connection_is_not_kept_for_what_came_behind_an_answer_however_much_it_is() -> None:
    for more in (b"x", b"HTTP/1.1 ", b"\r\n" * 2 * HEAD_READ_BYTES):
        assert await told(answer() + more) == (200, {"content-length": "2"}, b"{}", False)
    assert (await told(answer()))[3]


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([answer(), CHUNKED, b"\r\n", b"HTTP/1.1 "]))))
async def test_whatever_comes_is_an_answer_or_a_failure(pieces: list[bytes]) -> None:
    try:
        status, _, _, _ = await told(*pieces, ends=True)
    except CarriageError:
        return
    assert 200 <= status <= 999


async def test_a_head_of_the_most_bytes_is_taken_and_one_that_is_a_reading_longer_is_not() -> None:
    def head(size: int) -> bytes:
        start, end = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ", b"\r\n\r\n"
        return start + b"a" * (size - len(start) - len(end)) + end

    assert (await told(head(MAX_HEAD_BYTES)))[0] == 200
    with pytest.raises(CarriageError):
        await told(*(bytes([byte]) for byte in head(MAX_HEAD_BYTES + HEAD_READ_BYTES)))


# --- what two readers could read differently --------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\n"
ONE = b"content-length: 3\r\n\r\n[1]"
IN_CHUNKS = b"3\r\n[1]\r\n0\r\n\r\n"
AMBIGUOUS = {
    "two lengths that agree": OK + b"content-length: 3\r\n" + ONE,
    "two lengths in one": OK + b"content-length: 3, 3\r\n\r\n[1]",
    "a length with a sign": OK + b"content-length: +3\r\n\r\n[1]",
    "a length below nothing": OK + b"content-length: -1\r\n\r\n[1]",
    "a length in hexadecimals": OK + b"content-length: 0x3\r\n\r\n[1]",
    "a length of nothing": OK + b"content-length:\r\n\r\n[1]",
    "a length that wraps around": OK + b"content-length: 18446744073709551619\r\n\r\n[1]",
    "a length and chunks": OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n" + IN_CHUNKS,
    "chunks and a length": OK + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n" + IN_CHUNKS,
    "chunks in chunks": OK + b"transfer-encoding: chunked, chunked\r\n\r\n" + IN_CHUNKS,
    "chunks said twice": OK + b"transfer-encoding: chunked\r\n" * 2 + b"\r\n" + IN_CHUNKS,
    "chunks of gzip": OK + b"transfer-encoding: gzip, chunked\r\n\r\n" + IN_CHUNKS,
    "chunks that are not last": OK + b"transfer-encoding: chunked, identity\r\n\r\n" + IN_CHUNKS,
    "chunks of another name": OK + b"transfer-encoding: xchunked\r\n\r\n" + IN_CHUNKS,
    "chunks behind a strange blank": OK + b"transfer-encoding: \x0bchunked\r\n\r\n" + IN_CHUNKS,
    "a blank before the colon": OK + b"transfer-encoding : chunked\r\n\r\n" + IN_CHUNKS,
    "an empty encoding": OK + b"transfer-encoding:\r\n\r\n" + IN_CHUNKS,
    "lines that end in LF": b"HTTP/1.1 200 OK\ncontent-length: 3\n\n[1]",
    "one line that ends in LF": OK + b"x: y\n" + ONE,
    "a header within a header": OK + b"x: y\rcontent-length: 1\r\n" + ONE,
    "a header in the reason": b"HTTP/1.1 200 OK\rcontent-length: 1\r\n" + ONE,
    "a header of two lines": OK + b"x: y\r\n z\r\n" + ONE,
    "a length of two lines": OK + b"content-length: 3\r\n 0\r\n\r\n[1]",
    "chunks of two lines": OK + b"transfer-encoding:\r\n chunked\r\n\r\n" + IN_CHUNKS,
    "a first header that is folded": OK + b" x: y\r\n" + ONE,
    "a header without a colon": OK + b"content-length\r\n" + ONE,
    "a header without a name": OK + b": y\r\n" + ONE,
    "a header with a zero": OK + b"x: y\x00\r\n" + ONE,
    "a chunk that wraps around": CHUNKED + b"10000000000000003\r\n[1]\r\n0\r\n\r\n",
    "a chunk below nothing": CHUNKED + b"-3\r\n[1]\r\n0\r\n\r\n",
    "a chunk with a prefix": CHUNKED + b"0x3\r\n[1]\r\n0\r\n\r\n",
    "a chunk with a blank": CHUNKED + b"3 \r\n[1]\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"2\r\n[1]\r\n0\r\n\r\n",
    "chunks whose lines end in LF": CHUNKED + b"3\n[1]\n0\n\n",
    "an extension that ends a line": CHUNKED + b"3;a\nb\r\n[1]\r\n0\r\n\r\n",
    "a length behind the body": CHUNKED + b"3\r\n[1]\r\n0\r\ncontent-length: 9\r\n\r\n",
    "a body of an interim answer": b"HTTP/1.1 103 Early\r\ncontent-length: 3\r\n\r\n[9]" + OK + ONE,
    "an answer behind the last one": b"HTTP/1.1 102 Work\r\nconnection: close\r\n\r\n" + OK + ONE,
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n" + ONE,
    "a status of two digits": b"HTTP/1.1 20 OK\r\n" + ONE,
    "another protocol": b"ICY 200 OK\r\n" + ONE,
    "a version without a dot": b"HTTP/2 200 OK\r\n" + ONE,
    "a body alone": b"[1]",
}


@pytest.mark.parametrize("cut", [1, 4_096], ids=["byte by byte", "at once"])
@pytest.mark.parametrize("name", AMBIGUOUS)
async def test_what_could_be_read_in_two_ways_is_no_answer(name: str, cut: int) -> None:
    said = AMBIGUOUS[name]
    pieces = [said[place : place + cut] for place in range(0, len(said), cut)]
    with pytest.raises(CarriageError):
        await told(*pieces, ends=True)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 204 None\r\ncontent-length: 3",
        b"HTTP/1.1 204 None\r\ntransfer-encoding: chunked",
        b"HTTP/1.1 304 Still\r\ntransfer-encoding: chunked",
        b"HTTP/1.0 200 OK\r\ncontent-length: 0",
        b"HTTP/1.1 200 OK\r\nconnection: keep-alive, close\r\ncontent-length: 0",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\ncontent-length: 0",
    ],
)
async def test_nothing_more_is_asked_on_a_connection_of_which_nobody_knows_what_comes_next(head: bytes) -> None:
    _, _, body, is_kept = await told(head + b"\r\n\r\n")
    assert (body, is_kept) == (b"", False)


async def test_an_answer_may_announce_the_body_that_an_unchanged_document_would_have() -> None:
    assert (await told(b"HTTP/1.1 304 Still\r\ncontent-length: 3\r\n\r\n"))[3]


async def test_a_body_of_single_bytes_is_taken_and_one_that_is_mostly_not_body_is_not() -> None:
    assert await told(CHUNKED + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n") == (
        *(200, {"transfer-encoding": "chunked"}, b"x" * 50_000, True),
    )
    with pytest.raises(CarriageError):
        await told(CHUNKED, *[b"1;" + b"y" * 1_000 + b"\r\nx\r\n"] * 40, b"0\r\n\r\n")


class Hasty:
    """A server that answers when it has read the head of a request, and reads no more of it."""

    def __init__(self) -> None:
        self.connections = 0
        self.ended = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(body=b"[1]"))
        await self.ended.wait()


LARGE = b"x" * 20_000_000
"""More than the system takes off a sender's hands."""


async def test_a_request_of_which_the_end_has_not_been_sent_is_the_last_on_its_connection() -> None:
    server = Hasty()
    async with serving(server) as url:
        client = HttpClient([url], seconds=SECONDS)
        bodies = [(await client.send(Outgoing(method="POST", url=url, body=body))).body for body in (LARGE, b"")]
        server.ended.set()
        await client.aclose()
    assert (bodies, server.connections) == ([b"[1]"] * 2, 2)


async def test_a_server_that_does_not_read_is_left_at_the_deadline_and_its_connection_closed() -> None:
    ended = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        with suppress(OSError):
            while await reader.read(1_000_000):
                pass
        ended.set()

    async with serving(deaf) as url:
        client = HttpClient([url], seconds=0.1)
        began = asyncio.get_running_loop().time()
        with pytest.raises(SourceFailure) as caught:
            await client.send(Outgoing(method="POST", url=url, body=LARGE))
        took = asyncio.get_running_loop().time() - began
        await asyncio.wait_for(ended.wait(), 2)
        await client.aclose()
    assert caught.value.reason is Reason.TIMEOUT
    assert took < 0.1 + 0.05


async def test_no_connection_to_one_origin_carries_a_request_to_another() -> None:
    one, other = Site(answer(body=b"[1]")), Site(answer(body=b"[2]"))
    async with serving(one) as first, serving(other) as second:
        client = HttpClient([first, second])
        bodies = [(await client.send(get(url))).body for url in (first, second, first, second)]
        await client.aclose()
    assert bodies == [b"[1]", b"[2]"] * 2
    assert [(each.connections, each.requests) for each in (one, other)] == [(1, 2)] * 2


# --- what is sent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [{"x": "a\r\nb: c"}, {"x": "a\nb"}, {"x\r\ny": "a"}, {"x y": "a"}, {"x": "\x00"}, {"x": "ä"}]
)
async def test_a_header_that_would_be_more_than_one_is_never_sent(headers: dict[str, str]) -> None:
    site = Site(answer())
    async with serving(site) as url:
        client = HttpClient([url])
        with pytest.raises(ValueError, match="cannot be sent"):
            await client.send(Outgoing(method="GET", url=url, headers=headers))
        await client.aclose()
    assert site.connections == 0


@pytest.mark.parametrize("method", ["HEAD", "GET /x HTTP/1.1\r\n", ""])
async def test_a_method_that_would_be_read_otherwise_is_never_sent(method: str) -> None:
    client = HttpClient(["http://127.0.0.1:9"])
    with pytest.raises(ValueError, match="cannot be sent"):
        await client.send(Outgoing(method=method, url="http://127.0.0.1:9/"))
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "method", "body", "sent"),
    [
        (
            "https://Host.example:443/a b/1.2.3?q=ä&r=%41",
            "GET",
            b"",
            b"GET /a%20b/1.2.3?q=%C3%A4&r=%41 HTTP/1.1\r\nhost: host.example\r\nx: y\r\n\r\n",
        ),
        (
            "https://host.example/a/../b#c",
            "POST",
            b"",
            b"POST /b HTTP/1.1\r\nhost: host.example\r\nx: y\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            "https://host.example",
            "POST",
            b"[]",
            b"POST / HTTP/1.1\r\nhost: host.example\r\nx: y\r\ncontent-length: 2\r\n\r\n[]",
        ),
        (
            "https://host.example/1.2.3/?q=a,b:c",
            "GET",
            b"",
            b"GET /1.2.3/?q=a,b:c HTTP/1.1\r\nhost: host.example\r\nx: y\r\n\r\n",
        ),
    ],
)
def test_a_request_is_written_so(url: str, method: str, body: bytes, sent: bytes) -> None:
    place = Origins(["https://host.example"], Addresses(Names())).place(url)
    assert written(place, method, {"x": "y"}, body) == sent


@given(st.text("aZ0_.~!$&()*+,;=:@/?%-'\" <>[]|#ä", max_size=12))
def test_a_place_is_what_httpx_reads_of_an_address(target: str) -> None:
    url = httpx.URL(f"https://host.example/{target}")
    place = Origins(["https://host.example:443/base"], Addresses(Names())).place(f"https://host.example/{target}")
    assert (place.origin, place.authority) == (("https", "host.example", 443), "host.example")
    assert place.target == url.raw_path.decode()
    assert httpx.URL(place.url).raw_path == url.raw_path


# --- the event loop that serves -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    [
        test_a_connection_is_used_again,
        test_a_connection_that_the_server_has_closed_is_not_used_again,
        test_a_second_answer_is_not_taken_for_that_to_the_next_request,
        test_no_more_idle_connections_are_kept_than_were_asked_for,
        test_headers_that_come_several_times_are_one,
    ],
)
def test_the_same_holds_on_uvloop(held: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(held())


def test_the_same_holds_on_uvloop_of_calls_that_are_given_up(tmp_path: Path) -> None:
    uvloop.run(test_calls_that_are_given_up_at_any_moment_leave_no_place_taken_and_no_connection_open(tmp_path))


def test_the_same_holds_on_uvloop_of_answers_that_came_before_their_requests() -> None:
    uvloop.run(test_an_answer_that_came_before_its_request_is_never_taken(True))
