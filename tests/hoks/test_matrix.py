"""Every cell of ``ehoks.md`` 10.2 and of the states in ``design.md`` 11, through the real reader and the real rules.

A plan that holds something of every item is read by everyone; what is found in the answer is compared, item by
item, with a table copied by hand from the documents.
"""

from collections.abc import Callable
from functools import cache

import pytest

from hoks.caller import Caller
from hoks.items import Item
from hoks.showing import View
from tests.hoks.matrix_10_2 import CONCURRENT, PROCURED
from tests.running import run
from tests.world.marked import MARKS, marked_plan, marked_right, tokens
from tests.world.matrix_cases import CASES, Case
from tests.world.places import A_SECOND_SCHOOL, A_SITE, A, B
from tests.world.rights import ANNULLED, CURRENT, SIX_YEARS_AGO, ended, right
from tests.world.scene import A1, A2, ANOTHER, LINK, MASTER, SECOND_ALIAS, WRONG_LINK, at_a_too, at_b, world
from tests.world.world import World, staff, student


def view_of(world: World, caller: Caller) -> View | None:
    """The student as the caller sees them; a failure to tell shows nothing either."""
    seen = run(world.reader().students(caller, [MASTER]))[MASTER]
    return seen if isinstance(seen, View) else None


def said_to(view: View | None) -> frozenset[str]:
    """Everything that an answer from a view can say; the rest of a view is the reader's own."""
    return frozenset(tokens(view.student)) if view is not None else frozenset()


@cache
def held_in(name: str) -> frozenset[str]:
    """Everything that the sources of a case hold of rights and plans: a plan may lack its approval."""
    case = next(each for each in CASES if each.name == name)
    return frozenset(tokens((case.world.rights, case.world.plans)))


def items_in(world: World, caller: Caller) -> frozenset[Item]:
    """The items of which something is in the answer."""
    said = said_to(view_of(world, caller))
    return frozenset(item for item, marks in MARKS.items() if marks & said)


def test_names_of_cases_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("item", Item)
def test_the_marked_plan_and_right_hold_every_mark_of_every_item(item: Item) -> None:
    plain = right(A1, MASTER, A, CURRENT, site=A_SITE)
    said = frozenset(tokens((marked_right(plain), marked_plan(marked_right(plain)))))
    assert MARKS[item]
    assert MARKS[item] <= said


@pytest.mark.proves("a cell of 10.2 is as its table says")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_item_is_seen_whole_where_the_table_gives_it_and_not_at_all_elsewhere(
    case: Case, record_property: Callable[[str, object], None]
) -> None:
    record_property("cases", len(Item))
    held, said = held_in(case.name), said_to(view_of(case.world, case.caller))
    wrong = {}
    for item in Item:
        expected = MARKS[item] & held if item in case.gets else frozenset()
        if MARKS[item] & said != expected:
            wrong[item] = (MARKS[item] & said) ^ expected
    assert wrong == {}, case.ground


def test_a_wrong_link_costs_contact_data_and_nothing_else() -> None:
    right_link = items_in(world(CURRENT, at_b(included_in=LINK)), staff(B))
    wrong_link = items_in(world(CURRENT, at_b(included_in=WRONG_LINK)), staff(B))
    assert right_link - wrong_link == {Item.Cs, Item.Ci}
    assert wrong_link <= right_link
    assert (right_link, wrong_link) == (PROCURED, CONCURRENT)


def test_a_school_whose_right_is_included_in_another_schools_sees_its_own_right_and_no_plan_by_it() -> None:
    linked = world(CURRENT, at_a_too(CURRENT, LINK))
    view = view_of(linked, staff(A_SECOND_SCHOOL))
    assert view is not None
    assert [each.oid for each in view.student.study_rights or ()] == [A2]
    assert (view.student.hoksit, view.plan(A2), view.plan(A1)) == ((), None, None)


def test_the_provider_of_both_schools_finds_the_one_plan_by_either_right() -> None:
    view = view_of(world(CURRENT, at_a_too(CURRENT, LINK)), staff(A))
    assert view is not None
    assert view.plan(A1) is not None
    assert view.plan(A2) is view.plan(A1)


def test_a_student_with_an_annulled_right_sees_its_state_and_no_plan() -> None:
    view = view_of(world(ANNULLED), student(MASTER))
    assert view is not None
    (shown,) = view.student.study_rights or ()
    assert shown.phase == "ANNULLED"
    assert view.student.hoksit == ()
    assert view.plan(A1) is None


def test_own_staff_see_the_right_and_its_student_also_where_there_is_no_plan() -> None:
    view = view_of(world().but(plans=()), staff(A))
    assert view is not None
    assert (view.student.oid, view.student.name, view.student.hoksit) == (MASTER, "Some One", ())
    assert [each.oid for each in view.student.study_rights or ()] == [A1]


def test_another_provider_sees_no_right_that_has_no_plan_for_it() -> None:
    view = view_of(world(CURRENT, at_b()).but(plans=()), staff(B))
    assert view is not None
    assert A1 not in [each.oid for each in view.student.study_rights or ()]


def test_name_and_learner_number_are_not_seen_where_no_column_gives_anything() -> None:
    assert view_of(world(ended(SIX_YEARS_AGO)), staff(A)) is None
    assert view_of(world(ANNULLED), staff(A)) is None
    assert view_of(world(), student(ANOTHER)) is None


def test_a_student_is_the_same_by_every_oid_of_theirs() -> None:
    reader = world().reader()
    seen = run(reader.students(staff(A), [MASTER, SECOND_ALIAS]))
    assert seen[MASTER] == seen[SECOND_ALIAS] is not None
