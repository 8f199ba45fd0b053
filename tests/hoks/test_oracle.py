"""The gateway and the oracle agree on who sees what, over many random worlds.

300 worlds by default, 6,000 with ``HOKS_PROVE=1``; each by its seed, which the failure names.
"""

import os
from collections import Counter
from collections.abc import Callable

import pytest

from hoks.caller import Role
from hoks.items import Item
from hoks.showing import View
from tests.hoks.oracle import Cell, sees
from tests.running import run
from tests.world.drawn import Mark, marks_of_plan, marks_of_right
from tests.world.role_scene import MASTER, RIGHTS
from tests.world.shown import NOTHING_SHOWN, Said, Shown, shown_in
from tests.world.small import SmallWorld, built, random_world
from tests.world.world import World

WORLDS = 6_000 if os.environ.get("HOKS_PROVE") else 300
AT_ONCE = 20

NOT_OF_THE_PLAN = {Item.ID, Item.SR, Item.D2q, Item.Cs, Item.Ci, Item.X}
OF_PERSON = {"Some One": "name", MASTER: "other"}

Marks = dict[str, frozenset[Mark]]


def marks_in(world: World) -> tuple[Marks, Marks]:
    """The marks of each right and of each plan, by tag."""
    tags = {oid: tag for tag, oid in RIGHTS.items()}
    rights = {tags[each.oid]: marks_of_right(each) for each in world.rights}
    plans = {tags[plan.study_right_oid]: marks_of_plan(plan) for _, plan in world.plans}
    return rights, plans


def expected(small: SmallWorld, rights: Marks, plans: Marks) -> Shown:
    """What the oracle says is shown."""
    of_rights, of_plans = sees(small)
    said_of_rights = [said for tag, marks in rights.items() if (said := _said(tag, marks, of_rights))]
    said_of_plans = [
        _said(tag, marks, of_plans)
        for tag, marks in plans.items()
        if any(mark.item not in NOT_OF_THE_PLAN and _cell(tag, mark) in of_plans for mark in marks)
    ]
    kinds = {kind for _, item, part, kind in of_rights | of_plans if item is Item.ID and not part}
    if small.role is Role.STUDENT:
        kinds = {"name", "other"}
    person = frozenset(said for said, kind in OF_PERSON.items() if kind in kinds)
    return Shown(person, tuple(said_of_rights), tuple(said_of_plans), person.union(*said_of_rights, *said_of_plans))


def _said(tag: str, marks: frozenset[Mark], cells: set[Cell]) -> Said:
    return frozenset(mark.token for mark in marks if _cell(tag, mark) in cells)


def _cell(tag: str, mark: Mark) -> Cell:
    return (tag, mark.item, mark.part, mark.kind)


def answered(small: SmallWorld, rights: Marks, plans: Marks) -> Shown:
    """What the gateway shows."""
    seen = run(built(small).reader().students(small.caller, [MASTER]))[MASTER]
    if not isinstance(seen, View):
        return NOTHING_SHOWN
    return shown_in(
        seen.student,
        of_person=OF_PERSON,
        of_rights={mark.token for marks in rights.values() for mark in marks},
        of_plans={mark.token for marks in plans.values() for mark in marks},
    )


def _texts(shown: Shown) -> Said:
    """What is said anywhere, without days: a state of a right may begin on the day of a period."""
    return frozenset(said for said in shown.anywhere if not said.startswith(("start_date=", "end_date=")))


@pytest.mark.proves("the gateway and the oracle agree on a random world")
@pytest.mark.parametrize("first", range(0, WORLDS, AT_ONCE))
def test_the_gateway_shows_what_the_oracle_says(first: int, record_property: Callable[[str, object], None]) -> None:
    record_property("cases", AT_ONCE)
    for seed in range(first, first + AT_ONCE):
        small = random_world(seed)
        rights, plans = marks_in(built(small))
        said, told = answered(small, rights, plans), expected(small, rights, plans)
        assert said.alike() == told.alike(), f"seed {seed}, {small.role}"
        assert _texts(said) <= _texts(told), f"seed {seed}, {small.role}"


def test_random_worlds_show_something_and_hide_something_to_every_role() -> None:
    shown: Counter[tuple[Role, bool]] = Counter()
    for seed in range(300):
        small = random_world(seed)
        shown[small.role, any(sees(small))] += 1
    assert {key for key in shown if not key[1]} >= {(role, False) for role in Role if role is not Role.STUDENT}
    assert {key for key in shown if key[1]} == {(role, True) for role in Role}
