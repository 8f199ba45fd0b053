"""One source does its worst: everything else is served as it was, in time, and the gap is said."""

from collections.abc import Mapping

import pytest

from hoks.outcomes import Outcome
from tests.chaos.conftest import WHOLE, in_turn
from tests.chaos.expected import EXPECTED
from tests.chaos.faults import FAULTS, GROUPS
from tests.chaos.scene import Scene, Told, gateway
from tests.chaos.verdict import faults_of_answers, faults_of_lines

SAMPLE = (
    ("refuse", "koski"),
    ("drip", "onr"),
    ("10000-headers", "head"),
    ("two-answers", "koski"),
    ("gzip-bomb", "organisaatio"),
    ("lone-surrogates", "koski"),
    ("html-200", "head"),
    ("million-empty-objects", "koski"),
    ("marks-without-end", "plan"),
    ("status-401", "plan"),
    ("429-garbage", "koski"),
    ("302-metadata", "cas"),
    ("other-student", "plan"),
    ("other-provider", "koski"),
    ("script-in-every-text", "plan"),
    ("strange-organisations", "organisaatio"),
    ("clock-a-year-on", "plan"),
)
"""Played in the everyday suite; all of the table with ``HOKS_PROVE=1``."""
CELLS = [(name, kind) for name, kinds in EXPECTED.items() for kind in kinds] if WHOLE else SAMPLE


def test_every_fault_has_an_expectation_and_every_expectation_a_fault() -> None:
    assert EXPECTED.keys() == FAULTS.keys()


def test_the_sample_has_a_fault_of_every_group_and_every_kind_of_call() -> None:
    names, kinds = zip(*SAMPLE, strict=True)
    assert set(kinds) == set(EXPECTED["status-503"])
    assert [name for name, group in GROUPS.items() if not {fault.name for fault in group} & set(names)] == []


@pytest.mark.proves("what one source does leaves the others' data, the deadline, the event loop and the log untouched")
@pytest.mark.parametrize(("name", "kind"), CELLS)
async def test_a_source_that_fails_costs_nothing_but_its_own_data(
    here: Scene, undisturbed: Mapping[str, Told], name: str, kind: str
) -> None:
    wrong = await faults_of(here, undisturbed, name, kind, EXPECTED[name][kind])
    assert not wrong, "\n" + "\n".join(wrong)


async def faults_of(
    here: Scene, undisturbed: Mapping[str, Told], name: str, kind: str, outcome: Outcome | None
) -> list[str]:
    """What goes wrong in a fresh gateway while a fault is played to a kind of call, and once it is over."""
    here.heal()
    async with gateway(here) as front:
        plan = here.play(FAULTS[name], kind)
        told, heard = await in_turn(front)
        wrong = [*faults_of_answers(kind, outcome, told, undisturbed), *faults_of_lines(kind, outcome, heard)]
        if name != "refuse" and not plan.met:
            wrong.append("the fault was never met")
        here.heal()
        # Once it is over nothing of it stays, neither on a kept connection nor in what the gateway keeps; only a
        # source that asked to be left alone, or failed too often, is still left alone.
        after = {"student-7": await front.ask("student-7")}
        is_left_alone = any("breaker open" in line for lines in heard.requests for line in lines)
        if is_left_alone or outcome is None:
            wrong += faults_of_answers(kind, None, {**after, "staff-a": after["student-7"]}, undisturbed)
        elif after["student-7"].plans != undisturbed["student-7"].plans:
            wrong.append(f"not whole again: {after['student-7'].sources}")
    return wrong
