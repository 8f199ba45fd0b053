"""Pages of students and their cursors, and a plan asked for by the right it covers."""

from typing import Any

import orjson
import pytest

from hoks.caller import Caller, Role
from tests.world.asking import STAFF_OF_A, WORLD, ask, codes, graph, oid_of
from tests.world.cast import CALLERS, OIDS
from tests.world.places import A, C
from tests.world.rights import CURRENT, UPCOMING, learner, right, right_oid
from tests.world.world import caller, staff, student

# --- pages ----------------------------------------------------------------------------------------------------

PAGE = (
    "query($first: Int!, $after: Cursor) { students(first: $first, after: $after) "
    "{ edges { cursor node { oid } } pageInfo { hasNextPage endCursor } } }"
)


async def page(first: int, after: str | None = None, by: Caller = STAFF_OF_A) -> dict[str, Any]:
    """A page of students."""
    return await ask(PAGE, {"first": first, "after": after}, by)


async def test_pages_hold_the_callers_own_students_in_order_of_oid_and_end() -> None:
    found: list[str] = []
    after, more = None, True
    while more:
        students = (await page(2, after))["data"]["students"]
        found += [edge["node"]["oid"] for edge in students["edges"]]
        after, more = students["pageInfo"]["endCursor"], students["pageInfo"]["hasNextPage"]
        assert len(students["edges"]) <= 2
    # 4 has no right at A; 6's is annulled; 7's has been over for six years.
    assert found == [OIDS[number] for number in (1, 2, 3, 5, 8, 9, 10, 11)]


async def test_a_student_lists_the_one_self() -> None:
    students = (await page(5, by=CALLERS["student 1"]))["data"]["students"]
    assert [edge["node"]["oid"] for edge in students["edges"]] == [OIDS[1]]
    assert students["pageInfo"]["hasNextPage"] is False


async def test_an_upcoming_right_lists_its_student() -> None:
    soon = WORLD.but(rights=(*WORLD.rights, right(right_oid(50), OIDS[4], A, UPCOMING)))
    answer = await ask(PAGE, {"first": 50}, over=graph(soon))
    assert OIDS[4] in [edge["node"]["oid"] for edge in answer["data"]["students"]["edges"]]


async def test_a_right_elsewhere_that_the_caller_may_see_does_not_list_its_student() -> None:
    # B sees 9's plan of C, and lists 9 for its own right; a student whom only C has is listed by C alone.
    students = (await page(50, by=CALLERS["staff of B"]))["data"]["students"]
    assert [edge["node"]["oid"] for edge in students["edges"]] == [OIDS[number] for number in (1, 2, 8, 9)]


@pytest.mark.parametrize("first", [0, -1, 51, 2_000_000])
async def test_a_page_out_of_range_is_the_callers_fault(first: int) -> None:
    assert codes(await page(first)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("first", [1, 50])
async def test_the_ends_of_the_range_are_in_it(first: int) -> None:
    assert codes(await page(first)) == []


async def a_cursor() -> str:
    """A cursor that the list gave to staff of A."""
    cursor: str = (await page(1))["data"]["students"]["pageInfo"]["endCursor"]
    return cursor


async def test_a_cursor_shows_no_position_and_works_for_its_caller() -> None:
    assert codes(await page(1, await a_cursor())) == []


@pytest.mark.parametrize("place", [0, 5, 20, 30, -3])
async def test_a_tampered_cursor_is_the_callers_fault_and_is_not_echoed(place: int) -> None:
    cursor = await a_cursor()
    changed = list(cursor)
    changed[place] = "A" if changed[place] != "A" else "B"
    answer = await page(1, "".join(changed))
    assert codes(answer) == ["BAD_USER_INPUT"]
    assert "".join(changed).encode() not in orjson.dumps(answer)


@pytest.mark.parametrize("cursor", ["", "AAAA", "!", "å", "A" * 400, "\ud800".encode("utf-16", "surrogatepass").hex()])
async def test_a_cursor_that_was_never_given_is_the_callers_fault(cursor: str) -> None:
    assert codes(await page(1, cursor)) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "other",
    [
        staff(C),
        caller(Role.STAFF, A, "1.2.246.562.98.12345678903"),
        caller(Role.SYSTEM, A),
        student(OIDS[1]),
    ],
    ids=["another organisation", "another person", "another role", "a student"],
)
async def test_a_cursor_of_another_caller_is_the_callers_fault(other: Caller) -> None:
    assert codes(await page(1, await a_cursor(), other)) == ["BAD_USER_INPUT"]


# --- procurement ----------------------------------------------------------------------------------------------

RIGHT = "query($oid: StudyRightOid!) { studyRight(oid: $oid) { oid phase } }"
PLAN = "query($oid: StudyRightOid!) { hoks(studyRightOid: $oid) { studyRightOid studentEmail } }"


@pytest.mark.parametrize("who", ["staff of A", "staff of B"])
async def test_over_a_valid_link_an_implementing_right_gives_the_procurers_plan(who: str) -> None:
    answer = await ask(PLAN, {"oid": oid_of("2B")}, CALLERS[who])
    assert answer["data"]["hoks"] == {"studyRightOid": oid_of("2A"), "studentEmail": "2A@students.example"}


async def test_over_a_wrong_link_an_implementing_right_gives_no_plan() -> None:
    answer = await ask(PLAN, {"oid": oid_of("8B")}, CALLERS["staff of B"])
    assert answer["data"]["hoks"] is None


async def test_a_right_without_a_link_gives_its_own_plan() -> None:
    answer = await ask(PLAN, {"oid": oid_of("1C")}, CALLERS["staff of A"])
    assert answer["data"]["hoks"] == {"studyRightOid": oid_of("1C"), "studentEmail": None}


async def test_over_a_link_the_partner_gets_nothing_of_a_plan_that_is_not_approved() -> None:
    answer = await ask(PLAN, {"oid": oid_of("9A")}, CALLERS["staff of B"])
    assert answer["data"]["hoks"] is None
    # 9B has, by fault, a plan of its own: that one is B's to see.
    answer = await ask(PLAN, {"oid": oid_of("9B")}, CALLERS["staff of B"])
    assert answer["data"]["hoks"] == {"studyRightOid": oid_of("9B"), "studentEmail": "9B@students.example"}


async def test_a_right_whose_student_the_register_does_not_know_is_still_its_providers() -> None:
    stray = WORLD.but(rights=(*WORLD.rights, right(right_oid(51), learner(31_337), A, CURRENT)))
    answer = await ask(RIGHT, {"oid": right_oid(51)}, over=graph(stray))
    assert answer["data"]["studyRight"] == {"oid": right_oid(51), "phase": "CURRENT"}
