"""A register of names that does its worst costs names that are not known yet, and no request waits for one."""

import asyncio
from collections.abc import Mapping

import pytest

from connectors import connected
from tests.chaos.conftest import WHOLE
from tests.chaos.faults import ELIAS, FAULTS
from tests.chaos.scene import Heartbeat, Scene, Told, gateway, listening
from tests.chaos.verdict import LONGEST_STALL_SECONDS, PERSONAL, TROUBLE

QUERY = f"""
{{ student(oid: "{ELIAS}") {{ hoksit {{
    studyRightOid provenance {{ source }}
    careerPlanGoal {{ uri name {{ fi }} }}
    plannedVocationalUnits {{ id unit {{ uri name {{ fi }} }} competencePoints }}
    plannedCommonUnits {{ id unit {{ uri name {{ fi }} }} }}
    plannedLocalUnits {{ id registeredName {{ fi }} }}
}} }} }}
"""
REGISTERS = ("koodisto", "eperusteet", "amosaa")
SAMPLE = (("million-empty-objects", "koodisto"), ("black-hole", "eperusteet"), ("marks-without-end", "amosaa"))
SOON_SECONDS, TRIES = 0.02, 500


def asking_for_names(text: str) -> str:
    """Settings in which registers of names are asked for something from the start."""
    sets = 'sets = ["urasuunnitelma", "tutkinnonosat"]'
    assert "\nsets = []\n" in text
    return text.replace("\nsets = []\n", f"\n{sets}\n").replace(
        "register_numbers = []", 'register_numbers = ["OPH-1-2020"]'
    )


ASKS_TO_BE_LEFT_ALONE = frozenset(
    {"429-seconds", "429-date", "429-negative", "429-ten-years", "429-garbage", "503-retry-after"}
)
"""Faults with a ``Retry-After``, and throttling with none that can be read."""


@pytest.mark.proves("a register of names that fails costs names alone, and nobody's time")
@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in FAULTS for kind in REGISTERS] if WHOLE else SAMPLE)
async def test_a_register_of_names_that_fails_costs_names_alone_and_nobodys_time(
    here: Scene, undisturbed: Mapping[str, Told], monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.setattr(connected, "LABELS_SECONDS", 0.05)
    here.heal()
    plan = here.play(FAULTS[name], kind)
    with listening() as log:
        async with gateway(here, change=asking_for_names) as front, Heartbeat(here) as heart:
            first = await front.ask("student-7", QUERY)
            for _ in range(TRIES):
                if plan.met or name == "refuse":
                    break
                await asyncio.sleep(SOON_SECONDS)
            whole, later = await front.ask("student-7"), await front.ask("student-7", QUERY)
    here.heal()
    assert plan.met or name == "refuse"
    assert not any(each.is_late or each.codes or each.gaps for each in (first, whole, later))
    assert whole.plans == undisturbed["student-7"].plans
    assert first.plans.keys() == later.plans.keys() == whole.plans.keys()
    assert heart.longest <= LONGEST_STALL_SECONDS
    assert [line for line in log.lines if PERSONAL.search(line) or TROUBLE.search(line)] == []
    # What is said of it is said of no request; a register that asks for it is left alone, and that is said once.
    said = [line for line in log.lines if f"source {kind}:" in line and ".background" not in line]
    assert said == ([f"WARNING connectors.client source {kind}: breaker open"] if name in ASKS_TO_BE_LEFT_ALONE else [])
