"""Answers whose heads are hostile, on real sockets: each comes to a failure within the deadline."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from connectors.addresses import Addresses
from connectors.client import HttpxClient
from connectors.failures import Reason, SourceFailure
from connectors.transport import CheckedTransport
from tests.connectors.loopback import Site, answer, certificate, get, port_of, serving
from tests.connectors.test_addresses import HOST, Names, Net

SECONDS = 0.5


async def failing(url: str) -> tuple[Reason, float]:
    """How a call to the server fails, and how many seconds it took."""
    client = HttpxClient([url], seconds=SECONDS)
    began = time.monotonic()
    with pytest.raises(SourceFailure) as caught:
        await client.send(get(url))
    took = time.monotonic() - began
    await client.aclose()
    return caught.value.reason, took


MANY_HEADERS = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000 + b"content-length: 2\r\n\r\n{}"
LONG_HEADER = b"HTTP/1.1 200 OK\r\nx: " + b"a" * 1_000_000 + b"\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize("head", [MANY_HEADERS, LONG_HEADER], ids=["10 000 headers", "a header of 1 MB"])
async def test_a_head_beyond_reason_is_a_failure(head: bytes) -> None:
    site = Site(head)
    async with serving(site) as url:
        reason, took = await failing(url)
    assert reason is Reason.STREAM
    assert took < SECONDS + 0.05
    assert site.requests == 1


async def test_an_honest_number_of_headers_passes() -> None:
    async with serving(Site(answer("200 OK", b"{}", *[f"x-{n}: y" for n in range(100)]))) as url:
        client = HttpxClient([url])
        assert (await client.send(get(url))).status == 200
        await client.aclose()


async def test_one_interim_answer_is_waited_out() -> None:
    async with serving(Site(b"HTTP/1.1 100 Continue\r\n\r\n" + answer())) as url:
        client = HttpxClient([url])
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
        client = HttpxClient([url])
        bodies = [(await client.send(get(url))).body for _ in range(3)]
        await client.aclose()
    assert bodies == [b"[1]"] * 3
    assert site.connections == 3


@pytest.mark.parametrize("more", [b"more", b"\x00", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"])
async def test_bytes_behind_an_answer_spoil_no_more_than_the_next_call(more: bytes) -> None:
    async with serving(Site(answer("200 OK", b"[1]") + more)) as url:
        client = HttpxClient([url])
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
        transport = CheckedTransport(Addresses(names), 4, ssl_context=trust, network=Net(port_of(url)))
        client = HttpxClient([f"https://{HOST}"], concurrency=4, waiting=100, transport=transport, seconds=5)

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
        await asyncio.sleep(0.1)
        left_open = site.open
        await client.aclose()
    assert [each.status for each in later] == [200] * 20
    assert left_open <= 4


async def test_no_more_idle_connections_are_kept_than_were_asked_for() -> None:
    site = Site(answer(), seconds=0.02)
    async with serving(site) as url:
        client = HttpxClient([url], concurrency=3, waiting=100)
        await asyncio.gather(*(client.send(get(url)) for _ in range(30)))
        await asyncio.sleep(0.05)
        assert (site.open, site.connections, site.requests) == (3, 3, 30)
        await client.aclose()
        await asyncio.sleep(0.05)
        assert site.open == 0


async def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    site = Site(answer("200 OK", b"{}", "connection: close"))
    async with serving(site) as url:
        client = HttpxClient([url])
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
        client = HttpxClient([url], concurrency=8)
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
        client = HttpxClient([url])
        for _ in range(5):
            await client.send(get(url))
        await client.aclose()
    assert (site.connections, site.requests) == (1, 5)
