"""What a second worker is worth: the comparison's first question to a gateway with one and to one with two, by turns.

Who asks and the sources have the same processors as the workers: of two, one worker is left a whole one, and two
workers what the others leave of both. Run as ``python -m bench.workers [--quick]``.
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

import uvloop

from bench.comparison import Pace
from bench.load import Sample
from bench.ours import KEPT_SECONDS, ours
from bench.rows import ROWS, Timing
from bench.scene import place
from bench.targets import Place, Target, listens, running

KINDS: Mapping[str, int] = {"plans asked anew": 0, "everything kept": KEPT_SECONDS}
"""For how many seconds plans are kept."""
WORKERS = (1, 2)
ROW = replace(ROWS[0], connections=32)
"""As many connections for each of two workers as the comparison has for one."""
STARTED_SECONDS = 2.0
"""The others begin once the first one serves."""


FULL, QUICK = Pace(9, 4.0, 100), Pace(1, 0.3, 10)
Served = tuple[str, int]
"""The kind of question, and by how many workers."""


def _target(kind: str, workers: int) -> Target:
    return ours(f"{kind}, {workers} of them", "", plans=KINDS[kind], workers=workers)


async def measured(here: Place, pace: Pace) -> dict[Served, list[Sample]]:
    """The turns of each gateway; raises ``Wrong`` where one does not answer right."""
    with ExitStack() as up:
        by = {
            (kind, workers): up.enter_context(running(_target(kind, workers), here, core=None))
            for kind in KINDS
            for workers in WORKERS
        }
        for each in by.values():
            await listens(each.port, each.pid)
        await asyncio.sleep(STARTED_SECONDS)
        timed = {served: Timing(each, ROW, pace.students) for served, each in by.items()}
        turns: dict[Served, list[Sample]] = {served: [] for served in timed}
        for timing in timed.values():
            await timing.check()
            await timing.turn(pace.seconds)
        for number in range(pace.rounds):
            for served in timed if number % 2 else reversed(timed):
                turns[served].append(await timed[served].turn(pace.seconds))
    return turns


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, place(Path(folder), core=None) as here:
        turns = uvloop.run(measured(here, QUICK if quick else FULL))
    print(f"{'':<24}{'one worker':>14}{'two workers':>14}{'ratio':>8}{'their processors':>20}{'wrong':>8}")
    for kind in KINDS:
        one, two = (turns[kind, workers] for workers in WORKERS)
        ratio = median(b.rate / a.rate for a, b in zip(one, two, strict=True))
        busy = " and ".join(f"{median(each.processor / each.elapsed for each in some):.2f}" for some in (one, two))
        rates = "".join(f"{median(each.rate for each in some):>12.0f}/s" for some in (one, two))
        print(f"{kind:<24}{rates}{ratio:>8.2f}{busy:>20}{sum(each.wrong for each in (*one, *two)):>8}")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
