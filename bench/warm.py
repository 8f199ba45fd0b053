"""What a warm read costs: ``python -m bench.warm``. One student with two providers' plans, everything kept already.

The sandbox's world behind the real connectors, read in process from the caller to the redacted view. Beside it stands
msgspec's decoding of the same two plans in the same run, so that a busy machine slows both; and how many functions are
called, which no other job changes. Totals are the least of all rounds, stages medians. ``--profile`` prints where the
time goes.
"""

import asyncio
import cProfile
import logging
import pstats
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

import hoks.looking
import hoks.merge
import hoks.showing
import hoks.viewing
from gateway.app import assemble
from gateway.settings_file import load
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid
from hoks.looking import Looking
from hoks.plan import Hoks
from hoks.questions import Questions
from hoks.reading import Reader
from hoks.showing import View
from sandbox.organisations import organisation
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import build_world
from tests.stories.conftest import PORT, Loopback, Timer, TimerClock

ROUNDS, READS = 15, 20
QUICK = (2, 3)
"""Rounds and reads of a run that only shows that it runs."""
SELECTED = frozenset({"Query.student", "Student.hoksit", "Student.studyRights"})
"""What is asked for where none of the views is."""
Read = Callable[[], Awaitable[Any]]


class Case(NamedTuple):
    """Who reads whom, and what is asked for."""

    name: str
    caller: Caller
    selected: frozenset[str] | None


class MovingClock(TimerClock):
    """The business day, on which time goes by as it does."""

    def now(self) -> datetime:
        """The moment."""
        return super().now() + timedelta(seconds=time.monotonic() - _BEGAN)


_BEGAN = time.monotonic()


@asynccontextmanager
async def reader(folder: Path) -> AsyncIterator[Reader]:
    """The gateway's reader over the sandbox, whose caches do not grow old."""
    world = build_world()
    lay_out(folder, world)
    config = folder / "gateway.toml"
    config.write_text(settings_text(PORT, folder))
    timer = Timer()
    parts = assemble(load(config), MovingClock(timer), Loopback(folder, world), timer)
    await parts.connected.warm()
    yield parts.reader
    await parts.aclose()


STUDENT = LearnerOid("1.2.246.562.98.98000000079")
"""With a right and a plan at A and at B."""
PROVIDER = OrganisationOid(organisation("A").oid)


def caller(role: Role, organisation: OrganisationOid | None, subject: str = "1.2.246.562.24.10000000012") -> Caller:
    """A caller acting in the one role held."""
    acting = HeldRole(role, organisation)
    return Caller(subject=PersonOid(subject), acting=acting, held=(acting,))


CASES = (
    Case("staff, every view", caller(Role.STAFF, PROVIDER), None),
    Case("staff, plans", caller(Role.STAFF, PROVIDER), SELECTED),
    Case("student, plans", caller(Role.STUDENT, None, STUDENT), SELECTED),
)

STAGES: Sequence[tuple[str, Any, str]] = (
    ("who is who", Questions, "people"),
    ("rights kept", Questions, "rights"),
    ("organisations", Questions, "tree"),
    ("what the sources say", hoks.looking, "words_on_rights"),
    ("rights merged", hoks.looking, "merge_rights"),
    ("decision", hoks.looking, "decide"),
    ("rights, facts, decision", Looking, "look"),
    ("plans kept", Questions, "plans"),
    ("plans merged", hoks.viewing, "merge"),
    ("plans stamped", hoks.merge, "stamp"),
    ("redaction", hoks.showing, "redact_plan"),
    ("ids of parts without a key", hoks.showing, "stamp_shown"),
    ("names", hoks.showing, "labelled"),
    ("views", hoks.showing, "with_views"),
    ("shown", hoks.viewing, "show"),
)
"""Each with what does it, with what is within it: those within stand before the whole."""


async def seconds(read: Read, times: int) -> float:
    """Seconds of processor time of one read, the mean of so many."""
    began = time.process_time()
    for _ in range(times):
        await read()
    return (time.process_time() - began) / times


async def stages(read: Read, times: int) -> dict[str, float]:
    """Seconds of each stage of one read; a clock at every stage slows the whole."""
    spent: dict[str, list[float]] = {}
    with timed(spent):
        for _ in range(times):
            for of_stage in spent.values():
                of_stage.append(0.0)
            await read()
    return {stage: median(each) for stage, each in spent.items()}


@contextmanager
def timed(spent: dict[str, list[float]]) -> Iterator[None]:
    """Meanwhile what each stage takes is added to the last figure of it."""
    instead = [(where, name, getattr(where, name)) for _, where, name in STAGES]
    for stage, where, name in STAGES:
        of_stage = spent.setdefault(stage, [])
        work = getattr(where, name)
        setattr(where, name, (_timed_wait if asyncio.iscoroutinefunction(work) else _timed)(work, of_stage))
    try:
        yield
    finally:
        for where, name, work in instead:
            setattr(where, name, work)


def _timed(work: Any, spent: list[float]) -> Any:
    def within(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return work(*given, **named)
        finally:
            spent[-1] += time.process_time() - began

    return within


def _timed_wait(work: Any, spent: list[float]) -> Any:
    async def within(*given: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return await work(*given, **named)
        finally:
            spent[-1] += time.process_time() - began

    return within


async def calls(read: Read) -> pstats.Stats:
    """The functions that one read calls."""
    profile = cProfile.Profile()
    profile.enable()
    await read()
    profile.disable()
    return pstats.Stats(profile)


def plans_of(view: View) -> tuple[Hoks, ...]:
    """The plans in a view."""
    return view.student.hoksit or ()


async def measured(folder: Path, *, quick: bool, with_profile: bool) -> None:
    """Print a row for each case, and its stages."""
    rounds, reads = QUICK if quick else (ROUNDS, READS)
    async with reader(folder) as here:
        work: dict[str, Read] = {}
        for case in CASES:
            work[case.name] = partial(here.students, case.caller, [STUDENT], selected=case.selected)
            seen = (await work[case.name]())[STUDENT]
            assert isinstance(seen, View) and len(plans_of(seen)) == 2, seen
        texts = [msgspec.json.encode(plan) for plan in plans_of(seen)]
        decode = msgspec.json.Decoder(Hoks).decode

        async def decoded() -> None:
            for text in texts:
                decode(text)

        print(f"two plans of {' and '.join(f'{len(text) / 1000:.1f} kB' for text in texts)}")
        everything = {"decoding both (msgspec)": decoded, **work}
        spent: dict[str, list[float]] = {name: [] for name in everything}
        for _ in range(rounds):
            for name, read in everything.items():
                spent[name].append(await seconds(read, reads))
        floor = min(spent["decoding both (msgspec)"])
        print(f"{'':<28} {'us':>8} {'of decoding':>12} {'calls':>8}")
        for name, read in everything.items():
            took = min(spent[name])
            stats: Any = await calls(read)
            called = stats.total_calls
            print(f"{name:<28} {1e6 * took:>8.0f} {took / floor:>12.1f} {called:>8}", flush=True)
        print("\nof these, us for:" + "".join(f"{name:>22}" for name in work))
        of_each = [await stages(read, rounds * 2) for read in work.values()]
        for stage, _, _ in STAGES:
            print(f"{stage:<28}" + "".join(f"{1e6 * each[stage]:>22.0f}" for each in of_each), flush=True)
        if with_profile:
            for name, read in work.items():
                print(f"\n{name}")
                (await calls(read)).sort_stats("cumtime").print_stats(60)


def main(*, quick: bool = False, with_profile: bool = False) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measured(Path(folder), quick=quick, with_profile=with_profile))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main(quick="--quick" in sys.argv[1:], with_profile="--profile" in sys.argv[1:])
