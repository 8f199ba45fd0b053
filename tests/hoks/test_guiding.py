"""A group and a unit read in pages: what is counted, what is folded, and what it costs at the sources."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hoks.caller import Role
from hoks.errors import SourcesUnavailable
from hoks.guidance import GuidanceState, GuidanceTheme
from hoks.guidance_phase import GuidancePhase
from hoks.guiding import Guidance, Summary, Tally, counted_by_teacher
from hoks.identifiers import PersonOid
from hoks.mending import Mending
from hoks.outcomes import Outcome
from hoks.relations import Assignment
from tests.world.crowd import COUNSELLOR, TEACHERS, crowd
from tests.world.hurried import HurriedReader
from tests.world.names import SOURCE as NAMES
from tests.world.places import A_SCHOOL, A, B
from tests.world.ports import Asked, Fault
from tests.world.world import caller, plans_source, rights_source, staff, staff_source

HEAD = caller(Role.HEAD_OF_TRAINING, A_SCHOOL)
GUIDES = caller(Role.GUIDANCE_COUNSELLOR, A, COUNSELLOR)


def calls_of(asked: Asked) -> list[str]:
    """The calls of sources; looking up a name is none."""
    return [question for source, question, _ in asked.calls if source != NAMES]


async def test_a_group_of_1200_costs_a_bounded_number_of_calls() -> None:
    asked = Asked()
    reader = crowd(1_200).reader(asked, seconds=60.0)

    found = await Guidance(reader, 8).group(GUIDES, "all", GuidanceTheme.PLAN_CHECK, reader.sit())

    assert found is not None
    assert len(found.rows) == 1_200
    assert found.not_read == 0
    assert asked.count("onr", "identify") == 1
    assert asked.count(staff_source(A), "guided") == 1
    # A thousand students at a time, of whom a hundred's plans; one more is nobody, by whom a fault would show.
    assert asked.count(rights_source(A), "rights") == 2
    assert asked.count(plans_source(A), "plans") == 13
    assert max(len(keys) for source, question, keys in asked.calls if question == "plans") == 100
    assert asked.count(plans_source(B), "plans") == 0
    assert len(calls_of(asked)) < 40


async def test_a_summary_costs_as_few_and_counts_everybody_once() -> None:
    asked = Asked()
    reader = crowd(1_200).reader(asked, seconds=60.0)

    found = await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit())

    assert found is not None
    assert sum(each.students or 0 for each in found.rows) == 1_200
    assert [each.teacher for each in found.rows] == sorted(TEACHERS)
    assert len(calls_of(asked)) < 40


async def test_findings_cost_as_few_and_hold_a_page() -> None:
    asked = Asked()
    reader = crowd(1_200).reader(asked, seconds=60.0)

    page = await Mending(reader).findings(staff(A), A, first=10, after=None, within=reader.sit())

    assert page is not None
    assert len(page.found) == 10
    assert page.more
    assert len(calls_of(asked)) < 40


async def test_other_providers_plans_are_in_no_count() -> None:
    world = crowd(30)
    elsewhere = tuple((B, plan) for _, plan in world.plans)
    for each in (world, world.but(plans=(*world.plans, *elsewhere))):
        reader = each.reader()
        found = await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit())
        assert found is not None
        assert sum(row.students or 0 for row in found.rows) == 30


@pytest.mark.parametrize("source", [rights_source(A), staff_source(A)])
async def test_where_the_sources_are_down_there_is_no_count(source: str) -> None:
    reader = crowd(30).but(faults={source: Fault(outcome=Outcome.UNAVAILABLE)}).reader()
    with pytest.raises(SourcesUnavailable):
        await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit())


async def test_a_plan_that_cannot_be_read_is_counted_as_such() -> None:
    reader = crowd(30).but(faults={plans_source(A): Fault(outcome=Outcome.UNAVAILABLE)}).reader()
    found = await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit())

    assert found is not None
    for row in found.rows:
        assert dict(row.states)[None] == row.students
        assert (row.approved, row.updated) == (0, 0)


async def test_when_time_is_up_there_is_no_count_in_part() -> None:
    reader = crowd(1_200).but(faults={plans_source(A): Fault(late=0.2)}).reader(seconds=0.5)
    with pytest.raises(SourcesUnavailable, match="in the time"):
        await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit())


async def test_a_count_goes_on_in_further_requests_and_tells_nothing_before_its_end() -> None:
    reader = HurriedReader(crowd(20).reader(), 8)
    parts: list[Summary] = []
    place = None
    while not parts or place is not None:
        found = await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit(), place, in_parts=True)
        assert found is not None
        parts.append(found)
        place = found.rest

    *begun, whole = parts
    assert [(each.rows, each.not_read) for each in begun] == [((), None), ((), None)]
    (row,) = whole.rows
    assert (row.students, row.is_folded, row.teacher, whole.not_read) == (20, True, None, 0)
    assert dict(row.states) == {
        GuidanceState.NOT_APPROVED: 7,
        GuidanceState.NOT_UPDATED: 7,
        GuidanceState.UP_TO_DATE: 6,
        GuidanceState.NOTHING_PLANNED: 0,
        GuidanceState.PERIOD_ENDED_WITHOUT_DEMONSTRATION: 0,
        None: 0,
    }


async def test_who_does_not_ask_for_parts_is_told_the_whole_or_an_error() -> None:
    reader = HurriedReader(crowd(20).reader(), 8)
    found = await Guidance(reader, 8).summary(HEAD, A_SCHOOL, reader.sit())

    assert found is not None
    assert found.rest is None
    assert sum(each.students or 0 for each in found.rows) == 20


async def test_a_group_is_shown_to_nobody_by_another_providers_list() -> None:
    world = crowd(10)
    foreign = tuple(
        (B, Assignment(person=PersonOid(GUIDES.subject), role=GUIDES.role, learner=each.oid, provider=A, group="new"))
        for each in world.people
    )
    reader = world.but(assignments=(*world.assignments, *foreign)).reader()

    for who in (GUIDES, staff(A)):
        assert await Guidance(reader, 8).group(who, "new", GuidanceTheme.PLAN_CHECK, reader.sit()) is None


# --- folding across a row -----------------------------------------------------------------------------------------

tallies = st.dictionaries(
    st.tuples(st.sampled_from([*GuidanceState, None]), st.sampled_from([*GuidancePhase, None])),
    st.integers(1, 12),
    min_size=1,
    max_size=6,
).map(Counter)
TEACHER = st.sampled_from([None, *(PersonOid(f"1.2.246.562.98.{number}") for number in range(4))])


@given(st.dictionaries(TEACHER, tallies, min_size=1))
def test_no_sum_or_difference_within_or_between_rows_is_of_one_to_four(told: dict[PersonOid | None, Tally]) -> None:
    rows = list(counted_by_teacher(told))
    everybody = sum(each.total() for each in told.values())
    known = [each.students for each in rows if each.students is not None]
    assert all(each >= 5 for each in known)
    assert everybody - sum(known) == 0 or len(rows) == 1
    for row in rows:
        if row.students is None:
            assert {each for _, each in (*row.states, *row.phases)} == {None}
            assert row.approved is row.updated is None
            continue
        for cells in (row.states, row.phases):
            counts = [each for _, each in cells if each is not None]
            rest = row.students - sum(counts)
            assert not [each for each in counts if 0 < each < 5]
            assert rest == 0 or (rest >= 5 and len(cells) - len(counts) >= 2)
        states = dict(row.states)
        if row.approved is not None:
            waiting, unread = states[GuidanceState.NOT_APPROVED], states[None]
            assert waiting is not None
            assert unread is not None
            assert row.students - row.approved == waiting + unread
        if row.updated is not None:
            assert row.approved is not None
            assert row.approved - row.updated == states[GuidanceState.NOT_UPDATED]
        if None in states.values():
            assert {each for _, each in row.phases} == {None}


@given(st.dictionaries(TEACHER, tallies, min_size=1))
def test_nobody_is_counted_twice_or_left_out(told: dict[PersonOid | None, Tally]) -> None:
    rows = list(counted_by_teacher(told))
    everybody = sum(each.total() for each in told.values())
    if all(row.students is not None for row in rows):
        assert sum(row.students or 0 for row in rows) == everybody
    assert sum(row.is_folded for row in rows) <= 1
