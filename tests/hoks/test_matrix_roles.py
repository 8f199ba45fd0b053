"""Every cell of ``ehoks.md`` 10.3 and 10.4, through the real reader and the real rules.

A plan in which every text says its item, its part and its kind is read by everyone whom the law names; what is found
in the answer is compared, item by item, with tables copied by hand from the documents.
"""

from collections.abc import Callable
from functools import cache

import msgspec
import pytest

from hoks.caller import Caller, Role
from hoks.items import Item
from hoks.showing import View
from tests.running import run
from tests.world.drawn import GATES, Mark, marks_of_plan, marks_of_right
from tests.world.given_cases import GIVEN_CASES
from tests.world.guidance_cases import GUIDANCE_CASES
from tests.world.marked import tokens
from tests.world.places import A_SCHOOL, PROVIDERS, TREE
from tests.world.rights import CURRENT
from tests.world.role_scene import ALIASES, INSTRUCTOR, MASTER, RECIPIENT, RIGHTS, at_b, consent, instructs, role_world
from tests.world.shown import Shown, shown_in
from tests.world.workplace_cases import WORKPLACE_CASES, RoleCase
from tests.world.world import World, plans_source, rights_source

CASES = (*WORKPLACE_CASES, *GIVEN_CASES, *GUIDANCE_CASES)
BY_NAME = {case.name: case for case in CASES}
OF_PERSON = frozenset({Mark("Some One", Item.ID, kind="name"), Mark(MASTER, Item.ID)})
NOT_OF_THE_PLAN = frozenset({Item.ID, Item.SR, Item.D2q, Item.Cs, Item.Ci, Item.X})
"""What a plan says that is not the plan: who it is about, under which right, whom to call, and technical data."""
WORKPLACE = frozenset({Role.INSTRUCTOR, Role.ASSESSOR})


def view_of(case: RoleCase) -> View | None:
    """The student as the caller sees them; a failure to tell shows nothing either."""
    seen = run(case.world.reader().students(case.caller, [MASTER]))[MASTER]
    return seen if isinstance(seen, View) else None


@cache
def marks_in(name: str) -> dict[str, frozenset[Mark]]:
    """Everything by which the student, the right at A and its plan are told in the world of a case."""
    return marks_of(BY_NAME[name].world)


def marks_of(world: World) -> dict[str, frozenset[Mark]]:
    """Everything by which the student, the right at A and its plan are told in a world."""
    right = next(each for each in world.rights if each.oid == RIGHTS["A1"])
    plan = next((plan for _, plan in world.plans if plan.study_right_oid == RIGHTS["A1"]), None)
    return {
        "person": OF_PERSON,
        "right": marks_of_right(right),
        "plan": marks_of_plan(plan) if plan is not None else frozenset(),
    }


@cache
def shown(name: str) -> Shown:
    """What the caller of a case is shown of the marks of the right at A and its plan."""
    said = {kind: [mark.token for mark in marks] for kind, marks in marks_in(name).items()}
    view = view_of(BY_NAME[name])
    return shown_in(
        None if view is None else view.student,
        of_person=said["person"],
        of_rights=said["right"],
        of_plans=said["plan"],
        but_not_of=[f"{tag}/" for tag in RIGHTS if tag != "A1"],
    )


def allowed(case: RoleCase, mark: Mark) -> bool:
    """Whether the cell of the mark's item gives the mark."""
    cell = case.column[mark.item].partition(";")[0]
    aspect, _, condition = cell.partition(" ")
    wanted = {"F": True, "N": mark.kind == "name", "T": mark.kind == "date", "-": False}[aspect]
    if not wanted or not _gate_is_open(case, mark):
        return False
    word, _, scope = condition.partition(" ")
    match word:
        case "of":
            return mark.item in (Item.ID, Item.D2q) or mark.part in case.parts[scope]
        case "if" if scope == "express":
            return mark.item in case.named & case.express
        case "if":
            return mark.item in case.named
        case _:
            return True


def _gate_is_open(case: RoleCase, mark: Mark) -> bool:
    gate = GATES.get(mark.part)
    return gate is None or gate is mark.item or allowed(case, Mark("", gate, mark.part))


@pytest.mark.parametrize("item", Item)
def test_the_drawn_plan_and_right_hold_marks_of_every_item(item: Item) -> None:
    of_item = [mark for marks in marks_of(role_world()).values() for mark in marks if mark.item is item]
    said = frozenset(tokens((role_world().rights, role_world().plans, role_world().people)))
    assert of_item
    assert {mark.token for mark in of_item} <= said


def test_names_of_cases_are_unique() -> None:
    assert len(BY_NAME) == len(CASES)


@pytest.mark.proves("a cell of 10.3 or 10.4 is as its table says")
@pytest.mark.parametrize("name", BY_NAME)
def test_each_item_is_seen_as_far_as_the_table_gives_it(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("cases", len(Item))
    case, seen = BY_NAME[name], shown(name)
    places = {"person": (seen.person,), "right": seen.rights, "plan": seen.plans}
    wrong = {}
    for place, marks in marks_in(name).items():
        told = frozenset().union(*places[place])
        cells = case if place != "person" or case.person is None else _of_person(case)
        for item in Item:
            of_item = [mark for mark in marks if mark.item is item]
            said = told & {mark.token for mark in of_item}
            expected = {mark.token for mark in of_item if allowed(cells, mark)} if is_shown(name, place) else set()
            if said != expected:
                wrong[item, place] = said ^ expected
    assert wrong == {}, case.ground


@cache
def is_shown(name: str, place: str) -> bool:
    """Whether there is such a thing in the answer: a plan is shown where something of the plan itself is given."""
    of_plan = (mark for mark in marks_in(name)["plan"] if mark.item not in NOT_OF_THE_PLAN)
    return place != "plan" or any(allowed(BY_NAME[name], mark) for mark in of_plan)


def _of_person(case: RoleCase) -> RoleCase:
    return msgspec.structs.replace(case, column={Item.ID: case.person})


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_drawn_from_rights_and_plans_says_nothing_that_they_do_not_say(name: str) -> None:
    seen = shown(name)
    texts = {said for said in seen.anywhere if said.startswith("A1/")}
    assert texts <= frozenset().union(*seen.rights, *seen.plans)


@pytest.mark.parametrize("name", [name for name, case in BY_NAME.items() if case.caller.role in WORKPLACE])
def test_a_workplace_is_told_no_number_of_the_student_no_right_and_no_provider(name: str) -> None:
    view = view_of(BY_NAME[name])
    said = frozenset(tokens(view.student)) if view is not None else frozenset()
    sources = {name_of(provider) for provider in PROVIDERS for name_of in (plans_source, rights_source)}
    assert said.isdisjoint({MASTER, *ALIASES.values(), *RIGHTS.values(), *sources})
    assert said.isdisjoint(node.organisation.oid for node in TREE)


@pytest.mark.parametrize(
    ("caller", "world"),
    [
        (
            INSTRUCTOR,
            role_world(
                CURRENT,
                at_b(approved=False, included_in=(RIGHTS["A1"], A_SCHOOL)),
                named=(*instructs("p1"), *instructs("q1", tag="B1")),
            ),
        ),
        (
            RECIPIENT,
            role_world(
                CURRENT,
                at_b(approved=False, included_in=(RIGHTS["A1"], A_SCHOOL)),
                consents=[consent({Item.D2u}), consent({Item.SR, Item.D2q, Item.D2u}, tag="B1", number=2)],
            ),
        ),
    ],
    ids=["instructor", "consent recipient"],
)
def test_the_approval_of_a_shared_plan_does_not_open_the_other_right_whose_own_plan_is_not_approved(
    caller: Caller, world: World
) -> None:
    seen = run(world.reader().students(caller, [MASTER]))[MASTER]
    assert isinstance(seen, View)
    said = frozenset(tokens(seen.student))
    assert any(each.startswith("A1/") for each in said)
    assert not any(each.startswith("B1/") for each in said)
