"""What follow-up of many students costs: ``python -m bench.guidance``.

The real reader under the real rules over sources in memory, so that what is measured is ours: processor time, memory
and calls. It grows by the student and by nothing else; a figure beside it is that of the size before.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from hoks.caller import Caller, Role
from hoks.changing import ChangePlace, Changing
from hoks.guidance import GuidanceTheme
from hoks.guiding import Guidance
from hoks.mending import Mending
from hoks.reading import Reader
from tests.chaos.worker import MB, counted_anew, figure
from tests.world.crowd import COUNSELLOR, crowd
from tests.world.names import SOURCE as NAMES
from tests.world.places import A_SCHOOL, A
from tests.world.ports import Asked
from tests.world.world import caller, staff

SIZES = (100, 1_000, 10_000)
WEEKS = 8
SECONDS = 600.0
MOST_GROWTH = 1.5
"""How many times as much as the smaller size a student of the larger one may cost."""
MOST_MEMORY = 64.0
"""MB that a walk may take. Counts, findings and changes hold a hundred plans; a group's answer holds a line of each."""
Work = Callable[[Reader], Awaitable[object]]
HEAD, GUIDES, SYSTEM = (
    caller(Role.HEAD_OF_TRAINING, A_SCHOOL),
    caller(Role.GUIDANCE_COUNSELLOR, A, COUNSELLOR),
    caller(Role.SYSTEM, A),
)


class Row(NamedTuple):
    """What one question cost of a crowd."""

    what: str
    students: int
    milliseconds: float
    """Of processor time, per student."""
    calls: int
    memory: float
    """MB above what there was before."""
    growth: float
    """Time per student, beside the size before."""

    @property
    def is_within(self) -> bool:
        """Whether it is linear and bounded."""
        return self.growth <= MOST_GROWTH and self.memory <= MOST_MEMORY

    def __str__(self) -> str:
        """A line of the table."""
        told = "" if self.is_within else "  MISS"
        return (
            f"{self.what:<26} {self.students:>8} {self.milliseconds:>10.2f} {self.calls:>7} {self.memory:>8.1f} "
            f"{self.growth:>7.2f}{told}"
        )


async def _group(reader: Reader) -> object:
    return await Guidance(reader, WEEKS).group(GUIDES, "all", GuidanceTheme.PLAN_CHECK, reader.sit())


async def _summary(reader: Reader) -> object:
    return await Guidance(reader, WEEKS).summary(HEAD, A_SCHOOL, reader.sit())


async def _findings(reader: Reader) -> object:
    who: Caller = staff(A)
    return await Mending(reader).findings(who, A, first=50, after=None, within=reader.sit())


async def _changes(reader: Reader) -> object:
    place: ChangePlace | None = ChangePlace()
    while place is not None:
        page = await Changing(reader).changes(SYSTEM, place, first=1_000, within=reader.sit())
        assert page is not None
        place = page.place if page.more else None
    return page


QUESTIONS: dict[str, Work] = {
    "a group's meeting": _group,
    "a unit in counts": _summary,
    "a page of findings": _findings,
    "a round of changes": _changes,
}


def rows(sizes: tuple[int, ...] = SIZES) -> Iterator[Row]:
    """Every question of every size."""
    before = dict.fromkeys(QUESTIONS, 0.0)
    for size in sizes:
        world = crowd(size)
        for what, work in QUESTIONS.items():
            asked = Asked()
            reader = world.reader(asked, seconds=SECONDS)
            held = counted_anew(os.getpid())
            began = time.process_time()
            assert asyncio.run(_answers(work, reader))
            spent = 1_000 * (time.process_time() - began) / size
            yield Row(
                what=what,
                students=size,
                milliseconds=spent,
                calls=sum(1 for source, _, _ in asked.calls if source != NAMES),
                memory=max(0.0, (figure(os.getpid(), "VmHWM") - held) / MB),
                growth=spent / before[what] if before[what] else 1.0,
            )
            before[what] = spent


async def _answers(work: Work, reader: Reader) -> bool:
    # The answer itself stays here: `asyncio.run` writes out in full what it returns, and that would be measured too.
    return await work(reader) is not None


def main(*, quick: bool = False) -> int:
    """The exit code: 0, or 1 where a row is not linear or not bounded; ``quick`` leaves out the largest size."""
    logging.disable(logging.CRITICAL)
    print(f"{'':<26} {'students':>8} {'ms each':>10} {'calls':>7} {'MB':>8} {'growth':>7}", flush=True)
    missed = 0
    for row in rows(SIZES[:-1] if quick else SIZES):
        missed += not row.is_within
        print(row, flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
