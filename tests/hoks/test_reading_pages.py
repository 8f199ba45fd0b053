import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from hoks.caller import Caller
from hoks.errors import SourcesUnavailable
from hoks.identifiers import LearnerOid, StudyRightOid
from hoks.outcomes import Outcome
from hoks.showing import View
from hoks.student import Person
from hoks.viewing import Seen
from tests.hoks.readers import (
    BREAKAGES,
    NOBODYS,
    POLICY,
    a_plan,
    broken,
    many,
    outcomes_of,
    rights_of,
    staff,
    student,
    two_providers,
    view,
)
from tests.hoks.sources import World
from tests.hoks.stories import (
    A1,
    A2,
    AINO,
    ANNULLED,
    B1,
    B2,
    EINO,
    GRADUATED,
    OLD_AINO,
    PRESENT,
    PROVIDER_A,
    PROVIDER_B,
    PROVIDER_C,
    a_right,
)

# --- by right -------------------------------------------------------------------------------------------------


async def by_right(world: World, caller: Caller, *rights: StudyRightOid) -> dict[StudyRightOid, Seen]:
    return await world.reader(POLICY).by_rights(caller, rights)


async def test_a_student_is_found_by_a_right_of_theirs() -> None:
    seen = await by_right(two_providers(), staff(PROVIDER_A), A1, B1)
    for oid in (A1, B1):
        found = seen[oid]
        assert isinstance(found, View)
        assert found.student.oid == AINO
        assert found.right(oid) is not None


async def test_rights_of_one_student_are_looked_up_together() -> None:
    world = two_providers()
    await by_right(world, staff(PROVIDER_A), A1, B1, A1)
    assert world.rights["a"].count("holders") == 1
    (asked,) = world.rights["a"].asked("rights")
    assert AINO in asked


async def test_an_unknown_right_and_another_s_right_are_nothing_alike() -> None:
    world = two_providers()
    world.rights["b"].known[EINO] = (a_right(B2, PROVIDER_B, student=EINO),)
    seen = await by_right(world, staff(PROVIDER_A), B2, NOBODYS)
    assert seen == {B2: None, NOBODYS: None}


async def test_while_a_source_is_down_an_unknown_right_and_another_s_right_are_still_alike() -> None:
    world = two_providers()
    world.rights["b"].known[EINO] = (a_right(B2, PROVIDER_B, student=EINO),)
    world.rights["c"] = World({"c": {}}, {}).rights["c"]
    for question in ("holders", "rights"):
        world.rights["c"].fails[question] = Outcome.UNAVAILABLE
    seen = await by_right(world, staff(PROVIDER_A), B2, NOBODYS)
    assert type(seen[B2]) is type(seen[NOBODYS])


async def test_when_the_own_source_is_down_a_right_of_its_own_is_not_called_unknown() -> None:
    world = two_providers()
    for question in ("holders", "rights"):
        world.rights["a"].fails[question] = Outcome.UNAVAILABLE
    assert isinstance((await by_right(world, staff(PROVIDER_A), A1))[A1], SourcesUnavailable)


async def test_looking_up_by_right_keeps_within_the_time_of_one_request() -> None:
    world = two_providers()
    world.rights["b"].hangs |= {"holders", "rights"}
    world.plans["a"].hangs.add("plans")
    started = asyncio.get_running_loop().time()
    await world.reader(POLICY, 1.0).by_rights(staff(PROVIDER_A), [A1])
    assert asyncio.get_running_loop().time() - started < 1.1


# --- pages ----------------------------------------------------------------------------------------------------


async def oids_of(
    world: World, caller: Caller, after: LearnerOid | None, first: int
) -> tuple[list[LearnerOid | None], bool]:
    page = await world.reader(POLICY).page(caller, after=after, first=first)
    return [each.student.oid for each in page.views], page.more


async def test_pages_follow_one_another_in_order_of_oid_until_there_is_no_more() -> None:
    world, oids = many(5)
    world.rights["a"].known = dict(reversed(list(world.rights["a"].known.items())))
    assert await oids_of(world, staff(PROVIDER_A), None, 2) == (oids[:2], True)
    assert await oids_of(world, staff(PROVIDER_A), oids[1], 2) == (oids[2:4], True)
    assert await oids_of(world, staff(PROVIDER_A), oids[3], 2) == (oids[4:], False)
    assert await oids_of(world, staff(PROVIDER_A), oids[4], 2) == ([], False)


async def test_a_page_that_is_exactly_full_says_that_there_is_no_more() -> None:
    world, oids = many(4)
    assert await oids_of(world, staff(PROVIDER_A), oids[1], 2) == (oids[2:], False)


async def test_students_who_are_not_the_caller_s_own_are_neither_listed_nor_counted() -> None:
    world, oids = many(6)
    for gone in (oids[1], oids[2], oids[5]):
        (right,) = world.rights["a"].known[gone]
        world.rights["a"].known[gone] = (a_right(right.oid, PROVIDER_A, ("2025-08-01", ANNULLED), student=gone),)
    assert await oids_of(world, staff(PROVIDER_A), None, 2) == ([oids[0], oids[3]], True)
    assert await oids_of(world, staff(PROVIDER_A), oids[3], 2) == ([oids[4]], False)


async def test_a_student_with_concurrent_rights_is_listed_only_by_providers_of_their_own() -> None:
    world = two_providers()
    world.rights["c"] = World({"c": {}}, {}).rights["c"]
    assert await oids_of(world, staff(PROVIDER_A), None, 5) == ([AINO], False)
    assert await oids_of(world, staff(PROVIDER_B), None, 5) == ([AINO], False)
    assert await oids_of(world, staff(PROVIDER_C), None, 5) == ([], False)


async def test_a_student_lists_only_themselves() -> None:
    world, oids = many(3)
    assert await oids_of(world, student(oids[1]), None, 5) == ([oids[1]], False)


async def test_a_person_under_two_oids_is_listed_once_by_the_master_oid() -> None:
    world = World(
        {"a": {OLD_AINO: [a_right(A1, PROVIDER_A)], AINO: [a_right(A2, PROVIDER_A)]}},
        {"a": [a_plan(A1, "100001")]},
        people=[Person(oid=AINO, aliases=frozenset({OLD_AINO}))],
    )
    assert await oids_of(world, staff(PROVIDER_A), None, 5) == ([AINO], False)


@pytest.mark.parametrize("how", BREAKAGES)
@pytest.mark.parametrize("question", ["learners", "rights"])
async def test_a_page_whose_own_source_is_down_is_refused_and_never_empty(question: str, how: str) -> None:
    world, _ = many(3)
    broken(world.rights["a"], question, how)
    with pytest.raises(SourcesUnavailable):
        await world.reader(POLICY, 0.3).page(staff(PROVIDER_A), after=None, first=2)


async def test_a_page_without_the_organisation_register_is_refused() -> None:
    world, _ = many(3)
    world.organisations.fails["nodes"] = Outcome.UNAVAILABLE
    with pytest.raises(SourcesUnavailable):
        await world.reader(POLICY).page(staff(PROVIDER_A), after=None, first=2)


# --- the state of sources -------------------------------------------------------------------------------------


async def statuses(world: World, caller: Caller, before: Sequence[LearnerOid] = ()) -> list[tuple[Any, Any]]:
    reader = world.reader(POLICY)
    if before:
        await reader.students(staff(PROVIDER_A), before)
    return [(each.source, each.outcome) for each in await reader.sources(caller)]


async def test_staff_sees_the_state_of_its_own_sources_and_of_no_other() -> None:
    world = two_providers()
    assert await statuses(world, staff(PROVIDER_A)) == [("a-plans", None), ("a-rights", None)]
    world.plans["a"].fails["plans"] = Outcome.THROTTLED
    seen = await statuses(world, staff(PROVIDER_A), [AINO])
    assert seen == [("a-plans", Outcome.THROTTLED), ("a-rights", Outcome.OK)]


async def test_a_student_sees_no_source_s_state() -> None:
    assert await statuses(two_providers(), student(AINO), [AINO]) == []


async def test_a_provider_whose_right_has_ended_is_shown_no_other_provider_s_sources() -> None:
    world = two_providers()
    world.rights["a"].known[AINO] = (a_right(A1, PROVIDER_A, ("2024-08-01", PRESENT), ("2026-05-31", GRADUATED)),)
    seen = await view(world, staff(PROVIDER_A))
    assert rights_of(seen) == [A1]
    assert outcomes_of(seen) == {"a-plans": Outcome.OK, "a-rights": Outcome.OK}
