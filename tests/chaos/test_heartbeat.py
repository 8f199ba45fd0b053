"""An answer that is much to read keeps nobody else waiting: the event loop beats on."""

import pytest

from tests.chaos.conftest import WHOLE
from tests.chaos.faults import FAULTS
from tests.chaos.scene import Front, Heartbeat, Scene

LONGEST_SECONDS = 0.1
HUGE = ("million-empty-objects", "100000-deep", "flood-of-100-continue", "gzip-bomb", "10000-headers", "huge-string")
KINDS = ("plan", "koski", "onr", "organisaatio") if WHOLE else ("koski",)


@pytest.mark.proves("no answer of a source keeps the event loop for a tenth of a second")
@pytest.mark.parametrize("name", HUGE if WHOLE else HUGE[:2])
async def test_no_answer_of_a_source_keeps_the_others_waiting(here: Scene, front: Front, name: str) -> None:
    # Twice, for the first answer of a process reads tables that it then keeps.
    for _ in range(2):
        await front.ask("student-7")
    stalls: dict[str, float] = {}
    for kind in ("", *KINDS):
        if kind:
            here.play(FAULTS[name], kind)
        async with Heartbeat(here) as heart:
            await front.ask("student-7")
        stalls[kind] = heart.longest
        here.heal()
    # What the same question costs without a fault is not the fault's doing.
    limit = max(LONGEST_SECONDS, stalls.pop(""))
    assert {kind: stall for kind, stall in stalls.items() if stall > limit} == {}
