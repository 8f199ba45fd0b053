"""How cost grows: with the providers configured, the students of a list, the size of a plan, the plans kept."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import NamedTuple, TypeVar

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
    """How many rounds there are, how long a turn is, and whether only the small sizes are of interest."""

    rounds: int
    seconds: float
    is_quick: bool

    def some(self, sizes: Sequence[int]) -> Sequence[int]:
        """The sizes to measure."""
        return sizes[:2] if self.is_quick else sizes


HEADS = ("answers/s", "CPU ms", "p50 ms", "p99 ms", "RSS MiB", "source calls", "wrong")


K = TypeVar("K")
Turns = Mapping[K, list[Sample] | str]
"""The turns of each gateway, or why there are none."""


async def _by_turns(
    everybody: Mapping[K, Running], row: Row, pace: Pace, students: int, *, times: int = 1, as_it_is: bool = False
) -> Turns[K]:
    """Every gateway has its turn in each round: a machine's mood goes for all of them."""
    told: dict[K, list[Sample] | str] = {}
    timed: dict[K, tuple[Timing, list[Sample]]] = {}
    for key, one in everybody.items():
        timing, samples = Timing(one, row, students, times=times), list[Sample]()
        try:
            await timing.check()
            timed[key], told[key] = (timing, samples), samples
        except (Wrong, OSError, TimeoutError) as fault:
            told[key] = str(fault) or type(fault).__name__
    for _ in range(pace.rounds):
        for timing, samples in timed.values():
            samples.append(await timing.turn(pace.seconds, as_it_is=as_it_is))
    return told


def _figures(samples: list[Sample] | str, running: Running) -> tuple[str, ...]:
    """The medians of the turns; of what was wrong, all."""
    if isinstance(samples, str):
        return (samples, *[""] * (len(HEADS) - 1))
    return (
        f"{median(each.rate for each in samples):,.0f}",
        f"{median(each.cost for each in samples):.2f}",
        f"{median(each.quantile(0.5) for each in samples):.1f}",
        f"{median(each.quantile(0.99) for each in samples):.1f}",
        f"{resident_megabytes(running.pid):.0f}",
        f"{median(each.calls / len(each.seconds) for each in samples):.1f}",
        str(sum(each.wrong for each in samples)),
    )


async def providers(place: Place, pace: Pace) -> str:
    """One student at two of so many providers; who does not know where a student studies has to ask them all."""
    numbers, lines = pace.some(PROVIDERS), []
    with ExitStack() as stack:
        everybody = {
            (number, one.target.name): one
            for number in numbers
            for one in (await started((COLD, WARM, YOGA), replace(place, providers=number), stack))[0]
        }
        told = await _by_turns(everybody, Row(name="providers", title="", connections=8), pace, 20)
        for (number, name), samples in told.items():
            beside = _cost_beside(samples, told[numbers[0], name])
            lines.append((str(number), name, *_figures(samples, everybody[number, name]), beside))
    return table.table(("providers", "gateway", *HEADS, f"CPU of that with {numbers[0]}"), lines)


def _cost_beside(samples: list[Sample] | str, others: list[Sample] | str) -> str:
    """What the one costs of what the other costs, turn by turn."""
    if isinstance(samples, str) or isinstance(others, str):
        return ""
    return f"{median(mine.cost / its.cost for mine, its in zip(samples, others, strict=True)):.2f}"


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
            up, _ = await started((FLOORS[1], COLD, WARM, YOGA, TAILCALL), place, stack)
            everybody = {one.target.name: one for one in up}
            told = await _by_turns(everybody, row, pace, 10, times=times)
            lines += [(f"{size:,.0f}", name, *_figures(each, everybody[name])) for name, each in told.items()]
    for port in (place.ports["A"], place.ports["B"]):
        await ask(port, get(port, "/control/times/1"))
    return table.table(("kB a plan", "gateway", *HEADS), lines)


async def kept(place: Place, pace: Pace) -> str:
    """One student at a time of those whose plans are all kept; where filling takes a minute, some are read again."""
    lines = []
    # So many documents as students would not all be kept, and it would be parsing that is measured.
    row = Row(name="kept", title="", has_variable=True)
    for number in pace.some(PLANS_KEPT):
        with ExitStack() as stack:
            (one,), _ = await started([WARM], place, stack)
            told = await _by_turns({number: one}, row, pace, number // 2, as_it_is=True)
            lines.append((f"{number:,}", *_figures(told[number], one)))
    return table.table(("plans kept", *HEADS), lines)


SCALES: Mapping[str, Scale] = {
    "providers": Scale("One student at two of so many providers, 8 connections", providers),
    "lists": Scale("So many students in one question (ours in pages of 50), one question at a time", lists),
    "sizes": Scale("One student, plans of another size, 4 connections", sizes),
    "kept": Scale("One student out of those whose plans are kept, 16 connections", kept),
}
