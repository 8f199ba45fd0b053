"""A count of more students than one request can read goes on from a cursor, which tells nothing of it."""

from typing import Any

from hoks.caller import Caller, Role
from resolvers.graph import Graph
from tests.world.asking import KEY, SCHEMA, ask
from tests.world.crowd import crowd
from tests.world.hurried import HurriedReader
from tests.world.places import A_SCHOOL, A
from tests.world.ports import TickingClock
from tests.world.rights import TODAY, TOMORROW
from tests.world.world import caller

HEAD = caller(Role.HEAD_OF_TRAINING, A_SCHOOL)
ASKED = """query ($oid: OrganisationOid!, $after: Cursor) { guidanceSummary(organisationOid: $oid, after: $after) {
  notRead teachers { students states { state students } } pageInfo { hasNextPage endCursor } } }"""
WHOLE = f'{{ guidanceSummary(organisationOid: "{A_SCHOOL}") {{ teachers {{ students }} }} }}'


def hurried(*, to_the_next_day: bool = False) -> Graph:
    """A graph whose requests count eight students; the second of them by the next day's clock, or not."""
    by = TickingClock(TODAY, TOMORROW) if to_the_next_day else None
    return Graph(SCHEMA, HurriedReader(crowd(20).reader(by=by), 8), cursor_key=KEY)


async def part(over: Graph, after: str | None = None, by: Caller = HEAD, oid: str = A_SCHOOL) -> Any:
    """One answer."""
    return await ask(ASKED, by=by, over=over, variables={"oid": oid, "after": after})


async def test_a_count_goes_on_from_its_cursor_and_tells_nothing_before_it_is_whole() -> None:
    over, after, told = hurried(), None, []
    for _ in range(3):
        found = (await part(over, after))["data"]["guidanceSummary"]
        after = found["pageInfo"]["endCursor"]
        told.append(found)

    begun: dict[str, Any] = {"notRead": None, "teachers": []}
    assert [{name: each[name] for name in begun} for each in told[:2]] == [begun, begun]
    assert [each["pageInfo"]["hasNextPage"] for each in told] == [True, True, False]
    assert after is None
    (everybody,) = told[2]["teachers"]
    assert everybody["students"] == 20
    assert [each["students"] for each in everybody["states"]] == [7, 7, 0, 0, 6, 0]


async def test_two_cursors_of_one_count_differ_and_are_as_long_as_those_of_another() -> None:
    first, again = [(await part(hurried()))["data"]["guidanceSummary"]["pageInfo"]["endCursor"] for _ in range(2)]
    further = (await part(hurried(), first))["data"]["guidanceSummary"]["pageInfo"]["endCursor"]

    assert len({first, again, further}) == 3
    assert len({len(each) for each in (first, again, further)}) == 1


async def test_a_cursor_is_good_for_its_caller_its_organisation_and_its_day() -> None:
    over = hurried(to_the_next_day=True)
    after = (await part(over))["data"]["guidanceSummary"]["pageInfo"]["endCursor"]
    another = caller(Role.STAFF, A)

    assert "another day" in (await part(over, after))["errors"][0]["message"]
    for by, oid in ((another, A), (HEAD, A)):
        assert "is not a cursor" in (await part(hurried(), after, by, oid))["errors"][0]["message"]


async def test_who_does_not_ask_where_it_goes_on_is_told_the_whole() -> None:
    answer = await ask(WHOLE, by=HEAD, over=hurried())

    assert answer["data"]["guidanceSummary"]["teachers"] == [{"students": 20}]
