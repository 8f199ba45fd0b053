"""Targets of reliability as a table: a line for each figure, and the command that measures and prints them.

A miss is printed as a miss. In full the exit code is only for what could not be measured. A short run is for machines
that may do other things besides: what misses is measured once more, and what misses twice fails; what hangs on time is
told and not judged where the gateway had to wait for a processor.
"""

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.chaos.faults import warm
from tests.chaos.scene import Scene, scene

NO_LIMIT = float("inf")
REQUESTS = 200
_STEAL = 7
TURNS = 3
"""How often two loads take turns that are compared."""
BUSY_SHARE = 0.3
"""Who waits more than this for a processor, for each second of work, shares the machine with others than the bench."""


class Chosen(NamedTuple):
    """What is to be measured, and how much of it."""

    measures: tuple[str, ...] = ()
    short: bool = False
    requests: int = REQUESTS
    """How often R1 and R1b meet each fault."""
    every: bool = False
    """Whether R1 plays every fault of the table."""
    untimed: bool = False
    """Whether figures that hang on time are told and not judged."""

    def seconds(self, whole: float, short: float) -> float:
        """For how long."""
        return short if self.short else whole

    def times(self, whole: int, short: int) -> int:
        """How often."""
        return short if self.short else whole


class Line(NamedTuple):
    """One figure: a measured value, the most it may be, and how it is written."""

    target: str
    what: str
    measured: float
    most: float
    unit: str = ""
    least: float = -NO_LIMIT

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its bounds."""
        return self.least <= self.measured <= self.most

    def __str__(self) -> str:
        limit = f"<= {self.most:g}" if self.most < NO_LIMIT else f">= {self.least:g}"
        if self.least > -NO_LIMIT and self.most < NO_LIMIT:
            limit = f"{self.least:g} to {self.most:g}"
        if self.is_told_only:
            return f"{self.target:<4} {self.what:<66} {'':>12} {self.measured:>10.4g} {self.unit}".rstrip()
        verdict = "pass" if self.is_met else "MISS"
        return f"{self.target:<4} {self.what:<66} {limit:>12} {self.measured:>10.4g} {self.unit:<4} {verdict}"

    @property
    def is_told_only(self) -> bool:
        """Whether it has no bound, and is told for what it says of the others."""
        return self.most == NO_LIMIT and self.least == -NO_LIMIT


class Unmeasured(NamedTuple):
    """A target that was not measured, and why."""

    target: str
    what: str
    why: str

    @property
    def is_met(self) -> bool:
        """Nobody knows."""
        return True

    def __str__(self) -> str:
        return f"{self.target:<4} {self.what:<66} not measured: {self.why}"


class Unjudged(NamedTuple):
    """A figure that is told beside its target, whatever it is."""

    line: Line

    @property
    def is_met(self) -> bool:
        """Nobody asks."""
        return True

    def __str__(self) -> str:
        return f"{self.line}, not judged"


Told = Sequence[Line | Unmeasured | Unjudged]
Measures = Mapping[str, Callable[[Scene, Chosen], Awaitable[Told]]]


class Pressed:
    """How much a process waited for a processor while the block ran: of a machine that is busy figures say little."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.share = 0.0
        """Seconds of waiting for each second of work."""

    def __enter__(self) -> "Pressed":
        self._before = self._ran_and_waited()
        return self

    def __exit__(self, *_: object) -> None:
        ran, waited = (now - then for now, then in zip(self._ran_and_waited(), self._before, strict=True))
        self.share = waited / max(ran, 0.001)

    def _ran_and_waited(self) -> tuple[float, float]:
        """Of all threads together (seconds); what has ended meanwhile is left out."""
        ran = waited = 0.0
        for each in Path(f"/proc/{self._pid}/task").glob("*/schedstat"):
            with suppress(OSError):
                some = each.read_text().split()
                ran, waited = ran + int(some[0]) / 1e9, waited + int(some[1]) / 1e9
        return ran, waited

    def judged(self, chosen: Chosen, *timed: Line) -> Told:
        """Lines that hang on time: in a short run, where the machine was busy, what they are is told and not judged."""
        if not chosen.short or chosen.untimed or self.share <= BUSY_SHARE:
            return judged(chosen, *timed)
        why = f"the gateway waited {100 * self.share:.0f} % of its time for a processor"
        return [Unmeasured(each.target, each.what, f"{why} ({each.measured:.4g} {each.unit})") for each in timed]


def judged(chosen: Chosen, *timed: Line) -> Told:
    """Lines that hang on time: on a machine of which nothing is known, what they are is told and not judged."""
    return [Unjudged(line) for line in timed] if chosen.untimed else timed


def p99(values: Sequence[float]) -> float:
    """The value that one of a hundred exceeds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


def by_turns(turns: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float:
    """What the p99 of the first is of that of the second, the median of all turns: a machine's mood passes."""
    return statistics.median(p99(these) / p99(those) for these, those in turns)


async def measured(here: Scene, measures: Measures, chosen: Chosen) -> int:
    """Measure and print what was chosen; how many measures failed."""
    print(f"{'':<4} {'':<66} {'target':>12} {'measured':>10}", flush=True)
    return sum([not await _held(here, name, measures, chosen) for name in chosen.measures])


async def _held(here: Scene, name: str, measures: Measures, chosen: Chosen) -> bool:
    lines = await _lines(here, name, measures, chosen)
    if chosen.short and not _are_met(lines):
        print(f"{name.upper()}: once more, for a machine that does other things besides", flush=True)
        lines = await _lines(here, name, measures, chosen)
    return _are_met(lines) if chosen.short else bool(lines)


def _are_met(lines: Told) -> bool:
    return bool(lines) and all(each.is_met for each in lines)


async def _lines(here: Scene, name: str, measures: Measures, chosen: Chosen) -> Told:
    """The lines of one measure, printed; none where it could not be taken."""
    here.heal()
    try:
        lines = await measures[name](here, chosen)
    except (OSError, AssertionError, httpx.HTTPError, KeyError, ZeroDivisionError, IndexError) as failure:
        print(f"{name.upper()}: could not be measured ({type(failure).__name__}: {failure})", flush=True)
        return ()
    for line in lines:
        print(line, flush=True)
    return lines


def _ticks() -> list[int]:
    """What the processors' time went to since the machine began (hundredths of a second)."""
    return [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


def _stolen(before: Sequence[int]) -> float:
    """The share of the processors' time that their host gave to other machines since."""
    spent = [now - then for now, then in zip(_ticks(), before, strict=True)]
    return spent[_STEAL] / max(sum(spent), 1)


def main(prog: str, says: str, measures: Measures, given: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description=says)
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of {', '.join(measures)}; all by default")
    parser.add_argument("--short", action="store_true", help="each for seconds; fails where one misses twice")
    parser.add_argument("--untimed", action="store_true", help="what hangs on time is told and not judged")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how often R1 and R1b meet each fault")
    parser.add_argument("--every", action="store_true", help="R1 with every fault of the table")
    asked = parser.parse_args(given)
    if unknown := [name for name in asked.measures if name not in measures]:
        parser.error(f"there is no measure {unknown[0]}: choose from {', '.join(measures)}")
    chosen = Chosen(tuple(asked.measures or measures), asked.short, asked.requests, asked.every, asked.untimed)
    logging.disable(logging.CRITICAL)
    warm()
    began, before = time.perf_counter(), _ticks()
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as here:
        failed = asyncio.run(measured(here, measures, chosen))
    print(
        f"{time.perf_counter() - began:.0f} s, in which {100 * _stolen(before):.0f} % of the processors' time was given"
    )
    print("to other machines of the same host; this one may have been busy with other things besides")
    return 1 if failed else 0
