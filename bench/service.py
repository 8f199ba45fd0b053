"""What the service stands as a whole, measured on loopback and printed beside the target: ``make bench-service``.

Overload, fairness, memory, stalls, stopping, an outage of the issuer and many at once. ``ARGS='r5 r8'`` takes some
alone, ``--short`` each for seconds, within the same bounds. Who asks, the sources and the gateway are processes of
their own; they share the machine, so that ratios within one run say more than figures.
"""

import asyncio
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from bench import faults
from bench.arrivals import Answered, Asking, Stream, Target, asking, at_rate, page, request, times
from bench.faults import address_of, served
from bench.front import fronted, killed, rolled, slow, worker_killed
from bench.reliability import (
    NO_LIMIT,
    TURNS,
    Chosen,
    Line,
    Measures,
    Pressed,
    Told,
    Unmeasured,
    by_turns,
    judged,
    main,
    p99,
)
from sandbox.cast import cast, person_oid
from sandbox.issuer import AUDIENCE
from sandbox.organisations import organisation
from sandbox.settings import url
from tests.chaos.faults import ELIAS, FAULTS
from tests.chaos.proxy import HOST
from tests.chaos.scene import QUERY, Front, Heartbeat, Scene, gateway
from tests.chaos.worker import MB, answers, figure, worker

CROWD = 8
"""Students who ask, each about themself."""
AT_A_TIME = 8
PEOPLE = 20
_GAP = b"UNAVAILABLE"
"""In an answer that tells of a source that it did not answer, or that nothing can be told without it."""
SLOWEST = 10.0
"""Requests a second, of so few some are under way when an instance is stopped."""
VIEWERS = 50
TOGETHER = 50
"""At once, in a gateway that lets so many work."""
CAPABLE_SECONDS = 0.25
"""What 99 of 100 are answered in so long can be answered."""
BETWEEN_SECONDS = 3.0
"""Between two tokens under unknown keys, by the clock of the keys."""
MINUTE = 60.0
HOURS = 7


def crowd(here: Scene) -> list[bytes]:
    """A request of each student about themself."""
    return [
        request(here.token(f"student-{number}"), QUERY.replace(ELIAS, person_oid(number)))
        for number in range(1, CROWD + 1)
    ]


class Standing(NamedTuple):
    """A gateway of its own, who asks it, and what is asked."""

    pid: int
    address: str
    asks: Asking
    requests: Sequence[bytes]

    async def at(self, rate: float, seconds: float) -> list[Answered]:
        """What comes of so many requests a second."""
        (told,) = await self.asks.streams(seconds, Stream(self.address, self.requests, rate))
        return told

    async def most(self, seconds: float) -> float:
        """How many are answered a second, as fast as answers come."""
        return len(times(await self.asks.full(self.address, self.requests, AT_A_TIME, seconds))) / seconds

    async def capacity(self, seconds: float) -> float:
        """The highest rate, to within a tenth, at which 99 of 100 are answered in time."""
        # As fast as answers come is not as fast as can be: who waits for an answer does not ask.
        borne = await self.most(seconds / 3)
        while not await self._bears(borne, seconds):
            borne /= 2
        beyond = 1.5 * borne
        while await self._bears(beyond, seconds):
            borne, beyond = beyond, 1.5 * beyond
        while beyond > 1.1 * borne:
            between = (borne * beyond) ** 0.5
            borne, beyond = (between, beyond) if await self._bears(between, seconds) else (borne, between)
        return borne

    async def _bears(self, rate: float, seconds: float) -> bool:
        return p99([_waited(each) for each in await self.at(rate, seconds)]) <= CAPABLE_SECONDS


def _waited(answer: Answered) -> float:
    """How long somebody waited for an answer; who is refused has waited in vain for ever."""
    return answer.seconds if answer.status == 200 else NO_LIMIT


@asynccontextmanager
async def warm(here: Scene, chosen: Chosen) -> AsyncIterator[Standing]:
    """A fresh gateway that is warm."""
    async with served(here, through_proxies=False) as (pid, front):
        with asking() as asks:
            it = Standing(pid, address_of(front), asks, crowd(here))
            await it.most(chosen.seconds(10, 2))
            yield it


# --- R2, R6: as with failing sources --------------------------------------------------------------------------


async def r2(here: Scene, chosen: Chosen) -> Told:
    """What the gateway adds, at half of its capacity."""
    return await faults.r2(here, chosen)


async def r6(here: Scene, chosen: Chosen) -> Told:
    """Memory over hostile answers."""
    return await faults.r6(here, chosen)


# --- R5, R5b: more than can be answered -----------------------------------------------------------------------


async def r5(here: Scene, chosen: Chosen) -> Told:
    """Twice as much as can be answered, by turns with half as much."""
    usual, turns, told, could = list[float](), list[tuple[list[float], list[float]]](), list[Answered](), 0.0
    seconds, short = chosen.seconds(MINUTE, 3), chosen.seconds(20, 2)
    async with warm(here, chosen) as it:
        with Pressed(it.pid) as pressed:
            for _ in range(TURNS):
                capacity = await it.capacity(chosen.seconds(12, 1.5))
                could += capacity * seconds
                alone = times(await it.at(capacity / 2, short))
                these = await it.at(2 * capacity, seconds)
                turns.append((times(these), alone))
                usual += alone
                told += these
        recovered = await _recovered(it, capacity / 2, p99(usual))
        began_anew = _is_gone(it.pid)
    normal, shed = p99(usual), [each for each in told if each.status == 503]
    answered = 100 * len(times(told)) / could
    timed = pressed.judged(
        chosen,
        Line("R5", f"at 2 x {capacity:.0f} a second: answered, of what can be", answered, NO_LIMIT, "%", least=90),
        Line("R5", f"answered: p99, of {1000 * normal:.0f} ms at half", by_turns(turns), 2, "x"),
        Line("R5", f"refused: p99, of {len(shed)}", 1000 * p99(times(told, 503)), 100, "ms"),
        # What took too long to be answered at all comes without.
        Line("R5", "refused without Retry-After", sum(not each.retry_after for each in shed), 0),
    )
    return [
        *timed,
        Line("R5", "neither answered nor refused", sum(each.status not in (200, 503) for each in told), 0),
        *judged(chosen, Line("R5", "seconds until it is as before", recovered, 5, "s")),
        Line("R5", "processes that began anew", began_anew, 0),
    ]


async def _recovered(it: Standing, rate: float, normal: float) -> float:
    """Seconds until a quarter of a second has answers as before."""
    began = time.perf_counter()
    while (waited := time.perf_counter() - began) < 20:
        some = await it.at(rate, 0.25)
        if all(each.status == 200 for each in some) and p99(times(some)) <= 1.5 * normal:
            break
    return round(waited, 2)


async def r5b(here: Scene, chosen: Chosen) -> Told:
    """One who asks ten times as often as each of the others, who ask for half of what can be answered; by turns with
    the others alone."""
    turns, crowded = list[tuple[list[float], list[float]]](), list[tuple[list[float], list[float]]]()
    beside, greedy, most = list[Answered](), list[Answered](), list[Answered]()
    seconds = chosen.seconds(20, 3)
    async with warm(here, chosen) as it:
        with Pressed(it.pid) as pressed:
            for _ in range(TURNS):
                # What eight by turns are answered is more: what they tell is recorded together.
                capacity = await it.capacity(chosen.seconds(6, 1.5))
                each = capacity / (2 * CROWD)
                others = Stream(it.address, it.requests, CROWD * each)
                often = Stream(it.address, [request(here.token("staff-a"), QUERY)], 10 * each)
                (alone,) = await it.asks.streams(seconds, others)
                these, those = await it.asks.streams(seconds, others, often)
                turns.append(([_waited(answer) for answer in these], times(alone)))
                beside += these
                greedy += those
                # By ten times as much hardly more is asked than can be answered.
                these, _ = await it.asks.streams(seconds, others, often._replace(rate=2 * capacity - CROWD * each))
                crowded.append(([_waited(answer) for answer in these], times(alone)))
                most += these
    refused, of_most = (sum(answer.status != 200 for answer in told) for told in (beside, most))
    share = 100 * sum(each.status == 200 for each in greedy) / len(greedy)
    return [
        *pressed.judged(
            chosen, Line("R5b", "the others' p99 beside one who asks 10 x as much", by_turns(turns), 2, "x")
        ),
        Line("R5b", f"the others refused, of {len(beside)}", refused, NO_LIMIT),
        Line("R5b", "who asks so much: answered, of what was asked", share, NO_LIMIT, "%"),
        Line(
            "R5b", "where twice as much is asked as can be answered: the others' p99", by_turns(crowded), NO_LIMIT, "x"
        ),
        Line("R5b", f"and the others refused, of {len(most)}", of_most, NO_LIMIT),
    ]


# --- R7: the event loop ---------------------------------------------------------------------------------------

REJECTED: Mapping[str, str] = {
    "fields": "{ viewer { " + "role " * 4_000 + "} }",
    "aliases": "{ viewer { " + " ".join(f"a{place}: role" for place in range(3_000)) + " } }",
    "directives": "{ viewer { role " + "@include(if: true) " * 5_000 + "} }",
    "depth": "{ viewer " + "{ viewer " * 400 + "}" * 401,
    "fragments": "{ viewer { ...f0 } } "
    + " ".join(f"fragment f{place} on Viewer {{ ...f{place + 1} ...f{place + 1} }}" for place in range(18))
    + " fragment f18 on Viewer { role }",
}
LISTED = """{ students(first: 50) { edges { node {
  name studyRights { oid state } hoksit { studyRightOid plannedVocationalUnits { id acquisitions { id } } }
} } } }"""


async def r7(here: Scene, _: Chosen) -> Told:
    """Processor time of operations that are refused, of a large one that is not, and the longest stall."""
    refused = {}
    async with gateway(here) as front:
        # The first of each reads what is then kept.
        await front.ask("staff-a", LISTED)
        async with Heartbeat(here) as heart:
            for name, query in REJECTED.items():
                refused[name] = await _processor(front, query)
            accepted = await _processor(front, LISTED)
    worst = max(refused, key=refused.__getitem__)
    return [
        Line("R7", f"processor time of a refused operation (worst: {worst})", 1000 * refused[worst], 50, "ms"),
        Line("R7", "processor time of a page of fifty students", 1000 * accepted, 500, "ms"),
        Line("R7", "the longest stall meanwhile", 1000 * heart.longest, 100, "ms"),
    ]


async def _processor(front: Front, query: str) -> float:
    """The least processor time of three tries (seconds); the client's own is in it."""
    least = NO_LIMIT
    for place in range(3):
        began = time.thread_time()
        await front.ask("staff-a", query + " " * place)
        least = min(least, time.thread_time() - began)
    return least


# --- R8, R9: stopping and dying -------------------------------------------------------------------------------


async def r8(here: Scene, chosen: Chosen) -> Told:
    """Two instances under load; one is told to stop."""
    drain = 3.5
    with asking() as asks, instance(here, "first", drain) as first:
        # Ready before the second looks for a free port.
        await _ready(first.address)
        with instance(here, "second", drain) as second:
            await _ready(second.address)
            addresses, requests = [first.address, second.address], crowd(here)
            seconds = chosen.seconds(10, 2)
            # Each must bear the whole alone: half of what the slower can.
            for address in addresses:
                await asks.full(address, requests, AT_A_TIME, seconds / 2)
            most = min([len(times(await asks.full(each, requests, AT_A_TIME, seconds))) for each in addresses])
            rate = max(SLOWEST, most / seconds / 2)
            asked = asks.do(_fronted, addresses, requests, rate, drain + chosen.seconds(8, 3))
            load = asyncio.create_task(asked)
            await asyncio.sleep(1)
            told_at = time.perf_counter()
            os.kill(first.pid, signal.SIGTERM)
            async with asyncio.timeout(MINUTE):
                closed_at = await _closes(first.address)
                gone_at = await _ends(first.pid)
            sent, unready_at = await load
    failed = sum(each.status not in (200, 503) for each in sent)
    refused = sum(each.status == 503 for each in sent)
    unready = closed_at - (unready_at or closed_at)
    return [
        Line("R8", f"requests that failed, of {len(sent)} at {rate:.0f} a second", failed, 0),
        # Who is refused was not accepted: of these the target says nothing.
        Line("R8", "refused because of too many", refused, NO_LIMIT),
        Line("R8", "unready before its port closed", unready, 60, "s", least=2),
        Line("R8", "answers that ended their connection meanwhile", sum(a.closes for a in sent), NO_LIMIT, least=1),
        Line("R8", "ended after", gone_at - told_at, 10, "s"),
    ]


async def _fronted(
    addresses: Sequence[str], requests: Sequence[bytes], rate: float, seconds: float
) -> tuple[list[Answered], float | None]:
    """What comes of requests through a front, and when it saw the first instance unready."""
    front = _Front([Target(each) for each in addresses])
    watching = asyncio.create_task(front.watch())
    told = await at_rate(front.send, requests, rate, seconds)
    watching.cancel()
    front.close()
    return [each._replace(body=b"") for each in told], front.unready_at


class _Front:
    """What stands before two instances: sends to the first that is ready, as it last saw."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._ready = [True] * len(targets)
        self.unready_at: float | None = None

    async def send(self, content: bytes) -> Answered:
        """Send a request to whom it believes to be ready."""
        place = self._ready.index(True) if any(self._ready) else 0
        return await self._targets[place].send(content)

    async def watch(self) -> None:
        """Look who is ready, five times a second."""
        while True:
            for place, target in enumerate(self._targets):
                self._ready[place] = (await target.send(page("/ready"))).status == 200
                if place == 0 and not self._ready[0] and self.unready_at is None:
                    self.unready_at = time.perf_counter()
            await asyncio.sleep(0.2)

    def close(self) -> None:
        """Close the connections."""
        for each in self._targets:
            each.close()


async def r8b(here: Scene, chosen: Chosen) -> Told:
    """Two instances on PostgreSQL behind HAProxy: each killed, and both restarted in turn."""
    with fronted(here) as standing:
        seconds, requests = chosen.seconds(5, 1), crowd(here)
        return [
            *await killed(standing, requests, seconds),
            *await rolled(standing, requests, seconds),
        ]


async def r9(here: Scene, chosen: Chosen) -> Told:
    """One of two workers killed."""
    return await worker_killed(here, crowd(here), chosen.seconds(5, 1))


async def r16(here: Scene, chosen: Chosen) -> Told:
    """Slow clients through the front."""
    with fronted(here) as standing:
        return await slow(standing, crowd(here), chosen)


# --- R18: for long --------------------------------------------------------------------------------------------


async def r18(here: Scene, chosen: Chosen) -> Told:
    """Half of the capacity, five of a hundred calls to eHOKS failing; nothing is kept, so that every request calls."""
    seconds, log = chosen.seconds(10 * MINUTE, 30), here.folder / "worker.log"
    figures: list[tuple[float, int]] = []

    def with_proxy(text: str) -> str:
        near, far = f"{url(here.port, 'eHOKS')}/", f"http://{HOST}:{here.port_of('eHOKS')}/"
        return re.sub(r"(cache|kept)_seconds = 2", r"\1_seconds = 0", text).replace(near, far)

    async with served(here, through_proxies=False, change=with_proxy) as (pid, front):
        with asking() as asks:
            address, requests = address_of(front), crowd(here)
            await asks.full(address, requests, AT_A_TIME, chosen.seconds(MINUTE, 10))
            length = chosen.seconds(10, 3)
            most = len(times(await asks.full(address, requests, AT_A_TIME, length))) / length
            plan = here.play(FAULTS["status-503"], "head", share=0.05)
            before = await _open_files(pid)
            load = asyncio.create_task(asks.streams(seconds, Stream(address, requests, most / 2)))
            began = time.perf_counter()
            while not load.done():
                figures.append((time.perf_counter() - began, figure(pid, "VmRSS")))
                await asyncio.sleep(seconds / 300)
            (told,) = await load
            after = await _open_files(pid)
    settled = [each for each in figures if each[0] > seconds / 5]
    lost = re.findall("destroyed|never awaited|never retrieved|Traceback", log.read_text())
    grown = f"memory more in a minute, at {most / 2:.0f} a second"
    # The allocator needs minutes to settle.
    too_short = Unmeasured("R18", grown, f"{seconds:.0f} s say nothing of it; without --short it takes ten minutes")
    return [
        too_short if chosen.short else Line("R18", grown, _slope(settled) * MINUTE / MB, 1, "MB"),
        # Not while they ask: who asks keeps as many connections as were ever needed at once.
        Line("R18", f"open files more when nobody asks any more, than {before}", after - before, 5),
        Line("R18", "calls that failed", plan.met, NO_LIMIT, least=1),
        Line("R18", f"neither answered nor refused, of {len(told)}", sum(a.status not in (200, 503) for a in told), 0),
        Line("R18", "lines of lost tasks", len(lost), 0),
    ]


async def _open_files(pid: int) -> int:
    """How many files and connections a process has, once those of who asked are closed."""
    await asyncio.sleep(1)
    return len(os.listdir(f"/proc/{pid}/fd"))


def _slope(figures: Sequence[tuple[float, int]]) -> float:
    """Kilobytes a second, by least squares."""
    when = [each[0] for each in figures]
    middle, mean = sum(when) / len(when), sum(each[1] for each in figures) / len(figures)
    above = sum((moment - middle) * (each[1] - mean) for moment, each in zip(when, figures, strict=True))
    return above / (sum((moment - middle) ** 2 for moment in when) or 1)


# --- R20: the issuer ------------------------------------------------------------------------------------------


async def r20(here: Scene, chosen: Chosen) -> Told:
    """The issuer down: known keys, unknown ones, and how often it is asked."""
    began = time.monotonic()
    later = 0.0
    async with gateway(here, seconds=lambda: began + later) as front:
        plan = here.play(FAULTS["status-503"], "keys")
        known = []
        # Each has a token that was never seen before: its signature is checked anew, by a key that grows older.
        for hour in range(HOURS):
            later = 3600.0 * hour
            known.append((await front.ask(f"student-{hour + 1}", "{ viewer { role } }")).status)
        strange, walls, before = _strange_tokens(here, chosen.times(500, 100)), list[float](), plan.met
        for token in strange:
            later += BETWEEN_SECONDS
            told = await front.ask("", "{ viewer { role } }", token)
            assert told.status == 401
            walls.append(told.seconds)
        fetches = plan.met - before
    asked = len(strange) * BETWEEN_SECONDS
    return [
        Line("R20", "hours after which known keys still work", sum(s == 200 for s in known) - 1, HOURS, least=1),
        Line("R20", f"an unknown key is refused, p99 of {len(walls)}", 1000 * p99(walls), 50, "ms"),
        Line("R20", f"calls to the issuer in 30 s, over {asked:.0f} s", (fetches - 1) / asked * 30, 1),
    ]


def _strange_tokens(here: Scene, number: int) -> list[str]:
    """Tokens by a key that nobody published, each under another id."""
    key = ec.generate_private_key(ec.SECP256R1())
    claims = {"iss": url(here.port, "issuer"), "aud": AUDIENCE, "sub": ELIAS}
    return [jwt.encode(claims, key, algorithm="ES256", headers={"kid": f"key-{each}"}) for each in range(number)]


# --- R22: many at once ----------------------------------------------------------------------------------------


async def r22(here: Scene, chosen: Chosen) -> Told:
    """Everybody asks about everybody at once; each answer is what a fresh gateway told them when nobody else asked."""
    viewers = [
        (persona.persona, f"{held.role}@{organisation(held.organisation).oid}" if held.organisation else held.role)
        for persona in cast()
        for held in persona.roles
    ][:VIEWERS]
    asked = [
        request(here.token(persona), QUERY.replace(ELIAS, person_oid(number)), role)
        for persona, role in viewers
        for number in range(1, PEOPLE + 1)
    ]
    with asking() as asks:
        async with served(here, through_proxies=False) as (_, front):
            expected = await asks.do(_alone, address_of(front), asked)
        turns = chosen.times(50_000, 2_000)
        async with served(here, through_proxies=False, change=_for_all_together) as (_, front):
            came = await asks.do(_together, address_of(front), asked, expected, turns)
    what = f"{len(viewers)} viewers x {PEOPLE} students: answers that differ, of {came.total()}"
    return [
        Line("R22", "different answers that were expected", len(set(expected)), NO_LIMIT, least=VIEWERS),
        Line("R22", what, came["other"], 0),
        Line("R22", "told of a source that did not answer in time", came["gap"], NO_LIMIT),
        Line("R22", "not answered in time", came["failed"], NO_LIMIT),
    ]


def _for_all_together(settings: str) -> str:
    """So that all are under way at once, and take the time that it takes."""
    every = f"working = {TOGETHER}\ncrowded = {TOGETHER}\neach = {TOGETHER}\nwaiting_seconds = 20"
    return re.sub(r"(?m)^request_seconds = .*", "request_seconds = 20", settings) + f"\n[overload]\n{every}\n"


async def _alone(address: str, asked: Sequence[bytes]) -> list[bytes]:
    """What each is answered while nobody else asks, and every source answers in time."""
    target, told = Target(address), list[bytes]()
    for each in asked:
        tries = 0
        while _GAP in (body := (await target.send(each)).body) and tries < 5:
            tries += 1
        told.append(body)
    target.close()
    return told


async def _together(address: str, asked: Sequence[bytes], expected: Sequence[bytes], turns: int) -> Counter[str]:
    """How answers compare with what was expected, where many ask at once."""
    target, came, drawn = Target(address), Counter[str](), random.Random(22)

    async def one() -> None:
        while came["same"] + came["other"] < turns:
            place = drawn.randrange(len(asked))
            answer = await target.send(asked[place])
            came[_compared(answer, expected[place])] += 1

    await asyncio.gather(*(one() for _ in range(TOGETHER)))
    target.close()
    return came


def _compared(answer: Answered, expected: bytes) -> str:
    if answer.status != 200:
        return "failed"
    if answer.body == expected:
        return "same"
    return "gap" if _GAP in answer.body else "other"


# --- processes ------------------------------------------------------------------------------------------------


class Instance(NamedTuple):
    """A gateway process."""

    pid: int
    address: str


@contextmanager
def instance(here: Scene, name: str, drain: float) -> Iterator[Instance]:
    """A gateway that goes on serving for so long after it was told to stop."""

    def own(text: str) -> str:
        drained = re.sub(r"(?m)^drain_seconds = .*", f"drain_seconds = {drain}", text)
        return drained.replace("/records/records.db", f"/{name}/records.db")

    with worker(here, here.folder / f"{name}.log", through_proxies=False, change=own) as (pid, address):
        yield Instance(pid, address)


async def _ready(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        await answers(client)


async def _closes(address: str) -> float:
    """The moment when nobody is let in any more."""
    host, _, port = address.removeprefix("http://").partition(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
        except OSError:
            return time.perf_counter()
        await asyncio.sleep(0.02)


async def _ends(pid: int) -> float:
    """The moment when a process of ours has ended."""
    while not _is_gone(pid):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return time.perf_counter()


def _is_gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


MEASURES: Measures = {each.__name__: each for each in (r2, r5, r5b, r6, r7, r8, r8b, r9, r16, r18, r20, r22)}


if __name__ == "__main__":
    sys.exit(main("bench.service", "What the service stands, beside the targets.", MEASURES))
