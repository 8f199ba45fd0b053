"""Gateways side by side, in one run on this machine: ``make bench``.

The load and the sources have one core, the gateway whose turn it is the other; in each round each has its turn.
"""

import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench import facts, scaling, table
from bench.floors import FLOORS
from bench.ours import OURS, WITHOUT
from bench.peers import PEERS_TO_BEAT
from bench.plain import PLAIN
from bench.rows import ROWS, Row, measured
from bench.scene import place
from bench.targets import LOAD_CORE, Place, Running, Target, started

TARGETS: tuple[Target, ...] = (*FLOORS, *OURS, *WITHOUT, PLAIN, *PEERS_TO_BEAT)


class Pace(NamedTuple):
    """How long everything takes."""

    rounds: int
    seconds: float
    students: int
    """How many students are asked about in turn."""


FULL, QUICK = Pace(3, 1.5, 100), Pace(1, 0.3, 5)


async def compared(
    here: Place, pace: Pace, only: frozenset[str], targets: Sequence[Target], say: Callable[[str], None]
) -> None:
    """Measure everything that is chosen, table by table; what makes sources fail comes last."""
    with ExitStack() as stack:
        up, missing = await started(targets if not only or only - scaling.SCALES.keys() else (), here, stack)
        answering = [each for each in up if not each.target.is_floor and each.target not in WITHOUT]
        steps: dict[str, tuple[str, Callable[[], Awaitable[str]]]] = {
            **{row.name: (row.title, partial(_row, row, up, missing, pace)) for row in ROWS if row.mode == "ok"},
            "aliases": (facts.ALIASES, partial(facts.aliases, answering)),
            **{row.name: (row.title, partial(_row, row, up, missing, pace)) for row in ROWS if row.mode != "ok"},
            "failing": (facts.FAILING, partial(facts.failing, answering)),
        }
        for name, (title, step) in steps.items():
            if not only or name in only:
                say(f"### {title}\n\n{await step()}\n")
    for name, scale in scaling.SCALES.items():
        if not only or name in only:
            told = await scale.table(here, scaling.Pace(pace.seconds, is_quick=pace is QUICK))
            say(f"### {scale.title}\n\n{told}\n")


async def _row(row: Row, up: Sequence[Running], missing: dict[str, str], pace: Pace) -> str:
    """The table of a row; what a piece of ours costs is shown in the first row alone."""
    everybody = [each for each in up if row.name == ROWS[0].name or each.target not in WITHOUT]
    figures = await measured(row, everybody, rounds=pace.rounds, seconds=pace.seconds, students=pace.students)
    lines = [table.timed(figures)]
    lines += [f"\n{name}: {why}." for name, why in missing.items()]
    return "\n".join(lines)


def compare(only: Sequence[str] = (), words: Sequence[str] = (), *, quick: bool = False, write: bool = False) -> None:
    """Measure these rows, or all, of the gateways with one of these words in their name, or all; print, and keep."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {LOAD_CORE})
    targets = [each for each in TARGETS if not words or any(word in each.name for word in words)]
    said: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        said.append(text)

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as here:
        uvloop.run(compared(here, QUICK if quick else FULL, frozenset(only), targets, say))
    print(f"{time.perf_counter() - began:.0f} s", flush=True)
    if write:
        table.RESULTS.write_text(table.document(TARGETS, said))


ROW_NAMES = (*(row.name for row in ROWS), "aliases", "failing", *scaling.SCALES)
