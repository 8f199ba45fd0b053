"""What a plan waits for, told from its approval and dates alone."""

from datetime import UTC, date, datetime

import pytest

from hoks.competence import CompetenceAcquisition, CompetenceDemonstration
from hoks.guidance import THEMES, GuidanceState, GuidanceTheme, state_of
from hoks.identifiers import StudyRightOid
from hoks.plan import Hoks
from hoks.units import PlannedCommonUnit, PlannedCommonUnitSubarea, PlannedVocationalUnit, PreparatoryEducationPart

DAY = date(2026, 10, 5)
RIGHT = StudyRightOid("1.2.246.562.15.10000000016")
OVER = CompetenceAcquisition(start_date=date(2026, 8, 10), end_date=date(2026, 10, 4))
GOES_ON = CompetenceAcquisition(start_date=date(2026, 8, 10), end_date=date(2026, 10, 5))
SHOWN = CompetenceDemonstration(start_date=date(2026, 11, 2), end_date=date(2026, 11, 6))


def a_plan(**changes: object) -> Hoks:
    """A plan approved and updated lately, with one unit that goes on."""
    given: dict[str, object] = {
        "first_approved_on": date(2026, 8, 20),
        "updated_at": datetime(2026, 9, 30, 12, tzinfo=UTC),
        "planned_vocational_units": (PlannedVocationalUnit(acquisitions=(GOES_ON,)),),
    }
    return Hoks(study_right_oid=RIGHT, **{**given, **changes})  # type: ignore[arg-type]  # by name


def units(*acquisitions: CompetenceAcquisition, shown: bool = False) -> tuple[PlannedVocationalUnit, ...]:
    """One unit with these periods."""
    return (PlannedVocationalUnit(acquisitions=acquisitions, demonstrations=(SHOWN,) if shown else ()),)


IN_A_SUBAREA = PlannedCommonUnit(subareas=(PlannedCommonUnitSubarea(acquisitions=(OVER,)),))
LONG_AGO, ON_THE_LAST_DAY = datetime(2026, 8, 9, tzinfo=UTC), datetime(2026, 8, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        (a_plan(), "UP_TO_DATE"),
        (None, "NOT_APPROVED"),
        (a_plan(first_approved_on=None), "NOT_APPROVED"),
        (a_plan(first_approved_on=date(2026, 10, 6)), "NOT_APPROVED"),
        (a_plan(first_approved_on=DAY), "UP_TO_DATE"),
        (a_plan(first_approved_on=date(2025, 8, 20), updated_at=LONG_AGO), "NOT_UPDATED"),
        (a_plan(first_approved_on=date(2025, 8, 20), updated_at=ON_THE_LAST_DAY), "UP_TO_DATE"),
        (a_plan(first_approved_on=date(2025, 8, 20), updated_at=None), "NOT_UPDATED"),
        (a_plan(first_approved_on=date(2025, 8, 20), updated_at=LONG_AGO, approved_at=ON_THE_LAST_DAY), "UP_TO_DATE"),
        (a_plan(planned_vocational_units=()), "NOTHING_PLANNED"),
        (a_plan(planned_vocational_units=None), "NOTHING_PLANNED"),
        (a_plan(planned_vocational_units=(), planned_preparatory_parts=(PreparatoryEducationPart(),)), "UP_TO_DATE"),
        (a_plan(planned_vocational_units=units(OVER)), "PERIOD_ENDED_WITHOUT_DEMONSTRATION"),
        (a_plan(planned_vocational_units=units(OVER, GOES_ON)), "UP_TO_DATE"),
        (a_plan(planned_vocational_units=units(OVER, shown=True)), "UP_TO_DATE"),
        (a_plan(planned_vocational_units=units()), "UP_TO_DATE"),
        (a_plan(planned_common_units=(IN_A_SUBAREA,)), "PERIOD_ENDED_WITHOUT_DEMONSTRATION"),
    ],
)
def test_a_plan_waits_for(plan: Hoks | None, state: str) -> None:
    assert state_of(plan, DAY, 8).value == state


def test_after_how_many_weeks_a_plan_waits_for_an_update_is_the_settings() -> None:
    plan = a_plan(first_approved_on=date(2025, 8, 20), updated_at=ON_THE_LAST_DAY)
    assert state_of(plan, DAY, 7) is GuidanceState.NOT_UPDATED


def test_every_theme_is_described_in_three_languages() -> None:
    assert THEMES.keys() == set(GuidanceTheme)
    assert all(theme.text.fi and theme.text.sv and theme.text.en for theme in THEMES.values())


def test_absences_are_said_not_to_be_in_a_plan() -> None:
    absences = THEMES[GuidanceTheme.ABSENCES]
    assert not absences.is_in_plans
    assert not absences.states
    assert absences.text.fi is not None
    assert "ei ole HOKSissa" in absences.text.fi
