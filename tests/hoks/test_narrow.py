"""Narrowing by hand: what names somebody is reached, whatever else they are appointed to, and nothing beside it."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, DemonstrationEnvironment
from hoks.identifiers import PersonOid
from hoks.narrow import Evidence, Scope, narrow, only_instructor
from hoks.organisations import Known
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind
from hoks.units import PlannedCommonUnit, PlannedCommonUnitSubarea, PlannedLocalUnit, PlannedVocationalUnit
from hoks.values import Code, Organisation
from tests.hoks.stories import A1, A2, AINO, DAY, PROVIDER_A, a_right, provenance

SOMEBODY = PersonOid("1.2.246.562.98.19999999994")
INSTRUCTOR, ASSESSOR = AppointmentKind.INSTRUCTOR, AppointmentKind.ASSESSOR
START, END = DAY - timedelta(days=20), DAY + timedelta(days=20)
WORKSHOP = DemonstrationEnvironment(name="Workshop")
UNIT, SUBAREA = Code(uri="tutkinnonosat_1"), Code(uri="ammatillisenoppiaineet_VVTK")


def a_period(key: str | None) -> CompetenceAcquisition:
    """A period at a workplace that runs today."""
    return CompetenceAcquisition(
        source_key=key, mode=AcquisitionMode.TRAINING_AGREEMENT, start_date=START, end_date=END
    )


def a_demonstration(key: str | None = None, **changes: Any) -> CompetenceDemonstration:
    """A demonstration that is under way, in the workshop unless it is said otherwise."""
    made = CompetenceDemonstration(source_key=key, start_date=START, end_date=END, environment=WORKSHOP)
    return msgspec.structs.replace(made, **changes)


def a_plan(**units: Any) -> Hoks:
    """An approved plan."""
    return Hoks(
        study_right_oid=A1,
        study_right=a_right(A1, PROVIDER_A),
        provider=Organisation(oid=PROVIDER_A),
        student_oid=AINO,
        first_approved_on=units.pop("first_approved_on", date(2026, 8, 10)),
        provenance=provenance("plans-a"),
        **units,
    )


def named(kind: AppointmentKind, key: str | None = None, **changes: Any) -> Appointment:
    """An appointment of somebody in the plan."""
    made = Appointment(person=SOMEBODY, kind=kind, learner=AINO, right=A1, part_key=key)
    return msgspec.structs.replace(made, **changes)


def vocational(*periods: CompetenceAcquisition, demos: tuple[CompetenceDemonstration, ...] = ()) -> Any:
    """One vocational unit."""
    return (PlannedVocationalUnit(unit=UNIT, acquisitions=periods, demonstrations=demos),)


def local(*periods: CompetenceAcquisition) -> Any:
    """One local unit."""
    return (PlannedLocalUnit(name="Local", acquisitions=periods),)


def common(*periods: CompetenceAcquisition, demos: tuple[CompetenceDemonstration, ...] = ()) -> Any:
    """One common unit of one subarea."""
    subarea = PlannedCommonUnitSubarea(subarea=SUBAREA, acquisitions=periods, demonstrations=demos)
    return (PlannedCommonUnit(unit=UNIT, subareas=(subarea,)),)


def reached(plan: Hoks, scope: Scope, *appointments: Appointment) -> Hoks | None:
    """The part of the plan that is reached today."""
    return narrow(plan, scope, Evidence(day=DAY, appointments=appointments))


# --- what is narrowed -----------------------------------------------------------------------------------------


def test_what_is_narrowed_still_says_whose_plan_it_is() -> None:
    plan = a_plan(planned_vocational_units=vocational(a_period("p1"), a_period("p2")))
    seen = reached(plan, Scope.NAMED_PERIODS, named(INSTRUCTOR, "p1"))
    assert seen is not None
    of_the_plan = ("study_right_oid", "study_right", "provider", "student_oid", "first_approved_on", "provenance")
    assert [getattr(seen, name) for name in of_the_plan] == [getattr(plan, name) for name in of_the_plan]
    assert all(getattr(seen, name) is not None for name in of_the_plan)


def test_an_assessor_reaches_the_demonstration_without_the_periods_of_its_unit() -> None:
    plan = a_plan(planned_vocational_units=vocational(a_period("p1"), demos=(a_demonstration("n1"),)))
    seen = reached(plan, Scope.NAMED_DEMONSTRATION, named(ASSESSOR, "n1"))
    assert seen is not None and seen.planned_vocational_units is not None
    (unit,) = seen.planned_vocational_units
    assert (unit.acquisitions, unit.demonstrations) == ((), (a_demonstration("n1"),))


# --- one person, both instructor and assessor -----------------------------------------------------------------


def test_who_assesses_something_of_the_same_key_does_not_instruct_the_period() -> None:
    plan = a_plan(planned_vocational_units=vocational(a_period("p1")), planned_local_units=local(a_period("p2")))
    seen = reached(plan, Scope.NAMED_PERIODS, named(INSTRUCTOR, "p1"), named(ASSESSOR, "p2"))
    assert seen is not None
    assert (len(seen.planned_vocational_units or ()), seen.planned_local_units) == (1, ())


def test_an_instructor_who_is_named_by_no_key_is_named_in_no_period_without_one() -> None:
    plan = a_plan(planned_vocational_units=vocational(a_period(None)))
    assert reached(plan, Scope.NAMED_PERIODS, named(INSTRUCTOR, None)) is None


# --- demonstrations without a key -----------------------------------------------------------------------------


def keyless(unit: Code) -> Appointment:
    """An appointment that tells the demonstration by its unit, dates and environment."""
    return named(ASSESSOR, unit_uri=unit.uri, start_date=START, end_date=END, environment=WORKSHOP.name)


def test_a_keyless_demonstration_of_a_subarea_is_known_by_the_subarea() -> None:
    plan = a_plan(planned_common_units=common(demos=(a_demonstration(),)))
    seen = reached(plan, Scope.NAMED_DEMONSTRATION, keyless(SUBAREA))
    assert seen is not None and seen.planned_common_units is not None
    (subarea,) = seen.planned_common_units[0].subareas or ()
    assert subarea.demonstrations == (a_demonstration(),)
    assert reached(plan, Scope.NAMED_DEMONSTRATION, keyless(UNIT)) is None


@pytest.mark.parametrize("place", [None, DemonstrationEnvironment(), DemonstrationEnvironment(name="Kitchen")])
def test_a_keyless_demonstration_elsewhere_or_nobody_knows_where_is_not_the_one(
    place: DemonstrationEnvironment | None,
) -> None:
    plan = a_plan(planned_vocational_units=vocational(demos=(a_demonstration(environment=place),)))
    assert reached(plan, Scope.NAMED_DEMONSTRATION, keyless(UNIT)) is None


# --- whether somebody is the only one -------------------------------------------------------------------------

MINE = (named(INSTRUCTOR, "p1"),)


def alone(*plans: Hoks, appointments: tuple[Appointment, ...] = MINE) -> Known:
    """Whether the one who is appointed is the only instructor today."""
    return only_instructor(plans, appointments, DAY, all_known=True)


@pytest.mark.parametrize(
    "others",
    [
        {"planned_local_units": local(a_period("p9"))},
        {"planned_common_units": common(a_period("p9"))},
        {"planned_vocational_units": vocational(a_period("p1"), a_period("p9"))},
        {"planned_common_units": common(a_period(None))},
    ],
    ids=["a local unit", "a subarea", "the same unit", "a period without a key"],
)
def test_another_instructors_current_period_anywhere_in_a_plan_makes_two(others: dict[str, Any]) -> None:
    mine = {"planned_vocational_units": vocational(a_period("p1"))}
    assert alone(a_plan(**mine)) is Known.YES
    assert alone(a_plan(**{**mine, **others})) is Known.NO


@pytest.mark.parametrize(
    ("approved", "is_alone"),
    [(DAY - timedelta(days=1), Known.NO), (DAY, Known.NO), (DAY + timedelta(days=1), Known.YES), (None, Known.YES)],
)
def test_another_plan_counts_from_the_day_of_its_approval(approved: date | None, is_alone: Known) -> None:
    mine = a_plan(planned_vocational_units=vocational(a_period("p1")))
    other = a_plan(planned_vocational_units=vocational(a_period("p9")), first_approved_on=approved)
    other = msgspec.structs.replace(other, study_right_oid=A2)
    assert alone(mine, other) is is_alone


def test_who_only_assesses_in_a_period_does_not_instruct_it() -> None:
    plan = a_plan(planned_vocational_units=vocational(a_period("p1"), a_period("p2")))
    assert alone(plan, appointments=(*MINE, named(ASSESSOR, "p2"))) is Known.NO
    assert alone(plan, appointments=(*MINE, named(INSTRUCTOR, "p2"))) is Known.YES
