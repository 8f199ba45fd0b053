"""What the service stands as a whole, measured on loopback and printed beside the target: ``make bench-service``.

Overload, fairness, memory, stalls, stopping, an outage of the issuer and many at once. A miss is printed as a miss; a
target that cannot be measured here is printed with the reason. ``ARGS='r5 r8'`` takes some alone, ``--short`` only
shows that each can be measured. The load shares the machine with the gateway: ratios say more than figures.
"""

import argparse
import asyncio
import logging
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from bench import faults
from bench.arrivals import Answered, Target, at_rate, closed, page, request, times
from bench.faults import NO_LIMIT, Line, p99, served
from bench.front import fronted, killed, rolled, slow, worker_killed
from sandbox.cast import cast, person_oid
from sandbox.issuer import AUDIENCE
from sandbox.settings import url
from tests.chaos.faults import ELIAS, FAULTS, warm
from tests.chaos.scene import QUERY, Front, Heartbeat, Scene, gateway, scene
from tests.chaos.worker import MB, answers, figure, worker

CROWD = 8
"""Students who ask, each about themself."""
AT_A_TIME = 8
PEOPLE = 20
_GAP = b"UNAVAILABLE"
"""In an answer that tells of a source that it did not answer, or that nothing can be told without it."""
VIEWERS = 50
MINUTE = 60.0
HOURS = 7


class Chosen(NamedTuple):
    """What is to be measured, and for how long."""

    measures: tuple[str, ...]
    short: bool

    def seconds(self, whole: float, short: float) -> float:
        """For how long."""
        return short if self.short else whole

    def times(self, whole: int, short: int) -> int:
        """How often."""
        return short if self.short else whole


class Unmeasured(NamedTuple):
    """A target that was not measured, and why."""

    target: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.target:<4} {self.what:<58} not measured: {self.why}"


Told = Sequence[Line | Unmeasured]


def crowd(here: Scene) -> list[bytes]:
    """A request of each student about themself."""
    return [
        request(here.token(f"student-{number}"), QUERY.replace(ELIAS, person_oid(number)))
        for number in range(1, CROWD + 1)
    ]


async def capacity(target: Target, requests: Sequence[bytes], chosen: Chosen) -> tuple[float, float]:
    """Answers a second as fast as they come, and the seconds that 99 of 100 take at half of that."""
    seconds = chosen.seconds(10, 2)
    await closed(target, requests, AT_A_TIME, seconds / 4)
    most = len(times(await closed(target, requests, AT_A_TIME, seconds))) / seconds
    normal = await at_rate(target.send, requests, most / 2, seconds)
    return most, p99(times(normal))


# --- R2, R6: as with failing sources --------------------------------------------------------------------------


async def r2(here: Scene, _: Chosen) -> Told:
    """What the gateway adds, at half of its capacity."""
    return await faults.r2(here, faults.Chosen((), 0, False))


async def r6(here: Scene, _: Chosen) -> Told:
    """Memory over hostile answers."""
    return await faults.r6(here, faults.Chosen((), 0, False))


# --- R5, R5b: more than can be answered -----------------------------------------------------------------------


async def r5(here: Scene, chosen: Chosen) -> Told:
    """Twice as much as can be answered, four times as much, and afterwards."""
    lines = []
    async with served(here, through_proxies=False) as (pid, front):
        target, requests = Target(address_of(front)), crowd(here)
        most, normal = await capacity(target, requests, chosen)
        seconds = chosen.seconds(MINUTE, 4)
        told = await at_rate(target.send, requests, 2 * most, seconds)
        shed = [each for each in told if each.status == 503]
        good = len(times(told)) / seconds
        lines += [
            Line(
                "R5",
                f"at 2 x {most:.0f} a second: answered, of what can be",
                100 * good / most,
                NO_LIMIT,
                "%",
                least=90,
            ),
            Line("R5", "answered: p99 of what it is at half", p99(times(told)) / normal, 2, "x"),
            Line("R5", "refused: p99", 1000 * p99(times(told, 503)), 100, "ms"),
            Line("R5", "refused without Retry-After", sum(not each.retry_after for each in shed), 0),
            Line("R5", "neither answered nor refused", sum(each.status not in (200, 503) for each in told), 0),
        ]
        lines.append(Line("R5", "seconds until it is as before", await _recovered(target, requests, normal), 5, "s"))
        told = await at_rate(target.send, requests, 4 * most, seconds / 4)
        good = len(times(told)) / (seconds / 4)
        lines.append(Line("R5", "at 4 x: answered, of what can be", 100 * good / most, NO_LIMIT, "%", least=70))
        lines.append(Line("R5", "still the same process", figure(pid, "VmRSS") > 0, 1, least=1))
        target.close()
    return lines


async def _recovered(target: Target, requests: Sequence[bytes], normal: float) -> float:
    """Seconds until answers come in the time that they take at half."""
    began = time.perf_counter()
    while time.perf_counter() - began < 20:
        some = await asyncio.gather(*(target.send(each) for each in requests[:2]))
        if all(each.status == 200 and each.seconds <= max(normal, 0.05) for each in some):
            break
    return time.perf_counter() - began


async def r5b(here: Scene, chosen: Chosen) -> Told:
    """One who asks ten times as often as each of the others."""
    async with served(here, through_proxies=False) as (_, front):
        target, requests = Target(address_of(front)), crowd(here)
        most, _normal = await capacity(target, requests, chosen)
        seconds, each_rate = chosen.seconds(30, 4), most / (2 * CROWD)
        alone = await at_rate(target.send, requests, CROWD * each_rate, seconds)
        greedy = [request(here.token("staff-a"), QUERY)]
        beside, _ = await asyncio.gather(
            at_rate(target.send, requests, CROWD * each_rate, seconds),
            at_rate(target.send, greedy, 10 * each_rate, seconds),
        )
        target.close()
    refused = sum(each.status != 200 for each in beside)
    return [
        Line("R5b", "the others' p99 beside one who asks 10 x as much", p99(times(beside)) / p99(times(alone)), 2, "x"),
        Line("R5b", f"the others refused, of {len(beside)}", 100 * refused / len(beside), 0, "%"),
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
        for name, query in REJECTED.items():
            refused[name] = await _processor(front, query)
        await front.ask("staff-a", LISTED)
        async with Heartbeat(here) as heart:
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
    drain = chosen.seconds(3, 2.5)
    with instance(here, "first", drain) as first:
        # Ready before the second looks for a free port.
        await _ready(first.address)
        with instance(here, "second", drain) as second:
            await _ready(second.address)
            targets = [Target(first.address), Target(second.address)]
            # Each must bear the whole alone: so much as the slower of two beside each other can, and half of that.
            both = await asyncio.gather(*(capacity(each, crowd(here), chosen) for each in targets))
            rate = min(most for most, _ in both) / 2
            front = _Front(targets)
            watching = asyncio.create_task(front.watch())
            load = asyncio.create_task(at_rate(front.send, crowd(here), rate, drain + chosen.seconds(8, 3)))
            await asyncio.sleep(1)
            told_at = time.perf_counter()
            os.kill(first.pid, signal.SIGTERM)
            async with asyncio.timeout(MINUTE):
                closed_at = await _closes(first.address)
                gone_at = await _ends(first.pid)
            sent = await load
            watching.cancel()
            for each in targets:
                each.close()
    failed = sum(each.status not in (200, 503) for each in sent)
    refused = sum(each.status == 503 for each in sent)
    unready = closed_at - (front.unready_at or closed_at)
    return [
        Line("R8", f"requests that failed, of {len(sent)} at {rate:.0f} a second", failed, 0),
        Line("R8", "refused because of too many", refused, len(sent) / 20),
        Line("R8", "unready before its port closed", unready, 60, "s", least=2),
        Line("R8", "answers that ended their connection meanwhile", sum(a.closes for a in sent), NO_LIMIT, least=1),
        Line("R8", "ended after", gone_at - told_at, 10, "s"),
    ]


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
        return await slow(standing, crowd(here), chosen.seconds(20, 5))


# --- R18: for long --------------------------------------------------------------------------------------------


async def r18(here: Scene, chosen: Chosen) -> Told:
    """Half of the capacity, with a source that fails now and then."""
    seconds, log = chosen.seconds(10 * MINUTE, 12), here.folder / "worker.log"
    figures: list[tuple[float, int, int]] = []
    async with served(here) as (pid, front):
        target, requests = Target(address_of(front)), crowd(here)
        most, _ = await capacity(target, requests, chosen)
        # Five of a hundred calls of one source fail.
        here.play(FAULTS["status-503"], "plan", share=0.05)
        load = asyncio.create_task(at_rate(target.send, requests, most / 2, seconds))
        began = time.perf_counter()
        while not load.done():
            await asyncio.sleep(seconds / 60)
            figures.append((time.perf_counter() - began, figure(pid, "VmRSS"), len(os.listdir(f"/proc/{pid}/fd"))))
        told = await load
        target.close()
    settled = [each for each in figures if each[0] > seconds / 5]
    lost = re.findall("destroyed|never awaited|never retrieved|Traceback", log.read_text())
    return [
        Line("R18", f"memory more in a minute, over {seconds:.0f} s", _slope(settled) * MINUTE / MB, 1, "MB"),
        Line("R18", "open files more at the end", settled[-1][2] - settled[0][2], 5, least=-NO_LIMIT),
        Line("R18", f"neither answered nor refused, of {len(told)}", sum(a.status not in (200, 503) for a in told), 0),
        Line("R18", "lines of lost tasks", len(lost), 0),
    ]


def _slope(figures: Sequence[tuple[float, int, int]]) -> float:
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
        plan = here.play(FAULTS["refuse"], "keys")
        known = []
        # Each has a token that was never seen before: its signature is checked anew, by a key that grows older.
        for hour in range(HOURS):
            later = 3600.0 * hour
            known.append((await front.ask(f"student-{hour + 1}", "{ viewer { role } }")).status)
        strange, walls, before = _strange_tokens(here, chosen.times(500, 50)), [], plan.met
        for token in strange:
            told = await front.ask("", "{ viewer { role } }", token)
            assert told.status == 401
            walls.append(told.seconds)
        fetches = plan.met - before
    return [
        Line("R20", "hours after which known keys still work", sum(s == 200 for s in known) - 1, HOURS, least=1),
        Line("R20", "an unknown key is refused, p99", 1000 * p99(walls), 50, "ms"),
        Line("R20", f"calls to the issuer for {len(walls)} unknown keys", fetches, 2),
    ]


def _strange_tokens(here: Scene, number: int) -> list[str]:
    """Tokens by a key that nobody published, each under another id."""
    key = ec.generate_private_key(ec.SECP256R1())
    claims = {"iss": url(here.port, "issuer"), "aud": AUDIENCE, "sub": ELIAS}
    return [jwt.encode(claims, key, algorithm="ES256", headers={"kid": f"key-{each}"}) for each in range(number)]


# --- R22: many at once ----------------------------------------------------------------------------------------


async def r22(here: Scene, chosen: Chosen) -> Told:
    """Everybody asks about everybody at once; each answer is what it is when nobody else asks."""
    personas = [each.persona for each in cast()][:VIEWERS]
    pairs = [(who, number) for who in personas for number in range(1, PEOPLE + 1)]
    async with served(here, through_proxies=False) as (_, front):
        target = Target(address_of(front))
        asked = {pair: request(here.token(pair[0]), QUERY.replace(ELIAS, person_oid(pair[1]))) for pair in pairs}
        expected = {}
        for pair in pairs:
            expected[pair] = (await target.send(asked[pair])).body
        wrong = refused = late = 0
        drawn = random.Random(22)
        turns = chosen.times(50_000, 500)
        for _ in range(turns // 50):
            some = drawn.choices(pairs, k=50)
            for pair, answer in zip(some, await asyncio.gather(*(target.send(asked[p]) for p in some)), strict=True):
                says_so = _GAP in answer.body and answer.body != expected[pair]
                refused += answer.status == 503
                late += says_so
                wrong += answer.status not in (200, 503) or (
                    answer.status == 200 and answer.body != expected[pair] and not says_so
                )
        target.close()
    what = f"{len(personas)} viewers x {PEOPLE} students: answers that differ, of {turns}"
    return [
        Line("R22", what, wrong, 0),
        Line("R22", "refused because of too many", refused, turns / 10),
        Line("R22", "told of a source that did not answer in time", late, turns / 100),
    ]


# --- processes ------------------------------------------------------------------------------------------------


class Instance(NamedTuple):
    """A gateway process."""

    pid: int
    address: str


@contextmanager
def instance(here: Scene, name: str, drain: float) -> Iterator[Instance]:
    """A gateway that goes on serving for so long after it was told to stop."""
    inner = here.settings

    def settings(_: str, *, change: Callable[[str], str] = str, through_proxies: bool = True) -> Path:
        def both(text: str) -> str:
            return re.sub(r"(?m)^drain_seconds = .*", f"drain_seconds = {drain}", change(text)).replace(
                "/records/records.db", f"/{name}/records.db"
            )

        return inner(name, change=both, through_proxies=False)

    here.settings = settings  # type: ignore[method-assign, assignment]  # other settings, for one gateway
    try:
        with worker(here, here.folder / f"{name}.log") as (pid, address):
            here.settings = inner  # type: ignore[method-assign]  # its own method again
            yield Instance(pid, address)
    finally:
        here.settings = inner  # type: ignore[method-assign]  # its own method again


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


def address_of(front: Front) -> str:
    """Where the gateway behind a front end listens."""
    return str(front._client.base_url).rstrip("/")


MEASURES: Mapping[str, Callable[[Scene, Chosen], Awaitable[Told]]] = {
    each.__name__: each for each in (r2, r5, r5b, r6, r7, r8, r8b, r9, r16, r18, r20, r22)
}


async def measured(here: Scene, chosen: Chosen) -> int:
    """Measure and print what was chosen; how many measures could not be taken."""
    print(f"{'':<4} {'':<58} {'target':>14} {'measured':>10}", flush=True)
    broken = 0
    for name in chosen.measures:
        here.heal()
        try:
            for line in await MEASURES[name](here, chosen):
                print(line, flush=True)
        except (OSError, AssertionError, httpx.HTTPError, KeyError, ZeroDivisionError, IndexError) as failure:
            broken += 1
            print(f"{name}: could not be measured ({type(failure).__name__}: {failure})", flush=True)
    return broken


def _arguments() -> Chosen:
    parser = argparse.ArgumentParser(prog="bench.service", description="What the service stands, beside the targets.")
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of {', '.join(MEASURES)}; all by default")
    parser.add_argument("--short", action="store_true", help="only show that each can be measured")
    given = parser.parse_args()
    if unknown := [name for name in given.measures if name not in MEASURES]:
        parser.error(f"there is no measure {unknown[0]}: choose from {', '.join(MEASURES)}")
    return Chosen(tuple(given.measures or MEASURES), given.short)


def main() -> int:
    """The exit code: 0, or 1 where something could not be measured."""
    chosen = _arguments()
    logging.disable(logging.CRITICAL)
    warm()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as here:
        broken = asyncio.run(measured(here, chosen))
    print(f"{time.perf_counter() - began:.0f} s; figures of a machine that may have been busy with other things")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
