"""How cost grows: with the providers configured, the students of a list, the size of a plan, the plans kept."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from bench import table, world
from bench.floors import FLOORS
from bench.load import Sample, ask, get, processor_seconds, request, resident_megabytes
from bench.ours import COLD, WARM
from bench.peers import TAILCALL, YOGA
from bench.plain import PLAIN
from bench.question import LISTED
from bench.rows import Plans, Row, Timing, Wrong, calls, right
from bench.targets import Place, Relayed, Running, started

PROVIDERS = (2, 20, 200)
LISTS = (1, 10, 50, 500)
TIMES = (0, 1, 5, 50)
"""How often the units of a plan are repeated."""
PLANS_KEPT = (100, 1_000, 10_000)
MOST_LISTED = 50
"""Students on one page of ours; more are read page after page."""


class Scale(NamedTuple):
    """A table of how something grows."""

    title: str
    table: Callable[[Place, "Pace"], Awaitable[str]]


class Pace(NamedTuple):
    """How long a turn is, and whether only the small sizes are of interest."""

    seconds: float
    is_quick: bool

    def some(self, sizes: Sequence[int]) -> Sequence[int]:
        """The sizes to measure."""
        return sizes[:2] if self.is_quick else sizes


HEADS = ("answers/s", "CPU ms", "p50 ms", "p99 ms", "RSS MiB", "source calls", "wrong")


def _figures(sample: Sample, running: Running) -> tuple[str, ...]:
    return (
        f"{sample.rate:,.0f}",
        f"{sample.cost:.2f}",
        f"{sample.quantile(0.5):.1f}",
        f"{sample.quantile(0.99):.1f}",
        f"{resident_megabytes(running.pid):.0f}",
        f"{sample.calls / len(sample.seconds):.1f}",
        str(sample.wrong),
    )


async def _turn(
    one: Running, row: Row, pace: Pace, students: int, *, times: int = 1, as_it_is: bool = False
) -> tuple[str, ...]:
    """The figures of one turn, or why there are none."""
    timing = Timing(one, row, students, times=times)
    try:
        await timing.check()
    except (Wrong, OSError, TimeoutError) as fault:
        return (str(fault) or type(fault).__name__, *[""] * (len(HEADS) - 1))
    return _figures(await timing.turn(pace.seconds, as_it_is=as_it_is), one)


async def providers(place: Place, pace: Pace) -> str:
    """One student at two of so many providers; who does not know where a student studies has to ask them all."""
    lines = []
    row = Row(name="providers", title="", connections=8)
    for number in pace.some(PROVIDERS):
        for target in (COLD, WARM, YOGA):
            with ExitStack() as stack:
                for one in (await started([target], replace(place, providers=number), stack))[0]:
                    lines.append((str(number), target.name, *await _turn(one, row, pace, 20)))
    return table.table(("providers", "gateway", *HEADS), lines)


async def lists(place: Place, pace: Pace) -> str:
    """So many students in one question, one question at a time."""
    lines = []
    with ExitStack() as stack:
        everybody, _ = await started((COLD, WARM, PLAIN, YOGA, TAILCALL), place, stack)
        for number in pace.some(LISTS):
            for one in everybody:
                lines.append((str(number), one.target.name, *await _listed(one, number)))
    return table.table(("students", "gateway", "ms", "CPU ms a student", "source calls a student", "right"), lines)


async def _listed(one: Running, number: int) -> tuple[str, ...]:
    """The best of a few readings, for each of which nothing but what is kept is known."""
    seconds, processor, counted, is_right = [], [], 0, True
    for _ in range(3):
        await calls(one.place)
        before, began = processor_seconds(one.pid), time.perf_counter()
        told = [each async for each in _pages(one, number)]
        seconds.append(time.perf_counter() - began)
        processor.append(processor_seconds(one.pid) - before)
        counted = sum((await calls(one.place)).values())
        is_right = is_right and told == [right(each, LISTED) for each in range(number)]
    return (
        f"{1000 * min(seconds):.1f}",
        f"{1000 * min(processor) / number:.2f}",
        f"{counted / number:.1f}",
        "yes" if is_right else "no",
    )


async def _pages(one: Running, number: int) -> AsyncIterator[Plans]:
    """The plans of each of so many students, read page after page where a page holds no more."""
    dialect, after = one.target.dialect, ""
    left = number
    while left > 0:
        first = min(left, MOST_LISTED) if isinstance(dialect, Relayed) else left
        document = (
            dialect.page(LISTED, first, after) if isinstance(dialect, Relayed) else dialect.several(LISTED, first)
        )
        body = one.target.body(document or "")
        payload = request(one.port, one.target.path, body, one.target.headers(one.place, "staff"))
        _, told = await ask(one.port, payload)
        answer = json.loads(told)
        for plans in dialect.students(answer):
            yield plans
        after = dialect.cursor(answer) if isinstance(dialect, Relayed) else ""
        left -= first


async def sizes(place: Place, pace: Pace) -> str:
    """One student at a time, the units of both plans so many times over."""
    lines = []
    for times in pace.some(TIMES):
        for port in (place.ports["A"], place.ports["B"]):
            await ask(port, get(port, f"/control/times/{times}"))
        size = sum(len(world.plan_bytes(0, provider, times)) for provider in (0, 1)) / 2000
        row = Row(name="sizes", title="", connections=4)
        with ExitStack() as stack:
            for one in (await started((FLOORS[1], COLD, WARM, YOGA, TAILCALL), place, stack))[0]:
                lines.append((f"{size:,.0f}", one.target.name, *await _turn(one, row, pace, 10, times=times)))
    for port in (place.ports["A"], place.ports["B"]):
        await ask(port, get(port, "/control/times/1"))
    return table.table(("kB a plan", "gateway", *HEADS), lines)


async def kept(place: Place, pace: Pace) -> str:
    """One student at a time of those whose plans are all kept; where filling takes a minute, some are read again."""
    lines = []
    for number in pace.some(PLANS_KEPT):
        with ExitStack() as stack:
            for one in (await started([WARM], place, stack))[0]:
                row = Row(name="kept", title="")
                lines.append((f"{number:,}", *await _turn(one, row, pace, number // 2, as_it_is=True)))
    return table.table(("plans kept", *HEADS), lines)


SCALES: Mapping[str, Scale] = {
    "providers": Scale("One student at two of so many providers, 8 connections", providers),
    "lists": Scale("So many students in one question (ours in pages of 50), one question at a time", lists),
    "sizes": Scale("One student, plans of another size, 4 connections", sizes),
    "kept": Scale("One student out of those whose plans are kept, 16 connections", kept),
}
