"""One request, one day and one deadline: its root fields and batches are decided alike, whenever midnight strikes."""

import asyncio
from typing import Any

import pytest

from hoks.caller import Caller
from hoks.reading import Reader
from hoks.sitting import Sitting
from resolvers.graph import Graph
from tests.world.asking import KEY, SCHEMA, ask, withheld
from tests.world.places import A
from tests.world.ports import TickingClock
from tests.world.rights import FIVE_YEARS_AGO, LAST_DAY, TODAY, TOMORROW, ended, right, right_oid
from tests.world.scene import A1, ANOTHER, MASTER, world
from tests.world.world import World, staff

pytestmark = pytest.mark.proves("an edge of time is on the side the law says")

STAFF = staff(A)
ANOTHERS = right_oid(77)
BY_EVERY_ROOT = f"""{{
  one: student(oid: "{MASTER}") {{ hoksit {{ studentEmail }} }}
  hoks(studyRightOid: "{A1}") {{ studentEmail }}
  students {{ edges {{ node {{ hoksit {{ studentEmail }} }} }} }}
  studyRight(oid: "{A1}") {{ phase }}
  viewer {{ oid }}
  sources {{ source }}
}}"""
ON_ITS_LAST_DAY = world(LAST_DAY)
"""A right that is valid today for the last time: contact data are seen today and not tomorrow."""
THE_FIFTH_YEAR = world(ended(FIVE_YEARS_AGO), right(ANOTHERS, ANOTHER, A, ended(FIVE_YEARS_AGO)))
"""Two students whose rights are seen today for the last time."""


def at_midnight(place: World) -> Graph:
    """The graph by a clock that tells today once, and from then on tomorrow."""
    return Graph(SCHEMA, place.reader(by=TickingClock(TODAY, TOMORROW)), cursor_key=KEY)


async def test_every_root_of_an_operation_is_decided_on_the_day_it_began() -> None:
    over = at_midnight(ON_ITS_LAST_DAY)
    before, after = await ask(BY_EVERY_ROOT, by=STAFF, over=over), await ask(BY_EVERY_ROOT, by=STAFF, over=over)
    assert told(before) == ["given"] * 3 + ["CURRENT"]
    assert told(after) == [None] * 3 + ["ENDED"]


def told(answer: Any) -> list[str | None]:
    """By each root that leads to the plan, whether the student's contact is given; then the phase of the right."""
    data = answer["data"]
    plans = [data["one"]["hoksit"][0], data["hoks"], data["students"]["edges"][0]["node"]["hoksit"][0]]
    return ["given" if plan["studentEmail"] else None for plan in plans] + [data["studyRight"]["phase"]]


async def test_what_is_withheld_is_told_by_the_same_day() -> None:
    over = at_midnight(ON_ITS_LAST_DAY)
    before, after = await ask(BY_EVERY_ROOT, by=STAFF, over=over), await ask(BY_EVERY_ROOT, by=STAFF, over=over)
    assert withheld(before) == {}
    assert withheld(after) == {"Hoks.studentEmail": ("Cs", "CONDITION_NOT_MET")}


ALIASED = f"""{{ a: student(oid: "{MASTER}") {{ oid }} b: student(oid: "{ANOTHER}") {{ oid }}
  c: studyRight(oid: "{A1}") {{ oid }} d: studyRight(oid: "{ANOTHERS}") {{ oid }}
  students {{ edges {{ node {{ oid }} }} }} }}"""


async def test_batches_of_one_request_are_decided_on_one_day() -> None:
    over = at_midnight(THE_FIFTH_YEAR)
    before, after = (await ask(ALIASED, by=STAFF, over=over))["data"], (await ask(ALIASED, by=STAFF, over=over))["data"]
    assert [before[each]["oid"] for each in "abcd"] == [MASTER, ANOTHER, A1, ANOTHERS]
    assert len(before["students"]["edges"]) == 2
    assert after == {**dict.fromkeys("abcd"), "students": {"edges": []}}


async def test_two_requests_at_once_have_each_their_own_day() -> None:
    over = at_midnight(THE_FIFTH_YEAR)
    first, second = await asyncio.gather(*(ask(ALIASED, by=each, over=over) for each in two_of(STAFF)))
    assert (first["data"]["a"], second["data"]["a"]) == ({"oid": MASTER}, None)
    assert (first["data"]["d"], second["data"]["d"]) == ({"oid": ANOTHERS}, None)


def two_of(caller: Caller) -> tuple[Caller, Caller]:
    """The same caller twice."""
    return caller, caller


class Noting(Reader):
    """A reader that notes within which request each question is asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.noted: list[tuple[str, Sitting | None]] = []

    def sit(self) -> Sitting:
        """As the reader does."""
        return self._reader.sit()

    async def students(self, *given: Any, within: Sitting | None = None, selected: Any = None) -> Any:
        """Note it and ask."""
        return await self._asked("students", given, within)

    async def by_rights(self, *given: Any, within: Sitting | None = None, selected: Any = None) -> Any:
        """Note it and ask."""
        return await self._asked("by_rights", given, within)

    async def standing(self, *given: Any, within: Sitting | None = None) -> Any:
        """Note it and ask."""
        return await self._asked("standing", given, within)

    async def sources(self, *given: Any, within: Sitting | None = None) -> Any:
        """Note it and ask."""
        return await self._asked("sources", given, within)

    async def page(self, *given: Any, within: Sitting | None = None, **more: Any) -> Any:
        """Note it and ask."""
        return await self._asked("page", given, within, **more)

    async def _asked(self, what: str, given: Any, within: Sitting | None, **more: Any) -> Any:
        self.noted.append((what, within))
        return await getattr(self._reader, what)(*given, within=within, **more)


async def test_every_question_of_a_request_has_the_requests_one_deadline() -> None:
    reader = Noting(ON_ITS_LAST_DAY.reader())
    for _ in range(2):
        await ask(BY_EVERY_ROOT, by=STAFF, over=Graph(SCHEMA, reader, cursor_key=KEY))
    asked = [what for what, _ in reader.noted]
    first, second = reader.noted[: len(asked) // 2], reader.noted[len(asked) // 2 :]
    assert {what for what, _ in first} == {"students", "by_rights", "standing", "sources", "page"}
    assert len({id(within) for _, within in first}) == len({id(within) for _, within in second}) == 1
    assert first[0][1] is not None and first[0][1] is not second[0][1]
