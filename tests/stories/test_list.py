"""Lists of students: paging, order, and what they cost at the sources."""

import asyncio
import gc
from math import ceil
from pathlib import Path

import pytest

from gateway.app import assemble
from gateway.settings_file import load
from hoks.caller import Caller, HeldRole, Role
from hoks.identifiers import LearnerOid, OrganisationOid, PersonOid
from hoks.showing import View
from resolvers.context import Context
from sandbox.oneroster import roster_rows
from sandbox.server import lay_out
from sandbox.settings import settings_text
from sandbox.world import World
from tests.stories.conftest import PORT, Gateway, Loopback, Timer, TimerClock

STUDENT_7 = "1.2.246.562.98.98000000079"
PAGE = """
query ($first: Int!, $after: Cursor) {
  students(first: $first, after: $after) {
    edges { node { oid studyRights { oid } hoksit { studyRightOid } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def test_pages_follow_each_other_in_order_of_oid_without_gap_or_repeat(gateway: Gateway) -> None:
    seen: list[str] = []
    after = None
    for _ in range(30):
        answer = await gateway.ask("staff-a", PAGE, {"first": 7, "after": after})
        connection = answer["data"]["students"]
        seen += [edge["node"]["oid"] for edge in connection["edges"]]
        after = connection["pageInfo"]["endCursor"]
        if not connection["pageInfo"]["hasNextPage"]:
            break

    assert seen == sorted(set(seen))
    # 45 background students and, of the cast, all who have a right at A that is upcoming, current or ended within
    # five years: everyone but person 20.
    assert len(seen) == 45 + 19
    assert "1.2.246.562.98.98000000202" not in seen


async def test_a_student_lists_only_the_one_self(gateway: Gateway) -> None:
    answer = await gateway.ask("student-7", PAGE, {"first": 50})

    assert [edge["node"]["oid"] for edge in answer["data"]["students"]["edges"]] == ["1.2.246.562.98.98000000079"]


async def test_a_school_lists_its_own_students_and_not_those_of_the_providers_other_school(gateway: Gateway) -> None:
    whole = await gateway.ask("staff-a", PAGE, {"first": 50})
    school = await gateway.ask("staff-a-school", PAGE, {"first": 50})

    of_provider = {edge["node"]["oid"] for edge in whole["data"]["students"]["edges"]}
    of_school = [edge["node"]["oid"] for edge in school["data"]["students"]["edges"]]
    assert "1.2.246.562.98.98000000210" not in of_school
    assert set(of_school[:20]) <= of_provider | set(of_school)
    assert len(of_school) < 45 + 13


async def test_fifty_students_cost_one_identity_call_and_one_rights_call_per_source(gateway: Gateway) -> None:
    await gateway.ask("staff-a", "{ viewer { role } }")  # the issuer's keys are fetched before we count
    gateway.loopback.calls.clear()

    answer = await gateway.ask("staff-a", PAGE, {"first": 50})

    assert len(answer["data"]["students"]["edges"]) == 50
    calls = gateway.loopback.calls
    assert calls["ONR henkilo/masterHenkilosByOidList"] == 1
    assert calls["Koski sure/oids"] == 1
    assert calls["Koski oppija/oids"] <= 2


async def test_two_aliases_of_one_student_are_read_once(gateway: Gateway) -> None:
    await gateway.ask("staff-a", "{ viewer { role } }")
    gateway.loopback.calls.clear()

    await gateway.ask(
        "staff-a",
        """{
          one: student(oid: "1.2.246.562.98.98000000020") { hoksit { studyRightOid } }
          two: student(oid: "1.2.246.562.98.98000010029") { hoksit { studyRightOid } }
          three: student(oid: "1.2.246.562.98.98000000079") { hoksit { studyRightOid } }
        }""",
    )

    assert gateway.loopback.calls["Koski sure/oids"] == 1
    assert gateway.loopback.calls["eHOKS hoks/opiskeluoikeus"] == 2


async def test_a_hundred_students_of_three_providers_cost_one_call_to_each_source_that_takes_many(
    tmp_path: Path, world: World
) -> None:
    """Plans cost one look-up a right where the source has no batch; the registers of names and of the tree, nothing."""
    lay_out(tmp_path, world)
    config = tmp_path / "gateway.toml"
    config.write_text(settings_text(PORT, tmp_path))
    loopback = Loopback(tmp_path, world)
    timer = Timer()
    parts = assemble(load(config), TimerClock(timer), loopback, timer)
    await parts.keeping.start()
    await parts.connected.warm()
    acting = HeldRole(Role.STAFF, OrganisationOid("1.2.246.562.99.99000000010"))
    caller = Caller(subject=PersonOid("1.2.246.562.98.98000009015"), acting=acting, held=(acting,))
    everybody = [LearnerOid(person.oid) for person in world.people]
    hundred = [*everybody[:25], *everybody[-75:]]
    # Once to know the tree and the names, and then so much later that nothing of any student is kept.
    await parts.reader.students(caller, hundred)
    before = -1
    while before != loopback.calls.total():
        before = loopback.calls.total()
        await asyncio.sleep(0.5)
    timer.now += 61
    loopback.calls.clear()

    seen = await parts.reader.students(caller, hundred)
    await parts.aclose()

    calls = loopback.calls
    assert len(hundred) == len(set(hundred)) == 100
    assert {call: made for call, made in calls.items() if call.startswith(("ONR", "Koski", "Campus opis"))} == {
        "ONR henkilo/masterHenkilosByOidList": 1,
        "ONR s2s/duplicateHenkilos": 1,  # beside it: the register tells of aliases in a call of their own
        "Koski sure/oids": 1,
        "Campus opiskelijat/haku": 1,
    }
    # The roster has no batch: it is read whole, once, in the sandbox's pages of two.
    users, enrolments = (len(roster_rows(world)[name]) for name in ("users", "enrollments"))
    assert calls["OneRoster v1p2/users"] == ceil(users / 2)
    assert calls["OneRoster v1p2/enrollments"] == ceil(enrolments / 2)
    assert not [call for call in calls if call.startswith(("Organisaatio", "Koodisto", "ePerusteet", "AMOSAA"))]
    shown = {right.oid for view in seen.values() if isinstance(view, View) for right in view.student.study_rights or ()}
    of_a = [right for right in world.rights if right.provider == "A" and right.oid in shown]
    assert len(of_a) > 20
    assert calls["eHOKS hoks/opiskeluoikeus"] <= len(of_a)


@pytest.mark.parametrize(
    "query",
    [
        "{ students(first: 20) { edges { node { name hoksit { studyRightOid } } } } }",
        f'{{ student(oid: "{STUDENT_7}") {{ name hoksit {{ studyRightOid }} sources {{ outcome }} }} }}',
        f'{{ a: student(oid: "{STUDENT_7}") {{ name }} viewer {{ role }} }}',
        '{ student(oid: "nobody") { name } }',
    ],
    ids=["list", "student", "two questions", "wrong"],
)
async def test_what_was_read_for_a_request_goes_with_it_and_waits_for_no_collector(
    gateway: Gateway, query: str
) -> None:
    def left() -> list[object]:
        """The contexts of requests, and the fetches that have brought what they should."""
        everything = gc.get_objects()
        fetches = [
            each for each in everything if isinstance(each, asyncio.Task) and "_fetched" in repr(each.get_coro())
        ]
        return [*fetches, *(each for each in everything if isinstance(each, Context))]

    await gateway.ask("staff-a", query)
    await gateway.settled()
    gateway.later(31)
    gc.collect()
    gc.disable()
    try:
        await gateway.ask("staff-a", query)
        await asyncio.sleep(0)
        assert left() == []
    finally:
        gc.enable()
