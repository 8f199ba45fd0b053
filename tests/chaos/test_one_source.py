"""One source does its worst: everything else is served as it was, in time, and the gap is said."""

from collections.abc import Callable, Mapping

import pytest

from tests.chaos.conftest import WHOLE, both
from tests.chaos.expected import EXPECTED
from tests.chaos.faults import FAULTS
from tests.chaos.proxy import HEALTHY
from tests.chaos.scene import Front, Scene, Told, listening
from tests.chaos.verdict import faults_of_answers, faults_of_lines

SAMPLE = (
    "refuse",
    "drip",
    "reset-mid-body",
    "two-answers",
    "gzip-bomb",
    "lone-surrogates",
    "html-200",
    "million-empty-objects",
    "status-401",
    "429-garbage",
    "302-metadata",
    "other-student",
    "script-in-every-text",
)
"""Played in the everyday suite; all of the table with ``HOKS_PROVE=1``."""
PLAYED = tuple(EXPECTED) if WHOLE else SAMPLE


def test_every_fault_has_an_expectation_and_every_expectation_a_fault() -> None:
    assert EXPECTED.keys() == FAULTS.keys()


@pytest.mark.proves("what one source does leaves the others' data, the deadline and the log untouched")
@pytest.mark.parametrize("name", PLAYED)
async def test_a_source_that_fails_costs_nothing_but_its_own_data(
    here: Scene,
    front: Front,
    undisturbed: Mapping[str, Told],
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    wrong: list[str] = []
    for kind, outcome in EXPECTED[name].items():
        plan = here.play(FAULTS[name], kind)
        with listening() as log:
            told = await both(front)
        wrong += [f"{kind}: {each}" for each in faults_of_answers(kind, outcome, told, undisturbed)]
        wrong += [f"{kind}: {each}" for each in faults_of_lines(kind, outcome, len(told), log.lines)]
        if name != "refuse" and not plan.met:
            wrong.append(f"{kind}: the fault was never met")
        here.play(HEALTHY, kind)
        # Once it is over, nothing of it stays: not on a kept connection, not in what the gateway keeps.
        after = await front.ask("student-7")
        if after.plans != undisturbed["student-7"].plans or after.sources != undisturbed["student-7"].sources:
            wrong.append(f"{kind}: not whole again: {after.sources}")
    record_property("cases", len(EXPECTED[name]))
    assert not wrong, "\n" + "\n".join(wrong)
