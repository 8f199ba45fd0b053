"""A provider that merges into another: from that day its rights and plans are the successor's own, and not before."""

from datetime import date, timedelta

import msgspec
import pytest

from hoks.identifiers import OPH, OrganisationOid
from hoks.organisations import Former, Succession, TreeNode
from hoks.showing import View
from tests.world.places import A_SCHOOL, A_SITE, TREE, A, B, C, D
from tests.world.rights import TODAY, TOMORROW
from tests.world.scene import A1, MASTER, at_c, world
from tests.world.world import World, staff

INTO_B = Succession(day=TODAY, line=(B,), provider_oid=B)


def merging(succession: Succession) -> tuple[TreeNode, ...]:
    """The tree in which provider A, with all under it, has merged or will."""
    merged = {A, A_SCHOOL, A_SITE}
    return tuple(
        msgspec.structs.replace(each, successions=(succession,)) if each.organisation.oid in merged else each
        for each in TREE
    )


def on(day: date) -> World:
    return world(tree=merging(INTO_B), day=day)


async def seen(made: World, by: OrganisationOid) -> View | None:
    found = (await made.reader().students(staff(by), [MASTER]))[MASTER]
    assert found is None or isinstance(found, View)
    return found


async def test_from_the_day_of_the_merger_the_plan_is_the_successors_own() -> None:
    view = await seen(on(TODAY), B)
    assert view is not None
    (plan,) = view.student.hoksit or ()
    assert plan.study_right_oid == A1
    assert plan.student_email is not None, "contact data are for the own provider alone"
    assert [right.provider.oid for right in view.student.study_rights or () if right.provider] == [A]


@pytest.mark.parametrize("days", [1, 30, 400])
async def test_before_that_day_the_successor_sees_nothing_of_it(days: int) -> None:
    assert await seen(on(TODAY - timedelta(days=days)), B) is None


async def test_who_has_merged_keeps_what_it_had_and_nobody_else_gains() -> None:
    before = world(day=TODAY)
    for by in (A, A_SCHOOL):
        mine, had = await seen(on(TODAY), by), await seen(before, by)
        assert mine is not None
        assert had is not None
        assert mine.student.hoksit == had.student.hoksit
    assert await seen(on(TODAY), C) is None
    assert await seen(on(TODAY), D) is None


async def test_the_merged_one_gains_nothing_of_its_successors() -> None:
    apart = world(day=TODAY)
    apart = apart.but(rights=(*apart.rights, at_c()))
    together = apart.but(tree=merging(Succession(day=TODAY, line=(C,), provider_oid=C)))
    had, mine = await seen(apart, A), await seen(together, A)
    assert had is not None
    assert mine is not None
    assert mine.student.study_rights == had.student.study_rights


async def test_a_merger_that_is_known_ahead_changes_nothing_today() -> None:
    tomorrow = msgspec.structs.replace(INTO_B, day=TOMORROW)
    assert await seen(world(tree=merging(tomorrow), day=TODAY), B) is None
    assert await seen(world(tree=merging(tomorrow), day=TOMORROW), B) is not None


def moved(*formerly: Former) -> World:
    """The school has come under B, and the right is still told by A's system."""
    lines = {A_SCHOOL: (OPH, B), A_SITE: (OPH, B, A_SCHOOL)}
    return world(
        tree=[
            msgspec.structs.replace(each, ancestors=line, provider_oid=B, formerly=formerly)
            if (line := lines.get(each.organisation.oid)) is not None
            else each
            for each in TREE
        ],
        day=TODAY,
    )


async def test_a_merged_providers_system_goes_on_to_tell_of_a_school_that_the_register_has_moved() -> None:
    view = await seen(moved(Former(provider_oid=A, until=TODAY)), B)
    assert view is not None
    assert [plan.study_right_oid for plan in view.student.hoksit or ()] == [A1]


async def test_a_system_of_somebody_else_tells_nothing_of_it() -> None:
    assert await seen(moved(), B) is None
    assert await seen(moved(Former(provider_oid=C, until=TODAY)), B) is None
