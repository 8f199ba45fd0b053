"""Appointments made through the gateway beside the student systems': both count, the most restrictive end decides."""

from datetime import date, timedelta

import msgspec
import pytest

from hoks.caller import Caller
from hoks.outcomes import Outcome
from hoks.relations import Appointment
from hoks.showing import View
from tests.hoks.matrix_10_3 import NOTHING
from tests.running import run
from tests.world.places import A_SCHOOL, A, B, D
from tests.world.ports import Fault
from tests.world.rights import CURRENT, TODAY
from tests.world.role_scene import (
    ASSESSOR,
    INSTRUCTOR,
    MASTER,
    RIGHTS,
    assesses,
    assesses_without_key,
    at_b,
    changed,
    instructs,
    role_world,
)
from tests.world.workplace_cases import WORKPLACE_CASES, RoleCase
from tests.world.world import World, staff_source

OWN = [case for case in WORKPLACE_CASES if case.world.appointments and not case.world.faults]


def seen(world: World, caller: Caller) -> View | None:
    """The student as the caller sees them; a failure to tell shows nothing either."""
    found = run(world.reader().students(caller, [MASTER]))[MASTER]
    return found if isinstance(found, View) else None


def made(*appointments: Appointment, by: str = A, **changes: object) -> tuple[Appointment, ...]:
    """The same appointments as made through the gateway by a provider's staff."""
    return tuple(
        msgspec.structs.replace(each, told_by=by, id=f"made-{number}", **changes)
        for number, each in enumerate(appointments, start=1)
    )


def moved(world: World) -> World:
    """The world in which what student systems told is made through the gateway instead."""
    there = tuple(msgspec.structs.replace(each, told_by=by, id="made") for by, each in world.appointments)
    return world.but(appointments=(), made_here=there)


def shown_of(view: View | None) -> object:
    """What is shown of a student, whichever way it was granted."""
    return (view.student, view.covering, view.rights, view.plans) if view is not None else None


@pytest.mark.parametrize("case", OWN, ids=[case.name for case in OWN])
def test_made_here_it_gives_exactly_what_the_student_system_would_give(case: RoleCase) -> None:
    here, there = seen(moved(case.world), case.caller), seen(case.world, case.caller)
    assert shown_of(here) == shown_of(there)
    assert (here is None) == (case.column is NOTHING and case.person is None)


PERIOD = instructs("p1")


def test_either_way_alone_and_both_together_show_the_same() -> None:
    ways = (
        role_world(named=PERIOD),
        role_world().but(made_here=made(*PERIOD)),
        role_world(named=PERIOD).but(made_here=made(*PERIOD)),
    )
    told, here, both = (seen(world, INSTRUCTOR) for world in ways)
    assert shown_of(told) == shown_of(here) == shown_of(both) != (None, None)


def test_what_is_told_and_what_is_made_here_add_up() -> None:
    view = seen(role_world(named=instructs("p2")).but(made_here=made(*PERIOD)), INSTRUCTOR)
    assert view is not None
    (plan,) = view.student.hoksit or ()
    assert [len(unit.acquisitions or ()) for unit in plan.planned_vocational_units or ()] == [1, 1]


@pytest.mark.parametrize("named", [(), PERIOD], ids=["alone", "beside the student system's"])
def test_what_staff_have_ended_shows_nothing(named: tuple[Appointment, ...]) -> None:
    ended = made(*PERIOD, until=date.min)
    assert seen(role_world(named=named).but(made_here=ended), INSTRUCTOR) is None


@pytest.mark.parametrize("named", [(), PERIOD], ids=["alone", "beside the student system's"])
def test_its_own_end_counts_through_its_last_day(named: tuple[Appointment, ...]) -> None:
    assert seen(role_world(named=named).but(made_here=made(*PERIOD, until=TODAY)), INSTRUCTOR) is not None
    yesterday = made(*PERIOD, until=TODAY - timedelta(days=1))
    assert seen(role_world(named=named).but(made_here=yesterday), INSTRUCTOR) is None


def test_no_end_reaches_beyond_three_months_after_the_period() -> None:
    over = changed(periods={"p1": (date(2026, 5, 4), date(2026, 7, 4))})
    assert seen(role_world(units=over).but(made_here=made(*PERIOD, until=date(2027, 1, 1))), INSTRUCTOR) is None


@pytest.mark.parametrize("fault", [Fault(raises=True), Fault(outcome=Outcome.UNAVAILABLE)])
def test_while_the_store_is_silent_nothing_is_open_that_it_may_have_ended(fault: Fault) -> None:
    assert seen(role_world(named=PERIOD).but(faults={"appointments": fault}), INSTRUCTOR) is None


def test_while_a_student_system_is_silent_what_was_made_here_stands() -> None:
    world = role_world(down=[staff_source(A)]).but(made_here=made(*PERIOD))
    assert seen(world, INSTRUCTOR) is not None


def test_staff_of_a_provider_that_has_nothing_to_do_with_the_plan_open_nothing() -> None:
    for stranger in (B, D):
        assert seen(role_world().but(made_here=made(*PERIOD, by=stranger)), INSTRUCTOR) is None


def test_staff_of_the_provider_that_carries_the_training_out_may_appoint() -> None:
    procured = role_world(CURRENT, at_b(units=None, included_in=(RIGHTS["A1"], A_SCHOOL)))
    assert seen(procured.but(made_here=made(*PERIOD, by=B)), INSTRUCTOR) is not None


def test_a_student_system_cannot_end_what_another_provider_tells() -> None:
    world = role_world(named=PERIOD)
    sly = tuple((D, msgspec.structs.replace(each, until=date.min, id="made-1")) for each in PERIOD)
    assert shown_of(seen(world.but(appointments=(*world.appointments, *sly)), INSTRUCTOR)) == shown_of(
        seen(world, INSTRUCTOR)
    )


# --- when the plan is written anew ------------------------------------------------------------------------------


def test_a_period_keeps_its_appointment_when_its_days_change() -> None:
    later = changed(periods={"p1": (date(2026, 9, 28), date(2027, 1, 29))})
    assert seen(role_world(units=later).but(made_here=made(*PERIOD)), INSTRUCTOR) is not None


def test_a_demonstration_without_a_key_is_lost_when_its_days_change() -> None:
    days = (date(2026, 12, 7), date(2026, 12, 8))
    keyless = changed(keyless=["n1"])
    named = made(*assesses_without_key("u1", *days, "n1"))
    assert seen(role_world(units=keyless).but(made_here=named), ASSESSOR) is not None
    anew = changed(keyless=["n1"], demos={"n1": (date(2026, 12, 7), date(2026, 12, 9))})
    assert seen(role_world(units=anew).but(made_here=named), ASSESSOR) is None


# --- on what an answer rests ------------------------------------------------------------------------------------


def rested(world: World, caller: Caller = INSTRUCTOR) -> set[str]:
    """The appointments on which what is shown of the plan and of the right rests."""
    view = seen(world, caller)
    assert view is not None
    origins = [view.plan_origins[RIGHTS["A1"]], view.right_origins[RIGHTS["A1"]]]
    assert origins[0].appointments == origins[1].appointments
    return set(origins[0].appointments)


def test_what_is_shown_rests_on_the_appointments_made_here_and_on_no_student_systems() -> None:
    assert rested(role_world(named=PERIOD)) == set()
    assert rested(role_world().but(made_here=made(*PERIOD))) == {"made-1"}
    assert rested(role_world(named=PERIOD).but(made_here=made(*PERIOD))) == {"made-1"}
    # A student system cannot give one of its own out as made here.
    assert rested(role_world(named=made(*PERIOD))) == set()


def test_it_does_not_rest_on_what_finds_no_part_any_more() -> None:
    assert rested(role_world().but(made_here=made(*PERIOD, *instructs("gone")))) == {"made-1"}


def test_it_rests_on_the_periods_at_other_providers_too_for_they_say_who_is_the_only_instructor() -> None:
    at_b_too = made(*PERIOD, *instructs("q1", tag="B1"))
    at_b_too = (at_b_too[0], msgspec.structs.replace(at_b_too[1], told_by=B))
    assert rested(role_world(CURRENT, at_b()).but(made_here=at_b_too)) == {"made-1", "made-2"}


def test_an_assessors_rests_on_the_assessors_alone() -> None:
    both = made(*PERIOD, *assesses("n1"))
    assert rested(role_world().but(made_here=both), ASSESSOR) == {"made-2"}
