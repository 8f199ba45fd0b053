"""The client before sick sources: how often they are asked, how long a request waits, and what is known afterwards."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from connectors.breaker import Breaker, State
from connectors.client import HttpClient, Incoming, Outgoing
from connectors.failures import Reason, SourceFailure
from connectors.koski import KoskiSettings, KoskiSource
from connectors.retries import RetryBudget
from hoks.asking import ask, ending, unhurried
from hoks.identifiers import LearnerOid
from hoks.outcomes import Outcome, Reply
from hoks.student import Person
from tests.connectors.loopback import Site, answer, get, serving
from tests.connectors.test_breaker import Timer
from tests.connectors.wires import PROVIDER, StillClock, learner

HERE = "http://127.0.0.1:9"
OK = answer()


async def outcome_of(call: Coroutine[Any, Any, Incoming]) -> Reason | int:
    """The reason of a failure, or the status."""
    try:
        return (await call).status
    except SourceFailure as failure:
        return failure.reason


def standing_in(
    answered: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]], **options: Any
) -> HttpClient:
    return HttpClient([HERE], transport=httpx.MockTransport(answered), **options)


def now() -> float:
    return asyncio.get_running_loop().time()


# --- one deadline ---------------------------------------------------------------------------------------------


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_a_drip_is_cut_at_the_deadline_within_fifty_milliseconds() -> None:
    async with serving(drip) as url:
        client = HttpClient([url], seconds=0.4)
        began = now()
        assert await outcome_of(client.send(get(url))) is Reason.TIMEOUT
        took = now() - began
        await client.aclose()
    assert abs(took - 0.4) <= 0.05


async def test_a_drip_is_cut_when_the_stage_ends_where_that_is_earlier() -> None:
    async with serving(drip) as url:
        client = HttpClient([url], seconds=5)
        began = now()
        with ending(began + 0.3):
            assert await outcome_of(client.send(get(url))) is Reason.TIMEOUT
        took = now() - began
        await client.aclose()
    assert 0.25 <= took < 0.3


async def test_the_calls_own_deadline_counts_where_the_stage_ends_later() -> None:
    async with serving(drip) as url:
        client = HttpClient([url], seconds=0.2)
        began = now()
        with ending(began + 5):
            assert await outcome_of(client.send(get(url))) is Reason.TIMEOUT
        took = now() - began
        await client.aclose()
    assert abs(took - 0.2) <= 0.05


@pytest.mark.parametrize("left", [-10.0, 0.0, 0.02])
async def test_a_call_without_time_is_not_sent(left: float) -> None:
    site = Site(OK)
    async with serving(site) as url:
        client = HttpClient([url])
        with ending(now() + left):
            assert await outcome_of(client.send(get(url))) is Reason.LATE
        await client.aclose()
    assert site.connections == 0
    assert client.condition.skipped == 1


async def test_the_wait_for_a_turn_is_part_of_the_deadline() -> None:
    site = Site(OK, seconds=0.5)
    async with serving(site) as url:
        client = HttpClient([url], seconds=1.0, concurrency=1)
        began = now()
        first, second = (asyncio.create_task(outcome_of(client.send(get(url)))) for _ in range(2))
        await asyncio.sleep(0)
        with ending(began + 0.75):
            third = await outcome_of(client.send(get(url)))
        waited = now() - began
        assert (await first, await second, third) == (200, Reason.TIMEOUT, Reason.BUSY)
        took = now() - began
        await client.aclose()
    assert waited < 0.95
    assert took < 1.2


async def test_shared_work_is_not_cut_by_the_stage_of_who_began_it() -> None:
    async with serving(Site(OK, seconds=0.2)) as url:
        client = HttpClient([url])
        with ending(now() + 0.05):
            shared = unhurried(client.send(get(url)))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(shared), 0.05)
        assert (await shared).status == 200
        await client.aclose()


# --- the breaker over HTTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["500 E", "502 E", "503 E", "504 E", "599 E", "408 E", "429 E", "302 Found"])
async def test_a_failing_status_opens_the_breaker_within_twenty_calls(status: str) -> None:
    site = Site(answer(status))
    async with serving(site) as url:
        client = HttpClient([url])
        found = [await outcome_of(client.send(get(url))) for _ in range(100)]
        await client.aclose()
    assert site.requests <= 20
    assert found[site.requests :] == [Reason.OPEN] * (100 - site.requests)


@pytest.mark.parametrize(
    "status", ["200 OK", "204 None", "400 E", "401 E", "403 E", "404 E", "409 E", "418 E", "423 E"]
)
async def test_an_answer_is_an_answer_even_where_it_refuses(status: str) -> None:
    site = Site(answer(status, b""))
    async with serving(site) as url:
        client = HttpClient([url])
        for _ in range(50):
            await client.send(get(url))
        await client.aclose()
    assert (site.requests, client.condition.breaker) == (50, State.CLOSED)


@pytest.mark.parametrize(
    "broken",
    [
        answer("200 OK", b"x" * 2_000),
        answer("200 OK", b"no gzip", "content-encoding: gzip"),
        answer("200 OK", b"{}", "content-encoding: br"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\nno gzip!!",
        b"nonsense\r\n\r\n",
    ],
)
async def test_an_answer_that_cannot_be_taken_in_is_a_failure_of_the_source(broken: bytes) -> None:
    site = Site(broken)
    async with serving(site) as url:
        client = HttpClient([url], max_bytes=1_000)
        found = [await outcome_of(client.send(get(url))) for _ in range(30)]
        await client.aclose()
    assert site.requests <= 20
    assert found[-1] is Reason.OPEN


async def test_calls_at_once_before_a_dead_source_are_few_and_those_that_wait_are_refused_when_it_opens() -> None:
    site = Site(answer("500 E"), seconds=0.05)
    async with serving(site) as url:
        client = HttpClient([url], concurrency=8)
        began = now()
        found = await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(60)))
        took = now() - began
        await client.aclose()
    assert site.requests <= 20
    assert found.count(Reason.OPEN) == 60 - site.requests
    assert took < 0.5


async def test_a_source_that_is_slow_counts_as_failing() -> None:
    site = Site(OK, seconds=0.17)
    async with serving(site) as url:
        client = HttpClient([url], seconds=0.2, concurrency=20)
        await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(20)))
        assert await outcome_of(client.send(get(url))) is Reason.OPEN
        await client.aclose()


async def test_a_black_hole_is_called_no_more_than_twenty_times() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"never")

    async with serving(silent) as url:
        client = HttpClient([url], seconds=0.1)
        found = [await outcome_of(client.send(get(url))) for _ in range(30)]
        await client.aclose()
    assert found == [Reason.TIMEOUT] * 5 + [Reason.OPEN] * 25


async def test_a_refused_call_costs_less_than_five_milliseconds() -> None:
    async with serving(Site(answer("500 E"))) as url:
        client = HttpClient([url])
        for _ in range(5):
            await client.send(get(url))
        began = now()
        for _ in range(200):
            assert await outcome_of(client.send(get(url))) is Reason.OPEN
        took = now() - began
        await client.aclose()
    assert took / 200 <= 0.005


async def test_a_source_that_recovers_is_tried_three_times_and_then_asked_as_before() -> None:
    timer = Timer()
    site = Site(answer("500 E"))
    async with serving(site) as url:
        client = HttpClient([url], breaker=Breaker(now=timer, jitter=lambda: 0.0))
        for _ in range(5):
            await client.send(get(url))
        site.answer, before = OK, site.requests
        for _ in range(3):
            timer.seconds += 5
            calls = [outcome_of(client.send(get(url))) for _ in range(10)]
            assert sorted(await asyncio.gather(*calls), key=str) == [200] + [Reason.OPEN] * 9
        assert site.requests == before + 3
        found = await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(10)))
        await client.aclose()
    assert found == [200] * 10


async def test_a_try_of_a_sick_source_is_the_only_one() -> None:
    timer = Timer()
    server = Resetting(1_000)
    async with serving(server) as url:
        client = HttpClient(
            [url], breaker=Breaker(now=timer, jitter=lambda: 0.0), budget=RetryBudget(now=timer, jitter=lambda: 0.0)
        )
        for _ in range(5):
            assert await outcome_of(client.send(get(url))) is Reason.STREAM
        before = server.requests
        timer.seconds += 11  # the budget is whole again
        assert await outcome_of(client.send(get(url))) is Reason.STREAM
        await client.aclose()
    assert (server.requests - before, client.condition.retries) == (1, 3)


# --- wishes of the source -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["429 Slow down", "503 Later"])
@pytest.mark.parametrize("wish", ["1", "-1", "garbage", "315360000", "Sat, 19 Sep 2093 14:13:20 GMT"])
async def test_a_wish_to_wait_opens_the_breaker_at_once_and_for_thirty_seconds_at_most(status: str, wish: str) -> None:
    timer = Timer()
    site = Site(answer(status, b"", f"retry-after: {wish}"))
    async with serving(site) as url:
        client = HttpClient([url], breaker=Breaker(now=timer, jitter=lambda: 1.0))
        first = await client.send(get(url))
        with pytest.raises(SourceFailure) as caught:
            await client.send(get(url))
        timer.seconds += 30
        await client.send(get(url))
        await client.aclose()
    assert str(first.status) == status[:3]
    assert caught.value.reason is Reason.OPEN
    assert caught.value.outcome is (Outcome.THROTTLED if status.startswith("429") else Outcome.UNAVAILABLE)
    assert site.requests == 2


async def test_a_wish_with_another_status_is_none() -> None:
    async with serving(Site(answer("200 OK", b"{}", "retry-after: 30"))) as url:
        client = HttpClient([url])
        for _ in range(3):
            await client.send(get(url))
        assert client.condition.breaker is State.CLOSED
        await client.aclose()


# --- through a connector ---------------------------------------------------------------------------------------


@asynccontextmanager
async def koski_at(url: str) -> AsyncIterator[KoskiSource]:
    client = HttpClient([url], source="a-koski")
    own = KoskiSettings(
        id="a-koski", provider=PROVIDER, base_url=url, username="gateway", password_file="unused", caller_id="1.test"
    )
    yield KoskiSource(own, client, StillClock(), "secret")
    await client.aclose()


async def rights_of(koski: KoskiSource, people: list[Person], seconds: float) -> dict[str, Outcome]:
    keys = [person.oid for person in people]
    reply: Reply[LearnerOid, Any] = await ask(
        koski.rights(people), keys, source="a-koski", until=now() + seconds, clock=StillClock()
    )
    return {key: answer.outcome for key, answer in reply.answers.items()}


PEOPLE = [Person(oid=learner(1)), Person(oid=learner(2))]


async def test_a_connector_still_speaks_for_itself_when_its_stage_ends(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Site(OK, seconds=5)) as url, koski_at(url) as koski:
        began = now()
        found = await rights_of(koski, PEOPLE, 0.3)
        took = now() - began
    assert found == {learner(1): Outcome.UNAVAILABLE, learner(2): Outcome.UNAVAILABLE}
    assert took < 0.35
    assert "source a-koski: UNAVAILABLE (timeout) x 1" in caplog.text
    assert "no answer within" not in caplog.text


@pytest.mark.parametrize(
    ("status", "outcome"), [("429 Slow down", Outcome.THROTTLED), ("503 Later", Outcome.UNAVAILABLE)]
)
async def test_while_a_source_is_left_alone_every_key_says_why(status: str, outcome: Outcome) -> None:
    site = Site(answer(status, b"", "retry-after: 20"))
    async with serving(site) as url, koski_at(url) as koski:
        found = [await rights_of(koski, PEOPLE, 3) for _ in range(3)]
    assert found == [{learner(1): outcome, learner(2): outcome}] * 3
    assert site.requests == 1


# --- requests that gave up ------------------------------------------------------------------------------------


async def given_up(client: HttpClient, url: str, seconds: float, times: int) -> None:
    for _ in range(times):
        call = asyncio.create_task(client.send(get(url)))
        await asyncio.sleep(seconds)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_request_that_goes_away_early_blames_nobody_and_leaves_its_place() -> None:
    site = Site(OK, seconds=0.1)
    async with serving(site) as url:
        client = HttpClient([url], concurrency=2)
        await given_up(client, url, 0.02, times=20)
        assert client.condition.breaker is State.CLOSED
        assert await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(2))) == [200, 200]
        await client.aclose()


async def test_requests_that_go_away_after_most_of_a_calls_time_say_that_the_source_is_slow() -> None:
    async with serving(Site(OK, seconds=5)) as url:
        client = HttpClient([url], seconds=0.2)
        await given_up(client, url, 0.18, times=5)
        assert client.condition.breaker is State.OPEN
        await client.aclose()


async def test_a_stage_that_ends_too_soon_for_any_source_blames_nobody() -> None:
    async with serving(Site(OK, seconds=0.2)) as url:
        client = HttpClient([url])
        for _ in range(10):
            with ending(now() + 0.06):
                assert await outcome_of(client.send(get(url))) is Reason.TIMEOUT
        assert client.condition.breaker is State.CLOSED
        await client.aclose()


async def test_a_stage_that_was_long_enough_blames_the_source_that_did_not_answer_in_it() -> None:
    async with serving(Site(OK, seconds=5)) as url:
        client = HttpClient([url], seconds=60, concurrency=8)
        with ending(now() + 0.6):
            await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(5)))
        assert client.condition.breaker is State.OPEN
        await client.aclose()


async def test_a_try_whose_request_goes_away_leaves_the_next_one_its_turn() -> None:
    timer = Timer()
    site = Site(answer("500 E"))
    async with serving(site) as url:
        client = HttpClient([url], breaker=Breaker(now=timer, jitter=lambda: 0.0))
        for _ in range(5):
            await client.send(get(url))
        site.answer, site.seconds = OK, 0.1
        timer.seconds += 5
        await given_up(client, url, 0.02, times=1)
        assert await outcome_of(client.send(get(url))) is Reason.OPEN
        timer.seconds += 5
        assert await outcome_of(client.send(get(url))) == 200
        await client.aclose()


# --- asking again ---------------------------------------------------------------------------------------------


class Resetting:
    """A server that ends its first connections, after so many bytes of an answer, and answers on the later ones."""

    def __init__(self, times: int, said: bytes = b"") -> None:
        self.times = times
        self.said = said
        self.requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            self.requests += 1
            if self.requests <= self.times:
                writer.write(self.said)
                await writer.drain()
                return
            writer.write(OK)
            await writer.drain()


async def test_a_connection_that_ended_before_the_first_byte_is_tried_once_more() -> None:
    server = Resetting(1)
    async with serving(server) as url:
        client = HttpClient([url])
        assert await outcome_of(client.send(get(url))) == 200
        await client.aclose()
    assert (server.requests, client.condition.retries, client.condition.calls) == (2, 1, 1)


async def test_a_post_that_only_reads_is_tried_once_more_too() -> None:
    server = Resetting(1)
    async with serving(server) as url:
        client = HttpClient([url])
        assert await outcome_of(client.send(Outgoing(method="POST", url=url))) == 200
        await client.aclose()
    assert server.requests == 2


async def test_it_is_tried_once_more_and_no_more_than_that() -> None:
    server = Resetting(2)
    async with serving(server) as url:
        client = HttpClient([url])
        assert await outcome_of(client.send(get(url))) is Reason.STREAM
        await client.aclose()
    assert server.requests == 2


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 200", OK[:-1]])
async def test_after_the_first_byte_of_an_answer_it_is_never_tried_again(said: bytes) -> None:
    server = Resetting(1, said)
    async with serving(server) as url:
        client = HttpClient([url])
        assert await outcome_of(client.send(get(url))) is Reason.STREAM
        await client.aclose()
    assert (server.requests, client.condition.retries) == (1, 0)


async def test_what_must_not_be_repeated_is_sent_once() -> None:
    server = Resetting(1)
    async with serving(server) as url:
        client = HttpClient([url])
        login = Outgoing(method="POST", url=url, repeatable=False)
        assert await outcome_of(client.send(login)) is Reason.STREAM
        await client.aclose()
    assert server.requests == 1


async def test_of_many_calls_that_all_fail_no_more_than_a_tenth_is_sent_again() -> None:
    attempts = 0

    async def refuse(_: httpx.Request) -> httpx.Response:
        nonlocal attempts
        attempts += 1
        raise httpx.ConnectError("refused")

    class Never(Breaker):
        """A breaker that lets everything through, so that the budget alone holds."""

        def would_admit(self) -> bool:
            return True

    requests = 300  # of a hundred in a second, three seconds
    budget = RetryBudget(now=asyncio.get_running_loop().time)
    client = standing_in(refuse, breaker=Never(jitter=lambda: 0.0), budget=budget, concurrency=100, waiting=1_000)

    async def one(number: int) -> None:
        await asyncio.sleep(number * 0.01)
        await outcome_of(client.send(get(HERE)))

    await asyncio.gather(*map(one, range(requests)))
    await client.aclose()
    assert attempts / requests <= 1.10


async def test_with_the_breaker_a_dead_source_hears_far_less_than_that() -> None:
    attempts = 0

    async def refuse(_: httpx.Request) -> httpx.Response:
        nonlocal attempts
        attempts += 1
        raise httpx.ConnectError("refused")

    client = standing_in(refuse, concurrency=8, waiting=1_000)
    await asyncio.gather(*(outcome_of(client.send(get(HERE))) for _ in range(300)))
    await client.aclose()
    assert attempts <= 20
    assert client.condition.retries <= 3


# --- those who wait -------------------------------------------------------------------------------------------


async def test_when_enough_wait_one_more_is_refused_at_once() -> None:
    site = Site(OK, seconds=0.2)
    async with serving(site) as url:
        client = HttpClient([url], concurrency=2, waiting=3)
        calls = [asyncio.create_task(outcome_of(client.send(get(url)))) for _ in range(5)]
        await asyncio.sleep(0.05)
        began = now()
        assert await outcome_of(client.send(get(url))) is Reason.BUSY
        assert now() - began < 0.005
        assert await asyncio.gather(*calls) == [200] * 5
        assert await outcome_of(client.send(get(url))) == 200
        await client.aclose()
    assert (site.requests, client.condition.breaker) == (6, State.CLOSED)


async def test_with_no_room_to_wait_calls_run_or_are_refused() -> None:
    async with serving(Site(OK, seconds=0.05)) as url:
        client = HttpClient([url], concurrency=2, waiting=0)
        found = await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(5)))
        await client.aclose()
    assert sorted(found, key=str) == [200, 200, Reason.BUSY, Reason.BUSY, Reason.BUSY]


async def test_who_stops_waiting_makes_room() -> None:
    async with serving(Site(OK, seconds=0.1)) as url:
        client = HttpClient([url], concurrency=1, waiting=1)
        running = asyncio.create_task(outcome_of(client.send(get(url))))
        await asyncio.sleep(0.02)
        waiting = asyncio.create_task(outcome_of(client.send(get(url))))
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.sleep(0)
        another = asyncio.create_task(outcome_of(client.send(get(url))))
        assert [await running, await another] == [200, 200]
        await client.aclose()


# --- what is known afterwards ---------------------------------------------------------------------------------


async def test_the_condition_of_a_source_is_plain_and_does_not_change_under_its_reader() -> None:
    site = Site(answer("500 E"))
    async with serving(site) as url:
        client = HttpClient([url], source="a-koski")
        before = client.condition
        for _ in range(7):
            await outcome_of(client.send(get(f"{url}/oppija/1.2.246.562.24.00000000001")))
        after = client.condition
        await client.aclose()
    assert (before.calls, before.failures) == (0, {})
    assert (after.source, after.breaker, after.calls, after.retries, after.skipped) == (
        "a-koski",
        State.OPEN,
        5,
        0,
        2,
    )
    assert after.failures == {Reason.STATUS: 5, Reason.OPEN: 2}
    said = msgspec.json.encode(msgspec.structs.asdict(after) | {"failures": dict(after.failures)})
    assert b"1.2.246" not in said
    assert b"127.0.0.1" not in said


async def test_the_log_says_once_that_a_breaker_opened_and_once_that_it_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    timer = Timer()
    site = Site(answer("500 E"), seconds=0.01)
    async with serving(site) as url:
        client = HttpClient([url], source="a-koski", breaker=Breaker(now=timer, jitter=lambda: 0.0))
        await asyncio.gather(*(outcome_of(client.send(get(url))) for _ in range(30)))
        site.answer = OK
        for _ in range(3):
            timer.seconds += 5
            await client.send(get(url))
        await client.aclose()
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == ["source a-koski: breaker open", "source a-koski: breaker closed"]
