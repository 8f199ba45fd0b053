"""What sources say of changes: nothing is read in vain, nothing passed over, and a plan that is gone is told."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hoks.changing import ChangePlace, Changing, FoundChange
from hoks.identifiers import StudyRightOid
from hoks.outcomes import Outcome
from hoks.plan import Hoks
from tests.hoks.test_changing import MORNING, NOON, SYSTEM, asked, later, of, quiet, round_of, touched
from tests.world.places import LETTER_OF, A, B
from tests.world.ports import Asked, Fault
from tests.world.rights import CURRENT, right, right_oid
from tests.world.world import World, plans_source

PLANS_OF_A, DOWN = plans_source(A), Fault(outcome=Outcome.UNAVAILABLE)
CHANGES_OF_A = f"changes-{LETTER_OF[A]}"
NEXT_MORNING = MORNING + timedelta(days=1)


def telling(size: int) -> World:
    """A crowd whose source of plans says what has changed."""
    return quiet(size).but(tells_changes=frozenset({A}))


def deleted(world: World, number: int, at: datetime, *, says_so: bool = True) -> World:
    """The world in which one plan has been deleted."""
    gone = StudyRightOid(right_oid(100 * number))
    plans = tuple(each for each in world.plans if each[1].study_right_oid != gone)
    return world.but(plans=plans, gone=(*world.gone, (A, gone, at)) if says_so else world.gone)


async def read_in(world: World, place: ChangePlace) -> tuple[list[FoundChange], Asked]:
    """One page, and what was asked for it."""
    noted = Asked()
    reader = world.reader(noted)
    page = await Changing(reader).changes(SYSTEM, place, first=50, within=reader.sit())
    assert page is not None
    return list(page.found), noted


async def test_where_the_source_says_that_nothing_has_changed_no_plan_is_read() -> None:
    _, place = await round_of(telling(12))
    found, noted = await read_in(later(telling(12), 1), place)

    assert found == []
    assert (noted.count(PLANS_OF_A, "changed"), noted.count(PLANS_OF_A, "plans")) == (1, 0)


async def test_only_the_plan_that_the_source_names_is_read() -> None:
    _, place = await round_of(telling(12))
    found, noted = await read_in(touched(later(telling(12), 1), 7, NEXT_MORNING), place)

    assert [each.right for each in found] == of(7)
    assert noted.keys(PLANS_OF_A, "plans") == frozenset(of(7))


async def test_in_the_first_round_everything_is_read_and_nobody_is_asked_what_has_changed() -> None:
    found, noted = await read_in(deleted(telling(12), 7, MORNING), ChangePlace())

    assert len(found) == 11
    assert noted.count(PLANS_OF_A, "changed") == 0
    assert not any(each.change.is_gone for each in found)


async def test_a_plan_that_is_gone_is_told_as_such() -> None:
    _, place = await round_of(telling(12))
    (found,), _ = await read_in(deleted(later(telling(12), 1), 7, NEXT_MORNING), place)

    told = found.change
    assert (found.right, told.study_right_oid, told.is_gone) == (*of(7), *of(7), True)
    assert told.student_oid == telling(12).people[6].oid
    assert told.provider is not None
    assert (told.provider.oid, told.source, told.updated_at) == (A, PLANS_OF_A, NEXT_MORNING)


async def test_it_is_told_once() -> None:
    _, place = await round_of(telling(12))
    world = deleted(later(telling(12), 1), 7, NEXT_MORNING)
    first, behind = await round_of(world, place)
    again, _ = await round_of(later(world, 2), behind)

    assert (first, again) == (of(7), [])


@pytest.mark.parametrize("number", [13, 150])
async def test_what_is_gone_of_a_right_that_is_not_the_callers_is_not_told(number: int) -> None:
    _, place = await round_of(telling(12))
    found, _ = await read_in(deleted(later(telling(12), 1), number, NEXT_MORNING), place)

    assert found == []


async def test_that_another_providers_plan_is_gone_is_not_told_for_it_may_never_have_been_seen() -> None:
    world = quiet(3).but(tells_changes=frozenset({A, B}))
    elsewhere = right(right_oid(150), world.people[0].oid, B, CURRENT)
    plan = Hoks(study_right_oid=elsewhere.oid, student_oid=world.people[0].oid, first_approved_on=MORNING.date())
    both = world.but(rights=(*world.rights, elsewhere), plans=(*world.plans, (B, plan)))
    _, place = await round_of(both)
    found, _ = await read_in(both.but(plans=world.plans, gone=((B, elsewhere.oid, NOON),)), place)

    assert not any(each.change.is_gone for each in found)


async def test_a_plan_that_another_source_still_has_is_not_gone() -> None:
    world = telling(3)
    _, place = await round_of(world)
    found, _ = await read_in(later(world, 1).but(gone=((A, StudyRightOid(right_oid(200)), NEXT_MORNING),)), place)

    assert not any(each.change.is_gone for each in found)


async def test_a_plan_that_is_opened_by_the_day_alone_is_told_though_nothing_has_changed() -> None:
    world = quiet(3).but(tells_changes=frozenset({A, B}))
    elsewhere = right(right_oid(150), world.people[0].oid, B, CURRENT)
    tomorrow = NOON.date() + timedelta(days=1)
    long_ago = NOON - timedelta(days=100)
    plans = [
        Hoks(study_right_oid=oid, student_oid=world.people[0].oid, first_approved_on=day, updated_at=long_ago)
        for oid, day in ((elsewhere.oid, tomorrow), (right_oid(151), long_ago.date()))
    ]
    # Another plan of B's is seen from the beginning, so that B's source is known.
    seen = right(right_oid(151), world.people[0].oid, B, CURRENT)
    both = world.but(rights=(*world.rights, elsewhere, seen), plans=(*world.plans, *((B, each) for each in plans)))
    first, place = await round_of(both)
    told, _ = await round_of(later(both, 1), place)

    assert elsewhere.oid not in first
    assert elsewhere.oid in told


async def test_a_source_that_cannot_say_what_has_changed_is_read_and_asked_from_the_same_moment_again() -> None:
    _, place = await round_of(telling(12))
    world = deleted(touched(later(telling(12), 1), 3, NEXT_MORNING), 7, NEXT_MORNING)
    during, behind = await round_of(world.but(faults={CHANGES_OF_A: DOWN}), place)
    after, _ = await round_of(later(world, 2), behind)

    assert during == of(3)
    assert after == of(3, 7)


async def test_what_is_gone_of_a_student_who_could_not_be_read_is_told_once_they_can() -> None:
    _, place = await round_of(telling(12))
    world = deleted(later(telling(12), 1), 7, NEXT_MORNING)
    during, behind = await round_of(world.but(faults={PLANS_OF_A: DOWN}), place)
    found, _ = await read_in(later(world, 2), behind)

    assert during == []
    assert [(each.right, each.change.is_gone) for each in found] == [(*of(7), True)]


@pytest.mark.parametrize(("world", "sources"), [(quiet(2), (PLANS_OF_A,)), (telling(2), ())])
async def test_sources_that_do_not_say_what_is_gone_are_named(world: World, sources: tuple[str, ...]) -> None:
    first = await asked(world, ChangePlace())
    later_page = await asked(deleted(world, 1, NOON, says_so=False), first.place)

    assert (first.cannot_tell_gone, later_page.cannot_tell_gone) == (sources, sources)


STEP = st.tuples(st.integers(1, 6), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 3))


@settings(max_examples=30, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=6))
async def test_whatever_happens_no_change_and_no_deletion_is_passed_over(
    steps: list[tuple[int, bool, bool, bool, int]],
) -> None:
    """Each day a plan changes or goes, and the plans, or what is said of changes, may be down; then days are quiet."""
    world = telling(6)
    _, place = await round_of(world)
    expected: list[tuple[int, str, bool]] = []
    told: list[tuple[int, str, bool | None]] = []
    gone: set[int] = set()
    for day, (number, goes, plans_down, changes_down, first) in enumerate(steps, start=1):
        moment, world = MORNING + timedelta(days=day), later(world, day)
        if number not in gone:
            world = deleted(world, number, moment) if goes else touched(world, number, moment)
            gone |= {number} if goes else set()
            expected.append((day, right_oid(100 * number), goes))
        faults = {PLANS_OF_A: DOWN} if plans_down else {}
        faults |= {CHANGES_OF_A: DOWN} if changes_down else {}
        page = await asked(world.but(faults=faults), place, first)
        told += [(day, each.right, each.change.is_gone) for each in page.found]
        place = page.place
    for day in range(len(steps) + 1, len(steps) + 4):
        while True:
            page = await asked(later(world, day), place, 3)
            told += [(day, each.right, each.change.is_gone) for each in page.found]
            place = page.place
            if not page.more:
                break
    for day, oid, goes in expected:
        assert any(when >= day and which == oid and (is_gone or not goes) for when, which, is_gone in told)


def test_a_place_holds_no_more_than_before() -> None:
    assert set(ChangePlace.__struct_fields__) == {"known", "after", "ahead", "missed", "missing"}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ChangePlace()), type=ChangePlace) == ChangePlace()
