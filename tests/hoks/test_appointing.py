"""Appointing by hand: what may be appointed to, refused in words; and whether an appointment still finds its part."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hoks.appointing import AppointmentState, MadeAppointment, Pointer, as_shown, point_at
from hoks.codes import AcquisitionMode
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, DemonstrationEnvironment
from hoks.errors import BadRequest
from hoks.findings import FindingCode
from hoks.identifiers import PersonOid
from hoks.items import Item
from hoks.plan import Hoks
from hoks.relations import Appointment, AppointmentKind
from hoks.standing import holding
from hoks.units import PlannedLocalUnit
from tests.hoks.stories import A1, A2, AINO, DAY, PROVIDER_A
from tests.hoks.test_narrow import SUBAREA, UNIT, a_demonstration, a_period, a_plan, common, local, vocational

INSTRUCTOR, ASSESSOR = AppointmentKind.INSTRUCTOR, AppointmentKind.ASSESSOR
SOMEBODY, ANOTHER = PersonOid("1.2.246.562.98.19999999994"), PersonOid("1.2.246.562.98.29999999992")
NOON = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC)
START, END = DAY - timedelta(days=20), DAY + timedelta(days=20)
WORKSHOP = Pointer(unit_uri="tutkinnonosat_1", start_date=START, end_date=END, environment="Workshop")


def period(key: str | None = "p1", shown_as: str = "P", **changes: Any) -> CompetenceAcquisition:
    """A period at a workplace as staff are shown it."""
    return msgspec.structs.replace(a_period(key), id=shown_as, **changes)


def demonstration(key: str | None = None, shown_as: str = "N", **changes: Any) -> CompetenceDemonstration:
    """A demonstration as staff are shown it."""
    return msgspec.structs.replace(a_demonstration(key), id=shown_as, **changes)


def pointed(plan: Hoks, kind: AppointmentKind = INSTRUCTOR, part: str = "P", until: date | None = None) -> Pointer:
    """How an appointment made today finds its part."""
    return point_at(plan, kind, part, until=until, today=DAY)


# --- what may be appointed to -----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["planned_vocational_units", "planned_local_units", "planned_common_units"])
def test_a_period_is_pointed_at_by_its_own_key(unit: str) -> None:
    made = {"planned_vocational_units": vocational, "planned_local_units": local, "planned_common_units": common}
    assert pointed(a_plan(**{unit: made[unit](period("p1"), period("p2", "Q"))})) == Pointer(part_key="p1")


def test_a_demonstration_is_pointed_at_by_its_own_key_or_by_unit_dates_and_environment() -> None:
    with_key = a_plan(planned_vocational_units=vocational(demos=(demonstration("n1"),)))
    assert pointed(with_key, ASSESSOR, "N") == Pointer(part_key="n1")
    without = a_plan(planned_vocational_units=vocational(demos=(demonstration(),)))
    assert pointed(without, ASSESSOR, "N") == WORKSHOP
    in_a_subarea = a_plan(planned_common_units=common(demos=(demonstration(),)))
    assert pointed(in_a_subarea, ASSESSOR, "N").unit_uri == SUBAREA.uri


@pytest.mark.parametrize(
    ("part", "kind", "refused"),
    [
        (period(), ASSESSOR, "the plan has no demonstration of that id"),
        (period(shown_as="another"), INSTRUCTOR, "the plan has no period at a workplace of that id"),
        (
            period(mode=AcquisitionMode.INSTITUTION_BASED),
            INSTRUCTOR,
            "the plan has no period at a workplace of that id",
        ),
        (period(None), INSTRUCTOR, "the period has no key of its own"),
        (period(end_date=None), INSTRUCTOR, "the part has no last day"),
        (period(end_date=date(2026, 7, 4)), INSTRUCTOR, "the part ended more than three months ago"),
        (period("k" * 201), INSTRUCTOR, "more than 200 letters"),
    ],
)
def test_a_period_that_cannot_be_appointed_to_is_refused_in_words(
    part: CompetenceAcquisition, kind: AppointmentKind, refused: str
) -> None:
    with pytest.raises(BadRequest, match=refused):
        pointed(a_plan(planned_vocational_units=vocational(part)), kind)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"environment": None}, "unit, dates or environment are missing"),
        ({"environment": DemonstrationEnvironment()}, "unit, dates or environment are missing"),
        ({"start_date": None}, "unit, dates or environment are missing"),
        ({"end_date": date(2026, 7, 4)}, "the part ended more than three months ago"),
        ({"environment": DemonstrationEnvironment(name="x" * 201)}, "more than 200 letters"),
    ],
)
def test_a_demonstration_that_nothing_would_find_again_is_refused_in_words(
    changes: dict[str, Any], refused: str
) -> None:
    plan = a_plan(planned_vocational_units=vocational(demos=(demonstration(**changes),)))
    with pytest.raises(BadRequest, match=refused):
        pointed(plan, ASSESSOR, "N")


def test_a_demonstration_of_a_local_unit_needs_a_key_of_its_own() -> None:
    plan = a_plan(planned_local_units=(PlannedLocalUnit(name="Local", demonstrations=(demonstration(),)),))
    with pytest.raises(BadRequest, match="unit, dates or environment are missing"):
        pointed(plan, ASSESSOR, "N")


@pytest.mark.parametrize("twin", [demonstration(shown_as="N2"), demonstration()])
def test_demonstrations_that_nothing_tells_apart_are_refused(twin: CompetenceDemonstration) -> None:
    plan = a_plan(planned_vocational_units=vocational(demos=(demonstration(), twin)))
    with pytest.raises(BadRequest, match="several such parts that nothing tells apart"):
        pointed(plan, ASSESSOR, "N")


def test_a_period_whose_key_another_one_has_too_is_refused() -> None:
    with pytest.raises(BadRequest, match="several such parts that nothing tells apart"):
        pointed(a_plan(planned_vocational_units=vocational(period("p1"), period("p1", "Q"))))


PLAN = a_plan(planned_vocational_units=vocational(period("p1", end_date=date(2026, 11, 30))))


@pytest.mark.parametrize("until", [None, DAY, date(2027, 2, 28)])  # three months after the last of November
def test_an_appointment_may_end_from_today_to_three_months_after_its_part(until: date | None) -> None:
    assert pointed(PLAN, until=until) == Pointer(part_key="p1")


@pytest.mark.parametrize(
    ("until", "refused"),
    [
        (DAY - timedelta(days=1), "the end is in the past"),
        (date(2027, 3, 1), "an appointment ends at the latest three months after its part"),
    ],
)
def test_an_end_in_the_past_or_too_late_is_refused(until: date, refused: str) -> None:
    with pytest.raises(BadRequest, match=refused):
        pointed(PLAN, until=until)


# --- as staff see it --------------------------------------------------------------------------------------------


def made(kind: AppointmentKind = INSTRUCTOR, pointer: Pointer | None = None, **changes: Any) -> MadeAppointment:
    """An appointment that waits for its code."""
    new = MadeAppointment(
        id="1" * 32,
        kind=kind,
        provider=PROVIDER_A,
        learner=AINO,
        right=A1,
        pointer=pointer or Pointer(part_key="p1"),
        made_at=NOON,
        code_until=NOON + timedelta(days=14),
        code_is_dead=False,
        version=1,
    )
    return msgspec.structs.replace(new, **changes)


def shown(appointment: MadeAppointment, plan: Hoks | None = PLAN, *, plan_is_known: bool = True, **when: Any) -> Any:
    """The appointment as staff see it today."""
    return as_shown(appointment, plan, **{"plan_is_known": plan_is_known, "now": NOON, "today": DAY, **when})


def test_staff_see_which_part_it_is_who_accepted_it_and_its_last_day() -> None:
    seen = shown(made(person=SOMEBODY, accepted_at=NOON))
    assert (seen.part_id, seen.person_oid, seen.state) == ("P", SOMEBODY, AppointmentState.ACCEPTED)
    assert (seen.last_day, seen.findings) == (date(2027, 2, 28), ())
    assert shown(made(until=date(2026, 12, 1))).last_day == date(2026, 12, 1)


def test_the_part_s_own_end_decides_where_it_comes_first() -> None:
    shorter = a_plan(planned_vocational_units=vocational(period("p1", end_date=date(2026, 8, 31))))
    assert shown(made(until=date(2026, 12, 31)), shorter).last_day == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("changes", "when", "state"),
    [
        ({}, {}, AppointmentState.WAITING),
        ({}, {"now": NOON + timedelta(days=14)}, AppointmentState.WAITING),
        ({}, {"now": NOON + timedelta(days=14, seconds=1)}, AppointmentState.LAPSED),
        ({"code_is_dead": True}, {}, AppointmentState.LAPSED),
        ({"code_is_dead": True, "person": SOMEBODY}, {}, AppointmentState.ACCEPTED),
        ({"person": SOMEBODY}, {"now": NOON + timedelta(days=20)}, AppointmentState.ACCEPTED),
        ({"person": SOMEBODY}, {"today": date(2027, 2, 28)}, AppointmentState.ACCEPTED),
        ({"person": SOMEBODY}, {"today": date(2027, 3, 1)}, AppointmentState.ENDED),
        ({"person": SOMEBODY, "ended_on": DAY}, {}, AppointmentState.ENDED),
        ({"until": DAY - timedelta(days=1)}, {}, AppointmentState.ENDED),
    ],
)
def test_its_state_follows_from_its_days(changes: dict[str, Any], when: dict[str, Any], state: Any) -> None:
    assert shown(made(**changes), **when).state is state


def test_a_period_keeps_its_appointment_when_everything_else_of_the_plan_is_new() -> None:
    anew = a_plan(
        planned_local_units=local(
            period("p1", "new-id", module_id="new", start_date=START + timedelta(days=3), end_date=DAY)
        )
    )
    seen = shown(made(), anew)
    assert (seen.part_id, seen.last_day, seen.findings) == ("new-id", date(2027, 1, 5), ())


LOST = {
    "other days": demonstration(start_date=START + timedelta(days=1)),
    "another last day": demonstration(end_date=END + timedelta(days=1)),
    "another environment": demonstration(environment=DemonstrationEnvironment(name="Kitchen")),
    "no environment": demonstration(environment=None),
}


@pytest.mark.parametrize("now", LOST.values(), ids=LOST)
def test_a_demonstration_that_has_changed_is_found_no_more_and_its_provider_is_told(
    now: CompetenceDemonstration,
) -> None:
    plan = a_plan(planned_vocational_units=vocational(demos=(now,)))
    seen = shown(made(ASSESSOR, WORKSHOP), plan)
    assert (seen.part_id, [each.code for each in seen.findings]) == (None, [FindingCode.APPOINTMENT_NAMES_NO_PART])
    assert (seen.findings[0].item, seen.findings[0].place) == (Item.D12, "demonstrations")


def test_a_demonstration_in_another_unit_is_not_the_one() -> None:
    plan = a_plan(planned_common_units=common(demos=(demonstration(),)))
    assert shown(made(ASSESSOR, WORKSHOP), plan).part_id is None
    there = a_plan(planned_vocational_units=vocational(demos=(demonstration(),)))
    assert shown(made(ASSESSOR, WORKSHOP), there).part_id == "N"


def test_a_plan_that_is_gone_is_a_finding_and_one_that_could_not_be_read_is_none() -> None:
    assert [each.code for each in shown(made(), None).findings] == [FindingCode.APPOINTMENT_NAMES_NO_PART]
    assert shown(made(), None, plan_is_known=False).findings == ()


# --- which appointments hold ------------------------------------------------------------------------------------

TOLD = Appointment(person=SOMEBODY, kind=INSTRUCTOR, learner=AINO, right=A1, part_key="p1", told_by=PROVIDER_A)
MADE = made(person=SOMEBODY).appointment()


def test_both_a_student_systems_appointment_and_one_made_here_count() -> None:
    assert holding((TOLD, MADE), DAY) == (TOLD, MADE)
    assert (MADE.part, MADE.told_by, MADE.id) == (TOLD.part, PROVIDER_A, "1" * 32)


def test_what_staff_have_ended_here_is_not_open_through_the_student_system() -> None:
    assert holding((TOLD, made(person=SOMEBODY, ended_on=DAY).appointment()), DAY) == ()
    assert holding((TOLD, made(person=SOMEBODY, ended_on=DAY).appointment()), DAY - timedelta(days=9)) == ()


def test_the_earlier_end_decides_and_its_last_day_counts() -> None:
    ends_today = msgspec.structs.replace(MADE, until=DAY)
    assert holding((TOLD, ends_today), DAY) == (TOLD, ends_today)
    assert holding((TOLD, ends_today), DAY + timedelta(days=1)) == ()


@pytest.mark.parametrize(
    "other",
    [
        {"person": ANOTHER},
        {"part_key": "p2"},
        {"right": A2},
        {"kind": ASSESSOR},
        {"part_key": None, "unit_uri": UNIT.uri},
    ],
)
def test_an_end_is_of_one_person_and_one_part_alone(other: dict[str, Any]) -> None:
    ended = made(person=SOMEBODY, ended_on=DAY).appointment()
    assert holding((msgspec.structs.replace(TOLD, **other), ended), DAY) == (msgspec.structs.replace(TOLD, **other),)
