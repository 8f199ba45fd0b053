"""Gateways side by side, in one run on this machine: ``make bench``.

The load and the sources have one core, the gateway whose turn it is the other; in each round each has its turn.
"""

import os
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench import facts, scaling, table
from bench.floors import FLOORS
from bench.ours import ANEW, BARE, OURS, WITHOUT
from bench.peers import PEERS_TO_BEAT, tailcall_runs
from bench.plain import PLAIN
from bench.rows import ROWS, Figures, Row, measured
from bench.scene import place
from bench.targets import LOAD_CORE, Place, Running, Target, started

TARGETS: tuple[Target, ...] = (*FLOORS, *OURS, *WITHOUT, PLAIN, *PEERS_TO_BEAT)


class Pace(NamedTuple):
    """How long everything takes."""

    rounds: int
    seconds: float
    students: int
    """How many students are asked about in turn."""


FULL, QUICK = Pace(3, 1.5, 100), Pace(1, 0.3, 20)


async def compared(
    here: Place, pace: Pace, only: Collection[str], targets: Sequence[Target], say: Callable[[str], None]
) -> None:
    """Measure everything that is chosen, table by table; what makes sources fail comes last.

    Who has seen a source fail goes on otherwise: for that there are gateways of their own, which wait less.
    """
    well = [row for row in ROWS if row.mode == "ok" and row.name in only]
    if well or not {"idle", "aliases"}.isdisjoint(only):
        with ExitStack() as stack:
            up, missing = await started(targets, here, stack)
            if "idle" in only:
                say(f"### {facts.IDLE}\n\n{await facts.idle(_whole(up))}\n")
            for row in well:
                say(f"### {row.title}\n\n{await _row(row, up, missing, pace)}\n")
            if "aliases" in only:
                say(f"### {facts.ALIASES}\n\n{await facts.aliases(_whole(up))}\n")
    failing = [row for row in ROWS if row.mode != "ok" and row.name in only]
    if failing or "failing" in only:
        with ExitStack() as stack:
            up, missing = await started(targets, replace(here, seconds=1.0), stack)
            if "failing" in only:
                say(f"### {facts.FAILING}\n\n{await facts.failing(_whole(up))}\n")
            for row in failing:
                say(f"### {row.title}\n\n{await _row(row, _whole(up), missing, pace)}\n")
    for name, scale in scaling.SCALES.items():
        if name in only:
            told = await scale.table(here, scaling.Pace(pace.rounds, pace.seconds, is_quick=pace is QUICK))
            say(f"### {scale.title}\n\n{told}\n")


def _whole(up: Sequence[Running]) -> list[Running]:
    """The gateways themselves: no floor, and none of ours with a piece off."""
    return [each for each in up if not each.target.is_floor and each.target not in WITHOUT]


async def _row(row: Row, up: Sequence[Running], missing: dict[str, str], pace: Pace) -> str:
    """The table of a row; what a piece of ours costs is shown in the first row alone.

    No floor answers a list, nor has who takes everybody for a student one.
    """
    left_out = (*(WITHOUT if row is not ROWS[0] else ()), *((*FLOORS, BARE) if row.listed else ()))
    everybody = [each for each in up if each.target not in left_out]
    figures = await measured(row, everybody, rounds=pace.rounds, seconds=pace.seconds, students=pace.students)
    return table.timed(figures | {name: Figures(failed=why) for name, why in missing.items()})


def compare(
    only: Sequence[str] = (), words: Sequence[str] = (), *, quick: bool = False, before: Sequence[str] = ()
) -> None:
    """Measure these tables, or all, of the gateways with one of these words in their name, or all.

    What is complete is kept in ``bench/RESULTS.md``, after what was measured ``before``; a quick look leaves most of it
    out.
    """
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {LOAD_CORE})
    everybody = QUICK_TARGETS if quick else TARGETS
    targets = [each for each in everybody if not words or any(word in each.name for word in words)]
    said: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        said.append(text)

    began = time.perf_counter()
    tables = only or (QUICK_TABLES if quick else TABLES)
    with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as here:
        uvloop.run(compared(here, QUICK if quick else FULL, tables, targets, say))
    print(f"{time.perf_counter() - began:.0f} s", flush=True)
    if not (only or words or quick):
        table.RESULTS.write_text(table.document(TARGETS, said, tailcall_runs(), before))


TABLES = ("idle", *(row.name for row in ROWS), "aliases", "failing", *scaling.SCALES)
QUICK_TABLES = ("idle", "one", "list", "aliases")
QUICK_TARGETS = tuple(each for each in TARGETS if each not in (ANEW, *WITHOUT[1:]))
