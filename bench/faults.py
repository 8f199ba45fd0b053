"""What failing sources cost, measured on loopback and printed beside the target: ``make bench-faults``.

The gateway is a real process before the sandbox's real servers, with the fault proxy between. ``make bench-faults
ARGS='r3 r6'`` takes some alone, ``--every`` has R1 play every fault of the table that fails a source, and
``--requests`` says how often each is met.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import httpx

from bench.arrivals import Stream, asking, post, request, times
from bench.reliability import NO_LIMIT, Chosen, Line, Measures, Pressed, Told, main, p99
from connectors.breaker import Breaker, State
from connectors.client import HttpClient, Outgoing, opintopolku_headers
from connectors.failures import Reason, SourceFailure
from connectors.limits import DEFAULT_SECONDS
from hoks.outcomes import FAILED
from sandbox.settings import USERNAME, secrets_in, url
from tests.chaos.expected import EXPECTED
from tests.chaos.faults import ELIAS, FAULTS, KINDS
from tests.chaos.proxy import HOST
from tests.chaos.scene import QUERY, SECONDS, Front, Scene
from tests.chaos.scene import Told as Answer
from tests.chaos.worker import MB, answers, counted_anew, figure, worker

R1_FAULTS = (
    *(("refuse", "plan"), ("black-hole", "koski"), ("drip", "plan"), ("stall-at-99-percent", "koski")),
    *(("reset-mid-body", "plan"), ("chunked-without-end", "koski"), ("gzip-bomb", "koski"), ("html-200", "plan")),
    *(("million-empty-objects", "koski"), ("status-503", "plan"), ("429-seconds", "koski"), ("other-student", "plan")),
)
R1_AT_A_TIME = 6
R1_SECONDS = SECONDS + 0.05
R2_SECONDS = 10.0
R2_AT_A_TIME = 4
SKIPPED_CALLS = 200
PROBED_SECONDS = 12.0
CLOSING_SECONDS = 40.0
R4_RATE = 100
R4_SECONDS = 5.0
R6_WARMING = 500
R6_GOOD = 4
HUGE = ("gzip-bomb", "million-empty-objects", "100000-deep", "huge-string", "10-mb-of-text", "1-mb-header")
CALL_SECONDS = 2.0


@asynccontextmanager
async def served(
    here: Scene, *, through_proxies: bool = True, change: Callable[[str], str] = str
) -> AsyncIterator[tuple[int, Front]]:
    """A fresh gateway process: its id, and a front end that has asked once."""
    here.heal()
    log = here.folder / "worker.log"
    with worker(here, log, through_proxies=through_proxies, change=change) as (pid, address):
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
            await answers(client)
            front = Front(here, client)
            await front.ask("student-7")
            yield pid, front


def address_of(front: Front) -> str:
    """Where the gateway behind a front end listens."""
    return str(front._client.base_url).rstrip("/")


async def many(work: Callable[[], Awaitable[Answer]], times: int, at_a_time: int) -> list[Answer]:
    """The same question many times over, several at a time."""
    slots = asyncio.Semaphore(at_a_time)

    async def one() -> Answer:
        async with slots:
            return await work()

    return await asyncio.gather(*(one() for _ in range(times)))


# --- R1, R1b: what fails costs its own data alone -------------------------------------------------------------


def every_fault() -> tuple[tuple[str, str], ...]:
    """Every fault of the table that fails the study rights or the plans, with the kind of call that it fails."""
    failing = (
        (name, [kind for kind in ("plan", "koski") if kinds.get(kind) in FAILED]) for name, kinds in EXPECTED.items()
    )
    return tuple((name, kinds[0]) for name, kinds in failing if kinds)


async def r1(here: Scene, chosen: Chosen) -> list[Line]:
    """One source failing, fault by fault, each before a fresh gateway."""
    in_time = same = explicit = asked = 0
    slowest = 0.0
    for name, kind in every_fault() if chosen.every else R1_FAULTS:
        async with served(here) as (_, front):
            whole = await front.ask("student-7")
            here.play(FAULTS[name], kind)
            told = await many(partial(front.ask, "student-7"), chosen.requests, R1_AT_A_TIME)
        source = KINDS[kind].source
        asked += len(told)
        in_time += sum(each.status == 200 and each.wall <= R1_SECONDS for each in told)
        same += sum(each.plans.get("c-table") == whole.plans["c-table"] for each in told)
        explicit += sum(source in each.gaps and each.gaps == {source: each.sources.get(source)} for each in told)
        slowest = max(slowest, *(each.wall for each in told))
    return [
        Line("R1", f"answered 200 within {R1_SECONDS:g} s, of {asked}", in_time, NO_LIMIT, least=asked),
        Line("R1", "the other sources' data identical", same, NO_LIMIT, least=asked),
        Line("R1", "the failed source named as the only gap", explicit, NO_LIMIT, least=asked),
        Line("R1", "slowest answer", slowest, R1_SECONDS, "s"),
    ]


async def r1b(here: Scene, chosen: Chosen) -> list[Line]:
    """Every source failing."""
    async with served(here) as (_, front):
        here.play_all(FAULTS["black-hole"])
        student = await many(partial(front.ask, "student-7"), chosen.requests, R1_AT_A_TIME)
        staff = await many(partial(front.ask, "staff-a"), chosen.requests, R1_AT_A_TIME)
    said = sum("a-koski" in each.gaps for each in student) + sum(each.codes == ["UNAVAILABLE"] for each in staff)
    asked = len(student) + len(staff)
    return [Line("R1b", f"all sources down: told as a gap or an error, of {asked}", said, NO_LIMIT, least=asked)]


# --- R2: what the gateway adds --------------------------------------------------------------------------------


async def r2(here: Scene, chosen: Chosen) -> Told:
    """At half of what four at once can get: without faults, and with one breaker open. No proxy between.

    Koski takes longest for an answer: it is asked beside, as often, by the same process.
    """
    async with served(here, through_proxies=False) as (pid, front):
        with asking() as asks:
            address, requests = address_of(front), [request(here.token("student-7"), QUERY)]
            seconds = chosen.seconds(R2_SECONDS, 4)
            await asks.full(address, requests, R2_AT_A_TIME, seconds / 2)
            told = await asks.full(address, requests, R2_AT_A_TIME, seconds / 2)
            capacity = len(times(told)) / (seconds / 2)
            ours = Stream(address, requests, capacity / 2)
            koski = Stream(url(here.port, "Koski"), [_koski(here)], capacity / 2)
            with Pressed(pid) as pressed:
                healthy, source = map(times, await asks.streams(seconds, ours, koski))
                async with _failing(here, "a-ehoks"):
                    await asks.full(address, requests, R2_AT_A_TIME, 1)
                    broken, _ = map(times, await asks.streams(seconds, ours, koski))
    over, more = p99(healthy) - p99(source), p99(broken) - p99(healthy)
    return pressed.judged(
        chosen,
        Line("R2", f"p99 at {capacity / 2:.0f} a second over Koski's own", 1000 * over, 25, "ms"),
        Line("R2", "p99 more with eHOKS's breaker open", 1000 * more, 10, "ms"),
    )


@asynccontextmanager
async def _failing(here: Scene, source: str) -> AsyncIterator[None]:
    """A source that is out of service, by the sandbox's own control."""
    control = f"{url(here.port, 'issuer')}/faults/{source}"
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.put(control, json={"fault": "503"})).raise_for_status()
        try:
            yield
        finally:
            await client.put(control, json={"fault": "none"})


def _koski(here: Scene) -> bytes:
    """A question about one student, as the gateway asks it."""
    _, asked = _client(here)
    return post("/koski/api/sure/oids", asked.headers, asked.body)


# --- R3, R4, R15: the outgoing client -------------------------------------------------------------------------


class Unmoved(Breaker):
    """A breaker that never opens, so that retries are seen alone."""

    def judge(self, *_: object) -> None:
        """Nothing."""


def _client(
    here: Scene, base: str = "", *, breaker: Breaker | None = None, seconds: float = DEFAULT_SECONDS
) -> tuple[HttpClient, Outgoing]:
    """A client of Koski, through the proxy where nothing else is said, and a question about one student."""
    base = base or f"http://{HOST}:{here.port_of('Koski')}"
    login = base64.b64encode(f"{USERNAME}:{secrets_in(here.folder).koski_password}".encode()).decode()
    headers = opintopolku_headers("bench") | {"authorization": f"Basic {login}"}
    body = json.dumps([ELIAS]).encode()
    request = Outgoing(method="POST", url=f"{base}/koski/api/sure/oids", headers=headers, body=body)
    return HttpClient([base], source="bench", concurrency=50, breaker=breaker, seconds=seconds), request


async def _sent(client: HttpClient, request: Outgoing) -> Reason | None:
    try:
        answer = await client.send(request)
        return None if answer.status == 200 else Reason.STATUS
    except SourceFailure as failure:
        return failure.reason


async def r3(here: Scene, _chosen: Chosen) -> list[Line]:
    """Opening, skipping, probing and closing of one breaker."""
    here.heal()
    plan = here.play(FAULTS["status-503"], "koski")
    client, request = _client(here)
    while await _sent(client, request) is not Reason.OPEN:
        if plan.met > 1000:
            break
    until_open = plan.met
    skipped = []
    for _ in range(SKIPPED_CALLS):
        # Beside it, in this same process, run the servers: what they and others take is no cost of the call.
        began, kept = time.perf_counter(), here.kept_waiting()
        if await _sent(client, request) is Reason.OPEN:
            skipped.append(max(0.0, time.perf_counter() - began - (here.kept_waiting() - kept)))
    before, began = plan.met, time.perf_counter()
    while time.perf_counter() < began + PROBED_SECONDS:
        await _sent(client, request)
        await asyncio.sleep(0.02)
    probes = (plan.met - before) / PROBED_SECONDS * 5
    here.heal()
    calls = here.proxies["Koski"].calls.total()
    began = time.perf_counter()
    while client.condition.breaker is not State.CLOSED and time.perf_counter() < began + CLOSING_SECONDS:
        await _sent(client, request)
        await asyncio.sleep(0.02)
    good = here.proxies["Koski"].calls.total() - calls
    await client.aclose()
    return [
        Line("R3", "calls at a source that fails until it is left alone", until_open, 20),
        Line("R3", "a skipped call, p99", 1000 * p99(skipped), 5, "ms"),
        Line("R3", "tries of the failing source in five seconds", probes, 1),
        Line("R3", "good tries until it is asked as before", good, 3, least=3),
    ]


async def r4(here: Scene, _chosen: Chosen) -> list[Line]:
    """Tries for each request while everything fails, without a breaker that would hide them."""
    lines = []
    for name, what, most in (
        ("close-before-headers", f"tries for each request, all failing at {R4_RATE} a second", 1.10),
        ("reset-mid-body", "tries for each request that failed after the first byte", 1.0),
    ):
        here.heal()
        plan = here.play(FAULTS[name], "koski")
        client, request = _client(here, breaker=Unmoved(), seconds=CALL_SECONDS)
        sent: list[asyncio.Task[Reason | None]] = []
        ends = time.perf_counter() + R4_SECONDS
        while time.perf_counter() < ends:
            sent.append(asyncio.create_task(_sent(client, request)))
            await asyncio.sleep(1 / R4_RATE)
        reasons = await asyncio.gather(*sent)
        reached = sum(reason not in (Reason.BUSY, Reason.LATE) for reason in reasons)
        lines.append(Line("R4", what, plan.met / reached, most))
        await client.aclose()
    return lines


async def r15(here: Scene, _chosen: Chosen) -> list[Line]:
    """A byte now and then, without end: when the call is cut off."""
    here.heal()
    here.play(FAULTS["drip"], "koski")
    client, request = _client(here, breaker=Unmoved(), seconds=CALL_SECONDS)

    async def one() -> float:
        began = time.perf_counter()
        assert await _sent(client, request) is Reason.TIMEOUT
        return time.perf_counter() - began

    late = [1000 * (seconds - CALL_SECONDS) for seconds in await asyncio.gather(*(one() for _ in range(20)))]
    await client.aclose()
    return [Line("R15", "a drip is cut off this much after its time, at most", max(late, key=abs), 50, "ms", least=-50)]


# --- R6: memory -----------------------------------------------------------------------------------------------


async def r6(here: Scene, _chosen: Chosen) -> list[Line]:
    """The worker's own figures over the hostile answers, each of every kind of source."""
    most, unmet = 0, []
    async with served(here) as (pid, front):
        # So many answers it takes until everything is in memory that is kept there.
        await many(partial(front.ask, "student-7"), R6_WARMING, 2)
        usual = figure(pid, "VmRSS")
        for name in HUGE:
            for kind in ("plan", "koski", "onr", "organisaatio"):
                before = counted_anew(pid)
                plan = here.play(FAULTS[name], kind)
                await front.ask("student-7")
                most = max(most, figure(pid, "VmHWM") - before)
                unmet += [] if plan.met else [f"{name} of {kind}"]
                here.heal()
                # Enough good answers between two hostile ones that no breaker hides the next.
                for _ in range(R6_GOOD):
                    await front.ask("student-7")
        after = figure(pid, "VmRSS")
    assert not unmet, f"hidden by a breaker: {unmet}"
    return [
        Line("R6", "most memory that one answer took", most / MB, 32, "MB"),
        Line("R6", "memory of the worker after all of them", after / MB, 300, "MB"),
        Line("R6", "of what it had before", 100 * after / usual, 110, "%", least=90),
    ]


MEASURES: Measures = {each.__name__: each for each in (r1, r1b, r2, r3, r4, r6, r15)}


if __name__ == "__main__":
    sys.exit(main("bench.faults", "What failing sources cost, beside the targets.", MEASURES))
