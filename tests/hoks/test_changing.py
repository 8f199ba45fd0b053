"""Which plans have changed: told once they have, at whichever provider, and never passed over."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.caller import Role
from hoks.changing import ChangePlace, Changes, Changing
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from tests.world.crowd import crowd
from tests.world.hurried import HurriedReader
from tests.world.places import A, B
from tests.world.ports import Asked, Fault
from tests.world.rights import CURRENT, right, right_oid
from tests.world.world import World, caller, plans_source, rights_source

SYSTEM = caller(Role.SYSTEM, A)
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
"""When the fakes say that they were read."""


MORNING = NOON.replace(hour=6)
"""Hours before they are read, so that what changes then is behind the mark of a reading."""


def later(world: World, days: int) -> World:
    """The world so many days later."""
    return world.but(day=NOON.date() + timedelta(days=days))


def quiet(size: int) -> World:
    """A crowd in which every plan was approved and updated long ago."""
    world = crowd(size)
    long_ago = datetime(2026, 3, 2, 9, tzinfo=UTC)
    old = {"first_approved_on": long_ago.date(), "updated_at": long_ago}
    return world.but(plans=tuple((who, msgspec.structs.replace(plan, **old)) for who, plan in world.plans))


def touched(world: World, number: int, at: datetime | None = NOON) -> World:
    """The world in which one plan was updated, or does not say when."""
    changed = right_oid(100 * number)
    return world.but(
        plans=tuple(
            (who, msgspec.structs.replace(plan, updated_at=at) if plan.study_right_oid == changed else plan)
            for who, plan in world.plans
        )
    )


async def asked(world: World, place: ChangePlace, first: int = 50) -> Changes:
    """One page."""
    reader = world.reader()
    page = await Changing(reader).changes(SYSTEM, place, first=first, within=reader.sit())
    assert page is not None
    return page


async def round_of(world: World, place: ChangePlace = ChangePlace(), first: int = 50) -> tuple[list[str], ChangePlace]:  # noqa: B008 - frozen
    """All pages of one round: the rights whose plans changed, and where it ends."""
    rights: list[str] = []
    while True:
        page = await asked(world, place, first)
        rights += [each.right for each in page.found]
        place = page.place
        if not page.more:
            return rights, place


def of(*numbers: int) -> list[str]:
    """The rights of these students."""
    return [right_oid(100 * number) for number in numbers]


async def test_the_first_round_tells_every_plan_and_the_next_none() -> None:
    first, place = await round_of(quiet(12))
    again, _ = await round_of(quiet(12), place)

    assert first == of(*range(1, 13))
    assert again == []


async def test_a_change_is_told_by_every_place_before_it_and_by_none_after() -> None:
    _, place = await round_of(quiet(12))
    changed = touched(quiet(12), 7)
    told, behind = await round_of(changed, place)
    told_again, _ = await round_of(changed, place)

    assert told == told_again == of(7)
    # The mark reaches back a minute, so what changed in the minute before it is told twice.
    assert (await round_of(changed, behind))[0] == of(7)
    assert (await round_of(touched(quiet(12), 7, NOON - timedelta(seconds=61)), behind))[0] == []


async def test_pages_hold_about_as_many_as_asked_and_leave_nobody_out() -> None:
    reader_pages = []
    place = ChangePlace()
    for _ in range(20):
        page = await asked(quiet(12), place, first=5)
        reader_pages.append([each.right for each in page.found])
        place = page.place
        if not page.more:
            break

    assert [len(each) for each in reader_pages] == [5, 5, 2]
    assert [each for rights in reader_pages for each in rights] == of(*range(1, 13))


async def test_what_changes_behind_a_page_is_told_in_the_next_round() -> None:
    _, known = await round_of(quiet(12))
    first = await asked(touched(touched(quiet(12), 2), 9), known, first=1)
    assert [each.right for each in first.found] == of(2)

    # Student 1 is behind the page when they change.
    rest, place = await round_of(touched(touched(quiet(12), 1), 9), first.place, first=1)
    after, _ = await round_of(touched(quiet(12), 1), place)

    assert rest == of(9)
    assert after == of(1)


async def test_a_plan_at_another_provider_that_may_be_seen_is_told_too() -> None:
    world = quiet(3)
    elsewhere = right(right_oid(150), world.people[0].oid, B, CURRENT)
    plan = Hoks(study_right_oid=elsewhere.oid, student_oid=world.people[0].oid, first_approved_on=NOON.date())
    both = world.but(rights=(*world.rights, elsewhere), plans=(*world.plans, (B, plan)))
    _, place = await round_of(world)

    told, _ = await round_of(both, place)

    assert elsewhere.oid in told


async def test_a_plan_that_may_not_be_seen_changes_nothing() -> None:
    world = quiet(3)
    elsewhere = right(right_oid(150), world.people[0].oid, B, CURRENT)
    draft = Hoks(study_right_oid=elsewhere.oid, student_oid=world.people[0].oid, updated_at=NOON)
    both = world.but(rights=(*world.rights, elsewhere), plans=(*world.plans, (B, draft)))

    page = await asked(both, ChangePlace())
    without = await asked(both.but(plans=world.plans), ChangePlace())

    assert page.place == without.place
    assert [each.right for each in page.found] == of(1, 2, 3)
    assert page.found == without.found


async def test_a_source_that_does_not_say_when_plans_changed_is_named() -> None:
    world = touched(quiet(3), 2, None)
    first = await asked(world, ChangePlace())
    earlier = {plans_source(A): NOON - timedelta(days=1)}
    later = await asked(world, ChangePlace(known=earlier))

    assert len(first.found) == 3, "everything is told once"
    assert first.cannot_tell == ()
    assert later.found == ()
    assert later.cannot_tell == (plans_source(A),)


async def test_within_one_snapshot_nothing_has_changed_and_no_source_need_say_so() -> None:
    world = touched(quiet(3), 2, None)
    _, place = await round_of(world)

    assert (await asked(world, place)).cannot_tell == ()


async def test_students_whose_plans_could_not_be_read_are_told_of_once_they_can() -> None:
    _, place = await round_of(quiet(12))
    world = touched(later(quiet(12), 1), 7, MORNING + timedelta(days=1))
    first = await asked(world, place, first=1)
    assert [each.right for each in first.found] == of(7)

    # The source answers for the students of the first page, and is down for those of the second.
    down = {plans_source(A): Fault(outcome=Outcome.UNAVAILABLE)}
    world = touched(touched(later(quiet(12), 1), 7, MORNING + timedelta(days=1)), 9, MORNING + timedelta(days=1))
    during, behind = await round_of(world.but(faults=down), first.place)
    after, _ = await round_of(later(world, 2), behind)

    assert during == []
    assert set(of(9)) <= set(after)


async def test_where_too_many_could_not_be_read_the_round_is_as_if_it_had_not_been() -> None:
    world = quiet(150)
    _, place = await round_of(world)
    down = {plans_source(A): Fault(outcome=Outcome.UNAVAILABLE)}
    _, behind = await round_of(world.but(faults=down), place)

    assert behind == place
    assert (await round_of(touched(world, 7), behind))[0] == of(7)


async def test_a_page_ends_where_time_runs_out_and_goes_on_from_there() -> None:
    reader = HurriedReader(quiet(30).reader(), 12)
    first = await Changing(reader).changes(SYSTEM, ChangePlace(), first=10_000, within=reader.sit())

    assert first is not None
    assert first.more
    assert [each.right for each in first.found] == of(*range(1, 14))
    rest, _ = await round_of(quiet(30), first.place, first=10_000)
    assert rest == of(*range(14, 31))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
async def test_no_other_role_is_told_of_changes(role: Role) -> None:
    reader = quiet(2).reader()
    page = await Changing(reader).changes(caller(role, A), ChangePlace(), first=5, within=reader.sit())
    assert page is None


async def test_a_page_of_a_large_provider_costs_a_bounded_number_of_calls() -> None:
    noted = Asked()
    reader = quiet(1_200).reader(noted, seconds=60.0)
    page = await Changing(reader).changes(SYSTEM, ChangePlace(), first=50, within=reader.sit())

    assert page is not None
    assert len(page.found) == 50
    assert noted.count(rights_source(A), "rights") == 1
    assert noted.count(plans_source(A), "plans") == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(1, 3)), min_size=1, max_size=6))
async def test_whatever_happens_between_pages_no_change_is_passed_over(steps: list[tuple[int, bool, int]]) -> None:
    """Each day a plan changes before a page is asked, and the source may be down; quiet days tell the rest."""
    world = quiet(6)
    _, place = await round_of(world)
    changed: list[tuple[int, str]] = []
    told: list[tuple[int, str]] = []
    for day, (number, is_down, first) in enumerate(steps, start=1):
        world = touched(later(world, day), number, MORNING + timedelta(days=day))
        changed.append((day, right_oid(100 * number)))
        faults = {plans_source(A): Fault(outcome=Outcome.UNAVAILABLE)} if is_down else {}
        page = await asked(world.but(faults=faults), place, first)
        told += [(day, each.right) for each in page.found]
        place = page.place
    for day in range(len(steps) + 1, len(steps) + 4):
        rights, place = await round_of(later(world, day), place)
        told += [(day, each) for each in rights]
    for day, oid in changed:
        assert any(when >= day and which == oid for when, which in told)
